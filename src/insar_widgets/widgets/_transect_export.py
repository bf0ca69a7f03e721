"""A transect as tables of numbers, and as the Python that makes these numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from insar_widgets import __version__
from insar_widgets.widgets._transect_compute import Found, Profile, Wanted
from insar_widgets.widgets._transect_sources import Layer, iso

__all__ = ["code_for", "csv_text", "factor_of", "samples_csv", "unit_of"]

_FACTORS = {"mm": 1000.0, "cm": 100.0, "m": 1.0}


def factor_of(profile: Profile, unit: str) -> float:
    """One unit of the profile's values in the unit they are shown in."""
    return _FACTORS[unit] if profile.scaled else 1.0


def unit_of(profile: Profile, unit: str) -> str:
    """The unit values are shown in."""
    if not profile.scaled:
        return "" if profile.units == "1" else profile.units
    _, slash, per = profile.units.partition("/")
    return f"{unit}{slash}{per}"


def _head(out: io.StringIO, layers: Mapping[str, Layer], wanted: Wanted, found: Found, unit: str) -> None:
    def note(key: str, value: Any) -> None:
        out.write(f"# {key}: {' '.join(str(value).splitlines())}\n")

    note("made by", f"insar_widgets {__version__}, TransectInspector")
    for name, (lon, lat), distance in zip(found.names, found.corners, found.vertices, strict=True):
        note(f"vertex {name}", f"lon {lon:.7f}, lat {lat:.7f}, at {distance:.1f} m")
    note(
        "length",
        f"{found.length:.1f} m on the WGS84 ellipsoid, azimuth {found.azimuth:.2f} degrees from A to A′",
    )
    note("sampling", f"{wanted.method}, every {found.step:g} m")
    note(
        "swath",
        f"{wanted.width:g} m: median, 16th and 84th percentile of the pixels" if wanted.width else "none",
    )
    place = wanted.reference_point
    if place:
        radius = float(place.get("radius") or 0)
        note("reference point", f"lon {place['lon']:.6f}, lat {place['lat']:.6f}, radius {radius:g} m")
    if wanted.mask_layer:
        note("mask", f"{wanted.mask_layer} >= {wanted.mask_threshold:g}")
    for remark in found.notes:
        note("note", remark)
    for profile in found.profiles:
        words = [f"{profile.layer} of {layers[profile.layer].where}"] if profile.layer in layers else []
        words += [iso(profile.date)] if profile.date else []
        words += [f"in {unit_of(profile, unit)}"] if unit_of(profile, unit) else []
        towards = profile.layer in layers and layers[profile.layer].los
        words += ["positive towards the satellite"] if towards else []
        words += [f"relative {profile.relative}"] if profile.relative else []
        note(
            profile.label,
            "; ".join([*words, *profile.notes, *([profile.problem] if profile.problem else [])]),
        )


def csv_text(layers: Mapping[str, Layer], wanted: Wanted, found: Found, unit: str) -> str:
    """Comments with everything one must know, then a row a sample."""
    out = io.StringIO()
    _head(out, layers, wanted, found, unit)
    columns: list[tuple[str, Any, str]] = [
        ("distance (m)", found.distance, ".2f"), ("lon", found.lon, ".7f"), ("lat", found.lat, ".7f"),
    ]  # fmt: skip
    if found.elevation is not None:
        columns.append(("elevation (m)", found.elevation, ".2f"))
    for profile in found.profiles:
        if profile.data is None:
            continue
        factor, shown = factor_of(profile, unit), unit_of(profile, unit)
        names = ("value", "median", "p16", "p84") if wanted.width else ("value",)
        for name in names:
            suffix = f" ({shown})" if shown else ""
            columns.append((f"{profile.label} {name}{suffix}", profile.data[name].values * factor, ".7g"))
        if wanted.width:
            columns.append((f"{profile.label} pixels", profile.data["count"].values, ".0f"))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([name for name, _, _ in columns])
    for row in range(found.distance.size):
        writer.writerow(["" if np.isnan(v[row]) else format(float(v[row]), form) for _, v, form in columns])
    return out.getvalue()


def samples_csv(layers: Mapping[str, Layer], wanted: Wanted, found: Found, unit: str) -> str:
    """Every pixel of the swath: distance along the line and across it, and its value."""
    out = io.StringIO()
    _head(out, layers, wanted, found, unit)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["profile", "distance (m)", "offset to the right (m)", "value", "unit"])
    for profile in found.profiles:
        if profile.data is None:
            continue
        factor, shown = factor_of(profile, unit), unit_of(profile, unit)
        names = ("sample_distance", "sample_offset", "sample_value")
        along, across, values = (np.asarray(profile.data[name].values, float) for name in names)
        for a, o, v in zip(along, across, values * factor, strict=True):
            if np.isfinite(v):
                writer.writerow([profile.label, f"{a:.2f}", f"{o:.2f}", f"{v:.7g}", shown])
    return out.getvalue()


def code_for(layers: Mapping[str, Layer], wanted: Wanted, found: Found, elevation: Layer | None) -> str:
    """Plain Python that makes `profiles`, the numbers of the widget in the units of the layers."""
    used = [layers[p.layer] for p in found.profiles if p.data is not None]
    extra = [layers[wanted.mask_layer]] if any(p.mask for p in found.profiles) else []
    extra += [elevation] if elevation is not None else []
    needs = list(dict.fromkeys(line for layer in (*used, *extra) for line in layer.needs))
    point = any(p.zero for p in found.profiles)
    imports = sorted({line for line in needs if line.startswith(("import ", "from "))})
    lines = [
        *[line for line in imports if not line.startswith("from insar")],
        *(["import rioxarray"] if "import rioxarray" not in imports else []),
        "",
        *[line for line in imports if line.startswith("from insar")],
        f"from insar_widgets.results import {'sample_point, ' if point else ''}sample_transect",
        "",
        *[line for line in needs if line not in imports],
        f"line = {[list(vertex) for vertex in wanted.line]!r}  # lon, lat",
        "profiles = {}",
    ]
    how = f"line, width={wanted.width!r}, step={found.step!r}, method={wanted.method!r}"
    for profile in found.profiles:
        if profile.data is None:
            lines += ["", f"# {profile.label}: {' '.join(profile.problem.split())}"]
            continue
        lines += _profile_code(layers, wanted, profile, how)
    if elevation is not None and found.elevation is not None:
        how = f"line, step={found.step!r}, method={wanted.method!r}"
        lines += [
            "",
            "# Elevation in metres",
            f'elevation = sample_transect({elevation.code}, {how})["value"]',
        ]
    return "\n".join(lines) + "\n"


def _profile_code(layers: Mapping[str, Layer], wanted: Wanted, profile: Profile, how: str) -> list[str]:
    layer = layers[profile.layer]
    lines = ["", f"# {' '.join(profile.label.split())}" + (f", {profile.units}" if profile.units else "")]
    lines.append(f"layer = {layer.code}")
    if profile.index is not None:
        lines.append("cube = layer")
        lines.append(f"layer = cube.isel(date={profile.index}, drop=True)  # {iso(profile.date)}")
    values = "layer"
    if profile.base is not None:
        lines.append(f"base = cube.isel(date={profile.base}, drop=True)  # {iso(wanted.reference_date)}")
        values = "(layer - base)"
    if profile.mask:
        mask = layers[wanted.mask_layer]
        test = "" if mask.open().dtype == bool else f" >= {wanted.mask_threshold!r}"
        values = f"{values}.where({mask.code}{test})"
    lines.append(f"profile = sample_transect({values}, {how})")
    if profile.zero and wanted.reference_point:
        place = wanted.reference_point
        at = f"{place['lon']!r}, {place['lat']!r}, {float(place.get('radius') or 0)!r}"
        zero = f'sample_point(layer, {at})["value"]'
        if profile.base is not None:
            zero += f' - sample_point(base, {at})["value"]'
        lines.append(f"zero = float({zero})  # at the reference point")
        lines.append('for name in ("value", "median", "p16", "p84", "sample_value"):')
        lines.append("    profile[name] = profile[name] - zero")
    lines.append(f"profiles[{profile.id!r}] = profile")
    return lines
