"""A bounded memory of what was made, shared by threads; nothing is made twice at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Protocol

from insar_widgets.errors import CancelledError

_POLL_SECONDS = 0.05


class Cancelled(Protocol):
    """Tells whether the answer is no longer wanted; `threading.Event` is one."""

    def is_set(self) -> bool:
        """True once it is cancelled."""
        ...


def check(cancelled: Cancelled | None) -> None:
    """Raise `CancelledError` when the work is no longer wanted."""
    if cancelled is not None and cancelled.is_set():
        raise CancelledError("Cancelled.")


class ByteCache[T]:
    """Least recently used items leave when the others need the room.

    Parameters
    ----------
    limit
        Bytes of all items together; a larger item is handed out, not kept.
    size
        Bytes of an item.
    """

    def __init__(self, limit: int, size: Callable[[T], int]) -> None:
        self.limit = limit
        self._size = size
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self._pending: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes kept at the moment."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], T], cancelled: Cancelled | None = None) -> T:
        """The item of a key, made where it is not there; whoever asks while it is being made waits for it."""
        while True:
            with self._lock:
                if key in self._items:
                    self._items.move_to_end(key)
                    return self._items[key]
                pending = self._pending.get(key)
                if pending is None:
                    mine = self._pending[key] = threading.Event()
                    break
            while not pending.wait(_POLL_SECONDS):
                check(cancelled)
        try:
            item = make()
            self._keep(key, item)
            return item
        finally:
            with self._lock:
                self._pending.pop(key, None)
            mine.set()

    def forget(self, owner: Hashable) -> None:
        """Drop the items whose key is a tuple that begins with `owner`."""
        with self._lock:
            for key in [k for k in self._items if isinstance(k, tuple) and k[0] == owner]:
                self._bytes -= self._size(self._items.pop(key))

    def _keep(self, key: Hashable, item: T) -> None:
        size = self._size(item)
        with self._lock:
            if size > self.limit:
                return
            self._items[key] = item
            self._bytes += size
            while self._bytes > self.limit:
                _, old = self._items.popitem(last=False)
                self._bytes -= self._size(old)
