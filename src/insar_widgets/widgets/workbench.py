"""All widgets on one screen, as a path from products to files."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.hyp3 import Stack
from insar_widgets.results import Results
from insar_widgets.runner import Run, Template
from insar_widgets.widgets import _stages as stages
from insar_widgets.widgets._confine import confine_run
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._hidden_paths import HiddenPaths, hiding
from insar_widgets.widgets._jobs import Jobs
from insar_widgets.widgets._messages import describe_error
from insar_widgets.widgets._opening import Opened, Opener, folder_of
from insar_widgets.widgets._panels import Panels
from insar_widgets.widgets._read_only import READ_ONLY, refuse_writing
from insar_widgets.widgets._stage_bar import StageBar, TabBar
from insar_widgets.widgets._threads import run as run_later
from insar_widgets.widgets.displacement_map import DisplacementMap
from insar_widgets.widgets.stack_picker import StackPicker

if TYPE_CHECKING:
    from insar_widgets.widgets.cds_credentials import CdsCredentials
    from insar_widgets.widgets.config_builder import ConfigBuilder
    from insar_widgets.widgets.exporter import Exporter
    from insar_widgets.widgets.gnss_inspector import GnssInspector
    from insar_widgets.widgets.network_inspector import NetworkInspector
    from insar_widgets.widgets.step_runner import StepRunner
    from insar_widgets.widgets.time_series_inspector import TimeSeriesInspector
    from insar_widgets.widgets.transect_inspector import TransectInspector

__all__ = ["Workbench"]

_TITLES = {
    "stack": "Stack", "template": "Template", "run": "Run", "map": "Map", "gnss": "GNSS", "export": "Export",
}  # fmt: skip
_LOOKING = ("run", "map", "gnss", "export")
_TABS = {"profiles": "Time series and transect", "network": "Network", "gnss": "GNSS"}


class Workbench(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """Every widget of the package, as stages of one path: stack, template, run, map, GNSS, export.

    A work directory with results opens on the map; a folder of products, or nothing, on the stack. What one stage makes
    the next one takes: a prepared stack gives the template, a saved template the run, a run its results. Each widget is
    an attribute, made when it is first looked at or asked for, and can be linked and changed like any other.

    Parameters
    ----------
    source
        What to begin with: the path of a folder of products or of a work directory, a `Stack`, a `Template`, a `Run`
        or `Results`. None begins with choosing.
    root
        Folder that whoever uses the page cannot leave, as for Voilà; links and `..` are resolved. None allows every
        folder the kernel may read.
    read_only
        Whether everything can be looked at and nothing be run or written, as for a public page. It goes for the page,
        and is refused in the kernel; your own Python is free to do what it wants.
    stage
        Stage to begin on; by default the furthest one there is something to see on.

    Raises
    ------
    InsarWidgetsError
        `source` is nothing the workbench can open. A path that cannot be opened is not an error: the page says why.

    Examples
    --------
    >>> bench = Workbench()
    >>> bench.stage
    'stack'
    >>> bench.picker.stack is None
    True
    """

    stage = traitlets.Enum(tuple(_TITLES), "stack", help="Stage that is seen.")
    tab = traitlets.Enum(tuple(_TABS), "profiles", help="Inspectors that are seen beside the map.")
    stack = traitlets.Instance(Stack, allow_none=True, help="Products: as selected, then as prepared.")
    template = traitlets.Instance(Template, allow_none=True, help="The template as it stands.")
    run = traitlets.Instance(Run, allow_none=True, help="The run in the work directory.")
    results = traitlets.Instance(Results, allow_none=True, help="What the run has made so far.")
    work_dir = traitlets.Unicode(help="Folder in which MintPy works.")

    def __init__(
        self,
        source: str | Path | Stack | Template | Run | Results | None = None,
        *,
        root: str | Path | None = None,
        read_only: bool = False,
        stage: str | None = None,
    ) -> None:
        self._read_only, self._confined = read_only, root is not None
        if read_only and root is None:  # whoever only looks has no business elsewhere
            root = folder_of(source)
        self._folders = Folders(root)
        self._opener = Opener(self._folders, confined=self._confined, read_only=read_only)
        self._hidden = HiddenPaths(self._folders.root) if read_only and self._folders.root else None
        self._jobs = Jobs(lambda _fraction, _text: None)
        self._made: dict[str, Any] = {}
        self._before_gnss = "profiles"
        self._quiet = self._seen = False
        with hiding(self._hidden):
            self._bar = StageBar(note=READ_ONLY if read_only else "")
        self._tabs = TabBar(items=[{"name": name, "title": title} for name, title in _TABS.items()])
        self._side = Panels(
            {
                "profiles": lambda: [self.series, self.transect],
                "network": lambda: [self.network],
                "gnss": lambda: [self.gnss],
            },
            kind="iw-wb-tab", above=(self._tabs,),
        )  # fmt: skip
        self._side.add_class("iw-wb-side")
        self._body = Panels(
            {
                "stack": lambda: [self.picker],
                "template": lambda: [self.config, self.credentials],
                "run": lambda: [self.runner],
                "map": lambda: [self.map, self._side],
                "export": lambda: [self.exporter],
            },
            kind="iw-wb-panel",
        )
        self._body.add_class("iw-wb-body")
        super().__init__(children=(self._bar, self._body))
        self.add_class("iw-wb")
        if read_only:
            self.add_class("iw-wb-read-only")
        self._bar.on_msg(self._page_says)
        self._bar.observe(lambda change: self._go(change["new"]), "current")
        self._tabs.observe(lambda change: self.set_trait("tab", change["new"]), "current")
        self._tell()
        try:
            self.load(source)
        except InsarWidgetsError as error:
            if not isinstance(source, str | Path):
                raise
            self._bar.error = describe_error(error)
        if stage is not None:
            self.stage = stage
        self._show_stage()

    def __repr__(self) -> str:
        return f"Workbench({self.work_dir!r}, stage={self.stage!r})"

    @property
    def read_only(self) -> bool:
        """Whether the page can only look."""
        return self._read_only

    # ------------------------------------------------------------------ the widgets it is made of

    @property
    def picker(self) -> StackPicker:
        """Stage *Stack*."""
        return self._child("picker", self._make_picker)

    @property
    def config(self) -> ConfigBuilder:
        """Stage *Template*."""
        return self._child("config", self._make_config)

    @property
    def credentials(self) -> CdsCredentials:
        """Stage *Template*: the accounts that weather data need; no service is asked before somebody asks for it."""
        return self._child("credentials", self._make_credentials)

    @property
    def runner(self) -> StepRunner:
        """Stage *Run*."""
        return self._child("runner", self._make_runner)

    @property
    def map(self) -> DisplacementMap:
        """Stage *Map*."""
        return self._child("map", self._make_map)

    @property
    def series(self) -> TimeSeriesInspector:
        """Beside the map."""
        return self._child("series", self._make_series)

    @property
    def transect(self) -> TransectInspector:
        """Beside the map."""
        return self._child("transect", self._make_transect)

    @property
    def network(self) -> NetworkInspector:
        """Beside the map."""
        return self._child("network", self._make_network)

    @property
    def gnss(self) -> GnssInspector:
        """Beside the map, and stage *GNSS*; nothing is downloaded before somebody asks for it."""
        return self._child("gnss", self._make_gnss)

    @property
    def exporter(self) -> Exporter:
        """Stage *Export*."""
        return self._child("exporter", self._make_exporter)

    def _child[T](self, name: str, make: Callable[[], T]) -> T:
        with self._jobs.lock:
            if name not in self._made:
                with hiding(self._hidden):
                    self._made[name] = made = make()
                if self._read_only:
                    refuse_writing(made)
                self._tell()
            found: T = self._made[name]
            return found

    def _make_picker(self) -> StackPicker:
        picker = StackPicker(self.work_dir or None, root=self._folders.root)
        picker.observe(self._picked, ["stack", "work_dir", "opens", "prepared"])
        self._watch(picker, "busy", "findings", "_error", "_progress", "project", "path")
        return picker

    def _make_config(self) -> ConfigBuilder:
        config: ConfigBuilder = _load("ConfigBuilder")(root=self._folders.root)
        config.work_dir = self.work_dir
        if self.template is not None:
            config.template = self.template
        if self.stack is not None:
            config.stack = self.stack
        config.observe(lambda change: self.set_trait("template", change["new"]), "template")
        self.set_trait("template", config.template)
        self._watch(config, "findings", "_preview")
        if "runner" in self._made:
            traitlets.link((self._made["runner"], "engine"), (config, "engine"))
        return config

    def _make_runner(self) -> StepRunner:
        source: Any = self.run if self.run is not None else self.config
        if self._read_only and self.run is None:
            source = self.work_dir or None  # without the template's editor, which nobody is to see
        runner: StepRunner = _load("StepRunner")(source)
        if self._confined:
            confine_run(runner, self._folders)
        runner.observe(lambda change: self.set_trait("run", change["new"]), "run")
        runner.observe(self._ran, "results")
        self.set_trait("run", runner.run)
        if "config" in self._made and source is not self.config:  # whose engine it would follow by itself
            traitlets.link((runner, "engine"), (self._made["config"], "engine"))
        self._watch(runner, "_head", "_rows")
        return runner

    def _make_map(self) -> DisplacementMap:
        made = DisplacementMap(self.results, layout={"height": "100%", "min_height": "420px"})
        made.add_class("iw-wb-map")
        made.observe(lambda change: self.set_trait("results", change["new"]), "results")
        made.observe(self._clicked, "points")
        self._watch(made, "points", "transect")
        return made

    def _make_credentials(self) -> CdsCredentials:
        made: CdsCredentials = _load("CdsCredentials")(check=False)
        return made

    def _make_series(self) -> TimeSeriesInspector:
        made: TimeSeriesInspector = _load("TimeSeriesInspector")(self.map, root=self._folders.root)
        return made

    def _make_transect(self) -> TransectInspector:
        made: TransectInspector = _load("TransectInspector")(self.map, root=self._folders.root)
        return made

    def _make_network(self) -> NetworkInspector:
        made: NetworkInspector = _load("NetworkInspector")(self.map)
        if not self._read_only:
            made.template = self.config.template
            made.observe(self._network_wrote, "template")
        return made

    def _make_gnss(self) -> GnssInspector:
        made: GnssInspector = _load("GnssInspector")(self.map, root=self._folders.root)
        self._watch(made, "stations", "_progress", "_error")
        return made

    def _make_exporter(self) -> Exporter:
        made: Exporter = _load("Exporter")(self.map, root=self._folders.root)
        self._watch(made, "busy", "_said")
        return made

    def _watch(self, widget: Any, *names: str) -> None:
        widget.observe(lambda _change: self._tell(), list(names))

    # ------------------------------------------------------------------ what flows along the way

    def load(self, source: str | Path | Stack | Template | Run | Results | None) -> None:
        """Open something else; see the parameter `source`.

        Raises
        ------
        InsarWidgetsError
            It cannot be opened, or lies outside the root.
        """
        self._bar.error = None
        if source is not None:
            self._take(self._opener.source(source))

    def _take(self, opened: Opened) -> None:
        for name, value in opened.values.items():
            setattr(self, name, value)
        if opened.problem is not None:
            self._bar.error = describe_error(opened.problem)
        self.stage = opened.stage
        if opened.products:
            self.picker.path = opened.products

    @traitlets.observe("work_dir")
    def _work_dir_changed(self, change: Any) -> None:
        if "config" in self._made:
            self.config.work_dir = change["new"]
        elif "runner" in self._made and change["new"]:
            self.runner.work_dir = change["new"]
        self._tell()

    @traitlets.observe("stack")
    def _stack_changed(self, change: Any) -> None:
        if "config" in self._made:
            self.config.stack = change["new"]
        self._tell()

    @traitlets.observe("template")
    def _template_changed(self, change: Any) -> None:
        config = self._made.get("config")
        if config is not None and config.template is not change["new"]:
            config.template = change["new"]
        network = self._made.get("network")
        if network is not None and not self._read_only and network.template is not change["new"]:
            network.template = change["new"]
        self._tell()

    @traitlets.observe("run")
    def _run_changed(self, change: Any) -> None:
        runner = self._made.get("runner")
        if runner is not None and runner.run is not change["new"]:
            runner.run = change["new"]
        self._tell()

    @traitlets.observe("results")
    def _results_changed(self, change: Any) -> None:
        shown = self._made.get("map")
        if shown is not None and change["new"] is not None and shown.results is not change["new"]:
            shown.results = change["new"]
        self._tell()

    def _picked(self, change: Any) -> None:
        """Take over what the picker opened."""
        picker, name = self.picker, change["name"]
        if name == "stack":
            self.stack = change["new"]
        elif name == "work_dir" and picker.opens != "work_dir" and change["new"]:
            try:
                path = self._folders.resolve(change["new"])
                self._opener.check(path)
                self.work_dir = str(path)
            except InsarWidgetsError as error:
                self._bar.error = describe_error(error)
        elif name == "opens" and change["new"] == "work_dir":
            try:
                path = self._folders.resolve(picker.path)
                if str(path) != self.work_dir:
                    self._take(self._opener.work_dir(path))
            except InsarWidgetsError as error:
                self._bar.error = describe_error(error)
        self._tell()

    def _ran(self, change: Any) -> None:
        if change["new"] is not None:
            self.results = change["new"]

    def _clicked(self, change: Any) -> None:
        """Show the series of a new point, which nobody would see beside the network."""
        if self.tab == "network" and len(change["new"]) > len(change["old"] or ()):
            self.tab = "profiles"

    def _network_wrote(self, change: Any) -> None:
        if change["new"] is not None:
            self.template = change["new"]

    # ------------------------------------------------------------------ where the user is

    def _go(self, name: str) -> None:
        if name and name != self.stage:
            self.stage = name

    @traitlets.observe("stage")
    def _stage_changed(self, change: Any) -> None:
        if change["new"] == "gnss":
            self.tab = "gnss"
        elif change["new"] == "map" and self.tab == "gnss":
            self.tab = self._before_gnss
        self._show_stage()

    @traitlets.observe("tab")
    def _tab_changed(self, change: Any) -> None:
        if change["new"] == "gnss" and self.stage == "map":
            self.stage = "gnss"
        elif change["new"] != "gnss":
            self._before_gnss = change["new"]
            if self.stage == "gnss":
                self.stage = "map"
        self._show_stage()

    @traitlets.validate("stage")
    def _valid_stage(self, proposal: Any) -> str:
        if self._read_only and proposal["value"] not in _LOOKING:
            return "map" if self.results is not None else "run"
        return str(proposal["value"])

    def _show_stage(self) -> None:
        """Show the panel of the stage, made now if it has not been."""
        with self._jobs.lock:
            if self._bar.current != self.stage:
                self._bar.current = self.stage
            if self._tabs.current != self.tab:
                self._tabs.current = self.tab
            name = "map" if self.stage == "gnss" else self.stage
            try:
                self._body.show(name)
                if name == "map" and self._seen:  # what is beside it is made after it is on the page
                    self._side.show(self.tab)
                    self.map._invite(self.tab == "profiles")
            except Exception as error:  # shown on the page, which nobody waits for
                self.log.debug("Workbench: stage %s failed", name, exc_info=True)
                self._bar.error = describe_error(error)
            self._tell()

    def _page_says(self, _bar: Any, content: Any, _buffers: Any) -> None:
        """The first picture is there: make what belongs beside it."""
        if not isinstance(content, dict) or content.get("shown") is not True:
            return
        with self._jobs.lock:
            self._seen = True
            self._show_stage()
            if self.work_dir:
                _ = self.runner  # its states belong to the path
        # Imports that stages further on need take seconds, which nobody shall wait for there.
        run_later(_load_all, "insar-widgets-imports")

    def _tell(self) -> None:
        """Say how every stage stands."""
        if self._quiet:
            return
        made, results = self._made.get, self.results
        standing = {
            "stack": stages.stack_stage(made("picker"), self.stack, results),
            "template": stages.template_stage(made("config")),
            "run": stages.run_stage(made("runner")),
            "map": stages.map_stage(made("map"), results),
            "gnss": stages.gnss_stage(made("gnss"), results),
            "export": stages.export_stage(made("exporter"), results),
        }
        names = _LOOKING if self._read_only else tuple(_TITLES)
        with self._bar.hold_sync():
            self._bar.items = [
                {"name": n, "title": _TITLES[n], "state": standing[n][0], "words": standing[n][1]}
                for n in names
            ]
            self._bar.title, self._bar.subtitle = self._title()
            on = "" if self._read_only else stages.next_stage(self.stage, standing, results)
            self._bar.next = on

    def _title(self) -> tuple[str, str]:
        picker = self._made.get("picker")
        return stages.title_of(self.work_dir, "" if picker is None else picker.project)

    def close(self) -> None:
        """Take everything of it off the page; a run goes on."""
        self._quiet = True
        for name in reversed(list(self._made)):
            self._made[name].close()
        for part in (self._side, self._body, self._tabs, self._bar):
            part.close()
        super().close()


def _load(name: str) -> Any:
    """A widget's class, imported when it is wanted: nobody who looks at the map waits for what draws figures."""
    return getattr(import_module("insar_widgets.widgets"), name)


def _load_all() -> None:
    for name in ("GnssInspector", "NetworkInspector", "Exporter"):
        _load(name)
