"""The template that loads a stack of HyP3 products."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from insar_widgets.errors import TemplateError
from insar_widgets.runner._template_text import to_text
from insar_widgets.runner.options import section_of, sections

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack

__all__ = ["lines_for_stack"]

_LAYERS = {
    "mintpy.load.unwFile": "unw_phase",
    "mintpy.load.corFile": "corr",
    "mintpy.load.connCompFile": "conncomp",
    "mintpy.load.demFile": "dem",
    "mintpy.load.incAngleFile": "lv_theta",
    "mintpy.load.azAngleFile": "lv_phi",
    "mintpy.load.waterMaskFile": "water_mask",
}
_OPTIONAL = ("conncomp", "lv_phi", "water_mask")
# Asking for every core is what fails for users: workers, the scheduler and the notebook share them.
_SHARE_OF_CORES = 2 / 3

_COMMENTS = {
    "mintpy.troposphericDelay.method": (
        "# MintPy's default is pyaps, which needs the internet and an account of the Climate Data Store.",
        "# To correct with ERA5: set up the account, then write pyaps here.",
    ),
    "mintpy.compute.cluster": ("# As many workers as suit the cores that this process may use.",),
    "mintpy.plot": ("# Figures come from the widgets and exports; yes adds MintPy's own in the folder pic.",),
}


def lines_for_stack(stack: Stack, given: Collection[str]) -> Iterator[str]:
    """Text lines that load ``stack``; an option in ``given`` gets no comment of ours, its value follows later."""
    values = {
        **_compute(),
        **_load(Path(stack.root)),
        **{"mintpy.troposphericDelay.method": "no", "mintpy.plot": "no"},
    }
    for section in sections():
        keys = [key for key in values if section_of(key) == section]
        if keys:
            yield f"\n########## {section}\n"
        for key in keys:
            if key not in given:
                yield from (f"{comment}\n" for comment in _COMMENTS.get(key, ()))
            yield f"{key} = {to_text(key, values[key])}\n"


def _compute() -> dict[str, object]:
    usable = _cores()
    workers = max(int(usable * _SHARE_OF_CORES), 1)
    if workers < 2:
        return {}
    return {"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": workers}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load(root: Path) -> dict[str, object]:
    folder = str(root.resolve())
    _refuse_unholdable(folder)
    values: dict[str, object] = {"mintpy.load.processor": "hyp3"}
    for key, layer in _LAYERS.items():
        if layer in _OPTIONAL and not any(root.glob(f"*/*_{layer}.tif")):
            continue
        values[key] = str(Path(glob.escape(folder)) / "*" / f"*_{layer}.tif")
    return values


def _refuse_unholdable(folder: str) -> None:
    expanded = os.path.expandvars(folder)
    if expanded != folder:
        raise TemplateError(
            f"MintPy would read the $ in the folder name {folder} as an environment variable "
            f"and look in {expanded}; rename the folder."
        )
    if "#" in folder or not folder.isprintable():
        raise TemplateError(
            f"The folder name {folder!r} has a character (# or a control character) that MintPy's template cannot "
            "hold; rename the folder."
        )
