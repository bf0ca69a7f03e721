"""Folders a user may look into: completion, listing, recent ones, and a root that cannot be left."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from platformdirs import user_state_path

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.files import write_text
from insar_widgets.hyp3.names import looks_like_product
from insar_widgets.widgets._work_dir import is_work_dir

__all__ = ["Entry", "Folders", "Recent"]

Kind = Literal["folder", "products", "work_dir", "zip"]

MAX_ENTRIES = 500
_PEEK = 200
_KEPT = 8


@dataclass(frozen=True)
class Entry:
    """One line of a listing: its name, the path to open it by, what it is, and how many products it shows."""

    name: str
    path: str
    kind: Kind
    products: int = 0


class Folders:
    """The part of the file system a widget may show.

    Parameters
    ----------
    root
        Folder that cannot be left, neither by `..` nor by links; None shows everything the user may read.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root).expanduser().resolve() if root is not None else None
        if self.root is not None and not self.root.is_dir():
            raise InsarWidgetsError(f"There is no folder {self.root}. Give an existing folder as root.")

    def resolve(self, text: str | Path) -> Path:
        """Return the real path that `text` names, links and `..` resolved; it need not exist.

        Raises
        ------
        InsarWidgetsError
            It lies outside the root, or cannot be a path.
        """
        try:
            path = Path(text).expanduser()
            if not path.is_absolute():
                path = (self.root or Path.cwd()) / path
            path = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise InsarWidgetsError(f"{text} cannot be used as a path. Type another one.") from error
        if self.root is not None and not path.is_relative_to(self.root):
            raise InsarWidgetsError(f"{text} is outside {self.root}. Choose a folder inside it.")
        return path

    def contains(self, path: Path) -> bool:
        """Whether `path`, with links resolved, may be shown."""
        return self.root is None or path.resolve().is_relative_to(self.root)

    def home(self) -> Path:
        """Folder to begin browsing in."""
        return self.root or Path.cwd()

    def complete(self, text: str, limit: int = 50) -> list[Entry]:
        """List folders and zips whose path begins with `text`, written the way the user writes it."""
        head, _, stem = text.rpartition("/")
        typed = f"{head}/" if "/" in text else ""
        if text == "~":
            typed, stem = "~/", ""
        folder = self.resolve(typed or ".")
        names = (
            entry
            for entry in self._visible(folder)
            if entry.name.lower().startswith(stem.lower()) and (stem.startswith(".") or entry.name[0] != ".")
        )
        return [self._describe(entry, typed + entry.name) for entry in itertools.islice(names, limit)]

    def listing(self, path: Path) -> list[Entry]:
        """List what can be opened in a folder: sub-folders and zips, by name, hidden ones left out."""
        entries = [entry for entry in self._visible(path) if not entry.name.startswith(".")]
        return [self._describe(entry, entry.path) for entry in entries[:MAX_ENTRIES]]

    def parent(self, path: Path) -> Path | None:
        """Return the folder above, None at the root."""
        above = path.parent
        return above if above != path and self.contains(above) else None

    def _visible(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = [entry for entry in entries if _can_open(entry)]
        except FileNotFoundError as error:
            raise InsarWidgetsError(f"There is no folder {folder}. Check its name.") from error
        except NotADirectoryError as error:
            raise InsarWidgetsError(f"{folder} is a file. Choose a folder.") from error
        if self.root is not None:
            found = [entry for entry in found if self.contains(Path(entry.path))]
        return sorted(found, key=lambda entry: entry.name.lower())

    def _describe(self, entry: os.DirEntry[str], path: str) -> Entry:
        if not entry.is_dir():
            return Entry(entry.name, path, "zip", int(looks_like_product(entry.name)))
        if is_work_dir(Path(entry.path)):
            return Entry(entry.name, path, "work_dir")
        count = _products_in(entry.path)
        return Entry(entry.name, path, "products" if count else "folder", count)


def _can_open(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() or entry.name.lower().endswith(".zip")
    except OSError:
        return False


def _products_in(folder: str) -> int:
    """Count what looks like a product among the first entries of a folder."""
    try:
        with os.scandir(folder) as entries:
            first = list(itertools.islice(entries, _PEEK))
        return sum(
            looks_like_product(entry.name) and (entry.is_dir() or entry.name.lower().endswith(".zip"))
            for entry in first
        )
    except OSError:
        return 0


class Recent:
    """Folders opened lately, in a file of the user's state folder and never in the notebook."""

    _lock = threading.Lock()

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_state_path("insar_widgets", appauthor=False) / "recent.json"

    def paths(self, folders: Folders) -> list[str]:
        """List the recent folders that still exist and may be shown, newest first."""
        return [text for text in self._read() if folders.contains(Path(text)) and Path(text).exists()]

    def add(self, path: Path) -> None:
        """Put a folder first; a state folder that cannot be written is no reason to fail."""
        with self._lock:
            text = str(path)
            kept = [text, *(other for other in self._read() if other != text)][:_KEPT]
            try:
                self._write(kept)
            except OSError:
                return

    def _read(self) -> list[str]:
        try:
            value = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []

    def _write(self, paths: Iterable[str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._file, json.dumps(list(paths), indent=1))
