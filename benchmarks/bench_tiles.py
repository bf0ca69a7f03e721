"""Map tiles in the kernel: what a screen costs, for a small and a large series, with and without overviews.

Each frame is the tiles of a 1920 x 1080 view, read, warped and encoded on eight threads as the widget does. The files
are written as MintPy writes them (HDF5, chunks as h5py guesses them). Beside it, the same slice as the PNG of an
`ipyleaflet.ImageOverlay`. All in one run, in turns; from a warm page cache.
"""

from __future__ import annotations

import base64
import io
import os
import resource
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
from scipy.ndimage import zoom

from insar_widgets.results import Results, open_results
from insar_widgets.tiles import TileSource

SMALL = (98, 2000, 1700)
LARGE = (10, 10000, 10000)
VIEW = (1920, 1080)
ROUNDS = 5


def write_work_dir(folder: Path, shape: tuple[int, int, int]) -> None:
    """A work directory with a displacement series and the count of interferograms, with an empty corner."""
    folder.mkdir(parents=True)
    slices, rows, columns = shape
    (folder / "smallbaselineApp.cfg").write_text("")
    rng = np.random.default_rng(1)
    coarse = rng.normal(size=(rows // 100 + 2, columns // 100 + 2)).astype("float32")
    pattern = zoom(coarse, 100, order=1)[:rows, :columns].astype("float32") * 0.02
    noise = rng.normal(scale=0.002, size=(rows, columns)).astype("float32")
    used = np.full((rows, columns), 30, "float32")
    used[: rows // 5, : columns // 5] = 0
    dates = (np.datetime64("2018-01-01") + 12 * np.arange(slices)).astype(str)
    attributes = {
        "LENGTH": str(rows), "WIDTH": str(columns), "X_FIRST": "300000.0", "Y_FIRST": "2300000.0", "X_STEP": "40.0",
        "Y_STEP": "-40.0", "X_UNIT": "meters", "Y_UNIT": "meters", "EPSG": "32614", "WAVELENGTH": "0.0555",
        "REF_Y": "900", "REF_X": "900", "REF_DATE": "20180101", "UNIT": "m", "FILE_TYPE": "timeseries",
    }  # fmt: skip
    with h5py.File(folder / "timeseries.h5", "w") as file:
        file.attrs.update(attributes)
        file["date"] = np.array([d.replace("-", "") for d in dates], "S8")
        series = file.create_dataset("timeseries", shape, "float32", chunks=True)
        # several dates at once, as MintPy does it: a chunk holds several
        step = max(1, 400_000_000 // (4 * rows * columns)) // 4 * 4 or 1
        for first in range(0, slices, step):
            part = np.stack(
                [(pattern * k + noise) * (used > 0) for k in range(first, min(first + step, slices))]
            )
            series[first : first + part.shape[0]] = part
    with h5py.File(folder / "numInvIfgram.h5", "w") as file:
        file.attrs.update({**attributes, "FILE_TYPE": "mask", "UNIT": "1"})
        file.create_dataset("mask", data=used, chunks=True)


def tiles_of_view(source: TileSource, z: int) -> list[tuple[int, int, int]]:
    """Tiles of a full-screen view onto the middle of the raster."""
    west, south, east, north = source.bounds
    size = 256 * 2**z
    x = ((west + east) / 2 + 180) / 360 * size
    y = (1 - np.arcsinh(np.tan(np.radians((south + north) / 2))) / np.pi) / 2 * size
    columns = range(int(x - VIEW[0] / 2) // 256, int(x + VIEW[0] / 2) // 256 + 1)
    rows = range(int(y - VIEW[1] / 2) // 256, int(y + VIEW[1] / 2) // 256 + 1)
    return [(z, column, row) for row in rows for column in columns if source.covers(z, column, row)]


def fitting_zoom(source: TileSource) -> int:
    """Zoom at which the raster about fills the height of the view."""
    return source.max_zoom - max(0, round(float(np.log2(source.shape[0] / VIEW[1]))))


def frame(source: TileSource, z: int, index: int, pool: ThreadPoolExecutor) -> float:
    """Seconds for all tiles of the view."""
    start = time.perf_counter()
    list(pool.map(lambda key: len(source.encode(source.tile(*key, index=index))), tiles_of_view(source, z)))
    return time.perf_counter() - start


def overlay(results: Results, index: int) -> tuple[float, int]:
    """Seconds and bytes of the PNG that an `ImageOverlay` shows, as its users make it."""
    from matplotlib import colormaps
    from matplotlib.image import imsave

    start = time.perf_counter()
    values = results["timeseries"].isel(date=index).values
    colours = colormaps["RdBu"](np.clip((values + 0.1) / 0.2, 0, 1), bytes=True)
    colours[..., 3] = np.where(np.isnan(values), 0, 255)
    out = io.BytesIO()
    imsave(out, colours, format="png")
    url = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    return time.perf_counter() - start, len(url)


class Memory:
    """The most that the process held above its start, looked at all the time."""

    def __init__(self) -> None:
        self.start = self.peak = _resident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.peak = max(self.peak, _resident())

    def over(self) -> float:
        """Megabytes over the start."""
        self._stop.set()
        self._thread.join()
        return (self.peak - self.start) / 2**20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def median_of(measure: Callable[[int], float], rounds: int = ROUNDS) -> float:
    """Median of several measurements; each is given its number."""
    return statistics.median(measure(number) for number in range(rounds))


def main() -> None:
    """Print the figures."""
    base = Path(os.environ.get("BENCH_DIR") or tempfile.mkdtemp(prefix="bench_tiles_"))
    try:
        sources, results = {}, {}
        for name, shape in (("small", SMALL), ("large", LARGE)):
            if not (base / name / "numInvIfgram.h5").exists():
                write_work_dir(base / name, shape)
            shutil.rmtree(base / name / ".insar_widgets", ignore_errors=True)
            results[name] = open_results(base / name)
        memory = Memory()
        with ThreadPoolExecutor(8) as pool:
            report(base, sources, results, pool)
        print(f"kernel memory over its start, at most: {memory.over():.0f} MB (aim: below 500)")
        for name, opened in results.items():
            seconds, size = overlay(opened, 1)
            print(f"{name}: the same slice as a PNG overlay: {seconds:.2f} s, {size / 2**20:.1f} MB")
    finally:
        if "BENCH_DIR" not in os.environ:
            shutil.rmtree(base, ignore_errors=True)


def report(
    base: Path, sources: dict[str, TileSource], results: dict[str, Results], pool: ThreadPoolExecutor
) -> None:
    """Frames without and with overviews, and their building."""
    for name, opened in results.items():
        start = time.perf_counter()
        source = sources[name] = TileSource(opened["timeseries"])
        z = fitting_zoom(source)
        count = len(tiles_of_view(source, z))
        frame(source, z, 1, pool)
        first = time.perf_counter() - start
        change = median_of(lambda n, s=source, z=z: frame(s, z, 2 + n, pool), 3)
        step = source.quantisation
        print(f"{name}: {count} tiles at zoom {z}; open to first frame without overviews {first:.2f} s, "
              f"next date {change:.2f} s; quantisation error {step.error if step else 0:.1e} m")  # fmt: skip
    for name, source in sources.items():
        start = time.perf_counter()
        status = source.build_pyramid()
        status = source.wait_pyramid()
        seconds = time.perf_counter() - start
        folder = status.folder or base
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        print(f"{name}: overviews {status.state} in {seconds:.1f} s, {size / 2**20:.0f} MB on disk")
    for name, opened in results.items():
        start = time.perf_counter()
        sources[name] = source = TileSource(opened["timeseries"])
        frame(source, fitting_zoom(source), 1, pool)
        print(f"{name}: open to first frame with overviews {1000 * (time.perf_counter() - start):.0f} ms")
    for what, shift in (("whole raster", 0), ("twice as near", 1), ("native pixels", 9)):
        # new sources, so that nothing was read before
        sources.clear()
        sources |= {name: TileSource(opened["timeseries"]) for name, opened in results.items()}
        zooms = {n: min(fitting_zoom(s) + shift, s.max_zoom) for n, s in sources.items()}
        for name, source in sources.items():
            frame(source, zooms[name], 0, pool)
        times: dict[str, list[float]] = {name: [] for name in sources}
        again: dict[str, list[float]] = {name: [] for name in sources}
        for number in range(ROUNDS):
            for name, source in sources.items():
                times[name].append(frame(source, zooms[name], 2 + number, pool))
                again[name].append(frame(source, zooms[name], 2 + number, pool))
        new = {name: statistics.median(v) for name, v in times.items()}
        old = {name: statistics.median(v) for name, v in again.items()}
        print(f"{what}: next date, all tiles: small {1000 * new['small']:.0f} ms, large {1000 * new['large']:.0f} ms, "
              f"ratio {new['large'] / new['small']:.2f} (aim: at most 1.5); already read: "
              f"{1000 * old['small']:.0f} and {1000 * old['large']:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
