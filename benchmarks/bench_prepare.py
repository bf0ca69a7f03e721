"""Finding, checking and preparing products against the loop of `gdal_translate -projwin` that it replaces.

Both read the same products and cut the same layers to the same box; everything is measured in this run, in turns,
from a warm page cache, and reported as ratios. The loop starts one process per file and writes uncompressed
GeoTIFFs, as the notebook's users do; `prepare` writes compressed ones and makes sure of what it reads.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine
from scipy.ndimage import zoom

from insar_widgets import find_stack
from insar_widgets.hyp3 import Stack
from insar_widgets.resources import cores

DATES = ("20200101", "20200113", "20200125", "20200206", "20200218")
PAIRS = tuple((a, b) for i, a in enumerate(DATES) for b in DATES[i + 1 :])
TEXT = """\
Reference Granule: S1A_IW_SLC__1SDV_20200101T004021_20200101T004048_030616_038206_1B5E
Reference Pass Direction: ASCENDING
Reference Orbit Number: 30616
Baseline: 12.5
UTC time: 2434.5
Heading: -12.9
Spacecraft height: 693000.0
Earth radius at nadir: 6337286.6
Slant range near: 799000.0
Range looks: 20
Azimuth looks: 4
Unwrapping type: mcf
"""
# Without bindings or a binary of GDAL's own there is nothing to compare with.
BINDINGS = (
    "import sys; from osgeo import gdal; gdal.UseExceptions(); "
    "gdal.Translate(sys.argv[2], sys.argv[1], projWin=[float(v) for v in sys.argv[3:7]])"
)
ROUNDS = 3


def smooth(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """A smooth surface, about -3..3."""
    coarse = rng.normal(size=(cells, cells))
    surface = zoom(coarse, (shape[0] / cells, shape[1] / cells), order=1, grid_mode=True, mode="nearest")
    return surface[: shape[0], : shape[1]].astype("float32")


def write_products(folder: Path, shape: tuple[int, int], count: int = len(PAIRS)) -> None:
    """Products of a frame, each some pixels off, with phase noise as of real ones."""
    rng = np.random.default_rng(1)
    margin = 24
    whole = (shape[0] + 2 * margin, shape[1] + 2 * margin)
    dem = (smooth(rng, whole, 40) * 400 + 1500).astype("float32")
    incidence = (np.linspace(0.9, 1.05, whole[1])[None, :] + smooth(rng, whole, 60) * 0.03).astype("float32")
    coherence = np.clip(smooth(rng, whole, 80) * 0.2 + 0.6, 0.05, 0.99)
    for number, (reference, secondary) in enumerate(PAIRS[:count]):
        noise = rng.normal(size=whole).astype("float32")
        layers = {
            "unw_phase": smooth(rng, whole, 20) * 3 + noise * (1 - coherence) + 12,
            "corr": np.clip(coherence + noise * 0.05, 0.01, 1).astype("float32"),
            "dem": dem,
            "lv_theta": incidence,
            "lv_phi": incidence * 0.1 - 3,
            "water_mask": (dem > 700).astype("uint8"),
        }
        name = f"S1AA_{reference}T004021_{secondary}T004021_VVP012_INT80_G_ueF_{number:04X}"
        place = folder / name
        place.mkdir(parents=True)
        (place / f"{name}.txt").write_text(TEXT)
        row, column = rng.integers(0, 2 * margin, 2)
        for layer, values in layers.items():
            part = values[row : row + shape[0], column : column + shape[1]]
            with rasterio.open(
                place / f"{name}_{layer}.tif",
                "w",
                driver="GTiff",
                height=shape[0],
                width=shape[1],
                count=1,
                dtype=part.dtype,
                crs="EPSG:32614",
                transform=Affine(80, 0, 480000 + 80 * int(column), 0, -80, 2150000 - 80 * int(row)),
                nodata=None if layer == "water_mask" else 0,
                tiled=True,
                blockxsize=256,
                blockysize=256,
                compress="deflate",
            ) as dataset:
                dataset.write(part, 1)


def translate_loop(stack: Stack, folder: Path) -> None:
    """Cut every layer to the common overlap, one process after the other."""
    assert stack.overlap is not None
    left, bottom, right, top = stack.overlap
    window = [str(value) for value in (left, top, right, bottom)]
    binary = shutil.which("gdal_translate")
    for product in stack.products:
        place = folder / product.name
        place.mkdir(parents=True)
        for layer, source in product.layers.items():
            target = str(place / f"{product.name}_{layer}_clip.tif")
            if binary:
                command = [binary, "-q", "-projwin", *window, source, target]
            else:
                command = [sys.executable, "-c", BINDINGS, source, target, *window]
            subprocess.run(command, check=True, env={**os.environ, "GDAL_PAM_ENABLED": "NO"})


def processor_seconds() -> float:
    """Processor time of this process and of those it has waited for."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(label: str, shape: tuple[int, int], count: int) -> None:
    """Print products per second and ratios for products of one size."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_products(folder / "in", shape, count)
        stack = find_stack(folder / "in")
        runs: dict[str, list[float]] = {}
        used: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            works: dict[str, Callable[[], object]] = {
                "loop": lambda n=number: translate_loop(stack, folder / f"loop{n}"),
                "prepare": lambda n=number: find_stack(folder / "in").prepare(folder / f"out{n}"),
                "again": lambda n=number: stack.prepare(folder / f"out{n}"),
                "check": lambda: find_stack(folder / "in").check(),
                "deep check": lambda: stack.check(deep=True),
            }
            for name, work in works.items():
                before = processor_seconds()
                runs.setdefault(name, []).append(seconds(work))
                used.setdefault(name, []).append(processor_seconds() - before)
        verify(stack, folder)
        loop = statistics.median(runs["loop"])
        tool = "gdal_translate" if shutil.which("gdal_translate") else "osgeo.gdal.Translate, a process each"
        print(f"prepare, {label} ({shape[0]} x {shape[1]}, {count} products, 6 layers, {cores()} cores)")
        print(f"  loop of {tool}: {count / loop:.1f} products/s")
        for name in ("prepare", "again", "check", "deep check"):
            took = statistics.median(runs[name])
            print(f"  {name}: {count / took:.1f} products/s, {loop / took:.1f} x as fast as the loop")
        # On a machine that is busy with other things this says more than the clock.
        ratio = statistics.median(used["loop"]) / statistics.median(used["prepare"])
        print(
            f"  processor time of the loop: {ratio:.2f} x that of prepare, which spreads it over {cores()} cores"
        )
        sizes = [sum(p.stat().st_size for p in (folder / name).rglob("*.tif")) for name in ("loop0", "out0")]
        print(f"  size on disk: {sizes[1] / sizes[0]:.2f} of the loop's")


def verify(stack: Stack, folder: Path) -> None:
    """Make sure that both made the same rasters."""
    for product in stack.products:
        for layer in product.layers:
            ours = folder / "out0" / product.name / f"{product.name}_{layer}.tif"
            theirs = folder / "loop0" / product.name / f"{product.name}_{layer}_clip.tif"
            with rasterio.open(ours) as a, rasterio.open(theirs) as b:
                assert a.transform == b.transform
                assert (a.read(1) == b.read(1)).all()


def find_many(count: int = 1000) -> None:
    """Print how long a thousand products take to find and to check."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_products(folder / "in", (64, 64))
        source = find_stack(folder / "in").products[0]
        for number in range(count):
            name = f"{source.name[:-4]}{number:04X}"
            (folder / "all" / name).mkdir(parents=True)
            for file in source.path.iterdir():
                shutil.copy(file, folder / "all" / name / file.name.replace(source.name, name))
        find = seconds(lambda: find_stack(folder / "all"))
        stack = find_stack(folder / "all")
        check = seconds(stack.check)
        print(f"find_stack: {count} products in {find:.2f} s; check without pixels: {check:.2f} s")


def main() -> None:
    """Measure and print."""
    find_many()
    compare("a few bursts", (700, 2300), 10)
    compare("a whole frame", (2800, 3300), 4)


if __name__ == "__main__":
    main()
