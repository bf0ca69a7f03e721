"""The Climate Data Store account: every state has its own sentence, and no state shows the token."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import stat
import subprocess
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from insar_widgets.credentials import Secret, cds_status, migrate_cds, write_cds
from insar_widgets.errors import CredentialsError

GOOD = "b2c3d4e5-1111-2222-3333-444455556666"
URL_LINE = "url: https://cds.climate.copernicus.eu/api\n"
OLD = f"url: https://cds.climate.copernicus.eu/api/v2\nkey: 12345:{GOOD}\nverify: 0\n"


def put(home: Path, text: str, mode: int = 0o600) -> Path:
    path = home / ".cdsapirc"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_no_file(tmp_path: Path) -> None:
    status = cds_status(tmp_path)
    assert status.state == "missing"
    assert not status.usable
    assert str(tmp_path / ".cdsapirc") in status.message
    assert status.link.startswith("https://cds.climate.copernicus.eu/")


@pytest.mark.parametrize(
    "text",
    [OLD, f"url: https://cds.climate.copernicus.eu/api/v2/\nkey: {GOOD}\n", f"{URL_LINE}key: 12345:{GOOD}\n"],
)
def test_the_old_format(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    assert cds_status(tmp_path).state == "old"


@pytest.mark.parametrize(
    "text",
    [
        "",
        URL_LINE,
        f"key: {GOOD}\n",
        f"key: {GOOD}\n{URL_LINE}",
        f"url: https://cds.climate.copernicus.eu/api/\nkey: {GOOD}\n",
        f"{URL_LINE}key:{GOOD}\n",
        f"{URL_LINE}key: {GOOD}\nthree words here\n",
        f"{URL_LINE}key: {GOOD} {GOOD}\n",
    ],
)
def test_a_file_that_mintpy_would_refuse(tmp_path: Path, text: str) -> None:
    put(tmp_path, text)
    status = cds_status(tmp_path, check=False)
    assert status.state == "malformed"
    assert GOOD not in f"{status}"


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    put(tmp_path, f"{URL_LINE}key: {GOOD}\n", mode=0o644)
    assert cds_status(tmp_path, check=False).state == "malformed"
    write_cds(GOOD, tmp_path)
    assert cds_status(tmp_path, check=False).state == "unchecked"


@pytest.mark.parametrize(
    ("mode", "state", "says"),
    [
        ("ok", "ready", "accepts the token"),
        ("licence", "licence", "licence of the ERA5 dataset"),
        ("500", "broken", "status 500"),
        ("503", "broken", "status 503"),
        ("429", "broken", "status 429"),
        ("html", "broken", "no proper answer|status 200"),
        ("not http", "broken", "no proper answer"),
        ("hang up", "broken", "no proper answer"),
    ],
)
def test_what_the_service_says(service, tmp_path: Path, mode: str, state: str, says: str) -> None:
    service.mode = mode
    write_cds(GOOD, tmp_path)
    status = cds_status(tmp_path, base_url=service.base)
    assert status.state == state
    assert any(words in status.message for words in says.split("|"))
    assert status.remedy or status.ready
    assert GOOD not in f"{status}"


def test_a_refused_token(service, tmp_path: Path) -> None:
    wrong = GOOD.replace("b", "0")
    write_cds(wrong, tmp_path)
    status = cds_status(tmp_path, base_url=service.base)
    assert status.state == "refused"
    assert not status.usable
    assert wrong not in f"{status}"


@pytest.mark.parametrize("mode", ["slow", "drip"])
def test_a_slow_service_is_given_up_in_time(service, tmp_path: Path, mode: str) -> None:
    service.mode = mode
    write_cds(GOOD, tmp_path)
    status = cds_status(tmp_path, base_url=service.base, timeout=0.3)
    assert status.state == "slow"
    assert "0.3 s" in status.message
    assert status.usable


def test_offline(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
        write_cds(GOOD, tmp_path)
        status = cds_status(tmp_path, base_url=address)
    assert status.state == "offline"
    assert "offline" in status.message


def test_the_sentences_differ(service, tmp_path: Path) -> None:
    write_cds(GOOD, tmp_path)
    sentences = set()
    for mode in ("ok", "licence", "500", "slow"):
        service.mode = mode
        sentences.add(
            cds_status(tmp_path, base_url=service.base, timeout=0.5 if mode == "slow" else 30).message
        )
    assert len(sentences) == 4


def test_the_sample_request_is_withdrawn(service, tmp_path: Path) -> None:
    write_cds(GOOD, tmp_path)
    assert cds_status(tmp_path, base_url=service.base).ready
    assert [method for method, _, _ in service.asked] == ["GET", "POST", "DELETE"]
    assert service.jobs == set()


def test_the_environment_wins_as_for_the_client(
    service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cds(GOOD, tmp_path)
    monkeypatch.setenv("CDSAPI_URL", service.base)
    assert cds_status(tmp_path).ready
    monkeypatch.setenv("CDSAPI_KEY", "0000")
    status = cds_status(tmp_path)
    assert status.state == "refused"
    assert "CDSAPI_KEY" in status.message


def test_a_proxy_of_the_environment_is_used(service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", service.base.removesuffix("/api"))
    write_cds(GOOD, tmp_path)
    cds_status(tmp_path, base_url="http://localhost:1/api")
    assert service.asked[0][1].startswith("http://localhost:1/api/retrieve")


def test_the_token_goes_neither_to_another_address_nor_unencrypted(service, tmp_path: Path) -> None:
    tokens: list[str | None] = []

    class Thief(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("PRIVATE-TOKEN"))

    thief = ThreadingHTTPServer(("127.0.0.1", 0), Thief)
    thread = threading.Thread(target=thief.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.mode, service.elsewhere = "redirect", f"http://127.0.0.1:{thief.server_address[1]}/"
    write_cds(GOOD, tmp_path)
    try:
        assert cds_status(tmp_path, base_url=service.base).state == "broken"
    finally:
        thief.shutdown()
        thread.join()
        thief.server_close()
    assert tokens == []
    assert "not encrypted" in cds_status(tmp_path, base_url="http://cds.example/api").message


def test_writing_is_private_in_mintpys_order_and_keeps_the_rest(tmp_path: Path) -> None:
    put(
        tmp_path,
        "# my account\nverify: 1\nkey: 0000\nurl: https://elsewhere.example/api\nan old note\n",
        0o644,
    )
    path = write_cds(f" {GOOD}\n", tmp_path)
    assert path.read_text() == f"{URL_LINE}key: {GOOD}\n# my account\nverify: 1\n# an old note\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert cds_status(tmp_path, check=False).state == "unchecked"


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / ".cdsapirc").symlink_to(tmp_path / "dotfiles" / "cdsapirc")
    write_cds(GOOD, tmp_path)
    assert (tmp_path / ".cdsapirc").is_symlink()
    assert GOOD in (tmp_path / "dotfiles" / "cdsapirc").read_text()


def test_the_old_format_is_replaced_with_consent_only(tmp_path: Path) -> None:
    path = put(tmp_path, OLD)
    with pytest.raises(CredentialsError, match="migrate=True"):
        write_cds(GOOD, tmp_path)
    with pytest.raises(CredentialsError, match="consent=True"):
        migrate_cds(tmp_path)
    assert path.read_text() == OLD
    migrate_cds(tmp_path, consent=True)
    assert path.read_text() == f"{URL_LINE}key: {GOOD}\nverify: 0\n"
    kept = tmp_path / ".cdsapirc.old"
    assert kept.read_text() == OLD
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with pytest.raises(CredentialsError, match="nothing to migrate"):
        migrate_cds(tmp_path, consent=True)


@pytest.mark.mintpy
def test_mintpy_accepts_what_is_written(tmp_path: Path) -> None:
    put(tmp_path, "# kept\nverify: 1\na b c\n")
    write_cds(GOOD, tmp_path)
    code = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "from mintpy.tropo_pyaps3 import check_pyaps_account_config as check; check('ERA5')\n"
        "import cdsapi.api; print(cdsapi.api.get_url_key_verify(None, None, None))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"('https://cds.climate.copernicus.eu/api', '{GOOD}', True)" in done.stdout


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "b2#c3", "12345:b2c3", "é"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(tmp_path: Path, token: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        write_cds(token, tmp_path)
    assert not token or token not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def _everything_shown(error: BaseException) -> str:
    """The traceback with the representation of every local of the package's own frames."""
    shown = traceback.format_exception(error)
    step = error.__traceback__
    while step is not None:
        if (
            "insar_widgets" in step.tb_frame.f_code.co_filename
            and "tests" not in step.tb_frame.f_code.co_filename
        ):
            shown.append(repr(step.tb_frame.f_locals))
        step = step.tb_next
    return "\n".join(shown)


def test_no_error_log_or_representation_holds_the_token(
    service, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = Secret(GOOD)
    shown = [repr(secret), str(secret), f"{secret:>20}", repr([secret]), repr({"key": secret})]
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    shown.append(_everything_shown(caught.value))
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(CredentialsError) as failed:
            write_cds(secret, home)
        assert str(home) in str(failed.value)
        shown.append(_everything_shown(failed.value))
    for mode in ("ok", "500", "hang up", "not http"):
        service.mode = mode
        write_cds(secret, tmp_path)
        shown.append(repr(cds_status(tmp_path, base_url=service.base)))
    shown += [caplog.text, *capfd.readouterr()]
    assert GOOD not in "\n".join(shown)
    assert service.asked[0][2] == GOOD


def test_secrets_compare_but_do_not_show() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert not Secret("")
    with pytest.raises(TypeError):
        hash(Secret("a"))
