"""How well a coefficient is known when the noise of the dates may be correlated, by an unknown amount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize, special

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
_CORRELATION_TIMES = 5
_CORRELATED_SHARES = (0.5, 1.0)


@dataclass(frozen=True)
class Known:
    """A coefficient of a least-squares fit.

    Attributes
    ----------
    value : by ordinary least squares.
    deviation : standard deviation; NaN where no date is left over to judge the noise by.
    half_width : of the 95 % interval about `value`.
    """

    value: float
    deviation: float
    half_width: float


@dataclass(frozen=True)
class _Model:
    """A kind of noise, made ready for one design and one set of dates."""

    weight: float  # logarithm of what does not depend on the values
    estimate: Floats  # (P, N): values to coefficients
    rest: Floats  # (N, N): values to whitened residuals
    cofactor: Floats  # (P,): variances of the coefficients for a noise of one


def coefficient(design: Floats, values: Floats, days: Floats, column: int) -> Known:
    """Estimate one coefficient, and its uncertainty over the kinds of noise that the values allow.

    Parameters
    ----------
    design : (N, P).
    values : (N,) finite.
    days : (N,) ascending.
    column : which coefficient.

    Notes
    -----
    The estimate is that of ordinary least squares. Its uncertainty is averaged over models of the noise: white, and
    first-order Gauss-Markov with correlation times from half the usual gap between dates to the whole span, alone or
    with as much white noise. Half of the prior weight is that of white noise. Each model is weighted by its restricted
    likelihood (Harville, 1974, doi:10.1093/biomet/61.2.383) and has its generalised least-squares estimate, with
    Student's t of N - P degrees of freedom for the unknown variance. One estimate of the correlation in place of the
    average makes intervals that are too short: from few dates it is biased towards white noise.
    """
    count, unknown = design.shape
    ordinary = float(np.linalg.lstsq(design, values, rcond=None)[0][column])
    freedom = count - unknown
    if freedom < 1:
        return Known(ordinary, float("nan"), float("nan"))
    models = _models(design.tobytes(), days.tobytes(), unknown)
    misfit = np.array([float(np.square(model.rest @ values).sum()) for model in models])
    if misfit.min() <= 1e-24 * float(np.square(values).sum()):
        return Known(ordinary, 0.0, 0.0)
    weight = np.array([model.weight for model in models]) - 0.5 * freedom * np.log(misfit)
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    off = np.array([model.estimate[column] @ values for model in models]) - ordinary
    scale = np.sqrt(np.array([model.cofactor[column] for model in models]) * misfit / freedom)

    def lacking(half: float) -> float:
        inside = special.stdtr(freedom, (half - off) / scale) - special.stdtr(freedom, (-half - off) / scale)
        return float((weight * inside).sum()) - CONFIDENCE

    widest = float((np.abs(off) + scale * special.stdtrit(freedom, (1 + CONFIDENCE) / 2)).max())
    half_width = float(optimize.brentq(lacking, 0.0, widest * 1.0001))
    return Known(ordinary, float(np.sqrt((weight * (scale**2 + off**2)).sum())), half_width)


@lru_cache(maxsize=4)  # stations share their dates
def _models(design_bytes: bytes, days_bytes: bytes, unknown: int) -> tuple[_Model, ...]:
    design = np.frombuffer(design_bytes).reshape(-1, unknown)
    days = np.frombuffer(days_bytes)
    lag = np.abs(days[:, None] - days[None])
    white = np.eye(days.size)
    times = np.geomspace(np.median(np.diff(days)) / 2, max(days[-1] - days[0], 1.0), _CORRELATION_TIMES)
    noises = [white]
    for time in times:
        correlated = np.exp(-lag / time)
        noises += [share * correlated + (1 - share) * white for share in _CORRELATED_SHARES]
    prior = np.log([0.5, *[0.5 / (len(noises) - 1)] * (len(noises) - 1)])
    made = []
    for noise, before in zip(noises, prior, strict=True):
        lower = linalg.cholesky(noise + 1e-9 * white, lower=True)
        whiten = linalg.solve_triangular(lower, white, lower=True)
        columns = whiten @ design
        cofactor = np.linalg.inv(columns.T @ columns)
        estimate = cofactor @ columns.T @ whiten
        sizes = 2 * float(np.log(np.diag(lower)).sum()) - float(np.linalg.slogdet(cofactor)[1])
        made.append(
            _Model(
                float(before) - 0.5 * sizes, estimate, whiten - columns @ estimate, np.diag(cofactor).copy()
            )
        )
    return tuple(made)


def line_and(days: Floats, *columns: Floats) -> Floats:
    """Design matrix of a constant, a rate per year and further columns."""
    return np.stack([np.ones(days.size), (days - days[0]) / 365.25, *columns], axis=1)
