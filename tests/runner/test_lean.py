"""Modules that are rarely used are imported when they are."""

from __future__ import annotations

import importlib
import sys

import pytest

from insar_widgets.runner.lean import import_later


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that says when it is imported, and its name."""
    folder = tmp_path / "rarely_used"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "import rarely_used.log\nrarely_used.log.lines.append('imported')\nvalue = 7\n"
    )
    (folder / "log.py").write_text("lines = []\n")
    (folder / "part.py").write_text("value = 8\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "use",
    [
        "rarely_used.value == 7",
        "__import__('rarely_used.part').part.value == 8",
        "__import__('rarely_used', fromlist=['value']).value == 7",
    ],
)
def test_it_is_itself_as_soon_as_something_of_it_is_used(package, use):
    import_later(package)
    stand_in = importlib.import_module(package)
    assert f"{package}.log" not in sys.modules
    assert eval(use, {package: stand_in})
    assert sys.modules[package] is not stand_in
    assert stand_in.log.lines == ["imported"] == sys.modules[package].log.lines
    import_later(package)
    assert sys.modules[package].value == 7, "what is imported stays so"


def test_a_module_that_is_not_there_is_missed_when_it_is_used():
    import_later("not_there_at_all")
    try:
        with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
            _ = sys.modules["not_there_at_all"].value
    finally:
        sys.modules.pop("not_there_at_all", None)
