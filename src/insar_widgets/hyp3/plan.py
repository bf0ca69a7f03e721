"""Decide onto which grid a stack is brought, and which products take part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3.aoi import Aoi, aoi_bounds
from insar_widgets.hyp3.grid import TOLERANCE, Bounds, Grid, area, intersect, transform_bounds
from insar_widgets.hyp3.product import PREPARED_LAYERS, Product

__all__ = ["LEAST_OVERLAP", "Plan", "majority", "make_plan"]

LEAST_OVERLAP = 0.5
"""Part of the typical product (or of the area of interest) that all products must have in common."""

# What must be one and the same for pairs of a stack to add up, with the words for it.
TRAITS: tuple[tuple[str, str, Callable[[Product], Any]], ...] = (
    ("mixed-directions", "pass direction", lambda product: product.direction),
    ("mixed-tracks", "track", lambda product: product.track),
    ("mixed-families", "family", lambda product: product.family),
    ("mixed-polarisations", "polarisation", lambda product: product.polarisation),
    ("mixed-looks", "looks (range x azimuth)", lambda product: f"{product.looks[0]} x {product.looks[1]}"),
)


@dataclass(frozen=True)
class Plan:
    """The grid to prepare to, the products that take part, and what is left out and why."""

    grid: Grid
    products: tuple[Product, ...]
    left_out: tuple[Finding, ...]


def make_plan(
    products: Sequence[Product],
    aoi: Aoi | None = None,
    epsg: int | None = None,
    resolution: float | None = None,
) -> Plan:
    """Find the grid most products already share and the products that fit it.

    Left out, each with a finding, are in this order:

    1. Products whose direction, track, family, polarisation or looks are not the majority's. An unknown track is
       nobody's minority.
    2. The second product of a pair. Kept is the one that covers more of the typical box by some per cent, then
       the one on the common grid, then the one with more layers, then the first name.
    3. One by one, products that cover the least of the typical box, until what all the others have in common is at
       least half of it.

    The typical box has the medians of all left, bottom, right and top edges; with an area of interest, only its
    part inside counts.

    Parameters
    ----------
    products
        Products of a stack.
    aoi
        Area of interest; its box, widened to whole pixels, limits the grid.
    epsg
        Projection wanted; that of most products by default.
    resolution
        Pixel size wanted in units of the projection; that of most products by default.

    Raises
    ------
    ProductError
        Nothing in common, an area of interest elsewhere, an unknown projection, or fewer than two dates left.
    """
    kept, left_out = _same_traits(list(products))
    anchor = _anchor(kept, epsg, resolution)
    boxes = {
        product: transform_bounds(product.grid.bounds, product.grid.epsg, anchor.epsg) for product in kept
    }
    typical = _typical_box(list(boxes.values()))
    wanted = None
    if aoi is not None:
        wanted_grid = anchor.within(aoi_bounds(aoi, anchor.epsg), outward=True)
        wanted = wanted_grid.bounds if wanted_grid is not None else None
        reference = intersect([typical, wanted]) if wanted is not None else None
        if reference is None:
            raise ProductError(
                "The area of interest lies outside of the products. Draw it inside of their footprints."
            )
        typical = reference
    coverage = {product: area(intersect([box, typical])) / area(typical) for product, box in boxes.items()}
    kept, doubles = _one_per_pair(kept, coverage, anchor)
    kept, misfits = _enough_overlap(kept, boxes, coverage, typical)
    left_out += doubles + misfits
    common = intersect([boxes[product] for product in kept] + ([wanted] if wanted is not None else []))
    grid = anchor.within(common, outward=False) if common is not None else None
    if grid is None:
        raise ProductError(
            "The products have no whole pixel in common. Choose a larger area or other products."
        )
    if len({date for product in kept for date in (product.pair.reference, product.pair.secondary)}) < 2:
        raise ProductError("Fewer than two dates are left, which is no stack. Add products of one track.")
    return Plan(grid, tuple(kept), tuple(left_out))


def _same_traits(products: list[Product]) -> tuple[list[Product], list[Finding]]:
    """Keep products that agree with the majority in everything that must agree."""
    left_out: list[Finding] = []
    for code, what, trait in TRAITS:
        values = [trait(product) for product in products if trait(product) is not None]
        if not values:
            continue
        most = majority(values)
        for product in products:
            value = trait(product)
            if value is not None and value != most:
                text = f"{product.name} was left out: its {what} is {value}, that of most products {most}."
                left_out.append(_left_out(code, product, text, "Prepare it with others of its kind instead."))
        products = [product for product in products if trait(product) in (None, most)]
    return products, left_out


def _anchor(products: Sequence[Product], epsg: int | None, resolution: float | None) -> Grid:
    """Return a grid with the projection, pixel size and origin that the prepared products shall have."""
    target = _known_projection(epsg) if epsg is not None else majority([p.grid.epsg for p in products])
    native = [product.grid for product in products if product.grid.epsg == target]
    if resolution is not None:
        if resolution <= 0:
            raise ProductError(f"The pixel size {resolution:g} is not positive. Give it in metres, e.g. 80.")
        size = (resolution, resolution)
    elif native:
        size = _size(majority([_size(grid) for grid in native]))
    else:
        if CRS.from_epsg(target).axis_info[0].unit_name != "metre":
            raise ProductError(f"Give `resolution` as well, in the units of EPSG:{target}.")
        size = majority([_size(product.grid) for product in products])
    wanted = Grid(target, (size[0], 0.0, 0.0, 0.0, -size[1], 0.0), 1, 1)
    native = [grid for grid in native if wanted.has_pixels_of(grid)]
    if not native:
        return wanted
    origin = majority([_fraction(wanted, grid) for grid in native])
    return next(grid for grid in native if _fraction(wanted, grid) == origin)


def _size(grid: Grid | tuple[float, float]) -> tuple[float, float]:
    x, y = grid if isinstance(grid, tuple) else (grid.xres, grid.yres)
    return (float(f"{x:.9g}"), float(f"{y:.9g}"))


def _fraction(wanted: Grid, grid: Grid) -> tuple[int, int]:
    """Part of a pixel by which an origin is off, in thousandths."""
    steps = round(1 / TOLERANCE)
    x, y = wanted.offset(grid)
    return (round(x * steps) % steps, round(y * steps) % steps)


def _known_projection(epsg: int) -> int:
    try:
        CRS.from_epsg(epsg)
    except CRSError as error:
        raise ProductError(
            f"EPSG:{epsg} is not a known projection. Give e.g. 32614 for UTM zone 14N."
        ) from error
    return epsg


def _typical_box(boxes: Sequence[Bounds]) -> Bounds:
    # An edge that occurs, not the middle between two: two halves of a stack may lie far apart.
    edges = np.quantile(np.array(boxes), 0.5, axis=0, method="lower")
    left, bottom, right, top = (float(edge) for edge in edges)
    if left < right and bottom < top:
        return (left, bottom, right, top)
    return boxes[0]


_REASONS = (
    "it covers more of the area",
    "it lies on the common grid",
    "it has more layers",
    "its name comes first",
)


def _one_per_pair(
    products: list[Product], coverage: dict[Product, float], anchor: Grid
) -> tuple[list[Product], list[Finding]]:
    best: dict[Any, Product] = {}
    left_out: list[Finding] = []

    def rank(product: Product) -> tuple[int, bool, int, str]:
        layers = sum(layer in product.layers for layer in PREPARED_LAYERS)
        return (-round(coverage[product] * 20), not anchor.is_aligned(product.grid), -layers, product.name)

    for product in sorted(products, key=rank):
        first = best.setdefault(product.pair, product)
        if first is not product:
            reason = next(w for a, b, w in zip(rank(first), rank(product), _REASONS, strict=True) if a != b)
            text = (
                f"{product.name} is of the same pair {product.pair} as {first.name}, which is kept: {reason}."
            )
            left_out.append(_left_out("duplicate-pair", product, text, "Nothing to do."))
    return [product for product in products if best[product.pair] is product], left_out


def _enough_overlap(
    products: list[Product], boxes: dict[Product, Bounds], coverage: dict[Product, float], typical: Bounds
) -> tuple[list[Product], list[Finding]]:
    by_coverage = sorted(products, key=lambda product: (-coverage[product], product.name))
    left_out: list[Finding] = []
    while by_coverage:
        common = intersect([typical, *(boxes[product] for product in by_coverage)])
        if area(common) >= LEAST_OVERLAP * area(typical) * (1 - 1e-9):
            break
        product = by_coverage.pop()
        text = (
            f"{product.name} covers {coverage[product]:.0%} of the area and would cut down all other products to"
            " what they share with it."
        )
        left_out.append(
            _left_out("small-overlap", product, text, "Choose an area of interest that it covers.")
        )
    kept = set(by_coverage)
    return [product for product in products if product in kept], left_out


def _left_out(code: str, product: Product, text: str, remedy: str) -> Finding:
    return Finding("warning", code, text, (product.name,), remedy)


def majority[T](values: Sequence[T]) -> T:
    """Return the most frequent value; of equally frequent ones the first in text order."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], str(value)))
