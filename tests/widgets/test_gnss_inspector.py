"""GnssInspector without a browser, against a stand-in of the laboratory and simulated stations."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import traitlets

from insar_widgets import (
    DisplacementMap,
    GnssInspector,
    InsarWidgetsError,
    Template,
    compare_gnss,
    find_stations,
)
from insar_widgets.gnss import station_from_file
from support.front_end import ask
from support.ngl import HOLDINGS, igs20, keep_more_pixels, laboratory


@pytest.fixture(scope="module")
def served(small_stack):
    """The laboratory with the stations of the small stack."""
    with laboratory() as lab:
        lab.serve_folder(Path(small_stack.products[0].path).parent / "ngl")
        yield lab


@pytest.fixture(scope="module")
def work_dir(finished_run, tmp_path_factory):
    return keep_more_pixels(finished_run.work_dir, tmp_path_factory.mktemp("gnss") / "small")


@pytest.fixture(autouse=True)
def well(served):
    served.fails.clear()
    served.asked.clear()


@pytest.fixture
def inspector(served, work_dir, tmp_path):
    return GnssInspector(work_dir, base_url=served.base, cache_dir=tmp_path / "ngl")


def settled(widget: GnssInspector) -> GnssInspector:
    assert widget.wait(120)
    assert widget._error is None, widget._error
    assert widget._progress is None
    return widget


def test_nothing_leaves_until_asked_and_the_table_is_that_of_compare_gnss(
    inspector, served, work_dir, tmp_path
):
    assert served.asked == [] and inspector.comparison is None
    with pytest.raises(InsarWidgetsError, match="find stations first"):
        _ = inspector.table
    inspector.find()
    settled(inspector)
    assert HOLDINGS in served.asked
    stations = find_stations(inspector.results, base_url=served.base, cache_dir=tmp_path / "ngl")
    expected = compare_gnss(inspector.results, stations)
    pd.testing.assert_frame_equal(inspector.table, expected.table)
    assert inspector.selected == [s.name for s in stations if s.usable]
    assert inspector.comparison.rejected == expected.rejected
    assert {s["name"]: s["reason"] for s in inspector._stations if not s["usable"]} == expected.rejected
    assert inspector._list == {
        "age": 0.0,
        "problem": "",
        "skipped": 0,
        "total": len(served.files[HOLDINGS].splitlines()) - 1,
    }

    # Reference, window and radius are compared again without a request
    served.asked.clear()
    name = inspector.candidates[0].name
    inspector.reference, inspector.window_days, inspector.radius = name, 4, 300.0
    settled(inspector)
    again = compare_gnss(inspector.results, stations, reference=name, window_days=4, radius=300.0)
    pd.testing.assert_frame_equal(inspector.table, again.table)
    assert served.asked == []
    # and what runs as code gives the same
    scope: dict = {}
    exec(inspector.code, scope)
    pd.testing.assert_frame_equal(scope["found"].table, again.table)

    # Fewer stations, at hand: compared at once
    inspector.selected = inspector.selected[:2]
    settled(inspector)
    assert set(inspector.table.index) == {*inspector.selected, name}


def test_what_the_page_asks_for(inspector, tmp_path):
    inspector.find()
    settled(inspector)
    state = ask(inspector, "state")["payload"]
    line = inspector.table.iloc[0]
    row = next(r for r in state["rows"] if r["name"] == line.name)
    for key in ("gnss_velocity", "insar_velocity", "velocity_difference_95", "rmse", "correlation"):
        assert row[key] == pytest.approx(line[key])
    assert state["suggested"]["name"] == inspector.candidates[0].name
    series = inspector.comparison.series(line.name)
    answer = ask(inspector, "series", {"name": line.name})["payload"]
    assert answer["dates"] == series.sizes["date"] and answer["days"] == series.sizes["time"]
    assert answer["frame"] == "IGS20" and answer["zero_date"] == series.attrs["zero_date"]
    assert ask(inspector, "series", {"name": "NONE"})["payload"] is None

    text = ask(inspector, "csv", {"station": ""})["payload"]["text"]
    table = pd.read_csv(io.StringIO(text), comment="#", index_col="station")
    pd.testing.assert_frame_equal(table, inspector.table, check_dtype=False, rtol=1e-9)
    for name, why in inspector.comparison.rejected.items():
        assert f"# not compared: {name}: {why}" in text
    assert "doi:10.1029/2018EO104623" in text
    path = inspector.to_csv(tmp_path / "one.csv", line.name)
    both = pd.read_csv(path, comment="#")
    np.testing.assert_allclose(both["residual_m"], series["residual"], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(both["insar_m"] - both["gnss_m"], both["residual_m"], atol=2e-6)
    assert list(tmp_path.glob(".*part")) == []


def test_each_fault_costs_one_station_and_offline_says_how_old(inspector, served, work_dir, tmp_path):
    usable = [
        s.name
        for s in find_stations(inspector.results, base_url=served.base, cache_dir=tmp_path / "other")
        if s.usable
    ]
    bad = usable[0]
    served.fails[igs20(bad)] = "html"
    inspector.find()
    settled(inspector)
    assert bad not in inspector.table.index and set(usable[1:]) == set(inspector.table.index)
    assert "not such a file" in inspector.comparison.rejected[bad]

    for file in (tmp_path / "ngl").rglob("*"):
        if file.is_file():
            os.utime(file, (time.time() - 40 * 86400,) * 2)
    offline = GnssInspector(work_dir, base_url="http://127.0.0.1:1", cache_dir=tmp_path / "ngl")
    offline.find()
    settled(offline)
    assert offline._list["age"] == pytest.approx(40, abs=0.1) and "40 days ago" in offline._list["problem"]
    assert set(usable[1:]) == set(offline.table.index)
    assert ask(offline, "state")["payload"]["age"] == pytest.approx(40, abs=0.1)
    assert any("40 days ago" in note for note in offline.comparison.notes)
    nothing = GnssInspector(work_dir, base_url="http://127.0.0.1:1", cache_dir=tmp_path / "empty")
    nothing.find()
    assert nothing.wait(60)
    assert "put a copy at" in nothing._error["message"]


def test_a_download_can_be_cancelled_and_taken_up_again(inspector, served):
    silent = next(path for path in served.files if path.endswith("SIM1.tenv3"))
    served.fails[silent] = "busy"
    served.latency = 0.3

    def on_series(change):
        if change["new"] and "series" in change["new"]["text"]:
            inspector.cancel()

    try:
        inspector.observe(on_series, "_progress")
        inspector.find()
        assert inspector.wait(60)
        assert inspector._error is None and inspector._progress is None
        assert inspector._stale and inspector.comparison is None
    finally:
        served.latency = 0.0
    inspector.unobserve_all("_progress")
    assert ask(inspector, "compare")["ok"]
    settled(inspector)
    assert len(inspector.table) > 0 and not inspector._stale


def test_linked_to_a_map_it_sets_reference_there_and_in_the_template(served, work_dir, tmp_path):
    template = tmp_path / "small.txt"
    template.write_text("mintpy.reference.lalo = auto\n")
    map = DisplacementMap(work_dir)
    inspector = GnssInspector(map, base_url=served.base, cache_dir=tmp_path / "ngl", template_path=template)
    layer = inspector.layer
    assert layer is not None and layer.map is map
    inspector.find()
    settled(inspector)
    assert layer.stations == inspector.stations
    line = inspector.table.iloc[1]
    wire = layer._motion["stations"][line.name]
    assert wire["velocity"] == pytest.approx(line["gnss_velocity"])
    expected = inspector.comparison.series(line.name)["gnss"].values
    shown = [np.nan if v is None else v for v in wire["displacement"]]
    np.testing.assert_allclose(shown, expected)
    assert layer._motion["dates"] == list(inspector.results.dates)
    assert set(layer._arrows) == set(inspector.table.index)
    layer.station = line.name
    assert inspector.station == line.name

    assert ask(inspector, "reference", {"name": line.name})["ok"]
    settled(inspector)
    assert map.reference_point == {"lon": line["lon"], "lat": line["lat"], "radius": 0.0}
    assert layer.reference == line.name == inspector.comparison.reference
    would = ask(inspector, "template", {"write": False})["payload"]
    assert would["before"] == "auto" and template.read_text() == "mintpy.reference.lalo = auto\n"
    assert ask(inspector, "template", {"write": True})["ok"]
    lat, lon = (float(v) for v in Template.read(template)["mintpy.reference.lalo"].split(","))
    assert (lon, lat) == pytest.approx((line["lon"], line["lat"]), abs=1e-6)
    inspector.close()
    assert layer.map is None


def test_a_station_of_ones_own(inspector, served, tmp_path):
    inspector.find()
    settled(inspector)
    known = inspector.table.iloc[0]
    source = next(content for path, content in served.files.items() if path == igs20(known.name))
    copy = tmp_path / "mine.tenv3"
    copy.write_bytes(source.replace(known.name.encode(), b"MINE"))
    station = station_from_file(copy)
    assert (station.lon, station.lat) == pytest.approx((known["lon"], known["lat"]), abs=1e-4)
    assert ask(inspector, "own", {"path": str(copy), "lon": None, "lat": None})["payload"] == {"name": "MINE"}
    settled(inspector)
    # the same numbers as the station it is a copy of, but for NGL's steps, which know no MINE
    mine = inspector.table.loc["MINE"]
    assert mine["insar_velocity"] == pytest.approx(known["insar_velocity"], rel=1e-3, abs=2e-4)
    assert mine["epochs"] == known["epochs"]
    csv = tmp_path / "well.csv"
    csv.write_text(
        "date,east,north,up\n" + "".join(f"2019-01-{d:02d},0,0,0.00{d % 10}\n" for d in range(1, 29))
    )
    assert (
        "lon and lat"
        in ask(inspector, "own", {"path": str(csv), "lon": None, "lat": None})["error"]["message"]
    )
    own = station_from_file(csv, lon=known["lon"], lat=known["lat"])
    assert own.name == "well" and own.solutions == 28 and str(own.begin) == "2019-01-01"
    found = compare_gnss(inspector.results, [own], window_days=30)
    assert "well" in found.names or "well" in found.rejected


def test_what_is_not_possible_is_refused(inspector):
    for name, value, words in (
        ("window_days", -1, "0 to 60 days"), ("radius", 1e9, "0 to 50000 metres"), ("frames", [], "at least one"),
    ):  # fmt: skip
        with pytest.raises(traitlets.TraitError, match=words):
            setattr(inspector, name, value)
    with pytest.raises(traitlets.TraitError, match="no trait 'raduis'"):
        GnssInspector(raduis=3)
    with pytest.raises(InsarWidgetsError, match="holds no results"):
        GnssInspector(3)
    assert (
        "open a work directory first" in ask(GnssInspector(), "find", {"refresh": False})["error"]["message"]
    )
    inspector.reference = "NONE"
    assert "no station NONE" in ask(inspector, "reference", {"name": "NONE"})["error"]["message"]


def test_a_page_that_may_only_look_shows_what_the_cache_holds_and_asks_nobody(served, work_dir, tmp_path):
    cache = tmp_path / "ngl"
    nothing = GnssInspector(work_dir, base_url=served.base, cache_dir=cache, read_only=True)
    assert settled(nothing)._stations == []
    wanted = GnssInspector(work_dir, base_url=served.base, cache_dir=cache)
    wanted.find()
    settled(wanted)
    next(path for path in cache.rglob("*.tenv3") if path.stem in wanted.table.index).unlink()
    served.asked.clear()
    looking = GnssInspector(work_dir, base_url=served.base, cache_dir=cache)
    looking.read_only = True  # as a read-only workbench does
    settled(looking)
    assert len(looking.stations) == len(wanted.stations)
    assert set(looking.table.index) < set(wanted.table.index)
    assert any("not at hand" in why for why in looking.comparison.rejected.values())
    assert served.asked == []
