"""A run of a page that is confined to a folder: it reads nothing from outside, whatever its template names."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from insar_widgets.confined import (
    GDAL_SKIP,
    HDF5,
    PLAIN_FORMATS,
    is_plain,
    refuse_file,
    refuse_link,
    refuse_other_files,
    refuse_raster,
)
from insar_widgets.errors import InsarWidgetsError, RunError
from insar_widgets.runner._template_text import expand
from insar_widgets.runner.inputs import input_files
from insar_widgets.runner.options import options
from insar_widgets.runner.template import Template

__all__ = [
    "confine_process",
    "keep_to_geotiff",
    "refuse_outside",
    "refuse_products",
    "refuse_template",
    "refuse_work_dir",
]

_PATHS = ("file", "pattern", "folder")
_UNSET = ("auto", "yes", "no", "none", "true", "false", "")
_FOLDERS = (".insar_widgets", "inputs", "geo", "pic")
_HELD = ("*.h5", "*.cfg", "*.txt", "inputs/*", "geo/*.h5", ".insar_widgets/*")
_ABOUT = (".txt", ".rsc")
_GDAL_NAME = re.compile(r"(^|/)\w+:.*/")
_PROCESSOR = "mintpy.load.processor"
_AUTO_PATH = "mintpy.load.autoPath"


def refuse_outside(
    template: Mapping[str, str], effective: Mapping[str, Any], work_dir: Path, root: Path, *, loads: bool
) -> None:
    """Refuse a run that would read from outside the root.

    Parameters
    ----------
    template
        The options as written.
    effective
        The options as MintPy will take them.
    work_dir
        Where the run works.
    root
        The folder that is not to be left; links resolved.
    loads
        Whether products are to be loaded.

    Raises
    ------
    RunError
        With the file, and the option that names it.
    """
    try:
        refuse_link(work_dir, root)
        refuse_work_dir(work_dir, root)
        refuse_template(template, work_dir, root)
        refuse_template(
            {key: value for key, value in effective.items() if isinstance(value, str)}, work_dir, root
        )
        if loads:
            _refuse_other_processors(effective, root)
            refuse_products(input_files(effective, work_dir), root)
    except InsarWidgetsError as error:
        raise RunError(f"{error} Nothing was run.") from error


def refuse_work_dir(work_dir: Path, root: Path) -> None:
    """Refuse a work directory in which a file is a link out of the root, or reads from other files.

    Raises
    ------
    InsarWidgetsError
        With the name of the first such file.
    """
    for path in (*(work_dir / name for name in _FOLDERS), *_glob(work_dir, _HELD)):
        refuse_link(path, root)
        if path.suffix in HDF5:
            refuse_other_files(path, root)


def _glob(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(folder.glob(pattern))


def refuse_template(template: Mapping[str, str], work_dir: Path, root: Path) -> None:
    """Refuse a template that names a file or folder outside the root, or a file in it that reads from others.

    Raises
    ------
    InsarWidgetsError
        With the option.
    """
    kinds = {option.key: option.kind for option in options()}
    for key, value in expand(template).items():
        if value.lower() in _UNSET:
            continue
        for part in {value, *re.split(r"[\s,]+", value)}:
            if not part or (
                kinds.get(key) not in _PATHS and "/" not in part and not (work_dir / part).exists()
            ):
                continue  # no name of a file
            try:
                _refuse_named(work_dir / part, root)
            except InsarWidgetsError as error:
                raise InsarWidgetsError(f"{key} = {template[key]}: {error}") from error


def _refuse_named(path: Path, root: Path) -> None:
    """Refuse a file, folder or pattern; GDAL's own names, such as ``GTIFF_DIR:1:/elsewhere.tif``, are none."""
    if _GDAL_NAME.search(str(path)):
        raise InsarWidgetsError(f"{path} is no path of a file. Write the path itself, inside {root}.")
    fixed = _fixed_part(path)
    if not fixed.resolve().is_relative_to(root):
        raise InsarWidgetsError(f"{path} is outside {root}. Choose a folder inside it.")
    for name in [str(path)] if fixed == path else glob.iglob(str(path)):  # noqa: PTH207 - as MintPy does
        found = Path(name)
        refuse_file(found, root)
        if found.is_dir():
            for inside in _glob(found, ("*", "*/*")):
                if inside.is_symlink():
                    refuse_link(inside, root)


def _fixed_part(path: Path) -> Path:
    """The folder above the first part with a wildcard."""
    kept = Path(path.anchor)
    for part in path.parts[1:]:
        if any(sign in part for sign in "*?["):
            break
        kept /= part
    return kept


def _refuse_other_processors(effective: Mapping[str, Any], root: Path) -> None:
    processor, auto = effective.get(_PROCESSOR), effective.get(_AUTO_PATH) is True
    if processor == "hyp3" and not auto:
        return
    named = f"{_AUTO_PATH} = yes" if auto else f"{_PROCESSOR} = {processor}"
    raise InsarWidgetsError(
        f"{named}: only HyP3 products that the template names are loaded where pages are confined to {root}. "
        "Load others in a page that is not confined, and open the work directory here."
    )


def refuse_products(files: Mapping[str, list[str]], root: Path) -> None:
    """Refuse products, by load option, that lie outside the root, are neither GeoTIFF nor HDF5, or read from others.

    Raises
    ------
    RunError
        With the file, and the option that finds it.
    """
    for key, names in files.items():
        try:
            for path in map(Path, names):
                refuse_file(path, root)
                if not is_plain(path):
                    refuse_raster(path, root)
            for folder in {Path(name).parent for name in names}:
                for beside in folder.iterdir():
                    if beside.suffix in _ABOUT and beside.is_symlink():
                        refuse_link(beside, root)
        except InsarWidgetsError as error:
            raise RunError(f"{key}: {error}") from error


def confine_process(
    template_file: Path, effective: Mapping[str, Any], work_dir: Path, root: Path, *, loads: bool
) -> None:
    """Let this process, a run's, read nothing outside the root.

    What `refuse_outside` looks at was looked at before the process began, but a file may have been exchanged since.

    Raises
    ------
    RunError
        With the file, and the option that names it.
    """
    keep_to_geotiff()
    refuse_outside(Template.read(template_file), effective, work_dir, root, loads=loads)


def keep_to_geotiff() -> None:
    """Take every format but GeoTIFF from this process, in GDAL's own Python bindings too where they are installed.

    To be called in a run's process, whose environment has what `insar_widgets.confined.gdal_environment` says.

    Raises
    ------
    RunError
        If other formats can still be opened.
    """
    import rasterio  # noqa: PLC0415 - takes its time

    with rasterio.Env() as gdal:
        _refuse_formats(gdal.drivers())
    # the bindings may bring another GDAL, which would complain of each format that it does not know
    os.environ.pop(GDAL_SKIP, None)
    try:
        from osgeo import gdal as bindings  # noqa: PLC0415
    except ImportError:
        return
    with suppress(ImportError):  # built without numpy
        import osgeo.gdal_array  # noqa: F401, PLC0415 - later it would bring all formats back
    found = [bindings.GetDriver(number) for number in range(bindings.GetDriverCount())]
    os.environ[GDAL_SKIP] = ",".join(d.ShortName for d in found if d.ShortName not in PLAIN_FORMATS)
    bindings.AllRegister()
    left = {bindings.GetDriver(number).ShortName for number in range(bindings.GetDriverCount())}
    _refuse_formats(left)


def _refuse_formats(names: Iterable[str]) -> None:
    others = sorted(set(names) - set(PLAIN_FORMATS))
    if others:
        raise RunError(
            f"GDAL would open other rasters than GeoTIFFs here ({', '.join(others[:3])}), so nothing was run. "
            "Start the run with Run(..., root=...)."
        )
