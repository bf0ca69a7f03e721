"""What axe-core finds on a page, in our own widgets only."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
# Icons and labels that are seen; what the host draws around them is the host's.
RUN = """async (levels) => {
  const roots = [...document.querySelectorAll(".iw")]
    .filter((e) => !e.parentElement?.closest(".iw") && e.getClientRects().length > 0);
  const found = await axe.run({include: roots}, {runOnly: levels, resultTypes: ["violations"]});
  return [roots.length, found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)}`))];
}"""


def violations(page: Page) -> list[str]:
    """Violations of WCAG 2.1 A and AA in the widgets that are seen, contrast included; "rule: element"."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    roots, found = page.evaluate(RUN, LEVELS)
    assert roots, "no widget is seen"
    return list(found)
