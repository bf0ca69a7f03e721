"""The time function of an inspector: what may be in it, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.gnss import read_steps
from insar_widgets.results._design import as_time, date_name

__all__ = ["check_events", "check_model", "day_of", "events_from_file", "model_words"]

_KEYS = ("poly", "periodic", "steps", "exp", "log")
_DEGREES = ("constant", "linear", "quadratic", "cubic")
_MANY = 200


def day_of(value: Any) -> str:
    """YYYYMMDD of a date in any spelling."""
    return date_name(as_time(value))[:8]


def check_model(value: Mapping[str, Any]) -> dict[str, Any]:
    """A model with all its keys: ``poly`` (0-3), ``periodic`` (years), ``steps`` (YYYYMMDD), ``exp`` and ``log``
    (YYYYMMDD: characteristic times in days)."""
    unknown = sorted(set(value) - set(_KEYS))
    if unknown:
        raise InsarWidgetsError(f"A model has no {unknown[0]!r}; it has {', '.join(_KEYS)}.")
    poly = value.get("poly", 1)
    if isinstance(poly, bool) or poly not in (0, 1, 2, 3):
        raise InsarWidgetsError(f"A polynomial of degree {poly!r} is not possible; give 0, 1, 2 or 3.")
    periods = value.get("periodic", ())
    periods = [periods] if isinstance(periods, int | float) else periods
    steps = value.get("steps", ())
    steps = [steps] if isinstance(steps, str) else steps
    try:
        return {
            "poly": int(poly),
            "periodic": sorted({float(p) for p in periods}, reverse=True),
            "steps": sorted({day_of(step) for step in steps}),
            **{kind: _onsets(value.get(kind) or {}) for kind in ("exp", "log")},
        }
    except (TypeError, ValueError) as error:
        raise InsarWidgetsError(f"The model {dict(value)!r} cannot be read ({error}).") from error


def _onsets(value: Any) -> dict[str, list[float]]:
    if not isinstance(value, Mapping):
        raise InsarWidgetsError(
            f'exp and log are dictionaries of an onset and days, as {{"20180607": [60]}}; not {value!r}.'
        )
    return {
        day_of(onset): [float(t) for t in ([taus] if isinstance(taus, int | float) else taus)]
        for onset, taus in sorted(value.items())
    }


def model_words(model: Mapping[str, Any]) -> str:
    """A model in few words."""
    words = [_DEGREES[model["poly"]]]
    words += [{1.0: "annual", 0.5: "semi-annual"}.get(p, f"{p:g} yr") for p in model["periodic"]]
    words += [f"step {_iso(step)}" for step in model["steps"]]
    for kind in ("exp", "log"):
        words += [
            f"{kind} {_iso(d)}, {'/'.join(f'{t:g}' for t in taus)} d" for d, taus in model[kind].items()
        ]
    return ", ".join(words)


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}"


def check_events(value: Sequence[Any]) -> list[dict[str, str]]:
    """Events ``{"date": "YYYYMMDD", "label"}`` by date; a bare date gets itself as label."""
    events = []
    for entry in value:
        date = entry.get("date") if isinstance(entry, Mapping) else entry
        label = entry.get("label") if isinstance(entry, Mapping) else None
        day = day_of(date)
        events.append({"date": day, "label": str(label or _iso(day))})
    return sorted(events, key=lambda event: event["date"])


def events_from_file(path: Path, station: str, first: str, last: str) -> list[dict[str, str]]:
    """Steps of an NGL steps file (one station, or all) within two dates.

    Raises
    ------
    InsarWidgetsError
        The file cannot be read, or has nothing for the station and the time.
    """
    name = station.strip().upper()
    if name and not re.fullmatch(r"[A-Z0-9_]{4}", name):
        raise InsarWidgetsError(f"{station!r} is no station; NGL's names have four characters, such as AHUP.")
    found = read_steps(path, name or None)
    inside = [s for s in found if first < s.date.strftime("%Y%m%d") < last]
    who = f"station {name}" if name else "any station"
    if not inside:
        raise InsarWidgetsError(
            f"{path.name} has {len(found)} steps of {who}, none between {_iso(first)} and {_iso(last)}."
        )
    if len({s.date for s in inside}) > _MANY:
        raise InsarWidgetsError(
            f"{path.name} has {len(inside)} steps between {_iso(first)} and {_iso(last)}; name one station."
        )
    events: dict[str, str] = {}
    for step in inside:
        day = step.date.strftime("%Y%m%d")
        label = f"{step.station} {step.reason}, {_iso(day)}"
        events[day] = f"{events[day]}; {label}" if day in events and label not in events[day] else label
    return [{"date": day, "label": label} for day, label in events.items()]
