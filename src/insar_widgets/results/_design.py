"""Time functions as columns of a design matrix, with the conventions of MintPy's time functions.

Years are ``year + (day of year - 1) / 365.25 + seconds of day / (365.25 * 86400)``; t is counted from the first
date that is used. Terms: t^k / k! (so that the coefficients are velocity, acceleration, ...), cos and sin of
2 pi t / period, Heaviside steps, and for an onset T and a characteristic time tau the exponential
1 - exp(-(t - T) / tau) and the logarithm ln(1 + (t - T) / tau), both 0 until T (Hetland et al., 2012,
doi:10.1029/2011JB008731, equations 4 and 5 with t - T in place of t).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt

from insar_widgets.errors import ResultsError

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
DateLike = str | dt.date | np.datetime64
Dates = Iterable[DateLike]
Onsets = Mapping[str, float | Sequence[float]] | Iterable[Sequence[Any]]

DAYS = 365.25
SECONDS = DAYS * 86400.0


@dataclass(frozen=True)
class Term:
    """One column of the design matrix."""

    name: str
    units: str
    long_name: str
    kind: str
    value: float = 0.0
    """Degree of a polynomial, or period in years."""
    onset: float = 0.0
    """Time of a step or onset in decimal years."""
    tau: float = 0.0
    """Characteristic time in years."""

    def column(self, years: Floats, origin: float) -> Floats:
        """Values of the term at decimal years."""
        t = years - origin
        if self.kind == "poly":
            return np.asarray(t ** int(self.value) / factorial(int(self.value)))
        if self.kind in ("cos", "sin"):
            return np.asarray(getattr(np, self.kind)(2 * np.pi / self.value * t))
        since = np.maximum(years - self.onset, 0.0)
        if self.kind == "step":
            return (years > self.onset).astype(float)
        if self.kind == "exp":
            return np.asarray(-np.expm1(-since / self.tau))
        return np.asarray(np.log1p(since / self.tau))


def as_time(value: DateLike) -> np.datetime64:
    """A date as numpy has it, from YYYYMMDD, YYYYMMDDTHHMM, YYYY-MM-DD or a date object."""
    text = str(value) if isinstance(value, str) else ""
    compact = re.fullmatch(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2}))?", text.strip())
    try:
        if compact:
            year, month, day, hour, minute = compact.groups()
            text = f"{year}-{month}-{day}" + (f"T{hour}:{minute}" if hour else "")
            value = text
        return np.datetime64(np.datetime64(value, "s"), "ns")
    except (ValueError, TypeError) as error:
        raise ResultsError(f"{value!r} is not a date; write YYYYMMDD.") from error


def date_name(time: np.datetime64) -> str:
    """YYYYMMDD, with THHMM where there is a time of day."""
    stamp = time.astype("datetime64[s]").item()
    return str(stamp.strftime("%Y%m%dT%H%M" if stamp.hour or stamp.minute else "%Y%m%d"))


def decimal_years(times: Times, seconds: float = 0.0) -> Floats:
    """Decimal years of dates; `seconds` of the day (UTC) are added to dates that have no time of day."""
    times = np.asarray(times, "datetime64[ns]")
    year = times.astype("datetime64[Y]")
    day = (times.astype("datetime64[D]") - year).astype(float)
    of_day = (times - times.astype("datetime64[D]")).astype("timedelta64[ms]").astype(float) / 1000
    if not of_day.any():
        of_day = np.full(times.shape, seconds)
    return np.asarray(year.astype(int) + 1970 + day / DAYS + of_day / SECONDS)


def make_terms(
    *,
    poly: int,
    periodic: float | Iterable[float],
    steps: Dates,
    exp: Onsets,
    log: Onsets,
    first: np.datetime64,
    last: np.datetime64,
) -> tuple[Term, ...]:
    """The terms of a model, checked against the first and last date that are used.

    Raises
    ------
    ResultsError
        A degree, period, date or characteristic time is not possible, in words.
    """
    if isinstance(poly, bool) or int(poly) != poly or poly < 0:
        raise ResultsError(f"A polynomial of degree {poly} is not possible; give 0, 1, 2 or 3.")
    terms = [_polynomial(k) for k in range(int(poly) + 1)]
    periods = [float(p) for p in ([periodic] if isinstance(periodic, int | float) else periodic)]
    for period in periods:
        terms += _periodic(period)
    low, high = float(decimal_years(np.asarray(first))), float(decimal_years(np.asarray(last)))
    for value in [steps] if isinstance(steps, str | dt.date | np.datetime64) else steps:
        terms.append(_step(as_time(value), low, high))
    for kind, onsets in (("exp", exp), ("log", log)):
        for onset, taus in _onsets(kind, onsets):
            terms += [_relaxation(kind, onset, tau, high) for tau in taus]
    names = [t.name for t in terms]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        raise ResultsError(f"The model has {', '.join(sorted(twice))} twice; name each term once.")
    return tuple(terms)


def _polynomial(degree: int) -> Term:
    name = ("intercept", "velocity", "acceleration")[degree] if degree < 3 else f"poly{degree}"
    units = ("m", "m/year")[degree] if degree < 2 else f"m/year^{degree}"
    words = "displacement at the first date" if degree == 0 else f"{name} in line of sight"
    return Term(name, units, words, "poly", value=degree)


def _periodic(period: float) -> list[Term]:
    if not (np.isfinite(period) and period > 0):
        raise ResultsError(
            f"A period of {period} years is not possible; give years above 0, such as 1 and 0.5."
        )
    stem = {1.0: "annual", 0.5: "semiAnnual"}.get(period, f"period{period:g}Y")
    return [
        Term(f"{stem}{kind.title()}", "m", f"{kind} amplitude of {period:g} years", kind, value=period)
        for kind in ("cos", "sin")
    ]


def _step(time: np.datetime64, low: float, high: float) -> Term:
    year = float(decimal_years(np.asarray(time)))
    if not low < year < high:
        raise ResultsError(
            f"The step {date_name(time)} is not between the first and the last date; choose one inside."
        )
    return Term(f"step{date_name(time)}", "m", f"step at {date_name(time)}", "step", onset=year)


def _relaxation(kind: str, time: np.datetime64, tau: float, high: float) -> Term:
    year = float(decimal_years(np.asarray(time)))
    if year >= high:
        raise ResultsError(
            f"The {kind} onset {date_name(time)} is not before the last date; choose an earlier one."
        )
    if not (np.isfinite(tau) and tau > 0):
        raise ResultsError(f"A characteristic time of {tau} days is not possible; give days above 0.")
    name = f"{kind}{date_name(time)}Tau{tau:g}D"
    words = {"exp": "exponential", "log": "logarithmic"}[kind]
    return Term(name, "m", f"{words} from {date_name(time)}, {tau:g} days", kind, onset=year, tau=tau / DAYS)


def _onsets(kind: str, onsets: Onsets) -> list[tuple[np.datetime64, list[float]]]:
    pairs = (
        onsets.items() if isinstance(onsets, Mapping) else [(entry[0], list(entry[1:])) for entry in onsets]
    )
    found = []
    for onset, taus in pairs:
        times = [taus] if isinstance(taus, int | float) else list(taus)
        if not times:
            raise ResultsError(f"The {kind} onset {onset} has no characteristic time; give it in days.")
        try:
            found.append((as_time(onset), [float(t) for t in times]))
        except (TypeError, ValueError) as error:
            raise ResultsError(
                f"The characteristic times {taus!r} of {kind} are not numbers of days."
            ) from error
    return found
