"""GNSS stations on the map and in the inspector, as a user meets them in JupyterLab and in Voilà."""

from __future__ import annotations

import base64
import json
import math
import re
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from insar_widgets import compare_gnss, find_stations, open_results
from support.ngl import HOLDINGS, keep_more_pixels, laboratory

from .charts import expect_symbols
from .conftest import BOTH, TIMEOUT
from .test_raster_layer import PAINTED

expect.set_options(timeout=TIMEOUT)
MARKUP = '<img src=x onerror="document.title=1">'


@pytest.fixture(scope="module")
def served(small_stack):
    """The laboratory with the simulated stations, the first of which has a name that looks like markup."""
    with laboratory() as lab:
        lab.serve_folder(Path(small_stack.products[0].path).parent / "ngl")
        lines = lab.files[HOLDINGS].decode().splitlines()
        lines = [f"{line} {MARKUP}" if line.startswith("SIM1") else line for line in lines]
        few = next(line for line in lines if line.startswith("SIM3")).split()
        lines.append(" ".join(["FEW1", few[1], str(float(few[2]) + 0.004), *few[3:10], "12"]))
        lab.files[HOLDINGS] = ("\n".join(lines) + "\n").encode()
        yield lab


def mark(page: Page, name: str) -> Locator:
    return page.locator(f'.iw-gnss-mark[data-name="{name}"]')


DRAWN = """(mark) => {
  const canvas = mark.closest(".iw-gnss-pane").querySelector("canvas");
  const [a, b] = [canvas.getBoundingClientRect(), mark.getBoundingClientRect()];
  const x = (b.left + b.width / 2 - a.left) / a.width * canvas.width;
  const y = (b.top + b.height / 2 + 2 - a.top) / a.height * canvas.height;
  return [...canvas.getContext("2d").getImageData(Math.round(x), Math.round(y), 1, 1).data];
}"""


def looks(page: Page, name: str, wanted: tuple[int, int, int]) -> None:
    """The canvas has that colour in the middle of the mark."""
    found = None
    for _ in range(1200):
        found = mark(page, name).evaluate(DRAWN)
        if found == [*wanted, 255]:
            return
        page.evaluate(PAINTED)
    raise AssertionError((name, found, wanted))


def colour_of(colormap: str, value: float, low: float, high: float) -> tuple[int, int, int]:
    """The colour of a value of the reversed table, from the file of the tables itself."""
    file = resources.files("insar_widgets").joinpath("widgets", "colormaps.json")
    table = base64.b64decode(json.loads(file.read_text())[colormap]["rgb"])
    place = 255 - min(255, max(0, math.floor((value - low) / (high - low) * 256)))
    red, green, blue = table[3 * place : 3 * place + 3]
    return red, green, blue


def number(text: str) -> float:
    return float(text.replace("−", "-").split("±")[0])


def saved(page: Page, folder: Path, button: str) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button, exact=True).click()
    target = folder / download.value.suggested_filename
    download.value.save_as(target)
    return target


def dragged(page: Page, name: str, right: int, down: int) -> tuple[float, float]:
    """Drag the map by a mark; tells how far the mark went once it has come to rest."""

    def place() -> tuple[float, float]:
        mark(page, name).hover()  # waits until it rests
        box = mark(page, name).bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    x, y = place()
    page.mouse.down()
    for part in (0.25, 0.5, 0.75, 1):
        page.mouse.move(x + part * right, y + part * down)
        page.evaluate(PAINTED)  # Leaflet moves the map once a frame
    page.mouse.up()
    after = place()
    return after[0] - x, after[1] - y


@BOTH
def test_stations_are_found_compared_and_shown_in_the_maps_colours(  # noqa: PLR0915 - one visit of a user
    kind, notebook, finished_run, served, tmp_path
):
    served.asked.clear()
    work, cache = str(keep_more_pixels(finished_run.work_dir, tmp_path / "small")), str(tmp_path / "ngl")
    shown = notebook(
        kind,
        "import ipywidgets\nfrom insar_widgets import DisplacementMap, GnssInspector\n"
        f"m = DisplacementMap({work!r}, layer='velocity', vmin=-0.05, vmax=0.05, layout={{'height': '460px'}},\n"
        "    inertia=False)\n"  # a drag ends where the pointer does, however slow the machine is
        f"w = GnssInspector(m, base_url={served.base!r}, cache_dir={cache!r})\nipywidgets.VBox([m, w])",
    )
    page = shown.page
    find = page.get_by_role("button", name="Find stations", exact=True)
    expect(find).to_be_visible()
    assert served.asked == []  # nothing leaves before it is asked for
    find.click()
    results = open_results(work)
    rows = page.locator(".gi-table tbody tr:has(button.gi-name)")
    expect(rows.first).to_be_visible()
    stations = find_stations(results, base_url=served.base, cache_dir=cache)
    truth = compare_gnss(results, stations)
    expect(rows).to_have_count(len(truth.table))

    # The table is that of compare_gnss, in mm; sorting by a column
    page.get_by_role("button", name="InSAR", exact=True).click()
    order = truth.table["insar_velocity"].sort_values().index
    expect(rows.locator(".gi-name")).to_have_text(list(order))
    for row, name in zip(rows.all(), order, strict=True):
        cells = row.locator("td").all_inner_texts()
        line = truth.table.loc[name]
        assert int(cells[1]) == line["epochs"]
        found = [number(cell) for cell in (*cells[2:5], cells[6])]
        wanted = [1e3 * line[k] for k in ("gnss_velocity", "insar_velocity", "velocity_difference", "rmse")]
        assert found == pytest.approx(wanted, abs=0.0501)
    outside = page.locator(".gi-table tr.unusable").first
    expect(outside).to_contain_text("12 daily positions, 50 are asked for")

    # Marks have the map's colours, and follow its range and its date without the kernel
    for name in truth.table.index:
        velocity = truth.table.loc[name, "gnss_velocity"]
        looks(page, name, colour_of("vik", velocity, -0.05, 0.05))
    if kind == "lab":
        shown.run("m.vmin, m.vmax, m.colormap = -0.2, 0.2, 'batlow'")
        wanted = colour_of("batlow", truth.table.loc["SIM1", "gnss_velocity"], -0.2, 0.2)
        looks(page, "SIM1", wanted)
        name = next(n for n in results.timeseries_names if n != "timeseriesResidual")
        shown.run(f"m.layer = {name!r}; m.date = m.dates[-1]; m.reference_date = m.dates[0]")
        series = truth.series("SIM1")["gnss"]
        value = 1e3 * float(series[-1] - series[0])
        expect(mark(page, "SIM1")).to_have_attribute("aria-label", re.compile("LOS displacement"))
        said = mark(page, "SIM1").get_attribute("aria-label") or ""
        found = re.search(r"displacement ([+−.\d]+) mm", said)
        assert found and number(found[1].replace("+", "")) == pytest.approx(value, abs=0.06)
        shown.run("m.layer = 'velocity'")

    # A drag that begins on a mark moves the map and chooses nothing; a click on a mark chooses its station
    popup = page.locator(".iw-gnss-pop")
    moved = dragged(page, "SIM2", 40, 20)
    assert moved == pytest.approx((40, 20), abs=3)
    expect(popup).to_have_count(0)
    expect(page.locator(".gi-above b")).to_have_text("SIM1")
    mark(page, "SIM2").click()
    expect(popup).to_contain_text("SIM2")
    expect(page.locator(".gi-above b")).to_have_text("SIM2")
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    page.locator('[data-key="show-SIM1"]').click()
    expect(page.locator(".gi-above b")).to_have_text("SIM1")

    # By keyboard to a station; its popup shows everything, and markup in a name stays text
    mark(page, "SIM1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".iw-gnss-mark:focus")).not_to_have_attribute("data-name", "SIM1")
    mark(page, "SIM1").focus()
    page.keyboard.press("Enter")
    expect(popup).to_contain_text(MARKUP)
    assert popup.locator("img").count() == 0 and page.title() != "1"
    station = next(s for s in stations if s.name == "SIM1")
    assert station.xyz is not None
    for words in (f"{station.begin} to {station.end}", str(station.solutions), str(station.modified),
                  f"{station.height:.1f} m", f"{abs(station.lon):.4f}°", f"{abs(station.xyz[0]):.1f} m"):  # fmt: skip
        expect(popup).to_contain_text(words)
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(page.locator(".gi-above b")).to_have_text("SIM1")
    compared = truth.series("SIM1")
    within = (compared["time"] >= compared["date"][0]) & (compared["time"] <= compared["date"][-1])
    drawn = sum(int(np.isfinite(compared[name]).sum()) for name in ("gnss", "insar", "residual"))
    drawn += int(np.isfinite(compared["gnss_daily"][within]).sum())
    expect_symbols(page, ".gi", drawn, or_more=True)  # there are other charts

    # Filter on the map
    page.locator(".iw-gnss-legend summary").click()
    page.locator('[data-key="gnss-usable"]').check()
    expect(page.locator(".iw-gnss-mark.unusable")).to_have_count(0)
    page.locator('[data-key="gnss-name"]').fill("sim2")
    expect(page.locator(".iw-gnss-mark")).to_have_count(1)
    expect(rows).to_have_count(1)
    page.locator('[data-key="gnss-name"]').fill("")
    page.locator(".iw-gnss-legend summary").click()

    if kind == "voila":  # JupyterLab's side bars leave nothing of 480 pixels
        page.set_viewport_size({"width": 480, "height": 1000})
        places = page.locator(".gi-table tbody .gi-places")
        expect(places).to_have_count(len(truth.table))
        assert page.locator(".gi-scroll").evaluate("e => e.scrollWidth <= e.clientWidth")
        page.get_by_role("button", name="RMSE", exact=True).click()
        expect(rows.locator(".gi-name")).to_have_text(list(truth.table["rmse"].sort_values().index))
        expect(places.first).to_contain_text(f"RMSE {1e3 * truth.table['rmse'].min():.1f}")
        page.get_by_role("button", name="Code for this").click()
        expect(page.get_by_label("Python code")).to_have_value(re.compile("compare_gnss"))
        expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        page.set_viewport_size({"width": 1280, "height": 1000})
        expect(places).to_have_count(0)
        page.get_by_role("button", name="Station", exact=True).click()

    # A reference station, on the map too
    page.locator('[data-key="reference"]').select_option("SIM2")
    expect(page.locator(".gi-why", has_text="reference: both series")).to_be_visible()
    relative = compare_gnss(results, stations, reference="SIM2")
    row = page.locator('.gi-table tr[data-name="SIM1"]')
    wanted = f"{1e3 * relative.table.loc['SIM1', 'gnss_velocity']:.1f}".replace("-", "−")
    expect(row).to_contain_text(wanted)
    page.get_by_role("button", name="Set on the map").click()
    place = next(s for s in stations if s.name == "SIM2")
    expect(page.locator(".dm-foot")).to_contain_text(f"{abs(place.lon):.4f}")
    expect(page.locator(".iw-gnss-mark.reference")).to_have_attribute("data-name", "SIM2")

    # Velocities against each other, and files
    page.get_by_role("button", name="Velocities").click()
    if relative.regression is not None:
        wanted = f"r = {relative.regression.correlation:.2f}".replace("-", "−")
        expect(page.locator(".gi-chart .gi-note")).to_contain_text(wanted)
    page.get_by_role("button", name="Save", exact=True).click()
    table = pd.read_csv(saved(page, tmp_path, "Table, CSV"), comment="#", index_col="station")
    pd.testing.assert_frame_equal(table, relative.table, check_dtype=False, rtol=1e-9)
    page.get_by_role("button", name="Series", exact=True).click()
    with page.expect_download() as download:
        page.locator('[data-key="chart-svg"]').click()
    download.value.save_as(tmp_path / "chart.svg")
    text = "".join(ElementTree.parse(tmp_path / "chart.svg").getroot().itertext())
    assert "LOS displacement" in text and "relative to SIM2" in text
    with page.expect_download() as download:
        page.locator('[data-key="figure-png"]').click()
    download.value.save_as(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")

    # Arrows; a station that is left out
    if kind == "lab":
        shown.run("w.marks = 'arrows'")
        expect(mark(page, "SIM1")).to_have_attribute("aria-label", re.compile(r"moves [\d.]+ mm/yr towards"))
        page.locator('[data-key="take-SIM3"]').uncheck()
        expect(page.locator('.gi-table tr[data-name="SIM3"]')).to_contain_text("not chosen")
        assert (
            shown.run("print(w.reference, 'SIM3' in w.selected, 'SIM3' in w.table.index)")
            == "SIM2 False False"
        )


def test_many_stations_are_clustered_on_a_plain_map(notebook):
    page = notebook(
        "voila",
        "import ipyleaflet, datetime\nfrom insar_widgets import GnssLayer\nfrom insar_widgets.gnss import Station\n"
        "day = datetime.date(2020, 1, 1)\n"
        "many = [Station(f'{i:04d}', 10 + (i % 25) * 0.02, 45 + (i // 25) * 0.02, 0., day, day) for i in range(500)]\n"
        "m = ipyleaflet.Map(layers=(), center=(45.2, 10.25), zoom=9)\nlayer = GnssLayer(m, stations=many)\nm",
    ).page
    groups = page.locator(".iw-gnss-mark.cluster")
    expect(groups.first).to_be_visible()
    counts = [int(group.get_attribute("data-count") or 0) for group in groups.all()]
    assert sum(counts) + page.locator(".iw-gnss-mark:not(.cluster)").count() == 500
    expect(page.locator(".iw-gnss-legend")).to_contain_text("500 stations")
    before = groups.count()
    groups.nth(before // 2).click()
    expect(page.locator(".iw-gnss-mark:not(.cluster)").first).to_be_visible()
