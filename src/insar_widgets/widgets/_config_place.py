"""What there is at the reference point of a template."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window

from insar_widgets.errors import CancelledError
from insar_widgets.hyp3 import Stack
from insar_widgets.hyp3.grid import Grid
from insar_widgets.runner import Template

__all__ = ["place_note"]

_LALO, _YX = "mintpy.reference.lalo", "mintpy.reference.yx"
_MOST = 200  # products whose coherence is read


def place_note(stack: Stack | None, template: Template, cancelled: threading.Event) -> str:
    """Say where the reference point is in the stack and how coherent; empty where that cannot be told.

    Raises
    ------
    CancelledError
        `cancelled` was set meanwhile.
    """
    text = template.get(_LALO, "auto")
    grid = stack.grid if stack is not None and stack.products else None
    if grid is None or stack is None or template.get(_YX, "auto") not in ("auto", "no"):
        return ""
    try:
        lat, lon = (float(part) for part in text.strip("[] ").split(","))
    except ValueError:
        return ""
    place = _pixel(grid, lat, lon)
    if place is None:
        return ""
    row, column = place
    files = [product.layers["corr"] for product in stack.products if "corr" in product.layers]
    files = files[:: max(len(files) // _MOST, 1)]
    coherence = _mean(files, row, column, cancelled)
    text = f"Row {row}, column {column} of the stack"
    if coherence is None:
        return f"{text}: no data there."
    return f"{text}: average spatial coherence {coherence:.2f} in {len(files)} pairs."


def _pixel(grid: Grid, lat: float, lon: float) -> tuple[int, int] | None:
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    if not np.isfinite([x, y]).all():
        return None
    column, row = (x - grid.transform[2]) / grid.xres, (grid.transform[5] - y) / grid.yres
    inside = 0 <= row < grid.height and 0 <= column < grid.width
    return (int(row), int(column)) if inside else None


def _mean(files: Sequence[str], row: int, column: int, cancelled: threading.Event) -> float | None:
    values = []
    for file in files:
        if cancelled.is_set():
            raise CancelledError("Cancelled.")
        try:
            with rasterio.open(file, driver="GTiff") as source:
                pixel = source.read(1, window=Window(column, row, 1, 1))
                nodata = source.nodata
        except (RasterioError, OSError):
            continue
        value = float(pixel[0, 0]) if pixel.size else np.nan
        if np.isfinite(value) and value != nodata and value > 0:
            values.append(value)
    return float(np.mean(values)) if values else None
