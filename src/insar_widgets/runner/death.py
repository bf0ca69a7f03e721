"""Why a run's process ended without a word, as far as the kernel, the log and the last figures tell."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from insar_widgets import resources
from insar_widgets.runner.explain import Explanation, known
from insar_widgets.runner.state import Store

__all__ = ["death_of_step", "explain_death", "oom_kills", "report_death"]

_LESS_MEMORY = (
    "Lower mintpy.compute.maxMemory or mintpy.compute.numWorker, choose a smaller area, or give the machine more "
    "memory; then start again: finished steps are kept."
)
_NEARLY_ALL = 0.9
_FULL = 1 << 20  # bytes


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory: in this control group, or on this machine."""
    for folder in _memory_groups():
        for name in ("memory.events", "memory.oom_control"):  # version 2, version 1
            with suppress(OSError):
                match = re.search(r"^oom_kill (\d+)$", (folder / name).read_text(), re.MULTILINE)
                if match:
                    return int(match[1])
    with suppress(OSError):
        match = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text(), re.MULTILINE)
        if match:
            return int(match[1])
    return 0


def _memory_groups() -> list[Path]:
    found = []
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                found += [Path("/sys/fs/cgroup" + path), Path("/sys/fs/cgroup")]
            elif "memory" in controllers.split(","):
                found.append(Path("/sys/fs/cgroup/memory" + path))
    return found


def explain_death(log_tail: str, *, oom: bool = False, memory: int = 0, limit: int = 0) -> Explanation:
    """Put into words why a process ended without a word.

    Parameters
    ----------
    log_tail : last lines of the step's log.
    oom : whether the kernel has killed processes for want of memory meanwhile.
    memory, limit : bytes in use when last looked, and bytes there are.
    """
    if oom:
        return Explanation("The run was killed because the memory ran out.", _LESS_MEMORY)
    told = known("", log_tail, in_log=True)
    if told is not None:
        return told
    if limit and memory > _NEARLY_ALL * limit:
        reason = (
            f"The run was killed while it used {memory / 1e9:.1f} of {limit / 1e9:.1f} GB of memory, probably because "
            "the memory ran out."
        )
        return Explanation(reason, _LESS_MEMORY)
    return Explanation(
        "The run's process was killed, or broke down.",
        "Start again: finished steps are kept, and nothing half-written is used. If it breaks down at the same place "
        "again, the log of the step has its last words.",
    )


def death_of_step(store: Store, step: str) -> Explanation:
    """Why a step was interrupted, where no watch was left to tell."""
    if resources.disk_free(store.work_dir) < _FULL:
        return known("OSError", "No space left on device") or Explanation("The disk is full.")
    return explain_death(_tail(store.log_path(step)))


def report_death(store: Store, run: str, *, oom: bool) -> None:
    """Tell of a run's process that ended without saying how; called by the watch beside it."""
    last = next(store.events.backwards(("run-start", "step-start", "step-end", "run-end")), None)
    if last is None or last["run"] != run or last["event"] == "run-end":
        return
    step = str(last["step"]) if last["event"] == "step-start" else ""
    usage = next(store.events.backwards(("resources",)), None) or {}
    told = explain_death(
        _tail(store.log_path(step or "start")),
        oom=oom,
        memory=int(usage.get("memory_bytes") or 0),
        limit=int(usage.get("memory_limit_bytes") or 0),
    )
    store.events.append("died", run, step=step, reason=told.reason, remedy=told.remedy)


def _tail(path: Path, size: int = 16000) -> str:
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode(errors="replace")
    return ""
