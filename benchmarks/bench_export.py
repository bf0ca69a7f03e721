"""Exports: memory of a series ten times larger than what is allowed, and speed beside MintPy's own programs.

A series of noise, as HDF5 as MintPy writes it, is exported three ways in processes of their own, in turns: by
`export_displacement`, by MintPy's ``save_gdal.py`` started once a date as a script does it, and by MintPy's function
called once a date within one process, so that starting Python is not counted. Velocity as KMZ goes beside MintPy's
``save_kmz.py``. Memory is the largest resident set of the process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

DATES, ROWS, COLUMNS = 40, 1000, 1200
ALLOWED = DATES * ROWS * COLUMNS * 4 // 10
ROUNDS = 3
MEASURE = """
import json, resource, sys, time
began = time.perf_counter()
{body}
print(json.dumps([time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
IMPORTED = "from insar_widgets import open_results, {names}\nimport os\n"
OURS = "export_displacement(open_results({folder!r}), {out!r}, memory={memory})"
POINTS = "export_points(open_results({folder!r}), {out!r} + '/points.csv', mask=None, memory={memory})"
WRAPPED = "export_wrapped(open_results({folder!r}), {out!r}, memory={memory})"
KMZ = "export_kmz(open_results({folder!r}), {out!r}, 'velocity', mask=None, memory={memory})"
LOOP = """
import os, contextlib, io
from mintpy.cli import save_gdal
os.makedirs({out!r}, exist_ok=True)
with contextlib.redirect_stdout(io.StringIO()):
    for date in {dates!r}:
        save_gdal.main([{series!r}, "-d", date, "-o", {out!r} + "/" + date + ".tif"])
"""
THEIR_KMZ = """
import os, contextlib, io
from mintpy.cli import save_kmz
os.makedirs({out!r}, exist_ok=True)
with contextlib.redirect_stdout(io.StringIO()):
    save_kmz.main([{velocity!r}, "-o", {out!r} + "/velocity.kmz"])
"""


def make(folder: Path, dates: list[str], rows: int, columns: int) -> None:
    """A work directory as MintPy leaves it, as far as exports look."""
    rng = np.random.default_rng(0)
    attributes = {
        "X_FIRST": 300000.0, "Y_FIRST": 4000000.0, "X_STEP": 80.0, "Y_STEP": -80.0, "WIDTH": columns, "LENGTH": rows,
        "EPSG": 32611, "UTM_ZONE": "11N", "X_UNIT": "meters", "Y_UNIT": "meters", "WAVELENGTH": 0.0554658,
        "REF_DATE": dates[0], "REF_X": 5, "REF_Y": 6, "PROCESSOR": "hyp3", "START_DATE": dates[0],
        "END_DATE": dates[-1], "DATA_TYPE": "float32", "DATE12": f"{dates[0][2:]}-{dates[-1][2:]}",
    }  # fmt: skip
    folder.mkdir()

    def attribute(file: h5py.File, kind: str, unit: str) -> None:
        for key, value in (attributes | {"FILE_TYPE": kind, "UNIT": unit}).items():
            file.attrs[key] = str(value)

    with h5py.File(folder / "timeseries.h5", "w") as file:
        attribute(file, "timeseries", "m")
        file["date"] = np.array(dates, "S8")
        file["bperp"] = np.zeros(len(dates), np.float32)
        series = file.create_dataset("timeseries", (len(dates), rows, columns), "f4", chunks=True)
        for i in range(len(dates)):
            series[i] = rng.normal(0, 0.01, (rows, columns)).astype(np.float32)
    with h5py.File(folder / "velocity.h5", "w") as file:
        attribute(file, "velocity", "m/year")
        file["velocity"] = rng.normal(0, 0.01, (rows, columns)).astype(np.float32)
        file["velocityStd"] = np.full((rows, columns), 0.001, np.float32)
    with h5py.File(folder / "numInvIfgram.h5", "w") as file:
        attribute(file, "mask", "1")
        file["mask"] = np.full((rows, columns), 3, np.int16)
    (folder / "smallbaselineApp.cfg").write_text("mintpy.load.processor = hyp3\n")


def run(body: str) -> tuple[float, float]:
    """Seconds without the start of Python, and megabytes, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(body=body)], capture_output=True, text=True, check=False,
        env={**os.environ, "MPLBACKEND": "Agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def commands(series: Path, dates: list[str], out: Path) -> float:
    """Seconds of the program, started once a date."""
    out.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("save_gdal.py"))
    began = time.perf_counter()
    for date in dates:
        subprocess.run(
            [program, str(series), "-d", date, "-o", str(out / f"{date}.tif")],
            capture_output=True,
            check=True,
        )
    return time.perf_counter() - began


def ours(body: str, **values: object) -> tuple[float, float]:
    names = body.partition("(")[0]
    return run(IMPORTED.format(names=names) + body.format(**values))


def main() -> None:
    dates = [f"2020{1 + i // 28:02d}{1 + i % 28:02d}" for i in range(DATES)]
    with tempfile.TemporaryDirectory(prefix="bench-export-") as name:
        top = Path(name)
        folder, small = top / "work", top / "small"
        make(folder, dates, ROWS, COLUMNS)
        make(small, dates[:2], 100, 120)
        base = ours(OURS, folder=str(small), out=str(top / "base"), memory=ALLOWED)[1]
        whole = DATES * ROWS * COLUMNS * 4 / 2**20
        print(
            f"  series of {whole:.0f} MB, {ALLOWED / 2**20:.0f} MB allowed; memory above that of a tiny export:"
        )
        for label, body in (("GeoTIFF", OURS), ("fringes", WRAPPED), ("points", POINTS), ("KMZ", KMZ)):
            _, memory = ours(body, folder=str(folder), out=str(top / f"m-{label}"), memory=ALLOWED)
            above = memory - base
            share = above * 2**20 / ALLOWED
            print(
                f"    {label}: {above:.0f} MB, {share:.1f} x what is allowed, {above / whole:.2f} x the series"
            )
        times: dict[str, list[float]] = {"ours": [], "loop": [], "commands": [], "kmz": [], "their kmz": []}
        peaks: dict[str, float] = {}
        few = dates[:4]
        for i in range(ROUNDS):
            out = str(top / f"t{i}")
            common = {"folder": str(folder), "memory": 256 * 2**20}
            seconds, peaks["ours"] = ours(OURS, out=f"{out}-ours", **common)
            times["ours"].append(seconds / len(dates))
            series = str(folder / "timeseries.h5")
            seconds, peaks["loop"] = run(LOOP.format(out=f"{out}-loop", dates=dates, series=series))
            times["loop"].append(seconds / len(dates))
            times["commands"].append(commands(Path(series), few, Path(f"{out}-commands")) / len(few))
            seconds, peaks["kmz"] = ours(KMZ, out=f"{out}-kmz", **common)
            times["kmz"].append(seconds)
            seconds, peaks["their kmz"] = run(
                THEIR_KMZ.format(out=f"{out}-their", velocity=str(folder / "velocity.h5"))
            )
            times["their kmz"].append(seconds)
        middle = {key: statistics.median(values) for key, values in times.items()}
        print(
            f"  a date as GeoTIFF ({ROWS} x {COLUMNS}): {middle['ours'] * 1e3:.0f} ms; save_gdal.py once a date "
            f"{middle['commands'] / middle['ours']:.1f} x as long, its function in one process "
            f"{middle['loop'] / middle['ours']:.1f} x"
        )
        slower, larger = middle["their kmz"] / middle["kmz"], peaks["their kmz"] / peaks["kmz"]
        print(
            f"  velocity as KMZ: {middle['kmz']:.1f} s and {peaks['kmz']:.0f} MB; save_kmz.py "
            f"{slower:.1f} x as long and {larger:.1f} x the memory"
        )
