"""The tropospheric correction by the real MintPy, with weather from a stand-in of the Climate Data Store."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from insar_widgets import Run
from support.arrays import arrays, assert_same_arrays
from support.cds import TOKEN, Cds
from support.era5 import write_gribs
from support.runs import copy_of, smallbaseline, steps_of_last_run

pytestmark = pytest.mark.mintpy

METHOD = "mintpy.troposphericDelay.method"
PYAPS = {METHOD: "pyaps"}


def dates_of(run: Run) -> list[str]:
    with h5py.File(run.work_dir / "timeseries.h5") as file:
        return [date.decode() for date in file["date"]]


def gribs(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("ERA5/*"))


def pinned(run: Run) -> dict[str, str]:
    """The reference pixel as an option, for MintPy's own command line."""
    reference = run.reference
    return {"mintpy.reference.yx": f"{reference['y']},{reference['x']}"}


def corrected_by_mintpy(run: Run, before: Run, folder: Path, **options: str) -> Path:
    """The same correction by MintPy's own command line, from the same time series on."""
    shutil.copytree(before.work_dir, folder, symlinks=True)
    (folder / "velocity.h5").unlink()
    template = run.template.with_options(pinned(run) | options)
    smallbaseline(template, folder, "--start", "correct_troposphere")
    return folder


@pytest.fixture(scope="module")
def corrected(quick_run, era5_source, tmp_path_factory):
    """A run corrected with ERA5, whose weather files came from the stand-in, and what the stand-in was asked."""
    from support.cds import serve_cds
    from support.era5 import synthetic_grib

    with (
        pytest.MonkeyPatch.context() as patch,
        serve_cds(lambda date, hour, area: synthetic_grib(era5_source, date, hour, area)) as cds,
    ):
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("CDSAPI_URL", cds.base)
        patch.setenv("CDSAPI_KEY", TOKEN)
        patch.delenv("WEATHER_DIR", raising=False)
        run = copy_of(quick_run, tmp_path_factory.mktemp("era5") / "quick", PYAPS)
        assert run.start().wait(timeout=300) == "completed", run.failure
        return run, cds


def test_era5_is_downloaded_date_by_date_and_only_what_follows_is_done_again(corrected, quick_run):
    run, cds = corrected
    assert cds.dates == dates_of(run)
    assert list(steps_of_last_run(run)) == ["correct_troposphere", "velocity"]
    assert METHOD in steps_of_last_run(run)["velocity"]
    asked = cds.requested[0]
    assert asked["area"] == [40, -130, 30, -110]
    with h5py.File(run.work_dir / "timeseries.h5") as file:
        hour = round(float(file.attrs["CENTER_LINE_UTC"]) / 3600)
    assert asked["time"] == [f"{hour:02d}:00"]
    assert gribs(run.work_dir) == [f"ERA5_N30_N40_W130_W110_{d}_{hour:02d}.grb" for d in dates_of(run)]
    labels = [e["label"] for e in run.events() if e["event"] == "progress"]
    assert "3 of 6 weather files" in labels and "6 of 6 weather files" in labels
    assert np.any(arrays(run.work_dir)["velocityERA5.h5/velocity"])


def test_arrays_corrected_with_era5_equal_those_of_mintpys_own_command_line(corrected, quick_run, tmp_path):
    run, _ = corrected
    shutil.copytree(run.work_dir / "ERA5", tmp_path / "weather" / "ERA5")
    weather = {"mintpy.troposphericDelay.weatherDir": str(tmp_path / "weather")}
    folder = corrected_by_mintpy(run, quick_run, tmp_path / "theirs", **weather)
    assert len(arrays(folder)["inputs/ERA5.h5/date"]) == 6
    assert_same_arrays(run.work_dir, folder)


@pytest.mark.parametrize("method", ["height_correlation", "no"])
def test_leaving_era5_behind_equals_a_run_that_never_had_it(corrected, quick_run, tmp_path, method):
    """Delete and redo, delete and skip: nothing of the old correction stays but the weather files."""
    run = copy_of(corrected[0], tmp_path / "quick", {METHOD: method})
    assert run.start().wait(timeout=300) == "completed", run.failure
    expected = ["velocity"] if method == "no" else ["correct_troposphere", "velocity"]
    assert list(steps_of_last_run(run)) == expected
    assert not list(run.work_dir.rglob("*ERA5.h5"))
    assert len(gribs(run.work_dir)) == 6
    if method == "no":
        assert_same_arrays(run.work_dir, quick_run.work_dir)
    else:
        assert_same_arrays(run.work_dir, corrected_by_mintpy(run, quick_run, tmp_path / "theirs"))


@pytest.mark.soak
def test_an_earlier_correction_can_be_done_again_with_the_files_at_hand(corrected, tmp_path, monkeypatch):
    """Without a service, an account or a network: every file is there."""
    monkeypatch.setenv("CDSAPI_RC", str(tmp_path / "none"))
    run = copy_of(corrected[0], tmp_path / "quick")
    assert run.start(from_="correct_troposphere").wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, corrected[0].work_dir)


def test_dates_that_cannot_be_had_are_named_and_what_was_downloaded_is_used_again(
    cds: Cds, corrected, quick_run, tmp_path
):
    """MintPy would leave these dates uncorrected amid the others and end with status 0."""
    dates = dates_of(quick_run)
    cds.unavailable = {dates[2], dates[5]}
    run = copy_of(quick_run, tmp_path / "quick", PYAPS)
    assert run.start().wait(timeout=300) == "failed"
    reason, remedy = run.failure
    assert f"2 of 6 weather files could not be had ({dates[2]}, {dates[5]})" in reason
    assert "None of the data is available yet" in reason and "Start again later" in remedy
    status = next(s for s in run.status() if s.name == "correct_troposphere")
    assert status.state == "failed" and any(dates[2] in warning for warning in status.warnings)
    assert not (run.work_dir / "timeseries_ERA5.h5").exists()
    assert len(gribs(run.work_dir)) == 4

    cds.unavailable = set()
    cds.requested.clear()
    victim = run.work_dir / "ERA5" / gribs(run.work_dir)[0]
    victim.write_bytes(victim.read_bytes()[:-2000])  # MintPy takes a file that is 90 % there for whole
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert cds.dates == [dates[0], dates[2], dates[5]]
    status = next(s for s in run.status() if s.name == "correct_troposphere")
    assert any(victim.name in warning and "ends too early" in warning for warning in status.warnings)
    assert_same_arrays(run.work_dir, corrected[0].work_dir)


def test_a_busy_service_is_waited_for_visibly_and_the_wait_can_be_cancelled(cds: Cds, quick_run, tmp_path):
    cds.mode = "503"
    run = copy_of(quick_run, tmp_path / "quick", PYAPS)
    run.start()
    waits = wait_for(run, "warning")
    assert "answers with status 503; attempt 2 of 6 in 10 s" in waits["message"]
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert time.monotonic() - began < 5
    assert run.states()["correct_troposphere"] == "cancelled"


@pytest.mark.parametrize("mode", ["queue", pytest.param("slow", marks=pytest.mark.soak)])
def test_cancelling_withdraws_the_request_and_leaves_nothing_half_downloaded(
    cds: Cds, quick_run, tmp_path, mode
):
    cds.mode = mode
    run = copy_of(quick_run, tmp_path / "quick", PYAPS)
    run.start()
    if mode == "queue":
        event = wait_for(run, "progress", "waits in the queue")
        assert event["label"].startswith("0 of 6 weather files")
    else:
        wait_until(lambda: ("GET", "/files/job-1") in cds.asked)
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert time.monotonic() - began < 5
    assert not cds.jobs
    assert not list((run.work_dir / "ERA5").iterdir())


@pytest.mark.soak
def test_a_shared_weather_folder_is_used_and_its_larger_area_too(
    era5_source, corrected, quick_run, tmp_path, monkeypatch
):
    """Nothing is asked for, and nothing is put beside the work directory, when all is in the shared folder."""
    monkeypatch.setenv("CDSAPI_URL", "http://127.0.0.1:9/api")
    hour = gribs(corrected[0].work_dir)[0][-6:-4]
    written = write_gribs(era5_source, tmp_path / "weather" / "ERA5", dates_of(quick_run), hour)
    (tmp_path / "weather" / "ERA5").chmod(0o555)
    options = {**PYAPS, "mintpy.troposphericDelay.weatherDir": str(tmp_path / "weather")}
    run = copy_of(quick_run, tmp_path / "quick", options)
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert not (run.work_dir / "ERA5").exists()
    assert {p.name for p in written} == set(gribs(tmp_path / "weather"))
    assert_same_arrays(run.work_dir, corrected[0].work_dir)


@pytest.mark.soak
def test_gacos_needs_every_date(quick_run, prepared_stack, tmp_path):
    """MintPy leaves the dates that have no file uncorrected."""
    folder = tmp_path / "gacos"
    folder.mkdir()
    dates = dates_of(quick_run)
    write_gacos(folder, dates, next(iter(prepared_stack.products[0].layers.values())))
    missing = folder / f"{dates[3]}.ztd.tif"
    missing.rename(tmp_path / missing.name)
    options = {METHOD: "gacos", "mintpy.troposphericDelay.gacosDir": str(folder)}
    run = copy_of(quick_run, tmp_path / "quick", options)
    assert run.start().wait(timeout=300) == "failed"
    assert f"1 of 6 dates have no GACOS file: {dates[3]}" in run.failure[0]
    (tmp_path / missing.name).rename(missing)
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, corrected_by_mintpy(run, quick_run, tmp_path / "theirs"))
    os.utime(missing)
    assert run.states()["correct_troposphere"] == "stale", "a file was replaced"


def test_options_of_another_method_change_nothing(corrected):
    options = {"mintpy.troposphericDelay.polyOrder": "2", "mintpy.troposphericDelay.gacosDir": "elsewhere"}
    states = Run(corrected[0].work_dir, corrected[0].template.with_options(options)).states()
    assert set(states.values()) == {"completed", "off"}


def write_gacos(folder: Path, dates: list[str], like: Path) -> None:
    """Zenith total delays in metres as GeoTIFFs, coarser and larger than a product, in its projection."""
    import rasterio
    from affine import Affine

    with rasterio.open(like) as raster:
        crs, corner = raster.crs, raster.transform
    transform = corner @ Affine.translation(-20, -20) @ Affine.scale(5)
    y, x = np.mgrid[0:30, 0:30]
    profile = {"driver": "GTiff", "width": 30, "height": 30, "count": 1, "dtype": "float32"}
    for number, date in enumerate(dates):
        delay = 2.3 + 0.01 * number + 0.001 * np.sin(x / 5 + number) + 0.0005 * y
        with rasterio.open(folder / f"{date}.ztd.tif", "w", crs=crs, transform=transform, **profile) as out:
            out.write(delay.astype("float32"), 1)


def wait_until(condition, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def wait_for(run: Run, kind: str, text: str = "") -> dict:
    """The first event of a kind, with some text, after the last start of the correction."""
    found: list[dict] = []

    def seen() -> bool:
        events = run.events()
        since = max((e["seq"] for e in events if e.get("step") == "correct_troposphere"), default=10**9)
        starts = [e["seq"] for e in events if e["event"] == "step-start"]
        since = starts[-1] if starts else since
        found[:] = [e for e in events if e["seq"] > since and e["event"] == kind and text in str(e)]
        return bool(found)

    wait_until(seen)
    return found[0]
