"""What the front end of the StepRunner shows: a row for each step, and how the run stands as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from insar_widgets.resources import disk_free
from insar_widgets.runner import STEPS, Run, StepStatus
from insar_widgets.runner.state import Store
from insar_widgets.widgets._run_engine import engine_of_row
from insar_widgets.widgets._run_follow import Facts
from insar_widgets.widgets._run_products import kind_of
from insar_widgets.widgets._run_switches import SWITCHES, lock_of

__all__ = [
    "figures_of",
    "head_view",
    "is_writable",
    "logs_of",
    "progress_of",
    "resources_view",
    "rows_view",
    "shown",
    "step_of_log",
]

_NUMBER = {step.name: step.number for step in STEPS}
_SUMMARY = {step.name: step.summary for step in STEPS}
_STACK = "inputs/ifgramStack.h5"
_MOST_FIGURES = 100
_TO_DO = ("pending", "stale", "failed", "cancelled", "interrupted")


def shown(text: str) -> str:
    """Text that can travel to the browser: bytes that are not UTF-8 become question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def rows_view(run: Run, statuses: Sequence[StepStatus], facts: Facts, running: bool) -> list[dict[str, Any]]:
    """One row a step, in MintPy's order."""
    effective = run.template.effective() if run.template is not None else {}
    return [_row(run, status, facts, running, effective) for status in statuses]


def _row(
    run: Run, status: StepStatus, facts: Facts, running: bool, effective: Mapping[str, Any]
) -> dict[str, Any]:
    name = status.name
    now = running and facts.current == name
    state = "running" if now else status.state
    waits = running and not now and name in facts.planned and _is_ahead(name, facts)
    lock = lock_of(name, effective, run.work_dir) if state == "off" else ""
    seconds = status.seconds if state == "completed" or state in _TO_DO else None
    done = state == "completed"
    expected = status.seconds_expected if state in _TO_DO or now else None
    reason = lock or status.reason
    if waits and state == "pending":
        reason = ""
    return {
        "name": name,
        "number": _NUMBER[name],
        "summary": _SUMMARY[name],
        "state": state,
        "waits": waits,
        "reason": shown(_brief(reason)),
        "remedy": shown(status.remedy),
        "note": shown(step_note(run, name)) if done else "",
        "engine": engine_of_row(run, name) if done else None,
        "chips": [_chip(file) for file in status.outputs],
        "seconds": seconds if done or state == "failed" else None,
        "expected": expected,
        "expected_from": status.expected_from,
        "left": status.seconds_left,
        "warnings": [shown(text) for text in status.warnings],
        "locked": bool(lock),
        "switch": _switch(name, state, lock, effective),
        **progress_of(facts, name if now else ""),
    }


def _is_ahead(name: str, facts: Facts) -> bool:
    done = facts.passes.get(name)
    return done is None or done.started < facts.started


def _brief(reason: str) -> str:
    return "off in the template" if reason.startswith("mintpy.") and reason.endswith(" = no") else reason


def _chip(file: str) -> dict[str, str]:
    return {"file": shown(file), "name": shown(Path(file).name), "kind": kind_of(file)}


def _switch(name: str, state: str, lock: str, effective: Mapping[str, Any]) -> bool | None:
    if name not in SWITCHES or lock:
        return None
    if effective.get(SWITCHES[name].key) in (None, False, "no", "none"):
        return False
    return state != "off"


def progress_of(facts: Facts, step: str) -> dict[str, Any]:
    """How far the running step is: fraction 0..1, MintPy's own words, and when it began."""
    done = facts.passes.get(step) if step else None
    if done is None:
        return {"fraction": None, "label": "", "began": None}
    return {"fraction": done.fraction, "label": shown(done.label), "began": done.started}


def step_note(run: Run, step: str) -> str:
    """What came out of a completed step, in a few words."""
    work_dir = run.work_dir
    with suppress(OSError, KeyError, ValueError):
        if step in ("load_data", "modify_network"):
            with h5py.File(work_dir / _STACK, "r", locking=False) as file:
                kept = file["dropIfgram"][:].astype(bool)
            pairs = f"{len(kept)} pair{'' if len(kept) == 1 else 's'}"
            return pairs if step == "load_data" else f"{int(kept.sum())} of {pairs} kept"
        if step == "reference_point" and (reference := run.reference):
            return f"y {reference['y']}, x {reference['x']}"
        if step == "reference_date":
            word = (work_dir / "reference_date.txt").read_text(encoding="utf-8").split()[0]
            return f"{word[:4]}-{word[4:6]}-{word[6:8]}" if len(word) == 8 and word.isdigit() else word
        if step == "residual_RMS" and (work_dir / "exclude_date.txt").is_file():
            lines = (work_dir / "exclude_date.txt").read_text(encoding="utf-8").split()
            dates = [word for word in lines if word.isdigit() and len(word) == 8]
            return f"{len(dates)} noisy date{'' if len(dates) == 1 else 's'}" if dates else ""
    return ""


def figures_of(work_dir: Path) -> list[dict[str, str]]:
    """Figures that MintPy drew at the end of a run."""
    found = sorted((*work_dir.glob("pic/*.png"), *work_dir.glob("pic/*.pdf")))
    return [_chip(path.relative_to(work_dir).as_posix()) for path in found[:_MOST_FIGURES]]


def is_writable(work_dir: Path) -> bool:
    """Whether a run can be started there: in the folder, or in the first one above it that exists."""
    folder = work_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    record = work_dir / ".insar_widgets"
    return os.access(folder, os.W_OK | os.X_OK) and (not record.exists() or os.access(record, os.W_OK))


def head_view(
    run: Run | None, rows: Sequence[Mapping[str, Any]], facts: Facts, running: bool
) -> dict[str, Any]:
    """How the run stands as a whole."""
    to_do = [row["name"] for row in rows if row["state"] in _TO_DO]
    state = _state(run, rows, facts, running, to_do)
    step = facts.current if running else facts.stopped or facts.current
    reason, remedy = facts.reason, facts.remedy
    if state == "interrupted":
        died = next((row for row in rows if row["state"] == "interrupted"), None)
        if died is not None:
            step, reason, remedy = died["name"], died["reason"], died["remedy"]
    left, basis = time_left(rows, step) if running else (None, "")
    return {
        "state": state,
        "step": step,
        "number": _NUMBER.get(step),
        "started": facts.started or None,
        "ended": facts.ended or None,
        "to_do": to_do,
        "planned": list(facts.planned),
        "reason": shown(reason),
        "remedy": shown(remedy),
        "left": left,
        "basis": basis,
        "pid": facts.pid if running else None,
        "host": facts.host,
        "work_dir": shown(str(run.work_dir)) if run is not None else "",
    }


_BASES = {
    "its progress so far": "at the pace of {step} so far",
    "its last pass in this folder": "as long as {step} took last time",
    "the size of the stack": "going by the size of the stack",
}


def time_left(rows: Sequence[Mapping[str, Any]], step: str) -> tuple[float | None, str]:
    """Seconds until the end of a run as far as anybody can tell, and what that is based on."""
    ahead = [row for row in rows if row["state"] == "running" or row["waits"]]
    known = [row for row in ahead if row["left"] is not None]
    if not known:
        return None, ""
    first = known[0]
    words = _BASES.get(first["expected_from"], first["expected_from"]).format(step=first["name"])
    others = len(ahead) - (1 if ahead[0]["name"] == step else 0)
    if others:
        words += f", then {others} {'step' if others == 1 else 'steps'}"
    unknown = [row["name"] for row in ahead if row["left"] is None]
    if unknown:
        words += f"; nobody can tell of {', '.join(unknown[:3])}{' and others' if len(unknown) > 3 else ''}"
    return float(sum(row["left"] for row in known)), words


def _state(
    run: Run | None, rows: Sequence[Mapping[str, Any]], facts: Facts, running: bool, to_do: list[str]
) -> str:
    if run is None or not rows:
        return "empty"
    if running:
        return "running"
    if not to_do:
        return "completed"
    stopped = next((row for row in rows if row["name"] == facts.stopped), None)
    if facts.run and not facts.outcome:
        return "interrupted"
    if facts.outcome in ("failed", "cancelled") and (stopped is None or stopped["state"] in _TO_DO):
        return facts.outcome
    return "ready"


def resources_view(run: Run, facts: Facts, running: bool, needed: int | None = None) -> dict[str, Any]:
    """What the run uses of the machine; samples of the last minutes, the newest last.

    ``needed`` is the disk space in bytes that a run would want if it were started now.
    """
    last = facts.samples[-1] if facts.samples else {}
    view: dict[str, Any] = {
        "running": running,
        "memory": [s["memory_bytes"] for s in facts.samples if "memory_bytes" in s],
        "cpu": [s["cpu"] for s in facts.samples if "cpu" in s],
        "memory_limit": last.get("memory_limit_bytes"),
        "cores": last.get("cores"),
        "disk_free": last.get("disk_free_bytes") if running else None,
        "disk_needed": last.get("disk_needed_bytes") if running else needed,
    }
    if view["disk_free"] is None:
        with suppress(OSError):
            view["disk_free"] = disk_free(run.work_dir)
    return view


def logs_of(run: Run) -> list[str]:
    """Steps that left a log, "start" and "plot" among them."""
    store = Store(run.work_dir)
    return [name for name in ("start", *_NUMBER, "plot") if store.log_path(name).is_file()]


def step_of_log(facts: Facts, running: bool) -> str:
    """Step whose log is worth looking at: the one under way, the one that stopped the run, or the last one."""
    passes = facts.passes
    if running and not facts.current and not any(p.started >= facts.started for p in passes.values()):
        return "start"  # MintPy is being imported
    if not running and facts.outcome == "failed" and not facts.stopped:
        return "start"
    step = facts.current if running else facts.stopped
    return step or max(passes, key=lambda name: passes[name].started, default="start")
