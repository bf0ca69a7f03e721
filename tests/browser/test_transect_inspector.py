"""Profiles in a real browser: with a map, alone, by keyboard, files and pictures."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from .conftest import TIMEOUT

both = pytest.mark.parametrize("kind", ["lab", "voila"])
expect.set_options(timeout=TIMEOUT)

# 80 columns, the value of each is its number in millimetres; a hole in columns 30 to 39
CUBE = """
import numpy as np, rioxarray, xarray as xr, ipyleaflet
from insar_widgets import TransectInspector
values = np.tile(np.arange(80.0), (60, 1)) / 1000
values[:, 30:40] = np.nan
grid = {"y": 20 - 0.001 * np.arange(60), "x": -99 + 0.001 * np.arange(80)}
motion = xr.DataArray(values, coords=grid, dims=("y", "x"), name="displacement", attrs={"units": "m"})
motion = motion.rio.write_crs(4326)
relief = (motion.fillna(0) * 1000 + 500).rename("height").assign_attrs(units="m")
"""
LINE = [[-98.998, 19.97], [-98.93, 19.97]]
DOT = "path.leaflet-interactive[fill='#ffb000']"


@both
def test_a_line_that_is_typed_becomes_a_profile_that_can_be_read_and_saved(kind, notebook, tmp_path):
    shown = notebook(kind, CUBE + "inspector = TransectInspector(motion, elevation=relief)\ninspector")
    page, root = shown.page, shown.page.locator(".iw.ti")
    expect(root).to_contain_text("No line yet")
    root.get_by_role("button", name="Give a line").press("Enter")
    text = root.get_by_label("Vertices of the line")
    expect(text).to_be_focused()
    text.fill("-98.998, 191")
    root.get_by_role("button", name="Use this line").click()
    expect(root.get_by_role("alert").filter(has_text="Line 1 of the text")).to_contain_text("no place")
    text.fill("19.97, -98.998\n19.97, -98.93")
    root.get_by_role("button", name="lat, lon").click()
    text.press("Control+Enter")
    expect(root.locator("h2")).to_have_text("Transect A–A′")
    expect(root.locator(".ti-facts")).to_have_text("7.1 km, azimuth 90°")
    expect(root.locator(".iw-c-hatch rect")).to_have_count(1)
    expect(root.locator(".iw-c-label")).to_have_text(["displacement (mm)", "Elev. (m)", "Distance (km)"])
    # by keyboard: the last sample is in column 70
    chart = root.locator("svg.iw-c")
    chart.focus()
    page.keyboard.press("End")
    expect(root.locator(".ti-value")).to_have_text("+70.0 mm")
    expect(root.get_by_role("status").first).to_contain_text("Elevation: 570 m")
    # the swath has a band and its pixels
    swath = root.get_by_label("Width of the swath in metres")
    swath.fill("500")
    swath.press("Enter")
    expect(root.locator(".iw-c-band").first).to_be_attached()
    expect(root.locator(".ti-notes")).to_contain_text("within 250 m on either side")
    root.get_by_role("button", name="cm", exact=True).click()
    expect(root.locator(".iw-c-label").first).to_have_text("displacement (cm)")
    root.get_by_role("button", name="Save").click()
    for name, begins in (("CSV with metadata", b"# made by"), ("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            root.get_by_role("button", name=name, exact=True).click()
        assert download.value.path().read_bytes().startswith(begins)
    root.get_by_role("button", name="Code for this").click()
    expect(root.get_by_label("Python code")).to_have_value(re.compile("sample_transect"))
    # a file, the other way round, and none
    root.get_by_role("button", name="Line", exact=True).click()
    geometry = {"type": "LineString", "coordinates": [[-98.93, 19.97], [-98.99, 19.99], [-98.99, 19.96]]}
    (tmp_path / "line.geojson").write_text(json.dumps(geometry))
    root.get_by_label("Line file", exact=True).set_input_files(tmp_path / "line.geojson")
    expect(root.locator(".ti-facts")).to_contain_text("over 3 vertices")
    root.get_by_role("button", name="Reverse the line").click()
    expect(text).to_have_value(re.compile(r"^19\.960000, -98\.990000"))
    text.fill("10, 10\n11, 11")
    root.get_by_role("button", name="lon, lat").click()
    text.press("Control+Enter")
    expect(root.get_by_role("alert").filter(has_text="outside the frame")).to_be_visible()
    root.locator(".iw-alert").get_by_role("button", name="Clear the line").click()
    expect(root).to_contain_text("No line yet")


@both
def test_a_map_and_its_transect_show_the_same_place(kind, notebook, finished_run):
    line = "[[w + 0.2 * (e - w), (s + n) / 2], [e - 0.2 * (e - w), (s + n) / 2]]"
    shown = notebook(
        kind,
        "from insar_widgets import DisplacementMap, TransectInspector\n"
        f"map = DisplacementMap({str(finished_run.work_dir)!r}, layout={{'height': '380px'}})\n"
        f"w, s, e, n = map.results._scan.grid.bounds()\nmap.mask_threshold = 0.0\nmap.transect = {line}\n"
        "inspector = TransectInspector(map)\nmap",
        "inspector",
    )
    page, root = shown.page, shown.page.locator(".iw.ti")
    expect(root.locator("h2")).to_have_text("Transect A–A′")
    expect(root.locator(".iw-c-line").first).to_be_attached()
    root.scroll_into_view_if_needed()
    box = root.locator("svg.iw-c").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 60)
    expect(page.locator(DOT)).to_have_count(1)
    expect(root.locator(".ti-value")).not_to_be_empty()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] + 30)
    expect(page.locator(DOT)).to_have_count(0)
    # and back: the middle of the line is the middle of the map's view
    page.locator(".leaflet-container").scroll_into_view_if_needed()
    ends = [page.locator(".leaflet-marker-icon.dm-vertex").nth(i).bounding_box() for i in (0, 1)]
    assert ends[0] and ends[1]
    x = (ends[0]["x"] + ends[1]["x"] + ends[1]["width"]) / 2
    page.mouse.move(x - 2, ends[0]["y"] + ends[0]["height"] / 2)
    page.mouse.move(x, ends[0]["y"] + ends[0]["height"] / 2)
    expect(root.locator(".iw-c-cross")).to_have_count(1)
    # the layer of the map is the layer of the profile
    select = root.get_by_label("Layer of profile 1")
    expect(select).to_have_value("")
    if kind == "lab":
        shown.run("map.layer = 'velocity'")
        expect(root.locator(".iw-c-label").first).to_have_text("LOS velocity (mm/year)")
        assert shown.run("print(inspector.layer)") == "velocity"
    root.get_by_role("button", name="Add profile").click()
    root.get_by_label("Layer of profile 2").select_option("temporalCoherence")
    expect(root.locator(".iw-c-label")).to_have_count(4)
    root.get_by_role("button", name="Remove profile 1").click()
    expect(root.locator(".iw-c-label")).to_have_count(3)
