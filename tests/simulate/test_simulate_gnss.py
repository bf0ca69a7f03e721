"""Claims about the GNSS stations beside a simulated stack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from pyproj import Geod, Transformer

from insar_widgets import simulate_stack

ENU = ("east", "north", "up")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("gnss")
    simulate_stack(out, shape=(60, 80), dates=24, connections=1, seed=5)
    return out


def read_series(path) -> pd.DataFrame:
    """Columns counted as NGL documents them."""
    table = pd.read_csv(path, sep=r"\s+", header=None, skiprows=1)
    assert table.shape[1] == 23
    return pd.DataFrame(
        {
            "mjd": table[3],
            "east": table[7] + table[8],
            "north": table[9] + table[10],
            "up": table[11] + table[12],
            "reference_lon": table[6],
            "decimal": table[2],
            "lat": table[20],
            "lon": table[21],
            "height": table[22],
        }
    )


def fitted(truth: xr.Dataset, series: pd.DataFrame, component: str, jumps: list[float]) -> np.ndarray:
    """Velocity, earthquake and annual amplitude by least squares, jumps at other times allowed for."""
    first = pd.Timestamp(truth.date.values[0])
    noon = pd.to_datetime(series.mjd + 0.5, unit="D", origin=pd.Timestamp("1858-11-17"))
    time_of_day = (13 * 3600 + 59 * 60 + 41) / 86400
    years = ((noon - first).dt.total_seconds() / 86400 - time_of_day).values / 365.25
    columns = [
        years,
        years >= truth.attrs["step_time_years"],
        np.cos(2 * np.pi * years + truth.attrs["annual_phase"]),
        np.ones_like(years),
        *[years >= jump for jump in jumps],
    ]
    return np.linalg.lstsq(np.stack(columns, 1).astype(float), series[component].values, rcond=None)[0]


def test_series_move_with_the_ground(folder):
    truth = xr.open_dataset(folder / "truth.nc").load()
    assert truth.sizes["station"] == 9
    for name in truth.station.values.tolist():
        here = truth.sel(station=name)
        series = read_series(folder / "ngl" / f"{name}.tenv3")
        jumps = [int(0.3 * 552) / 365.25 - 0.001] if name == "SIM2" else []
        for component, tolerance in zip(ENU, (1, 1, 3.2), strict=True):
            velocity, step, annual, *_ = fitted(truth, series, component, jumps)
            assert velocity == pytest.approx(
                float(here[f"station_velocity_{component}"]), abs=0.0022 * tolerance
            )
            assert step == pytest.approx(float(here[f"station_step_{component}"]), abs=0.0022 * tolerance)
            expected = float(here.station_annual_up) if component == "up" else 0.0
            assert annual == pytest.approx(expected, abs=0.0012 * tolerance)


def test_station_truth_is_the_truth_of_its_pixel(folder):
    truth = xr.open_dataset(folder / "truth.nc").load()
    for name in [n for n in truth.station.values.tolist() if n.startswith("SIM")]:
        here = truth.sel(station=name)
        pixel = truth.interp(x=float(here.station_x), y=float(here.station_y))
        for component in ENU:
            assert float(here[f"station_velocity_{component}"]) == pytest.approx(
                float(pixel[f"velocity_{component}"]), abs=5e-4
            )


def test_six_stations_are_on_land_inside_and_three_outside(folder):
    truth = xr.open_dataset(folder / "truth.nc").load()
    inside = []
    for name in truth.station.values.tolist():
        here = truth.sel(station=name)
        x, y = float(here.station_x), float(here.station_y)
        assert Transformer.from_crs(32611, 4326, always_xy=True).transform(x, y) == pytest.approx(
            (float(here.station_lon), float(here.station_lat)), abs=1e-9
        )
        if truth.x[0] < x < truth.x[-1] and truth.y[-1] < y < truth.y[0]:
            assert int(truth.land.sel(x=x, y=y, method="nearest")) == 1
            inside.append(name)
    assert len(inside) == 6
    assert truth.sizes["station"] - len(inside) == 3
    for path in folder.glob("S1*/*_unw_phase.tif"):
        with rasterio.open(path) as raster:
            phase = raster.read(1)
            for name in inside:
                here = truth.sel(station=name)
                assert phase[raster.index(float(here.station_x), float(here.station_y))] != 0


def test_positions_agree_with_latitude_longitude_and_height(folder):
    """As in real series: distances on GRS80 from the reference longitude and the equator."""
    geod = Geod(ellps="GRS80")
    for path in sorted((folder / "ngl").glob("*.tenv3")):
        series = read_series(path)
        lon, lat = series.lon.values, series.lat.values
        north = geod.inv(lon, np.zeros_like(lat), lon, lat)[2]
        assert np.abs(north - series.north).max() < 2e-4
        radius = geod.a / np.sqrt(1 - geod.es * np.sin(np.radians(lat)) ** 2) * np.cos(np.radians(lat))
        assert np.abs(radius * np.radians(lon - series.reference_lon) - series.east).max() < 2e-4
        assert np.abs(series.height - series.up).max() < 2e-5


def test_days_have_gaps_and_cover_the_stack_with_margins(folder):
    truth = xr.open_dataset(folder / "truth.nc").load()
    epoch = pd.Timestamp("1858-11-17")
    first, last = ((pd.Timestamp(truth.date.values[n]) - epoch).days for n in (0, -1))
    for path in (folder / "ngl").glob("*.tenv3"):
        mjd = read_series(path).mjd.values
        assert mjd[0] < first - 150
        assert mjd[-1] > last + 150
        steps = np.diff(mjd)
        assert steps.min() == 1
        assert steps.max() >= 14


def test_lines_are_as_wide_as_genuine_ones(folder, shared_data):
    genuine = (shared_data / "ngl_series" / "AHUP.tenv3").read_text().splitlines()
    mine = (folder / "ngl" / "SIM1.tenv3").read_text().splitlines()
    assert mine[0] == genuine[0]
    assert {len(line) for line in mine[1:]} == {len(line) for line in genuine[1:] if line}

    def dots(line: str) -> list[int]:
        return [place for place, letter in enumerate(line) if letter == "."]

    assert dots(mine[1]) == dots(genuine[1])


def test_station_list_is_as_ngl_writes_it(folder, shared_data):
    genuine = (shared_data / "ngl_holdings" / "DataHoldings.txt").read_text().splitlines()
    mine = (folder / "ngl" / "DataHoldings.txt").read_text().splitlines()
    assert mine[0] == genuine[0]
    example = next(line for line in genuine if line.startswith("AHUP"))
    for line in mine[1:]:
        assert [len(part) for part in line.split()[7:10]] == [len(part) for part in example.split()[7:10]]
        name, lat, lon, height, x, y, z, begin, end, _, count = line.split()
        assert 0 <= float(lon) < 360
        series = read_series(folder / "ngl" / f"{name}.tenv3")
        assert len(series) == int(count)
        assert float(lat) == pytest.approx(series.lat.iloc[0], abs=1e-4)
        assert float(lon) - 360 == pytest.approx(series.lon.iloc[0], abs=1e-4)
        to_degrees = Transformer.from_crs(4978, 4979, always_xy=True)
        assert to_degrees.transform(float(x), float(y), float(z))[2] == pytest.approx(float(height), abs=0.01)
        epoch = pd.Timestamp("1858-11-17")
        assert [(pd.Timestamp(t) - epoch).days for t in (begin, end)] == [
            series.mjd.iloc[0],
            series.mjd.iloc[-1],
        ]


def test_steps_list_the_antenna_change_and_the_earthquake(folder):
    truth = xr.open_dataset(folder / "truth.nc").load()
    lines = [line.split() for line in (folder / "ngl" / "steps.txt").read_text().splitlines()]
    equipment = [line for line in lines if line[2] == "1"]
    assert [line[0] for line in equipment] == ["SIM2"]
    earthquakes = [line for line in lines if line[2] == "2"]
    day = pd.Timestamp(truth.attrs["step_date"]).strftime("%y%b%d").upper()
    assert {line[1] for line in earthquakes} == {day}
    assert {line[0] for line in earthquakes} == set(truth.station.values.tolist())
    # The antenna's jump is in the series.
    series = read_series(folder / "ngl" / "SIM2.tenv3")
    changed = pd.to_datetime(equipment[0][1], format="%y%b%d") - pd.Timestamp(truth.date.values[0])
    jump = fitted(truth, series, "up", [changed.days / 365.25 - 0.001])[-1]
    assert jump == pytest.approx(0.012, abs=0.006)
