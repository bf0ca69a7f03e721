"""What a StackPicker shows of a stack or a work directory, as plain values for its front end."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Estimate, Grid, Product, Stack
from insar_widgets.hyp3.network import days_between
from insar_widgets.hyp3.plan import make_plan
from insar_widgets.resources import cores
from insar_widgets.widgets._work_dir import WorkDir, WorkFile

__all__ = [
    "count",
    "estimate_view",
    "finding_rows",
    "format_bytes",
    "format_duration",
    "stack_view",
    "work_dir_view",
]

_FAMILIES = {"gamma": "INSAR_GAMMA", "burst": "INSAR_ISCE_BURST", "multiburst": "INSAR_ISCE_MULTI_BURST"}
_READ_RATE = 60e6  # bytes of unpacked pixels a second and core, deflated GeoTIFF
_HOLDS = (
    ("ifgramStack", "interferograms"),
    ("geometry", "geometry"),
    ("timeseries", "displacement time series"),
    ("velocity", "velocity and time functions"),
    ("temporalCoherence", "temporal coherence"),
    ("avgSpatialCoh", "average spatial coherence"),
    ("maskConnComp", "mask of connected components"),
    ("mask", "mask"),
    ("waterMask", "water mask"),
    ("demErr", "DEM error"),
    ("avgPhaseVelocity", "average phase velocity"),
    ("ERA5", "troposphere delay"),
    ("SET", "solid Earth tides"),
    ("numInvIfgram", "interferograms inverted"),
    ("numTriNonzeroIntAmbiguity", "non-zero closure triplets"),
    ("rms_", "residual RMS"),
)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 pair`, `2 pairs`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def format_bytes(size: float) -> str:
    """`1.6 GB`, in the decimal units disks are sold in."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"


def format_duration(seconds: float) -> str:
    """`40 s`, `4 min`, `3.2 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def iso(date: str) -> str:
    """`YYYYMMDD` as `YYYY-MM-DD`."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def stack_view(
    everything: Stack, selected: Stack, findings: Sequence[Finding], read_note: str
) -> dict[str, Any]:
    """Describe a stack.

    Parameters
    ----------
    everything
        As found.
    selected
        What the user keeps of it.
    findings
        About `selected`, worst first.
    read_note
        What the findings rest on, e.g. "headers read in 0.9 s".
    """
    try:
        plan = make_plan(selected.products)
        kept, common = set(plan.products), plan.grid
    except ProductError:  # it is among the findings
        kept, common = set(selected.products), None
    # What a filter of dates leaves out says nothing on a map; what does not fit, or was left out by hand, does.
    by_hand = {name for f in findings if f.code == "left-out-by-hand" for name in f.products}
    chosen = set(selected.products)
    mapped = [p for p in everything.products if p.name in by_hand or p in chosen]
    return {
        "facts": _facts(everything, selected, kept),
        "findings": finding_rows(findings, selected),
        "footprints": _footprints(mapped, kept),
        "overlap": _ring(common) if common else None,
        "overlap_label": f"common overlap of {count(len(kept), 'product')}",
        "network": _network(everything, selected),
        "read_note": read_note,
        "check_label": _check_label(selected.products),
        "filter_note": _filter_note(everything, selected),
    }


def finding_rows(findings: Sequence[Finding], selected: Stack) -> list[dict[str, Any]]:
    """Describe findings, each with what one click does about it."""
    names = {product.name for product in selected.products}
    return [
        {
            "severity": finding.severity,
            "code": finding.code,
            "message": _shorter(finding.message, selected),
            "remedy": finding.remedy,
            "products": list(finding.products),
            "mended_by_prepare": finding.mended_by_prepare,
            "action": _action(finding, names),
        }
        for finding in findings
    ]


def _shorter(message: str, stack: Stack) -> str:
    """Leave out what repeats in every path: the stack's folder and the product's, named like its files."""
    short = message.replace(f"{stack.root}{os.sep}", "")
    return re.sub(r"([\w<>=-]+)[/\\\\](?=\1)", "", short)


def _action(finding: Finding, names: set[str]) -> dict[str, str] | None:
    if finding.code == "left-out-by-hand":
        return {"kind": "bring_back", "label": "Bring back"}
    concerned = set(finding.products)
    if finding.severity == "info" or finding.mended_by_prepare or not concerned:
        return None
    if not concerned < names:  # not in the stack, or all of it
        return None
    return {"kind": "leave_out", "label": f"Leave out {len(concerned)}"}


def _facts(everything: Stack, selected: Stack, kept: set[Product]) -> list[dict[str, str]]:
    unusable = {
        name for finding in everything.left_out if finding.severity == "error" for name in finding.products
    }
    out = len(everything.products) - len(kept) + len(unusable - {p.name for p in everything.products})
    parts = len(selected.network.components)
    looks = " × ".join(str(number) for number in selected.products[0].looks)
    frames = {product.frame for product in selected.products if product.frame}
    where = selected.direction.lower()
    if len(frames) == 1:
        where += f", frame {next(iter(frames))}"
    track = f"Track {selected.track}" if selected.track is not None else "Track unknown"
    polarisations = "/".join(sorted({product.polarisation for product in selected.products}))
    return [
        {"value": str(len(kept)), "note": "products" + (f", {out} left out" if out else "")},
        {"value": str(len(selected.dates)), "note": "dates"},
        {
            "value": str(len(selected.pairs)),
            "note": "pairs, one connected network" if parts == 1 else f"pairs, network in {parts} parts",
        },
        {
            "value": f"{iso(selected.dates[0])} – {iso(selected.dates[-1])}",
            "note": _rhythm(selected.dates),
        },
        {"value": track, "note": where},
        {
            "value": _FAMILIES[selected.family],
            "note": f"{polarisations}, {looks} looks, {selected.products[0].resolution} m",
        },
    ]


def _rhythm(dates: Sequence[str]) -> str:
    steps = [days_between(a, b) for a, b in pairwise(dates)]
    if not steps:
        return "one date"
    usual = round(median(steps))
    longest = f", longest gap {max(steps)} days" if max(steps) > usual else ""
    return f"every {count(usual, 'day')}{longest}"


def _ring(grid: Grid) -> list[list[float]]:
    return [[round(lon, 5), round(lat, 5)] for lon, lat in grid.polygon(points_per_side=2)[:-1]]


def _footprints(products: Sequence[Product], kept: set[Product]) -> list[dict[str, Any]]:
    """Describe each outline once, with the products that share it."""
    names: dict[tuple[Grid, bool], list[str]] = {}
    for product in products:
        names.setdefault((product.grid, product not in kept), []).append(product.name)
    return [
        {"ring": _ring(grid), "names": shared, "left_out": left_out}
        for (grid, left_out), shared in names.items()
    ]


def _network(everything: Stack, selected: Stack) -> dict[str, Any]:
    kept_dates, kept_pairs = set(selected.dates), set(selected.pairs)
    bperps = everything.bperps
    index = {date: number for number, date in enumerate(everything.dates)}
    return {
        "dates": [
            {"date": date, "bperp": round(bperps[date], 1), "left_out": date not in kept_dates}
            for date in everything.dates
        ],
        "pairs": [
            {"from": index[p.reference], "to": index[p.secondary], "left_out": p not in kept_pairs}
            for p in everything.pairs
        ],
    }


def _filter_note(everything: Stack, selected: Stack) -> str:
    dates, pairs = len(everything.dates) - len(selected.dates), len(everything.pairs) - len(selected.pairs)
    if not (dates or pairs):
        return "bperp against time"
    lost = [count(dates, "date")] if dates else []
    return " and ".join([*lost, count(pairs, "pair")]) + " left out"


def _check_label(products: Sequence[Product]) -> str:
    size = sum(product.grid.width * product.grid.height * 4 * len(product.layers) for product in products)
    seconds = size / _READ_RATE / cores()
    return "Check every pixel" if seconds < 5 else f"Check every pixel, about {format_duration(seconds)}"


def estimate_view(need: Estimate, grid: Grid, area: bool) -> dict[str, Any]:
    """Describe what preparing and running will need.

    Parameters
    ----------
    need, grid
        Of the prepared stack.
    area
        Whether an area of interest limits the grid.
    """
    kilometres = " × ".join(
        f"{pixels * size / 1000:.1f}" for pixels, size in ((grid.width, grid.xres), (grid.height, grid.yres))
    )
    what = "area of interest" if area else "common overlap"
    return {
        "fact": {"value": f"{kilometres} km", "note": f"{what}, {need.width} × {need.height} pixels"},
        "lines": [
            f"prepared {format_bytes(need.prepared_bytes)}, run {format_bytes(need.run_bytes)}",
            f"about {format_duration(need.seconds)}, {format_bytes(need.disk_free)} free",
        ],
        "problem": "",
    }


def work_dir_view(work: WorkDir) -> dict[str, Any]:
    """Describe a MintPy work directory."""
    series = [file for file in work.files if file.dates]
    dates = max((file.dates for file in series), key=len, default=())
    pairs = max((file.pairs for file in work.files), default=0)
    shape = next((file.shape for file in work.files if file.shape), None)
    facts = [{"value": str(len(work.files)), "note": "files in this work directory"}]
    if dates:
        facts.append({"value": str(len(dates)), "note": "dates"})
    if pairs:
        facts.append({"value": str(pairs), "note": "pairs"})
    if dates:
        facts.append({"value": f"{iso(dates[0])} – {iso(dates[-1])}", "note": _rhythm(dates)})
    if shape:
        facts.append({"value": f"{shape[1]} × {shape[0]}", "note": "columns × rows"})
    if work.loaded:
        note = "The interferograms are loaded: a run here can begin after load_data."
    elif work.files:
        note = "No interferograms are loaded here; a run begins with load_data."
    else:
        note = "MintPy has not written any data here yet; a run begins with load_data."
    return {
        "facts": facts,
        "files": [_file_row(file) for file in work.files],
        "files_note": note,
        "findings": [],
        "footprints": [],
        "overlap": None,
        "network": None,
    }


def _file_row(file: WorkFile) -> dict[str, str]:
    base = file.name.rpartition("/")[2]
    what = next((words for start, words in _HOLDS if base.startswith(start)), "raster")
    parts = [count(file.pairs, "pair")] if file.pairs else []
    if file.span:
        parts.append(f"{iso(file.span[0])} – {iso(file.span[-1])}")
    if file.dates:
        parts.append(f"{count(len(file.dates), 'date')}, {iso(file.dates[0])} – {iso(file.dates[-1])}")
    if file.shape:
        parts.append(f"{file.shape[1]} × {file.shape[0]} pixels")
    return {"name": file.name, "what": what, "detail": ", ".join(parts), "problem": file.problem}
