"""Choose pairs of a stack without letting its network fall apart unnoticed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.hyp3.stack import Stack

__all__ = ["Choice", "select"]


@dataclass(frozen=True)
class Choice:
    """What to keep; see `Stack.select`."""

    start: str | None = None
    end: str | None = None
    months: Iterable[int] | None = None
    max_temporal_days: float | None = None
    max_bperp: float | None = None
    exclude_dates: Iterable[str] = ()
    exclude_pairs: Iterable[str | Pair] = ()
    only_pairs: Iterable[str | Pair] | None = None


def select(stack: Stack, choice: Choice, *, keep_connected: bool = True) -> Stack:
    """Return the stack of the pairs that a choice keeps; see `Stack.select`."""
    wanted_date = _date_filter(stack, choice)
    wanted_pair = _pair_filter(stack, choice)
    kept = tuple(
        product
        for product in stack.products
        if wanted_date(product.pair.reference)
        and wanted_date(product.pair.secondary)
        and wanted_pair(product.pair, product.bperp)
    )
    if not kept:
        raise ProductError("No pair is left. Widen the range of dates or the baselines.")
    result = replace(stack, products=kept)
    if keep_connected and len(result.network.components) > 1:
        raise ProductError(_why_apart(stack.network, result.network, wanted_date))
    lost = [date for date in stack.dates if wanted_date(date) and date not in set(result.dates)]
    if lost:
        note = Finding(
            "info",
            "date-without-pair",
            f"No pair of {_some(lost)} is left, so {'it drops' if len(lost) == 1 else 'they drop'} out of the stack.",
            remedy="Allow longer baselines to keep every date.",
        )
        result = replace(result, left_out=(*stack.left_out, note))
    return result


def _date_filter(stack: Stack, choice: Choice) -> Callable[[str], bool]:
    start, end = _date(choice.start), _date(choice.end)
    if start and end and start > end:
        raise ProductError(f"The range starts at {start}, after its end {end}. Exchange them.")
    months = frozenset(int(month) for month in choice.months) if choice.months is not None else None
    if months is not None and not (months and months <= frozenset(range(1, 13))):
        raise ProductError("Months are numbers from 1 to 12; give at least one.")
    excluded = frozenset(_date(date) for date in choice.exclude_dates)
    unknown = sorted(str(date) for date in excluded - set(stack.dates))
    if unknown:
        raise ProductError(
            f"The stack has no date {_some(unknown)} to exclude. Its dates are {_some(stack.dates)}."
        )

    def wanted(date: str) -> bool:
        return (
            (start is None or date >= start)
            and (end is None or date <= end)
            and (months is None or int(date[4:6]) in months)
            and date not in excluded
        )

    return wanted


def _pair_filter(stack: Stack, choice: Choice) -> Callable[[Pair, float], bool]:
    excluded = _pairs(stack, choice.exclude_pairs)
    only = _pairs(stack, choice.only_pairs) if choice.only_pairs is not None else None
    days, metres = choice.max_temporal_days, choice.max_bperp

    def wanted(pair: Pair, bperp: float) -> bool:
        return (
            pair not in excluded
            and (only is None or pair in only)
            and (days is None or abs(pair.days) <= days)
            and (metres is None or abs(bperp) <= metres)
        )

    return wanted


def _date(text: str | None) -> str | None:
    """Accept `YYYYMMDD` and `YYYY-MM-DD`."""
    if text is None:
        return None
    digits = text.replace("-", "")
    if not re.fullmatch(r"\d{8}", digits):
        raise ProductError(f"{text!r} is not a date. Write it as YYYYMMDD.")
    return digits


def _pairs(stack: Stack, pairs: Iterable[str | Pair]) -> frozenset[Pair]:
    result = frozenset(pair if isinstance(pair, Pair) else _pair(pair) for pair in pairs)
    unknown = sorted(pair.date12 for pair in result - set(stack.pairs))
    if unknown:
        raise ProductError(f"The stack has no pair {_some(unknown)}. Write pairs as YYYYMMDD_YYYYMMDD.")
    return result


def _pair(text: str) -> Pair:
    match = re.fullmatch(r"(\d{8})[_-](\d{8})", text)
    if match is None:
        raise ProductError(f"{text!r} is not a pair. Write it as YYYYMMDD_YYYYMMDD.")
    return Pair(match[1], match[2])


def _why_apart(before: Network, after: Network, wanted_date: Callable[[str], bool]) -> str:
    """Say which dates fall off, and which dropped pair would hold them."""
    apart = [date for part in after.components[1:] for date in part]
    text = f"The network would fall into {len(after.components)} parts: {_some(apart)} would be cut off."
    part_of = {date: number for number, part in enumerate(after.components) for date in part}
    bridges = [
        (abs(pair.days), abs(bperp), pair)
        for pair, bperp in zip(before.pairs, before.bperp, strict=True)
        if part_of.get(pair.reference) != part_of.get(pair.secondary)
        and wanted_date(pair.reference)
        and wanted_date(pair.secondary)
        and pair.reference in part_of
        and pair.secondary in part_of
    ]
    if bridges:
        days, metres, pair = min(bridges)
        return f"{text} Keep {pair} ({days} days, {metres:.0f} m), or drop those dates as well."
    return f"{text} No pair of the stack connects them to the rest; drop those dates as well."


def _some(items: Iterable[str], most: int = 6) -> str:
    """List a few and count the rest."""
    items = list(items)
    text = ", ".join(items[:most])
    return f"{text} and {len(items) - most} more" if len(items) > most else text
