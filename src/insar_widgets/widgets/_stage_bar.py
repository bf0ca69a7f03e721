"""The bar over the workbench: the path of stages, where the user stands on it, and what went wrong."""

from __future__ import annotations

from typing import Any

import traitlets

from insar_widgets.widgets._base import Widget

__all__ = ["StageBar", "TabBar"]


class _Bar(Widget):
    _bundle = "workbench"

    items: Any = traitlets.List(help="What can be chosen: name, title, and how it stands.").tag(sync=True)
    current = traitlets.Unicode(help="Name of what is chosen.").tag(sync=True)
    _kind = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("current")
    def _valid_current(self, proposal: Any) -> str:
        if self.items and proposal["value"] not in {item["name"] for item in self.items}:
            raise traitlets.TraitError(f"There is no stage {proposal['value']!r}.")
        return str(proposal["value"])


class StageBar(_Bar):
    """Stages as a path, each with a state in shape and word."""

    title = traitlets.Unicode(help="What is open.").tag(sync=True)
    subtitle = traitlets.Unicode(help="Where it lies.").tag(sync=True)
    next = traitlets.Unicode(help="Stage to go on to; empty if there is more to do here.").tag(sync=True)
    note = traitlets.Unicode(help="What holds for the whole page.").tag(sync=True)
    error: Any = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)

    @traitlets.default("_kind")
    def _stages(self) -> str:
        return "stages"


class TabBar(_Bar):
    """Inspectors of which one is seen."""

    @traitlets.default("_kind")
    def _tabs(self) -> str:
        return "tabs"
