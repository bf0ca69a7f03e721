"""What `root` means beyond the folders that a user chooses: files that a work directory or a template names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.runner import Template, options
from insar_widgets.widgets._folders import Folders

if TYPE_CHECKING:
    from insar_widgets.widgets.step_runner import StepRunner

__all__ = ["confine_file", "confine_results", "confine_run"]

_HOLD_FILES = ("*.h5", "inputs/*.h5", "geo/*.h5", ".insar_widgets/*")
_PATHS = ("file", "pattern", "folder")
_HDF5 = (".h5", ".he5", ".hdf5", ".nc", ".nc4", ".cdf")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def confine_results(work_dir: Path, folders: Folders) -> None:
    """Refuse a work directory in which a file is a link out of the root, or reads from other files.

    Raises
    ------
    InsarWidgetsError
        With the name of the first such file.
    """
    if folders.root is None:
        return
    for pattern in _HOLD_FILES:
        for path in sorted(work_dir.glob(pattern)):
            if not folders.contains(path):
                raise InsarWidgetsError(
                    f"{path} is a link to a place outside {folders.root}, so {work_dir} is not opened. "
                    "Put the file itself there."
                )
            if path.suffix in _HDF5:
                _refuse_other_files(path, folders)


def confine_file(path: Path, folders: Folders) -> None:
    """Refuse a file or work directory that would read from other files than those in the root.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    if folders.root is None:
        return
    if path.is_dir():
        confine_results(path, folders)
    elif path.suffix in _HDF5:
        _refuse_other_files(path, folders)
        for folder in (path.parent, path.parent.parent):  # a layer is read with what lies beside it
            if folders.contains(folder):
                confine_results(folder, folders)
    else:
        with suppress(OSError), path.open("rb") as file:
            if file.read(4) not in _TIFF:  # a VRT, for one, is read from any place it names
                raise InsarWidgetsError(
                    f"{path} is no GeoTIFF, NetCDF or HDF5 file; others are not read where pages are confined to "
                    f"{folders.root}."
                )


def _refuse_other_files(path: Path, folders: Folders) -> None:
    with (
        suppress(OSError, RuntimeError),
        h5py.File(path, "r", locking=False) as file,
    ):  # damaged: reading it says so
        for name, other in _other_files(file):
            raise InsarWidgetsError(
                f"{path} holds {name!r} in another file, {other!r}, which is not followed where pages are confined to "
                f"{folders.root}. Put the values themselves into the file."
            )


def _other_files(file: Any) -> Iterator[tuple[str, str]]:
    """What an HDF5 file reads from others: external links, external storage and virtual datasets."""
    groups, seen = [file], set()
    while groups:
        group = groups.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield where, link.filename
            if not isinstance(link, h5py.HardLink):
                continue
            found = group[name]
            if isinstance(found, h5py.Dataset):
                sources = found.virtual_sources() if found.is_virtual else []
                yield from ((where, s.file_name) for s in sources if s.file_name != ".")
                yield from ((where, part[0]) for part in found.external or [])
            elif isinstance(found, h5py.Group) and (address := h5py.h5o.get_info(found.id).addr) not in seen:
                seen.add(address)
                groups.append(found)


def confine_run(runner: StepRunner, folders: Folders) -> None:
    """Let a page start only runs whose work directory and files lie inside the root."""

    def guard(kind: str, _payload: Any) -> None:
        if kind in ("start", "fix", "switch"):
            folders.resolve(runner.work_dir)
            if runner.template is not None:
                confine_template(runner.template, Path(runner.work_dir), folders)

    runner._requests.guard = guard


def confine_template(template: Template, work_dir: Path, folders: Folders) -> None:
    """Refuse a template that names a file or folder outside the root.

    Raises
    ------
    InsarWidgetsError
        With the option.
    """
    kinds = {option.key: option.kind for option in options()}
    for key, value in template.items():
        is_path = kinds.get(key) in _PATHS or (key not in kinds and "/" in value)
        if not is_path or value.lower() in ("auto", "no", "none", ""):
            continue
        for part in value.split():
            path = Path(part.replace("$HOME", "~")).expanduser()
            try:
                folders.resolve(_fixed_part(path if path.is_absolute() else work_dir / path))
            except InsarWidgetsError as error:
                raise InsarWidgetsError(f"{key} = {value}: {error}") from error


def _fixed_part(path: Path) -> Path:
    """The folder above the first part with a wildcard."""
    kept = Path(path.anchor)
    for part in path.parts[1:]:
        if any(sign in part for sign in "*?["):
            break
        kept /= part
    return kept
