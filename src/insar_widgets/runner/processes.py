"""Everything that a run has started, found by a mark in its environment that children inherit."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MARK", "RunProcesses", "Usage", "end_processes"]

MARK = "INSAR_WIDGETS_RUN"
_PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What the processes of a run use together.

    Attributes
    ----------
    memory_bytes : memory of their own, without files mapped into it.
    cpu : cores in use on average since the last look.
    processes : how many there are.
    """

    memory_bytes: int
    cpu: float
    processes: int


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    ticks: int
    began: int


class RunProcesses:
    """The processes of one run: those with its mark in their environment, and their descendants.

    The mark also finds what left the run's session or outlived its parent. Only processes that are new since the
    last look are examined, so looking every other second costs next to nothing.

    Parameters
    ----------
    run
        Id of the run.
    spare
        Processes that are not counted.
    """

    def __init__(self, run: str, spare: Collection[int] = ()) -> None:
        self._mark = f"{MARK}={run}".encode()
        self._spare = frozenset(spare)
        self._ours: dict[int, int] = {}
        self._others: set[int] = set()
        self._ticks: dict[int, int] = {}
        self._looked = time.monotonic()

    def pids(self) -> list[int]:
        """Processes of the run that are alive now; none where the system has no ``/proc``."""
        return sorted(self._look())

    def usage(self) -> Usage:
        """What they use; cores in use since the last call."""
        alive = self._look()
        now = time.monotonic()
        used = {pid: stat.ticks for pid, stat in alive.items()}
        fresh = sum(ticks - self._ticks.get(pid, 0) for pid, ticks in used.items())
        span = max(now - self._looked, 1e-3)
        self._ticks, self._looked = used, now
        memory = sum(_own_memory(pid) for pid in alive)
        return Usage(memory, max(0, fresh) / os.sysconf("SC_CLK_TCK") / span, len(alive))

    def _look(self) -> dict[int, _Stat]:
        try:
            there = {int(name) for name in os.listdir(_PROC) if name.isdigit()}  # noqa: PTH208 - the fast way
        except FileNotFoundError:
            return {}
        self._others &= there
        alive: dict[int, _Stat] = {}
        strangers: dict[int, _Stat] = {}
        for pid in sorted(there - self._others - self._spare):
            stat = _stat(pid)
            if stat is None:
                continue
            if self._ours.get(pid) == stat.began or self._mark in _environment(pid):
                alive[pid] = stat
            else:
                strangers[pid] = stat
        before = -1
        while len(alive) != before:  # a child may have cleared its environment
            before = len(alive)
            for pid in [pid for pid, stat in strangers.items() if stat.parent in alive]:
                alive[pid] = strangers.pop(pid)
        self._ours = {pid: stat.began for pid, stat in alive.items()}
        self._others |= strangers.keys()
        return {pid: stat for pid, stat in alive.items() if stat.state not in "ZX"}


def end_processes(run: str, *, spare: Collection[int] = (), timeout: float = 3.0) -> list[int]:
    """Kill everything that a run has started, again until nothing new turns up.

    Parameters
    ----------
    run
        Id of the run.
    spare
        Processes to leave alone.
    timeout
        Longest time to try, in seconds.

    Returns
    -------
    list of int
        Processes that are still there.
    """
    deadline = time.monotonic() + timeout
    found = RunProcesses(run, spare)
    while alive := found.pids():
        for pid in alive:
            _kill(pid, found)
        if time.monotonic() > deadline:
            return found.pids()
        time.sleep(0.02)
    return []


def _kill(pid: int, found: RunProcesses) -> None:
    """Kill a process and no other that has got its number since."""
    with suppress(ProcessLookupError, PermissionError):
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, signal.SIGKILL)
            return
        handle = os.pidfd_open(pid)
        try:
            stat = _stat(pid)
            if stat is not None and found._ours.get(pid) == stat.began:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def _stat(pid: int) -> _Stat | None:
    try:
        raw = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    fields = raw[raw.rindex(b")") + 2 :].split()  # the name before may hold blanks and brackets
    return _Stat(fields[0].decode(), int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[19]))


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def _own_memory(pid: int) -> int:
    try:
        _, resident, shared, *_ = (_PROC / str(pid) / "statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
