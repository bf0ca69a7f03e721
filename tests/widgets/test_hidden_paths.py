"""What a visitor is told of the server's folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from insar_widgets.widgets._hidden_paths import HiddenPaths, hidden_paths, hiding


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("/srv/my data/valley/velocity.h5", "velocity.h5"),
        ("open_results('/srv/my data/valley')", "open_results('valley')"),
        ("/srv/my data/valley/ is open.", "valley is open."),
        ("/srv/my data/valley2/a.h5", "…/my data/valley2/a.h5"),
        ("mintpy.load.unwFile = /tmp/x/prep/*/*_unw_phase.tif", "mintpy.load.unwFile = …/*_unw_phase.tif"),
        ("No file '/usr/lib/a.so': stop.", "No file '…/a.so': stop."),
        ("9 mm/yr and/or 3/4, see https://example.org/tmp/x </tmp>", None),
        ("timeseries/date and ../shared/tmp/a", None),
    ],
)
def test_paths_are_told_from_the_open_folder(told, shown):
    hide = HiddenPaths(Path("/srv/my data/valley"))
    assert hide(told) == (told if shown is None else shown)
    assert hide([{"a": (told, 3, None, b"/tmp/x")}]) == [
        {"a": [told if shown is None else shown, 3, None, b"/tmp/x"]}
    ]


def test_only_widgets_made_meanwhile_hide():
    hide = HiddenPaths(Path("/srv"))
    with hiding(hide):
        assert hidden_paths() is hide
    assert hidden_paths() is None
