"""The accounts' widget without a browser: its states, and that what is entered is nowhere but in the file."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from insar_widgets import CdsCredentials
from support.account_services import GOOD, Service, serve_accounts
from support.front_end import ask

WRONG = GOOD.replace("b", "0")
OLD = f"url: https://cds.climate.copernicus.eu/api/v2\nkey: 12345:{GOOD}\n"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CDSAPI_URL", "CDSAPI_KEY", "CDSAPI_RC", "NETRC", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def service() -> Iterator[Service]:
    with serve_accounts() as running:
        yield running


@pytest.fixture
def make(tmp_path: Path, service: Service) -> Callable[..., CdsCredentials]:
    def build(**options: Any) -> CdsCredentials:
        address = service.base.removesuffix("/api")
        made = CdsCredentials(tmp_path, base_url=service.base, earthdata_url=address, **options)
        assert made.wait(20)
        return made

    return build


def enter(widget: CdsCredentials, token: str, migrate: bool = False) -> dict[str, Any]:
    answer = ask(widget, "store_token", {"token": token, "migrate": migrate})
    assert widget.wait(20)
    return answer


def test_without_files_nothing_is_asked_of_the_services(make, service):
    widget = make()
    assert (widget.state, widget.earthdata_state) == ("missing", "missing")
    assert not widget.ready
    assert service.asked == []


@pytest.mark.parametrize(
    ("mode", "token", "state"),
    [
        ("ok", GOOD, "ready"),
        ("ok", WRONG, "refused"),
        ("licence", GOOD, "licence"),
        ("slow", GOOD, "slow"),
        ("500", GOOD, "broken"),
    ],
)
def test_an_entered_token_is_stored_and_checked(make, service, tmp_path, *, mode, token, state):
    service.mode = mode
    widget = make(timeout=0.5 if mode == "slow" else 10)
    assert enter(widget, token)["ok"]
    assert widget.state == state
    assert widget.ready == (state == "ready")
    file = tmp_path / ".cdsapirc"
    assert file.read_text() == f"url: https://cds.climate.copernicus.eu/api\nkey: {token}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_state_has_its_own_sentence(make, service):
    said = set()
    for mode, token in (("ok", GOOD), ("ok", WRONG), ("licence", GOOD), ("slow", GOOD), ("500", GOOD)):
        service.mode = mode
        widget = make(timeout=0.5 if mode == "slow" else 20)
        enter(widget, token)
        said.add(widget._cds["message"])
    assert len(said) == 5


def test_the_old_format_is_left_alone_without_consent(make, tmp_path):
    file = tmp_path / ".cdsapirc"
    file.write_text(OLD)
    widget = make()
    assert widget.state == "old"
    refused = enter(widget, WRONG)
    assert not refused["ok"]
    assert "old format" in refused["error"]["message"]
    assert not ask(widget, "migrate", {"consent": False})["ok"]
    assert file.read_text() == OLD
    assert ask(widget, "migrate", {"consent": True})["ok"]
    assert widget.wait(20)
    assert widget.ready
    assert (tmp_path / ".cdsapirc.old").read_text() == OLD


def test_an_earthdata_login_is_stored_and_checked(make, service, tmp_path):
    service.mode = "login"
    widget = make()
    assert ask(widget, "store_login", {"login": "ada", "password": GOOD})["ok"]
    assert widget.wait(20)
    assert widget.earthdata_ready
    assert f"machine urs.earthdata.nasa.gov login ada password {GOOD}" in (tmp_path / ".netrc").read_text()
    assert GOOD not in repr(widget.get_state())


@pytest.mark.parametrize("token", [f"{GOOD} {GOOD}", f"12345:{GOOD}", f"{GOOD}\ud800", f"{GOOD}é"])
def test_what_is_refused_is_in_no_answer(make, token):
    widget = make()
    answer = enter(widget, token)
    assert not answer["ok"]
    assert GOOD not in repr(answer)
    answer = ask(widget, "store_login", {"login": "ada", "password": f"{token}\n"})
    assert not answer["ok"]
    assert GOOD not in repr(answer)


def test_a_token_is_in_no_state_log_or_representation(make, service, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    widget = make()
    message = {"token": GOOD, "migrate": False}
    for mode in ("ok", "500", "licence", "hang up"):
        service.mode = mode
        message["token"] = GOOD
        ask(widget, "store_token", message)
        assert widget.wait(20)
        assert "token" not in message
        assert GOOD not in repr(widget.get_state()) + repr(widget) + repr(widget.trait_values())
    (tmp_path / ".cdsapirc").unlink()
    (tmp_path / ".cdsapirc").mkdir()  # cannot be written
    answer = ask(widget, "store_token", {"token": GOOD, "migrate": False})
    assert widget.wait(20)
    assert not answer["ok"]
    assert GOOD not in repr(answer) + caplog.text + "".join(capfd.readouterr())
