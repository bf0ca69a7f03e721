"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from insar_widgets import Run, Stack

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell in full why a test had to be tried again: it may well be a fault that only shows sometimes."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"tried again: {report.nodeid}", "=")
        terminalreporter.write_line(report.longreprtext)
        for _, text in report.sections:
            terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Top folder of this checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real products; it is not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data are not beside this checkout ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A simulated stack of 6 dates, small enough to read in a moment. Do not write into it."""
    from insar_widgets import simulate_stack

    return simulate_stack(tmp_path_factory.mktemp("small") / "hyp3", shape=(60, 80), dates=6, seed=1)


@pytest.fixture(scope="session")
def prepared_stack(small_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The small stack on one grid. Do not write into it."""
    return small_stack.prepare(tmp_path_factory.mktemp("prepared") / "hyp3")


@pytest.fixture(scope="session")
def finished_run(prepared_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the whole workflow on the small stack, ended. Do not write into its folder: copy it."""
    if importlib.util.find_spec("mintpy") is None:
        pytest.skip('MintPy is not installed: pip install "insar-widgets[mintpy]"')
    from insar_widgets import Run, Template

    run = Run(tmp_path_factory.mktemp("run") / "small", Template.for_stack(prepared_stack, name="small"))
    assert run.start().wait(timeout=300) == "completed", run.failure
    return run


@pytest.fixture
def without_osgeo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes started from now on find none of GDAL's own Python bindings."""
    _without("osgeo", tmp_path, monkeypatch)


@pytest.fixture
def without_numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes started from now on find no numba."""
    _without("numba", tmp_path, monkeypatch)


def _without(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / f"without_{package}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "import sys\n"
        "class Without:\n"
        "    def __init__(self, finder): self.finder = finder\n"
        "    def __getattr__(self, name): return getattr(self.finder, name)\n"
        "    def find_spec(self, name, *place):\n"
        f"        return None if name.split('.')[0] == {package!r} else self.finder.find_spec(name, *place)\n"
        "sys.meta_path = [Without(finder) for finder in sys.meta_path]\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))
