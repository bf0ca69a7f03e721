"""Each finding on a template broken in just that way; a template of a good stack has none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Stack
from insar_widgets.runner.options import defaults_folder, sensor_of
from insar_widgets.runner.presets import presets
from insar_widgets.runner.template import Template


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("WEATHER_DIR", raising=False)
    return home


@pytest.fixture
def good(prepared_stack: Stack) -> Template:
    return Template.for_stack(prepared_stack)


def found(template: Template, stack: Stack | None = None, work_dir: Path | None = None) -> dict[str, Finding]:
    """Findings by code, only those about what the template says beyond its input files."""
    findings = template.validate(stack, work_dir)
    assert [finding.severity for finding in findings] == sorted(
        (finding.severity for finding in findings), key=["error", "warning", "info"].index
    )
    return {finding.code: finding for finding in findings}


def mintpy(code: str, *arguments: str) -> str:
    """What a piece of Python with MintPy prints as its last line."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_good_template_has_no_findings(good: Template, prepared_stack: Stack, tmp_path: Path) -> None:
    assert good.validate(prepared_stack, tmp_path / "work") == []


def test_mintpys_own_default_only_lacks_its_input(own_home: Path) -> None:
    template = Template.read(defaults_folder() / "smallbaselineApp.cfg")
    assert set(found(template)) == {"nothing-to-load", "no-cds-credentials"}


@pytest.mark.parametrize(
    ("key", "good_values", "bad_values"),
    [
        ("network.minCoherence", ["0.7", "1", "auto"], ["1.2", "-0.1", "high", "no", "nan"]),
        ("network.connNumMax", ["3", "no"], ["2.5", "0", "many"]),
        ("network.tempBaseMax", ["48", "36.5", "no"], ["0", "4 weeks"]),
        ("network.startDate", ["20190110", "190110", "no"], ["20190230", "2019-01-10", "201901"]),
        (
            "network.excludeDate",
            ["20190110,20190203", "[20190110]", "no"],
            ["20190110, 20190203", "20191301", "x.txt"],
        ),
        (
            "network.excludeDate12",
            ["20190110_20190203", "190110-190203"],
            ["20190110", "20190110_20190203, 2"],
        ),
        ("network.excludeIfgIndex", ["1:3,5", "0"], ["a", "1-3"]),
        ("networkInversion.weightFunc", ["var", "no", "auto"], ["VAR", "weights", "yes"]),
        ("network.coherenceBased", ["yes", "no", "on", "False", "def"], ["Y", "1", "perhaps"]),
        ("timeFunc.periodic", ["1,0.5", "1", "no"], ["annual"]),
        ("timeFunc.stepDate", ["20190203,20190203T1733", "no"], ["20190203 ,20190227"]),
        ("timeFunc.exp", ["20190203,60;20190203,60,120", "no"], ["20190203", "60,20190203"]),
        ("timeFunc.excludeDate", ["exclude_date.txt", "20190203", "auto"], ["exclude date", "2019"]),
        ("reference.date", ["reference_date.txt", "20190110", "no"], ["first", "20190110,20190203"]),
        ("reference.lalo", ["35.1,-117.9", "auto"], ["35.1 -117.9", "35.1,-117.9,3", "north,west"]),
        ("reference.yx", ["30,40", "auto"], ["30.5,40", "30"]),
        ("subset.lalo", ["35:36,-118:-117", "no"], ["35,36,-118,-117", "35:36", "a:b,c:d"]),
        ("subset.yx", ["0:30,0:40", "[0:30,0:40]"], ["0:30.5,0:40", "30,40"]),
        ("compute.numWorker", ["2", "50%", "all", "auto"], ["two", "150%", "0", "0%"]),
        ("compute.maxMemory", ["2", "0.5"], ["0", "-1", "2GB"]),
        ("deramp", ["linear", "Linear", "no"], ["cubic", "yes"]),
        ("plot", ["yes", "NO", "True"], ["Auto", "maybe"]),
    ],
)
def test_values_of_the_wrong_kind(key: str, good_values: list[str], bad_values: list[str]) -> None:
    for value in good_values:
        findings = Template({f"mintpy.{key}": value}).validate()
        assert "option-value" not in {finding.code for finding in findings}, value
    for value in bad_values:
        finding = found(Template({f"mintpy.{key}": value}))["option-value"]
        assert (finding.severity, finding.key) == ("error", f"mintpy.{key}"), value
        assert value in finding.message
        assert finding.remedy


NETWORK = """
import argparse, contextlib, io, json, sys
from mintpy.cli import modify_network as m
answers = []
for path in sys.argv[1:]:
    inps = argparse.Namespace(file=None, template_file=path, excludeDate=[], excludeDate12=[], connNumMax=None,
                              tempBaseMax=None)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            answers.append(vars(m.read_template2inps(path, inps)))
        except ValueError:
            answers.append(None)
print(json.dumps(answers))
"""


@pytest.mark.mintpy
def test_what_mintpy_makes_of_such_values(tmp_path: Path) -> None:
    """The reason why these are findings: MintPy stops, or looks for a date with a blank before it."""
    cases = [
        ("excludeDate", "20190110, 20190203", ["20190110", " 20190203"]),
        ("excludeDate", "[190110,20190203]", ["20190110", "20190203"]),
        ("excludeDate12", "190110-190203", ["20190110_20190203"]),
        ("connNumMax", "2.5", None),
        ("tempBaseMax", "4 weeks", None),
    ]
    paths = [
        str(Template({f"mintpy.network.{key}": value}).write(tmp_path / f"project{number}.txt"))
        for number, (key, value, _) in enumerate(cases)
    ]
    for (key, _, expected), said in zip(cases, json.loads(mintpy(NETWORK, *paths)), strict=True):
        assert (said and said[key]) == expected


def test_names_and_lines_that_mintpy_overlooks() -> None:
    text = (
        "\ufeffmintpy.plot = no\nmintpy.network.tempBasMax = 48\nmintpy.Deramp = no\nmintpy.quite.new = 1\n"
        "mintpy.deramp =\nmintpy.save.kmz = no\nmintpy.save.kmz = yes\nORBIT_DIRECTION = ASCENDING\n"
    )
    findings = Template.parse(text).validate()
    said = {(finding.code, finding.key): finding.remedy for finding in findings}
    assert "mintpy.network.tempBaseMax" in said["unknown-option", "mintpy.network.tempBasMax"]
    assert "mintpy.deramp" in said["unknown-option", "mintpy.Deramp"]
    assert ("unknown-option", "mintpy.quite.new") in said
    assert ("option-without-value", "mintpy.deramp") in said
    assert ("option-twice", "mintpy.save.kmz") in said
    assert ("byte-order-mark", "mintpy.plot") in said
    assert not any("ORBIT" in key for _, key in said)


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "latin1.txt").write_bytes("# été\nmintpy.plot = no\n".encode("latin-1"))
    assert found(Template.read(tmp_path / "latin1.txt"))["template-encoding"].severity == "error"


@pytest.mark.parametrize(
    ("options", "key", "severity"),
    [
        ({"networkInversion.maskThreshold": 0.5}, "networkInversion.maskThreshold", "warning"),
        (
            {"networkInversion.maskThreshold": 0.5, "networkInversion.maskDataset": "connectComponent"},
            "networkInversion.maskThreshold",
            "warning",
        ),
        ({"network.aoiLALO": "1:2,3:4", "network.coherenceBased": True}, "network.aoiLALO", "warning"),
        ({"network.minCoherence": 0.5}, "network.minCoherence", "info"),
        ({"network.aoiYX": "1:2,3:4"}, "network.aoiYX", "info"),
        ({"unwrapError.ramp": "linear"}, "unwrapError.ramp", "info"),
        ({"compute.numWorker": 3, "compute.cluster": "none"}, "compute.numWorker", "info"),
        ({"troposphericDelay.gacosDir": "/data"}, "troposphericDelay.gacosDir", "info"),
        ({"topographicResidual": False, "residualRMS.cutoff": 2}, "residualRMS.cutoff", "info"),
        ({"timeFunc.bootstrapCount": 100}, "timeFunc.bootstrapCount", "info"),
        ({"geocode.SNWE": "1,2,3,4"}, "geocode.SNWE", "info"),
        ({"reference.yx": "3,4", "reference.lalo": "1,2"}, "reference.yx", "warning"),
        ({"subset.yx": "1:2,3:4", "subset.lalo": "1:2,3:4"}, "subset.yx", "warning"),
    ],
)
def test_options_that_have_no_effect(good: Template, options: dict, key: str, severity: str) -> None:
    changed = good.with_options({f"mintpy.{name}": value for name, value in options.items()})
    finding = next(f for f in changed.validate() if f.code == "ignored-option" and f.key == f"mintpy.{key}")
    assert finding.severity == severity
    assert "no effect" in finding.message


@pytest.mark.parametrize(
    "options",
    [
        {"networkInversion.maskDataset": "coherence", "networkInversion.maskThreshold": 0.5},
        {"network.coherenceBased": True, "network.minCoherence": 0.5, "network.aoiYX": "1:2,3:4"},
        {"deramp": "linear", "deramp.maskFile": "no"},
        {"timeFunc.uncertaintyQuantification": "bootstrap", "timeFunc.bootstrapCount": 100},
    ],
)
def test_options_that_have_an_effect(good: Template, options: dict) -> None:
    assert good.with_options({f"mintpy.{name}": value for name, value in options.items()}).validate() == []


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


def test_workers_beyond_this_process(good: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = "insar_widgets.runner._template_check_machine"
    monkeypatch.setattr(f"{machine}.cores", lambda: 6)
    monkeypatch.setattr(f"{machine}.wise_workers", lambda: 4)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)

    def say(workers: object) -> dict[str, Finding]:
        return found(
            good.with_options({"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": workers})
        )

    assert say(4) == {}
    assert "nearly all" in say(5)["too-many-workers"].message
    assert "64 workers, more than" in say("all")["too-many-workers"].message
    assert "more than" in say("50%")["too-many-workers"].message
    assert say("1%")["worker-share"].severity == "error"
    assert "Write 4" in say(32)["too-many-workers"].remedy


def test_memory_and_clusters_that_are_not_here(good: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insar_widgets.runner._template_check_machine.memory_bytes", lambda: 4 * 2**30)
    assert found(good.set("mintpy.compute.maxMemory", 3)) == {}
    assert "too-much-memory" in found(good.set("mintpy.compute.maxMemory", 16))
    monkeypatch.setenv("PATH", "")
    assert "cluster-not-here" in found(good.set("mintpy.compute.cluster", "slurm"))


def test_era5_without_an_account(
    good: Template, prepared_stack: Stack, tmp_path: Path, own_home: Path
) -> None:
    from insar_widgets.credentials import write_cds

    template = good.set("mintpy.troposphericDelay.method", "pyaps")
    finding = found(template, prepared_stack)["no-cds-credentials"]
    assert (finding.severity, finding.key) == ("error", "mintpy.troposphericDelay.method")
    folder = tmp_path / "weather" / "ERA5"
    folder.mkdir(parents=True)
    for date in prepared_stack.dates:
        (folder / f"ERA5_N30_N40_W120_W110_{date}_01.grb").touch()
    offline = template.set("mintpy.troposphericDelay.weatherDir", tmp_path / "weather")
    assert found(offline, prepared_stack) == {}
    write_cds("b2c3d4e5-1111-2222-3333-444455556666", own_home)
    assert found(template, prepared_stack) == {}


def test_folders_of_delays_that_are_empty(good: Template, prepared_stack: Stack, tmp_path: Path) -> None:
    template = good.set("mintpy.troposphericDelay.method", "gacos")
    assert "no-gacos-files" in found(template, prepared_stack, tmp_path / "work")
    folder = tmp_path / "work" / "GACOS"
    folder.mkdir(parents=True)
    for date in prepared_stack.dates[1:]:
        (folder / f"{date}.ztd").touch()
    finding = found(template, prepared_stack, tmp_path / "work")["gacos-dates-missing"]
    assert prepared_stack.dates[0] in finding.message
    (folder / f"{prepared_stack.dates[0]}.ztd.tif").touch()
    assert found(template, prepared_stack, tmp_path / "work") == {}

    opera = good.set("mintpy.troposphericDelay.method", "opera")
    assert "no Earthdata login" in found(opera, prepared_stack, tmp_path / "work")["no-opera-files"].message
    (tmp_path / "work" / "OPERA").mkdir()
    (
        tmp_path / "work" / "OPERA" / "OPERA_L4_TROPO-ZENITH_20190110T000000Z_20190111T000000Z_HRES_v1.0.nc"
    ).touch()
    assert found(opera, prepared_stack, tmp_path / "work") == {}


def test_products_that_have_moved(good: Template, tmp_path: Path) -> None:
    moved = good.with_options(
        {"mintpy.load.unwFile": tmp_path / "*_unw.tif", "mintpy.load.waterMaskFile": "water/*.tif"}
    )
    severities = {f.key: f.severity for f in moved.validate(work_dir=tmp_path) if f.code == "no-such-files"}
    assert severities == {"mintpy.load.unwFile": "error", "mintpy.load.waterMaskFile": "warning"}
    assert "mintpy.load.waterMaskFile" not in {f.key for f in moved.validate()}


OPEN = """
import contextlib, io, sys
from mintpy.smallbaselineApp import TimeSeriesAnalysis
said = "fine"
with contextlib.redirect_stdout(io.StringIO()):
    try:
        for template in sys.argv[2:]:
            app = TimeSeriesAnalysis(template, sys.argv[1]); app.open(); app.close()
    except Exception as error:
        said = type(error).__name__
print(said)
"""


@pytest.mark.mintpy
@pytest.mark.parametrize(
    ("old", "said"),
    [("/data/plain/*.tif", "fine"), ("/data/[[]1]/*.tif", "fine"), ("/data/a[?]/*.tif", "IndexError")],
)
def test_values_that_an_earlier_run_left(tmp_path: Path, old: str, said: str) -> None:
    work_dir = tmp_path / "work"
    first = Template({"mintpy.load.unwFile": old, "mintpy.deramp": "linear"}).write(tmp_path / "first.txt")
    mintpy(OPEN, str(work_dir), str(first))
    template = Template({"mintpy.load.unwFile": "/data/other/*.tif"})
    second = template.write(tmp_path / "second.txt")
    findings = {(finding.code, finding.key) for finding in template.validate(work_dir=work_dir)}
    assert ("kept-value", "mintpy.deramp") in findings
    assert (("irreplaceable-value", "mintpy.load.unwFile") in findings) == (said != "fine")
    assert mintpy(OPEN, str(work_dir), str(first), str(second)) == said


@pytest.mark.mintpy
def test_project_names_that_mintpy_takes_for_satellites() -> None:
    names = [
        "Nicaragua",
        "nicaragua",
        "KilaueaSenDT5",
        "Environment",
        "Denver",
        "MexicoCity",
        "ALOS2 Alos2",
        "Bioko",
    ]
    code = (
        "import sys, json; from mintpy.objects.sensor import project_name2sensor_name as f\n"
        "print(json.dumps([f(name)[0] for name in sys.argv[1:]]))"
    )
    truth = json.loads(mintpy(code, *names))
    assert [sensor_of(name) or None for name in names] == truth
    assert "Ni" in truth
    assert "project-name-sensor" in found(Template(name="Nicaragua"))
    assert "project-name-sensor" not in found(Template(name="KilaueaSenDT5"))


def test_presets_are_valid_and_replace_each_other(
    good: Template, prepared_stack: Stack, own_home: Path
) -> None:
    from insar_widgets.credentials import write_cds

    write_cds("b2c3d4e5-1111-2222-3333-444455556666", own_home)
    assert list(presets()) == ["quick-look", "standard", "high-quality"]
    templates = {name: preset.apply(good, prepared_stack) for name, preset in presets().items()}
    for name, template in templates.items():
        assert found(template, prepared_stack) == {}, name
        assert presets()[name].title
        assert presets()[name].description
    for name, preset in presets().items():
        for other in templates.values():
            assert dict(preset.apply(other, prepared_stack)) == dict(templates[name])
    assert "mintpy.unwrapError.method" not in templates["high-quality"]
