"""What every widget of this package shares: its front end and its way of refusing."""

from __future__ import annotations

from importlib import resources
from typing import ClassVar

import anywidget
import traitlets

from insar_widgets.errors import InsarWidgetsError


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

    @traitlets.default("_esm")
    def _default_esm(self) -> str:
        return read_asset(f"{self._bundle}.js")

    @traitlets.default("_css")
    def _default_css(self) -> str:
        return read_asset(f"{self._bundle}.css")
