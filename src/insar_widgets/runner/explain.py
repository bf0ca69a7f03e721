"""What a failure means and what to do, for the failures that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Explanation", "explain", "known"]


@dataclass(frozen=True)
class Explanation:
    """A sentence about what went wrong, and the remedy (may be empty)."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class _Known:
    """A failure that is known.

    Attributes
    ----------
    pattern : found in ``kind: message``.
    reason, remedy : what is said of it; ``{message}`` is the first line of the message, ``{1}``, ``{2}`` are groups.
    in_log : whether the pattern means the same wherever it stands in the log's last lines.
    """

    pattern: str
    reason: str
    remedy: str
    in_log: bool = False


_INSTALL = "Install it into the environment that runs MintPy and start again."

_KNOWN = (
    _Known(
        r"(No pixel reaches an average spatial coherence[^.]*\.\d[^.]*\.\d[^.]*\.) (Set .*)", "{1}", "{2}"
    ),
    _Known(
        r"No pixel with average spatial coherence|[Nn]o pixel found with valid phase value",
        "{message}",
        "Set mintpy.reference.lalo to a stable place, or lower mintpy.reference.minCoherence.",
    ),
    _Known(
        r"Not enough reliable pixels",
        "Too few pixels reach the minimum temporal coherence.",
        "Check that the reference point is free of unwrapping errors and the network connected, or lower "
        "mintpy.networkInversion.minTempCoh or minNumPixel.",
    ),
    _Known(
        r"singular design matrix|network of interferograms is not fully connected",
        "The network is not connected: it falls into groups of dates that no interferogram joins.",
        "Keep more interferograms (mintpy.network.*), or drop the dates of the smaller group with "
        "mintpy.network.excludeDate.",
        in_log=True,
    ),
    _Known(
        r"Zero interferogram left",
        "No interferogram is left after modify_network.",
        "The log says what each rule dropped. Loosen mintpy.network.minCoherence, perpBaseMax, tempBaseMax or "
        "excludeDate.",
    ),
    _Known(
        r"input reference point is OUT of data coverage",
        "The reference point lies outside the frame.",
        "Choose mintpy.reference.lalo inside the prepared stack.",
    ),
    _Known(
        r"reference point is in masked OUT area|reference y/x have nan value",
        "The reference point lies on a pixel without data in some interferogram.",
        "Choose mintpy.reference.lalo on land where every interferogram has a phase.",
    ),
    _Known(
        r"No space left on device|errno = 28\b|Errno 28\b",
        "The disk is full.",
        "Free some space in the work directory's file system and start again; finished steps are kept.",
        in_log=True,
    ),
    _Known(
        r"Disk quota exceeded|errno = 122\b|Errno 122\b",
        "The disk quota is used up.",
        "Free some space, or ask for a larger quota, and start again; finished steps are kept.",
        in_log=True,
    ),
    _Known(
        r"[Ff]ile too large|errno = 27\b|Errno 27\b",
        "A file grew beyond the size this process may write (a quota or limit).",
        "Raise the limit or choose another work directory and start again.",
        in_log=True,
    ),
    _Known(
        r"Permission denied|Read-only file system",
        "The work directory cannot be written to.",
        "Choose a work directory that you may write to.",
    ),
    _Known(
        r"MemoryError|Unable to allocate|Cannot allocate memory|bad_alloc|can't start new thread",
        "There was not enough memory.",
        "Lower mintpy.compute.maxMemory or mintpy.compute.numWorker, or choose a smaller area.",
        in_log=True,
    ),
    _Known(
        r"No module named '(?:osgeo|_gdal)|GDAL is not installed|ImportError: .*osgeo",
        "GDAL's Python bindings (osgeo) are not installed; MintPy needs them to read GeoTIFFs.",
        'Install them: pip install "insar-widgets[mintpy]" (Python 3.12 or 3.13 on Linux), or MintPy from '
        "conda-forge.",
    ),
    _Known(
        r"No module named '(?:pyaps3|pygrib|cdsapi|ecmwf)",
        "PyAPS, which the correction with ERA5 needs, is not installed or not whole ({message}).",
        "Install it (pip install pyaps3), or set mintpy.troposphericDelay.method to height_correlation or no.",
    ),
    _Known(r"No module named '([\w.]+)'", "The Python package {1} is not installed.", _INSTALL),
    _Known(
        r"cdsapirc|Missing/incomplete configuration file",
        "There are no credentials for the Climate Data Store.",
        "Put url and key into ~/.cdsapirc, or set mintpy.troposphericDelay.method = no.",
    ),
    _Known(
        r"Input box .* is NOT within the data size range",
        "MintPy could not find the frame in the files it reads: it takes GACOS files of the stack's own projection "
        "only, and those of HyP3 products are in metres.",
        "Warp the files to the projection of the stack (gdalwarp -t_srs EPSG:... in.ztd.tif out.ztd.tif), or choose "
        "another mintpy.troposphericDelay.method.",
    ),
    _Known(
        r'required dataset "height" is missing|No reqired height data',
        "No DEM was found.",
        "mintpy.load.demFile must match the *_dem.tif of the products; Template.for_stack(stack) writes it.",
    ),
    _Known(
        r"input dataset \['(\w+)'\] not found in file \S*geometry|"
        r"object '(?:incidenceAngle|azimuthAngle|slantRangeDistance)' doesn't exist",
        "The geometry is not complete ({message}).",
        "mintpy.load.incAngleFile and azAngleFile must match the *_lv_theta.tif and *_lv_phi.tif of the products.",
    ),
    _Known(
        r"object 'coherence' doesn't exist",
        "The coherence was not loaded.",
        "mintpy.load.corFile must match the *_corr.tif of the products; Template.for_stack(stack) writes it.",
    ),
    _Known(
        r"No such file or directory: '[^']*ifgramStack\.h5'",
        "No interferogram was found to load.",
        "mintpy.load.unwFile must match the *_unw_phase.tif of the products; Template.for_stack(stack) writes it.",
    ),
    _Known(
        r"Can't broadcast|could not be broadcast|inconsistent (size|shape)|has different size from ifgramStack",
        "The input rasters do not have one size.",
        "Prepare the stack first, so that all products share one grid.",
    ),
    _Known(
        r"not recognized as (a|being in a) supported file format|TIFFRead|ReadBlock failed|IReadBlock|ERROR 4:",
        "A raster cannot be read ({message}).",
        "Get that product again, or leave it out, and prepare the stack anew.",
    ),
)


def explain(kind: str, message: str, log_tail: str = "") -> Explanation:
    """Put a failure into words.

    Parameters
    ----------
    kind : name of the exception's class.
    message : its text; of our own errors the first line is what happened, the rest what to do.
    log_tail : the last lines of the step's log.

    Returns
    -------
    Explanation
        For failures that are not known: kind and first line of the message as they are.
    """
    told = known(kind, message)
    if told is None and kind == "RunError":
        reason, _, remedy = message.partition("\n")
        return Explanation(reason, remedy)
    told = told or known(kind, message, log_tail)
    if told is not None:
        return told
    first = next(iter(message.splitlines()), "")
    return Explanation(f"{kind}: {first}" if first else kind, "The log of the step has the whole message.")


def known(kind: str, message: str, log_tail: str = "", *, in_log: bool = False) -> Explanation | None:
    """Find a failure among the known ones: by its exception, then by the log where that says enough.

    `in_log`: whether there was no exception, so that only what means the same wherever it stands counts.
    """
    for text in (f"{kind}: {message}", log_tail):
        for one in _KNOWN:
            match = re.search(one.pattern, text) if one.in_log or not in_log else None
            if match:
                first = (message or match.group(0)).splitlines()[0]
                groups = [group or "" for group in match.groups()]
                said = (text.format(match[0], *groups, message=first) for text in (one.reason, one.remedy))
                return Explanation(*said)
    return None
