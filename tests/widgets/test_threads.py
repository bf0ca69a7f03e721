"""Threads in the background are used again, and none is lost."""

from __future__ import annotations

import threading
import time

import pytest

from insar_widgets.widgets import _threads

WAIT = 10


def ran_on(work=lambda: None) -> int:
    done = threading.Event()
    found: list[int] = []

    def task() -> None:
        found.append(threading.get_ident())
        try:
            work()
        finally:
            done.set()

    _threads.run(task, "insar-widgets-test")
    assert done.wait(WAIT)
    until_idle(found[0])
    return found[0]


def until_idle(ident: int) -> None:
    deadline = time.monotonic() + WAIT
    while ident not in [worker.thread.ident for worker in list(_threads._idle)]:
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def test_one_after_the_other_runs_on_one_thread():
    assert len({ran_on() for _ in range(5)}) == 1


def test_tasks_at_once_have_a_thread_each_and_few_are_kept():
    all_there = threading.Barrier(9)
    for _ in range(8):
        _threads.run(lambda: all_there.wait(WAIT) and None, "insar-widgets-test")
    all_there.wait(WAIT)  # broken, and raised here, if one of them had to wait for another
    assert len(_threads._idle) <= _threads._KEPT


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_survives_a_task_that_fails():
    def fail() -> None:
        raise ValueError("on purpose")

    assert ran_on(fail) == ran_on()
