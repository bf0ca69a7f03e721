"""Template files: finding one to open, and saving without writing over another's change."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.runner import Run, Template
from insar_widgets.widgets._folders import Folders

__all__ = ["listing", "overwrites", "read_template", "template_of", "text_of"]

_SUFFIXES = (".txt", ".cfg", ".template")
_LARGEST = 1_000_000
_MAX_ENTRIES = 500
# MintPy's own file in a work directory: every option with its comment.
OWN_FILE = "smallbaselineApp.cfg"


@dataclass(frozen=True)
class _Entry:
    name: str
    path: str
    kind: Literal["folder", "file"]


def listing(folders: Folders, folder: Path) -> dict[str, Any]:
    """Sub-folders and files that may be templates, by name."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: (not entry.is_dir(), entry.name.lower()))
    except FileNotFoundError as error:
        raise InsarWidgetsError(f"There is no folder {folder}. Check its name.") from error
    except NotADirectoryError as error:
        raise InsarWidgetsError(f"{folder} is a file. Choose a folder.") from error
    rows = [
        _Entry(entry.name, entry.path, "folder" if entry.is_dir() else "file")
        for entry in entries
        if not entry.name.startswith(".")
        and (entry.is_dir() or entry.name.lower().endswith(_SUFFIXES))
        and folders.contains(Path(entry.path))
    ]
    parent = folders.parent(folder)
    return {
        "path": str(folder),
        "parent": str(parent) if parent else None,
        "entries": [asdict(row) for row in rows[:_MAX_ENTRIES]],
    }


def read_template(path: Path) -> Template:
    """Read a template, or the one a work directory was run with.

    Raises
    ------
    InsarWidgetsError
        There is none, it is no text, or far too large for one.
    """
    if path.is_dir():
        template = template_of(path)
        if template is None:
            raise InsarWidgetsError(f"There is no template in {path}. Choose the file itself.")
        return template
    if path.is_file() and path.stat().st_size > _LARGEST:
        raise InsarWidgetsError(
            f"{path} is larger than 1 MB, so it is no MintPy template. Pick another file."
        )
    template = Template.read(path)
    written = [
        line for line in template.text.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    if written and not template:
        raise InsarWidgetsError(f"{path} holds no option, so it is no MintPy template. Pick another file.")
    return template


def template_of(work_dir: Path) -> Template | None:
    """The template that a work directory was run with, if any."""
    return Run(work_dir).template if work_dir.is_dir() else None


def text_of(path: Path) -> str | None:
    """Text of a template on disk, None without a readable one."""
    try:
        return Template.read(path).text
    except InsarWidgetsError:
        return None


def overwrites(path: Path, new: str, known: str | None) -> str:
    """Why saving would write over something nobody has seen here; empty if it would not.

    Parameters
    ----------
    new : text to be written.
    known : text that the file had when it was opened or saved here, None if it was not.
    """
    if not path.exists():
        return ""
    if path.is_dir():
        raise InsarWidgetsError(f"{path} is a folder. Add the name of the file.")
    now = text_of(path)
    if now is not None and now in (new, known):
        return ""
    if known is None:
        return f"{path.name} is there already and would be replaced."
    return f"{path.name} was changed by someone else since it was opened here; saving would undo that."
