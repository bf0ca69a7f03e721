"""GnssLayer without a browser: what it hands to the page."""

from __future__ import annotations

import json
import math
from datetime import date

import ipyleaflet
import numpy as np
import pytest
import traitlets

from insar_widgets import DisplacementMap, GnssLayer, RasterLayer
from insar_widgets.gnss import Station, StationVelocity
from insar_widgets.widgets._gnss_wire import arrows

STATION = Station(
    "AB12", 179.95, -17.5, 12.3456, date(2010, 1, 2), date(2024, 3, 4), solutions=4321, modified=date(2024, 3, 9),
    xyz=(-6085000.1, 5300.2, -1906000.3), original_name="<b>Suva</b> & co",
)  # fmt: skip
GREY = Station(
    "OUT1", 179.0, -17.0, 1.0, date(2010, 1, 2), date(2011, 1, 1), usable=False, reason="outside the frame"
)


def test_the_page_gets_everything_the_popup_shows():
    layer = GnssLayer(ipyleaflet.Map(layers=()), stations=[STATION, GREY])
    first, second = json.loads(json.dumps(layer._stations))
    assert first["name"] == "AB12" and (first["lon"], first["lat"], first["height"]) == (
        179.95,
        -17.5,
        12.3456,
    )
    assert first["xyz"] == [-6085000.1, 5300.2, -1906000.3]
    assert (first["begin"], first["end"], first["modified"]) == ("2010-01-02", "2024-03-04", "2024-03-09")
    assert first["solutions"] == 4321 and first["original"] == "<b>Suva</b> & co" and first["usable"]
    assert not second["usable"] and second["reason"] == "outside the frame" and second["xyz"] is None
    assert repr(layer) == "GnssLayer(2 stations)"


def test_what_is_not_possible_is_refused():
    with pytest.raises(traitlets.TraitError, match="no trait 'colour'"):
        GnssLayer(colour="red")
    with pytest.raises(traitlets.TraitError, match=r"ipyleaflet\.Map"):
        GnssLayer(GnssLayer())
    layer = GnssLayer(filter={"solutions": 100})
    assert layer.filter == {"name": "", "begin": "", "end": "", "solutions": 100, "usable": False}
    with pytest.raises(traitlets.TraitError, match="no 'nmae'"):
        layer.filter = {"nmae": "A"}
    with pytest.raises(traitlets.TraitError, match="'solutions' is a int"):
        layer.filter = {"solutions": "many"}


def test_it_takes_the_colours_of_the_raster_under_it(finished_run):
    map = DisplacementMap(finished_run.work_dir)
    layer = GnssLayer(map, stations=[STATION])
    assert map.wait(60)
    assert layer._raster == f"anywidget:{map.raster.model_id}"
    raster = RasterLayer(map.raster.data)
    assert GnssLayer(ipyleaflet.Map(layers=()), raster=raster)._raster == f"anywidget:{raster.model_id}"
    assert GnssLayer(ipyleaflet.Map(layers=()))._raster == ""
    layer.remove()
    assert layer.map is None and layer._raster == ""
    empty = DisplacementMap("no/such/folder")
    late = GnssLayer(empty)
    assert late._raster == ""
    empty.results = map.results
    assert empty.wait(60)
    assert late._raster == f"anywidget:{empty.raster.model_id}"


def test_arrows_are_relative_to_the_reference_with_errors_of_both():
    one = StationVelocity(0.030, 0.010, -0.004, 0.001, 0.002, 0.003, 0.5, 900)
    base = StationVelocity(0.010, 0.015, 0.001, 0.002, 0.001, 0.004, 0.0, 900)
    alone = arrows({"A": one, "R": base}, None)
    assert (alone["A"]["e"], alone["A"]["n"], alone["A"]["u"]) == (0.030, 0.010, -0.004)
    assert alone["A"]["c"] == pytest.approx(0.5)
    relative = arrows({"A": one, "R": base}, "R")
    found = relative["A"]
    assert (found["e"], found["n"], found["u"]) == pytest.approx((0.020, -0.005, -0.005))
    assert (found["se"], found["sn"], found["su"]) == pytest.approx(
        (math.hypot(1, 2) / 1e3, math.hypot(2, 1) / 1e3, 0.005)
    )
    # cov(A) + cov(R), independently: correlation from the sum of both matrices
    total = np.array([[1.0, 1.0], [1.0, 4.0]]) + np.array([[4.0, 0.0], [0.0, 1.0]])
    assert found["c"] == pytest.approx(total[0, 1] / math.sqrt(total[0, 0] * total[1, 1]))
    assert relative["R"] == {"e": 0.0, "n": 0.0, "u": 0.0, "se": 0.0, "sn": 0.0, "su": 0.0, "c": 0.0}
