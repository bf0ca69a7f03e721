"""What is wrong with a template, as far as it can be told before a run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from insar_widgets.findings import Finding, worst_first
from insar_widgets.runner import _template_check_data, _template_check_machine
from insar_widgets.runner._template_context import Check, Context, finding
from insar_widgets.runner._template_effective import existing_lines
from insar_widgets.runner._template_ignored import ignored_because
from insar_widgets.runner._template_text import Line, values_of
from insar_widgets.runner._template_values import problem_with
from insar_widgets.runner.options import sensor_of

__all__ = ["find_all"]


def find_all(context: Context) -> list[Finding]:
    """Everything there is to say about a template, worst first."""
    return worst_first(found for check in _CHECKS for found in check(context))


def _text(context: Context) -> Iterator[Finding]:
    text = "".join(line.text for line in context.lines)
    if re.search("[\udc80-\udcff]", text):
        yield finding(
            "error",
            "template-encoding",
            "",
            "The template is not UTF-8 text, and MintPy stops at the first character that it cannot read.",
            "Save the file as UTF-8, or take the accents out of its comments.",
        )
    seen: set[str] = set()
    for line in context.lines:
        if line.key.startswith("\ufeff"):
            yield finding(
                "warning",
                "byte-order-mark",
                line.key[1:],
                f"{line.key[1:]} stands behind a byte order mark, so MintPy overlooks it.",
                "Put a comment line before it, or save the file as UTF-8 without a byte order mark.",
            )
        if line.key in seen:
            yield finding(
                "warning",
                "option-twice",
                line.key,
                f"{line.key} is there more than once; MintPy takes the last: {values_of(context.lines)[line.key]}.",
                "Remove all but one of the lines.",
            )
        if line.key:
            seen.add(line.key)
        elif empty := re.match(r"\s*(mintpy\.[\w.]+)\s*=\s*(?:#|$)", line.text):
            yield finding(
                "warning",
                "option-without-value",
                empty[1],
                f"{empty[1]} has no value, so MintPy overlooks the line and keeps what it had before.",
                "Write auto for MintPy's default, or remove the line.",
            )


def _names(context: Context) -> Iterator[Finding]:
    for key in context.written:
        if not key.lower().startswith("mintpy.") or key in context.known:
            continue
        lower = {known.lower(): known for known in context.known}
        close = difflib.get_close_matches(key.lower(), lower, n=1, cutoff=0.8)
        remedy = f"Did you mean {lower[close[0]]}?" if close else "Check the name, or remove the line."
        yield finding(
            "warning",
            "unknown-option",
            key,
            f"The installed MintPy has no option {key} and ignores it.",
            remedy,
        )


def _kinds(context: Context) -> Iterator[Finding]:
    for key, value in context.written.items():
        option = context.known.get(key)
        if option is None or not (problem := problem_with(option, value)):
            continue
        remedy = f"MintPy takes: {option.accepts}." if option.accepts else "See MintPy's documentation."
        if option.auto_help:
            remedy += f" The default, auto, stands for {option.auto_help}."
        yield finding("error", "option-value", key, f"{key} = {value} {problem}.", remedy)


def _ignored(context: Context) -> Iterator[Finding]:
    for key in context.written:
        if context.is_set(key) and key in context.known and (why := ignored_because(key, context.values)):
            yield finding(
                why.severity,
                "ignored-option",
                key,
                f"{key} = {context.written[key]} has no effect, because {why.because}.",
                why.remedy,
            )


def _kept(context: Context) -> Iterator[Finding]:
    """Values of earlier runs that stay in force, and those that MintPy fails to replace."""
    if context.work_dir is None:
        return
    for line in existing_lines(context.work_dir):
        if line.key not in context.known:
            continue
        if line.key not in context.written and line.value != "auto":
            yield finding(
                "warning",
                "kept-value",
                line.key,
                f"{line.key} is no longer in the template, but {context.work_dir / 'smallbaselineApp.cfg'} keeps "
                f"it at {line.value}.",
                "Use template.for_work_dir(work_dir), which resets it, or write it as auto.",
            )
        new = context.written.get(line.key, line.value)
        if new != line.value and not _mintpy_can_replace(line, new):
            yield finding(
                "error",
                "irreplaceable-value",
                line.key,
                f"MintPy fails to replace the old value {line.value} of {line.key} in "
                f"{context.work_dir / 'smallbaselineApp.cfg'}, because of a special character in it.",
                "Delete that file; MintPy writes it anew from your template.",
            )


def _mintpy_can_replace(line: Line, new: str) -> bool:
    """Whether MintPy's search for the old value finds it: it takes some characters for a regular expression."""
    pattern = re.sub(r"([*\[\]()+])", r"\\\1", line.value)
    try:
        found = re.findall(rf"=[\s]*{pattern}", line.text)
    except re.error:
        return False
    return (
        bool(found)
        and Line.of(line.text.replace(found[0], found[0].replace(line.value, new), 1)).value == new
    )


def _project_name(context: Context) -> Iterator[Finding]:
    if context.name and (sensor := sensor_of(context.name)) not in ("", "Sen"):
        yield finding(
            "warning",
            "project-name-sensor",
            "",
            f"MintPy takes {sensor!r} in the project name {context.name!r} for the name of the satellite, and "
            "notes a wrong platform in every product.",
            f"Call the template {context.name.lower()}.txt.",
        )


_CHECKS: tuple[Check, ...] = (
    _text,
    _names,
    _kinds,
    _ignored,
    _kept,
    _project_name,
    *_template_check_data.CHECKS,
    *_template_check_machine.CHECKS,
)
