"""Set the options of a MintPy run, see what they mean and what is wrong with them, and write the template."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipyleaflet
import traitlets

from insar_widgets.errors import CancelledError, InsarWidgetsError
from insar_widgets.findings import Finding, worst_first
from insar_widgets.hyp3 import Stack
from insar_widgets.runner import Template, presets, search_options
from insar_widgets.runner.engine import ENGINES, FAST
from insar_widgets.widgets import _config_files as files
from insar_widgets.widgets import _config_view as view
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._config_place import place_note
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._hillshade import hillshade
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._run_engine import last_engine
from insar_widgets.widgets.stack_picker import StackPicker

if TYPE_CHECKING:
    from insar_widgets.widgets._hillshade import Hillshade

__all__ = ["ConfigBuilder"]

_PAUSE = 0.1  # seconds in which further changes come before anything is checked
_LOAD = "mintpy.load."


class ConfigBuilder(Widget):
    """Build the template of a MintPy run: every option, what it means, and what is wrong with it.

    Checking runs on a thread of its own: the kernel stays free, and `wait` waits for it.

    Parameters
    ----------
    source
        What to begin with: a `StackPicker`, whose stack and work directory are then followed; a `Stack`; a
        `Template`; or the path of a template file.
    template
        Template to begin with. By default one is made for the stack.
    stack
        The stack that the template is for; dates, reference point and subset are checked against it.
    work_dir
        Folder in which MintPy will work.
    root
        Folder that cannot be left by whoever uses the widget, as for Voilà. None allows every folder the
        kernel may read; with a `StackPicker` its root holds.

    Examples
    --------
    >>> builder = ConfigBuilder(Template({"mintpy.deramp": "linear"}))
    >>> builder.change({"mintpy.timeFunc.periodic": "1,0.5"})
    >>> builder.template["mintpy.timeFunc.periodic"]
    '1,0.5'
    """

    _bundle = "config-builder"

    template = traitlets.Instance(Template, allow_none=True, help="The template as it stands.")
    stack = traitlets.Instance(Stack, allow_none=True, help="The stack that the template is for.")
    work_dir = traitlets.Unicode(help="Folder in which MintPy will work.")
    path = traitlets.Unicode(help="File that was opened or saved, empty before that.")
    valid = traitlets.Bool(False, help="Whether no error was found.").tag(sync=True)
    findings = traitlets.List(traitlets.Instance(Finding), help="What is wrong, worst first.")
    engine = traitlets.Enum(ENGINES, FAST, help="What computes the slow steps of the run.").tag(sync=True)
    map = anywidget.WidgetTrait().tag(sync=True)
    map.help = "The ipyleaflet.Map on which the reference point is picked."

    _values = traitlets.Dict(help="Options as they stand in the template.").tag(sync=True)
    _hints = traitlets.Dict(help="What auto means for each option, with this stack.").tag(sync=True)
    _rows: Any = traitlets.List(help="Findings with what one click does about each.").tag(sync=True)
    _stack_view = traitlets.Dict(help="Dates, pairs and outline of the stack.").tag(sync=True)
    _preview = traitlets.Dict(help="The file to be written, and what changed in it.").tag(sync=True)
    _stale = traitlets.Dict(help="Steps of a run here that the template makes stale.").tag(sync=True)
    _place = traitlets.Unicode(help="What there is at the reference point.").tag(sync=True)
    _checking = traitlets.Bool(help="Whether the template is being checked.").tag(sync=True)
    _error = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)

    def __init__(
        self,
        source: StackPicker | Stack | Template | str | Path | None = None,
        *,
        template: Template | None = None,
        stack: Stack | None = None,
        work_dir: str | Path | None = None,
        root: str | Path | None = None,
    ) -> None:
        picker = source if isinstance(source, StackPicker) else None
        self._folders = Folders(root if root is not None or picker is None else picker._folders.root)
        # Folders that the notebook itself names may lie outside the root.
        self._given = {Path(work_dir).expanduser().absolute()} if work_dir is not None else set()
        self._made: Template | None = None
        self._of_stack: Template | None = None
        self._saved: str | None = None
        self._relief: tuple[str, Hillshade | None] | None = None
        self._jobs = Jobs(lambda _fraction, _text: None)
        super().__init__(
            map=ipyleaflet.Map(
                layers=(), zoom_control=False, scroll_wheel_zoom=False, zoom_snap=0.25, center=(0, 0), zoom=2
            )
        )
        self._requests = Requests(
            self,
            {
                "schema": lambda _request: view.schema(),
                "search": lambda request: [o.key for o in search_options(str(request.payload["query"]))],
                "change": lambda request: self.change(request.payload["values"]),
                "preset": lambda request: self.apply_preset(request.payload["name"]),
                "use_stack": lambda _request: self.load_stack(),
                "list": self._list,
                "open": lambda request: self.read(self._folders.resolve(request.payload["path"])),
                "save": self._save_request,
                "hillshade": self._hillshade,
                "recheck": lambda _request: self._check(),
            },
        )
        if isinstance(source, Stack):
            stack = source
        elif isinstance(source, Template):
            template = source
        self.template = template if template is not None else Template()
        self._made = None if template is not None else self.template
        if work_dir is not None:
            self.work_dir = str(Path(work_dir).expanduser().absolute())
        if isinstance(source, str | Path):
            self._given.add(Path(source).expanduser().absolute())
            self.read(source)
        if stack is not None:
            self.stack = stack
        if picker is not None:
            traitlets.dlink((picker, "work_dir"), (self, "work_dir"))
            traitlets.dlink((picker, "stack"), (self, "stack"))

    def __repr__(self) -> str:
        options = 0 if self.template is None else len(self.template)
        return f"ConfigBuilder({options} options, {len(self.findings)} findings)"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until checking has ended; tells whether it did within `timeout` seconds."""
        return self._jobs.wait(timeout)

    # ------------------------------------------------------------------ what the user does

    def change(self, values: Mapping[str, object]) -> None:
        """Set options, or reset those whose value is None to MintPy's default.

        Raises
        ------
        TemplateError
            A name or value that a template cannot hold.
        """
        with self._jobs.lock:
            gone = [key for key, value in values.items() if value is None]
            kept = {key: value for key, value in values.items() if value is not None}
            self.template = (self.template or Template()).without(*gone).with_options(kept)

    def reset(self, *keys: str) -> None:
        """Give options MintPy's default again."""
        self.change(dict.fromkeys(keys))

    def apply_preset(self, name: str) -> None:
        """Apply a preset, such as "quick-look"; options that no preset names stay.

        Raises
        ------
        InsarWidgetsError
            There is no preset of this name.
        """
        known = presets()
        if name not in known:
            raise InsarWidgetsError(f"There is no preset {name!r}. Choose one of {', '.join(known)}.")
        with self._jobs.lock:
            self.template = known[name].apply(self.template or Template(), self.stack)

    def load_stack(self) -> None:
        """Let the template load the stack's files; its other options stay.

        Raises
        ------
        InsarWidgetsError
            There is no stack, or no template can load it.
        """
        with self._jobs.lock:
            if self.stack is None:
                raise InsarWidgetsError("No stack is there to be loaded. Open one first.")
            fresh = self._of_stack = self._template_for(self.stack)
            current = self.template or Template()
            old = [key for key in current if key.startswith(_LOAD) and key not in fresh]
            new = {key: value for key, value in fresh.items() if key.startswith(_LOAD)}
            self._made = fresh
            self.template = current.without(*old).with_options(new)

    def read(self, path: str | Path) -> None:
        """Open a template file, or the template that a work directory was run with.

        Raises
        ------
        TemplateError
            The file is missing, unreadable or no text.
        """
        source = Path(path).expanduser().absolute()
        template = files.read_template(source)
        with self._jobs.lock:
            self._saved = template.text
            self._made = None
            self.path = str(source / f"{template.name}.txt" if source.is_dir() else source)
            self.template = template
            self._show_file()

    def save(self, path: str | Path | None = None) -> Path:
        """Write the template; by default where it was opened from or saved to, else into `work_dir`.

        In a work directory that was run before, options that have left the template are written as `auto`,
        as MintPy would keep their old value.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        TemplateError
            The file has the name of MintPy's own template.
        """
        with self._jobs.lock:
            target = self._target() if path is None else Path(path).expanduser().absolute()
            template = self._to_write()
            target.parent.mkdir(parents=True, exist_ok=True)
            written = template.write(target)
            self._saved = template.text
            self._made = None
            self.path = str(written)
            self.template = template
            self._show_file()
            return written

    # ------------------------------------------------------------------ what follows from what

    @traitlets.observe("template")
    def _template_changed(self, _change: Any) -> None:
        with self._jobs.lock:
            self._values = view.written_values(self.template or Template())
            self._show_file()
            self._check()

    @traitlets.observe("work_dir")
    def _work_dir_changed(self, _change: Any) -> None:
        """Open what a work directory was run with, unless the user already made something."""
        with self._jobs.lock:
            untouched = self.template is None or self.template == self._made
            folder = self._folder()
            self.engine = last_engine(folder) or self.engine
        if untouched and folder is not None and self.stack is None:
            with contextlib.suppress(InsarWidgetsError, OSError):
                if files.template_of(folder) is not None:
                    self.read(folder)
                    return
        with self._jobs.lock:
            self._show_file()
            self._check()

    @traitlets.observe("stack")
    def _stack_changed(self, _change: Any) -> None:
        with self._jobs.lock:
            stack, template, made = self.stack, self.template or Template(), self._made
            self._set(_stack_view=view.stack_view(stack), _error=None)
            self._of_stack = None
            if stack is not None and stack.products:
                try:
                    self._of_stack = self._template_for(stack)
                except InsarWidgetsError as error:
                    self._error = describe_error(error)
            fresh = self._of_stack
            if fresh is not None and made is not None:
                self._made = fresh
                if template == made:
                    self.template = fresh
                elif _loads(template) == _loads(made):
                    # The user changed other options; the files are still ours to set.
                    gone = [key for key in _loads(template) if key not in fresh]
                    self.template = template.without(*gone).with_options(_loads(fresh))
            self._check()

    def _template_for(self, stack: Stack) -> Template:
        folder = self._folder()
        dull = folder is None or folder.name == "mintpy"
        name = None if folder is None else folder.parent.name if dull else folder.name
        return Template.for_stack(stack, name=name)

    def _check(self) -> None:
        """Check the template in the background; a newer check takes this one's place."""
        with self._jobs.lock:
            template, stack, folder = self.template or Template(), self.stack, self._folder()
            of_stack = self._of_stack
            self._checking = True

        def work(job: Job) -> None:
            try:
                if job.cancelled.wait(_PAUSE):
                    return
                found = template.validate(stack, folder)
                found = worst_first([*found, *_stack_findings(stack, template, of_stack)])
                rows = view.finding_rows(found, template)
                self._apply_check(
                    job,
                    findings=found,
                    valid=all(finding.severity != "error" for finding in found),
                    _rows=rows,
                    _hints=view.auto_hints(stack),
                    _stale=view.stale_view(folder, template),
                )
                self._apply_check(job, _place=place_note(stack, template, job.cancelled))
            except CancelledError:
                pass
            except Exception as error:  # shown in the widget, which nobody waits for
                self.log.debug("ConfigBuilder: checking failed", exc_info=True)
                message = describe_error(error)
                job.apply(lambda: self._set(_error=message, valid=False))
            finally:
                job.apply(lambda: self._set(_checking=False))

        self._jobs.start("check", work)

    def _apply_check(self, job: Job, **values: Any) -> None:
        job.apply(lambda: self._set(**values))

    def _set(self, **values: Any) -> None:
        with self.hold_sync():
            for name, value in values.items():
                self.set_trait(name, value)

    def _folder(self) -> Path | None:
        """Return the work directory as a path that may be looked into; None without one.

        Raises nothing: a folder outside the root is as good as none.
        """
        if not self.work_dir.strip():
            return None
        path = Path(self.work_dir).expanduser()
        if path in self._given:
            return path
        try:
            return self._folders.resolve(path)
        except InsarWidgetsError:
            return None

    def _to_write(self) -> Template:
        template, folder = self.template or Template(), self._folder()
        return template if folder is None else template.for_work_dir(folder)

    def _target(self) -> Path:
        if self.path:
            return Path(self.path)
        name = (self.template.name if self.template is not None else None) or "project"
        return (self._folder() or self._folders.home()) / f"{name}.txt"

    def _show_file(self) -> None:
        text, target = self._to_write().text, self._target()
        self._preview = {
            "path": view.shown(str(target)),
            "name": view.shown(target.name),
            "opened": self._saved is not None,
            "dirty": text != self._saved,
            "lines": view.preview_lines(text, self._saved),
            "root": str(self._folders.root or ""),
        }

    # ------------------------------------------------------------------ requests of the front end

    def _list(self, request: Request) -> dict[str, Any]:
        path = self._folders.resolve(request.payload["path"] or self._target().parent)
        while not path.is_dir() and path != path.parent:
            path = path.parent
        return files.listing(self._folders, path)

    def _save_request(self, request: Request) -> dict[str, Any]:
        given = request.payload.get("path")
        with self._jobs.lock:
            own = self._target()
            target = own if given is None else self._folders.resolve(given)
            if target.is_dir():
                target /= own.name
            known = self._saved if target == own else None
            text = self._to_write().text
        if not request.payload.get("replace") and (conflict := files.overwrites(target, text, known)):
            return {"saved": False, "conflict": conflict, "path": str(target)}
        return {"saved": True, "conflict": "", "path": str(self.save(target))}

    def _hillshade(self, _request: Request) -> Answer:
        dem = str(self._stack_view.get("relief", ""))
        if not dem or not self._folders.contains(Path(dem)):
            return Answer({"bounds": None})
        cached = self._relief
        if cached is None or cached[0] != dem:
            cached = self._relief = (dem, hillshade(dem))
        relief = cached[1]
        return Answer({"bounds": relief.bounds}, [relief.png]) if relief else Answer({"bounds": None})


def _loads(template: Template) -> dict[str, str]:
    return {key: value for key, value in template.items() if key.startswith(_LOAD)}


def _stack_findings(stack: Stack | None, template: Template, of_stack: Template | None) -> list[Finding]:
    """What speaks against this stack as it is, beyond the template itself."""
    key = f"{_LOAD}unwFile"
    found = []
    if stack is not None and stack.products and not stack.is_common_grid:
        message = (
            "The stack is not prepared yet: its products do not share one grid, "
            "and MintPy would stack them shifted."
        )
        remedy = "Prepare it in the stack picker; the file names here then follow."
        found.append(Finding("error", "not-prepared", message, remedy=remedy, key=key))
    if of_stack is not None and of_stack.get(key) != template.get(key):
        message = "The template loads other interferograms than those of the stack shown here."
        remedy = "Load the stack's files, or keep the template's on purpose."
        found.append(Finding("warning", "other-files", message, remedy=remedy, key=key))
    return found
