"""HDF-EOS5 through MintPy's own step."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

from insar_widgets.errors import CancelledError, ExportError
from insar_widgets.export._job import Job, Progress, whole_file
from insar_widgets.results import Results
from insar_widgets.runner import Run

__all__ = ["export_hdfeos5"]

_STEP, _OPTION = "hdfeos5", "mintpy.save.hdfEos5"


def export_hdfeos5(
    results: Results,
    out: str | Path | None = None,
    *,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
    root: str | Path | None = None,
) -> list[Path]:
    """Write series, quality and geometry as one HDF-EOS5 file with MintPy's step ``hdfeos5``.

    MintPy names the file after satellite, orbit and dates and puts it into the work directory; its template then says
    ``mintpy.save.hdfEos5 = yes``, so that later runs keep it up to date. MintPy also writes the template's options into
    the attributes of the series' file, so open the results again afterwards.

    Parameters
    ----------
    results
        Opened results whose work directory holds MintPy's template.
    out
        Folder for a copy; the file stays in the work directory only if not given.
    on_progress, cancelled, notes
        See `export_displacement`.
    root
        Folder that MintPy's step must not read outside of, see `Run`.

    Returns
    -------
    list of Path
        The file, in `out` where that is given. One that is up to date is kept.

    Raises
    ------
    ExportError
        MintPy's step failed, with its reason, or the copy could not be written.
    RunError
        Nothing was ever run in the work directory, or a run is under way there.
    MissingDependencyError
        MintPy is not installed.
    CancelledError
        If `cancelled` was set.
    """
    job = Job(on_progress, cancelled)
    if notes is not None:
        job.notes = notes
    run = Run.attach(results.work_dir)
    run.root = None if root is None else Path(root).resolve()
    made = _made(run)
    if made:
        job.notes += [
            f"{path.name} was there already, made from the same data, and was kept." for path in made
        ]
    else:
        made = _make(run, job)
    if out is None or Path(out).resolve() == results.work_dir:
        return made
    return [_copy(path, Path(out) / path.name, job) for path in made]


def _made(run: Run) -> list[Path]:
    status = next(step for step in run.status() if step.name == _STEP)
    found = [run.work_dir / name for name in status.outputs]
    return found if status.state == "completed" and found and all(path.is_file() for path in found) else []


def _make(run: Run, job: Job) -> list[Path]:
    template = run.template
    if template is None:
        raise ExportError(f"{run.work_dir} holds no template of MintPy; put smallbaselineApp.cfg there.")
    if template.get(_OPTION) != "yes":
        job.notes.append(f"The template says {_OPTION} = yes from now on.")
    job.notes.append("MintPy writes options into the attributes of the series; open the results again.")
    run = Run(run.work_dir, template.with_options({_OPTION: "yes"}), root=run.root)
    job.check()
    run.start(steps=[_STEP])
    try:
        outcome = run.wait(on_event=lambda event: _follow(event, job))
    except CancelledError:
        run.cancel()
        raise
    made = _made(run)
    if outcome != "completed" or not made:
        reason = " ".join(run.failure or (f"the run was {outcome}.",))
        raise ExportError(f"MintPy's step {_STEP} did not write its file: {reason}")
    return made


def _follow(event: dict[str, Any], job: Job) -> None:
    job.check()
    if job.on_progress and event["event"] == "progress":
        job.on_progress(0.9 * float(event["fraction"]), "MintPy writes HDF-EOS5")


def _copy(source: Path, target: Path, job: Job) -> Path:
    is_same = target.is_file() and target.stat().st_size == source.stat().st_size
    if is_same and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        job.notes.append(f"{target.name} was there already and was kept.")
        return target
    job.total = max(1, source.stat().st_size)
    with whole_file(target) as temporary, source.open("rb") as reader, temporary.open("wb") as writer:
        while block := reader.read(8 * 2**20):
            writer.write(block)
            job.step(len(block), target.name)
    shutil.copystat(source, target)
    return target
