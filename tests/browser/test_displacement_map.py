"""DisplacementMap as its user meets it, in JupyterLab and in Voilà."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from insar_widgets import open_results

from .conftest import TIMEOUT

both = pytest.mark.parametrize("kind", ["lab", "voila"])
expect.set_options(timeout=TIMEOUT)
TILE = ".dm-map canvas.leaflet-tile-loaded"


@both
def test_layers_dates_points_and_picture(kind, notebook, finished_run, tmp_path):
    results = open_results(finished_run.work_dir)
    shown = notebook(
        kind, f"from insar_widgets import DisplacementMap\nm = DisplacementMap({str(results.work_dir)!r})\nm"
    )
    page = shown.page
    expect(page.locator(TILE).first).to_be_visible()
    iso = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in results.dates]
    expect(page.locator(".dm-date")).to_have_text(iso[-1])

    axis = page.get_by_role("slider", name="Date")
    axis.focus()
    page.keyboard.press("Home")
    expect(page.locator(".dm-date")).to_have_text(iso[0])
    page.keyboard.press("ArrowRight")
    expect(page.locator(".dm-date")).to_have_text(iso[1])

    box = page.locator(".dm-map").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    expect(page.locator(".dm-point")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".dm-point")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("button", name="Picture of the view (PNG)").click()
    picture = tmp_path / "view.png"
    download.value.save_as(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")

    page.locator('[data-key="layer"]').click()
    page.get_by_role("radio", name=re.compile("^Velocity$")).click()
    expect(page.locator('[data-key="layer"]')).to_contain_text("LOS velocity")
    expect(page.locator(".dm-caption")).to_contain_text("velocity.h5")


@both
def test_a_folder_that_is_not_there_says_so(kind, notebook, tmp_path: Path):
    shown = notebook(
        kind, f"from insar_widgets import DisplacementMap\nDisplacementMap({str(tmp_path / '<b>none')!r})"
    )
    expect(shown.page.locator(".dm-problem")).to_contain_text("<b>none is not a folder")
