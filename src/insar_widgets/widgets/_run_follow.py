"""What the events of a work directory tell, read as they are appended, on a thread that ends with its reason."""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["EventReader", "Facts", "Follower", "Pass"]

_MOST_SAMPLES = 90
_MOST_WARNINGS = 20
_MILESTONES = {"run-start", "run-end", "step-start", "step-end", "died"}


class EventReader:
    """Reads an event log from where it ended last time; a line that is not whole yet waits for its rest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._inode = 0

    def read(self) -> list[dict[str, Any]] | None:
        """Return what was appended since; None if another file is there now, to be read from its beginning."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_size < self._offset or (self._inode and status.st_ino != self._inode):
                    self._offset = self._inode = 0
                    return None
                self._inode = status.st_ino
                if status.st_size == self._offset:
                    return []
                file.seek(self._offset)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            if self._offset:
                self._offset = self._inode = 0
                return None
            return []
        self._offset += len(whole) + len(newline)
        return [event for line in whole.split(b"\n") if (event := _parse(line)) is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


@dataclass
class Pass:
    """The last pass of one step."""

    started: float
    why: str = ""
    seconds: float | None = None
    outcome: str = ""
    fraction: float | None = None
    label: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Facts:
    """What the events say about the last run and the last pass of each step.

    Attributes
    ----------
    run, pid, host : which process it was.
    started, ended : seconds since 1970.
    planned : the steps it set out to do, with the reason for each.
    current : step it is in, empty between steps.
    stopped : step at which it ended early.
    outcome : completed, failed or cancelled; empty while there is no end.
    passes : by step, also of earlier runs.
    samples : what it used of the machine, the newest last.
    """

    run: str = ""
    pid: int = 0
    host: str = ""
    started: float = 0.0
    ended: float = 0.0
    planned: dict[str, str] = field(default_factory=dict)
    current: str = ""
    stopped: str = ""
    outcome: str = ""
    reason: str = ""
    remedy: str = ""
    passes: dict[str, Pass] = field(default_factory=dict)
    samples: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST_SAMPLES))

    def take(self, event: Mapping[str, Any]) -> bool:
        """Learn from an event; tell whether steps may have another state now."""
        kind, step, when = str(event["event"]), str(event.get("step", "")), float(event.get("time", 0))
        current = self.passes.get(step or self.current)
        if kind == "run-start":
            self._begin(event, when)
        elif kind == "step-start":
            self.current = step
            self.passes[step] = Pass(when, str(event.get("why", "")))
        elif kind == "progress" and current is not None:
            current.fraction, current.label = event.get("fraction"), str(event.get("label", ""))
        elif kind == "warning" and current is not None:
            if len(current.warnings) < _MOST_WARNINGS:
                current.warnings.append(str(event.get("message", "")))
        elif kind == "step-end" and current is not None:
            self._end_step(event, step, current, when)
        elif kind == "died":
            self.stopped = step or self.current
            self.reason, self.remedy = str(event.get("reason", "")), str(event.get("remedy", ""))
        elif kind == "run-end":
            self.outcome, self.ended = str(event.get("outcome", "")), when
            self.reason = str(event.get("reason") or self.reason)
            self.remedy = str(event.get("remedy") or self.remedy)
            self.stopped = self.stopped or ("" if self.outcome == "completed" else self.current)
            self.current = ""
        elif kind == "resources":
            self.samples.append({k: v for k, v in event.items() if isinstance(v, int | float)})
        return kind in _MILESTONES

    def _begin(self, event: Mapping[str, Any], when: float) -> None:
        self.run, self.host = str(event.get("run", "")), str(event.get("host", ""))
        self.pid, self.started, self.ended = int(event.get("pid", 0)), when, 0.0
        self.planned = {str(s["name"]): str(s.get("why", "")) for s in event.get("steps", ())}
        self.current = self.stopped = self.outcome = self.reason = self.remedy = ""
        self.samples.clear()

    def _end_step(self, event: Mapping[str, Any], step: str, done: Pass, when: float) -> None:
        done.outcome = str(event.get("outcome", ""))
        done.seconds = float(event["seconds"]) if "seconds" in event else max(0.0, when - done.started)
        self.current = ""
        if done.outcome != "completed" and step != "plot":
            self.stopped = step
            self.reason, self.remedy = str(event.get("reason", "")), str(event.get("remedy", ""))


class Follower:
    """Looks again and again on a thread, for as long as there is something to see.

    Parameters
    ----------
    look
        Looks once; returns the seconds until the next look, or None when there is nothing to follow. It must
        not raise.
    """

    def __init__(self, look: Callable[[], float | None]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._nudge = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def wake(self) -> None:
        """Look at once, and go on while there is something to follow."""
        with self._lock:
            if self._closed:
                return
            self._nudge.set()
            if self._thread is None:
                # an interpreter that ends while a thread reads HDF5 would wait for its lock for ever
                atexit.register(self._finish)
                self._thread = threading.Thread(target=self._run, name="insar-widgets-run", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End for good."""
        with self._lock:
            self._closed = True
            self._nudge.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended; tells whether it did."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _finish(self) -> None:
        self.close()
        self.join(10)

    def _run(self) -> None:
        while True:
            self._nudge.clear()
            pause = None if self._closed else self._look()
            with self._lock:
                if self._closed or (pause is None and not self._nudge.is_set()):
                    self._thread = None
                    atexit.unregister(self._finish)
                    return
            if pause is not None:
                self._nudge.wait(pause)
