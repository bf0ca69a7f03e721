"""What `root` means beyond the folders that a user chooses: files that a work directory or a template names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.runner import Template, options
from insar_widgets.widgets._folders import Folders

if TYPE_CHECKING:
    from insar_widgets.widgets.step_runner import StepRunner

__all__ = ["confine_results", "confine_run"]

_HOLD_FILES = ("*.h5", "inputs/*.h5", "geo/*.h5", ".insar_widgets/*")
_PATHS = ("file", "pattern", "folder")


def confine_results(work_dir: Path, folders: Folders) -> None:
    """Refuse a work directory in which a file is a link out of the root.

    Raises
    ------
    InsarWidgetsError
        With the name of the first such file.
    """
    if folders.root is None:
        return
    for pattern in _HOLD_FILES:
        for path in sorted(work_dir.glob(pattern)):
            if not folders.contains(path):
                raise InsarWidgetsError(
                    f"{path} is a link to a place outside {folders.root}, so {work_dir} is not opened. "
                    "Put the file itself there."
                )


def confine_run(runner: StepRunner, folders: Folders) -> None:
    """Let a page start only runs whose work directory and files lie inside the root."""

    def guard(kind: str, _payload: Any) -> None:
        if kind in ("start", "fix", "switch"):
            folders.resolve(runner.work_dir)
            if runner.template is not None:
                confine_template(runner.template, Path(runner.work_dir), folders)

    runner._requests.guard = guard


def confine_template(template: Template, work_dir: Path, folders: Folders) -> None:
    """Refuse a template that names a file or folder outside the root.

    Raises
    ------
    InsarWidgetsError
        With the option.
    """
    kinds = {option.key: option.kind for option in options()}
    for key, value in template.items():
        is_path = kinds.get(key) in _PATHS or (key not in kinds and "/" in value)
        if not is_path or value.lower() in ("auto", "no", "none", ""):
            continue
        for part in value.split():
            path = Path(part.replace("$HOME", "~")).expanduser()
            try:
                folders.resolve(_fixed_part(path if path.is_absolute() else work_dir / path))
            except InsarWidgetsError as error:
                raise InsarWidgetsError(f"{key} = {value}: {error}") from error


def _fixed_part(path: Path) -> Path:
    """The folder above the first part with a wildcard."""
    kept = Path(path.anchor)
    for part in path.parts[1:]:
        if any(sign in part for sign in "*?["):
            break
        kept /= part
    return kept
