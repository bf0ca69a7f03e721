"""After any change the next start gives what a fresh work directory gives, and does only what it must.

MintPy itself gets several of these silently wrong: it asks whether a file exists and is newer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio

from insar_widgets import Run, Template, find_stack
from support.arrays import assert_same_arrays
from support.cds import Cds
from support.runs import copy_of, steps_of_last_run

pytestmark = pytest.mark.mintpy

FROM_LOAD = ["load_data", "modify_network", "reference_point", "quick_overview", "invert_network", "velocity"]
FROM_NETWORK, FROM_REFERENCE, FROM_INVERSION = FROM_LOAD[1:], FROM_LOAD[2:], FROM_LOAD[4:]
DEM = "mintpy.topographicResidual"
RAMP = "mintpy.deramp"
TROPOSPHERE = "mintpy.troposphericDelay.method"


@dataclass(frozen=True)
class Change:
    """Options set one after the other on a finished run, and the steps that each must lead to."""

    name: str
    stages: list[tuple[dict[str, str | None], list[str]]]
    soak: bool = True


CHANGES = [
    Change("weights", [({"mintpy.networkInversion.weightFunc": "no"}, FROM_INVERSION)]),
    Change("residual norm", [({"mintpy.networkInversion.minNormVelocity": "no"}, FROM_INVERSION)]),
    Change("mask of reliable pixels", [({"mintpy.networkInversion.minTempCoh": "0.9"}, FROM_INVERSION)]),
    Change(
        "a removed key",
        [
            ({"mintpy.networkInversion.maskDataset": "coherence"}, FROM_INVERSION),
            ({"mintpy.networkInversion.maskDataset": None}, FROM_INVERSION),
        ],
        soak=False,
    ),
    Change(
        "ramp on, of another kind, off",
        [
            ({RAMP: "linear"}, ["deramp", "velocity"]),
            ({RAMP: "quadratic"}, ["deramp", "velocity"]),
            ({RAMP: "no"}, ["velocity"]),
        ],
    ),
    Change(
        "height correlation on and off",
        [
            ({TROPOSPHERE: "height_correlation"}, ["correct_troposphere", "velocity"]),
            ({"mintpy.troposphericDelay.polyOrder": "2"}, ["correct_troposphere", "velocity"]),
            ({TROPOSPHERE: "no", "mintpy.troposphericDelay.polyOrder": None}, ["velocity"]),
        ],
    ),
    Change(
        "height correlation under a ramp",
        [
            ({RAMP: "linear"}, ["deramp", "velocity"]),
            ({TROPOSPHERE: "height_correlation"}, ["correct_troposphere", "deramp", "velocity"]),
            ({TROPOSPHERE: "no"}, ["deramp", "velocity"]),
        ],
    ),
    Change(
        "DEM error on and off",
        [
            ({DEM: "yes"}, ["correct_topography", "residual_RMS", "velocity"]),
            (
                {"mintpy.topographicResidual.polyOrder": "1"},
                ["correct_topography", "residual_RMS", "velocity"],
            ),
            ({DEM: "no", "mintpy.topographicResidual.polyOrder": None}, ["velocity"]),
        ],
    ),
    Change(
        "reference date and DEM error",
        [
            (
                {DEM: "yes", "mintpy.reference.date": "reference_date.txt"},
                ["correct_topography", "residual_RMS", "reference_date", "velocity"],
            ),
            (
                {"mintpy.networkInversion.weightFunc": "fim"},
                ["invert_network", "correct_topography", "residual_RMS", "reference_date", "velocity"],
            ),
        ],
    ),
    Change(
        "dropped dates",
        [({"mintpy.network.excludeDate": "20190227"}, FROM_NETWORK)],
    ),
    Change("dropped interferograms", [({"mintpy.network.excludeIfgIndex": "2,5"}, FROM_NETWORK)]),
    Change("network thresholds", [({"mintpy.network.tempBaseMax": "50"}, FROM_NETWORK)]),
    Change(
        "network of coherent pairs",
        [({"mintpy.network.coherenceBased": "yes", "mintpy.network.minCoherence": "0.8"}, FROM_NETWORK)],
    ),
    Change("subset", [({"mintpy.subset.yx": "5:50,10:70"}, FROM_LOAD)]),
    Change(
        "multilook",
        [({"mintpy.multilook.xstep": "2", "mintpy.multilook.ystep": "2"}, FROM_LOAD)],
    ),
    Change("time function", [({"mintpy.timeFunc.periodic": "1.0"}, ["velocity"])]),
    Change("workers and memory", [({"mintpy.compute.maxMemory": "2.0"}, [])]),
]


def marked(changes: list[Change]) -> list[object]:
    return [pytest.param(c, id=c.name, marks=[pytest.mark.soak] if c.soak else []) for c in changes]


def changed(template: Template, options: dict[str, str | None]) -> Template:
    gone = [key for key, value in options.items() if value is None]
    return template.without(*gone).with_options({k: v for k, v in options.items() if v is not None})


@pytest.fixture(scope="module")
def fresh(quick_run, tmp_path_factory) -> Iterator[Callable[[Template], Path]]:
    """Work directory of a run that knew nothing but this template."""
    known = {frozenset(quick_run.template.items()): quick_run.work_dir}

    def run(template: Template) -> Path:
        key = frozenset(template.items())
        if key not in known:
            made = Run(tmp_path_factory.mktemp("fresh") / "quick", template)
            assert made.start().wait(timeout=300) == "completed", made.failure
            known[key] = made.work_dir
        return known[key]

    yield run


@pytest.mark.parametrize("change", marked(CHANGES))
def test_a_change_of_template_equals_a_fresh_work_directory(change, quick_run, fresh, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick")
    for options, expected in change.stages:
        run = Run(run.work_dir, changed(run.template, options))
        states = run.states()
        stale = {name for name, state in states.items() if state in ("stale", "pending")}
        assert stale == set(expected), "what is said before the start"
        assert run.start().wait(timeout=300) == "completed", run.failure
        done = steps_of_last_run(run)
        assert list(done) == expected
        switched_off = expected == ["velocity"] and "timeFunc" not in str(options)
        for key in () if switched_off or not expected else options:
            assert any(key in why for why in done.values()) or "not done yet" in done.values(), done
        assert_same_arrays(run.work_dir, fresh(run.template))
        assert set(run.states().values()) <= {"completed", "off"}


def test_a_new_reference_point_equals_a_fresh_work_directory(quick_run, fresh, tmp_path):
    with h5py.File(quick_run.work_dir / "avgSpatialCoh.h5") as file:
        coherence, about = file["coherence"][()], dict(file.attrs)
    with h5py.File(quick_run.work_dir / "maskTempCoh.h5") as file:
        coherence[~file["mask"][()].astype(bool)] = 0
    coherence[quick_run.reference["y"], quick_run.reference["x"]] = 0
    y, x = np.unravel_index(int(np.argmax(coherence)), coherence.shape)
    from pyproj import Transformer

    east = float(about["X_FIRST"]) + (x + 0.5) * float(about["X_STEP"])
    north = float(about["Y_FIRST"]) + (y + 0.5) * float(about["Y_STEP"])
    lon, lat = Transformer.from_crs(int(about["EPSG"]), 4326, always_xy=True).transform(east, north)
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.reference.lalo": f"{lat:.6f}, {lon:.6f}"})
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert list(steps_of_last_run(run)) == FROM_REFERENCE
    assert "mintpy.reference.lalo" in steps_of_last_run(run)["reference_point"]
    assert (run.reference["y"], run.reference["x"]) == (y, x)
    assert_same_arrays(run.work_dir, fresh(run.template))


@pytest.mark.soak
def test_era5_on_and_off_equals_a_fresh_work_directory(cds: Cds, quick_run, fresh, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick", {TROPOSPHERE: "pyaps"})
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert list(steps_of_last_run(run)) == ["correct_troposphere", "velocity"]
    assert_same_arrays(run.work_dir, fresh(run.template))
    run = Run(run.work_dir, quick_run.template)
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert list(steps_of_last_run(run)) == ["velocity"]
    assert_same_arrays(run.work_dir, quick_run.work_dir)


def raise_values(path: Path, by: float) -> None:
    with rasterio.open(path, "r+") as raster:
        values = raster.read(1)
        rows = np.linspace(0, by, values.shape[0], dtype=values.dtype)[:, None]
        raster.write(np.where(values == 0, values, values + rows), 1)


@pytest.fixture(scope="module")
def own_products(prepared_stack, quick_run, tmp_path_factory):
    """A finished run on products that may be changed, and their folder, which lacks the last product."""
    folder = tmp_path_factory.mktemp("own") / "hyp3"
    shutil.copytree(prepared_stack.root, folder)
    last = prepared_stack.products[-1].name
    (folder / last).rename(folder.parent / last)
    options = {DEM: "no", "mintpy.reference.date": "no"}
    template = Template.for_stack(find_stack(folder), options, name="quick")
    run = Run(tmp_path_factory.mktemp("own_run") / "quick", template)
    assert run.start().wait(timeout=300) == "completed", run.failure
    return run, folder, last


@pytest.mark.parametrize(
    "case",
    [
        "replaced interferogram and DEM",
        pytest.param("replaced coherence", marks=pytest.mark.soak),
        pytest.param("replaced DEM", marks=pytest.mark.soak),
        pytest.param("removed", marks=pytest.mark.soak),
        pytest.param("added", marks=pytest.mark.soak),
    ],
)
def test_a_change_of_products_equals_a_fresh_work_directory(own_products, tmp_path, case):
    """Size and number of the files may stay as they were: their times tell."""
    base, folder, last = own_products
    aside = tmp_path / "before"
    shutil.copytree(folder, aside)
    try:
        names = sorted(path.name for path in folder.glob("S1*") if path.is_dir())
        if "interferogram" in case:
            raise_values(next((folder / names[2]).glob("*unw_phase.tif")), 1.5)
        if "DEM" in case:
            raise_values(next((folder / names[0]).glob("*dem.tif")), 300)
        if "coherence" in case:
            raise_values(next((folder / names[1]).glob("*corr.tif")), -0.2)
        if case == "removed":
            shutil.rmtree(folder / names[4])
        if case == "added":
            shutil.copytree(folder.parent / last, folder / last)
        run = copy_of(base, tmp_path / "quick")
        assert run.states()["load_data"] == "stale"
        assert run.start().wait(timeout=300) == "completed", run.failure
        assert list(steps_of_last_run(run)) == FROM_LOAD
        made = Run(tmp_path / "fresh" / "quick", base.template)
        assert made.start().wait(timeout=300) == "completed", made.failure
        assert_same_arrays(run.work_dir, made.work_dir)
        with pytest.raises(AssertionError):
            assert_same_arrays(run.work_dir, base.work_dir)
    finally:
        shutil.rmtree(folder)
        shutil.copytree(aside, folder)


@pytest.mark.soak
def test_a_folder_full_of_another_template_keeps_nothing_of_it(finished_run, quick_run, tmp_path):
    """From everything on to the shortest template: files of the corrections are gone, also their figures."""
    run = copy_of(finished_run, tmp_path / "small", {DEM: "no", "mintpy.reference.date": "no"})
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, quick_run.work_dir)
    of_corrections = ("demErr", "Residual", "rms_", "reference_date", "exclude_date")
    files = [p.relative_to(run.work_dir) for p in run.work_dir.rglob("*") if p.is_file()]
    left = [f for f in files if f.parts[0] != ".insar_widgets" and any(n in f.name for n in of_corrections)]
    assert not left
