"""What a user keeps of a stack: dates and pairs by rule, and products left out one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Product, Stack
from insar_widgets.widgets._folders import Folders

__all__ = ["Selection", "keep_inside"]


@dataclass(frozen=True)
class Selection:
    """A filter, as `Stack.select` understands it, and names of products left out by hand.

    `leave_out` is what the user typed: dates (`YYYYMMDD`) and pairs (`YYYYMMDD_YYYYMMDD`).
    """

    start: str = ""
    end: str = ""
    months: tuple[int, ...] = ()
    max_days: float | None = None
    max_bperp: float | None = None
    leave_out: str = ""
    products: frozenset[str] = field(default=frozenset())

    @classmethod
    def read(cls, value: Mapping[str, Any], products: frozenset[str]) -> Selection:
        """Read what the front end sent.

        Raises
        ------
        InsarWidgetsError
            A number is none.
        """
        try:
            return cls(
                start=str(value.get("start") or ""),
                end=str(value.get("end") or ""),
                months=tuple(int(month) for month in value.get("months") or ()),
                max_days=_number(value.get("max_days")),
                max_bperp=_number(value.get("max_bperp")),
                leave_out=str(value.get("leave_out") or ""),
                products=products,
            )
        except (TypeError, ValueError) as error:
            raise InsarWidgetsError(
                f"The filter is not understood ({error}). Correct its numbers."
            ) from error

    def as_dict(self) -> dict[str, Any]:
        """Return the filter for the front end, without the products."""
        value = asdict(self)
        del value["products"]
        return value | {"months": list(self.months)}

    @property
    def filters(self) -> bool:
        """Whether dates or pairs are filtered."""
        return replace(self, products=frozenset()) != Selection()

    def apply(self, stack: Stack) -> Stack:
        """Return what is kept of a stack.

        Raises
        ------
        ProductError
            No pair is left, the network would fall apart, or a date or pair does not exist.
        """
        if self.products:
            stack = replace(stack, products=tuple(p for p in stack.products if p.name not in self.products))
            if not stack.products:
                raise InsarWidgetsError("No product is left. Bring some back.")
        if not self.filters:
            return stack
        words = [word for word in re.split(r"[\s,;]+", self.leave_out) if word]
        return stack.select(
            start=self.start or None,
            end=self.end or None,
            months=self.months or None,
            max_temporal_days=self.max_days,
            max_bperp=self.max_bperp,
            exclude_dates=[word for word in words if "_" not in word],
            exclude_pairs=[word for word in words if "_" in word],
        )

    def finding(self, stack: Stack) -> list[Finding]:
        """Say which products were left out by hand, if any."""
        names = tuple(p.name for p in stack.products if p.name in self.products)
        if not names:
            return []
        what = "1 product is" if len(names) == 1 else f"{len(names)} products are"
        return [Finding("info", "left-out-by-hand", f"{what} left out by hand.", names)]


def keep_inside(stack: Stack, folders: Folders) -> Stack:
    """Drop products that links bring in from outside of what may be shown.

    Raises
    ------
    InsarWidgetsError
        All of them do.
    """

    def is_inside(product: Product) -> bool:
        places: list[str | Path] = [product.path, *([] if product.is_zip else product.layers.values())]
        return all(folders.contains(Path(place)) for place in places)

    outside = tuple(product.name for product in stack.products if not is_inside(product))
    if not outside:
        return stack
    note = Finding(
        "error",
        "outside-root",
        f"{len(outside)} {'product lies' if len(outside) == 1 else 'products lie'} behind a link "
        f"out of {folders.root}.",
        outside,
        "Copy them into that folder; until then they are left out.",
    )
    kept = tuple(product for product in stack.products if product.name not in outside)
    if not kept:
        raise InsarWidgetsError(f"{note.message} {note.remedy}")
    return replace(stack, products=kept, left_out=(*stack.left_out, note))


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
