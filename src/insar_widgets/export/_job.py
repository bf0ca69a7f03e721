"""What every export shares: progress, cancelling, files that appear whole, and files that are there already."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insar_widgets.errors import CancelledError, ExportError

Progress = Callable[[float, str], None]
_STALE = 600.0
_LEFT = re.compile(r"\..+\.(\d+)\.[a-z0-9_]{8}\..+")
_COMPANIONS = (".aux.xml", "-journal", "-wal", "-shm")  # what GDAL and SQLite write beside a file


@dataclass
class Job:
    """Progress and cancelling of one call, and what it has to tell.

    Attributes
    ----------
    total : pieces of work, in any unit.
    notes : what was found there already, substituted or left out.
    """

    on_progress: Progress | None = None
    cancelled: threading.Event | None = None
    total: float = 1.0
    done: float = 0.0
    notes: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise `CancelledError` when the user does not want it any more."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise CancelledError(
                "Cancelled. Files that are complete were kept; the next call makes the rest."
            )

    def step(self, amount: float, words: str) -> None:
        """Tell that some of the work is done."""
        self.check()
        self.done += amount
        if self.on_progress:
            self.on_progress(min(1.0, self.done / self.total), words)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A temporary name in the target's folder that becomes the target when the block ends well.

    Raises
    ------
    ExportError
        The folder cannot be made or written, or the disk is full.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_up(target.parent)
        prefix = f".{target.stem}.{os.getpid()}."
        fd, name = tempfile.mkstemp(dir=target.parent, prefix=prefix, suffix=target.suffix)
        os.close(fd)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror}. Choose another folder.") from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        raise ExportError(
            f"{target} could not be written: {error.strerror or error}. Nothing is left under its name; "
            "make room or choose another folder, and export again."
        ) from error
    finally:
        for path in (temporary, *(temporary.with_name(temporary.name + tail) for tail in _COMPANIONS)):
            with suppress(FileNotFoundError):
                path.unlink()


def _clear_up(folder: Path) -> None:
    """Remove what a process that was killed left in a folder."""
    for path in folder.glob(".*.*.*"):
        left = _LEFT.fullmatch(path.name)
        with suppress(OSError):
            # another machine may be at work in the same folder: its files are younger
            if left and not _lives(int(left[1])) and time.time() - path.stat().st_mtime > _STALE:
                path.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def fingerprint(content: Mapping[str, Any]) -> str:
    """Short text that changes with anything a file's values follow from."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
