"""What the front end of the ConfigBuilder shows: options, what `auto` means here, findings, the file."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Stack
from insar_widgets.resources import cores
from insar_widgets.runner import STEPS, Option, Run, Template, options, presets
from insar_widgets.widgets._config_essentials import ESSENTIALS, label_of

__all__ = [
    "auto_hints",
    "finding_rows",
    "preview_lines",
    "schema",
    "shown",
    "stack_view",
    "stale_view",
    "written_values",
]

_MADE_OF = {
    "waterMask.h5": ("water_mask", "a water mask"),
    "maskConnComp.h5": ("conncomp", "connected components"),
}


def shown(text: str) -> str:
    """Text that can travel to the browser: bytes that are not UTF-8 become question marks."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def schema() -> dict[str, Any]:
    """Everything about options that does not depend on a template or stack.

    Raises
    ------
    MissingDependencyError
        MintPy is not installed.
    """
    known = options()
    keys = {option.key for option in known}
    numbers = {step.name: place for place, step in enumerate(STEPS, 1)}
    sections = list(dict.fromkeys(option.step for option in known))
    return {
        "options": [asdict(option) | {"label": label_of(option.key)} for option in known],
        "sections": [{"name": name, "number": numbers.get(name)} for name in sections],
        "essentials": [
            {"title": title, "keys": [key for key, _ in fields if key in keys]}
            for title, fields in ESSENTIALS
        ],
        "presets": [
            {"name": preset.name, "title": preset.title, "description": preset.description}
            for preset in presets().values()
        ],
        "mintpy": _version("mintpy"),
        "cores": cores(),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def stack_view(stack: Stack | None) -> dict[str, Any]:
    """Dates, pairs and outline of a stack."""
    if stack is None or not stack.products:
        return {"dates": [], "pairs": [], "ring": None, "relief": ""}
    grid = stack.grid or stack.products[0].grid
    return {
        "dates": list(stack.dates),
        "pairs": [pair.date12 for pair in stack.pairs],
        "ring": grid.polygon(),
        "relief": next((product.layers["dem"] for product in stack.products if "dem" in product.layers), ""),
    }


def auto_hints(stack: Stack | None) -> dict[str, str]:
    """What `auto` means for each option, with this stack."""
    return {option.key: _auto_here(option, stack) for option in options()}


def _auto_here(option: Option, stack: Stack | None) -> str:
    if option.auto in _MADE_OF and stack is not None and stack.products:
        layer, what = _MADE_OF[option.auto]
        if not all(layer in product.layers for product in stack.products):
            return f"no: this stack has no {what.partition(' ')[2] if what.startswith('a ') else what}"
        return option.auto
    if stack is not None and option.key == "mintpy.network.excludeDate":
        return f"none, all {len(stack.dates)} dates are inverted"
    if option.key == "mintpy.reference.lalo":
        return "a coherent pixel away from water, gaps and motion, chosen by rule when the step runs"
    if option.auto.startswith("${"):
        name = option.auto.strip("${}")
        return os.environ.get(name) or f"the work directory ({name} is not set)"
    return option.auto_help or option.auto or "not set"


def finding_rows(findings: Iterable[Finding], template: Template) -> list[dict[str, Any]]:
    """Findings with what one click can do about each."""
    return [
        {
            "severity": finding.severity,
            "code": finding.code,
            "message": shown(finding.message),
            "remedy": shown(finding.remedy),
            "products": list(finding.products),
            "mended_by_prepare": finding.mended_by_prepare,
            "key": finding.key,
            "fixes": _fixes(finding, template),
        }
        for finding in findings
    ]


_NAMED = re.compile(r"\b(?:Write|choose|Set) (mintpy\.[\w.]+) = ([\w+]+(?: or [\w+]+)*)\.?$")
_VALUE = re.compile(r"\b[Ww]rite ([\w.,+-]+?)\.$")
_MEANT = re.compile(r"^Did you mean ([\w.]+)\?$")


def _fixes(finding: Finding, template: Template) -> list[dict[str, Any]]:
    """Read off the remedy, whose sentence stays the one place that says what helps."""
    key, remedy = finding.key, finding.remedy
    if finding.code == "other-files":
        return [{"label": "Load the stack's files", "use_stack": True}]
    if found := _NAMED.search(remedy):
        words = [value for value in found[2].split(" or ") if template.get(found[1]) != value]
        return [{"label": f"Set to {value}", "values": {found[1]: value}} for value in words]
    fixes: list[dict[str, Any]] = []
    if key not in template:
        pass
    elif found := _MEANT.match(remedy):
        fixes.append({"label": f"Rename to {found[1]}", "values": {key: None, found[1]: template[key]}})
    elif found := _VALUE.search(remedy):
        fixes.append({"label": f"Set to {found[1]}", "values": {key: found[1]}})
    elif "emove" in remedy:
        fixes.append({"label": "Remove", "values": {key: None}})
    return fixes


_OPTION = re.compile(r"^\s*([\w.]+)\s*=")


def preview_lines(text: str, before: str | None) -> list[list[str]]:
    """Lines of a file with what changed against an earlier one: [mark, text, option] with mark "", "+" or "-"."""
    new = shown(text).splitlines()
    if before is None:
        return [_line("", line) for line in new]
    old = shown(before).splitlines()
    lines: list[list[str]] = []
    for tag, a0, a1, b0, b1 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [_line("", line) for line in new[b0:b1]]
        else:
            lines += [_line("-", line) for line in old[a0:a1]]
            lines += [_line("+", line) for line in new[b0:b1]]
    return lines


def _line(mark: str, text: str) -> list[str]:
    option = _OPTION.match(text)
    return [mark, text, option[1] if option else ""]


def stale_view(folder: Path | None, template: Template) -> dict[str, Any]:
    """Which steps of a run in `folder` this template makes stale, keeps or adds; empty without a run."""
    if folder is None or not (folder / ".insar_widgets").is_dir():
        return {}
    try:
        status = Run(folder, template).status()
    except (InsarWidgetsError, OSError, ValueError) as error:
        return {"problem": f"Which steps become stale cannot be told: {error}"}
    by_state: dict[str, list[str]] = {}
    for step in status:
        by_state.setdefault(step.state, []).append(step.name)
    running = "running" in by_state
    return {
        "stale": by_state.get("stale", []),
        "kept": by_state.get("completed", []),
        "new": by_state.get("pending", []),
        "running": running,
        "problem": "",
    }


def written_values(template: Template) -> dict[str, str]:
    """Values as they stand in the template, fit to travel."""
    return {shown(key): shown(value) for key, value in template.items()}
