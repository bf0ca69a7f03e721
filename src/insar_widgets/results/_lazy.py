"""HDF5 datasets as lazy arrays: every access opens the file, reads what is asked for, and closes it.

What is not compressed is read without HDF5, see `_chunks`.

Nothing stays open and no HDF5 lock is taken, so a MintPy process can write while its results are looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt
from xarray.backends import BackendArray
from xarray.core import indexing

from insar_widgets.errors import ResultsError
from insar_widgets.results._chunks import Replaced, Stamp, as_window, chunks_of, stamp_of

Bools = npt.NDArray[np.bool_]
_BLOCK_BYTES = 64 * 2**20
_WINDOW_PIXELS = 2**18
_WINDOWS = 128


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading without locking it.

    Raises
    ------
    ResultsError
        The file is gone, cut short, being written, or no HDF5 file.
    """
    with _in_words(path), _unlocked(path) as handle:
        yield handle


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ResultsError(
            f"{path} is gone; run the step that writes it, then open the results again."
        ) from error
    except (OSError, RuntimeError, KeyError) as error:
        if "unable to lock file" in str(error):
            raise ResultsError(
                f"{path} is locked by the process that writes it, because HDF5_USE_FILE_LOCKING is set; "
                "wait until it has ended, or set HDF5_USE_FILE_LOCKING=FALSE."
            ) from error
        raise ResultsError(
            f"{path} cannot be read, so it is damaged, cut short or still being written ({error}). "
            "If no run is writing it, delete it and run the step that writes it again."
        ) from error


def _unlocked(path: Path) -> Any:
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        # HDF5 wants one way of locking for all handles of a process: the user has the file open, too.
        if "locking flag values" not in str(error):
            raise
        return h5py.File(path, "r")


@dataclass(frozen=True)
class Source:
    """One dataset of one file, as it was when the results were opened."""

    path: Path
    dataset: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stamp: Stamp

    def read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        """Read a part of the dataset; `key` is a tuple of integers, slices and at most one index array.

        The array belongs to the caller.

        Raises
        ------
        ResultsError
            The file cannot be read or was replaced since the results were opened.
        """
        self.check_unchanged()
        straight = as_window(key, self.shape)
        if straight is not None:
            values = self._read_straight(*straight)
            if values is not None:
                return values
        with open_hdf5(self.path) as handle:
            dataset = handle[self.dataset]
            if dataset.shape != self.shape:
                raise ResultsError(self._replaced())
            values = np.asarray(dataset[key])
        self.check_unchanged()
        return values

    def _read_straight(self, window: list[slice], dropped: list[int]) -> npt.NDArray[Any] | None:
        """Read without HDF5, where that is possible."""
        try:
            chunks = chunks_of(self.path, self.dataset, self.stamp, open_hdf5)
            if chunks is None or (chunks.shape, chunks.dtype) != (self.shape, self.dtype):
                return None
            with _in_words(self.path):
                values = chunks.read(self.path, self.stamp, window)
        except Replaced as error:
            raise ResultsError(self._replaced()) from error
        return values.reshape([n for axis, n in enumerate(values.shape) if axis not in dropped])

    def check_unchanged(self) -> None:
        """Raise ResultsError where the file is another one than when the results were opened."""
        try:
            same = stamp_of(self.path) == self.stamp
        except OSError:
            same = True  # reading says what is wrong
        if not same:
            raise ResultsError(self._replaced())

    def _replaced(self) -> str:
        return f"{self.path} was written again since the results were opened; open the results again."


class Empty(Protocol):
    """Which pixels hold no value."""

    def read(self, key: tuple[Any, ...]) -> Bools:
        """True where there is no value; `key` indexes rows and columns."""
        ...


@dataclass(frozen=True)
class EmptyWhereZero:
    """Pixels are empty where another dataset (2-D) is 0 or NaN; kept once it was read as a whole."""

    source: Source
    _cache: dict[str, Bools] = field(default_factory=dict, compare=False, repr=False)

    def read(self, key: tuple[Any, ...]) -> Bools:
        whole = self._cache.get("all")
        if whole is not None:
            self.source.check_unchanged()
            return np.asarray(whole[key])
        name = repr(key) if all(isinstance(k, slice) for k in key) else ""
        known = self._cache.get(name)
        if known is not None:
            self.source.check_unchanged()
            return known
        values = self.source.read(key)
        empty = np.asarray((values == 0) | np.isnan(values))
        straight = all(isinstance(k, slice) and k.step in (None, 1) for k in key)
        if straight and empty.shape == self.source.shape:
            self._cache["all"] = empty
        elif straight and name and empty.size <= _WINDOW_PIXELS:
            # a map asks for the same windows at every date
            if len(self._cache) >= _WINDOWS:
                self._cache.clear()
            self._cache[name] = empty
        return empty

    def __reduce__(self) -> tuple[Any, ...]:
        return EmptyWhereZero, (self.source,)


@dataclass(frozen=True)
class EmptyWhereAlwaysZero:
    """Pixels are empty where the layer itself is 0 at every date, but for the reference pixel.

    The whole layer is read once, in blocks of rows; only used where no file says what was inverted.
    """

    source: Source
    keep: tuple[int, int] | None
    _cache: dict[str, Bools] = field(default_factory=dict, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def read(self, key: tuple[Any, ...]) -> Bools:
        with self._lock:
            if "all" not in self._cache:
                self._cache["all"] = self._scan()
        return np.asarray(self._cache["all"][key])

    def __reduce__(self) -> tuple[Any, ...]:
        return EmptyWhereAlwaysZero, (self.source, self.keep)

    def _scan(self) -> Bools:
        rows, columns = self.source.shape[-2:]
        empty = np.zeros((rows, columns), bool)
        dates = self.source.shape[0] if len(self.source.shape) == 3 else 1
        step = max(1, _BLOCK_BYTES // (dates * columns * 4))
        for first in range(0, rows, step):
            part = slice(first, min(first + step, rows))
            values = self.source.read((Ellipsis, part, slice(None))).reshape(dates, -1, columns)
            empty[part] = (values == 0).all(axis=0)
        if self.keep and 0 <= self.keep[0] < rows and 0 <= self.keep[1] < columns:
            empty[self.keep] = False
        return empty


class LayerArray(BackendArray):  # type: ignore[no-untyped-call, misc, unused-ignore]
    """A dataset with no-data as NaN and in SI units, read piece by piece.

    Parameters
    ----------
    source
        The dataset.
    empty
        Pixels without a value.
    left_out
        Pixels of which a step may have left the values out: a 0 there is no value.
    scale
        From the file's unit to that of the array.
    """

    def __init__(
        self, source: Source, empty: Empty | None, left_out: Empty | None = None, scale: float = 1.0
    ) -> None:
        self.source = source
        self.empty = empty
        self.left_out = left_out
        self.scale = scale
        self.shape = source.shape
        floating = source.dtype.kind == "f" or (empty is None and scale == 1.0)
        self.dtype = source.dtype if floating else np.dtype("float32")

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._read
        )

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        values = self.source.read(key)
        if values.dtype != self.dtype:
            values = values.astype(self.dtype)
        if self.scale != 1.0:
            values *= self.scale
        if self.empty is not None:
            empty = np.broadcast_to(self.empty.read(key[-2:]), values.shape)
            left_out = None if self.left_out is None else self.left_out.read(key[-2:])
            if left_out is not None and left_out.any():
                empty = empty | (left_out & (values == 0))
            np.copyto(values, self.dtype.type(np.nan), where=empty)
        return values
