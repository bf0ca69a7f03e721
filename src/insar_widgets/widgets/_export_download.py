"""Files as one zip, made while it is sent."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from insar_widgets.errors import CancelledError, ExportError

__all__ = ["zip_parts"]

_PART = 4 * 2**20
_COMPRESSED = {".csv", ".geojson", ".html", ".json", ".txt", ".py", ".ipynb", ".qml", ".svg", ".he5"}


class _Sink(io.RawIOBase):
    """What a zip is written into and taken from."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        block = bytes(memoryview(content))  # type: ignore[arg-type]
        self.held += block
        return len(block)

    def take(self) -> bytes:
        content = bytes(self.held)
        self.held.clear()
        return content


def zip_parts(
    folder: Path, paths: Sequence[Path], cancelled: threading.Event | None = None
) -> Iterator[bytes]:
    """The bytes of a zip, a few megabytes at a time; it is nowhere as a whole.

    Parameters
    ----------
    folder
        What names in the zip are relative to.
    paths
        Files below it.

    Raises
    ------
    ExportError
        A file is gone or cannot be read.
    CancelledError
        If `cancelled` was set.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", allowZip64=True) as archive:
        for path in paths:
            name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
            try:
                about = zipfile.ZipInfo.from_file(path, name)
                about.compress_type = (
                    zipfile.ZIP_DEFLATED if path.suffix in _COMPRESSED else zipfile.ZIP_STORED
                )
                with path.open("rb") as source, archive.open(about, "w", force_zip64=True) as target:
                    while block := source.read(2**20):
                        if cancelled is not None and cancelled.is_set():
                            raise CancelledError("Cancelled.")
                        target.write(block)
                        if len(sink.held) >= _PART:
                            yield sink.take()
            except OSError as error:
                raise ExportError(
                    f"{path} cannot be read: {error.strerror}. Export it again, then download."
                ) from error
    yield sink.take()
