"""RasterLayer on a map, beside an `ipyleaflet.ImageOverlay` whose PNG is made in the kernel, through Voilà in Chromium.

Both show the same dates of the same files (Zarr, one chunk of 500 x 500 pixels a date and place), in the same run, in
turns, in a map of 1280 x 800 pixels. Times are wall clock in the page from the change to the end of the frame that
shows it; on a machine that does other things only the ratios mean something.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import zarr
from playwright.sync_api import Page, sync_playwright

SHAPES = {"98 x 2000 x 1700": (98, 2000, 1700), "10 x 10000 x 10000": (10, 10000, 10000)}
ROUNDS = 7
FAR = [8, 20, 32, 44, 56, 68, 80]
OVERLAY_AT_MOST = 3000  # pixels a side; a browser gives up on much larger pictures
SECONDS = 1000
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
NOTEBOOK = '''
import asyncio, io, pathlib, threading
import anywidget, ipyleaflet, ipywidgets, matplotlib, numpy as np, rioxarray, traitlets, xarray as xr
from PIL import Image
from insar_widgets import RasterLayer

def memory():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

def peak():
    text = pathlib.Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1e3

data = xr.open_zarr({path!r}, chunks=None, consolidated=False)["displacement"].rio.write_crs(32614)
start = memory()
show = {show!r}
map = ipyleaflet.Map(layers=(), center={center!r}, zoom={zoom!r}, layout={{"width": "1280px", "height": "800px"}})
ids = []
if show == "layer":
    layer = RasterLayer(data, map, vmin=-0.1, vmax=0.1, index=0)
    ids = [layer.model_id]
else:
    from rasterio.warp import transform_bounds
    table = (matplotlib.colormaps["RdBu"](np.linspace(0, 1, 256)) * 255).astype("uint8")
    def url(index):
        values = data[index, ::{step}, ::{step}].to_numpy()
        place = np.clip((values + 0.1) / 0.2 * 256, 0, 255)
        rgba = table[np.nan_to_num(place).astype("uint8")]
        rgba[..., 3] = np.where(np.isnan(values), 0, 255)
        out = io.BytesIO()
        Image.fromarray(rgba).save(out, "png", compress_level=1)
        import base64
        return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    x, y = data.x.to_numpy(), data.y.to_numpy()
    west, south, east, north = transform_bounds(32614, 4326, x[0] - 40, y[-1] - 40, x[-1] + 40, y[0] + 40)
    layer = ipyleaflet.ImageOverlay(url=url(0), bounds=((south, west), (north, east)))
    map.add(layer)

class Bench(anywidget.AnyWidget):
    _esm = """export default {{ initialize({{ model }}) {{
      window.bench = model;
      window.handleOf = async () => (await model.widget_manager.get_model(model.get("ids")[0]))
        [Symbol.for("insar_widgets.raster-layer")];
    }} }}"""
    ids = traitlets.List().tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    ask = traitlets.Int(0).tag(sync=True)
    memory = traitlets.Float(0.0).tag(sync=True)
    peak = traitlets.Float(0.0).tag(sync=True)

bench = Bench(ids=ids)
def change(_):
    layer.url = url(bench.index)
if show != "layer":
    bench.observe(change, "index")
def report(_):
    bench.memory, bench.peak = memory() - start, peak() - start
bench.observe(report, "ask")
map
'''
# The next frame after the one in which it was drawn: then it is on the screen.
JS_DATE = """async (index) => {
  const handle = await handleOf();
  const [mount] = handle.mounts();
  const start = performance.now();
  const done = new Promise((resolve) => {
    const stop = handle.on("painted", (event) => { if (event.index === index) { stop(); resolve(); } });
  });
  handle.model.set("index", index);
  await done;
  const drawn = performance.now() - start;
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return [drawn, performance.now() - start, mount.loading().total];
}"""
JS_COLOUR = """async (vmax) => {
  const handle = await handleOf();
  const start = performance.now();
  const done = new Promise((resolve) => { const stop = handle.on("painted", () => { stop(); resolve(); }); });
  handle.model.set("vmax", vmax);
  const before = performance.now();
  await done;
  return [performance.now() - start, performance.now() - before];
}"""
JS_HOVER = """async () => {
  const [mount] = (await handleOf()).mounts();
  const start = performance.now();
  let last;
  for (let n = 0; n < 1000; n++) last = mount.valueAt(mount.map.containerPointToLatLng([n % 900, n % 700]));
  return [(performance.now() - start) / 1000, last.state];
}"""
JS_ELSEWHERE = """async () => {
  const handle = await handleOf();
  handle.model.set("index", 0);
  handle.mounts()[0].map.panBy([1400, 0], { animate: false });
}"""
JS_READY = "async (index) => (await window.handleOf?.())?.mounts()[0]?.ready(index)"
JS_OVERLAY = """async (index) => {
  const image = document.querySelector("img.leaflet-image-layer");
  const start = performance.now();
  const done = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
  bench.set("index", index);
  bench.save_changes();
  await done;
  await image.decode();
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  return performance.now() - start;
}"""


def write(path: Path, shape: tuple[int, int, int]) -> None:
    """A smooth field with noise that grows with time; compressed a little, as such data are."""
    dates, rows, columns = shape
    group = zarr.create_group(path)
    array = group.create_array(
        "displacement",
        shape=shape,
        chunks=(1, 500, 500),
        dtype="float32",
        fill_value=float("nan"),
        dimension_names=("date", "y", "x"),
    )
    rng = np.random.default_rng(0)
    y, x = np.ogrid[:rows, :columns]
    field = (0.1 * np.sin(y / rows * 9) * np.cos(x / columns * 11)).astype("float32")
    noise = rng.normal(0, 0.004, (rows, columns)).astype("float32")
    for date in range(dates):
        array[date] = field * ((date + 1) / dates) + np.roll(noise, 37 * date, axis=1)
    for name, values in (
        ("y", 2_150_000 - 80 * (np.arange(rows) + 0.5)),
        ("x", 480_000 + 80 * (np.arange(columns) + 0.5)),
    ):
        group.create_array(name, data=values, dimension_names=(name,))


class Voila:
    """A Voilà server on loopback, for one notebook."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        names = ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
        for name in names:
            (home / name.lower()).mkdir(parents=True, exist_ok=True)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "voila",
                str(folder),
                "--no-browser",
                f"--port={port}",
                "--Voila.ip=127.0.0.1",
            ],
            env=os.environ | {name: str(home / name.lower()) for name in names},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 180
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError("Voilà did not start.") from None
                time.sleep(0.1)

    def close(self) -> None:
        """End it, and its kernels."""
        self._process.terminate()
        self._process.wait(30)


def memory(page: Page) -> tuple[float, float]:
    """Resident memory of the kernel above its start, now and at its peak, in MB."""
    page.evaluate("() => { bench.set('ask', bench.get('ask') + 1); bench.save_changes(); }")
    page.wait_for_function("() => bench.get('peak') > 0")
    page.wait_for_timeout(300)
    now, peak = page.evaluate("() => [bench.get('memory'), bench.get('peak')]")
    return float(now), float(peak)


def until_ready(page: Page, index: int) -> None:
    """Wait until the view of a date is in memory."""
    page.evaluate(
        f"async (index) => {{ while (!await ({JS_READY})(index)) await new Promise((go) => setTimeout(go, 10)); }}",
        index,
    )


def median(values: list[float]) -> float:
    """Median."""
    return statistics.median(values)


def measure_layer(page: Page, url: str, dates: int) -> dict[str, Any]:
    """Open, change dates, colours, and read values."""
    frames: list[bytes] = []
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framesent",
            lambda payload: frames.append(payload if isinstance(payload, bytes) else payload.encode()),
        ),
    )
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(".leaflet-container")
    map_there = time.perf_counter() - started
    until_ready(page, 0)
    opened = time.perf_counter() - started
    own = page.evaluate("() => bench.get('ids')[0]").encode()
    uncached: list[float] = []
    tiles = 0
    for index in FAR if dates > max(FAR) else [6] * 4:
        # Not fetched ahead: more than three dates away from where the view was
        _, took, tiles = page.evaluate(JS_DATE, index)
        uncached.append(took)
        if dates <= max(FAR):
            page.evaluate(JS_ELSEWHERE)
            until_ready(page, 0)
        page.wait_for_timeout(1000)
    last = int(page.evaluate("async () => (await handleOf()).model.get('index')"))
    first = last - 1 if last else 1
    until_ready(page, first)
    page.wait_for_timeout(500)
    cached, drawn = [], []
    for turn in range(2 * ROUNDS):
        one, whole, _ = page.evaluate(JS_DATE, first if turn % 2 == 0 else last)
        drawn.append(one)
        cached.append(whole)
    page.wait_for_timeout(2500)
    before = sum(own in frame for frame in frames)
    colours = [page.evaluate(JS_COLOUR, 0.101 + 0.001 * n)[0] for n in range(2 * ROUNDS)]
    hover, state = page.evaluate(JS_HOVER)
    assert state == "value", state
    messages = sum(own in frame for frame in frames) - before
    return {
        "map": map_there,
        "open": opened,
        "uncached": uncached,
        "cached": cached,
        "drawn": drawn,
        "colours": colours,
        "hover": hover,
        "messages": messages,
        "tiles": tiles,
        "memory": memory(page),
    }


def measure_overlay(page: Page, url: str, dates: int) -> dict[str, Any]:
    """Open, and change the date by another PNG."""
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("img.leaflet-image-layer", state="attached")
    page.wait_for_function("() => document.querySelector('img.leaflet-image-layer').naturalWidth > 100")
    opened = time.perf_counter() - started
    changed = [page.evaluate(JS_OVERLAY, 1 + n % (dates - 1)) for n in range(3)]
    size = page.evaluate(
        "() => { const i = document.querySelector('img.leaflet-image-layer');"
        " return `${i.naturalHeight} x ${i.naturalWidth}`; }"
    )
    return {"open": opened, "uncached": changed, "memory": memory(page), "size": size}


def run(folder: Path, shape: tuple[int, int, int], overlay: bool) -> dict[str, dict[str, Any]]:
    """Measure one raster."""
    dates, rows, columns = shape
    write(folder / "data.zarr", shape)
    lat = 19.44 - rows / 2 * 80 / 110_600
    lon = -99.19 + columns / 2 * 80 / 105_000
    zoom = 11  # about 72 m a pixel: the map is smaller than either raster
    step = -(-max(rows, columns) // OVERLAY_AT_MOST)
    for show in ("layer", "overlay"):
        cell = nbformat.v4.new_code_cell(
            NOTEBOOK.format(
                path=str(folder / "data.zarr"), show=show, center=(lat, lon), zoom=zoom, step=step
            )
        )
        document = nbformat.v4.new_notebook(cells=[cell])
        document.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(document, folder / f"{show}.ipynb")
    server = Voila(folder)
    found: dict[str, dict[str, Any]] = {}
    try:
        with sync_playwright() as playwright:
            browser = shutil.which("chromium") or shutil.which("google-chrome")
            chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
            for show in ("layer", "overlay") if overlay else ("layer",):
                page = chromium.new_context(viewport={"width": 1320, "height": 860}).new_page()
                page.set_default_timeout(300 * SECONDS)
                measure = measure_layer if show == "layer" else measure_overlay
                found[show] = measure(page, f"{server.url}/voila/render/{show}.ipynb", dates)
                page.context.close()
            chromium.close()
    finally:
        server.close()
    return found


def tell(label: str, found: dict[str, dict[str, Any]]) -> None:
    """Print what was measured."""
    layer = found["layer"]
    print(f"map, {label}: {layer['tiles']} tiles in view, load average {os.getloadavg()[0]:.1f}")
    print(
        f"  open to first paint: {layer['open']:.2f} s, of which {layer['open'] - layer['map']:.2f} s after the map"
    )
    print(f"  date, not in memory: {median(layer['uncached']):.0f} ms (best {min(layer['uncached']):.0f})")
    print(
        f"  date, in memory: drawn after {median(layer['drawn']):.1f} ms (best {min(layer['drawn']):.1f}), "
        f"on the screen after {median(layer['cached']):.1f} ms"
    )
    print(
        f"  range: {median(layer['colours']):.1f} ms (best {min(layer['colours']):.1f}); hover: {layer['hover']:.3f} ms"
    )
    print(f"  messages to the kernel for range and hover: {layer['messages']}")
    print(f"  kernel memory above start: {layer['memory'][0]:.0f} MB, peak {layer['memory'][1]:.0f} MB")
    if "overlay" in found:
        other = found["overlay"]
        changed, ratio = median(other["uncached"]), median(other["uncached"]) / median(layer["uncached"])
        print(
            f"  ImageOverlay with a PNG of {other['size']}: open {other['open']:.2f} s "
            f"({other['open'] / layer['open']:.1f} x), date {changed:.0f} ms ({ratio:.1f} x; "
            f"{changed / median(layer['cached']):.0f} x one in memory), memory {other['memory'][1]:.0f} MB at its peak"
        )


def main() -> None:
    """Measure and print."""
    medians = []
    for label, shape in SHAPES.items():
        with tempfile.TemporaryDirectory() as scratch:
            found = run(Path(scratch), shape, overlay=True)
            tell(label, found)
            medians.append(median(found["layer"]["uncached"]))
    print(f"map: the large raster's date change is {medians[1] / medians[0]:.2f} x the small one's")


if __name__ == "__main__":
    main()
