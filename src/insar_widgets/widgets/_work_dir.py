"""What lies in a MintPy work directory, read with h5py only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py

__all__ = ["WorkDir", "WorkFile", "is_work_dir", "read_work_dir"]

_SIGNS = ("smallbaselineApp.cfg", "inputs/ifgramStack.h5", "velocity.h5")
_WHERE = ("inputs/*.h5", "*.h5", "geo/*.h5")
_ORDER = ("ifgramStack", "geometry", "ERA5", "timeseries", "velocity", "temporalCoherence", "mask")


@dataclass(frozen=True)
class WorkFile:
    """One HDF5 file of a work directory.

    Attributes
    ----------
    name
        Path below the work directory.
    shape
        Rows and columns; None if the file tells none.
    dates
        Its epochs, `YYYYMMDD`, sorted; empty where there are none.
    span
        First and last date of what was estimated from a series, as of a velocity.
    pairs
        Interferograms in it; 0 for anything but a stack of them.
    problem
        Why it cannot be read, empty if it can.
    """

    name: str
    shape: tuple[int, int] | None = None
    dates: tuple[str, ...] = ()
    span: tuple[str, ...] = ()
    pairs: int = 0
    problem: str = ""


@dataclass(frozen=True)
class WorkDir:
    """A MintPy work directory and its files, in the order of the workflow."""

    path: Path
    files: tuple[WorkFile, ...]

    @property
    def loaded(self) -> bool:
        """Whether the interferograms are loaded, so that load_data can be skipped."""
        return any(file.name == "inputs/ifgramStack.h5" and not file.problem for file in self.files)


def is_work_dir(path: Path) -> bool:
    """Whether a folder is one that MintPy worked in."""
    try:
        return any((path / sign).is_file() for sign in _SIGNS)
    except OSError:
        return False


def read_work_dir(path: Path) -> WorkDir:
    """Read what is in a MintPy work directory; a file that cannot be read is listed with its problem."""
    found = [file for pattern in _WHERE for file in sorted(path.glob(pattern))]
    files = [_read(file, file.relative_to(path).as_posix()) for file in found]
    return WorkDir(path, tuple(sorted(files, key=lambda file: _rank(file.name))))


def _rank(name: str) -> tuple[int, str]:
    base = name.rpartition("/")[2]
    for rank, start in enumerate(_ORDER):
        if base.startswith(start):
            return (rank, name)
    return (len(_ORDER), name)


def _read(path: Path, name: str) -> WorkFile:
    try:
        with h5py.File(path, "r") as file:
            shape = _shape(file)
            dates, pairs = _dates(file)
            ends = [file.attrs.get(key) for key in ("START_DATE", "END_DATE")]
            span = () if dates or None in ends else tuple(str(end) for end in ends)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        return WorkFile(name, problem=f"cannot be read ({error})")
    if shape is None:
        return WorkFile(name, problem="holds no raster")
    return WorkFile(name, shape, dates, span, pairs)


def _shape(file: h5py.File) -> tuple[int, int] | None:
    """Rows and columns: the largest dataset of two or three dimensions."""
    shapes = [
        item.shape[-2:]
        for item in file.values()
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "fiub"
    ]
    if not shapes:
        return None
    rows, columns = max(shapes, key=lambda shape: shape[0] * shape[1])
    return int(rows), int(columns)


def _dates(file: h5py.File) -> tuple[tuple[str, ...], int]:
    """Dates of a file and, for a stack of interferograms, their number."""
    if "date" in file:
        values = file["date"].asstr()[()]
        pairs = len(values) if values.ndim == 2 else 0
        return tuple(sorted({str(value) for value in values.ravel()})), pairs
    return (), 0
