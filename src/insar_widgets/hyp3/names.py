"""Names of HyP3 products and of the files that belong to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from insar_widgets.hyp3.network import Pair

__all__ = ["Family", "FileName", "ProductName", "looks_like_product", "parse_file_name", "parse_product_name"]

Family = Literal["gamma", "burst", "multiburst"]

# The same three patterns MintPy's prep_hyp3 accepts: a name it cannot parse ends a run.
_GAMMA = re.compile(
    r"S1[ABCD]{2}_(?P<ref>\d{8})T\d{6}_(?P<sec>\d{8})T\d{6}"
    r"_(?P<pol>VV|HH)[PRO]\d{3,4}_INT(?P<res>\d{2})_G_[uw][ec][123F]_[0-9A-F]{4}"
)
_BURST = re.compile(
    r"S1_(?P<burst>\d{6}_IW[123])_(?P<ref>\d{8})_(?P<sec>\d{8})_(?P<pol>VV|HH)_INT(?P<res>\d{2})_[0-9A-F]{4}"
)
_MULTIBURST = re.compile(
    r"S1_(?P<track>\d{3})_(?P<burst>\d{6}s1n\d{2}-\d{6}s2n\d{2}-\d{6}s3n\d{2})_IW"
    r"_(?P<ref>\d{8})_(?P<sec>\d{8})_(?P<pol>VV|HH)_INT(?P<res>\d{2})_[0-9A-F]{4}"
)
_FAMILIES: tuple[tuple[Family, re.Pattern[str]], ...] = (
    ("burst", _BURST),
    ("multiburst", _MULTIBURST),
    ("gamma", _GAMMA),
)
_REST_OF_FILE = re.compile(r"_(?P<layer>[a-z][a-z_]*?)(?P<clip>_clip|_clipped)?\.tiff?")
_SUSPECT = re.compile(
    r"S1[A-D]{0,2}_.*_INT\d{2}(_|$|\.)|.*_(unw_phase|corr|conncomp)(_clip|_clipped)?\.tiff?$"
)


@dataclass(frozen=True)
class ProductName:
    """What the name of a product says.

    `frame` is the burst ("136232_IW2") or the set of bursts of a burst product and None for GAMMA; `track` is
    known from the name of multi-burst products only; `spacing` is the pixel size in metres.
    """

    name: str
    family: Family
    pair: Pair
    polarisation: str
    spacing: int
    frame: str | None
    track: int | None


@dataclass(frozen=True)
class FileName:
    """A file of a product: a raster layer, original or clipped, or its `.txt` (layer "txt")."""

    product: str
    layer: str
    clipped: bool


def parse_product_name(text: str) -> ProductName | None:
    """Read the product's name that `text` begins with; None if there is none or its dates do not exist."""
    for family, pattern in _FAMILIES:
        match = pattern.match(text)
        if match is None:
            continue
        parts = match.groupdict()
        if not (_is_date(parts["ref"]) and _is_date(parts["sec"])) or parts["ref"] == parts["sec"]:
            return None
        return ProductName(
            name=match.group(),
            family=family,
            pair=Pair(parts["ref"], parts["sec"]),
            polarisation=parts["pol"],
            spacing=int(parts["res"]),
            frame=parts.get("burst"),
            track=int(parts["track"]) if "track" in parts else None,
        )
    return None


def parse_file_name(file: str) -> FileName | None:
    """Tell which product and layer a file name stands for; None if it belongs to no product."""
    product = parse_product_name(file)
    if product is None:
        return None
    rest = file[len(product.name) :]
    if rest == ".txt":
        return FileName(product.name, "txt", False)
    match = _REST_OF_FILE.fullmatch(rest)
    if match is None:
        return None
    return FileName(product.name, match["layer"], match["clip"] is not None)


def looks_like_product(text: str) -> bool:
    """Whether a file's or folder's name resembles a HyP3 product's, be it a valid one or not."""
    return _SUSPECT.match(text) is not None


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True
