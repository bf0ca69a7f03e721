"""From what is ticked and typed, and what a map shows, to what is exported; and the same as Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from insar_widgets.errors import ExportError
from insar_widgets.export.plan import Choice
from insar_widgets.export.shown import Shown, mask_of
from insar_widgets.results import Results

__all__ = ["GROUPS", "call_text", "choice_of", "shown_on"]

GROUPS: dict[str, tuple[str, ...]] = {
    "From the map": ("shown",),
    "Rasters, GeoTIFF": ("displacement", "wrapped", "wrapped_phase", "residual", "velocity", "velocityStd",
                         "temporalCoherence", "avgSpatialCoh", "maskTempCoh", "height", "demErr"),
    "Google Earth, KMZ": ("kmz", "kmz_series"),
    "Points for GIS": ("points",),
    "For people": ("figures", "report"),
    "Archive": ("hdfeos5",),
}  # fmt: skip
LABELS: dict[str, str] = {
    "shown": "What the map shows: values, KMZ, picture",
    "displacement": "Displacement of each date",
    "wrapped": "Wrapped displacement, colours",
    "wrapped_phase": "Wrapped displacement, radians",
    "residual": "Residual of each date",
    "velocity": "Velocity",
    "velocityStd": "Standard deviation of velocity",
    "temporalCoherence": "Temporal coherence",
    "avgSpatialCoh": "Average spatial coherence",
    "maskTempCoh": "Reliable pixels",
    "height": "Height",
    "demErr": "DEM error",
    "kmz": "Velocity",
    "kmz_series": "Displacement with time slider",
    "points": "Velocity and series of pixels",
    "figures": "Figures for print",
    "report": "Report, and how to do it again",
    "hdfeos5": "HDF-EOS5 by MintPy",
}


def shown_on(map_: Any, units: str) -> Shown | None:
    """What a map shows; None where it shows no layer of the results, such as an interferogram."""
    results = map_.results
    if results is None or map_.layer not in results.layers:
        return None
    raster = map_.raster
    low, high = (raster.vmin, raster.vmax) if raster is not None else (map_.vmin, map_.vmax)
    has_dates = "date" in results[map_.layer].dims
    return Shown(
        layer=map_.layer,
        date=map_.date if has_dates else "",
        mask_layer=map_.mask_layer,
        mask_threshold=map_.mask_threshold,
        vmin=low,
        vmax=high,
        wrap=map_.wrap,
        colormap=map_.colormap,
        reverse=map_.reverse,
        reference_date=map_.reference_date or None,
        reference_point=map_.reference_point,
        units=units,
        points=tuple(map_.points),
        transect=tuple((float(v[0]), float(v[1])) for v in map_.transect),
    )


def choice_of(results: Results, state: Mapping[str, Any], shown: Shown | None, map_: Any = None) -> Choice:
    """The choice that the widget's traits stand for.

    Raises
    ------
    ExportError
        The reference system or the mask cannot be what is typed.
    """
    text = str(state["crs"]).strip()
    crs = None
    if text:
        try:
            crs = CRS.from_user_input(int(text) if text.isdigit() else text).to_string()
        except CRSError as error:
            raise ExportError(f"“{text}” is no reference system. Type one such as EPSG:4326.") from error
    as_map = bool(state["as_shown"]) and shown is not None
    mask = _mask(str(state["mask"]))
    if as_map and shown is not None and state["mask"] == "shown":
        mask = mask_of(results, shown)
    dates: Any = state["dates"]
    if dates == ["shown"] and shown is not None:
        dates = [shown.date or results.dates[-1]]
    dates = None if dates in (["all"], ["shown"]) else "last" if dates == ["last"] else tuple(dates)
    places = list(map_.points) if map_ is not None else []
    return Choice(
        products=tuple(state["products"]),
        dates=dates,
        units=str(state["units"]),
        mask=mask,
        crs=crs,
        cog=bool(state["cog"]),
        reference_date=shown.reference_date
        if as_map and shown and shown.reference_date != results.reference_date
        else None,
        reference_point=_other(results, shown) if as_map and shown else None,
        points=tuple(places) if places and state["only_points"] else None,
        area=tuple((float(v[0]), float(v[1])) for v in map_.aoi) if map_ is not None and map_.aoi else None,
        transect=shown.transect or None if shown else None,
        points_format=str(state["points_format"]),
        figure_formats=tuple(state["figure_formats"]),
        dpi=int(state["dpi"]),
        shown=shown,
    )


def _other(results: Results, shown: Shown) -> Mapping[str, float] | None:
    from insar_widgets.export.shown import other_point  # noqa: PLC0415

    return other_point(results, shown)


def _mask(text: str) -> Any:
    if text in {"", "none", "shown"}:
        return None
    if text == "reliable":
        return text
    if re.fullmatch(r"0?\.\d+|0|1(\.0*)?", text):
        return float(text)
    raise ExportError(f"The mask {text!r} is no coherence from 0 to 1; choose another one.")


def call_text(work_dir: Path, out: Path, choice: Choice) -> str:
    """Python that does the same; what only a map knows is written out."""
    lines = [
        "from insar_widgets import open_results",
        "from insar_widgets.export.plan import Choice, carry_out",
        "",
    ]
    lines.append(f"results = open_results({str(work_dir)!r})")
    plain = Choice(())
    given = []
    for key in choice.__dataclass_fields__:
        value = getattr(choice, key)
        if key in {"comparison", "mask"} or value == getattr(plain, key):
            continue
        given.append(f"    {key}={value!r},")
    if isinstance(choice.mask, str | float) and choice.mask != plain.mask:
        given.append(f"    mask={choice.mask!r},")
    elif choice.mask is None:
        given.append("    mask=None,")
    elif not isinstance(choice.mask, str | float) and choice.shown is not None:
        lines.append("from insar_widgets.export.shown import mask_of")
        given.append("    mask=mask_of(results, shown),")
    if choice.shown is not None:
        lines += ["from insar_widgets.export.shown import Shown", f"shown = {choice.shown!r}"]
        given = ["    shown=shown," if line.startswith("    shown=") else line for line in given]
    lines += ["choice = Choice(", *given, ")", f"carry_out(results, {str(out)!r}, choice)"]
    return "\n".join(lines) + "\n"
