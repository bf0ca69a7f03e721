"""What a simulation is asked to be: every argument checked, and a digest of them."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from insar_widgets.errors import SimulationError

Family = Literal["gamma", "burst", "multiburst"]
Direction = Literal["ascending", "descending"]

REPEAT_DAYS = 12
"""Revisit of one Sentinel-1 satellite, days."""

FIRST_CYCLE = date(2018, 1, 15)
"""A date on which Sentinel-1A flew both tracks that are simulated (137 ascending, 144 descending)."""

SMALLEST_SIDE = 40
"""Fewer rows or columns leave no room for the lake, the bowl and the fault, pixels."""


LARGEST_CUBE = 2**30
"""Pixels times dates; a variable of a classic NetCDF file holds 4 GiB."""


@dataclass(frozen=True)
class Options:
    """Arguments of `simulate_stack`, see there for their meaning and units."""

    shape: tuple[int, int]
    dates: int
    connections: int
    family: Family
    seed: int
    direction: Direction
    start: str
    interval: int
    extent_jitter: int
    subsidence: float
    fault_slip: float
    annual: float
    turbulence: float
    stratification: float
    dem_error: float
    decorrelation: bool
    looks: float
    unwrap_errors: float
    gap_after: int | None
    single_pair_date: int | None

    def __post_init__(self) -> None:
        _check_counts(self)
        _check_amplitudes(self)
        _check_network(self)
        _check_start(self)

    @property
    def epochs(self) -> tuple[date, ...]:
        """Acquisition dates, oldest first."""
        first = parse_date(self.start)
        return tuple(first + timedelta(days=i * self.interval) for i in range(self.dates))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Indices into `epochs` of each pair's reference and secondary acquisition."""
        lonely, gap = self.single_pair_date, self.gap_after
        pairs = []
        for first in range(self.dates):
            for second in range(first + 1, min(first + self.connections, self.dates - 1) + 1):
                if lonely in (first, second):
                    continue
                if gap is not None and first <= gap < second:
                    continue
                pairs.append((first, second))
        if lonely is not None:
            pairs.append((lonely - 1, lonely) if lonely > 0 else (0, 1))
        return tuple(sorted(pairs))

    def to_json(self) -> str:
        """Every argument as one line of JSON, the same for equal arguments."""
        return json.dumps(asdict(self), sort_keys=True)

    def digest(self, *labels: object) -> str:
        """Hexadecimal digits that depend on the arguments and the labels alone, upper case."""
        text = "|".join([self.to_json(), *map(str, labels)])
        return hashlib.sha256(text.encode()).hexdigest().upper()


def parse_date(text: str) -> date:
    """Date of a `YYYYMMDD` text; raises SimulationError for anything else."""
    try:
        if len(text) != 8:
            raise ValueError(text)
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except (TypeError, ValueError) as error:
        raise SimulationError(f"{text!r} is not a date; write it as YYYYMMDD, e.g. '20190110'.") from error


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_counts(options: Options) -> None:
    shape = options.shape
    if len(shape) != 2 or not all(_is_count(side) for side in shape) or min(shape) < SMALLEST_SIDE:
        raise SimulationError(
            f"shape={shape!r} cannot be simulated; give two whole numbers (rows, columns), "
            f"each {SMALLEST_SIDE} or more."
        )
    at_least = {"dates": 2, "connections": 1, "seed": 0, "interval": REPEAT_DAYS, "extent_jitter": 0}
    for name, smallest in at_least.items():
        value = getattr(options, name)
        if not _is_count(value) or value < smallest:
            raise SimulationError(
                f"{name}={value!r} is not possible; give a whole number, {smallest} or more."
            )
    if options.dates * math.prod(shape) >= LARGEST_CUBE:
        raise SimulationError(
            f"{options.dates} dates of {shape} pixels do not fit into truth.nc; "
            f"give fewer dates or pixels, together less than {LARGEST_CUBE:,}."
        )
    if options.interval % REPEAT_DAYS:
        raise SimulationError(
            f"interval={options.interval} days: Sentinel-1A comes back every {REPEAT_DAYS} days; "
            f"give a multiple of {REPEAT_DAYS}."
        )
    if options.extent_jitter * 8 > min(shape):
        raise SimulationError(
            f"extent_jitter={options.extent_jitter} pixels leaves too little of {shape}; "
            f"give at most {min(shape) // 8}."
        )
    for name, choices in (("family", get_args(Family)), ("direction", get_args(Direction))):
        value = getattr(options, name)
        if value not in choices:
            raise SimulationError(f"{name}={value!r} is unknown; choose one of {', '.join(choices)}.")


def _check_amplitudes(options: Options) -> None:
    for name in ("subsidence", "fault_slip", "annual"):
        if not math.isfinite(getattr(options, name)):
            raise SimulationError(f"{name}={getattr(options, name)!r} is not a finite number of metres.")
    for name in ("turbulence", "stratification", "dem_error"):
        value = getattr(options, name)
        if not math.isfinite(value) or value < 0:
            raise SimulationError(
                f"{name}={value!r} is a standard deviation; give zero or a positive number."
            )
    if not math.isfinite(options.looks) or options.looks <= 1:
        raise SimulationError(f"looks={options.looks!r} is not possible; give a number above 1.")
    if not 0 <= options.unwrap_errors <= 1:
        raise SimulationError(
            f"unwrap_errors={options.unwrap_errors!r} is a fraction of the pairs; give a number from 0 to 1."
        )


def _check_network(options: Options) -> None:
    gap, lonely, dates = options.gap_after, options.single_pair_date, options.dates
    if gap is not None and (not _is_count(gap) or not 1 <= gap <= dates - 3):
        raise SimulationError(
            f"gap_after={gap!r} does not split {dates} dates into two parts of two or more; "
            f"give the index of a date from 1 to {dates - 3}, or add dates."
        )
    if lonely is not None and (not _is_count(lonely) or not 0 <= lonely < dates):
        raise SimulationError(
            f"single_pair_date={lonely!r} is no date of the stack; give an index from 0 to {dates - 1}."
        )
    if lonely is not None and gap is not None and gap in (lonely - 1, lonely):
        raise SimulationError(
            f"single_pair_date={lonely} lies beside gap_after={gap}; choose dates that are further apart."
        )
    if lonely is not None and 0 < lonely < dates - 1 and options.connections < 2:
        raise SimulationError(
            f"single_pair_date={lonely} would cut the network in two with connections=1; "
            "give connections=2 or more, or use gap_after for a disconnected network."
        )


def _check_start(options: Options) -> None:
    first = parse_date(options.start)
    late = (first - FIRST_CYCLE).days % REPEAT_DAYS
    if late:
        before = (first - timedelta(days=late)).strftime("%Y%m%d")
        after = (first + timedelta(days=REPEAT_DAYS - late)).strftime("%Y%m%d")
        raise SimulationError(
            f"start={options.start!r} is not a date on which Sentinel-1A flew this track; "
            f"use {before} or {after}."
        )
    if first < date(2014, 10, 10):
        raise SimulationError(
            f"start={options.start!r} is before Sentinel-1A's first images; use 20141010 or later."
        )
