"""What load_data is about to read: MintPy compares rows and columns only, so the rest is looked at here."""

from __future__ import annotations

import glob
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from insar_widgets.errors import ProductError, RunError
from insar_widgets.runner.content import stamp
from insar_widgets.runner.state import Store
from insar_widgets.runner.steps import StepPlan

__all__ = [
    "DELAY_FOLDERS",
    "folder_stamp",
    "input_files",
    "input_stamps",
    "loaded_files",
    "read_by",
    "refuse_mixed_grids",
]

DELAY_FOLDERS = ("mintpy.troposphericDelay.gacosDir",)
"""Options that name a folder of the user's own files, one a date."""
_UNSET = ("", "auto", "no", "none", "false")


def input_files(effective: Mapping[str, Any], work_dir: Path) -> dict[str, list[str]]:
    """Files that the load options find, by option, sorted; relative patterns start at the work directory."""
    found = {}
    for key, value in effective.items():
        if re.fullmatch(r"mintpy\.load\.\w+File", key) and str(value).lower() not in _UNSET:
            pattern = str(work_dir / Path(str(value)).expanduser())
            files = sorted(glob.glob(pattern))  # noqa: PTH207 - as MintPy does
            if files:
                found[key] = files
    return found


def input_stamps(files: Mapping[str, Iterable[str]]) -> dict[str, list[int]]:
    """Size and time of every input file, by path."""
    stamps = {}
    for names in files.values():
        for name in names:
            with suppress(FileNotFoundError):
                stamps[name] = stamp(Path(name))
    return stamps


def folder_stamp(folder: Path) -> list[int]:
    """Checksum of name, size and time of every file in a folder; nothing of one that is not there."""
    names = folder.iterdir() if folder.is_dir() else ()
    # MintPy leaves .rsc files beside GeoTIFFs
    found = [path for path in names if path.is_file() and path.suffix != ".rsc"]
    return [zlib.crc32(repr(sorted((path.name, stamp(path)) for path in found)).encode())]


def read_by(store: Store, plan: StepPlan, effective: Mapping[str, Any]) -> dict[str, list[int]]:
    """Size and time of every file a step is about to read, by path (products of steps: by name)."""
    if plan.step.name == "load_data":
        return input_stamps(input_files(effective, store.work_dir))
    return store.stamps([*plan.reads, *plan.may_read, *plan.rewrites])


def loaded_files(store: Store, effective: Mapping[str, Any]) -> list[str]:
    """The files that load_data read, by its record; else those that the load options find now."""
    known = (store.manifest("load_data") or {}).get("inputs")
    return list(known or itertools.chain.from_iterable(input_files(effective, store.work_dir).values()))


def refuse_mixed_grids(files: Mapping[str, list[str]]) -> None:
    """Make sure that all rasters lie on one grid, by their headers.

    Parameters
    ----------
    files : as `input_files` returns them, of HyP3 products.

    Raises
    ------
    RunError
        If a raster cannot be read, or has another projection, pixel size, corner or size than most.
    """
    from insar_widgets.hyp3 import read_grid  # noqa: PLC0415 - rasterio takes its time

    # of the layers that do not change from pair to pair MintPy reads the first only
    every = {"mintpy.load.unwFile", "mintpy.load.corFile", "mintpy.load.connCompFile"}
    names = [name for key, found in files.items() for name in (found if key in every else found[:1])]
    try:
        with ThreadPoolExecutor(8) as pool:
            grids = dict(zip(names, pool.map(read_grid, names), strict=True))
    except ProductError as error:
        raise RunError(f"{error} Nothing was run.") from error
    usual = Counter(grids.values()).most_common(1)[0][0] if grids else None
    odd = [name for name, grid in grids.items() if usual is not None and not grid.is_same(usual)]
    if not odd:
        return
    raise RunError(
        f"The products do not share one grid: {len(odd)} of {len(names)} rasters differ from the others in "
        f"projection, corner, pixel size or size, the first of them {Path(odd[0]).name}. MintPy compares rows and "
        "columns only and would stack them shifted. Bring them onto one grid first: stack.prepare(out_dir)."
    )
