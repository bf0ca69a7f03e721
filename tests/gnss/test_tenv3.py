from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from insar_widgets.errors import GnssError
from insar_widgets.gnss import read_station_csv, read_steps, read_tenv3, without_outliers

HEADER = (
    "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) sig_e(m) "
    "sig_n(m) sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)\n"
)


def line(day, mjd, e0, east, *, reflon=-99.0, lon=-98.9785059, site="MXTM", up=0.3):
    return (
        f"{site} {day} 2017.4538 {mjd} 1953 4 {reflon:6.1f} {e0:6d} {east:9.6f} 2155291  0.600640  2226 {up:9.6f}  "
        f"0.0000 0.001256 0.001039 0.004593 -0.045643  0.144468 -0.079128 19.4844247673 {lon:15.10f} 2226.37670\n"
    )


def write(tmp_path, *lines, name="MXTM.tenv3"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.mark.parametrize(
    ("name", "frame", "first", "days"),
    [("AHUP", "IGS14 or IGS20", "1999-05-30", 9153), ("MXTM.NA", "NA", "2017-06-15", 548)],
)
def test_real_series_have_the_right_position_dates_and_frame(shared_data, name, frame, first, days):
    path = shared_data / "ngl_series" / f"{name}.tenv3"
    series = read_tenv3(path)
    rows = [row.split() for row in path.read_text().splitlines()[1:]]
    assert series.attrs["frame"] == frame
    assert series.attrs["station"] == name[:4]
    assert str(series["time"].values[0])[:10] == first
    assert series.sizes["time"] == days == len(rows)
    # by the columns of the file
    for index in (0, len(rows) // 2, -1):
        row = rows[index]
        assert float(series["east"][index]) == pytest.approx(float(row[7]) + float(row[8]), abs=1e-9)
        assert float(series["north"][index]) == pytest.approx(float(row[9]) + float(row[10]), abs=1e-9)
        assert float(series["up"][index]) == pytest.approx(float(row[11]) + float(row[12]), abs=1e-9)
    # and by geodesy: north is the meridian's arc, up the height above the ellipsoid
    lat, lon = float(rows[-1][20]), float(rows[-1][21])
    arc = Geod(ellps="GRS80").inv(lon, 0.0, lon, lat)[2]
    assert float(series["north"][-1]) == pytest.approx(
        arc, abs=0.2
    )  # the plate has moved since its frame was fixed
    assert float(series["up"][-1]) == pytest.approx(float(rows[-1][22]), abs=1e-4)
    assert series.attrs["lon"] == pytest.approx(lon) and series.attrs["lat"] == pytest.approx(lat)


def test_whole_metres_that_change_along_a_series_make_no_jump(tmp_path):
    path = write(tmp_path, line("17JUN15", 57919, 2256, 0.9995), line("17JUN16", 57920, 2257, 0.0005))
    assert np.diff(read_tenv3(path)["east"].values) == pytest.approx([0.001])


def test_a_reference_meridian_that_changes_makes_no_jump(tmp_path):
    """The same place, told from two meridians; the arc between them is that of the file's own two positions."""
    arc = Geod(ellps="GRS80")
    lat = 19.4844247673
    sine = np.sin(np.radians(lat))
    parallel = arc.a / np.sqrt(1 - arc.es * sine**2) * np.cos(np.radians(lat))
    there = np.radians(-98.9785059 + 99.1) * parallel
    here = np.radians(-98.9785059 + 99.0) * parallel
    path = write(
        tmp_path,
        line("17JUN15", 57919, int(there), there % 1, reflon=-99.1),
        line("17JUN16", 57920, int(here), here % 1, reflon=-99.0),
    )
    series = read_tenv3(path)
    assert series["east"].values == pytest.approx([here, here], abs=1e-4)
    assert "meridian" in series.attrs["notes"]


def test_a_longitude_that_is_wound_once_more_is_the_same_place(tmp_path):
    path = write(tmp_path, line("17JUN15", 57919, 2256, 0.5, reflon=-269.0, lon=-268.9))
    assert read_tenv3(path).attrs["lon"] == pytest.approx(91.1)


def test_the_frame_is_that_of_the_folder_or_the_name(tmp_path):
    one = line("17JUN15", 57919, 2256, 0.5)
    assert read_tenv3(write(tmp_path, one, name="IGS20/MXTM.tenv3")).attrs["frame"] == "IGS20"
    assert read_tenv3(write(tmp_path, one, name="MXTM.PA.tenv3")).attrs["frame"] == "PA"
    assert read_tenv3(write(tmp_path, one), frame="IGS14").attrs["frame"] == "IGS14"


def test_lines_that_are_no_positions_are_left_out_and_counted(tmp_path):
    good = line("17JUN15", 57919, 2256, 0.5)
    path = write(
        tmp_path,
        good,
        good[:60] + "\n",
        good.replace("0.600640", "abcdefgh"),
        line("17JUN14", 57918, 2256, 0.4),
    )
    series = read_tenv3(path)
    assert series.sizes["time"] == 2
    assert list(series["east"].values) == [2256.4, 2256.5]  # by day
    assert "2 of 4 lines" in series.attrs["notes"]


@pytest.mark.parametrize("content", ["<html>404</html>\n", "", HEADER])
def test_what_is_no_series_is_refused_with_the_file(tmp_path, content):
    path = tmp_path / "NONE.tenv3"
    path.write_text(content)
    with pytest.raises(GnssError, match=r"NONE\.tenv3"):
        read_tenv3(path)


def test_outliers_are_left_out_and_counted_and_a_step_is_none(tmp_path):
    rng = np.random.default_rng(3)
    east = 0.5 + rng.normal(0, 0.001, 200) + 0.02 * (np.arange(200) >= 100)
    east[[20, 150]] += 0.05
    path = write(tmp_path, *[line("17JUN15", 57919 + i, 2256, value) for i, value in enumerate(east)])
    kept, lost = without_outliers(read_tenv3(path), threshold=8)
    assert lost == 2
    assert kept.sizes["time"] == 198
    assert np.ptp(kept["east"].values) < 0.03


def test_steps_of_equipment_and_earthquakes(tmp_path):
    path = tmp_path / "steps.txt"
    path.write_text(
        "AHUP  18MAY04  2  316.228   24.5 6.90 us1000dyad\n"
        "AHUP  03JAN07  1  Antenna_Type_Changed\n"
        "BLAS  97DEC31  1  Receiver Make and Model Changed\n"
        "nonsense\n"
    )
    quake = read_steps(path, "AHUP")[1]
    assert [str(step.date) for step in read_steps(path)] == ["1997-12-31", "2003-01-07", "2018-05-04"]
    assert (quake.kind, quake.magnitude, quake.distance_km, quake.radius_km) == (
        "earthquake",
        6.9,
        24.5,
        316.228,
    )
    assert read_steps(path, "AHUP")[0].reason == "Antenna Type Changed"


def test_a_series_of_ones_own(tmp_path):
    path = tmp_path / "roof.csv"
    path.write_text(
        "# mine\ndate, east, north, up, sigma_up\n20200102,0.002,0,0,0.003\n2020-01-01,0.001,0,0,0.002\n"
    )
    series = read_station_csv(path, lon=10.0, lat=50.0)
    assert list(series["east"].values) == [0.001, 0.002]
    assert list(series["sigma_up"].values) == [0.002, 0.003]
    assert np.isnan(series["sigma_east"]).all()
    assert series.attrs["station"] == "roof"
    path.write_text("date,east,up\n20200101,0,0\n")
    with pytest.raises(GnssError, match=r"roof\.csv lacks the column north"):
        read_station_csv(path, lon=10.0, lat=50.0)
