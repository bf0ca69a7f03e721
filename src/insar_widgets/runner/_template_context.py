"""What the checks of a template look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.findings import Finding, Severity
from insar_widgets.runner._template_effective import corrected, effective_values
from insar_widgets.runner._template_text import Line, expand, values_of
from insar_widgets.runner._template_values import problem_with
from insar_widgets.runner.options import Option, options

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack

__all__ = ["Check", "Context", "finding"]


@dataclass(frozen=True)
class Context:
    """What a check looks at: the template's lines, the stack and the work directory it is meant for."""

    lines: tuple[Line, ...]
    name: str | None
    stack: Stack | None
    work_dir: Path | None

    @cached_property
    def written(self) -> dict[str, str]:
        """The template's own values, as MintPy has them after putting loose spellings right."""
        return corrected(expand(values_of(self.lines)))

    @cached_property
    def values(self) -> dict[str, Any]:
        """The value every option will have."""
        return effective_values(values_of(self.lines), self.work_dir)

    @cached_property
    def known(self) -> dict[str, Option]:
        """Options of the installed MintPy by key."""
        return {option.key: option for option in options()}

    def is_set(self, key: str) -> bool:
        """Whether the template gives this option a value of its own."""
        return self.written.get(key, "auto") != "auto"

    def is_valid(self, key: str) -> bool:
        """Whether an option's value can be understood, so that it makes sense to look closer."""
        value = self.written.get(key)
        return value is None or key not in self.known or not problem_with(self.known[key], value)

    def text(self, key: str) -> str:
        """An option's value as text; empty where it is off, not set or not understood."""
        value = self.values.get(key)
        return value if isinstance(value, str) and value != "auto" and self.is_valid(key) else ""

    def path(self, text: str) -> Path | None:
        """A path as MintPy sees it from the work directory; None if that is not known."""
        path = Path(text)
        return path if path.is_absolute() else None if self.work_dir is None else self.work_dir / path


Check = Callable[[Context], Iterator[Finding]]


def finding(severity: Severity, code: str, key: str, message: str, remedy: str) -> Finding:
    """A finding about an option."""
    return Finding(severity, code, message, remedy=remedy, key=key)
