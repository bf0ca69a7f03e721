"""What a template's network options leave of a stack's network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.runner._template_values import dates_in, pairs_in

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack
    from insar_widgets.runner._template_context import Context

__all__ = ["kept_pairs", "parts_of"]


def kept_pairs(context: Context, stack: Stack) -> tuple[list[Pair], list[str]]:
    """Pairs that ``modify_network`` keeps, and the options that take some out.

    Thresholds on coherence and reference files need the data themselves and are not counted.
    """
    kept, keys = list(stack.pairs), []
    for name, keeps in _criteria(context, stack):
        left = [pair for pair in kept if keeps(pair)]
        if len(left) < len(kept):
            keys.append(f"mintpy.network.{name}")
        kept = left
    return kept, keys


def _criteria(context: Context, stack: Stack) -> Iterable[tuple[str, Callable[[Pair], bool]]]:
    def text(name: str) -> str:
        return context.text(f"mintpy.network.{name}")

    bperps = dict(zip(stack.pairs, stack.network.bperp, strict=True))
    places = {date: place for place, date in enumerate(stack.dates)}
    if days := text("tempBaseMax"):
        yield "tempBaseMax", lambda pair: abs(pair.days) <= float(days)
    if metres := text("perpBaseMax"):
        yield "perpBaseMax", lambda pair: abs(bperps[pair]) <= float(metres)
    if neighbours := text("connNumMax"):
        yield (
            "connNumMax",
            lambda pair: abs(places[pair.secondary] - places[pair.reference]) <= int(neighbours),
        )
    if start := dates_in(text("startDate")):
        yield "startDate", lambda pair: min(pair.reference, pair.secondary) >= start[0]
    if end := dates_in(text("endDate")):
        yield "endDate", lambda pair: max(pair.reference, pair.secondary) <= end[0]
    if dates := set(dates_in(text("excludeDate"))):
        yield "excludeDate", lambda pair: not {pair.reference, pair.secondary} & dates
    if pairs := set(pairs_in(text("excludeDate12"))):
        yield "excludeDate12", lambda pair: pair.date12 not in pairs
    if indices := _indices(text("excludeIfgIndex")):
        left_out = {pair for place, pair in enumerate(stack.pairs) if place in indices}
        yield "excludeIfgIndex", lambda pair: pair not in left_out


def _indices(text: str) -> set[int]:
    """Numbers of ``1:5,25``, both ends of a range included."""
    found: set[int] = set()
    for part in filter(None, text.strip("[] ").split(",")):
        ends = sorted(int(end) for end in part.split(":"))
        found.update(range(ends[0], ends[-1] + 1))
    return found


def parts_of(pairs: Sequence[Pair]) -> list[list[str]]:
    """Groups of dates that pairs connect, the largest first."""
    return Network(tuple(pairs), (0.0,) * len(pairs)).components
