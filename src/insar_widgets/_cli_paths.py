"""Arguments of the command that name places, looked at before anything is done."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from insar_widgets.errors import InsarWidgetsError

__all__ = ["a_folder", "a_path", "a_place", "a_port"]


def a_path(text: str) -> Path:
    """A path that can exist, be it there or not; ``~`` is replaced.

    Raises
    ------
    InsarWidgetsError
        If no file could have it.
    """
    if not text.strip():
        raise InsarWidgetsError("A path is empty. Give one; . is the folder you are in.")
    try:
        path = Path(text).expanduser()
        path.resolve()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error).partition(" from ")[0].rstrip(".")
        raise InsarWidgetsError(f"{text} cannot be used as a path ({why}). Give another one.") from error
    return path


def a_folder(text: str) -> Path:
    """A folder that is there and can be read.

    Raises
    ------
    InsarWidgetsError
        If it is not.
    """
    path = a_path(text)
    try:
        with os.scandir(path):
            return path
    except FileNotFoundError as error:
        raise InsarWidgetsError(f"There is no folder {path}. Check its name.") from error
    except NotADirectoryError as error:
        raise InsarWidgetsError(f"{path} is not a folder. Give the folder that MintPy works in.") from error
    except OSError as error:
        raise InsarWidgetsError(
            f"{path} cannot be read ({error.strerror}). Ask its owner for the right to."
        ) from error


def a_place(text: str) -> Path:
    """A folder that is there or can be made.

    Raises
    ------
    InsarWidgetsError
        If a file is in its way.
    """
    path = a_path(text)
    with suppress(PermissionError):  # writing there says so
        for part in (path, *path.parents):
            if part.is_file():
                raise InsarWidgetsError(f"{part} is a file, so {path} cannot be a folder. Name another one.")
    return path


def a_port(text: str) -> int:
    """A port that a server can listen at.

    Raises
    ------
    InsarWidgetsError
        If it is none.
    """
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise InsarWidgetsError(f"{text} is no port. Give a number from 1024 to 65535.")
    return int(text)
