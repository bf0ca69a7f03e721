"""The Earthdata login in ``~/.netrc``: state, storing, and that other entries stay."""

from __future__ import annotations

import base64
import netrc
import stat
from pathlib import Path

import pytest

from insar_widgets.credentials import earthdata_status, write_earthdata
from insar_widgets.errors import CredentialsError

HOST = "urs.earthdata.nasa.gov"
OTHERS = (
    "# my logins\n"
    "machine github.com\n  login ada\n  password x1\n"
    f"machine {HOST} login old password old1 # since 2019\n"
    "# the next one is for the cluster\n"
    "machine cluster login ada password x2\n"
    "default login anonymous password ada@example.org\n"
)


def test_no_login(tmp_path: Path) -> None:
    assert earthdata_status(tmp_path).state == "missing"
    (tmp_path / ".netrc").write_text("machine github.com login ada password x1\n")
    assert earthdata_status(tmp_path).state == "missing"


def test_an_unreadable_file_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine\n")
    assert earthdata_status(tmp_path).state == "malformed"
    with pytest.raises(CredentialsError, match="netrc file"):
        write_earthdata("ada", "x1", tmp_path)
    assert (tmp_path / ".netrc").read_text() == "machine\n"


@pytest.mark.parametrize(
    "password", ["simple", "with space", 'pass "word" #1', "back\\slash", "'single'", "ünïcode"]
)
@pytest.mark.parametrize("before", ["", OTHERS, OTHERS.rstrip("\n"), "machine a login b password c"])
def test_the_login_is_stored_and_others_stay(tmp_path: Path, password: str, before: str) -> None:
    path = tmp_path / ".netrc"
    if before:
        path.write_text(before)
        path.chmod(0o600)
    old = netrc.netrc(path).hosts if before else {}
    write_earthdata("ada", password, tmp_path)
    new = netrc.netrc(path).hosts
    assert new.pop(HOST) == ("ada", "", password)
    old.pop(HOST, None)
    assert new == old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for line in before.splitlines():
        if HOST not in line:
            assert line in path.read_text()


def test_an_entry_in_a_comment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(f"# machine {HOST} login old password old1\n")
    write_earthdata("ada", "x1", tmp_path)
    assert (tmp_path / ".netrc").read_text() == (
        f"# machine {HOST} login old password old1\nmachine {HOST} login ada password x1\n"
    )


def test_a_file_that_others_can_read(tmp_path: Path) -> None:
    path = write_earthdata("ada", "x1", tmp_path)
    path.chmod(0o644)
    status = earthdata_status(tmp_path, check=False)
    assert status.state == "malformed"
    assert "chmod 600" in status.remedy


def test_what_cannot_be_stored_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        write_earthdata("ada", "pass\nword", tmp_path)
    assert "word\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "state"),
    [("login", "ready"), ("ok", "refused"), ("500", "broken"), ("slow", "slow"), ("hang up", "broken")],
)
def test_what_the_service_says(service, tmp_path: Path, mode: str, state: str) -> None:
    service.mode = mode
    write_earthdata("ada", "s3cret-pass", tmp_path)
    status = earthdata_status(
        tmp_path, base_url=service.base.removesuffix("/api"), timeout=0.5 if mode == "slow" else 30
    )
    assert status.state == state
    assert "s3cret-pass" not in repr(status)
    method, path, header = service.asked[0]
    assert (method, path) == ("GET", "/api/users/tokens")
    assert base64.b64decode(header.removeprefix("Basic ")) == b"ada:s3cret-pass"
