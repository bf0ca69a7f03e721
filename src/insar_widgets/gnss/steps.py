"""NGL's list of steps in the series: changes of equipment, and earthquakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from insar_widgets.errors import GnssError

__all__ = ["StationStep", "read_steps"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True)
class StationStep:
    """A day on which the series of a station may jump.

    Attributes
    ----------
    station : four characters.
    date : the day.
    kind : ``"equipment"`` or ``"earthquake"``.
    reason : what was changed; for an earthquake its magnitude and distance in words.
    magnitude, distance_km, radius_km, event : of an earthquake, else None; the radius is how far it may be felt.
    """

    station: str
    date: date
    kind: Literal["equipment", "earthquake"]
    reason: str
    magnitude: float | None = None
    distance_km: float | None = None
    radius_km: float | None = None
    event: str | None = None


def read_steps(path: str | Path, station: str | None = None) -> list[StationStep]:
    """Read NGL's ``steps.txt``, for all stations or one, by date.

    A line is ``STA YYMMMDD 1 reason`` or ``STA YYMMMDD 2 radius_km distance_km magnitude event``; other lines are
    passed over.

    Raises
    ------
    GnssError
        The file cannot be read.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise GnssError(f"The list of steps {path} cannot be read: {error.strerror}.") from error
    wanted = station.upper() if station else None
    found = [_step(line.split()) for line in lines if wanted is None or line[:4].upper() == wanted]
    return sorted((step for step in found if step), key=lambda step: (step.date, step.station))


def _step(fields: list[str]) -> StationStep | None:
    try:
        name, day, kind = fields[0].upper(), _day(fields[1]), fields[2]
        if kind == "1":
            return StationStep(name, day, "equipment", " ".join(fields[3:]).replace("_", " ") or "equipment")
        if kind == "2":
            radius, distance, magnitude = (float(field) for field in fields[3:6])
            event = fields[6] if len(fields) > 6 else None
            words = f"M {magnitude:.1f}, {distance:.0f} km"
            return StationStep(name, day, "earthquake", words, magnitude, distance, radius, event)
    except (IndexError, ValueError):
        pass
    return None


def _day(text: str) -> date:
    """Day of 19JAN10; NGL's series begin in 1994."""
    year = int(text[:2])
    return date(year + (1900 if year >= 80 else 2000), _MONTHS.index(text[2:5].upper()) + 1, int(text[5:7]))
