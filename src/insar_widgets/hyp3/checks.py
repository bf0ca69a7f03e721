"""What can be wrong with a stack, found before hours are spent on it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding, worst_first
from insar_widgets.hyp3._readings import Progress, Reading, read_all
from insar_widgets.hyp3.estimate import estimate
from insar_widgets.hyp3.network import days_between
from insar_widgets.hyp3.plan import TRAITS, majority, make_plan
from insar_widgets.hyp3.product import Product
from insar_widgets.hyp3.stack import Stack

__all__ = ["check"]

_FRAME_SECONDS = 13.0  # half a Sentinel-1 scene along its track
_YEAR = 365
_GB = 1e9


def check(
    stack: Stack, *, deep: bool, on_progress: Progress | None = None, cancel: threading.Event | None = None
) -> list[Finding]:
    """Run every check; see `Stack.check`."""
    readings = read_all(stack.products, deep=deep, on_progress=on_progress, cancel=cancel)
    findings = list(stack.left_out)
    findings += _rasters(readings)
    for part in (_traits, _frames, _grids, _geometry, _components, _network, _foreign, _fit):
        findings += part(stack)
    return worst_first(findings)


def _names(products: Sequence[Product]) -> tuple[str, ...]:
    return tuple(product.name for product in products)


def _count(values: Sequence[object], unit: str = "") -> str:
    """`28 × EPSG:32614, 2 × EPSG:32615`, the three most frequent first and the rest counted."""
    counts = sorted(Counter(values).items(), key=lambda item: (-item[1], str(item[0])))
    text = ", ".join(f"{number} × {unit}{value}" for value, number in counts[:3])
    return f"{text} and {len(counts) - 3} others" if len(counts) > 3 else text


def _minority[T](products: Sequence[Product], trait: Callable[[Product], T | None]) -> list[Product]:
    known = [value for product in products if (value := trait(product)) is not None]
    if not known:
        return []
    most = majority(known)
    return [product for product in products if trait(product) not in (None, most)]


def _rasters(readings: Sequence[Reading]) -> Iterator[Finding]:
    """Turn what reading brought up into findings, one for each product and kind."""
    for reading in readings:
        for code, message in reading.problems:
            remedy = "Download the product again, or go on without it."
            if code == "layer-grid-differs":
                remedy = "Prepare the stack, which brings every layer onto one grid."
            yield Finding("error", code, message, (reading.product.name,), remedy, mended_by_prepare=True)


def _traits(stack: Stack) -> Iterator[Finding]:
    for code, what, trait in TRAITS:
        odd = _minority(stack.products, trait)
        if odd:
            values = [trait(product) for product in stack.products if trait(product) is not None]
            yield Finding(
                "error",
                code,
                f"The products do not agree in {what}: {_count(values)}. Their pairs cannot be added up.",
                _names(odd),
                "Prepare the stack, which leaves out the fewer, or select one kind.",
                mended_by_prepare=True,
            )


def _frames(stack: Stack) -> Iterator[Finding]:
    bursts = _minority(stack.products, lambda product: product.frame)
    scenes = [product for product in stack.products if product.family == "gamma"]
    late: list[Product] = []
    if scenes:
        middle = median(product.utc_seconds for product in scenes)
        # Around midnight the clock starts again.
        late = [p for p in scenes if abs((p.utc_seconds - middle + 43200) % 86400 - 43200) > _FRAME_SECONDS]
    odd = bursts + late
    if odd:
        yield Finding(
            "warning",
            "mixed-frames",
            f"{len(odd)} of {len(stack)} products show another frame along the track than the others.",
            _names(odd),
            "Prepare the stack: what covers too little of the common area is left out by name.",
        )


def _grids(stack: Stack) -> Iterator[Finding]:
    """One finding for the first way in which grids differ that explains the rest."""
    products = stack.products
    silent = "MintPy compares only rows and columns, so pixels would be mixed up silently."
    mend = "Prepare the stack: it brings all products onto the grid that most share."
    odd = _minority(products, lambda product: product.grid.epsg)
    if odd:
        text = f"The products are in several projections: {_count([p.grid.epsg for p in products], 'EPSG:')}. {silent}"
        yield Finding("error", "mixed-projection", text, _names(odd), mend, mended_by_prepare=True)
    products = tuple(product for product in products if product not in set(odd))
    odd = _minority(products, lambda product: (product.grid.xres, product.grid.yres))
    if odd:
        sizes = _count([f"{product.grid.xres:g} m" for product in products])
        text = f"The products differ in pixel size: {sizes}. {silent}"
        yield Finding("error", "mixed-resolution", text, _names(odd), mend, mended_by_prepare=True)
    products = tuple(product for product in products if product not in set(odd))
    try:
        anchor = make_plan(products).grid
    except ProductError:
        anchor = products[0].grid
    odd = [product for product in products if not anchor.is_aligned(product.grid)]
    if odd:
        worst = max(abs(v - round(v)) for product in odd for v in anchor.offset(product.grid))
        text = f"{len(odd)} products are off the common grid by up to {worst:.2f} of a pixel. {silent}"
        yield Finding("error", "off-grid", text, _names(odd), mend, mended_by_prepare=True)
    products = tuple(product for product in products if product not in set(odd))
    odd = _minority(products, lambda product: product.grid)
    if odd:
        extents = len({product.grid for product in products})
        shapes = Counter(f"{product.grid.width}\u00a0×\u00a0{product.grid.height}" for product in products)
        some = ", ".join([size for size, _ in shapes.most_common(3)] + ["…"] * (len(shapes) > 3))
        text = f"The products cover {extents} different extents ({some} pixels). {silent}"
        yield Finding("error", "extents-differ", text, _names(odd), mend, mended_by_prepare=True)


def _geometry(stack: Stack) -> Iterator[Finding]:
    """Say what the whole stack lacks."""
    have = Counter(layer for product in stack.products for layer in product.layers)
    again = "Order the products again with this layer, or add it from another product of the same frame."
    if not have["dem"]:
        text = "No product has a DEM, without which MintPy cannot load the geometry."
        yield Finding("error", "no-dem", text, (), again)
    if not (have["lv_theta"] and have["lv_phi"]):
        text = "No product has both look vectors (lv_theta, lv_phi), so the line of sight is unknown."
        yield Finding("error", "no-look-vectors", text, (), again)
    if not have["water_mask"]:
        text = "No product has a water mask; water will be inverted like land."
        yield Finding("warning", "no-water-mask", text, (), "Mask by coherence, or add a water mask.")
    if not have["conncomp"]:
        yield Finding(
            "info" if stack.family == "gamma" else "warning",
            "no-conncomp",
            "No product has connected components, so unwrapping errors cannot be corrected.",
            (),
            "Leave mintpy.unwrapError.method off; burst products bring connected components along.",
        )
    elif have["conncomp"] < len(stack):
        lacking = [product for product in stack.products if "conncomp" not in product.layers]
        yield Finding(
            "warning",
            "layer-not-everywhere",
            f"{len(lacking)} of {len(stack)} products have no connected components; MintPy needs those of all pairs.",
            _names(lacking),
            "Download these products again, or leave mintpy.unwrapError.method off.",
        )


def _components(stack: Stack) -> Iterator[Finding]:
    """Report what a plan would leave out for its pair or its place."""
    try:
        plan = make_plan(stack.products)
    except ProductError as error:
        yield Finding(
            "error", "no-overlap", str(error), _names(stack.products), "Choose products of one frame."
        )
        return
    for finding in plan.left_out:
        if finding.code in ("duplicate-pair", "small-overlap"):
            yield replace(finding, severity="error", mended_by_prepare=True)
    if stack.overlap is None:
        yield Finding(
            "error",
            "no-overlap",
            "The products have no area in common.",
            _names([product for product in stack.products if product not in set(plan.products)]),
            "Prepare the stack, which leaves out those that lie elsewhere, or choose products of one frame.",
            mended_by_prepare=True,
        )


def _network(stack: Stack) -> Iterator[Finding]:
    network = stack.network
    if len(network.components) > 1:
        parts = "; ".join(f"{len(part)} dates {part[0]}..{part[-1]}" for part in network.components)
        apart = {date for part in network.components[1:] for date in part}
        yield Finding(
            "error",
            "network-in-parts",
            f"The network falls into {len(network.components)} parts ({parts}); nothing ties them to each other.",
            _names([p for p in stack.products if p.pair.reference in apart]),
            "Order pairs that bridge the parts, or select the dates of one part.",
        )
    hanging = [date for date in network.dates if network.degree(date) == 1]
    if hanging and len(network.dates) > 2:
        yield Finding(
            "warning",
            "date-on-one-pair",
            f"Dates on a single pair: {', '.join(hanging)}. An error of that pair would go unnoticed.",
            _names([p for p in stack.products if {p.pair.reference, p.pair.secondary} & set(hanging)]),
            "Order more pairs with these dates, or exclude them.",
        )
    gaps = [
        (a, b) for a, b in zip(network.dates, network.dates[1:], strict=False) if days_between(a, b) > _YEAR
    ]
    for first, last in gaps:
        yield Finding(
            "warning",
            "long-gap",
            f"There is no date in the {days_between(first, last)} days between {first} and {last}.",
            (),
            "Order pairs with dates in between, or select one side of the gap.",
        )
    if len(network.pairs) < len(network.dates) or len(network.dates) < 3:
        yield Finding(
            "warning",
            "too-few-pairs",
            f"{len(network.pairs)} pairs for {len(network.dates)} dates leave no loop to find errors with.",
            (),
            "Order at least two or three pairs with each date.",
        )


def _foreign(stack: Stack) -> Iterator[Finding]:
    files = [(product, name) for product in stack.products for name in product.foreign]
    for own, severity, what in (
        (True, "info", "MintPy wrote beside the rasters in an earlier run; it writes them anew"),
        (False, "warning", "other software left beside the rasters; they can change how GDAL reads these"),
    ):
        some = [(product, name) for product, name in files if name.endswith(".rsc") is own]
        if some:
            yield Finding(
                severity,  # type: ignore[arg-type]
                "foreign-files",
                f"{len(some)} files (e.g. {some[0][1]}) are what {what}.",
                tuple(dict.fromkeys(product.name for product, _ in some)),
                "Nothing to do."
                if own
                else "Prepare the stack, which reads the rasters alone, or remove the files.",
                mended_by_prepare=not own,
            )


def _fit(stack: Stack) -> Iterator[Finding]:
    """Compare the estimate with what is free."""
    try:
        plan = make_plan(stack.products)
    except ProductError:
        return
    need = estimate(plan.products, plan.grid, stack.root)
    remedy = "Choose an area of interest or fewer pairs, or work on another disk or a larger machine."
    if not need.fits_disk:
        text = f"A run needs about {need.disk_bytes / _GB:.1f} GB of disk; {need.disk_free / _GB:.1f} GB are free."
        yield Finding("warning", "not-enough-disk", text, (), remedy)
    if not need.fits_memory:
        needed, free = need.memory_bytes / _GB, need.memory_free / _GB
        text = f"A run needs about {needed:.1f} GB of memory; {free:.1f} GB are free."
        yield Finding("warning", "not-enough-memory", text, (), remedy)
