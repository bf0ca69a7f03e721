"""A pyramid on disk: a Zarr (version 3) group with one array a level, ``"1"`` the finest, shape (slice, row, column).

A chunk is one slice of 512 x 512 pixels, not compressed: such chunks are plain files of little-endian floats, which are
read here without Zarr, as that takes a fraction of a millisecond and spares the second that importing Zarr takes.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from insar_widgets.tiles._levels import BLOCK, DamagedPyramid
from insar_widgets.tiles._origin import Origin, stamp_of
from insar_widgets.tiles._raster import Floats32

FORMAT = 1
_PART = ".part"
_ATTRIBUTE = "insar_widgets"
_FOLDER_PAUSE = 10.0
_OWNER = "owner.json"
_SILENCE = 300.0  # seconds without a sign of life after which a builder counts as gone
Shapes = dict[int, tuple[int, int]]


def chunk_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a chunk of a level."""
    return min(BLOCK, shape[0]), min(BLOCK, shape[1])


def bytes_needed(shapes: Shapes, slices: int) -> int:
    """Bytes of a pyramid on disk."""
    total = 0
    for shape in shapes.values():
        height, width = chunk_shape(shape)
        total += slices * -(-shape[0] // height) * -(-shape[1] // width) * height * width * 4
    return total + 20_000


class StoredLevels:
    """Levels of a complete pyramid.

    Attributes
    ----------
    range
        Smallest and largest value of the raster itself, all slices; None where it has no values.
    """

    def __init__(self, folder: Path, origin: Origin, shapes: Shapes) -> None:
        self.folder = folder
        self._origin = origin
        self._shapes = shapes
        self._checked = 0.0
        span = read_about(folder).get("range")
        self.range: tuple[float, float] | None = (float(span[0]), float(span[1])) if span else None
        # the stamp of a folder means to look at every file in it
        self._pause = _FOLDER_PAUSE if origin.path.is_dir() else 0.0

    def block(self, level: int, index: int, down: int, across: int) -> Floats32:
        """A block of a level.

        Raises
        ------
        TileError
            The source was written again.
        DamagedPyramid
            A chunk is missing or cut short.
        """
        now = time.monotonic()
        if now - self._checked >= self._pause:
            self._origin.check_unchanged()
            self._checked = now
        shape = self._shapes[level]
        height, width = chunk_shape(shape)
        path = self.folder / str(level) / "c" / str(index) / str(down) / str(across)
        try:
            values = np.fromfile(path, "<f4")
        except OSError as error:
            raise DamagedPyramid(str(path)) from error
        if values.size != height * width:
            raise DamagedPyramid(str(path))
        rows, columns = min(height, shape[0] - down * height), min(width, shape[1] - across * width)
        return values.reshape(height, width)[:rows, :columns].astype(np.float32, copy=False)


def about(origin: Origin) -> dict[str, Any]:
    """What is written into a pyramid, and must be found there again."""
    return {
        "format": FORMAT,
        "source": str(origin.path),
        "stamp": origin.stamp,
        "identity": origin.identity,
        "complete": True,
    }


def read_about(folder: Path) -> dict[str, Any]:
    """What a pyramid says of itself; empty where it is none."""
    try:
        found = json.loads((folder / "zarr.json").read_text())["attributes"][_ATTRIBUTE]
        return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_complete(folder: Path, origin: Origin) -> bool:
    """Whether a folder holds a complete pyramid of this very origin."""
    found = read_about(folder)
    return "range" in found and bool(
        {k: v for k, v in found.items() if k != "range"} == json.loads(json.dumps(about(origin)))
    )


class Part:
    """A pyramid that is being built, in a folder of its own beside the final one.

    Attributes
    ----------
    data
        The Zarr group.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.folder = final.with_name(f"{final.name}.{uuid.uuid4().hex[:8]}{_PART}")
        self.data = self.folder / "data.zarr"
        self.folder.mkdir(parents=True)
        (self.folder / _OWNER).write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid()}))

    def beat(self) -> None:
        """Tell other processes that this one is still at work."""
        os.utime(self.folder / _OWNER)

    def finish(self, origin: Origin, span: tuple[float, float] | None) -> None:
        """Make it the pyramid; before this it is never used. `span` is the range of the values."""
        import zarr  # noqa: PLC0415

        zarr.open_group(self.data, mode="r+", zarr_format=3).attrs[_ATTRIBUTE] = {
            **about(origin),
            "range": span,
        }
        if self.final.exists():
            remove(self.final)
        self.data.replace(self.final)
        self.discard()

    def discard(self) -> None:
        """Remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def create_arrays(folder: Path, shapes: Shapes, slices: int) -> dict[int, Any]:
    """The arrays of the levels, to be written to; not complete yet."""
    import zarr  # noqa: PLC0415 - slow to import, and only whoever builds a pyramid needs it

    group = zarr.open_group(folder, mode="w", zarr_format=3)
    return {
        level: group.create_array(
            str(level),
            shape=(slices, *shape),
            chunks=(1, *chunk_shape(shape)),
            dtype="<f4",
            compressors=None,
            fill_value=float("nan"),
            # a missing file is then always damage
            config={"write_empty_chunks": True},
        )
        for level, shape in shapes.items()
    }


def mark_used(folder: Path) -> None:
    """Remember when a pyramid was last used; of a read-only one it does not matter."""
    with suppress(OSError):
        os.utime(folder)


def remove(folder: Path) -> None:
    """Remove a pyramid; it is out of the way at once."""
    aside = folder.with_name(f"{folder.name}.{os.getpid()}.{uuid.uuid4().hex[:6]}.gone")
    try:
        folder.replace(aside)
    except OSError:
        return
    shutil.rmtree(aside, ignore_errors=True)


def clean(folder: Path, keep: Path, origin: Origin) -> None:
    """Remove what killed builders left, and pyramids that will not be used again.

    These are the ones whose source is gone or was written again, and those of the same array under another Dask
    name, as such names may differ from session to session.
    """
    for path in _children(folder):
        if path.name.endswith(".gone"):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.endswith(_PART):
            if not _alive(path):
                shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".zarr" and path != keep:
            said = read_about(path)
            if said and (_renamed(said, origin) or stamp_of(Path(said["source"])) != said["stamp"]):
                remove(path)


def _renamed(said: dict[str, Any], origin: Origin) -> bool:
    mine, other = dict(origin.identity), dict(said["identity"])
    differ = mine.pop("selection") != other.pop("selection", None)
    return bool(mine["dask"] and differ and said["source"] == str(origin.path) and mine == other)


def somebody_builds(final: Path) -> bool:
    """Whether a living process builds this pyramid."""
    return any(
        path.name.startswith(f"{final.name}.") and path.name.endswith(_PART) and _alive(path)
        for path in _children(final.parent)
    )


def make_room(folder: Path, need: int, limit: int, keep: Path) -> bool:
    """Remove the pyramids of a cache folder that were not used for longest until `need` more bytes are within limit."""
    if need > limit:
        return False
    found = [(p.stat().st_mtime, _size(p), p) for p in _children(folder) if p.suffix == ".zarr" and p != keep]
    used = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if used + need <= limit:
            break
        remove(path)
        used -= size
    return True


def _children(folder: Path) -> Iterator[Path]:
    try:
        yield from [p for p in folder.iterdir() if p.is_dir()]
    except OSError:
        return


def _size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _alive(part: Path) -> bool:
    """Whether whoever builds in this folder may still be at work."""
    try:
        quiet = time.time() - (part / _OWNER).stat().st_mtime
        owner = json.loads((part / _OWNER).read_text())
        if owner["host"] == socket.gethostname():
            os.kill(int(owner["pid"]), 0)
    except PermissionError:
        pass  # a process of somebody else
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(quiet < _SILENCE)
