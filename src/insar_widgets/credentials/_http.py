"""One authenticated request, bounded in time, that lets no header out."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Literal
from urllib.parse import urlsplit

from insar_widgets.credentials._secret import Secret

__all__ = ["Answer", "ask", "is_safe_url"]

Problem = Literal["", "slow", "offline", "broken"]

_LARGEST = 1_000_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Answer:
    """What a service answered: an HTTP status and the JSON it sent, or the reason why there is no answer.

    ``problem`` is empty if there was an answer, ``slow`` if it took too long, ``offline`` if nobody could be
    reached, ``broken`` if what came is not HTTP.
    """

    status: int = 0
    json: Any = None
    text: str = ""
    problem: Problem = ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another address."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


def is_safe_url(url: str) -> bool:
    """Whether a token may be sent to this address: encrypted, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def ask(
    url: str,
    secret_headers: Mapping[str, Secret],
    *,
    deadline: float,
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
) -> Answer:
    """Send a request and wait for its answer until ``deadline`` (``time.monotonic`` seconds).

    Proxies of the environment are used. The request has a thread of its own: no exception or interrupt ever
    has a traceback through the frames that hold the headers.
    """
    if not is_safe_url(url):
        return Answer(problem="broken")
    answers: list[Answer] = []
    worker = threading.Thread(
        target=lambda: answers.append(_exchange(url, secret_headers, deadline, method, body)), daemon=True
    )
    worker.start()
    worker.join(max(deadline - time.monotonic(), 0))
    return answers[0] if answers else Answer(problem="slow")


def _exchange(
    url: str,
    secret_headers: Mapping[str, Secret],
    deadline: float,
    method: str,
    body: Mapping[str, Any] | None,
) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        request = urllib.request.Request(  # noqa: S310 - ask() lets only https and loopback pass
            url,
            data=data,
            method=method,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                **{name: secret.reveal() for name, secret in secret_headers.items()},
            },
        )
        with opener.open(request, timeout=max(deadline - time.monotonic(), 0.001)) as response:
            return _answer(response.status, _read(response, deadline))
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, _read_or_nothing(error, deadline))
    except (OSError, HTTPException, ValueError) as error:
        return Answer(problem=_reason(error))


def _reason(error: Exception) -> Problem:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return "slow"
    unreachable = isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError | ConnectionResetError)
    return "offline" if unreachable or isinstance(cause, str) else "broken"


def _read(response: Any, deadline: float) -> bytes:
    """The body, as far as it comes in time; a body that comes to no end is cut."""
    content = b""
    while len(content) < _LARGEST:
        if time.monotonic() > deadline:
            raise TimeoutError
        part = response.read1(65536)
        if not part:
            break
        content += part
    return content


def _read_or_nothing(response: Any, deadline: float) -> bytes:
    """The body of an error, of which the status is what matters."""
    try:
        return _read(response, deadline)
    except (OSError, HTTPException):
        return b""


def _answer(status: int, content: bytes) -> Answer:
    text = content.decode("utf-8", "replace")
    try:
        return Answer(status, json.loads(text), text)
    except ValueError:
        return Answer(status, None, text)
