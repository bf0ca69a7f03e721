"""What a failure means and what to do, for the failures that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True)
class Explanation:
    """A sentence about what went wrong, and the remedy (may be empty)."""

    reason: str
    remedy: str = ""


_KNOWN: tuple[tuple[str, str, str], ...] = (
    (r"No pixel reaches an average spatial coherence", "{message}", ""),
    (
        r"No pixel with average spatial coherence",
        "{message}",
        "Set mintpy.reference.lalo to a stable place, or lower mintpy.reference.minCoherence.",
    ),
    (
        r"Not enough reliable pixels",
        "Too few pixels reach the minimum temporal coherence.",
        "Check that the reference point is free of unwrapping errors and the network connected, or lower "
        "mintpy.networkInversion.minTempCoh or minNumPixel.",
    ),
    (
        r"input reference point is OUT of data coverage",
        "The reference point lies outside the frame.",
        "Choose mintpy.reference.lalo inside the prepared stack.",
    ),
    (
        r"reference point is in masked OUT area|reference y/x have nan value",
        "The reference point lies on a pixel without data in some interferogram.",
        "Choose mintpy.reference.lalo on land where every interferogram has a phase.",
    ),
    (
        r"No space left on device|errno = 28",
        "The disk is full.",
        "Free some space in the work directory's file system and start again; finished steps are kept.",
    ),
    (
        r"File too large|errno = 27",
        "A file grew beyond the size this process may write (a quota or limit).",
        "Raise the limit or choose another work directory and start again.",
    ),
    (
        r"Permission denied|Read-only file system",
        "The work directory cannot be written to.",
        "Choose a work directory that you may write to.",
    ),
    (
        r"MemoryError|Unable to allocate",
        "There was not enough memory.",
        "Lower mintpy.compute.maxMemory or mintpy.compute.numWorker, or choose a smaller area.",
    ),
    (
        r"No module named '([\w.]+)'",
        "The Python package {group} is not installed.",
        "Install it into the environment that runs MintPy and start again.",
    ),
    (
        r"cdsapirc|Missing/incomplete configuration file",
        "There are no credentials for the Climate Data Store.",
        "Put url and key into ~/.cdsapirc, or set mintpy.troposphericDelay.method = no.",
    ),
    (
        r"Can't broadcast|could not be broadcast|inconsistent (size|shape)",
        "The input rasters do not have one size.",
        "Prepare the stack first, so that all products share one grid.",
    ),
    (
        r"not recognized as (a|being in a) supported file format|TIFFRead|ReadBlock failed",
        "A raster cannot be read ({message}).",
        "Get that product again, or leave it out, and prepare the stack anew.",
    ),
)


def explain(kind: str, message: str, log_tail: str = "") -> Explanation:
    """Put a failure into words.

    Parameters
    ----------
    kind : name of the exception's class.
    message : its text.
    log_tail : the last lines of the step's log.

    Returns
    -------
    Explanation
        For failures that are not known: kind and first line of the message as they are.
    """
    for text in (f"{kind}: {message}", log_tail):
        for pattern, reason, remedy in _KNOWN:
            match = re.search(pattern, text)
            if match:
                group = match.group(1) if match.groups() else ""
                first = (message or match.group(0)).splitlines()[0]
                return Explanation(reason.format(message=first, group=group), remedy)
    first = next(iter(message.splitlines()), "")
    return Explanation(f"{kind}: {first}" if first else kind, "The log of the step has the whole message.")
