"""On a page for visitors, paths of the server are told from the folder that is open, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

__all__ = ["HiddenPaths", "hidden_paths", "hiding"]

_NEW: ContextVar[HiddenPaths | None] = ContextVar("hidden_paths", default=None)


class HiddenPaths:
    """Takes what lies above a folder out of every text.

    Parameters
    ----------
    root : the folder that is open.

    Examples
    --------
    >>> hide = HiddenPaths(Path("/srv/insar"))
    >>> hide({"file": "/srv/insar/mexico/velocity.h5", "of": ["/srv/insar", 3]})
    {'file': 'mexico/velocity.h5', 'of': ['insar', 3]}
    """

    def __init__(self, root: Path) -> None:
        self._name = root.name or "/"
        inside = re.escape(str(root).rstrip("/"))
        self._inside = re.compile(rf"(?<![\w./]){inside}(?:/|(?![\w.-]))")
        tops = sorted(re.escape(entry.name) for entry in Path("/").iterdir() if entry.is_dir())
        self._elsewhere = re.compile(
            rf"(?<![\w./~*…:-])/(?:{'|'.join(tops)})/(?:[^\s'\"<>|,;:()\[\]{{}}]*/)?([^\s'\"<>|,;:()\[\]{{}}/]*)"
        )

    def __call__(self, value: Any) -> Any:
        """The value without those paths; lists and dicts are looked through."""
        if isinstance(value, str):
            return self._in_text(value) if "/" in value else value
        if isinstance(value, dict):
            return {key: self(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self(item) for item in value]
        return value

    def _in_text(self, text: str) -> str:
        def of_root(found: re.Match[str]) -> str:
            after = text[found.end() : found.end() + 1]
            more = found[0].endswith("/") and bool(after) and not (after.isspace() or after in "'\",;:)]")
            return "" if more else self._name

        inside = self._inside.sub(of_root, text)
        return self._elsewhere.sub(r"…/\1", inside)


@contextmanager
def hiding(paths: HiddenPaths | None) -> Iterator[None]:
    """Every widget that is made meanwhile hides these paths."""
    token = _NEW.set(paths)
    try:
        yield
    finally:
        _NEW.reset(token)


def hidden_paths() -> HiddenPaths | None:
    """What a widget that is made now has to hide."""
    return _NEW.get()
