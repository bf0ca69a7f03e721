"""Threads in the background are used again, and none is lost."""

from __future__ import annotations

import threading
import time

import pytest

from insar_widgets.widgets import _threads

WAIT = 10
# threads that are not of this kind
OTHERS = ("insar-widgets-warp", "insar-widgets-pyramid", "insar-widgets-run")


@pytest.fixture(autouse=True)
def nothing_else_runs() -> None:
    """What other tests started has ended, so that no other thread becomes idle meanwhile."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        with _threads._lock:
            names = {thread.name for thread in threading.enumerate()}
        busy = {name for name in names if name.startswith("insar-widgets-")} - {"insar-widgets-idle"}
        if all(name.startswith(OTHERS) for name in busy):
            return
        threading.Event().wait(0.001)


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

    failed_on = ran_on(fail)
    assert failed_on in [worker.thread.ident for worker in _threads._idle if worker.thread.is_alive()]
    assert ran_on() == failed_on
