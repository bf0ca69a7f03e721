"""Events of a run: JSON lines that are only ever appended to, and readers that tolerate a torn last line."""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["SCHEMA_VERSION", "EventLog"]

SCHEMA_VERSION = 1
_EVERY = 512  # lines between two places in the file that are remembered
_BLOCK = 1 << 16
_HEAD = 200  # bytes


@dataclass
class _Index:
    """Where lines begin in one log: a log of many hours is not read from its beginning again and again."""

    head: bytes  # how the log begins, with run and time: another log under the name is noticed
    size: int = 0
    offsets: list[int] = field(default_factory=lambda: [0])  # of lines 0, _EVERY, 2 * _EVERY, ...
    # what was asked for by kind before: number of the line up to which it is known, and the events
    known: dict[tuple[str, ...], tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)


_INDEXES: dict[Path, _Index] = {}
_INDEX_LOCK = threading.Lock()


class EventLog:
    """The event log of one work directory.

    Each line is an object with ``v`` (schema version), ``time`` (seconds since 1970, UTC), ``run`` (id of the
    run) and ``event``: ``run-start``, ``step-start``, ``progress``, ``resources``, ``file``, ``warning``,
    ``step-end``, ``run-end``, ``cancel``, ``died`` (killed, or broke down), ``takeover`` (of a stale lock),
    ``recovered`` (what a kill had left). :meth:`read` adds ``seq``, the number of the line.

    Parameters
    ----------
    path
        The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, event: str, run: str, **fields: Any) -> None:
        """Append one event in a single write, so that two writers never mix their lines.

        Raises
        ------
        OSError
            If the disk is full or can't be written to; readers pass over what was written of the line.
        """
        record = {"v": SCHEMA_VERSION, "time": round(time.time(), 3), "run": run, "event": event, **fields}
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torn = _ends_without_newline(self.path)
        fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            data = (("\n" if torn else "") + line).encode()
            if os.write(fd, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        finally:
            os.close(fd)

    def read(self, since: int = 0, kinds: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Return the events with ``seq >= since``, of these kinds only; lines that are not whole are passed over."""
        with _INDEX_LOCK:
            if kinds is not None:
                return [event for event in self._of_kinds(tuple(kinds)) if event["seq"] >= since]
            first, raw = self._from(since)
        lines = enumerate(raw.split(b"\n"), first)
        found = (_parse(line, seq) for seq, line in lines if seq >= since)
        return [event for event in found if event is not None]

    def _of_kinds(self, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
        """All events of these kinds; only what is new since the last time is read."""
        known = self._index().known
        until, events = known.get(kinds, (0, []))
        first, raw = self._from(until)
        whole = raw.rfind(b"\n") + 1
        for seq, line in _lines_of_kinds(raw[:whole], first, kinds):
            event = _parse(line, seq) if seq >= until else None
            if event is not None:
                events.append(event)
        end = first + raw.count(b"\n", 0, whole)
        known[kinds] = (end, events)
        torn = _parse(raw[whole:], end)
        return [*events, torn] if torn is not None and torn["event"] in kinds else events

    def end(self) -> int:
        """``seq`` that the next event will have."""
        with _INDEX_LOCK:
            first, raw = self._from(sys.maxsize)
        return first + raw.count(b"\n")

    def backwards(self, kinds: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the events of these kinds from the last to the first, reading no more than is asked for.

        They have no ``seq``.
        """
        wanted = None if kinds is None else _pattern(kinds)
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            end = file.seek(0, os.SEEK_END)
            rest = b""
            while end > 0:
                begin = max(0, end - _BLOCK)
                file.seek(begin)
                lines = (file.read(end - begin) + rest).split(b"\n")
                rest, end = lines[0] if begin else b"", begin
                for line in reversed(lines[1:] if begin else lines):
                    event = _parse(line) if wanted is None or wanted.search(line) else None
                    if event is not None:
                        yield event

    def _index(self) -> _Index:
        """What is known of the file that is there now."""
        try:
            with self.path.open("rb") as file:
                head, size = file.read(_HEAD), os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            head, size = b"", 0
        index = _INDEXES.get(self.path)
        if index is None or not head.startswith(index.head) or size < index.size:
            index = _INDEXES[self.path] = _Index(head)
        index.head, index.size = head, size
        return index

    def _from(self, since: int) -> tuple[int, bytes]:
        """Number of a line at or before `since`, and everything from there on; extends the index on the way."""
        index = self._index()
        start = min(max(0, since) // _EVERY, len(index.offsets) - 1)
        try:
            with self.path.open("rb") as file:
                file.seek(index.offsets[start])
                raw = file.read()
        except FileNotFoundError:
            return 0, b""
        known, place = len(index.offsets) - 1 - start, index.offsets[start]
        ends = (match.end() for match in re.finditer(b"\n", raw))
        for number, end in enumerate(ends, 1):
            if number % _EVERY == 0 and number // _EVERY > known:
                index.offsets.append(place + end)
        return start * _EVERY, raw


def _pattern(kinds: Iterable[str]) -> re.Pattern[bytes]:
    """Finds the lines of these kinds as `EventLog.append` writes them, far faster than parsing does."""
    return re.compile(rb'"event": "(?:' + b"|".join(re.escape(kind.encode()) for kind in kinds) + rb')"')


def _lines_of_kinds(raw: bytes, first: int, kinds: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    number, place = first, 0
    for match in _pattern(kinds).finditer(raw):
        begin = raw.rfind(b"\n", 0, match.start()) + 1
        end = raw.find(b"\n", match.end())
        number += raw.count(b"\n", place, begin)
        place = begin
        yield number, raw[begin : end if end >= 0 else len(raw)]


def _parse(line: bytes, seq: int | None = None) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or "event" not in record:
        return None
    return record if seq is None else {"seq": seq, **record}


def _ends_without_newline(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except (FileNotFoundError, OSError):
        return False
