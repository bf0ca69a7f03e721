"""Find options by what a user would call them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from insar_widgets.runner.options import Option, options

__all__ = ["search_options"]

_KEY, _HELP, _NOTES = 8.0, 3.0, 1.0


def search_options(query: str, among: Sequence[Option] | None = None) -> list[Option]:
    """Options that fit a query such as "exclude these dates", the best first.

    Words are looked for in the option's name (``excludeDate`` counts as "exclude date"), step, choices,
    help and notes, from their beginning and without regard to plurals; words that occur nowhere are left
    out. An empty query gives all options in their order.
    """
    found = list(options() if among is None else among)
    words = [word for word in _words(query) if any(_fits(word, option) for option in found)]
    if not words:
        return found if not _words(query) else []
    scores = {option: [_fits(word, option) for word in words] for option in found}
    most = max(sum(score > 0 for score in each) for each in scores.values())
    fitting = [option for option in found if sum(score > 0 for score in scores[option]) == most]
    return sorted(fitting, key=lambda option: -sum(scores[option]))


def _words(text: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [_singular(word) for word in re.findall(r"[^\W_]+", apart.lower())]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=4096)
def _indexed(option: Option) -> tuple[tuple[float, frozenset[str]], ...]:
    key = option.key.removeprefix("mintpy.")
    last = key.rpartition(".")[2]
    return (
        (_KEY, frozenset([*_words(last), last.lower(), key.lower()])),
        (
            _KEY / 2,
            frozenset(_words(f"{option.kind} {option.group} {option.step} {' '.join(option.choices)}")),
        ),
        (_HELP, frozenset(_words(f"{option.help} {option.auto_help}"))),
        (_NOTES, frozenset(_words(option.notes))),
    )


def _fits(word: str, option: Option) -> float:
    return max((weight for weight, words in _indexed(option) if _begins(word, words)), default=0.0)


def _begins(word: str, words: Iterable[str]) -> bool:
    return any(found.startswith(word) for found in words)
