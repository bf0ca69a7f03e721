"""Profiles in a real browser: with a map, alone, by keyboard, files and pictures."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from .conftest import TIMEOUT, VOILA_AND_SOAK

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


@VOILA_AND_SOAK
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
