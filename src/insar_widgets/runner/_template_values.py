"""Whether a value is of the kind that MintPy's reader of an option expects."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable

from insar_widgets.runner.options import Option

__all__ = ["dates_in", "numbers_in", "pairs_in", "problem_with"]

SPECIAL = {"yes": True, "true": True, "no": False, "false": False, "none": None}
# Files of dates that some options take instead of dates.
_DATE_FILES = (".txt", ".cfg", ".dat", ".h5")


def problem_with(option: Option, value: str) -> str:
    """What is wrong with a value, to follow "KEY = VALUE"; empty if nothing.

    ``value`` is as MintPy has it after it has put loose spellings right.
    """
    if value == "auto" or _is_allowed_word(option, value):
        return ""
    if value.lower() == "auto":
        return "is not understood; write auto in small letters"
    return _CHECKS.get(option.kind, _anything)(option, value)


def _is_allowed_word(option: Option, value: str) -> bool:
    if value in option.choices:
        return True
    words = [*option.choices, option.auto]
    truths = {bool(SPECIAL[word.lower()]) for word in words if word.lower() in SPECIAL}
    return value.lower() in SPECIAL and bool(SPECIAL[value.lower()]) in truths


def _anything(_option: Option, _value: str) -> str:
    return ""


def _choice(option: Option, value: str) -> str:
    close = [word for word in option.choices if word.lower() == value.lower()]
    if close:
        return f"is not understood; write {close[0]}"
    return f"is not one of {', '.join(option.choices)}"


def _number(option: Option, value: str) -> str:
    if option.kind == "integer" and "%" in option.accepts and re.fullmatch(r"\d+(\.\d+)?%", value):
        return "" if 0 < float(value[:-1]) < 100 else "is no percentage between 0 and 100"
    try:
        number = int(value) if option.kind == "integer" else float(value)
    except ValueError:
        wanted = "a whole number" if option.kind == "integer" else "a number"
        words = f" (nor {' or '.join(option.choices)})" if option.choices else ""
        return f"is not {wanted}{words}"
    too_low = option.minimum is not None and (
        number < option.minimum or (option.exclusive and number == option.minimum)
    )
    too_high = option.maximum is not None and number > option.maximum
    return f"is outside the range {_range(option)}" if too_low or too_high or math.isnan(number) else ""


def _range(option: Option) -> str:
    low = "" if option.minimum is None else f"{'above' if option.exclusive else 'from'} {option.minimum:g}"
    high = "" if option.maximum is None else f"to {option.maximum:g}"
    unit = f" ({option.unit})" if option.unit else ""
    return f"{low} {high}".strip() + unit


def numbers_in(value: str) -> list[float]:
    """Numbers of a list such as ``[31.8:32, 130.8:131]``.

    Raises
    ------
    ValueError
        A part of the list is no number.
    """
    return [float(part) for part in re.split(r"[,:;]", value.strip("[] "))]


def _counted(count: int | None, example: str) -> Callable[[Option, str], str]:
    def check(_option: Option, value: str) -> str:
        try:
            numbers = numbers_in(value)
        except ValueError:
            return f"is not of the form {example}"
        return f"is not of the form {example}" if count is not None and len(numbers) != count else ""

    return check


def _coordinate(option: Option, value: str) -> str:
    if option.key.endswith("yx"):
        try:
            rows = [int(part) for part in value.strip("[] ").split(",")]
        except ValueError:
            return "is not of the form row,column (two whole numbers)"
        return "" if len(rows) == 2 else "is not of the form row,column (two whole numbers)"
    if "," not in value:
        return "needs a comma between latitude and longitude"
    return _counted(2, "latitude,longitude")(option, value)


def _box(option: Option, value: str) -> str:
    if "SNWE" in option.key:
        return _counted(4, "south,north,west,east")(option, value)
    if not re.fullmatch(r"[^:,]+:[^:,]+,[^:,]+:[^:,]+", value.strip("[] ")):
        return f"is not of the form {_box_form(option)}"
    if option.key.lower().endswith("yx") and "." in value:
        return "needs whole numbers of rows and columns"
    return _counted(4, _box_form(option))(option, value)


def _box_form(option: Option) -> str:
    return "row0:row1,column0:column1" if option.key.lower().endswith("yx") else "south:north,west:east"


def dates_in(value: str) -> list[str]:
    """Dates of a list as ``YYYYMMDD``, without times of day; files of dates are left out."""
    parts = [part.strip() for part in re.split(r"[,;]", value.strip("[] "))]
    days = [part.partition("T")[0] for part in parts if not part.endswith(_DATE_FILES)]
    return [_full(day) for day in days if re.fullmatch(r"\d{6}|\d{8}", day)]


def pairs_in(value: str) -> list[str]:
    """Pairs of a list as ``YYYYMMDD_YYYYMMDD``."""
    parts = [part.strip().replace("-", "_") for part in value.strip("[] ").split(",")]
    return ["_".join(_full(day) for day in part.split("_")) for part in parts if part]


def _full(day: str) -> str:
    """MintPy takes years of two digits, from 90 on as of the last century."""
    return day if len(day) != 6 else ("19" if day.startswith("9") else "20") + day


def _date_problem(text: str) -> str:
    day, _, time = text.partition("T")
    try:
        dt.datetime.strptime(_full(day), "%Y%m%d")
    except ValueError:
        return f"has {text!r}, which is no date of the form YYYYMMDD"
    return "" if re.fullmatch(r"(?:\d{4}(?:\d{2})?)?", time) else f"has {text!r}, whose time is not HHMM"


def _spaces_problem(value: str) -> str:
    """MintPy cuts these lists at commas only, so an item with a space is never found."""
    return (
        "has spaces within the list, and MintPy overlooks what follows them; take them out"
        if (re.search(r"\s", value))
        else ""
    )


def _dates(option: Option, value: str) -> str:
    parts = [part.strip() for part in value.strip("[] ").split(",")]
    if option.kind == "date" and len(parts) != 1:
        return "takes one date"
    takes_files = "txt" in option.accepts.lower()
    problems = [_date_problem(part) for part in parts if not (takes_files and part.endswith(_DATE_FILES))]
    return next(filter(None, problems), _spaces_problem(value))


def _pairs(_option: Option, value: str) -> str:
    for part in value.strip("[] ").split(","):
        days = part.strip().replace("-", "_").split("_")
        if len(days) != 2:
            return f"has {part.strip()!r}, which is no pair of the form YYYYMMDD_YYYYMMDD"
        if problem := next(filter(None, map(_date_problem, days)), ""):
            return problem
    return _spaces_problem(value)


def _indices(_option: Option, value: str) -> str:
    for part in value.strip("[] ").split(","):
        if not re.fullmatch(r"\s*\d+\s*(?::\s*\d+\s*)?", part):
            return f"has {part.strip()!r}, which is neither a number nor a range such as 1:5"
    return ""


def _onsets(_option: Option, value: str) -> str:
    for group in re.split(r"[;/|]", value):
        date, *times = group.split(",")
        if problem := _date_problem(date.strip()):
            return problem
        if not times or not all(re.fullmatch(r"\s*\d+(\.\d+)?\s*", time) for time in times):
            return f"has {group.strip()!r}, which is no date followed by characteristic times in days"
    return _spaces_problem(value)


_CHECKS: dict[str, Callable[[Option, str], str]] = {
    "choice": _choice,
    "number": _number,
    "integer": _number,
    "numbers": _counted(None, "a list of numbers"),
    "date": _dates,
    "dates": _dates,
    "pairs": _pairs,
    "indices": _indices,
    "onsets": _onsets,
    "coordinate": _coordinate,
    "box": _box,
}
