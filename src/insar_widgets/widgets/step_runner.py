"""Run the steps of MintPy, see how far they are, what they made and what they said."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import traitlets

from insar_widgets.errors import InsarWidgetsError, RunError
from insar_widgets.results import Results, open_results
from insar_widgets.runner import Run, Template
from insar_widgets.runner.engine import ENGINES, FAST
from insar_widgets.runner.state import Store
from insar_widgets.widgets import _run_view as view
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._jobs import Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._run_engine import engine_of_others, last_engine, proof_note, run_id
from insar_widgets.widgets._run_follow import EventReader, Facts, Follower
from insar_widgets.widgets._run_log_requests import StepLogs
from insar_widgets.widgets._run_products import Shown, layers_of, show_file, show_layer
from insar_widgets.widgets._run_switches import SWITCHES, fixes_of, switched
from insar_widgets.widgets.config_builder import ConfigBuilder

__all__ = ["StepRunner"]

_RUNNING_PAUSE = 0.4  # seconds between two looks at the events
_IDLE_PAUSE = 2.0
_PASSING = 4  # looks in a row that may miss a file before it is said
_STATUS_SECONDS = 15.0  # after which inputs and products are looked at again although no event came
_ESTIMATE_SECONDS = 5.0  # after which the time left is estimated anew
_VIEW_SECONDS = 150.0  # a view that has not called for so long is gone: browsers slow down hidden pages


class StepRunner(Widget):
    """Run MintPy's 18 steps in a process that outlives the notebook, and follow them.

    The cell returns at once. The run is followed by what it leaves on disk, so a new kernel, a second notebook
    or a reloaded page shows the same: ``StepRunner(work_dir)``. Making the widget starts nothing.

    Parameters
    ----------
    source
        What to run: a `Run`; a work directory; a `ConfigBuilder`, whose template and work directory are then
        followed; a `Template`; or the path of a template file.
    template
        The template, where ``source`` is a work directory. By default the one it was run with.
    work_dir
        Folder in which MintPy works, where ``source`` is a template. By default that of the template file.
    map
        A widget with the trait ``layer``, such as `DisplacementMap`: layers that are clicked are shown there,
        and its ``results`` follow.
    engine
        "fast" or "mintpy", see `Run`. By default that of the `ConfigBuilder`, whose choice is then followed, or of the
        work directory's last run, "fast" before the first.

    Examples
    --------
    >>> runner = StepRunner("valley/mintpy", template=Template({"mintpy.load.processor": "hyp3"}))
    >>> runner.states["load_data"]
    'pending'
    >>> runner.close()
    """

    _bundle = "step-runner"

    template = traitlets.Instance(Template, allow_none=True, help="The template as it stands.")
    run = traitlets.Instance(Run, allow_none=True, help="The run in the work directory.")
    results = traitlets.Instance(Results, allow_none=True, help="What the run has made so far.")
    work_dir = traitlets.Unicode(help="Folder in which MintPy works.")
    layer = traitlets.Unicode(help="Layer that was clicked last, a name in `results.layers`.")
    read_only = traitlets.Bool(False, help="Whether the page can only look.").tag(sync=True)
    engine = traitlets.Enum(ENGINES, FAST, help="What computes the slow steps.").tag(sync=True)

    _rows: Any = traitlets.List(help="One row a step.").tag(sync=True)
    _head = traitlets.Dict(help="How the run stands.").tag(sync=True)
    _resources = traitlets.Dict(help="Memory, processors and disk.").tag(sync=True)
    _log = traitlets.Dict(help="Step whose log grows, and its size in bytes.").tag(sync=True)
    _fixes: Any = traitlets.List(help="What one click can do about the failure.").tag(sync=True)
    _figures: Any = traitlets.List(help="Figures that MintPy drew.").tag(sync=True)
    _file = traitlets.Dict(help="The template's file.").tag(sync=True)
    _error = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)

    def __init__(
        self,
        source: Run | ConfigBuilder | Template | str | Path | None = None,
        *,
        template: Template | None = None,
        work_dir: str | Path | None = None,
        map: Any = None,
        engine: Literal["fast", "mintpy"] | None = None,
    ) -> None:
        self._jobs = Jobs(lambda _fraction, _text: None)
        self._lock = self._jobs.lock
        self._follower = Follower(self._look)
        self._builder: ConfigBuilder | None = None
        self._template_file: Path | None = None
        self._earlier: dict[str, str] = {}
        self._views: dict[str, float] = {}
        self._logs = StepLogs(lambda: self._needs_run().work_dir)
        self._reader: EventReader | None = None
        self._facts = Facts()
        self._running = self._blind = False
        self._dirty = True
        self._failures = 0
        self._stated, self._own = 0.0, ""
        self._status_cost = 0.0
        self._map = map
        super().__init__()
        self._requests = Requests(
            self,
            {
                "here": self._here,
                "leave": self._leave,
                "start": self._start_request,
                "cancel": lambda _request: self.cancel(),
                "switch": lambda request: self.switch(request.payload["step"], request.payload["on"]),
                "fix": self._fix,
                "log": self._logs.lines,
                "search": self._logs.search,
                "text": self._logs.text,
                "open": self._open,
                "refresh": lambda _request: self.refresh(),
            },
        )
        self._take(source, template, work_dir)
        if isinstance(source, ConfigBuilder):
            elsewhere = self.work_dir and self.work_dir != source.work_dir
            known = last_engine(Path(self.work_dir)) if elsewhere else ""
            source.engine = engine or known or source.engine
            traitlets.link((source, "engine"), (self, "engine"))
        else:
            self.engine = engine or (source.engine if isinstance(source, Run) else self.engine)
        if map is not None:
            self._link(map)
        self._follower.wake()

    def _take(
        self,
        source: Run | ConfigBuilder | Template | str | Path | None,
        template: Template | None,
        work_dir: str | Path | None,
    ) -> None:
        folder = None if work_dir is None else Path(work_dir).expanduser().absolute()
        if isinstance(source, Run):
            folder, template = Path(source.work_dir), template or source.template
        elif isinstance(source, Template):
            template = source
            if folder is None:
                raise RunError("A template alone does not say where to run: give work_dir=... as well.")
        elif isinstance(source, str | Path):
            path = Path(source).expanduser().absolute()
            if path.is_file():
                template = template or Template.read(path)
                self._template_file = path
                folder = path.parent if folder is None else folder
            else:
                folder = path
        if folder is not None:
            self.work_dir = str(folder)
        if template is not None:
            self.template = template
        if isinstance(source, ConfigBuilder):
            self._builder = source
            if folder is None:
                traitlets.dlink((source, "work_dir"), (self, "work_dir"))
            traitlets.link((source, "template"), (self, "template"))
        if isinstance(source, Run) and template is source.template:
            self.run = source

    def _link(self, map: Any) -> None:
        traitlets.link((self, "layer"), (map, "layer"))
        if map.has_trait("results"):
            traitlets.dlink((self, "results"), (map, "results"))

    def __repr__(self) -> str:
        return f"StepRunner({self.work_dir!r}, {self._head.get('state', 'empty')})"

    def close(self) -> None:
        """Close the widget; a run goes on."""
        self._follower.close()
        self._requests.cancel_all()
        super().close()

    # ------------------------------------------------------------------ what the user does

    @property
    def states(self) -> dict[str, str]:
        """State of each of the 18 steps now; empty where there is no template."""
        self.refresh()
        return {row["name"]: row["state"] for row in self._rows}

    def start(
        self, steps: str | Iterable[str] | None = None, from_: str | None = None, to: str | None = None
    ) -> None:
        """Start what is needed, or the steps that are named, as `Run.start` does, and return at once.

        Raises
        ------
        RunError
            There is nothing to run, a run is under way here, or it cannot be started.
        """
        run = self._needs_run()
        self._set(_error=None)
        try:
            run.start(steps, from_, to)
            self._own = run_id(run)
        finally:
            self._dirty = True
            self._follower.wake()

    def cancel(self) -> str:
        """End the run and everything it started; finished steps are kept. Returns how it ended."""
        outcome = self._needs_run().cancel()
        self.refresh()
        self._follower.wake()
        return outcome

    def switch(self, step: str, on: bool) -> dict[str, Any]:
        """Turn an optional step on or off, and write the template; all its other lines stay.

        Returns
        -------
        dict
            The ``line`` that changed, the ``file`` written, and the steps that have to run now (``to_do``).

        Raises
        ------
        InsarWidgetsError
            The step has no switch, or the template cannot be written.
        """
        with self._lock:
            template = self.template or Template()
            key = SWITCHES[step].key if step in SWITCHES else ""
            if not on and template.get(key) not in (None, "no"):
                self._earlier[step] = template[key]
            changed, line = switched(template, step, on, self._earlier.get(step, ""))
            file = self._write(changed)
        return {"line": line, "file": str(file), "to_do": self._head.get("to_do", [])}

    def change(self, values: dict[str, str]) -> None:
        """Set options and write the template; all its other lines stay."""
        with self._lock:
            self._write((self.template or Template()).with_options(values))

    def _write(self, template: Template) -> Path:
        before = self.template
        target = self._target(template)
        self.template = template
        try:
            if self._builder is not None:
                target = self._builder.save()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.stem != template.name:
                    template = self.template = Template.parse(template.text, name=target.stem)
                template.write(target)
        except (OSError, InsarWidgetsError):
            self.template = before
            raise
        self._template_file = target
        self.refresh()
        return target

    def _target(self, template: Template) -> Path:
        if self._template_file is not None:
            return self._template_file
        folder = Path(self.work_dir)
        name = template.name
        if name in (None, "smallbaselineApp"):  # MintPy's own file, which it ignores as a template
            name = folder.name
        return folder / f"{name}.txt"

    def _needs_run(self) -> Run:
        if self.run is None:
            raise RunError("There is no work directory. Give one: StepRunner(work_dir).")
        return self.run

    # ------------------------------------------------------------------ what follows from what

    @traitlets.observe("template", "work_dir")
    def _source_changed(self, change: Any) -> None:
        with self._lock:
            folder = Path(self.work_dir) if self.work_dir else None
            if folder is None:
                return
            moved = self.run is None or self.run.work_dir != folder.resolve()
            if moved or self.template is not self.run.template:  # type: ignore[union-attr]
                try:
                    engine: Any = None if moved else self.engine  # another folder brings its own
                    if moved and self._builder is not None:  # whose choice holds where nothing was run yet
                        engine = last_engine(folder) or self._builder.engine
                    self.run = Run(folder, self.template, engine=engine)
                except InsarWidgetsError as error:
                    self._set(_error=describe_error(error))
                    return

    @traitlets.observe("run")
    def _run_changed(self, _change: Any) -> None:
        with self._lock:
            run = self.run
            if run is None:
                return
            if self._reader is None or str(run.work_dir) != str(Path(self.work_dir).resolve()):
                self._reader = None
            if self._reader is None:
                events = Store(run.work_dir).events.path
                self._reader, self._facts, self._stated = EventReader(events), Facts(), 0.0
                self._reopen_results()
            if Path(self.work_dir or ".").resolve() != run.work_dir:
                self.work_dir = str(run.work_dir)
            if run.template is not None and self.template is not run.template:
                self.template = run.template
            self.engine = run.engine
            self._dirty = True
        self._follower.wake()

    @traitlets.observe("read_only")
    def _read_only_changed(self, _change: Any) -> None:
        with self._lock:
            self._dirty = True
        self._follower.wake()

    @traitlets.observe("engine")
    def _engine_changed(self, _change: Any) -> None:
        with self._lock:
            if self.run is not None:
                self.run.engine = self.engine
            self._dirty = True  # it takes another time
        self._follower.wake()

    def refresh(self) -> None:
        """Look at the work directory now."""
        with self._lock:
            self._dirty = True
            self._look()

    def _look(self) -> float | None:
        """Look at the events once; return the seconds until the next look is due, None if there is no need."""
        try:
            with self._lock:
                self._update()
        except Exception as error:  # shown in the widget, which nobody waits for
            self.log.debug("StepRunner: looking at the run failed", exc_info=True)
            self._dirty = True
            self._failures += 1
            # a run takes away what it makes anew, perhaps just between finding and reading it
            if isinstance(error, FileNotFoundError) and self._failures < _PASSING:
                return _RUNNING_PAUSE
            self._blind = True
            with contextlib.suppress(Exception):
                self._set(_error=describe_error(error))
            return _IDLE_PAUSE if self._running or self._seen() else None
        if self._blind:
            self._set(_error=None)
        self._failures, self._blind = 0, False
        if self._running:
            return _RUNNING_PAUSE
        return _IDLE_PAUSE if self._seen() else None

    def _seen(self) -> bool:
        """Whether a view is open."""
        now = time.monotonic()
        with self._lock:
            self._views = {key: when for key, when in self._views.items() if now - when < _VIEW_SECONDS}
            return bool(self._views)

    def _update(self) -> None:
        run, reader = self.run, self._reader
        if run is None or reader is None:
            self._set(_head=view.head_view(None, (), self._facts, False), _rows=[])
            return
        was_running, running = self._running, run.is_running
        events = reader.read()
        if events is None:
            self._facts, self._dirty = Facts(), True
            events = reader.read() or []
        done = [event for event in events if self._facts.take(event)]
        self._running = running
        self.engine = engine_of_others(run, events if self._stated else (), self._own) or self.engine
        pause = _ESTIMATE_SECONDS if running else _STATUS_SECONDS
        due = time.monotonic() - self._stated > max(pause, 50 * self._status_cost)
        if self._dirty or done or running != was_running or due:
            self._restate(run, running)
        elif events:
            self._progress(run, running)
        self._show_log(running)
        made = any(event["event"] == "step-end" for event in done) or (was_running and not running)
        if made:
            self._reopen_results()

    def _restate(self, run: Run, running: bool) -> None:
        """Find the state of every step anew."""
        began = time.monotonic()
        self._dirty = False
        if run.template is None:
            head = view.head_view(None, (), self._facts, False)
            self._set(_rows=[], _head=head | {"work_dir": view.shown(str(run.work_dir))})
            return
        rows = view.rows_view(run, run.status(), self._facts, running)
        head = view.head_view(run, rows, self._facts, running)
        head |= {"writable": not self.read_only and view.is_writable(run.work_dir), "proof": proof_note(run)}
        head["logs"] = view.logs_of(run)
        failed = head["state"] in ("failed", "interrupted")
        needed = None if running or not head["to_do"] else run.estimate().disk_needed_bytes
        self._set(
            _rows=rows,
            _head=head,
            _resources=view.resources_view(run, self._facts, running, needed),
            _fixes=fixes_of(head["step"], head["reason"], head["remedy"], run.template) if failed else [],
            _figures=view.figures_of(run.work_dir),
            _file=self._file_view(run.template),
        )
        self._stated = time.monotonic()
        self._status_cost = self._stated - began

    def _progress(self, run: Run, running: bool) -> None:
        """Show how far the running step is; the rest stays as it is."""
        current = self._facts.current
        progress = view.progress_of(self._facts, current)
        self._set(
            _rows=[row | progress if row["name"] == current else row for row in self._rows],
            _resources=view.resources_view(run, self._facts, running),
        )

    def _show_log(self, running: bool) -> None:
        step = view.step_of_log(self._facts, running)
        lines, size, epoch = self._logs.of(step).look()
        self._set(_log={"step": step, "lines": lines, "size": size, "epoch": epoch})

    def _reopen_results(self) -> None:
        run = self.run
        if run is None or (self.results is not None and not self.results.changed()):
            return
        try:
            self.results = open_results(run.work_dir)
        except (InsarWidgetsError, OSError):  # nothing to look at yet, or no more
            self.results = None

    def _file_view(self, template: Template) -> dict[str, Any]:
        target = self._target(template)
        return {"path": view.shown(str(target)), "name": view.shown(target.name)}

    def _set(self, **values: Any) -> None:
        with self.hold_sync():
            for name, value in values.items():
                if getattr(self, name) != value:
                    self.set_trait(name, value)

    # ------------------------------------------------------------------ requests of the front end

    def _here(self, request: Request) -> dict[str, Any]:
        """A view is open: look at the run for as long as it keeps saying so."""
        with self._lock:
            self._views[str(request.payload["view"])] = time.monotonic()
        self._follower.wake()
        return {"now": time.time()}

    def _leave(self, request: Request) -> None:
        with self._lock:
            self._views.pop(str(request.payload["view"]), None)

    def _start_request(self, request: Request) -> None:
        asked = request.payload or {}
        self.start(asked.get("steps"), asked.get("from"), asked.get("to"))

    def _fix(self, request: Request) -> None:
        if values := request.payload["values"]:
            self.change(values)
        self.start()

    def _open(self, request: Request) -> Answer:
        asked = request.payload
        work_dir = self._needs_run().work_dir
        name, names = str(asked.get("layer") or ""), list[str]()
        if name or str(asked["file"]).endswith(".h5"):
            with self._lock:
                self._reopen_results()
            if self.results is not None:
                names = layers_of(self.results, work_dir, asked["file"])
        name = name or next(iter(names), "")
        if not name or self.results is None:
            found = show_file(work_dir, asked["file"])
        else:
            self.layer = name
            found = Shown({"kind": "map", "layer": name})
            if self._map is None:
                found = show_layer(self.results, name)
            found = Shown(found.about | {"file": asked["file"], "layers": names}, found.parts)
        return Answer(found.about, found.parts)
