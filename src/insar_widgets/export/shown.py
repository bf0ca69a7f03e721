"""Exactly what a map shows: the same layer, date, reference, mask, range and colours."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insar_widgets.export._fig_base import Picture, Wish, save
from insar_widgets.export._fig_map import draw_map
from insar_widgets.export._job import Job, Progress
from insar_widgets.export._look import look_of
from insar_widgets.export._values import value_at
from insar_widgets.export.kmz import export_kmz
from insar_widgets.export.rasters import Series, export_displacement, export_layer
from insar_widgets.results import Results

__all__ = ["Shown", "export_shown", "mask_of", "other_point"]


@dataclass(frozen=True)
class Shown:
    """What a map shows.

    Attributes
    ----------
    layer, date : name in `Results.layers`, and YYYYMMDD of a series.
    mask_layer, mask_threshold : where values are shown; empty for everywhere.
    vmin, vmax, wrap : of the colours, in the unit of the layer.
    colormap, reverse : the colour table.
    reference_date, reference_point : what is zero; None for the results' own.
    units : ``"m"``, ``"cm"`` or ``"mm"``.
    points, transect : drawn on the picture.
    crs, cog : of the GeoTIFF.
    """

    layer: str
    date: str = ""
    mask_layer: str = ""
    mask_threshold: float = 0.0
    vmin: float | None = None
    vmax: float | None = None
    wrap: float | None = None
    colormap: str = "vik"
    reverse: bool = True
    reference_date: str | None = None
    reference_point: Mapping[str, float] | None = None
    units: str = "mm"
    points: tuple[Mapping[str, Any], ...] = ()
    transect: tuple[tuple[float, float], ...] = ()
    crs: Any = None
    cog: bool = False

    @property
    def stem(self) -> str:
        """Name of the files."""
        return f"map_{self.layer}{f'_{self.date}' if self.date else ''}"


def export_shown(
    results: Results,
    out: str | Path,
    shown: Shown,
    *,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write what a map shows: values as GeoTIFF, the coloured layer as KMZ, and a picture for print as PNG.

    Returns
    -------
    list of Path
        GeoTIFF, KMZ and PNG, named after layer and date.

    Raises
    ------
    ExportError, CancelledError
        See `export_displacement`.
    """
    job = Job(on_progress, cancelled, total=3)
    if notes is not None:
        job.notes = notes
    array = results[shown.layer]
    is_series = array.ndim == 3
    date = shown.date or (results.dates[-1] if is_series else "")
    shown = replace(shown, date=date if is_series else "")
    mask = mask_of(results, shown)
    moves = is_series or str(array.attrs.get("units")) == "m/year"
    point = other_point(results, shown) if moves and not shown.layer.endswith("Std") else None
    quiet: dict[str, Any] = {"cancelled": cancelled, "notes": job.notes}
    folder = Path(out)
    base = shown.reference_date if shown.reference_date != results.reference_date else None
    with_units: dict[str, Any] = {"units": shown.units} if moves else {}
    raster = {
        "mask": mask,
        "crs": shown.crs,
        "cog": shown.cog,
        "reference_point": point,
        **with_units,
        **quiet,
    }
    if is_series:
        name = f"{shown.stem}.tif"
        tif = export_displacement(
            results, folder, dates=[date], name=shown.layer, reference_date=base, file_name=name, **raster
        )
    else:
        tif = export_layer(results, folder / f"{shown.stem}.tif", shown.layer, **raster)
    job.step(1, f"{shown.stem}.tif")
    colours: dict[str, Any] = {
        "vmin": shown.vmin,
        "vmax": shown.vmax,
        "colormap": shown.colormap,
        "wrap": shown.wrap,
    }
    kmz = export_kmz(
        results, folder / f"{shown.stem}.kmz", shown.layer, dates=[date] if is_series else None, mask=mask,
        reverse=shown.reverse, reference_date=base, reference_point=point, **with_units, **colours, **quiet,
    )  # fmt: skip
    job.step(1, f"{shown.stem}.kmz")
    picture = _picture(results, array, shown, base=base, point=point, mask=mask)
    wish = Wish(formats=("png",))
    png = save(replace(picture, stem=shown.stem), folder, wish)
    job.step(1, f"{shown.stem}.png")
    return [*tif, *kmz, *png]


def _picture(
    results: Results,
    array: xr.DataArray,
    shown: Shown,
    *,
    base: str | None,
    point: Any,
    mask: xr.DataArray | None,
) -> Picture:
    layer = array
    if array.ndim == 3:
        series = Series(results, shown.layer, None, base, point)
        ((index, _),) = series.chosen([shown.date])
        layer = array.isel(date=index)
        values = series.compute()(np.asarray(layer.values), index, slice(0, array.sizes["y"]))
        layer = layer.copy(data=values)
    elif point is not None:
        layer = (array - np.float32(value_at(array, point))).assign_attrs(array.attrs).rename(array.name)
    look = look_of(results, layer, vmin=shown.vmin, vmax=shown.vmax, colormap=shown.colormap)
    look = replace(look, reverse=shown.reverse, wrap=shown.wrap)
    wish = Wish(
        units=shown.units, mask=mask, points=tuple(dict(p) for p in shown.points), transect=shown.transect,
    )  # fmt: skip
    title = look.title + (f", {shown.date[:4]}-{shown.date[4:6]}-{shown.date[6:]}" if shown.date else "")
    return draw_map(results, layer, shown.stem, wish, title=title, look=look)


def mask_of(results: Results, shown: Shown) -> xr.DataArray | None:
    """Where the map shows values: at or above the threshold, or where a layer of true and false is true."""
    if not shown.mask_layer or shown.mask_layer not in results.layers:
        return None
    layer = results[shown.mask_layer]
    if layer.dtype.kind == "b":
        return layer.rename(shown.mask_layer)
    kept = (layer >= shown.mask_threshold).rename(f"{shown.mask_layer} >= {shown.mask_threshold:g}")
    return kept.assign_attrs({})


def other_point(results: Results, shown: Shown) -> Mapping[str, float] | None:
    """The reference point of the map where it is not the results' own pixel."""
    point, own = shown.reference_point, results.reference_point
    if point is None:
        return None
    if own is not None and not point.get("radius") and "y" in own:
        grid_point = results.grid.pixel(float(point["lon"]), float(point["lat"]))
        if grid_point == (int(own["y"]), int(own["x"])):
            return None
    return {"lon": float(point["lon"]), "lat": float(point["lat"]), "radius": float(point.get("radius") or 0)}
