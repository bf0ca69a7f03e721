"""Events of a run: JSON lines that are only ever appended to, and readers that tolerate a torn last line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["SCHEMA_VERSION", "EventLog"]

SCHEMA_VERSION = 1


class EventLog:
    """The event log of one work directory.

    Each line is an object with ``v`` (schema version), ``time`` (seconds since 1970, UTC), ``run`` (id of the
    run) and ``event``: ``run-start``, ``step-start``, ``progress``, ``file``, ``warning``, ``step-end``,
    ``run-end``, ``cancel``. :meth:`read` adds ``seq``, the number of the line.

    Parameters
    ----------
    path
        The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, run: str, **fields: Any) -> None:
        """Append one event in a single write, so that two writers never mix their lines."""
        record = {"v": SCHEMA_VERSION, "time": round(time.time(), 3), "run": run, "event": event, **fields}
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torn = _ends_without_newline(self.path)
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(fd, (("\n" if torn else "") + line).encode())
        finally:
            os.close(fd)

    def read(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the events with ``seq >= since``; lines that are not whole are passed over."""
        return list(self._lines(since))

    def _lines(self, since: int) -> Iterator[dict[str, Any]]:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return
        for seq, line in enumerate(raw.split(b"\n")[since:], since):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "event" in record:
                yield {"seq": seq, **record}


def _ends_without_newline(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except (FileNotFoundError, OSError):
        return False
