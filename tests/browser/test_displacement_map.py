"""DisplacementMap as its user meets it, in JupyterLab and in Voilà: what is on the screen against the files' values."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pyproj import Geod

from insar_widgets import Run, open_results

from .conftest import BOTH, TIMEOUT, VOILA_AND_SOAK, Notebook
from .map_page import COVERED, TILE, Shown, cell, coherent
from .test_raster_layer import until

expect.set_options(timeout=TIMEOUT)


@pytest.fixture
def show(notebook: Callable[..., Notebook], page: Page, finished_run: Run, tmp_path: Path):
    """Show a map of a copy of the finished run, whose folder is named like markup."""

    def make(kind: str, last: str) -> Shown:
        folder = tmp_path / "<i>run</i>"
        shutil.copytree(finished_run.work_dir, folder)
        notebook(kind, cell(folder) + last)
        page.wait_for_selector(TILE)
        shown = Shown(page, folder)
        shown.settled()
        return shown

    return make


@VOILA_AND_SOAK
def test_colours_range_dates_wrap_and_mask(kind, show, page: Page, tmp_path: Path):  # noqa: PLR0915 - one page
    shown: Shown = show(kind, "m.date = m.dates[2]\nipywidgets.VBox([m, asked, told])")
    day, last = 2, len(shown.series) - 1
    dates = open_results(shown.folder).dates
    iso = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates]
    places = coherent(shown, 3)
    (row, column), *_ = places
    caption = page.locator(".dm-caption")
    expect(caption).to_contain_text(shown.series_file)
    expect(page.locator(".dm-date")).to_have_text(iso[day])

    # colormap, reversed and not, range typed with zero in the middle and without
    shown.open_looks()
    shown.click("colormap")
    shown.click("map-viridis")
    shown.type_in("Highest value", "60")
    assert shown.has("vmax", lambda v: v == pytest.approx(0.06)) and shown.has("vmin", lambda v: v == -0.06)
    for r, c in places:
        shown.looks(r, c, 1 - (shown.series[day, r, c] + 0.06) / 0.12)
    shown.click("flip")
    shown.has("reverse", lambda v: v is False)
    shown.click("symmetric")
    shown.type_in("Lowest value", "−20")
    shown.has("vmin", lambda v: v == pytest.approx(-0.02))
    for r, c in places:
        shown.looks(r, c, (shown.series[day, r, c] + 0.02) / 0.08)
    shown.type_in("Lowest value", "100")
    expect(page.get_by_label("Lowest value", exact=True).first).to_have_attribute("aria-invalid", "true")
    assert shown.traits()["vmin"] == pytest.approx(-0.02)

    # dragged, by keys, percentiles of the view
    x, y = shown.centre('[aria-label="Highest value of the colours"]')
    shown.drag((x, y), (x - 30, y))
    dragged = shown.has("vmax", lambda v: v < 0.058)
    handle = page.get_by_role("slider", name="Highest value of the colours")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    shown.has("vmax", lambda v: v < dragged)
    shown.click("percentiles")
    seen = np.where(shown.inverted & (shown.coherence >= 0.7), shown.series[day], np.nan)
    low, high = np.nanpercentile(seen, (2, 98))
    room = 0.15 * (high - low)
    shown.has("vmin", lambda v: v == pytest.approx(low, abs=room))
    shown.has("vmax", lambda v: v == pytest.approx(high, abs=room))
    page.get_by_role("radio", name="cm", exact=True).first.click()
    shown.has("unit", lambda v: v == "cm")
    expect(page.locator(".dm-legend")).to_contain_text(", cm")
    shown.type_in("Highest value", "3")
    shown.type_in("Lowest value", "−3")
    shown.has("vmin", lambda v: v == pytest.approx(-0.03))

    # dates: keys, the axis, play, another date that is zero
    axis = page.get_by_role("slider", name="Date")
    axis.focus()
    for key, index in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(page.locator(".dm-date")).to_have_text(iso[index])
    shown.has("date", lambda v: v == dates[1])
    shown.looks(row, column, (shown.series[1, row, column] + 0.03) / 0.06)
    box = axis.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] - 9, box["y"] + 18)
    expect(page.locator(".dm-date")).to_have_text(iso[-1])
    page.get_by_label("Speed").select_option("8")
    page.evaluate(
        "() => { window.passed = new Set(); const label = document.querySelector('.dm-date');"
        " new MutationObserver(() => passed.add(label.textContent)).observe(label, {childList: true}); }"
    )
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("n => passed.size === n", arg=len(dates))
    axis.focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.keyboard.press("End")
    page.get_by_label("Date that is zero").select_option(dates[1])
    shown.has("reference_date", lambda v: v == dates[1])
    shift = shown.series[last] - shown.series[1]
    shown.looks(row, column, (shift[row, column] + 0.03) / 0.06)
    expect(caption).to_contain_text(f"{iso[-1]} relative to {iso[1]}")

    # wrapped: half a wavelength a cycle, and a cycle typed
    page.get_by_label("Wrap").click()
    with h5py.File(shown.folder / shown.series_file) as file:
        half = float(file.attrs["WAVELENGTH"]) / 2
    shown.has("wrap", lambda v: v == pytest.approx(half))
    shown.click("colormap")
    shown.click("map-viridis")
    shown.looks(row, column, (shift[row, column] / half + 0.5) % 1)
    shown.type_in("Value per colour cycle", "0.9")
    shown.has("wrap", lambda v: v == pytest.approx(0.009))
    shown.looks(row, column, (shift[row, column] / 0.009 + 0.5) % 1)
    page.get_by_label("Wrap").click()
    shown.has("wrap", lambda v: v is None)

    # mask by the threshold of another layer, by connected components; opacity
    threshold = float(np.round(np.median(shown.coherence[shown.inverted]), 2))
    shown.type_in("Threshold of the mask", str(threshold))
    shown.has("mask_threshold", lambda v: v == threshold)
    below = np.argwhere(shown.inverted & (shown.coherence < threshold - 0.02))
    for r, c in below[:: max(1, len(below) // 3)][:3]:
        shown.looks(int(r), int(c), None)
    shown.looks(row, column, (shift[row, column] + 0.03) / 0.06)
    kept = 100 * float((shown.coherence[shown.coherence > 0] >= threshold).mean())
    words = page.get_by_text(re.compile(r"keeps [\d.]+ % of pixels")).first.inner_text()
    assert float(words.split()[1]) == pytest.approx(kept, abs=1)
    slider = page.get_by_label("Least value of the mask").first
    slider.focus()
    page.keyboard.press("Home")
    shown.has("mask_threshold", lambda v: v == 0)
    for r, c in below[:1]:
        shown.looks(int(r), int(c), (shift[r, c] + 0.03) / 0.06)
    page.get_by_role("combobox", name="Mask").first.select_option("maskConnComp")
    shown.has("mask_layer", lambda v: v == "maskConnComp")
    expect(caption).to_contain_text("phase in all interferograms")
    flags = shown.read("maskConnComp.h5", "mask").astype(bool)
    for r, c in np.argwhere(shown.inverted & ~flags)[:1]:
        shown.looks(int(r), int(c), None)
    page.get_by_label("Opacity").first.focus()
    page.keyboard.press("Home")
    shown.has("opacity", lambda v: v == 0)
    expect(page.locator(".iw-raster-tiles").first).to_have_css("opacity", "0")

    # what Python sets is shown
    shown.python(
        f"m.opacity = 1; m.vmin, m.vmax = -0.1, 0.1; m.date = {dates[2]!r}; m.reference_date = {dates[0]!r}"
    )
    expect(page.locator(".dm-date")).to_have_text(iso[2])
    shown.looks(row, column, (shown.series[2, row, column] - shown.series[0, row, column] + 0.1) / 0.2)
    shown.python(
        "m.layer = 'velocity'; m.colormap = 'viridis'; m.reverse = False; m.vmin, m.vmax = -0.2, 0.2"
    )
    expect(caption).to_contain_text("velocity.h5")
    velocity = shown.read("velocity.h5", "velocity")
    shown.looks(row, column, (velocity[row, column] + 0.2) / 0.4)
    shown.close_looks()
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture of the view (PNG)").click()
    picture = tmp_path / "view.png"
    download.value.save_as(picture)
    assert plt.imread(picture).shape[0] > 2 * 560


@BOTH
def test_places_comparison_template_and_displays(kind, show, page: Page):  # noqa: PLR0915 - one page
    shown: Shown = show(
        kind,
        "m.mask_layer = ''; m.date = m.dates[2]\n"
        "m.colormap, m.reverse, m.vmin, m.vmax = 'viridis', False, -0.05, 0.05\n"
        "tab = ipywidgets.Tab([ipywidgets.HBox([asked, told]), m], titles=['python', 'map'])\n"
        "ipywidgets.VBox([m, tab])",
    )
    day = 2
    (row, column), here, there, *_ = coherent(shown, 5)
    dates = open_results(shown.folder).dates
    assert page.locator("i", has_text="run").count() == 0
    shown.looks(row, column, (shown.series[day, row, column] + 0.05) / 0.1)

    # the reference marker: dragged, with a radius, where there is nothing
    shown.drag(shown.centre(".dm-ref"), shown.at(*here))
    place = shown.has("reference_point", lambda v: shown.pixel(v["lon"], v["lat"]) == here)
    away = shown.series - shown.series[:, here[0], here[1]][:, None, None]
    shown.looks(row, column, (away[day, row, column] + 0.05) / 0.1)
    # what was shown on the way there is nothing that Python was told of, which could reach it later
    shown.python("heard = []; m.raster.observe(lambda change: heard.append(change['new']), 'offsets')")
    shown.drag(shown.centre(".dm-ref"), shown.at(row, column))
    shown.has("reference_point", lambda v: shown.pixel(v["lon"], v["lat"]) == (row, column))
    shown.looks(row, column, 0.5)
    shown.drag(shown.centre(".dm-ref"), shown.at(*here))
    place = shown.has("reference_point", lambda v: shown.pixel(v["lon"], v["lat"]) == here)
    shown.looks(row, column, (away[day, row, column] + 0.05) / 0.1)
    say = "told.value = json.dumps(json.loads(told.value) | dict(heard={}))"
    shown.python(say.format("len(heard)"))
    assert shown.has("heard", lambda _: True) == 2
    shown.open_looks()
    shown.type_in("Radius of the reference in metres", "200")
    shown.has("reference_point", lambda v: v["radius"] == 200)
    rows, columns = np.indices(shown.coherence.shape)
    lons, lats = shown.lonlat(rows.astype(float), columns.astype(float))
    far = Geod(ellps="WGS84").inv(
        np.full(lons.shape, place["lon"]), np.full(lons.shape, place["lat"]), lons, lats
    )[2]
    near = (far <= 200) & shown.inverted
    median = np.median(shown.series[:, near], axis=1)
    shown.looks(row, column, (shown.series[day, row, column] - median[day] + 0.05) / 0.1)
    expect(page.get_by_text(f"{int(near.sum())} px").first).to_be_attached()
    empty = np.argwhere(~shown.inverted)
    if len(empty):
        lon, lat = shown.lonlat(*empty[len(empty) // 2].astype(float))
        shown.python(f"m.reference_point = dict(lon={lon}, lat={lat})")
        expect(page.locator(".dm-warning").first).to_contain_text("relative to the run's own reference point")
        expect(page.locator(".dm-caption").first).to_contain_text("the point on the map has no value here")
        expect(page.locator(".dm-ref").first).to_contain_text("no value here")
        shown.looks(row, column, (shown.series[day, row, column] + 0.05) / 0.1)
    shown.python(f"m.reference_point = {place!r}")
    shown.looks(row, column, (away[day, row, column] + 0.05) / 0.1)

    # written to the template, after asking
    shown.click("write")
    dialog = page.get_by_role("alertdialog").first
    expect(dialog).to_contain_text("mintpy.reference.lalo")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    shown.click("write")
    shown.click("write-yes")
    expect(dialog).to_contain_text("Written to")
    text = (shown.folder / "small.txt").read_text()
    assert f"{place['lat']:.6f}, {place['lon']:.6f}" in text
    shown.click("origin")
    shown.has("reference_point", lambda v: v["radius"] == 0 and v["lon"] != place["lon"])
    shown.close_looks()
    shown.looks(row, column, (shown.series[day, row, column] + 0.05) / 0.1)

    # points: clicked, measured between, dragged, removed, brought back; their names are text. What ipyleaflet reports
    # of the pointer by itself is sent only while somebody asks for it
    shown.python("heard = []; m.on_msg(lambda _m, content, _b: heard.append(content.get('type')))")
    page.mouse.click(*shown.at(*there))
    shown.has("points", lambda v: [shown.pixel(p["lon"], p["lat"]) for p in v] == [there])
    shown.python(say.format("heard"))
    shown.has("heard", lambda v: isinstance(v, list))
    assert shown.has("heard", lambda _: True) == []
    shown.python(f"hear = lambda **event: exec({say.format("[event['type']]")!r}); m.on_interaction(hear)")
    for step in range(600):
        page.mouse.move(*shown.at(there[0] + 0.1 * (step % 2), there[1]))
        if shown.traits()["heard"]:
            break
    assert shown.has("heard", lambda v: v == ["mousemove"])
    shown.python("m.on_interaction(hear, remove=True)")
    page.keyboard.down("Shift")
    page.mouse.click(*shown.at(row, column))
    page.keyboard.up("Shift")
    difference = 1000 * (shown.series[day, row, column] - shown.series[(day, *there)])
    said = page.locator(".dm-measure-text").first
    expect(said).to_contain_text("mm to Point 1")
    assert float(said.inner_text().split()[0].replace("−", "-")) == pytest.approx(difference, abs=0.15)
    page.keyboard.press("Escape")
    expect(said).to_have_count(0)
    shown.drag(shown.centre(".dm-point"), shown.at(*here))
    shown.has("points", lambda v: [shown.pixel(p["lon"], p["lat"]) for p in v] == [here])
    page.keyboard.press("Delete")
    shown.has("points", lambda v: v == [])
    page.keyboard.press("Control+z")
    shown.has("points", lambda v: len(v) == 1)
    shown.python("m.points = [dict(p, label='<b id=bold>bold</b>') for p in m.points]")
    page.locator(".dm-point").first.hover()
    expect(page.locator(".leaflet-tooltip").first).to_have_text("<b id=bold>bold</b>")
    assert page.locator("#bold").count() == 0

    # a transect, and its end dragged
    shown.click("transect")
    for r, c in (here, there):
        page.mouse.click(*shown.at(r, c))
    page.keyboard.press("Enter")
    shown.has("transect", lambda v: [shown.pixel(*p) for p in v] == [here, there])
    shown.drag(shown.centre(".dm-vertex >> nth=1"), shown.at(row, column))
    shown.has("transect", lambda v: [shown.pixel(*p) for p in v] == [here, (row, column)])

    # an area: drawn, its numbers, and nothing outside of it
    shown.click("area")
    shown.drag(shown.at(20, 20), shown.at(40, 50))
    ring = shown.has("aoi", lambda v: v is not None and len(v) == 4)
    (west, east), (south, north) = [(min(v), max(v)) for v in zip(*ring, strict=True)]
    inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north) & shown.inverted
    area = page.locator(".dm-area").first
    expect(area).to_contain_text("median")
    counted = int(re.findall(r"(\d+) pixels", area.inner_text())[0])
    assert counted == pytest.approx(int(inside.sum()), rel=0.04)  # on the edge either may be right
    said_median = float(area.inner_text().split("median ")[1].split()[0].replace("−", "-"))
    assert said_median == pytest.approx(1000 * float(np.median(shown.series[day][inside])), abs=1)
    histogram = page.evaluate(
        "async () => { const h = (await handleOf(0)).mounts()[0].histogram();"
        " return [h.quantile(0), h.quantile(0.5), h.quantile(1)]; }"
    )
    pixel = 1.5 * (lons[0, 1] - lons[0, 0])
    around = (
        (lons >= west - pixel) & (lons <= east + pixel) & (lats >= south - pixel) & (lats <= north + pixel)
    )
    values = shown.series[day][around & shown.inverted]
    assert histogram[0] >= values.min() - 1e-4
    assert histogram[1] == pytest.approx(said_median / 1000, abs=0.002)
    assert histogram[2] <= values.max() + 1e-4
    page.keyboard.press("Escape")
    page.mouse.move(*shown.at(50, 60))
    page.mouse.move(*shown.at(50, 61))
    expect(page.locator(".dm-read").first).to_contain_text("outside")
    page.mouse.move(*shown.at(30, 30))
    expect(page.locator(".dm-read b").first).to_have_text(re.compile("mm$"))
    value = float(page.locator(".dm-read b").first.inner_text().split()[0].replace("−", "-"))
    assert value == pytest.approx(1000 * shown.series[day, 30, 30], abs=0.2)
    shown.click("area-remove")
    shown.has("aoi", lambda v: v is None)

    # swipe: two dates, two layers, their own scales; the divider by keys and by the mouse
    shown.click("compare")
    shown.has("compare", lambda v: v is not None and v["layer"].startswith("timeseries"))
    page.get_by_label("Date on the right").first.select_option(dates[1])
    shown.has("compare", lambda v: v["date"] == dates[1])
    # one layer on both sides: the names are the dates, and lie beside the reference point's
    iso = f"{dates[1][:4]}-{dates[1][4:6]}-{dates[1][6:]}"
    expect(page.locator(".dm-swipe-name.right").first).to_have_text(iso)
    assert not page.evaluate(COVERED, [".dm-swipe-name", ".dm-ref span"])
    shown.python("probe.ids = [m.raster.model_id, m._display.second.raster.model_id]")
    until(page, "async () => (await handleOf(1).catch(() => null))?.mounts().length > 0")
    shown.looks(row, column, (shown.series[1, row, column] + 0.05) / 0.1, n=1)
    shown.looks(row, column, (shown.series[day, row, column] + 0.05) / 0.1)
    shown.python("m.observe(tell, ['hover'])")
    columns_kept = np.argwhere(shown.inverted[30])[:, 0]
    halves = ((len(columns_kept) // 4, shown.series[day]), (3 * len(columns_kept) // 4, shown.series[1]))
    for part, values in halves:
        shown.points_at(30, int(columns_kept[part]), values[30, columns_kept[part]])
    shown.python("m.unobserve(tell, ['hover'])")
    page.get_by_label("Layer on the right").first.select_option("temporalCoherence")
    expect(page.locator(".dm-swipe-name.right").first).to_contain_text("Temporal coherence")
    expect(page.locator(".dm-swipe-scale").first).to_contain_text("1.00")
    page.get_by_label("Layer on the right").first.press("Escape")
    divider = page.get_by_role("slider", name="Position of the swipe").first
    divider.focus()
    page.keyboard.press("ArrowLeft")
    expect(divider).to_have_attribute("aria-valuenow", "48")
    box = page.locator(".dm-map").first.bounding_box()
    assert box
    shown.drag(shown.centre(".dm-swipe"), (box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"]))
    expect(divider).to_have_attribute("aria-valuenow", re.compile("^(19|20|21)$"))
    shown.click("compare")
    shown.click("end-compare")
    shown.has("compare", lambda v: v is None)
    expect(page.locator(".dm-swipe").first).to_be_hidden()

    # an interferogram, found by its date, relative to the reference point
    shown.click("layer")
    first, second = shown.read("inputs/ifgramStack.h5", "date")[2].astype(str)
    page.get_by_label("Search layers").first.fill(f"unwrapPhase-{first}_{second}")
    page.locator(".dm-menu .dm-row").first.click()
    shown.has("layer", lambda v: v == f"unwrapPhase-{first}_{second}")
    expect(page.locator(".dm-caption").first).to_contain_text("positive away from the satellite")
    phase = shown.read("inputs/ifgramStack.h5", "unwrapPhase")[2].astype(float)
    own = open_results(shown.folder).reference_point
    assert own is not None
    phase -= phase[own["y"], own["x"]]
    shown.python("m.colormap, m.reverse, m.vmin, m.vmax = 'viridis', False, -20, 20")
    shown.looks(row, column, (phase[row, column] + 20) / 40)

    # files that were written since
    velocity = shown.folder / "velocity.h5"
    velocity.write_bytes(velocity.read_bytes())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("files changed").first).to_be_visible()
    shown.click("reload")
    expect(page.get_by_text("files changed").first).to_be_hidden()

    # full screen, and the same map a second time, in a tab
    shown.click("full")
    page.wait_for_function("document.fullscreenElement?.classList.contains('dm')")
    shown.click("full")
    page.wait_for_function("document.fullscreenElement === null")
    page.get_by_role("tab", name="map").click()
    expect(page.locator(".dm-map")).to_have_count(2)
    until(page, "async () => (await handleOf(0)).mounts().length === 2")
    shown.looks(row, column, (phase[row, column] + 20) / 40, m=1)
    expect(page.locator(".dm-point")).to_have_count(2)


def test_what_cannot_be_shown_is_said_in_words(
    notebook: Callable[..., Notebook], finished_run: Run, tmp_path: Path
):
    unfinished, radar = tmp_path / "unfinished", tmp_path / "radar"
    shutil.copytree(finished_run.work_dir / "inputs", unfinished / "inputs")
    shutil.copytree(finished_run.work_dir, radar)
    for file in radar.rglob("*.h5"):
        with h5py.File(file, "r+") as handle:
            for key in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"):
                handle.attrs.pop(key, None)
    shown = notebook(
        "voila",
        "import ipywidgets\nfrom insar_widgets import DisplacementMap\n"
        f"ipywidgets.VBox([DisplacementMap(f) for f in {[str(tmp_path / '<b>none'), str(radar), str(unfinished)]!r}])",
    )
    problems = shown.page.locator(".dm-problem")
    expect(problems.nth(0)).to_contain_text("<b>none is not a folder")
    expect(problems.nth(1)).to_contain_text("run the step geocode")
    expect(shown.page.locator(".dm").nth(2).locator(TILE).first).to_be_visible()
    shown.page.locator('[data-key="layer"]').click()
    missing = shown.page.locator(".dm-menu .dm-row", has_text="the step velocity writes it").first
    expect(missing).to_be_disabled()
