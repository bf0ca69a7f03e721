"""The relative orbit of burst products, which MintPy's HDF-EOS5 wants and its reading of HyP3 leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from insar_widgets.errors import RunError
from insar_widgets.hyp3.metadata import burst_track, first_burst
from insar_widgets.hyp3.names import parse_product_name

__all__ = ["names_orbit", "relative_orbit"]

_OWN = ("relative_orbit", "hdfeos5.relative_orbit", "unavco.relative_orbit")


def names_orbit(attributes: Mapping[str, str]) -> bool:
    """Whether a file's attributes, or a template's lines, have the relative orbit where MintPy looks for it."""
    return any(key.lower().endswith(_OWN) for key in attributes)


def relative_orbit(files: Iterable[str]) -> int:
    """Relative orbit 1..175 of burst products by their names: stated there, or implied by ESA's number of the burst.

    Parameters
    ----------
    files
        Files of the products.

    Raises
    ------
    RunError
        If no name tells it, or they tell different ones.
    """
    found = {_track(Path(file).name) for file in files} - {None}
    if len(found) == 1:
        return int(next(iter(found)) or 0)
    why = (
        f"the products are of relative orbits {', '.join(map(str, sorted(filter(None, found))))}"
        if found
        else "the names of the products do not tell the relative orbit"
    )
    raise RunError(
        f"HDF-EOS5 names one relative orbit, and {why}.\n"
        "Write it into the template, as in hdfeos5.relative_orbit = 64, or mintpy.save.hdfEos5 = no."
    )


def _track(name: str) -> int | None:
    parts = parse_product_name(name)
    if parts is None or parts.track is not None or parts.frame is None:
        return None if parts is None else parts.track
    burst = first_burst(parts.frame)
    return burst_track(burst) if burst else None
