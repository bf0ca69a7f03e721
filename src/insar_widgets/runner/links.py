"""MintPy writes an ``.rsc`` file beside every GeoTIFF it loads. Through links it does so in a folder of the run's."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from insar_widgets.runner.confined import refuse_products
from insar_widgets.runner.inputs import input_files

__all__ = ["link_inputs", "load_through_links"]

_GEOMETRY = {f"mintpy.load.{name}File" for name in ("dem", "incAngle", "azAngle", "waterMask", "shadowMask")}


def link_inputs(files: Mapping[str, Sequence[str]], folder: Path) -> dict[str, str]:
    """Make a folder of links to products and their metadata files.

    Parameters
    ----------
    files
        Products by load option, in MintPy's order.
    folder
        Where to; what it held is removed.

    Returns
    -------
    dict
        By option the pattern that finds the links, in the same order. A link has the name of its file and lies in
        a folder with the name of its file's, because MintPy reads dates from both.
    """
    shutil.rmtree(folder, ignore_errors=True)
    patterns = {}
    for option, names in files.items():
        place = folder / option.rpartition(".")[2]
        for number, name in enumerate(names):
            source = Path(name).absolute()
            beside = place / f"{number:05d}_{source.parent.name}"
            beside.mkdir(parents=True)
            (beside / (source.name if source.suffix == ".tif" else f"{source.name}.tif")).symlink_to(source)
            for about in _metadata(source.parent):
                if source.name.startswith(about.stem):
                    (beside / about.name).symlink_to(about)
        patterns[option] = f"{glob.escape(str(place))}/*/*.tif"
    return patterns


@cache
def _metadata(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.txt")))


def load_through_links(
    work_dir: Path, folder: Path, warn: Callable[[str], None], root: Path | None = None
) -> None:
    """Make MintPy's load_data read HyP3 products through links in `folder`; to be called once in a process.

    `root`: where the products have to lie, if anywhere.
    """
    import mintpy.load_data  # noqa: PLC0415 - takes seconds

    read = mintpy.load_data.read_inps2dict

    def read_and_link(inps: Any) -> dict[str, Any]:
        options: dict[str, Any] = read(inps)
        if options.get("processor") == "hyp3":
            try:
                files = input_files(options, work_dir)
                if root is not None:
                    refuse_products(files, root)
                # of the layers that are the same for all pairs MintPy loads the first only
                needed = {key: found[:1] if key in _GEOMETRY else found for key, found in files.items()}
                options |= link_inputs(needed, folder)
            except OSError as error:
                warn(
                    f"Links to the products can't be made in {folder} ({error.strerror}), so MintPy writes its .rsc "
                    "files beside the products."
                )
        return options

    mintpy.load_data.read_inps2dict = read_and_link
