"""Files in the system's cache of files, or not: systems empty it when they like, so nothing may be assumed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def cache(paths: Iterable[Path], *, keep: bool) -> None:
    """See to it that files are in the system's cache of files, or that they aren't."""
    room = bytearray(2**22)
    for path in paths:
        with path.open("rb", buffering=0) as file:
            if keep:
                while file.readinto(room):
                    pass
            elif hasattr(os, "posix_fadvise"):
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
