"""Bring a stack onto one grid: cut, resample where needed, compress, in parallel and resumable."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from insar_widgets.errors import CancelledError, ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3._manifest import Manifest, as_record, locked
from insar_widgets.hyp3._raster import cut_raster, write_bytes, write_raster
from insar_widgets.hyp3._readings import POLL_SECONDS, Progress, judge_pixels, pool
from insar_widgets.hyp3._scan import MANIFEST
from insar_widgets.hyp3.find import find_stack
from insar_widgets.hyp3.grid import Grid
from insar_widgets.hyp3.metadata import read_metadata_text
from insar_widgets.hyp3.names import parse_file_name
from insar_widgets.hyp3.plan import Plan
from insar_widgets.hyp3.product import PREPARED_LAYERS, Product
from insar_widgets.hyp3.stack import Stack
from insar_widgets.resources import cores

__all__ = ["How", "prepare"]

# Outside of a raster there is no measurement; only a DEM knows its own value for that.
_FILL: dict[str, float | None] = dict.fromkeys(PREPARED_LAYERS, 0.0) | {"dem": None}


@dataclass(frozen=True)
class _Task:
    """One file to make: `layer` "txt" is the metadata."""

    product: Product
    layer: str
    name: str
    source: dict[str, Any]


@dataclass(frozen=True)
class How:
    """How to work: files at a time, whom to tell, when to end early, what to do about broken products."""

    jobs: int | None = None
    on_progress: Progress | None = None
    cancel: threading.Event | None = None
    strict: bool = False


def prepare(stack: Stack, out_dir: Path | str, plan: Plan, how: How) -> Stack:
    """Bring the products of a plan onto its grid; see `Stack.prepare`."""
    folder = Path(out_dir).expanduser().absolute()
    if how.strict:
        _refuse_unusable(stack)
    _refuse_own_source(folder, stack)
    with locked(folder):
        manifest = Manifest.read(folder)
        tasks = _tasks(plan)
        _refuse_foreign(manifest, tasks)
        request = {
            "epsg": plan.grid.epsg,
            "transform": list(plan.grid.transform),
            "width": plan.grid.width,
            "height": plan.grid.height,
        }
        inherited = [
            replace(finding, severity="warning", mended_by_prepare=False)
            for finding in stack.left_out
            if finding.severity != "info"
        ]
        known = _still_broken(manifest, tasks, how.strict)
        active = [task for task in tasks if task.product.name not in known]
        _begin(manifest, request, active)
        todo = [task for task in active if not manifest.is_finished(task.name, task.source)]
        if todo:
            with manifest.journal() as note:
                known |= _work(folder, plan.grid, todo, len(tasks) - len(todo), note=note, how=how)
        broken = _end(manifest, tasks, known, [*inherited, *plan.left_out])
    if how.on_progress is not None:
        how.on_progress(1.0, "prepared")
    return _result(folder, plan, broken)


def _tasks(plan: Plan) -> list[_Task]:
    """List every file to make, with what its content follows from."""
    grid = [plan.grid.epsg, *plan.grid.transform, plan.grid.width, plan.grid.height]
    tasks: list[_Task] = []
    for product in plan.products:
        layers = [layer for layer in PREPARED_LAYERS if layer in product.layers]
        for layer in ["txt", *layers]:
            location = product.metadata_path if layer == "txt" else product.layers[layer]
            on_disk = product.path if product.is_zip else Path(location)
            source = {"path": str(location), **_identity(on_disk)}
            suffix = ".txt"
            if layer != "txt":
                source["grid"] = grid
                suffix = f"_{layer}.tif"
            tasks.append(_Task(product, layer, f"{product.name}/{product.name}{suffix}", source))
    return tasks


def _identity(path: Path) -> dict[str, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise ProductError(f"{path} has gone ({error}). Find the stack again.") from error
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _refuse_unusable(stack: Stack) -> None:
    unusable = [finding for finding in stack.left_out if finding.severity == "error"]
    if unusable:
        raise ProductError(f"{unusable[0].message} {unusable[0].remedy}")


def _refuse_own_source(folder: Path, stack: Stack) -> None:
    """Never write where originals lie."""
    for product in stack.products:
        place = product.path.parent if product.is_zip else product.path
        if place == folder or folder / product.name == place or place in folder.parents:
            raise ProductError(
                f"{folder} holds the originals of {product.name}, which stay untouched. Choose another folder."
            )


def _refuse_foreign(manifest: Manifest, tasks: list[_Task]) -> None:
    """Leave alone what someone else wrote; MintPy would load it along with the prepared products."""
    ours = manifest.planned | manifest.files.keys()
    for task in tasks:
        if task.name not in ours and (manifest.folder / task.name).exists():
            raise ProductError(_foreign(manifest.folder / task.name))
    for path in manifest.folder.glob("*/*_unw_phase*.tif"):
        name = path.relative_to(manifest.folder).as_posix()
        if name not in ours and parse_file_name(path.name) is not None:
            raise ProductError(_foreign(path))


def _foreign(path: Path) -> str:
    return f"{path} is there already and was not prepared by insar_widgets. Choose an empty folder."


def _begin(manifest: Manifest, request: dict[str, Any], tasks: list[_Task]) -> None:
    """Put the plan on disk before anything else, and remove what an earlier plan made and this one does not."""
    names = {task.name for task in tasks}
    stale = [t.name for t in tasks if t.name in manifest.files and not manifest.is_finished(t.name, t.source)]
    for name in stale:
        del manifest.files[name]
    if stale or manifest.request != request or not names <= manifest.planned:
        manifest.request = request
        manifest.planned |= names
        manifest.write()
    for name in sorted((manifest.planned | manifest.files.keys()) - names):
        _remove(manifest, name)
    products = {name.partition("/")[0] for name in manifest.planned}
    for product in products:
        for part in (manifest.folder / product).glob(f".{product}*.part"):
            part.unlink(missing_ok=True)


def _remove(manifest: Manifest, name: str) -> None:
    """Remove a file of ours, what MintPy derived from it, and its folder if that is empty then."""
    path = manifest.folder / name
    if manifest.is_ours(name):
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.rsc").unlink(missing_ok=True)
    manifest.files.pop(name, None)
    manifest.planned.discard(name)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _still_broken(manifest: Manifest, tasks: list[_Task], strict: bool) -> dict[str, dict[str, Any]]:
    """Products that could not be read last time and have not changed since."""
    sources = {(task.product.name, task.layer): task.source for task in tasks}
    known = {
        name: record
        for name, record in manifest.broken.items()
        if sources.get((name, record["layer"])) == record["source"]
    }
    if strict and known:
        raise ProductError(next(iter(known.values()))["message"])
    return known


def _work(
    folder: Path,
    grid: Grid,
    todo: list[_Task],
    done: int,
    *,
    note: Callable[[str, dict[str, Any]], None],
    how: How,
) -> dict[str, dict[str, Any]]:
    """Make the files and return the broken products.

    GDAL and zlib work outside of Python's lock, so threads use all cores.
    """
    broken: dict[str, dict[str, Any]] = {}
    total = done + len(todo)
    stop = threading.Event()
    for name in {task.product.name for task in todo}:
        _make_folder(folder / name)
    running: dict[Future[dict[str, Any] | None], _Task] = {}
    try:
        with pool(how.jobs or cores(), stop) as executor:
            running |= {executor.submit(_make, task, folder, grid, stop): task for task in todo}
            while running:
                if how.cancel is not None and how.cancel.is_set():
                    raise CancelledError("Preparing was cancelled. Prepare again to go on where it ended.")
                finished, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    task = running.pop(future)
                    _settle(task, future, note, broken, how.strict)
                    done += 1
                    if how.on_progress is not None:
                        how.on_progress(done / total, task.product.name)
    finally:
        # What was being made when the work ended early is finished as well.
        for future, task in running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                _settle(task, future, note, broken, False)
    return broken


def _settle(
    task: _Task,
    future: Future[dict[str, Any] | None],
    note: Callable[[str, dict[str, Any]], None],
    broken: dict[str, dict[str, Any]],
    strict: bool,
) -> None:
    """Note a finished file, or that its product is broken."""
    try:
        record = future.result()
    except _UnreadableError as error:
        if strict:
            raise ProductError(str(error)) from error
        known = broken.get(task.product.name)
        # Whatever is read first, the same one of several broken layers is told.
        if known is None or task.source["path"] < known["source"]["path"]:
            broken[task.product.name] = {
                "code": error.code,
                "layer": task.layer,
                "source": task.source,
                "message": str(error),
            }
    else:
        if record is not None:
            note(task.name, record)


class _UnreadableError(ProductError):
    """A product's own file is broken, as opposed to one that cannot be written."""

    def __init__(self, message: str, code: str = "unreadable-raster") -> None:
        super().__init__(message)
        self.code = code


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProductError(f"{path} cannot be made ({error}). Choose another folder.") from error


def _make(task: _Task, folder: Path, grid: Grid, stop: threading.Event) -> dict[str, Any] | None:
    """Make one file and return its record."""
    if stop.is_set():
        return None
    path = folder / task.name
    if task.layer == "txt":
        try:
            text = read_metadata_text(task.product.path, task.product.metadata_path)
        except ProductError as error:
            raise _UnreadableError(str(error)) from error
        # MintPy stumbles over blank lines.
        write_bytes(path, "".join(f"{line}\n" for line in text.splitlines() if line.strip()).encode())
    else:
        try:
            array, nodata = cut_raster(task.product.layers[task.layer], grid, _FILL[task.layer])
        except ProductError as error:
            raise _UnreadableError(str(error)) from error
        problem = judge_pixels(task.layer, task.source["path"], array, nodata)
        if problem is not None:
            raise _UnreadableError(f"{problem[1]} (in the area prepared)", problem[0])
        write_raster(path, array, grid, nodata)
    return {"source": task.source, **_identity(path)}


def _end(
    manifest: Manifest, tasks: list[_Task], broken: dict[str, dict[str, Any]], left_out: list[Finding]
) -> set[str]:
    """Remove what was made of broken products and write the final record."""
    for task in tasks:
        if task.product.name in broken:
            _remove(manifest, task.name)
    manifest.broken = broken
    findings = left_out + [
        Finding(
            "warning",
            record["code"],
            f"{name} was left out: {record['message']}",
            (name,),
            "Download the product again and prepare again.",
        )
        for name, record in sorted(broken.items())
    ]
    manifest.left_out = [as_record(finding) for finding in findings]
    manifest.write()
    return set(broken)


def _result(folder: Path, plan: Plan, broken: set[str]) -> Stack:
    """Open what was prepared."""
    kept = [product for product in plan.products if product.name not in broken]
    if len({date for product in kept for date in (product.pair.reference, product.pair.secondary)}) < 2:
        raise ProductError(
            f"No readable product is left of {len(plan.products)} ({', '.join(sorted(broken)[:3])}...). "
            f"Download them again. What was written is described in {folder / MANIFEST}."
        )
    prepared = find_stack(folder)
    names = {product.name for product in kept}
    return replace(prepared, products=tuple(p for p in prepared.products if p.name in names))
