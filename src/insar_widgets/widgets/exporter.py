"""Results as files: choose, see what would be written, write it, take it home."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import traitlets

from insar_widgets.errors import CancelledError, ExportError, InsarWidgetsError
from insar_widgets.export.plan import Choice, PlannedFile, carry_out, plan_export, possible_products
from insar_widgets.results import Results, open_results
from insar_widgets.widgets import _export_choice as choices
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._export_download import zip_parts
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets.displacement_map import DisplacementMap

__all__ = ["Exporter"]

_CHOSEN = ("out", "products", "dates", "units", "mask", "crs", "cog", "points_format", "figure_formats", "dpi",
           "as_shown", "only_points")  # fmt: skip
_FOLLOWED = ("layer", "date", "reference_date", "reference_point", "mask_layer", "mask_threshold", "points", "transect",
             "aoi", "wrap", "colormap", "vmin", "vmax")  # fmt: skip
_PAUSE = 0.3


class Exporter(Widget):
    """Choose what to export, see the files with their sizes first, write them, download them.

    Parameters
    ----------
    source
        A `DisplacementMap`, of which what is shown can be exported exactly; or what `open_results` returns, or the path
        of a work directory.
    out
        Folder for the files; ``exports`` in the work directory if not given.
    root
        Folder that cannot be left, for a page that others use.
    traits
        Any trait of this class, e.g. ``products=["velocity"]``.

    Notes
    -----
    Work goes on in the background; `wait` waits for it. What is chosen can be had as Python that does the same: `code`.

    Examples
    --------
    >>> exporter = Exporter("no/such/folder")
    >>> exporter.results is None
    True
    """

    _bundle = "exporter"

    results = traitlets.Instance(Results, allow_none=True, help="What is exported.")
    out = traitlets.Unicode(help="Folder for the files.").tag(sync=True)
    products: Any = traitlets.List(
        traitlets.Unicode(), help="Names of what to write, keys of `PRODUCTS`."
    ).tag(sync=True)
    dates: Any = traitlets.List(
        traitlets.Unicode(), ["all"], help='YYYYMMDD of the dates, or one of "all", "last", "shown".'
    ).tag(sync=True)
    units = traitlets.Enum(
        ("mm", "cm", "m"), "mm", help="Unit of displacement, and of velocity per year."
    ).tag(sync=True)
    mask = traitlets.Unicode(
        "reliable",
        help='"reliable", "none", "shown" (as on the map), or least temporal coherence such as "0.8".',
    ).tag(sync=True)
    crs = traitlets.Unicode(help="Reference system of rasters and points; empty for that of the data.").tag(
        sync=True
    )
    cog = traitlets.Bool(False, help="Whether GeoTIFFs are Cloud Optimized.").tag(sync=True)
    points_format = traitlets.Enum(("gpkg", "csv", "geojson"), "gpkg", help="Format of points.").tag(
        sync=True
    )
    figure_formats: Any = traitlets.List(
        traitlets.Enum(("png", "pdf", "svg")), ["png", "pdf"], help="Formats of figures."
    ).tag(sync=True)
    dpi = traitlets.Int(300, min=20, max=1200, help="Dots per inch of figures.").tag(sync=True)
    as_shown = traitlets.Bool(True, help="Whether the map's reference goes for everything.").tag(sync=True)
    only_points = traitlets.Bool(False, help="Whether points are only those of the map.").tag(sync=True)
    busy = traitlets.Bool(False, read_only=True, help="Whether files are being written.").tag(sync=True)

    _about = traitlets.Dict(help="Work directory, dates, whether there is a map, what it shows.").tag(
        sync=True
    )
    _menu: Any = traitlets.List(help="Groups of products that are possible.").tag(sync=True)
    _files: Any = traitlets.List(help="Files: name, product, bytes, state.").tag(sync=True)
    _running = traitlets.Dict(help="Product under way, share, words.").tag(sync=True)
    _said: Any = traitlets.List(help="Notes and errors of the last export.").tag(sync=True)
    _error: Any = traitlets.Dict(None, allow_none=True, help="What is wrong with the choice.").tag(sync=True)

    def __init__(
        self,
        source: DisplacementMap | Results | str | Path | None = None,
        *,
        out: str | Path | None = None,
        root: str | Path | None = None,
        **traits: Any,
    ) -> None:
        unknown = sorted(set(traits) - {name for name in self.class_own_traits() if not name.startswith("_")})
        if unknown:
            raise traitlets.TraitError(f"Exporter has no trait {unknown[0]!r}.")
        self._map = source if isinstance(source, DisplacementMap) else None
        self._folders = Folders(root)
        self._jobs = Jobs(lambda _fraction, _text: None)
        self._ready = False
        self._made: list[Path] = []
        self._downloads: dict[str, tuple[Iterator[bytes], threading.Event]] = {}
        super().__init__(**traits)
        self._requests = Requests(
            self,
            {
                "export": lambda _request: self.export(),
                "cancel": lambda _request: self.cancel(),
                "code": lambda _request: self.code(),
                "download": self._download,
                "part": self._part,
            },
            limit=3,
        )
        results, error = _open(source)
        self.results = results
        if results is not None:
            self.out = str(self._folders.resolve(out) if out is not None else results.work_dir / "exports")
            if not self.products:
                self.products = (
                    ["shown"] if self._map is not None else ["velocity"] if "velocity" in results else []
                )
        elif out is not None:
            self.out = str(out)
        self._error = error
        self._ready = True
        if self._map is not None:
            self._map.observe(self._map_changed, [*_FOLLOWED, "results"])
            self.units = self._map.unit
        self._plan()

    def __repr__(self) -> str:
        where = str(self.results.work_dir) if self.results is not None else ""
        return f"Exporter({where!r}, products={self.products}, out={self.out!r})"

    # what others call

    def choice(self) -> Choice:
        """What is chosen, for `insar_widgets.export.plan.carry_out`."""
        if self.results is None:
            raise ExportError("There is no work directory to export from; give one.")
        state = {name: getattr(self, name) for name in _CHOSEN}
        shown = choices.shown_on(self._map, self.units) if self._map is not None else None
        return choices.choice_of(self.results, state, shown, self._map)

    def plan(self) -> list[PlannedFile]:
        """The files that would be written, with their sizes, and what exists already."""
        if self.results is None:
            return []
        return plan_export(self.results, self._folder(), self.choice())

    def code(self) -> str:
        """Python that writes the same files."""
        if self.results is None:
            return ""
        return choices.call_text(self.results.work_dir, self._folder(), self.choice())

    def export(self) -> None:
        """Write what is chosen, in the background.

        Raises
        ------
        ExportError
            Nothing is chosen, or the choice is not possible.
        """
        if self.busy:
            return
        choice, folder = self.choice(), self._folder()
        files = self.plan()
        if not files:
            raise ExportError("Nothing is chosen; tick what to export.")
        needed, free = sum(file.bytes for file in files if not file.exists), _free(folder)
        if free is not None and needed > free:
            raise ExportError(
                f"About {needed / 1e9:.1f} GB would be written, {free / 1e9:.1f} GB are free in {folder}; choose less, "
                "or another folder."
            )
        self.set_trait("busy", True)
        self._said = []
        self._jobs.start("export", lambda job: self._work(job, choice, folder, files))

    def cancel(self) -> None:
        """End the export; complete files are kept."""
        self._jobs.cancel("export")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being written; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    @property
    def paths(self) -> list[Path]:
        """Files of the last export."""
        return list(self._made)

    def close(self) -> None:
        """Stop following the map, and take it off the page."""
        if not getattr(self, "_ready", False):  # its arguments were refused
            return
        if self._map is not None:
            self._map.unobserve(self._map_changed, [*_FOLLOWED, "results"])
            self._map = None
        self.cancel()
        super().close()

    # what goes on inside

    def _folder(self) -> Path:
        if not self.out.strip():
            raise ExportError("There is no folder to write into; type one.")
        return self._folders.resolve(self.out.strip())

    def _map_changed(self, change: Any) -> None:
        if change["name"] == "results" and self._map is not None:
            self.results = self._map.results
        self._plan()

    @traitlets.observe("results", *_CHOSEN)
    def _chosen(self, _change: Any) -> None:
        if self._ready:
            self._plan()

    def _plan(self) -> None:
        """Tell the page what would be written."""
        if self.busy:
            return
        results = self.results
        if results is None:
            self._menu, self._files = [], []
            return
        shown = choices.shown_on(self._map, self.units) if self._map is not None else None
        possible = possible_products(results, shown=shown is not None)
        self._menu = [
            {
                "title": title,
                "products": [{"name": n, "label": choices.LABELS[n]} for n in names if n in possible],
            }
            for title, names in choices.GROUPS.items()
            if any(n in possible for n in names)
        ]
        self._about = {
            "work_dir": results.work_dir.name,
            "dates": list(results.dates),
            "crs": results.crs.to_string(),
            "map": self._map is not None,
            "shown": _words(shown),
            "points": len(self._map.points) if self._map is not None else 0,
        }
        try:
            files = self.plan()
            self._error = None
            folder = self._folder()
            free = _free(folder)
            self._about = self._about | {"free": free, "folder": str(folder), "home": str(Path.home())}
        except (InsarWidgetsError, OSError) as error:
            files, self._error = [], describe_error(error)
        self._files = [self._line(file, "exists" if file.exists else "new") for file in files]

    def _line(self, file: PlannedFile, state: str) -> dict[str, Any]:
        folder = self._folder()
        name = (
            file.path.relative_to(folder).as_posix() if file.path.is_relative_to(folder) else str(file.path)
        )
        size = file.path.stat().st_size if state != "new" and file.path.is_file() else file.bytes
        return {"name": name, "product": file.product, "bytes": size, "state": state}

    def _work(self, job: Job, choice: Choice, folder: Path, files: list[PlannedFile]) -> None:
        follow = _Follow(files)
        notes: list[str] = []
        said: list[dict[str, str]] = []
        told = 0.0

        def show(product: str, share: float, words: str, *, now: bool = False) -> None:
            nonlocal told
            if now or time.monotonic() - told > _PAUSE:
                told = time.monotonic()
                lines = [self._line(file, state) for file, state in follow.states(product)]
                running = {"product": product, "share": share, "words": words}
                job.apply(lambda: self._show(lines, running))

        def finished(product: str, paths: Any) -> None:
            self._made += [path for path in paths if path not in self._made]
            follow.done.add(product)
            show(product, 1.0, "", now=True)

        def failed(product: str, error: Exception) -> None:
            words = describe_error(error)
            said.append(
                {
                    "severity": "error",
                    "product": product,
                    "text": f"{words['message']} {words['remedy']}".strip(),
                }
            )
            follow.failed.add(product)
            show(product, 0.0, "", now=True)

        self._made = []
        results = self.results
        try:
            if results is not None:
                carry_out(
                    results, folder, choice, on_progress=show, on_files=finished, on_error=failed,
                    cancelled=job.cancelled, notes=notes, root=self._folders.root,
                )  # fmt: skip
        except CancelledError as error:
            said.append({"severity": "info", "product": "", "text": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever it is belongs on the page
            words = describe_error(error)
            said.append(
                {"severity": "error", "product": "", "text": f"{words['message']} {words['remedy']}".strip()}
            )
        kept = [note for note in dict.fromkeys(notes) if "was kept" not in note]
        said += [{"severity": "info", "product": "", "text": note} for note in kept]
        lines = [self._line(file, state) for file, state in follow.states("")]
        job.apply(lambda: self._end(lines, said))

    def _show(self, lines: list[dict[str, Any]], running: dict[str, Any]) -> None:
        if lines != self._files:
            self._files = lines
        self._running = running

    def _end(self, lines: list[dict[str, Any]], said: list[dict[str, str]]) -> None:
        if self.results is not None and self.results.changed():
            self.results = open_results(self.results.work_dir)  # MintPy's HDF-EOS5 step touches the series
        self._files, self._running, self._said = lines, {}, said
        self.set_trait("busy", False)

    def _download(self, _request: Request) -> dict[str, Any]:
        folder = self._folder()
        there = [file.path for file in self.plan()]
        beside = [path.with_suffix(".qml") for path in there] + [Path(f"{path}.json") for path in there]
        paths = [path for path in dict.fromkeys([*there, *beside, *self._made]) if path.is_file()]
        paths = [path for path in paths if self._folders.contains(path)]
        if not paths:
            raise ExportError("None of these files exist yet; export them first.")
        token, cancelled = uuid.uuid4().hex, threading.Event()
        for _, event in self._downloads.values():
            event.set()
        self._downloads = {token: (zip_parts(folder, paths, cancelled), cancelled)}
        name = f"{self.results.work_dir.name if self.results else 'insar'}-exports.zip"
        return {
            "token": token,
            "name": name,
            "files": len(paths),
            "bytes": sum(p.stat().st_size for p in paths),
        }

    def _part(self, request: Request) -> Answer:
        found = self._downloads.get(str(request.payload["token"]))
        if found is None:
            raise ExportError("This download has ended; start it again.")
        part = next(found[0], None)
        if part is None:
            self._downloads.clear()
            return Answer({"done": True})
        return Answer({"done": False}, [part])


class _Follow:
    """Which files are there while they are being written: they appear whole under their names."""

    def __init__(self, files: list[PlannedFile]) -> None:
        self._files = files
        self._before = {file.path: _stamp(file.path) for file in files}
        self.done: set[str] = set()
        self.failed: set[str] = set()

    def states(self, current: str) -> list[tuple[PlannedFile, str]]:
        """Each file with new, exists, writing, written, kept, failed or left out."""
        return [(file, self._state(file, current)) for file in self._files]

    def _state(self, file: PlannedFile, current: str) -> str:
        now, before = _stamp(file.path), self._before[file.path]
        if now is not None and now != before:
            return "written"
        if file.product in self.done:
            return "kept" if now is not None else "left out"
        if file.product in self.failed:
            return "failed"
        if file.product == current:
            return "writing"
        return "exists" if now is not None else "new"


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _free(folder: Path) -> int | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _words(shown: Any) -> str:
    if shown is None:
        return ""
    date = f", {shown.date[:4]}-{shown.date[4:6]}-{shown.date[6:]}" if shown.date else ""
    return f"{shown.layer}{date}"


def _open(source: Any) -> tuple[Results | None, dict[str, str] | None]:
    if isinstance(source, DisplacementMap):
        return source.results, None
    if source is None or isinstance(source, Results):
        return source, None
    try:
        return open_results(source), None
    except (InsarWidgetsError, OSError) as error:
        return None, describe_error(error)
