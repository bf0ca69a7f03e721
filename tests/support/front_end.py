"""What the browser does to a widget, without a browser: a message up, an answer down."""

from __future__ import annotations

import queue
from typing import Any


def ask(widget: Any, kind: str, payload: Any = None) -> dict[str, Any]:
    """Send a request as the front end does and return the whole answer."""
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    # What a widget says of its own accord is no answer
    widget.send = lambda content, buffers=None: answers.put(content) if "id" in content else None
    widget._handle_custom_msg({"id": "1", "kind": kind, "payload": payload}, [])
    return answers.get(timeout=20)
