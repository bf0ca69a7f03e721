"""What is known on disk about a work directory: template in use, manifests of finished steps."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insar_widgets.errors import RunError
from insar_widgets.runner.content import describe, stamp
from insar_widgets.runner.events import EventLog
from insar_widgets.runner.lock import Lock
from insar_widgets.runner.steps import STEPS, StepPlan

__all__ = ["STARTED", "Lock", "Store", "digest_steps", "stamp", "sync", "writing_into"]

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
        """What the step consumed and made when it last completed, or None; also as earlier versions wrote it."""
        content = self.read_json(self.manifest_path(step))
        if content is None or "digest" not in content or not isinstance(content.get("outputs"), dict):
            return None
        return content | {"outputs": {file: _record(one) for file, one in content["outputs"].items()}}

    def write_manifest(self, step: str, content: Mapping[str, Any]) -> None:
        self.write_json(self.manifest_path(step), content)

    def drop_manifest(self, step: str) -> None:
        with suppress(FileNotFoundError):
            self.manifest_path(step).unlink()

    @property
    def spare_path(self) -> Path:
        """A file that a run gives up when the disk is full, to have room for its last events."""
        return self.folder / "spare"

    @property
    def run_path(self) -> Path:
        return self.folder / "run.json"

    @property
    def links(self) -> Path:
        """Folder of links to the products that load_data reads; there only meanwhile."""
        return self.folder / "inputs"

    @property
    def unfinished(self) -> Path:
        """Folder in which a step's files grow until it is complete."""
        return self.folder / "unfinished"

    @property
    def journal_path(self) -> Path:
        """What is under way; there only between beginning and end of a step, or after a kill."""
        return self.folder / "unfinished.json"

    @property
    def originals(self) -> Path:
        """Folder of files as they were before a step changed them in place."""
        return self.folder / "originals"

    @staticmethod
    def read_json(path: Path) -> dict[str, Any] | None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
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
            sync(path.parent)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise

    def records(self, patterns: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Size, time and content (see `describe`) of the files that match, by name relative to the work directory."""
        return {name: describe(self.work_dir / name) for name in self.stamps(patterns)}

    def stamps(self, patterns: Iterable[str]) -> dict[str, list[int]]:
        """Size and time of the files that match, by name relative to the work directory."""
        found = {}
        for pattern in patterns:
            for path in sorted(self.work_dir.glob(pattern)):
                if path.is_file():
                    found[path.relative_to(self.work_dir).as_posix()] = stamp(path)
        return found


def _record(one: Any) -> dict[str, Any]:
    """Record of a file; the first versions noted size and time only."""
    return one if isinstance(one, dict) else {"bytes": one[0], "time": one[1]}


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def writing_into(work_dir: Path) -> Iterator[None]:
    """Say in words why a work directory can't be written to."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = "Make room there and start again: what is finished is kept."
        else:
            remedy = "Make it writable, or choose another work directory."
        raise RunError(f"Nothing can be written into {work_dir} ({error.strerror}). {remedy}") from error


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
            "options": {key: str(effective.get(key)) for key in plan.obeys},
            "files": {key: files[key] for key in plan.obeys if key in files},
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
