"""The names of MintPy's steps in its order, each with what it makes."""

from __future__ import annotations

__all__ = ["SUMMARIES"]

SUMMARIES = {
    "load_data": "Interferograms and geometry, brought into two HDF5 files",
    "modify_network": "Which interferograms are used; the water mask",
    "reference_point": "The pixel every displacement is relative to; average coherence; common mask",
    "quick_overview": "Rough velocity by stacking; count of triplets that do not close",
    "correct_unwrap_error": "Whole cycles that phase unwrapping got wrong",
    "invert_network": "Displacement time series, temporal coherence, mask of reliable pixels",
    "correct_LOD": "Local oscillator drift (Envisat only)",
    "correct_SET": "Solid Earth tides",
    "correct_ionosphere": "Ionospheric delay",
    "correct_troposphere": "Tropospheric delay",
    "deramp": "A ramp removed from every date",
    "correct_topography": "DEM error, and the series without it",
    "residual_RMS": "Noise of every date; the quietest one; the noisy ones",
    "reference_date": "The date every displacement is relative to",
    "velocity": "Velocity, further time functions, and their standard deviations",
    "geocode": "From radar to map coordinates",
    "google_earth": "Velocity as KMZ for Google Earth",
    "hdfeos5": "Everything in one HDF-EOS5 file",
}
