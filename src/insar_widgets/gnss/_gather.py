"""Position series and steps of stations, from what is at hand, the cache or the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import xarray as xr

from insar_widgets.errors import CancelledError, GnssError
from insar_widgets.gnss.ngl import BASE_URL, fetch_series, fetch_steps
from insar_widgets.gnss.own import read_own
from insar_widgets.gnss.stations import Station
from insar_widgets.gnss.steps import StationStep, read_steps
from insar_widgets.gnss.tenv3 import read_tenv3


@dataclass
class Findings:
    """What a comparison has to tell besides its numbers."""

    rejected: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    on_progress: Callable[[float, str], None] | None = None
    cancelled: threading.Event | None = None

    def check(self) -> None:
        if self.cancelled is not None and self.cancelled.is_set():
            raise CancelledError("Cancelled.")


def gather_positions(
    stations: list[Station], at_hand: Mapping[str, xr.Dataset], frames: tuple[str, ...], told: Findings
) -> dict[str, xr.Dataset]:
    """Position series of the stations; one that cannot be had is rejected."""
    found = {s.name: at_hand[s.name] for s in stations if s.name in at_hand}
    files: dict[str, tuple[Path, str | None]] = {}
    for s in stations:
        if s.file is None or s.name in found:
            continue
        try:
            found[s.name] = read_own(s)
        except GnssError as error:
            told.rejected[s.name] = str(error)
    services: dict[tuple[str, Path | None], list[str]] = {}
    for s in stations:
        if s.name not in found and s.file is None:
            services.setdefault((s.base_url or BASE_URL, s.cache_dir), []).append(s.name)
    for (base_url, cache_dir), names in services.items():
        fetched = fetch_series(
            names, base_url, cache_dir, frames=frames, on_progress=told.on_progress, cancelled=told.cancelled
        )
        for key, file in fetched.items():
            if file.path is None:
                told.rejected[key] = file.problem
                continue
            if file.problem:
                told.notes.append(f"{key}: {file.problem}")
            files[key] = (file.path, file.frame)
    for key, (path, frame) in files.items():
        try:
            found[key] = read_tenv3(path, frame)
        except GnssError as error:
            told.rejected[key] = str(error)
            continue
        if found[key].attrs["notes"]:
            told.notes.append(f"{key}: {found[key].attrs['notes']}")
    return found


def gather_steps(
    stations: list[Station], steps: Iterable[StationStep] | None, told: Findings
) -> list[StationStep]:
    """Steps of the stations, from the service's list if none are given."""
    if steps is not None:
        return list(steps)
    found: list[StationStep] = []
    for base_url, cache_dir in {(s.base_url, s.cache_dir) for s in stations if s.base_url}:
        try:
            path = fetch_steps(base_url, cache_dir, cancelled=told.cancelled).path
        except GnssError as error:
            told.notes.append(f"Steps of equipment were not removed: {error}")
            continue
        names = {s.name for s in stations if (s.base_url, s.cache_dir) == (base_url, cache_dir)}
        found += [step for step in read_steps(path) if step.station in names] if path else []
    return found
