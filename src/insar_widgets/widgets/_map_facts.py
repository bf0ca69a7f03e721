"""What a map says and needs of the results: relief, line of sight, statistics of an area, the run's template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rioxarray  # noqa: F401 - registers the `rio` accessor
import shapely
import xarray as xr
from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.features import geometry_mask
from rasterio.io import MemoryFile

from insar_widgets.errors import InsarWidgetsError, ResultsError, RunError, TemplateError
from insar_widgets.results import Results
from insar_widgets.runner import Run, Template
from insar_widgets.widgets._hillshade import Hillshade, hillshade

__all__ = ["area_statistics", "line_of_sight", "relief", "run_states", "template_of", "write_reference"]

_RELIEF = 1400  # pixels across, at most
_SAMPLE = 400  # pixels across the sample of angles
_AREA_PIXELS = 4_000_000
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


def area_statistics(
    array: xr.DataArray, ring: list[list[float]], mask: xr.DataArray | None, keep: Any
) -> dict[str, Any]:
    """Distribution of the values of a 2-D layer inside a polygon.

    Parameters
    ----------
    ring
        ``[lon, lat]`` corners in degrees WGS84.
    mask, keep
        Layer on the same grid, and the function that tells from its values which pixels count.

    Returns
    -------
    dict
        ``count`` (with a value), ``kept`` (those that the mask keeps), ``median``, ``p16``, ``p84``, ``minimum``,
        ``maximum`` of the kept ones in the layer's unit; None where there are none.
    """
    to_grid = Transformer.from_crs(4326, array.rio.crs, always_xy=True)
    polygon = shapely.Polygon([to_grid.transform(lon, lat) for lon, lat in ring])
    west, south, east, north = polygon.bounds
    y, x = array["y"].to_numpy(), array["x"].to_numpy()
    rows = np.flatnonzero((y >= south) & (y <= north))
    columns = np.flatnonzero((x >= west) & (x <= east))
    empty = {
        "count": 0,
        "kept": 0,
        "median": None,
        "p16": None,
        "p84": None,
        "minimum": None,
        "maximum": None,
    }
    if rows.size == 0 or columns.size == 0:
        return empty
    stride = max(1, int(np.ceil(np.sqrt(rows.size * columns.size / _AREA_PIXELS))))
    part = {"y": slice(rows[0], rows[-1] + 1, stride), "x": slice(columns[0], columns[-1] + 1, stride)}
    window = array.isel(part)
    if min(window.shape) < 2:
        inside = np.ones(window.shape, bool)
    else:
        shape = (window.shape[0], window.shape[1])
        inside = geometry_mask([polygon], shape, window.rio.transform(recalc=True), invert=True)
    values = window.to_numpy().astype(float)
    known = inside & np.isfinite(values)
    kept = known if mask is None else known & keep(mask.isel(part).to_numpy())
    chosen = values[kept]
    if chosen.size == 0:
        return empty | {"count": int(known.sum())}
    p16, median, p84 = (float(v) for v in np.percentile(chosen, (16, 50, 84)))
    return {
        "count": int(known.sum()), "kept": int(chosen.size), "median": median, "p16": p16, "p84": p84,
        "minimum": float(chosen.min()), "maximum": float(chosen.max()),
    }  # fmt: skip


def run_states(work_dir: Path) -> dict[str, str]:
    """State of each step of the run in a folder; empty where there is no record of one."""
    try:
        return Run.attach(work_dir).states()
    except (InsarWidgetsError, OSError, ValueError):
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
    except (RunError, OSError, ValueError):
        pass  # a folder without a record of runs: nothing is known to become stale
    if write:
        changed.write(path)
    return {"file": str(path), "before": template.get(_LALO, "auto"), "after": value, "stale": stale}
