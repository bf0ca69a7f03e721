"""GeoTIFFs from lazy arrays: in blocks, with tags that say what they hold, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
import xarray as xr
from affine import Affine
from pyproj import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from insar_widgets.errors import ExportError
from insar_widgets.export._crs import reference_system
from insar_widgets.export._job import Job, whole_file
from insar_widgets.warping import warped_grid

Array = npt.NDArray[Any]
TILE = 256
MEMORY = 256 * 2**20
_FINGERPRINT = "INSAR_WIDGETS_FINGERPRINT"


@dataclass(frozen=True)
class Form:
    """How files are written.

    Attributes
    ----------
    crs : of the files, as pyproj understands it; that of the data if None.
    cog : whether they are Cloud Optimized GeoTIFFs, with overviews.
    memory : bytes that the values being worked on may take.
    """

    crs: Any = None
    cog: bool = False
    memory: int = MEMORY


@dataclass(frozen=True)
class Target:
    """One file: its name, what its tags say, and the fingerprint of what it is made from."""

    path: Path
    tags: Mapping[str, str]
    mark: str
    descriptions: Sequence[str]
    units: str = ""

    def is_there(self) -> bool:
        """Whether the very same file was written before."""
        if not self.path.is_file():
            return False
        try:
            with rasterio.open(self.path) as file:
                return bool(file.tags().get(_FINGERPRINT) == self.mark)
        except RasterioError:
            return False


@dataclass(frozen=True)
class Profile:
    """Values of the files: kind, no-data, number of bands (3 are red, green, blue)."""

    dtype: str = "float32"
    nodata: float | None = float("nan")
    bands: int = 1


Compute = Callable[[Array, int, slice], Array]
"""Values (rows, columns) of a date, its index and its rows, to (bands, rows, columns) of its file."""


def write_series(
    array: xr.DataArray,
    targets: Mapping[int, Target],
    compute: Compute,
    *,
    profile: Profile,
    form: Form,
    job: Job,
) -> None:
    """Write one file for each index of the first dimension of a (date, y, x) array.

    Dates whose values lie together in the file they come from are read together, so that nothing is read twice.

    Parameters
    ----------
    array
        (date, y, x), lazy.
    targets
        File by index; those that are there already are passed over and noted.
    """
    rows, columns = array.sizes["y"], array.sizes["x"]
    wanted = {i: target for i, target in targets.items() if not _passed_over(target, job)}
    job.total = max(1, len(wanted)) * rows
    depth = _depth(array)
    groups: dict[int, list[int]] = {}
    for i in sorted(wanted):
        groups.setdefault(i // depth, []).append(i)
    for group in groups.values():
        height = max(TILE, int(form.memory / (len(group) * columns * 4 * 4)) // TILE * TILE)
        with ExitStack() as stack:
            files = {i: stack.enter_context(_RasterFile(wanted[i], array, profile, form)) for i in group}
            for first in range(0, rows, height):
                part = slice(first, min(first + height, rows))
                block = array.isel({array.dims[0]: slice(group[0], group[-1] + 1), "y": part}).values
                for i in group:
                    files[i].write(compute(block[i - group[0]], i, part), first)
                    job.step(part.stop - part.start, files[i].target.path.name)


def write_layer(
    array: xr.DataArray, target: Target, compute: Compute, *, profile: Profile, form: Form, job: Job
) -> None:
    """Write a file from a (y, x) array; see `write_series`."""
    series = array.expand_dims("one")
    write_series(series, {0: target}, compute, profile=profile, form=form, job=job)


def _passed_over(target: Target, job: Job) -> bool:
    if target.is_there():
        job.notes.append(f"{target.path.name} was there already, made from the same data, and was kept.")
        return True
    return False


def _depth(array: xr.DataArray) -> int:
    """How many dates one chunk of the HDF5 file holds."""
    source, dataset = array.attrs.get("source"), array.attrs.get("dataset")
    if source and dataset and Path(source).suffix == ".h5" and Path(source).is_file():
        with h5py.File(source, "r", locking=False) as file:
            chunks = file[dataset].chunks if dataset in file else None
            if chunks and len(chunks) == 3:
                return int(chunks[0])
    return 1


def transform_of(array: xr.DataArray) -> Affine:
    """Geotransform of an array whose coordinates are pixel centres: its origin is the outer corner."""
    x, y = array["x"].values, array["y"].values
    dx = (x[-1] - x[0]) / (len(x) - 1) if len(x) > 1 else 1.0
    dy = (y[-1] - y[0]) / (len(y) - 1) if len(y) > 1 else -1.0
    return Affine(dx, 0, x[0] - dx / 2, 0, dy, y[0] - dy / 2)


class _RasterFile:
    """A GeoTIFF being written under a temporary name."""

    def __init__(self, target: Target, array: xr.DataArray, profile: Profile, form: Form) -> None:
        self.target = target
        self._profile = profile
        self._form = form
        self._shape = (array.sizes["y"], array.sizes["x"])
        self._crs = CRS.from_user_input(array.rio.crs)
        self._transform = transform_of(array)
        self._stack = ExitStack()

    def __enter__(self) -> _RasterFile:
        with ExitStack() as stack:
            self._final = stack.enter_context(whole_file(self.target.path))
            self._changes = self._form.cog or self._is_other_crs()
            self._path = self._final
            if self._changes:
                self._path = stack.enter_context(_scratch(self._final, "native"))
            self._file = stack.enter_context(
                rasterio.open(
                    self._path,
                    "w",
                    **_creation(self._profile),
                    height=self._shape[0],
                    width=self._shape[1],
                    crs=self._crs.to_wkt(),
                    transform=self._transform,
                )
            )
            self._describe(self._file)
            self._stack = stack.pop_all()
        return self

    def write(self, values: Array, first: int) -> None:
        bands = values if values.ndim == 3 else values[None]
        window = Window(0, first, bands.shape[2], bands.shape[1])
        try:
            self._file.write(bands.astype(self._profile.dtype, copy=False), window=window)
        except RasterioError as error:
            raise self._failed(error) from error

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, traceback)
            return
        with self._stack:
            try:
                self._file.close()
                self._check(self._path)
                if self._changes:
                    self._convert()
                    self._check(self._final)
            except RasterioError as problem:
                raise self._failed(problem) from problem

    def _check(self, path: Path) -> None:
        """GDAL writes when it closes, and rasterio tells nobody of a disk that is full then: look at the file."""
        if not _is_whole(path, self.target.mark):
            raise ExportError(
                f"{self.target.path} could not be written to its end; is the disk full? Nothing is left under its name."
            )

    def _failed(self, error: Exception) -> ExportError:
        return ExportError(
            f"{self.target.path} could not be written: {error}. Nothing is left under its name; make room or choose "
            "another folder, and export again."
        )

    def _is_other_crs(self) -> bool:
        return self._form.crs is not None and reference_system(self._form.crs) != self._crs

    def _convert(self) -> None:
        """Bring the finished file into the wanted reference system and layout."""
        with ExitStack() as stack:
            path = self._path
            if self._is_other_crs():
                scratch = stack.enter_context(_scratch(self._final, "warped"))
                path = scratch if self._form.cog else self._final
                self._reproject(path)
            if self._form.cog:
                self._lay_out(path)

    def _reproject(self, path: Path) -> None:
        crs = reference_system(self._form.crs).to_wkt()
        with rasterio.open(self._path) as source:
            transform, (height, width) = warped_grid(source.crs, crs, source.transform, source.shape)
            grid = {"height": height, "width": width, "crs": crs, "transform": transform}
            with rasterio.open(path, "w", **_creation(self._profile), **grid) as file:
                for window in _strips(height, width, self._form.memory):
                    values = np.zeros((source.count, window.height, window.width), source.dtypes[0])
                    reproject(
                        rasterio.band(source, source.indexes),
                        values,
                        dst_transform=window_transform(window, transform),
                        dst_crs=crs,
                        src_nodata=self._profile.nodata,
                        dst_nodata=self._profile.nodata,
                        resampling=Resampling.nearest,
                    )
                    file.write(values, window=window)
                self._describe(file)

    def _lay_out(self, path: Path) -> None:
        """Write a Cloud Optimized GeoTIFF; its overviews take the nearest value, so that none is invented."""
        rasterio.shutil.copy(
            path,
            self._final,
            driver="COG",
            compress="deflate",
            predictor="YES",
            overview_resampling="NEAREST",
            num_threads="ALL_CPUS",
        )

    def _describe(self, file: Any) -> None:
        file.update_tags(**self.target.tags, **{_FINGERPRINT: self.target.mark})
        for number, words in enumerate(self.target.descriptions, 1):
            file.set_band_description(number, words)
            if self.target.units:
                file.set_band_unit(number, self.target.units)
        if self._profile.bands == 3:
            file.colorinterp = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]


def _is_whole(path: Path, mark: str) -> bool:
    """Whether the tags and every block of a file lie within it."""
    size = path.stat().st_size
    try:
        with rasterio.open(path) as file:
            rows, columns = (
                -(-n // block) for n, block in zip(file.shape, file.block_shapes[0], strict=True)
            )
            places = [(x, y) for y in range(rows) for x in range(columns)]
            for band in file.indexes:
                for x, y in places:
                    offset, length = (
                        file.get_tag_item(f"BLOCK_{k}_{x}_{y}", "TIFF", bidx=band) for k in ("OFFSET", "SIZE")
                    )
                    if offset is None or length is None or int(offset) + int(length) > size:
                        return False
            return bool(file.tags().get(_FINGERPRINT) == mark)
    except RasterioError:
        return False


def _creation(profile: Profile) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "count": profile.bands,
        "dtype": profile.dtype,
        "nodata": profile.nodata,
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "compress": "deflate",
        "zlevel": 1,
        "predictor": 3 if profile.dtype.startswith("float") else 2,
        "bigtiff": "IF_SAFER",
        "num_threads": "ALL_CPUS",
        "interleave": "pixel",
    }


@contextmanager
def _scratch(final: Path, kind: str) -> Iterator[Path]:
    """A further temporary file beside the first."""
    path = final.with_name(f"{final.stem}.{kind}.tif")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _strips(height: int, width: int, memory: int) -> Iterator[Window]:
    step = max(TILE, int(memory / (width * 16)) // TILE * TILE)
    for first in range(0, height, step):
        yield Window(0, first, width, min(step, height - first))
