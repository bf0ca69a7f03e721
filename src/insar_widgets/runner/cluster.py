"""Batch systems that MintPy hands work to through dask-jobqueue: Slurm, PBS and LSF.

MintPy takes everything but the number of workers from dask's configuration, which few users have. It is checked
here before a run starts, brought to the words of the installed dask-jobqueue, filled in from a short form, and
handed to the run alone; nobody's own configuration is touched.
"""

from __future__ import annotations

import getpass
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from insar_widgets.errors import MissingDependencyError, RunError

__all__ = ["BATCH", "Cluster", "Settings", "batch_settings", "cancel_jobs", "job_name"]

BATCH = ("slurm", "pbs", "lsf")
_SUBMIT = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub"}
_COMMAND_SECONDS = 10
_LOGS = ".insar_widgets/dask/logs"  # relative to the work directory, which may have blanks in its name
# MintPy's mintpy.yaml and many a cluster's manual still have the words of dask-jobqueue before 0.8
_RENAMED = {
    "extra": "worker-extra-args",
    "env-extra": "job-script-prologue",
    "job-extra": "job-extra-directives",
    "header-skip": "job-directives-skip",
}
_WALLTIME = {
    "slurm": r"\d+(:\d{1,2}){0,2}|\d+-\d{1,2}(:\d{1,2}){0,2}",
    "pbs": r"\d+(:\d{1,2}){0,2}",
    "lsf": r"\d+(:\d{1,2})?",
}
_EXAMPLE = 'Cluster("{kind}", queue="...", cores=4, memory="8GB", walltime="{walltime}")'


@dataclass(frozen=True)
class Cluster:
    """Short form of what a batch system wants to know.

    Parameters
    ----------
    kind
        slurm, pbs or lsf.
    queue
        Queue, or partition; None takes the system's default.
    account
        Account or project to charge; None takes the user's default.
    cores, memory, walltime
        Of each job; every core works on a part of the frame of its own. Memory such as ``"8GB"``, walltime
        ``"02:00:00"`` (``"02:00"`` for LSF).
    workers
        Number of parts worked on at once, MintPy's ``numWorker``; the number of jobs is this divided by `cores`.
    interface
        Network interface through which the jobs reach this machine, such as ``"ib0"``.
    directives
        Further lines of the job script's head, without ``#SBATCH``, ``#PBS`` or ``#BSUB``.
    prologue
        Shell commands to run before the worker, such as ``"module load ..."``.

    Raises
    ------
    RunError
        If a value cannot be one.

    Examples
    --------
    >>> Cluster("slurm", queue="short", cores=4, memory="8GB", walltime="01:00:00")
    Cluster(kind='slurm', queue='short', ...)
    >>> Cluster.parse("slurm,queue=short,cores=4,memory=8GB,walltime=01:00:00").cores
    4
    """

    kind: str
    queue: str | None = None
    account: str | None = None
    cores: int = 1
    memory: str = "4GB"
    walltime: str = ""
    workers: int = 4
    interface: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in BATCH:
            raise RunError(f"{self.kind!r} is no batch system MintPy knows; write one of {', '.join(BATCH)}.")
        if not self.walltime:
            object.__setattr__(self, "walltime", "02:00" if self.kind == "lsf" else "02:00:00")
        for name in ("cores", "workers"):
            if getattr(self, name) < 1:
                raise RunError(f"{name} = {getattr(self, name)} of a cluster must be 1 or more.")
        _check_values(self.kind, self.section(), f"Cluster({self.kind!r})")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``slurm,queue=short,cores=4,...``, as on the command line.

        Raises
        ------
        RunError
            If there is a word or value that does not belong there.
        """
        kind, *rest = [part.strip() for part in text.split(",")]
        known = [field.name for field in fields(cls) if field.name not in ("kind", "directives", "prologue")]
        values: dict[str, Any] = {}
        for part in rest:
            key, _, value = part.partition("=")
            if key not in known or not value:
                raise RunError(f"A cluster takes {', '.join(f'{k}=...' for k in known)}, not {part!r}.")
            if key in ("cores", "workers"):
                if not value.isdigit():
                    raise RunError(f"{key} of a cluster is a whole number, not {value!r}.")
                values[key] = int(value)
            else:
                values[key] = value
        return cls(kind, **values)

    @property
    def options(self) -> dict[str, str]:
        """Options of MintPy's template that use this cluster."""
        return {
            "mintpy.compute.cluster": self.kind,
            "mintpy.compute.numWorker": str(self.workers),
            "mintpy.compute.config": self.kind,
        }

    def section(self) -> dict[str, Any]:
        """The section of dask-jobqueue's configuration that says the same."""
        section: dict[str, Any] = {
            "queue": self.queue,
            "project" if self.kind == "lsf" else "account": self.account,
            "cores": self.cores,
            "processes": self.cores,
            "memory": self.memory,
            "walltime": self.walltime,
            "interface": self.interface,
            "job-extra-directives": list(self.directives),
            "job-script-prologue": list(self.prologue),
        }
        return {key: value for key, value in section.items() if value not in (None, [])}


@dataclass(frozen=True)
class Settings:
    """dask's configuration for one run.

    Attributes
    ----------
    content : the whole of it, as in its YAML files.
    notes : what was translated or is ignored, a sentence each.
    """

    content: dict[str, Any]
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """Write it into a folder that ``DASK_CONFIG`` can name."""
        import yaml  # type: ignore[import-untyped]  # noqa: PLC0415 - dask's

        folder.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=folder, prefix=".insar_widgets.")
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            yaml.safe_dump(self.content, file, allow_unicode=True)
        Path(name).replace(folder / "insar_widgets.yaml")
        return folder


def batch_settings(effective: Mapping[str, Any], run: str, short: Cluster | None = None) -> Settings:
    """Check the configuration of the batch system a template asks for, and make it whole.

    Parameters
    ----------
    effective
        Values the options really have; ``mintpy.compute.cluster`` is one of `BATCH`.
    run
        Id of the run; its jobs are named after it.
    short
        The short form, which comes on top of the user's own configuration of dask.

    Raises
    ------
    RunError
        If the batch system is not here, or what it needs is missing or wrong.
    MissingDependencyError
        If dask-jobqueue is not installed.
    """
    kind = str(effective["mintpy.compute.cluster"]).lower()
    defaults = _defaults(kind)
    if shutil.which(_SUBMIT[kind]) is None:
        raise RunError(
            f"mintpy.compute.cluster = {kind}, but this machine has no command {_SUBMIT[kind]}. Write "
            "mintpy.compute.cluster = local or none, or start from a node that can submit jobs."
        )
    workers = str(effective.get("mintpy.compute.numWorker") or "")
    if not workers.isdigit() or int(workers) < 1:
        raise RunError(
            f"mintpy.compute.numWorker = {workers} does not go with {kind}: a batch system wants a number of "
            "workers, such as 8."
        )
    import dask.config  # noqa: PLC0415 - takes its time

    everything = dask.config.collect(_dask_folders())
    sections = everything.get("jobqueue") or {}
    wanted = effective.get("mintpy.compute.config")
    name = str(wanted) if wanted and str(wanted).lower() not in ("none", "no", "auto") else kind
    written = sections.get(name)
    if written is None and short is None:
        raise RunError(_nothing_to_go_by(kind, name, sections))
    own, notes = _translate(kind, name, written or {}, defaults)
    section = {**defaults, **own, **(short.section() if short else {})}
    where = "The short form" if written is None else f"Section jobqueue.{name} of dask's configuration"
    _check_values(kind, section, where)
    _check_queue(kind, section.get("queue"))
    section["name"] = job_name(run)
    section["log-directory"] = section.get("log-directory") or _LOGS
    return Settings({**everything, "jobqueue": {**sections, name: section}}, tuple(notes))


def _defaults(kind: str) -> dict[str, Any]:
    """What dask-jobqueue itself brings, and with it every key that it knows."""
    spec = importlib.util.find_spec("dask_jobqueue")
    if spec is None or spec.origin is None:
        raise MissingDependencyError(
            f"mintpy.compute.cluster = {kind} needs dask-jobqueue. Install it with: pip install dask-jobqueue"
        )
    import yaml  # noqa: PLC0415

    content = yaml.safe_load((Path(spec.origin).parent / "jobqueue.yaml").read_text(encoding="utf-8"))
    return dict(content["jobqueue"][kind])


def _dask_folders() -> list[str]:
    """Where dask looks for its configuration, also if the environment has changed since it was imported."""
    import dask.config  # noqa: PLC0415

    return list(dict.fromkeys([*dask.config.paths, *filter(None, [os.environ.get("DASK_CONFIG")])]))


def _nothing_to_go_by(kind: str, name: str, sections: Mapping[str, Any]) -> str:
    example = _EXAMPLE.format(kind=kind, walltime="02:00" if kind == "lsf" else "02:00:00")
    looked = ", ".join(_dask_folders())
    if sections and name != kind:
        there = f" (there are: {', '.join(sections)}); MintPy would take another one without a word"
    else:
        there = f" in {looked}"
    return (
        f"mintpy.compute.cluster = {kind} needs a section jobqueue.{name} of dask's configuration, and there is "
        f"none{there}. Give a short form: run.start(cluster={example}), with Cluster from insar_widgets.runner, or "
        "write that section."
    )


def _translate(
    kind: str, name: str, written: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Bring a section to the words of today's dask-jobqueue; say what was changed and what is ignored."""
    renamed = dict(_RENAMED) if kind == "lsf" else {**_RENAMED, "project": "account"}
    given = {
        str(key).replace("_", "-"): value for key, value in written.items() if value not in (None, [], "")
    }
    found: dict[str, Any] = {key: value for key, value in given.items() if key in defaults}
    notes, unknown = [], []
    for key, value in given.items():
        new = renamed.get(key)
        if new is not None:
            found[key] = None  # dask-jobqueue would warn of the old word
            found.setdefault(new, [value] if isinstance(value, str) and key != "project" else value)
            notes.append(
                f"jobqueue.{name}.{key} is called {new} in today's dask-jobqueue and was taken as that."
            )
        elif key not in defaults:
            unknown.append(key)
    if unknown:
        notes.append(
            f"dask-jobqueue knows no {', '.join(unknown)} for {kind} and ignores it (section jobqueue.{name}); it "
            f"knows {', '.join(key for key in defaults if key not in _RENAMED)}."
        )
    if kind != "lsf":
        found.pop("project", None)
    return found, notes


def _check_values(kind: str, section: Mapping[str, Any], where: str) -> None:
    missing = [key for key in ("cores", "memory", "walltime") if not section.get(key)]
    if missing:
        raise RunError(
            f"{where} says no {' and no '.join(missing)} of a job. Write them there, or give them in short: "
            f'run.start(cluster=Cluster("{kind}", cores=4, memory="8GB", walltime=...)).'
        )
    if not re.fullmatch(r"\d+(\.\d+)?\s*([kmgt]i?b?|b)", str(section["memory"]).strip(), re.IGNORECASE):
        raise RunError(f"{where} has memory = {section['memory']}. Write a size with its unit, such as 8GB.")
    walltime = str(section["walltime"])
    if not isinstance(section["walltime"], str) or not re.fullmatch(_WALLTIME[kind], walltime):
        example = "02:00 (hours:minutes)" if kind == "lsf" else "02:00:00 (hours:minutes:seconds)"
        number = " Put it in quotation marks: YAML takes 2:00:00 for a number." if walltime.isdigit() else ""
        raise RunError(
            f"{where} has walltime = {walltime}, which {kind} does not take. Write {example}.{number}"
        )


def _check_queue(kind: str, queue: Any) -> None:
    """Refuse a partition that Slurm does not have; the others are asked when the jobs are submitted."""
    if kind != "slurm" or not queue:
        return
    known = [name.rstrip("*") for name in _call("sinfo", "--noheader", "--format=%P").split()]
    odd = [name for name in str(queue).split(",") if name not in known]
    if known and odd:
        raise RunError(f"Slurm has no queue {', '.join(odd)} here. Choose one of: {', '.join(known)}.")


def job_name(run: str) -> str:
    """Name of every job of a run; old PBS takes 15 characters."""
    return f"iw{run}"


def cancel_jobs(cluster: str, run: str) -> None:
    """Cancel the jobs that a run has submitted, found by their name; a scheduler that does not answer is left."""
    name = job_name(run)
    if cluster == "slurm":
        _call("scancel", "--user", getpass.getuser(), "--name", name)
    elif cluster == "lsf":
        _call("bkill", "-J", name, "0")
    elif cluster == "pbs":
        ids = _call("qselect", "-N", name).split()
        if ids:
            _call("qdel", *ids)


def _call(*command: str) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        ).stdout
    return ""
