"""`truth.nc`: what was put into a simulated stack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from pyproj import CRS

from insar_widgets.simulate.gnss import Station
from insar_widgets.simulate.motion import Motion
from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import EPSG, PIXEL, WAVELENGTH, Array, Image, Scene


@dataclass(frozen=True)
class Fields:
    """What makes up the interferograms, over the common grid."""

    years: Array
    bperp: Array
    secular: Array
    step: Array
    season: Array
    los: Image
    dem_error: Array
    turbulent: Image
    stratified: Image
    cycles: dict[int, Image]


def write_truth(
    path: Path, options: Options, scene: Scene, motion: Motion, fields: Fields, *, stations: list[Station]
) -> None:
    """Write everything that was put in as one NetCDF file (classic format, 64-bit offsets)."""
    dataset = _dataset(options, scene, motion, fields, stations)
    partial = path.with_name(f".{path.name}.partial")
    dataset.to_netcdf(partial, engine="scipy", format="NETCDF3_64BIT")
    partial.replace(path)


def _dataset(
    options: Options, scene: Scene, motion: Motion, fields: Fields, stations: list[Station]
) -> xr.Dataset:
    look = scene.look
    plane, cube = ("y", "x"), ("date", "y", "x")
    images = {
        "velocity_east": (fields.secular[0], "m/year", "secular velocity towards east"),
        "velocity_north": (fields.secular[1], "m/year", "secular velocity towards north"),
        "velocity_up": (fields.secular[2], "m/year", "secular velocity upwards"),
        "velocity_los": (np.sum(fields.secular * look, axis=0), "m/year",
                         "secular velocity along line of sight, positive towards the satellite"),
        "step_east": (fields.step[0], "m", "displacement on step_date towards east"),
        "step_north": (fields.step[1], "m", "displacement on step_date towards north"),
        "step_up": (fields.step[2], "m", "displacement on step_date upwards"),
        "annual_up": (fields.season[2], "m",
                      "annual amplitude upwards; times cos(2 pi t + annual_phase) - cos(annual_phase)"),
        "dem_error": (fields.dem_error, "m", "adds dem_error * bperp / (slant_range * sin(inc))"),
        "look_east": (look[0], "1", "unit vector from ground to sensor, towards east"),
        "look_north": (look[1], "1", "unit vector from ground to sensor, towards north"),
        "look_up": (look[2], "1", "unit vector from ground to sensor, upwards"),
        "slant_range": (scene.slant_range, "m", "distance from ground to sensor"),
        "dem": (scene.dem, "m", "height above the ellipsoid"),
        "vegetation": (scene.vegetation, "1", "share of the pixel that loses coherence"),
    }  # fmt: skip
    cubes = {
        "displacement_los": (fields.los, "displacement along line of sight, positive towards the satellite"),
        "delay_turbulent": (fields.turbulent, "turbulent troposphere as it adds to the displacement"),
        "delay_stratified": (
            fields.stratified,
            "elevation-correlated troposphere as it adds to the displacement",
        ),
    }
    variables: dict[str, object] = {
        name: (plane, np.asarray(image, np.float32), _mapped(units, text))
        for name, (image, units, text) in images.items()
    }
    variables |= {name: (cube, image, _mapped("m", text)) for name, (image, text) in cubes.items()}
    variables["land"] = (plane, scene.land.astype(np.int8), _mapped("1", "1 = land, 0 = water"))
    variables["bperp"] = ("date", fields.bperp, _attributes("m", "perpendicular baseline to the first date"))
    variables["years"] = (
        "date",
        fields.years,
        _attributes("year", "years of 365.25 days since the first date"),
    )
    variables |= _unwrap_variables(options, fields)
    variables |= _station_variables(motion, stations)
    x0, y0 = scene.grid.x_first, scene.grid.y_first
    names = [f"{day:%Y%m%d}" for day in options.epochs]
    return xr.Dataset(
        variables,
        coords={
            "date": ("date", np.array(names), {"long_name": "acquisition date, YYYYMMDD"}),
            "y": ("y", scene.grid.y, _axis("y", "northing of pixel centres")),
            "spatial_ref": ((), np.int32(0), CRS.from_epsg(EPSG).to_cf()),
            "x": ("x", scene.grid.x, _axis("x", "easting of pixel centres")),
        },
        attrs={
            "title": "What was put into a simulated HyP3 stack",
            "Conventions": "CF-1.8",
            "parameters": options.to_json(),
            "seed": options.seed,
            "family": options.family,
            "EPSG": EPSG,
            "X_FIRST": x0,
            "Y_FIRST": y0,
            "X_STEP": PIXEL,
            "Y_STEP": -PIXEL,
            "wavelength": WAVELENGTH,
            "heading": scene.viewing.heading,
            "step_date": f"{motion.slip_date:%Y%m%d}",
            "step_time_years": motion.slip_time,
            "annual_phase": motion.annual_phase,
            "bowl_centre_x": motion.bowl[0],
            "bowl_centre_y": motion.bowl[1],
            "bowl_depth": motion.depth,
            "components": "east, north and up of the ellipsoid, as lv_theta and lv_phi count",
            "phase": "-4 pi / wavelength * (displacement + delays + DEM error), secondary - reference",
        },
    )


def _unwrap_variables(options: Options, fields: Fields) -> dict[str, object]:
    """Whole cycles that were added, for the pairs that suffer from it alone."""
    epochs = options.epochs
    wrong = sorted(fields.cycles)
    names = [f"{epochs[a]:%Y%m%d}_{epochs[b]:%Y%m%d}" for a, b in (options.pairs[n] for n in wrong)]
    cycles = np.zeros((len(wrong), *options.shape), np.int8)
    for index, number in enumerate(wrong):
        cycles[index] = fields.cycles[number]
    if not wrong:
        return {}
    return {
        "unwrap_pair": (
            "unwrap_pair",
            np.array(names),
            {"long_name": "pair with an unwrapping error"},
        ),
        "unwrap_cycles": (
            ("unwrap_pair", "y", "x"),
            cycles,
            _mapped("1", "cycles of 2 pi wrongly added to the unwrapped phase"),
        ),
    }


def _station_variables(motion: Motion, stations: list[Station]) -> dict[str, object]:
    if not stations:
        return {}
    x, y = np.array([s.x for s in stations]), np.array([s.y for s in stations])
    velocity, step = motion.secular(x, y), motion.step(x, y)
    variables: dict[str, object] = {
        "station": (
            "station",
            np.array([s.name for s in stations]),
            {"long_name": "GNSS station"},
        ),
        "station_x": ("station", x, _attributes("m", "easting")),
        "station_y": ("station", y, _attributes("m", "northing")),
        "station_lon": (
            "station",
            np.array([s.lon for s in stations]),
            _attributes("degrees_east", "longitude"),
        ),
        "station_lat": (
            "station",
            np.array([s.lat for s in stations]),
            _attributes("degrees_north", "latitude"),
        ),
        "station_annual_up": (
            "station",
            motion.season(x, y)[2],
            _attributes("m", "amplitude of the annual term"),
        ),
    }
    for number, name in enumerate(("east", "north", "up")):
        variables[f"station_velocity_{name}"] = (
            "station",
            velocity[number],
            _attributes("m/year", "secular velocity"),
        )
        variables[f"station_step_{name}"] = (
            "station",
            step[number],
            _attributes("m", "displacement on step_date"),
        )
    return variables


def _attributes(units: str, text: str) -> dict[str, str]:
    return {"units": units, "long_name": text}


def _mapped(units: str, text: str) -> dict[str, str]:
    return _attributes(units, text) | {"grid_mapping": "spatial_ref"}


def _axis(axis: str, text: str) -> dict[str, str]:
    return {
        "units": "m",
        "long_name": text,
        "standard_name": f"projection_{axis}_coordinate",
        "axis": axis.upper(),
    }
