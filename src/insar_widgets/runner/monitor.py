"""The watch beside a run: a small process that tells what the run uses, and clears up when it is killed.

It is forked from the run's process before MintPy is imported, so that the run itself needs no thread (MintPy's
plotting forks) and is watched also while compiled code keeps Python from running. When the run's process ends,
however that comes about, nothing that it has started is left after a moment: dask workers, downloads, jobs.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from insar_widgets import resources
from insar_widgets.runner.cluster import cancel_jobs
from insar_widgets.runner.death import oom_kills, report_death
from insar_widgets.runner.processes import RunProcesses, end_processes
from insar_widgets.runner.state import Lock, Store
from insar_widgets.runner.unfinished import tidy

__all__ = ["interval", "start_watch"]

_FIRST = 0.5
_STILL_ALIVE = 0.25  # how often to look where a process cannot be waited for


def interval(elapsed: float) -> float:
    """Seconds between two reports: 2 at first, 10 in a run of hours, whose log must not grow without bound."""
    return min(10.0, max(2.0, elapsed / 300))


def start_watch(store: Store, run: str, expected: Mapping[str, Mapping[str, int]], cluster: str) -> int:
    """Begin to watch this process, which is the run's; call it while there are no threads.

    Parameters
    ----------
    store
        The record of the work directory; events ``resources`` go there.
    run
        Id of the run, which this process has in its environment.
    expected
        Bytes of each file that each step of the run will write, by step and name; empty where nobody knows.
    cluster
        Kind of batch system whose jobs the run may submit, or "".

    Returns
    -------
    int
        Id of the process that watches.
    """
    worker, kills = os.getpid(), oom_kills()
    watch = os.fork()
    if watch:
        return watch
    try:
        _leave_the_parent()
        _watch(store, run, worker, expected)
        with suppress(OSError):  # a full disk; readers then see that it is
            report_death(store, run, oom=oom_kills() > kills)
        end_processes(run, spare=(os.getpid(),))
        tidy(store)
        cancel_jobs(cluster, run)
    finally:
        os._exit(0)


def _leave_the_parent() -> None:
    """Own session, and none of the files that the run holds open: not its pipes, not its lock."""
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the life of the process
    os.closerange(0, 3)
    os.open(os.devnull, os.O_RDWR)
    os.dup(0)
    os.dup(0)
    with suppress(OSError):
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
            if int(name) > 2:
                with suppress(OSError):
                    os.close(int(name))


def _watch(store: Store, run: str, worker: int, expected: Mapping[str, Mapping[str, int]]) -> None:
    began = time.monotonic()
    limit, cores = resources.memory_limit(), resources.cores()
    processes = RunProcesses(run, spare=(os.getpid(),))
    needed = _Needed(store, run, expected)
    has_ended = _end_of(worker)
    processes.usage()
    pause = _FIRST
    lock = Lock(store)
    while not has_ended(pause):
        lock.give_sign_of_life()
        with suppress(OSError):  # a disk that is full says so soon enough
            usage = processes.usage()
            store.events.append(
                "resources",
                run,
                memory_bytes=usage.memory_bytes,
                memory_limit_bytes=limit,
                cpu=round(usage.cpu, 2),
                cores=cores,
                processes=usage.processes,
                disk_free_bytes=resources.disk_free(store.work_dir),
                disk_needed_bytes=needed.now(),
            )
        pause = interval(time.monotonic() - began)


def _end_of(pid: int) -> Callable[[float], bool]:
    """Return a function that waits so many seconds at most and says whether the parent has ended."""
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or an old one, or it is gone

        def look(seconds: float) -> bool:
            until = time.monotonic() + seconds
            while os.getppid() == pid and time.monotonic() < until:
                time.sleep(_STILL_ALIVE)
            return os.getppid() != pid

        return look

    def wait(seconds: float) -> bool:
        return bool(select.select([handle], [], [], seconds)[0])

    return wait


class _Needed:
    """Disk space that the rest of a run still wants."""

    def __init__(self, store: Store, run: str, expected: Mapping[str, Mapping[str, int]]) -> None:
        self._store, self._run = store, run
        self._left = dict(expected)
        self._since = 0
        self._known = bool(expected)

    def now(self) -> int | None:
        if not self._known:
            return None
        for event in self._store.events.read(self._since, kinds=("step-end",)):
            self._since = event["seq"] + 1
            if event["run"] == self._run:
                self._left.pop(event.get("step", ""), None)
        return sum(
            max(0, size - self._size(file)) for files in self._left.values() for file, size in files.items()
        )

    def _size(self, file: str) -> int:
        try:
            growing = self._store.unfinished / f"{file}.part"
            return (growing if growing.is_file() else self._store.work_dir / file).stat().st_size
        except OSError:
            return 0
