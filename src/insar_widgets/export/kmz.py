"""KMZ for Google Earth: in the right place, tiled where it is large, with legend and time slider."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from PIL import Image

from insar_widgets.errors import ExportError
from insar_widgets.export import _kml
from insar_widgets.export._geotiff import MEMORY
from insar_widgets.export._job import Job, Progress, fingerprint, whole_file
from insar_widgets.export._legend import draw_colour_bar
from insar_widgets.export._look import Look, look_of
from insar_widgets.export._overlay import TILE, Overlay, Places, Read, tiles
from insar_widgets.export._values import SIGN, Mask, Masked, common_tags, software, stamp, value_at
from insar_widgets.export.rasters import Dates, Series, layer_file_name
from insar_widgets.results import Grid, Results

__all__ = ["export_kmz"]

Floats = npt.NDArray[Any]
_SERIES_SIZE = 2048
_LEAVE = 640  # a tile gives way to the finer ones below it from that many pixels on the screen


def export_kmz(
    results: Results,
    out: str | Path,
    layer: str | None = None,
    *,
    dates: Dates = None,
    units: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    colormap: str | None = None,
    wrap: float | None = None,
    reverse: bool = False,
    mask: Mask | Literal["reliable"] = "reliable",
    reference_date: str | None = None,
    reference_point: Mapping[str, float] | None = None,
    max_size: int | None = None,
    memory: int = MEMORY,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write a layer, or a series with a time slider, for Google Earth.

    The picture is made on a grid of longitude and latitude from the values themselves, so it lies where it belongs:
    each value is shown at most half a pixel of the data in each direction (0.71 pixel in all) from its place. Pictures
    larger than 512 pixels are a pyramid of tiles of which Google Earth loads what is looked at.

    Parameters
    ----------
    results
        Opened results.
    out
        A folder, or the name of the file with ``.kmz``.
    layer
        One of `Results.layers`; velocity if not given, or the series where there is none yet. A series of displacement
        becomes a picture for each date on the time slider.
    dates, reference_date
        For a series; see `export_displacement`.
    reference_point
        For a series or a velocity; see `export_displacement`.
    units
        ``"m"``, ``"cm"`` or ``"mm"`` of the legend; millimetres for displacement and velocity if not given.
    vmin, vmax
        Values of the first and the last colour in the unit of the data (m, m/year), the same for all dates; from the
        data if not given.
    colormap
        Name of a colour table of the maps; that of the maps if not given.
    reverse
        Turn the colour table around that was given.
    wrap
        Value of one turn of the colours in the unit of the data, 0 in its middle, for fringes as on the map.
    mask
        As of `export_displacement`; ``"reliable"`` takes MintPy's ``maskTempCoh`` for displacement and velocity.
    max_size
        Most rows or columns of a picture at its finest. A series has at most 2048 if not given (noted where that makes
        it coarser), a layer has all of its pixels.
    memory
        Bytes that the values being worked on may take.
    on_progress, cancelled, notes
        See `export_displacement`.

    Returns
    -------
    list of Path
        The file. One that is there, made from the same data in the same way, is kept.

    Raises
    ------
    ExportError
        A parameter is not possible, or the file could not be written; nothing half-written is left.
    CancelledError
        If `cancelled` was set.
    """
    job = Job(on_progress, cancelled)
    if notes is not None:
        job.notes = notes
    name = layer or ("velocity" if "velocity" in results.layers else str(results.timeseries.name))
    array = results[name]
    if max_size is not None and max_size < 1:
        raise ExportError(f"A picture of {max_size} pixels is not possible; give at least 1.")
    source = _Source(results, array, _mask(results, array, mask), reference_date, reference_point)
    look = look_of(results, array, vmin=vmin, vmax=vmax, colormap=colormap).in_units(units)
    if wrap is not None:
        if not (np.isfinite(wrap) and wrap > 0):
            raise ExportError(f"A turn of the colours of {wrap} is not possible; give more than 0.")
        look = replace(look, wrap=float(wrap), colormap=colormap or "romaO", reverse=False)
    if colormap is not None:
        look = replace(look, reverse=reverse)
    target = Path(out)
    if target.suffix.lower() != ".kmz":
        target = target / f"{'displacement' if source.is_series else layer_file_name(results, name)}.kmz"
    chosen = source.chosen(dates)
    overlay = Overlay.of(Grid.from_array(array))
    dropped = _levels_dropped(overlay, max_size, source.is_series, len(chosen), job)
    content = [
        source.mark,
        name,
        chosen,
        [look.colormap, look.low, look.high, look.units, look.wrap],
        dropped,
    ]
    mark = fingerprint({"kmz": content})
    if _is_there(target, mark):
        job.notes.append(f"{target.name} was there already, made from the same data, and was kept.")
        return [target]
    with whole_file(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.comment = mark.encode()
        _write(
            _Archive(archive, job), source, chosen, look=look, overlay=overlay, dropped=dropped, memory=memory
        )
    return [target]


def _mask(results: Results, array: xr.DataArray, mask: Any) -> Any:
    if isinstance(mask, str) and mask == "reliable":
        moves = str(array.attrs.get("units")) in {"m", "m/year"} and not str(array.name).startswith("height")
        return "maskTempCoh" if moves and "maskTempCoh" in results.layers else None
    return mask


def _levels_dropped(overlay: Overlay, most: int | None, is_series: bool, dates: int, job: Job) -> int:
    """How many of the finest levels are left out."""
    limit = most or (_SERIES_SIZE if is_series and dates > 1 else None)
    if limit is None:
        return 0
    size = max(overlay.rows, overlay.columns)
    dropped = max(0, int(np.ceil(np.log2(size / limit))))
    if dropped and most is None:
        job.notes.append(
            f"Each pixel of the pictures is the mean of {2**dropped} x {2**dropped} of the data: a series is at most "
            f"{_SERIES_SIZE} across, so that Google Earth stays quick. Give max_size for more."
        )
    return dropped


def _is_there(target: Path, mark: str) -> bool:
    try:
        with zipfile.ZipFile(target) as archive:
            return archive.comment == mark.encode()
    except (OSError, zipfile.BadZipFile):
        return False


class _Archive:
    """The KMZ being written."""

    def __init__(self, archive: zipfile.ZipFile, job: Job) -> None:
        self._archive = archive
        self.job = job

    def text(self, name: str, content: str) -> None:
        self._archive.writestr(name, content, zipfile.ZIP_DEFLATED)

    def bytes(self, name: str, content: bytes) -> None:
        self._archive.writestr(name, content, zipfile.ZIP_STORED)


class _Source:
    """Values of a layer, or of each date of a series, masked and relative to what is asked for."""

    def __init__(
        self,
        results: Results,
        array: xr.DataArray,
        mask: Mask,
        reference_date: str | None,
        reference_point: Mapping[str, float] | None,
    ) -> None:
        self.results, self.array = results, array
        self.is_series = array.ndim == 3
        self._masked = Masked(results, mask)
        self._series = (
            Series(results, str(array.name), mask, reference_date, reference_point)
            if self.is_series
            else None
        )
        self._relative = self._series.compute_unmasked() if self._series else None
        self.tags = common_tags(results, array, self._masked) | (self._series.tags if self._series else {})
        moved = dict(reference_point) if reference_point and not self.is_series else None
        self._offset = np.float32(value_at(array, moved)) if moved else np.float32(0)
        if moved:
            self.tags |= {"REFERENCE_LON": str(moved["lon"]), "REFERENCE_LAT": str(moved["lat"])}
        self.mark: Any = self._series.mark if self._series else [stamp(array), self._masked.mark, moved]

    def chosen(self, dates: Dates) -> list[tuple[int, str]]:
        """Index and date of each picture; a layer has one without date."""
        return self._series.chosen(dates) if self._series else [(0, "")]

    def reader(self, index: int) -> Read:
        """Function from rows and columns to values of a date."""
        relative: Callable[[Floats, int, slice], Floats] | None = self._relative

        def read(rows: slice, columns: slice) -> Floats:
            if relative is None:
                values = np.asarray(self.array.isel(y=rows, x=columns).values, np.float32) - self._offset
            else:
                block = self.array.isel(date=index, y=rows).values  # the reference is known by whole rows
                values = relative(block, index, rows)[:, columns]
            kept = self._masked.kept(rows)
            return values if kept is None else np.where(kept[:, columns], values, np.float32(np.nan))

        return read


def _write(
    archive: _Archive,
    source: _Source,
    chosen: list[tuple[int, str]],
    *,
    look: Look,
    overlay: Overlay,
    dropped: int,
    memory: int,
) -> None:
    coarsest = max(overlay.levels, dropped)
    finest = min(dropped, coarsest)
    spans = _spans([date for _, date in chosen])
    features = [_kml.screen_overlay("Legend", "legend.png"), _reference(source)]
    single = coarsest == finest
    used = tuple(-(-n // 2**coarsest) for n in (overlay.rows, overlay.columns)) if single else (TILE, TILE)
    north, _, _, west = overlay.box(coarsest, 0, 0)
    degrees = 2**coarsest * overlay.step_lat, 2**coarsest * overlay.step_lon
    whole = north, north - used[0] * degrees[0], west + used[1] * degrees[1], west
    for (_, date), span in zip(chosen, spans, strict=True):
        words = _iso(date) or look.title
        root = f"tiles/{date or 'layer'}/{coarsest}_0_0"
        features.append(
            _kml.ground_overlay(words, f"{root}.png", whole, order=1, span=span)
            if single
            else _kml.link(words, f"{root}.kml", whole, least=0, span=span)
        )
    archive.text(
        "doc.kml", _kml.document(look.title, _description(source, overlay, dropped), "".join(features))
    )
    archive.bytes("legend.png", draw_colour_bar(look, _legend_words(source)))
    places = Places(overlay, memory // 2)
    rows, columns = (-(-n // TILE) for n in (overlay.rows, overlay.columns))
    archive.job.total = max(1, rows * columns * len(chosen))
    for (index, date), span in zip(chosen, spans, strict=True):
        known: set[tuple[int, int, int]] = set()
        reader = _counted(source.reader(index), archive.job, _iso(date) or look.title)
        some = False
        for level, row, column, values in tiles(overlay, places, reader, coarsest):
            if level < finest:
                continue
            some = True
            known.add((level, row, column))
            stem = f"tiles/{date or 'layer'}/{level}_{row}_{column}"
            archive.bytes(f"{stem}.png", _png(values[: used[0], : used[1]], look))
            if not single:
                inner = [
                    (level - 1, 2 * row + i, 2 * column + j)
                    for i in (0, 1)
                    for j in (0, 1)
                    if (level - 1, 2 * row + i, 2 * column + j) in known
                ]
                archive.text(f"{stem}.kml", _tile(overlay, (level, row, column), inner, span, coarsest))
        if not some:  # a date without any value is on the slider all the same, empty
            archive.job.notes.append(f"{_iso(date) or look.title} has no value; its picture is empty.")
            stem = f"tiles/{date or 'layer'}/{coarsest}_0_0"
            archive.bytes(f"{stem}.png", _png(np.full(used, np.nan), look))
            if not single:
                archive.text(f"{stem}.kml", _tile(overlay, (coarsest, 0, 0), [], span, coarsest))


def _tile(
    overlay: Overlay, key: tuple[int, int, int], inner: list[tuple[int, int, int]], span: str, coarsest: int
) -> str:
    """A tile and the links to the finer ones within it, which take its place when it is seen large."""
    box = overlay.box(*key)
    name = "_".join(map(str, key))
    shown = _kml.region(box, least=0 if key[0] == coarsest else 256, most=_LEAVE if inner else -1)
    features = _kml.ground_overlay(
        name, f"{name}.png", box, order=coarsest - key[0] + 1, region=shown, span=span
    )
    for child in inner:
        href = "_".join(map(str, child))
        features += _kml.link(href, f"{href}.kml", overlay.box(*child), span=span)
    return _kml.document(name, "", features)


def _counted(read: Read, job: Job, words: str) -> Read:
    def counted(rows: slice, columns: slice) -> Floats:
        job.step(1, words)
        return read(rows, columns)

    return counted


def _png(values: Floats, look: Look) -> bytes:
    """A picture with a palette; its first colour is transparent."""
    place = look.place(values)
    # 255 colours are left beside the transparent one
    image = Image.fromarray(np.where(place < 0, 0, place.clip(0, 254) + 1).astype(np.uint8))
    image.putpalette(np.concatenate([np.zeros((1, 3), np.uint8), look.table[:255]]).tobytes())
    content = BytesIO()
    image.save(content, "PNG", transparency=0, optimize=False, compress_level=6)
    return content.getvalue()


def _spans(dates: list[str]) -> list[str]:
    """Each date lasts until the next one, the last as long as the one before it."""
    if len(dates) < 2:
        return [""] * len(dates)
    times = [datetime.strptime(date, "%Y%m%d") for date in dates]
    times.append(times[-1] + (times[-1] - times[-2]))
    form = "%Y-%m-%dT%H:%M:%SZ"
    return [
        _kml.time_span(f"{first:{form}}", f"{second - timedelta(seconds=1):{form}}")
        for first, second in pairwise(times)
    ]


def _reference(source: _Source) -> str:
    tags = source.tags
    if "REFERENCE_LON" not in tags or str(source.array.attrs.get("units")) not in {"m", "m/year"}:
        return ""
    words = f"Displacement is zero here at every date; reference date {_iso(tags.get('REFERENCE_DATE', '')) or 'none'}."
    return _kml.placemark(
        "Reference point", words, float(tags["REFERENCE_LON"]), float(tags["REFERENCE_LAT"])
    )


def _legend_words(source: _Source) -> str:
    tags = source.tags
    parts = [f"mask: {tags['MASK']}"]
    if str(source.array.attrs.get("units")) in {"m", "m/year"}:
        parts.insert(0, SIGN)
        parts.insert(
            1,
            f"zero at the reference point and on {_iso(tags.get('REFERENCE_DATE', '')) or 'the first date'}",
        )
    return "\n".join(parts)


def _description(source: _Source, overlay: Overlay, dropped: int) -> str:
    height, width = overlay.grid.pixel_size()
    scale = 2**dropped
    error = 0.5 * float(np.hypot(height, width)) * scale
    lines = [
        f"{source.tags.get('LONG_NAME', '')}, {source.tags.get('SOURCE_FILE', '')}.",
        f"Pixels of {width * scale:.0f} x {height * scale:.0f} m; a value is shown at most {error:.0f} m "
        f"({0.5 * 2**0.5:.2f} pixel) from its place.",
        _legend_words(source).replace("\n", "; ") + ".",
        f"Made by {software()} from {source.results.work_dir.name}.",
    ]
    return "\n".join(lines)


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if date else ""
