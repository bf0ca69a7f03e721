"""Fit time functions to displacement series, with MintPy's model and MintPy's numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import linalg

from insar_widgets.errors import ResultsError
from insar_widgets.results._design import (
    Dates,
    Onsets,
    Term,
    as_time,
    date_name,
    decimal_years,
    make_terms,
)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_BLOCK = 20_000


def fit_time_function(
    series: xr.DataArray | xr.Dataset,
    *,
    poly: int = 1,
    periodic: float | Iterable[float] = (),
    steps: Dates = (),
    exp: Onsets = (),
    log: Onsets = (),
    exclude: Dates = (),
    curves: bool = True,
) -> xr.Dataset:
    """Least-squares fit of polynomial, periodic, step, exponential and logarithmic terms.

    The model and its conventions are those of MintPy (see `insar_widgets.results._design`), its design matrix
    is rounded to 32 bits as MintPy's is, and the solution is in 64 bits. Standard deviations assume
    independent errors of one variance, estimated from the residuals: sigma^2 = e'e / (N - P) and
    C = sigma^2 (G'G)^-1 (the general form of Fattahi and Amelung, 2015, doi:10.1002/2015JB012419, equation 10).

    Parameters
    ----------
    series
        Metres along ``date`` (datetime64), 1-D or with further dimensions such as (date, y, x); or the Dataset
        of `Results.series`. The attribute ``center_line_utc`` (seconds of the day) places the dates in their day.
    poly
        Degree of the polynomial.
    periodic
        Periods in years: 1 is annual, 0.5 semi-annual.
    steps
        Dates after which there is an offset; YYYYMMDD or date objects.
    exp, log
        Onset and characteristic times in days: ``{"20180607": [60, 200]}`` or ``[["20180607", 60, 200]]``.
    exclude
        Dates to leave out of the estimate; the curve and the residual are still given there.
    curves
        Whether to give ``fitted`` and ``residual``, which are as large as the series.

    Returns
    -------
    xr.Dataset
        Each parameter under MintPy's name (``intercept``, ``velocity``, ``acceleration``, ``annualAmplitude``,
        ``annualPhase``, ``step20180607``, ``exp20180607Tau60D``, ...) with its standard deviation under the name
        followed by ``Std`` and its units; ``coefficients`` and ``coefficientsStd`` (parameter, ...), ``cofactor``
        (parameter, parameter2), which times ``sigma``^2 is their covariance; ``fitted``, ``residual`` (date, ...);
        ``rms`` (m), ``sigma`` (m, residual standard deviation with N - P), ``count`` and ``used`` (date).
        Amplitudes and phases are those of A sin(2 pi t / period + phase), t from the first date used.

        A pixel with fewer dates than parameters, or whose dates cannot tell the terms apart, is NaN. With as many
        dates as parameters the standard deviations are NaN. Dates that are NaN in a pixel are left out of it; its
        standard deviation follows from the dates it has, while ``cofactor`` is that of a pixel with all dates.

    Raises
    ------
    ResultsError
        A term is not possible, or the dates cannot tell the terms apart.
    """
    data = series["displacement"] if isinstance(series, xr.Dataset) else series
    if "date" not in data.dims:
        raise ResultsError("The series has no dimension 'date'; give displacement along date.")
    data = data.transpose("date", ...)
    times = np.asarray(data["date"].values, "datetime64[ns]")
    used = _used(times, exclude)
    seconds = float(series.attrs.get("center_line_utc", data.attrs.get("center_line_utc", 0.0)))
    limits = {"first": times[used][0], "last": times[used][-1]}
    terms = make_terms(poly=poly, periodic=periodic, steps=steps, exp=exp, log=log, **limits)
    years = decimal_years(times, seconds)
    origin = float(years[used][0])
    design = _design(terms, years, origin)
    _check_rank(design[used], terms)

    shape = data.shape[1:]
    values = np.asarray(data.values, float).reshape(times.size, -1)
    found = _solve(design, values, used)
    dims = data.dims[1:]
    coords: dict[Any, Any] = {
        key: value for key, value in data.coords.items() if set(value.dims) <= {"date", *dims}
    }
    cofactor = np.linalg.inv(design[used].T @ design[used])
    names = [t.name for t in terms]
    coords |= {"parameter": ("parameter", names), "parameter2": ("parameter2", names)}
    made: dict[str, Any] = {}

    def put(name: str, array: Any, units: str, words: str, lead: tuple[str, ...] = ()) -> None:
        values = np.asarray(array).reshape((*array.shape[: len(lead)], *shape))
        made[name] = ((*lead, *dims), values, {"units": units, "long_name": words})

    for i, term in enumerate(terms):
        if term.kind in ("cos", "sin"):
            if term.kind == "cos":
                _put_periodic(put, term, found, i)
            continue
        put(term.name, found.value[i], term.units, term.long_name)
        put(f"{term.name}Std", found.deviation[i], term.units, f"standard deviation of {term.long_name}")
    put("coefficients", found.value, "", "estimated coefficients", ("parameter",))
    put("coefficientsStd", found.deviation, "", "standard deviations of the coefficients", ("parameter",))
    made["cofactor"] = (("parameter", "parameter2"), cofactor, {"long_name": "inverse of the normal matrix"})
    put("sigma", found.sigma, "m", "residual standard deviation, N - P degrees of freedom")
    put("rms", found.rms, "m", "root mean square residual")
    put("count", found.count, "1", "dates that the estimate used")
    made["used"] = ("date", used, {"long_name": "dates in the estimate"})
    if curves:
        fitted = design @ found.value
        put("fitted", fitted, "m", "displacement of the model", ("date",))
        put("residual", values - fitted, "m", "displacement minus model", ("date",))
    attrs = {
        "poly": int(poly),
        "origin": origin,
        "center_line_utc": seconds,
        "first_date": date_name(times[used][0]),
        "excluded": [date_name(t) for t in times[~used]],
        "model": json.dumps([asdict(t) for t in terms]),
    }
    return xr.Dataset(made, coords, attrs)


def evaluate_fit(fit: xr.Dataset, dates: Dates | npt.NDArray[np.datetime64]) -> xr.Dataset:
    """Curve of a fit at any dates, with the standard deviation of the curve.

    Parameters
    ----------
    fit
        From `fit_time_function`.
    dates
        Where to evaluate; YYYYMMDD or date objects.

    Returns
    -------
    xr.Dataset
        ``fitted`` and ``fittedStd`` (m) along ``date`` and the dimensions of the fit. The deviation comes from the
        covariance of the parameters; it says how well the curve is known, not how far single dates lie from it.
    """
    times = np.array([as_time(d) for d in dates], "datetime64[ns]")
    curve, band = curve_values(fit, times)
    dims = ("date", *fit["coefficients"].dims[1:])
    coords: dict[Any, Any] = {**fit["sigma"].coords, "date": times}
    words = {"fitted": "displacement of the model", "fittedStd": "standard deviation of the curve"}
    found = {
        name: (dims, values, {"units": "m", "long_name": words[name]})
        for name, values in (("fitted", curve), ("fittedStd", band))
    }
    return xr.Dataset(found, coords)


def curve_values(fit: xr.Dataset, times: npt.NDArray[np.datetime64]) -> tuple[Floats, Floats]:
    """What `evaluate_fit` gives, as bare arrays with the dates first: for those who ask many times a second."""
    terms = tuple(Term(**fields) for fields in json.loads(fit.attrs["model"]))
    design = _design(terms, decimal_years(times, fit.attrs["center_line_utc"]), fit.attrs["origin"])
    coefficients, sigma = fit["coefficients"].values, fit["sigma"].values
    deviation = np.sqrt(np.einsum("di,ij,dj->d", design, fit["cofactor"].values, design))
    curve = np.tensordot(design, coefficients, axes=1)
    return np.asarray(curve), np.asarray(np.multiply.outer(deviation, sigma))


def _used(times: npt.NDArray[np.datetime64], exclude: Dates) -> Bools:
    dropped = np.array([as_time(d) for d in exclude], "datetime64[ns]").astype("datetime64[D]")
    days = times.astype("datetime64[D]")
    unknown = [date_name(d) for d in dropped if d not in days]
    if unknown:
        raise ResultsError(f"The series has no date {', '.join(unknown)} to exclude; choose among its dates.")
    used = ~np.isin(days, dropped)
    if not used.any():
        raise ResultsError("No date is left for the fit; exclude fewer.")
    if (times[1:] <= times[:-1]).any():
        raise ResultsError(
            "The dates of the series do not increase; sort it with .sortby('date') and drop duplicates."
        )
    return np.asarray(used)


def _design(terms: tuple[Term, ...], years: Floats, origin: float) -> Floats:
    columns = np.stack([t.column(years, origin) for t in terms], axis=1)
    return columns.astype(np.float32).astype(float)


def _check_rank(design: Floats, terms: tuple[Term, ...]) -> None:
    dates, size = design.shape
    if dates < size:
        raise ResultsError(
            f"{size} parameters ({', '.join(t.name for t in terms)}) cannot be estimated from {dates} "
            f"date{'s' if dates != 1 else ''}; take fewer terms or more dates."
        )
    if _rank(design) < size:
        factors = linalg.qr(design / _norms(design), mode="r", pivoting=True)
        weak = [terms[i].name for i in factors[1][_rank(design) :]]
        raise ResultsError(
            f"The dates cannot tell {', '.join(weak)} from the other terms; leave it out or change its date, period "
            "or characteristic time."
        )


def _norms(design: Floats) -> Floats:
    norms = np.linalg.norm(design, axis=0)
    return np.asarray(np.where(norms > 0, norms, 1.0))


def _rank(design: Floats) -> int:
    """Rank to 32 bits, the precision of the design matrix, whatever the units of its columns."""
    return int(np.linalg.matrix_rank(design / _norms(design), tol=1e-6))


@dataclass
class _Solution:
    """What the estimate gives for each pixel; P parameters."""

    value: Floats
    """(P, pixels)."""
    deviation: Floats
    """(P, pixels) standard deviations."""
    neighbour: Floats
    """(P, pixels) covariance of each parameter with the next one."""
    count: npt.NDArray[np.int64]
    sigma: Floats
    rms: Floats


def _solve(design: Floats, values: Floats, used: Bools) -> _Solution:
    """Ordinary least squares; pixels whose values are missing at the same dates are solved together."""
    size, pixels = design.shape[1], values.shape[1]
    valid = np.isfinite(values) & used[:, None]
    count = valid.sum(axis=0)
    found = _Solution(
        value=np.full((size, pixels), np.nan),
        deviation=np.full((size, pixels), np.nan),
        neighbour=np.full((size, pixels), np.nan),
        count=count,
        sigma=np.full(pixels, np.nan),
        rms=np.full(pixels, np.nan),
    )
    for dates, own in _patterns(valid, count, used):
        g = design[dates]
        if g.shape[0] < size or _rank(g) < size:
            continue
        cofactor = np.linalg.inv(g.T @ g)
        q, r = linalg.qr(g, mode="economic")
        across = np.append(np.diag(cofactor, 1), np.nan)
        for first in range(0, own.size, _BLOCK):
            part = own[first : first + _BLOCK]
            d = values[:, part][dates]
            m = _back_substitute(r, q.T @ d)
            d -= g @ m
            squares = np.einsum("dp,dp->p", d, d)
            found.value[:, part] = m
            found.rms[part] = np.sqrt(squares / g.shape[0])
            if g.shape[0] > size:
                variance = squares / (g.shape[0] - size)
                found.sigma[part] = np.sqrt(variance)
                found.deviation[:, part] = np.sqrt(np.diag(cofactor)[:, None] * variance)
                found.neighbour[:, part] = across[:, None] * variance
    return found


def _back_substitute(r: Floats, y: Floats) -> Floats:
    """Solution of r m = y for an upper triangle; LAPACK would wake all cores for a handful of numbers."""
    m = np.empty_like(y)
    for i in range(r.shape[0] - 1, -1, -1):
        m[i] = (y[i] - r[i, i + 1 :] @ m[i + 1 :]) / r[i, i]
    return m


def _patterns(
    valid: Bools, count: npt.NDArray[np.int64], used: Bools
) -> Iterator[tuple[Bools, npt.NDArray[np.int64]]]:
    """Each set of dates that occurs, with the pixels that have just these."""
    whole = np.flatnonzero(count == used.sum())
    if whole.size:
        yield used, whole
    gappy = np.flatnonzero((count > 0) & (count < used.sum()))
    if gappy.size:
        packed = np.packbits(valid[:, gappy], axis=0)
        _, inverse = np.unique(packed, axis=1, return_inverse=True)
        order = np.argsort(inverse.ravel(), kind="stable")
        for group in np.split(gappy[order], np.flatnonzero(np.diff(inverse.ravel()[order])) + 1):
            yield valid[:, group[0]], group


def _put_periodic(put: Any, term: Term, found: _Solution, i: int) -> None:
    """Amplitude and phase of a cos (c) and a sin (s) coefficient, and their first-order standard deviations.

    A = sqrt(c^2 + s^2) and phase = atan2(c, s), as in Minchew et al. (2017), doi:10.1002/2016JB013337.
    """
    stem = term.name.removesuffix("Cos")
    c, s = found.value[i : i + 2]
    vc, vs = found.deviation[i : i + 2] ** 2
    cs = found.neighbour[i]
    amplitude = np.hypot(c, s)
    with np.errstate(invalid="ignore", divide="ignore"):
        amplitude_variance = (c**2 * vc + s**2 * vs + 2 * c * s * cs) / amplitude**2
        phase_variance = (s**2 * vc + c**2 * vs - 2 * c * s * cs) / amplitude**4
    words = f"of the {term.value:g}-year period"
    put(f"{stem}Amplitude", amplitude, "m", f"amplitude {words}")
    put(
        f"{stem}AmplitudeStd",
        np.sqrt(np.maximum(amplitude_variance, 0)),
        "m",
        f"std of the amplitude {words}",
    )
    put(f"{stem}Phase", np.arctan2(c, s), "radian", f"phase {words}")
    put(f"{stem}PhaseStd", np.sqrt(np.maximum(phase_variance, 0)), "radian", f"std of the phase {words}")
    put(f"{stem}Cos", c, "m", f"cos coefficient {words}")
    put(f"{stem}CosStd", np.sqrt(vc), "m", f"std of the cos coefficient {words}")
    put(f"{stem}Sin", s, "m", f"sin coefficient {words}")
    put(f"{stem}SinStd", np.sqrt(vs), "m", f"std of the sin coefficient {words}")
