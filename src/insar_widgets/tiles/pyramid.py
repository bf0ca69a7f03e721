"""Build the pyramid of a raster in the background, beside the data, once for all."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from platformdirs import user_cache_path

from insar_widgets.errors import CancelledError, InsarWidgetsError
from insar_widgets.resources import disk_free, may_write
from insar_widgets.tiles import _store
from insar_widgets.tiles._levels import BLOCK, Levels
from insar_widgets.tiles._origin import Origin, stamp_of
from insar_widgets.tiles._raster import Floats32
from insar_widgets.tiles._reduce import mean_levels, mode_levels

__all__ = ["PyramidState", "PyramidStatus"]

log = logging.getLogger(__name__)
PyramidState = Literal["none", "building", "ready", "not needed", "unavailable", "cancelled", "failed"]
Tell = Callable[["PyramidStatus"], None]

_SPARE_BYTES = 500 * 2**20
_CACHE_LIMIT = 5 * 2**30
_SMALL = 2**20
_WINDOW = 2 * BLOCK
_GROUP_BYTES = 40 * 2**20
_GROUP = 4
_PATIENCE = 1.0


@dataclass(frozen=True)
class PyramidStatus:
    """How far the pyramid of a source is.

    Attributes
    ----------
    state
        ``"none"``: could be built; ``"building"``; ``"ready"``; ``"not needed"``: small, or in memory;
        ``"unavailable"``: there is no place for it; ``"cancelled"``; ``"failed"``. The map works in every state,
        slower when zoomed out without a pyramid.
    fraction
        Of the building, 0 to 1.
    message
        The state in a sentence.
    folder
        Where it is or will be; None without one.
    """

    state: PyramidState
    fraction: float = 0.0
    message: str = ""
    folder: Path | None = None


@dataclass(frozen=True)
class Plan:
    """Where a pyramid goes."""

    folder: Path
    need: int
    message: str
    cache: bool


class Gate:
    """Lets the background wait while somebody waits for tiles."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._busy = 0

    def __enter__(self) -> None:
        with self._condition:
            self._busy += 1

    def __exit__(self, *_: object) -> None:
        with self._condition:
            self._busy -= 1
            self._condition.notify_all()

    def wait_idle(self) -> None:
        """Wait until nobody asks, a second at most, so that the background gets on."""
        with self._condition:
            self._condition.wait_for(lambda: self._busy == 0, _PATIENCE)


def small(levels: Levels) -> bool:
    """Whether levels are made so quickly that keeping them is not worth it."""
    return levels.count == 0 or int(np.prod(levels.raster.shape)) <= _SMALL


def find(origin: Origin, cache_dir: Path | None) -> Path | None:
    """A complete pyramid of an origin, beside the data or in the cache."""
    for folder in (origin.beside, cache_folder(cache_dir)):
        if _store.is_complete(folder / origin.name, origin):
            if may_write(folder):
                _store.mark_used(folder / origin.name)
            return folder / origin.name
    return None


def cache_folder(cache_dir: Path | None) -> Path:
    """Where pyramids go that cannot be beside the data."""
    return (cache_dir or user_cache_path("insar-widgets")) / "pyramids"


def plan(origin: Origin, levels: Levels, cache_dir: Path | None) -> Plan | str:
    """Choose the place; where there is none, the reason in a sentence."""
    need = _store.bytes_needed(shapes_of(levels), levels.raster.slices)
    why = []
    for folder, cache in ((origin.beside, False), (cache_folder(cache_dir), True)):
        where = "the cache folder" if cache else "the folder of the data"
        if not (may_write(folder) and _writable(folder)):
            why.append(f"{where} ({folder}) is read-only")
        elif (free := disk_free(folder)) < need + _SPARE_BYTES:
            why.append(f"{where} ({folder}) has {_size(free)} free and {_size(need)} are needed")
        elif cache and not _store.make_room(folder, need, _CACHE_LIMIT, folder / origin.name):
            why.append(f"{_size(need)} are more than is kept in {where} ({_size(_CACHE_LIMIT)})")
        else:
            message = f"Overviews are built in {folder}"
            return Plan(
                folder / origin.name,
                need,
                message + (f", because {'; '.join(why)}." if why else "."),
                cache,
            )
    return (
        f"No overviews are kept, because {'; and '.join(why)}. The map works without, slower when zoomed out."
    )


class Build:
    """One pyramid being built, by one thread for all sources of this process that want it."""

    def __init__(self, origin: Origin, levels: Levels, place: Plan, gate: Gate) -> None:
        self.origin, self.levels, self.place, self.gate = origin, levels, place, gate
        self.status = PyramidStatus("building", 0.0, place.message, place.folder)
        self.done = threading.Event()
        self._cancelled = threading.Event()
        self._listeners: dict[int, Tell] = {}
        self._lock = threading.Lock()

    def listen(self, key: int, tell: Tell) -> None:
        """Tell a source of every change, the present state included."""
        with self._lock:
            self._listeners[key] = tell
            status = self.status
        tell(status)

    def leave(self, key: int) -> None:
        """A source no longer wants it; the last one ends it."""
        with self._lock:
            self._listeners.pop(key, None)
            if not self._listeners:
                self._cancelled.set()

    def run(self) -> None:
        """Build; never raises."""
        try:
            self._build()
            status = PyramidStatus("ready", 1.0, f"Overviews are in {self.place.folder}.", self.place.folder)
        except CancelledError:
            status = replace(self.status, state="cancelled", message="Building of overviews was cancelled.")
        except InsarWidgetsError as error:
            status = replace(self.status, state="failed", message=f"Overviews could not be built: {error}")
        except OSError as error:
            text = f"Overviews could not be written to {self.place.folder}: {error.strerror or error}."
            status = replace(self.status, state="failed", message=text)
        except Exception as error:  # whatever a reader raises, the map goes on without
            log.exception("Building of %s failed", self.place.folder)
            status = replace(self.status, state="failed", message=f"Overviews could not be built: {error!r}")
        with _builds_lock:
            _builds.pop(self.place.folder, None)
        self._tell(status)
        self.done.set()

    def _build(self) -> None:
        final = self.place.folder
        while _store.somebody_builds(final):
            self._tell(replace(self.status, message="Another process builds the overviews."))
            if self._cancelled.wait(_PATIENCE):
                raise CancelledError("Cancelled.")
        if _store.is_complete(final, self.origin):
            return
        _store.clean(final.parent, final, self.origin)
        part = _store.Part(final)
        try:
            self._tell(replace(self.status, message=self.place.message))
            span = self._fill(part)
            if stamp_of(self.origin.path) != self.origin.stamp:
                raise CancelledError("The source was written again.")
            part.finish(self.origin, span)
        finally:
            part.discard()

    def _fill(self, part: _store.Part) -> tuple[float, float] | None:
        """Window by window, several slices at a time: the chunks of a MintPy file hold several dates.

        Returns the range of the values.
        """
        low, high = np.float32(np.nan), np.float32(np.nan)
        levels, raster = self.levels, self.levels.raster
        shapes = shapes_of(levels)
        arrays = _store.create_arrays(part.data, shapes, raster.slices)
        rest_bytes = sum(4 * int(np.prod(shape)) for level, shape in shapes.items() if level > 1)
        group = int(np.clip(_GROUP_BYTES // max(1, rest_bytes), 1, min(_GROUP, raster.slices)))
        tops, lefts = range(0, raster.shape[0], _WINDOW), range(0, raster.shape[1], _WINDOW)
        total, done = -(-raster.slices // group) * len(tops) * len(lefts), 0
        for first in range(0, raster.slices, group):
            slices = slice(first, min(first + group, raster.slices))
            rest = {
                k: np.empty((slices.stop - first, *shape), np.float32) for k, shape in shapes.items() if k > 1
            }
            for top in tops:
                for left in lefts:
                    self.gate.wait_idle()
                    if self._cancelled.is_set():
                        raise CancelledError("Cancelled.")
                    window = self._read(slices, top, left)
                    low = np.fmin(low, np.fmin.reduce(window, axis=None))
                    high = np.fmax(high, np.fmax.reduce(window, axis=None))
                    self._fill_window(window, arrays[1], rest, (slices.start, top, left))
                    del window
                    done += 1
                    part.beat()
                    self._tell(replace(self.status, fraction=done / (total + 1)))
            for level, values in rest.items():
                arrays[level][slices] = values
        return None if np.isnan(low) else (float(low), float(high))

    def _read(self, slices: slice, top: int, left: int) -> Floats32:
        raster = self.levels.raster
        rows = slice(top, min(top + _WINDOW, raster.shape[0]))
        return raster.read_slices(slices, rows, slice(left, min(left + _WINDOW, raster.shape[1])))

    def _fill_window(
        self, window: Floats32, finest: Any, rest: dict[int, Floats32], at: tuple[int, int, int]
    ) -> None:
        first, top, left = at
        reduce = mean_levels if self.levels.raster.kind == "values" else mode_levels
        for number, values in enumerate(window):
            for level, part in enumerate(reduce(values, self.levels.count), start=1):
                down, across = top >> level, left >> level
                place = slice(down, down + part.shape[0]), slice(across, across + part.shape[1])
                if level == 1:
                    finest[(first + number, *place)] = part
                else:
                    rest[level][(number, *place)] = part

    def _tell(self, status: PyramidStatus) -> None:
        with self._lock:
            self.status = status
            listeners = list(self._listeners.values())
        for tell in listeners:
            tell(status)


def shapes_of(levels: Levels) -> _store.Shapes:
    """Rows and columns of the levels beside the raster itself."""
    return {level: levels.shape(level) for level in range(1, levels.count + 1)}


_builds: dict[Path, Build] = {}
_builds_lock = threading.Lock()


def start(origin: Origin, levels: Levels, place: Plan, gate: Gate) -> Build:
    """The build of a pyramid, begun unless it is under way in this process."""
    with _builds_lock:
        build = _builds.get(place.folder)
        if build is None:
            build = _builds[place.folder] = Build(origin, levels, place, gate)
            threading.Thread(target=build.run, name="insar-widgets-pyramid", daemon=True).start()
        return build


def _writable(folder: Path) -> bool:
    """Tried, because permissions alone don't tell of read-only file systems."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
