"""What a map says and needs of the results: relief, line of sight, statistics of an area, the run's template."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rioxarray  # noqa: F401 - registers the `rio` accessor
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio import Affine
from rasterio.errors import RasterioError
from rasterio.features import geometry_mask
from rasterio.io import MemoryFile

from insar_widgets.errors import InsarWidgetsError, ResultsError, RunError, TemplateError
from insar_widgets.results import Grid, Results
from insar_widgets.runner import Run, Template
from insar_widgets.widgets import _map_layers as layers
from insar_widgets.widgets import _map_looks as looks
from insar_widgets.widgets._hillshade import Hillshade, hillshade
from insar_widgets.widgets._raster_sources import slice_dates

__all__ = [
    "area_statistics", "describe", "line_of_sight", "mask_quantiles", "relief", "run_states", "template_of",
    "write_reference",
]  # fmt: skip

_RELIEF = 1400  # pixels across, at most
_SAMPLE = 400  # pixels across the sample of angles
_AREA_PIXELS = 4_000_000
_MASK_PIXELS = 1_000_000
_SIGN = "line of sight, positive towards the satellite"
_SIGNS = {
    "displacement": _SIGN,
    "velocity": _SIGN,
    "phase": "unwrapped phase, positive away from the satellite",
}
_LALO, _YX = "mintpy.reference.lalo", "mintpy.reference.yx"


def relief(results: Results) -> Hillshade | None:
    """Shaded relief of the stack's own height layer; None where there is none."""
    if "height" not in results.layers:
        return None
    height = results["height"]
    stride = max(1, -(-max(height.shape) // _RELIEF))
    try:
        coarse = height[::stride, ::stride].astype("float32").load()
        if min(coarse.shape) < 2:
            return None
        with MemoryFile() as memory:
            with memory.open(
                driver="GTiff", height=coarse.shape[0], width=coarse.shape[1], count=1, dtype="float32",
                crs=coarse.rio.crs, transform=coarse.rio.transform(recalc=True), nodata=np.nan,
            ) as target:  # fmt: skip
                target.write(coarse.to_numpy(), 1)
            return hillshade(memory.name)
    except (ResultsError, RasterioError, OSError):
        return None


def line_of_sight(results: Results) -> dict[str, float] | None:
    """Heading of the flight and look direction, degrees clockwise from north, and the mean incidence angle.

    From the layers of angles (medians) and MintPy's ``HEADING``; Sentinel-1 looks to the right, so the heading is the
    look direction less 90 degrees where the file does not say it.
    """
    azimuth = _median(results, "azimuthAngle")
    incidence = _median(results, "incidenceAngle")
    if azimuth is None:
        return None
    look = (180.0 - azimuth) % 360.0  # azimuthAngle: ground to sensor, from north, anti-clockwise
    try:
        heading = float(results.metadata["HEADING"]) % 360.0
    except (KeyError, ValueError):
        heading = (look - 90.0) % 360.0
    found = {"look": look, "heading": heading}
    return found if incidence is None else found | {"incidence": incidence}


def _median(results: Results, name: str) -> float | None:
    if name not in results.layers:
        return None
    array = results[name]
    stride = max(1, max(array.shape) // _SAMPLE)
    values = array[::stride, ::stride].to_numpy()
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else None


def describe(results: Results, entry: layers.Entry, array: xr.DataArray) -> dict[str, Any]:
    """What the page says about a layer, for its header, dates, masks and the line of provenance."""
    epsg = results.crs.to_epsg()
    dates = slice_dates(array)
    used = {day for pair in layers.pairs_of(results) for day in pair.split("_")}
    height, width = results.grid.pixel_size()
    west, south, east, north = results.grid.bounds()
    masks = [
        {"name": line.name, "label": line.label, "flag": layers.is_flag(results, line.name)}
        for line in layers.menu(results, {})
        if not line.reason and line.kind in ("coherence", "mask") and line.name in results.layers
    ]
    pair = layers.pair_of(entry.name)
    components = f"{layers.COMPONENTS}-{pair}"
    if pair and components in (line.name for line in layers.menu(results, {})):
        masks.append({"name": layers.COMPONENTS, "label": "Connected components of this pair", "flag": True})
    try:
        wavelength: float | None = results.wavelength
    except ResultsError:
        wavelength = None
    return {
        "name": entry.name, "title": looks.title_of(entry), "kind": entry.kind, "units": array.attrs.get("units", ""),
        "file": Path(array.attrs.get("source", "")).name, "folder": str(results.work_dir),
        "dates": dates, "dropped": sorted(used - set(dates)) if dates else [],
        "file_reference_date": array.attrs.get("reference_date", ""),
        "crs": f"EPSG:{epsg}" if epsg else results.crs.name, "pixel": (height + width) / 2,
        "bounds": [south, west, north, east], "masks": masks, "masked": entry.kind in looks.MASKED,
        "referenced": entry.kind in looks.REFERENCED, "sign": _SIGNS.get(entry.kind, ""),
        "zero_date": looks.has_zero_date(entry), "wavelength": wavelength, "notes": list(results.notes),
        "origin": results.reference_point,
        "long_name": str(array.attrs.get("long_name", "")),
    }  # fmt: skip


def _inside(array: xr.DataArray, ring: list[list[float]], most: int) -> tuple[dict[str, slice], Any] | None:
    """Window of a 2-D layer around a polygon, and which of its pixels lie in it; None where it holds no pixel."""
    to_grid = Transformer.from_crs(4326, array.rio.crs, always_xy=True)
    polygon = shapely.Polygon([to_grid.transform(lon, lat) for lon, lat in ring])
    west, south, east, north = polygon.bounds
    y, x = array["y"].to_numpy(), array["x"].to_numpy()
    rows = np.flatnonzero((y >= south) & (y <= north))
    columns = np.flatnonzero((x >= west) & (x <= east))
    if rows.size == 0 or columns.size == 0:
        return None
    stride = max(1, int(np.ceil(np.sqrt(rows.size * columns.size / most))))
    part = {"y": slice(rows[0], rows[-1] + 1, stride), "x": slice(columns[0], columns[-1] + 1, stride)}
    window = array.isel(part)
    if min(window.shape) < 2:
        return part, np.ones(window.shape, bool)
    shape = (window.shape[0], window.shape[1])
    grid = Grid.from_array(window)
    transform = Affine(grid.x_step, 0, grid.x_first, 0, grid.y_step, grid.y_first)
    return part, geometry_mask([polygon], shape, transform, invert=True)


def area_statistics(
    array: xr.DataArray,
    ring: list[list[float]],
    mask: xr.DataArray | None,
    keep: Callable[[Any], Any],
    base: xr.DataArray | None = None,
) -> dict[str, Any]:
    """Distribution of the values of a 2-D layer inside a polygon.

    Parameters
    ----------
    ring
        ``[lon, lat]`` corners in degrees WGS84.
    mask, keep
        Layer on the same grid, and the function that tells from its values which pixels count.
    base
        Layer on the same grid that is subtracted pixel by pixel.

    Returns
    -------
    dict
        ``count`` (with a value), ``kept`` (those that the mask keeps), ``median``, ``p16``, ``p84``, ``minimum``,
        ``maximum`` of the kept ones in the layer's unit; None where there are none.
    """
    found: dict[str, Any] = dict.fromkeys(("median", "p16", "p84", "minimum", "maximum"))
    found |= {"count": 0, "kept": 0}
    place = _inside(array, ring, _AREA_PIXELS)
    if place is None:
        return found
    part, inside = place
    values = array.isel(part).to_numpy().astype(float)
    if base is not None:
        values -= base.isel(part).to_numpy()
    known = inside & np.isfinite(values)
    kept = known if mask is None else known & keep(mask.isel(part).to_numpy())
    found |= {"count": int(known.sum()), "kept": int(kept.sum())}
    chosen = values[kept]
    if chosen.size:
        p16, median, p84 = (float(v) for v in np.percentile(chosen, (16, 50, 84)))
        found |= {"median": median, "p16": p16, "p84": p84}
        found |= {"minimum": float(chosen.min()), "maximum": float(chosen.max())}
    return found


def mask_quantiles(array: xr.DataArray, ring: list[list[float]] | None) -> list[float]:
    """201 quantiles, 0 to 100 %, of a mask's values, in a polygon or everywhere; empty where there are none."""
    if ring is None:
        stride = max(1, max(array.shape[-2:]) // 1000)
        values = array[::stride, ::stride].to_numpy().astype(float)
    else:
        place = _inside(array, ring, _MASK_PIXELS)
        if place is None:
            return []
        part, inside = place
        values = array.isel(part).to_numpy().astype(float)[inside]
    values = values[np.isfinite(values)]
    return [float(v) for v in np.percentile(values, np.linspace(0, 100, 201))] if values.size else []


def run_states(work_dir: Path) -> dict[str, str]:
    """State of each step of the run in a folder; empty where there is no record of one."""
    try:
        return Run.attach(work_dir).states()
    except (InsarWidgetsError, OSError, ValueError, TypeError, KeyError):  # none, or one of another version
        return {}


def template_of(results: Results, given: Path | None) -> Path:
    """File of the template that the reference point is written to.

    Raises
    ------
    TemplateError
        There is none.
    """
    if given is not None:
        if not given.is_file():
            raise TemplateError(f"{given} is not there; give the map another `template_path`.")
        return given
    found = sorted(
        path
        for path in results.work_dir.glob("*.txt")
        if path.is_file() and "mintpy." in path.read_text(errors="replace")
    )
    if not found:
        raise TemplateError(
            f"{results.work_dir} holds no template of yours (PROJECT.txt), so the reference point has no place to go; "
            "name it: DisplacementMap(results, template_path=...)."
        )
    return found[0]


def write_reference(
    results: Results, given: Path | None, lon: float, lat: float, *, write: bool
) -> dict[str, Any]:
    """Write `mintpy.reference.lalo`, or only tell what that would do.

    Returns
    -------
    dict
        ``file``, ``before`` and ``after`` (values of the option), ``stale`` (steps that will have to run again).
    """
    path = template_of(results, given)
    template = Template.read(path)
    value = f"{lat:.6f}, {lon:.6f}"
    changed = template.with_options({_LALO: value})
    if _YX in changed:
        changed = changed.without(_YX)  # MintPy prefers it to lalo
    stale: list[str] = []
    try:
        before = Run(results.work_dir, template).states()
        after = Run(results.work_dir, changed).states()
        stale = [step for step, state in after.items() if state == "stale" and before.get(step) != "stale"]
    except (RunError, OSError, ValueError, TypeError, KeyError):
        pass  # a folder without a record of runs, or of another version: nothing is known to become stale
    if write:
        changed.write(path)
    return {"file": str(path), "before": template.get(_LALO, "auto"), "after": value, "stale": stale}
