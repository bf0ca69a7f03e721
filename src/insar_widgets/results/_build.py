"""Make the lazy DataArray of a layer: coordinates, units, no-data, reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from pyproj import CRS
from xarray.core import indexing

from insar_widgets.results._lazy import (
    Empty,
    EmptyWhereAlwaysZero,
    EmptyWhereZero,
    LayerArray,
    open_hdf5,
)
from insar_widgets.results._scan import Layer, Scan

_SCALE = {"mm": 1e-3, "cm": 1e-2, "mm/year": 1e-3, "cm/year": 1e-2}
_SI = {"mm": "m", "cm": "m", "mm/year": "m/year", "cm/year": "m/year"}
_WITNESSES = {
    "inversion": ("numInvIfgram", "temporalCoherence"),
    "coherence": ("avgSpatialCoh",),
    "geometry": ("incidenceAngle",),
}
"""Layers that tell which pixels of another layer are empty, best first."""
_GEOMETRY = "incidenceAngle"
"""Layer without which `correct_topography` leaves 0 at every date (mintpy.dem_error.correct_dem_error_patch)."""


def build_array(found: Scan, layer: Layer, empties: dict[str, EmptyWhereZero]) -> xr.DataArray:
    """The lazy array of a layer; `empties` keeps what several layers share."""
    grid, metadata = found.grid, layer.entry.metadata
    empty, words = _empty(found, layer, empties)
    left_out = _left_out(found, layer, empties)
    if left_out is not None:
        words += f", and where the file holds 0 because {_GEOMETRY} has no value"
    unit = layer.entry.units.get(layer.source.dataset, "")
    scale = _SCALE.get(unit, 1.0) if layer.meaning.units else 1.0
    backend = LayerArray(layer.source, empty, left_out, scale)
    coords: dict[str, Any] = {
        "y": ("y", grid.y, _axis("y", grid.crs)),
        "x": ("x", grid.x, _axis("x", grid.crs)),
    }
    dims: tuple[str, ...] = ("y", "x")
    if len(layer.source.shape) == 3:
        stamps = read_dates(layer)
        dims = ("date" if stamps else "band", *dims)
        if stamps:
            coords["date"] = ("date", datetimes(stamps), {"long_name": "acquisition date (UTC)"})
    attrs = {
        "long_name": layer.meaning.long_name,
        "units": _SI.get(layer.meaning.units, layer.meaning.units),
        "no_data": words,
        "source": str(layer.source.path),
        "dataset": layer.source.dataset,
        "reference_date": metadata.get("REF_DATE", ""),
        "center_line_utc": float(metadata.get("CENTER_LINE_UTC", "0") or 0),
    }
    reference = _reference(layer)
    if reference:
        lon, lat = grid.lonlat(reference[0] + 0.5, reference[1] + 0.5)
        attrs |= {"reference_row": reference[0], "reference_column": reference[1]}
        attrs |= {"reference_lon": float(lon), "reference_lat": float(lat)}
    variable = xr.Variable(dims, indexing.LazilyIndexedArray(backend), attrs)
    array: xr.DataArray = xr.DataArray(variable, coords=coords, name=layer.name).rio.write_crs(grid.wkt)
    return array


def read_dates(layer: Layer) -> list[str]:
    """Dates of a series as MintPy writes them, YYYYMMDD or YYYYMMDDTHHMM; none where the file has none."""
    with open_hdf5(layer.source.path) as handle:
        if "date" not in handle or handle["date"].shape != layer.source.shape[:1]:
            return []
        return [d.decode() if isinstance(d, bytes) else str(d) for d in handle["date"][:]]


def datetimes(stamps: list[str]) -> npt.NDArray[np.datetime64]:
    """Dates as numpy has them."""
    iso = [f"{s[:4]}-{s[4:6]}-{s[6:8]}" + (f"T{s[9:11]}:{s[11:13]}" if "T" in s else "") for s in stamps]
    return np.array(iso, dtype="datetime64[ns]")


def _reference(layer: Layer) -> tuple[int, int] | None:
    metadata = layer.entry.metadata
    if "REF_Y" not in metadata or "REF_X" not in metadata:
        return None
    return int(metadata["REF_Y"]), int(metadata["REF_X"])


def _empty(found: Scan, layer: Layer, empties: dict[str, EmptyWhereZero]) -> tuple[Empty | None, str]:
    """Which pixels are empty, and in words how that is known."""
    kind = layer.meaning.nodata
    if kind == "keep" or layer.source.dtype.kind == "b":
        return None, "as stored"
    if kind == "zero":
        return EmptyWhereZero(layer.source), "NaN where the file holds 0"
    for witness in _WITNESSES[kind]:
        if witness in found.layers:
            source = found.layers[witness].source
            return empties.setdefault(witness, EmptyWhereZero(source)), f"NaN where {witness} has no value"
    if kind != "inversion":
        return None, "as stored, because the layer that tells empty pixels is missing"
    words = "NaN where the file holds 0 throughout, but for the reference pixel"
    return EmptyWhereAlwaysZero(layer.source, _reference(layer)), words


def _left_out(found: Scan, layer: Layer, empties: dict[str, EmptyWhereZero]) -> Empty | None:
    """Pixels that correct_topography may have left out on the way to this layer."""
    stem = layer.source.path.stem.removeprefix("geo_")
    if stem.startswith("velocity"):
        stem = Path(layer.entry.metadata.get("FILE_PATH", "")).stem.removeprefix("geo_")
    corrected = "demErr" in stem or stem.startswith("timeseriesResidual")
    if not corrected or layer.meaning.nodata != "inversion" or _GEOMETRY not in found.layers:
        return None
    source = found.layers[_GEOMETRY].source
    return empties.setdefault(_GEOMETRY, EmptyWhereZero(source)) if len(source.shape) == 2 else None


def _axis(name: str, crs: CRS) -> dict[str, str]:
    if crs.is_geographic:
        word, towards = {"x": ("longitude", "east"), "y": ("latitude", "north")}[name]
        return {"long_name": f"{word} of the pixel centre", "units": f"degrees_{towards}"}
    return {
        "long_name": f"{name} of the pixel centre",
        "units": "m",
        "standard_name": f"projection_{name}_coordinate",
    }
