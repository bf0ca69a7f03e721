"""A reference point chosen by rule instead of by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from insar_widgets.errors import RunError

__all__ = ["ReferenceChoice", "choose_reference", "stacking_velocity"]

_EDGE = 5  # pixels kept between the reference and water or missing data
_QUIET = 0.5  # share of the candidates, the quietest ones, that stay in the choice
_WINDOW = 5  # pixels across the neighbourhood whose coherence counts


@dataclass(frozen=True)
class ReferenceChoice:
    """The chosen pixel and why it was chosen.

    Attributes
    ----------
    y, x : row and column, counted from 0 at the upper left pixel.
    coherence : average spatial coherence of that pixel.
    candidates : how many pixels were in the choice.
    why : one sentence.
    """

    y: int
    x: int
    coherence: float
    candidates: int
    why: str


def choose_reference(
    coherence: NDArray[np.floating],
    valid: NDArray[np.bool_],
    land: NDArray[np.bool_] | None = None,
    velocity: NDArray[np.floating] | None = None,
    min_coherence: float = 0.85,
) -> ReferenceChoice:
    """Choose the reference pixel: coherent, in coherent surroundings, away from water, gaps and motion.

    MintPy draws one at random among the pixels above ``mintpy.reference.minCoherence``, so that two runs
    differ. This choice depends on the data alone.

    Parameters
    ----------
    coherence : (y, x) average spatial coherence, 0 to 1.
    valid : (y, x) True where every interferogram has a phase.
    land : (y, x) True on land; None if unknown.
    velocity : (y, x) rough velocity in any unit, for finding the quiet part; None if unknown.
    min_coherence : least average spatial coherence.

    Raises
    ------
    RunError
        If no pixel reaches `min_coherence`.
    """
    usable = valid & np.isfinite(coherence)
    if land is not None:
        usable &= land
    candidates = usable & (coherence >= min_coherence)
    if not candidates.any():
        best = float(coherence[usable].max()) if usable.any() else 0.0
        raise RunError(
            f"No pixel reaches an average spatial coherence of {min_coherence:g} (the best has {best:.2f}), so no "
            "reference point can be chosen. Set mintpy.reference.lalo to a stable place, or lower "
            f"mintpy.reference.minCoherence below {best:.2f}."
        )
    candidates = _away_from_edges(candidates, usable)
    candidates = _quiet(candidates, velocity)
    padded = np.where(usable, coherence, 0.0).astype(np.float64)
    score = np.where(candidates, ndimage.uniform_filter(padded, _WINDOW, mode="constant"), -1.0)
    y, x = (int(i) for i in np.unravel_index(int(np.argmax(np.round(score, 6))), score.shape))
    return ReferenceChoice(
        y,
        x,
        float(coherence[y, x]),
        int(candidates.sum()),
        f"most coherent neighbourhood among {int(candidates.sum())} pixels above {min_coherence:g}, "
        "away from water, gaps and the largest motion",
    )


def _away_from_edges(candidates: NDArray[np.bool_], usable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep candidates far from unusable pixels and the frame; less far where nothing would be left."""
    distance = ndimage.distance_transform_cdt(np.pad(usable, 1), metric="chessboard")[1:-1, 1:-1]
    for margin in range(_EDGE, 0, -1):
        inner = candidates & (distance > margin)
        if inner.any():
            return inner
    return candidates


def _quiet(candidates: NDArray[np.bool_], velocity: NDArray[np.floating] | None) -> NDArray[np.bool_]:
    """Keep the candidates whose velocity is nearest to the median of all candidates."""
    if velocity is None:
        return candidates
    motion = np.abs(velocity - np.nanmedian(velocity[candidates]))
    limit = np.nanquantile(motion[candidates], _QUIET)
    quiet = candidates & (motion <= limit)
    return quiet if quiet.any() else candidates


def stacking_velocity(
    phase: NDArray[np.floating], days: NDArray[np.floating], usable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Estimate a rough velocity by stacking, each interferogram relative to its own median.

    Parameters
    ----------
    phase : (pair, y, x) unwrapped phase in rad, 0 where there is none.
    days : (pair,) temporal baseline in days.
    usable : (y, x) pixels over which the median is taken.

    Returns
    -------
    (y, x) array in rad/day, sum(dt * phase) / sum(dt^2) as in Sandwell and Price (1998), doi:10.1029/1998JB900008.
    """
    total = np.zeros(phase.shape[1:], dtype=np.float64)
    for layer, dt in zip(phase, days, strict=True):
        total += dt * (layer - np.median(layer[usable]))
    return total / float(np.sum(np.square(days)))
