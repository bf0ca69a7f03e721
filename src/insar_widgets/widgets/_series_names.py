"""What the time series of a work directory are called, in every list that names them."""

from __future__ import annotations

from insar_widgets.results._files import corrections

__all__ = ["corrections_made", "series_label"]

_WORDS = {
    "ERA5": "ERA5", "ERAI": "ERA-Interim", "MERRA": "MERRA-2", "tropHgt": "height correlation", "ramp": "ramp",
    "demErr": "DEM error", "SET": "solid Earth tides", "LOD": "oscillator drift", "ion": "ionosphere",
}  # fmt: skip


def corrections_made(name: str) -> str:
    """Corrections of a series in words, in the order in which they were made.

    >>> corrections_made("timeseries_ERA5_ramp_demErr")
    'ERA5, ramp, DEM error'
    """
    return ", ".join(_WORDS.get(part, part) for part in corrections(name))


def series_label(name: str) -> str:
    """The name of a series in words.

    >>> series_label("timeseries_ERA5_ramp_demErr")
    'Corrected for ERA5, ramp, DEM error'
    >>> series_label("timeseries")
    'Uncorrected'
    """
    return f"Corrected for {done}" if (done := corrections_made(name)) else "Uncorrected"
