"""Background work: one job a lane, the newest wins."""

from __future__ import annotations

import threading
import time

from insar_widgets.widgets._jobs import Job, Jobs

WAIT = 30


def test_the_newest_job_of_a_lane_wins_and_the_older_one_is_cancelled():
    jobs = Jobs(lambda fraction, text: None)
    applied: list[str] = []
    started = threading.Event()

    def old(job: Job) -> None:
        started.set()
        assert job.cancelled.wait(WAIT)
        assert job.apply(lambda: applied.append("old")) is False

    jobs.start("a", old)
    assert started.wait(WAIT)
    jobs.start("a", lambda job: job.apply(lambda: applied.append("new")) and None)
    assert jobs.wait(WAIT)
    assert applied == ["new"]


def test_a_cancelled_job_may_still_say_how_it_ended():
    jobs = Jobs(lambda fraction, text: None)
    applied: list[str] = []
    started = threading.Event()

    def work(job: Job) -> None:
        started.set()
        assert job.cancelled.wait(WAIT)
        job.apply(lambda: applied.append("cancelled"))

    jobs.start("a", work)
    assert started.wait(WAIT)
    jobs.cancel("a")
    assert jobs.wait(WAIT)
    assert applied == ["cancelled"]


def test_lanes_do_not_touch_each_other_unless_asked_to():
    jobs = Jobs(lambda fraction, text: None)
    release, cancelled = threading.Event(), threading.Event()

    def long(job: Job) -> None:
        release.wait(WAIT)
        if job.cancelled.is_set():
            cancelled.set()

    jobs.start("long", long)
    jobs.start("short", lambda job: None)
    assert jobs.wait(0.0) is False
    release.set()
    assert jobs.wait(WAIT)
    assert not cancelled.is_set()
    release.clear()
    jobs.start("long", long)
    jobs.start("short", lambda job: None, replaces=("long",))
    release.set()
    assert jobs.wait(WAIT)
    assert cancelled.is_set()


def test_a_job_that_fails_does_not_keep_others_waiting(monkeypatch):
    seen: list[type] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))
    jobs = Jobs(lambda fraction, text: None)
    jobs.start("a", lambda job: 1 // 0 and None)
    assert jobs.wait(WAIT)
    jobs.start("a", lambda job: None)
    assert jobs.wait(WAIT)


def test_progress_is_told_ten_times_a_second_at_most_but_its_end_always():
    told: list[float | None] = []
    jobs = Jobs(lambda fraction, text: told.append(fraction))

    def work(job: Job) -> None:
        for step in range(1001):
            job.progress(step / 1000, "")

    jobs.start("a", work)
    assert jobs.wait(WAIT)
    assert told[-1] == 1.0
    assert len(told) < 200


def test_the_last_of_many_notes_is_shown_while_the_work_goes_on_and_none_after_a_change():
    told: list[str] = []
    jobs = Jobs(lambda _fraction, text: told.append(text))
    seen, changed = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        for step in range(6):
            job.progress(step / 10, str(step))
        seen.wait(WAIT)
        job.progress(0.7, "too late")
        job.apply(lambda: told.append("changed"))
        changed.wait(WAIT)

    jobs.start("a", work)
    deadline = time.monotonic() + WAIT
    while told[-1:] != ["5"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told == ["0", "5"]
    seen.set()
    time.sleep(0.3)
    changed.set()
    assert jobs.wait(WAIT)
    assert told[-1] == "changed"
