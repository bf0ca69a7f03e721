"""Checks of a template against the products: files, dates, the network, reference point and subset."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from insar_widgets.findings import Finding
from insar_widgets.runner._template_context import Check, Context, finding
from insar_widgets.runner._template_frame import frame_of
from insar_widgets.runner._template_network import kept_pairs, parts_of
from insar_widgets.runner._template_values import dates_in, pairs_in

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack

__all__ = ["CHECKS"]

_METHOD = "mintpy.unwrapError.method"
_MASK = "mintpy.networkInversion.maskDataset"


def _files(context: Context) -> Iterator[Finding]:
    """Input that load_data would not find."""
    if context.work_dir is not None and (context.work_dir / "inputs" / "ifgramStack.h5").is_file():
        return
    if context.values.get("mintpy.load.autoPath") is True:
        return
    for name in ("unwFile", "corFile", "demFile"):
        key = f"mintpy.load.{name}"
        if not context.text(key):
            yield finding(
                "error",
                "nothing-to-load",
                key,
                f"{key} is not set, so MintPy has nothing to load.",
                "Make the template with Template.for_stack(stack), or give the path.",
            )
    for key in context.written:
        path = (
            context.path(context.text(key))
            if key.startswith("mintpy.load.") and key.endswith("File")
            else None
        )
        if path is not None and context.text(key) and not glob.glob(str(path)):  # noqa: PTH207 - as MintPy does
            needed = key.rpartition(".")[2] in ("unwFile", "corFile", "demFile")
            yield finding(
                "error" if needed else "warning",
                "no-such-files",
                key,
                f"{key}: no file fits {path}.",
                "Check the path; have the products moved since the template was made?",
            )


def _components(context: Context) -> Iterator[Finding]:
    """What needs connected components, which GAMMA products do not have."""
    if context.stack is not None:
        having = sum("conncomp" in product.layers for product in context.stack.products)
        lacking = having < len(context.stack.products)
    else:
        lacking = not context.text("mintpy.load.connCompFile")
    if not lacking:
        return
    if context.text(_METHOD):
        yield finding(
            "error",
            "no-conncomp",
            _METHOD,
            f"{_METHOD} = {context.text(_METHOD)} needs connected components, which these products do not have "
            "(only HyP3's burst products do).",
            f"Write {_METHOD} = no.",
        )
    if context.values.get(_MASK) == "connectComponent":
        yield finding(
            "warning",
            "no-conncomp",
            _MASK,
            f"{_MASK} = connectComponent is ignored, as these products have no connected components.",
            f"Write {_MASK} = coherence with a maskThreshold, or no.",
        )


def _ionosphere(context: Context) -> Iterator[Finding]:
    key = "mintpy.ionosphericDelay.method"
    if context.text(key) and context.values.get("mintpy.load.processor") == "hyp3":
        yield finding(
            "error",
            "no-ionosphere-stack",
            key,
            f"{key} = {context.text(key)} needs split-spectrum interferograms, which HyP3 does not make.",
            f"Write {key} = no.",
        )


def _covariance(context: Context) -> Iterator[Finding]:
    key = "mintpy.timeFunc.uncertaintyQuantification"
    if context.values.get(key) == "covariance" and not context.text("mintpy.timeFunc.timeSeriesCovFile"):
        yield finding(
            "error",
            "no-covariance-file",
            key,
            f"{key} = covariance needs the file that mintpy.timeFunc.timeSeriesCovFile names, and it names none.",
            "Give the file, or write residue.",
        )


def _dates(context: Context) -> Iterator[Finding]:
    """Dates and pairs that are not in the stack, which MintPy overlooks without a word."""
    if context.stack is None:
        return
    dates, pairs = set(context.stack.dates), {pair.date12 for pair in context.stack.pairs}
    for name in ("network.excludeDate", "topographicResidual.excludeDate", "timeFunc.excludeDate"):
        yield from _absent(context, f"mintpy.{name}", dates, "date")
    yield from _absent(context, "mintpy.network.excludeDate12", pairs, "pair")
    first, last = context.stack.dates[0], context.stack.dates[-1]
    for name in ("topographicResidual.stepDate", "timeFunc.stepDate", "timeFunc.exp", "timeFunc.log"):
        key = f"mintpy.{name}"
        outside = [date for date in dates_in(context.text(key)) if not first <= date <= last]
        if outside:
            yield finding(
                "warning",
                "date-outside",
                key,
                f"{key}: {', '.join(outside)} is outside the stack, which spans {first} to {last}, so the function "
                "cannot be told from a constant.",
                "Take a date within the span, or write no.",
            )
    for group in ("network", "timeFunc"):
        yield from _span(context, group, context.stack)


def _absent(context: Context, key: str, known: set[str], what: str) -> Iterator[Finding]:
    given = pairs_in(context.text(key)) if what == "pair" else dates_in(context.text(key))
    absent = [item for item in given if item not in known]
    if absent:
        yield finding(
            "warning",
            f"{what}-not-in-stack",
            key,
            f"{key}: {', '.join(absent)} {'is' if len(absent) == 1 else 'are'} not in the stack; MintPy overlooks it.",
            f"Correct the {what}, or take it out; the stack has {len(known)} {what}s.",
        )


def _span(context: Context, group: str, stack: Stack) -> Iterator[Finding]:
    keys = (f"mintpy.{group}.startDate", f"mintpy.{group}.endDate")
    start, end = ((dates_in(context.text(key)) or [""])[0] for key in keys)
    left = [date for date in stack.dates if date >= start and (not end or date <= end)]
    if len(left) < 2:
        yield finding(
            "error",
            "no-dates-left",
            keys[0] if start else keys[1],
            f"From {start or 'the first date'} to {end or 'the last date'} only {len(left)} of the stack's dates "
            "remain; a time series needs two.",
            f"Widen the span: the stack runs from {stack.dates[0]} to {stack.dates[-1]}.",
        )


def _network(context: Context) -> Iterator[Finding]:
    """What the network options leave of the network."""
    if context.stack is None or not context.stack.pairs:
        return
    pairs, keys = kept_pairs(context, context.stack)
    key = keys[0] if keys else "mintpy.network.tempBaseMax"
    if not pairs:
        yield finding(
            "error", "no-pairs-left", key, f"{_named(keys)} leave no pair of the network.", "Relax them."
        )
        return
    parts = parts_of(pairs)
    if keys and len(parts) > 1 and len(parts) > len(parts_of(context.stack.pairs)):
        smaller = "; ".join(", ".join(part) for part in parts[1:])
        yield finding(
            "warning",
            "network-in-parts",
            key,
            f"{_named(keys)} cut the network into {len(parts)} parts that no pair connects (apart: {smaller}); "
            "MintPy bridges the gap by assuming the smallest velocity.",
            "Keep a pair that connects them.",
        )
    left = {date for part in parts for date in part}
    reference = (dates_in(context.text("mintpy.reference.date")) or [""])[0]
    if reference and reference not in left:
        why = "is excluded from the network" if reference in context.stack.dates else "is not in the stack"
        yield finding(
            "error",
            "reference-date-missing",
            "mintpy.reference.date",
            f"mintpy.reference.date = {reference} {why}, and MintPy stops at the step reference_date.",
            f"Take one of the {len(left)} dates from {min(left)} to {max(left)}, or write auto.",
        )


def _named(keys: list[str]) -> str:
    return " and ".join(keys)


def _subset(context: Context) -> Iterator[Finding]:
    frame = frame_of(context)
    if frame is None or frame.subset_key is None:
        return
    form = "S:N,W:E in degrees" if frame.subset_key.endswith("lalo") else "row0:row1,column0:column1"
    whole = (
        f"The frame has {frame.rows} rows and {frame.columns} columns; {frame.outline}. The form is {form}."
    )
    if frame.is_empty:
        yield finding(
            "error",
            "subset-outside",
            frame.subset_key,
            f"{frame.subset_key} = {context.text(frame.subset_key)} lies outside the products.",
            whole,
        )
    elif frame.reaches_out:
        by_degrees = frame.subset_key.endswith("lalo")
        yield finding(
            "warning" if by_degrees else "error",
            "subset-reaches-out",
            frame.subset_key,
            f"{frame.subset_key} = {context.text(frame.subset_key)} reaches beyond the products, "
            f"{'and MintPy cuts it' if by_degrees else 'where MintPy finds nothing to read'}.",
            whole,
        )


def _reference(context: Context) -> Iterator[Finding]:
    frame = frame_of(context)
    lalo, yx = context.text("mintpy.reference.lalo"), context.text("mintpy.reference.yx")
    if context.stack is None or frame is None or frame.is_empty or not (lalo or yx):
        return
    key = "mintpy.reference.lalo" if lalo else "mintpy.reference.yx"
    numbers = [float(part) for part in (lalo or yx).strip("[] ").split(",")]
    pixel = frame.pixel_of_lalo(*numbers) if lalo else frame.pixel_of_yx(*(int(number) for number in numbers))
    shown = f"{key} = {context.text(key)}"
    if pixel is None:
        remedy = f"Take a point inside; {frame.outline}."
        if lalo and frame.pixel_of_lalo(numbers[1], numbers[0]) is not None:
            remedy = f"Latitude comes first: write {numbers[1]:g},{numbers[0]:g}."
        yield finding("error", "reference-outside", key, f"{shown} is outside the {frame.what}.", remedy)
        return
    yield from _ground(context.stack, key, shown, pixel)


def _ground(stack: Stack, key: str, shown: str, pixel: tuple[int, int]) -> Iterator[Finding]:
    elsewhere = "Take a point on firm ground that is coherent in every interferogram."
    masks = [product.layers["water_mask"] for product in stack.products if "water_mask" in product.layers]
    if masks and value_at(masks[0], *pixel) == 0:
        yield finding("error", "reference-on-water", key, f"{shown} is on water.", elsewhere)
        return
    phases = [product.layers["unw_phase"] for product in stack.products if "unw_phase" in product.layers]
    empty = sum(not np.isfinite(value) or value == 0 for value in (value_at(path, *pixel) for path in phases))
    if empty:
        yield finding(
            "error",
            "reference-on-no-data",
            key,
            f"{shown} has no data in {empty} of {len(phases)} interferograms, and MintPy refuses it.",
            elsewhere,
        )


@lru_cache(maxsize=100_000)
def value_at(path: str, row: int, column: int) -> float:
    """One pixel of a raster's first band; NaN where the raster ends or cannot be read (the stack's check tells)."""
    try:
        with rasterio.open(path, driver="GTiff") as raster:
            found = raster.read(1, window=((row, row + 1), (column, column + 1)))
    except (RasterioError, OSError):
        return float("nan")
    return float(found[0, 0]) if found.size else float("nan")


CHECKS: tuple[Check, ...] = (
    _files,
    _components,
    _ionosphere,
    _covariance,
    _dates,
    _network,
    _subset,
    _reference,
)
