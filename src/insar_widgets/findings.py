"""What a check found, in words a user can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Severity", "worst_first"]

Severity = Literal["error", "warning", "info"]
_RANK: dict[str, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Parameters
    ----------
    severity
        "error": the run would fail or be wrong; "warning": it may be; "info": worth knowing.
    code
        Stable kebab-case name of the kind of finding, for programs.
    message
        What was found, a sentence.
    products
        Names of the products concerned, empty when it concerns the whole.
    remedy
        What to do about it, a sentence.
    mended_by_prepare
        Whether `Stack.prepare` makes it go away.
    key
        The template option concerned, empty when it is about products.
    """

    severity: Severity
    code: str
    message: str
    products: tuple[str, ...] = ()
    remedy: str = ""
    mended_by_prepare: bool = False
    key: str = ""

    def __post_init__(self) -> None:
        """Refuse a severity nobody knows how to show."""
        if self.severity not in _RANK:
            raise ValueError(f"severity is {self.severity!r}; use one of {', '.join(_RANK)}")


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings: errors, then warnings, then infos; otherwise the order they came in."""
    return sorted(findings, key=lambda finding: _RANK[finding.severity])
