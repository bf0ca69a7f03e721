"""Choose a stack of HyP3 products, see what is wrong with it, and prepare it."""

from __future__ import annotations

import traitlets

from insar_widgets.widgets._base import Widget


class StackPicker(Widget):
    """Choose, check and prepare a stack of HyP3 products."""

    _bundle = "stack-picker"

    path = traitlets.Unicode(help="Folder of products or work directory that is open.").tag(sync=True)

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        self.path = path or ""
