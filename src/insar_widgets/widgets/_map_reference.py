"""What displacement on a map is relative to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.results import Grid, sample_point
from insar_widgets.widgets._messages import describe_error

__all__ = ["Place", "Reference", "refer", "reference_series"]

Place = dict[str, float]
"""``lon`` and ``lat`` in degrees, ``radius`` in metres."""


@dataclass(frozen=True)
class Reference:
    """What values are relative to.

    Attributes
    ----------
    used
        ``"file"`` (the values as stored), ``"point"`` (`offsets` are subtracted), or ``""``: nothing.
    note
        Why it is not the point that was asked for; empty where it is.
    """

    offsets: tuple[float, ...] = ()
    used: str = ""
    note: str = ""
    pixels: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For the front end."""
        return {"used": self.used, "note": self.note, "pixels": self.pixels}


def refer(array: xr.DataArray, place: Place | None) -> Reference:
    """What an array is relative to when a place is asked for; where that has no value, what is used instead."""
    stored = "file" if "reference_row" in array.attrs else ""
    if place is None:
        return Reference(used=stored)
    try:
        if _is_own(array, place):
            return Reference(used="file", pixels=1)
        offsets, pixels = reference_series(array, place)
    except (InsarWidgetsError, OSError) as error:
        instead = (
            "The values are relative to the run's own reference point."
            if stored
            else "The values are as stored, relative to nothing."
        )
        return Reference(used=stored, note=f"{describe_error(error)['message']} {instead}")
    return Reference(tuple(offsets), "point", pixels=pixels)


def _is_own(array: xr.DataArray, place: Place) -> bool:
    """Whether it is the pixel that the file has zero at."""
    if place["radius"] > 0 or "reference_row" not in array.attrs:
        return False
    own = int(array.attrs["reference_row"]), int(array.attrs["reference_column"])
    return Grid.from_array(array).pixel(place["lon"], place["lat"]) == own


def reference_series(data: xr.DataArray, place: Place) -> tuple[list[float], int]:
    """Value at a reference point for each slice (median within its radius), and the number of pixels in it.

    Raises
    ------
    ResultsError
        There is no value at one of the dates.
    """
    sample = sample_point(data, place["lon"], place["lat"], place["radius"])
    values = np.atleast_1d(sample["displacement" if "displacement" in sample else "value"].to_numpy())
    missing = int((~np.isfinite(values)).sum())
    if missing:
        where = f"the reference point lon {place['lon']:.4f}, lat {place['lat']:.4f}"
        when = "" if missing == values.size else f" at {missing} of {values.size} dates"
        raise ResultsError(f"There is no value at {where}{when}; move it, or widen its radius.")
    return [float(v) for v in values], int(np.max(sample["count"].to_numpy()))
