"""Runs on a real Slurm: the same arrays as without one, and no job left behind."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from insar_widgets import Run
from insar_widgets.errors import RunError
from insar_widgets.runner import Cluster
from insar_widgets.runner.cluster import job_name
from insar_widgets.runner.processes import RunProcesses
from insar_widgets.runner.state import Store
from support.arrays import assert_same_arrays
from support.slurm import Slurm, running_slurm, why_not

pytestmark = [
    pytest.mark.mintpy,
    pytest.mark.skipif(bool(why_not()), reason=f"no Slurm: {why_not()}"),
]

CLUSTER = Cluster(
    "slurm", queue="short", cores=1, memory="1GB", walltime="00:10:00", workers=2, interface="lo"
)


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with running_slurm() as slurm, pytest.MonkeyPatch.context() as patch:
        for key, value in slurm.environment.items():
            patch.setenv(key, value)
        yield slurm


@pytest.fixture
def copied(finished_run: Run, tmp_path: Path) -> Run:
    """The finished run in a folder with a blank in its name."""
    shutil.copytree(finished_run.work_dir, tmp_path / "on a cluster", symlinks=True)
    return Run(tmp_path / "on a cluster", finished_run.template)


@pytest.fixture
def inverting(slurm: Slurm, copied: Run) -> tuple[Run, str]:
    """A run whose jobs are at work, and the jobs' name."""
    copied.start(steps="invert_network", cluster=CLUSTER)
    name = job_name(_started(copied))
    assert "RUNNING" in slurm.wait_for("RUNNING", name, 60), copied.log("invert_network")
    return copied, name


def _run_id(run: Run) -> str:
    return next(e["run"] for e in reversed(run.events()) if e["event"] == "run-start")


def _started(run: Run) -> str:
    """Id of the run under way, once it has said so."""
    log = Store(run.work_dir)
    deadline = time.monotonic() + 30
    while _run_id(run) != (log.read_json(log.run_path) or {})["run"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return _run_id(run)


def test_arrays_equal_those_without_a_cluster_and_no_job_is_left(slurm, copied, finished_run):
    parts = []

    def watch(event):
        if event["event"] == "progress" and "worker" in event["label"]:
            parts.append((event["label"], slurm.jobs(job_name(event["run"]))))

    copied.start(from_="invert_network", cluster=CLUSTER)
    assert copied.wait(timeout=240, on_event=watch) == "completed", copied.failure
    labels = [label for label, _ in parts]
    assert {"1 of 2 parts, 2 workers", "2 of 2 parts, 2 workers"} <= set(labels), labels
    assert any("RUNNING" in jobs for _, jobs in parts), parts
    assert slurm.wait_for("", job_name(_run_id(copied)), 5) == []
    assert_same_arrays(copied.work_dir, finished_run.work_dir)
    assert Run.attach(copied.work_dir).states()["invert_network"] == "completed"
    for step in (
        "invert_network",
        "correct_topography",
    ):  # by the fast engine, in the jobs, each proving its share
        mine, whole = copied.engine_of(step), finished_run.engine_of(step)
        assert mine["name"] == whole["name"] == "fast"
        assert mine["proof"]["fast"] == whole["proof"]["fast"] > 0 and mine["proof"]["largest"] <= 1e-3


def test_no_job_is_left_5_s_after_cancel(slurm, inverting):
    run, name = inverting
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert slurm.wait_for("", name, 5) == []
    assert time.monotonic() - began < 5
    assert RunProcesses(_run_id(run)).pids() == []


def test_no_job_is_left_after_the_run_was_killed(slurm, inverting):
    run, name = inverting
    os.kill(_pid(run), signal.SIGKILL)
    assert run.wait(timeout=10) == "interrupted"
    assert slurm.wait_for("", name, 5) == []


def test_jobs_of_a_run_that_was_killed_with_its_watch_end_with_the_next_start(slurm, inverting):
    run, name = inverting
    worker = _pid(run)
    for pid in RunProcesses(_run_id(run)).pids():  # the watch first, which would clear up
        if pid != worker and os.getsid(pid) == pid:
            os.kill(pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    assert run.wait(timeout=10) == "interrupted"
    assert "RUNNING" in slurm.jobs(name)
    run.start(to="modify_network").wait(timeout=60)
    assert slurm.wait_for("", name, 5) == []


def test_a_queue_that_slurm_does_not_have_is_refused_before_anything_starts(slurm, copied):
    with pytest.raises(RunError, match=r"no queue shrot here\. Choose one of: short"):
        copied.start(steps="velocity", cluster=Cluster("slurm", queue="shrot"))
    assert not copied.is_running and copied.outcome == "completed"


def _pid(run: Run) -> int:
    return next(e["pid"] for e in reversed(run.events()) if e["event"] == "run-start")
