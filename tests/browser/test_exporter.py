"""The Exporter in a real browser: choose, see the files first, write them, cancel, download, by mouse and keyboard."""

from __future__ import annotations

import zipfile

import pytest
import rasterio
from playwright.sync_api import expect

from .conftest import TIMEOUT

expect.set_options(timeout=TIMEOUT)


def choose(root, files):
    """Two GeoTIFFs in centimetres and degrees, after a wrong reference system."""
    # by keyboard: Space ticks
    root.get_by_label("What the map shows").press("Space")
    expect(files).to_have_count(0)
    expect(root).to_contain_text("Tick what to export")
    root.get_by_role("group", name="Rasters, GeoTIFF").get_by_label("Displacement of each date").press(
        "Space"
    )
    expect(files).to_have_count(6)
    root.get_by_label("Dates", exact=True).select_option(label="the last one")
    expect(files).to_have_count(1)
    root.get_by_role("group", name="Rasters, GeoTIFF").get_by_label("Velocity", exact=True).check()
    root.get_by_label("Unit of displacement").select_option("cm")
    expect(files).to_have_count(2)
    expect(files.first).to_contain_text("new")
    expect(files.first).to_contain_text("kB")
    expect(root.locator(".ex-sum")).to_contain_text("2 files, 2 new: about")
    # a wrong reference system is told in place
    root.get_by_label("Reference system", exact=True).select_option("other")
    system = root.get_by_label("Reference system, such as")
    system.fill("EPSG:99999")
    system.press("Enter")
    expect(root).to_contain_text("no reference system")
    system.fill("EPSG:4326")
    system.press("Enter")
    expect(files).to_have_count(2)


def cancel(root):
    """Begin what takes longer, and stop it."""
    # cancelling keeps what is complete
    root.get_by_label("Figures for print").check()
    root.get_by_label("Report, and how").check()
    root.get_by_role("button", name="Export", exact=True).click()
    root.get_by_role("button", name="Cancel").click()
    expect(root).to_contain_text("Files that are complete were kept")
    expect(root.get_by_role("button", name="Export", exact=True)).to_be_enabled()


@pytest.mark.parametrize("kind", ["lab", "voila"])
def test_files_are_seen_first_then_written_and_taken_home(kind, notebook, finished_run, tmp_path):
    out = tmp_path / "an out folder"
    cell = (
        "from insar_widgets import DisplacementMap, Exporter\n"
        f"map = DisplacementMap({str(finished_run.work_dir)!r})\n"
        f"exporter = Exporter(map, out={str(out)!r})\nexporter"
    )
    shown = notebook(kind, cell)
    page, root = shown.page, shown.page.locator(".iw.ex")
    files = root.locator(".ex-file")
    # from the map at first; every control has a name
    expect(root.get_by_label("What the map shows")).to_be_checked()
    expect(files).to_have_count(3)
    unnamed = root.locator("button, input, select, a").evaluate_all(
        "all => all.filter(e => e.offsetParent && !e.ariaLabel && !e.labels?.length && !e.textContent.trim()).length"
    )
    assert unnamed == 0
    choose(root, files)
    assert not out.exists()
    expect(root.get_by_role("button", name="Download zip")).to_be_disabled()
    root.get_by_role("button", name="Export", exact=True).press("Enter")
    expect(root.locator(".ex-file.written")).to_have_count(2)
    (path,) = out.glob("displacement_*.tif")
    with rasterio.open(path) as file:
        assert file.units == ("cm",) and file.crs.to_epsg() == 4326
    # again: everything is kept
    root.get_by_role("button", name="Export", exact=True).click()
    expect(root.locator(".ex-file.kept")).to_have_count(2)
    with page.expect_download() as started:
        root.get_by_role("button", name="Download zip").click()
    saved = tmp_path / "taken.zip"
    started.value.save_as(saved)
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None and path.name in archive.namelist()
        assert archive.read(path.name) == path.read_bytes()
    cancel(root)
    assert not [name for name in out.rglob("*") if name.name.startswith(".")]
    if kind == "voila":  # JupyterLab's side bars leave nothing of 480 pixels
        page.set_viewport_size({"width": 480, "height": 900})
        assert root.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
