"""Map, series, transect and network on one page: what moves in one moves in all, in JupyterLab and in Voilà."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from pyproj import Transformer
from scipy import ndimage

from insar_widgets import Results, open_results

from .charts import expect_symbols, symbol_places
from .conftest import TIMEOUT, point_at

both = pytest.mark.parametrize("kind", ["lab", "voila"])
expect.set_options(timeout=TIMEOUT)
DOT = "path.leaflet-interactive[fill='#ffb000']"


def somewhere_whole(results: Results) -> tuple[float, float]:
    """A place whose pixel and those around it have values at all dates."""
    series = results.timeseries
    good = np.isfinite(series.values).all(axis=0)
    whole = np.argwhere(ndimage.binary_erosion(good, np.ones((3, 3))))
    row, column = whole[len(whole) // 2]
    way = Transformer.from_crs(results.crs, 4326, always_xy=True)
    lon, lat = way.transform(float(series.x[column]), float(series.y[row]))
    return float(lon), float(lat)


def saved(page: Page, folder: Path, name: str, button: str) -> Path:
    with page.expect_download() as download:
        page.locator(".ts").get_by_role("button", name=button, exact=True).click()
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    return folder / name


def middle(element: Locator) -> tuple[float, float]:
    element.scroll_into_view_if_needed()
    box: Any = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
    page.mouse.move(*end, steps=3)
    page.mouse.up()


@both
def test_what_moves_in_one_moves_in_all(kind, notebook, finished_run, tmp_path):  # noqa: PLR0915 - one visit
    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    results = open_results(work_dir)
    lon, lat = somewhere_whole(results)
    page = notebook(
        kind,
        "import ipywidgets\n"
        "from insar_widgets import DisplacementMap, NetworkInspector, TimeSeriesInspector, TransectInspector\n"
        f"m = DisplacementMap({str(work_dir)!r}, zoom=12, center=({lat}, {lon}), layout={{'height': '360px'}})\n"
        "m.mask_threshold = 0.0\n"
        "ipywidgets.VBox([m, TimeSeriesInspector(m), TransectInspector(m), NetworkInspector(m)])",
    ).page
    series, transect, network = (page.locator(f".iw.{name}") for name in ("ts", "ti", "ni"))
    cursor = series.locator(".iw-c-cursor text")
    day, layer = page.locator(".dm-date"), page.locator('[data-key="layer"]')
    iso = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in results.dates]
    expect(series.locator(".ts-empty")).to_contain_text("Click on the map")
    expect(transect).to_contain_text("No line yet")
    expect(network.locator(".ni-counts")).to_contain_text("12 of 12 pairs kept")
    expect(page.locator(".dm-map canvas.leaflet-tile-loaded").first).to_be_visible()

    # A click on the map draws the series of that place
    ground = page.locator(".dm-map .leaflet-container, .dm-map.leaflet-container").first
    page.mouse.click(*middle(ground))
    expect_symbols(page, ".iw.ts", len(iso))
    expect(series.locator(".ts-said").first).to_contain_text("1 pixel, centre")
    expect(cursor).to_have_text(iso[0])  # the last date is the one that is zero
    expect(day).to_have_text(iso[0])

    # The date under the pointer is the map's date, and the map's keys move the chart's
    def below_second() -> tuple[float, float]:
        x, y = symbol_places(page, ".iw.ts")[1]
        return x + 2, y + 30

    point_at(page, below_second, lambda within: expect(day).to_have_text(iso[1], timeout=within))
    expect(cursor).to_have_text(iso[1])
    page.get_by_role("slider", name="Date").focus()
    page.keyboard.press("End")
    expect(cursor).to_have_text(iso[-1])

    # A click on a symbol excludes its date, and the fit follows
    velocity = series.locator(".ts-main").first
    before = velocity.inner_text()
    page.mouse.click(*symbol_places(page, ".iw.ts")[2])
    expect(series.locator(".iw-c-symbol.open")).to_have_count(1)
    expect(velocity).not_to_have_text(before)
    expect(series.locator(".ts-note")).to_contain_text("excluded from the fit (1)")

    series.get_by_role("button", name="Save", exact=True).click()
    table = saved(page, tmp_path, "time-series.csv", "CSV with metadata").read_text()
    rows = [line for line in table.splitlines() if not line.startswith("#")]
    assert len(rows) == 1 + len(iso)
    at = [float(v) for v in re.search(r"lon ([-\d.]+), lat ([-\d.]+)\. 1 pixel", table).groups()]
    numbers = [float(row.split(",")[1]) for row in rows[1:]]
    np.testing.assert_allclose(numbers, results.series(*at)["displacement"] * 1000, rtol=1e-4, atol=1e-3)
    picture = ElementTree.fromstring(saved(page, tmp_path, "time-series.svg", "SVG").read_bytes())
    assert "LOS displacement" in "".join(picture.itertext())
    assert "var(--" not in ElementTree.tostring(picture, encoding="unicode")
    assert saved(page, tmp_path, "time-series.png", "PNG").read_bytes().startswith(b"\x89PNG")

    # The reference point dropped on the point: there, every date is zero
    point = page.locator(".dm-point")
    drag(page, middle(page.locator(".dm-ref")), middle(point))
    expect(series.locator(".ts-table td").first).to_have_text("0.0")
    expect(velocity).to_contain_text(re.compile(r"^0(\.0*)?\b"))
    page.get_by_label("Date that is zero").select_option(results.dates[2])
    expect(series.locator(".ts-note")).to_contain_text(f"zero at {iso[2]}")

    # A line drawn on the map is a profile; its end dragged makes another
    page.get_by_role("button", name="Transect", exact=True).click()
    x, y = middle(ground)
    page.mouse.click(x - 60, y + 4)
    page.mouse.click(x + 50, y + 4)
    page.keyboard.press("Enter")
    expect(transect.locator("h2")).to_have_text("Transect A–A′")
    expect(transect.locator(".iw-c-line").first).to_be_attached()
    expect(transect.locator(".ti-notes")).to_contain_text(f"to {iso[2]}")
    facts = transect.locator(".ti-facts").inner_text()
    vertices = page.locator(".leaflet-marker-icon.dm-vertex")
    x, y = middle(vertices.nth(1))
    drag(page, (x, y), (x + 30, y))
    expect(transect.locator(".ti-facts")).not_to_have_text(facts)
    # hover moves a dot on the map, and the pointer on the line moves the profile's
    point_at(
        page,
        lambda: middle(transect.locator("svg.iw-c")),
        lambda within: expect(page.locator(DOT)).to_have_count(1, timeout=within),
    )
    expect(transect.locator(".ti-value")).not_to_be_empty()
    page.mouse.move(*middle(transect.locator("h2")))
    expect(page.locator(DOT)).to_have_count(0)

    def on_the_line() -> tuple[float, float]:
        ends = [middle(vertices.nth(i)) for i in (0, 1)]
        return (ends[0][0] + ends[1][0]) / 2 + 10, ends[0][1]

    cross = transect.locator(".iw-c-cross")
    point_at(page, on_the_line, lambda within: expect(cross).to_have_count(1, timeout=within))

    # A pair of the network is on the map and under the line
    displacement = layer.inner_text()
    network.get_by_role("button", name="Table").click()
    network.locator(".ni-table tbody button").nth(2).click()
    expect(page.locator(".dm-caption")).to_contain_text("ifgramStack.h5")
    expect(transect.locator(".iw-c-label").first).to_contain_text("rad")
    network.get_by_role("button", name="Coherence", exact=True).click()
    expect(layer).to_contain_text(re.compile("coherence", re.IGNORECASE))
    expect_symbols(page, ".iw.ts", len(iso))  # the series stays what it was
    # a date of the network is the date of all, and the map shows displacement again
    network.get_by_role("button", name="Baselines").click()
    expect_symbols(page, ".ni", len(iso), or_more=True)
    page.mouse.click(*symbol_places(page, ".ni")[0])
    expect(network.locator(".ni-detail h3")).to_have_text(iso[0])
    expect(day).to_have_text(iso[0])
    expect(cursor).to_have_text(iso[0])
    expect(layer).to_have_text(displacement)

    # Another layer, another profile; and back to the place by its row
    page.locator('[data-key="layer"]').click()
    page.get_by_role("radio", name=re.compile("^Velocity$")).filter(visible=True).first.click()
    expect(transect.locator(".iw-c-label").first).to_have_text("LOS velocity (mm/yr)")
    transect.get_by_role("button", name="Add profile").click()
    transect.get_by_label("Layer of profile 2").select_option("temporalCoherence")
    expect(transect.locator(".iw-c-label")).to_have_count(4)
    transect.get_by_role("button", name="Remove profile 1").click()
    expect(transect.locator(".iw-c-label")).to_have_count(3)
    start = middle(ground)
    drag(page, (start[0] + 80, start[1] + 90), (start[0] + 180, start[1] + 60))
    far = middle(point)
    series.get_by_role("button", name="Change Point 1").click()
    series.get_by_role("button", name="Zoom to", exact=True).click()
    expect(page.locator(".leaflet-container")).to_be_visible()
    page.wait_for_function(
        """() => {
          const map = document.querySelector(".leaflet-container").getBoundingClientRect();
          const point = document.querySelector(".dm-point").getBoundingClientRect();
          return Math.abs((map.left + map.right - point.left - point.right) / 2) < 3;
        }"""
    )
    assert middle(point) != far
    # Removed here, removed there
    series.get_by_role("button", name="Remove", exact=True).click()
    expect(point).to_have_count(0)
    expect(series.locator(".ts-empty")).to_contain_text("Click on the map")
