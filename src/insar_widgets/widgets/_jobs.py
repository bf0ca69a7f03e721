"""Work in the background of a widget: one job a lane, the newest wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from insar_widgets.widgets._threads import run

__all__ = ["Job", "Jobs"]

_NOTE_SECONDS = 0.1
# One for all widgets: they are linked to each other, and two locks that are taken in either order are a deadlock.
_LOCK = threading.RLock()


class Job:
    """A piece of work that runs on a thread of its own.

    Attributes
    ----------
    cancelled
        Set when it should end early, be it by the user or because a newer job took its place.
    """

    def __init__(self, lane: str, lock: threading.RLock, tell: Callable[[float | None, str], None]) -> None:
        self.lane = lane
        self.cancelled = threading.Event()
        self.replaced = False
        self._lock = lock
        self._tell = tell
        self._told = 0.0
        self._untold: tuple[float | None, str] | None = None
        self._later: threading.Timer | None = None

    def apply(self, change: Callable[[], None]) -> bool:
        """Change the widget, unless a newer job took this one's place; tells whether it did."""
        with self._lock:
            self._untold = None  # progress of before the change says nothing any more
            if self.replaced:
                return False
            change()
            return True

    def progress(self, fraction: float | None, text: str) -> None:
        """Show how far it is, at most ten times a second; what came too soon is shown later if nothing follows."""
        with self._lock:
            wait = self._told + _NOTE_SECONDS - time.monotonic()
            if wait <= 0 or fraction == 1.0:
                self._told = time.monotonic()
                self.apply(lambda: self._tell(fraction, text))
                return
            self._untold = fraction, text
            if self._later is None:
                self._later = threading.Timer(wait, self._tell_untold)
                self._later.daemon = True
                self._later.start()

    def doing(self, verb: str) -> Callable[[float, str], None]:
        """Say in words what is done with each of the things that are gone through."""
        return lambda fraction, name: self.progress(fraction, f"{verb} {name}")

    def _tell_untold(self) -> None:
        with self._lock:
            self._later = None
            if self._untold is not None:
                self.progress(*self._untold)

    def end(self) -> None:
        """Show nothing any more."""
        with self._lock:
            self._untold = None


class Jobs:
    """The jobs of one widget.

    Parameters
    ----------
    tell
        Shows progress; called with the lock held.
    """

    def __init__(self, tell: Callable[[float | None, str], None]) -> None:
        self.lock = _LOCK
        self._idle = threading.Condition(self.lock)
        self._current: dict[str, Job] = {}
        self._running = 0
        self._tell = tell

    def start(self, lane: str, work: Callable[[Job], None], replaces: tuple[str, ...] = ()) -> None:
        """Run `work` on a thread; what runs in its lane, or in those it replaces, is cancelled."""
        with self.lock:
            for name in (lane, *replaces):
                self._replace(name)
            job = Job(lane, self.lock, self._tell)
            self._current[lane] = job
            self._running += 1
        run(lambda: self._run(job, work), f"insar-widgets-{lane}")

    def cancel(self, lane: str) -> None:
        """Ask the job of a lane to end early; it may still say what is left of it."""
        with self.lock:
            if lane in self._current:
                self._current[lane].cancelled.set()

    def drop(self, lane: str) -> None:
        """End the job of a lane early; nothing it still does is applied."""
        with self.lock:
            self._replace(lane)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs; tells whether that was so within `timeout` seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout)

    def _replace(self, lane: str) -> None:
        job = self._current.pop(lane, None)
        if job:
            job.replaced = True
            job.cancelled.set()

    def _run(self, job: Job, work: Callable[[Job], None]) -> None:
        try:
            work(job)
        finally:
            with self._idle:
                job.end()
                if self._current.get(job.lane) is job:
                    del self._current[job.lane]
                self._running -= 1
                self._idle.notify_all()
