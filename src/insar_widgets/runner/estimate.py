"""How long the steps of a run will take and how much disk they need, and what that is based on."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from insar_widgets.resources import cores
from insar_widgets.runner.engine import FAST, MINTPY
from insar_widgets.runner.steps import GEOMETRY, STACK, StepPlan

__all__ = [
    "Estimate",
    "StepEstimate",
    "Work",
    "as_event",
    "disk_needed",
    "estimate_steps",
    "expected_sizes",
    "measure_work",
]

PROGRESS = "its progress so far"
EARLIER = "its last pass in this folder"
SIZE = "the size of the stack"
_ENOUGH = 0.03  # of a step, before its pace says anything


@dataclass(frozen=True)
class Work:
    """Size of what a run works on: kept interferograms, dates, rows and columns; and the engine it works with."""

    pairs: int
    dates: int
    rows: int
    columns: int
    engine: str = MINTPY

    @property
    def pixels(self) -> int:
        """Rows times columns."""
        return self.rows * self.columns


@dataclass(frozen=True)
class StepEstimate:
    """What one step is expected to take.

    Attributes
    ----------
    name : the step.
    seconds : its whole pass, or None if nobody can tell.
    seconds_left : what is left of it; equal to `seconds` before it starts.
    basis : what this is based on: its progress so far, its last pass in this folder, the size of the stack, or
        the reason why nothing can be said.
    """

    name: str
    seconds: float | None
    seconds_left: float | None
    basis: str


@dataclass(frozen=True)
class Estimate:
    """What is left of a run, or what the next `start` would do.

    Attributes
    ----------
    steps : the steps to come, the one under way first.
    disk_needed_bytes : disk space they want beyond what is on disk now, or None if nobody can tell.
    """

    steps: tuple[StepEstimate, ...]
    disk_needed_bytes: int | None = None

    @property
    def seconds_left(self) -> float | None:
        """Time until the end, without the steps of which nothing can be said; None if there is none to say."""
        known = [step.seconds_left for step in self.steps if step.seconds_left is not None]
        return sum(known) if known or not self.steps else None

    @property
    def unknown(self) -> tuple[str, ...]:
        """Steps that `seconds_left` leaves out."""
        return tuple(step.name for step in self.steps if step.seconds_left is None)

    @property
    def basis(self) -> str:
        """What the time is based on, as a sentence."""
        if not self.steps:
            return "Nothing is left to do."
        bases: dict[str, list[str]] = {}
        for step in self.steps:
            bases.setdefault(step.basis, []).append(step.name)
        return "; ".join(f"{', '.join(names)}: {basis}" for basis, names in bases.items()) + "."


def measure_work(
    stack_file: Path, files: Mapping[str, list[str]], *, from_file: bool, driver: str | None = None
) -> Work | None:
    """Size of the stack: from MintPy's own file if it is up to date, else from the products to load.

    `driver`: the only one of GDAL's that may open them, None for all.
    """
    if from_file:
        found = _loaded(stack_file)
        if found is not None:
            return found
    names = files.get("mintpy.load.unwFile", [])
    if not names:
        return None
    import rasterio  # noqa: PLC0415 - takes its time
    from rasterio.errors import RasterioIOError  # noqa: PLC0415

    try:
        with rasterio.open(names[0], driver=driver) as raster:
            rows, columns = raster.shape
    except RasterioIOError:
        return None
    dates = {date for name in names for date in re.findall(r"(?<!\d)(20\d{6})(?!\d)", Path(name).name)[:2]}
    return Work(len(names), max(len(dates), 2), rows, columns)


def _loaded(stack_file: Path) -> Work | None:
    import h5py  # noqa: PLC0415

    try:
        with h5py.File(stack_file, "r", locking=False) as file:
            pairs, rows, columns = file["unwrapPhase"].shape
            dates = {day for pair in file["date"][()] for day in pair}
            kept = int(file["dropIfgram"][()].sum())
    except (OSError, KeyError, ValueError, RuntimeError):
        return None
    return Work(kept or pairs, len(dates), rows, columns)


def expected_sizes(plan: StepPlan, work: Work, files: Mapping[str, list[str]]) -> dict[str, int]:
    """Bytes of each large file the step will write, uncompressed."""
    pixels, series = work.pixels, 4 * work.dates * work.pixels
    layers = 10 if "mintpy.load.connCompFile" in files else 8
    known = {STACK: len(files.get("mintpy.load.unwFile", ())) * pixels * layers, GEOMETRY: pixels * 16}
    sizes = {}
    for file in plan.writes:
        if file in known:
            sizes[file] = known[file]
        elif file.startswith(("timeseries", "inputs/")):
            sizes[file] = series
        elif file.startswith("velocity") and file.endswith(".h5"):
            sizes[file] = pixels * 24
        elif file.endswith(".h5"):
            sizes[file] = pixels * 8
    if plan.step.name == "hdfeos5" and plan.off is None:
        sizes["*.he5"] = series + pixels * 24
    return sizes


def disk_needed(
    work_dir: Path,
    plans: Mapping[str, StepPlan],
    names: Iterable[str],
    work: Work | None,
    files: Mapping[str, list[str]],
) -> int | None:
    """Bytes that these steps will write beyond what their files hold now; None if the size is not known."""
    if work is None:
        return None
    total = 0
    for name in names:
        for file, size in expected_sizes(plans[name], work, files).items():
            there = work_dir / file
            total += max(0, size - (there.stat().st_size if there.is_file() else 0))
    return total


def _model(name: str, work: Work, effective: Mapping[str, Any]) -> float | None:
    """Seconds on a usual core; measured with MintPy 1.6.4 between 10^4 and 10^6 pixels."""
    phases, values = work.pairs * work.pixels, work.dates * work.pixels
    seconds: dict[str, float] = {
        "load_data": 0.3 + 2e-7 * phases,
        "modify_network": 1.4,
        "reference_point": 0.4 + 1e-7 * phases,
        "quick_overview": 1.0 + 1e-7 * phases,
        "correct_unwrap_error": 2.0 + 1e-6 * phases,
        # scipy.linalg.lstsq on every pixel
        "invert_network": 0.5 + work.pixels * (4e-5 + 3.7e-8 * work.pairs * work.dates),
        "deramp": 0.5 + 3e-7 * values,
        "correct_topography": 0.5 + work.pixels * (6e-5 + 1e-6 * work.dates),
        "residual_RMS": 0.7 + 4e-7 * values,
        "reference_date": 2.0 + 2e-8 * values,
        "velocity": 0.15 + 5e-8 * values,
        "google_earth": 3.0 + 6e-5 * work.pixels,
        "hdfeos5": 1.0 + 2e-8 * values,
    }
    if (
        name == "correct_troposphere"
        and effective.get("mintpy.troposphericDelay.method") == "height_correlation"
    ):
        return 1.0 + 3e-7 * values
    if work.engine == FAST:
        # compiled; what takes the time is reading and weighting, and the proof
        seconds["invert_network"] = 2.0 + phases * (3e-8 + 3e-8 / cores()) + 2e-5 * work.pairs * work.dates
        seconds["correct_topography"] = 1.0 + 5e-8 * values
    found = seconds.get(name)
    if found is not None and name in ("invert_network", "correct_topography"):
        found = 0.5 + (found - 0.5) / _workers(effective)
    return found


def _workers(effective: Mapping[str, Any]) -> int:
    kind = str(effective.get("mintpy.compute.cluster") or "none").lower()
    if kind in ("none", "no", "false"):
        return 1
    written = str(effective.get("mintpy.compute.numWorker") or 1)
    most = cores() if kind == "local" else 10**6
    if not written.isdigit():
        return max(1, most if written == "all" else int(most * float(written.rstrip("%")) / 100))
    return max(1, min(int(written), most))


def estimate_steps(
    names: Iterable[str],
    *,
    work: Work | None,
    effective: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    now: float | None = None,
) -> tuple[StepEstimate, ...]:
    """Say for steps to come, and the one under way, how long they will take.

    Parameters
    ----------
    names
        The steps, in order.
    work
        Size of the stack; None if unknown.
    effective
        Values the options really have.
    events
        Events of the work directory, oldest first: ``run-start`` (whose ``work`` says how large the stack was),
        ``step-start``, ``step-end``, and of the step under way the last ``progress``.
    now
        Seconds since 1970; None for the clock.
    """
    now = time.time() if now is None else now
    passes, under_way = _passes(events)
    expect = _expectation(passes, work, effective)
    found = []
    for name in names:
        seconds, basis = expect(name)
        left = seconds
        if name == under_way.get("step"):
            seconds, left, basis = _under_way(under_way, seconds, basis, now)
        found.append(StepEstimate(name, _rounded(seconds), _rounded(left), basis))
    return tuple(found)


def _passes(
    events: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, tuple[float, Work | None]], dict[str, Any]]:
    """Seconds of the last completed pass of each step and the work it did; and the step under way."""
    passes: dict[str, tuple[float, Work | None]] = {}
    under_way: dict[str, Any] = {}
    work: Work | None = None
    for event in events:
        kind = event["event"]
        if kind == "run-start":
            work = Work(**event["work"]) if event.get("work") else None
            under_way = {}
        elif kind == "step-start":
            under_way = {"step": event["step"], "began": event["time"]}
        elif kind == "progress":
            under_way |= {key: event.get(key) for key in ("fraction", "whole", "bar_seconds", "time")}
        elif kind in ("step-end", "run-end"):
            under_way = {}
            if event.get("outcome") == "completed" and "seconds" in event and "step" in event:
                passes[event["step"]] = (float(event["seconds"]), work)
    return passes, under_way


def _expectation(
    passes: Mapping[str, tuple[float, Work | None]], work: Work | None, effective: Mapping[str, Any]
) -> Callable[[str], tuple[float | None, str]]:
    """Return a function from a step's name to its expected seconds and what they are based on."""
    ratios = []
    for name, (seconds, then) in passes.items():
        told = _model(name, then, effective) if then else None
        if told and seconds > 0.5:
            ratios.append(seconds / told)
    pace = statistics.median(ratios) if ratios else 1.0

    def expect(name: str) -> tuple[float | None, str]:
        told = _model(name, work, effective) if work else None
        if name in passes:
            seconds, then = passes[name]
            before = _model(name, then, effective) if then else None
            scale = told / before if told and before else 1.0
            return seconds * scale, EARLIER
        if told is None:
            why = "the size of the stack is not known yet" if work is None else "it never ran in this folder"
            return None, f"nothing to go by: {why}"
        return told * pace, SIZE

    return expect


def _under_way(
    step: Mapping[str, Any], expected: float | None, basis: str, now: float
) -> tuple[float | None, float | None, str]:
    """Whole time of the step under way, what is left of it, and why."""
    elapsed = max(0.0, now - step["began"])
    told = None
    fraction = step.get("fraction")
    if fraction is not None and fraction >= _ENOUGH and step.get("bar_seconds"):
        since = max(0.0, now - step["time"])
        told = max(0.0, step["bar_seconds"] * (1 - fraction) / fraction - since)
    rest = None if expected is None else max(0.0, expected - elapsed)
    if told is not None and (step.get("whole") or rest is None or told > rest):
        return elapsed + told, told, PROGRESS
    if rest is None:
        return None, None, basis
    return elapsed + rest, rest, basis


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def as_event(work: Work | None) -> dict[str, int] | None:
    """`work` as the event ``run-start`` tells it."""
    return None if work is None else asdict(work)
