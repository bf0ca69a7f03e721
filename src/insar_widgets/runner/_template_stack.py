"""The template that loads a stack of HyP3 products."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from insar_widgets.errors import TemplateError
from insar_widgets.resources import cores
from insar_widgets.runner._template_text import to_text
from insar_widgets.runner.options import section_of, sections

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack

__all__ = ["lines_for_stack", "wise_workers"]

# MintPy reads these of every product, ...
_OF_PAIRS = {
    "mintpy.load.unwFile": "unw_phase",
    "mintpy.load.corFile": "corr",
    "mintpy.load.connCompFile": "conncomp",
}
# ... and these of the first that has them.
_OF_STACK = {
    "mintpy.load.demFile": "dem",
    "mintpy.load.incAngleFile": "lv_theta",
    "mintpy.load.azAngleFile": "lv_phi",
    "mintpy.load.waterMaskFile": "water_mask",
}
# Asking for every core is what fails for users: workers, the scheduler and the notebook share them.
_SHARE_OF_CORES = 2 / 3

_COMMENTS = {
    "mintpy.troposphericDelay.method": (
        "# MintPy's default is pyaps, which needs the internet and an account of the Climate Data Store.",
        "# To correct with ERA5: set up the account, then write pyaps here.",
    ),
    "mintpy.compute.cluster": ("# As many workers as suit the cores that this process may use.",),
    "mintpy.save.kmz": (
        "# MintPy stretches a UTM image between two corners, kilometres off on a full frame, and takes 3 GB for it.",
    ),
    "mintpy.plot": ("# Figures come from the widgets and exports; yes adds MintPy's own in the folder pic.",),
}


def wise_workers() -> int:
    """Number of workers that suits the cores this process may use; 1 means no parallel computing."""
    return max(int(cores() * _SHARE_OF_CORES), 1)


def lines_for_stack(stack: Stack, given: Collection[str]) -> Iterator[str]:
    """Lines that load ``stack``; options in ``given`` go without our comment."""
    values: dict[str, object] = {}
    if (workers := wise_workers()) > 1:
        values |= {"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": workers}
    values |= {"mintpy.load.processor": "hyp3", **_load(stack)}
    values |= {"mintpy.troposphericDelay.method": "no", "mintpy.save.kmz": "no", "mintpy.plot": "no"}
    for section in sections():
        keys = [key for key in values if section_of(key) == section]
        if keys:
            yield f"\n########## {section}\n"
        for key in keys:
            if key not in given:
                yield from (f"{comment}\n" for comment in _COMMENTS.get(key, ()))
            yield f"{key} = {to_text(key, values[key])}\n"


def _load(stack: Stack) -> dict[str, object]:
    folder = str(Path(stack.root).resolve())
    _refuse_unholdable(folder)
    if not stack.products:
        raise TemplateError(f"The stack in {folder} has no products; choose a folder with HyP3 products.")
    values: dict[str, object] = {}
    for key, layer in (_OF_PAIRS | _OF_STACK).items():
        having = [product.layers[layer] for product in stack.products if layer in product.layers]
        complete = len(having) == len(stack.products)
        if layer == "conncomp" and not complete:
            continue
        if having:
            values[key] = _pattern(folder, having, layer, all_of_them=key in _OF_PAIRS)
    return values


def _pattern(folder: str, files: Collection[str], layer: str, *, all_of_them: bool) -> str:
    """A pattern that finds these files and, where it matters, no others."""
    suffixes = {Path(file).name.rpartition(f"_{layer}")[2] for file in files}
    wanted = {os.path.realpath(file) for file in files}
    for suffix in sorted(suffixes):
        pattern = str(Path(glob.escape(folder)) / "*" / f"*_{layer}{suffix}")
        found = {os.path.realpath(file) for file in glob.glob(pattern)}  # noqa: PTH207 - as MintPy does
        if found == wanted or (not all_of_them and found & wanted):
            return pattern
    raise TemplateError(
        f"MintPy finds products by one pattern, and {folder}/*/*_{layer}*.tif does not find exactly the "
        f"{len(files)} products of this stack (zipped, nested or left-out products?); "
        "call stack.prepare(out_dir) and use the stack it returns."
    )


def _refuse_unholdable(folder: str) -> None:
    expanded = os.path.expandvars(folder)
    if expanded != folder:
        raise TemplateError(
            f"MintPy would read the $ in the folder name {folder} as an environment variable "
            f"and look in {expanded}; rename the folder."
        )
    if "#" in folder or not folder.isprintable():
        raise TemplateError(
            f"The folder name {folder!r} has a character (# or a control character) that MintPy's "
            "template cannot hold; rename the folder."
        )
