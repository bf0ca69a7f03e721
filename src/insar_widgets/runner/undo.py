"""Undoing what a step changes in place in an HDF5 file, for the price of the file's tables instead of its data.

modify_network and reference_point set flags and attributes in a stack that may have 100 GB, and unwrapping-error
correction adds data sets to it. None of them changes the large data sets that are there. So everything *between*
the large data sets, and the length of the file, is all it takes to have the file back, byte for byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from insar_widgets.runner.content import stamp

__all__ = ["restore", "take"]

_SMALL = 4 << 20  # data sets up to this size may be changed as well
_COPY = 1 << 20
_END = b"whole\n"


def take(path: Path, undo: Path) -> None:
    """Write into `undo` what `restore` needs to bring the HDF5 file back to what it is now.

    Raises
    ------
    OSError
        If the file is no HDF5 file, or `undo` can't be written.
    """
    size, time = stamp(path)
    regions = list(_gaps(sorted(_raw_data(path)), size))
    undo.parent.mkdir(parents=True, exist_ok=True)
    new = undo.with_name(f".{undo.name}.new")
    try:
        with path.open("rb") as source, new.open("wb") as target:
            header = json.dumps({"v": 1, "bytes": size, "time": time, "regions": regions})
            target.write(header.encode() + b"\n")
            for begin, end in regions:
                source.seek(begin)
                for at in range(begin, end, _COPY):
                    target.write(source.read(min(_COPY, end - at)))
            target.write(_END)
            target.flush()
            os.fsync(target.fileno())
        new.replace(undo)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def restore(undo: Path, path: Path) -> bool:
    """Bring a file back; doing it twice, or again after it was interrupted, does no harm. False if it can't be."""
    try:
        with undo.open("rb") as source, path.open("r+b") as target:
            about = json.loads(source.readline())
            if os.fstat(target.fileno()).st_size < max((b for b, _ in about["regions"]), default=0):
                return False
            for begin, end in about["regions"]:
                target.seek(begin)
                for at in range(begin, end, _COPY):
                    target.write(source.read(min(_COPY, end - at)))
            if source.read() != _END:
                return False
            target.truncate(about["bytes"])
            target.flush()
            os.fsync(target.fileno())
        os.utime(path, ns=(about["time"], about["time"]))
    except (OSError, ValueError, KeyError):
        return False
    return True


def _raw_data(path: Path) -> Iterator[tuple[int, int]]:
    """First byte of each stretch of large data sets' values, and the one behind it."""
    import h5py  # noqa: PLC0415 - only a run's own process takes snapshots

    large: list[h5py.Dataset] = []

    def collect(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.id.get_storage_size() > _SMALL:
            large.append(item)

    with h5py.File(path, "r", locking=False) as file:
        file.visititems(collect)
        for dataset in large:
            stretches: list[tuple[int, int]] = []
            if dataset.chunks is None:
                offset = dataset.id.get_offset()
                if offset is not None:
                    stretches.append((offset, offset + dataset.id.get_storage_size()))
            else:
                dataset.id.chunk_iter(
                    lambda chunk, found=stretches: found.append(
                        (chunk.byte_offset, chunk.byte_offset + chunk.size)
                    )
                )
            yield from stretches


def _gaps(stretches: list[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    at = 0
    for begin, end in stretches:
        if begin > at:
            yield at, begin
        at = max(at, end)
    if at < size:
        yield at, size
