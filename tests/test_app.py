"""What `insar-widgets app` refuses before anything is served, and what it tells the page."""

from __future__ import annotations

import pytest

from insar_widgets.app import command_and_environment
from insar_widgets.errors import InsarWidgetsError


def test_a_folder_outside_of_the_root_or_none_to_look_at_is_a_sentence(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for path in (outside, root / "link", root / ".." / "outside"):
        with pytest.raises(InsarWidgetsError, match="is outside"):
            command_and_environment(path, root=root)
    with pytest.raises(InsarWidgetsError, match="There is no folder"):
        command_and_environment(root=tmp_path / "nowhere")
    with pytest.raises(InsarWidgetsError, match="needs a work directory"):
        command_and_environment(read_only=True)


def test_the_page_is_told_by_its_environment_only(tmp_path, monkeypatch):
    monkeypatch.setenv("INSAR_WIDGETS_READ_ONLY", "1")  # left over from somewhere
    command, environment = command_and_environment(tmp_path, root=tmp_path, port=9000, browser=False)
    assert environment["INSAR_WIDGETS_PATH"] == environment["INSAR_WIDGETS_ROOT"] == str(tmp_path)
    assert "INSAR_WIDGETS_READ_ONLY" not in environment
    assert {"--port=9000", "--no-browser", "--progressive_rendering=True"} <= set(command)
