"""Read, cut and write single-band rasters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from rasterio.windows import Window

from insar_widgets.errors import ProductError
from insar_widgets.hyp3.archive import read_member
from insar_widgets.hyp3.grid import Grid, transformer

__all__ = [
    "HEADERS_ONLY",
    "Header",
    "cut_raster",
    "read_grid",
    "read_header",
    "read_pixels",
    "write_bytes",
    "write_raster",
]

# Without these GDAL lists the folder for side-car files at each open, which takes far longer than the header.
HEADERS_ONLY = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_PAM_ENABLED": "NO"}
_ZIP = "/vsizip/{"
_BLOCK = 256


@dataclass(frozen=True)
class Header:
    """What a raster's header says; `is_whole` is False if the file ends before its last block."""

    grid: Grid
    dtype: str
    nodata: float | None
    is_whole: bool


def read_header(path: str) -> Header:
    """Read a raster's header; call it inside `rasterio.Env(**HEADERS_ONLY)`.

    Raises
    ------
    ProductError
        The file cannot be opened, has no projection with an EPSG code, or is not north up.
    """
    with _named(path), _opened(path) as dataset:
        return Header(_grid_of(dataset, path), dataset.dtypes[0], dataset.nodata, _is_whole(dataset, path))


def read_grid(path: str) -> Grid:
    """Read a raster's grid from its header.

    Raises
    ------
    ProductError
        The file cannot be opened, has no projection with an EPSG code, or is not north up.
    """
    with _named(path), rasterio.Env(**HEADERS_ONLY), _opened(path) as dataset:
        return _grid_of(dataset, path)


def cut_raster(path: str, target: Grid, fill: float | None) -> tuple[npt.NDArray[Any], float | None]:
    """Bring a raster onto a grid without changing a value.

    Pixels that fall upon the target's are copied; others are taken from the pixel that holds their
    centre (nearest neighbour), each computed with PROJ, without the approximation of GDAL's warper.

    Parameters
    ----------
    path
        As in `Product.layers`. A zip's member is read through its checksum first, so that damage shows, and as
        seeking in a compressed stream would unpack it again for every block.
    target
        The grid wanted; it may reach beyond the raster.
    fill
        Value outside the raster; None for the raster's own no-data value, or 0 without one.

    Returns
    -------
    array
        Rows and columns of the target, in the raster's own type.
    nodata
        The raster's own no-data value, None if it has none.

    Raises
    ------
    ProductError
        The raster cannot be read to its end; the message names it.
    """
    with _named(path), rasterio.Env(**HEADERS_ONLY), _opened(path, whole=True) as dataset:
        grid = _grid_of(dataset, path)
        if not _is_whole(dataset, path):
            raise ProductError(
                f"{path} is truncated: the file ends before its last block. Download it again."
            )
        nodata = dataset.nodata
        value = fill if fill is not None else (nodata if nodata is not None else 0)
        if grid.is_aligned(target):
            return _copy_window(dataset, grid, target, value), nodata
        result = np.full(target.shape, value, dtype=dataset.dtypes[0])
        _copy_nearest(dataset, grid, target, result)
        return result, nodata


def read_pixels(path: str) -> tuple[npt.NDArray[Any], float | None]:
    """Read a whole raster and its no-data value.

    Raises
    ------
    ProductError
        It cannot be read to its end; the message names it.
    """
    with _named(path), rasterio.Env(**HEADERS_ONLY), _opened(path, whole=True) as dataset:
        return dataset.read(1), dataset.nodata


def write_raster(path: Path, array: npt.NDArray[Any], grid: Grid, nodata: float | None) -> None:
    """Write a tiled, compressed GeoTIFF under a temporary name and rename it.

    Zstandard at its fastest level with differences along rows: deflate takes twice as long for files of the same
    size, slower levels gain a hundredth, and the predictor for floats takes half as long again to gain a tenth. It
    is put together in memory because GDAL does not report a full disk reliably; Python does.
    """
    with (
        rasterio.Env(**HEADERS_ONLY),
        MemoryFile() as memory,
    ):
        with memory.open(
            driver="GTiff",
            height=grid.height,
            width=grid.width,
            count=1,
            dtype=array.dtype,
            crs=_crs(grid.epsg),
            transform=Affine(*grid.transform),
            nodata=nodata,
            tiled=True,
            blockxsize=_BLOCK,
            blockysize=_BLOCK,
            compress="zstd",
            zstd_level=1,
            predictor=2,
        ) as dataset:
            dataset.write(array, 1)
        write_bytes(path, memory.getbuffer())


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary, hidden name in the same folder and rename it."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ProductError(
            f"{path} could not be written ({error}). Free some space or choose another folder."
        ) from error


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Turn whatever goes wrong in reading into an error that names the file."""
    try:
        yield
    # With warnings turned into errors, a raster without georeference ends here as well.
    except (RasterioError, OSError, MemoryError, NotGeoreferencedWarning) as error:
        reason = str(error.__cause__ or error).removeprefix(f"{Path(path).name}: ")
        raise ProductError(f"{path} cannot be read ({reason}). Download the product again.") from error


@contextmanager
def _opened(path: str, *, whole: bool = False) -> Iterator[Any]:
    if whole and path.startswith(_ZIP):
        archive, _, member = path[len(_ZIP) :].partition("}/")
        with MemoryFile(read_member(Path(archive), member)) as memory, memory.open(driver="GTiff") as dataset:
            yield dataset
    else:
        with rasterio.open(path, driver="GTiff") as dataset:  # a VRT of that name could read from any place
            yield dataset


def _grid_of(dataset: Any, path: str) -> Grid:
    epsg = _epsg(dataset.crs.to_wkt()) if dataset.crs else None
    if epsg is None:
        raise ProductError(f"{path} has no projection with an EPSG code. Download the product again.")
    t = dataset.transform
    grid = Grid(epsg, (t.a, t.b, t.c, t.d, t.e, t.f), dataset.width, dataset.height)
    if not grid.is_north_up:
        raise ProductError(f"{path} is rotated or upside down, which no HyP3 product is. Download it again.")
    return grid


@lru_cache(maxsize=256)
def _epsg(wkt: str) -> int | None:
    code = CRS.from_wkt(wkt).to_epsg()
    return int(code) if code is not None else None


@lru_cache(maxsize=64)
def _crs(epsg: int) -> CRS:
    return CRS.from_epsg(epsg)


def _is_whole(dataset: Any, path: str) -> bool:
    """Compare the file's size with the place of its last block; True where the file does not tell."""
    if path.startswith("/vsi"):
        return True
    rows, columns = dataset.block_shapes[0]
    last = f"{(dataset.width - 1) // columns}_{(dataset.height - 1) // rows}"
    offset = dataset.get_tag_item(f"BLOCK_OFFSET_{last}", "TIFF", bidx=1)
    size = dataset.get_tag_item(f"BLOCK_SIZE_{last}", "TIFF", bidx=1)
    if offset is None or size is None:
        return True
    return Path(path).stat().st_size >= int(offset) + int(size)


def _copy_window(dataset: Any, grid: Grid, target: Grid, value: float) -> npt.NDArray[Any]:
    """Copy the pixels that raster and target share; `value` is everywhere else."""
    column, row = (round(value) for value in grid.offset(target))
    left, top = max(0, column), max(0, row)
    right, bottom = min(grid.width, column + target.width), min(grid.height, row + target.height)
    window = Window(left, top, right - left, bottom - top)
    if (bottom - top, right - left) == target.shape:
        return cast("npt.NDArray[Any]", dataset.read(1, window=window))
    result = np.full(target.shape, value, dtype=dataset.dtypes[0])
    if left < right and top < bottom:
        result[top - row : bottom - row, left - column : right - column] = dataset.read(1, window=window)
    return result


def _copy_nearest(dataset: Any, grid: Grid, target: Grid, result: npt.NDArray[Any]) -> None:
    """Take each target pixel from the raster's pixel that holds its centre."""
    if grid.epsg == target.epsg:
        left, _, _, top = target.bounds
        x = left + target.xres * (np.arange(target.width) + 0.5)
        y = top - target.yres * (np.arange(target.height) + 0.5)
        column = np.floor((x - grid.transform[2]) / grid.xres).astype(np.int64)
        row = np.floor((grid.transform[5] - y) / grid.yres).astype(np.int64)
        columns, rows = (
            np.flatnonzero((v >= 0) & (v < n)) for v, n in ((column, grid.width), (row, grid.height))
        )
        if columns.size and rows.size:
            corner, end = (int(row[rows[0]]), int(column[columns[0]])), (row[rows[-1]], column[columns[-1]])
            height, width = int(end[0]) - corner[0] + 1, int(end[1]) - corner[1] + 1
            pixels = dataset.read(1, window=Window(corner[1], corner[0], width, height))
            result[np.ix_(rows, columns)] = pixels[np.ix_(row[rows] - corner[0], column[columns] - corner[1])]
        return
    with _LOOKUP_LOCK:
        lookup = _lookup(grid, target)
    inside = lookup >= 0
    result[inside] = dataset.read(1).ravel()[lookup[inside]]


# The layers of a product share a grid, and come one after the other.
_LOOKUP_LOCK = threading.Lock()
_POINTS_AT_A_TIME = 2**20


@lru_cache(maxsize=1)
def _lookup(grid: Grid, target: Grid) -> npt.NDArray[np.int64]:
    """Return for each target pixel the number of the pixel of `grid` that holds its centre, -1 for none."""
    result = np.full(target.shape, -1, dtype=np.int64)
    left, _, _, top = target.bounds
    change = transformer(target.epsg, grid.epsg)
    x = left + target.xres * (np.arange(target.width) + 0.5)
    step = max(1, _POINTS_AT_A_TIME // target.width)
    for first in range(0, target.height, step):
        y = top - target.yres * (np.arange(first, min(first + step, target.height)) + 0.5)
        there_x, there_y = change.transform(*np.meshgrid(x, y))
        column = np.floor((there_x - grid.transform[2]) / grid.xres)
        row = np.floor((grid.transform[5] - there_y) / grid.yres)
        inside = (column >= 0) & (column < grid.width) & (row >= 0) & (row < grid.height)
        result[first : first + step][inside] = (row * grid.width + column)[inside].astype(np.int64)
    return result
