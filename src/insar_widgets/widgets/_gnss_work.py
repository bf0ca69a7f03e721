"""The long work behind the GnssInspector: series from cache or service, comparison, velocities."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import xarray as xr

from insar_widgets.errors import CancelledError, GnssError
from insar_widgets.gnss import (
    BASE_URL,
    Candidate,
    Comparison,
    Station,
    StationStep,
    StationVelocity,
    compare_gnss,
    fetch_series,
    fetch_steps,
    rank_references,
    read_steps,
    read_tenv3,
    station_velocity,
)
from insar_widgets.gnss.own import read_own
from insar_widgets.results import Results

__all__ = ["Compared", "Gathered", "Settings", "compare", "gather"]

Progress = Callable[[float | None, str], None]


@dataclass(frozen=True)
class Settings:
    """What a comparison depends on."""

    names: tuple[str, ...]
    reference: str
    window_days: int
    radius: float
    method: str
    outliers: float | None
    frames: tuple[str, ...]


@dataclass
class Gathered:
    """Position series by station, what became of the others, and how old they are."""

    frames: tuple[str, ...] = ()
    positions: dict[str, xr.Dataset] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    age_days: float = 0.0
    steps: list[StationStep] | None = None
    steps_note: str = ""


@dataclass(frozen=True)
class Compared:
    """A comparison and what goes with it."""

    settings: Settings
    comparison: Comparison
    velocities: Mapping[str, StationVelocity]
    candidates: tuple[Candidate, ...]
    gathered: Gathered
    stations: tuple[Station, ...]


def gather(
    stations: list[Station],
    known: Gathered,
    frames: tuple[str, ...],
    progress: Progress,
    cancelled: threading.Event,
    *,
    refresh: bool = False,
    offline: bool = False,
) -> Gathered:
    """Series and steps of the stations; what `known` holds is not asked for again, problems are.

    Raises
    ------
    CancelledError
        If `cancelled` was set; what came before is in the cache.
    """
    fresh = Gathered(frames) if refresh or known.frames != frames else known
    now = Gathered(
        frames, dict(fresh.positions), {}, dict(fresh.notes), fresh.age_days, fresh.steps, fresh.steps_note
    )
    services: dict[tuple[str, Path | None], list[str]] = {}
    for station in stations:
        if not station.usable or station.name in now.positions:
            continue
        if station.file is None:
            services.setdefault((station.base_url or BASE_URL, station.cache_dir), []).append(station.name)
            continue
        try:
            now.positions[station.name] = read_own(station)
        except GnssError as error:
            now.problems[station.name] = str(error)
    for (base_url, cache_dir), names in services.items():
        progress(0.0, f"0 of {len(names)} series")
        fetched = fetch_series(
            names,
            base_url,
            cache_dir,
            frames=frames,
            refresh=refresh,
            offline=offline,
            on_progress=progress,
            cancelled=cancelled,
        )
        for name, file in fetched.items():
            if file.path is None:
                now.problems[name] = file.problem
                continue
            try:
                series = read_tenv3(file.path, file.frame)
            except GnssError as error:
                now.problems[name] = str(error)
                continue
            now.positions[name] = series
            said = " ".join(filter(None, [file.problem, series.attrs["notes"]]))
            if said:
                now.notes[name] = said
            now.age_days = max(now.age_days, file.age_days)
        _add_steps(now, base_url, cache_dir, cancelled, offline=offline)
    return now


def _add_steps(
    now: Gathered, base_url: str, cache_dir: Path | None, cancelled: threading.Event, *, offline: bool
) -> None:
    try:
        fetched = fetch_steps(base_url, cache_dir, offline=offline, cancelled=cancelled)
        found = read_steps(fetched.path) if fetched.path else []
    except CancelledError:
        raise
    except GnssError as error:
        now.steps_note = f"Steps of equipment were not removed: {error}"
        now.steps = now.steps or []
        return
    now.steps_note = fetched.problem
    names = set(now.positions)
    before = [step for step in now.steps or [] if step.station not in names]
    now.steps = before + [step for step in found if step.station in names]


def compare(
    results: Results,
    stations: list[Station],
    gathered: Gathered,
    settings: Settings,
    *,
    progress: Progress,
    cancelled: threading.Event,
) -> Compared:
    """Compare the stations whose series are there; every other has its reason.

    A reference station that cannot be used raises `GnssError`.
    """
    progress(None, "Comparing with InSAR")
    there = [s for s in stations if s.name in gathered.positions or not s.usable]
    compared = compare_gnss(
        results,
        there,
        reference=settings.reference or None,
        window_days=settings.window_days,
        radius=settings.radius,
        method="nearest" if settings.method == "nearest" else "mean",
        frames=settings.frames,
        series=gathered.positions,
        steps=gathered.steps or [],
        outliers=settings.outliers,
        cancelled=cancelled,
    )
    compared.rejected.update(
        {s.name: gathered.problems[s.name] for s in stations if s.name in gathered.problems}
    )
    notes = [f"{name}: {text}" for name, text in gathered.notes.items() if name in settings.names]
    compared.notes = (*compared.notes, *notes, *filter(None, [gathered.steps_note]))
    first, last = (f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in (results.dates[0], results.dates[-1]))
    velocities: dict[str, StationVelocity] = {}
    for name in compared.names:
        if cancelled.is_set():
            raise CancelledError("Cancelled.")
        try:
            velocities[name] = station_velocity(gathered.positions[name], first, last, gathered.steps or [])
        except GnssError:
            continue  # too few days for a velocity of its own: no arrow
    candidates = tuple(rank_references(compared, results)) if not compared.reference else ()
    return Compared(settings, compared, velocities, candidates, gathered, tuple(stations))
