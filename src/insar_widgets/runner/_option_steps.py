"""Which options each step obeys, beyond those that MintPy's template lists under its name.

Read in the source of MintPy 1.6.4 (``smallbaselineApp.py`` and the ``cli`` module of each step).
"""

from __future__ import annotations

from insar_widgets.runner._step_names import SUMMARIES
from insar_widgets.runner.options import options

__all__ = ["options_of_step", "resources_of_step"]

# TimeSeriesAnalysis.get_timeseries_filename: the file a step starts from follows from the corrections that
# are on.
_CHAIN = (
    ("correct_SET", ("mintpy.solidEarthTides",)),
    ("correct_ionosphere", ("mintpy.ionosphericDelay.method",)),
    ("correct_troposphere", ("mintpy.troposphericDelay.method", "mintpy.troposphericDelay.weatherModel")),
    ("deramp", ("mintpy.deramp",)),
    ("correct_topography", ("mintpy.topographicResidual",)),
)
_ELSEWHERE = {
    # ifgram_inversion picks the dataset that the unwrapping correction has made.
    "invert_network": ("mintpy.unwrapError.method",),
    # iono_split_spectrum references its own stack with reference_point.
    "correct_ionosphere": tuple(
        f"mintpy.reference.{name}" for name in ("yx", "lalo", "maskFile", "coherenceFile", "minCoherence")
    ),
    # geocode makes the mask of reliable pixels anew, and is turned on by what needs it.
    "geocode": (
        "mintpy.networkInversion.minTempCoh",
        "mintpy.networkInversion.shadowMask",
        "mintpy.save.hdfEos5",
        "mintpy.save.kmz",
    ),
    # The residual exists only where the DEM error is estimated.
    "residual_RMS": ("mintpy.topographicResidual",),
}
_COMPUTE = tuple(f"mintpy.compute.{name}" for name in ("maxMemory", "cluster", "numWorker", "config"))
_MEMORY = ("mintpy.compute.maxMemory",)
_RESOURCES = {
    "load_data": ("mintpy.load.updateMode", "mintpy.load.compression"),
    "modify_network": ("mintpy.plot",),
    "invert_network": _COMPUTE,
    "correct_topography": _COMPUTE,
    "reference_date": _MEMORY,
    "velocity": _MEMORY,
    "geocode": _MEMORY,
}


def options_of_step(step: str) -> tuple[str, ...]:
    """Keys of the options that change what a step makes, in the order of MintPy's template.

    Options that only change how it is made (workers, memory, compression, figures) are in
    `resources_of_step`.

    Raises
    ------
    ValueError
        MintPy has no step of this name.
    """
    names = list(SUMMARIES)
    if step not in names:
        raise ValueError(f"MintPy has no step {step!r}; its steps are {', '.join(names)}.")
    keys = {option.key for option in options() if option.step == step}
    keys |= set(_ELSEWHERE.get(step, ()))
    if step not in ("residual_RMS", "google_earth"):
        for correction, chain in _CHAIN:
            if names.index(correction) <= names.index(step):
                keys |= set(chain)
    keys -= set(resources_of_step(step))
    return tuple(option.key for option in options() if option.key in keys)


def resources_of_step(step: str) -> tuple[str, ...]:
    """Keys of the options that change how a step works, but not what it makes."""
    return _RESOURCES.get(step, ())
