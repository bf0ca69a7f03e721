"""Runs by the real MintPy: reproducible, equal to its own command line, honest about failure."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine

from insar_widgets import Run, Template, find_stack, open_results
from insar_widgets.errors import RunError
from support.arrays import assert_same_arrays, attributes
from support.runs import copy_of

pytestmark = pytest.mark.mintpy

QUICK = {"mintpy.topographicResidual": "no", "mintpy.reference.date": "no"}


@pytest.fixture
def copied(finished_run: Run, tmp_path: Path) -> Run:
    """The finished run in a folder of its own, to be changed."""
    shutil.copytree(finished_run.work_dir, tmp_path / "small", symlinks=True)
    return Run(tmp_path / "small", finished_run.template)


def steps_of_last_run(run: Run) -> list[str]:
    last = next(e["run"] for e in reversed(run.events()) if e["event"] == "run-start")
    return [e["step"] for e in run.events() if e["event"] == "step-start" and e["run"] == last]


def test_every_step_is_completed_or_says_why_it_is_off(finished_run):
    states = finished_run.states()
    assert len(states) == 18
    assert set(states.values()) == {"completed", "off"}
    assert all(s.reason for s in finished_run.status() if s.state == "off")
    assert states["velocity"] == "completed" and states["geocode"] == "off"


def test_each_step_has_its_log_and_its_events(finished_run):
    events = finished_run.events()
    assert events[0]["event"] == "run-start" and events[-1]["event"] == "run-end"
    for status in finished_run.status():
        if status.state == "completed":
            kinds = [e["event"] for e in events if e.get("step") == status.name]
            assert kinds[0] == "step-start" and kinds[-1] == "step-end"
            assert f"step - {status.name}" in finished_run.log(status.name)
            assert "\r" not in finished_run.log(status.name)
    assert any(e["event"] == "progress" and 0 < e["fraction"] <= 1 for e in events)
    files = {e["file"] for e in events if e["event"] == "file"}
    assert {"velocity.h5", "timeseries.h5", "inputs/ifgramStack.h5"} <= files


def test_arrays_equal_those_of_mintpys_own_command_line(finished_run, tmp_path):
    """Same template and same reference pixel: array for array, bit for bit."""
    reference = finished_run.reference
    assert reference["how"] == "chosen"
    template = finished_run.template.with_options(
        {"mintpy.reference.yx": f"{reference['y']},{reference['x']}"}
    )
    path = template.write(tmp_path / "small.txt")
    work_dir = tmp_path / "theirs"
    work_dir.mkdir()
    command = [str(Path(sys.executable).with_name("smallbaselineApp.py")), str(path), "--dir", str(work_dir)]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"}, check=False
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    run = copy_of(finished_run, tmp_path / "ours")
    run.engine = "mintpy"  # how near the fast engine comes: tests/runner/engine
    assert run.start(from_="invert_network").wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, work_dir)
    mine, theirs = attributes(run.work_dir), attributes(work_dir)
    option = re.compile(r"@mintpy\.(reference\.yx|load\.)")
    assert {k: v for k, v in mine.items() if not option.search(k)} == {
        k: v for k, v in theirs.items() if not option.search(k)
    }


def test_a_second_run_elsewhere_gives_identical_arrays(finished_run, tmp_path):
    again = Run(tmp_path / "small", finished_run.template)
    assert again.start().wait(timeout=300) == "completed"
    assert again.reference == finished_run.reference
    assert_same_arrays(again.work_dir, finished_run.work_dir)


def test_starting_a_finished_run_does_nothing(copied):
    before = {p: p.stat().st_mtime_ns for p in copied.work_dir.rglob("*.h5")}
    assert copied.start().wait(timeout=60) == "completed"
    assert steps_of_last_run(copied) == []
    assert {p: p.stat().st_mtime_ns for p in copied.work_dir.rglob("*.h5")} == before


def test_a_changed_option_runs_what_depends_on_it_and_equals_a_fresh_run(copied, finished_run, tmp_path):
    template = finished_run.template.with_options({"mintpy.timeFunc.periodic": "1.0"})
    run = Run(copied.work_dir, template)
    status = {s.name: s for s in run.status()}
    assert status["velocity"].state == "stale" and "mintpy.timeFunc.periodic" in status["velocity"].reason
    assert status["invert_network"].state == "completed"
    assert run.start().wait(timeout=300) == "completed"
    assert steps_of_last_run(run) == ["velocity"]
    fresh = Run(tmp_path / "fresh" / "small", template)
    assert fresh.start().wait(timeout=300) == "completed"
    assert_same_arrays(run.work_dir, fresh.work_dir)


def test_a_new_reference_date_is_applied_to_the_series_as_they_were(copied, finished_run, tmp_path):
    """reference_date changes files in place, so what it changed is made anew first."""
    with h5py.File(copied.work_dir / "timeseries.h5") as file:
        date = file["date"][2].decode()
        assert date != file.attrs["REF_DATE"]
    template = finished_run.template.with_options({"mintpy.reference.date": date})
    run = Run(copied.work_dir, template)
    assert run.start().wait(timeout=300) == "completed"
    fresh = Run(tmp_path / "fresh" / "small", template)
    assert fresh.start().wait(timeout=300) == "completed"
    assert_same_arrays(run.work_dir, fresh.work_dir)


def test_switching_a_correction_off_removes_its_products_and_refits_the_velocity(
    copied, finished_run, tmp_path
):
    """MintPy keeps the old velocity here, silently."""
    template = finished_run.template.with_options({"mintpy.topographicResidual": "no"})
    run = Run(copied.work_dir, template)
    assert run.start().wait(timeout=300) == "completed"
    assert "velocity" in steps_of_last_run(run)
    assert not (run.work_dir / "timeseries_demErr.h5").exists()
    fresh = Run(tmp_path / "fresh" / "small", template)
    assert fresh.start().wait(timeout=300) == "completed"
    assert_same_arrays(run.work_dir, fresh.work_dir)


def test_a_lost_product_is_noticed_and_made_again(copied, finished_run):
    (copied.work_dir / "velocity.h5").unlink()
    assert copied.states()["velocity"] == "stale"
    assert copied.start().wait(timeout=120) == "completed"
    assert steps_of_last_run(copied) == ["velocity"]
    assert_same_arrays(copied.work_dir, finished_run.work_dir)


def test_attach_finds_the_run_and_its_template(finished_run):
    found = Run.attach(finished_run.work_dir)
    assert found.template == finished_run.template
    assert found.states() == finished_run.states()
    assert found.outcome == "completed"


def test_attaching_where_nothing_ran_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match="was never run"):
        Run.attach(tmp_path)


def test_a_failed_step_says_why_and_what_to_do_and_later_steps_stay_pending(prepared_stack, tmp_path):
    options = {**QUICK, "mintpy.reference.minCoherence": "0.9999"}
    run = Run(tmp_path / "w", Template.for_stack(prepared_stack, options, name="w"))
    assert run.start().wait(timeout=120) == "failed"
    states = run.states()
    assert states["modify_network"] == "completed"
    assert states["reference_point"] == "failed"
    assert states["invert_network"] == states["velocity"] == "pending"
    reason, remedy = run.failure
    assert "average spatial coherence of 0.9999" in reason and "mintpy.reference.lalo" in remedy
    mended = Run(run.work_dir, Template.for_stack(prepared_stack, QUICK, name="w"))
    assert mended.start().wait(timeout=120) == "completed"
    assert "load_data" not in steps_of_last_run(mended)


def test_a_step_that_leaves_no_values_has_failed_even_if_mintpy_is_content(prepared_stack, tmp_path):
    """With every pair dropped by date MintPy's own exit status would be no proof."""
    options = {
        **QUICK,
        "mintpy.networkInversion.minTempCoh": "1.1",
        "mintpy.networkInversion.minNumPixel": "0",
    }
    run = Run(tmp_path / "w", Template.for_stack(prepared_stack, options, name="w"))
    assert run.start(to="invert_network").wait(timeout=120) == "failed"
    assert "maskTempCoh.h5 was written but holds only zeros" in run.failure[0]


def test_a_raster_that_breaks_while_loading_is_named(prepared_stack, tmp_path):
    folder = tmp_path / "hyp3"
    shutil.copytree(prepared_stack.root, folder)
    broken = sorted(folder.glob("*/*_unw_phase.tif"))[3]
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    template = Template.for_stack(find_stack(folder), QUICK, name="w")
    run = Run(tmp_path / "w", template)
    assert run.start().wait(timeout=120) == "failed"
    assert run.states()["load_data"] == "failed"
    assert broken.name in " ".join(run.failure) + run.log("load_data")


def test_products_that_do_not_share_one_grid_are_refused(small_stack, prepared_stack, tmp_path):
    """MintPy stacks a product that lies three pixels further east without a word."""
    with pytest.raises(RunError, match=r"do not share one grid.*stack\.prepare"):
        Run(tmp_path / "raw", Template.for_stack(small_stack, QUICK, name="raw")).start()
    folder = tmp_path / "hyp3"
    shutil.copytree(prepared_stack.root, folder)
    shifted = sorted(folder.glob("*/*_unw_phase.tif"))[4]
    with rasterio.open(shifted, "r+") as raster:
        raster.transform = raster.transform @ Affine.translation(3, 0)
    run = Run(tmp_path / "w", Template.for_stack(find_stack(folder), QUICK, name="w"))
    with pytest.raises(RunError, match=rf"1 of \d+ rasters differ.*{shifted.name}"):
        run.start()
    assert not run.is_running and run.outcome == "pending"


def test_a_second_start_is_refused_and_the_first_can_be_cancelled(finished_run, tmp_path):
    """MintPy's KMZ takes seconds even for a small raster: time enough to come in between."""
    template = finished_run.template.with_options({"mintpy.save.kmz": "yes"})
    run = Run(tmp_path / "small", template)
    drawing = threading.Event()

    def watch(event):
        if event["event"] == "step-start" and event["step"] == "google_earth":
            drawing.set()

    run.start()
    follower = threading.Thread(target=run.wait, kwargs={"timeout": 120, "on_event": watch})
    follower.start()
    assert drawing.wait(120)
    with pytest.raises(RunError, match="already under way"):
        Run(run.work_dir, template).start()
    assert Run.attach(run.work_dir).cancel() == "cancelled"
    follower.join(30)
    assert not run.is_running
    states = run.states()
    assert states["google_earth"] == "cancelled"
    assert states["velocity"] == "completed"
    assert run.start().wait(timeout=300) == "completed"
    assert steps_of_last_run(run) == ["google_earth"]
    assert_same_arrays(run.work_dir, finished_run.work_dir)


def test_a_killed_run_is_interrupted_and_resumes_to_the_same_arrays(finished_run, tmp_path):
    run = Run(tmp_path / "small", finished_run.template)
    run.start()

    class Writing(Exception):
        pass

    def kill(event):
        if event["event"] == "step-start" and event["step"] == "correct_topography":
            os.kill(run.events()[0]["pid"], 9)
            raise Writing

    with pytest.raises(Writing):
        run.wait(timeout=120, on_event=kill)
    assert run.wait(timeout=10) == "interrupted"
    assert run.states()["correct_topography"] == "interrupted"
    assert run.start().wait(timeout=300) == "completed"
    assert_same_arrays(run.work_dir, finished_run.work_dir)


def test_a_stack_torn_by_a_kill_during_an_in_place_change_is_loaded_again(copied, finished_run):
    """The record of the run says reference_point was at work; the file ends in the middle."""
    stack = copied.work_dir / "inputs" / "ifgramStack.h5"
    with stack.open("r+b") as file:
        file.seek(0)
        file.write(bytes(64))
    manifests = copied.work_dir / ".insar_widgets" / "steps"
    (manifests / "03_reference_point.json").unlink()
    last = copied.events()[-1]["run"]
    with (copied.work_dir / ".insar_widgets" / "events.jsonl").open("a") as log:
        log.write(
            f'{{"v": 1, "time": 0, "run": "{last}", "event": "step-start", "step": "reference_point"}}\n'
        )
    assert copied.states()["reference_point"] == "interrupted"
    assert copied.states()["load_data"] == "stale"
    assert copied.start().wait(timeout=300) == "completed", copied.failure
    assert_same_arrays(copied.work_dir, finished_run.work_dir)


def test_nothing_of_this_process_leaks_into_the_run_or_back(
    finished_run, prepared_stack, tmp_path, monkeypatch
):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.chdir(tmp_path)
    run = Run("größe & co/w", Template.for_stack(prepared_stack, QUICK, name="w"))
    assert run.start(to="modify_network").wait(timeout=120) == "completed", run.failure
    assert Path.cwd() == tmp_path
    assert run.work_dir == tmp_path / "größe & co" / "w"
    assert run.states()["reference_point"] == "pending"


def test_unknown_steps_and_missing_inputs_are_refused_before_anything_starts(prepared_stack, tmp_path):
    run = Run(tmp_path / "w", Template.for_stack(prepared_stack, QUICK, name="w"))
    with pytest.raises(RunError, match="no step 'velocty'"):
        run.start(steps="velocty")
    with pytest.raises(RunError, match=r"velocity needs timeseries\.h5.*run invert_network first"):
        run.start(steps="velocity")
    with pytest.raises(RunError, match="before it begins"):
        run.start(from_="velocity", to="load_data")
    assert not run.is_running and run.outcome == "pending"


def test_the_water_mask_and_the_reference_are_where_the_template_puts_them(finished_run):
    with h5py.File(finished_run.work_dir / "inputs" / "ifgramStack.h5") as file:
        y, x = int(file.attrs["REF_Y"]), int(file.attrs["REF_X"])
    assert (y, x) == (finished_run.reference["y"], finished_run.reference["x"])
    point = open_results(finished_run.work_dir).reference_point
    assert (point["lon"], point["lat"]) == pytest.approx(
        (finished_run.reference["lon"], finished_run.reference["lat"]), abs=1e-6
    )
    with h5py.File(finished_run.work_dir / "timeseries.h5") as file:
        assert not np.any(file["timeseries"][:, y, x])
    with h5py.File(finished_run.work_dir / "waterMask.h5") as file:
        assert file["waterMask"][y, x]
