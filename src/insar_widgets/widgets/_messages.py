"""Requests from the front end, answered off the kernel's threads. The other side is `js/src/lib/messages.ts`.

On the wire, up: ``{id, kind, payload}`` with optional buffers, or ``{id, cancel: true}``.
Down: any number of ``{id, progress}``, then one ``{id, ok: true, payload}`` with optional buffers or
``{id, ok: false, error: {message, remedy}}``. A page on loopback asks with ``prompt: true``, and then a last buffer
that only fills the message up may follow, which ``padding: true`` tells of.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from insar_widgets.errors import CancelledError, InsarWidgetsError
from insar_widgets.widgets._threads import run

__all__ = ["Answer", "Handler", "Request", "Requests", "describe_error"]

log = logging.getLogger(__name__)

Buffer = bytes | memoryview
_PROMPT_BYTES = 66_000
"""A message of at least one full TCP segment of the loopback interface.

Jupyter's servers leave Nagle's algorithm on: a small message waits until the one before it, the kernel's "busy", is
acknowledged, which the browser's side puts off for 40 ms. A full segment goes at once and takes along what waits.
"""


@dataclass(frozen=True)
class Request:
    """One question of the front end.

    Attributes
    ----------
    payload
        JSON value that came with it.
    buffers
        Binary parts, in order.
    cancelled
        Set when the front end no longer wants the answer.
    progress
        Sends a JSON value to whoever asked, before the answer.
    """

    payload: Any
    buffers: tuple[bytes, ...] = ()
    cancelled: threading.Event = field(default_factory=threading.Event)
    progress: Callable[[Any], None] = lambda _note: None

    def check(self) -> None:
        """Raise `CancelledError` when the answer is no longer wanted."""
        if self.cancelled.is_set():
            raise CancelledError("Cancelled.")


@dataclass(frozen=True)
class Answer:
    """A JSON value with binary parts; a handler without such parts returns the value itself."""

    payload: Any
    buffers: Sequence[Buffer] = ()


Handler = Callable[[Request], Any]


class Channel(Protocol):
    """What is needed of a widget: its custom messages."""

    def send(self, content: Any, buffers: Sequence[Buffer] | None = None) -> None: ...

    def on_msg(self, callback: Callable[[Any, Any, list[Any]], None]) -> None: ...


def describe_error(error: BaseException) -> dict[str, str]:
    """The words a user reads about an error: ``message`` and ``remedy`` (empty when the message holds it)."""
    if isinstance(error, InsarWidgetsError):
        return {"message": str(error), "remedy": ""}
    if isinstance(error, PermissionError):
        return {
            "message": f"Permission denied: {error.filename}.",
            "remedy": "Choose another folder, or ask its owner for access.",
        }
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return {"message": f"{error.strerror}{where}.", "remedy": "Check the file system and try again."}
    return {
        "message": f"Something went wrong that was not expected: {type(error).__name__}: {error}",
        "remedy": "Try again; if it stays, report it with the kernel's log, which holds the details.",
    }


class Requests:
    """Answers the requests that reach a widget, each on a thread for itself.

    The kernel is never blocked by a handler, messages may arrive on any thread (JupyterLab uses
    subshells, Voilà the main thread), and an error of a handler is an answer, not a crash.

    Parameters
    ----------
    widget
        Where messages come from and go to.
    handlers
        Function for each kind of request. It runs on a worker thread, gets a `Request`, and returns a JSON
        value or an `Answer`.
    limit
        Requests worked on at the same time; further ones wait.
    """

    def __init__(self, widget: Channel, handlers: Mapping[str, Handler], *, limit: int = 8) -> None:
        self._widget = widget
        self._handlers = dict(handlers)
        self._open: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._slots = threading.BoundedSemaphore(limit)
        self._prompt = False
        self.guard: Callable[[str, Any], None] = lambda _kind, _payload: None
        """Looks at the kind and payload of each request before it is handled, and may raise."""
        widget.on_msg(self._receive)

    def cancel_all(self) -> None:
        """Ask every request that is being worked on to stop."""
        with self._lock:
            for event in self._open.values():
                event.set()

    def push(self, content: dict[str, Any], buffers: Sequence[Buffer] = ()) -> None:
        """Send the page what it did not ask for, as quickly as an answer."""
        self._send(content, buffers)

    def _receive(self, _widget: Any, content: Any, buffers: list[Any]) -> None:
        if not isinstance(content, dict) or not isinstance(content.get("id"), str):
            return
        key = content["id"]
        self._prompt = content.get("prompt") is True or (self._prompt and "kind" not in content)
        if content.get("cancel"):
            with self._lock:
                event = self._open.get(key)
            if event:
                event.set()
            return
        kind = content.get("kind")
        if not isinstance(kind, str) or kind.startswith("anywidget"):
            return
        cancelled = threading.Event()
        with self._lock:
            self._open[key] = cancelled
        request = Request(
            payload=content.get("payload"),
            buffers=tuple(bytes(part) for part in buffers or ()),
            cancelled=cancelled,
            progress=lambda note: self._send({"id": key, "progress": note}),
        )
        run(lambda: self._answer(key, kind, request), f"insar-widgets-{kind}")

    def _answer(self, key: str, kind: str, request: Request) -> None:
        try:
            with self._slots:
                request.check()
                handler = self._handlers.get(kind)
                if handler is None:
                    raise InsarWidgetsError(
                        f"This widget cannot answer {kind!r}: the page and the kernel have different "
                        "versions of insar_widgets. Restart the kernel and reload the page."
                    )
                self.guard(kind, request.payload)
                result = handler(request)
            answer = result if isinstance(result, Answer) else Answer(result)
            self._send({"id": key, "ok": True, "payload": answer.payload}, answer.buffers)
        except CancelledError:
            self._send(
                {"id": key, "ok": False, "error": {"message": "Cancelled.", "remedy": "", "cancelled": True}}
            )
        except Exception as error:  # every failure must reach whoever asked
            if not isinstance(error, InsarWidgetsError):
                log.exception("A request %r of the front end failed", kind)
            self._send({"id": key, "ok": False, "error": describe_error(error)})
        finally:
            with self._lock:
                self._open.pop(key, None)

    def _send(self, content: dict[str, Any], buffers: Sequence[Buffer] = ()) -> None:
        parts = list(buffers)
        missing = _PROMPT_BYTES - sum(memoryview(part).nbytes for part in parts)
        if self._prompt and missing > 0 and "progress" not in content:
            content = content | {"padding": True}
            parts.append(bytes(missing))
        with self._sending:
            self._widget.send(content, parts or None)
