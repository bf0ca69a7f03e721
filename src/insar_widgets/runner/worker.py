"""The process of a run: ``python -m insar_widgets.runner.worker WORK_DIR``, started by :class:`Run`.

It detaches from its parent, takes the lock, imports MintPy once and does the steps that
``.insar_widgets/run.json`` asks for, telling everything it does to the event log.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from insar_widgets.errors import InsarWidgetsError, RunError
from insar_widgets.runner.cluster import cancel_jobs
from insar_widgets.runner.confined import confine_process
from insar_widgets.runner.engine import FAST_STEPS, LOADING, MINTPY
from insar_widgets.runner.engine.session import Engine
from insar_widgets.runner.explain import explain
from insar_widgets.runner.inputs import loaded_files, read_by
from insar_widgets.runner.lean import RARELY_USED, import_later, settle_memory, skip_pauses
from insar_widgets.runner.links import load_through_links
from insar_widgets.runner.monitor import start_watch
from insar_widgets.runner.processes import end_processes
from insar_widgets.runner.record import changed_manifests, reference_used, warnings_in
from insar_widgets.runner.state import STARTED, Lock, Store
from insar_widgets.runner.steps import StepPlan, plan_steps
from insar_widgets.runner.unfinished import (
    CHANGES_FILES,
    StepFiles,
    changed_files,
    recover,
    restore_originals,
)

__all__ = ["main"]

_REFUSED = 3
_MOST_WARNINGS = 20
_SPARE = 128 << 10  # bytes
_KMZ = (
    "MintPy's KMZ stretches the UTM image between two corners without reprojecting it: do not read positions from "
    "it, they are off by up to kilometres on a full frame."
)


class _Cancelled(BaseException):
    """Raised in the main thread when the run is asked to end."""


class Worker:
    """Does the steps of one run in this process."""

    def __init__(self, work_dir: Path) -> None:
        self.store = Store(work_dir)
        request = self.store.read_json(self.store.run_path)
        if request is None:
            raise InsarWidgetsError(f"{self.store.run_path} is missing or not whole; start the run again.")
        self.run: str = request["run"]
        self.steps: list[dict[str, str]] = request["steps"]
        self.template_file = work_dir / request["template"]
        self.effective: dict[str, Any] = request["effective"]
        self.digests: dict[str, str] = request["digests"]
        self.removals: list[str] = request["remove"]
        self.versions: dict[str, str] = request["versions"]
        self.work: dict[str, int] | None = request["work"]
        self.sizes: dict[str, dict[str, int]] = request["sizes"]
        self.engine = Engine(request.get("engine", MINTPY), self.store.folder, self.run, self)
        self.root = Path(request["root"]) if request.get("root") else None
        self.plans = plan_steps(self.effective, has_water_mask=request["has_water_mask"])
        self.step = ""
        self.taken_over = ""
        self._errors: list[BaseException] = []
        self._untold: list[tuple[str, dict[str, Any]]] = []

    def emit(self, event: str, **fields: Any) -> None:
        """Append an event to the log. On a full disk it is told later, or in the room of the spare file."""
        self._untold.append((event, fields))
        while self._untold:
            event, fields = self._untold[0]
            try:
                self.store.events.append(event, self.run, **fields)
            except OSError:
                if self._give_up_spare():
                    continue
                if event != "progress":
                    return
            self._untold.pop(0)

    def _keep_spare(self) -> None:
        with suppress(OSError):
            self.store.spare_path.write_bytes(bytes(_SPARE))

    def _give_up_spare(self) -> bool:
        try:
            self.store.spare_path.unlink()
        except OSError:
            return False
        return True

    def progress(self, fraction: float, label: str, **about: Any) -> None:
        self.emit("progress", fraction=round(fraction, 4), label=label, **about)

    def warning(self, message: str) -> None:
        """Warn of something in the step that is under way, in its log too."""
        _log(message)
        self.emit("warning", step=self.step, message=message)

    def go(self) -> str:
        """Do the steps; return how the run ended: completed, failed or cancelled."""
        about = {"pid": os.getpid(), "host": os.uname().nodename, "work": self.work}
        self.emit("run-start", **about, steps=self.steps, versions=self.versions)
        if self.taken_over:
            self.emit("takeover", message=self.taken_over)
        self._keep_spare()
        outcome = "failed"
        began = time.monotonic()
        reason: dict[str, str] = {}
        try:
            with self.log_to("start"):
                self._bring_back()
                self._remove_leftovers()
                analysis = self._open()
                _check_cancelled()
            outcome = "completed"
            for item in self.steps:
                outcome = self._step(analysis, self.plans[item["name"]], item["why"])
                if outcome != "completed":
                    break
            if outcome == "completed" and analysis.template["mintpy.plot"] and len(self.steps) > 1:
                self._plot(analysis)
        except _Cancelled:
            outcome = "cancelled"
        except Exception as error:  # noqa: BLE001 - whatever it is, the event log must say so
            outcome = "failed"
            told = explain(type(error).__name__, str(error))
            reason = {"reason": told.reason, "remedy": told.remedy}
            with suppress(OSError), self.store.log_path("start").open("a") as log:
                log.write(traceback.format_exc())
        self._give_up_spare()
        self.emit("run-end", outcome=outcome, seconds=round(time.monotonic() - began, 2), **reason)
        return outcome

    def _open(self) -> Any:
        """Import MintPy and let it read the template into a fresh smallbaselineApp.cfg."""
        if self.root is not None:
            loads = any(step["name"] == LOADING for step in self.steps)
            confine_process(self.template_file, self.effective, self.store.work_dir, self.root, loads=loads)
        import_later(*RARELY_USED)
        from insar_widgets.runner.analysis import Analysis, report_progress  # noqa: PLC0415 - takes seconds

        progress = report_progress(self.progress)
        load_through_links(self.store.work_dir, self.store.links, self.warning, self.root)
        config = self.store.work_dir / "smallbaselineApp.cfg"
        custom: str | None = str(self.template_file)
        if self.template_file == config:
            custom = None
        elif config.is_file():
            # a key that is no longer in the template would keep its old value in there
            config.replace(self.store.folder / "smallbaselineApp.cfg.previous")
        analysis = Analysis(custom, str(self.store.work_dir))
        analysis.tell, analysis.progress = self, progress
        analysis.products = lambda: loaded_files(self.store, self.effective)
        analysis.open()
        self.engine.install(step["name"] for step in self.steps)
        skip_pauses()
        settle_memory()
        return analysis

    def _bring_back(self) -> None:
        """Deal with what a killed run left, and have files as they were before a step that is done again."""
        self._say(recover(self.store))
        chosen = {item["name"] for item in self.steps}
        anew = {file for name in chosen for file in self._products_of(name)}
        for name in reversed(CHANGES_FILES):
            files = set(changed_files(self.store, name))
            if not files:
                continue
            earlier = [
                self.plans[n] for n in chosen if self.plans[n].step.number < self.plans[name].step.number
            ]
            touched = anew.union(*((*p.reads, *p.may_read, *p.rewrites) for p in earlier))
            if name in chosen or name in self.removals or touched & files:
                self._mark_undone(name, files)
                back = restore_originals(self.store, name, anew)
                if back:
                    self._say(f"As they were before {name}: {', '.join(back)}.")

    def _products_of(self, name: str) -> set[str]:
        manifest = self.store.manifest(name) or {}
        return {*manifest.get("outputs", {}), *self.plans[name].products}

    def _say(self, message: str) -> None:
        """Tell of something that was put right before the first step."""
        if message:
            _log(message)
            self.emit("recovered", message=message)

    def _mark_undone(self, name: str, files: Iterable[str]) -> None:
        """Note that files a step changed in place are there without its changes."""
        manifest = self.store.manifest(name)
        if manifest:
            self.store.write_manifest(name, manifest | {"undone": ", ".join(sorted(files))})

    def _remove_leftovers(self) -> None:
        """Remove products of steps that the template has since switched off."""
        for name in self.removals:
            for file in self._remove_products(self.plans[name]):
                self.emit("file-removed", step=name, file=file, reason="the step is off now")
            self.store.drop_manifest(name)

    def _step(self, analysis: Any, plan: StepPlan, why: str) -> str:
        name = plan.step.name
        began = time.time()
        self.step = name
        self.emit("step-start", step=name, why=why)
        files = StepFiles(self.store, name, self.run)
        inputs = read_by(self.store, plan, self.effective)
        failure: tuple[str, str] | None = None
        outcome = "completed"
        with self.log_to(name) as log:
            try:
                self._begin(plan, files)
                self.engine.do(name, lambda: analysis.run([name]), again=lambda: self._begin(plan, files))
                _check_cancelled()
            except _Cancelled:
                outcome = "cancelled"
            except SystemExit as stop:
                if stop.code not in (None, 0):
                    failure = ("SystemExit", str(stop.code))
            except BaseException as error:  # noqa: BLE001 - MintPy may raise anything
                _log(traceback.format_exc())
                failure = (type(error).__name__, str(error))
                self._errors.append(error)  # with the files it could not close, see below
        shutil.rmtree(self.store.links, ignore_errors=True)
        problems: list[str] = []
        # after a failed write HDF5 is not to be touched again: it may take the process down
        if outcome == "completed" and (failure is None or _harmless(name, failure[1])):
            problems = self._problems(plan)
        if failure and not problems and _harmless(name, failure[1]):
            self.emit(
                "warning",
                step=name,
                message=f"{failure[1]}: its figure could not be drawn; the data are whole.",
            )
            failure = None
        if failure or problems:
            outcome = "failed"
        self._report_warnings(name, log)
        if name == "google_earth":
            self.emit("warning", step=name, message=_KMZ)
        used = resource.getrusage(resource.RUSAGE_SELF)
        end: dict[str, Any] = {
            "outcome": outcome,
            "seconds": round(time.time() - began, 2),
            "peak_memory_bytes": used.ru_maxrss * 1024,
        }
        if outcome == "completed":
            failure = self._record(plan, began, analysis, inputs, files)
            outcome = end["outcome"] = "failed" if failure else "completed"
        if outcome == "failed":
            end |= self._explain(failure, problems, log)
        # what an unfinished step leaves is undone when this process is gone and can't write into it any more
        self.emit("step-end", step=name, **end)
        return outcome

    def _problems(self, plan: StepPlan) -> list[str]:
        from insar_widgets.runner.verify import missing_products  # noqa: PLC0415 - needs h5py

        return missing_products(self.store.work_dir, plan)

    def _explain(self, failure: tuple[str, str] | None, problems: list[str], log: Path) -> dict[str, str]:
        if failure is None:
            return {
                "reason": "MintPy ended without an error but without its products: " + " ".join(problems),
                "remedy": "The log of the step says what MintPy did.",
            }
        told = explain(*failure, log_tail=_tail(log))
        return {"reason": told.reason, "remedy": told.remedy}

    def _begin(self, plan: StepPlan, files: StepFiles) -> None:
        """Put the step's files out of everybody's reach until it is complete."""
        name = plan.step.name
        self._remove_products(plan)
        literal = [file for file in plan.products if "*" not in file]
        patterns = [file for file in plan.products if "*" in file]
        rewrites = {"copied" if name == "reference_date" else "undoable": plan.rewrites}
        files.begin(literal, patterns=patterns, **rewrites)
        for note in files.notes:
            self.warning(note)
        if files.kept:
            _log(files.kept)
            self.emit("kept", step=name, message=files.kept)
        # last: killed before, the next run still knows what is to be removed
        self.store.drop_manifest(name)

    def _remove_products(self, plan: StepPlan) -> list[str]:
        """Remove what an earlier, perhaps unfinished, pass of the step left, also under names of another template."""
        removed = []
        for name in sorted({*self._products_of(plan.step.name), *plan.clears}):
            path = self.store.work_dir / name
            try:
                path.unlink()
                removed.append(name)
            except FileNotFoundError:
                pass
            except OSError as error:
                raise RunError(
                    f"{path} is left from an earlier pass of {plan.step.name} and cannot be removed "
                    f"({error.strerror}). Remove it, or make it and its folder writable, and start again."
                ) from error
        for other in self.plans.values():
            undone = sorted(set(other.rewrites) & set(removed))
            if undone:
                self._mark_undone(other.step.name, undone)
        return removed

    def _record(
        self, plan: StepPlan, began: float, analysis: Any, inputs: Mapping[str, list[int]], files: StepFiles
    ) -> tuple[str, str] | None:
        """Give a completed step's products their names, with the manifest; kind and text of what prevented it."""
        name = plan.step.name
        try:
            outputs = self.store.records(plan.products)
            if name == "hdfeos5":
                outputs = {k: v for k, v in outputs.items() if v["time"] / 1e9 >= began - 1}
            content: dict[str, Any] = {
                "v": 2,
                "step": name,
                "run": self.run,
                "digest": self.digests[name],
                "options": {key: self.effective.get(key) for key in plan.obeys},
                "inputs": inputs,
                "outputs": outputs,
                "started": round(began, 3),
                "ended": round(time.time(), 3),
                "versions": self.versions,
            }
            if name in (LOADING, *FAST_STEPS):
                content["engine"] = self.engine.record(name)
            if name == "reference_point":
                content["reference"] = reference_used(self.store, analysis.choice)
                self.emit("reference", **content["reference"])
            elif plan.step.number > self.plans["reference_point"].step.number:
                content["reference"] = (self.store.manifest("reference_point") or {}).get("reference")
            if name in CHANGES_FILES:
                content["kept"] = files.originals_kept
            files.commit({name: content, **changed_manifests(self.store, plan)})
        except OSError as error:
            _log(traceback.format_exc())
            return type(error).__name__, str(error)
        for file, record in outputs.items():
            self.emit("file", step=name, file=file, bytes=record["bytes"])
        return None

    def _report_warnings(self, name: str, log: Path) -> None:
        seen = warnings_in(log)
        for line in seen[:_MOST_WARNINGS]:
            self.emit("warning", step=name, message=line)
        if len(seen) > _MOST_WARNINGS:
            self.emit(
                "warning", step=name, message=f"{len(seen) - _MOST_WARNINGS} more warnings are in the log."
            )

    def _plot(self, analysis: Any) -> None:
        """Draw MintPy's figures into pic/; a figure that fails never fails the run."""
        self.emit("step-start", step="plot", why="mintpy.plot = yes")
        outcome = "completed"
        with self.log_to("plot"):
            try:
                analysis.plot_result(print_aux=False)
            except Exception:  # noqa: BLE001 - see above
                traceback.print_exc()
                outcome = "failed"
            self._fetch_products_back()
        self.emit("step-end", step="plot", outcome=outcome)

    def _fetch_products_back(self) -> None:
        """MintPy's plotting moves every KMZ to pic/, the product of google_earth too."""
        for file in self._products_of("google_earth"):
            moved, place = self.store.work_dir / "pic" / file, self.store.work_dir / file
            if moved.is_file() and not place.exists():
                moved.rename(place)

    @contextmanager
    def log_to(self, name: str) -> Iterator[Path]:
        """Send everything this process and its children print to the log of a step."""
        path = self.store.log_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        _flush()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)
        try:
            yield path
        finally:
            _flush()


def _log(text: str) -> None:
    """Write to the log of the step; a disk that is full is told of by the events."""
    with suppress(OSError):
        print(text, flush=True)  # noqa: T201 - the log


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _harmless(step: str, message: str) -> bool:
    """MintPy's histogram of non-closing triplets fails on a stack that closes everywhere."""
    return step == "quick_overview" and "`bins` must be positive" in message


def _tail(log: Path, size: int = 8000) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode(errors="replace")


def _detach() -> None:
    """Leave the parent's session; the parent returns at once with this process running on."""
    if os.fork():
        os._exit(0)
    os.setsid()
    # a parent may have blocked or ignored signals, and that is inherited
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _cancel)


class _Asked:
    """Whether the run was asked to end: others' code may swallow the exception that says so."""

    to_end = False


def _cancel(_signal: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):  # once is enough: what follows must not be disturbed
        signal.signal(number, signal.SIG_IGN)
    _Asked.to_end = True
    raise _Cancelled


def _check_cancelled() -> None:
    if _Asked.to_end:
        raise _Cancelled


def main(work_dir: Path) -> int:
    """Run the request in `work_dir`; exit status 0 completed, 1 failed, 2 cancelled, 3 refused."""
    _detach()
    try:
        worker = Worker(work_dir)
        lock = Lock(worker.store)
        lock.acquire(worker.run)
        worker.taken_over = lock.taken_over
    except InsarWidgetsError as error:
        sys.stderr.write(str(error))
        return _REFUSED
    watch = 0
    cluster = str(worker.effective.get("mintpy.compute.cluster"))
    outcome = "cancelled"
    try:
        sys.stdout.write(STARTED)
        sys.stdout.flush()
        with worker.log_to("start"):
            pass  # lets go of the parent's pipes: it waits until they are closed
        watch = start_watch(worker.store, worker.run, worker.sizes, cluster)
        outcome = worker.go()
    except _Cancelled:  # before the first step
        worker.emit("run-end", outcome=outcome)
    finally:
        # nothing outlives the run, and who sees the lock free may rely on it
        end_processes(worker.run, spare=(os.getpid(), watch))
        if outcome != "completed":
            cancel_jobs(cluster, worker.run)
        lock.release(until_exit=worker.store.journal_path.is_file())
    return {"completed": 0, "failed": 1, "cancelled": 2}[outcome]


if __name__ == "__main__":
    status = main(Path(sys.argv[1]).resolve())
    _flush()
    os._exit(status)  # dask would wait for workers that are gone
