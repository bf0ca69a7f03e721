"""Runs and services shared by the tests of the runner."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.cds import TOKEN, Cds, serve_cds
from support.era5 import synthetic_grib

if TYPE_CHECKING:
    from insar_widgets import Run, Stack, Template


@pytest.fixture(scope="session")
def quick_run(prepared_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run without DEM error and reference date, on the small stack. Copy it to change it."""
    if importlib.util.find_spec("mintpy") is None:
        pytest.skip('MintPy is not installed: pip install "insar-widgets[mintpy]"')
    from insar_widgets import Run, Template

    options = {"mintpy.topographicResidual": "no", "mintpy.reference.date": "no"}
    template = Template.for_stack(prepared_stack, options, name="quick")
    run = Run(tmp_path_factory.mktemp("quick") / "quick", template)
    assert run.start().wait(timeout=300) == "completed", run.failure
    return run


@pytest.fixture(scope="session")
def era5_source(shared_data: Path) -> Path:
    """A real ERA5 file."""
    pytest.importorskip("pygrib", reason="PyAPS is not installed")
    return shared_data / "era5" / "ERA5_N30_N40_E120_E140_20101017_14.grb"


@pytest.fixture
def cds(era5_source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cds]:
    """A running stand-in of the Climate Data Store, which this process and its runs ask."""
    with serve_cds(lambda date, hour, area: synthetic_grib(era5_source, date, hour, area)) as running:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("CDSAPI_URL", running.base)
        monkeypatch.setenv("CDSAPI_KEY", TOKEN)
        monkeypatch.delenv("WEATHER_DIR", raising=False)
        yield running


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, without anybody's accounts and weather data."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("WEATHER_DIR", raising=False)
    return home


@pytest.fixture
def good(prepared_stack: Stack) -> Template:
    """A template of the prepared stack, about which there is nothing to say."""
    from insar_widgets import Template

    return Template.for_stack(prepared_stack)
