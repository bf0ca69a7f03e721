"""From the truth to what an interferogram shows: phase, coherence, unwrapping errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import WAVELENGTH, Array, Image, Mask, Scene

METRES_TO_PHASE = -4 * np.pi / WAVELENGTH
"""Unwrapped phase is positive away from the sensor, displacement positive towards it; radians per metre."""

CRITICAL_BASELINE = 5000.0
"""Perpendicular baseline at which nothing is left of the coherence, metres."""


@dataclass(frozen=True)
class Observation:
    """One interferogram over the whole grid, before it is cut to the product's extent."""

    phase: Image
    coherence: Image
    components: Image
    reference: tuple[int, int]
    valid: Mask


def true_coherence(scene: Scene, days: float, bperp: float) -> Array:
    """Coherence of a pair: falls with time (faster under plants) and baseline; none on water."""
    plants = scene.vegetation.astype(float)
    dry = 0.88 + 0.10 * np.exp(-days / 300)
    green = 0.06 + 0.50 * np.exp(-days / 30)
    temporal = (1 - plants) * dry + plants * green
    spatial = max(0.0, 1 - abs(bperp) / CRITICAL_BASELINE)
    return np.asarray(temporal * spatial * scene.land)


def draw_speckle(coherence: Array, looks: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Phase noise (radians) and estimated coherence of multilooked pixels.

    Draws the sample covariance of two circular Gaussian signals exactly (complex Wishart): with the first
    signal's energy given, the cross product is Gaussian. The phase then has the density of Hanssen (2001),
    equation 4.2.23, and the coherence its bias towards positive values.
    """
    shape = coherence.shape
    lost = np.sqrt(1 - coherence**2)
    first = np.sqrt(rng.standard_gamma(looks, shape))
    real, imaginary = (rng.standard_normal((2, *shape))) * np.sqrt(0.5)
    parallel = coherence * first + lost * real
    across = lost * imaginary
    rest = lost**2 * rng.standard_gamma(looks - 1, shape)
    power = parallel**2 + across**2
    return np.arctan2(across, parallel), np.sqrt(power / (power + rest))


def choose_unwrap_errors(options: Options, scene: Scene, rng: np.random.Generator) -> dict[int, Image]:
    """Whole cycles wrongly added, for the pairs that suffer from it (pair number -> image of -1, 0, 1).

    A patch with a ragged edge on coherent land. Pairs that belong to a triplet come first: only there can
    anybody notice.
    """
    pairs = options.pairs
    count = int(np.ceil(options.unwrap_errors * len(pairs)))
    if count == 0:
        return {}
    closed = np.array([_in_triplet(pair, pairs) for pair in pairs])
    order = np.argsort(rng.random(len(pairs)) + ~closed)
    dry = ndimage.binary_erosion(scene.land & (scene.vegetation < 0.15) & scene.footprint(0, 0), iterations=4)
    places = np.argwhere(dry if dry.any() else scene.land)
    rows, columns = np.ogrid[: options.shape[0], : options.shape[1]]
    errors = {}
    for number in sorted(int(n) for n in order[:count]):
        row, column = places[rng.integers(len(places))]
        ragged = ndimage.gaussian_filter(rng.standard_normal(options.shape), 3.0)
        radius = rng.uniform(0.04, 0.075) * min(options.shape)
        patch = np.hypot(rows - row, columns - column) < radius * (1 + 0.25 * ragged / ragged.std())
        sign = 1.0 if rng.random() < 0.5 else -1.0
        errors[number] = (sign * (patch & scene.land)).astype(np.float32)
    return errors


def _in_triplet(pair: tuple[int, int], pairs: tuple[tuple[int, int], ...]) -> bool:
    known = set(pairs)
    first, second = pair
    dates = {date for each in pairs for date in each}
    return any(
        tuple(sorted((first, third))) in known and tuple(sorted((second, third))) in known
        for third in dates - {first, second}
    )


def observe(
    options: Options,
    scene: Scene,
    signal: Array,
    *,
    days: float,
    bperp: float,
    cycles: Image | None,
    rng: np.random.Generator,
) -> Observation:
    """Interferogram of a LOS displacement `signal` (secondary minus reference epoch, metres)."""
    shift_range, shift_along = rng.normal(0, 100.0, 2)
    valid = scene.footprint(shift_range, shift_along)
    truth = true_coherence(scene, days, bperp)
    noise, estimate = draw_speckle(truth, options.looks, rng)
    if not options.decorrelation:
        noise, estimate = noise * ~scene.land, truth
    phase = METRES_TO_PHASE * signal + noise
    # The highest coherence is where unwrapping starts, away from the frame's edge.
    inner = ndimage.binary_erosion(valid & scene.land, iterations=5)
    if cycles is not None:
        inner &= cycles == 0
    reference = np.unravel_index(np.argmax(np.where(inner, estimate, -1.0)), valid.shape)
    row, column = int(reference[0]), int(reference[1])
    constant = rng.uniform(-np.pi, np.pi)
    phase += constant - 2 * np.pi * np.round((phase[row, column] + constant) / (2 * np.pi))
    components = np.where(valid & (estimate > 0.25) & scene.land, 1, 0)
    if cycles is not None:
        phase += 2 * np.pi * cycles
        components = np.where((components > 0) & (cycles != 0), 2, components)
    image = phase.astype(np.float32)
    # Zero means no data.
    image[image == 0] = np.float32(1e-6)
    image[~valid] = 0
    return Observation(
        phase=image,
        coherence=np.where(valid, np.clip(estimate, 1e-4, 0.9999), 0).astype(np.float32),
        components=components.astype(np.float32),
        reference=(row, column),
        valid=valid,
    )
