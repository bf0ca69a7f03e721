"""State of each step, as manifests and events tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from insar_widgets.runner.death import death_of_step
from insar_widgets.runner.decide import Decider
from insar_widgets.runner.state import Store
from insar_widgets.runner.steps import StepPlan

__all__ = ["StepStatus", "step_statuses"]


@dataclass(frozen=True)
class StepStatus:
    """What is known of one step.

    Attributes
    ----------
    name : the step.
    state : pending, running, completed, failed, cancelled, interrupted, stale or off.
    reason : why it is in that state, one sentence; empty where the state says it all.
    remedy : what to do about a failure.
    seconds : how long its last pass took, or None.
    fraction, label : progress inside a running step, 0 to 1 and MintPy's own words; None if it tells none.
    seconds_expected, seconds_left : what a step to come, or under way, will take and what is left of it; None where
        nobody can tell.
    expected_from : what that is based on: its progress so far, its last pass in this folder, the size of the stack.
    outputs : files it made, relative to the work directory.
    warnings : what its last pass warned of.
    """

    name: str
    state: str
    reason: str = ""
    remedy: str = ""
    seconds: float | None = None
    fraction: float | None = None
    label: str = ""
    seconds_expected: float | None = None
    seconds_left: float | None = None
    expected_from: str = ""
    outputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def step_statuses(
    store: Store, plans: Mapping[str, StepPlan], decider: Decider, *, running: bool
) -> list[StepStatus]:
    """Everything known of each step, in MintPy's order; `running` says whether a process is at work now."""
    # of the progress, which is most of a long log, only the last counts
    events = store.events.read(kinds=("run-start", "step-start", "warning", "step-end", "died", "run-end"))
    latest = next(store.events.backwards(("progress", "step-start", "step-end")), None)
    last = _last_passes([*events, latest] if latest and latest["event"] == "progress" else events)
    return [_status(store, decider, plan, last.get(name, {}), running) for name, plan in plans.items()]


def _status(
    store: Store, decider: Decider, plan: StepPlan, last: Mapping[str, Any], running: bool
) -> StepStatus:
    name = plan.step.name
    if plan.off is not None:
        return StepStatus(name, "off", plan.off)
    about: dict[str, Any] = {
        "seconds": last.get("seconds"),
        "warnings": tuple(last.get("warnings", ())),
    }
    manifest = store.manifest(name)
    if manifest is not None:
        why = decider.why(name)
        return StepStatus(
            name, "stale" if why else "completed", why, outputs=tuple(manifest["outputs"]), **about
        )
    if not last:
        return StepStatus(name, "pending")
    outcome = last.get("outcome")
    if outcome is None and running:
        progress = {"fraction": last.get("fraction"), "label": last.get("label", "")}
        return StepStatus(name, "running", **about, **progress)
    if outcome is None:
        outcome = "cancelled" if last.get("run_outcome") == "cancelled" else "interrupted"
    if outcome == "completed":
        return StepStatus(name, "stale", "the record of its products is gone", **about)
    killed_for_it = outcome == "cancelled"  # the last resort, and no failure
    reason, remedy = ("", "") if killed_for_it else (last.get("reason", ""), last.get("remedy", ""))
    if outcome == "interrupted" and not reason:
        told = death_of_step(store, name)
        reason, remedy = told.reason, told.remedy
    return StepStatus(name, outcome, reason, remedy, **about)


def _last_passes(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the last pass of each step told, by step."""
    passes: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] | None = None
    for event in events:
        kind, step = event["event"], event.get("step", "")
        if kind == "step-start":
            current = passes[step] = {"warnings": [], "run": event["run"]}
        elif kind == "progress" and current is not None:
            current |= {"fraction": event.get("fraction"), "label": event.get("label", "")}
        elif kind == "warning" and step in passes:
            passes[step]["warnings"].append(event.get("message", ""))
        elif kind == "step-end" and step in passes:
            passes[step] |= {k: event[k] for k in ("outcome", "seconds", "reason", "remedy") if k in event}
            current = None
        elif kind == "died" and passes.get(step, {}).get("run") == event["run"]:
            passes[step] |= {k: event[k] for k in ("reason", "remedy")}
        elif kind == "run-end" and current is not None:
            current["run_outcome"] = event.get("outcome")
            current = None
        elif kind == "run-start" and current is not None:  # the run before was killed
            current["outcome"] = "interrupted"
            current = None
    return passes
