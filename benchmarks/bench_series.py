"""A click on the map until its series is drawn, in Chromium through Voilà, beside a click in MintPy's tsview.

The work directory holds one series of 98 x 2000 x 1700 in MintPy's own HDF5 layout (chunks as h5py guesses them). In
the page, the time runs from the browser's click event to the end of the frame that shows the new series; every click
goes to a pixel not read before; the file is in the system's cache of files, and, in lines that say so, is not. tsview
is headless (Agg) on the same file: `open` and `plot` until the first series is there, which reads the whole file into
memory, then `plot_point_timeseries` and the drawing of its figure for each click. A fit update is sampling kept, model
and table anew, in the kernel, for three points; and in the page, from the click on a symbol to the frame with the new
numbers.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from benchmarks._files import cache
from benchmarks._page import PLACES, Page, busy, notebook, serve

SHAPE = tuple(int(n) for n in os.environ.get("BENCH_SERIES_SHAPE", "98,2000,1700").split(","))
CLICKS = 11
FITTED = 3  # points for which the fit is tried
MODEL = {"poly": 1, "periodic": [1], "steps": ["20190701"]}
GRID = {
    "X_FIRST": "480000.0", "Y_FIRST": "2150000.0", "X_STEP": "80.0", "Y_STEP": "-80.0", "X_UNIT": "meters",
    "Y_UNIT": "meters", "EPSG": "32614", "UTM_ZONE": "14N", "REF_Y": "5", "REF_X": "5", "WAVELENGTH": "0.05546576",
    "CENTER_LINE_UTC": "2421.89", "PROCESSOR": "hyp3", "ORBIT_DIRECTION": "DESCENDING", "HEADING": "-167.0",
    "DATA_TYPE": "float32", "ANTENNA_SIDE": "-1",
}  # fmt: skip
NOTEBOOK = """
import ipywidgets
from insar_widgets import DisplacementMap, TimeSeriesInspector
m = DisplacementMap({folder!r}, layout={{"height": "420px"}})
w = TimeSeriesInspector(m, radius={radius}, follow=False, model={model!r})
ipywidgets.VBox([m, w])
"""
# Resolves with the milliseconds from the next click to the frame after the chart changed in the way asked for.
WATCH = """(what) => {
  const root = document.querySelector(".ts");
  const count = () => root.querySelectorAll(".iw-c-points").length;
  const state = () => what === "points" ? count() : root.querySelector(".ts-table tbody")?.textContent;
  const before = state();
  window.waited = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no new ${what} within a minute`)), 60000);
    let start = 0;
    window.addEventListener(what === "points" ? "click" : "pointerup",
      () => { start = performance.now(); }, {capture: true, once: true});
    const observer = new MutationObserver(() => {
      if (state() === before) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    observer.observe(root, {subtree: true, childList: true, characterData: true});
  });
}"""
BOX = """([selector, index]) => {
  const found = [...document.querySelectorAll(selector)].at(index);
  found.scrollIntoView({block: "nearest"});
  return found.getBoundingClientRect().toJSON();
}"""
TSVIEW = """
import json, sys, time, warnings
import matplotlib
matplotlib.use("Agg")
warnings.simplefilter("ignore")
from mintpy.cli.tsview import cmd_line_parse
from mintpy.tsview import timeseriesViewer
file, places = sys.argv[1], json.loads(sys.argv[2])
start = time.perf_counter()
viewer = timeseriesViewer(cmd_line_parse(
    [file, "--yx", "20", "20", "--noverbose", "--period", "1", "--step-date", "20190701"]))
viewer.open()
viewer.plot()
first = time.perf_counter() - start
clicks = []
for y, x in places:
    start = time.perf_counter()
    viewer.plot_point_timeseries((y, x))
    viewer.fig_pts.canvas.draw()
    clicks.append(time.perf_counter() - start)
import resource
print(json.dumps([first, clicks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6]))
"""


def write(folder: Path) -> None:
    """A work directory with a series, velocity and what tells its empty pixels."""
    count, rows, columns = SHAPE
    rng = np.random.default_rng(0)
    days = pd.date_range("2017-01-05", periods=count, freq="12D")
    years = ((days - days[0]).days.to_numpy() / 365.25).astype("float32")
    rate = np.linspace(-0.08, 0.02, columns, dtype="float32")
    attributes = GRID | {
        "LENGTH": str(rows),
        "WIDTH": str(columns),
        "UNIT": "m",
        "REF_DATE": f"{days[0]:%Y%m%d}",
    }
    attributes |= {"START_DATE": f"{days[0]:%Y%m%d}", "END_DATE": f"{days[-1]:%Y%m%d}"}
    (folder / "inputs").mkdir()
    (folder / "smallbaselineApp.cfg").write_text("mintpy.load.processor = hyp3\n")
    with h5py.File(folder / "timeseries.h5", "w") as file:
        file.attrs.update(attributes | {"FILE_TYPE": "timeseries"})
        file["date"] = np.array([f"{d:%Y%m%d}" for d in days], "S8")
        file["bperp"] = np.zeros(count, "float32")
        series = file.create_dataset("timeseries", SHAPE, "float32", chunks=True)
        for i in range(count):
            noise = rng.normal(0, 0.004, (64, columns)).astype("float32")
            series[i] = np.tile(noise, (-(-rows // 64), 1))[:rows] + rate * years[i] if i else 0
    for name, dataset, value in (("velocity", "velocity", rate), ("numInvIfgram", "mask", 10.0)):
        kind = {"velocity": "velocity"}.get(name, "mask")
        with h5py.File(folder / f"{name}.h5", "w") as file:
            path = {"FILE_PATH": str(folder / "timeseries.h5")}
            unit = {"UNIT": "m/year" if kind == "velocity" else "1"}
            file.attrs.update(attributes | {"FILE_TYPE": kind} | unit | path)
            file.create_dataset(
                dataset, data=np.broadcast_to(np.float32(value), (rows, columns)), chunks=True
            )


def page_times(
    folder: Path, radius: float, page: Page, server: Any, *, on_disk: bool = False
) -> tuple[list[float], list[float]]:
    """Milliseconds of clicks on the map, and of clicks on a symbol."""
    name = f"radius{radius:g}.ipynb"
    notebook(server.folder / name, NOTEBOOK.format(folder=str(folder), radius=radius, model=MODEL))
    page.open(f"{server.url}/voila/render/{name}")
    page.wait("document.querySelector('.ts-empty')")
    page.wait("document.querySelector('.dm-map canvas.leaflet-tile-loaded')")
    time.sleep(15)  # the map finds its range and overviews, which keeps the kernel busy
    box = page.evaluate(BOX, [".dm-map .leaflet-container, .dm-map.leaflet-container", 0])
    # Over the middle of the map, where the data are
    xs = box["x"] + box["width"] * np.linspace(0.42, 0.58, CLICKS)
    ys = box["y"] + box["height"] * np.tile([0.4, 0.6], CLICKS)[:CLICKS]
    clicks: list[float] = []
    fits: list[float] = []
    for x, y in zip(xs, ys, strict=True):
        cache(folder.glob("*.h5"), keep=not on_disk)
        time.sleep(0.7)  # two clicks close together are a double click, which zooms
        page.evaluate(WATCH, "points")
        page.click(x, y)
        clicks.append(float(page.evaluate("() => window.waited")))
        if len(clicks) == FITTED and not on_disk:
            fits = symbol_times(page)
    return clicks[1:], fits[1:]  # the first ones also load what is needed once


def symbol_times(page: Page) -> list[float]:
    """Milliseconds of clicks on a symbol."""
    fits = []
    for index in range(20, 20 + CLICKS):
        x, y = page.evaluate(PLACES, ".ts .iw-c-points:last-of-type")[index]
        page.evaluate(WATCH, "fit")
        page.click(x, y)
        fits.append(float(page.evaluate("() => window.waited")))
    return fits


def kernel_times(folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds in the kernel alone: a new point, and a fit update of three points."""
    from insar_widgets import TimeSeriesInspector, open_results

    results = open_results(folder)
    west, south, east, north = results["velocity"].rio.transform_bounds(4326)
    rng = np.random.default_rng(1)
    widget = TimeSeriesInspector(results, model=MODEL)
    sampled, fitted = [], []
    places = rng.uniform((west, south), (east, north), (CLICKS, 2)) * 0.8
    places += 0.2 * np.array([(west + east) / 2, (south + north) / 2])
    for lon, lat in places:
        cache(folder.glob("*.h5"), keep=True)
        start = time.perf_counter()
        widget.points = [{"lon": lon, "lat": lat}]
        widget.wait()
        sampled.append(1000 * (time.perf_counter() - start))
    widget.points = [{"lon": lon, "lat": lat} for lon, lat in places[:3]]
    widget.wait()
    for day in widget._dates[10 : 10 + CLICKS]:
        start = time.perf_counter()
        widget.exclude = [day]
        widget.wait()
        fitted.append(1000 * (time.perf_counter() - start))
    return sampled[1:], fitted


def say(name: str, values: list[float], limit: float | None = None) -> None:
    """One line: median and worst."""
    bound = f"  (at most {limit:g})" if limit else ""
    print(
        f"{name:<58} median {statistics.median(values):8.1f} ms, slowest {max(values):8.1f} ms{bound}",
        flush=True,
    )


def main() -> None:
    """Measure everything once."""
    print(f"series of {' x '.join(map(str, SHAPE))}; {busy()}")
    with tempfile.TemporaryDirectory(prefix="bench-series-") as name:
        folder = Path(name) / "work"
        folder.mkdir()
        write(folder)
        sampled, fitted = kernel_times(folder)
        say("kernel: new point, sampled and fitted", sampled)
        say("kernel: fit update of three points", fitted, 20)
        for path in ("nb", "home"):
            (Path(name) / path).mkdir()
        with serve("voila", Path(name) / "nb", Path(name) / "home") as server:
            for radius, limit, on_disk in ((0, 50, False), (500, 150, False), (0, None, True)):
                page = Page(1280, 1200)
                clicks, fits = page_times(folder, radius, page, server, on_disk=on_disk)
                what = (f"{radius} m radius" if radius else "one pixel") + (", on disk" if on_disk else "")
                say(f"page: click on the map to drawn series, {what}", clicks, limit)
                if fits:
                    say(f"page: click on a symbol to new fit, {FITTED} points, {what}", fits)
                page.close()
        rng = np.random.default_rng(2)
        places = rng.integers(10, [SHAPE[1] - 10, SHAPE[2] - 10], (CLICKS, 2)).tolist()
        done = subprocess.run(
            [sys.executable, "-c", TSVIEW, str(folder / "timeseries.h5"), json.dumps(places)],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        if done.returncode:
            print("tsview could not be run:", done.stderr.strip().splitlines()[-1:])
            return
        first, clicks, memory = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"tsview: start until the first series is drawn {first:.1f} s, {memory:.1f} GB of memory")
        say("tsview: click to drawn figure", [1000 * value for value in clicks[1:]])
        print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB of memory")


if __name__ == "__main__":
    main()
