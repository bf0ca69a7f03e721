"""What is known on disk about a work directory: template in use, manifests of finished steps, the lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insar_widgets.errors import RunError
from insar_widgets.runner.events import EventLog
from insar_widgets.runner.steps import STEPS, StepPlan

__all__ = ["STARTED", "Lock", "Store", "digest_steps", "stamp"]

FOLDER = ".insar_widgets"
STARTED = "started"  # what a run's process says once it holds the lock
_NUMBER = {step.name: step.number for step in STEPS}


@dataclass(frozen=True)
class Store:
    """Files below ``WORK_DIR/.insar_widgets``."""

    work_dir: Path

    @property
    def folder(self) -> Path:
        return self.work_dir / FOLDER

    @property
    def events(self) -> EventLog:
        return EventLog(self.folder / "events.jsonl")

    def log_path(self, step: str) -> Path:
        return self.folder / "logs" / f"{_NUMBER.get(step, 0):02d}_{step}.log"

    def manifest_path(self, step: str) -> Path:
        return self.folder / "steps" / f"{_NUMBER[step]:02d}_{step}.json"

    def manifest(self, step: str) -> dict[str, Any] | None:
        """What the step consumed and made when it last completed, or None."""
        return self.read_json(self.manifest_path(step))

    def write_manifest(self, step: str, content: Mapping[str, Any]) -> None:
        self.write_json(self.manifest_path(step), content)

    def drop_manifest(self, step: str) -> None:
        with suppress(FileNotFoundError):
            self.manifest_path(step).unlink()

    @property
    def run_path(self) -> Path:
        return self.folder / "run.json"

    @staticmethod
    def read_json(path: Path) -> dict[str, Any] | None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    @staticmethod
    def write_json(path: Path, content: Mapping[str, Any]) -> None:
        """Write under a temporary name, sync, rename: a reader finds the old file or the new one, whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=1, ensure_ascii=False, default=str)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise

    def stamps(self, patterns: Iterable[str]) -> dict[str, list[int]]:
        """Size and time of the files that match, by name relative to the work directory."""
        found = {}
        for pattern in patterns:
            for path in sorted(self.work_dir.glob(pattern)):
                if path.is_file():
                    found[path.relative_to(self.work_dir).as_posix()] = stamp(path)
        return found


def stamp(path: Path) -> list[int]:
    """Size in bytes and modification time in ns of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def digest_steps(
    plans: Mapping[str, StepPlan],
    effective: Mapping[str, Any],
    inputs: Mapping[str, list[int]],
    files: Mapping[str, list[int]],
    mintpy_version: str,
) -> dict[str, str]:
    """Fingerprint of everything each step's products follow from.

    Parameters
    ----------
    plans : what each step reads and writes.
    effective : values the options really have.
    inputs : size and time of the products on disk, by path.
    files : size and time of the user's own files that options name, by option.
    mintpy_version : of the installed MintPy.

    Returns
    -------
    dict
        Step name to hexadecimal digest, for the steps that are not off. A step's digest covers its options and
        the digests of the steps whose files it reads, so that a change travels down to what depends on it.
    """
    digests: dict[str, str] = {}
    last_writer: dict[str, str] = {}
    for name, plan in plans.items():
        if plan.off is not None:
            continue
        content = {
            "step": name,
            "mintpy": mintpy_version,
            "options": {key: str(effective.get(key)) for key in plan.step.obeys},
            "files": {key: files[key] for key in plan.step.obeys if key in files},
            "writes": plan.writes,
            "upstream": sorted(
                {
                    digests[last_writer[file]]
                    for file in (*plan.reads, *plan.may_read, *plan.rewrites)
                    if file in last_writer
                }
            ),
            "inputs": dict(inputs) if name == "load_data" else None,
        }
        digests[name] = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
        for file in (*plan.writes, *plan.rewrites, *plan.may_write):
            last_writer[file] = name
    return digests


class Lock:
    """An exclusive lock on a work directory, held by the run's own process for as long as it lives.

    The operating system frees it when the process ends, however it ends, so a lock can't go stale.
    """

    def __init__(self, store: Store) -> None:
        self._path = store.folder / "lock"
        self._fd: int | None = None

    def acquire(self, run: str) -> None:
        """Take the lock or raise :class:`RunError` that says who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _flock(fd, patience=1.0):
            os.close(fd)
            holder = self.holder() or {}
            raise RunError(
                f"A run is already under way in {self._path.parent.parent} (process {holder.get('pid', 'unknown')} "
                f"on {holder.get('host', 'an unknown host')}). Wait for it, or cancel it first."
            )
        self._fd = fd
        os.ftruncate(fd, 0)
        about = {"host": socket.gethostname(), "pid": os.getpid(), "run": run, "since": time.time()}
        os.pwrite(fd, json.dumps(about).encode(), 0)

    def release(self) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def holder(self) -> dict[str, Any] | None:
        """Return host, pid, run and start time of the process that holds the lock, or None when it is free."""
        try:
            fd = os.open(self._path, os.O_RDWR)
        except (FileNotFoundError, PermissionError):
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content = os.pread(fd, 4096, 0)
        else:
            return None
        finally:
            os.close(fd)
        try:
            about = json.loads(content)
        except ValueError:
            return {}
        return about if isinstance(about, dict) else {}


def _flock(fd: int, patience: float) -> bool:
    """Lock exclusively; wait `patience` seconds, because a reader that asks for the holder locks for an instant."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True
