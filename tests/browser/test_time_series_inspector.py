"""TimeSeriesInspector as its user meets it, in JupyterLab and in Voilà."""

from __future__ import annotations

import re

import pandas as pd
from playwright.sync_api import expect

from .charts import expect_symbols
from .conftest import TIMEOUT, VOILA_AND_SOAK

expect.set_options(timeout=TIMEOUT)

CUBE = """
import numpy as np, pandas as pd, xarray as xr
from insar_widgets import TimeSeriesInspector
dates = pd.date_range("2019-01-05", periods=40, freq="12D")
years = (dates - dates[0]).days.values / 365.25
noise = np.random.default_rng(0).normal(0, 3, (40, 10, 10))
values = -50 * years[:, None, None] - 20 * (dates > "2019-09-01").astype(float)[:, None, None] + noise
cube = xr.DataArray(values, dims=("time", "lat", "lon"), attrs={"units": "mm"}, name="displacement",
    coords={"time": dates, "lat": np.linspace(35, 34.9, 10), "lon": np.linspace(-119.9, -119.8, 10)})
w = TimeSeriesInspector(cube, follow=False)
w
"""


@VOILA_AND_SOAK
def test_an_array_alone_by_keyboard(kind, notebook, tmp_path):  # noqa: PLR0915 - one visit of a user
    shown = notebook(kind, CUBE)
    page = shown.page
    expect(page.locator(".ts-empty")).to_contain_text("No point yet")
    page.get_by_role("button", name="Add points").press("Enter")
    page.keyboard.type("-119.85, 34.95, Bowl <b>centre</b>")
    page.keyboard.press("Enter")
    expect_symbols(page, ".ts", 40)
    expect(page.locator(".ts-table th[scope=row]").first).to_contain_text("Bowl <b>centre</b>")
    page.keyboard.type("0, 0")
    page.keyboard.press("Enter")
    expect(page.locator("td.ts-bad")).to_contain_text("outside the frame")
    page.keyboard.press("Escape")

    model = page.locator('[data-key="model"]')
    model.press("Enter")
    page.locator('[data-key="step"]').fill("2019-09-01")
    page.keyboard.press("Enter")
    expect(model).to_contain_text("step 2019-09-01")
    step = page.locator(".ts-table thead th", has_text="Step 2019-09-01")
    expect(step).to_contain_text("mm")
    cell = page.locator(".ts-table tbody tr").first.locator("td").nth(2)
    expect(cell).to_contain_text("±")
    value, deviation = (float(v) for v in cell.inner_text().replace("−", "-").split(" ± "))
    assert abs(value + 20) < 3 * deviation
    click = page.get_by_role("button", name="Click on the chart")
    click.click()
    box = page.locator(".ts svg.iw-c").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 20)
    expect(page.locator(".ts-term")).to_have_count(2)
    expect(click).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name=re.compile("Remove step")).first.click()
    expect(page.locator(".ts-term")).to_have_count(1)
    expect(model).to_contain_text("step 2019-09-01")
    page.locator('[data-key="step"]').fill("next week")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-problem", has_text="is not a date")).to_be_visible()
    page.keyboard.press("Escape")

    chart = page.get_by_role("application", name=re.compile("Model: linear, step 2019-09-01"))
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    status = page.locator(".ts > .iw-sr")
    expect(status).to_contain_text("2019-01-17")
    page.keyboard.press("Enter")
    expect(page.locator(".ts .iw-c-symbol.open")).to_have_count(1)
    page.keyboard.press(" ")
    expect(page.locator(".ts .iw-c-cursor text")).to_have_text("2019-01-17")
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(page.locator(".ts .iw-c-host")).to_have_class(re.compile("zoomed"))
    page.keyboard.press("0")
    expect(page.locator(".ts .iw-c-host")).not_to_have_class(re.compile("zoomed"))

    page.get_by_role("button", name="Residual").click()
    expect(page.locator(".ts .iw-c-label")).to_contain_text("Residual")
    page.get_by_role("button", name="Code for this").click()
    expect(page.get_by_role("textbox", name="Python code")).to_have_value(
        re.compile("steps=\\['20190901'\\]")
    )
    page.get_by_role("button", name="Change Bowl").click()
    page.get_by_label("Name", exact=True).fill("Well 7")
    page.keyboard.press("Enter")
    expect(page.locator(".ts-table th[scope=row]").first).to_contain_text("Well 7")
    # a table of points: three rows, one of them in the same pixel, one where there is no data
    page.get_by_role("button", name="Add points").click()
    table = tmp_path / "wells.csv"
    table.write_text("name,lat,lon\nNorth,34.99,-119.854\nAgain,34.9901,-119.8541\nAway,10,10\n")
    page.locator('[data-key="csv-file"]').set_input_files(table)
    expect(page.locator(".ts-table th[scope=row]")).to_have_count(5)
    expect(page.locator(".ts-said").last).to_contain_text("Same pixel as North")
    expect(page.locator("td.ts-bad")).to_have_count(2)
    expect_symbols(page, ".ts", 120)
    # hidden, shown, coloured, subtracted
    page.get_by_role("button", name="Change Again").click()
    page.get_by_role("button", name="Hide", exact=True).click()
    expect_symbols(page, ".ts", 80)
    page.get_by_role("button", name="Show", exact=True).click()
    expect_symbols(page, ".ts", 120)
    page.get_by_label("Colour", exact=True).fill("#aa3377")
    expect(page.locator('.ts-mark path[style="fill:#aa3377"]')).to_have_count(1)
    page.get_by_role("button", name="Subtract from all").click()
    expect(page.locator(".ts .iw-c-label")).to_contain_text("minus Again")
    page.get_by_role("button", name="Do not subtract").click()
    expect(page.locator(".ts .iw-c-label")).not_to_contain_text("minus")
    (tmp_path / "bad.csv").write_text("where\nhere\n")
    page.locator('[data-key="csv-file"]').set_input_files(tmp_path / "bad.csv")
    expect(page.locator(".ts-problem", has_text="it needs lon and lat")).to_be_visible()
    if kind == "lab":
        assert shown.run("print(w.exclude, w.points[0]['label'], w.date)") == "['20190117'] Well 7 20190117"
        # and what the kernel sets is shown
        shown.run("w.exclude = []; w.view = 'displacement'; w.unit = 'cm'; w.radius = 1500")
        expect(page.locator(".ts .iw-c-label")).to_contain_text("displacement (cm)")
        expect(page.locator(".ts-said").first).to_contain_text("within 1500 m")
        expect(page.locator(".ts .iw-c-symbol.open")).to_have_count(0)


def test_wheel_pan_box_and_a_series_of_thousands(notebook):
    days = pd.date_range("2010-01-01", periods=5000, freq="1D")
    assert days.size > 3000  # beyond which symbols are drawn on a canvas
    page = notebook(
        "voila",
        CUBE.replace('"2019-01-05", periods=40, freq="12D"', '"2010-01-01", periods=5000, freq="1D"')
        .replace("(40, 10, 10)", "(5000, 2, 2)")
        .replace("10)}", "2)}")
        .replace("34.9, 10)", "34.9, 2)")
        .replace("follow=False", "follow=False, points=[{'lon': -119.9, 'lat': 35}]"),
    ).page
    canvas = page.locator(".ts canvas.iw-c-canvas")
    expect(canvas).to_be_visible()
    # It lies under the svg, whose grid would cross the symbols out
    expect(page.locator(".ts svg.iw-c .iw-c-grid")).to_have_count(0)
    # and follows the theme
    before = canvas.evaluate("e => e.toDataURL()")
    page.evaluate(
        """() => {
          document.body.style.setProperty("--jp-ui-font-color0", "#ff0");
          document.body.style.setProperty("--jp-layout-color1", "#003");
          document.body.dataset.jpThemeLight = "false";
        }"""
    )
    page.wait_for_function(
        "before => document.querySelector('.ts canvas.iw-c-canvas').toDataURL() !== before", arg=before
    )
    box = page.locator(".ts svg.iw-c").bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.3
    first = page.locator(".ts .iw-c-axes text").last
    whole = first.text_content() or ""
    page.mouse.move(x, y)
    page.mouse.wheel(0, -900)
    expect(page.locator(".ts .iw-c-host")).to_have_class(re.compile("zoomed"))
    expect(first).not_to_have_text(whole)
    ticks = page.locator(".ts .iw-c-axes").text_content()
    page.mouse.down()
    page.mouse.move(x - 200, y, steps=4)
    page.mouse.up()
    expect(page.locator(".ts .iw-c-axes")).not_to_have_text(ticks or "")
    page.mouse.dblclick(x, y)
    expect(page.locator(".ts .iw-c-host")).not_to_have_class(re.compile("zoomed"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y + 80, steps=4)
    page.mouse.up()
    expect(page.locator(".ts .iw-c-host")).to_have_class(re.compile("zoomed"))
