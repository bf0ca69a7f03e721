"""Points for GIS and tables: each pixel with velocity, its standard deviation and its series."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from insar_widgets.errors import ExportError
from insar_widgets.export._geotiff import MEMORY
from insar_widgets.export._job import Job, Progress, fingerprint, whole_file
from insar_widgets.export._look import look_of
from insar_widgets.export._points_files import FORMATS, Column, Table, Writer
from insar_widgets.export._points_select import inside, nearest_pixels
from insar_widgets.export._qml import point_style, write_style
from insar_widgets.export._values import SIGN, Mask, Masked, common_tags, factor, stamp
from insar_widgets.export.rasters import Dates, Series
from insar_widgets.results import Grid, Results

__all__ = ["export_points"]

Floats = npt.NDArray[Any]
Format = Literal["gpkg", "csv", "geojson"]
_MORE_LAYERS = (
    ("height", "height", "m", "height of the ground"),
    ("temporalCoherence", "coherence", "1", "temporal coherence"),
)


def export_points(
    results: Results,
    out: str | Path,
    *,
    points: Sequence[Mapping[str, Any]] | None = None,
    area: Sequence[Sequence[float]] | None = None,
    file_format: Format | None = None,
    series: bool = True,
    dates: Dates = None,
    name: str | None = None,
    units: str = "mm",
    mask: Mask | Literal["reliable"] = "reliable",
    crs: Any = 4326,
    reference_date: str | None = None,
    reference_point: Mapping[str, float] | None = None,
    memory: int = MEMORY,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write pixels as points, with their velocity, its standard deviation, height, coherence and series.

    The fields are those InSAR Explorer for QGIS looks for: ``velocity`` and one ``DYYYYMMDD`` a date. Besides them
    there are ``id``, ``lon``, ``lat`` (degrees WGS84, of the pixel's centre), ``velocity_std``, ``height`` (m) and
    ``coherence``, ``label`` for points that have one. Beside the file lie a style (``.qml``) with which QGIS colours
    velocity, and ``<file>.json``, which says unit and meaning of each field, reference, sign, mask and software.

    Parameters
    ----------
    results
        Opened results.
    out
        A file ending in ``.gpkg``, ``.csv`` or ``.geojson``, or a folder; in a folder it is named ``points``.
    points
        Places ``{"lon", "lat", "label"}`` whose pixels are written, such as the `points` of a map; None for all.
    area
        Polygon ``[[lon, lat], ...]`` in degrees; pixels whose centre is outside are left out.
    file_format
        ``"gpkg"``, ``"csv"`` or ``"geojson"``; as the name of the file says, else ``"gpkg"``.
    series
        Write the displacement of each date.
    dates, name, reference_date, reference_point
        See `export_displacement`.
    units
        ``"mm"``, ``"cm"`` or ``"m"`` for displacement; velocities are in the same a year.
    mask
        As of `export_displacement`; ``"reliable"`` takes MintPy's ``maskTempCoh``, or every pixel where there is none.
        A place that was asked for by `points` is written whatever the mask says.
    crs
        Reference system of the geometry; CSV has ``x`` and ``y`` in it unless it is WGS84, GeoJSON is always WGS84.
    memory
        Bytes that the values being worked on may take; more pixels are written in pieces.
    on_progress, cancelled, notes
        See `export_displacement`.

    Returns
    -------
    list of Path
        The file with the points, its style and its description. A file that is there, made from the same data in the
        same way, is kept.

    Raises
    ------
    ExportError
        A parameter is not possible, no pixel is left, or the file could not be written; nothing half-written is left.
    CancelledError
        If `cancelled` was set.
    """
    job = Job(on_progress, cancelled)
    if notes is not None:
        job.notes = notes
    target, kind = _target(Path(out), file_format)
    if kind == "geojson" and str(crs) not in {"4326", "EPSG:4326"}:
        job.notes.append(
            "GeoJSON is in WGS84 by its definition; the reference system asked for was not used."
        )
        crs = 4326
    if mask == "reliable":
        mask = "maskTempCoh" if "maskTempCoh" in results.layers else None
        if mask is None:
            job.notes.append("There is no maskTempCoh; pixels of any quality are among the points.")
    wanted = _Wanted(
        results, Series(results, name, mask, reference_date, reference_point), Masked(results, mask)
    )
    wanted.choose(points, area, dates if series else [], units)
    about = wanted.about(crs, kind, area)
    description = target.with_name(f"{target.name}.json")
    if _is_there(target, description, about["fingerprint"]):
        job.notes.append(f"{target.name} was there already, made from the same data, and was kept.")
        return [target, target.with_suffix(".qml"), description]
    count = _write(wanted, target, kind, crs=crs, memory=memory, job=job, about=about)
    with whole_file(description) as temporary:
        size = target.stat().st_size
        content = about | {"points": count, "bytes": size}
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    style = write_style(target, wanted.style()) if wanted.has_velocity else None
    return [target, *([style] if style else []), description]


def _write(
    wanted: _Wanted, target: Path, kind: str, *, crs: Any, memory: int, job: Job, about: Mapping[str, Any]
) -> int:
    grid = wanted.grid
    each = max(1, memory // (grid.columns * (len(wanted.indices) + 8) * 64))
    rows = wanted.row_parts(each)
    job.total = max(1, len(rows))
    count = 0
    style = wanted.style() if wanted.has_velocity else ""
    with whole_file(target) as temporary:
        with Writer(
            temporary,
            kind=kind,
            columns=wanted.columns(),
            crs=crs,
            layer=target.stem,
            about=about,
            style=style,
        ) as writer:
            for part in rows:
                table = wanted.table(part, count)
                if len(table.lon):
                    writer.write(table)
                count += len(table.lon)
                job.step(1, f"{target.name}: {count} points")
        if count == 0:
            raise ExportError(
                f"No pixel with a value is left for {target.name}; choose another mask or a larger area."
            )
    return count


def _target(out: Path, wanted: str | None) -> tuple[Path, str]:
    suffix = out.suffix.lower().lstrip(".")
    kind = wanted or (suffix if suffix in FORMATS else "gpkg")
    if kind not in FORMATS:
        raise ExportError(f"The format {kind!r} is unknown; choose one of {', '.join(FORMATS)}.")
    if suffix in FORMATS:
        if suffix != kind:
            raise ExportError(f"{out.name} does not end in .{kind}; change the name or the format.")
        return out, kind
    return out / f"points.{kind}", kind


def _is_there(target: Path, description: Path, mark: str) -> bool:
    try:
        content = json.loads(description.read_text(encoding="utf-8"))
        return bool(content["fingerprint"] == mark and content["bytes"] == target.stat().st_size)
    except (OSError, ValueError, KeyError, TypeError):
        return False


@dataclass
class _Wanted:
    """What is to be written: pixels, layers, dates, unit."""

    results: Results
    series: Series
    masked: Masked
    indices: list[tuple[int, str]] = field(default_factory=list)
    units: str = "mm"
    picked: dict[tuple[int, int], str] | None = None
    area: Sequence[Sequence[float]] | None = None

    def __post_init__(self) -> None:
        self.grid = Grid.from_array(self.series.array)
        self.relative: Callable[[Floats, int, slice], Floats] = self.series.compute_unmasked()

    @property
    def has_velocity(self) -> bool:
        return "velocity" in self.results.layers

    def choose(
        self,
        points: Sequence[Mapping[str, Any]] | None,
        area: Sequence[Sequence[float]] | None,
        dates: Dates,
        units: str,
    ) -> None:
        factor(units)
        self.units, self.area = units, area
        self.indices = self.series.chosen(dates)
        if points is not None:
            self.picked = nearest_pixels(self.grid, points)
            if not self.picked:
                raise ExportError(
                    "There are no points to write; click some, or leave points out to write all pixels."
                )
        if not self.indices and not self.has_velocity:
            raise ExportError("There is neither a velocity nor a date to write; run the step velocity first.")

    def layers(self) -> list[tuple[str, Column, float]]:
        """Layer, column, and what its values are multiplied with."""
        scale = factor(self.units)
        found = []
        per_year = f"{self.units}/year"
        if self.has_velocity:
            found.append(("velocity", Column("velocity", per_year, f"velocity in {SIGN}"), scale))
        if "velocityStd" in self.results.layers:
            found.append(
                ("velocityStd", Column("velocity_std", per_year, "standard deviation of velocity"), scale)
            )
        for layer, column, unit, words in _MORE_LAYERS:
            if layer in self.results.layers and self.results[layer].shape == self.series.array.shape[-2:]:
                found.append((layer, Column(column, unit, words), 1.0))
        return found

    def columns(self) -> list[Column]:
        columns = [Column("id", "", "running number", "int")]
        if self.picked is not None and any(self.picked.values()):
            columns.append(Column("label", "", "name of the point", "str"))
        columns += [Column("lon", "degree", "longitude, WGS84"), Column("lat", "degree", "latitude, WGS84")]
        columns += [column for _, column, _ in self.layers()]
        words = f"displacement in {SIGN}"
        return columns + [Column(f"D{date}", self.units, f"{words}, {date}") for _, date in self.indices]

    @property
    def _undated(self) -> int:
        return len(self.columns()) - len(self.indices)

    def row_parts(self, each: int) -> list[slice]:
        if self.picked is None:
            return [slice(i, min(i + each, self.grid.rows)) for i in range(0, self.grid.rows, each)]
        return [slice(row, row + 1) for row in sorted({row for row, _ in self.picked})]

    def table(self, part: slice, first: int) -> Table:
        """The points of some rows."""
        rows, columns = np.nonzero(self._kept(part))
        lon, lat = self.grid.lonlat(rows + part.start + 0.5, columns + 0.5)
        fields: dict[str, Any] = {"id": np.arange(first + 1, first + len(rows) + 1)}
        if self.picked is not None and any(self.picked.values()):
            keys = zip((rows + part.start).tolist(), columns.tolist(), strict=True)
            fields["label"] = np.array([self.picked[key] for key in keys], dtype=object)
        fields |= {"lon": lon, "lat": lat}
        for layer, column, scale in self.layers():
            values = self.results[layer].isel(y=part).values[rows, columns]
            fields[column.name] = values.astype(np.float32) * np.float32(scale)
        if self.indices and len(rows):
            wanted = [i for i, _ in self.indices]
            block = self.series.array.isel(date=slice(wanted[0], wanted[-1] + 1), y=part).values
            for i, date in self.indices:
                moved = self.relative(block[i - wanted[0]], i, part)[rows, columns]
                fields[f"D{date}"] = moved * np.float32(factor(self.units))
        return Table(lon, lat, fields)

    def _kept(self, part: slice) -> npt.NDArray[np.bool_]:
        shape = (part.stop - part.start, self.grid.columns)
        if self.picked is not None:
            kept = np.zeros(shape, bool)
            for row, column in self.picked:
                if part.start <= row < part.stop:
                    kept[row - part.start, column] = True
            return kept
        masked = self.masked.kept(part)
        kept = np.ones(shape, bool) if masked is None else masked.copy()
        if self.area is not None:
            kept &= inside(self.grid, part, self.area)
        base = self.results["velocity"] if self.has_velocity else self.series.array.isel(date=-1)
        return np.asarray(kept & np.isfinite(base.isel(y=part).values))

    def style(self) -> str:
        return point_style(look_of(self.results, self.results["velocity"]).in_units(self.units), "velocity")

    def about(self, crs: Any, kind: str, area: Any) -> dict[str, Any]:
        picked = None if self.picked is None else sorted((*key, label) for key, label in self.picked.items())
        layers = [stamp(self.results[layer]) for layer, _, _ in self.layers()]
        mark = self.series.mark | {
            "layers": layers, "picked": picked, "area": area, "crs": str(crs), "kind": kind, "units": self.units,
            "dates": [date for _, date in self.indices],
        }  # fmt: skip
        tags = common_tags(self.results, self.series.array, self.masked) | self.series.tags
        return {
            "about": "InSAR points",
            "sign": SIGN,
            "fields": {c.name: {"units": c.units, "meaning": c.words} for c in self.columns()},
            "crs": str(crs),
            **{
                key.lower(): value
                for key, value in tags.items()
                if key not in {"UNITS", "LONG_NAME", "LAYER"}
            },
            "fingerprint": fingerprint(mark),
        }


def points_bytes(count: int, dates: int, kind: str) -> int:
    """Rough size of a file with that many points."""
    each = {"gpkg": 9, "csv": 8, "geojson": 22}[kind]
    return int(count * ((dates + 6) * each + 60))
