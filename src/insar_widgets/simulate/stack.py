"""`simulate_stack`: from arguments to products, truth and stations on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from insar_widgets.errors import SimulationError
from insar_widgets.hyp3 import Stack, find_stack
from insar_widgets.simulate.atmosphere import make_delays
from insar_widgets.simulate.gnss import make_series, make_stations, write_gnss
from insar_widgets.simulate.motion import DAYS_PER_YEAR, Motion, make_motion
from insar_widgets.simulate.names import Acquisition, make_acquisition, product_name
from insar_widgets.simulate.observation import choose_unwrap_errors, observe
from insar_widgets.simulate.options import Direction, Family, Options
from insar_widgets.simulate.products import draw_extent, make_product, write_product
from insar_widgets.simulate.scene import Array, Scene, fractal, make_scene, offsets
from insar_widgets.simulate.truth import Fields, write_truth

Progress = Callable[[float, str], None]

PRODUCT_FOLDER = re.compile(r"S1[ABCD]{0,2}_.*_INT\d{2}_.*[0-9A-F]{4}(\.zip)?")
ORBITAL_TUBE = 75.0
"""Standard deviation of the perpendicular baselines to the mean orbit, metres."""


def simulate_stack(  # noqa: PLR0917 - the first six are the public order
    out_dir: Path | str,
    shape: tuple[int, int] = (200, 260),
    dates: int = 24,
    connections: int = 3,
    family: Family = "gamma",
    seed: int = 0,
    *,
    direction: Direction = "descending",
    start: str = "20190110",
    interval: int = 24,
    extent_jitter: int = 4,
    subsidence: float = -0.08,
    fault_slip: float = 0.04,
    annual: float = 0.006,
    turbulence: float = 0.0035,
    stratification: float = 0.004,
    dem_error: float = 6.0,
    decorrelation: bool = True,
    looks: float = 20.0,
    unwrap_errors: float = 0.05,
    gap_after: int | None = None,
    single_pair_date: int | None = None,
    gnss: bool = True,
    reuse: bool = False,
    on_progress: Progress | None = None,
) -> Stack:
    """Write a synthetic stack of HyP3 products with known truth.

    One folder a product, as HyP3 delivers it: UTM 11 North, 80 m, extents that differ from product to product
    by whole pixels, slanted no-data edges, a lake. Beside them lie `truth.nc` (what was put in) and `ngl/`
    (station list, steps and daily series of nine GNSS stations on the same moving ground). The same arguments
    write the same bytes.

    Parameters
    ----------
    out_dir
        Folder for the products; made if missing. It may hold nothing but a previous simulation with the same
        arguments.
    shape
        Rows and columns of the common grid, which holds every product.
    dates
        Number of acquisitions.
    connections
        Pairs are formed with this many following acquisitions.
    family
        Kind of product: "gamma", "burst" or "multiburst"; the last two have connected components.
    seed
        Everything random follows from it.
    direction
        "descending" (track 144) or "ascending" (track 137).
    start
        First acquisition, YYYYMMDD; a date on which Sentinel-1A flew the track.
    interval
        Days between acquisitions, a multiple of 12.
    extent_jitter
        Most pixels that a product misses of the common grid on each side.
    subsidence
        Secular vertical velocity in the middle of the bowl, m/yr, negative down; the ground around it moves
        inwards.
    fault_slip
        Slip of an earthquake between two acquisitions, m.
    annual
        Largest amplitude of the annual vertical term, m.
    turbulence
        Mean over the epochs of the zenith turbulent delay's standard deviation, m.
    stratification
        Standard deviation over the epochs of the zenith delay's change per kilometre of height, m/km.
    dem_error
        Standard deviation of the DEM's error, m.
    decorrelation
        Draw phase noise and coherence estimates from the coherence; if false, land is free of both.
    looks
        Independent looks of a pixel.
    unwrap_errors
        Share of the pairs that get a patch off by one cycle. The default has a few, because MintPy's
        quick_overview fails on a stack without any.
    gap_after
        Index of an acquisition; no pair crosses from it to the next, so the network has two parts.
    single_pair_date
        Index of an acquisition that hangs on one pair.
    gnss
        Write the `ngl` folder.
    reuse
        Keep what an earlier call with the same arguments wrote, if it got to its end.
    on_progress
        Called with the share that is done (0 to 1) and what it was, in the caller's thread; an exception it
        raises ends the simulation.

    Returns
    -------
    Stack
        The products, as `find_stack` reads them.

    Raises
    ------
    SimulationError
        An argument is not possible, or `out_dir` holds other products.

    Notes
    -----
    Displacement is positive towards the satellite and unwrapped phase positive away from it: phase =
    -4 pi / wavelength * d, where d is secondary minus reference epoch. The epochs' d is motion projected on
    the unit vector from ground to sensor, plus delays, plus dem_error * bperp / (slant range *
    sin(incidence)) as in Fattahi and Amelung (2013); the pairs add noise with the density of Hanssen (2001),
    equation 4.2.23.
    """
    options = Options(
        shape=(int(shape[0]), int(shape[1])) if len(shape) == 2 else shape,
        dates=dates,
        connections=connections,
        family=family,
        seed=seed,
        direction=direction,
        start=start,
        interval=interval,
        extent_jitter=extent_jitter,
        subsidence=subsidence,
        fault_slip=fault_slip,
        annual=annual,
        turbulence=turbulence,
        stratification=stratification,
        dem_error=dem_error,
        decorrelation=decorrelation,
        looks=looks,
        unwrap_errors=unwrap_errors,
        gap_after=gap_after,
        single_pair_date=single_pair_date,
    )
    report = on_progress or (lambda share, label: None)
    simulation = _Simulation(options)
    folder = Path(out_dir)
    _refuse_other_products(folder, simulation.product_names())
    if reuse and simulation.is_in(folder, gnss=gnss):
        return find_stack(folder)
    folder.mkdir(parents=True, exist_ok=True)
    report(0.0, "scene, motion and atmosphere")
    simulation.prepare()
    simulation.write_products(folder, lambda share, label: report(0.1 + 0.8 * share, label))
    simulation.write_rest(folder, gnss=gnss)
    report(1.0, "truth.nc")
    return find_stack(folder)


class _Simulation:
    """The parts of one simulation, each with random numbers of its own."""

    scene: Scene
    motion: Motion
    fields: Fields

    def __init__(self, options: Options) -> None:
        self.options = options
        keys = ("scene", "dem error", "orbit", "unwrapping", "stations", "epochs", "pairs")
        spawned = np.random.SeedSequence(options.seed).spawn(len(keys))
        self._seeds = dict(zip(keys, spawned, strict=True))
        orbit = np.random.default_rng(self._seeds["orbit"])
        late = orbit.uniform(-0.6, 0.6, options.dates)
        self.acquisitions: list[Acquisition] = [
            make_acquisition(options, day, float(late[n])) for n, day in enumerate(options.epochs)
        ]
        tube = orbit.normal(0, ORBITAL_TUBE, options.dates)
        self._bperp = tube - tube[0]

    def product_names(self) -> list[str]:
        return [
            product_name(self.options, self.acquisitions[a], self.acquisitions[b])
            for a, b in self.options.pairs
        ]

    def is_in(self, folder: Path, *, gnss: bool) -> bool:
        """Whether the folder holds all of this simulation: names tell the arguments, the truth is written last."""
        parts = [*self.product_names(), "truth.nc", *(["ngl"] if gnss else [])]
        return all((folder / part).exists() for part in parts)

    def prepare(self) -> None:
        """Make everything that the pairs share."""
        options = self.options
        self.scene = make_scene(options, np.random.default_rng(self._seeds["scene"]))
        self.motion = make_motion(options, self.scene.grid)
        x, y = np.meshgrid(self.scene.grid.x, self.scene.grid.y)
        years = np.array([(day - options.epochs[0]).days for day in options.epochs]) / DAYS_PER_YEAR
        rngs = [np.random.default_rng(seed) for seed in self._seeds["epochs"].spawn(options.dates)]
        turbulent, stratified = make_delays(options, self.scene, rngs, years)
        secular, step, season = self.motion.secular(x, y), self.motion.step(x, y), self.motion.season(x, y)
        los = [np.sum(part * self.scene.look, axis=0) for part in (secular, step, season)]
        factors = (years, self.motion.step_factor(years), self.motion.season_factor(years))
        displacement = np.empty((options.dates, *options.shape), np.float32)
        for number in range(options.dates):
            displacement[number] = sum(
                factor[number] * part for factor, part in zip(factors, los, strict=True)
            )
        rng = np.random.default_rng(self._seeds["unwrapping"])
        self.fields = Fields(
            years=years,
            bperp=self._bperp,
            secular=secular,
            step=step,
            season=season,
            los=displacement,
            dem_error=self._draw_dem_error(),
            turbulent=turbulent,
            stratified=stratified,
            cycles=choose_unwrap_errors(options, self.scene, rng),
        )

    def _draw_dem_error(self) -> Array:
        """Errors of the DEM with some structure, and a quarry that it does not know."""
        rng = np.random.default_rng(self._seeds["dem error"])
        field = fractal(self.options.shape, 2.0, rng)
        dx, dy = offsets(self.scene.grid)
        rows, columns = self.options.shape
        size = self.scene.grid.smaller_side
        distance = np.hypot(dx - 0.05 * 80 * columns, dy - 0.28 * 80 * rows)
        quarry = -7.0 * np.exp(-((distance / (0.05 * size)) ** 2))
        return self.options.dem_error * (field + quarry)

    def _epoch(self, number: int) -> Array:
        """Everything that one epoch adds to the displacement along line of sight, metres."""
        fields, scene = self.fields, self.scene
        geometry = fields.bperp[number] / (scene.slant_range * np.sin(scene.incidence))
        return np.asarray(
            fields.los[number].astype(float)
            + fields.turbulent[number]
            + fields.stratified[number]
            + fields.dem_error * geometry
        )

    def write_products(self, folder: Path, report: Progress) -> None:
        """Write every product, a few at a time; reports the share that is done and the latest name."""
        pairs = self.options.pairs
        seeds = self._seeds["pairs"].spawn(len(pairs))
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            jobs = [pool.submit(self._write_pair, folder, n, seeds[n]) for n in range(len(pairs))]
            try:
                for done, job in enumerate(as_completed(jobs), start=1):
                    report(done / len(jobs), job.result())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _write_pair(self, folder: Path, number: int, seed: np.random.SeedSequence) -> str:
        options, scene = self.options, self.scene
        first, second = options.pairs[number]
        rng = np.random.default_rng(seed)
        bperp = float(self._bperp[second] - self._bperp[first])
        observation = observe(
            options,
            scene,
            self._epoch(second) - self._epoch(first),
            days=(options.epochs[second] - options.epochs[first]).days,
            bperp=bperp,
            cycles=self.fields.cycles.get(number),
            rng=rng,
        )
        reference, secondary = self.acquisitions[first], self.acquisitions[second]
        extent = draw_extent(options, rng)
        product = make_product(
            options, scene, observation, extent, reference=reference, secondary=secondary, bperp=bperp
        )
        write_product(folder, scene, product)
        return product.name

    def write_rest(self, folder: Path, *, gnss: bool) -> None:
        """Stations and, last, the truth."""
        options = self.options
        stations = make_stations(options, self.scene)
        if gnss:
            rng = np.random.default_rng(self._seeds["stations"])
            time_of_day = self.acquisitions[0].seconds_of_day / 86400
            series = [make_series(options, self.motion, station, time_of_day, rng) for station in stations]
            write_gnss(folder / "ngl", options, self.motion, series, rng)
        write_truth(folder / "truth.nc", options, self.scene, self.motion, self.fields, stations=stations)


def _refuse_other_products(folder: Path, names: list[str]) -> None:
    """Raise if the folder holds products that this simulation would not write itself."""
    if folder.exists() and not folder.is_dir():
        raise SimulationError(f"{folder} is a file; name a folder for the simulated products.")
    if not folder.is_dir():
        return
    found = [item.name for item in sorted(folder.iterdir()) if PRODUCT_FOLDER.fullmatch(item.name)]
    other = sorted(set(found) - set(names))
    if other:
        raise SimulationError(
            f"{folder} already holds other products ({other[0]}"
            f"{f' and {len(other) - 1} more' if len(other) > 1 else ''}); "
            "name an empty folder, or delete them first."
        )
