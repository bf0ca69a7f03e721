"""The fast engine beside MintPy's own loops, on the same synthetic data in one run.

MintPy's side is measured on the number of pixels that each line states, and its cost for one pixel taken to be the
same for all; the two sides take turns. Arrays: `solve` against `estimate_timeseries`, `fit_dem_error` against
`estimate_dem_error`. Patches: MintPy's patch function and the engine's, with reading and weighting, each in a process
of its own on the same ifgramStack.h5, which also tells the peak of its memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from insar_widgets.resources import cores

SCALE = float(os.environ.get("BENCH_ENGINE_SCALE", "1"))  # of the numbers of pixels
ROUNDS = 3
CASES = ((20, 3), (98, 3), (200, 3))  # dates, and to how many later ones each is paired: 54, 288, 594 pairs
PATCH = (200, 200)
META = {
    "FILE_TYPE": "ifgramStack", "PROCESSOR": "hyp3", "WAVELENGTH": "0.05546576", "ALOOKS": "4", "RLOOKS": "20",
    "NCORRLOOKS": "20", "UNIT": "radian", "DATA_TYPE": "float32", "REF_Y": "0", "REF_X": "0",
    "RANGE_PIXEL_SIZE": "2.3", "AZIMUTH_PIXEL_SIZE": "14.1", "CENTER_LINE_UTC": "2421.89",
}  # fmt: skip


def names(dates: int, later: int) -> list[str]:
    """Pairs of each date with the next ones."""
    days = [f"{date(2017, 1, 5) + timedelta(days=12 * n):%Y%m%d}" for n in range(dates)]
    return [f"{days[i]}_{days[j]}" for i in range(dates) for j in range(i + 1, min(dates, i + later + 1))]


def network(dates: int, later: int, pixels: int) -> Any:
    """A network and its observations: a walk in time, noise, weights."""
    from mintpy.objects import ifgramStack

    from insar_widgets.runner.engine.solver import Problem

    phases, rates = ifgramStack.get_design_matrix4timeseries(names(dates, later))[:2]
    rng = np.random.default_rng(dates)
    walk = rng.normal(0, 0.6, (phases.shape[1], pixels)).cumsum(axis=0)
    obs = (phases @ walk + rng.normal(0, 0.3, (len(phases), pixels))).astype(np.float32)
    weight = rng.uniform(0.5, 4, obs.shape).astype(np.float32)
    years = np.full((dates - 1, 1), 12 / 365.25, np.float32)
    return Problem(phases, rates, years, obs, weight)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def inversion(dates: int, later: int) -> None:
    """Microseconds a pixel of both, on arrays."""
    import mintpy.ifgram_inversion as theirs

    from insar_widgets.runner.engine.solver import solve

    many, few = int(SCALE * 4_000_000 / dates), max(4, int(SCALE * 8000 / dates))
    problem = network(dates, later, many)
    every = np.arange(many)

    def mintpy() -> None:
        for pixel in range(few):
            theirs.estimate_timeseries(
                A=problem.phases,
                B=problem.velocities,
                y=problem.obs[:, [pixel]],
                tbase_diff=problem.years,
                weight_sqrt=problem.root_weight[:, [pixel]],
                print_msg=False,
            )

    ours, others = turns(lambda: solve(problem, every, threads=cores()), mintpy, many, few)
    say(f"inversion {dates}/{len(problem.obs)}", ours, others, many, few)


def topography(dates: int) -> None:
    """Microseconds a pixel of both, on arrays."""
    import mintpy.dem_error as theirs

    from insar_widgets.runner.engine.topography import SeriesModel, fit_dem_error

    many, few = int(SCALE * 4_000_000 / dates), max(4, int(SCALE * 20000 / dates))
    rng = np.random.default_rng(dates)
    years = (np.arange(dates) * 12 / 365.25).astype(np.float32)
    model = SeriesModel(
        series=rng.normal(0, 0.01, (dates, many)).astype(np.float32),
        baseline=rng.normal(0, 60, (dates, 1)),
        scale=rng.uniform(1.5e-6, 2e-6, many),
        deformation=np.stack([np.ones(dates), years, years**2 / 2], axis=1),
        years=years,
        used=np.ones(dates, np.bool_),
    )

    def mintpy() -> None:
        for pixel in range(few):
            theirs.estimate_dem_error(
                ts0=model.series[:, pixel],
                G0=np.hstack((model.baseline * model.scale[pixel], model.deformation)),
                tbase=years.reshape(-1, 1),
                date_flag=model.used,
            )

    if fit_dem_error(model) is None:  # a refusal takes no time
        print(f"correct_topography {dates} dates: left to MintPy, nothing to compare", flush=True)
        return
    ours, others = turns(lambda: fit_dem_error(model), mintpy, many, few)
    say(f"correct_topography {dates} dates", ours, others, many, few)


def turns(
    ours: Callable[[], object], theirs: Callable[[], object], many: int, few: int
) -> tuple[float, float]:
    """Median microseconds a pixel of the two, which take turns."""
    ours()  # compiled, and memory touched
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    return (
        1e6 * statistics.median(a for a, _ in pairs) / many,
        1e6 * statistics.median(b for _, b in pairs) / few,
    )


def say(what: str, ours: float, others: float, many: int, few: int) -> None:
    print(
        f"{what:<32} fast {ours:8.2f} us/pixel ({many:,} pixels), MintPy {others:8.0f} us/pixel ({few:,} pixels): "
        f"{others / ours:6.0f} times",
        flush=True,
    )


def growth() -> None:
    """How the cost of a pixel grows with dates, pairs and pixels."""
    from insar_widgets.runner.engine.solver import solve

    def cost(dates: int, later: int, pixels: int) -> tuple[int, float]:
        problem = network(dates, later, max(1, int(SCALE * pixels)))
        every = np.arange(problem.obs.shape[1])
        solve(problem, every, threads=cores())
        times = [seconds(lambda: solve(problem, every, threads=cores())) for _ in range(ROUNDS)]
        return len(problem.obs), 1e6 * statistics.median(times) / len(every)

    for what, cases in {
        "dates, three pairs each": [(n, 3, 20_000) for n in (25, 50, 100, 200, 400)],
        "pairs, 98 dates": [(98, n, 20_000) for n in (1, 3, 6, 12)],
        "pixels, 98/288": [(98, 3, n) for n in (10_000, 20_000, 40_000, 80_000)],
    }.items():
        found = [(*case, *cost(*case)) for case in cases]
        line = "; ".join(f"{d}/{p}, {int(SCALE * n):,} pixels {us:.2f}" for d, _, n, p, us in found)
        print(f"growth with {what}, us/pixel: {line}", flush=True)
        sizes = [{"dates": d, "pairs": p, "pixels": n}[what.partition(",")[0]] for d, _, n, p, _ in found]
        power = np.polyfit(np.log(sizes), np.log([us for *_, us in found]), 1)[0]
        print(f"  fitted: the cost of a pixel grows as {what.partition(',')[0]} ** {power:.2f}", flush=True)


def write(path: Path, dates: int, later: int) -> None:
    """A stack in a file, as MintPy loads it."""
    rows, columns = PATCH
    problem = network(dates, later, columns)
    pairs = [name.split("_") for name in names(dates, later)]
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file.attrs.update(
            META
            | {
                "LENGTH": str(rows),
                "WIDTH": str(columns),
                "START_DATE": pairs[0][0],
                "END_DATE": pairs[-1][1],
            }
        )
        file["date"] = np.array(pairs, "S8")
        file["bperp"] = np.zeros(len(pairs), np.float32)
        file["dropIfgram"] = np.ones(len(pairs), np.bool_)
        for name in ("unwrapPhase", "coherence"):
            data = file.create_dataset(name, (len(pairs), rows, columns), np.float32)
            for k in range(len(pairs)):
                noise = rng.normal(0, 0.3, (rows, columns))
                data[k] = (
                    problem.obs[k] + noise if name == "unwrapPhase" else np.clip(0.6 + noise / 2, 0.1, 0.99)
                )


def child(engine: str, path: str, rows: int) -> None:
    """One patch in this process: seconds of the call, and the peak of memory before and after it, in MB."""
    import mintpy.ifgram_inversion as theirs

    call: Any = theirs.run_ifgram_inversion_patch
    if engine == "fast":
        from insar_widgets.runner.engine.inversion import FastInversion

        call = FastInversion(f"{path}.proof", 1)
    with h5py.File(path) as file:
        count = len(file["date"])
    box = (0, 0, PATCH[1], rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    with contextlib.redirect_stdout(sys.stderr):
        took = seconds(lambda: call(path, box=box, ref_phase=np.zeros(count, np.float32)))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps([took, before, after]))


def in_process(engine: str, path: Path, rows: int, **environ: str) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_engine", engine, str(path), str(rows)],
        capture_output=True, text=True, check=False, env={**os.environ, **environ},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    took, before, after = json.loads(done.stdout.strip().splitlines()[-1])
    return took, before, after


def patches(folder: Path) -> None:
    """Whole patch functions in processes of their own: time, memory, and what compiling adds."""
    rows, columns = PATCH
    for dates, later in CASES:
        path = folder / f"stack{dates}.h5"
        write(path, dates, later)
        whole = dates == 98  # here the peaks of memory are compared, on the same pixels
        some = max(1, int(SCALE * (rows if whole else 2000 / dates)))
        ours = in_process("fast", path, rows)
        theirs = in_process("mintpy", path, some)
        say(
            f"patch with reading {dates}",
            1e6 * ours[0] / (rows * columns),
            1e6 * theirs[0] / (some * columns),
            rows * columns,
            some * columns,
        )
        if whole and some == rows:
            print(
                f"  peak memory on the same {rows} x {columns} pixels: fast {ours[2]:.0f} MB "
                f"({ours[2] - ours[1]:.0f} above its imports), MintPy {theirs[2]:.0f} MB "
                f"({theirs[2] - theirs[1]:.0f} above its imports)",
                flush=True,
            )
        if dates == CASES[0][0]:
            cache = folder / "compiled"
            cold = in_process("fast", path, 2, NUMBA_CACHE_DIR=str(cache))
            warm = in_process("fast", path, 2, NUMBA_CACHE_DIR=str(cache))
            print(
                f"  first call ever, compiling: {cold[0]:.1f} s; from the cache {warm[0]:.1f} s", flush=True
            )
        path.unlink()


def main() -> None:
    """Measure everything once."""
    print(f"{cores()} cores; load of the last minute {os.getloadavg()[0]:.1f}")
    for dates, later in CASES:
        inversion(dates, later)
    for dates, _ in CASES:
        topography(dates)
    growth()
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as name:
        patches(Path(name))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        main()
