"""What the page of ``insar-widgets app`` shows. The command says so through the environment."""

from __future__ import annotations

import os
from pathlib import Path

from insar_widgets.confined import take_gdal_environment
from insar_widgets.widgets.workbench import Workbench

__all__ = ["workbench"]


def workbench() -> Workbench:
    """Make the workbench that the command asked for, in the folder it was called from."""
    root = os.environ.get("INSAR_WIDGETS_ROOT") or None
    if root is not None:
        take_gdal_environment()
    folder = Path(root or os.environ.get("INSAR_WIDGETS_FOLDER") or Path.home())
    if folder.is_dir():
        os.chdir(folder)
    return Workbench(
        os.environ.get("INSAR_WIDGETS_PATH") or None,
        root=root,
        read_only=os.environ.get("INSAR_WIDGETS_READ_ONLY") == "1",
    )
