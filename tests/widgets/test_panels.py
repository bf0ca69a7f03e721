"""Panels by themselves: made once and late, one seen at a time."""

from __future__ import annotations

import ipywidgets
import pytest

from insar_widgets.widgets._panels import Panels


def test_a_panel_is_made_when_it_is_first_shown_and_then_kept():
    made = []

    def maker(name):
        def make():
            made.append(name)
            if made == ["broken"]:
                raise OSError("not yet")
            return [ipywidgets.Label(name)]

        return make

    above = ipywidgets.Label("above")
    panels = Panels({name: maker(name) for name in ("broken", "other")}, kind="panel", above=(above,))
    assert made == [] and panels.children == (above,)
    with pytest.raises(OSError, match="not yet"):
        panels.show("broken")
    assert panels.children == (above,)
    for name in ("broken", "other", "broken"):
        panels.show(name)
    assert made == ["broken", "broken", "other"]
    seen, hidden = panels.children[1:]
    assert seen._dom_classes == ("panel", "iw-wb-broken")
    assert hidden._dom_classes == ("panel", "iw-wb-other", "iw-wb-off")
    inside = hidden.children[0]
    panels.close()
    assert hidden.comm is None and panels.comm is None and inside.comm is not None
    inside.close()
