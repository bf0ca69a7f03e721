"""What the fast engine's inversion is limited by: reading, memory, arithmetic or the caches. All measured in one run.

First what the machine can do, on the same cores: copy arrays far larger than its caches; multiply matrices (the most
arithmetic there is); and, compiled, subtract a product of two rows from a third one, which is what a Cholesky factor
is made of, within the megabyte that the kernel works in. Then, for each network, what a pixel needs at the least: bytes
that are read and written once; floating-point operations, and numbers fetched from and put into the caches, both
counted along the kernel's loops. And what it takes: the parts of the kernel (processor time), reading from disk (the
file's pages dropped before) and from memory, and the whole patch with its proof. The limit is the need that explains
most.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numba import njit

from benchmarks.bench_engine import CASES, PATCH, network, seconds, write
from insar_widgets.resources import cores
from insar_widgets.runner.engine import solver
from insar_widgets.runner.engine._kernels import (
    _coherence,
    _condition,
    _decompose,
    _gather,
    _norm,
    _normal,
    _redundancy,
    _substitute,
)
from insar_widgets.runner.engine.proof import SAMPLE
from insar_widgets.runner.engine.weights import Weighting

ROUNDS = 5
STAGES = (
    *("gathering and weighing", "normal matrix", "Cholesky", "substitution", "condition", "coherence"),
    "results",
)
_SQUARE = 1024  # rows of the matrices that are multiplied
_LARGE = 1 << 25  # bytes for each core that are copied


@dataclass(frozen=True)
class Machine:
    """What these cores can do in a second: bytes of memory, operations, and numbers from and into their caches."""

    memory: float
    arithmetic: float
    cache: float


@njit(cache=True, nogil=True)
def _copy(source: Any, target: Any) -> None:
    for k in range(len(source)):
        target[k] = source[k]


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _subtract_products(a: Any, b: Any, c: Any, times: int) -> None:
    """The statement that a Cholesky factor is made of."""
    for _ in range(times):
        for row in range(len(a)):
            for p in range(a.shape[1]):
                a[row, p] -= b[row, p] * c[row, p]


def best(*works: Callable[[], object]) -> list[float]:
    """Least seconds of each in some rounds, in turns: what else goes on can only add to them."""
    for work in works:
        work()
    return [min(times) for times in zip(*([seconds(w) for w in works] for _ in range(ROUNDS)), strict=True)]


def in_threads(work: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(work, range(cores())))


def processor_seconds(work: Callable[[int], object]) -> float:
    """Most seconds that a processor needed for one of the threads, whatever else it did meanwhile."""

    def timed(k: int) -> float:
        began = time.thread_time()
        work(k)
        return time.thread_time() - began

    with ThreadPoolExecutor(cores()) as pool:
        return max(pool.map(timed, range(cores())))


def machine(group: int) -> Machine:
    """Measure it; `group` is how many pixels are side by side."""
    large = [(np.ones(_LARGE // 8), np.zeros(_LARGE // 8)) for _ in range(cores())]
    matrix = np.random.default_rng(0).random((_SQUARE, _SQUARE))
    shape, times = (solver._CACHE // (3 * 8 * group), group), 500
    rows = [[np.full(shape, 1e-6) for _ in range(3)] for _ in range(cores())]
    copied, multiplied, subtracted = best(
        lambda: in_threads(lambda k: _copy(*large[k])),
        lambda: matrix @ matrix,
        lambda: in_threads(lambda k: _subtract_products(*rows[k], times)),
    )
    return Machine(
        memory=2 * _LARGE * cores() / copied,
        arithmetic=2 * _SQUARE**3 / multiplied,
        cache=4 * shape[0] * shape[1] * times * cores() / subtracted,
    )


def needs(net: Any, pairs: int, degree: int) -> list[tuple[int, int]]:
    """Operations of a pixel in each of `STAGES`, and numbers loaded and stored, counted along the kernel's loops."""
    unknowns = len(net.start)
    widths = [int(i - start) for i, start in enumerate(net.start)]
    inner = sum(
        int(j - max(start, net.start[j])) for i, start in enumerate(net.start) for j in range(start, i)
    )
    substitution = (4 * sum(widths) + 2 * unknowns, 8 * sum(widths) + 6 * unknowns)
    return [
        (7 * pairs, 9 * pairs),
        (15 * pairs + 3 * unknowns, 31 * pairs + net.size + 6 * unknowns),
        (2 * inner + 3 * sum(widths) + 3 * unknowns, 4 * inner + 6 * sum(widths) + 5 * unknowns),
        substitution,
        (3 * substitution[0] + 23 * unknowns, 3 * substitution[1] + 42 * unknowns),
        (pairs * (12 + 4 * degree), 8 * pairs),
        (4, 2 * unknowns + 10),
    ]


@njit(nogil=True)
def _stages(  # noqa: PLR0917 - as the kernel
    obs: Any, given: Any, pixels: Any, net: Any, weights: Any, rules: Any, last: int
) -> float:
    """The first parts of `solve_pixels` for some pixels, up to `last`; a number, so that nothing is left out."""
    pairs, unknowns, v = len(net.first), len(net.start), rules.group
    y, w, valid = np.zeros((pairs, v)), np.zeros((pairs, v)), np.zeros((pairs, v))
    factor, diagonal = np.zeros((net.size, v)), np.zeros((unknowns, v))
    right, x = np.zeros((unknowns, v)), np.zeros((unknowns, v))
    columns = np.zeros((unknowns + 1, v))
    total, few, bad, norm = np.zeros(v), np.zeros(v), np.zeros(v), np.zeros(v)
    side, other = np.zeros(v), np.zeros(v)
    for base in range(0, len(pixels), v):
        _gather(obs, given, pixels[base : base + v], net, weights, y, w, valid)
        if last > 0:
            _redundancy(net, rules.min_redundancy, valid, x, total, few)
            _normal(net, y, w, factor, right)
            _norm(net, rules.velocity, w, norm, other, side, columns)
        if last > 1:
            _decompose(net, factor, diagonal, side, bad)
        if last > 2:
            _substitute(net, factor, diagonal, right)
        if last > 3:
            _condition(net, rules, factor, diagonal, norm, x, side, bad)
        if last > 4:
            _coherence(net, rules, y, valid, right, side, other)
    return float(y[0, 0] + right[0, 0] + side[0] + bad[0])


def arguments(problem: Any) -> tuple[Any, ...]:
    """What `solve` gives its kernel for the first pixels."""
    caught: list[Any] = []
    kernel = solver.solve_pixels
    solver.solve_pixels = lambda *given: caught.append(given)  # type: ignore[assignment]
    try:
        solver.solve(problem, np.arange(problem.obs.shape[1]))
    finally:
        solver.solve_pixels = kernel
    return tuple(caught[0])


def read_of(path: Path) -> Any:
    """The patch of a file as the engine reads it."""
    from insar_widgets.runner.engine.reading import read_patch

    with h5py.File(path) as file:
        reference = np.zeros(len(file["date"]), np.float32)
    return read_patch(str(path), (0, 0, PATCH[1], PATCH[0]), "unwrapPhase", reference, coherence=True)


def drop_pages(path: Path) -> None:
    """Have the system forget what it keeps of a file in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold_read(path: Path) -> float:
    """Seconds of reading from disk."""
    drop_pages(path)
    return seconds(lambda: read_of(path))


def invert(path: Path, sample: int) -> None:
    """The whole patch with a proof at so many pixels."""
    from insar_widgets.runner.engine.inversion import FastInversion

    with h5py.File(path) as file:
        reference = np.zeros(len(file["date"]), np.float32)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        FastInversion(f"{path}.proof", 1, sample)(
            str(path), box=(0, 0, PATCH[1], PATCH[0]), ref_phase=reference
        )


def case(path: Path, dates: int, later: int) -> None:
    """Measure one network, and say what limits it."""
    write(path, dates, later)
    pixels = PATCH[0] * PATCH[1]
    patch = read_of(path)
    with h5py.File(path) as file:
        formula = Weighting.of("var", dict(file.attrs)).formula
    problem = replace(
        network(dates, later, 1), obs=patch.obs, root_weight=None, coherence=patch.coherence, formula=formula
    )
    every, pairs = np.arange(pixels), len(patch.obs)
    obs, given, _, net, weights, rules, *outputs, _ = arguments(problem)
    can = machine(rules.group)
    parts = np.array_split(every, cores())
    upto = np.full(len(STAGES), np.inf)
    states = [np.zeros(len(part), np.uint8) for part in parts]

    def stages(last: int, k: int) -> None:
        if last < len(STAGES) - 1:
            _stages(obs, given, parts[k], net, weights, rules, last)
        else:
            solver.solve_pixels(obs, given, parts[k], net, weights, rules, *outputs, states[k])

    for _, last in product(range(ROUNDS), range(len(STAGES))):
        upto[last] = min(upto[last], processor_seconds(partial(stages, last)))
    upto *= 1e6 / pixels
    solving, whole, reading = (
        1e6 / pixels * took
        for took in best(
            lambda: solver.solve(problem, every, threads=cores()),
            lambda: invert(path, 0),
            lambda: read_of(path),
        )
    )
    proof = seconds(lambda: invert(path, SAMPLE)) - whole * pixels / 1e6
    disk = 1e6 / pixels * min(cold_read(path) for _ in range(ROUNDS))
    counted = needs(net, pairs, len(rules.cosine) - 1)
    operations, fetched = (sum(numbers) for numbers in zip(*counted, strict=True))
    size = (
        8 * pairs + 4 * dates + 7
    )  # bytes: phase and coherence of each pair; series, coherence, count, state
    bounds = {
        "memory bandwidth": 1e6 * size / can.memory,
        "arithmetic": 1e6 * operations / can.arithmetic,
        "traffic with the caches": 1e6 * fetched / can.cache,
        "reading": reading,
    }
    print(
        f"{dates}/{pairs}: this machine copies {can.memory / 1e9:.1f} GB/s, multiplies matrices at "
        f"{can.arithmetic / 1e9:.0f} Gflop/s, and {rules.group} pixels side by side load and store "
        f"{can.cache / 1e9:.1f} numbers a nanosecond in the caches"
    )
    for name, took, (flops, numbers) in zip(STAGES, np.diff([0.0, *upto]), counted, strict=True):
        print(
            f"  {name:<24}{took:7.2f} us/pixel {100 * took / upto[-1]:4.0f}%  {flops:7,} operations "
            f"{numbers:7,} loads and stores"
        )
    print(
        f"  the kernel takes {solving:.2f} us/pixel: {operations / solving / 1e3:.1f} Gflop/s, "
        f"{fetched / solving / 1e3:.1f} numbers a nanosecond, {size / solving / 1e3:.2f} GB/s of {size:,} bytes"
    )
    print(
        f"  a patch without its proof takes {whole:.2f} us/pixel: the kernel {100 * solving / whole:.0f}%, reading "
        f"{100 * reading / whole:.0f}% ({reading:.2f}; from disk {disk:.2f}), the rest (masks, units, a line read "
        f"again) {100 * (whole - solving - reading) / whole:.0f}%; the proof takes {proof:.2f} s of a frame"
    )
    shares = ", ".join(f"{name} {100 * us / whole:.0f}%" for name, us in bounds.items())
    print(
        f"  limit: {max(bounds, key=lambda name: bounds[name])} (each alone, of a patch: {shares})",
        flush=True,
    )
    path.unlink()


def main() -> None:
    """Measure all networks once."""
    print(f"{cores()} cores; load of the last minute {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-limit-") as name:
        for dates, later in CASES:
            case(Path(name) / f"stack{dates}.h5", dates, later)


if __name__ == "__main__":
    main()
