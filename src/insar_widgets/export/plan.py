"""What a choice of products would write: its files with their sizes, and the calls that write them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insar_widgets.errors import CancelledError, ExportError, InsarWidgetsError
from insar_widgets.export._job import Job
from insar_widgets.export.figures import FIGURES, export_figures
from insar_widgets.export.hdfeos import export_hdfeos5
from insar_widgets.export.kmz import export_kmz
from insar_widgets.export.points import export_points, points_bytes
from insar_widgets.export.rasters import export_displacement, export_layer, export_wrapped, layer_file_name
from insar_widgets.export.report import export_report
from insar_widgets.export.shown import Shown, export_shown
from insar_widgets.results import Results

__all__ = ["PRODUCTS", "Choice", "PlannedFile", "carry_out", "plan_export", "possible_products"]

PRODUCTS: dict[str, str] = {
    "shown": "What the map shows, as GeoTIFF, KMZ and PNG",
    "displacement": "Displacement of each date (GeoTIFF)",
    "wrapped": "Wrapped displacement of each date, in colours (GeoTIFF)",
    "wrapped_phase": "Wrapped displacement of each date, in radians (GeoTIFF)",
    "residual": "Residual of each date (GeoTIFF)",
    "velocity": "Velocity (GeoTIFF)",
    "velocityStd": "Standard deviation of velocity (GeoTIFF)",
    "temporalCoherence": "Temporal coherence (GeoTIFF)",
    "avgSpatialCoh": "Average spatial coherence (GeoTIFF)",
    "maskTempCoh": "Reliable pixels (GeoTIFF)",
    "height": "Height (GeoTIFF)",
    "demErr": "DEM error (GeoTIFF)",
    "kmz": "Velocity for Google Earth (KMZ)",
    "kmz_series": "Displacement with a time slider for Google Earth (KMZ)",
    "points": "Points with velocity and series for QGIS (GeoPackage, CSV, GeoJSON)",
    "figures": "Figures for print (PNG, PDF)",
    "report": "Report of one page (HTML) and all it takes to do it again",
    "hdfeos5": "HDF-EOS5 by MintPy's step",
}
"""Name of each product and what it is."""
_LAYERS = ("velocity", "velocityStd", "temporalCoherence", "avgSpatialCoh", "maskTempCoh", "height", "demErr")
_DATED = {
    "displacement": "displacement",
    "wrapped": "wrapped",
    "wrapped_phase": "wrapped",
    "residual": "residual",
}
_RESIDUAL = "timeseriesResidual"


@dataclass(frozen=True)
class Choice:
    """What is to be exported.

    Attributes
    ----------
    products : names in `PRODUCTS`.
    dates : YYYYMMDD; None for all, ``"last"`` for the last one.
    units : ``"m"``, ``"cm"`` or ``"mm"``.
    mask : as of `export_displacement`; ``"reliable"`` for MintPy's ``maskTempCoh`` where there is one.
    crs, cog : of GeoTIFFs and GeoPackages; see `export_displacement`.
    name : the series; the most corrected one if None.
    reference_date, reference_point : see `export_displacement`.
    points, area, transect : places, polygon and line in degrees.
    points_format : ``"gpkg"``, ``"csv"`` or ``"geojson"``.
    figure_formats, dpi : of the figures.
    cycle : displacement of one fringe in metres; half the wavelength if None.
    shown : what a map shows, for the product ``"shown"``.
    comparison : with GNSS, for the report and the figures.
    """

    products: tuple[str, ...]
    dates: tuple[str, ...] | str | None = None
    units: str = "mm"
    mask: Any = "reliable"
    crs: Any = None
    cog: bool = False
    name: str | None = None
    reference_date: str | None = None
    reference_point: Mapping[str, float] | None = None
    points: tuple[Mapping[str, Any], ...] | None = None
    area: tuple[tuple[float, float], ...] | None = None
    transect: tuple[tuple[float, float], ...] | None = None
    points_format: Any = "gpkg"
    figure_formats: tuple[str, ...] = ("png", "pdf")
    dpi: int = 300
    cycle: float | None = None
    shown: Shown | None = None
    comparison: Any = None


@dataclass(frozen=True)
class PlannedFile:
    """A file to be written.

    Attributes
    ----------
    path : where.
    product : name in `PRODUCTS`.
    bytes : about how large.
    exists : whether a file is there; it is kept if it was made from the same data in the same way, else replaced.
    """

    path: Path
    product: str
    bytes: int
    exists: bool


def possible_products(results: Results, *, shown: bool = False) -> dict[str, str]:
    """Products that these results allow; of the others the reason is empty text and they are left out."""
    layers = set(results.layers)
    has_series = bool(results.timeseries_names)
    found = {}
    for name, words in PRODUCTS.items():
        possible = (
            name in layers
            if name in _LAYERS
            else shown
            if name == "shown"
            else _RESIDUAL in layers
            if name == "residual"
            else "velocity" in layers
            if name == "kmz"
            else has_series
            if name in {*_DATED, "kmz_series", "points", "hdfeos5"}
            else True
        )
        if possible:
            found[name] = words
    return found


def plan_export(results: Results, out: str | Path, choice: Choice) -> list[PlannedFile]:
    """The files a choice would write, in the order in which they would be written.

    Raises
    ------
    ExportError
        A product is unknown or these results do not allow it, or a date is not there.
    """
    folder = Path(out)
    allowed = possible_products(results, shown=choice.shown is not None)
    files: list[PlannedFile] = []
    for product in dict.fromkeys(choice.products):
        if product not in allowed:
            known = "is not possible with these results" if product in PRODUCTS else "is unknown"
            raise ExportError(f"The product {product!r} {known}; choose from {', '.join(allowed)}.")
        for name, size in _files(results, product, choice):
            path = folder / name
            files.append(PlannedFile(path, product, int(size), path.exists()))
    return files


def _files(  # noqa: PLR0911 - one product after the other
    results: Results, product: str, choice: Choice
) -> list[tuple[str, float]]:
    """Names and rough sizes of a product's files."""
    array = _array(results, choice, product)
    pixels = array.sizes["y"] * array.sizes["x"]
    grown = (4 / 3 if choice.cog else 1.0) * (1.2 if choice.crs is not None else 1.0)
    if product in _DATED:
        each = pixels * grown * (1.2 if product == "wrapped" else 3.2)
        files = [(f"{_DATED[product]}_{date}.tif", each) for date in _dates(array, choice)]
        if product == "wrapped_phase":
            files = [(f"phase/{name}", size) for name, size in files]
        return files + ([("wrapped_legend.png", 15e3)] if product == "wrapped" else [])
    if product in _LAYERS:
        share = 0.05 if results[product].dtype.kind == "b" else 3.2
        return [(f"{layer_file_name(results, product)}.tif", pixels * grown * share)]
    if product == "kmz":
        return [(f"{layer_file_name(results, 'velocity')}.kmz", pixels * 0.9 + 20e3)]
    if product == "kmz_series":
        return [("displacement.kmz", (pixels * 0.8 + 5e3) * len(_dates(array, choice)) + 20e3)]
    if product == "points":
        count = len(choice.points) if choice.points else _reliable(results, pixels)
        return [
            (
                f"points.{choice.points_format}",
                points_bytes(count, len(_dates(array, choice)), choice.points_format),
            )
        ]
    if product == "figures":
        if not 20 <= choice.dpi <= 1200:
            raise ExportError("Give 20 to 1200 dots per inch for figures.")
        sizes = {"png": 300e3 * (choice.dpi / 300) ** 1.5, "pdf": 250e3, "svg": 400e3}
        names = [n for n in FIGURES if n != "gnss" or choice.comparison is not None]
        return [
            (f"plots/{name}.{kind}", sizes.get(kind, 0)) for name in names for kind in choice.figure_formats
        ]
    if product == "report":
        bundle = [("template.txt", 1e3), ("manifest.json", 1e4), ("environment.txt", 4e3), ("reproduce.py", 2e3),
                  ("reproduce.ipynb", 3e3)]  # fmt: skip
        return [("report.html", 2.2e6), *((f"reproduce/{name}", size) for name, size in bundle)]
    if product == "shown" and choice.shown is not None:
        stem = choice.shown.stem
        return [(f"{stem}.tif", pixels * grown * 3.2), (f"{stem}.kmz", pixels * 0.9), (f"{stem}.png", 300e3)]
    return [("HDF-EOS5 file, named by MintPy", array.sizes.get("date", 1) * pixels * 3.2)]


def _array(results: Results, choice: Choice, product: str) -> xr.DataArray:
    if product == "residual":
        return results[_RESIDUAL]
    if results.timeseries_names:
        return results.timeseries if choice.name is None else results[choice.name]
    return results[next(iter(results.layers))]


def _dates(array: xr.DataArray, choice: Choice) -> list[str]:
    if "date" not in array.dims:
        return []
    days = [str(d).replace("-", "") for d in array["date"].values.astype("datetime64[D]")]
    if choice.dates is None:
        return days
    if isinstance(choice.dates, str):
        return days[-1:] if choice.dates == "last" else [choice.dates]
    for date in choice.dates:
        if date not in days:
            raise ExportError(f"{array.name} has no date {date}; choose one of {', '.join(days)}.")
    return [day for day in days if day in set(choice.dates)]


def _reliable(results: Results, pixels: int) -> int:
    if "maskTempCoh" not in results.layers:
        return pixels
    return int(np.count_nonzero(results["maskTempCoh"].values)) if pixels < 50_000_000 else pixels


Tell = Callable[[str, float, str], None]
"""Called with a product, the share of it that is done, and words."""


def carry_out(
    results: Results,
    out: str | Path,
    choice: Choice,
    *,
    on_progress: Tell | None = None,
    on_files: Callable[[str, Sequence[Path]], None] | None = None,
    on_error: Callable[[str, Exception], None] | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
    root: Path | None = None,
) -> list[Path]:
    """Write what is chosen, product by product.

    Parameters
    ----------
    on_progress
        Called with product, share done and words.
    on_files
        Called with a product and its files when it is done.
    on_error
        Called with a product that could not be written, and why; the others follow. If not given, the error is raised.
    root
        Folder that what MintPy itself does must not read outside of.
    """
    plan_export(results, out, choice)
    job = Job(cancelled=cancelled)
    paths: list[Path] = []
    # MintPy's step touches the series' file, so nothing may follow it
    for product in sorted(dict.fromkeys(choice.products), key=lambda name: name == "hdfeos5"):
        job.check()
        common: dict[str, Any] = {"cancelled": cancelled, "notes": notes}
        if product == "hdfeos5":
            common["root"] = root
        if on_progress is not None:
            common["on_progress"] = lambda share, words, product=product: on_progress(product, share, words)
        try:
            made = _export(results, Path(out), product, choice, common)
        except CancelledError:
            raise
        except (InsarWidgetsError, OSError) as error:
            if on_error is None:
                raise
            on_error(product, error)
            continue
        paths += made
        if on_files is not None:
            on_files(product, made)
    return paths


def _export(  # noqa: PLR0911 - one product after the other
    results: Results, out: Path, product: str, choice: Choice, common: dict[str, Any]
) -> list[Path]:
    mask = choice.mask
    plain_mask = (
        ("maskTempCoh" if "maskTempCoh" in results.layers else None) if _is(mask, "reliable") else mask
    )
    raster: dict[str, Any] = {"mask": plain_mask, "crs": choice.crs, "cog": choice.cog, **common}
    moved: dict[str, Any] = {
        "reference_date": choice.reference_date,
        "reference_point": choice.reference_point,
    }
    dates: Any = list(choice.dates) if isinstance(choice.dates, tuple) else choice.dates
    if product in {"displacement", "residual"}:
        name = _RESIDUAL if product == "residual" else choice.name
        return export_displacement(
            results, out, dates=dates, name=name, units=choice.units, **moved, **raster
        )
    if product in {"wrapped", "wrapped_phase"}:
        folder = out / "phase" if product == "wrapped_phase" else out
        kind = "radians" if product == "wrapped_phase" else "rgb"
        options: dict[str, Any] = {"kind": kind, "cycle": choice.cycle, "dates": dates, "name": choice.name}
        return export_wrapped(results, folder, **options, **moved, **raster)
    if product in _LAYERS:
        rate = product in {"velocity", "velocityStd"}
        at = choice.reference_point if product == "velocity" else None
        masked = raster if rate else raster | {"mask": None}
        return export_layer(
            results, out, product, units=choice.units if rate else None, reference_point=at, **masked
        )
    if product in {"kmz", "kmz_series"}:
        series = choice.name or (str(results.timeseries.name) if results.timeseries_names else None)
        layer = "velocity" if product == "kmz" else series
        place: dict[str, Any] = (
            moved if product == "kmz_series" else {"reference_point": choice.reference_point}
        )
        return export_kmz(results, out, layer, dates=dates, units=choice.units, mask=mask, **place, **common)
    if product == "points":
        return export_points(
            results, out, points=choice.points, area=choice.area, file_format=choice.points_format, dates=dates,
            name=choice.name, units=choice.units, mask=mask, crs=choice.crs or 4326, **moved, **common,
        )  # fmt: skip
    drawn: dict[str, Any] = {
        "units": choice.units, "mask": mask, "points": choice.points, "transect": choice.transect,
        "comparison": choice.comparison, **common,
    }  # fmt: skip
    if product == "figures":
        return export_figures(
            results, out, formats=choice.figure_formats, dpi=choice.dpi, name=choice.name, **drawn
        )
    if product == "report":
        return export_report(results, out, **drawn)
    if product == "shown" and choice.shown is not None:
        return export_shown(results, out, replace(choice.shown, crs=choice.crs, cog=choice.cog), **common)
    return export_hdfeos5(results, out, **common)


def _is(value: Any, text: str) -> bool:
    return isinstance(value, str) and value == text
