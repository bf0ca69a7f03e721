"""What a run tells of memory, processors and disk, and how long it says it will take."""

from __future__ import annotations

import time
from itertools import pairwise

import h5py
import pytest

from insar_widgets import Run, resources
from insar_widgets.runner.estimate import Work, estimate_steps
from insar_widgets.runner.events import EventLog
from insar_widgets.runner.monitor import interval
from support.runs import copy_of

WORK = {"pairs": 12, "dates": 6, "rows": 100, "columns": 100}
LARGE = {**WORK, "rows": 1000}


@pytest.mark.mintpy
def test_a_run_tells_what_it_uses(finished_run):
    told = [e for e in finished_run.events() if e["event"] == "resources"]
    assert told, "a run of seconds tells it several times"
    for event in told:
        assert 0 < event["memory_bytes"] < event["memory_limit_bytes"] == resources.memory_limit()
        assert event["cpu"] >= 0 and event["cores"] == resources.cores()
        assert event["disk_free_bytes"] > 0 and event["processes"] >= 1
    assert max(e["memory_bytes"] for e in told) > 60 * 2**20, "MintPy alone takes more than 60 MB"
    gaps = [b["time"] - a["time"] for a, b in pairwise(told)]
    assert all(gap > 1.5 for gap in gaps)
    # less and less is needed as the products get written
    needed = [e["disk_needed_bytes"] for e in told]
    assert needed == sorted(needed, reverse=True) and needed[0] > needed[-1] >= 0


def test_hours_of_a_run_make_no_log_that_is_slow_to_read():
    assert interval(0) == interval(600) == 2 and interval(10**5) == 10
    elapsed, events = 0.0, 0
    while elapsed < 10 * 3600:
        elapsed += interval(elapsed)
        events += 1
    assert events < 5000


@pytest.mark.mintpy
def test_the_space_that_products_take_is_foreseen(finished_run, prepared_stack, tmp_path):
    fresh = Run(tmp_path / "w", finished_run.template)
    foreseen = fresh.estimate().disk_needed_bytes
    made = {file for status in finished_run.status() for file in status.outputs if file.endswith(".h5")}
    taken = sum((finished_run.work_dir / file).stat().st_size for file in made)
    assert 0.6 * taken < foreseen < 1.4 * taken
    assert finished_run.estimate().disk_needed_bytes == 0
    assert not (tmp_path / "w").exists()


@pytest.mark.mintpy
def test_a_step_done_before_is_expected_to_take_as_long_again(finished_run, tmp_path):
    run = copy_of(finished_run, tmp_path / "small", {"mintpy.timeFunc.periodic": "1.0"})
    estimate = run.estimate()
    assert [step.name for step in estimate.steps] == ["velocity"]
    assert estimate.steps[0].basis == "its last pass in this folder"
    last = {s.name: s.seconds for s in finished_run.status()}["velocity"]
    assert estimate.seconds_left == pytest.approx(last, abs=0.1)
    status = {s.name: s for s in run.status()}["velocity"]
    assert status.seconds_expected == status.seconds_left == estimate.seconds_left
    assert status.expected_from == "its last pass in this folder"


@pytest.mark.mintpy
def test_before_the_first_run_it_goes_by_the_size_of_the_stack(finished_run, tmp_path):
    estimate = Run(tmp_path / "w", finished_run.template).estimate()
    assert {step.basis for step in estimate.steps} == {"the size of the stack"}
    assert estimate.unknown == () and 1 < estimate.seconds_left < 600
    with h5py.File(finished_run.work_dir / "inputs" / "ifgramStack.h5") as file:
        pairs, rows, columns = file["unwrapPhase"].shape
    start = next(e for e in finished_run.events() if e["event"] == "run-start")
    assert start["work"] == {"pairs": pairs, "dates": 6, "rows": rows, "columns": columns, "engine": "fast"}


def events(*told):
    return [{"run": "a", "event": kind, **about} for kind, about in told]


def test_progress_says_what_is_left_of_the_step_under_way():
    told = events(
        ("run-start", {"work": WORK}),
        ("step-start", {"step": "invert_network", "time": 1000.0}),
        ("progress", {"fraction": 0.25, "whole": True, "bar_seconds": 30.0, "time": 1032.0}),
    )
    step, later = estimate_steps(
        ["invert_network", "velocity"], work=Work(**WORK), effective={}, events=told, now=1042.0
    )
    assert step.basis == "its progress so far"
    assert step.seconds_left == pytest.approx(30 / 0.25 * 0.75 - 10)
    assert step.seconds == pytest.approx(42 + step.seconds_left)
    assert later.basis == "the size of the stack"


def test_one_bar_of_several_does_not_make_a_step_look_nearly_done():
    told = events(
        ("run-start", {"work": WORK}),
        ("step-start", {"step": "load_data", "time": 1000.0}),
        ("step-end", {"step": "load_data", "time": 1100.0, "outcome": "completed", "seconds": 100.0}),
        ("run-start", {"work": WORK}),
        ("step-start", {"step": "load_data", "time": 2000.0}),
        ("progress", {"fraction": 0.99, "whole": False, "bar_seconds": 10.0, "time": 2010.0}),
    )
    (step,) = estimate_steps(["load_data"], work=Work(**WORK), effective={}, events=told, now=2010.0)
    assert step.seconds_left == pytest.approx(90) and step.basis == "its last pass in this folder"


def test_a_larger_stack_and_a_slower_machine_are_allowed_for():
    done = events(
        ("run-start", {"work": LARGE}),
        ("step-start", {"step": "invert_network", "time": 0.0}),
        ("step-end", {"step": "invert_network", "time": 20.0, "outcome": "completed", "seconds": 20.0}),
    )

    def seconds(name, work, told):
        return estimate_steps([name], work=Work(**work), effective={}, events=told)[0].seconds

    larger = {**LARGE, "rows": 5000}
    assert 90 < seconds("invert_network", larger, done) < 100
    slow = seconds("correct_topography", LARGE, done) / seconds("correct_topography", LARGE, [])
    assert slow > 3, "the inversion took far longer here than usual, so will the next step"


def test_of_what_never_ran_and_has_no_size_nothing_is_said():
    (step,) = estimate_steps(["correct_SET"], work=Work(**WORK), effective={}, events=[])
    assert step.seconds is None and "never ran" in step.basis
    (step,) = estimate_steps(["velocity"], work=None, effective={}, events=[])
    assert step.seconds is None and "size of the stack is not known" in step.basis


@pytest.mark.mintpy
def test_status_of_a_run_of_many_hours_is_read_about_as_fast_as_that_of_a_short_one(finished_run, tmp_path):
    run = copy_of(finished_run, tmp_path / "small")
    log = EventLog(run.work_dir / ".insar_widgets" / "events.jsonl")
    lines = log.path.read_bytes().splitlines(keepends=True)
    kinds = (b'"event": "progress"', b'"event": "resources"')
    chatter = [next(line for line in lines if kind in line) for kind in kinds] * 5000
    starts = [line for line in lines if b'"event": "step-start"' in line]
    long = [part for line in lines for part in ([line, *chatter] if line in starts else [line])]

    def seconds(what):
        what()
        began = time.perf_counter()
        what()
        return time.perf_counter() - began

    short = min(seconds(run.status) for _ in range(3))
    log.path.write_bytes(b"".join(long))
    assert log.end() > 90_000
    assert min(seconds(run.status) for _ in range(3)) < short + 0.5
    assert min(seconds(lambda: run.events(log.end() - 10)) for _ in range(3)) < 0.05
