"""What the products say against a template: dates, pairs, networks, reference points and subsets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Stack
from insar_widgets.runner.template import Template
from support.templates import found, mintpy

pytestmark = pytest.mark.usefixtures("own_home")


def test_corrections_that_need_connected_components(good: Template, prepared_stack: Stack) -> None:
    finding = found(good.set("mintpy.unwrapError.method", "bridging"), prepared_stack)["no-conncomp"]
    assert (finding.severity, finding.key) == ("error", "mintpy.unwrapError.method")
    mask = found(good.set("mintpy.networkInversion.maskDataset", "connectComponent"), prepared_stack)
    assert mask["no-conncomp"].key == "mintpy.networkInversion.maskDataset"


def test_what_hyp3_has_no_data_for(good: Template) -> None:
    assert "no-ionosphere-stack" in found(good.set("mintpy.ionosphericDelay.method", "split_spectrum"))
    assert "no-covariance-file" in found(good.set("mintpy.timeFunc.uncertaintyQuantification", "covariance"))


def test_dates_and_pairs_that_are_not_in_the_stack(good: Template, prepared_stack: Stack) -> None:
    inside, pair = prepared_stack.dates[2], prepared_stack.pairs[0].date12
    for key in ("network.excludeDate", "timeFunc.excludeDate", "topographicResidual.excludeDate"):
        finding = found(good.set(f"mintpy.{key}", f"{inside},20010101"), prepared_stack)["date-not-in-stack"]
        assert finding.key == f"mintpy.{key}"
        assert "20010101" in finding.message
        assert inside not in finding.message
    assert found(good.set("mintpy.network.excludeDate12", pair), prepared_stack) == {}
    absent = found(good.set("mintpy.network.excludeDate12", "20010101_20010113"), prepared_stack)
    assert "pair-not-in-stack" in absent
    assert "date-outside" in found(good.set("mintpy.timeFunc.stepDate", "20010101"), prepared_stack)
    assert found(good.set("mintpy.timeFunc.stepDate", inside), prepared_stack) == {}


def test_a_reference_date_that_will_not_be_there(good: Template, prepared_stack: Stack) -> None:
    first = prepared_stack.dates[0]
    assert found(good.set("mintpy.reference.date", first), prepared_stack) == {}
    assert "reference-date-missing" in found(good.set("mintpy.reference.date", "20010101"), prepared_stack)
    excluded = good.with_options({"mintpy.reference.date": first, "mintpy.network.excludeDate": first})
    assert "is excluded" in found(excluded, prepared_stack)["reference-date-missing"].message


def test_network_options_that_leave_too_little(good: Template, prepared_stack: Stack) -> None:
    dates = prepared_stack.dates
    assert "no-pairs-left" in found(good.set("mintpy.network.tempBaseMax", 1), prepared_stack)
    assert "no-dates-left" in found(good.set("mintpy.network.startDate", dates[-1]), prepared_stack)
    assert "no-dates-left" in found(good.set("mintpy.timeFunc.endDate", dates[0]), prepared_stack)
    # Without the pairs across the middle, the first three dates and the last three fall apart.
    across = [p.date12 for p in prepared_stack.pairs if (p.reference < dates[3]) != (p.secondary < dates[3])]
    finding = found(good.set("mintpy.network.excludeDate12", across), prepared_stack)["network-in-parts"]
    assert ", ".join(dates[3:]) in finding.message
    assert found(good.set("mintpy.network.connNumMax", 1), prepared_stack) == {}


KEPT = """
import contextlib, io, json, sys
from mintpy import modify_network as m
from mintpy.cli import modify_network as cli
answers = []
for path in sys.argv[2:]:
    with contextlib.redirect_stdout(io.StringIO()):
        answers.append(m.get_date12_to_drop(cli.cmd_line_parse([sys.argv[1], "-t", path])) or [])
print(json.dumps(answers))
"""


@pytest.mark.mintpy
def test_the_pairs_left_are_those_mintpy_keeps(
    finished_run, good: Template, prepared_stack: Stack, tmp_path: Path
) -> None:
    from insar_widgets.runner._template_context import Context
    from insar_widgets.runner._template_network import kept_pairs
    from insar_widgets.runner._template_text import parse

    dates = prepared_stack.dates
    cases: list[dict[str, object]] = [
        {"tempBaseMax": 30},
        {"perpBaseMax": 40},
        {"connNumMax": 2},
        {"startDate": dates[1], "endDate": dates[-2]},
        {"excludeDate": dates[2]},
        {"excludeIfgIndex": "1:3,5"},
        {"tempBaseMax": 50, "excludeDate": dates[0], "excludeIfgIndex": "4"},
    ]
    templates = [good.with_options({f"mintpy.network.{key}": case[key] for key in case}) for case in cases]
    paths = [str(t.write(tmp_path / f"project{number}.txt")) for number, t in enumerate(templates)]
    stack_file = str(finished_run.work_dir / "inputs" / "ifgramStack.h5")
    everything = {pair.date12 for pair in prepared_stack.pairs}
    for case, template, dropped in zip(
        cases, templates, json.loads(mintpy(KEPT, stack_file, *paths)), strict=True
    ):
        context = Context(parse(template.text), None, prepared_stack, None)
        kept, _ = kept_pairs(context, prepared_stack)
        assert everything - {pair.date12 for pair in kept} == set(dropped), case
        assert dropped, case


def lonlat(stack: Stack, row: int, column: int) -> tuple[float, float]:
    """Centre of a pixel in degrees, by rasterio and its own projections."""
    with rasterio.open(stack.products[0].layers["unw_phase"]) as raster:
        x, y = raster.xy(row, column)
        lon, lat = transform(raster.crs, "EPSG:4326", [x], [y])
    return lon[0], lat[0]


def first_pixel(stack: Stack, layer: str, value: float, margin: int = 3) -> tuple[int, int]:
    with rasterio.open(stack.products[0].layers[layer]) as raster:
        rows, columns = np.nonzero(raster.read(1)[margin:-margin, margin:-margin] == value)
    return int(rows[0]) + margin, int(columns[0]) + margin


def everywhere_valid(stack: Stack) -> tuple[int, int]:
    valid = None
    for product in stack.products:
        with (
            rasterio.open(product.layers["unw_phase"]) as phase,
            rasterio.open(product.layers["water_mask"]) as land,
        ):
            here = (phase.read(1) != 0) & (land.read(1) == 1)
        valid = here if valid is None else valid & here
    rows, columns = np.nonzero(valid)
    return int(rows[len(rows) // 2]), int(columns[len(rows) // 2])


def test_a_reference_point_on_firm_ground_is_fine(good: Template, prepared_stack: Stack) -> None:
    row, column = everywhere_valid(prepared_stack)
    lon, lat = lonlat(prepared_stack, row, column)
    assert found(good.set("mintpy.reference.yx", (row, column)), prepared_stack) == {}
    assert found(good.set("mintpy.reference.lalo", f"{lat:.6f},{lon:.6f}"), prepared_stack) == {}


def test_a_reference_point_outside_on_water_or_on_no_data(good: Template, prepared_stack: Stack) -> None:
    lon, lat = lonlat(prepared_stack, *everywhere_valid(prepared_stack))
    outside = found(good.set("mintpy.reference.lalo", (lat + 5, lon)), prepared_stack)["reference-outside"]
    assert "latitude" in outside.remedy
    swapped = found(good.set("mintpy.reference.lalo", (lon, lat)), prepared_stack)["reference-outside"]
    assert "Latitude comes first" in swapped.remedy
    assert "reference-outside" in found(good.set("mintpy.reference.yx", "10000,3"), prepared_stack)
    water = first_pixel(prepared_stack, "water_mask", 0)
    assert "reference-on-water" in found(good.set("mintpy.reference.yx", water), prepared_stack)


def test_a_reference_point_without_data_in_one_pair(
    good: Template, prepared_stack: Stack, tmp_path: Path
) -> None:
    import shutil

    from insar_widgets.hyp3 import find_stack

    shutil.copytree(prepared_stack.root, tmp_path / "hyp3")
    stack = find_stack(tmp_path / "hyp3")
    row, column = everywhere_valid(stack)
    with rasterio.open(stack.products[1].layers["unw_phase"], "r+") as raster:
        values = raster.read(1)
        values[row, column] = 0
        raster.write(values, 1)
    finding = found(Template.for_stack(stack, {"mintpy.reference.yx": (row, column)}), stack)[
        "reference-on-no-data"
    ]
    assert f"1 of {len(stack.products)}" in finding.message


WHERE = """
import sys, json
from mintpy.utils import readfile, utils as ut
atr = readfile.read_attribute(sys.argv[1])
points = json.loads(sys.argv[2])
print(json.dumps([[int(v) for v in ut.coordinate(atr).geo2radar(lat, lon)[:2]] for lat, lon in points]))
"""


@pytest.mark.mintpy
def test_a_point_falls_where_mintpy_sees_it(prepared_stack: Stack, finished_run) -> None:
    from insar_widgets.runner._template_frame import lalo_to_pixel

    grid = prepared_stack.grid
    assert grid is not None
    random = np.random.default_rng(3)
    pixels = random.uniform((0, 0), grid.shape, (40, 2))
    degrees = [lonlat(prepared_stack, row, column)[::-1] for row, column in pixels]
    metres = [
        (grid.bounds[3] - row * grid.yres, grid.bounds[0] + column * grid.xres) for row, column in pixels
    ]
    points = [list(map(float, point)) for point in (*degrees, *metres)]
    geometry = finished_run.work_dir / "inputs" / "geometryGeo.h5"
    truth = json.loads(mintpy(WHERE, str(geometry), json.dumps(points)))
    assert [list(lalo_to_pixel(grid, lat, lon)) for lat, lon in points] == truth


def test_subsets_that_do_not_fit(good: Template, prepared_stack: Stack) -> None:
    rows, columns = prepared_stack.grid.shape
    lon, lat = lonlat(prepared_stack, rows // 2, columns // 2)

    def say(options: dict) -> dict[str, Finding]:
        return found(
            good.with_options({f"mintpy.{key}": value for key, value in options.items()}), prepared_stack
        )

    assert say({"subset.yx": f"0:{rows},0:{columns}"}) == {}
    assert say({"subset.lalo": f"{lat - 0.01}:{lat + 0.01},{lon - 0.01}:{lon + 0.01}"}) == {}
    assert say({"subset.yx": f"0:{rows + 1},0:{columns}"})["subset-reaches-out"].severity == "error"
    assert (
        say({"subset.lalo": f"{lat - 5}:{lat},{lon - 5}:{lon}"})["subset-reaches-out"].severity == "warning"
    )
    assert "subset-outside" in say({"subset.lalo": "1:2,3:4"})
    assert "subset-outside" in say({"subset.yx": f"{rows}:{rows + 9},0:{columns}"})
    inside = everywhere_valid(prepared_stack)
    away = "0:2,0:2" if inside[0] > 5 else f"{rows - 2}:{rows},0:2"
    point = lonlat(prepared_stack, *inside)
    finding = say({"subset.yx": away, "reference.lalo": f"{point[1]},{point[0]}"})["reference-outside"]
    assert "outside the subset" in finding.message
