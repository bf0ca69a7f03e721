"""Symbols of the charts, which are drawn as one path for each colour of a series."""

from __future__ import annotations

from playwright.sync_api import Page

# Screen pixels of the symbols below some element, from left to right.
PLACES = """(root) => [...document.querySelectorAll(`${root} .iw-c-symbol`)].flatMap((path) => {
  const box = path.ownerSVGElement.getBoundingClientRect();
  const starts = [...path.getAttribute("d").matchAll(/M([^,]+),([^m]+)m/g)];
  return starts.map(([, x, y]) => [box.x + Number(x), box.y + Number(y)]);
}).sort(([a], [b]) => a - b)"""


def symbol_places(page: Page, root: str) -> list[tuple[float, float]]:
    """Where the symbols below a CSS selector are on the screen, from left to right."""
    page.locator(f"{root} .iw-c-symbol").first.scroll_into_view_if_needed()
    return [(x, y) for x, y in page.evaluate(PLACES, root)]


def expect_symbols(page: Page, root: str, count: int, *, or_more: bool = False) -> None:
    """Wait until there are so many."""
    than = ">=" if or_more else "==="
    page.wait_for_function(f"([root, count]) => ({PLACES})(root).length {than} count", arg=[root, count])
