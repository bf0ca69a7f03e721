"""A MintPy run: started in a process of its own, followed and found again through what it leaves on disk."""

from __future__ import annotations

import glob
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from insar_widgets.errors import MissingDependencyError, RunError
from insar_widgets.runner.state import Lock, Store, digest_steps, stamp
from insar_widgets.runner.steps import STEPS, StepPlan, plan_steps
from insar_widgets.runner.template import Template

__all__ = ["Run", "StepStatus"]

_STARTED = "started"
_POLL = 0.1
_NAMES = tuple(step.name for step in STEPS)
_MINTPY_TEMPLATE = "smallbaselineApp.cfg"


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
    outputs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Run:
    """A MintPy workflow in a work directory.

    Parameters
    ----------
    work_dir
        Folder that MintPy works in; made if it is not there.
    template
        What to do. None takes the template that the work directory was run with.

    Examples
    --------
    >>> run = Run("mexico_city", Template.for_stack(stack))  # doctest: +SKIP
    >>> run.start().wait()  # doctest: +SKIP
    'completed'
    >>> run.states()["velocity"]  # doctest: +SKIP
    'completed'
    """

    def __init__(self, work_dir: str | os.PathLike[str], template: Template | None = None) -> None:
        self.work_dir = Path(work_dir).expanduser().resolve()
        self._store = Store(self.work_dir)
        self.template = template if template is not None else self._template_on_disk()

    @classmethod
    def attach(cls, work_dir: str | os.PathLike[str]) -> Self:
        """Find the run of a work directory again, under way or ended, from any process.

        Raises
        ------
        RunError
            If nothing was ever run there.
        """
        run = cls(work_dir)
        if run._store.read_json(run._store.run_path) is None and run.template is None:
            raise RunError(
                f"{run.work_dir} was never run: it holds no MintPy template and no record of a run. "
                "Start one with Run(work_dir, template).start()."
            )
        return run

    def __repr__(self) -> str:
        return f"Run({str(self.work_dir)!r})"

    # what there is to do

    @property
    def plans(self) -> dict[str, StepPlan]:
        """What each of the 18 steps reads and writes under the template, or why it is off."""
        return plan_steps(self._effective, has_water_mask=self._has_water_mask)

    @cached_property
    def _effective(self) -> dict[str, Any]:
        return self._needs_template().effective()

    @property
    def _has_water_mask(self) -> bool:
        return bool(self._expand(str(self._effective.get("mintpy.load.waterMaskFile") or "")))

    def _needs_template(self) -> Template:
        if self.template is None:
            raise RunError(
                f"There is no template for {self.work_dir}. Give one: Run(work_dir, Template.for_stack(stack))."
            )
        return self.template

    def _template_on_disk(self) -> Template | None:
        request = self._store.read_json(self._store.run_path)
        name = request["template"] if request else _MINTPY_TEMPLATE
        path = self.work_dir / name
        return Template.read(path) if path.is_file() else None

    def _expand(self, pattern: str) -> list[str]:
        if pattern.lower() in ("", "auto", "no", "none", "false"):
            return []
        return sorted(glob.glob(str(self.work_dir / Path(pattern).expanduser())))  # noqa: PTH207 - as MintPy

    def _inputs(self) -> dict[str, list[int]]:
        """Size and time of every file that load_data reads."""
        found = {}
        for key, value in self._effective.items():
            if re.fullmatch(r"mintpy\.load\.\w+File", key) and isinstance(value, str):
                for name in self._expand(value):
                    with suppress(FileNotFoundError):
                        found[name] = stamp(Path(name))
        return found

    def _option_files(self, plans: Mapping[str, StepPlan]) -> dict[str, list[int]]:
        """Size and time of the user's own files that options name: lists of dates, masks, reference networks."""
        made = {file for plan in plans.values() for file in plan.products}
        found = {}
        for key, value in self._effective.items():
            if isinstance(value, str) and value and value not in made and not key.startswith("mintpy.load."):
                with suppress(OSError):
                    path = self.work_dir / Path(value).expanduser()
                    if path.is_file():
                        found[key] = stamp(path)
        return found

    def _digests(self, plans: Mapping[str, StepPlan]) -> dict[str, str]:
        files = self._option_files(plans)
        return digest_steps(plans, self._effective, self._inputs(), files, _version("mintpy"))

    # starting

    def start(
        self,
        steps: str | Iterable[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> Self:
        """Start the run in a process of its own and return at once.

        Parameters
        ----------
        steps
            Exactly these steps, done again even if they are up to date. None does what is needed: steps that
            never completed, that failed, or whose options or inputs have changed since.
        from_, to
            Only what lies between these steps, both included; from `from_` on everything is done again.

        Returns
        -------
        Run
            Itself.

        Raises
        ------
        RunError
            If a run is under way there, a step's name is unknown, or the process cannot be started.
        MissingDependencyError
            If MintPy is not installed.
        """
        _version("mintpy")
        template = self._needs_template()
        self.__dict__.pop("_effective", None)
        plans = self.plans
        digests = self._digests(plans)
        chosen = self._choose(plans, digests, steps, from_, to)
        if self.is_running:
            Lock(self._store).acquire("")  # raises, and says who holds it
        self._missing_inputs(plans, chosen)
        request = {
            "v": 1,
            "run": uuid.uuid4().hex[:12],
            "template": self._write_template(template),
            "steps": [{"name": name, "why": why} for name, why in chosen.items()],
            "remove": [n for n, p in plans.items() if p.off is not None and self._store.manifest(n)],
            "effective": self._effective,
            "digests": digests,
            "has_water_mask": self._has_water_mask,
            "versions": _versions(),
        }
        self._store.write_json(self._store.run_path, request)
        self._spawn()
        return self

    def _choose(
        self,
        plans: Mapping[str, StepPlan],
        digests: Mapping[str, str],
        steps: str | Iterable[str] | None,
        from_: str | None,
        to: str | None,
    ) -> dict[str, str]:
        """Steps to do, with the reason for each."""
        asked = [steps] if isinstance(steps, str) else list(steps) if steps is not None else None
        for name in (*(asked or ()), *filter(None, (from_, to))):
            if name not in _NAMES:
                raise RunError(f"MintPy has no step {name!r}. Its steps are: {', '.join(_NAMES)}.")
        if asked is not None:
            chosen = {name: "asked for" for name in _NAMES if name in asked and plans[name].off is None}
        else:
            first = _NAMES.index(from_) if from_ else 0
            last = _NAMES.index(to) if to else len(_NAMES) - 1
            if first > last:
                raise RunError(f"The run would end with {to} before it begins with {from_}.")
            chosen = {}
            for name in _NAMES[first : last + 1]:
                if plans[name].off is None:
                    why = "asked for" if from_ else self._why(name, digests)
                    if why:
                        chosen[name] = why
            self._add_what_follows(plans, chosen)
        return {name: chosen[name] for name in _NAMES if name in chosen}

    def _add_what_follows(self, plans: Mapping[str, StepPlan], chosen: dict[str, str]) -> None:
        """Add the steps that must be done again because others are.

        A step that changes files of earlier steps in place needs them as they were, so those are made anew; what
        was changed in files that are made anew must be changed again; and a file that a step wants out of its way
        belongs to a step that has to write it again.
        """
        before = -1
        while len(chosen) != before:
            before = len(chosen)
            for name, plan in plans.items():
                if (name in chosen or plan.off is not None) and self._has_rewritten(name):
                    for writer in self._owners(plans, plan.rewrites):
                        chosen.setdefault(writer, f"{name} changed its files in place")
                if name in chosen:
                    for owner in self._owners(plans, plan.clears):
                        chosen.setdefault(owner, f"{name} is done again before it")
                elif plan.off is None and self._store.manifest(name):
                    remade = {f for n in chosen for f in plans[n].writes} & set(plan.rewrites)
                    if remade:
                        chosen[name] = f"{', '.join(sorted(remade))} is made anew"

    def _owners(self, plans: Mapping[str, StepPlan], files: Iterable[str]) -> list[str]:
        """Steps that have written one of the files."""
        owners = []
        for name, plan in plans.items():
            manifest = self._store.manifest(name)
            if plan.off is None and manifest and set(files) & set(manifest["outputs"]):
                owners.append(name)
        return owners

    def _has_rewritten(self, name: str) -> bool:
        """Whether the step has begun to change files in place since they were last made.

        modify_network and reference_point do not count: they set flags and attributes to what the template says,
        whatever they were.
        """
        maker = {"reference_date": "invert_network", "correct_unwrap_error": "load_data"}.get(name)
        if maker is None:
            return False
        events = self.events()
        began = [e["seq"] for e in events if e["event"] == "step-start" and e.get("step") == name]
        made = [e["seq"] for e in events if e["event"] == "step-end" and e.get("step") == maker]
        return bool(began and made and began[-1] > made[-1])

    def _missing_inputs(self, plans: Mapping[str, StepPlan], chosen: Mapping[str, str]) -> None:
        """Refuse a selection that lacks what an earlier step would have made."""
        there: set[str] = set()
        for name in chosen:
            for file in plans[name].reads:
                if file not in there and not (self.work_dir / file).is_file():
                    maker = next((n for n in _NAMES if file in plans[n].writes), "an earlier step")
                    raise RunError(f"{name} needs {file}, which is not there: run {maker} first.")
            there.update(plans[name].writes)

    def _write_template(self, template: Template) -> str:
        name = re.sub(r"[^\w.-]+", "_", template.name or self.work_dir.name) or "insar"
        file = f"{name}.txt"
        if name in ("smallbaselineApp", _MINTPY_TEMPLATE):
            file = _MINTPY_TEMPLATE
        path = self.work_dir / file
        self.work_dir.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or Template.read(path) != template:
            template.write(path)
        return file

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "insar_widgets.runner.worker", str(self.work_dir)]
        result = subprocess.run(
            command,
            cwd=self.work_dir,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if _STARTED not in result.stdout:
            raise RunError(
                result.stderr.strip()
                or f"The process of the run ended at once (exit status {result.returncode})."
            )

    # following

    @property
    def is_running(self) -> bool:
        """Whether a process works in the directory now."""
        return Lock(self._store).holder() is not None

    def wait(
        self, timeout: float | None = None, on_event: Callable[[dict[str, Any]], None] | None = None
    ) -> str:
        """Wait until the run ends.

        Parameters
        ----------
        timeout
            Longest time to wait in seconds; None waits for ever.
        on_event
            Called with each event as it comes, from the first event of this run on.

        Returns
        -------
        str
            How it ended: completed, failed, cancelled or interrupted; "running" if the time is over.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        since = self._first_event()
        while True:
            running = self.is_running
            for event in self.events(since):
                since = event["seq"] + 1
                if on_event is not None:
                    on_event(event)
            if not running:
                return self.outcome
            if deadline is not None and time.monotonic() > deadline:
                return "running"
            time.sleep(_POLL)

    def _first_event(self) -> int:
        request = self._store.read_json(self._store.run_path) or {}
        return next((e["seq"] for e in self.events() if e["run"] == request.get("run")), 0)

    @property
    def outcome(self) -> str:
        """How the last run ended, "running" while it does, "pending" if there was none."""
        if self.is_running:
            return "running"
        for event in reversed(self.events()):
            if event["event"] == "run-end":
                return str(event["outcome"])
            if event["event"] == "run-start":
                return "interrupted"
        return "pending"

    @property
    def failure(self) -> tuple[str, str] | None:
        """Reason and remedy of what ended the last run, or None if nothing failed."""
        for event in reversed(self.events()):
            if event["event"] == "run-start":
                return None
            if event["event"] in ("step-end", "run-end") and event.get("reason"):
                return str(event["reason"]), str(event.get("remedy", ""))
        return None

    def cancel(self, timeout: float = 5.0) -> str:
        """End the run and everything it started, within `timeout` seconds; finished steps are kept."""
        holder = Lock(self._store).holder()
        if not holder:
            return self.outcome
        pid = int(holder["pid"])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if self.wait(timeout=max(0.0, timeout - 1)) == "running":
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self.wait(timeout=1)
            self._store.events.append("run-end", holder["run"], outcome="cancelled")
        return self.outcome

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Everything that was told about runs in this directory, oldest first, from ``seq`` `since` on."""
        return self._store.events.read(since)

    def log(self, step: str) -> str:
        """What MintPy printed in the last pass of a step, progress bars reduced to their last state."""
        path = self._store.log_path(step)
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))

    @property
    def reference(self) -> dict[str, Any] | None:
        """The reference pixel that was used: ``y``, ``x``, ``how`` it was chosen and ``why``; None before."""
        manifest = self._store.manifest("reference_point")
        return manifest.get("reference") if manifest else None

    # states

    def states(self) -> dict[str, str]:
        """State of each of the 18 steps, in MintPy's order.

        Returns
        -------
        dict
            Step name to pending, running, completed, failed, cancelled, interrupted, stale (its options or inputs
            changed since) or off (the template leaves it out).
        """
        return {status.name: status.state for status in self.status()}

    def status(self) -> list[StepStatus]:
        """Everything known of each of the 18 steps, in MintPy's order."""
        plans = self.plans
        digests = self._digests(plans)
        running = self.is_running
        last = _last_passes(self.events())
        return [
            self._status(name, plan, digests, last.get(name, {}), running) for name, plan in plans.items()
        ]

    def _status(
        self, name: str, plan: StepPlan, digests: Mapping[str, str], last: Mapping[str, Any], running: bool
    ) -> StepStatus:
        if plan.off is not None:
            return StepStatus(name, "off", plan.off)
        about: dict[str, Any] = {
            "seconds": last.get("seconds"),
            "warnings": tuple(last.get("warnings", ())),
        }
        manifest = self._store.manifest(name)
        if manifest is not None:
            why = self._why(name, digests)
            return StepStatus(
                name, "stale" if why else "completed", why, outputs=tuple(manifest["outputs"]), **about
            )
        if not last:
            return StepStatus(name, "pending")
        outcome = last.get("outcome")
        if outcome is None:
            if running:
                progress = {"fraction": last.get("fraction"), "label": last.get("label", "")}
                return StepStatus(name, "running", **about, **progress)
            outcome = "cancelled" if last.get("run_outcome") == "cancelled" else "interrupted"
        if outcome == "completed":
            return StepStatus(name, "stale", "the record of its products is gone", **about)
        return StepStatus(name, outcome, last.get("reason", ""), last.get("remedy", ""), **about)

    def _why(self, name: str, digests: Mapping[str, str]) -> str:
        """Why the step must run, or "" if what it made still holds."""
        manifest = self._store.manifest(name)
        if manifest is None:
            return "not done yet"
        for file, (size, _) in manifest["outputs"].items():
            paths = (self.work_dir / file, self.work_dir / "pic" / Path(file).name)
            if not any(path.is_file() and path.stat().st_size == size for path in paths):
                return f"{file} was removed or changed"
        if manifest.get("undone"):
            return f"{manifest['undone']} was made anew since"
        if manifest["digest"] != digests[name]:
            before, now = manifest.get("options", {}), self._effective
            changed = [key for key, value in before.items() if str(now.get(key)) != str(value)]
            return f"{', '.join(changed)} changed" if changed else "what it reads has changed"
        return ""


def _last_passes(events: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the last pass of each step told, by step."""
    passes: dict[str, dict[str, Any]] = {}
    current: dict[str, Any] | None = None
    for event in events:
        kind, step = event["event"], event.get("step", "")
        if kind == "step-start":
            current = passes[step] = {"warnings": []}
        elif kind == "progress" and current is not None:
            current |= {"fraction": event.get("fraction"), "label": event.get("label", "")}
        elif kind == "warning" and step in passes:
            passes[step]["warnings"].append(event.get("message", ""))
        elif kind == "step-end" and step in passes:
            passes[step] |= {k: event[k] for k in ("outcome", "seconds", "reason", "remedy") if k in event}
            current = None
        elif kind == "run-end" and current is not None:
            current["run_outcome"] = event.get("outcome")
            current = None
    return passes


def _environment() -> dict[str, str]:
    """The environment without what belongs to the notebook's kernel."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("JPY_", "IPY", "MPLBACKEND"))}
    return ours | {
        "MPLBACKEND": "Agg",
        "PYTHONUNBUFFERED": "1",
        # somebody may look at a product while a step writes it
        "HDF5_USE_FILE_LOCKING": "FALSE",
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise MissingDependencyError(
            f'{package} is not installed. Install it with: pip install "insar-widgets[mintpy]"'
        ) from None


def _versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in ("insar-widgets", "mintpy", "numpy", "h5py"):
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
