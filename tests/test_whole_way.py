"""From products to displacement: accuracy, sign and place, against what was put in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from insar_widgets import Run, Template, compare_gnss, find_stack, find_stations, open_results
from insar_widgets.simulate import compare_with_truth
from support.ngl import laboratory

pytestmark = pytest.mark.mintpy

WAVELENGTH = 0.05546576


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("insar-widgets"))
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def default_simulation(tmp_path_factory):
    """What `make demo` does, by the same two commands."""
    folder = tmp_path_factory.mktemp("demo")
    simulated = command("simulate", folder / "products")
    assert simulated.returncode == 0, simulated.stderr
    ran = command("run", folder / "products", "--work-dir", folder / "mintpy", "--verify")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder, ran.stdout


def test_the_velocity_of_the_default_simulation_is_right_within_5_mm_per_year(default_simulation):
    folder, told = default_simulation
    found = compare_with_truth(open_results(folder / "mintpy"), folder / "products" / "truth.nc")
    assert found.rmse < 0.005
    assert found.pixels > 30_000
    assert f"rmse {found.rmse * 1e3:.1f} mm/yr" in " ".join(told.split())


def test_subsidence_is_negative(default_simulation):
    folder, _ = default_simulation
    found = compare_with_truth(open_results(folder / "mintpy"), folder / "products" / "truth.nc")
    assert found.true_min < -0.05
    assert found.recovered_min == pytest.approx(found.true_min, abs=0.01)


def test_gnss_in_line_of_sight_agrees_within_the_stated_uncertainty(default_simulation, tmp_path):
    """The stations move with the simulated ground; one has a change of antenna that moves nothing else."""
    folder, _ = default_simulation
    results = open_results(folder / "mintpy")
    with laboratory() as lab:
        lab.serve_folder(folder / "products" / "ngl")
        stations = find_stations(results, base_url=lab.base, cache_dir=tmp_path)
        found = compare_gnss(results, stations)
    assert {s.name for s in stations if s.usable} == {"SIM1", "SIM2", "SIM3", "SIM4", "SIM5", "SIM6"}
    table = found.table
    within = table["velocity_difference"].abs() <= table["velocity_difference_95"]
    assert within.mean() >= 0.95
    assert table["velocity_difference_95"].max() < 0.015  # and the uncertainty says something
    assert table.loc["SIM2", "steps_removed"] == 1
    assert found.regression.slope == pytest.approx(1, abs=0.2)


def test_status_tells_scripts_and_people_the_same(default_simulation):
    folder, _ = default_simulation
    told = command("status", folder / "mintpy", "--json")
    assert told.returncode == 0
    states = json.loads(told.stdout)["steps"]
    assert states["velocity"] == "completed" and states["geocode"] == "off" and len(states) == 18
    assert "velocity.h5" in command("status", folder / "mintpy").stdout


def test_a_single_moving_pixel_is_found_at_its_own_coordinate(prepared_stack, tmp_path):
    """X_FIRST and Y_FIRST are outer corners: half a pixel wrong would find a neighbour."""
    row, column, rate = 12, 50, -0.5  # on land; m/yr, away from the satellite
    folder = tmp_path / "hyp3"
    shutil.copytree(prepared_stack.root, folder)
    for product in prepared_stack.products:
        path = folder / product.name / Path(product.layers["unw_phase"]).name
        days = (
            np.datetime64(_iso(product.pair.secondary)) - np.datetime64(_iso(product.pair.reference))
        ).astype(int)
        with rasterio.open(path, "r+") as raster:
            phase = raster.read(1)
            phase[row, column] = phase[row, column + 1] - 4 * np.pi / WAVELENGTH * rate * days / 365.25
            raster.write(phase, 1)
            x, y = raster.xy(row, column)
            epsg = raster.crs.to_epsg()
    options = {"mintpy.topographicResidual": "no", "mintpy.networkInversion.weightFunc": "no"}
    with_spike, without = (
        Run(tmp_path / name, Template.for_stack(stack, options, name=name))
        for name, stack in {"with": find_stack(folder), "without": prepared_stack}.items()
    )
    for run in (with_spike, without):
        assert run.start().wait(timeout=120) == "completed", run.failure
    results = open_results(with_spike.work_dir)
    velocity = results["velocity"]
    change = velocity.values - open_results(without.work_dir)["velocity"].values
    assert np.argwhere(np.abs(np.nan_to_num(change)) > 1e-4).tolist() == [[row, column]]
    assert float(velocity["x"][column]) == pytest.approx(x, abs=1e-6)
    assert float(velocity["y"][row]) == pytest.approx(y, abs=1e-6)
    lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y)
    series = results.series(lon, lat)
    beside = results.series(*Transformer.from_crs(epsg, 4326, always_xy=True).transform(x + 80, y))
    name = next(iter(series.data_vars))
    moved = float(series[name][-1] - series[name][0]) - float(beside[name][-1] - beside[name][0])
    years = (series["date"].values[-1] - series["date"].values[0]) / np.timedelta64(1, "D") / 365.25
    assert moved == pytest.approx(rate * years, rel=0.02)


@pytest.mark.soak  # the same data are run in tests/results/test_real_runs.py
def test_mexico_city_sinks_as_published(shared_data, tmp_path):
    """Real Sentinel-1 data: some 0.28 m/yr in line of sight where the city sinks fastest."""
    told = command("run", shared_data / "mexico_city_hyp3", "--work-dir", tmp_path / "mexico", "--verify")
    assert told.returncode == 0, told.stdout + told.stderr
    summary = open_results(tmp_path / "mexico").summary()
    assert len(summary.dates) == 13
    assert summary.velocity_min == pytest.approx(-0.28, abs=0.03)
    assert summary.mean_temporal_coherence > 0.9


@pytest.mark.parametrize("kind", ["truncated", "unreadable", "unparsable"])
def test_a_broken_product_ends_in_one_sentence_that_names_the_file(small_stack, tmp_path, kind):
    folder = tmp_path / "hyp3"
    shutil.copytree(small_stack.root, folder)
    raster = sorted(folder.glob("*/*_unw_phase.tif"))[2]
    broken = raster
    if kind == "truncated":
        raster.write_bytes(raster.read_bytes()[: raster.stat().st_size // 2])
    elif kind == "unreadable":
        raster.write_bytes(b"this is no TIFF")
    else:
        broken = next(raster.parent.glob("*.txt"))
        broken.write_text("this is no metadata")
    told = command("run", folder, "--work-dir", tmp_path / "w")
    assert told.returncode == 2
    complaint = " ".join((told.stdout + told.stderr).split())
    assert broken.name in complaint
    assert "Traceback" not in complaint
    assert not (tmp_path / "w" / "inputs").exists()
    whole = command(
        "run", folder, "--work-dir", tmp_path / "w", "--leave-out-broken", "--to", "modify_network"
    )
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert raster.parent.name in " ".join(whole.stdout.split())


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
