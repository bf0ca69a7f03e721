"""The `.txt` beside each HyP3 product."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

from insar_widgets.errors import ProductError
from insar_widgets.hyp3.archive import read_member

__all__ = [
    "burst_track",
    "first_burst",
    "orbit_track",
    "parse_metadata",
    "pass_direction",
    "read_metadata_text",
]

_MAX_TEXT = 2**20

# What MintPy's prep_hyp3 reads, as numbers (it ends with a KeyError or ValueError without them).
_NUMBERS = (
    "Baseline",
    "UTC time",
    "Heading",
    "Spacecraft height",
    "Earth radius at nadir",
    "Slant range near",
    "Range looks",
    "Azimuth looks",
    "Reference Orbit Number",
)
_WORDS = ("Reference Granule", "Unwrapping type")
_S1C_MOVED = 8018


def read_metadata_text(path: Path, location: str) -> str:
    """Read a `.txt`: the file `location`, or the member `location` if `path` is a zip.

    Raises
    ------
    ProductError
        It is damaged, far too large, or not text.
    """
    try:
        if path.suffix.lower() == ".zip":
            return read_member(path, location, _MAX_TEXT).decode("utf-8")
        if Path(location).stat().st_size > _MAX_TEXT:
            raise ProductError(
                f"{location} is far too large for a metadata file. Download the product again."
            )
        return Path(location).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProductError(f"{location} cannot be read ({error}). Download the product again.") from error


def parse_metadata(text: str, source: str) -> dict[str, str]:
    """Read `key: value` lines and make sure that what MintPy needs is there and numeric.

    Parameters
    ----------
    text
        The file's content. Blank lines are skipped.
    source
        The file's name, for messages.

    Raises
    ------
    ProductError
        A line without a colon, or a needed key that is missing or not a finite number.
    """
    result: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise ProductError(f"{source}: line {number} is not `key: value`. Download the product again.")
        result[key.strip()] = value.strip()
    missing = [key for key in (*_NUMBERS, *_WORDS) if not result.get(key)]
    if missing:
        raise ProductError(f"{source}: {', '.join(missing)} is missing. Download the product again.")
    for key in _NUMBERS:
        if not _is_finite(result[key]):
            raise ProductError(
                f"{source}: {key} is {result[key]!r}, not a number. Download the product again."
            )
    return result


def pass_direction(metadata: Mapping[str, str]) -> str:
    """Return "ASCENDING" or "DESCENDING", from the stated direction or else the heading."""
    stated = metadata.get("Reference Pass Direction", "").upper()
    if stated in ("ASCENDING", "DESCENDING"):
        return stated
    heading = (float(metadata["Heading"]) + 180) % 360 - 180
    return "ASCENDING" if abs(heading) < 90 else "DESCENDING"


def orbit_track(metadata: Mapping[str, str]) -> int | None:
    """Relative orbit 1..175 from satellite and absolute orbit number; None if the satellite is unknown.

    The offsets are those of MintPy's prep_hyp3; Sentinel-1C changed its orbital position after orbit 8018.
    """
    orbit = int(float(metadata["Reference Orbit Number"]))
    satellite = metadata["Reference Granule"][:3]
    offsets = {"S1A": 73, "S1B": 202, "S1C": 172 if orbit <= _S1C_MOVED else 99, "S1D": 42}
    if satellite not in offsets:
        return None
    return (orbit - offsets[satellite]) % 175 + 1


def burst_track(burst_id: int) -> int:
    """Relative orbit 1..175 of a burst identifier.

    Burst names do not say which satellite it was, so the orbit number alone does not tell the track. ESA
    numbers bursts from the equator crossing of track 1, one each 2.758273 s after a preamble of 2.299849 s,
    with 12 days to 175 orbits (Sentinel-1 Level 1 Detailed Algorithm Definition, S1-TN-MDA-52-7445).
    """
    since_first_crossing = 2.299849 + (burst_id - 1) * 2.758273
    return math.floor(since_first_crossing / (12 * 86400 / 175)) % 175 + 1


def first_burst(frame: str) -> int | None:
    """First burst identifier that a burst product's frame names; 000000 stands for none."""
    return next((int(number) for number in re.findall(r"\d{6}", frame) if int(number)), None)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
