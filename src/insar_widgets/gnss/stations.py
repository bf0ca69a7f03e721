"""A GNSS station."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

__all__ = ["Station", "StationList"]


@dataclass(frozen=True)
class Station:
    """A station of the Nevada Geodetic Laboratory's list, or one of the user's own.

    Attributes
    ----------
    name
        Four characters.
    lon, lat
        Degrees WGS84, longitude from -180 to 180.
    height
        Ellipsoidal height in metres.
    begin, end
        First and last day of its series.
    usable
        Whether it can be compared with the InSAR result.
    reason
        Why not; empty if it can.
    solutions
        Number of daily positions.
    modified
        Day on which the series was last changed, or None.
    xyz
        Geocentric coordinates in metres, or None.
    original_name
        The name its operator uses; may be empty or several words.
    file
        Its series, for a station of the user's own; None for one that is downloaded.
    base_url, cache_dir
        Where it was found, so that its series come from the same service into the same cache.
    """

    name: str
    lon: float
    lat: float
    height: float
    begin: date
    end: date
    usable: bool = True
    reason: str = ""
    solutions: int = 0
    modified: date | None = None
    xyz: tuple[float, float, float] | None = None
    original_name: str = ""
    file: Path | None = None
    base_url: str = ""
    cache_dir: Path | None = None


class StationList(list[Station]):
    """The stations that a search found, and where its list came from.

    Attributes
    ----------
    age_days
        Days since the list was fetched; 0 for a new one, None for one that was given.
    problem
        Why a newer list could not be had, such as without internet; empty if all is well.
    source
        The list's file.
    skipped
        Lines of it that could not be read.
    total
        Stations in it, everywhere.
    """

    def __init__(
        self,
        stations: Iterable[Station] = (),
        *,
        age_days: float | None = None,
        problem: str = "",
        source: Path | None = None,
        skipped: int = 0,
        total: int = 0,
    ) -> None:
        super().__init__(stations)
        self.age_days = age_days
        self.problem = problem
        self.source = source
        self.skipped = skipped
        self.total = total
