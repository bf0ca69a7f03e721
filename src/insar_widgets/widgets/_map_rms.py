"""Root mean square of a series over its dates, as a lazy layer: read block by block, when a part of it is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

__all__ = ["rms_over_dates"]

_DATES = 8  # read at a time


class _Rms(BackendArray):  # type: ignore[no-untyped-call, misc, unused-ignore]
    def __init__(self, series: xr.DataArray) -> None:
        self.series = series
        self.shape = series.shape[1:]
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[np.float32]:
        total: Any = 0.0
        dates = self.series.shape[0]
        for first in range(0, dates, _DATES):
            part = self.series[(slice(first, first + _DATES), *key)].to_numpy().astype(np.float64)
            total = total + np.square(part).sum(axis=0)
        return np.asarray(np.sqrt(total / dates), np.float32)


def rms_over_dates(series: xr.DataArray, name: str) -> xr.DataArray:
    """Root mean square of ``(date, y, x)`` over the dates, shape ``(y, x)``; NaN where a date has no value."""
    attrs = {key: series.attrs[key] for key in ("units", "source", "dataset") if key in series.attrs}
    attrs |= {"long_name": "root mean square residual over all dates"}
    variable = xr.Variable(series.dims[1:], indexing.LazilyIndexedArray(_Rms(series)), attrs)
    coords = {dim: series[dim] for dim in series.dims[1:]}
    array: xr.DataArray = xr.DataArray(variable, coords=coords, name=name).rio.write_crs(series.rio.crs)
    return array
