"""Figures at print quality: maps, all epochs, network, series and transects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from insar_widgets.errors import ExportError, ResultsError
from insar_widgets.export._fig_base import Picture, Wish, save
from insar_widgets.export._fig_charts import draw_series, draw_transect, strongest
from insar_widgets.export._fig_map import draw_epochs, draw_map
from insar_widgets.export._fig_network import (
    draw_coherence_history,
    draw_coherence_matrix,
    draw_network,
    draw_residual_rms,
)
from insar_widgets.export._job import Job, Progress
from insar_widgets.export._look import look_of
from insar_widgets.export._values import Mask, Masked, factor
from insar_widgets.export.gnss import export_gnss_figure
from insar_widgets.results import Grid, Results

__all__ = ["FIGURES", "export_figures"]

FIGURES: dict[str, str] = {
    "velocity": "velocity with reference point, points and transect",
    "velocity_std": "standard deviation of velocity",
    "cumulative": "cumulative displacement of the last date",
    "fringes": "cumulative displacement of the last date, wrapped at half the wavelength",
    "epochs": "displacement of every date",
    "temporal_coherence": "temporal coherence",
    "spatial_coherence": "average spatial coherence",
    "mask": "reliable pixels",
    "height": "height",
    "dem_error": "DEM error",
    "network": "network of interferograms over time and baseline",
    "coherence_matrix": "mean coherence of each pair",
    "coherence_history": "mean coherence of each date",
    "residual_rms": "residual of each date",
    "series": "displacement over time at points",
    "transect": "profile along a line",
    "gnss": "velocity with GNSS stations",
}
"""Name of each figure and what it shows."""
_LAYERS = {
    "velocity": "velocity", "velocity_std": "velocityStd", "temporal_coherence": "temporalCoherence",
    "spatial_coherence": "avgSpatialCoh", "mask": "maskTempCoh", "height": "height", "dem_error": "demErr",
}  # fmt: skip
_FORMATS = ("png", "pdf", "svg")
_MASKED = {"velocity", "velocity_std", "cumulative", "fringes", "epochs"}


def export_figures(
    results: Results,
    out: str | Path,
    figures: Sequence[str] | None = None,
    *,
    formats: Sequence[str] = ("png", "pdf"),
    dpi: int = 300,
    width: float = 180.0,
    units: str = "mm",
    mask: Mask | Literal["reliable"] = "reliable",
    vmin: float | None = None,
    vmax: float | None = None,
    colormap: str | None = None,
    points: Sequence[Mapping[str, Any]] | None = None,
    transect: Sequence[Sequence[float]] | None = None,
    swath: float = 0.0,
    name: str | None = None,
    comparison: Any = None,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Draw figures for print into the folder ``plots``.

    Parameters
    ----------
    results
        Opened results.
    out
        Folder in which ``plots`` is made, or a folder of that name itself.
    figures
        Names in `FIGURES`; all that the results allow if not given.
    formats
        Any of ``"png"``, ``"pdf"``, ``"svg"``.
    dpi
        Dots per inch, of the maps within a PDF too.
    width
        Width of the page in millimetres; 180 fills the text of an A4 page, 85 a column.
    units
        ``"m"``, ``"cm"`` or ``"mm"`` for displacement and velocity.
    mask
        As of `export_displacement`, for maps of displacement and velocity; ``"reliable"`` takes ``maskTempCoh``.
    vmin, vmax
        Range of the velocity map in m/year; from the data if not given.
    colormap
        Of displacement and velocity; that of the maps if not given.
    points
        Places ``{"lon", "lat", "label", "color", "radius"}`` for the chart of series; the reliable pixel that moves
        most if not given, which is noted.
    transect
        Line ``[[lon, lat], ...]`` in degrees; from west to east through the first point if not given, which is noted.
    swath
        Width of the transect in metres.
    name
        Series to draw; the most corrected one if not given.
    comparison
        A `Comparison` of `compare_gnss`, for the figure ``"gnss"``.
    on_progress, cancelled, notes
        See `export_displacement`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ExportError
        A parameter is not possible, a figure asked for by name cannot be drawn, or a file could not be written.
    CancelledError
        If `cancelled` was set; complete files are kept.
    """
    job = Job(on_progress, cancelled)
    if notes is not None:
        job.notes = notes
    factor(units)
    for known, given, what in ((FIGURES, figures or (), "figure"), (_FORMATS, formats, "format")):
        for one in given:
            if one not in known:
                raise ExportError(f"There is no {what} {one!r}; choose from {', '.join(known)}.")
    if not (20 <= dpi <= 1200) or not (60 <= width <= 1000):
        raise ExportError("Give 20 to 1200 dots per inch and a width of 60 to 1000 mm.")
    if mask == "reliable":
        mask = "maskTempCoh" if "maskTempCoh" in results.layers else None
    Masked(results, mask)
    wish = Wish(
        units=units, mask=mask, vmin=vmin, vmax=vmax, colormap=colormap, width=width, dpi=dpi, formats=tuple(formats),
        points=tuple(dict(p) for p in points or ()), transect=tuple((float(v[0]), float(v[1])) for v in transect or ()),
        swath=swath, comparison=comparison, name=name, notes=job.notes,
    )  # fmt: skip
    folder = Path(out) if Path(out).name == "plots" else Path(out) / "plots"
    wanted = list(dict.fromkeys(figures)) if figures else list(FIGURES)
    job.total = len(wanted)
    wish = with_places(results, wish, wanted)
    paths: list[Path] = []
    for one in wanted:
        job.check()
        try:
            if one == "gnss":
                paths += _gnss(results, folder, wish)
            for picture in draw_figure(results, one, wish):
                paths += save(picture, folder, wish)
        except ResultsError as error:
            if figures:
                raise ExportError(f"The figure {one} cannot be drawn: {error}") from error
            job.notes.append(f"The figure {one} was left out: {error}")
        job.step(1, FIGURES[one])
    return paths


def with_places(results: Results, wish: Wish, wanted: Sequence[str]) -> Wish:
    """The wish with a point and a line where none is given."""
    if not {"velocity", "series", "transect"} & set(wanted) or "velocity" not in results.layers:
        return wish
    if not wish.points and {"series", "transect"} & set(wanted):
        lon, lat = strongest(results, results["velocity"])
        place = f"{lon:.4f}°, {lat:.4f}°".replace("-", "−")
        wish.notes.append(
            f"No points were given; the series is that of the pixel that moves most, {place} (longitude, latitude)."
        )
        wish = replace(wish, points=({"lon": lon, "lat": lat, "label": "largest motion"},))
    if not wish.transect and "transect" in wanted:
        west, _, east, _ = Grid.from_array(results["velocity"]).bounds()
        lat, edge = float(wish.points[0]["lat"]), (east - west) * 0.03
        wish.notes.append(
            f"No transect was given; it goes from west to east along latitude {lat:.4f}°.".replace("-", "−")
        )
        wish = replace(wish, transect=((west + edge, lat), (east - edge, lat)))
    return wish


def _series(results: Results, wish: Wish) -> xr.DataArray:
    return results.timeseries if wish.name is None else results[wish.name]


_PLAIN: dict[str, Callable[[Results, Wish], list[Picture]]] = {
    "network": draw_network,
    "coherence_matrix": draw_coherence_matrix,
    "coherence_history": draw_coherence_history,
    "residual_rms": draw_residual_rms,
}


def draw_figure(results: Results, one: str, wish: Wish) -> list[Picture]:
    """The pages of a figure by its name in `FIGURES`."""
    if one in _PLAIN:
        return _PLAIN[one](results, wish)
    if one == "gnss":
        return []
    wish = _for_figure(one, wish)
    if one in _LAYERS:
        return [draw_map(results, results[_LAYERS[one]], one, wish)]
    if one == "transect":
        return draw_transect(results, results["velocity"], wish)
    array = _series(results, wish)
    if one in {"epochs", "series"}:
        return draw_epochs(results, array, wish) if one == "epochs" else draw_series(results, array, wish)
    return [_draw_last(results, array, one, wish)]


def _for_figure(one: str, wish: Wish) -> Wish:
    """The wish without what is not meant for this figure."""
    if one not in _MASKED:
        wish = replace(wish, mask=None)
    if one != "velocity":
        wish = replace(wish, vmin=None, vmax=None)
    if one not in {"velocity", "cumulative", "fringes", "epochs"}:
        wish = replace(wish, colormap=None)
    if one not in {"velocity", "cumulative", "series", "transect"}:
        wish = replace(wish, points=())
    return wish if one in {"velocity", "transect"} else replace(wish, transect=())


def _draw_last(results: Results, array: xr.DataArray, one: str, wish: Wish) -> Picture:
    """The last date, relative to the reference date, or to the first one where the last is the reference."""
    last, first = array.isel(date=-1), array.isel(date=0)
    since = results.reference_date or _day(first)
    if since == _day(last):
        last = (last - first).assign_attrs(array.attrs).rename(array.name)
        since = _day(first)
    title = f"LOS displacement from {_iso(since)} to {_iso(_day(array.isel(date=-1)))}"
    look = look_of(results, last, colormap=wish.colormap)
    if one == "fringes":
        look = replace(look, wrap=results.wavelength / 2, colormap="romaO", reverse=False)
        title += f", one turn of the colours is {results.wavelength / 2 * 1e3:.1f} mm"
    return draw_map(results, last, one, wish, title=title, look=look)


def _day(layer: xr.DataArray) -> str:
    return str(layer["date"].values.astype("datetime64[D]")).replace("-", "")


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _gnss(results: Results, folder: Path, wish: Wish) -> list[Path]:
    """Velocity with the stations, where there is a comparison."""
    if wish.comparison is None:
        return []
    return [
        export_gnss_figure(
            results,
            wish.comparison,
            folder / f"gnss.{kind}",
            dpi=wish.dpi,
            width=wish.width,
            **gnss_mask(wish),
        )
        for kind in wish.formats
    ]


def gnss_mask(wish: Wish) -> dict[str, Any]:
    """The mask of a figure as `export_gnss_figure` takes it: a layer's name, or its own one."""
    return {"mask": wish.mask} if wish.mask is None or isinstance(wish.mask, str) else {}
