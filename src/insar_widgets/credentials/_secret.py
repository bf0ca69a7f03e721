"""A text that never shows itself."""

from __future__ import annotations

import hmac
from typing import NoReturn

__all__ = ["Secret"]


class Secret:
    """A token or password that is not shown by ``repr``, ``str``, formatting, logging, pickling or a traceback.

    Examples
    --------
    >>> f"{Secret('b2c3')} {Secret('b2c3')!r}"
    '*** Secret(***)'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        """Wrap a text, or the text of another secret."""
        self._value = value.reveal() if isinstance(value, Secret) else value

    def reveal(self) -> str:
        """The text itself. Use it within one expression; do not keep it in a variable."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A Secret cannot be pickled or copied; pass it on as it is.")
