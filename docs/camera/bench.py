"""Screens of the workbench, from `insar-widgets app`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from .common import TILE
from .screen import Screen, copied, in_turn, press, shown


def _go(name: str) -> Callable[[Page], None]:
    """Go to a step of the path."""

    def act(page: Page) -> None:
        step = page.locator(f".wb-stage[data-key={name}]")
        step.click()
        expect(step).to_have_attribute("aria-current", "step")
        shown(".iw-wb-panel .iw:visible")(page)

    return act


def _point(page: Page) -> None:
    """Click into the map until a point is taken; a click on what is just drawn anew is lost."""
    page.locator(TILE).first.wait_for()
    for _ in range(10):
        box = page.locator(".dm-map").bounding_box() or {}
        page.mouse.click(box["x"] + 0.45 * box["width"], box["y"] + 0.45 * box["height"])
        try:
            expect(page.locator(".iw.ts .iw-c-symbol").first).to_be_visible(timeout=5000)
            return
        except AssertionError:
            continue
    raise AssertionError("no point is taken where the map is clicked")


def _step(*acts: Callable[[Page], object], arguments: tuple[str, ...] = ("copies/bench",)) -> Screen:
    return Screen(
        ".iw-wb", (".wb-stage",), app=arguments, act=in_turn(*acts),
        files=lambda folder: (folder / "copies/bench").exists() or copied("mintpy", "bench")(folder),
    )  # fmt: skip


def _bare(folder: Path) -> None:
    copied("products", "bare/products")(folder)


SCREENS = {
    "workbench": {
        "map": _step(_go("map"), _point),
        "no folder": Screen(".iw-wb", (".wb-stage", ".sp-empty"), app=("--root", "products")),
        "products": Screen(
            ".iw-wb", (".wb-stage", "img.iw-relief"), app=("copies/bare/products",), files=_bare
        ),
        "stack": _step(_go("stack"), shown(".sp-facts")),
        "template": _step(_go("template"), shown(".cb-fields .cb-op")),
        "run": _step(_go("run"), shown(".rn-row")),
        "network": _step(_go("map"), press("Network"), shown(".iw.ni svg")),
        "GNSS": _step(_go("gnss"), shown(".iw.gi")),
        "export": _step(_go("export"), shown(".iw.ex .ex-file")),
        "read-only": _step(_point, arguments=("copies/bench", "--read-only", "--root", "copies")),
    },
}
