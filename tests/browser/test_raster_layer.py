"""RasterLayer on ipyleaflet maps in JupyterLab and Voilà: what is on the screen, against values known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pyproj import Transformer

from .conftest import TIMEOUT, VOILA_AND_SOAK, Notebook, point_at

expect.set_options(timeout=TIMEOUT)

ROWS, COLUMNS, DATES, STEP, LEFT, TOP = 60, 80, 3, 80, 480_000, 2_150_000
# Hands the page the handles of raster layers
PROBE = """
class Probe(anywidget.AnyWidget):
    _esm = '''export default { initialize({ model }) {
      window.handleOf = async (n) => {
        const raw = await model.widget_manager.get_model(model.get("ids")[n]);
        return raw[Symbol.for("insar_widgets.raster-layer")];
      };
    } }'''
    ids = traitlets.List().tag(sync=True)
"""
# A slope per date, a hole, and a mask that lets the western half be seen
CELL = f"""
import anywidget, ipyleaflet, ipywidgets, numpy as np, rioxarray, traitlets, xarray as xr
from insar_widgets import RasterLayer
rows, columns = np.mgrid[:{ROWS}, :{COLUMNS}]
one = (columns - 40) / 400 + rows / 1000
one[:10, :10] = np.nan
coords = {{"y": {TOP} - {STEP} * (np.arange({ROWS}) + 0.5), "x": {LEFT} + {STEP} * (np.arange({COLUMNS}) + 0.5)}}
dates = np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "datetime64[ns]")
series = xr.DataArray(np.stack([one * n for n in (1, 2, 3)]).astype("float32"), dims=("date", "y", "x"),
    coords={{"date": dates, **coords}}, name="timeseries", attrs={{"units": "m"}}).rio.write_crs(32614)
half = xr.DataArray((1 - columns / 80).astype("float32"), dims=("y", "x"), coords=coords, name="coherence")
half = half.rio.write_crs(32614)
def new_map(**more):
    return ipyleaflet.Map(layers=(), center=(19.4224, -99.16), zoom=13, layout={{"height": "360px"}}, **more)
map = new_map()
{PROBE}"""
ONE = CELL + (
    "layer = RasterLayer(series, map, name='<b onmouseover=alert(1)>bold</b>', mask=half, mask_mode='none',\n"
    "    colormap='viridis', vmin=-0.3, vmax=0.3, index=2)\n"
    "probe = Probe(ids=[layer.model_id])\n"
)
TILE = ".iw-raster-tiles canvas.leaflet-tile-loaded"
PIXEL = """async ([lon, lat, n, m]) => {
  const mount = (await handleOf(n)).mounts()[m];
  if (!mount) return null;
  const box = mount.map.getContainer().getBoundingClientRect();
  const at = mount.map.latLngToContainerPoint([lat, lon]);
  const [x, y] = [box.left + at.x, box.top + at.y];
  for (const canvas of mount.container.querySelectorAll("canvas")) {
    const r = canvas.getBoundingClientRect();
    if (x < r.left || x >= r.right || y < r.top || y >= r.bottom) continue;
    const [u, v] = [(x - r.left) / r.width * canvas.width, (y - r.top) / r.height * canvas.height];
    return [...canvas.getContext("2d").getImageData(Math.floor(u), Math.floor(v), 1, 1).data];
  }
  return null;
}"""
IDLE = """() => {
  const page = globalThis[Symbol.for("insar_widgets.tiles.page")];
  return page.running === 0 && [...page.workers].every((worker) => worker.urgency() === Infinity);
}"""
FRAMES = 600  # a display that is made anew takes its time
PAINTED = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))"""


def lonlat(row: int, column: int) -> tuple[float, float]:
    to = Transformer.from_crs(32614, 4326, always_xy=True)
    return to.transform(LEFT + STEP * (column + 0.5), TOP - STEP * (row + 0.5))


def truth(row: int, column: int, date: int) -> float:
    return ((column - 40) / 400 + row / 1000) * (date + 1)


def assert_colour(  # noqa: PLR0917 - called many times
    page: Page, row: int, column: int, share: float | None, n: int = 0, m: int = 0, name="viridis", frames=1
):
    """The pixel of the canvas has the colour that matplotlib gives to `share`, or is transparent for None."""
    # 16 bits for the value, and 256 colours: the neighbours are right as well
    wanted = (
        [[0, 0, 0, 0]]
        if share is None
        else [
            [*(round(255 * c) for c in matplotlib.colormaps[name](np.clip(share + d, 0, 1))[:3]), 255]
            for d in (-0.002, 0, 0.002)
        ]
    )
    found = None
    for _frame in range(frames):
        found = page.evaluate(PIXEL, [*lonlat(row, column), n, m])
        if found in wanted:
            return
        page.evaluate(PAINTED)
    raise AssertionError((found, wanted))


def share(value: float, lo: float = -0.3, hi: float = 0.3) -> float:
    return (value - lo) / (hi - lo)


def set_traits(page: Page, n: int = 0, **traits: Any) -> None:
    """Set traits in the page alone, as a panel beside the map does, and let a frame pass."""
    page.evaluate(
        "async ([n, traits]) => { const { model } = await handleOf(n);"
        " for (const [name, value] of Object.entries(traits)) model.set(name, value); }",
        [n, traits],
    )
    page.evaluate(PAINTED)


def until(page: Page, condition: str, arg: Any = None) -> None:
    """Wait for an async condition; `wait_for_function` takes its promise for a yes."""
    page.evaluate(
        f"""async (arg) => {{
          const start = performance.now();
          while (!await ({condition})(arg)) {{
            if (performance.now() - start > {TIMEOUT}) throw new Error("still not so");
            await new Promise((resolve) => setTimeout(resolve, 20));
          }}
        }}""",
        arg,
    )


def wait_ready(page: Page, index: int, n: int = 0, m: int = 0) -> None:
    until(page, "async ([i, n, m]) => (await window.handleOf?.(n))?.mounts()[m]?.ready(i)", [index, n, m])
    page.evaluate(PAINTED)


class Sent:
    """Frames that the page sends to the kernel about one widget."""

    def __init__(self, page: Page) -> None:
        self.frames: list[bytes] = []
        page.on("websocket", lambda socket: socket.on("framesent", self._hear))

    def _hear(self, payload: str | bytes) -> None:
        self.frames.append(payload.encode() if isinstance(payload, str) else payload)

    def about(self, model_id: str) -> list[bytes]:
        return [frame[-400:] for frame in self.frames if model_id.encode() in frame]


@VOILA_AND_SOAK
def test_one_page_without_the_kernel_and_in_other_displays(
    kind, notebook: Callable[..., Notebook], page: Page
):
    """Everything but new tiles happens without the kernel; two displays, a tab, new panes, removal."""
    page.context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())  # no internet
    sent = Sent(page)
    show = ONE + (
        "panes = ipywidgets.Button(description='panes')\n"
        "panes.on_click(lambda _: setattr(map, 'panes', {'mine': {'zIndex': 610}}))\n"
        "away = ipywidgets.Button(description='away')\n"
        "away.on_click(lambda _: layer.remove())\n"
        "again = ipywidgets.Button(description='again')\n"
        "again.on_click(lambda _: setattr(layer, 'map', map))\n"
        "close = ipywidgets.Button(description='close')\n"
        "close.on_click(lambda _: layer.close())\n"
        "tab = ipywidgets.Tab([ipywidgets.HBox([panes, away, again, close]), map], titles=['buttons', 'map'])\n"
    )
    shown = notebook(kind, show + "ipywidgets.VBox([map, tab])")
    page.wait_for_selector(TILE)
    without_the_kernel(page, sent)
    other_displays(page, shown)


def without_the_kernel(page: Page, sent: Sent) -> None:  # noqa: PLR0915 - one page load for all
    for index in (2, 1):  # the neighbour in time is fetched ahead, unasked
        wait_ready(page, index)
    page.evaluate("async () => (await handleOf(0)).mounts()[0].prefetch([0])")
    wait_ready(page, 0)
    for row, column in ((30, 10), (30, 70), (55, 40), (5, 20)):
        assert_colour(page, row, column, share(truth(row, column, 2)))
    assert_colour(page, 5, 5, None)
    legend = page.get_by_role("group", name="Legend of <b onmouseover=alert(1)>bold</b>")
    expect(legend).to_contain_text("<b onmouseover=alert(1)>bold</b>")
    assert page.locator("b[onmouseover]").count() == 0

    wait_mask = "async () => { const h = await handleOf(0); h.model.set('mask_mode', 'minimum'); }"
    page.evaluate(wait_mask)
    wait_ready(page, 2)  # the mask's tiles have come
    own = page.evaluate("async () => (await handleOf(0)).model.get('_id')")
    until(page, "async () => (await handleOf(0)).mounts()[0].loading().waiting === 0")
    until(page, IDLE)  # what is fetched ahead with the mask
    before = len(sent.about(own))
    set_traits(page, mask_threshold=0.5)
    assert_colour(page, 30, 39, share(truth(30, 39, 2)))
    assert_colour(page, 30, 42, None)
    set_traits(page, mask_mode="maximum")
    assert_colour(page, 30, 38, None)
    assert_colour(page, 30, 42, share(truth(30, 42, 2)))
    set_traits(page, mask_mode="none", vmin=-1.0, vmax=1.0)
    assert_colour(page, 30, 20, share(truth(30, 20, 2), -1, 1))
    set_traits(page, vmin=-0.3, vmax=0.3, colormap="RdBu", reverse=True)
    assert_colour(page, 30, 30, share(truth(30, 30, 2)), name="RdBu_r")
    set_traits(page, colormap="viridis", reverse=False, index=1)
    assert_colour(page, 30, 30, share(truth(30, 30, 1)))
    set_traits(page, index=2, base_index=0)
    assert_colour(page, 30, 30, share(truth(30, 30, 2) - truth(30, 30, 0)))
    reference = [truth(20, 20, date) for date in range(DATES)]
    set_traits(page, offsets=reference)
    assert_colour(page, 20, 20, 0.5)
    assert_colour(page, 40, 50, share(truth(40, 50, 2) - truth(40, 50, 0) - reference[2] + reference[0]))
    set_traits(page, base_index=-1)
    assert_colour(page, 40, 50, share(truth(40, 50, 2) - reference[2]))
    set_traits(page, offsets=[], wrap=0.11, wrap_colormap="viridis")
    value = truth(40, 55, 2)
    assert_colour(page, 40, 55, (value / 0.11 + 0.5) % 1)
    set_traits(page, wrap=None, opacity=0.25)
    expect(page.locator(".iw-raster-tiles").first).to_have_css("opacity", "0.25")
    found = page.evaluate(
        """async ([lon, lat]) => (await handleOf(0)).mounts()[0].valueAt({ lat, lng: lon })""", lonlat(30, 60)
    )
    assert found["state"] == "value"
    assert found["value"] == pytest.approx(truth(30, 60, 2), abs=found["step"])
    for place, state in (((5, 5), "no data"), ((200, 20), "outside")):
        found = page.evaluate(
            "async ([lon, lat]) => (await handleOf(0)).mounts()[0].valueAt({ lat, lng: lon }).state",
            lonlat(*place),
        )
        assert found == state
    histogram = page.evaluate("async () => { const h = (await handleOf(0)).mounts()[0].histogram();"
        " return [h.count, h.quantile(0.5), h.quantile(0), h.quantile(1)]; }")  # fmt: skip
    everything = [truth(r, c, 2) for r in range(ROWS) for c in range(COLUMNS) if r >= 10 or c >= 10]
    assert histogram[0] > 10_000
    assert histogram[1] == pytest.approx(np.median(everything), abs=0.02)
    assert histogram[2] == pytest.approx(min(everything), abs=0.02)
    assert histogram[3] == pytest.approx(max(everything), abs=0.02)
    shown = page.locator(".leaflet-container").first
    shown.scroll_into_view_if_needed()  # in JupyterLab it begins below a long cell
    box = shown.bounding_box()
    at = page.evaluate(
        "async ([lon, lat]) => { const p = (await handleOf(0)).mounts()[0].map.latLngToContainerPoint([lat, lon]);"
        " return [p.x, p.y]; }",
        lonlat(30, 60),
    )
    value = legend.locator(".iw-raster-value")
    point_at(
        page,
        lambda: (box["x"] + at[0], box["y"] + at[1]),
        lambda within: expect(value).to_have_text("240.0 mm", timeout=within),
    )
    assert sent.about(own)[before:] == []
    set_traits(page, visible=False)
    expect(page.locator(TILE).first).to_be_hidden()
    set_traits(page, visible=True, opacity=1)


def other_displays(page: Page, shown: Notebook) -> None:
    wait_ready(page, 2)
    page.get_by_role("tab", name="map").click()
    second = page.locator(
        ".widget-tab-contents .leaflet-container, .jupyter-widget-tab-contents .leaflet-container"
    )
    expect(second.locator(TILE).first).to_be_visible()
    until(page, "async () => (await handleOf(0)).mounts().length === 2")
    for mount in (0, 1):
        wait_ready(page, 2, m=mount)
        assert_colour(page, 30, 60, share(truth(30, 60, 2)), m=mount, frames=FRAMES)
    page.get_by_role("tab", name="buttons").click()
    page.evaluate("async () => { window.old = (await handleOf(0)).mounts().map((mount) => mount.signal); }")
    page.get_by_role("button", name="panes").click()
    until(page, "async () => old.every((signal) => signal.aborted)")
    until(page, "async () => (await handleOf(0)).mounts().length === 2")
    wait_ready(page, 2)
    assert_colour(page, 30, 60, share(truth(30, 60, 2)), frames=FRAMES)
    page.get_by_role("button", name="away").click()
    expect(page.locator(".iw-raster-tiles")).to_have_count(0)
    expect(page.locator(".iw-raster")).to_have_count(0)
    page.get_by_role("button", name="again").click()
    wait_ready(page, 2)
    assert_colour(page, 30, 60, share(truth(30, 60, 2)), frames=FRAMES)
    if shown.server.kind == "lab":
        shown.reload()
        page.wait_for_selector(TILE)
        wait_ready(page, 2)
        assert_colour(page, 30, 60, share(truth(30, 60, 2)), frames=FRAMES)
    page.get_by_role("button", name="close").click()
    expect(page.locator(".iw-raster-tiles")).to_have_count(0)


def test_what_python_sets_and_hears(notebook: Callable[..., Notebook], page: Page):
    shown = notebook(
        "lab",
        ONE + "other = RasterLayer(half, map, colormap='RdBu', vmin=0, vmax=1, z_index=2, visible=False)\n"
        "probe.ids = [layer.model_id, other.model_id]\nheard = []\n"
        "layer.observe(lambda change: heard.append(change['new']), 'hover')\nmap",
    )
    wait_ready(page, 2)
    # two layers, one above the other
    shown.run("other.visible = True")
    wait_ready(page, 0, n=1)
    until(page, "async () => (await handleOf(1)).model.get('visible')")
    page.evaluate(PAINTED)
    assert_colour(page, 30, 60, share(1 - 60 / 80, 0, 1), n=1, name="RdBu", frames=FRAMES)
    assert_colour(page, 30, 60, share(truth(30, 60, 2)))
    assert page.evaluate(
        "async () => Number((await handleOf(1)).mounts()[0].container.style.zIndex)"
        " > Number((await handleOf(0)).mounts()[0].container.style.zIndex)"
    )
    # other values in the same layer
    shown.run("layer.data = series.isel(date=0) * -1")
    until(page, "async () => (await handleOf(0)).model.get('_source').slices === 1")
    wait_ready(page, 0)
    assert_colour(page, 30, 60, share(-truth(30, 60, 0)), frames=FRAMES)
    box = page.locator(".leaflet-container").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    until(page, "async () => (await handleOf(0)).model.get('hover') !== null")
    said = shown.run(
        "import time\nfor _ in range(100):\n    if heard: break\n    time.sleep(0.05)\n"
        "h = heard[-1]; print(abs(h['value'] - layer.value(h['lon'], h['lat'])) < 0.01, h['unit'])"
    )
    assert said == "True m"
    # an error in words, and the way out of it
    shown.run("tile = layer._sources.tile\ndef broken(*_):\n    raise OSError(5, 'Input/output error', 'velocity.h5')\n"
              "layer._sources.tile = broken\nmap.center = (19.5, -99.3); layer.data = series.isel(date=1)")  # fmt: skip
    alert = page.get_by_role("group", name="bold").get_by_role("alert")
    expect(alert).to_contain_text("velocity.h5")
    shown.run("layer._sources.tile = tile")
    again = alert.get_by_role("button", name="Try again")
    again.evaluate_all(
        "(buttons) => buttons.forEach((button) => button.click())"
    )  # on a slow day it has tried by itself
    expect(alert).to_be_empty()
    wait_ready(page, 0)
