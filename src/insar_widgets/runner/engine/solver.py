"""Many pixels of a network of interferograms solved at once: the numbers of MintPy's ``estimate_timeseries``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from insar_widgets.runner.engine._kernels import EQUAL, FEW, GIVEN, HARD, Rules, Weights, solve_pixels
from insar_widgets.runner.engine._network import network_arrays

__all__ = ["MOST_CONDITION", "Problem", "Solution", "run_parts", "solve"]

MOST_CONDITION = 5e3
"""Condition above which a pixel is MintPy's: it cuts singular values below 1e-5 of the largest, in float32."""

_PART = 4096  # pixels between two looks at whether to go on
_DEGREE = 7
_CACHE = 1 << 20  # bytes


def _circle() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Polynomials in x**2 for cos(x) and sin(x) / x on [-pi, pi], highest power first, good to 1e-9."""

    def powers(function: Callable[[Any], Any]) -> NDArray[np.float64]:
        series = Chebyshev.interpolate(function, _DEGREE, domain=[0, np.pi**2])
        return np.ascontiguousarray(series.convert(kind=Polynomial).coef[::-1])

    return powers(lambda q: np.cos(np.sqrt(np.abs(q)))), powers(lambda q: np.sinc(np.sqrt(np.abs(q)) / np.pi))


_COSINE, _SINE = _circle()


@dataclass(frozen=True)
class Problem:
    """A network of interferograms and what they observe at some pixels.

    Attributes
    ----------
    phases, velocities
        MintPy's design matrices for phases and for velocities, (pair, date - 1).
    years
        Time between successive dates in years, (date - 1, 1).
    obs
        Phase of each pair in radians, NaN where there is none, float32 (pair, pixel).
    root_weight
        Square root of the weights, float32 (pair, pixel); None for equal weights, or if there is a `formula`.
    velocity
        Whether the solution minimises residuals of velocity (they are the same where it is unique).
    min_redundancy
        Least number of pairs at every date but the reference date.
    coherence
        Spatial coherence, float32 (pair, pixel), where there is a `formula`.
    formula
        How weights follow from the coherence.
    """

    phases: NDArray[Any]
    velocities: NDArray[Any]
    years: NDArray[Any]
    obs: NDArray[np.float32]
    root_weight: NDArray[np.float32] | None = None
    velocity: bool = True
    min_redundancy: float = 1.0
    coherence: NDArray[np.float32] | None = None
    formula: Weights | None = None

    def weights(self) -> tuple[Weights, NDArray[np.float32]]:
        """How the kernels get their weights, and from what."""
        if self.formula is not None and self.coherence is not None:
            return self.formula, self.coherence
        kind, given = (EQUAL, self.obs) if self.root_weight is None else (GIVEN, self.root_weight)
        return Weights(kind, 0.0, 0.0, 0.0, 1.0, np.zeros(0)), given


@dataclass(frozen=True)
class Solution:
    """What the pixels of a block have become.

    Attributes
    ----------
    phase
        Phase of each date relative to the first, radians, float32 (date, pixel); 0 where nothing was solved.
    quality
        Temporal coherence, float32 (pixel,).
    count
        Number of pairs used, int16 (pixel,).
    few
        How many of the pixels asked for have a date with too few pairs.
    hard
        The pixels that are left to MintPy's own estimator: their network falls apart, or the weights leave it badly
        conditioned. int64.
    """

    phase: NDArray[np.float32]
    quality: NDArray[np.float32]
    count: NDArray[np.int16]
    few: int
    hard: NDArray[np.int64]


def solve(
    problem: Problem,
    pixels: NDArray[np.int64],
    *,
    quality: bool = True,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    most_condition: float = MOST_CONDITION,
) -> Solution:
    """Solve the network at some pixels of a block.

    Parameters
    ----------
    problem
        The network and its observations.
    pixels
        Columns of the observations to solve.
    quality
        Whether to compute the temporal coherence.
    threads
        How many threads to use.
    progress
        Called in this thread with the number of pixels that are done.
    most_condition
        See `MOST_CONDITION`.

    Returns
    -------
    Solution
        With zeros at pixels that were not asked for, have too few pairs or are left to MintPy.
    """
    obs = problem.obs
    weights, given = problem.weights()
    net = network_arrays(problem.phases, problem.velocities, problem.years, velocity=problem.velocity)
    pixels = np.ascontiguousarray(pixels, dtype=np.int64)
    phase = np.zeros((len(net.start) + 1, obs.shape[1]), np.float32)
    coherence = np.zeros(obs.shape[1], np.float32)
    count = np.zeros(obs.shape[1], np.int16)
    state = np.full(len(pixels), HARD, np.uint8)
    # as many pixels side by side as the cache of a core holds
    group = int(np.clip(_CACHE // (8 * (3 * len(obs) + net.size + 6 * len(net.start))), 8, 128))
    rules = Rules(
        group=group,
        velocity=problem.velocity,
        min_redundancy=float(problem.min_redundancy),
        most_condition=float(most_condition),
        quality=quality,
        cosine=_COSINE,
        sine=_SINE,
    )

    def part(begin: int, end: int) -> int:
        solve_pixels(
            obs,
            given,
            pixels[begin:end],
            net,
            weights,
            rules,
            phase,
            coherence,
            count,
            state[begin:end],
        )
        return end - begin

    bounds = [(begin, min(begin + _PART, len(pixels))) for begin in range(0, len(pixels), _PART)]
    run_parts(part, bounds, threads, progress)
    return Solution(
        phase=phase,
        quality=coherence,
        count=count,
        few=int(np.count_nonzero(state == FEW)),
        hard=pixels[state == HARD],
    )


def run_parts(
    part: Callable[[int, int], int],
    bounds: list[tuple[int, int]],
    threads: int,
    progress: Callable[[int], None] | None,
) -> None:
    """Do parts in threads, none of which is left when this returns; an interrupt is heard between two parts."""
    done = 0
    pool = ThreadPoolExecutor(max_workers=max(1, threads))
    try:
        futures = {pool.submit(part, begin, end) for begin, end in bounds}
        while futures:
            ready, futures = wait(futures, timeout=0.25, return_when="FIRST_COMPLETED")
            done += sum(future.result() for future in ready)
            if progress is not None:
                progress(done)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
