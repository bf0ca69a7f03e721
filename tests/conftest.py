"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with real products; it is not part of the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data are not beside this checkout ({SHARED_DATA})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def small_stack(tmp_path_factory: pytest.TempPathFactory):
    """A simulated stack of 6 dates, small enough to read in a moment. Do not write into it."""
    from insar_widgets import simulate_stack

    return simulate_stack(tmp_path_factory.mktemp("small") / "hyp3", shape=(60, 80), dates=6, seed=1)
