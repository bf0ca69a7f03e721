"""Reference systems by their names."""

from __future__ import annotations

from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from insar_widgets.errors import ExportError

__all__ = ["reference_system"]


def reference_system(name: Any) -> CRS:
    """The reference system of that name.

    Raises
    ------
    ExportError
        If PROJ knows none.
    """
    try:
        return CRS.from_user_input(name)
    except CRSError as error:
        raise ExportError(
            f"{name!r} is no reference system that PROJ knows. Give one such as EPSG:4326."
        ) from error
