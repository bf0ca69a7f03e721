"""Compiled loops: a weighted network solved by a Cholesky factor in its envelope, many pixels side by side.

The normal matrix of a small-baseline network has entries only where a pair joins two dates, so its Cholesky
factor has none outside the envelope of those (George and Liu, 1981, Computer Solution of Large Sparse Positive
Definite Systems, chapter 4). The pixels of a group are the last index of every array: what is done to one is done
to all of them at once, and the compiler makes vector instructions of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "BY_COHERENCE",
    "BY_COMPONENT",
    "BY_FISHER",
    "BY_THRESHOLD",
    "BY_VARIANCE",
    "DONE",
    "EQUAL",
    "FEW",
    "GIVEN",
    "HARD",
    "UNMASKED",
    "Net",
    "Rules",
    "Weights",
    "prepare_pair",
    "solve_pixels",
]

DONE, FEW, HARD = 0, 1, 2
"""What became of a pixel: solved; too few pairs at a date; not unique or badly conditioned, for MintPy."""

UNMASKED, BY_COMPONENT, BY_THRESHOLD = 0, 1, 2
"""How a second data set masks the observations: not, where it is 0, where it is below a threshold."""

EQUAL, GIVEN, BY_VARIANCE, BY_FISHER, BY_COHERENCE = 0, 1, 2, 3, 4
"""Where weights come from: none; square roots of weights; coherence, by one of MintPy's formulas."""

_LEAST = np.float32(0.05)  # MintPy takes this coherence for any that is smaller, or NaN

_MOST = 1 - 1e-3  # and this one for any that is larger, in Fisher information
_SINGULAR = 1e-11  # a pivot, relative to its diagonal before elimination
_TWO_PI = 2 * np.pi
_REASSOCIATE = {"contract", "reassoc", "nsz"}
# compiled for `solve_pixels` only, not for Python: that saves a quarter of the time
_INTERNAL: Any = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _part_of_a_kernel[F: Callable[..., Any]](function: F) -> F:
    return cast("F", njit(fastmath=_REASSOCIATE, **_INTERNAL)(function))


# as MintPy rounds: no fast mathematics
def _to_the_last_bit[F: Callable[..., Any]](function: F) -> F:
    return cast("F", njit(**_INTERNAL)(function))


class Net(NamedTuple):
    """Which unknown each pair joins, and the envelope of the normal matrix.

    The unknowns are the phases of all dates but one, the grounded date, in the order of time.

    Attributes
    ----------
    first, second
        Unknown of the earlier and of the later date of each pair, int64 (pair,); -1 is the grounded date. The
        observation is the phase of `second` minus the phase of `first`.
    sign
        +1 where the pair is written early_late, -1 where it is written late_early, float64 (pair,).
    counted_first, counted_second
        Column of MintPy's design matrix (its reference date left out) for the redundancy of dates; -1 for none.
    start
        For each unknown the first unknown of its row of the Cholesky factor, int64 (unknown,).
    place
        Where the row of each unknown begins in the packed factor; place[u] + v - start[u] holds column v.
    size
        Number of values of the packed factor.
    years
        Time between each date and the one before it, float64 (date - 1,).
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    sign: NDArray[np.float64]
    counted_first: NDArray[np.int64]
    counted_second: NDArray[np.int64]
    start: NDArray[np.int64]
    place: NDArray[np.int64]
    size: int
    years: NDArray[np.float64]


class Weights(NamedTuple):
    """How weights follow from the values that are given.

    Attributes
    ----------
    kind
        EQUAL, GIVEN, BY_VARIANCE, BY_FISHER or BY_COHERENCE.
    looks
        Independent looks, for BY_FISHER.
    lowest, highest, step
        Coherences of the first and of the last of `roots`, and from each to the next.
    roots
        For BY_VARIANCE: square root of the weight of each coherence, rounded to float32.
    """

    kind: int
    looks: float
    lowest: float
    highest: float
    step: float
    roots: NDArray[np.float64]


class Rules(NamedTuple):
    """What is asked of a solution, see `solver.solve`; and polynomials in x**2 for cos(x) and sin(x) / x."""

    group: int
    velocity: bool
    min_redundancy: float
    most_condition: float
    quality: bool
    cosine: NDArray[np.float64]
    sine: NDArray[np.float64]


@_to_the_last_bit
def _weigh(values: Any, pixels: Any, how: Any, w: Any) -> None:
    """Weights of a pair at the pixels of a group: MintPy's, which rounds their square roots to float32."""
    for p in range(len(pixels)):
        value = values[pixels[p]]
        if how.kind == GIVEN:
            root = np.float64(value)
        else:
            coherence = np.float64(value if value > _LEAST else _LEAST)
            if how.kind == BY_VARIANCE:
                coherence = min(max(coherence, how.lowest), how.highest)
                root = how.roots[np.int64((coherence - how.lowest) / how.step)]
            elif how.kind == BY_FISHER:
                square = min(coherence, _MOST) * min(coherence, _MOST)
                root = np.float64(np.sqrt(np.float32(2.0 * how.looks * square / (1 - square))))
            else:
                root = np.float64(np.sqrt(np.float32(coherence)))
        w[p] = root * root


@_part_of_a_kernel
def _gather(obs: Any, given: Any, pixels: Any, net: Any, weights: Any, y: Any, w: Any, valid: Any) -> None:
    """Observations and weights of a group; pairs without a value have weight 0, places without a pixel weight 1."""
    for k in range(len(y)):
        w[k, :] = 1.0
        if weights.kind != EQUAL:
            _weigh(given[k], pixels, weights, w[k])
        for p in range(len(pixels)):
            value = np.float64(obs[k, pixels[p]])
            good = not np.isnan(value)
            valid[k, p] = 1.0 if good else 0.0
            y[k, p] = value * net.sign[k] if good else 0.0
            w[k, p] = w[k, p] if good else 0.0
        for p in range(len(pixels), y.shape[1]):
            valid[k, p] = 1.0
            y[k, p] = 0.0


@_part_of_a_kernel
def _redundancy(net: Any, least: float, valid: Any, counts: Any, total: Any, few: Any) -> None:
    """Number of pairs, and where a date has too few of them."""
    v = len(total)
    total[:] = 0
    few[:] = 0
    counts[:] = 0
    for k in range(len(valid)):
        i, j = net.counted_first[k], net.counted_second[k]
        for p in range(v):
            total[p] += valid[k, p]
        if i >= 0:
            for p in range(v):
                counts[i, p] += valid[k, p]
        if j >= 0:
            for p in range(v):
                counts[j, p] += valid[k, p]
    for i in range(len(counts)):
        for p in range(v):
            if counts[i, p] < least:
                few[p] = 1


@_part_of_a_kernel
def _normal(net: Any, y: Any, w: Any, factor: Any, right: Any) -> None:
    """Normal matrix in its envelope, and right-hand side."""
    v = y.shape[1]
    factor[:] = 0
    right[:] = 0
    for k in range(len(y)):
        i, j = net.first[k], net.second[k]
        if i >= 0:
            at = net.place[i] + i - net.start[i]
            for p in range(v):
                factor[at, p] += w[k, p]
                right[i, p] -= w[k, p] * y[k, p]
        if j >= 0:
            at = net.place[j] + j - net.start[j]
            for p in range(v):
                factor[at, p] += w[k, p]
                right[j, p] += w[k, p] * y[k, p]
        if i >= 0 and j >= 0:
            at = net.place[j] + i - net.start[j]
            for p in range(v):
                factor[at, p] -= w[k, p]


@_part_of_a_kernel
def _norm(  # noqa: PLR0912 - plain loops
    net: Any, velocity: bool, w: Any, norm: Any, rows: Any, side: Any, columns: Any
) -> None:
    """Bound for the largest singular value of the matrix MintPy decomposes: sqrt(largest row * largest column)."""
    v = w.shape[1]
    norm[:] = 0
    rows[:] = 0
    columns[:] = 0
    side[:] = 0
    for k in range(len(w)):
        i, j = net.first[k], net.second[k]
        span = 0.0
        if velocity:
            for m in range(i + 1, j + 1):
                span += net.years[m]
        else:
            span = (1.0 if i >= 0 else 0.0) + (1.0 if j >= 0 else 0.0)
        for p in range(v):
            root = np.sqrt(w[k, p])
            rows[p] = max(rows[p], root * span)
            if velocity:  # where the span begins, and where it has ended
                columns[i + 1, p] += root
                columns[j + 1, p] -= root
            else:
                if i >= 0:
                    columns[i, p] += root
                if j >= 0:
                    columns[j, p] += root
    for m in range(len(net.start)):
        for p in range(v):
            if velocity:
                side[p] += columns[m, p]
                norm[p] = max(norm[p], side[p] * net.years[m])
            else:
                norm[p] = max(norm[p], columns[m, p])
    for p in range(v):
        norm[p] = np.sqrt(norm[p] * rows[p])


@_part_of_a_kernel
def _decompose(net: Any, factor: Any, diagonal: Any, before: Any, bad: Any) -> None:
    """Cholesky factor in place; one over its diagonal beside it; pixels whose matrix is singular are bad."""
    v = len(bad)
    bad[:] = 0
    for i in range(len(net.start)):
        si, pi = net.start[i], net.place[i]
        last = pi + i - si
        for p in range(v):
            before[p] = factor[last, p]
        for j in range(si, i):
            sj, pj = net.start[j], net.place[j]
            at = pi + j - si
            for m in range(max(si, sj), j):
                a, b = pi + m - si, pj + m - sj
                for p in range(v):
                    factor[at, p] -= factor[a, p] * factor[b, p]
            for p in range(v):
                factor[at, p] *= diagonal[j, p]
                factor[last, p] -= factor[at, p] * factor[at, p]
        for p in range(v):
            pivot = factor[last, p]
            if not pivot > _SINGULAR * before[p]:
                bad[p] = 1
                pivot = 1.0
            diagonal[i, p] = 1.0 / np.sqrt(pivot)


@_part_of_a_kernel
def _substitute(net: Any, factor: Any, diagonal: Any, x: Any) -> None:
    """Solve L L' x = x in place."""
    unknowns, v = x.shape
    for i in range(unknowns):
        si, pi = net.start[i], net.place[i]
        for j in range(si, i):
            for p in range(v):
                x[i, p] -= factor[pi + j - si, p] * x[j, p]
        for p in range(v):
            x[i, p] *= diagonal[i, p]
    for i in range(unknowns - 1, -1, -1):
        si, pi = net.start[i], net.place[i]
        for p in range(v):
            x[i, p] *= diagonal[i, p]
        for j in range(si, i):
            for p in range(v):
                x[j, p] -= factor[pi + j - si, p] * x[i, p]


@_part_of_a_kernel
def _lengths(x: Any, out: Any) -> None:
    """Squares of the lengths of the vectors of a group."""
    out[:] = 0
    for i in range(len(x)):
        for p in range(x.shape[1]):
            out[p] += x[i, p] * x[i, p]


@_part_of_a_kernel
def _condition(  # noqa: PLR0912 - plain loops
    net: Any, rules: Any, factor: Any, diagonal: Any, norm: Any, x: Any, side: Any, bad: Any
) -> None:
    """Inverse iteration for the smallest singular value of the matrix MintPy decomposes; bad where it is small."""
    unknowns, v = x.shape
    for i in range(unknowns):
        for p in range(v):
            x[i, p] = 1.0 if i % 2 == 0 else -0.9
    for _ in range(3):
        _lengths(x, side)
        for p in range(v):
            side[p] = 1.0 / np.sqrt(side[p])
        for i in range(unknowns):
            for p in range(v):
                x[i, p] *= side[p]
        if rules.velocity:  # phases are running sums of velocities times years
            for i in range(unknowns):
                for p in range(v):
                    x[i, p] /= net.years[i]
            for i in range(unknowns - 1):
                for p in range(v):
                    x[i, p] -= x[i + 1, p]
        _substitute(net, factor, diagonal, x)
        if rules.velocity:
            for i in range(unknowns - 1, 0, -1):
                for p in range(v):
                    x[i, p] = (x[i, p] - x[i - 1, p]) / net.years[i]
            for p in range(v):
                x[0, p] /= net.years[0]
    _lengths(x, side)
    for p in range(v):
        # the length of the last vector is at most the largest eigenvalue of the inverse, and near it
        if not norm[p] * side[p] ** 0.25 < rules.most_condition:
            bad[p] = 1


@_part_of_a_kernel
def _coherence(net: Any, rules: Any, y: Any, valid: Any, x: Any, re: Any, im: Any) -> None:
    """Sum of exp(i e) over the pairs, e being the residual."""
    v = y.shape[1]
    re[:] = 0
    im[:] = 0
    for k in range(len(y)):
        i, j = net.first[k], net.second[k]
        for p in range(v):
            e = y[k, p]
            if j >= 0:
                e -= x[j, p]
            if i >= 0:
                e += x[i, p]
            e -= _TWO_PI * np.rint(e / _TWO_PI)
            q = e * e
            c = rules.cosine[0]
            s = rules.sine[0]
            for m in range(1, len(rules.cosine)):
                c = c * q + rules.cosine[m]
                s = s * q + rules.sine[m]
            re[p] += valid[k, p] * c
            im[p] += valid[k, p] * s * e * net.sign[k]


@njit(cache=True, nogil=True, fastmath=_REASSOCIATE)
def solve_pixels(
    obs: Any,
    given: Any,
    pixels: Any,
    net: Any,
    weights: Any,
    rules: Any,
    out: Any,
    out_quality: Any,
    out_count: Any,
    out_state: Any,
) -> None:
    """Solve the pixels whose columns of `obs` are named.

    Parameters
    ----------
    obs, given
        Observations in radians, and square roots of weights or coherence, float32 (pair, pixel).
    pixels
        Columns to solve, int64 (n,).
    net, weights, rules
        `Net`, `Weights` and `Rules`.
    out, out_quality, out_count
        Take the phases (date, pixel) without the grounded date, temporal coherence and number of pairs; only where a
        pixel is solved.
    out_state
        Takes what became of each of the pixels named, (n,).
    """
    pairs, unknowns, v = len(net.first), len(net.start), rules.group
    y, w, valid = np.zeros((pairs, v)), np.zeros((pairs, v)), np.zeros((pairs, v))
    factor, diagonal = np.zeros((net.size, v)), np.zeros((unknowns, v))
    right, x = np.zeros((unknowns, v)), np.zeros((unknowns, v))
    columns = np.zeros((unknowns + 1, v))
    total, few, bad, norm = np.zeros(v), np.zeros(v), np.zeros(v), np.zeros(v)
    side, other = np.zeros(v), np.zeros(v)
    for base in range(0, len(pixels), v):
        group = pixels[base : base + v]
        _gather(obs, given, group, net, weights, y, w, valid)
        _redundancy(net, rules.min_redundancy, valid, x, total, few)
        _normal(net, y, w, factor, right)
        _norm(net, rules.velocity, w, norm, other, side, columns)
        _decompose(net, factor, diagonal, side, bad)
        _substitute(net, factor, diagonal, right)
        _condition(net, rules, factor, diagonal, norm, x, side, bad)
        if rules.quality:
            _coherence(net, rules, y, valid, right, side, other)
        for p in range(len(group)):
            out_state[base + p] = FEW if few[p] else HARD if bad[p] else DONE
            if out_state[base + p] == DONE:
                out_count[group[p]] = total[p]
                if rules.quality:
                    out_quality[group[p]] = np.sqrt(side[p] ** 2 + other[p] ** 2) / total[p]
        for i in range(unknowns):
            for p in range(len(group)):
                if out_state[base + p] == DONE:
                    out[i + 1, group[p]] = right[i, p]


@njit(cache=True, nogil=True)
def prepare_pair(
    obs: Any, reference: Any, no_zeros: Any, mask: Any, kind: Any, threshold: Any, valid: Any
) -> None:
    """Make the observations of a pair relative to the reference, NaN where there are none, and count them.

    Parameters
    ----------
    obs
        Of each pixel, float32; changed in place. 0 is not made relative, and none at all if `no_zeros`.
    reference
        At the reference pixel, float32.
    no_zeros
        Whether 0 means that there is no observation.
    mask, kind, threshold
        Another data set, float32; how it masks: UNMASKED, BY_COMPONENT or BY_THRESHOLD; float32. NaN masks as 0.
    valid
        Numbers of observations of the pixels, int32; added to.
    """
    for p in range(len(obs)):
        value = obs[p]
        if value != 0:
            value -= reference
        good = not np.isnan(value) and not (no_zeros and value == 0)
        if kind != UNMASKED:
            second = mask[p]
            if np.isnan(second):
                second = np.float32(0)
            good = good and (second != 0 if kind == BY_COMPONENT else second >= threshold)
        obs[p] = value if good else np.float32(np.nan)
        if good:
            valid[p] += 1
