"""Delays of the troposphere, one image an epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import Image, Scene, fractal

TURBULENCE_EXPONENT = 8 / 3


def make_delays(
    options: Options, scene: Scene, rngs: list[np.random.Generator], years: NDArray[np.float64]
) -> tuple[Image, Image]:
    """Turbulent and elevation-correlated delay of each epoch, each (dates, rows, columns), metres.

    As they enter the displacement along line of sight: a longer path looks like ground that moved away,
    so more delay is more negative. Wet seasons are more turbulent, and change the stratification.
    """
    shape = (len(years), *options.shape)
    turbulent, stratified = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    mapping = 1 / np.cos(scene.incidence)
    height = (scene.dem - scene.dem.mean()) / 1000.0
    for number, rng in enumerate(rngs):
        summer = np.sin(2 * np.pi * (years[number] - 0.3))
        strength = options.turbulence * (1 + 0.25 * summer) * rng.gamma(9.0, 1 / 9.0)
        gradient = options.stratification * (rng.standard_normal() + 0.5 * summer)
        field = fractal(options.shape, TURBULENCE_EXPONENT, rng)
        turbulent[number] = -strength * field * mapping
        stratified[number] = -gradient * height * mapping
    return turbulent, stratified
