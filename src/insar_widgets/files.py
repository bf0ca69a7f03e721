"""Writing under a temporary name, so that nothing half-written is found under the final one."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_text"]


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file as a whole or, where that fails, leave what was there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding=encoding)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
