"""Widgets for a page whose visitors look but neither run nor write: refused in the kernel, not only hidden."""

from __future__ import annotations

from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._messages import Requests

__all__ = ["READ_ONLY", "refuse_writing"]

READ_ONLY = "This page is read-only: everything can be looked at, nothing is run or written."
# By widget, the requests of a page that start something, write a file or load from a service.
_WRITES = {
    "StackPicker": {"prepare"},
    "ConfigBuilder": {"save", "open"},
    "CdsCredentials": {"check", "store_token", "store_login", "migrate"},
    "StepRunner": {"start", "cancel", "switch", "fix"},
    "DisplacementMap": {"template"},
    "NetworkInspector": {"write"},
    "GnssInspector": {"find", "own", "template"},
    "Exporter": {"export"},
}


def refuse_writing(widget: Any) -> None:
    """Make a widget of this package answer every request of its page that would write with a refusal."""
    refused = _WRITES.get(type(widget).__name__, set())

    def guard(kind: str, _payload: Any) -> None:
        if kind in refused:
            raise InsarWidgetsError(READ_ONLY)

    requests: Requests = widget._requests
    requests.guard = guard
    if widget.has_trait("read_only"):
        widget.read_only = True
