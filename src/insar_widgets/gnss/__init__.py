"""GNSS stations, their position series, projection to line of sight, and comparison with InSAR."""

from __future__ import annotations

from insar_widgets.gnss.compare import Comparison, Regression, compare_gnss
from insar_widgets.gnss.holdings import Holdings, read_holdings
from insar_widgets.gnss.los import los_vector, project_to_los
from insar_widgets.gnss.ngl import (
    BASE_URL,
    Fetched,
    default_cache_dir,
    fetch_holdings,
    fetch_series,
    fetch_steps,
)
from insar_widgets.gnss.other import read_eseses, read_generic, read_sideshow
from insar_widgets.gnss.own import read_station_csv, station_from_file
from insar_widgets.gnss.reference import Candidate, rank_references
from insar_widgets.gnss.search import find_stations
from insar_widgets.gnss.stations import Station, StationList
from insar_widgets.gnss.steps import StationStep, read_steps
from insar_widgets.gnss.tenv3 import read_tenv3, without_outliers
from insar_widgets.gnss.velocity import StationVelocity, station_velocity

__all__ = [
    "BASE_URL",
    "Candidate",
    "Comparison",
    "Fetched",
    "Holdings",
    "Regression",
    "Station",
    "StationList",
    "StationStep",
    "StationVelocity",
    "compare_gnss",
    "default_cache_dir",
    "fetch_holdings",
    "fetch_series",
    "fetch_steps",
    "find_stations",
    "los_vector",
    "project_to_los",
    "rank_references",
    "read_eseses",
    "read_generic",
    "read_holdings",
    "read_sideshow",
    "read_station_csv",
    "read_steps",
    "read_tenv3",
    "station_from_file",
    "station_velocity",
    "without_outliers",
]
