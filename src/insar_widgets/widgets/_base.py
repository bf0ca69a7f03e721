"""What every widget of this package shares: its front end and its way of refusing."""

from __future__ import annotations

from importlib import resources
from typing import Any, ClassVar

import anywidget
import traitlets

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._hidden_paths import HiddenPaths, hidden_paths

_ASSETS = {"_esm", "_css"}


def read_asset(name: str) -> str:
    """Text of a built front-end file of the package.

    Raises
    ------
    InsarWidgetsError
        When the front end has not been built (a source checkout before its first build).
    """
    file = resources.files("insar_widgets").joinpath("static", name)
    if not file.is_file():
        raise InsarWidgetsError(
            f"The front end of insar_widgets is not built: {file} is missing. "
            "In a source checkout run `npm ci && npm run build`; otherwise install the package again."
        )
    return file.read_text(encoding="utf-8")


class Widget(anywidget.AnyWidget):
    """Base of the widgets: reads the bundle named by `_bundle` when the first instance is made."""

    _bundle: ClassVar[str]

    _esm = traitlets.Unicode(help="Front-end module.").tag(sync=True)
    _css = traitlets.Unicode(help="Front-end style sheet.").tag(sync=True)

    _hidden: HiddenPaths | None = None

    def __init__(self, *args: Any, **traits: Any) -> None:
        self._hidden = hidden_paths()
        super().__init__(*args, **traits)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """State for the page; see `ipywidgets.Widget.get_state`."""
        state = super().get_state(key, drop_defaults)
        if self._hidden is None:
            return state
        return {name: value if name in _ASSETS else self._hidden(value) for name, value in state.items()}

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the page; see `ipywidgets.Widget.send`."""
        super().send(content if self._hidden is None else self._hidden(content), buffers)

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return read_asset(f"{self._bundle}.js")

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return read_asset(f"{self._bundle}.css")
