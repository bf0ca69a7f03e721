"""One raster, or a series of them, as map tiles."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import TileError
from insar_widgets.tiles import pyramid
from insar_widgets.tiles._cache import ByteCache, Cancelled, check
from insar_widgets.tiles._levels import Levels
from insar_widgets.tiles._mercator import MAX_ZOOM, TILE
from insar_widgets.tiles._origin import Origin, in_memory, origin_of
from insar_widgets.tiles._raster import Floats32, Kind, Raster
from insar_widgets.tiles._store import StoredLevels
from insar_widgets.tiles._warp import shows, warp_tile
from insar_widgets.tiles.codec import Format, Quantisation, encode_parts, encode_tile
from insar_widgets.tiles.pyramid import PyramidStatus
from insar_widgets.tiles.statistics import Statistics, seen_range, summarise

__all__ = ["TileSource", "render_tile"]

_GATHER_BYTES = 48 * 2**20
_BAND_BYTES = 16 * 2**20
_ROOM_2D, _ROOM_SERIES = 2.0, 4.0


@dataclass(frozen=True)
class _Gather:
    """Where the pixels of a tile are in a window of a level; the last place of the window is no data."""

    level: int
    rows: slice
    columns: slice
    index: npt.NDArray[np.int32]


_local = threading.local()
# shared by all layers on a grid
_gathers: ByteCache[_Gather | None] = ByteCache(_GATHER_BYTES, lambda g: 64 if g is None else g.index.nbytes)


class TileSource:
    """A georeferenced array as 256-pixel Web Mercator tiles of its values.

    Made once for a layer; every method may be called from several threads. A change of slice costs only the reading
    of the window in view, as the warp of each tile is kept.

    Parameters
    ----------
    data
        Dimensions (y, x), or (date, y, x) with any name for the first; coordinates are pixel centres; any
        projected or geographic CRS; NumPy, lazily read or Dask. No data is NaN or the fill value that
        ``rio.nodata`` knows.
    kind
        ``"values"`` are averaged where many pixels become one, ``"classes"`` and ``"mask"`` take the commonest.
        ``"auto"``: booleans are a mask; integers of 8 bits, with flag attributes, or named after connected components,
        classes or masks are classes; the rest are values.
    cache_bytes
        Memory for values that were read, for this source alone. If not given, all sources of the process share 128 MB.
    cache_dir
        Where overviews go when they can't be written beside the data; the user's cache folder if not given.
    path
        File or Zarr folder that `data` is read from, for overviews beside it; needed only where the array does not
        say it in ``attrs["source"]`` or ``encoding["source"]``, as after `xarray.open_zarr`.

    Attributes
    ----------
    kind
        As found or given.
    notes
        What was assumed, in words.

    Raises
    ------
    TileError
        Complex numbers, no CRS, no or uneven coordinates, too many dimensions.
    """

    def __init__(
        self,
        data: xr.DataArray,
        *,
        kind: Kind | Literal["auto"] = "auto",
        cache_bytes: int | None = None,
        cache_dir: str | Path | None = None,
        path: str | Path | None = None,
    ) -> None:
        if kind not in ("auto", "values", "classes", "mask"):
            raise TileError(f"The kind {kind!r} is unknown; choose 'auto', 'values', 'classes' or 'mask'.")
        self._raster = Raster(data, kind)
        self._levels = Levels(self._raster, cache_bytes)
        self._lock = threading.Lock()
        self._quantisation: Quantisation | None = None
        self._ranged = False
        self._cache_dir = None if cache_dir is None else Path(cache_dir)
        self._gate = pyramid.Gate()
        self._origin: Origin | None = None
        if not pyramid.small(self._levels):
            self._origin = origin_of(self._raster, None if path is None else Path(path))
        self._build: pyramid.Build | None = None
        self._status = self._look()
        self._revision = 0
        self.kind: Kind = self._raster.kind
        self.notes = self._raster.notes

    @property
    def name(self) -> str:
        """Name of the array, may be empty."""
        return str(self._raster.data.name or "")

    @property
    def units(self) -> str:
        """Units of the values as the array states them, may be empty."""
        return str(self._raster.data.attrs.get("units", ""))

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the array's numbers; tiles are float32."""
        return np.dtype(self._raster.data.dtype)

    @property
    def slices(self) -> int:
        """How many slices there are: dates of a series, 1 for a single raster."""
        return self._raster.slices

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._raster.shape

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees WGS84, a little wider than the pixels.

        West is from -180 on; east is beyond 180 where the raster lies across the antimeridian.
        """
        west, south, east, north = self._raster.grid.bounds
        turns = np.floor((west + 180 + 1e-9) / 360) * 360
        return float(west - turns), south, float(east - turns), north

    @property
    def max_zoom(self) -> int:
        """The first zoom at which a pixel of the map is no larger than a pixel of the raster."""
        return int(np.clip(np.ceil(np.log2(self._raster.grid.pixels_per_world / TILE) - 1e-6), 0, MAX_ZOOM))

    @property
    def min_zoom(self) -> int:
        """The last zoom at which the whole raster is smaller than a tile; views further out are possible."""
        return max(0, self.max_zoom - int(np.ceil(np.log2(max(1.0, max(self.shape) / TILE)))))

    def covers(self, z: int, x: int, y: int) -> bool:
        """Whether a tile touches the bounds; those that don't are NaN throughout."""
        x = _check_tile(z, x, y)
        return shows(self._raster.grid, z, x, y)

    def tile(
        self, z: int, x: int, y: int, index: int | None = None, *, cancelled: Cancelled | None = None
    ) -> Floats32:
        """Values of a tile: nearest pixel, of a coarser level where several pixels become one.

        Parameters
        ----------
        z, x, y
            Zoom, column from west and row from north, as in the addresses of map tiles. `x` may be any number: the
            world repeats.
        index
            Slice; the first if not given.
        cancelled
            Anything with ``is_set()``, such as a `threading.Event`; looked at between pieces of work.

        Returns
        -------
        float32 (256, 256)
            First row north, first column west; NaN where there is nothing.

        Raises
        ------
        TileError
            No such tile or slice.
        CancelledError
            `cancelled` was set.
        """
        tile = np.empty((TILE, TILE), np.float32)
        if not self._fill(tile, (z, x, y), index, cancelled):
            tile[...] = np.nan
        return tile

    def encoded(
        self, z: int, x: int, y: int, index: int | None = None, *, cancelled: Cancelled | None = None
    ) -> list[bytes | npt.NDArray[np.generic]]:
        """The bytes of `encode(tile(...))` in parts to be joined; no part where the tile is empty.

        Half of the time that takes would go into new memory for each step.
        """
        tile = _room()
        if not self._fill(tile, (z, x, y), index, cancelled):
            return []
        header, codes = encode_parts(tile, self.quantisation, classes=self.kind != "values")
        return [] if codes is None else [header, codes]

    def _fill(
        self, tile: Floats32, place: tuple[int, int, int], index: int | None, cancelled: Cancelled | None
    ) -> bool:
        """Put the values of a tile where they are wanted; False where the tile shows nothing of the raster."""
        z, x, y = place
        x = _check_tile(z, x, y)
        number = self._raster.slice_number(index)
        check(cancelled)
        level = self._levels.for_zoom(z)
        with self._gate:
            gather = _gathers.get(
                (self._raster.grid, z, x, y), lambda: self._gather(z, x, y, level), cancelled
            )
            if gather is None:
                return False
            check(cancelled)
            window = self._levels.window(gather.level, number, gather.rows, gather.columns, cancelled)
        # all places are within the window; "clip" only spares the check, and the copy it needs
        window.take(gather.index, out=tile.reshape(-1), mode="clip")
        return True

    def encode(self, tile: Floats32, format: Format = "auto") -> bytes:
        """Bytes of a tile for the front end; see `insar_widgets.tiles.codec` for the layout.

        Parameters
        ----------
        tile
            As `tile` returns it.
        format
            ``"auto"``: 16-bit codes with the step in `quantisation`, the same for all tiles; classes and masks exact
            in 8 or 16 bits; a tile with values beyond the range of the codes as floats. ``"float32"``: always floats.
        """
        if format not in ("auto", "float32"):
            raise TileError(f"The format {format!r} is unknown; choose 'auto' or 'float32'.")
        if format == "float32":
            return encode_tile(tile)
        return encode_tile(tile, self.quantisation, classes=self.kind != "values")

    @property
    def quantisation(self) -> Quantisation | None:
        """How values become 16-bit codes; `quantisation.error` is the largest error, in the units of the values.

        None for classes and masks, which are exact, and for a raster without values where it was looked at.
        """
        with self._lock:
            if not self._ranged:
                self._quantisation = None if self.kind != "values" else self._find_quantisation()
                self._ranged = True
            return self._quantisation

    @property
    def pyramid(self) -> PyramidStatus:
        """Whether there are overviews on disk, or how far they are."""
        return self._status

    @property
    def revision(self) -> int:
        """Counts up when overviews become ready, so that tiles come faster from then on; their values stay."""
        return self._revision

    def build_pyramid(self, on_change: Callable[[PyramidStatus], None] | None = None) -> PyramidStatus:
        """Build overviews in the background, beside the data; returns at once.

        They are made once, are found again by every later source of the same data, and are made anew when the file
        was written again. Nothing happens where they are not needed, not possible, ready or being built.

        Parameters
        ----------
        on_change
            Called with each new status, on the thread that builds, until the state is no longer ``"building"``.
        """
        with self._lock:
            if self._status.state in ("building", "ready", "not needed") or self._origin is None:
                return self._status
            place = pyramid.plan(self._origin, self._levels, self._cache_dir)
            if isinstance(place, str):
                self._status = PyramidStatus("unavailable", 0.0, place)
                return self._status
            self._status = PyramidStatus("building", 0.0, place.message, place.folder)
            self._build = pyramid.start(self._origin, self._levels, place, self._gate)
        self._build.listen(id(self), lambda status: self._changed(status, on_change))
        return self._status

    def wait_pyramid(self, timeout: float | None = None) -> PyramidStatus:
        """Wait until the building has ended, `timeout` seconds at most; returns the status."""
        build = self._build
        if build is not None:
            build.done.wait(timeout)
        return self._status

    def cancel_pyramid(self) -> None:
        """End the building, unless another source of this process wants it, too; what was written is removed."""
        if self._build is not None:
            self._build.leave(id(self))
            if self._status.state == "building":
                message = "Building of overviews was cancelled."
                self._status = PyramidStatus("cancelled", self._status.fraction, message)

    def value(self, lon: float, lat: float, index: int | None = None) -> float:
        """Value of the pixel that holds a point (degrees WGS84); NaN outside and where there is no data."""
        pixel = self._pixel(lon, lat)
        number = self._raster.slice_number(index)
        if pixel is None:
            return float("nan")
        row, column = pixel
        return float(self._raster.read(number, slice(row, row + 1), slice(column, column + 1))[0, 0])

    def series(self, lon: float, lat: float) -> Floats32:
        """Values of all slices, shape (slices,), of the pixel that holds a point; NaN outside."""
        pixel = self._pixel(lon, lat)
        if pixel is None:
            return np.full(self.slices, np.nan, np.float32)
        return self._raster.read_pixel(*pixel)

    def statistics(
        self, index: int | None = None, *, bins: int = 256, cancelled: Cancelled | None = None
    ) -> Statistics:
        """Percentiles and histogram of one slice, quickly: of a coarse level or a sample, as its `basis` says."""
        return summarise(self._raster, self._levels, self._raster.slice_number(index), bins, cancelled)

    def _look(self) -> PyramidStatus:
        if pyramid.small(self._levels):
            return PyramidStatus("not needed", 1.0, "The raster is small; overviews are made as needed.")
        if self._origin is None:
            why = (
                "The values are in memory"
                if in_memory(self._raster.data)
                else "The array names no file it is read from"
            )
            return PyramidStatus("not needed", 1.0, f"{why}; overviews are made as needed.")
        folder = pyramid.find(self._origin, self._cache_dir)
        if folder is None:
            return PyramidStatus("none", 0.0, "There are no overviews; zoomed out the map is slower.")
        self._use(folder)
        return PyramidStatus("ready", 1.0, f"Overviews are in {folder}.", folder)

    def _use(self, folder: Path) -> None:
        if self._origin is not None:
            self._levels.stored = StoredLevels(folder, self._origin, pyramid.shapes_of(self._levels))

    def _changed(self, status: PyramidStatus, on_change: Callable[[PyramidStatus], None] | None) -> None:
        if status.state == "ready" and status.folder is not None:
            self._use(status.folder)
            self._revision += 1
        self._status = status
        if on_change is not None:
            on_change(status)

    def _find_quantisation(self) -> Quantisation | None:
        stored = self._levels.stored
        found = stored.range if stored is not None else seen_range(self._raster)
        if found is None:
            return None
        room = 1.0 if stored is not None else _ROOM_SERIES if self.slices > 1 else _ROOM_2D
        return Quantisation.for_range(*found, room=room, whole=self.dtype.kind in "iu")

    def _pixel(self, lon: float, lat: float) -> tuple[int, int] | None:
        if not (np.isfinite(lon) and np.isfinite(lat) and -90 <= lat <= 90):
            raise TileError(
                f"({lon}, {lat}) is no longitude and latitude in degrees; give lon first, then lat."
            )
        grid = self._raster.grid
        west, south, east, north = grid.bounds
        if not south <= lat <= north:
            return None
        turns = np.arange(np.ceil((west - lon) / 360), np.floor((east - lon) / 360) + 1)
        for turn in turns:
            row, column = (float(v) for v in grid.indices(lon + 360 * turn, lat))
            if 0 <= row < grid.rows and 0 <= column < grid.columns:
                return int(row), int(column)
        return None

    def _gather(self, z: int, x: int, y: int, level: int) -> _Gather | None:
        warp = _worker().submit(warp_tile, self._raster.grid, z, x, y).result()
        if warp is None:
            return None
        rows, columns = warp.rows >> level, warp.columns >> level
        outside = warp.rows < 0
        partly = bool(outside.any())
        seen_rows, seen_columns = (rows[~outside], columns[~outside]) if partly else (rows, columns)
        top, left = int(seen_rows.min()), int(seen_columns.min())
        height, width = int(seen_rows.max()) - top + 1, int(seen_columns.max()) - left + 1
        index = (rows - top) * np.int32(width) + (columns - left)
        if partly:
            index[outside] = height * width
        return _Gather(level, slice(top, top + height), slice(left, left + width), index.reshape(-1))


def _room() -> Floats32:
    """A tile that each thread uses again."""
    found: Floats32 | None = getattr(_local, "tile", None)
    if found is None:
        found = _local.tile = np.empty((TILE, TILE), np.float32)
    return found


@lru_cache(maxsize=1)
def _worker() -> ThreadPoolExecutor:
    """One thread for all projecting: PROJ builds its state anew in each thread, which costs more than a tile."""
    return ThreadPoolExecutor(1, "insar-widgets-warp")


def render_tile(data: xr.DataArray, z: int, x: int, y: int) -> npt.NDArray[np.float32]:
    """One Web Mercator value tile of a raster: at each pixel the value of the nearest pixel of the raster.

    Parameters
    ----------
    data
        Dimensions (y, x), coordinates are pixel centres, with a CRS (``array.rio.crs``); any projection.
    z, x, y
        Zoom, column from west (any number: the world repeats) and row from north.

    Returns
    -------
    float32 (256, 256)
        First row north, first column west; NaN where there is nothing or no data.

    Raises
    ------
    TileError
        Complex numbers, no CRS, uneven coordinates, more than one slice, or no such tile.

    See Also
    --------
    TileSource : for a map, where the same raster is asked for many tiles.
    """
    raster = Raster(data)
    if raster.slices > 1:
        raise TileError(
            f"The array has {raster.slices} slices; choose one, for example array.isel({raster.dim}=0)."
        )
    warp = warp_tile(raster.grid, z, _check_tile(z, x, y), y)
    tile = np.full((TILE, TILE), np.nan, np.float32)
    if warp is None:
        return tile
    inside = warp.rows >= 0
    rows, columns = warp.rows[inside], warp.columns[inside]
    values = np.empty(rows.size, np.float32)
    left, right = int(columns.min()), int(columns.max()) + 1
    # bands of rows, so that a view of the whole of a large raster does not hold all of it
    band = max(1, _BAND_BYTES // (4 * (right - left)))
    for top in range(int(rows.min()), int(rows.max()) + 1, band):
        mine = (rows >= top) & (rows < top + band)
        if mine.any():
            part = raster.read(0, slice(top, min(top + band, raster.shape[0])), slice(left, right))
            values[mine] = part[rows[mine] - top, columns[mine] - left]
    tile[inside] = values
    return tile


def _check_tile(z: int, x: int, y: int) -> int:
    """Column of the tile within the world."""
    if not 0 <= z <= MAX_ZOOM:
        raise TileError(f"There is no zoom {z}; choose 0 to {MAX_ZOOM}.")
    if not 0 <= y < 2**z:
        raise TileError(f"There is no row {y} of tiles at zoom {z}; choose 0 to {2**z - 1}.")
    world: int = 2**z
    return int(x) % world
