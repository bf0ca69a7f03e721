"""Options that have no effect while others are as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from insar_widgets.findings import Severity

__all__ = ["Ignored", "ignored_because"]

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Ignored:
    """Why an option has no effect, to follow "because", and what to do."""

    because: str
    remedy: str
    severity: Severity = "info"


@dataclass(frozen=True)
class _Rule:
    """An option, or a group ending with a dot, that needs another option to have certain values."""

    option: str
    needs: str
    fits: Callable[[Any], bool]
    remedy: str
    severity: Severity = "info"


def _is_on(value: Any) -> bool:
    return value not in (False, None)


def _is(*wanted: object) -> Callable[[Any], bool]:
    return lambda value: value in wanted


def _has(part: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and part in value


_RULES = (
    _Rule("compute.numWorker", "compute.cluster", _is_on, "Set the cluster to local, or remove the option."),
    _Rule("compute.config", "compute.cluster", _has("s"), "Set the cluster, or remove the option."),
    _Rule(
        "network.minCoherence",
        "network.coherenceBased",
        _is_on,
        "Set coherenceBased to yes, or remove the option.",
    ),
    _Rule(
        "network.minAreaRatio",
        "network.areaRatioBased",
        _is_on,
        "Set areaRatioBased to yes, or remove the option.",
    ),
    _Rule("unwrapError.", "unwrapError.method", _is_on, "Choose a method, or remove the option."),
    _Rule("unwrapError.numSample", "unwrapError.method", _has("phase_closure"), "Remove the option."),
    _Rule("unwrapError.ramp", "unwrapError.method", _has("bridging"), "Remove the option."),
    _Rule("unwrapError.bridgePtsRadius", "unwrapError.method", _has("bridging"), "Remove the option."),
    _Rule(
        "networkInversion.maskThreshold",
        "networkInversion.maskDataset",
        _is("coherence", "rangeOffsetStd", "azimuthOffsetStd"),
        "Set maskDataset to coherence to mask by the threshold, or remove the option.",
        "warning",
    ),
    _Rule("ionosphericDelay.", "ionosphericDelay.method", _is_on, "Choose a method, or remove the option."),
    _Rule("troposphericDelay.weatherModel", "troposphericDelay.method", _is("pyaps"), "Remove the option."),
    _Rule("troposphericDelay.weatherDir", "troposphericDelay.method", _is("pyaps"), "Remove the option."),
    _Rule(
        "troposphericDelay.polyOrder",
        "troposphericDelay.method",
        _is("height_correlation"),
        "Remove the option.",
    ),
    _Rule(
        "troposphericDelay.looks", "troposphericDelay.method", _is("height_correlation"), "Remove the option."
    ),
    _Rule(
        "troposphericDelay.minCorrelation",
        "troposphericDelay.method",
        _is("height_correlation"),
        "Remove the option.",
    ),
    _Rule("troposphericDelay.gacosDir", "troposphericDelay.method", _is("gacos"), "Remove the option."),
    _Rule("troposphericDelay.operaDir", "troposphericDelay.method", _is("opera"), "Remove the option."),
    _Rule("deramp.", "deramp", _is_on, "Set deramp to linear or quadratic, or remove the option."),
    _Rule("topographicResidual.", "topographicResidual", _is_on, "Set it to yes, or remove the option."),
    _Rule("residualRMS.", "topographicResidual", _is_on, "Set it to yes, or remove the option."),
    _Rule(
        "timeFunc.bootstrapCount",
        "timeFunc.uncertaintyQuantification",
        _is("bootstrap"),
        "Remove the option.",
    ),
    _Rule(
        "timeFunc.timeSeriesCovFile",
        "timeFunc.uncertaintyQuantification",
        _is("covariance"),
        "Remove the option.",
    ),
    _Rule(
        "geocode.", "load.processor", lambda value: value != "hyp3", "Remove it: HyP3 products are geocoded."
    ),
    _Rule("save.hdfEos5.", "save.hdfEos5", _is_on, "Set save.hdfEos5 to yes, or remove the option."),
    _Rule("plot.", "plot", _is_on, "Set mintpy.plot to yes, or remove the option."),
    _Rule(
        "network.aoiLALO",
        "load.processor",
        lambda value: value != "hyp3",
        "Give the area as rows and columns with mintpy.network.aoiYX; MintPy overlooks aoiLALO for geocoded products.",
        "warning",
    ),
    _Rule("subset.yx", "subset.lalo", lambda value: not _is_on(value), "Keep one of the two.", "warning"),
    _Rule(
        "reference.yx", "reference.lalo", lambda value: not _is_on(value), "Keep one of the two.", "warning"
    ),
    _Rule("reference.minCoherence", "reference.lalo", lambda value: not _is_on(value), "Remove the option."),
    _Rule("reference.minCoherence", "reference.yx", lambda value: not _is_on(value), "Remove the option."),
)
_NEEDS_A_CRITERION = ("keepMinSpanTree", "maskFile", "aoiYX", "aoiLALO")


def ignored_because(key: str, values: Values) -> Ignored | None:
    """Why an option of the template has no effect under the effective ``values``; None if it has one."""
    name = key.removeprefix("mintpy.")
    for rule in _RULES:
        governs = name == rule.option or (rule.option.endswith(".") and name.startswith(rule.option))
        needed = f"mintpy.{rule.needs}"
        if governs and key != needed and needed in values and not rule.fits(values[needed]):
            return Ignored(f"{needed} is {_shown(values[needed])}", rule.remedy, rule.severity)
    group, _, last = name.partition(".")
    criteria = ("mintpy.network.coherenceBased", "mintpy.network.areaRatioBased")
    if group == "network" and last in _NEEDS_A_CRITERION and not any(_is_on(values.get(c)) for c in criteria):
        return Ignored(
            "neither coherenceBased nor areaRatioBased is on", "Turn one of them on, or remove the option."
        )
    return None


def _shown(value: Any) -> str:
    return {True: "yes", False: "no", None: "none"}.get(value, value) if not isinstance(value, str) else value
