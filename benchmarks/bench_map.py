"""RasterLayer on a full screen, beside an `ipyleaflet.ImageOverlay` whose PNG is made in the kernel, through Voilà.

Both show the same dates of the same MintPy work directories (HDF5 as MintPy writes it), in one run. Times are wall
clock in the page, from the change to the end of the frame that shows it; on a machine that does other things only the
ratios mean something. What is "not in memory" is neither in the page nor in the kernel, only in the system's cache of
files, which is seen to before each change as systems drop it at will; what is "on disk" is not there either.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._files import cache
from benchmarks._page import Page, busy, notebook, serve
from benchmarks.bench_tiles import LARGE, SMALL, fitting_zoom, write_work_dir

SHAPES = {"small": SMALL, "large": LARGE}
SCREEN = (1920, 1080)
ROUNDS = 7
TURNS = 4
OVERLAY_AT_MOST = 3000  # pixels a side; a browser gives up on much larger pictures
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
KERNEL = '''
import os, pathlib
import anywidget, ipyleaflet, ipywidgets, numpy as np, traitlets
from insar_widgets import RasterLayer, open_results

def memory():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

def peak():
    text = pathlib.Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 2**10

class Bench(anywidget.AnyWidget):
    _esm = """export default {{ initialize({{ model }}) {{
      window.bench = model;
      window.handleOf = async () => (await model.widget_manager.get_model(model.get("layer")))
        [Symbol.for("insar_widgets.raster-layer")];
    }} }}"""
    layer = traitlets.Unicode().tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    ask = traitlets.Int(0).tag(sync=True)
    pid = traitlets.Int(os.getpid()).tag(sync=True)
    memory = traitlets.List().tag(sync=True)

results = open_results({folder!r})
data = results["timeseries"]
size = {{"width": "{width}px", "height": "{height}px"}}
map = ipyleaflet.Map(layers=(), center={center!r}, zoom={zoom!r}, layout=size)
bench = Bench()
bench.observe(lambda change: setattr(bench, "memory", [change["new"], memory() - start, peak() - start]), "ask")
start = memory()
{show}
map
'''
LAYER = """
layer = RasterLayer(data, map, vmin=-0.1, vmax=0.1, index=0)
bench.layer = layer.model_id
"""
OVERLAY = """
import base64, io, matplotlib
from PIL import Image
table = (matplotlib.colormaps["RdBu"](np.linspace(0, 1, 256)) * 255).astype("uint8")
def url(index):
    values = data[index, ::{step}, ::{step}].to_numpy()
    place = np.clip((values + 0.1) / 0.2 * 256, 0, 255)
    rgba = table[np.nan_to_num(place).astype("uint8")]
    rgba[..., 3] = np.where(np.isnan(values), 0, 255)
    out = io.BytesIO()
    Image.fromarray(rgba).save(out, "png", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
west, south, east, north = data.rio.transform_bounds(4326)
overlay = ipyleaflet.ImageOverlay(url=url(0), bounds=((south, west), (north, east)))
map.add(overlay)
bench.observe(lambda change: setattr(overlay, "url", url(change["new"])), "index")
"""
# The number of messages that go up, asked for before the page is there.
JS_COUNT = """
  window.sent = 0;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...what) { window.sent += 1; return send.apply(this, what); };
"""
JS_FRAME = "await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));"
# The next frame after the one in which it was drawn: then it is on the screen.
JS_DATE = f"""async (index) => {{
  const handle = await handleOf();
  const [mount] = handle.mounts();
  const had = mount.ready(index);
  const start = performance.now();
  const done = new Promise((resolve) => {{
    const stop = handle.on("painted", (event) => {{ if (event.index === index) {{ stop(); resolve(); }} }});
  }});
  handle.model.set("index", index);
  await done;
  const drawn = performance.now() - start;
  {JS_FRAME}
  return {{ had, drawn, shown: performance.now() - start }};
}}"""
JS_COLOUR = """async (vmax) => {
  const handle = await handleOf();
  const start = performance.now();
  const done = new Promise((resolve) => { const stop = handle.on("painted", () => { stop(); resolve(); }); });
  handle.model.set("vmax", vmax);
  await done;
  return performance.now() - start;
}"""
JS_HOVER = """async () => {
  const [mount] = (await handleOf()).mounts();
  const start = performance.now();
  let values = 0;
  for (let n = 0; n < 1000; n++)
    values += mount.valueAt(mount.map.containerPointToLatLng([860 + n % 200, 440 + n % 200])).state === "value";
  return [(performance.now() - start) / 1000, values];
}"""
JS_VIEW = """async ([lat, lon, zoom]) => {
  const handle = await handleOf();
  handle.model.set("index", 0);
  handle.mounts()[0].map.setView([lat, lon], zoom, { animate: false });
}"""
JS_READY = "(await window.handleOf?.())?.mounts()[0]?.ready({index})"
JS_TILES = """async () => {
  const { map, container } = (await handleOf()).mounts()[0];
  const seen = map.getContainer().getBoundingClientRect();
  return [...container.querySelectorAll("canvas")].filter((canvas) => {
    const { left, top, right, bottom } = canvas.getBoundingClientRect();
    const inside = left < seen.right && right > seen.left && top < seen.bottom && bottom > seen.top;
    return inside && new Uint32Array(canvas.getContext("2d").getImageData(0, 0, 256, 256).data.buffer).some(Boolean);
  }).length;
}"""
JS_OVERLAY = f"""async (index) => {{
  const image = document.querySelector("img.leaflet-image-layer");
  const start = performance.now();
  const done = new Promise((resolve) => image.addEventListener("load", resolve, {{ once: true }}));
  bench.set("index", index);
  bench.save_changes();
  await done;
  await image.decode();
  {JS_FRAME}
  return performance.now() - start;
}}"""


@dataclass
class Raster:
    """One work directory, where it is, and what is measured on it."""

    name: str
    shape: tuple[int, int, int]
    folder: Path
    centre: tuple[float, float]
    fit: int
    native: int
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass
class Times:
    """Milliseconds of a kind of change, and what the machine did meanwhile, in milliseconds a change."""

    drawn: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    page: float = 0.0
    kernel: float = 0.0
    server: float = 0.0

    def words(self) -> str:
        """Median, best, and who was busy."""
        return (
            f"{statistics.median(self.shown):.0f} ms (best {min(self.shown):.0f}, {len(self.shown)} times; busy: "
            f"kernel {self.kernel:.0f}, server {self.server:.0f}, page {self.page:.0f} ms)"
        )


def prepare(base: Path, name: str) -> Raster:
    """Write a work directory."""
    from insar_widgets.results import open_results
    from insar_widgets.tiles import TileSource

    folder = base / name
    if not (folder / "numInvIfgram.h5").exists():
        write_work_dir(folder, SHAPES[name])
    shutil.rmtree(folder / ".insar_widgets", ignore_errors=True)
    source = TileSource(open_results(folder)["timeseries"])
    west, south, east, north = source.bounds
    centre = (south + north) / 2, (west + east) / 2
    return Raster(name, SHAPES[name], folder, centre, fitting_zoom(source), source.max_zoom)


def cpu(pid: int) -> float:
    """Milliseconds of processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(words[11]) + int(words[12])) / TICK


class View:
    """The page with one notebook."""

    def __init__(self, page: Page, server: Any, raster: Raster, show: str, step: int = 1) -> None:
        self.page = page
        name = f"{raster.name}-{show}.ipynb"
        source = KERNEL.format(
            folder=str(raster.folder), center=raster.centre, zoom=raster.fit, width=SCREEN[0], height=SCREEN[1],
            show=LAYER if show == "layer" else OVERLAY.format(step=step),
        )  # fmt: skip
        notebook(server.folder / name, source)
        self.started = time.perf_counter()
        if page.evaluate("() => !!window.bench"):
            page.evaluate("() => { window.bench = undefined; }")
        page.open(f"{server.url}/voila/render/{name}")
        page.wait("document.querySelector('.leaflet-container') && window.bench")
        self.map = time.perf_counter() - self.started
        self.server = server.process.pid
        self.kernel = int(page.evaluate("() => bench.get('pid')"))
        self.files = [path for path in sorted(raster.folder.rglob("*")) if path.is_file()]

    def until_ready(self, index: int) -> float:
        """Wait until the view of a date is in memory; seconds since the page was opened."""
        self.page.wait(JS_READY.format(index=index))
        return time.perf_counter() - self.started

    def look_at(self, lat: float, lon: float, zoom: float) -> None:
        """Go there at the first date, and wait until that is in memory."""
        self.page.evaluate(JS_VIEW, [lat, lon, zoom])
        self.until_ready(0)

    def settle(self) -> None:
        """Wait until nothing is fetched ahead any more."""
        quiet = 0
        while quiet < 3:
            before = cpu(self.kernel)
            time.sleep(0.25)
            quiet = quiet + 1 if cpu(self.kernel) - before <= 20 else 0

    def busy(self) -> tuple[float, float, float]:
        """Processor time of the page's main thread, the kernel and the server, ms."""
        metrics = {m["name"]: m["value"] for m in self.page.call("Performance.getMetrics")["metrics"]}
        return 1000 * metrics["TaskDuration"], cpu(self.kernel), cpu(self.server)

    def date(self, index: int, times: Times, *, had: bool) -> None:
        """Change the date and note how long it took."""
        before = self.busy()
        took = self.page.evaluate(JS_DATE, index)
        after = self.busy()
        if took["had"] is not had:
            raise RuntimeError(f"Date {index} was {'not ' * had}in memory.")
        times.drawn.append(took["drawn"])
        times.shown.append(took["shown"])
        for name, value, old in zip(("page", "kernel", "server"), after, before, strict=True):
            share = (value - old - getattr(times, name)) / len(times.shown)
            setattr(times, name, getattr(times, name) + share)

    def new_date(self, index: int, times: Times, *, on_disk: bool = False) -> None:
        """Change to a date that is neither in the page nor in the kernel."""
        self.settle()
        cache(self.files, keep=not on_disk)
        self.date(index, times, had=False)

    def memory(self) -> tuple[float, float]:
        """Resident memory of the kernel above its start, now and at its peak, MB."""
        number = self.page.evaluate("() => { bench.set('ask', bench.get('ask') + 1); bench.save_changes(); "
                                    "return bench.get('ask'); }")  # fmt: skip
        self.page.wait(f"bench.get('memory')[0] === {number}")
        _, now, peak = self.page.evaluate("() => bench.get('memory')")
        return float(now), float(peak)


def measure_layer(page: Page, server: Any, raster: Raster) -> None:
    """Open with and without overviews, change dates and colours, read values."""
    out = raster.figures
    view = View(page, server, raster, "layer")
    out["open"], out["map"] = view.until_ready(0), view.map
    state = "(await handleOf()).model.get('overviews').state"
    page.wait(f"['ready', 'not needed', 'unavailable', 'failed'].includes({state})", 1800)
    out["overviews"] = page.evaluate(f"async () => {state}")
    out["seconds"] = time.perf_counter() - view.started
    view = View(page, server, raster, "layer")
    out["open again"], out["map again"] = view.until_ready(0), view.map
    page.call("Performance.enable")
    out["whole"], out["native"], out["cached"], out["disk"] = Times(), Times(), Times(), Times()
    many = raster.shape[0] > 90
    for index in [8, 20, 32, 44, 56, 68, 80][:ROUNDS] if many else [6, 4]:
        # not fetched ahead: more than three dates away from where the view was, or passed over
        view.new_date(index, out["whole"])
    out["whole tiles"] = page.evaluate(JS_TILES)
    view.settle()
    now = int(page.evaluate("async () => (await handleOf()).model.get('index')"))
    view.until_ready(now - 1)
    for turn in range(2 * ROUNDS):
        view.date(now - 1 + turn % 2, out["cached"], had=True)
    view.settle()
    page.evaluate("() => { window.sent = 0; }")
    out["colours"] = [page.evaluate(JS_COLOUR, 0.101 + 0.001 * n) for n in range(2 * ROUNDS)]
    out["hover"], values = page.evaluate(JS_HOVER)
    out["messages"] = page.evaluate("() => window.sent")
    if values < 900:
        raise RuntimeError("The pointer found no values.")
    degrees = SCREEN[0] * 360 / 256 / 2**raster.native
    for number, index in enumerate([11, 23, 35, 47, 59, 71, 83][:ROUNDS] if many else [6] * ROUNDS):
        lat, lon = raster.centre
        view.look_at(lat, lon if many else lon + (number - ROUNDS // 2) * degrees, raster.native)
        view.new_date(index, out["native"])
    for index in [89, 77, 65, 53, 41, 29, 17][:ROUNDS] if many else []:
        view.new_date(index, out["disk"], on_disk=True)
    out["native tiles"] = page.evaluate(JS_TILES)
    out["memory"] = view.memory()
    for _ in range(0 if many else 2):
        view = View(page, server, raster, "layer")
        view.until_ready(0)
        for index in (6, 4):
            view.new_date(index, out["whole"])


def measure_overlay(page: Page, server: Any, raster: Raster) -> None:
    """Open, and change the date by another PNG."""
    step = -(-max(raster.shape[1:]) // OVERLAY_AT_MOST)
    view = View(page, server, raster, "overlay", step)
    page.wait("document.querySelector('img.leaflet-image-layer')?.naturalWidth > 100")
    opened = time.perf_counter() - view.started
    changed = []
    for n in range(4):
        cache(view.files, keep=True)
        changed.append(page.evaluate(JS_OVERLAY, 1 + n))
    changed = changed[1:]
    raster.figures["overlay"] = {
        "open": opened, "changed": statistics.median(changed), "memory": view.memory(),
        "size": " x ".join(str(-(-n // step)) for n in raster.shape[1:]),
    }  # fmt: skip


def compare(page: Page, server: Any, rasters: list[Raster]) -> None:
    """A date that is not in memory, of one raster after the other: what the machine does meanwhile meets both."""
    times = {(raster.name, view): Times() for raster in rasters for view in ("whole", "native")}
    for turn in range(TURNS):
        for raster in rasters:
            view = View(page, server, raster, "layer")
            view.until_ready(0)
            page.call("Performance.enable")
            many = raster.shape[0] > 90
            view.new_date(90 if many else 9, Times())  # what a page does first is slower
            for number, index in enumerate([32 + 12 * turn, 20] if many else [6, 4]):
                view.new_date(index, times[raster.name, "whole"])
                lat, lon = raster.centre
                if not many:  # at another place, as there are not dates enough
                    lon += (turn - TURNS / 2) * SCREEN[0] * 360 / 256 / 2**raster.native
                    lat += (2 * number - 1) * SCREEN[1] * 360 / 256 / 2**raster.native
                view.look_at(*raster.centre, raster.fit)
                view.look_at(lat, lon, raster.native)
                view.new_date(index + 6 if many else 6, times[raster.name, "native"])
                view.look_at(*raster.centre, raster.fit)
    small, large = rasters
    for view, what in (("whole", "whole raster"), ("native", "native pixels")):
        both = times[large.name, view], times[small.name, view]
        ratio = statistics.median(both[0].shown) / statistics.median(both[1].shown)
        print(f"date not in memory, by turns, {what}: large over small {ratio:.2f} (at most 1.5)")
        for raster in rasters:
            print(f"  {raster.name}: {times[raster.name, view].words()}")


def tell(raster: Raster) -> None:
    """Print what was measured."""
    f = raster.figures
    print(
        f"{raster.name} ({' x '.join(map(str, raster.shape))}) on {SCREEN[0]} x {SCREEN[1]} pixels; {busy()}\n"
        f"  open to first paint: {f['open']:.2f} s, of which {f['open'] - f['map']:.2f} s after the map is there, "
        f"without overviews; {f['open again']:.2f} s, {f['open again'] - f['map again']:.2f} s with them "
        f"({f['overviews']} after {f['seconds']:.0f} s)\n"
        f"  date not in memory (at most 150): whole raster, {f['whole tiles']} tiles: {f['whole'].words()}\n"
        f"  {'':33} native pixels, {f['native tiles']} tiles: {f['native'].words()}\n"
        + (f"  {'':33} the same, on disk: {f['disk'].words()}\n" if f["disk"].shown else "")
        + f"  date in memory (at most 16): drawn after {statistics.median(f['cached'].drawn):.1f} ms (best "
        f"{min(f['cached'].drawn):.1f}), on the screen {f['cached'].words()}\n"
        f"  range: {statistics.median(f['colours']):.1f} ms (best {min(f['colours']):.1f}); hover {f['hover']:.3f} ms; "
        f"messages to the kernel for both: {f['messages']}\n"
        f"  kernel memory over its start (below 500): {f['memory'][0]:.0f} MB, at its peak {f['memory'][1]:.0f} MB"
    )
    other, uncached = f["overlay"], statistics.median(f["whole"].shown)
    print(
        f"  ImageOverlay, PNG of {other['size']}, made in the kernel: "
        f"open {other['open']:.2f} s "
        f"({other['open'] / f['open again']:.1f} x), "
        f"date {other['changed']:.0f} ms ({other['changed'] / uncached:.1f} x "
        f"one not in memory, {other['changed'] / statistics.median(f['cached'].shown):.0f} x one in memory), memory "
        f"{other['memory'][1]:.0f} MB at its peak",
        flush=True,
    )


def main() -> None:
    """Measure and print; BENCH_SHAPES=small leaves out the large raster."""
    base = Path(os.environ.get("BENCH_DIR") or tempfile.mkdtemp(prefix="bench_map_"))
    (base / "nb").mkdir(exist_ok=True)
    (base / "home").mkdir(exist_ok=True)
    names = os.environ.get("BENCH_SHAPES", ",".join(SHAPES)).split(",")
    bytes_ = sum(4 * int(np.prod(SHAPES[name])) for name in names)
    print(f"writing {bytes_ * 1.35 / 1e9:.1f} GB, overviews included, into {base}", flush=True)
    found: list[Raster] = []
    try:
        with serve("voila", base / "nb", base / "home") as server:
            page = Page(*SCREEN)
            try:
                page.call("Page.enable")
                page.call("Page.addScriptToEvaluateOnNewDocument", source=JS_COUNT)
                for name in names:
                    raster = prepare(base, name)
                    measure_layer(page, server, raster)
                    measure_overlay(page, server, raster)
                    tell(raster)
                    found.append(raster)
                if len(found) == len(SHAPES):
                    compare(page, server, found)
            finally:
                page.close()
    finally:
        if "BENCH_DIR" not in os.environ:
            shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
