"""The network in a real browser: pictures, rules, hand, keyboard, template."""

from __future__ import annotations

import shutil
import time
from datetime import datetime

from playwright.sync_api import expect

from insar_widgets import Template, open_results

from .charts import symbol_places
from .conftest import TIMEOUT, VOILA_AND_SOAK

expect.set_options(timeout=TIMEOUT)


@VOILA_AND_SOAK
def test_rules_hand_pictures_and_keyboard_drop_pairs_and_reach_the_template(  # noqa: PLR0915 - one visit of a user
    kind, notebook, finished_run, tmp_path
):
    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    template = tmp_path / "valley.txt"
    template.write_text("# mine\nmintpy.load.processor = hyp3\n")
    dates = open_results(work_dir).dates
    page = notebook(
        kind,
        "from insar_widgets import NetworkInspector\nNetworkInspector()",
        f"inspector = NetworkInspector({str(work_dir)!r}, template={str(template)!r})\ninspector",
    ).page
    expect(page.locator(".iw.ni .ni-empty").first).to_contain_text("No interferograms yet")
    root = page.locator(".iw.ni").last
    counts, summary = root.locator(".ni-counts"), root.locator(".ni-summary")
    expect(counts).to_have_text("6 dates, 12 of 12 pairs kept")
    expect(root.locator(".ni-scale")).to_contain_text("Mean coherence")
    expect(summary).to_contain_text("All 6 dates are connected.")
    days = root.get_by_label("Time between dates at most")
    days.fill("30")
    days.press("Tab")
    expect(counts).to_have_text("6 dates, 5 of 12 pairs kept")
    days.fill("")
    days.press("Enter")
    expect(counts).to_have_text("6 dates, 12 of 12 pairs kept")

    # a season, and coherence with what holds the network together
    season = root.get_by_role("button", name=f"{datetime.strptime(dates[0], '%Y%m%d'):%b}", exact=True)
    season.click()
    expect(season).to_have_attribute("aria-pressed", "true")
    expect(summary).to_contain_text("left out")
    season.click()
    expect(summary).to_contain_text("All 6 dates are connected.")
    coherence = root.get_by_label("Mean coherence at least")
    coherence.fill("0.999")
    coherence.press("Enter")
    expect(counts).to_have_text("6 dates, 5 of 12 pairs kept")
    expect(summary).to_contain_text("All 6 dates are connected.")
    lines = root.locator("svg.iw-c .iw-c-segments line")
    tree = root.get_by_label("minimum spanning tree", exact=True)

    def more_with_tree() -> int:
        tree.uncheck()
        without = lines.count()
        tree.check()
        return lines.count() - without

    end = time.monotonic() + 60  # other lines may go just then, as the chart follows the words
    while more_with_tree() != 5:
        assert time.monotonic() < end
    root.get_by_label("but keep what holds the network together").uncheck()
    expect(summary).to_contain_text("No pair is left: MintPy cannot run.")
    expect(root.get_by_role("button", name="Write to template")).to_be_disabled()
    root.get_by_label("but keep what holds the network together").check()
    coherence.fill("")
    coherence.press("Enter")
    expect(counts).to_have_text("6 dates, 12 of 12 pairs kept")
    with page.expect_download() as download:
        root.get_by_role("button", name="SVG").click()
    assert "Perpendicular baseline" in download.value.path().read_text()

    # by keyboard, through the table
    root.get_by_role("button", name="Table").press("Enter")
    row = root.locator(".ni-table tbody tr").nth(1)
    row.get_by_role("button").press("Enter")
    expect(row).to_have_attribute("aria-current", "true")
    expect(root.locator(".ni-closure tbody tr").first).to_contain_text("%")
    root.get_by_role("button", name="Drop this pair").press("Enter")
    expect(row).to_contain_text("dropped: left out by hand")
    expect(root.locator(".ni-hand")).to_contain_text("By hand")
    write = root.get_by_role("button", name="Write to template")
    write.click()
    expect(write).to_be_disabled()
    assert "_" in Template.read(template)["mintpy.network.excludeDate12"]
    assert "# mine" in template.read_text()

    # the first date is the leftmost circle; without it the other five stay connected
    root.get_by_role("button", name="Baselines").click()
    chosen = root.locator(".ni-detail h3")
    page.mouse.click(*symbol_places(page, ".ni")[0])
    expect(chosen).to_contain_text("2019-")
    expect(chosen).not_to_contain_text(" – ")
    root.get_by_role("button", name="Leave this date out").click()
    expect(summary).to_contain_text("1 date is left out")

    # the matrix, by pointer at once and by keyboard
    root.get_by_role("button", name="Matrix").click()
    canvas = root.locator("canvas.ni-matrix")
    box = canvas.bounding_box()
    assert box and box["width"] == box["height"] > 200
    cell = box["width"] / 6
    canvas.click(position={"x": 3.5 * cell, "y": 2.5 * cell})
    expect(chosen).to_contain_text(" – ")
    before = chosen.inner_text()
    canvas.press("ArrowRight")
    expect(root.locator(".ni-matrix-tip")).to_contain_text("days, bperp")
    canvas.press("Enter")
    expect(chosen).not_to_have_text(before)
    expect(chosen).to_contain_text(before.split(" – ")[0])
