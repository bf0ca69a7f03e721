"""The account of the Climate Data Store as its client finds it: environment, ``~/.cdsapirc``, PyAPS' own file."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cdsapi.api import get_url_key_verify

from insar_widgets.credentials.cds import DATASET, LICENCE_PAGE, TOKEN_PAGE, URL
from insar_widgets.errors import RunError

__all__ = ["DATASET", "LICENCE_PAGE", "TOKEN_PAGE", "CdsAccount", "cds_account"]

_NO_KEY = ("", "your-uid:your-api-key", "your-personal-access-token")


@dataclass(frozen=True)
class CdsAccount:
    """Address and token of the service, and where the token stood; `repr` does not show it."""

    url: str
    key: str = field(repr=False)
    verify: bool
    source: str


def cds_account() -> CdsAccount:
    """Find the account in the places where cdsapi and PyAPS look.

    Raises
    ------
    RunError
        If there is none, or one of the kind that the service gave up in 2024: reason and remedy, one a line.
    """
    file = os.environ.get("CDSAPI_RC") or str(Path("~/.cdsapirc").expanduser())
    source = "the environment variable CDSAPI_KEY" if os.environ.get("CDSAPI_KEY") else file
    try:
        url, key, verify = get_url_key_verify(None, None, None)
    except Exception:  # noqa: BLE001 - cdsapi raises nothing narrower
        url, verify = URL, True
        key, source = _key_of_pyaps(), "PyAPS' model.cfg"
        if key in _NO_KEY:
            raise RunError(
                f"There is no account of the Climate Data Store on this machine ({file} has no url and key)\n"
                f"Copy your personal access token from {TOKEN_PAGE} and store it (CdsCredentials does that), or set "
                "mintpy.troposphericDelay.method to height_correlation or no."
            ) from None
    if ":" in key or re.search(r"/v2/?$", url):
        raise RunError(
            f"{source} is of the kind that the Climate Data Store gave up in 2024\n"
            f"Store a personal access token from {TOKEN_PAGE} (CdsCredentials does that) and start again."
        )
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", key):
        raise RunError(
            f"The key in {source} cannot be a personal access token\n"
            f"Copy it anew from {TOKEN_PAGE}, store it, and start again."
        )
    return CdsAccount(url.rstrip("/"), key, verify, source)


def _key_of_pyaps() -> str:
    spec = importlib.util.find_spec("pyaps3")
    if spec is None or spec.origin is None:
        return ""
    config = configparser.RawConfigParser(delimiters="=")
    config.read(Path(spec.origin).with_name("model.cfg"))
    return config.get("CDS", "key", fallback="")
