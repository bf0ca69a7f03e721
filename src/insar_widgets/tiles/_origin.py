"""Where an array comes from, so that a pyramid on disk is only ever used for the very values it was made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insar_widgets.errors import TileError
from insar_widgets.tiles._raster import Raster

_STATE = ".insar_widgets"
_CONFIG = "smallbaselineApp.cfg"


@dataclass(frozen=True)
class Origin:
    """A part of a file, as it is now.

    Attributes
    ----------
    path
        The file, or the folder of a Zarr store.
    stamp
        Changes when the file is written or replaced.
    identity
        What of the file the array holds: equal identities of an unchanged file have equal values.
    """

    path: Path
    stamp: str
    identity: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the pyramid's folder: readable, and different for everything that differs but the stamp."""
        text = json.dumps([str(self.path), self.identity], sort_keys=True)
        parts = [self.path.stem, str(self.identity["dataset"] or self.identity["name"])]
        readable = "-".join(
            "".join(c if c.isalnum() or c in "_." else "_" for c in p)[:40] for p in parts if p
        )
        return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.zarr"

    @property
    def home(self) -> Path:
        """The folder the data belong to: the MintPy work directory they are in, else the file's own folder."""
        for folder in (self.path.parent, self.path.parent.parent):
            if (folder / _CONFIG).is_file() or (folder / _STATE).is_dir():
                return folder
        return self.path.parent

    @property
    def beside(self) -> Path:
        """Folder for pyramids beside the data."""
        return self.home / _STATE / "pyramids"

    def check_unchanged(self) -> None:
        """Raise TileError where the file is another one than when the array was opened."""
        if stamp_of(self.path) != self.stamp:
            raise TileError(f"{self.path} was written again since it was opened; open it again.")


def origin_of(raster: Raster, path: Path | None = None) -> Origin | None:
    """Origin of an array that is read from a file when it is needed; None where there is no knowing.

    Values in memory may have been changed since they were read, so they have no origin. `path` is for an array
    that does not say where it comes from.
    """
    data = raster.data
    if in_memory(data):
        return None
    named = path or data.attrs.get("source") or data.encoding.get("source")
    selection = str(data.data.name) if data.chunks is not None else _selection(data)
    if not isinstance(named, (str, Path)) or not Path(named).exists() or not selection:
        return None
    grid = raster.grid
    leading = data.coords[raster.dim].values if raster.dim is not None and raster.dim in data.coords else []
    identity = {
        "name": str(data.name or ""),
        "dataset": str(data.attrs.get("dataset", "")),
        "shape": [int(n) for n in data.shape],
        "dtype": str(data.dtype),
        "grid": [grid.x_first, grid.y_first, grid.x_step, grid.y_step],
        "slices": hashlib.sha256("|".join(map(str, np.asarray(leading))).encode()).hexdigest()[:12],
        "kind": raster.kind,
        "nodata": raster.nodata,
        "scale": [str({**data.encoding, **data.attrs}.get(k)) for k in ("scale_factor", "add_offset")],
        "selection": selection,
        "dask": data.chunks is not None,
    }
    found = Path(named).resolve()
    return Origin(found, stamp_of(found), identity)


def _selection(data: xr.DataArray) -> str:
    """What a lazy array takes of its file, after `isel` and the like; empty where it does not tell."""
    parts: list[str] = []
    layer = getattr(data.variable, "_data", None)
    while layer is not None:
        key = getattr(getattr(layer, "key", None), "tuple", None)
        if key is not None:
            parts += [_words(k) for k in key]
        parts.append(type(layer).__name__)
        layer = getattr(layer, "array", None)
    told = any("slice" in part or "int" in part for part in parts)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12] if told else ""


def _words(key: Any) -> str:
    if isinstance(key, np.ndarray):
        return f"int {hashlib.sha256(np.ascontiguousarray(key).tobytes()).hexdigest()}"
    return repr(key) if isinstance(key, slice) else f"int {int(key)}"


def in_memory(data: xr.DataArray) -> bool:
    """Whether the values were read already; in doubt, yes."""
    return bool(getattr(data.variable, "_in_memory", True))


def stamp_of(path: Path) -> str:
    """What changes when a file, or any file of a folder, is written or replaced; empty where it is gone."""
    try:
        if not path.is_dir():
            return _stamp(path)
        files = sorted(p for p in path.rglob("*") if p.is_file() and _STATE not in p.parts)
        text = "\n".join(f"{p.relative_to(path).as_posix()} {_stamp(p)}" for p in files)
        return hashlib.sha256(text.encode()).hexdigest()
    except OSError:
        return ""


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
