"""The account of the Climate Data Store (CDS), from which PyAPS takes ERA5."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from insar_widgets.credentials._files import is_private, read_secret, write_private
from insar_widgets.credentials._http import Answer, ask, is_safe_url
from insar_widgets.credentials._secret import Secret
from insar_widgets.errors import CredentialsError

__all__ = [
    "DATASET",
    "LICENCE_PAGE",
    "TOKEN_PAGE",
    "URL",
    "CdsStatus",
    "cds_status",
    "migrate_cds",
    "write_cds",
]

FILE = ".cdsapirc"
# MintPy compares the first line of the file with this, to the letter.
URL = "https://cds.climate.copernicus.eu/api"
DATASET = "reanalysis-era5-pressure-levels"
TOKEN_PAGE = "https://cds.climate.copernicus.eu/profile"  # noqa: S105 - an address
LICENCE_PAGE = f"https://cds.climate.copernicus.eu/datasets/{DATASET}?tab=download#manage-licences"

State = Literal[
    "missing",
    "old",
    "malformed",
    "unchecked",
    "refused",
    "licence",
    "slow",
    "offline",
    "broken",
    "ready",
]

# The smallest request there is; it is only there to be told about the licence, and taken back at once.
_SAMPLE = {
    "product_type": ["reanalysis"],
    "variable": ["geopotential"],
    "pressure_level": ["1000"],
    "year": ["2020"],
    "month": ["01"],
    "day": ["01"],
    "time": ["00:00"],
    "area": [1, 0, 0, 1],
    "data_format": "grib",
}


@dataclass(frozen=True)
class CdsStatus:
    """State of the machine's CDS account.

    Attributes
    ----------
    state : ``missing`` (no file), ``old`` (the format of before 2024), ``malformed`` (not as MintPy accepts
    it),
        ``unchecked`` (looks right, the service was not asked), ``refused`` (the token), ``licence`` (of ERA5, not
        accepted), ``slow``, ``offline``, ``broken`` (could not check) or ``ready``.
    message : the state in a sentence.
    remedy : what to do about it; empty if nothing.
    path : the file.
    link : the page on which to do it; empty if there is none.
    """

    state: State
    message: str
    remedy: str
    path: Path
    link: str = ""

    @property
    def ready(self) -> bool:
        """Whether the service has confirmed token and licence."""
        return self.state == "ready"

    @property
    def usable(self) -> bool:
        """Whether MintPy will accept the file and nothing speaks against the token."""
        return self.state in ("ready", "unchecked", "slow", "offline", "broken")


def cds_status(
    home: str | os.PathLike[str] | None = None,
    check: bool = True,
    timeout: float = 10,
    base_url: str | None = None,
) -> CdsStatus:
    """Tell which state the CDS account is in.

    Parameters
    ----------
    home
        Folder of ``.cdsapirc``; the user's home by default.
    check
        Whether to ask the service. It is asked for the user's jobs (token) and for one ERA5 value, a
        request that is withdrawn at once (licence).
    timeout
        Seconds after which to give up asking.
    base_url
        Address of the service. By default that of the environment variable ``CDSAPI_URL``, as for the CDS
        client, else the official one.

    Raises
    ------
    CredentialsError
        The file is there but cannot be read.
    """
    path = (Path.home() if home is None else Path(home)) / FILE
    content = read_secret(path)
    if content is None:
        return CdsStatus(
            "missing",
            f"There is no CDS account on this machine ({path} is missing), so ERA5 cannot be downloaded.",
            "Log in to the Climate Data Store, copy your personal access token and store it.",
            path,
            TOKEN_PAGE,
        )
    if problem := _file_problem(content, path):
        return problem
    if not check:
        return CdsStatus(
            "unchecked", f"{path} has the form that MintPy accepts; the token was not checked.", "", path
        )
    address = (base_url or os.environ.get("CDSAPI_URL") or URL).rstrip("/")
    return _ask_service(path, _token(content), address, timeout)


def _entries(content: Secret) -> dict[str, Secret]:
    pairs = [line.partition(":") for line in content.reveal().splitlines()]
    return {key.strip(): Secret(value.strip()) for key, colon, value in pairs if colon}


def _token(content: Secret) -> Secret:
    """The token the client would use: the environment wins over the file."""
    return Secret(os.environ.get("CDSAPI_KEY") or _entries(content)["key"])


def _file_problem(content: Secret, path: Path) -> CdsStatus | None:
    """What MintPy or the service's client would refuse in the file."""
    entries = _entries(content)
    url, key = entries.get("url"), entries.get("key")
    if _is_old(entries):
        return CdsStatus(
            "old",
            f"{path} is in the old format of the Climate Data Store, which the service no longer accepts.",
            "Let it be written anew, with a personal access token; the old file is kept beside it.",
            path,
            TOKEN_PAGE,
        )
    remedy = "Store the personal access token again; the file is then written as MintPy wants it."
    what = ""
    if url is None or key is None or not key:
        what = "does not have the two entries url and key"
    elif not _rows_start_with_url(content):
        what = f"does not begin with the line 'url: {URL}', to the letter, which MintPy insists on"
    elif not _rows_have_two_columns(content):
        what = "has a line that is not of the form 'name: value', which MintPy cannot read"
    elif not _is_token(key):
        what = "has a key that cannot be a personal access token"
    elif not is_private(path):
        what = "can be read by other users of this machine"
    return CdsStatus("malformed", f"{path} {what}.", remedy, path, TOKEN_PAGE) if what else None


def _is_old(entries: dict[str, Secret]) -> bool:
    url, key = entries.get("url"), entries.get("key")
    old_url = url is not None and re.search(r"/v2/?$", url.reveal()) is not None
    return old_url or (key is not None and re.fullmatch(r"\d+:\S+", key.reveal()) is not None)


def _rows(content: Secret) -> list[Secret]:
    """Lines as ``numpy.loadtxt`` takes them, which is what MintPy reads the file with."""
    lines = (line.split("#")[0].strip() for line in content.reveal().splitlines())
    return [Secret(line) for line in lines if line]


def _rows_start_with_url(content: Secret) -> bool:
    return bool(rows := _rows(content)) and rows[0].reveal().split() == ["url:", URL]


def _rows_have_two_columns(content: Secret) -> bool:
    return all(len(row.reveal().split()) == 2 for row in _rows(content))


def _is_token(token: Secret) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token.reveal()) is not None


def _ask_service(path: Path, token: Secret, address: str, timeout: float) -> CdsStatus:
    if not is_safe_url(address):
        return CdsStatus(
            "malformed",
            f"The token was not sent to {address}: the address is not encrypted.",
            f"Use {URL}; check the environment variable CDSAPI_URL.",
            path,
        )
    if not _is_token(token):
        return _refused(path)
    deadline = time.monotonic() + timeout
    headers = {"PRIVATE-TOKEN": token}
    answer = ask(f"{address}/retrieve/v1/jobs?limit=1", headers, deadline=deadline)
    if problem := _problem(answer, path, timeout):
        return problem
    process = f"{address}/retrieve/v1/processes/{DATASET}/execution"
    answer = ask(process, headers, deadline=deadline, method="POST", body={"inputs": _SAMPLE})
    if problem := _problem(answer, path, timeout):
        return problem
    _withdraw(answer, address, headers, deadline)
    return CdsStatus(
        "ready", "The Climate Data Store accepts the token, and the licence of ERA5 is accepted.", "", path
    )


def _withdraw(answer: Answer, address: str, headers: dict[str, Secret], deadline: float) -> None:
    """Take the sample request back; if that fails, the service drops its result after some days."""
    job = answer.json.get("jobID") if isinstance(answer.json, dict) else None
    if isinstance(job, str) and re.fullmatch(r"[\w-]+", job):
        ask(f"{address}/retrieve/v1/jobs/{job}", headers, deadline=deadline, method="DELETE")


def _problem(answer: Answer, path: Path, timeout: float) -> CdsStatus | None:
    again = "Try again later; the token is kept."
    what: CdsStatus | None = None
    if answer.problem == "slow":
        said = f"Could not check: the Climate Data Store did not answer within {timeout:g} s."
        what = CdsStatus("slow", said, again, path)
    elif answer.problem == "offline":
        what = CdsStatus(
            "offline",
            "Could not check: offline (the Climate Data Store cannot be reached from here).",
            "Check the connection and the proxy settings, then try again; the token is kept.",
            path,
        )
    elif answer.status == 403 and "licen" in answer.text.lower():
        what = CdsStatus(
            "licence",
            "The token is right, but the licence of the ERA5 dataset has not been accepted yet.",
            "Accept it once, at the foot of the dataset's download page, then check again.",
            path,
            LICENCE_PAGE,
        )
    elif answer.status in (401, 403):
        what = _refused(path)
    elif answer.problem == "broken" or not 200 <= answer.status < 300 or answer.json is None:
        said = f"status {answer.status}" if answer.status else "no proper answer"
        said = f"Could not check: the Climate Data Store is out of order ({said})."
        what = CdsStatus("broken", said, again, path)
    return what


def _refused(path: Path) -> CdsStatus:
    source = "the environment variable CDSAPI_KEY" if os.environ.get("CDSAPI_KEY") else str(path)
    return CdsStatus(
        "refused",
        f"The Climate Data Store refuses the token in {source}.",
        "Copy the personal access token anew from your profile page and store it.",
        path,
        TOKEN_PAGE,
    )


def write_cds(
    token: str | Secret, home: str | os.PathLike[str] | None = None, *, migrate: bool = False
) -> Path:
    """Store a personal access token in ``~/.cdsapirc``, in the form MintPy accepts.

    Two lines, ``url`` and ``key``, then what else the file held; readable by the owner only; written at
    once or not at all.

    Parameters
    ----------
    token
        The personal access token; it appears in no message, log or ``repr``.
    home
        Folder of ``.cdsapirc``; the user's home by default.
    migrate
        Consent to replace a file in the old format, which is kept as ``.cdsapirc.old``.

    Raises
    ------
    CredentialsError
        The token cannot be one, the file cannot be written, or it is in the old format and ``migrate`` is
        False.
    """
    secret = Secret(Secret(token).reveal().strip())
    del token
    path = (Path.home() if home is None else Path(home)) / FILE
    if not _is_token(secret):
        raise CredentialsError(
            "This is no personal access token: it has a space or another character that tokens do not have. "
            f"Copy it anew from {TOKEN_PAGE} (without a user number before it)."
        )
    content = read_secret(path)
    if content is not None and _is_old(_entries(content)):
        if not migrate:
            raise CredentialsError(
                f"{path} is in the old format of the Climate Data Store; replace it with migrate=True "
                "(the old file is kept beside it)."
            )
        write_private(path.with_name(f"{FILE}.old"), content)
    return write_private(path, _with_token(content, secret))


def _with_token(content: Secret | None, token: Secret) -> Secret:
    """The new file: url, key, and the lines of the old one that are neither."""
    kept = [] if content is None else [Secret(line) for line in content.reveal().splitlines()]
    kept = [line for line in kept if line.reveal().partition(":")[0].strip() not in ("url", "key")]
    return Secret(
        "".join([f"url: {URL}\n", f"key: {token.reveal()}\n", *(_kept(line).reveal() for line in kept)])
    )


def _kept(line: Secret) -> Secret:
    """A line that MintPy can read past: as it is, or as a comment."""
    readable = len(line.reveal().split("#")[0].split()) in (0, 2)
    return Secret(f"{line.reveal()}\n" if readable else f"# {line.reveal()}\n")


def migrate_cds(home: str | os.PathLike[str] | None = None, *, consent: bool = False) -> Path:
    """Bring an old ``~/.cdsapirc`` into today's form, with the token it already holds.

    The personal access token of today's service is often stored as ``user number:token``; where the old
    service's key is all there is, the service will refuse it, and a new token is needed (`write_cds`).

    Raises
    ------
    CredentialsError
        There is no file in the old format, or ``consent`` is False.
    """
    path = (Path.home() if home is None else Path(home)) / FILE
    content = read_secret(path)
    entries = {} if content is None else _entries(content)
    if content is None or not _is_old(entries) or "key" not in entries:
        raise CredentialsError(f"{path} is not in the old format, so there is nothing to migrate.")
    if not consent:
        raise CredentialsError(f"{path} is only replaced with consent=True; the old file is kept beside it.")
    return write_cds(Secret(entries["key"].reveal().rpartition(":")[2]), home, migrate=True)
