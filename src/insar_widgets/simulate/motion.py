"""How the ground moves: closed formulas in map coordinates, so that any place can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import Grid

Array = NDArray[np.float64]

DAYS_PER_YEAR = 365.25
RIGHT_LATERAL_RATIO = (0.95, 0.3)
"""Shares of the fault's slip along strike and up (east block up)."""


@dataclass(frozen=True)
class Motion:
    """Three-dimensional displacement of any place at any time, relative to the first acquisition.

    Lengths in metres, rates in metres per year, times in years of 365.25 days since the first acquisition;
    components in the order east, north, up.
    """

    bowl: tuple[float, float]
    depth: float
    subsidence: float
    fault: tuple[float, float]
    strike: float
    fault_length: float
    locking_depth: float
    slip: float
    slip_date: date
    slip_time: float
    annual: float
    annual_phase: float

    def secular(self, x: Array, y: Array) -> Array:
        """Velocity of a deflating point source (Mogi, 1958): down and inwards; (3, ...), m/yr."""
        east, north = x - self.bowl[0], y - self.bowl[1]
        shape = self.subsidence * self.depth**2 / (east**2 + north**2 + self.depth**2) ** 1.5
        return np.stack([shape * east, shape * north, shape * self.depth])

    def step(self, x: Array, y: Array) -> Array:
        """Displacement on the day of the earthquake: slip from the surface to a depth; (3, ...), m.

        Screw dislocation of Weertman and Weertman (1964), its end tapered along strike.
        """
        east, north = x - self.fault[0], y - self.fault[1]
        along_east, along_north = np.sin(self.strike), np.cos(self.strike)
        along = east * along_east + north * along_north
        across = east * along_north - north * along_east
        taper = np.exp(-((along / self.fault_length) ** 4))
        side = np.where(across >= 0, 1.0, -1.0)
        amount = side * self.slip / np.pi * np.arctan2(self.locking_depth, np.abs(across)) * taper
        lateral, vertical = RIGHT_LATERAL_RATIO
        # The block east of a right-lateral fault moves against the strike direction.
        return np.stack([-lateral * along_east * amount, -lateral * along_north * amount, vertical * amount])

    def season(self, x: Array, y: Array) -> Array:
        """Amplitude of the annual term: groundwater under the bowl, wider than it; (3, ...), m."""
        distance2 = (x - self.bowl[0]) ** 2 + (y - self.bowl[1]) ** 2
        up = self.annual * (0.3 + 0.7 * np.exp(-distance2 / (2 * (2 * self.depth) ** 2)))
        return np.stack([np.zeros_like(up), np.zeros_like(up), up])

    def season_factor(self, years: Array) -> Array:
        """What multiplies `season` at these times, zero at the first acquisition."""
        angle = 2 * np.pi * years + self.annual_phase
        return np.asarray(np.cos(angle) - np.cos(self.annual_phase))

    def step_factor(self, years: Array) -> Array:
        """What multiplies `step` at these times: 0 before the earthquake, 1 after."""
        return (years >= self.slip_time).astype(float)

    def displacement(self, x: float, y: float, years: Array) -> Array:
        """Displacement of one place at many times; (3, times), metres."""
        place = np.array(x), np.array(y)
        return np.asarray(
            self.secular(*place)[:, None] * years
            + self.step(*place)[:, None] * self.step_factor(years)
            + self.season(*place)[:, None] * self.season_factor(years)
        )


def make_motion(options: Options, grid: Grid) -> Motion:
    """Bowl in the west of the scene, fault in its east, an earthquake after three fifths of the time."""
    x0, y0 = grid.centre
    width, height = 80.0 * grid.columns, 80.0 * grid.rows
    size = min(grid.smaller_side, 30_000.0)
    epochs = options.epochs
    number = min(int(0.6 * (len(epochs) - 1)), len(epochs) - 2)
    slip_date = epochs[number] + (epochs[number + 1] - epochs[number]) / 2
    day_of_year = epochs[0].timetuple().tm_yday
    return Motion(
        bowl=(x0 - 0.22 * width, y0 + 0.16 * height),
        depth=0.15 * size,
        subsidence=options.subsidence,
        fault=(x0 + 0.20 * width, y0 + 0.02 * height),
        strike=float(np.deg2rad(-32.0)),
        fault_length=0.36 * size,
        locking_depth=0.12 * size,
        slip=options.fault_slip,
        slip_date=slip_date,
        slip_time=((slip_date - epochs[0]).days - 0.25) / DAYS_PER_YEAR,
        annual=options.annual,
        annual_phase=float(2 * np.pi * (day_of_year - 75) / DAYS_PER_YEAR),
    )
