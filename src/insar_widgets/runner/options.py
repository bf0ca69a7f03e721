"""Every option of the installed MintPy, read from its own default template."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from insar_widgets.errors import MissingDependencyError, TemplateError
from insar_widgets.runner._option_kinds import Kind, kind_of
from insar_widgets.runner._step_names import SUMMARIES
from insar_widgets.runner._template_text import Line, parse, values_of

__all__ = ["Option", "defaults_folder", "options", "read_options", "section_of", "sections", "sensor_of"]

DEFAULT_NAME = "smallbaselineApp.cfg"
AUTO_NAME = "smallbaselineApp_auto.cfg"

_HEADING = re.compile(r"#{10}\s*(?:\d[\d.]*\s+)?(\w+)")
_COMMENT = re.compile(r"#\s*\[(?P<choices>[^\]]*)\](?P<rest>.*)|#(?P<plain>.*)")
_AUTO_FOR = re.compile(r"\s*,?\s*auto for (?P<auto>(?:\([^)]*\)|\[[^\]]*\]|[^,;(\[])*)[,;]?\s*(?P<help>.*)")


@dataclass(frozen=True)
class Option:
    """One option of MintPy's template.

    Attributes
    ----------
    key : full name, such as ``mintpy.network.tempBaseMax``.
    group : the second part of the name, such as ``network``.
    step : the step under which MintPy documents it; ``compute`` and ``plot`` belong to no step.
    kind : ``choice``, ``number``, ``integer``, ``numbers``, ``date``, ``dates``, ``pairs``, ``indices``,
        ``onsets``, ``file``, ``pattern``, ``folder``, ``coordinate``, ``box`` or ``free``.
    choices : the words it takes; for a kind other than ``choice`` those it takes besides (``no``, ``all``).
    default : value in MintPy's default template.
    auto : the value that ``auto`` becomes; empty if MintPy names none (the option is then not set).
    auto_help : what MintPy's comment says about ``auto``.
    help : what MintPy's comment says about the option.
    notes : the comment block above the option in MintPy's template.
    accepts : the comment's description of what may be written.
    minimum, maximum : range of a number, or None where it is open.
    exclusive : whether ``minimum`` itself is outside the range.
    unit : as MintPy's comment gives it; empty without one.
    """

    key: str
    group: str
    step: str
    kind: Kind
    choices: tuple[str, ...]
    default: str
    auto: str
    auto_help: str
    help: str
    notes: str
    accepts: str
    minimum: float | None
    maximum: float | None
    exclusive: bool
    unit: str


@lru_cache(maxsize=1)
def defaults_folder() -> Path:
    """Folder of the installed MintPy's default template, found without importing MintPy.

    Raises
    ------
    MissingDependencyError
        MintPy is not installed.
    """
    spec = importlib.util.find_spec("mintpy")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            'MintPy is not installed, so its options are unknown; pip install "insar-widgets[mintpy]"'
        )
    return Path(next(iter(spec.submodule_search_locations))) / "defaults"


@lru_cache(maxsize=1)
def _options() -> tuple[Option, ...]:
    return read_options(defaults_folder())


def options() -> list[Option]:
    """Every option of the installed MintPy, in the order of its default template.

    Raises
    ------
    MissingDependencyError
        MintPy is not installed.
    """
    return list(_options())


def read_options(folder: Path) -> tuple[Option, ...]:
    """The options that the template ``smallbaselineApp.cfg`` in a folder documents.

    Raises
    ------
    TemplateError
        The folder has no such template.
    """
    try:
        lines = parse((folder / DEFAULT_NAME).read_text(encoding="utf-8"))
        auto = values_of(parse((folder / AUTO_NAME).read_text(encoding="utf-8")))
    except OSError as error:
        raise TemplateError(
            f"MintPy's default template is not in {folder} ({error.strerror}); reinstall MintPy."
        ) from error
    found: list[Option] = []
    heading = ""
    notes: list[str] = []
    after_option = False
    for line in lines:
        if title := _HEADING.match(line.text):
            heading, notes = title[1], []
        elif line.key:
            found.append(_option(line, auto.get(line.key, ""), heading, notes))
        elif line.text.strip():
            notes = [*([] if after_option else notes), line.text.strip().lstrip("#").strip()]
        after_option = bool(line.key) or (after_option and not line.text.strip())
    return tuple(found)


def _option(line: Line, auto: str, heading: str, notes: list[str]) -> Option:
    key, value = line.key, line.value
    group = key.split(".")[1] if "." in key else ""
    comment = _COMMENT.search(line.text)
    accepts, rest = "", ""
    if comment:
        accepts, rest = (
            (comment["choices"] or "").strip(),
            (comment["rest"] or comment["plain"] or "").strip(),
        )
    auto_help, help_ = "", rest.lstrip(", ")
    if said := _AUTO_FOR.match(rest):
        auto_help, help_ = said["auto"].strip(), said["help"].strip()
    kind = kind_of(key, accepts, help_, auto)
    return Option(
        key=key,
        group=group,
        step=heading if heading in SUMMARIES else group,
        kind=kind.kind,
        choices=kind.choices,
        default=value,
        auto=auto,
        auto_help=auto_help,
        help=help_ if not kind.described else ", ".join(part for part in (_spaced(accepts), help_) if part),
        notes="\n".join(notes).strip(),
        accepts=accepts,
        minimum=kind.minimum,
        maximum=kind.maximum,
        exclusive=kind.exclusive,
        unit=kind.unit,
    )


def _spaced(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=1)
def _sections() -> dict[str, str]:
    return {option.key: option.step for option in _options()}


def sections() -> tuple[str, ...]:
    """Steps that have options, with ``compute`` first and ``plot`` last, in MintPy's order."""
    return tuple(dict.fromkeys(_sections().values()))


def section_of(key: str) -> str:
    """The step under which MintPy documents an option; ``other`` for one it doesn't know."""
    return _sections().get(key, "other")


@lru_cache(maxsize=1)
def _sensors() -> tuple[str, ...]:
    """Names of satellites by which MintPy tells the platform from a project's name."""
    source = defaults_folder().parent / "objects" / "sensor.py"
    text = source.read_text(encoding="utf-8") if source.is_file() else ""
    table = re.search(r"^SENSOR_NAME_VARIATION = \{(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return tuple(re.findall(r"^\s*'(\w+)'\s*:", table[1], re.MULTILINE)) if table else ()


def sensor_of(project: str) -> str:
    """The satellite for which MintPy will take a project's name ("Nicaragua" is "Ni", NISAR); empty if none."""
    return max((name.capitalize() for name in _sensors() if name.capitalize() in project), default="")
