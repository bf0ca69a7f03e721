"""The log of a step, line by line: however large it is, only what is asked for is in memory."""

from __future__ import annotations

import os
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["LogLines", "StepLog", "kind_of_line"]

_BLOCK = 1 << 16
_LONGEST = 1 << 14  # bytes of one line that are looked at
_SHOWN = 2000  # characters of one line that are shown
_FINGERPRINT = 64
_MOST_FOUND = 20_000
_ANSI = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = dict.fromkeys([*range(9), *range(10, 32), 127])
_WARNING = re.compile(r"\bwarn(?:ing|ings)?\b|\w+Warning\b", re.IGNORECASE)
_ERROR = re.compile(r"^\s*(?:Traceback \(|[\w.]*(?:Error|Exception)\b)|\bERROR\b|\berror:|\brefused\b")


@dataclass(frozen=True)
class LogLines:
    """Some lines of a log.

    Attributes
    ----------
    start : number of the first of them, from 0.
    total : lines there are.
    size : bytes of the file.
    epoch : another number means another log: the step was run anew.
    lines : the text of each, progress bars reduced to their last state.
    """

    start: int
    total: int
    size: int
    epoch: int
    lines: tuple[str, ...]


def kind_of_line(text: str) -> str:
    """``"e"`` for an error, ``"w"`` for a warning, else empty."""
    if _ERROR.search(text):
        return "e"
    return "w" if _WARNING.search(text) else ""


class StepLog:
    """The log file of one step, which may grow, or be begun anew, while it is read.

    It keeps one mark for about every 64 KiB, so that any line is found by reading little; what was appended is
    counted once, from the byte where the last look ended.

    Parameters
    ----------
    path
        The file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._epoch = 0
        self._reset()

    def _reset(self) -> None:
        self._marks = [(0, 0)]  # number of a line, byte where it begins
        self._done = 0
        self._newlines = 0
        self._open_end = False
        self._tail = b""

    def look(self) -> tuple[int, int, int]:
        """Count what was appended since; return lines, bytes and epoch."""
        with self._lock:
            self._refresh()
            return self._total, self._done, self._epoch

    @property
    def _total(self) -> int:
        return self._newlines + self._open_end

    def _refresh(self) -> None:
        try:
            with self.path.open("rb") as file:
                self._count(file)
        except FileNotFoundError:
            if self._done:
                self._epoch += 1
                self._reset()

    def _count(self, file: BinaryIO) -> None:
        size = os.fstat(file.fileno()).st_size
        if self._done:
            file.seek(max(0, self._done - _FINGERPRINT))
            if size < self._done or file.read(len(self._tail)) != self._tail:
                self._epoch += 1
                self._reset()
        file.seek(self._done)
        while block := file.read(min(_BLOCK, size - self._done)):
            last = block.rfind(b"\n")
            if last >= 0:
                self._newlines += block.count(b"\n")
                begins = self._done + last + 1
                if begins - self._marks[-1][1] >= _BLOCK // 2:
                    self._marks.append((self._newlines, begins))
            self._open_end = last < len(block) - 1
            self._done += len(block)
        if self._done:
            file.seek(max(0, self._done - _FINGERPRINT))
            self._tail = file.read(min(_FINGERPRINT, self._done))

    def read(self, start: int, count: int) -> LogLines:
        """Return up to `count` lines from line `start` on; a negative start counts from the end."""
        with self._lock:
            self._refresh()
            total, size, epoch = self._total, self._done, self._epoch
            mark = self._mark(max(0, total + start) if start < 0 else min(start, total))
        first = max(0, total + start) if start < 0 else min(start, total)
        wanted = max(0, min(count, total - first))
        lines: list[str] = []
        if wanted:
            skip = first - mark[0]
            for number, raw in enumerate(self._raw(mark[1], size)):
                if number >= skip:
                    lines.append(_shown(raw))
                    if len(lines) == wanted:
                        break
        return LogLines(first, total, size, epoch, tuple(lines))

    def search(
        self, query: str, start: int = 0, check: Callable[[], None] = lambda: None
    ) -> tuple[list[int], int]:
        """Find lines that hold a text, whatever its case.

        Parameters
        ----------
        query : what to look for.
        start : first line to look at.
        check : called now and then; may raise to end the search.

        Returns
        -------
        tuple
            Numbers of the first 20 000 lines with it, and the number of lines looked through in all.
        """
        with self._lock:
            self._refresh()
            total, size = self._total, self._done
            number, offset = self._mark(min(start, total))
        needle = query.casefold()
        plain = needle.encode() if needle.isascii() else b""
        found: list[int] = []
        for chunk in self._chunks(offset, size):
            check()
            lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
            # most of a long log is passed over without looking at its lines
            if not plain or plain in chunk.lower():
                for place, raw in enumerate(chunk.split(b"\n")[:lines], number):
                    if place >= start and needle in _shown(raw).casefold():
                        found.append(place)
                        if len(found) >= _MOST_FOUND:
                            return found, total
            number += lines
        return found, total

    def text(self, most_bytes: int) -> tuple[str, int, int]:
        """Return the end of the log as text, the number of its first line, and how many lines there are."""
        total, size, _ = self.look()
        with self._lock:
            places = [mark for mark in self._marks if mark[1] >= size - most_bytes]
        first, offset = places[0] if size > most_bytes and places else (0, 0)
        lines = [_shown(raw) for raw in self._raw(offset, size)]
        return "\n".join(lines), first, total

    def _mark(self, line: int) -> tuple[int, int]:
        return self._marks[bisect_right(self._marks, (line, 1 << 62)) - 1]

    def _raw(self, offset: int, end: int) -> Iterator[bytes]:
        for chunk in self._chunks(offset, end):
            yield from chunk.removesuffix(b"\n").split(b"\n")

    def _chunks(self, offset: int, end: int) -> Iterator[bytes]:
        """Blocks of whole lines; the last may lack its end. Of an endless line only the newest part is kept."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(offset)
            rest = b""
            while block := file.read(min(_BLOCK, end - file.tell())):
                head, newline, tail = block.rpartition(b"\n")
                if newline:
                    yield rest + head + newline
                    rest = tail
                else:
                    rest = _shorten(rest + block)
            if rest:
                yield rest


def _shorten(line: bytes) -> bytes:
    if len(line) <= _LONGEST:
        return line
    newest = line.rfind(b"\r", 0, len(line) - 1)
    return line[newest + 1 :][:_LONGEST] if newest >= 0 else line[:_LONGEST]


def _shown(raw: bytes) -> str:
    """One line as a terminal would leave it: a progress bar that overwrites itself stays in its last state."""
    last = raw.rstrip(b"\r").rsplit(b"\r", 1)[-1][:_LONGEST]
    text = _ANSI.sub(b"", last).decode("utf-8", errors="replace").translate(_CONTROL)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
