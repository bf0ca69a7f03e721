"""A place on the page in which one of several panels is seen, each made when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets

__all__ = ["Panels"]

_HIDDEN = "iw-wb-off"


class Panels(ipywidgets.Box):  # type: ignore[misc]  # ipywidgets publishes no types
    """Panels that stay once they are made, so that what is in them keeps its state.

    Parameters
    ----------
    makers
        What makes the widgets of each panel; what it raises reaches the caller of `show`, who may try again.
    kind
        CSS class of every panel, which has ``iw-wb-NAME`` besides.
    above
        Widgets that are seen whichever the panel.
    """

    children: Any

    def __init__(
        self, makers: Mapping[str, Callable[[], list[Any]]], kind: str, above: Sequence[Any] = ()
    ) -> None:
        self._makers, self._kind = makers, kind
        self._panels: dict[str, Any] = {}
        super().__init__(tuple(above))

    def show(self, name: str) -> None:
        """Show one panel and hide the others."""
        if name not in self._panels:
            panel = ipywidgets.Box(self._makers[name]())
            panel.add_class(self._kind)
            panel.add_class(f"iw-wb-{name}")
            self._panels[name] = panel
            self.children = (*self.children, panel)
        for other, panel in self._panels.items():
            if other == name:
                panel.remove_class(_HIDDEN)
            else:
                panel.add_class(_HIDDEN)

    def close(self) -> None:
        """Take the panels off the page, not the widgets in them."""
        for panel in self._panels.values():
            panel.close()
        super().close()
