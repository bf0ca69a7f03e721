"""Fixtures for tests of accounts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.account_services import Service, serve_accounts


@pytest.fixture
def service() -> Iterator[Service]:
    """A running stand-in of the Climate Data Store and of Earthdata."""
    with serve_accounts() as running:
        yield running


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's account nor a proxy takes part."""
    for name in ("CDSAPI_URL", "CDSAPI_KEY", "CDSAPI_RC", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
