"""What an option takes, told from MintPy's own comment beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Kind", "KindOf", "kind_of"]

Kind = Literal[
    "choice",
    "number",
    "integer",
    "numbers",
    "date",
    "dates",
    "pairs",
    "indices",
    "onsets",
    "file",
    "pattern",
    "folder",
    "coordinate",
    "box",
    "free",
]

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?"
_DATE = r"\d{8}(?:T\d{4,6})?"
_RANGE = re.compile(rf"({_NUMBER})-(inf|{_NUMBER})", re.I)
_BOUND = re.compile(rf"(int|float)(?:\s*(>=?)\s*({_NUMBER}))?", re.I)
_EXAMPLES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("pairs", re.compile(rf"{_DATE}_{_DATE}")),
    ("onsets", re.compile(rf"{_DATE},\d{{1,4}}(?:,\d+)*(?:;.*)?")),
    ("dates", re.compile(rf"{_DATE}(?:,{_DATE})+")),
    ("date", re.compile(_DATE)),
    ("indices", re.compile(r"\d+:\d+(?:,\d+)*")),
    ("box", re.compile(r"\w+:\w+,\w+:\w+")),
    ("box", re.compile(rf"{_NUMBER}(?:,{_NUMBER}){{3}}")),
    ("numbers", re.compile(r"list_of_float")),
    ("pattern", re.compile(r"path pattern of .*")),
    ("file", re.compile(r"path of (?!.*\bdir\b).*")),
    ("folder", re.compile(r"path of .*\bdir\b.*|path2directory")),
    ("file", re.compile(r"file ?name|\w+\.(?:h5|txt)|txtFile", re.I)),
)
_WORD = re.compile(r"[A-Za-z][\w+]*|\d+")
_COUNT = re.compile(r"\bnum(?:ber)? of\b")
_UNITS = {
    "in GB": "GB",
    "in days": "days",
    "in meter": "m",
    "in pixels": "pixels",
    "in decimal years": "years",
    "in degree": "degrees",
    "(DPI)": "dpi",
}


@dataclass(frozen=True)
class KindOf:
    """What an option takes, as `Option` says it; ``described``: the comment is prose, not choices."""

    kind: Kind
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False
    unit: str = ""
    described: bool = False


def kind_of(key: str, accepts: str, help_: str, auto: str) -> KindOf:
    """Tell the kind from the bracket of the comment (``accepts``), its help and the value of ``auto``."""
    parts = _parts(accepts)
    unit = next((unit for words, unit in _UNITS.items() if words in help_), "")
    words = _words(parts, auto)
    for part in parts:
        if number := _number(part, help_, auto):
            return KindOf(number.kind, words, number.minimum, number.maximum, number.exclusive, unit)
    kind = _by_example(key, parts)
    if kind == "coordinate":
        return KindOf(kind, words, unit="pixels" if key.endswith("yx") else "degrees")
    if kind == "box" and not unit:
        unit = "pixels" if "YX" in key.upper() else "degrees"
    if kind is not None:
        described = bool(parts) and parts[0].startswith("path ")
        return KindOf(kind, () if described else words, unit=unit, described=described)
    if parts and all(_WORD.fullmatch(part) for part in parts):
        return KindOf("choice", words, unit=unit)
    return KindOf("free", words, unit=unit)


def _parts(accepts: str) -> list[str]:
    """Alternatives of a bracket: by slashes, else by commas that part words."""
    if accepts.startswith("path "):
        return [accepts]
    if "/" in accepts:
        parts = accepts.split("/")
    elif re.search(r"[A-Za-z.]\s*,|,\s+\D", accepts) or re.search(r"-inf\s*,", accepts):
        parts = accepts.split(",")
    else:
        parts = [accepts]
    return [part.strip() for part in parts if part.strip()]


def _words(parts: list[str], auto: str) -> tuple[str, ...]:
    """Words that can be written as they stand; what ``auto`` becomes is one if the others are words."""
    words = [part for part in parts if _WORD.fullmatch(part) and not re.fullmatch(_DATE, part)]
    words = [
        word
        for word in words
        if word not in ("auto", "filename", "txtFile", "list_of_float", "path2directory")
    ]
    words = [word for word in words if not _BOUND.fullmatch(word)]
    if auto and words and _WORD.fullmatch(auto) and auto not in words and not auto.isdigit():
        words.append(auto)
    return tuple(words)


def _number(part: str, help_: str, auto: str) -> KindOf | None:
    if found := _BOUND.fullmatch(part):
        kind: Kind = "integer" if found[1].lower() == "int" else "number"
        return KindOf(kind, minimum=float(found[3]) if found[3] else None, exclusive=found[2] == ">")
    if found := _RANGE.fullmatch(part):
        whole = "." not in found[1] and (auto.isdigit() or bool(_COUNT.search(help_)))
        top = None if found[2].lower() == "inf" else float(found[2])
        return KindOf("integer" if whole else "number", minimum=float(found[1]), maximum=top)
    return None


def _by_example(key: str, parts: list[str]) -> Kind | None:
    """Kind of the examples that MintPy gives; dates win over the file that may hold them."""
    kinds = [kind for part in parts for kind, pattern in _EXAMPLES if pattern.fullmatch(part)]
    for kind in ("onsets", "pairs", "dates", "date"):
        if kind in kinds:
            # Some comments give one date as the example of a list.
            return "dates" if kind == "date" and "exclude" in key.lower() else kind
    if kinds:
        return kinds[0]
    if any(re.fullmatch(rf"{_NUMBER},{_NUMBER}", part) for part in parts):
        return "numbers" if "step" in key.lower() else "coordinate"
    return None
