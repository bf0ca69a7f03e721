"""What one click does to the template: optional steps on and off, and the remedies of known failures."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insar_widgets.credentials.cds import LICENCE_PAGE, TOKEN_PAGE
from insar_widgets.errors import InsarWidgetsError
from insar_widgets.runner import Template

__all__ = ["SWITCHES", "Switch", "fixes_of", "lock_of", "switched"]

_CONNCOMP = "mintpy.load.connCompFile"


@dataclass(frozen=True)
class Switch:
    """The option that turns a step on or off; ``on`` is the value for on where the user had none before."""

    key: str
    on: str


SWITCHES: dict[str, Switch] = {
    "correct_unwrap_error": Switch("mintpy.unwrapError.method", "bridging"),
    "correct_SET": Switch("mintpy.solidEarthTides", "yes"),
    "correct_ionosphere": Switch("mintpy.ionosphericDelay.method", "split_spectrum"),
    "correct_troposphere": Switch("mintpy.troposphericDelay.method", "pyaps"),
    "deramp": Switch("mintpy.deramp", "linear"),
    "correct_topography": Switch("mintpy.topographicResidual", "yes"),
    "reference_date": Switch("mintpy.reference.date", "auto"),
    "google_earth": Switch("mintpy.save.kmz", "yes"),
    "hdfeos5": Switch("mintpy.save.hdfEos5", "yes"),
}


def lock_of(step: str, effective: Mapping[str, Any], work_dir: Path) -> str:
    """Why a step that is off can't be switched on here, empty if it can."""
    hyp3 = effective.get("mintpy.load.processor") == "hyp3"
    if step == "correct_unwrap_error" and effective.get("mintpy.unwrapError.method") in (None, False):
        pattern = effective.get(_CONNCOMP)
        if not isinstance(pattern, str) or not any(_matches(work_dir, pattern)):
            return "needs connected components, which these products do not have"
    if step == "correct_SET" and importlib.util.find_spec("pysolid") is None:
        return "needs the package pysolid, which is not installed"
    if step == "correct_LOD":
        return "only Envisat needs it"
    if step == "correct_ionosphere" and hyp3:
        return "needs split-spectrum results, which HyP3 does not make"
    if step == "geocode" and hyp3:
        return "HyP3 products are in map coordinates already"
    return ""


def _matches(work_dir: Path, pattern: str) -> Any:
    path = work_dir / Path(pattern).expanduser()
    anchor = Path(path.anchor)
    return anchor.glob(str(path.relative_to(anchor)))


def switched(template: Template, step: str, on: bool, earlier: str = "") -> tuple[Template, str]:
    """The template with a step on or off, and the line that changed.

    Parameters
    ----------
    earlier
        Value that the option had before it was switched off here, to come back to.

    Raises
    ------
    InsarWidgetsError
        The step has no switch.
    """
    if step not in SWITCHES:
        raise InsarWidgetsError(f"{step} cannot be switched: its options are in the template.")
    switch = SWITCHES[step]
    value = (earlier or switch.on) if on else "no"
    return template.with_options({switch.key: value}), f"{switch.key} = {value}"


_SETTING = re.compile(r"(mintpy(?:\.\w+)+) = ([\w.+-]*\w)")
_LABELS = {
    ("mintpy.troposphericDelay.method", "no"): "Skip troposphere",
    ("mintpy.troposphericDelay.method", "height_correlation"): "Use height correlation instead",
}


def fixes_of(step: str, reason: str, remedy: str, template: Template) -> list[dict[str, Any]]:
    """What one click can do about a failure: open a page, change options and run on, or try again.

    Each has a ``label`` and either ``href`` or ``values``, options to set before the run goes on.
    """
    words = f"{reason} {remedy}"
    fixes: list[dict[str, Any]] = []
    if re.search(r"licen[cs]e", words, re.IGNORECASE):
        fixes.append({"label": "Open the licence page", "href": LICENCE_PAGE})
    elif step == "correct_troposphere" and re.search(r"token|credential|cdsapirc", words, re.IGNORECASE):
        fixes.append({"label": "Open the page of the token", "href": TOKEN_PAGE})
    fixes.append({"label": "Try again", "values": {}})
    settings = dict(_SETTING.findall(words))
    if step == "correct_troposphere":
        key = "mintpy.troposphericDelay.method"
        settings.pop(key, None)
        if template.get(key) != "height_correlation":
            fixes.append(_set(key, "height_correlation"))
        fixes.append(_set(key, "no"))
    if "mintpy.networkInversion.minTempCoh" in words and "Too few pixels" in reason:
        settings["mintpy.networkInversion.minTempCoh"] = "0.5"
    fixes += [_set(key, value) for key, value in settings.items() if template.get(key) != value]
    return fixes


def _set(key: str, value: str) -> dict[str, Any]:
    label = _LABELS.get((key, value), f"Set {key.removeprefix('mintpy.')} = {value}")
    return {"label": label, "values": {key: value}}
