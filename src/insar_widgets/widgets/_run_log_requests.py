"""The logs of a work directory's steps, as a page asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.runner import STEPS
from insar_widgets.runner.state import Store
from insar_widgets.widgets._messages import Request
from insar_widgets.widgets._run_log import StepLog, kind_of_line

__all__ = ["StepLogs"]

_MOST_LINES = 1000
_MOST_COPIED = 4_000_000
_STEPS = {*(step.name for step in STEPS), "start", "plot"}


class StepLogs:
    """Answers requests for lines, searches and texts; what a log is counted to is kept for the next one.

    Parameters
    ----------
    work_dir
        Tells the work directory of the moment; may raise where there is none.
    """

    def __init__(self, work_dir: Callable[[], Path]) -> None:
        self._work_dir = work_dir
        self._logs: dict[Path, StepLog] = {}

    def of(self, step: str) -> StepLog:
        """The log of a step, or of what comes before ("start") and after them ("plot").

        Raises
        ------
        InsarWidgetsError
            There is no such step.
        """
        if step not in _STEPS:
            raise InsarWidgetsError(f"MintPy has no step {step!r}.")
        path = Store(self._work_dir()).log_path(step)
        return self._logs.setdefault(path, StepLog(path))

    def lines(self, request: Request) -> dict[str, Any]:
        """The lines from ``start`` on, at most ``count``, each with its kind."""
        asked = request.payload
        found = self.of(asked["step"]).read(int(asked["start"]), min(int(asked["count"]), _MOST_LINES))
        return {
            "start": found.start,
            "total": found.total,
            "size": found.size,
            "epoch": found.epoch,
            "lines": [[line, kind_of_line(line)] for line in found.lines],
        }

    def search(self, request: Request) -> dict[str, Any]:
        """Numbers of the lines from ``start`` on that hold the ``query``."""
        asked = request.payload
        lines, total = self.of(asked["step"]).search(asked["query"], int(asked["start"]), request.check)
        return {"lines": lines, "total": total}

    def text(self, request: Request) -> dict[str, Any]:
        """The whole log, or as much of its end as fits on a clipboard."""
        text, first, total = self.of(request.payload["step"]).text(_MOST_COPIED)
        return {"text": text, "first": first, "total": total}
