"""The workbench as a page of its own, served by Voilà on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from insar_widgets.confined import gdal_environment
from insar_widgets.errors import InsarWidgetsError

__all__ = ["command_and_environment"]

_HERE = Path(__file__).parent


def command_and_environment(
    path: Path | None = None,
    *,
    port: int = 8866,
    root: Path | None = None,
    read_only: bool = False,
    theme: Literal["light", "dark"] = "light",
    browser: bool = True,
) -> tuple[list[str], dict[str, str]]:
    """How to start Voilà for the workbench: the command, and the environment it wants.

    Raises
    ------
    InsarWidgetsError
        A folder does not exist, lies outside the root, or a read-only page has nothing to show.
    """
    environment = {**os.environ, "INSAR_WIDGETS_FOLDER": str(Path.cwd())}
    for name in ("PATH", "ROOT", "READ_ONLY"):
        environment.pop(f"INSAR_WIDGETS_{name}", None)
    if root is not None:
        root = root.expanduser().resolve()
        if not root.is_dir():
            raise InsarWidgetsError(f"There is no folder {root}. Give an existing folder as --root.")
        environment["INSAR_WIDGETS_ROOT"] = str(root)
        environment |= gdal_environment(environment)  # GDAL tells files by content, and some name any other
    if path is not None:
        path = path.expanduser().resolve()
        if not path.is_dir():
            raise InsarWidgetsError(
                f"There is no folder {path}. Give a MintPy work directory or a folder of products."
            )
        if root is not None and not path.is_relative_to(root):
            raise InsarWidgetsError(f"{path} is outside {root}. Give a folder inside it, or another --root.")
        environment["INSAR_WIDGETS_PATH"] = str(path)
    if read_only:
        if path is None:
            raise InsarWidgetsError("A read-only page needs a work directory to look at: give its path.")
        environment["INSAR_WIDGETS_READ_ONLY"] = "1"
    # The template comes from here, ahead of what the user has.
    known = environment.get("JUPYTER_PATH", "")
    environment["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(_HERE / "jupyter"), known)))
    command = [
        sys.executable,
        "-m",
        "voila",
        str(_HERE / "page.ipynb"),
        f"--port={port}",
        f"--theme={theme}",
        "--template=insar_widgets",
        "--progressive_rendering=True",
        # made for Notebook alone; Voilà cannot load it and says so on the page's console
        "--VoilaConfiguration.extension_denylist=['@jupyter-notebook/lab-extension']",
        "--show_tracebacks=False",
        *([] if browser else ["--no-browser"]),
    ]
    return command, environment
