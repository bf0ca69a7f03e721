from __future__ import annotations

import time

import numpy as np
import pytest
import xarray as xr

from insar_widgets import find_stations, open_results
from insar_widgets.errors import GnssError
from insar_widgets.gnss import read_holdings
from support.ngl import HOLDINGS

HEADER = "Sta  Lat(deg)   Long(deg) Hgt(m)  X(m) Y(m) Z(m) Dtbeg Dtend Dtmod NumSol StaOrigName\n"


def row(name, lat, lon, *, begin="2018-01-01", end="2024-01-01", solutions=900, original=""):
    return (
        f"{name} {lat:.4f} {lon:.4f} 12.0 1.0 2.0 3.0 {begin} {end} 2024-02-01 {solutions} {original}".rstrip()
        + "\n"
    )


@pytest.fixture
def listed(tmp_path):
    def write(*rows):
        path = tmp_path / "DataHoldings.txt"
        path.write_text(HEADER + "".join(rows))
        return path

    return write


def grid(epsg, x, y, dx, dy, *, shape=(20, 30)):
    """A layer with one invalid pixel, (3, 4)."""
    values = np.ones(shape, np.float32)
    values[3, 4] = np.nan
    layer = xr.DataArray(
        values,
        coords={"y": y + (np.arange(shape[0]) + 0.5) * dy, "x": x + (np.arange(shape[1]) + 0.5) * dx},
        dims=("y", "x"),
    )
    return layer.rio.write_crs(epsg)


def test_a_real_list_is_read_whole_and_searched_in_well_under_a_second(shared_data):
    path = shared_data / "ngl_holdings" / "DataHoldings.txt"
    began = time.monotonic()
    holdings = read_holdings(path)
    found = find_stations((-119.0, 33.5, -117.0, 35.0), "20190101", "20191231", holdings=holdings)
    took = time.monotonic() - began
    rows = [line.split() for line in path.read_text().splitlines()[1:]]
    assert len(holdings) == len(rows) == 22_274 and holdings.skipped == ()
    assert took < 5  # 0.3 s when nothing else runs; the bound only catches a search that is slow by its kind
    inside = {
        r[0] for r in rows if 33.5 <= float(r[1]) <= 35 and -119 <= (float(r[2]) + 180) % 360 - 180 <= -117
    }
    assert {s.name for s in found if s.reason != "outside the frame"} == inside
    several = [r for r in rows if len(r) > 12]
    for name in (several[0][0], rows[0][0]):
        i = list(holdings.name).index(name)
        fields = next(r for r in rows if r[0] == name)
        assert holdings.original_name[i] == " ".join(fields[11:])
        assert -180 <= holdings.lon[i] <= 180
        assert int(fields[10]) == holdings.solutions[i]


def test_each_rejected_station_says_why(listed):
    layer = grid(4326, 10.0, 50.0, 0.01, -0.01)
    stations = find_stations(
        layer,
        "20200101",
        "20201231",
        margin=0.5,
        holdings=listed(
            row("GOOD", 49.9, 10.1, original="Two Words"),
            row("MASK", 50.0 - 3.5 * 0.01, 10 + 4.5 * 0.01),
            row("FEWS", 49.9, 10.1, solutions=49),
            row("LATE", 49.9, 10.1, begin="2020-10-01"),
            row("PAST", 49.9, 10.1, end="2019-06-01"),
            row("AWAY", 49.75, 10.1),
            row("FARR", 20.0, 100.0),
        ),
    )
    reasons = {s.name: s.reason for s in stations}
    assert reasons.keys() == {"GOOD", "MASK", "FEWS", "LATE", "PAST", "AWAY"}
    assert reasons["GOOD"] == "" and stations[0].name == "GOOD" and stations[0].original_name == "Two Words"
    assert "masked" in reasons["MASK"]
    assert reasons["FEWS"] == "49 daily positions, 50 are asked for"
    assert "covers 25%" in reasons["LATE"]
    assert "do not overlap" in reasons["PAST"]
    assert reasons["AWAY"] == "outside the frame"


def test_overlap_and_radius_are_options(listed):
    layer = grid(4326, 10.0, 50.0, 0.01, -0.01)
    path = listed(
        row("HALF", 49.9, 10.1, begin="2020-05-01"), row("MASK", 50.0 - 3.5 * 0.01, 10 + 4.5 * 0.01)
    )
    asked = {"holdings": path, "start": "20200101", "end": "20201231"}

    def usable(**more):
        return [s.name for s in find_stations(layer, **asked, **more) if s.usable]

    assert usable() == ["HALF"]
    assert usable(min_overlap=1) == []
    assert usable(radius=1200) == ["HALF", "MASK"]


@pytest.mark.parametrize("lon", [179.95, -179.95, 180.05])
def test_a_frame_across_the_antimeridian_holds_both_sides(listed, lon):
    path = listed(row("DATE", -17.05, lon % 360), row("FIJI", -17.05, 178.0))
    east = grid(4326, 179.9, -17.0, 0.01, -0.01)
    assert [s.name for s in find_stations(east, holdings=path) if s.usable] == ["DATE"]
    utm = grid(32760, 808_000, 8_120_000, 800, -800)  # UTM 60 S runs past 180 degrees
    assert [s.name for s in find_stations(utm, holdings=path) if s.usable] == ["DATE"]
    assert [s.name for s in find_stations((179.9, -17.2, -179.8, -17.0), holdings=path) if s.usable] == [
        "DATE"
    ]


def test_a_frame_in_utm_takes_stations_beyond_its_zone(listed):
    """Zone 32 ends at 12 degrees east; the frame goes on."""
    layer = grid(32632, 700_000, 5_540_000, 1000, -1000, shape=(40, 60))
    found = find_stations(layer, holdings=listed(row("ZN33", 49.8, 12.2)))
    assert [s.name for s in found if s.usable] == ["ZN33"]


def test_results_are_asked_for_their_dates_and_reliable_pixels(finished_run, small_stack, lab, tmp_path):
    lab.serve_folder(small_stack.root / "ngl")
    results = open_results(finished_run.work_dir)
    stations = find_stations(results, base_url=lab.base, cache_dir=tmp_path, margin=1)
    assert lab.asked == [HOLDINGS]
    mask = results["maskTempCoh"]
    for station in stations:
        assert station.usable == (station.name.startswith("SIM") and bool(_at(mask, station)))
    assert any(s.usable for s in stations)
    assert any("temporal coherence" in s.reason for s in stations)
    find_stations(results, base_url=lab.base, cache_dir=tmp_path)
    assert lab.asked == [HOLDINGS]


def _at(mask, station):
    from pyproj import Transformer

    x, y = Transformer.from_crs(4326, mask.rio.crs, always_xy=True).transform(station.lon, station.lat)
    return mask.sel(x=x, y=y, method="nearest")


def test_what_is_no_list_or_no_frame_is_refused(tmp_path, listed):
    page = tmp_path / "page.txt"
    page.write_text("<html>\n<body>Sorry</body>\n</html>\n")
    with pytest.raises(GnssError, match=r"page\.txt is no list of GNSS stations"):
        find_stations((0, 0, 1, 1), holdings=page)
    with pytest.raises(GnssError, match="bounds"):
        find_stations((0, 5, 1, 1), holdings=listed(row("GOOD", 1, 1)))
    with pytest.raises(GnssError, match="before it begins"):
        find_stations((0, 0, 1, 1), "20200101", "20190101", holdings=listed(row("GOOD", 1, 1)))


def test_a_line_that_is_damaged_costs_one_station(listed):
    path = listed(
        row("GOOD", 49.9, 10.1),
        "BAD1 49.9 10.1\n",
        row("BAD2", 49.9, 10.1).replace("2018-01-01", "2018-31-01"),
    )
    holdings = read_holdings(path)
    assert list(holdings.name) == ["GOOD"]
    assert [number for number, _ in holdings.skipped] == [3, 4]
