"""Files of points, written piece by piece."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
import numpy.typing as npt
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import write as write_features
from pyproj import CRS, Transformer

from insar_widgets.errors import ExportError
from insar_widgets.export._crs import reference_system

FORMATS = ("gpkg", "csv", "geojson")
_MOST_FIELDS = 1990  # SQLite's limit is 2000 columns
# as QGIS makes it when a style is saved into a GeoPackage
_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT CURRENT_TIMESTAMP
)"""
Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """A field: its name, unit, meaning, and kind of value."""

    name: str
    units: str
    words: str
    kind: Literal["float", "int", "str"] = "float"


@dataclass(frozen=True)
class Table:
    """Points: lon and lat (n,) in degrees WGS84, and the values (n,) of each field."""

    lon: Floats
    lat: Floats
    fields: Mapping[str, Floats]


class Writer:
    """A file of points that grows with each table.

    Parameters
    ----------
    path : file under a temporary name.
    kind : one of `FORMATS`.
    columns : fields in their order.
    crs : reference system of the geometry.
    layer : name of the layer.
    about : what is said of the whole file where the format has a place for it.
    style : QML that QGIS finds within a GeoPackage; empty for none.
    """

    def __init__(
        self,
        path: Path,
        *,
        kind: str,
        columns: Sequence[Column],
        crs: Any,
        layer: str,
        about: Mapping[str, Any],
        style: str = "",
    ) -> None:
        self._path, self._kind, self._columns = path, kind, list(columns)
        self._layer, self._about, self._style = layer, about, style
        self._crs = reference_system(crs)
        self._is_wgs84 = self._crs == CRS.from_epsg(4326)
        self._transform = Transformer.from_crs(4326, self._crs, always_xy=True)
        self._started = False
        self._text: TextIO | None = None
        if kind == "gpkg" and len(columns) > _MOST_FIELDS:
            raise ExportError(
                f"A GeoPackage holds at most {_MOST_FIELDS} fields, these are {len(columns)}; choose fewer dates, "
                "or CSV."
            )

    def __enter__(self) -> Writer:
        if self._kind == "gpkg":
            self._path.unlink()
            return self
        self._text = self._path.open("w", encoding="utf-8", newline="")
        if self._kind == "csv":
            names = [c.name for c in self._columns] + ([] if self._is_wgs84 else ["x", "y"])
            csv.writer(self._text, lineterminator="\n").writerow(names)
        else:
            head = {"type": "FeatureCollection", "name": self._layer, "metadata": dict(self._about)}
            self._text.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [')
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._text is not None:
            try:
                if kind is None and self._kind == "geojson":
                    self._text.write("\n]}\n")
            finally:
                self._text.close()
        elif kind is None and self._started and self._style:
            self._keep_style()

    @property
    def _stream(self) -> TextIO:
        if self._text is None:
            raise ExportError(f"{self._path} is not open; use the writer in a with statement.")
        return self._text

    def write(self, table: Table) -> None:
        """Append points."""
        {"gpkg": self._write_gpkg, "csv": self._write_csv, "geojson": self._write_geojson}[self._kind](table)
        self._started = True

    def _write_gpkg(self, table: Table) -> None:
        x, y = self._transform.transform(table.lon, table.lat)
        try:
            write_features(
                self._path,
                shapely.to_wkb(shapely.points(x, y)),
                [np.asarray(table.fields[c.name]) for c in self._columns],
                [c.name for c in self._columns],
                layer=self._layer,
                driver="GPKG",
                geometry_type="Point",
                crs=self._crs.to_wkt(),
                append=self._started,
                layer_metadata=None
                if self._started
                else {k.upper(): _words(v) for k, v in self._about.items()},
            )
        except (DataSourceError, DataLayerError, RuntimeError) as error:
            raise OSError(str(error)) from error

    def _keep_style(self) -> None:
        """Put the style where QGIS keeps the one it opens a layer of a GeoPackage with."""
        try:
            with closing(sqlite3.connect(self._path)) as database, database:
                database.execute(_STYLES)
                database.execute(
                    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                    "styleName, styleQML, styleSLD, useAsDefault, description, owner) "
                    "VALUES ('', '', ?, 'geom', 'velocity', ?, '', 1, 'velocity', '')",
                    (self._layer, self._style),
                )
                database.execute(
                    "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
                    "VALUES ('layer_styles', 'attributes', 'layer_styles')"
                )
        except sqlite3.Error as error:
            raise OSError(str(error)) from error

    def _write_csv(self, table: Table) -> None:
        texts = [_text(table.fields[c.name], c) for c in self._columns]
        if not self._is_wgs84:
            x, y = self._transform.transform(table.lon, table.lat)
            texts += [[f"{v:.3f}" for v in np.asarray(axis, float)] for axis in (x, y)]
        csv.writer(self._stream, lineterminator="\n").writerows(zip(*texts, strict=True))

    def _write_geojson(self, table: Table) -> None:
        names = [json.dumps(c.name) for c in self._columns]
        columns = [
            [json.dumps(str(v), ensure_ascii=False) for v in table.fields[c.name]]
            if c.kind == "str"
            else [text or "null" for text in _text(table.fields[c.name], c)]
            for c in self._columns
        ]
        lines = []
        for lon, lat, *values in zip(table.lon.tolist(), table.lat.tolist(), *columns, strict=True):
            fields = ", ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
            place = f'{{"type": "Point", "coordinates": [{lon:.7f}, {lat:.7f}]}}'
            lines.append(f'\n{{"type": "Feature", "geometry": {place}, "properties": {{{fields}}}}}')
        self._stream.write(("," if self._started else "") + ",".join(lines))


def _text(values: Floats, column: Column) -> list[str]:
    """Values as short text that reads back as the same 32-bit number; none is empty."""
    if column.kind != "float":
        return [str(v) for v in values.tolist()]
    if column.units == "degree":
        return [f"{v:.7f}" for v in values.tolist()]
    return ["" if v != v else f"{v:.7g}" for v in values.tolist()]  # noqa: PLR0124 - NaN


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
