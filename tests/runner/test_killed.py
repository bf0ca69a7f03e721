"""A run killed in the writing of a product ends as if nothing had happened, after one plain start.

A handful of the kills of `make soak` (test_killed_soak.py).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import pytest

from insar_widgets import Run, Template, open_results
from support.arrays import arrays, assert_same_arrays, assert_same_attributes
from support.kills import Killer, make_killer

pytestmark = pytest.mark.mintpy


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Killer:
    return make_killer(tmp_path_factory.mktemp("killer"))


@pytest.fixture(scope="module")
def changed(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An uninterrupted second run, with another reference date and another model of the velocity."""
    with h5py.File(finished_run.work_dir / "timeseries.h5") as file:
        date = file["date"][2].decode()
        assert date != file.attrs["REF_DATE"]
    template = finished_run.template.with_options(
        {"mintpy.reference.date": date, "mintpy.timeFunc.periodic": "1.0"}
    )
    run = copy_of(finished_run, tmp_path_factory.mktemp("changed"), template)
    assert run.start().wait(timeout=300) == "completed", run.failure
    return run


def copy_of(run: Run, folder: Path, template: Template | None = None) -> Run:
    shutil.copytree(run.work_dir, folder / "small", symlinks=True)
    return Run(folder / "small", template or run.template)


def visible(work_dir: Path) -> dict[str, bytes]:
    """Files that anybody but the run's process finds under a product's name."""
    return {p.name: p.read_bytes() for p in work_dir.rglob("*.h5") if p.exists()}


def test_killed_while_velocity_is_written_leaves_no_velocity(changed, finished_run, killer, tmp_path):
    """MintPy makes velocity.h5 empty with its final attributes and accepts the zeros later."""
    run = copy_of(finished_run, tmp_path, changed.template)
    assert killer.kill(run, "velocity.h5", 8)
    assert "velocity.h5" not in visible(run.work_dir)
    assert run.states()["velocity"] == "interrupted"
    assert not (run.work_dir / "velocity.h5").is_symlink()
    assert "velocity" not in open_results(run.work_dir).layers
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, changed.work_dir)
    assert_same_attributes(run.work_dir, changed.work_dir)


def test_killed_while_the_series_are_referenced_in_place(changed, finished_run, killer, tmp_path):
    """MintPy half done put velocity off by decimetres a year. Another date needs no new inversion, killed or not."""
    run = copy_of(finished_run, tmp_path, changed.template)
    before = arrays(run.work_dir)["timeseries.h5/timeseries"]
    assert killer.kill(run, "timeseries.h5", 2)
    assert run.states()["reference_date"] == "interrupted"
    series = arrays(run.work_dir)["timeseries.h5/timeseries"]
    assert not series[0].any() and before[0].any()  # as the inversion left them: zero at the first date
    told = [e["message"] for e in run.events() if e["event"] == "recovered"]
    assert any("timeseries.h5" in message and "back as it was" in message for message in told)
    assert run.start().wait(timeout=300) == "completed", run.failure
    redone = {e["step"] for e in run.events() if e["event"] == "step-start"} - {"plot"}
    assert (
        len([e for e in run.events() if e.get("step") == "invert_network" and e["event"] == "step-start"])
        == 1
    )
    assert {"reference_date", "velocity"} <= redone
    assert_same_arrays(run.work_dir, changed.work_dir)
    assert_same_attributes(run.work_dir, changed.work_dir)


def test_killed_while_attributes_of_the_stack_are_set_costs_no_new_loading(finished_run, killer, tmp_path):
    elsewhere = finished_run.template.with_options({"mintpy.reference.yx": "30,40"})
    run = copy_of(finished_run, tmp_path, elsewhere)
    assert killer.kill(run, "inputs/ifgramStack.h5", 2)
    run = Run(run.work_dir, finished_run.template)
    assert run.states()["load_data"] == "completed"
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert [e["step"] for e in run.events() if e["event"] == "step-start"].count("load_data") == 1
    assert_same_arrays(run.work_dir, finished_run.work_dir)
    assert_same_attributes(run.work_dir, finished_run.work_dir)
