"""MintPy's reading of GeoTIFFs, done by rasterio: HyP3 work needs none of GDAL's own Python bindings.

While one file is written into the stack, the ones that come after it are already read, in threads.

Imported only where MintPy is: in a run's process.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from mintpy.utils import readfile
from numpy.typing import NDArray
from pyproj import CRS

from insar_widgets.resources import cores

__all__ = ["RasterioReader", "read_raster", "read_raster_attributes"]

_LAYOUT = {"band": "BSQ", "line": "BIL", "pixel": "BIP"}

type _Box = tuple[int, int, int, int]


def read_raster_attributes(name: str | os.PathLike[str]) -> dict[str, str]:
    """Stand for MintPy's ``read_gdal_vrt``: size, type, corner, step, projection and no-data value of a raster."""
    with rasterio.open(name) as raster:
        transform = raster.transform
        about: dict[str, Any] = {
            "WIDTH": raster.width,
            "LENGTH": raster.height,
            "BANDS": raster.count,
            "DATA_TYPE": raster.dtypes[0],
            "INTERLEAVE": _LAYOUT[raster.interleaving.value.lower() if raster.interleaving else "pixel"],
            "X_STEP": abs(transform.a),
            "Y_STEP": -abs(transform.e),
            "X_FIRST": transform.c,
            "Y_FIRST": transform.f,
        }
        name_of_crs, about["EPSG"] = _projection(raster.crs.to_wkt()) if raster.crs else ("", None)
        if "UTM" in name_of_crs:
            about["UTM_ZONE"] = name_of_crs.split("UTM zone")[-1].strip()
            about["X_UNIT"] = about["Y_UNIT"] = "meters"
        elif 1e-7 < about["X_STEP"] < 1.0:
            about["X_UNIT"] = about["Y_UNIT"] = "degrees"
            if about["X_FIRST"] > 180.0:
                about["X_FIRST"] -= 360.0
        about["NoDataValue"] = raster.nodata
    return readfile.standardize_metadata(about)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)  # a stack has one, and looking its code up takes longer than all the rest
def _projection(wkt: str) -> tuple[str, str | None]:
    """Name of a projection, and its EPSG code if it has one."""
    crs = CRS.from_wkt(wkt)
    code = crs.to_epsg()
    return crs.name, None if code is None else str(code)


def read_raster(  # noqa: PLR0917 - as MintPy's
    name: str | os.PathLike[str],
    box: _Box | None = None,
    band: int = 1,
    cpx_band: str = "phase",
    xstep: int = 1,
    ystep: int = 1,
) -> NDArray[Any]:
    """Stand for MintPy's ``read_gdal``: one band of a raster, or a box (x0, y0, x1, y1) of it, every n-th pixel.

    Raises
    ------
    ValueError
        If a part of complex numbers is asked for that is not known.
    """
    with rasterio.open(name) as raster:
        x0, y0, x1, y1 = (int(edge) for edge in box) if box else (0, 0, raster.width, raster.height)
        data: NDArray[Any] = raster.read(band, window=((y0, y1), (x0, x1)))
    if np.iscomplexobj(data):
        data = _part(data, cpx_band)
    if xstep * ystep > 1:
        rows, columns = (y1 - y0) // ystep, (x1 - x0) // xstep
        data = data[ystep // 2 :: ystep, xstep // 2 :: xstep][:rows, :columns]
    return data


def _part(data: NDArray[Any], name: str) -> NDArray[Any]:
    if name.startswith("real"):
        return data.real
    if name.startswith("imag"):
        return data.imag
    if name.startswith("pha"):
        return np.asarray(np.angle(data))
    if name.startswith(("mag", "amp")):
        return np.abs(data)
    if name.startswith(("cpx", "complex")):
        return data
    raise ValueError(f"unrecognized complex band: {name}")


class RasterioReader:
    """Puts the functions above in the place of MintPy's, reading ahead; none of its threads outlives `remove`.

    Files are read ahead within a folder of folders, in the order of their names, which is how links to the products
    lie (see `links`).
    """

    def __init__(self) -> None:
        self._originals: tuple[Any, Any] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: dict[tuple[Any, ...], Future[NDArray[Any]]] = {}
        self._threads = min(4, cores())

    def install(self) -> None:
        """From now on MintPy reads rasters through rasterio."""
        if self._originals is None:
            self._originals = (readfile.read_gdal, readfile.read_gdal_vrt)
            self._pool = ThreadPoolExecutor(self._threads)
            readfile.read_gdal, readfile.read_gdal_vrt = self._read, read_raster_attributes

    def remove(self) -> None:
        """From now on MintPy reads as ever."""
        if self._originals is not None and self._pool is not None:
            readfile.read_gdal, readfile.read_gdal_vrt = self._originals
            self._pool.shutdown(cancel_futures=True)
            self._originals, self._pool = None, None
            self._ahead.clear()

    def _read(self, fname: Any, box: Any = None, **how: Any) -> NDArray[Any]:
        name = os.fspath(fname)
        about = (tuple(box) if box else None, *sorted(how.items()))
        future = self._ahead.pop((name, *about), None)
        self._begin_next(name, box, how, about)
        return read_raster(name, box, **how) if future is None else future.result()

    def _begin_next(self, name: str, box: Any, how: dict[str, Any], about: tuple[Any, ...]) -> None:
        """Begin to read the files after this one; forget those of another series."""
        files = _series(str(Path(name).parents[1]))
        wanted = []
        if name in files:
            at = files.index(name)
            wanted = [(file, *about) for file in files[at + 1 : at + 1 + self._threads]]
        for key in [key for key in self._ahead if key not in wanted]:
            self._ahead.pop(key).cancel()
        for key in wanted:
            if key not in self._ahead and self._pool is not None:
                self._ahead[key] = self._pool.submit(read_raster, key[0], box, **how)


@lru_cache(maxsize=16)
def _series(folder: str) -> Sequence[str]:
    """Rasters in the folders of a folder of links, in order; none where they are no links."""
    return tuple(str(path) for path in sorted(Path(folder).glob("*/*.tif")) if path.is_symlink())
