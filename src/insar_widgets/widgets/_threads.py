"""Threads for work in the background that are used again.

A new thread for each click or tile would cost more than its start: PROJ builds what it needs to project anew in every
thread, which takes several milliseconds.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable

__all__ = ["run"]

_KEPT = 4
_idle: list[_Worker] = []
_lock = threading.Lock()


class _Worker:
    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[tuple[Callable[[], None], str]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while True:
            task, name = self.tasks.get()
            self.thread.name = name
            try:
                task()
            except Exception:  # noqa: BLE001 - told as of any thread, but the thread lives on
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), self.thread)))
            del task
            with _lock:
                self.thread.name = "insar-widgets-idle"
                if len(_idle) >= _KEPT:
                    return
                _idle.append(self)


def run(task: Callable[[], None], name: str) -> None:
    """Run a task on a thread that is idle, the one that was busy last, or else on a new one."""
    with _lock:
        worker = _idle.pop() if _idle else None
    (worker or _Worker()).tasks.put((task, name))
