"""What all figures share: sizes, type, rasters of bounded size, and how they are saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from insar_widgets.export._job import whole_file
from insar_widgets.export._values import Masked, software
from insar_widgets.results import Results

Floats = npt.NDArray[Any]
INK, FAINT, ACCENT = "#212121", "#696969", "#1c80c3"
SERIES = ("#1c80c3", "#d55e00", "#009e73", "#885cf4", "#ec0450", "#189cac")
MARKERS = ("o", "s", "D", "^", "v", "P")
_MOST = 1800
MM = 1 / 25.4


@dataclass(frozen=True)
class Wish:
    """What is asked of the figures; see `export_figures`."""

    units: str = "mm"
    mask: Any = None
    vmin: float | None = None
    vmax: float | None = None
    colormap: str | None = None
    width: float = 180.0
    dpi: int = 300
    formats: tuple[str, ...] = ("png", "pdf")
    points: tuple[dict[str, Any], ...] = ()
    transect: tuple[tuple[float, float], ...] = ()
    swath: float = 0.0
    comparison: Any = None
    name: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """A figure to be saved, and under which name."""

    stem: str
    title: str
    figure: Figure


def new_figure(width: float, height: float, **layout: Any) -> Figure:
    """A figure of a size in millimetres, on white."""
    return Figure(figsize=(width * MM, height * MM), facecolor="white", **layout)


def tidy(axes: Axes, *, grid: bool = False) -> None:
    """Thin lines, small type, no box around."""
    axes.tick_params(labelsize=7, colors=INK, width=0.6, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(linewidth=0.6, color=FAINT)
    if grid:
        axes.grid(color="#e0e0e0", linewidth=0.5)
        axes.set_axisbelow(True)


def caption_lines(text: str, width: float) -> list[str]:
    """Text as it fits below a figure of that many millimetres."""
    return wrap(text, int((width - 6) / 1.08))


def heading(text: str, width: float) -> str:
    """A title as it fits that many millimetres."""
    return "\n".join(wrap(text, int(width / 1.75)))


def caption(figure: Figure, text: str) -> None:
    """Provenance at the lower edge, in as many lines as the width asks for; a chart makes room for them."""
    width, height = (float(v) / MM for v in figure.get_size_inches())
    lines = caption_lines(text, width)
    figure.text(3 / width, 1.5 / height, "\n".join(lines), fontsize=5.5, color=FAINT, ha="left", va="bottom",
                linespacing=1.25)  # fmt: skip
    engine: Any = figure.get_layout_engine()
    if engine is not None:
        below = (2.5 + 2.5 * len(lines)) / height
        engine.set(rect=(0.01, below, 0.98, 1 - below - 2 / height))


def date_number(times: Any) -> Any:
    """Dates as matplotlib's days."""
    return date2num(times)  # type: ignore[no-untyped-call]


def date_axis(axes: Axes) -> None:
    """Dates along the horizontal axis, in few words."""
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def frame_bar(bar: Any) -> None:
    """A colour bar with a thin frame and small figures."""
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7, width=0.5, length=2.5)


def save(picture: Picture, folder: Path, wish: Wish) -> list[Path]:
    """Write a figure in every format asked for."""
    paths = []
    for kind in wish.formats:
        path = folder / f"{picture.stem}.{kind}"
        about: dict[str, Any] = {"Title": picture.title}
        about |= {"Software": software()} if kind == "png" else {"Creator": software(), "CreationDate": None}
        with whole_file(path) as temporary:
            picture.figure.savefig(temporary, format=kind, dpi=wish.dpi, metadata=about)
        paths.append(path)
    return paths


def reduced(layer: xr.DataArray, masked: Masked | None = None, most: int = _MOST) -> tuple[Floats, int]:
    """A layer (y, x) at no more than so many rows and columns, and how many pixels were joined in each direction.

    Means of blocks of pixels with a value, read a few rows at a time.
    """
    rows, columns = layer.sizes["y"], layer.sizes["x"]
    k = max(1, -(-max(rows, columns) // most))
    height = max(k, 4_000_000 // columns // k * k)
    parts = []
    for first in range(0, rows, height):
        part = slice(first, min(first + height, rows))
        values = np.asarray(layer.isel(y=part).values, np.float32)
        kept = masked.kept(part) if masked is not None else None
        if kept is not None:
            values = np.where(kept, values, np.float32(np.nan))
        parts.append(values if k == 1 else _joined(values, k))
    return np.concatenate(parts), k


def _joined(values: Floats, k: int) -> Floats:
    rows, columns = (-(-n // k) * k for n in values.shape)
    padded = np.full((rows, columns), np.nan, np.float32)
    padded[: values.shape[0], : values.shape[1]] = values
    blocks = padded.reshape(rows // k, k, columns // k, k)
    valid = np.isfinite(blocks)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, blocks, 0).sum(axis=(1, 3), dtype=float)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def when(date: str) -> str:
    """YYYYMMDD as YYYY-MM-DD."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def provenance(results: Results, array: xr.DataArray, masked: Masked | None) -> str:
    """Where the values come from, in one line."""
    point = results.reference_point
    parts = [f"{results.work_dir.name}/{Path(str(array.attrs.get('source', ''))).name}"]
    if results.dates:
        parts.append(f"{len(results.dates)} dates, {when(results.dates[0])} to {when(results.dates[-1])}")
    if str(array.attrs.get("units")) in {"m", "m/year"} and not str(array.name).startswith(
        ("height", "demErr")
    ):
        if point:
            parts.append(f"zero at {abs(point['lat']):.4f}°{_side(point['lat'], 'NS')} "
                         f"{abs(point['lon']):.4f}°{_side(point['lon'], 'EW')}")  # fmt: skip
        if array.ndim == 3 or "date" in array.coords:
            parts.append(f"and on {when(results.reference_date)}" if results.reference_date else "")
    parts.append(f"mask: {masked.words}" if masked is not None and masked.words else "no mask")
    parts.append(software())
    return " · ".join(filter(None, parts))


def _side(value: float, names: str) -> str:
    return names[0] if value >= 0 else names[1]
