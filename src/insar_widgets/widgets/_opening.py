"""What a path or a value is that a workbench is to open, and the stage it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.hyp3 import Stack
from insar_widgets.resources import leave_alone
from insar_widgets.results import Results, open_results
from insar_widgets.runner import Run, Template
from insar_widgets.widgets._confine import confine_results
from insar_widgets.widgets._work_dir import is_work_dir

if TYPE_CHECKING:
    from insar_widgets.widgets._folders import Folders

__all__ = ["Opened", "Opener", "folder_of"]


@dataclass(frozen=True)
class Opened:
    """What was found, and the stage it belongs to.

    Attributes
    ----------
    stage
        Stage to go to.
    values
        Traits of the workbench to set, in this order; a trait that is not named stays as it is.
    products
        Folder in which products are to be looked for; empty for none.
    problem
        Why there are no results where there should be some.
    """

    stage: str
    values: dict[str, Any]
    products: str = ""
    problem: Exception | None = None


@dataclass(frozen=True)
class Opener:
    """Finds out what a source is, and opens it.

    Attributes
    ----------
    folders
        Folders that may be opened.
    confined
        Whether files in them that lead out of the root are refused as well.
    read_only
        Whether nothing is kept beside what is opened.
    """

    folders: Folders
    confined: bool = False
    read_only: bool = False

    def source(self, source: str | Path | Stack | Template | Run | Results) -> Opened:
        """Open whatever can be a source.

        Raises
        ------
        InsarWidgetsError
            It is nothing a workbench can open, or lies outside the root.
        """
        if isinstance(source, Results):
            return self._with(source)
        if isinstance(source, Stack):
            return Opened("template", {"stack": source})
        if isinstance(source, Template):
            return Opened("template", {"template": source})
        if isinstance(source, Run):
            found = self.work_dir(Path(source.work_dir))
            return replace(found, values={"run": source} | found.values)
        if not isinstance(source, str | Path):
            raise InsarWidgetsError(
                f"A workbench opens a path, a Stack, a Template, a Run or Results, not {source!r}."
            )
        path = self.folders.resolve(source)
        if is_work_dir(path) or _has_record(path):
            return self.work_dir(path)
        if self.read_only:
            raise InsarWidgetsError(
                f"{path} is no work directory. A read-only page needs one with results to look at."
            )
        return Opened("stack", {}, products=str(path))

    def work_dir(self, path: Path) -> Opened:
        """Open the results of a work directory; one that has none yet belongs to the stage *Run*.

        Raises
        ------
        InsarWidgetsError
            A file of it leads out of the root.
        """
        self.check(path)
        if self.read_only:
            leave_alone(path)
        try:
            return self._with(open_results(path))
        except (InsarWidgetsError, OSError) as error:
            problem = error if self.read_only or not _has_record(path) else None
            return Opened("run", {"work_dir": str(path), "results": None}, problem=problem)

    def check(self, work_dir: Path) -> None:
        """Refuse a work directory of which a file leads out of the root."""
        if self.confined:
            confine_results(work_dir, self.folders)

    def _with(self, results: Results) -> Opened:
        if self.read_only:
            leave_alone(results.work_dir)
        return Opened("map", {"work_dir": str(results.work_dir), "results": results})


def folder_of(source: Any) -> Path | None:
    """The folder that a source lies in, if it is there."""
    if isinstance(source, Results | Run):
        return Path(source.work_dir)
    path = Path(source).expanduser() if isinstance(source, str | Path) else None
    return path if path is not None and path.is_dir() else None


def _has_record(path: Path) -> bool:
    """Whether the package has run something there."""
    return (path / ".insar_widgets").is_dir()
