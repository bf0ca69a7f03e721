"""The record that `Stack.prepare` keeps in the folder it writes, so that it can go on after any interruption.

`prepare.json` is written before the first raster, with the names of all files that will be made, and again at the
end. In between each finished file is a line in `prepare.journal`: a process that is killed loses at most that line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3._raster import write_bytes
from insar_widgets.hyp3._scan import MANIFEST

__all__ = ["Manifest", "left_out", "locked"]

_JOURNAL = MANIFEST.with_name("prepare.journal")
_LOCK = MANIFEST.with_name("prepare.lock")

Record = dict[str, Any]


@dataclass
class Manifest:
    """What was asked, what is planned and what is finished.

    Parameters
    ----------
    folder
        The prepared folder.
    request
        What was asked for, for the reader.
    planned
        Every file that may have been written, relative to the folder; only these are ever replaced or removed.
    files
        Finished file -> where its values come from (path, size, time of change, grid) and its own size and time.
    broken
        Product -> the file that could not be read (with its size and time) and the message.
    left_out
        Findings about products that were left out.
    """

    folder: Path
    request: Record = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)
    files: dict[str, Record] = field(default_factory=dict)
    broken: dict[str, Record] = field(default_factory=dict)
    left_out: list[Record] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the record of a folder; empty if there is none."""
        path = folder / MANIFEST
        manifest = cls(folder)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return manifest
        except (OSError, ValueError) as error:
            raise ProductError(
                f"{path} cannot be read ({error}). Remove the folder {folder} and prepare again."
            ) from error
        manifest.request = content.get("request", {})
        manifest.planned = set(content.get("planned", ()))
        manifest.files = dict(content.get("files", {}))
        manifest.broken = dict(content.get("broken", {}))
        manifest.left_out = list(content.get("left_out", ()))
        with suppress(FileNotFoundError):
            for line in (folder / _JOURNAL).read_text(encoding="utf-8").splitlines():
                # The last line of a killed process may be cut.
                with suppress(ValueError, KeyError, TypeError):
                    entry = json.loads(line)
                    manifest.files[entry["file"]] = entry["record"]
        return manifest

    def write(self) -> None:
        """Write the whole record; the journal is part of it then."""
        path = self.folder / MANIFEST
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "version": 1,
            "request": self.request,
            "planned": sorted(self.planned),
            "files": dict(sorted(self.files.items())),
            "broken": self.broken,
            "left_out": self.left_out,
        }
        text = json.dumps(content, indent=1)
        if (
            not (self.folder / _JOURNAL).exists()
            and path.is_file()
            and path.read_text(encoding="utf-8") == text
        ):
            return
        write_bytes(path, text.encode())
        (self.folder / _JOURNAL).unlink(missing_ok=True)

    @contextmanager
    def journal(self) -> Iterator[Any]:
        """Open the journal; call what it yields with a file's name and record once that is finished."""
        with (self.folder / _JOURNAL).open("a", encoding="utf-8") as file:

            def note(name: str, record: Record) -> None:
                self.files[name] = record
                file.write(json.dumps({"file": name, "record": record}) + "\n")
                file.flush()

            yield note

    def is_finished(self, name: str, source: Record) -> bool:
        """Whether a file holds what would be written now and was not touched since."""
        record = self.files.get(name)
        return record is not None and record["source"] == source and self.is_ours(name)

    def is_ours(self, name: str) -> bool:
        """Whether a file is as it was written, or was being written when the process was killed."""
        record = self.files.get(name)
        try:
            status = (self.folder / name).stat()
        except OSError:
            return False
        if record is None:
            return name in self.planned
        return bool(record["size"] == status.st_size and record["mtime_ns"] == status.st_mtime_ns)

    def as_findings(self) -> list[Finding]:
        """Return what was left out."""
        return [Finding(**{**entry, "products": tuple(entry["products"])}) for entry in self.left_out]


def left_out(folder: Path) -> list[Finding]:
    """Read what an earlier prepare left out; empty for a folder that was not prepared."""
    try:
        return Manifest.read(folder).as_findings()
    except (ProductError, TypeError, KeyError):
        return []


def as_record(finding: Finding) -> Record:
    """Return a finding as plain values."""
    return {**asdict(finding), "products": list(finding.products)}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process alone; the lock ends with the process, however that ends.

    Raises
    ------
    ProductError
        Another process prepares into the same folder.
    """
    path = folder / _LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            import fcntl  # noqa: PLC0415 - there is none on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProductError(
                f"{folder} is being prepared by another process. Wait until it has ended."
            ) from error
        except (ImportError, OSError):
            # A file system without locks: files are still written whole, merely twice.
            pass
        yield
