"""The text of a template: its lines, what MintPy reads in them, and changes that leave the rest alone."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from insar_widgets.errors import TemplateError

__all__ = ["Line", "expand", "insert", "newline_of", "parse", "to_text", "values_of"]

# MintPy reads with universal newlines; str.splitlines would also split at form feeds and the like.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_ASSIGNMENT = re.compile(
    r"(?P<head>\s*(?P<key>[^=]*?)\s*=[^\S\r\n]*)(?P<value>[^#\r\n]*?)(?P<tail>\s*(?:#.*)?)\Z", re.S
)
_COMMENT_MARKS = ("%", "#", "!")


@dataclass(frozen=True)
class Line:
    """One line of a template as it stands in the file, line end included.

    ``key`` is empty where MintPy finds no option: comments, headings, blank lines, options without a value.
    """

    text: str
    key: str = ""
    value: str = ""

    @classmethod
    def of(cls, text: str) -> Line:
        """The line as MintPy's ``readfile.read_template`` takes it, before it expands ``~`` and ``$``."""
        stripped = text.strip()
        if stripped.startswith(_COMMENT_MARKS) or "=" not in stripped:
            return cls(text)
        key, _, rest = stripped.partition("=")
        value = rest.split("#")[0].strip()
        return cls(text, key.strip(), value) if value and key.strip() else cls(text)

    def with_value(self, value: str) -> Line:
        """The same line, its spacing, comment and line end, with another value."""
        found = _ASSIGNMENT.match(self.text)
        if found is None:  # pragma: no cover - a line with a key always matches
            raise TemplateError(f"The line {self.text!r} holds no option; give the option a line of its own.")
        return Line.of(f"{found['head']}{value}{found['tail']}")


def parse(text: str) -> tuple[Line, ...]:
    """The lines of a template; joined again they are the same text."""
    return tuple(Line.of(found) for found in _LINE.findall(text))


def values_of(lines: Iterable[Line]) -> dict[str, str]:
    """Value of each key as written; of a key that stands twice MintPy takes the last."""
    return {line.key: line.value for line in lines if line.key}


def expand(values: Mapping[str, str]) -> dict[str, str]:
    """The values with ``~`` and environment variables replaced, as MintPy does; empty ones are dropped."""
    expanded = {key: os.path.expandvars(os.path.expanduser(value)) for key, value in values.items()}  # noqa: PTH111
    return {key: value for key, value in expanded.items() if value != ""}


def newline_of(lines: Iterable[Line]) -> str:
    """The line end that a file uses: that of its first line, else a line feed."""
    for line in lines:
        for end in ("\r\n", "\n", "\r"):
            if line.text.endswith(end):
                return end
    return "\n"


def to_text(key: str, value: object) -> str:
    """A Python value in the way a template writes it.

    ``True``, ``False`` and ``None`` become ``yes``, ``no`` and ``none``; dates ``YYYYMMDD``; sequences are
    joined by commas.

    Raises
    ------
    TemplateError
        The key or the value cannot stand in a template.
    """
    if not key or key != key.strip() or "=" in key or key.startswith(_COMMENT_MARKS) or not key.isprintable():
        raise TemplateError(
            f"{key!r} cannot be the name of an option; option names look like mintpy.network.startDate."
        )
    text = _plain(value)
    if not text:
        raise TemplateError(
            f"{key} has no value, and MintPy skips such options; write auto or no, or remove the option."
        )
    for mark, name in (
        ("#", "a # (MintPy reads the rest as a comment)"),
        ("\n", "a line break"),
        ("\r", "a line break"),
    ):
        if mark in text:
            raise TemplateError(
                f"The value of {key}, {text!r}, contains {name}, which MintPy's templates cannot hold; "
                "use a value, or a folder name, without it."
            )
    return text


def _plain(value: object) -> str:
    match value:
        case None | True | False:
            text = {None: "none", True: "yes", False: "no"}[value]
        case str():
            text = value.strip()
        case dt.date():
            text = value.strftime("%Y%m%d")
        case Path():
            text = str(value)
        case Iterable():
            text = ",".join(_plain(item) for item in value)
        case _:
            text = str(value)
    return text


def insert(lines: tuple[Line, ...], new: Iterable[str], at: int) -> tuple[Line, ...]:
    """Put lines before position ``at``, with the file's own line ends."""
    end = newline_of(lines)
    before = list(lines[:at])
    if before and not before[-1].text.endswith(("\n", "\r")):
        before[-1] = Line(before[-1].text + end, before[-1].key, before[-1].value)
    return (*before, *(Line.of(text + end) for text in new), *lines[at:])
