"""The NASA Earthdata login, with which MintPy downloads OPERA's tropospheric delays."""

from __future__ import annotations

import base64
import netrc
import os
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from insar_widgets.credentials._files import is_private, read_secret, write_private
from insar_widgets.credentials._http import Answer, ask, is_safe_url
from insar_widgets.credentials._secret import Secret
from insar_widgets.errors import CredentialsError

__all__ = ["HOST", "REGISTER_PAGE", "EarthdataStatus", "earthdata_status", "write_earthdata"]

FILE = ".netrc"
HOST = "urs.earthdata.nasa.gov"
REGISTER_PAGE = f"https://{HOST}/profile"

State = Literal["missing", "malformed", "unchecked", "refused", "slow", "offline", "broken", "ready"]

_WORD = r"""(?:"(?:\\.|[^"\\])*"|\S+)"""
# An entry of ours outside comments, with what stands before it on its line.
_OURS = re.compile(
    rf"^(?P<head>(?:[^#\n]*\s)?)machine\s+{re.escape(HOST)}(?:\s+(?:login|user|account|password)\s+{_WORD})*[^\S\n]*\n?",
    re.MULTILINE,
)
_DEFAULT = re.compile(r"^[^\S\n]*default\b", re.MULTILINE)


@dataclass(frozen=True)
class EarthdataStatus:
    """State of the machine's Earthdata login; see `CdsStatus` for the fields."""

    state: State
    message: str
    remedy: str
    path: Path
    link: str = ""

    @property
    def ready(self) -> bool:
        """Whether Earthdata has confirmed the login."""
        return self.state == "ready"

    @property
    def usable(self) -> bool:
        """Whether there is a login and nothing speaks against it."""
        return self.state in ("ready", "unchecked", "slow", "offline", "broken")


def earthdata_status(
    home: str | os.PathLike[str] | None = None,
    check: bool = True,
    timeout: float = 10,
    base_url: str | None = None,
) -> EarthdataStatus:
    """Tell which state the Earthdata login in ``~/.netrc`` is in.

    Parameters are those of `cds_status`.

    Raises
    ------
    CredentialsError
        The file is there but cannot be read.
    """
    path = (Path.home() if home is None else Path(home)) / FILE
    content = read_secret(path)
    logins = {} if content is None else _logins(content)
    if logins is None:
        return EarthdataStatus(
            "malformed",
            f"{path} cannot be read as a netrc file, so no program finds a login in it.",
            "Mend the file with an editor; its lines read 'machine HOST login NAME password WORD'.",
            path,
        )
    if HOST not in logins:
        return EarthdataStatus(
            "missing",
            f"There is no Earthdata login on this machine ({path} has no entry for {HOST}).",
            "Register with NASA Earthdata and store name and password.",
            path,
            REGISTER_PAGE,
        )
    if not is_private(path):
        return EarthdataStatus(
            "malformed",
            f"{path} can be read by other users of this machine, so programs refuse to use it.",
            "Store name and password again, or run chmod 600 on the file.",
            path,
        )
    if not check:
        return EarthdataStatus("unchecked", f"{path} has an Earthdata login; it was not checked.", "", path)
    address = (base_url or f"https://{HOST}").rstrip("/")
    if not is_safe_url(address):
        return EarthdataStatus(
            "malformed",
            f"The password was not sent to {address}: the address is not encrypted.",
            f"Use https://{HOST}.",
            path,
        )
    headers = {"Authorization": _basic(*logins[HOST])}
    answer = ask(f"{address}/api/users/tokens", headers, deadline=time.monotonic() + timeout)
    return _status(answer, path, timeout)


def _basic(login: Secret, password: Secret) -> Secret:
    return Secret("Basic " + base64.b64encode(f"{login.reveal()}:{password.reveal()}".encode()).decode())


def _status(answer: Answer, path: Path, timeout: float) -> EarthdataStatus:
    again = "Try again later; the login is kept."
    if answer.problem == "slow":
        return EarthdataStatus(
            "slow", f"Could not check: Earthdata did not answer within {timeout:g} s.", again, path
        )
    if answer.problem == "offline":
        return EarthdataStatus(
            "offline",
            "Could not check: offline (Earthdata cannot be reached from here).",
            "Check the connection and the proxy settings, then try again; the login is kept.",
            path,
        )
    if answer.status in (401, 403):
        return EarthdataStatus(
            "refused",
            f"Earthdata refuses the name or password in {path}.",
            "Store name and password again.",
            path,
            REGISTER_PAGE,
        )
    if answer.status != 200:
        said = f"status {answer.status}" if answer.status else "no proper answer"
        return EarthdataStatus("broken", f"Could not check: Earthdata is out of order ({said}).", again, path)
    return EarthdataStatus("ready", "Earthdata accepts the login.", "", path)


def _logins(content: Secret) -> dict[str, tuple[Secret, Secret]] | None:
    """Name and password of each machine, None if Python's reader of netrc files refuses the file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = write_private(Path(folder) / FILE, content)
        try:
            parsed = netrc.netrc(copy)
        except (netrc.NetrcParseError, ValueError, OSError):
            return None
    return {host: (Secret(entry[0] or ""), Secret(entry[2] or "")) for host, entry in parsed.hosts.items()}


def write_earthdata(login: str, password: str | Secret, home: str | os.PathLike[str] | None = None) -> Path:
    """Store an Earthdata login in ``~/.netrc``; the file's other entries stay as they are.

    Raises
    ------
    CredentialsError
        Name or password cannot stand in a netrc file, or the file cannot be read or written.
    """
    name, word = Secret(Secret(login).reveal().strip()), Secret(password)
    del login, password
    path = (Path.home() if home is None else Path(home)) / FILE
    if not name or not word or not (name.reveal() + word.reveal()).isprintable():
        raise CredentialsError("Earthdata needs a name and a password of printable characters; enter both.")
    content = read_secret(path) or Secret("")
    if _logins(content) is None:
        raise CredentialsError(f"{path} cannot be read as a netrc file; mend it with an editor first.")
    changed = _with_entry(content, name, word)
    logins = _logins(changed)
    if logins is None or logins.get(HOST) != (name, word):
        raise CredentialsError(
            f"Name or password have characters that {path} cannot hold; choose a password without quotes, "
            "backslashes and spaces at Earthdata."
        )
    return write_private(path, changed)


def _with_entry(content: Secret, name: Secret, word: Secret) -> Secret:
    """The file with one entry for Earthdata: old ones leave, the new one stands before ``default`` or last."""
    entry = Secret(f"machine {HOST} login {_quoted(name).reveal()} password {_quoted(word).reveal()}\n")
    kept = Secret(_OURS.sub(r"\g<head>", content.reveal()))
    found = _DEFAULT.search(kept.reveal())
    place = found.start() if found else len(kept.reveal())
    before, after = Secret(kept.reveal()[:place]), Secret(kept.reveal()[place:])
    gap = "" if not before or before.reveal().endswith("\n") else "\n"
    return Secret(f"{before.reveal()}{gap}{entry.reveal()}{after.reveal()}")


def _quoted(secret: Secret) -> Secret:
    """A word as Python's netrc reader takes it: in quotes where it has more than letters, digits and marks."""
    if re.fullmatch(r"[^\s\"'\\#]+", secret.reveal()):
        return secret
    escaped = re.sub(r'(["\\])', r"\\\1", secret.reveal())
    return Secret(f'"{escaped}"')
