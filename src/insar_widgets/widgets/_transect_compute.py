"""From a polyline to profiles along it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insar_widgets.errors import CancelledError, InsarWidgetsError, ResultsError
from insar_widgets.results import Grid, sample_point, sample_transect
from insar_widgets.results._grid import GEOD
from insar_widgets.results._line import Track, trace
from insar_widgets.widgets._transect_sources import Layer, as_mask, date_index, iso

__all__ = ["Found", "Profile", "Wanted", "azimuth_and_length", "compute", "vertex_names"]

Floats = npt.NDArray[np.float64]
_MOST = 5000  # places along the line; more than a screen has pixels
_VALUES = ("value", "median", "p16", "p84")


@dataclass(frozen=True)
class Wanted:
    """What is to be shown."""

    line: tuple[tuple[float, float], ...]
    profiles: tuple[Mapping[str, Any], ...]
    """Each with `id`, `layer`, `date`, `label`, `color`."""
    width: float = 0.0
    step: float = 0.0
    method: str = "nearest"
    reference_point: Mapping[str, float] | None = None
    reference_date: str = ""
    mask_layer: str = ""
    mask_threshold: float = 0.7


@dataclass
class Profile:
    """One line of the chart."""

    id: str
    layer: str
    date: str
    label: str
    color: str
    units: str = ""
    scaled: bool = False
    data: xr.Dataset | None = None
    """As `sample_transect`, relative to the reference; None when there is a `problem`."""
    relative: str = ""
    """What it is relative to, in words."""
    base: int | None = None
    index: int | None = None
    zero: bool = False
    mask: bool = False
    notes: list[str] = field(default_factory=list)
    problem: str = ""


@dataclass
class Found:
    """All profiles of a line; arrays along it have one value a sample."""

    distance: Floats
    lon: Floats
    lat: Floats
    vertices: Floats
    """Distance of each vertex in metres."""
    names: tuple[str, ...]
    corners: tuple[tuple[float, float], ...]
    length: float
    azimuth: float
    step: float
    profiles: list[Profile]
    elevation: Floats | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """A layer cut to what the line needs."""

    grid: Grid
    rows: slice
    columns: slice

    def cut(self, array: xr.DataArray) -> xr.DataArray:
        return array.isel(y=self.rows, x=self.columns)


def azimuth_and_length(line: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Degrees clockwise from north of the way from first to last vertex, and metres along the line."""
    corners = np.asarray(line, float)
    _, _, legs = GEOD.inv(corners[:-1, 0], corners[:-1, 1], corners[1:, 0], corners[1:, 1])
    first, _, _ = GEOD.inv(*corners[0], *corners[-1])
    return float(first) % 360.0, float(np.sum(legs))


def vertex_names(count: int) -> tuple[str, ...]:
    """A, B, C and so on; the last is A′.

    >>> vertex_names(3)
    ('A', 'B', 'A′')
    """
    middle = [chr(ord("A") + i) if i < 26 else f"V{i + 1}" for i in range(max(count - 1, 0))]
    return (*middle, "A′")[:count] if count > 1 else ("A",)[:count]


def compute(
    layers: Mapping[str, Layer],
    wanted: Wanted,
    elevation: xr.DataArray | None = None,
    cancelled: threading.Event | None = None,
) -> Found:
    """Sample all profiles; one that cannot be had says why, and the others are there.

    Raises
    ------
    InsarWidgetsError
        The line itself cannot be: two equal vertices, outside of every frame.
    CancelledError
        Somebody no longer wants it.
    """
    azimuth, length = azimuth_and_length(wanted.line)
    if not length > 0:
        raise ResultsError(
            "The vertices of the line are all the same place; give at least two different ones."
        )
    profiles = [
        Profile(
            str(p["id"]),
            str(p["layer"]),
            str(p.get("date", "")),
            str(p.get("label", "")),
            str(p.get("color", "")),
        )
        for p in wanted.profiles
    ]
    arrays = {profile.id: _open(layers, profile) for profile in profiles}
    grids = {key: Grid.from_array(array) for key, array in arrays.items() if array is not None}
    notes: list[str] = []
    step = _step(wanted.step, length, grids, elevation, notes)
    merged = _drop_repeated(wanted.line)
    if len(merged) < len(wanted.line):
        notes.append(f"Vertices that repeat the one before were left out: {len(wanted.line) - len(merged)}.")
    track = trace(wanted.line, step)
    parts: dict[Grid, list[tuple[Profile, xr.DataArray]]] = {}
    for profile in profiles:
        _check(cancelled)
        array = arrays[profile.id]
        if array is None:
            continue
        try:
            part = _part(grids[profile.id], track, wanted.width / 2 + step)
            values = _values(profile, layers, array, part, wanted)
            parts.setdefault(Grid.from_array(values), []).append((profile, values))
        except (InsarWidgetsError, OSError) as error:
            profile.problem = str(error)
    for members in parts.values():
        _check(cancelled)
        _sample(members, wanted, step)
    if profiles and all(p.problem for p in profiles) and len({p.problem for p in profiles}) == 1:
        raise ResultsError(profiles[0].problem)
    for profile in profiles:
        _subtract_reference(profile, layers, arrays[profile.id], wanted)
    return Found(
        distance=track.distance,
        lon=track.lon,
        lat=track.lat,
        vertices=track.vertices,
        names=vertex_names(len(merged)),
        corners=merged,
        length=length,
        azimuth=azimuth,
        step=step,
        profiles=profiles,
        elevation=_heights(elevation, track, wanted, step, notes),
        notes=notes,
    )


def _check(cancelled: threading.Event | None) -> None:
    if cancelled is not None and cancelled.is_set():
        raise CancelledError("Cancelled.")


def _open(layers: Mapping[str, Layer], profile: Profile) -> xr.DataArray | None:
    """The array of a profile, or None with the problem said."""
    layer = layers.get(profile.layer)
    if layer is None:
        profile.problem = f"There is no layer {profile.layer!r}; choose another one."
        return None
    profile.units, profile.scaled = layer.units, layer.scaled
    profile.notes += layer.notes
    try:
        profile.index = date_index(layer, profile.date)
        if profile.index is None:
            profile.date = ""
        else:
            profile.date = layer.dates[profile.index]
        profile.label = profile.label or layer.label + (f", {iso(profile.date)}" if profile.date else "")
        array = layer.open()
        Grid.from_array(array)
    except (InsarWidgetsError, OSError) as error:
        profile.label = profile.label or layer.label
        profile.problem = str(error)
        return None
    return array


def _step(
    given: float, length: float, grids: Mapping[str, Grid], elevation: xr.DataArray | None, notes: list[str]
) -> float:
    """Metres between samples: a pixel, or more on a line so long that nobody could see them."""
    if given > 0:
        return given
    sizes = [min(grid.pixel_size()) for grid in set(grids.values())]
    if not sizes and elevation is not None:
        sizes = [min(Grid.from_array(elevation).pixel_size())]
    pixel = min(sizes, default=length / 500)
    if length / pixel <= _MOST:
        return pixel
    step = length / _MOST
    notes.append(
        f"The line is long: it is sampled every {step:.0f} m, pixels are {pixel:.0f} m. Set a step to change that."
    )
    return step


def _drop_repeated(line: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    kept = [line[0]]
    for before, vertex in pairwise(line):
        if GEOD.inv(*before, *vertex)[2] > 0:
            kept.append(vertex)
    return tuple(kept)


def _part(grid: Grid, track: Track, margin: float) -> _Part:
    row, column = grid.indices(track.lon, track.lat)
    if not _within(grid, row, column).any():
        swapped_row = swapped_column = np.array([np.nan])
        if np.abs(track.lon).max() <= 90:
            swapped_row, swapped_column = grid.indices(track.lat, track.lon)
        turned = _within(grid, swapped_row, swapped_column)
        hint = " As lat, lon it would lie inside: turn the numbers round." if turned.any() else ""
        raise ResultsError(
            f"The line lies outside the frame ({grid.describe_extent()}); draw it inside.{hint}"
        )
    rows, columns = grid.window(track.lon, track.lat, margin)
    return _Part(grid, _wider(rows, grid.rows), _wider(columns, grid.columns))


def _within(grid: Grid, row: Floats, column: Floats) -> npt.NDArray[np.bool_]:
    return (row >= 0) & (row < grid.rows) & (column >= 0) & (column < grid.columns)


def _wider(part: slice, size: int) -> slice:
    """Two pixels at least, for the pixel size to be known, and one more for the interpolation at the edge."""
    return slice(max(0, part.start - 2), min(size, part.stop + 2))


def _values(
    profile: Profile, layers: Mapping[str, Layer], array: xr.DataArray, part: _Part, wanted: Wanted
) -> xr.DataArray:
    """The raster near the line, relative to the reference date and without what the mask hides."""
    layer = layers[profile.layer]
    near = part.cut(array)
    values = near if profile.index is None else near.isel(date=profile.index, drop=True)
    day = wanted.reference_date
    own = str(array.attrs.get("reference_date", ""))
    if profile.index is not None and layer.referenced:
        if day in layer.dates and day != own:
            profile.base = layer.dates.index(day)
            values = values - near.isel(date=profile.base, drop=True)
            profile.relative = f"to {iso(day)}"
        else:
            profile.relative = f"to {iso(own)}" if own else ""
            if day and day != own:
                profile.notes.append(
                    f"{layer.label} has no date {iso(day)}; it keeps the date that is zero in its file."
                )
    if wanted.mask_layer and layer.masked:
        mask = layers[wanted.mask_layer].open() if wanted.mask_layer in layers else None
        if mask is None or Grid.from_array(mask) != part.grid:
            profile.notes.append(
                f"The mask {wanted.mask_layer} is not on the grid of {layer.label}: not applied."
            )
        else:
            values = values.where(as_mask(part.cut(mask), wanted.mask_threshold))
            profile.mask = True
    return values.astype(float)


def _sample(members: list[tuple[Profile, xr.DataArray]], wanted: Wanted, step: float) -> None:
    """All profiles on one grid at once: what lies near the line is found only once."""
    kept = {"y", "x", "spatial_ref"}
    rasters = [values.drop_vars([c for c in values.coords if c not in kept]) for _, values in members]
    stack = xr.concat(
        rasters, "profile", coords="minimal", compat="override", join="override", combine_attrs="drop"
    )
    try:
        found = sample_transect(stack, wanted.line, width=wanted.width, step=step, method=wanted.method)  # type: ignore[arg-type]
    except (InsarWidgetsError, OSError) as error:
        for profile, _ in members:
            profile.problem = str(error)
        return
    for number, (profile, _) in enumerate(members):
        data = found.isel(profile=number).copy()
        data.attrs |= {"layer": profile.layer, "date": profile.date, "units": profile.units}
        for name in (*_VALUES, "sample_value"):
            data[name].attrs["units"] = profile.units
        profile.data = data
        if not np.isfinite(data["sample_value"].values).any():
            profile.notes.append(f"{profile.label} has no value along this line.")


def _subtract_reference(
    profile: Profile, layers: Mapping[str, Layer], array: xr.DataArray | None, wanted: Wanted
) -> None:
    """Take the value at the reference point off; it is zero in the file already where MintPy put it."""
    place, data = wanted.reference_point, profile.data
    if array is None or data is None or place is None or not layers[profile.layer].referenced:
        return
    words = f"to lon {place['lon']:.4f}, lat {place['lat']:.4f}".replace("-", "−")
    profile.relative = f"{words}, {profile.relative}".removesuffix(", ")
    if own_reference(array, place):
        return
    try:
        zero = _value_at(array, profile.index, place)
        if profile.base is not None:
            zero -= _value_at(array, profile.base, place)
        if not np.isfinite(zero):
            raise ResultsError(
                f"There is no value at the reference point lon {place['lon']:.4f}, lat {place['lat']:.4f}; "
                "move it, or widen its radius."
            )
    except (InsarWidgetsError, OSError) as error:
        profile.problem, profile.data = str(error), None
        return
    profile.zero = True
    for name in (*_VALUES, "sample_value"):
        data[name] = data[name] - zero


def _value_at(array: xr.DataArray, index: int | None, place: Mapping[str, float]) -> float:
    single = array if index is None else array.isel(date=index)
    return float(sample_point(single, place["lon"], place["lat"], float(place.get("radius") or 0))["value"])


def own_reference(array: xr.DataArray, place: Mapping[str, float]) -> bool:
    """Whether it is the pixel that MintPy itself made zero."""
    if "reference_row" not in array.attrs or float(place.get("radius") or 0) > 0:
        return False
    try:
        return Grid.from_array(array).pixel(place["lon"], place["lat"]) == (
            array.attrs["reference_row"], array.attrs["reference_column"],
        )  # fmt: skip
    except ResultsError:
        return False


def _heights(
    elevation: xr.DataArray | None, track: Track, wanted: Wanted, step: float, notes: list[str]
) -> Floats | None:
    if elevation is None:
        return None
    try:
        near = _part(Grid.from_array(elevation), track, step).cut(elevation)
        found = sample_transect(near, wanted.line, step=step, method=wanted.method)  # type: ignore[arg-type]
    except (InsarWidgetsError, OSError) as error:
        notes.append(f"No elevation: {error}")
        return None
    return np.asarray(found["value"].values, float)
