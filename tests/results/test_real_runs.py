"""Real runs of MintPy, read through `open_results` and compared with MintPy's own reading of the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from pyproj import Transformer

from insar_widgets import Run, Template
from insar_widgets.results import Results, open_results
from support.arrays import arrays, assert_within_tolerance
from support.runs import copy_of

pytestmark = pytest.mark.mintpy

TEMPLATE = """
mintpy.load.processor = hyp3
mintpy.load.unwFile = {data}/*/*_unw_phase.tif
mintpy.load.corFile = {data}/*/*_corr.tif
mintpy.load.demFile = {data}/*/*_dem.tif
mintpy.load.incAngleFile = {data}/*/*_lv_theta.tif
mintpy.load.azAngleFile = {data}/*/*_lv_phi.tif
mintpy.load.waterMaskFile = {data}/*/*_water_mask.tif
mintpy.reference.yx = 20,20
mintpy.troposphericDelay.method = no
mintpy.plot = no
"""


@pytest.fixture(scope="session")
def mexico_city(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MintPy's own command line on the real stack over Mexico City. Do not write into its folder."""
    pytest.importorskip("mintpy", reason="MintPy is not installed")
    folder = tmp_path_factory.mktemp("mexico_city")
    data = shutil.copytree(shared_data / "mexico_city_hyp3", folder / "hyp3", copy_function=shutil.copyfile)
    template = folder / "mexico.txt"
    template.write_text(TEMPLATE.format(data=data))
    work_dir = folder / "work"
    program = Path(sys.executable).with_name("smallbaselineApp.py")
    command = [sys.executable, program, template, "--dir", work_dir, "--end", "velocity"]
    environment = os.environ | {"HOME": str(folder), "MPLBACKEND": "Agg"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    more = ["--periodic", "1", "--step", "20180412", "--exp", "20180319", "60", "-o", "velocityModel.h5"]
    command = [sys.executable, program.with_name("timeseries2velocity.py"), "timeseries_demErr.h5", *more]
    subprocess.run(command, capture_output=True, cwd=work_dir, env=environment, check=True, timeout=500)
    return work_dir


@pytest.fixture(params=["mexico_city", "simulated"])
def run_folder(request: pytest.FixtureRequest) -> Path:
    """Finished work directories of real products and of simulated ones."""
    if request.param == "mexico_city":
        return Path(request.getfixturevalue("mexico_city"))
    return Path(request.getfixturevalue("finished_run").work_dir)


def raw(folder: Path, name: str, dataset: str) -> np.ndarray:
    with h5py.File(folder / name) as handle:
        return handle[dataset][:]


def test_mexico_city_sinks_by_more_than_a_quarter_metre_a_year(mexico_city: Path) -> None:
    summary = open_results(mexico_city).summary()
    assert len(summary.dates) == 13
    assert (summary.pairs_kept, summary.pairs_total) == (30, 30)
    assert summary.velocity_min == pytest.approx(-0.28, abs=0.02)
    assert summary.mean_temporal_coherence is not None
    assert summary.mean_temporal_coherence > 0.9
    assert summary.crs == "EPSG:32614"


def test_the_fast_engine_without_gdals_bindings_makes_the_same_of_it(
    mexico_city: Path, tmp_path: Path, without_osgeo: None
) -> None:
    template = Template.read(mexico_city.parent / "mexico.txt")
    run = Run(tmp_path / "fast", template, engine="fast")
    assert run.start(to="velocity").wait(timeout=300) == "completed", run.failure
    ours, theirs = arrays(run.work_dir), arrays(mexico_city)
    assert_within_tolerance(
        ours, {name: array for name, array in theirs.items() if "velocityModel" not in name}
    )
    assert run.engine_of("load_data") == {"name": "fast"}


def test_every_layer_of_a_finished_run_can_be_read(run_folder: Path) -> None:
    results = open_results(run_folder)
    assert not set(results.missing) - {"numTriNonzeroIntAmbiguity", "avgPhaseVelocity", "demErr"}
    for name in results.layers:
        array = results[name]
        assert array.attrs["long_name"], name
        assert np.isfinite(array.values.astype(float)).any(), name


def test_values_are_those_in_the_files_and_empty_pixels_are_those_not_inverted(run_folder: Path) -> None:
    results = open_results(run_folder)
    empty = raw(run_folder, "numInvIfgram.h5", "mask") == 0
    empty |= np.isnan(
        raw(run_folder, "inputs/geometryGeo.h5", "incidenceAngle")
    )  # left out by correct_topography
    series = raw(run_folder, f"{results.timeseries.name}.h5", "timeseries")
    read = results.timeseries.values
    assert (np.isnan(read) == empty).all()
    np.testing.assert_array_equal(read[:, ~empty], series[:, ~empty])
    assert (series[:, empty] == 0).all()
    velocity = results["velocity"].values
    assert (np.isnan(velocity) == empty).all()
    point = results.reference_point
    assert point is not None
    assert velocity[int(point["y"]), int(point["x"])] == 0


def same(ours: np.ndarray, theirs: np.ndarray, name: str) -> None:
    """MintPy solves in 32 bits, and inverts the normal matrix in 32 bits."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=3e-5 * np.nanmax(np.abs(theirs)), err_msg=name)


def test_pixels_that_correct_topography_left_out_have_no_value(finished_run: Run, tmp_path: Path) -> None:
    """MintPy leaves 0 at every date where the geometry has no value, although the pixel was inverted."""
    run = copy_of(finished_run, tmp_path / "run")
    inverted = np.argwhere(raw(run.work_dir, "numInvIfgram.h5", "mask") > 0)
    row, column = inverted[len(inverted) // 3]
    with h5py.File(run.work_dir / "inputs" / "geometryGeo.h5", "r+") as handle:
        handle["incidenceAngle"][row, column] = np.nan
    assert run.start("correct_topography").wait(timeout=120) == "completed", run.failure
    assert run.start("velocity").wait(timeout=120) == "completed", run.failure
    assert (raw(run.work_dir, "timeseries_demErr.h5", "timeseries")[:, row, column] == 0).all()
    results = open_results(run.work_dir)
    for name in ("timeseries_demErr", "demErr", "velocity", "velocityStd"):
        assert np.isnan(results[name].values[..., row, column]).all(), name
    assert np.isfinite(results["timeseries"].values[:, row, column]).all()


def test_the_fit_gives_the_velocity_that_mintpy_wrote(run_folder: Path) -> None:
    results = open_results(run_folder)
    fit = results.fit(results.timeseries, curves=False)
    for name in ("velocity", "velocityStd", "intercept", "interceptStd"):
        same(fit[name].values, results[name].values, name)


def test_the_fit_gives_the_steps_and_seasons_that_mintpy_wrote(mexico_city: Path) -> None:
    results = open_results(mexico_city)
    fit = results.fit(
        results.timeseries, periodic=[1], steps=["20180412"], exp={"20180319": [60]}, curves=False
    )
    for name in (
        "annualAmplitude",
        "step20180412",
        "step20180412Std",
        "exp20180319Tau60D",
        "exp20180319Tau60DStd",
    ):
        same(fit[name].values, results[f"velocityModel_{name}"].values, name)
    same(fit["velocity"].values, results["velocityModel"].values, "velocity")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_pixels_and_places_agree_with_mintpys_coordinates(run_folder: Path) -> None:
    from mintpy.objects.coord import coordinate
    from mintpy.utils import readfile

    results = open_results(run_folder)
    meta = readfile.read_attribute(str(run_folder / "velocity.h5"))
    theirs = coordinate(meta)
    to_degrees = Transformer.from_crs(results.crs, 4326, always_xy=True)
    velocity = results["velocity"]
    rng = np.random.default_rng(0)
    for _ in range(20):
        row, column = int(rng.integers(velocity.sizes["y"])), int(rng.integers(velocity.sizes["x"]))
        northing, easting = theirs.yx2lalo(row, column)
        lon, lat = to_degrees.transform(easting, northing)
        sample = results.series(lon, lat)
        assert (int(sample.row), int(sample.column)) == (row, column)
        assert (float(velocity.y[row]), float(velocity.x[column])) == pytest.approx((northing, easting))


def test_subsidence_of_the_bowl_is_negative(mexico_city: Path) -> None:
    results: Results = open_results(mexico_city)
    velocity = results["velocity"]
    place = velocity.where(velocity == velocity.min(), drop=True)
    lon, lat = Transformer.from_crs(results.crs, 4326, always_xy=True).transform(
        float(place.x[0]), float(place.y[0])
    )
    series = results.series(lon, lat, radius=200)
    assert float(series.displacement[-1]) < -0.1
    assert (series["count"] > 10).all()
