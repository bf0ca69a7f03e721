"""Cancelling ends everything that a run has started, at once, wherever it is asked from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from insar_widgets import Run
from insar_widgets.runner.processes import MARK, RunProcesses, end_processes
from insar_widgets.runner.state import Store
from support.runs import copy_of

LOCAL = {"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": "2"}


def run_id(run: Run) -> str:
    store = Store(run.work_dir)
    return str((store.read_json(store.run_path) or {})["run"])


def pid_of(run: Run) -> int:
    return next(e["pid"] for e in reversed(run.events()) if e["event"] == "run-start")


def wait_for(run: Run, what, timeout: float = 90) -> dict:
    """Follow the run until an event is what is waited for."""
    found = {}

    class Seen(Exception):
        pass

    def watch(event):
        if what(event):
            found.update(event)
            raise Seen

    try:
        outcome = run.wait(timeout=timeout, on_event=watch)
    except Seen:
        return found
    raise AssertionError(f"the run was {outcome}: {run.failure}")


def wait_until_gone(run: str, timeout: float = 5) -> list[int]:
    until = time.monotonic() + timeout
    while (left := RunProcesses(run).pids()) and time.monotonic() < until:
        time.sleep(0.05)
    return left


@pytest.fixture
def inverting(quick_run: Run, tmp_path: Path) -> Run:
    """A run whose local workers have just been given their parts of the inversion."""
    run = copy_of(quick_run, tmp_path / "quick", LOCAL)
    run.engine = "mintpy"  # which takes its time
    run.start(steps="invert_network")
    wait_for(run, lambda e: e["event"] == "progress" and e["label"].startswith("0 of 2 parts"))
    assert len(RunProcesses(run_id(run)).pids()) >= 4
    return run


# the whole of it, with real processes

TREE = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"]
other_session = subprocess.Popen(sleep, start_new_session=True)
no_environment = subprocess.Popen(sleep, env={}, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:  # until it is gone
            time.sleep(0.01)
        print("ready", flush=True)
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def test_what_left_its_session_ignores_signals_or_lost_its_parent_is_found_and_ended():
    mark = "test-" + os.urandom(4).hex()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    tree = subprocess.Popen(
        [sys.executable, "-c", TREE], env={**os.environ, MARK: mark}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert tree.stdout.readline() == "ready\n"
        processes = RunProcesses(mark)
        assert len(processes.pids()) == 4
        assert processes.usage().memory_bytes > 4 * 2**20 and processes.usage().processes == 4
        assert end_processes(mark) == []
        assert RunProcesses(mark).pids() == []
        assert tree.wait(5) == -signal.SIGKILL
        assert stranger.poll() is None
    finally:
        stranger.kill()
        end_processes(mark)
        tree.stdout.close()
        stranger.wait()
        tree.wait()


@pytest.mark.mintpy
def test_local_workers_in_mid_inversion_are_gone_within_5_s(inverting):
    run = inverting
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert time.monotonic() - began < 5
    assert RunProcesses(run_id(run)).pids() == [] or wait_until_gone(run_id(run), 0.5) == []
    assert run.states()["invert_network"] == "cancelled"
    assert run.cancel() == "cancelled", "a second time it stays as it is"
    assert [e["outcome"] for e in run.events() if e["event"] == "run-end"].count("cancelled") == 1


@pytest.mark.mintpy
def test_workers_do_not_outlive_a_run_that_is_killed(inverting):
    run = inverting
    os.kill(pid_of(run), signal.SIGKILL)
    assert run.wait(timeout=10) == "interrupted"
    assert wait_until_gone(run_id(run), 5) == []


@pytest.mark.soak
@pytest.mark.mintpy
def test_workers_of_a_run_killed_together_with_its_watch_end_on_their_own_or_are_cleared_up(inverting):
    run = inverting
    for pid in RunProcesses(run_id(run)).pids():
        if os.getsid(pid) == pid:  # the run and the watch beside it lead sessions
            os.kill(pid, signal.SIGKILL)
    assert run.wait(timeout=10) == "interrupted"
    assert Run.attach(run.work_dir).cancel() == "interrupted", "it was over before"
    assert wait_until_gone(run_id(run), 0.5) == []


@pytest.mark.mintpy
def test_a_run_that_does_not_listen_is_ended_too(quick_run, tmp_path):
    """Stopped, it takes no more notice of a request to end than it would deep inside of compiled code."""
    run = copy_of(quick_run, tmp_path / "quick")
    run.engine = "mintpy"  # the fast one may be through before it is stopped
    run.start(steps="invert_network")
    wait_for(run, lambda e: e["event"] == "step-start")
    os.kill(pid_of(run), signal.SIGSTOP)
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert time.monotonic() - began < 5
    assert wait_until_gone(run_id(run), 0.5) == []
    # completed, as before, where it was stopped before it touched anything; stale, where its old products had gone
    assert run.states()["invert_network"] in ("cancelled", "completed", "stale")


@pytest.mark.mintpy
def test_a_run_can_be_cancelled_while_it_starts(quick_run, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick")
    run.start(steps="velocity")
    assert run.cancel() == "cancelled"
    assert run.states()["velocity"] in ("completed", "cancelled", "pending")
    assert wait_until_gone(run_id(run), 0.5) == []
    assert run.outcome == "cancelled" and not run.is_running


@pytest.mark.mintpy
def test_another_process_cancels_and_everybody_attached_sees_it(quick_run, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.save.kmz": "yes"})
    run.start()
    wait_for(run, lambda e: e["event"] == "step-start")
    others = [Run.attach(run.work_dir), Run.attach(run.work_dir)]
    assert [other.outcome for other in others] == ["running", "running"]
    followed: list[list[int]] = [[], []]
    threads = [
        threading.Thread(
            target=other.wait,
            kwargs={"timeout": 60, "on_event": lambda e, seen=seen: seen.append(e["seq"])},
        )
        for other, seen in zip(others, followed, strict=True)
    ]
    for thread in threads:
        thread.start()
    code = f"from insar_widgets import Run; print(Run.attach({str(run.work_dir)!r}).cancel())"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "cancelled"
    for thread in threads:
        thread.join(10)
    assert time.monotonic() - began < 15, "the other process starts within it"
    assert followed[0] == followed[1] and len(followed[0]) > 2
    assert {other.outcome for other in others} == {run.outcome} == {"cancelled"}
    assert others[0].states() == others[1].states() == run.states()
    assert others[0].status() == others[1].status()


@pytest.mark.mintpy
def test_a_download_that_stands_still_is_ended(cds, quick_run, tmp_path):
    cds.mode = "slow"
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.troposphericDelay.method": "pyaps"})
    run.start(steps="correct_troposphere")
    wait_for(run, lambda e: e["event"] == "progress" and "weather" in e["label"])
    began = time.monotonic()
    assert run.cancel() == "cancelled"
    assert time.monotonic() - began < 5
    assert wait_until_gone(run_id(run), 0.5) == []
