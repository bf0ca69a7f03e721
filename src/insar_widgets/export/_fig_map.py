"""Maps at print quality: values over relief, with scale, north, line of sight, colour bar and reference point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LightSource, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from pyproj import Geod

from insar_widgets.export._fig_base import (
    FAINT,
    INK,
    MARKERS,
    MM,
    SERIES,
    Picture,
    Wish,
    caption,
    caption_lines,
    frame_bar,
    heading,
    new_figure,
    provenance,
    reduced,
    when,
)
from insar_widgets.export._look import MASK_COLOURS, Look, look_of
from insar_widgets.export._values import Masked
from insar_widgets.results import Grid, Results

Floats = npt.NDArray[Any]
_GEOD = Geod(ellps="WGS84")
_HALO = [effects.withStroke(linewidth=2.2, foreground="white")]


def draw_map(
    results: Results, array: xr.DataArray, stem: str, wish: Wish, *, title: str = "", look: Look | None = None
) -> Picture:
    """Figure of a layer (y, x)."""
    masked = Masked(results, wish.mask) if wish.mask is not None else None
    values, _ = reduced(array, masked)
    look = (look or look_of(results, array, vmin=wish.vmin, vmax=wish.vmax, colormap=wish.colormap)).in_units(
        wish.units
    )
    grid = Grid.from_array(array)
    aspect = _aspect(grid)
    words = title or look.title
    told = provenance(results, array, masked)
    lines = len(caption_lines(told, wish.width))
    title_text = heading(words, wish.width - 15)
    left, right, top, bottom = 13.0, 22.0, 5.0 + 4 * (title_text.count("\n") + 1), 20.0 + 2.5 * lines
    width = wish.width - left - right
    height = width * aspect
    if height > 210:
        width, height = width * 210 / height, 210.0
    total = height + top + bottom
    figure = new_figure(wish.width, total)
    axes = figure.add_axes((left / wish.width, bottom / total, width / wish.width, height / total))
    if array.dtype == bool:
        look = replace(look, colormap="mask")
    draw_values(axes, results, grid, values, look)
    draw_marks(axes, results, grid, wish, reference=_is_relative(array))
    _degree_axes(axes, grid)
    axes.set_title(title_text, fontsize=9, loc="left", color=INK, pad=5)
    if array.dtype == bool:
        _two_colours(axes)
    else:
        place = (left + width + 3.5) / wish.width, bottom / total, 3.2 / wish.width, height / total
        colour_bar(figure, figure.add_axes(place), look)
    _furniture(figure, results, grid, left=left, width=width, above=3.5 + 2.5 * lines)
    caption(figure, told)
    return Picture(stem, words, figure)


def _two_colours(axes: Axes) -> None:
    """Legend of a mask."""
    parts = [Patch(fc=MASK_COLOURS[1], ec=INK, lw=0.4, label="kept"),
             Patch(fc=MASK_COLOURS[0], ec=INK, lw=0.4, label="left out")]  # fmt: skip
    axes.legend(
        handles=parts, fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0
    )


def draw_values(
    axes: Axes, results: Results, grid: Grid, values: Floats, look: Look, *, relief: bool = True
) -> None:
    """Values over the shaded relief of the heights, which shows where there is no value."""
    extent = (grid.x_first, grid.x_first + grid.columns * grid.x_step,
              grid.y_first + grid.rows * grid.y_step, grid.y_first)  # fmt: skip
    shade = _relief(results, grid) if relief else None
    if shade is not None:
        axes.imshow(
            shade, extent=extent, cmap="gray", vmin=-0.4, vmax=1.1, interpolation="bilinear", aspect="auto"
        )
    else:
        axes.set_facecolor("#e6e8ea")
    axes.imshow(look.rgba(values), extent=extent, interpolation="nearest", aspect="auto")
    axes.set(xlim=extent[:2], ylim=extent[2:])
    for spine in axes.spines.values():
        spine.set(linewidth=0.6, color=INK)


def draw_marks(axes: Axes, results: Results, grid: Grid, wish: Wish, *, reference: bool) -> None:
    """Reference point, points and transect."""
    point = results.reference_point
    if reference and point is not None:
        x, y = _xy(grid, point["lon"], point["lat"])
        axes.plot(x, y, "*", ms=9, mfc="black", mec="white", mew=0.8, zorder=5)
        axes.annotate(
            "Ref", (x, y), (5, 4), textcoords="offset points", fontsize=7, path_effects=_HALO, zorder=5
        )
    if wish.transect:
        x, y = _xy(grid, *np.array(wish.transect).T)
        axes.plot(x, y, "-", color="black", lw=1.2, path_effects=_HALO, zorder=4)
        for text, i in (("A", 0), ("B", -1)):
            axes.annotate(text, (x[i], y[i]), (3, 3), textcoords="offset points", fontsize=8, weight="bold",
                          path_effects=_HALO, zorder=6)  # fmt: skip
    for i, place in enumerate(wish.points):
        x, y = _xy(grid, place["lon"], place["lat"])
        colour = str(place.get("color") or SERIES[i % len(SERIES)])
        axes.plot(x, y, MARKERS[i % len(MARKERS)], ms=5.5, mfc=colour, mec="white", mew=0.9, zorder=6)
        axes.annotate(str(place.get("label") or i + 1), (x, y), (5, -8), textcoords="offset points", fontsize=7,
                      path_effects=_HALO, zorder=6)  # fmt: skip


def colour_bar(figure: Figure, axes: Axes, look: Look, *, horizontal: bool = False) -> None:
    """Colour bar with unit; arrows where values lie beyond the range."""
    low, high = (-look.wrap / 2, look.wrap / 2) if look.wrap else (look.low, look.high)
    mappable = ScalarMappable(Normalize(low * look.factor, high * look.factor), look.cmap)
    bounded = look.wrap or (look.low == 0 and look.high == 1)
    bar = figure.colorbar(
        mappable,
        cax=axes,
        extend="neither" if bounded else "both",
        orientation="horizontal" if horizontal else "vertical",
    )
    frame_bar(bar)
    bar.locator = MaxNLocator(7)
    bar.update_ticks()
    bar.set_label(look.label, fontsize=8)


def _is_relative(array: xr.DataArray) -> bool:
    name = str(array.name)
    return str(array.attrs.get("units")) in {"m", "m/year"} and not name.startswith(
        ("height", "demErr", "slant")
    )


def _aspect(grid: Grid) -> float:
    height, width = grid.pixel_size()
    return grid.rows * height / (grid.columns * width)


def _xy(grid: Grid, lon: Any, lat: Any) -> tuple[Floats, Floats]:
    row, column = grid.indices(lon, lat)
    return grid.x_first + column * grid.x_step, grid.y_first + row * grid.y_step


def _relief(results: Results, grid: Grid) -> Floats | None:
    if "height" not in results.layers or not Grid.from_array(results["height"]).matches(grid):
        return None
    heights, k = reduced(results["height"])
    if not np.isfinite(heights).any():
        return None
    dy, dx = (step * k for step in grid.pixel_size())
    filled = np.where(np.isfinite(heights), heights, np.nanmean(heights))
    exaggeration = 2.0
    return np.asarray(LightSource(315, 45).hillshade(filled, vert_exag=exaggeration, dx=dx, dy=dy))


def _degree_axes(axes: Axes, grid: Grid) -> None:
    """Longitude along the lower edge and latitude along the left one, true there to the width of the line."""
    west, south, east, north = grid.bounds()
    along = np.linspace(0, 1, 400)
    lon, _ = grid.lonlat(np.full(400, grid.rows), along * grid.columns)
    _, lat = grid.lonlat(along * grid.rows, np.zeros(400))
    lon = lon[0] + (lon - lon[0] + 180) % 360 - 180
    for axis, low, high, known, first, length, names in (
        (axes.xaxis, west, east, lon, grid.x_first, grid.columns * grid.x_step, "EW"),
        (axes.yaxis, south, north, lat, grid.y_first, grid.rows * grid.y_step, "NS"),
    ):
        ticks: Floats = np.asarray(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
        ticks = ticks[(ticks >= known.min()) & (ticks <= known.max())]
        order = np.argsort(known)
        digits = max(0, -int(np.floor(np.log10(np.diff(ticks).min() * 1.0001)))) if len(ticks) > 1 else 3
        digits += int(len(ticks) > 1 and not np.allclose(ticks, np.round(ticks, digits)))
        shown = (ticks + 180) % 360 - 180 if names == "EW" else ticks
        labels = [f"{abs(t):.{digits}f}°{names[0] if t >= 0 else names[1]}" for t in shown]
        axis.set_ticks(first + np.interp(ticks, known[order], along[order]) * length, labels)
    axes.tick_params(labelsize=7, width=0.6, length=3, colors=INK)
    for label in axes.get_yticklabels():
        label.set(rotation=90, va="center")


def _furniture(
    figure: Figure, results: Results, grid: Grid, *, left: float, width: float, above: float
) -> None:
    """Scale bar, north and line of sight below the map, in millimetres from the lower edge."""
    page, total = (float(v) / MM for v in figure.get_size_inches())
    long_page = page - left - 2
    axes = figure.add_axes((left / page, above / total, long_page / page, 10 / total))
    axes.set(xlim=(0, long_page), ylim=(0, 10))
    axes.axis("off")
    gap = 19.0 if page > 130 else 12.0
    metres = grid.columns * grid.pixel_size()[1]
    length = _nice(metres * max(0.2, 14 / width))
    long = length / metres * width
    axes.plot([0, 0, long, long], [5.0, 4.0, 4.0, 5.0], color=INK, lw=1.0, solid_joinstyle="miter")
    axes.text(
        long / 2, 4.6, f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m", fontsize=7, ha="center"
    )
    east, north = _north(grid)
    x = long + 0.75 * gap
    up = np.array([east, north])
    _arrow(axes, np.array([x, 5.0]) - 4.6 * up, np.array([x, 5.0]) + 4.6 * up, 0.9)
    axes.text(x + 2.2, 3.9, "N", fontsize=8, weight="bold")
    _line_of_sight(axes, results, (east, north), x + gap)


def _arrow(axes: Axes, start: Floats, end: Floats, width: float) -> None:
    look = {
        "arrowstyle": "-|>,head_width=0.16,head_length=0.34",
        "lw": width,
        "color": INK,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    tip, tail = ((float(v[0]), float(v[1])) for v in (end, start))
    axes.annotate("", tip, tail, arrowprops=look)


def _line_of_sight(axes: Axes, results: Results, up: tuple[float, float], x: float) -> None:
    """The flight as a long arrow and the look as a short one, from the angles of the middle of the frame."""
    if "azimuthAngle" not in results.layers or "incidenceAngle" not in results.layers:
        return
    azimuth, incidence = (_middle(results[name]) for name in ("azimuthAngle", "incidenceAngle"))
    if not np.isfinite(azimuth + incidence):
        return
    # azimuthAngle points from the ground to the sensor, from north and anti-clockwise positive
    angle = np.radians(azimuth)
    turn = np.array([[up[1], up[0]], [-up[0], up[1]]])
    look = turn @ np.array([np.sin(angle), -np.cos(angle)])
    right = float(results.metadata.get("ANTENNA_SIDE", "-1")) < 0
    flight = np.array([-look[1], look[0]]) * (1 if right else -1)
    middle = np.array([x, 5.0])
    _arrow(axes, middle - 4.6 * flight, middle + 4.6 * flight, 0.8)
    _arrow(axes, middle, middle + 4.6 * look, 1.3)
    orbit = {"ASCENDING": "ascending", "DESCENDING": "descending"}.get(
        str(results.metadata.get("ORBIT_DIRECTION", "")).upper(), "flight"
    )
    axes.text(x + 8, 5.4, f"{orbit}, looks {_compass(azimuth + 180)}", fontsize=7, va="bottom")
    axes.text(x + 8, 4.6, f"incidence {incidence:.0f}° in the middle", fontsize=6, va="top", color=FAINT)


def _compass(azimuth: float) -> str:
    """Direction of an azimuth from north, anti-clockwise, such as ENE."""
    names = (
        "N",
        "NNE",
        "NE",
        "ENE",
        "E",
        "ESE",
        "SE",
        "SSE",
        "S",
        "SSW",
        "SW",
        "WSW",
        "W",
        "WNW",
        "NW",
        "NNW",
    )
    return names[round((-azimuth % 360) / 22.5) % 16]


def _middle(layer: xr.DataArray) -> float:
    """Mean over the rows in the middle that have values."""
    rows = layer.sizes["y"]
    values = layer.isel(y=slice(rows // 2 - rows // 8, rows // 2 + rows // 8 + 1, max(1, rows // 64))).values
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _north(grid: Grid) -> tuple[float, float]:
    """Direction of north on the page in the middle of the frame, a unit vector."""
    lon, lat = (float(v) for v in grid.lonlat(grid.rows / 2, grid.columns / 2))
    x, y = _xy(grid, [lon, lon], [lat - 0.01, lat + 0.01])
    if grid.crs.is_geographic:
        return 0.0, 1.0
    direction = np.array([x[1] - x[0], y[1] - y[0]])
    direction /= np.hypot(*direction)
    return float(direction[0]), float(direction[1])


def _nice(length: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10 ** np.floor(np.log10(length))
    return float(max(n * power for n in (1, 2, 5) if n * power <= length * 1.0001))


def draw_epochs(results: Results, array: xr.DataArray, wish: Wish) -> list[Picture]:
    """All dates of a series in the same colours, in as many figures as it takes."""
    masked = Masked(results, wish.mask) if wish.mask is not None else None
    look = look_of(results, array, vmin=wish.vmin, vmax=wish.vmax, colormap=wish.colormap).in_units(
        wish.units
    )
    grid = Grid.from_array(array)
    days = [str(d).replace("-", "") for d in array["date"].values.astype("datetime64[D]")]
    most = max(2, int((wish.width - 6) // 25))
    columns = min(most, 6 if len(days) > 12 else 4 if len(days) > 4 else len(days))
    cell = (wish.width - 6) / columns
    each = cell * _aspect(grid) + 4.5
    rows = max(1, int(235 // each))
    per_page = rows * columns
    pages = [days[i : i + per_page] for i in range(0, len(days), per_page)]
    pictures = []
    told = provenance(results, array, masked)
    below = 16.0 + 2.5 * len(caption_lines(told, wish.width))
    for number, page in enumerate(pages):
        used = -(-len(page) // columns)
        title = look.title + (f", {number + 1} of {len(pages)}" if len(pages) > 1 else "")
        title_text = heading(title, wish.width - 6)
        top = 6.0 + 4 * (title_text.count("\n") + 1)
        total = used * each + top + below
        figure = new_figure(wish.width, total)
        for i, day in enumerate(page):
            row, column = divmod(i, columns)
            place = (
                (3 + column * cell + 0.6) / wish.width,
                1 - (top + (row + 1) * each) / total,
                (cell - 1.2) / wish.width,
                (each - 4.5) / total,
            )
            axes = figure.add_axes(place)
            layer = array.isel(date=number * per_page + i)
            values, _ = reduced(layer, masked, 420)
            draw_values(axes, results, grid, values, look, relief=False)
            axes.set(xticks=[], yticks=[])
            is_reference = day == results.reference_date
            axes.set_title(when(day) + (" (ref.)" if is_reference else ""), fontsize=6, pad=2,
                           weight="bold" if is_reference else "normal")  # fmt: skip
            if not np.isfinite(values).any():
                axes.text(
                    0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", fontsize=6
                )
        bar = figure.add_axes((0.25, (below - 4) / total, 0.5, 2.2 / total))
        colour_bar(figure, bar, look, horizontal=True)
        figure.text(3 / wish.width, 1 - 3 / total, title_text, fontsize=9, va="top", color=INK)
        caption(figure, told)
        pictures.append(Picture(f"epochs{f'_{number + 1}' if len(pages) > 1 else ''}", title, figure))
    return pictures
