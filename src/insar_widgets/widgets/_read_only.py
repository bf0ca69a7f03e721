"""Widgets for a page whose visitors look but neither run nor write: refused in the kernel, not only hidden."""

from __future__ import annotations

from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._messages import Requests

__all__ = ["READ_ONLY", "refuse_writing"]

READ_ONLY = "This page is read-only: everything can be looked at, nothing is run or written."
# By widget, the requests of a page that only look; whatever is not named here is refused, also of widgets to come.
LOOKING = {
    "StackPicker": {"complete", "list", "recent", "hillshade", "set_area", "read_area", "preview_filter",
                    "apply_filter", "leave_out", "bring_back", "check", "cancel", "reopen"},
    "ConfigBuilder": {"schema", "search", "change", "preset", "use_stack", "list", "hillshade", "recheck"},
    "CdsCredentials": set(),
    "StepRunner": {"here", "leave", "log", "search", "text", "open", "refresh"},
    "RasterLayer": {"tiles"},
    "DisplacementMap": {"choose", "reference", "relief", "mask", "area", "reload", "changed"},
    "NetworkInspector": {"rules", "date", "pair", "reset", "closure"},
    "TimeSeriesInspector": {"data", "add", "csv", "steps", "table", "code", "text", "zoom"},
    "TransectInspector": {"data", "csv", "code", "line", "reverse", "clear", "add", "change", "remove", "file"},
    "GnssInspector": {"compare", "cancel", "state", "series", "csv", "code", "figure", "reference", "zoom"},
    "Exporter": {"cancel", "code", "download", "part"},
}  # fmt: skip


def refuse_writing(widget: Any) -> None:
    """Make a widget of this package answer every request of its page but those that only look with a refusal."""
    looking = LOOKING.get(type(widget).__name__, set())

    def guard(kind: str, _payload: Any) -> None:
        if kind not in looking:
            raise InsarWidgetsError(READ_ONLY)

    requests: Requests = widget._requests
    requests.guard = guard
    if widget.has_trait("read_only"):
        widget.read_only = True
