"""Windows of uncompressed HDF5 datasets, read from where their chunks are in the file.

MintPy writes its series uncompressed, in chunks of several dates. HDF5 reads whole chunks, so one date costs several
times its own bytes, and opening a file parses it anew. Here the addresses of the chunks are asked for once, and then a
date is read by itself, a few contiguous rows from each chunk, without HDF5 and the lock of its library.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import numpy.typing as npt

Stamp = tuple[int, int, int]
_KEPT = 16
_MOST_CHUNKS = 2_000_000
_GAP = 2**14
"""Bytes up to which a gap is read along rather than jumped over: a jump costs as much as reading about that many."""


def stamp_of(path: Path) -> Stamp:
    """What changes when a file is written or replaced: inode, size and time of modification."""
    return _stamp(path.stat())


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns


class Replaced(Exception):  # noqa: N818 - never reaches a user
    """The file is another one than when its chunks were looked up."""


@dataclass(frozen=True)
class Chunks:
    """Where the parts of a dataset are in its file.

    Attributes
    ----------
    chunk
        Shape of a chunk; that of the dataset where it is stored in one piece.
    offsets
        Byte in the file at which each chunk begins, by its place in the grid of chunks; -1: never written.
    fill
        Value of what was never written.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunk: tuple[int, ...]
    offsets: npt.NDArray[np.int64]
    fill: Any

    @classmethod
    def of(cls, dataset: Any) -> Chunks | None:
        """Those of an `h5py.Dataset`; None where it has to be read by HDF5."""
        plain = dataset.dtype.kind in "fiu" and dataset.dtype.isnative and dataset.file.userblock_size == 0
        properties = dataset.id.get_create_plist()
        if not plain or 0 in dataset.shape or not dataset.shape or properties.get_nfilters():
            return None
        layout = properties.get_layout()
        if layout == h5py.h5d.CONTIGUOUS and dataset.external is None:
            start = dataset.id.get_offset()
            offsets = np.full((1,) * dataset.ndim, -1 if start is None else start, np.int64)
            return cls(dataset.shape, dataset.dtype, dataset.shape, offsets, dataset.fillvalue)
        if layout != h5py.h5d.CHUNKED:
            return None
        grid = tuple(-(-n // c) for n, c in zip(dataset.shape, dataset.chunks, strict=True))
        if math.prod(grid) > _MOST_CHUNKS:
            return None
        offsets = np.full(grid, -1, np.int64)

        def note(info: Any) -> None:
            place = tuple(o // c for o, c in zip(info.chunk_offset, dataset.chunks, strict=True))
            offsets[place] = info.byte_offset

        dataset.id.chunk_iter(note)
        return cls(dataset.shape, dataset.dtype, dataset.chunks, offsets, dataset.fillvalue)

    def read(self, path: Path, stamp: Stamp, window: Sequence[slice]) -> npt.NDArray[Any]:
        """Read a window of at least one element; the array belongs to the caller.

        Raises
        ------
        Replaced
            The file was written since its chunks were looked up.
        OSError
            It cannot be read.
        """
        out = np.empty([s.stop - s.start for s in window], self.dtype)
        axes = [_parts(*both) for both in zip(window, self.chunk, strict=True)]
        handle = os.open(path, os.O_RDONLY)
        try:
            if _stamp(os.fstat(handle)) != stamp:
                raise Replaced(str(path))
            pieces: list[_Piece] = []
            for parts in product(*axes):
                place, inner, target = zip(*parts, strict=True)
                offset = int(self.offsets[place])
                if offset < 0:
                    out[target] = self.fill
                else:
                    pieces += self._pieces(offset, inner, out[target])
            _read(handle, pieces, self.dtype)
            if _stamp(os.fstat(handle)) != stamp:
                raise Replaced(str(path))
        finally:
            os.close(handle)
        return out

    def _pieces(self, offset: int, inner: tuple[slice, ...], out: npt.NDArray[Any]) -> list[_Piece]:
        """A part of one chunk: in one go where it lies close together, else for each of its leading indices."""
        shape = self.chunk[-len(inner) :]
        row = math.prod(shape[1:]) * self.dtype.itemsize
        lead = inner[0]
        rows = lead.stop - lead.start
        if rows == 1 and len(inner) > 2:
            return self._pieces(offset + lead.start * row, inner[1:], out[0])
        if rows > 1 and len(inner) > 1:
            wanted = math.prod(s.stop - s.start for s in inner[1:]) * self.dtype.itemsize
            if row - wanted > _GAP:
                return [
                    piece
                    for n in range(rows)
                    for piece in self._pieces(offset + (lead.start + n) * row, inner[1:], out[n])
                ]
        return [_Piece(offset + lead.start * row, (rows, *shape[1:]), (slice(None), *inner[1:]), out)]


class _Piece(NamedTuple):
    """Bytes that lie together in the file, and which of them go where."""

    offset: int
    shape: tuple[int, ...]
    inner: tuple[slice, ...]
    out: npt.NDArray[Any]


def _read(handle: int, pieces: list[_Piece], dtype: np.dtype[Any]) -> None:
    if len(pieces) > 1 and hasattr(os, "posix_fadvise"):
        # the system fetches all of them at once; one after the other a disk takes several times as long
        for offset, shape, _, _ in pieces:
            os.posix_fadvise(handle, offset, math.prod(shape) * dtype.itemsize, os.POSIX_FADV_WILLNEED)
    part = np.empty(0, dtype)
    for offset, shape, inner, out in pieces:
        if part.shape != shape:
            part = np.empty(shape, dtype)
        _fill(handle, part, offset)
        out[...] = part[inner]


def _parts(window: slice, size: int) -> list[tuple[int, slice, slice]]:
    """Along one axis, the chunks of a window: their numbers, what is wanted of each, and where that goes."""
    found = []
    for number in range(window.start // size, (window.stop - 1) // size + 1):
        start = number * size
        first, last = max(window.start, start), min(window.stop, start + size)
        wanted = slice(first - start, last - start), slice(first - window.start, last - window.start)
        found.append((number, *wanted))
    return found


def _fill(handle: int, part: npt.NDArray[Any], offset: int) -> None:
    view = memoryview(part).cast("B")
    done = 0
    while done < len(view):
        count = os.preadv(handle, [view[done:]], offset + done)
        if count == 0:
            raise OSError("the file ends before the data do")
        done += count


_known: OrderedDict[tuple[Path, str, Stamp], Chunks | None] = OrderedDict()
_lock = threading.Lock()


def chunks_of(path: Path, name: str, stamp: Stamp, open_file: Any) -> Chunks | None:
    """Chunks of a dataset of a file as it was at `stamp`; looked up once, in the file that `open_file` opens."""
    key = path, name, stamp
    with _lock:
        if key in _known:
            _known.move_to_end(key)
            return _known[key]
    with open_file(path) as handle:
        found = Chunks.of(handle[name])
    if stamp_of(path) != stamp:
        raise Replaced(str(path))
    with _lock:
        _known[key] = found
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found


def as_window(key: Sequence[Any], shape: Sequence[int]) -> tuple[list[slice], list[int]] | None:
    """Slices of a key of integers and slices, and the axes that integers take away; None for any other key."""
    key = list(key)
    if Ellipsis in [k for k in key if k is Ellipsis]:
        at = next(n for n, k in enumerate(key) if k is Ellipsis)
        key[at : at + 1] = [slice(None)] * (len(shape) - len(key) + 1)
    key += [slice(None)] * (len(shape) - len(key))
    window, dropped = [], []
    for axis, (part, size) in enumerate(zip(key, shape, strict=True)):
        if isinstance(part, slice):
            start, stop, step = part.indices(size)
            if step != 1 or stop <= start:
                return None
            window.append(slice(start, stop))
        elif isinstance(part, (int, np.integer)) and -size <= part < size:
            number = int(part) % size
            window.append(slice(number, number + 1))
            dropped.append(axis)
        else:
            return None
    return window, dropped
