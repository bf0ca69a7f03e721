"""How a run ended, and ending one, with all that it has started."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from insar_widgets.errors import RunError
from insar_widgets.runner.cluster import cancel_jobs
from insar_widgets.runner.processes import end_processes
from insar_widgets.runner.state import Lock, Store

__all__ = ["clear_up", "end_run", "last_failure", "last_outcome"]


def last_outcome(store: Store) -> str:
    """How the last run ended, if it has; "interrupted" if it never said so, "pending" if there was none."""
    for event in store.events.backwards(("run-start", "run-end")):
        return str(event["outcome"]) if event["event"] == "run-end" else "interrupted"
    return "pending"


def last_failure(store: Store) -> tuple[str, str] | None:
    """Reason and remedy that the last run told."""
    for event in store.events.backwards(("run-start", "step-end", "died", "run-end")):
        if event["event"] == "run-start" or event.get("outcome") == "cancelled":
            break
        if event.get("reason"):
            return str(event["reason"]), str(event.get("remedy", ""))
    return None


def end_run(store: Store, timeout: float, wait: Callable[[float], str]) -> bool:
    """End the run under way and everything it started; False if there is none.

    Parameters
    ----------
    store
        Record of the work directory.
    timeout
        Seconds that it may take.
    wait
        Waits so many seconds for the run to end; returns "running" if it hasn't.

    Raises
    ------
    RunError
        If the run works on another machine, or cannot be ended.
    """
    until = time.monotonic() + timeout
    holder = Lock(store).holder()
    if holder is None:
        clear_up(store)
        return False
    if holder.get("host", socket.gethostname()) != socket.gethostname():
        raise RunError(
            f"The run in {store.work_dir} works on {holder['host']}. Cancel it there: "
            f"insar-widgets cancel {store.work_dir}"
        )
    request = store.read_json(store.run_path) or {}
    pid, run = int(holder.get("pid", 0)), str(holder.get("run") or request.get("run"))
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if wait(timeout / 2) == "running" and pid:  # compiled code does not listen
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    end_processes(run, spare=(os.getpid(),), timeout=max(0.5, until - time.monotonic()))
    if wait(max(0.5, until - time.monotonic())) == "running":
        raise RunError(f"The run in {store.work_dir} (process {pid}) cannot be ended. End it by hand.")
    last = next(store.events.backwards(("run-end",)), None)
    if last is None or last["run"] != run:  # it could not say so itself
        store.events.append("run-end", run, outcome="cancelled")
        cancel_jobs(_cluster_of(store, run), run)
    return True


def clear_up(store: Store) -> None:
    """End what the last run left behind when it was killed together with the watch beside it."""
    last = next(store.events.backwards(("run-start", "run-end")), None)
    if last is None or last["event"] != "run-start" or Lock(store).holder() is not None:
        return
    run = str(last["run"])
    end_processes(run, spare=(os.getpid(),))
    cancel_jobs(_cluster_of(store, run), run)


def _cluster_of(store: Store, run: str) -> str:
    request = store.read_json(store.run_path) or {}
    if request.get("run") != run:
        return ""
    return str(request.get("effective", {}).get("mintpy.compute.cluster"))
