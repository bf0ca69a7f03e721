"""A stack: the products found below a folder, as one immutable value."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from insar_widgets.findings import Finding
from insar_widgets.hyp3._readings import Progress
from insar_widgets.hyp3.aoi import Aoi
from insar_widgets.hyp3.estimate import Estimate, estimate
from insar_widgets.hyp3.grid import Bounds, Grid, common_overlap
from insar_widgets.hyp3.names import Family
from insar_widgets.hyp3.network import Network, Pair, unique_pairs
from insar_widgets.hyp3.plan import majority, make_plan
from insar_widgets.hyp3.product import Product

__all__ = ["Stack"]


@dataclass(frozen=True, repr=False)
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
    products: tuple[Product, ...]
    left_out: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.products)

    def __repr__(self) -> str:
        if not self.products:
            return f"Stack(no products, {self.root})"
        track = "unknown track" if self.track is None else f"track {self.track}"
        span = f"{len(self.dates)} dates {self.dates[0]}..{self.dates[-1]}"
        return f"Stack({len(self)} products, {span}, {track} {self.direction}, {self.family}, {self.root})"

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

    def check(
        self,
        deep: bool = False,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Finding]:
        """Find what would make a run fail or, worse, succeed wrongly.

        Reads the headers of all layers and tells about rasters, grids, overlap, mixed products, geometry, the
        network, leftovers and what a run needs.

        Parameters
        ----------
        deep
            Read all pixels as well: damage inside of files, products without data, coherence outside of 0..1.
        on_progress
            Called in this thread with the fraction done (0..1) and a product's name.
        cancel
            Set it from another thread to end early.

        Returns
        -------
        list of Finding
            Worst first; what was left out before is among them.

        Raises
        ------
        CancelledError
            `cancel` was set.
        """
        from insar_widgets.hyp3.checks import check  # noqa: PLC0415 - it reads a Stack itself

        return check(self, deep=deep, on_progress=on_progress, cancel=cancel)

    def estimate(
        self,
        aoi: Aoi | None = None,
        epsg: int | None = None,
        resolution: float | None = None,
        folder: Path | str | None = None,
    ) -> Estimate:
        """Estimate disk, memory and time of preparing and running, against what is free.

        Parameters
        ----------
        aoi, epsg, resolution
            As for `prepare`.
        folder
            Where the run will write; the stack's own folder by default.

        Raises
        ------
        ProductError
            As `prepare` would: nothing in common, an area of interest elsewhere.
        """
        plan = make_plan(self.products, aoi, epsg, resolution)
        return estimate(plan.products, plan.grid, Path(folder) if folder is not None else self.root)

    def select(  # noqa: PLR0917 - the design lets all be given in place
        self,
        start: str | None = None,
        end: str | None = None,
        months: Iterable[int] | None = None,
        max_temporal_days: float | None = None,
        max_bperp: float | None = None,
        exclude_dates: Iterable[str] = (),
        exclude_pairs: Iterable[str | Pair] = (),
        only_pairs: Iterable[str | Pair] | None = None,
        keep_connected: bool = True,
    ) -> Stack:
        """Keep some pairs. A pair stays if both its dates stay.

        Parameters
        ----------
        start, end
            First and last date to keep, `YYYYMMDD` or `YYYY-MM-DD`, included.
        months
            Months to keep, 1..12.
        max_temporal_days
            Longest time between the dates of a pair, days.
        max_bperp
            Largest perpendicular baseline of a pair, metres, without sign.
        exclude_dates, exclude_pairs
            Dates (`YYYYMMDD`) and pairs (`YYYYMMDD_YYYYMMDD`) to drop.
        only_pairs
            Pairs to keep, all others are dropped.
        keep_connected
            Refuse a choice after which the network falls into parts.

        Returns
        -------
        Stack
            Dates that lose their last pair are named in its `left_out`.

        Raises
        ------
        ProductError
            No pair is left, a date or pair does not exist, or the network would fall apart: then the message
            says which dates would be cut off, and a pair that would hold them.
        """
        from insar_widgets.hyp3.select import Choice, select  # noqa: PLC0415 - it returns a Stack itself

        choice = Choice(
            start, end, months, max_temporal_days, max_bperp, exclude_dates, exclude_pairs, only_pairs
        )
        return select(self, choice, keep_connected=keep_connected)

    def prepare(  # noqa: PLR0917 - the design lets all be given in place
        self,
        out_dir: Path | str,
        aoi: Aoi | None = None,
        epsg: int | None = None,
        resolution: float | None = None,
        jobs: int | None = None,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
        strict: bool = False,
    ) -> Stack:
        """Bring every product onto one grid, in a new folder that MintPy can load.

        The grid is the one most products already share (projection, pixel size and origin), cut to what all have
        in common. Products on it are cut; others are resampled by nearest neighbour, so that phases stay values
        that were measured. Written are `<name>/<name>_<layer>.tif` (tiled, compressed with Zstandard) for the phase,
        coherence, connected components, DEM, look vectors, incidence and water mask, as far as there, and
        `<name>/<name>.txt`. Originals are only read.

        A product that would break the stack is left out and named in `left_out` of the result: another
        direction, track, family, polarisation or looks than most; the second of a pair; an area so different that
        less than half of a typical product (or of the area of interest) would remain for all; a file that
        cannot be read.

        It can be interrupted at any time, even killed: the next call goes on. A second call does nothing; a
        different request into the same folder makes what differs and removes what it made before.

        Parameters
        ----------
        out_dir
            Folder to write; made if need be. Files of others in it are never touched.
        aoi
            Area of interest: a shapely geometry, GeoJSON or a list of `[lon, lat]`, degrees WGS84. Its box, widened
            to whole pixels, limits the grid.
        epsg
            Projection wanted; that of most products by default.
        resolution
            Pixel size wanted, in units of the projection; that of most products by default. With another one than
            the products' all are resampled (nearest neighbour, no averaging).
        jobs
            Files worked on at a time; as many as there are cores by default.
        on_progress
            Called in this thread with the fraction done (0..1) and the product's name.
        cancel
            Set it from another thread to end early.
        strict
            Raise for the first product that cannot be read, instead of leaving it out.

        Returns
        -------
        Stack
            The prepared products, on one grid.

        Raises
        ------
        ProductError
            Nothing in common, fewer than two dates left, an area of interest elsewhere, a folder that holds the
            originals or someone else's products, a full disk; with `strict` also a product that cannot be read.
        CancelledError
            `cancel` was set. What is finished stays and is used by the next call.
        """
        from insar_widgets.hyp3.prepare import How, prepare  # noqa: PLC0415 - it reads a Stack itself

        plan = make_plan(self.products, aoi, epsg, resolution)
        return prepare(self, out_dir, plan, How(jobs, on_progress, cancel, strict))
