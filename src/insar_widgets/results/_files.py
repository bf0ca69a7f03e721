"""What the HDF5 files of a MintPy work directory mean: layer names, units, no-data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

NoData = Literal["keep", "zero", "inversion", "coherence", "geometry"]
"""How MintPy marks a pixel without a value in a layer.

``keep``: NaN as stored. ``zero``: 0. ``inversion``: the value is 0 where nothing was inverted, which
``numInvIfgram`` tells apart from a true 0. ``coherence``: the value is arbitrary where ``avgSpatialCoh``
is 0. ``geometry``: 0 is a true value, and a pixel is empty where ``incidenceAngle`` is.
"""


@dataclass(frozen=True)
class Meaning:
    """What one layer holds."""

    long_name: str
    units: str
    nodata: NoData = "keep"


@dataclass(frozen=True)
class KnownFile:
    """A file that MintPy writes under a fixed name with one dataset of interest."""

    dataset: str
    step: str
    meaning: Meaning


KNOWN_FILES: dict[str, KnownFile] = {
    "temporalCoherence": KnownFile(
        "temporalCoherence", "invert_network", Meaning("temporal coherence", "1", "zero")
    ),
    "avgSpatialCoh": KnownFile(
        "coherence", "reference_point", Meaning("average spatial coherence", "1", "zero")
    ),
    "maskTempCoh": KnownFile("mask", "invert_network", Meaning("reliable pixels by temporal coherence", "1")),
    "maskConnComp": KnownFile(
        "mask", "reference_point", Meaning("pixels with phase in all interferograms", "1")
    ),
    "waterMask": KnownFile("waterMask", "load_data", Meaning("land (true) and water (false)", "1")),
    "demErr": KnownFile("dem", "correct_topography", Meaning("DEM error", "m", "inversion")),
    "numInvIfgram": KnownFile(
        "mask", "invert_network", Meaning("interferograms used in the inversion", "1", "zero")
    ),
    "avgPhaseVelocity": KnownFile(
        "velocity",
        "quick_overview",
        Meaning("average LOS velocity of the interferograms", "m/year", "coherence"),
    ),
    "numTriNonzeroIntAmbiguity": KnownFile(
        "mask", "quick_overview", Meaning("triplets with non-zero integer ambiguity of closure phase", "1")
    ),
}

GEOMETRY: dict[str, Meaning] = {
    "height": Meaning("elevation of the DEM", "m", "geometry"),
    "incidenceAngle": Meaning("incidence angle from the vertical", "degree", "zero"),
    "azimuthAngle": Meaning(
        "LOS azimuth from ground to sensor, from north, anti-clockwise positive", "degree"
    ),
    "slantRangeDistance": Meaning("slant range distance", "m", "zero"),
    "shadowMask": Meaning("radar shadow", "1"),
    "waterMask": Meaning("land (true) and water (false)", "1"),
}

EXPECTED: dict[str, tuple[str, str]] = {
    "height": ("inputs/geometryGeo.h5", "load_data"),
    "incidenceAngle": ("inputs/geometryGeo.h5", "load_data"),
    "azimuthAngle": ("inputs/geometryGeo.h5", "load_data"),
    "waterMask": ("waterMask.h5", "load_data"),
    "ifgramStack": ("inputs/ifgramStack.h5", "load_data"),
    "avgSpatialCoh": ("avgSpatialCoh.h5", "reference_point"),
    "maskConnComp": ("maskConnComp.h5", "reference_point"),
    "avgPhaseVelocity": ("avgPhaseVelocity.h5", "quick_overview"),
    "numTriNonzeroIntAmbiguity": ("numTriNonzeroIntAmbiguity.h5", "quick_overview"),
    "timeseries": ("timeseries.h5", "invert_network"),
    "temporalCoherence": ("temporalCoherence.h5", "invert_network"),
    "numInvIfgram": ("numInvIfgram.h5", "invert_network"),
    "maskTempCoh": ("maskTempCoh.h5", "invert_network"),
    "demErr": ("demErr.h5", "correct_topography"),
    "velocity": ("velocity.h5", "velocity"),
    "velocityStd": ("velocity.h5", "velocity"),
}
"""Layers of a finished run: the file each comes from and the step that writes it."""

_CORRECTIONS = {
    "LOD": "local oscillator drift",
    "SET": "solid Earth tides",
    "ion": "ionosphere",
    "tropHgt": "troposphere (height correlation)",
    "GACOS": "troposphere (GACOS)",
    "OPERA": "troposphere (OPERA)",
    "ERA5": "troposphere (ERA5)",
    "ramp": "ramp",
    "demErr": "DEM error",
}

_TIME_FUNCTION = (
    (re.compile(r"velocity$"), "LOS velocity, positive towards the satellite"),
    (re.compile(r"velocityPost(?P<what>.+)$"), "LOS velocity after {what}"),
    (re.compile(r"intercept$"), "displacement of the model at the first date"),
    (re.compile(r"acceleration$"), "LOS acceleration"),
    (re.compile(r"annual(?P<what>Amplitude|Phase)$"), "annual {what}"),
    (re.compile(r"semiAnnual(?P<what>Amplitude|Phase)$"), "semi-annual {what}"),
    (re.compile(r"step(?P<what>\d+.*)$"), "displacement step at {what}"),
    (re.compile(r"(?P<what>(exp|log)\d+.*)$"), "amplitude of {what}"),
    (re.compile(r"residue$"), "square root of the sum of squared residuals"),
)


def strip_geo(stem: str) -> str:
    """Name of a file without the ``geo_`` that MintPy puts before geocoded copies."""
    return stem.removeprefix("geo_")


def corrections(stem: str) -> tuple[str, ...]:
    """Suffixes of a time series file, in the order in which the corrections were made.

    >>> corrections("timeseries_ERA5_ramp_demErr")
    ('ERA5', 'ramp', 'demErr')
    """
    return tuple(stem.split("_")[1:])


def is_displacement_series(stem: str) -> bool:
    """Whether a file is a displacement time series of the usual workflow, not a residual or an offset."""
    return stem == "timeseries" or stem.startswith("timeseries_")


def layer_of(stem: str, file_type: str, dataset: str, siblings: Mapping[str, object]) -> tuple[str, Meaning]:
    """Layer name and meaning of a dataset.

    Parameters
    ----------
    stem
        File name without ``geo_`` and suffix.
    file_type
        MintPy's ``FILE_TYPE`` attribute.
    dataset
        Name of the dataset inside the file.
    siblings
        All image datasets of the file; a lone dataset is called after its file.
    """
    known = KNOWN_FILES.get(stem)
    if known and dataset == known.dataset:
        return stem, known.meaning
    if file_type == "geometry":
        return dataset, GEOMETRY.get(dataset, Meaning(dataset, ""))
    if dataset == "timeseries":
        return stem, _series_meaning(stem)
    if file_type == "velocity":
        return _time_function_name(stem, dataset), _time_function_meaning(stem, dataset)
    return (stem if len(siblings) == 1 else f"{stem}_{dataset}"), Meaning(f"{dataset} of {stem}", "")


def _series_meaning(stem: str) -> Meaning:
    if stem.startswith("timeseriesResidual"):
        return Meaning("residual displacement of the DEM error estimate", "m", "inversion")
    if is_displacement_series(stem):
        done = [_CORRECTIONS.get(c, c) for c in corrections(stem)]
        extra = f", corrected for {', '.join(done)}" if done else ""
        return Meaning(f"LOS displacement, positive towards the satellite{extra}", "m", "inversion")
    return Meaning(f"time series {stem}", "m")


def _time_function_name(stem: str, dataset: str) -> str:
    if stem == "velocity":
        return dataset
    if dataset.startswith("velocity"):
        return stem + dataset.removeprefix("velocity")
    return f"{stem}_{dataset}"


def _time_function_meaning(stem: str, dataset: str) -> Meaning:
    base = dataset.removesuffix("Std")
    text = base
    for pattern, sentence in _TIME_FUNCTION:
        match = pattern.match(base)
        if match:
            text = sentence.format(**{k: v.lower() for k, v in match.groupdict().items()})
            break
    if dataset.endswith("Std"):
        text = f"standard deviation of {text}"
    if stem != "velocity":
        text = f"{text} ({stem})"
    units = "m/year" if base.startswith("velocity") else "radian" if base.endswith("Phase") else "m"
    return Meaning(text, units, "inversion")
