"""The colour tables that the browser draws with, for Python: the file both read is `colormaps.json`."""

from __future__ import annotations

import base64
import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["colormap_kind", "colormap_names", "colormap_table"]


@cache
def _tables() -> dict[str, dict[str, Any]]:
    text = resources.files("insar_widgets.widgets").joinpath("colormaps.json").read_text(encoding="utf-8")
    tables: dict[str, dict[str, Any]] = json.loads(text)
    return tables


def colormap_names() -> list[str]:
    """Names of all colormaps."""
    return list(_tables())


def colormap_kind(name: str) -> str:
    """What a colormap is for: "diverging", "cyclic", "sequential" or "classes"."""
    return str(_tables()[name]["kind"])


def colormap_table(name: str, reverse: bool = False) -> NDArray[np.uint8]:
    """The 256 colours of a colormap, sRGB, shape (256, 3)."""
    table = np.frombuffer(base64.b64decode(_tables()[name]["rgb"]), dtype=np.uint8).reshape(256, 3)
    return table[::-1] if reverse else table
