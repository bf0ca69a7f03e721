"""A MintPy template as a value: read, changed, checked and written without losing a byte of the user's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from insar_widgets.errors import TemplateError
from insar_widgets.findings import Finding
from insar_widgets.runner._template_context import Context
from insar_widgets.runner._template_effective import (
    DEFAULT_NAME,
    effective_values,
    existing_values,
    read_text,
)
from insar_widgets.runner._template_text import Line, expand, insert, parse, to_text, values_of
from insar_widgets.runner.options import section_of, sections, sensor_of

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack

__all__ = ["Template"]

_HEADER = (
    "# MintPy template, written by insar_widgets.",
    "# Options that are not named here keep MintPy's default (auto).",
)


class Template(Mapping[str, str]):
    """The options of a MintPy run, as they stand in a template file.

    A mapping from option name to the value as written; options that are not in the file have MintPy's default
    and are not in the mapping (see `effective` for the value every option will really have). A template never
    changes: `with_options` and `without` return new ones, in which comments, unknown options, order, line
    ends and bytes that are not UTF-8 stay as they were.

    Examples
    --------
    >>> template = Template({"mintpy.network.tempBaseMax": 48})
    >>> template["mintpy.network.tempBaseMax"]
    '48'
    >>> print(template.with_options({"mintpy.deramp": "linear"}).text)
    # MintPy template, written by insar_widgets.
    # Options that are not named here keep MintPy's default (auto).
    <BLANKLINE>
    ########## modify_network
    mintpy.network.tempBaseMax = 48
    <BLANKLINE>
    ########## deramp
    mintpy.deramp = linear
    <BLANKLINE>
    """

    __slots__ = ("_lines", "_name", "_values")

    def __init__(self, options: Mapping[str, object] | None = None, *, name: str | None = None) -> None:
        """A new template that holds ``options`` below a short header."""
        made = self._of(tuple(Line(f"{text}\n") for text in _HEADER), name).with_options(options or {})
        self._lines: tuple[Line, ...] = made._lines
        self._values: dict[str, str] = made._values
        self._name = name

    @classmethod
    def _of(cls, lines: tuple[Line, ...], name: str | None) -> Self:
        made = cls.__new__(cls)
        made._lines = lines
        made._values = values_of(lines)
        made._name = name
        return made

    @classmethod
    def parse(cls, text: str, *, name: str | None = None) -> Self:
        """The template that a text holds."""
        return cls._of(parse(text), name)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """The template in a file; written again unchanged it is the same file, byte for byte.

        Raises
        ------
        TemplateError
            The file is missing, unreadable or no text.
        """
        source = Path(path)
        try:
            text = read_text(source)
        except OSError as error:
            raise TemplateError(
                f"The template {source} cannot be read ({error.strerror}); check its path."
            ) from error
        if "\0" in text:
            raise TemplateError(
                f"{source} is not a text file, so it is no MintPy template; pick another file."
            )
        return cls._of(parse(text), source.stem)

    @classmethod
    def for_stack(
        cls, stack: Stack, options: Mapping[str, object] | None = None, name: str | None = None
    ) -> Self:
        """The template that loads a stack, with further ``options`` on top.

        Beyond the paths it sets only what is wrong for most users by default: parallel computing by the cores
        this process may use, no tropospheric correction (MintPy's default needs the internet and a CDS
        account) and no figures. ``name`` is the project's name; by default that of the stack's folder.

        Raises
        ------
        TemplateError
            The stack's folder has a name that MintPy's template cannot hold.
        """
        from insar_widgets.runner._template_stack import lines_for_stack  # noqa: PLC0415

        given = dict(options or {})
        lines = [*(f"{text}\n" for text in _HEADER), *lines_for_stack(stack, given.keys())]
        project = name or Path(stack.root).resolve().name
        # MintPy takes capitals as in "Nicaragua" (NISAR) for the name of the satellite.
        safe = project if sensor_of(project) in ("", "Sen") else project.lower()
        return cls._of(parse("".join(lines)), safe).with_options(given)

    @property
    def name(self) -> str | None:
        """Name of the project: that of the file it was read from, or of the stack it was made for."""
        return self._name

    @property
    def text(self) -> str:
        """The template as it is written to a file."""
        return "".join(line.text for line in self._lines)

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Template) else super().__eq__(other)

    def __repr__(self) -> str:
        return f"Template(name={self._name!r}, {len(self)} options)"

    def set(self, key: str, value: object) -> Self:
        """The template with one option changed or added; see `with_options`."""
        return self.with_options({key: value})

    def with_options(self, options: Mapping[str, object]) -> Self:
        """The template with options changed in place, or added where MintPy's own template has them.

        Python values are written as MintPy writes them: ``True``, ``False``, ``None``, dates and sequences
        become ``yes``, ``no``, ``none``, ``YYYYMMDD`` and comma-separated lists.

        Raises
        ------
        TemplateError
            A name or value that MintPy's template cannot hold (a ``#``, a line break, nothing at all).
        """
        lines = self._lines
        for key, value in options.items():
            lines = _with_value(lines, key, to_text(key, value))
        return self._of(lines, self._name)

    def without(self, *keys: str) -> Self:
        """The template without the lines of these options; keys it doesn't hold are ignored.

        In a work directory that has run before, the old value stays in force: see `for_work_dir`.
        """
        return self._of(tuple(line for line in self._lines if line.key not in keys), self._name)

    def for_work_dir(self, work_dir: str | os.PathLike[str]) -> Self:
        """The template that gives in a used work directory what this one gives in a fresh one.

        MintPy merges a template into ``WORK_DIR/smallbaselineApp.cfg`` and never resets an option that has
        left the template. Such options are added as ``= auto``.
        """
        left = {
            key: "auto"
            for key, value in existing_values(Path(work_dir)).items()
            if value != "auto" and key not in expand(self._values)
        }
        return self.with_options(left)

    def effective(self, work_dir: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """The value every option will really have, as MintPy's steps see it.

        ``auto`` is resolved; ``yes``, ``no`` and ``none`` are True, False and None; everything else is text.
        With ``work_dir`` the values that its ``smallbaselineApp.cfg`` keeps are counted in.

        Raises
        ------
        MissingDependencyError
            MintPy is not installed.
        """
        return effective_values(self._values, None if work_dir is None else Path(work_dir))

    def validate(
        self, stack: Stack | None = None, work_dir: str | os.PathLike[str] | None = None
    ) -> list[Finding]:
        """What is wrong with the template, worst first; each finding names its option (``key``) and the remedy.

        Values of the wrong kind, choice or range; options the installed MintPy doesn't know or that have no effect
        as others are; what the machine lacks (cores, memory, packages, accounts, auxiliary data). With
        ``stack`` also dates, pairs, reference point and subset that do not fit it; with ``work_dir`` also
        values that an earlier run left there, and relative paths.

        Raises
        ------
        MissingDependencyError
            MintPy is not installed.
        """
        from insar_widgets.runner._template_check import find_all  # noqa: PLC0415 - brings rasterio

        folder = None if work_dir is None else Path(work_dir)
        return find_all(Context(self._lines, self._name, stack, folder))

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the template, at once or not at all; into a folder as ``<name>.txt``.

        Raises
        ------
        TemplateError
            The file would be called ``smallbaselineApp.cfg``, which MintPy ignores as a custom template.
        """
        target = Path(path)
        if target.is_dir():
            target = target / f"{self._name or 'project'}.txt"
        if target.name == DEFAULT_NAME:
            raise TemplateError(
                f"{target}: MintPy ignores a custom template of this name; call it PROJECT.txt instead."
            )
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.text.encode("utf-8", "surrogateescape"))
            _keep_mode(Path(temporary), target)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return target


def _keep_mode(temporary: Path, target: Path) -> None:
    """Give the new file the permissions of the old one, or those any new file has."""
    if target.exists():
        temporary.chmod(target.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _with_value(lines: tuple[Line, ...], key: str, value: str) -> tuple[Line, ...]:
    places = [index for index, line in enumerate(lines) if line.key == key]
    if places:
        at = places[-1]
        changed = lines[at] if lines[at].value == value else lines[at].with_value(value)
        return (*lines[:at], changed, *lines[at + 1 :])
    return _with_new(lines, key, f"{key} = {value}")


def _with_new(lines: tuple[Line, ...], key: str, text: str) -> tuple[Line, ...]:
    """Add an option beside those of its section, or a section in MintPy's order."""
    order = {name: place for place, name in enumerate(sections())}
    section = section_of(key)
    places = [(index, section_of(line.key)) for index, line in enumerate(lines) if line.key]
    same = [index for index, name in places if name == section]
    if same:
        return insert(lines, [text], same[-1] + 1)
    last = len(order)
    later = [index for index, name in places if order.get(name, last) > order.get(section, last)]
    earlier = [index for index, name in places if order.get(name, last) < order.get(section, last)]
    if later and not earlier:
        at = later[0]
        while at > 0 and lines[at - 1].text.strip():
            at -= 1
        if at > 0:
            return insert(lines, [f"########## {section}", text, ""], at)
    at = earlier[-1] + 1 if earlier and later else len(lines)
    return insert(lines, ["", f"########## {section}", text], at)
