"""The record that `Stack.prepare` keeps in the folder it writes."""

from __future__ import annotations

import json
from pathlib import Path

from insar_widgets.findings import Finding
from insar_widgets.hyp3._scan import MANIFEST

__all__ = ["left_out"]


def left_out(folder: Path) -> list[Finding]:
    """Read what an earlier prepare left out; empty for a folder that was not prepared."""
    try:
        entries = json.loads((folder / MANIFEST).read_text())["left_out"]
        return [Finding(**{**entry, "products": tuple(entry["products"])}) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError):
        return []
