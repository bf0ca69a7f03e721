"""Choose a stack of HyP3 products, see what is wrong with it, and prepare it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import anywidget
import ipyleaflet
import traitlets

from insar_widgets.errors import CancelledError, InsarWidgetsError
from insar_widgets.findings import Finding, worst_first
from insar_widgets.hyp3 import Stack, find_stack
from insar_widgets.hyp3.plan import make_plan
from insar_widgets.widgets import _area
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._folders import Folders, Recent
from insar_widgets.widgets._hillshade import Hillshade, hillshade
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._selection import Selection, keep_inside
from insar_widgets.widgets._stack_view import count, estimate_view, stack_view, work_dir_view
from insar_widgets.widgets._work_dir import is_work_dir, read_work_dir

__all__ = ["StackPicker"]

_PREPARED = "prepared"
# Names of folders that say nothing about what is in them.
_DULL = {"hyp3", "products", "data", "interferograms", "ifgrams", "zips", "download", "downloads"}


class StackPicker(Widget):
    """Choose, check and prepare a stack of HyP3 products, or open an existing MintPy work directory.

    Everything runs on threads of its own: the kernel stays free, and `wait` waits for what is going on.

    Parameters
    ----------
    path
        Folder of products (folders or zips, at any depth) or MintPy work directory to open at once.
    root
        Folder that cannot be left by whoever uses the widget, as for Voilà; links and `..` are resolved.
        None allows every folder the kernel may read.
    work_dir
        Where the run will write. By default a folder `mintpy` beside the products.
    project
        Name of the project. By default that of the folder.
    aoi
        Area of interest: `[lon, lat]` corners in degrees WGS84.

    Examples
    --------
    >>> picker = StackPicker()
    >>> picker.stack is None
    True
    """

    _bundle = "stack-picker"

    path = traitlets.Unicode(help="Folder of products or work directory that is open.").tag(sync=True)
    opens = traitlets.Unicode(help='What is open: "products", "work_dir", or "" for nothing.').tag(sync=True)
    project = traitlets.Unicode(help="Name of the project.").tag(sync=True)
    work_dir = traitlets.Unicode(help="Folder in which MintPy will work.").tag(sync=True)
    aoi: Any = traitlets.List(
        default_value=None, allow_none=True, help="Area of interest: [lon, lat] in degrees, or None."
    ).tag(sync=True)
    busy = traitlets.Unicode(help='What is going on: "open", "check", "prepare", or "".').tag(sync=True)
    stack = traitlets.Instance(
        Stack, allow_none=True, help="The stack as selected; once prepared, the prepared one."
    )
    prepared = traitlets.Instance(Stack, allow_none=True, help="The prepared stack, None before that.")
    findings = traitlets.List(traitlets.Instance(Finding), help="What checking the stack found, worst first.")
    map = anywidget.WidgetTrait().tag(sync=True)
    map.help = "The ipyleaflet.Map; add layers and controls to it."

    _view = traitlets.Dict(help="What is shown of the stack.").tag(sync=True)
    _estimate = traitlets.Dict(help="What preparing and running will need.").tag(sync=True)
    _selection = traitlets.Dict(help="Filter of dates and pairs.").tag(sync=True)
    _progress = traitlets.Dict(help="How far the current work is.").tag(sync=True)
    _error = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)
    _notice = traitlets.Dict(help="How the last preparing ended.").tag(sync=True)

    def __init__(
        self,
        path: str | Path | None = None,
        root: str | Path | None = None,
        work_dir: str | Path | None = None,
        project: str | None = None,
        aoi: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self._folders = Folders(root)
        self._recent = Recent()
        self._own_work_dir = Path(work_dir).expanduser().absolute() if work_dir is not None else None
        self._chosen = Selection()
        self._everything: Stack | None = None
        self._relief: tuple[str, Hillshade | None] | None = None
        self._revision = 0
        self._doing: dict[str, str] = {}
        self._jobs = Jobs(self._tell)
        super().__init__(
            map=ipyleaflet.Map(
                layers=(), zoom_control=False, scroll_wheel_zoom=False, zoom_snap=0.25, center=(0, 0), zoom=2
            ),
            aoi=_area.check_ring(aoi),
            project=project or "",
            work_dir=str(self._own_work_dir or ""),
            _selection=self._chosen.as_dict(),
        )
        self._project_given = bool(project)
        self._requests = Requests(
            self,
            {
                "complete": self._complete,
                "list": self._list,
                "recent": lambda _request: {"paths": self._recent.paths(self._folders)},
                "hillshade": self._hillshade,
                "set_area": self._set_area,
                "read_area": self._read_area,
                "preview_filter": self._preview_filter,
                "apply_filter": self._apply_filter,
                "leave_out": lambda request: self._leave_out(request.payload["names"], True),
                "bring_back": lambda request: self._leave_out(request.payload["names"], False),
                "check": lambda _request: self.check(),
                "prepare": lambda _request: self.prepare(),
                "cancel": lambda _request: self.cancel(),
                "reopen": lambda _request: self._open(),
            },
        )
        if path is not None:
            self.path = str(path)

    def __repr__(self) -> str:
        if self.stack is None:
            return f"StackPicker(path={self.path!r})"
        return f"StackPicker(path={self.path!r}, {len(self.stack)} products, {len(self.stack.dates)} dates)"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until finding, checking or preparing has ended; tells whether it did within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def cancel(self) -> None:
        """End checking or preparing early; what is finished stays."""
        self._jobs.cancel("long")

    def check(self) -> None:
        """Read every pixel of the stack in the background; `findings` tells what came out."""
        with self._jobs.lock:
            stack, everything = self._selected(), self._everything
            self._set(_progress={"fraction": 0.0, "text": "Reading every pixel"}, _error=None)

            def work(job: Job) -> None:
                started = time.monotonic()
                findings = stack.check(deep=True, on_progress=job.doing("Reading"), cancel=job.cancelled)
                note = f"Every pixel read in {time.monotonic() - started:.1f} s"
                job.apply(lambda: self._show(everything, stack, findings, note))

            self._start("long", "check", work)

    def prepare(self) -> None:
        """Bring the stack onto one grid in `work_dir`, in the background; `prepared` then holds it."""
        with self._jobs.lock:
            stack = self._selected()
            folder = self._out_dir() / _PREPARED
            self._set(_progress={"fraction": 0.0, "text": "Preparing"}, _error=None, _notice={})
            aoi = self.aoi

            def work(job: Job) -> None:
                try:
                    prepared = stack.prepare(
                        folder, aoi=aoi, on_progress=job.doing("Preparing"), cancel=job.cancelled
                    )
                    findings = prepared.check(cancel=job.cancelled)
                except CancelledError:
                    text = "Cancelled. What is finished stays and is used the next time."
                    job.apply(lambda: self._set(_notice={"kind": "info", "text": text}))
                    return
                job.apply(lambda: self._prepared_is(prepared, findings, folder))

            self._start("long", "prepare", work)

    @traitlets.validate("aoi")
    def _valid_aoi(self, proposal: Any) -> list[list[float]] | None:
        try:
            return _area.check_ring(proposal["value"])
        except _area.AreaError as error:
            raise traitlets.TraitError(str(error)) from error

    @traitlets.observe("path")
    def _path_changed(self, _change: Any) -> None:
        self._open()

    @traitlets.observe("aoi", "work_dir")
    def _size_changed(self, change: Any) -> None:
        if self._everything is None:
            return
        if change["name"] == "aoi" and self.prepared is not None:
            self._select(self._chosen)  # what was prepared is another area's
        else:
            self._jobs.start("size", self._estimate_anew)

    # ------------------------------------------------------------------ background work

    def _start(
        self, lane: str, word: str, work: Callable[[Job], None], replaces: tuple[str, ...] = ()
    ) -> None:
        """Run a job that `busy` tells of under `word`, and whose failure is shown.

        Call it with the lock held since the widget was made ready for the job: otherwise the job that it takes the
        place of could still say something in between.
        """

        def run(job: Job) -> None:
            try:
                work(job)
            except CancelledError:
                pass
            except Exception as error:  # shown in the widget, which nobody waits for
                self.log.debug("StackPicker: %s failed", word, exc_info=True)
                message = describe_error(error)
                job.apply(lambda: self._set(_error={**message, "retry": lane == "open"}))
            finally:
                job.apply(lambda: self._is_doing(lane, None))

        with self._jobs.lock:
            for name in replaces:
                self._doing.pop(name, None)
            self._is_doing(lane, word)
            self._jobs.start(lane, run, replaces)

    def _is_doing(self, lane: str, word: str | None) -> None:
        if word is None:
            self._doing.pop(lane, None)
            self._progress = {}
        else:
            self._doing[lane] = word
        self.busy = self._doing.get("long") or self._doing.get("open") or ""

    def _set(self, **values: Any) -> None:
        with self.hold_sync():
            for name, value in values.items():
                self.set_trait(name, value)

    def _tell(self, fraction: float | None, text: str) -> None:
        self._progress = {"fraction": fraction, "text": text}

    def _open(self) -> None:
        text = self.path
        with self._jobs.lock:
            self._everything = None
            self._chosen = Selection()
            self._set(
                opens="",
                stack=None,
                prepared=None,
                findings=[],
                _view={},
                _estimate={},
                _selection=self._chosen.as_dict(),
                _progress={"fraction": None, "text": "Looking for products…"},
                _error=None,
                _notice={},
            )

            def work(job: Job) -> None:
                if not text:
                    return
                path = self._folders.resolve(text)
                if is_work_dir(path):
                    self._open_work_dir(job, path)
                else:
                    self._open_products(job, path)
                if not job.replaced:
                    self._recent.add(path)

            self._start("open", "open", work, replaces=("long", "size"))

    def _open_work_dir(self, job: Job, path: Path) -> None:
        work = read_work_dir(path)

        def change() -> None:
            self._revision += 1
            view = work_dir_view(work) | {"revision": self._revision}
            self._set(opens="work_dir", work_dir=str(path), _view=view)
            if not self._project_given:
                self.project = _project_name(path)

        job.apply(change)

    def _open_products(self, job: Job, path: Path) -> None:
        started = time.monotonic()
        stack = keep_inside(find_stack(path), self._folders)

        def change() -> None:
            self._everything = stack
            values: dict[str, Any] = {}
            if not self._project_given:
                values["project"] = _project_name(path)
            values["work_dir"] = str(self._own_work_dir or self._default_work_dir(path))
            self._set(opens="products", **values)
            self._show(stack, stack, worst_first(stack.left_out), "")
            self._tell(None, f"Checking the headers of {count(len(stack), 'product')}…")

        if not job.apply(change):
            return
        self._estimate_anew(job)
        findings = stack.check(cancel=job.cancelled)
        note = f"Headers read in {time.monotonic() - started:.1f} s"
        job.apply(lambda: self._show(stack, stack, findings, note))

    def _select(self, selection: Selection) -> None:
        """Apply a selection; the selection that cannot be is refused before anything changes."""
        with self._jobs.lock:
            everything = self._everything
            if everything is None:
                raise InsarWidgetsError("No stack is open. Open a folder of products first.")
            selected = selection.apply(everything)
            self._chosen = selection
            self._set(
                prepared=None,
                _selection=selection.as_dict(),
                _progress={"fraction": None, "text": "Checking what is left…"},
                _error=None,
                _notice={},
            )

            def work(job: Job) -> None:
                started = time.monotonic()
                findings = worst_first(
                    [*selected.check(cancel=job.cancelled), *selection.finding(everything)]
                )
                note = f"Headers read in {time.monotonic() - started:.1f} s"
                job.apply(lambda: self._show(everything, selected, findings, note))
                self._estimate_anew(job)

            self._start("open", "open", work, replaces=("long", "size"))

    def _show(self, everything: Stack | None, selected: Stack, findings: list[Finding], note: str) -> None:
        assert everything is not None  # noqa: S101 - a selection is one of something
        self._revision += 1
        view = stack_view(everything, selected, findings, note) | {"revision": self._revision}
        self._set(stack=selected, findings=list(findings), _view=view)

    def _prepared_is(self, prepared: Stack, findings: list[Finding], folder: Path) -> None:
        if self._everything is None:
            return
        grid = prepared.products[0].grid
        text = (
            f"{count(len(prepared), 'product')} on one grid of {grid.width} × {grid.height} pixels "
            f"(EPSG:{grid.epsg}) in {folder}."
        )
        self._revision += 1
        view = stack_view(self._everything, self._selected(), findings, "Prepared products, headers read")
        # What was found is about the prepared products, on which nothing is to be left out any more.
        view["findings"] = [row | {"action": None} for row in view["findings"]]
        self._set(
            prepared=prepared,
            stack=prepared,
            findings=list(findings),
            _view=view | {"revision": self._revision},
            _notice={"kind": "done", "text": text},
        )

    def _estimate_anew(self, job: Job) -> None:
        with self._jobs.lock:
            stack, aoi = self._selected(), self.aoi
        try:
            grid = make_plan(stack.products, aoi).grid
            need = stack.estimate(aoi, folder=self._out_dir())
            value = estimate_view(need, grid, aoi is not None)
        except InsarWidgetsError as error:
            value = {"problem": str(error), "lines": []}
        job.apply(lambda: self._set(_estimate=value))

    def _selected(self) -> Stack:
        """Return what the user keeps of the products found, prepared or not."""
        if self._everything is None:
            raise InsarWidgetsError("No stack is open. Open a folder of products first.")
        return self._chosen.apply(self._everything)

    def _default_work_dir(self, path: Path) -> Path:
        beside = path.parent / "mintpy"
        return beside if self._folders.contains(beside) else Path.cwd() / _project_name(path)

    def _out_dir(self) -> Path:
        """Return the work directory as a path that may be written.

        Raises
        ------
        InsarWidgetsError
            It is empty or outside of where the widget may go.
        """
        if not self.work_dir.strip():
            raise InsarWidgetsError("There is no work directory. Type the folder in which MintPy shall work.")
        path = Path(self.work_dir).expanduser()
        given = [self._own_work_dir] if self._own_work_dir else []
        if self._everything is not None:
            given.append(self._default_work_dir(self._everything.root))
        if path in given:
            return path
        return self._folders.resolve(self.work_dir)

    # ------------------------------------------------------------------ requests of the front end

    def _complete(self, request: Request) -> dict[str, Any]:
        return {"entries": [asdict(entry) for entry in self._folders.complete(request.payload["text"])]}

    def _list(self, request: Request) -> dict[str, Any]:
        path = self._folders.resolve(request.payload["path"] or self._folders.home())
        if path.is_file() or (not path.is_dir() and path.parent.is_dir()):
            path = path.parent
        parent = self._folders.parent(path)
        return {
            "path": str(path),
            "parent": str(parent) if parent else None,
            "entries": [asdict(entry) for entry in self._folders.listing(path)],
            "work_dir": is_work_dir(path),
        }

    def _hillshade(self, _request: Request) -> Answer:
        with self._jobs.lock:
            products = self._everything.products if self._everything else ()
        with_dem = [product for product in products if "dem" in product.layers]
        if not with_dem:
            return Answer({"bounds": None})
        largest = max(with_dem, key=lambda product: product.grid.width * product.grid.height)
        dem = largest.layers["dem"]
        cached = self._relief
        if cached is None or cached[0] != dem:
            cached = self._relief = (dem, hillshade(dem))
        relief = cached[1]
        return Answer({"bounds": relief.bounds}, [relief.png]) if relief else Answer({"bounds": None})

    def _set_area(self, request: Request) -> None:
        self.aoi = _area.check_ring(request.payload["ring"])

    def _read_area(self, request: Request) -> dict[str, str]:
        if request.buffers:
            area = _area.area_from_file(request.payload["name"], request.buffers[0])
        else:
            text = request.payload["text"].strip()
            if re.search(r"\.(geojson|json|wkt|txt|shp|zip)$", text, re.IGNORECASE):
                path = self._folders.resolve(text)
                area = _area.area_from_file(path.name, path=path)
            else:
                area = _area.area_from_text(text)
        self.aoi = area.ring
        return {"note": area.note}

    def _preview_filter(self, request: Request) -> dict[str, Any]:
        with self._jobs.lock:
            everything, products = self._everything, self._chosen.products
        if everything is None:
            raise InsarWidgetsError("No stack is open. Open a folder of products first.")
        selection = Selection.read(request.payload, products)
        try:
            kept = selection.apply(everything)
        except InsarWidgetsError as error:
            return {"ok": False, "text": str(error)}
        parts = len(kept.network.components)
        text = (
            f"{len(kept.pairs)} of {count(len(everything.pairs), 'pair')}, "
            f"{len(kept.dates)} of {count(len(everything.dates), 'date')}, "
            f"{'one connected network' if parts == 1 else f'network in {parts} parts'}."
        )
        return {"ok": True, "text": text}

    def _apply_filter(self, request: Request) -> None:
        self._select(Selection.read(request.payload, self._chosen.products))

    def _leave_out(self, names: Sequence[str], out: bool) -> None:
        with self._jobs.lock:
            before = self._chosen.products
            self._select(replace(self._chosen, products=before | set(names) if out else before - set(names)))


def _project_name(path: Path) -> str:
    """Name of the folder, or of the one above it when its own says nothing."""
    name = path.stem if path.suffix.lower() == ".zip" else path.name
    if name.lower() in _DULL or name == "mintpy":
        name = path.parent.name or name
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "project"
