"""What MintPy makes of a template: defaults, `auto`, and the corrections it applies on its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from insar_widgets.runner._template_text import Line, expand, parse, values_of
from insar_widgets.runner.options import defaults_folder

__all__ = ["DEFAULT_NAME", "corrected", "effective_values", "existing_lines", "existing_values", "read_text"]

# The file of this name in a work directory is MintPy's own; given as custom template it is ignored.
DEFAULT_NAME = "smallbaselineApp.cfg"
_AUTO_NAME = "smallbaselineApp_auto.cfg"
_CLUSTER = "mintpy.compute.cluster"
_WORKERS = "mintpy.compute.numWorker"
_GEOCODE = "mintpy.geocode"
_LOOSE = {
    **dict.fromkeys(("def", "default"), "auto"),
    **dict.fromkeys(("y", "on", "true"), "yes"),
    **dict.fromkeys(("n", "off", "false"), "no"),
}
_SPECIAL = {"yes": True, "true": True, "no": False, "false": False, "none": None}


def read_text(path: Path) -> str:
    """Text of a template; bytes that are not UTF-8 survive a round trip."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def existing_lines(work_dir: Path) -> tuple[Line, ...]:
    """Lines of ``WORK_DIR/smallbaselineApp.cfg``; none where there is no such file yet."""
    existing = work_dir / DEFAULT_NAME
    return parse(read_text(existing)) if existing.is_file() else ()


def existing_values(work_dir: Path) -> dict[str, str]:
    """What ``WORK_DIR/smallbaselineApp.cfg`` holds, as written; empty where there is none yet."""
    return values_of(existing_lines(work_dir))


def _read_as_mintpy(path: Path) -> dict[str, str]:
    return expand(values_of(parse(read_text(path))))


def corrected(custom: Mapping[str, str]) -> dict[str, str]:
    """A custom template's values after MintPy has put loose spellings right."""
    values = {key: _LOOSE.get(value, value) for key, value in custom.items()}
    for key in ("mintpy.deramp", "mintpy.troposphericDelay.method"):
        if key in values:
            values[key] = values[key].lower().replace("-", "_")
    if "processor" in values:
        values["mintpy.load.processor"] = values["processor"]
    return values


def effective_values(custom: Mapping[str, str], work_dir: Path | None = None) -> dict[str, Any]:
    """The options MintPy's steps will see.

    Follows ``TimeSeriesAnalysis._read_template`` and ``utils1.check_template_auto_value``: the default
    template (or the one already in ``work_dir``) with the values of ``custom``, ``auto`` resolved, ``yes``,
    ``no`` and ``none`` turned into True, False and None. ``custom`` holds values as written.
    """
    values = _read_as_mintpy(defaults_folder() / DEFAULT_NAME)
    if work_dir is not None and (existing := expand(existing_values(work_dir))):
        # MintPy starts from a fresh default when the existing file lacks a key, keeping the values it knows.
        lacking = values.keys() - existing.keys()
        values = {key: existing.get(key, value) for key, value in values.items()} if lacking else existing
    own = corrected(expand(custom))
    merged = {key: own.get(key, value).split("#")[0].strip() for key, value in values.items()}
    return _resolved(expand(merged))


def _resolved(values: Mapping[str, str]) -> dict[str, Any]:
    auto = _read_as_mintpy(defaults_folder() / _AUTO_NAME)
    cluster = values.get(_CLUSTER, "auto").lower()
    if cluster == "auto":
        cluster = auto[_CLUSTER]
    if cluster != "local":
        auto[_WORKERS] = "40"
    resolved: dict[str, Any] = {}
    for key, value in values.items():
        text = auto.get(key, value) if value == "auto" else value
        resolved[key] = _SPECIAL.get(text.lower(), text)
    if resolved.get(_GEOCODE) is False and any(
        resolved.get(key) is True for key in ("mintpy.save.hdfEos5", "mintpy.save.kmz")
    ):
        resolved[_GEOCODE] = True
    return resolved
