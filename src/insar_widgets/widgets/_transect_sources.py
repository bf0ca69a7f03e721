"""What a transect can show: layers of a work directory, of files, and any array on a map grid."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rioxarray
import xarray as xr
from rasterio.errors import RasterioError

from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.results import Results, open_results
from insar_widgets.widgets._map_layers import entry_of, find_array, menu
from insar_widgets.widgets._raster_sources import slice_dates
from insar_widgets.widgets._raster_style import style_of

__all__ = ["Layer", "layer_of_heights", "layers_of", "layers_of_file", "layers_of_results"]

_AXES = {
    "time": "date", "t": "date", "lat": "y", "latitude": "y", "northing": "y",
    "lon": "x", "longitude": "x", "easting": "x",
}  # fmt: skip
_METRES = {"mm": ("m", 1e-3), "cm": ("m", 1e-2)}
_REFERENCED = ("displacement", "velocity", "phase")
_SCALED = ("displacement", "velocity", "spread")
_MASKED = (*_REFERENCED, "spread")
_BANDS = 40


@dataclass(frozen=True)
class Layer:
    """A raster (y, x), or one for each date (date, y, x), that a profile can be taken of.

    Attributes
    ----------
    key : name by which a profile asks for it.
    label, group : how a menu calls it.
    open : gives the array; displacement in metres.
    dates : YYYYMMDD of each slice, empty for a single raster.
    units : of the array.
    scaled : whether it is a displacement or rate that is read in mm, cm or m.
    referenced : whether its values are relative to a place.
    masked : whether a mask of coherence applies to it.
    where : file it comes from.
    code : Python expression that makes the array.
    needs : Python lines that the expression needs.
    notes : what was assumed, in sentences.
    los : whether it is along the line of sight, positive towards the satellite.
    """

    key: str
    label: str
    group: str
    open: Callable[[], xr.DataArray]
    dates: tuple[str, ...]
    units: str
    scaled: bool
    referenced: bool
    masked: bool
    where: str
    code: str
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    los: bool = False


def layers_of_results(results: Results, prefix: str = "", variable: str = "results") -> list[Layer]:
    """All layers that can be read, in the order of the map's menu."""
    return [
        _layer_of_results(results, line.name, prefix, variable)
        for line in menu(results, {})
        if not line.reason
    ]


def _layer_of_results(results: Results, name: str, prefix: str, variable: str) -> Layer:
    entry = entry_of(results, name)
    pair = re.fullmatch(r"(\w+)-(\d{8}_\d{8})", name)
    needs: tuple[str, ...] = (
        "from insar_widgets import open_results", f"{variable} = open_results({str(results.work_dir)!r})"
    )  # fmt: skip
    code = f"{variable}[{name!r}]"
    dates: tuple[str, ...] = ()
    if pair:  # a slice of a file of many: opening each for the menu would take seconds
        units = {"unwrapPhase": "radian", "wrapPhase": "radian", "ionoPhase": "radian"}.get(pair[1], "1")
        code, scaled = f'{variable}.interferograms["{pair[1]}"].sel(pair="{pair[2]}")', False
        where = str(results.work_dir / "inputs" / "ifgramStack.h5")
    elif name not in results.layers:  # the residual RMS, made on the fly
        scaled, units, where = True, "m", str(results.work_dir)
        needs = (*needs, "import numpy as np")
        code = f'np.sqrt(np.square({variable}["timeseriesResidual"].astype(float)).mean("date"))'
    else:
        array = results[name]
        dates, units = tuple(slice_dates(array)), str(array.attrs.get("units", ""))
        scaled = entry.kind in _SCALED and units.partition("/")[0] == "m"
        where = str(array.attrs.get("source", ""))
    label = entry.label
    if entry.kind == "displacement":
        label = f"Displacement, {label[0].lower() + label[1:] if label[1:2].islower() else label}"
    return Layer(
        key=prefix + name, label=label, group=prefix.rstrip(": ") or entry.group,
        open=partial(find_array, results, name),
        dates=dates, units=units, scaled=scaled, referenced=entry.kind in _REFERENCED, masked=entry.kind in _MASKED,
        where=where, code=code, needs=needs, los=entry.kind in ("displacement", "velocity"),
    )  # fmt: skip


def layers_of(data: Any, name: str = "data") -> list[Layer]:
    """Layers of results, an array, a dataset or a mapping of them.

    Raises
    ------
    InsarWidgetsError
        It is something else, or an array has no grid on a map.
    """
    if isinstance(data, Results):
        return layers_of_results(data)
    if isinstance(data, xr.DataArray):
        return [_of_array(data, str(data.name or name), "data")]
    if isinstance(data, xr.Dataset | Mapping):
        found = []
        for key, value in data.items():
            if isinstance(data, xr.Dataset) and value.ndim < 2:
                continue
            if not isinstance(value, xr.DataArray):
                raise InsarWidgetsError(
                    f"A transect is taken of DataArrays; {key!r} is a {type(value).__name__}. Give a DataArray."
                )
            found.append(_of_array(value, str(key), f"data[{key!r}]"))
        if found:
            return found
        raise InsarWidgetsError("There is no array along y and x to take a transect of; give at least one.")
    raise InsarWidgetsError(
        f"A transect is shown of results, a work directory, a DataArray, several of them in a dictionary, or a map, "
        f"not of a {type(data).__name__}."
    )


def _of_array(given: xr.DataArray, key: str, code: str) -> Layer:
    array, notes = given, []
    renames = {str(d): _AXES[str(d).lower()] for d in array.dims if str(d).lower() in _AXES}
    if renames:
        array = array.rename(renames)
        code += f".rename({renames!r})"
    single = [d for d in array.dims if d not in ("date", "y", "x") and array.sizes[d] == 1]
    if single:
        array = array.squeeze(single, drop=True)
        code += f".squeeze({single!r}, drop=True)"
    if set(array.dims) - {"date"} != {"y", "x"}:
        raise InsarWidgetsError(
            f"The array {key} has dimensions {tuple(given.dims)}; a transect needs y (or lat) and x (or lon), "
            "and perhaps date (or time). Choose one of the others with isel."
        )
    order = ("date", "y", "x") if array.ndim == 3 else ("y", "x")
    if array.dims != order:
        array = array.transpose(*order)
        code += f".transpose{order!r}"
    if array.rio.crs is None:
        if not any(str(d).lower().startswith(("lat", "lon")) for d in given.dims):
            raise InsarWidgetsError(
                f"The array {key} has no coordinate reference system; set it with array.rio.write_crs(...)."
            )
        array = array.rio.write_crs(4326)
        code += ".rio.write_crs(4326)"
        notes.append(f"{key} names no reference system; its lon and lat are taken as degrees WGS84.")
    if "spatial_ref" not in array.coords:  # a name that arithmetic would lose
        array = array.rio.write_crs(array.rio.crs, grid_mapping_name="spatial_ref")
        code += '.pipe(lambda a: a.rio.write_crs(a.rio.crs, grid_mapping_name="spatial_ref"))'
    units = str(given.attrs.get("units", "")).strip()
    length, slash, per = units.partition("/")
    if length in _METRES:
        base, factor = _METRES[length]
        units = f"{base}{slash}{per}"
        array = (array * factor).assign_attrs(given.attrs, units=units)
        code = f"({code} * {factor})"
    if not units:
        notes.append(f"{key} names no unit.")
    if array.ndim == 3 and not slice_dates(array):
        raise InsarWidgetsError(
            f"The dates of the array {key} are no times; give its first dimension datetime64 coordinates."
        )
    style = style_of(array)
    scaled = style.display_factor != 1.0 or length in _METRES
    return Layer(
        key=key, label=str(given.attrs.get("long_name") or key), group="", open=lambda: array,
        dates=tuple(slice_dates(array)), units=units, scaled=scaled, referenced=style.symmetric,
        masked=style.symmetric, where=str(given.encoding.get("source", "")) or f"array {key}", code=code,
        needs=("# data: what the widget was given",), notes=tuple(notes),
    )  # fmt: skip


def layer_of_heights(array: xr.DataArray) -> Layer:
    """Heights that the user gave."""
    layer = _of_array(array, str(array.name or "elevation"), "heights")
    return replace(layer, needs=("# heights: what the widget was given as `elevation`",))


def layers_of_file(path: str | Path) -> list[Layer]:
    """Layers of a work directory, one MintPy file, or any raster file that rasterio or xarray reads.

    Raises
    ------
    InsarWidgetsError
        There is no such file, or nothing in it lies on a map grid.
    """
    file = Path(path).expanduser().absolute()
    if not file.exists():
        raise ResultsError(
            f"{file} is not there; check the path, which the kernel's machine must be able to read."
        )
    if file.is_dir():
        prefix = f"{file.name}: "
        return layers_of_results(open_results(file), prefix, _variable(file.name))
    if file.suffix in (".h5", ".he5"):
        return _of_mintpy_file(file)
    try:
        if file.suffix in (".nc", ".nc4", ".cdf"):
            return _of_netcdf(file)
        return _of_raster(file)
    except (RasterioError, OSError, ValueError) as error:
        raise ResultsError(
            f"{file} cannot be read as a raster ({error}); give a GeoTIFF, NetCDF or MintPy file, or a work directory."
        ) from error


def _of_mintpy_file(file: Path) -> list[Layer]:
    for folder in (file.parent, file.parent.parent):
        try:
            results = open_results(folder)
        except ResultsError:
            continue
        found = [
            layer for layer in layers_of_results(results, f"{folder.name}: ", _variable(folder.name))
            if layer.where and Path(layer.where) == file.resolve()
        ]  # fmt: skip
        if found:
            return found
    raise ResultsError(f"{file} is no layer of a MintPy work directory; give the folder that MintPy ran in.")


def _of_netcdf(file: Path) -> list[Layer]:
    data = xr.open_dataset(file, decode_coords="all")
    found: list[Layer] = []
    for name in data.data_vars:
        if data[name].ndim >= 2:
            code = f'xr.open_dataset({str(file)!r}, decode_coords="all")[{str(name)!r}]'
            found.append(_under(file, _of_array(data[name], str(name), code), ("import xarray as xr",)))
    if not found:
        raise ResultsError(f"{file} has no variable along y and x.")
    return found


def _of_raster(file: Path) -> list[Layer]:
    data = rioxarray.open_rasterio(file, masked=True)
    if not isinstance(data, xr.DataArray):
        raise ResultsError(
            f"{file} holds rasters of several sizes; save the one you want as a file of its own."
        )
    names = data.attrs.pop("long_name", ())
    names = (names,) if isinstance(names, str) else tuple(names)
    count = data.sizes["band"]
    if count > _BANDS:
        raise ResultsError(
            f"{file} has {count} bands; at most {_BANDS} are listed. Give the bands you want as arrays."
        )
    found = []
    for band in range(count):
        array = data.isel(band=band, drop=True)
        name = names[band] if band < len(names) else ""
        label = file.stem + (f", {name or f'band {band + 1}'}" if count > 1 else "")
        code = f"rioxarray.open_rasterio({str(file)!r}, masked=True).isel(band={band}, drop=True)"
        found.append(_under(file, _of_array(array.rename(label), label, code), ("import rioxarray",)))
    return found


def _under(file: Path, layer: Layer, needs: tuple[str, ...]) -> Layer:
    key = layer.key if layer.key.startswith(file.stem) else f"{file.stem}: {layer.key}"
    return replace(layer, key=key, group=file.name, where=str(file), needs=needs)


def _variable(name: str) -> str:
    return "results_" + re.sub(r"\W", "_", name)


def date_index(layer: Layer, date: str) -> int | None:
    """Slice of a date; the last one where none is asked for, None for a single raster.

    Raises
    ------
    ResultsError
        The layer has no such date.
    """
    if not layer.dates:
        return None
    if not date:
        return len(layer.dates) - 1
    if date not in layer.dates:
        raise ResultsError(
            f"{layer.label} has no date {iso(date)}; choose one of its {len(layer.dates)} dates "
            f"{iso(layer.dates[0])} to {iso(layer.dates[-1])}."
        )
    return layer.dates.index(date)


def iso(date: str) -> str:
    """`20200131` is 2020-01-31."""
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 and date.isdigit() else date


def as_mask(array: xr.DataArray, threshold: float) -> xr.DataArray:
    """Where a mask lets pixels be seen: not zero for a flag, at least the threshold for a value."""
    return array if array.dtype == np.bool_ else array >= threshold
