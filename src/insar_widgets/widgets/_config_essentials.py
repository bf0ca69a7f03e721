"""Which options most users need, under the names they know them by."""

from __future__ import annotations

import re

__all__ = ["ESSENTIALS", "LABELS", "label_of"]

# Group of essential options: its title, and for each option its label. Options that the installed MintPy does
# not have are left out.
ESSENTIALS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Network and reference",
        (
            ("mintpy.network.excludeDate", "Exclude dates"),
            ("mintpy.reference.lalo", "Reference point"),
            ("mintpy.reference.date", "Reference date"),
        ),
    ),
    (
        "Unwrapping and inversion",
        (
            ("mintpy.unwrapError.method", "Unwrapping correction"),
            ("mintpy.networkInversion.weightFunc", "Weights"),
            ("mintpy.networkInversion.minTempCoh", "Minimum temporal coherence"),
        ),
    ),
    (
        "Corrections",
        (
            ("mintpy.troposphericDelay.method", "Troposphere"),
            ("mintpy.solidEarthTides", "Solid Earth tides"),
            ("mintpy.deramp", "Ramp"),
            ("mintpy.topographicResidual", "DEM error"),
        ),
    ),
    (
        "Time function",
        (
            ("mintpy.timeFunc.polynomial", "Polynomial"),
            ("mintpy.timeFunc.periodic", "Periods, in years"),
            ("mintpy.timeFunc.stepDate", "Steps"),
            ("mintpy.timeFunc.excludeDate", "Exclude dates from the fit"),
        ),
    ),
    (
        "Area and computing",
        (
            ("mintpy.subset.lalo", "Subset"),
            ("mintpy.multilook.ystep", "Multilook, rows"),
            ("mintpy.multilook.xstep", "Multilook, columns"),
            ("mintpy.compute.cluster", "Parallel computing"),
        ),
    ),
)

LABELS = {key: label for _, fields in ESSENTIALS for key, label in fields}

_WORDS = {
    "lalo": "latitude and longitude",
    "yx": "row and column",
    "min": "minimum",
    "max": "maximum",
    "num": "number of",
    "coh": "coherence",
    "cor": "coherence",
    "unw": "unwrapped phase",
    "int": "wrapped phase",
    "mag": "magnitude",
    "az": "azimuth",
    "rg": "range",
    "inc": "incidence",
    "conn": "connected",
    "comp": "component",
    "temp": "temporal",
    "perp": "perpendicular",
    "func": "function",
    "dir": "folder",
    "ifg": "interferogram",
    "ion": "ionosphere",
    "off": "offset",
    "std": "standard deviation",
    "snr": "SNR",
    "dem": "DEM",
    "cov": "covariance",
    "aoi": "area of interest",
    "dpi": "resolution",
    "date12": "pairs",
    "index": "numbers",
    "interp": "interpolation",
    "poly": "polynomial",
    "pts": "points",
    "base": "baseline",
    "worker": "workers",
    "sample": "samples",
    "pixel": "pixels",
}


def label_of(key: str) -> str:
    """A name for an option: the one people use, else the words of its key.

    Examples
    --------
    >>> label_of("mintpy.network.excludeDate")
    'Exclude dates'
    >>> label_of("mintpy.reference.minCoherence")
    'Minimum coherence'
    """
    if key in LABELS:
        return LABELS[key]
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", key.rpartition(".")[2])
    words = [_WORDS.get(word.lower(), word if word.isupper() else word.lower()) for word in apart.split()]
    text = " ".join(words)
    if re.search(r"exclude date$|step date$", text):
        text += "s"
    return text[:1].upper() + text[1:]
