"""Read windows of any georeferenced array as float32 with NaN where there is no value."""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr

from insar_widgets.errors import TileError
from insar_widgets.tiles._grid import RasterGrid, spatial_dims

Kind = Literal["values", "classes", "mask"]
Floats32 = npt.NDArray[np.float32]
_CLASS_NAMES = re.compile(r"conn|class|label|(^|_)mask", re.IGNORECASE)
_EXACT = 2**24


class Raster:
    """An array (y, x) or (slice, y, x), read window by window.

    Attributes
    ----------
    grid
        Where its pixels are.
    slices
        Length of the leading dimension, 1 where there is none.
    kind
        What its numbers are: ``"values"`` (averaged where many pixels become one), ``"classes"`` or ``"mask"``.
    notes
        What was assumed or cannot be shown exactly, in words.
    """

    def __init__(self, data: xr.DataArray, kind: Kind | Literal["auto"] = "auto") -> None:
        if not isinstance(data, xr.DataArray):
            raise TileError(
                f"A tile needs an xarray.DataArray, not {type(data).__name__}; open the raster with "
                "open_results, rioxarray.open_rasterio or xarray.open_zarr."
            )
        _check_type(data)
        y_dim, x_dim = spatial_dims(data)
        leading = [dim for dim in data.dims if dim not in (y_dim, x_dim)]
        for dim in [d for d in leading if data.sizes[d] == 1][: max(0, len(leading) - 1)]:
            data = data.isel({dim: 0})
            leading.remove(dim)
        if len(leading) > 1:
            raise TileError(
                f"The array has the dimensions {', '.join(map(str, data.dims))}; choose one slice of all but one of "
                f"{', '.join(map(str, leading))}, for example array.isel({leading[0]}=0)."
            )
        if 0 in data.shape:
            raise TileError("The array has no pixels; choose a part that is not empty.")
        self.data = data.transpose(*leading, y_dim, x_dim)
        self.dim = str(leading[0]) if leading else None
        self.grid = RasterGrid.from_array(self.data)
        self.slices = int(self.data.shape[0]) if leading else 1
        self.shape = self.grid.rows, self.grid.columns
        self.kind: Kind = _kind_of(data) if kind == "auto" else kind
        self.notes: tuple[str, ...] = ()
        self.nodata = _nodata_of(data)
        self._variable = self.data.variable
        if data.dtype.kind in "iu" and data.dtype.itemsize >= 4:
            self.notes += (f"Integers above {_EXACT:,} are shown rounded to 24 bits.",)
        packed = [
            k for k, plain in (("scale_factor", 1), ("add_offset", 0)) if data.attrs.get(k, plain) != plain
        ]
        if packed:
            self.notes += (
                f"The attributes name {' and '.join(packed)}, which was not applied; open the file with "
                "mask_and_scale=True for values in their unit.",
            )
        if data.rio.crs is None:
            self.notes += ("No coordinate reference system is given; WGS84 is assumed.",)

    def read(self, index: int, rows: slice, columns: slice) -> Floats32:
        """A window of one slice."""
        key = (rows, columns) if self.dim is None else (index, rows, columns)
        return self._clean(np.asarray(self._variable[key].values))

    def read_slices(self, slices: slice, rows: slice, columns: slice) -> Floats32:
        """A window of several slices, shape (slice, row, column)."""
        key = (rows, columns) if self.dim is None else (slices, rows, columns)
        values = self._clean(np.asarray(self._variable[key].values))
        return values if self.dim is not None else values[None]

    def read_pixel(self, row: int, column: int) -> Floats32:
        """All slices of one pixel, shape (slices,)."""
        part = self._variable[(..., slice(row, row + 1), slice(column, column + 1))]
        return self._clean(np.asarray(part.values)).reshape(-1)

    def slice_number(self, index: int | None) -> int:
        """Check the number of a slice; negative ones count from the end."""
        number = 0 if index is None else int(index)
        if not -self.slices <= number < self.slices:
            raise TileError(
                f"There is no slice {number}; the array has {self.slices}, counted from 0 to {self.slices - 1}."
            )
        return number % self.slices

    def _clean(self, values: npt.NDArray[Any]) -> Floats32:
        """float32, not to be written to, NaN where there is no value; it keeps no larger array alive."""
        with np.errstate(over="ignore"):
            out = values.astype(np.float32, copy=_is_part(values))
        empty = None if self.nodata is None else values == self.nodata
        if values.dtype.kind == "f":
            infinite = np.isinf(out)
            empty = infinite if empty is None else empty | infinite
        return np.where(empty, np.float32(np.nan), out) if empty is not None and empty.any() else out


def _is_part(values: npt.NDArray[Any]) -> bool:
    """Whether an array is a view on a larger one, or on memory that NumPy knows nothing of."""
    whole = values
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    return not whole.flags.owndata or whole.nbytes != values.nbytes


def _check_type(data: xr.DataArray) -> None:
    if data.dtype.kind == "c":
        raise TileError(
            "The array holds complex numbers, which have no single colour; choose numpy.abs(array) for the amplitude "
            "or numpy.angle(array) for the phase, with its coordinates."
        )
    if data.dtype.kind not in "fiub":
        raise TileError(
            f"The array holds {data.dtype}, not numbers; convert it with array.astype('float32')."
        )


def _kind_of(data: xr.DataArray) -> Kind:
    if data.dtype.kind == "b":
        return "mask"
    if data.dtype.kind == "f":
        return "values"
    flagged = "flag_values" in data.attrs or "flag_meanings" in data.attrs
    named = bool(_CLASS_NAMES.search(f"{data.name or ''}"))
    return "classes" if flagged or named or data.dtype.itemsize == 1 else "values"


def _nodata_of(data: xr.DataArray) -> float | None:
    """The number that stands for no value; None where it is NaN or not stated."""
    attributes = {**data.encoding, **data.attrs}
    for key in ("_FillValue", "missing_value", "nodata", "no_data"):
        value = attributes.get(key)
        if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            number = float(value)
            decoded = key in data.encoding and key not in data.attrs
            if np.isfinite(number) and not (decoded and data.dtype.kind == "f"):
                return number
    return None
