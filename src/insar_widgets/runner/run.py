"""A MintPy run: started in a process of its own, followed and found again through what it leaves on disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, Self

from insar_widgets.confined import gdal_environment
from insar_widgets.errors import RunError
from insar_widgets.runner._template_stack import wise_workers
from insar_widgets.runner.cluster import BATCH, Cluster, batch_settings
from insar_widgets.runner.confined import refuse_outside
from insar_widgets.runner.decide import Decider
from insar_widgets.runner.ending import clear_up, end_run, last_failure, last_outcome
from insar_widgets.runner.engine import ENGINES, FAST
from insar_widgets.runner.environment import environment, version, versions
from insar_widgets.runner.estimate import (
    Estimate,
    Work,
    as_event,
    disk_needed,
    estimate_steps,
    expected_sizes,
    measure_work,
)
from insar_widgets.runner.inputs import (
    DELAY_FOLDERS,
    folder_stamp,
    input_files,
    input_stamps,
    refuse_mixed_grids,
)
from insar_widgets.runner.parallel import local_notes
from insar_widgets.runner.processes import MARK
from insar_widgets.runner.state import STARTED, Lock, Store, digest_steps, stamp, writing_into
from insar_widgets.runner.status import StepStatus, step_statuses
from insar_widgets.runner.steps import STACK, StepPlan, plan_steps
from insar_widgets.runner.template import Template
from insar_widgets.runner.unfinished import tidy

__all__ = ["Run"]

_POLL = 0.1
_WATER_MASK = "mintpy.load.waterMaskFile"
_MINTPY_TEMPLATE = "smallbaselineApp.cfg"


class Run:
    """A MintPy workflow in a work directory.

    Parameters
    ----------
    work_dir
        Folder that MintPy works in; made if it is not there.
    template
        What to do. None takes the template that the work directory was run with.
    engine
        "fast" computes the slow steps with compiled code that proves itself on a random sample of pixels against
        MintPy's own estimators, in every run; "mintpy" leaves everything to MintPy. None takes what the work directory
        was run with last, "fast" if it never was. Products are the same to within 0.001 rad, so changing the engine
        does not make any step out of date.
    root
        Folder that the run must not read outside of, for pages that others use: files of the template and of the work
        directory that lie or lead elsewhere are refused, as are rasters that are no plain GeoTIFF and products of other
        processors than HyP3. None reads whatever the user may.

    Raises
    ------
    RunError
        If there is no such engine.

    Examples
    --------
    Starting and following a run takes MintPy and a prepared stack::

        run = Run("mexico_city", Template.for_stack(prepared))
        run.start().wait()  # "completed"
        run.states()["velocity"]  # "completed"
    """

    def __init__(
        self,
        work_dir: str | os.PathLike[str],
        template: Template | None = None,
        *,
        engine: Literal["fast", "mintpy"] | None = None,
        root: str | os.PathLike[str] | None = None,
    ) -> None:
        self.work_dir = Path(work_dir).expanduser().resolve()
        self.root = None if root is None else Path(root).expanduser().resolve()
        self._store = Store(self.work_dir)
        tidy(self._store)
        self.template = template if template is not None else self._template_on_disk()
        if engine is None:
            request = self._store.read_json(self._store.run_path) or {}
            engine = request.get("engine", FAST)
        if engine not in ENGINES:
            raise RunError(f"There is no engine {engine!r}; there are {' and '.join(ENGINES)}.")
        self.engine: str = engine
        self._known: tuple[Template, dict[str, Any]] | None = None

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
        return self._plans(self._files())

    @property
    def _effective(self) -> dict[str, Any]:
        template = self._needs_template()
        if self._known is None or self._known[0] is not template:
            self._known = (template, template.effective())
        return self._known[1]

    def _plans(self, files: Mapping[str, list[str]]) -> dict[str, StepPlan]:
        return plan_steps(self._effective, has_water_mask=_WATER_MASK in files)

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

    def _files(self) -> dict[str, list[str]]:
        return input_files(self._effective, self.work_dir)

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
                    elif key in DELAY_FOLDERS:
                        found[key] = folder_stamp(path)
        return found

    def _digests(self, plans: Mapping[str, StepPlan], files: Mapping[str, list[str]]) -> dict[str, str]:
        named = self._option_files(plans)
        return digest_steps(plans, self._effective, input_stamps(files), named, version("mintpy"))

    # starting

    def start(
        self,
        steps: str | Iterable[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        *,
        cluster: Cluster | None = None,
    ) -> Self:
        """Start the run in a process of its own and return at once.

        Parameters
        ----------
        steps
            Exactly these steps, done again even if they are up to date. None does what is needed: steps that
            never completed, that failed, or whose options or inputs have changed since.
        from_, to
            Only what lies between these steps, both included; from `from_` on everything is done again.
        cluster
            The batch system to hand work to, in short. It is kept for later starts in this folder whose template
            asks for it. None goes by the template, the short form kept, and dask's own configuration.

        Returns
        -------
        Run
            Itself.

        Raises
        ------
        RunError
            If a run is under way there, a step's name is unknown, the products to load do not share one grid, the
            workers asked for cannot be had, something to be read lies outside `root`, or the process cannot be started.
        MissingDependencyError
            If MintPy is not installed.
        """
        version("mintpy")
        if cluster is not None:
            self.template = self._needs_template().with_options(cluster.options)
        template = self._needs_template()
        self._known = None
        files = self._files()
        plans = self._plans(files)
        digests = self._digests(plans, files)
        decider = Decider(self._store, plans, self._effective, digests)
        chosen = decider.choose(steps, from_, to)
        Lock(self._store).refuse_second_run()
        decider.refuse_missing_inputs(chosen)
        if self.root is not None:
            loads = "load_data" in chosen
            refuse_outside(template, self._effective, self.work_dir, self.root, loads=loads)
        if "load_data" in chosen and self._effective.get("mintpy.load.processor") == "hyp3":
            refuse_mixed_grids(files)
        clear_up(self._store)
        work = self._work(files, is_loaded="load_data" not in chosen)
        run = uuid.uuid4().hex[:12]
        extra, notes = self._prepare_workers(run, cluster)
        if self.root is not None:
            extra = extra | gdal_environment()
        with writing_into(self.work_dir):
            template_file = self._write_template(template)
        request = {
            "v": 1,
            "run": run,
            "template": template_file,
            "steps": [{"name": name, "why": why} for name, why in chosen.items()],
            "remove": [n for n, p in plans.items() if p.off is not None and self._store.manifest(n)],
            "effective": self._effective,
            "digests": digests,
            "has_water_mask": _WATER_MASK in files,
            "versions": versions(),
            "engine": self.engine,
            "root": None if self.root is None else str(self.root),
            "work": as_event(work),
            "sizes": {name: expected_sizes(plans[name], work, files) for name in chosen} if work else {},
        }
        with writing_into(self.work_dir):
            self._store.write_json(self._store.run_path, request)
        self._spawn(run, extra)
        for note in notes:
            self._store.events.append("warning", run, step="start", message=note)
        return self

    def _prepare_workers(self, run: str, short: Cluster | None) -> tuple[dict[str, str], Sequence[str]]:
        """Check what the template says of parallel work; environment for it, and what is to be said of it."""
        kind = str(self._effective.get("mintpy.compute.cluster")).lower()
        if kind == "local":
            return {}, local_notes(self._effective, wise_workers())
        if kind not in BATCH:
            return {}, ()
        kept = self._store.folder / "cluster.json"
        if short is not None:
            self._store.write_json(kept, asdict(short))
        elif (known := self._store.read_json(kept)) and known["kind"] == kind:
            short = Cluster(**known)
        settings = batch_settings(self._effective, run, short)
        return {"DASK_CONFIG": str(settings.write(self._store.folder / "dask"))}, settings.notes

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

    def _work(self, files: Mapping[str, list[str]], *, is_loaded: bool) -> Work | None:
        plain = self.root is not None or self._effective.get("mintpy.load.processor") == "hyp3"
        driver = "GTiff" if plain else None  # GDAL tells files by their content, and some name any other
        work = measure_work(self.work_dir / STACK, files, from_file=is_loaded, driver=driver)
        return None if work is None else replace(work, engine=self.engine)

    def _spawn(self, run: str, extra: Mapping[str, str]) -> None:
        command = [sys.executable, "-P", "-m", "insar_widgets.runner.worker", str(self.work_dir)]
        result = subprocess.run(
            command,
            cwd=self.work_dir,
            env=environment() | {**extra, MARK: run},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if STARTED not in result.stdout:
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
        # before the look: a run that has not said anything yet will do so after it
        end = self._store.events.end()
        starts = self._store.events.read(kinds=("run-start",))
        ours = (e["seq"] for e in reversed(starts) if e["run"] == request.get("run"))
        return next(ours, end)

    @property
    def outcome(self) -> str:
        """How the last run ended, "running" while it does, "pending" if there was none."""
        return "running" if self.is_running else last_outcome(self._store)

    @property
    def failure(self) -> tuple[str, str] | None:
        """Reason and remedy of what ended the last run, or None if nothing failed."""
        told = last_failure(self._store)
        if told is not None:
            return told
        if self.outcome == "interrupted":  # together with the watch beside it
            return next(((s.reason, s.remedy) for s in self.status() if s.state == "interrupted"), None)
        return None

    def cancel(self, timeout: float = 5.0) -> str:
        """End the run and everything it started, within `timeout` seconds; finished steps are kept.

        What an earlier run left behind when it was killed is ended too: dask workers, downloads, jobs of a batch
        system.

        Returns
        -------
        str
            The outcome: cancelled, or how the run had ended before.

        Raises
        ------
        RunError
            If the run works on another machine, or cannot be ended.
        """
        end_run(self._store, timeout, self.wait)
        return self.outcome

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Everything that was told about runs in this directory, oldest first, from ``seq`` `since` on."""
        return self._store.events.read(since)

    def log(self, step: str) -> str:
        """What MintPy printed in the last pass of a step, progress bars reduced to their last state."""
        path = self._store.log_path(step)
        try:
            text = path.read_bytes().decode("utf-8", errors="replace")  # read_text takes \r for a line's end
        except FileNotFoundError:
            return ""
        return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))

    def engine_of(self, step: str) -> dict[str, Any] | None:
        """Which engine made the products of a step, ``name``, and ``proof`` with what it has shown against MintPy.

        ``why`` tells why it was MintPy although the fast engine was asked for.
        None for steps that only MintPy does, and before the step is complete.
        """
        manifest = self._store.manifest(step)
        return manifest.get("engine") if manifest else None

    @property
    def resources(self) -> dict[str, Any] | None:
        """What the run under way used when it last told, as the event ``resources``; None if none is under way."""
        return next(self._store.events.backwards(("resources",)), None) if self.is_running else None

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
        tidy(self._store)
        files = self._files()
        plans = self._plans(files)
        decider = Decider(self._store, plans, self._effective, self._digests(plans, files))
        steps = step_statuses(self._store, plans, decider, running=self.is_running)
        told = {step.name: step for step in self._estimate(decider, plans, files).steps}
        return [
            replace(
                step,
                seconds_expected=told[step.name].seconds,
                seconds_left=told[step.name].seconds_left,
                expected_from=told[step.name].basis,
            )
            if step.name in told
            else step
            for step in steps
        ]

    def estimate(self) -> Estimate:
        """How long what is left of the run will take; if none is under way, what `start` would do now.

        Returns
        -------
        Estimate
            ``.seconds_left``, ``.steps``, ``.disk_needed_bytes`` and what they are based on: the progress of the
            step so far, its last pass in this folder, else the size of the stack.
        """
        files = self._files()
        plans = self._plans(files)
        decider = Decider(self._store, plans, self._effective, self._digests(plans, files))
        return self._estimate(decider, plans, files)

    def _estimate(
        self, decider: Decider, plans: Mapping[str, StepPlan], files: Mapping[str, list[str]]
    ) -> Estimate:
        log = self._store.events
        events = log.read(kinds=("run-start", "step-start", "step-end", "run-end"))
        request = (self._store.read_json(self._store.run_path) or {}) if self.is_running else {}
        if request.get("steps"):
            ended = {e["step"] for e in events if e["event"] == "step-end" and e["run"] == request["run"]}
            names = [item["name"] for item in request["steps"] if item["name"] not in ended]
            work = Work(**request["work"]) if request.get("work") else None
            last = next(log.backwards(("progress", "step-start")), None)
            events += [last] if last and last["event"] == "progress" else []
        else:
            names = list(decider.choose())
            work = self._work(files, is_loaded="load_data" not in names)
        steps = estimate_steps(names, work=work, effective=self._effective, events=events)
        return Estimate(steps, disk_needed(self.work_dir, plans, names, work, files))
