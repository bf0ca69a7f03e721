"""What `root` means beyond the folders that a user chooses: files that a work directory or a template names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.confined import HDF5, refuse_other_files, refuse_raster
from insar_widgets.runner.confined import refuse_template, refuse_work_dir

if TYPE_CHECKING:
    from insar_widgets.widgets._folders import Folders
    from insar_widgets.widgets.step_runner import StepRunner

__all__ = ["confine_file", "confine_results", "confine_run"]


def confine_results(work_dir: Path, folders: Folders) -> None:
    """Refuse a work directory in which a file is a link out of the root, or reads from other files.

    Raises
    ------
    InsarWidgetsError
        With the name of the first such file.
    """
    if folders.root is not None:
        refuse_work_dir(work_dir, folders.root)


def confine_file(path: Path, folders: Folders) -> None:
    """Refuse a file or work directory that would read from other files than those in the root.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    if folders.root is None:
        return
    if path.is_dir():
        confine_results(path, folders)
    elif path.suffix in HDF5:
        refuse_other_files(path, folders.root)
        for folder in (path.parent, path.parent.parent):  # a layer is read with what lies beside it
            if folders.contains(folder):
                confine_results(folder, folders)
    else:
        refuse_raster(path, folders.root)


def confine_run(runner: StepRunner, folders: Folders) -> None:
    """Let a page start only runs whose work directory and files lie inside the root."""
    root = folders.root
    if root is None:
        return

    def confine(_change: Any = None) -> None:
        if runner.run is not None:
            runner.run.root = root

    def guard(kind: str, _payload: Any) -> None:
        confine()
        if kind in ("start", "fix", "switch"):
            folders.resolve(runner.work_dir)
            if runner.template is not None:
                refuse_template(runner.template, Path(runner.work_dir), root)

    runner.observe(confine, "run")
    confine()
    runner._requests.guard = guard
