"""The place that is simulated: grid, relief, lake, land cover and viewing geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from insar_widgets.simulate.options import Options

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

EPSG = 32611
PIXEL = 80.0
"""Pixel size, metres."""
CENTRE = (328_000.0, 3_988_000.0)
"""Centre of every simulated scene: foothills of the Sierra Nevada, UTM 11 North, metres."""

WAVELENGTH = 0.05546576
"""Sentinel-1, metres."""


@dataclass(frozen=True)
class Grid:
    """North-up UTM grid; `x_first`, `y_first` are the outer corner of its first pixel, metres."""

    x_first: float
    y_first: float
    rows: int
    columns: int

    @cached_property
    def x(self) -> Array:
        """Pixel centres, easting, metres."""
        return np.asarray(self.x_first + PIXEL * (np.arange(self.columns) + 0.5))

    @cached_property
    def y(self) -> Array:
        """Pixel centres, northing, metres, north first."""
        return np.asarray(self.y_first - PIXEL * (np.arange(self.rows) + 0.5))

    @property
    def centre(self) -> tuple[float, float]:
        """Easting and northing of the middle, metres."""
        return (
            self.x_first + PIXEL * self.columns / 2,
            self.y_first - PIXEL * self.rows / 2,
        )

    @property
    def smaller_side(self) -> float:
        """Extent of the shorter side, metres."""
        return PIXEL * min(self.rows, self.columns)


@dataclass(frozen=True)
class Viewing:
    """Where the sensor is, as seen from the ground.

    Incidence follows from a sphere of `earth_radius` and an orbit `height` above it, so the slant range
    agrees with the law of sines that MintPy applies to the incidence angle.
    """

    heading: float
    earth_radius: float
    height: float
    incidence_centre: float

    @property
    def look_azimuth(self) -> float:
        """Direction from the sensor to the ground, radians clockwise from north (the antenna looks right)."""
        return float(np.deg2rad(self.heading + 90.0))

    def ground_range(self, dx: Array, dy: Array) -> Array:
        """Distance from the scene's centre away from the sensor, metres."""
        return np.asarray(dx * np.sin(self.look_azimuth) + dy * np.cos(self.look_azimuth))

    def along_track(self, dx: Array, dy: Array) -> Array:
        """Distance from the scene's centre along the flight direction, metres."""
        heading = np.deg2rad(self.heading)
        return np.asarray(dx * np.sin(heading) + dy * np.cos(heading))

    def incidence(self, ground_range: Array) -> Array:
        """Angle between the vertical and the direction to the sensor, radians."""
        orbit = self.earth_radius + self.height
        centre = self.incidence_centre - np.arcsin(self.earth_radius / orbit * np.sin(self.incidence_centre))
        angle = centre + ground_range / self.earth_radius
        return np.asarray(np.arctan2(orbit * np.sin(angle), orbit * np.cos(angle) - self.earth_radius))

    def slant_range(self, incidence: Array) -> Array:
        """Distance from ground to sensor by the law of sines, metres."""
        orbit = self.earth_radius + self.height
        look = np.arcsin(self.earth_radius / orbit * np.sin(incidence))
        return np.asarray(orbit * np.sin(incidence - look) / np.sin(incidence))

    def orientation(self, ground_range: Array) -> Array:
        """Direction to the sensor, radians counter-clockwise from east."""
        towards = np.pi / 2 - (self.look_azimuth + np.pi)
        turned = towards + 0.7 * ground_range / self.earth_radius
        return np.asarray(np.angle(np.exp(1j * turned)))


@dataclass(frozen=True)
class Scene:
    """Everything about the place; images have the grid's shape."""

    grid: Grid
    viewing: Viewing
    dem: Image
    land: Mask
    vegetation: Image
    theta: Image
    phi: Image
    incidence: Array
    slant_range: Array

    @cached_property
    def look(self) -> Array:
        """Unit vector from ground to sensor: east, north, up; (3, rows, columns)."""
        theta, phi = self.theta.astype(float), self.phi.astype(float)
        return np.stack([np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta)])

    def footprint(self, shift_range: float, shift_along: float) -> Mask:
        """Pixels that a slanted frame covers, its corners off by the shifts (metres)."""
        dx, dy = offsets(self.grid)
        slant = np.cos(np.deg2rad(12.0))
        half_range = 0.97 * slant * PIXEL * self.grid.columns / 2
        half_along = 1.10 * slant * PIXEL * self.grid.rows / 2
        across = np.abs(self.viewing.ground_range(dx, dy) - shift_range) <= half_range
        along = np.abs(self.viewing.along_track(dx, dy) - shift_along) <= half_along
        return np.asarray(across & along)


def offsets(grid: Grid) -> tuple[Array, Array]:
    """Easting and northing of the pixels relative to the grid's middle, metres, broadcastable."""
    x0, y0 = grid.centre
    return grid.x[None, :] - x0, grid.y[:, None] - y0


def fractal(shape: tuple[int, int], exponent: float, rng: np.random.Generator) -> Array:
    """Random field with an isotropic power-law spectrum, zero mean and unit standard deviation.

    `exponent` is the one of the two-dimensional power spectrum: about 8/3 for turbulent atmosphere
    (Hanssen, 2001, section 4.7), 3 to 4 for relief. Twice the size is made and cut, so that opposite
    edges do not meet.
    """
    rows, columns = (fft.next_fast_len(2 * side, real=True) for side in shape)
    wave = np.hypot(fft.fftfreq(rows)[:, None], fft.rfftfreq(columns)[None, :])
    wave[0, 0] = np.inf
    spectrum = fft.rfft2(rng.standard_normal((rows, columns))) * wave ** (-exponent / 2)
    field = fft.irfft2(spectrum, s=(rows, columns))[: shape[0], : shape[1]]
    field -= field.mean()
    return np.asarray(field / field.std())


def make_grid(shape: tuple[int, int]) -> Grid:
    """Grid of the shape around the scene's centre, its corner on a multiple of the pixel size."""
    rows, columns = shape
    x_first = PIXEL * round(CENTRE[0] / PIXEL - columns / 2)
    y_first = PIXEL * round(CENTRE[1] / PIXEL + rows / 2)
    return Grid(x_first, y_first, rows, columns)


def make_viewing(options: Options) -> Viewing:
    """Sensor position: the two families state the Earth's radius and the orbit's height differently."""
    heading = -12.6184 if options.direction == "ascending" else -167.4321
    if options.family == "gamma":
        return Viewing(heading, 6_370_641.9213, 701_763.5482, np.deg2rad(38.9))
    return Viewing(heading, 6_337_286.638938101, 693_000.0, np.deg2rad(38.9))


def make_scene(options: Options, rng: np.random.Generator) -> Scene:
    """The scene of these options: foothills rising to the east, a river valley and a reservoir."""
    grid, viewing = make_grid(options.shape), make_viewing(options)
    dem, land = _relief(options.shape, rng)
    dx, dy = offsets(grid)
    ground_range = viewing.ground_range(dx, dy)
    incidence = viewing.incidence(ground_range)
    return Scene(
        grid=grid,
        viewing=viewing,
        dem=dem.astype(np.float32),
        land=land,
        vegetation=_vegetation(dem, land, rng).astype(np.float32),
        theta=(np.pi / 2 - incidence).astype(np.float32),
        phi=viewing.orientation(ground_range).astype(np.float32),
        incidence=incidence,
        slant_range=viewing.slant_range(incidence),
    )


def _relief(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Array, Mask]:
    """Heights above the ellipsoid (metres) and where there is land; the lake's surface is level."""
    v, u = np.meshgrid(np.linspace(0, 1, shape[0]), np.linspace(0, 1, shape[1]), indexing="ij")
    rough = fractal(shape, 3.4, rng)
    slope = 1 / (1 + np.exp(-(u - 0.68) / 0.13))
    height = 140 + 90 * u + (560 + 170 * rough) * slope + 9 * rough
    course = 0.60 + 0.07 * np.sin(5.0 * u + 0.6) + 0.03 * np.sin(13.0 * u)
    height -= 0.42 * (height - 130) * np.exp(-(((v - course) / 0.055) ** 2))
    bay = ndimage.gaussian_filter(rng.standard_normal(shape), min(shape) / 28)
    bay /= bay.std()
    radius = np.hypot((u - 0.50) / 0.085, (v - np.interp(0.5, u[0], course[0])) / 0.105)
    water = ndimage.binary_fill_holes(radius + 0.16 * bay < 1)
    level = float(np.percentile(height[water], 20))
    shore = ndimage.distance_transform_edt(~water)
    height = np.where(water, level, np.maximum(height, level + 0.6 * np.minimum(shore, 20)))
    return height, np.asarray(~water)


def _vegetation(dem: Array, land: Mask, rng: np.random.Generator) -> Array:
    """Share of each pixel that loses coherence: wood in the hills, fields beside the river; 0 to 1."""
    shape = (dem.shape[0], dem.shape[1])
    patches = fractal(shape, 2.6, rng)
    wood = 1 / (1 + np.exp(-((dem - 700) / 90 + 1.2 * patches)))
    fields = 1 / (1 + np.exp(-(np.roll(patches, shape[0] // 3, axis=0) - 1.7) / 0.12))
    return np.asarray(np.clip(np.maximum(wood, 0.75 * fields), 0, 1) * land)
