"""A stack: the products found below a folder, as one immutable value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from insar_widgets.findings import Finding
from insar_widgets.hyp3.grid import Bounds, Grid, common_overlap
from insar_widgets.hyp3.names import Family
from insar_widgets.hyp3.network import Network, Pair, unique_pairs
from insar_widgets.hyp3.product import Product

__all__ = ["Progress", "Stack"]

Progress = Callable[[float, str], None]
"""Told the fraction done, 0..1, and what is being done."""


@dataclass(frozen=True)
class Stack:
    """HyP3 products that belong together, found with `find_stack`. Immutable: methods return a new one.

    Parameters
    ----------
    root
        Folder they were found in.
    products
        Usable products, sorted by pair and name.
    left_out
        What looks like a product but is not used, and why.
    """

    root: Path
    products: tuple[Product, ...] = field(repr=False)
    left_out: tuple[Finding, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.products)

    @cached_property
    def network(self) -> Network:
        """The network of dates and pairs; a pair that is there twice counts once."""
        return unique_pairs((product.pair, product.bperp) for product in self.products)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair once, sorted."""
        return self.network.pairs

    @property
    def dates(self) -> tuple[str, ...]:
        """Every date once, `YYYYMMDD`, sorted."""
        return self.network.dates

    @property
    def bperps(self) -> dict[str, float]:
        """Perpendicular baseline of each date in metres, least squares over pairs, first date 0."""
        return self.network.bperps

    @property
    def family(self) -> Family:
        """Family of most products: "gamma", "burst" or "multiburst"."""
        return majority([product.family for product in self.products])

    @property
    def direction(self) -> str:
        """Pass direction of most products."""
        return majority([product.direction for product in self.products])

    @property
    def track(self) -> int | None:
        """Relative orbit of most products."""
        return majority([product.track for product in self.products])

    @property
    def epsg(self) -> int:
        """Projection of most products."""
        return majority([product.grid.epsg for product in self.products])

    @cached_property
    def is_common_grid(self) -> bool:
        """Whether the unwrapped phases of all products are on one grid, pixel by pixel."""
        first = self.products[0].grid
        return all(first.is_same(product.grid) for product in self.products[1:])

    @property
    def grid(self) -> Grid | None:
        """The one grid of all products; None if they have no common one."""
        return self.products[0].grid if self.is_common_grid else None

    @cached_property
    def overlap(self) -> Bounds | None:
        """Left, bottom, right, top of what all products share, in projection `epsg`; None if nothing."""
        return common_overlap([product.grid for product in self.products], self.epsg)

    def footprints(self) -> dict[str, list[list[float]]]:
        """Outline of each product by name: closed rings of `[lon, lat]` in degrees WGS84."""
        rings = {grid: grid.polygon() for grid in {product.grid for product in self.products}}
        return {product.name: rings[product.grid] for product in self.products}


def majority[T](values: Sequence[T]) -> T:
    """Return the most frequent value; of equally frequent ones the first in text order."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], str(value)))
