"""What MintPy wrote, as xarray: open, georeference, sample, transect, time functions."""

from __future__ import annotations

from insar_widgets.results._grid import Grid
from insar_widgets.results.fitting import evaluate_fit, fit_time_function
from insar_widgets.results.interferograms import Interferograms, Triplet
from insar_widgets.results.results import Results, open_results
from insar_widgets.results.sampling import sample_point, sample_transect
from insar_widgets.results.summary import Summary

__all__ = [
    "Grid",
    "Interferograms",
    "Results",
    "Summary",
    "Triplet",
    "evaluate_fit",
    "fit_time_function",
    "open_results",
    "sample_point",
    "sample_transect",
]
