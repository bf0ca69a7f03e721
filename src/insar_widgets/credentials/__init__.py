"""Accounts that weather data need: the Climate Data Store (ERA5) and NASA Earthdata (OPERA troposphere)."""

from __future__ import annotations

from insar_widgets.credentials._secret import Secret
from insar_widgets.credentials.cds import CdsStatus, cds_status, migrate_cds, write_cds
from insar_widgets.credentials.earthdata import EarthdataStatus, earthdata_status, write_earthdata

__all__ = [
    "CdsStatus",
    "EarthdataStatus",
    "Secret",
    "cds_status",
    "earthdata_status",
    "migrate_cds",
    "write_cds",
    "write_earthdata",
]
