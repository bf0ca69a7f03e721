"""The layers of a work directory as the menu of a map lists them, and the arrays behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import xarray as xr

from insar_widgets.errors import ResultsError
from insar_widgets.results import Interferograms, Results
from insar_widgets.widgets._map_rms import rms_over_dates
from insar_widgets.widgets._raster_sources import slice_dates
from insar_widgets.widgets._series_names import corrections_made, series_label

__all__ = [
    "COMPONENTS", "Entry", "Kind", "check_name", "dates_of", "entry_of", "find_array", "first_layer", "is_flag", "menu",
    "pair_of", "pairs_of",
]  # fmt: skip

Kind = Literal[
    "displacement", "velocity", "spread", "coherence", "mask", "geometry", "phase", "class", "other"
]

RESIDUAL_RMS = "residualRMS"
_RMS_FROM = "timeseriesResidual"
COMPONENTS = "connectComponent"
"""As a mask: the connected components of whichever interferogram is shown."""

_SERIES, _RATE, _QUALITY = "Displacement time series", "Rate", "Quality"
_MASKS, _MODEL, _PAIRS = "Masks and geometry", "Time functions and other layers", "Interferograms"
GROUPS = (_SERIES, _RATE, _QUALITY, _MASKS, _MODEL, _PAIRS)

_LABELS: dict[str, tuple[str, str, Kind]] = {
    "velocity": ("Velocity", _RATE, "velocity"),
    "velocityStd": ("Velocity standard deviation", _RATE, "spread"),
    "avgPhaseVelocity": ("Quick-look velocity", _RATE, "velocity"),
    "temporalCoherence": ("Temporal coherence", _QUALITY, "coherence"),
    "avgSpatialCoh": ("Average spatial coherence", _QUALITY, "coherence"),
    RESIDUAL_RMS: ("Residual RMS", _QUALITY, "spread"),
    "numTriNonzeroIntAmbiguity": ("Non-zero closure triplets", _QUALITY, "other"),
    "numInvIfgram": ("Interferograms inverted", _QUALITY, "other"),
    "maskTempCoh": ("Mask: temporal coherence", _MASKS, "mask"),
    "maskConnComp": ("Mask: phase in all interferograms", _MASKS, "mask"),
    "waterMask": ("Land and water", _MASKS, "mask"),
    "shadowMask": ("Radar shadow", _MASKS, "mask"),
    "height": ("Height (DEM)", _MASKS, "geometry"),
    "incidenceAngle": ("Incidence angle", _MASKS, "geometry"),
    "azimuthAngle": ("LOS azimuth angle", _MASKS, "geometry"),
    "slantRangeDistance": ("Slant range distance", _MASKS, "geometry"),
    "demErr": ("DEM error", _MODEL, "geometry"),
    "residue": ("Residual of the velocity fit", _MODEL, "spread"),
    "intercept": ("Model at the first date", _MODEL, "displacement"),
    "interceptStd": ("Model at the first date, standard deviation", _MODEL, "spread"),
}
_STEP_OF = {
    "velocity": "velocity", "velocityStd": "velocity", "temporalCoherence": "invert_network",
    "numInvIfgram": "invert_network", "maskTempCoh": "invert_network", "timeseries": "invert_network",
    "avgSpatialCoh": "reference_point", "maskConnComp": "reference_point", "avgPhaseVelocity": "quick_overview",
    "numTriNonzeroIntAmbiguity": "quick_overview", "demErr": "correct_topography", RESIDUAL_RMS: "residual_RMS",
    _RMS_FROM: "correct_topography",
}  # fmt: skip
_CORRECTED_BY = {"demErr": "correct_topography", "ramp": "deramp", "SET": "correct_SET", "LOD": "correct_LOD",
                 "ion": "correct_ionosphere"}  # fmt: skip
_DATASETS: dict[str, tuple[str, Kind]] = {
    "unwrapPhase": ("phase", "phase"),
    "unwrapPhase_bridging": ("phase, corrected by bridging", "phase"),
    "unwrapPhase_phaseClosure": ("phase, corrected by closure", "phase"),
    "unwrapPhase_bridging_phaseClosure": ("phase, corrected by bridging and closure", "phase"),
    "coherence": ("coherence", "coherence"),
    COMPONENTS: ("connected components", "class"),
    "wrapPhase": ("wrapped phase", "phase"),
    "ionoPhase": ("ionospheric phase", "phase"),
}
_PAIR_NAME = re.compile(r"(?P<dataset>[A-Za-z_]+)-(?P<pair>\d{8}_\d{8})")


@dataclass(frozen=True)
class Entry:
    """One line of the layer menu; `reason` says why a layer cannot be chosen, `note` what is odd about it."""

    name: str
    label: str
    group: str
    kind: Kind
    dates: int = 0
    note: str = ""
    reason: str = ""
    stale: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the front end."""
        return asdict(self)


def pairs_of(results: Results) -> dict[str, bool]:
    """Interferograms of the stack as ``YYYYMMDD_YYYYMMDD``, and whether each was kept."""
    stack = _stack(results)
    return {} if stack is None else dict(zip(stack.pairs, (bool(kept) for kept in stack.kept), strict=True))


def pair_of(name: str) -> str:
    """``YYYYMMDD_YYYYMMDD`` of the layer of an interferogram; empty for any other layer."""
    found = _PAIR_NAME.fullmatch(name)
    return found["pair"] if found else ""


def entry_of(results: Results, name: str) -> Entry:
    """The line of a layer that exists."""
    found = _PAIR_NAME.fullmatch(name)
    if found and found["dataset"] in _DATASETS:
        words, kind = _DATASETS[found["dataset"]]
        first, second = found["pair"].split("_")
        return Entry(name, f"{_iso(first)} to {_iso(second)}, {words}", _PAIRS, kind)
    if name in _LABELS:
        label, group, kind = _LABELS[name]
        return Entry(name, label, group, kind)
    if name.startswith("timeseries"):
        shown = name.removeprefix(_RMS_FROM)
        label = series_label(name)
        if shown != name:
            label = "Residual" + (f", {corrections_made(name)} removed" if shown else "")
        return Entry(name, label, _SERIES, "displacement")
    array = results[name]
    units = str(array.attrs.get("units", ""))
    label = str(array.attrs.get("long_name") or name)
    return Entry(
        name, label, _RATE if units == "m/year" else _MODEL, _kind_of(name, units, array.dtype == bool)
    )


def _kind_of(name: str, units: str, flag: bool) -> Kind:
    if flag:
        return "mask"
    if name.endswith("Std") or (name.endswith("Amplitude") and units == "m"):
        return "spread"
    if units == "m/year":
        return "velocity"
    return "displacement" if units == "m" and name.startswith(("step", "exp", "log")) else "other"


def menu(results: Results, states: Mapping[str, str]) -> list[Entry]:
    """Everything that can be shown, in the order of the menu, and what is missing with the reason.

    Parameters
    ----------
    states
        State of each step of the run, empty where it is not known; "stale" marks what the step wrote.
    """
    lines: list[Entry] = []
    for name in results.layers:
        entry = entry_of(results, name)
        array = results[name]
        if array.ndim == 3 and "date" not in array.dims:
            continue
        dates = int(array.sizes.get("date", 0))
        lines.append(_replace(entry, dates=dates, stale=_is_stale(name, states)))
    if _RMS_FROM in results.layers:
        lines.append(_replace(entry_of(results, RESIDUAL_RMS), stale=_is_stale(RESIDUAL_RMS, states)))
    stack = _stack(results)
    for pair, kept in pairs_of(results).items():
        for dataset in _DATASETS:
            if stack is not None and dataset in stack.datasets:
                entry = entry_of(results, f"{dataset}-{pair}")
                lines.append(_replace(entry, note="" if kept else "left out of the network"))
    known = {line.name for line in lines}
    for name, reason in results.missing.items():
        label, group, kind = _LABELS.get(name, (name, _SERIES if "timeseries" in name else _MODEL, "other"))
        if name not in known and name != "ifgramStack":
            lines.append(Entry(name, label, group, kind, reason=reason))
    best = results.timeseries_names[::-1]
    order = {name: i for i, name in enumerate([*best, *_LABELS])}
    return sorted(lines, key=lambda e: (GROUPS.index(e.group), bool(e.reason), order.get(e.name, 999)))


def check_name(results: Results, name: str) -> None:
    """Raise ResultsError, with what there is, where no layer has this name; reads nothing that takes time."""
    found = _PAIR_NAME.fullmatch(name)
    if found:
        _interferograms_with(results, found["dataset"], found["pair"])
    elif name == RESIDUAL_RMS and _RMS_FROM in results.layers:
        return
    elif name not in results.layers:
        results[name]


def dates_of(results: Results, name: str) -> list[str]:
    """Dates of a layer as YYYYMMDD; empty where it has none or is no layer."""
    if name not in results.layers:
        return []
    try:
        return slice_dates(results[name])
    except ResultsError:  # written again since; opening it says so
        return []


def is_flag(results: Results, name: str) -> bool:
    """Whether a mask is one of yes and no, without a threshold."""
    return name == COMPONENTS or (name in results.layers and results[name].dtype == bool)


def first_layer(results: Results) -> str:
    """What a map shows at first: the most corrected series, else the best there is."""
    names = results.timeseries_names
    if names:
        try:
            return str(results.timeseries.name)
        except ResultsError:
            return names[-1]
    wanted = ("velocity", "avgPhaseVelocity", "avgSpatialCoh", "height")
    found = next((name for name in wanted if name in results.layers), None)
    return found or next(iter(results.layers), "")


def find_array(results: Results, name: str) -> xr.DataArray:
    """The values of a layer of the menu, dimensions ``(y, x)`` or ``(date, y, x)``.

    Raises
    ------
    ResultsError
        There is no such layer; the message says which there are, or why it is missing.
    """
    found = _PAIR_NAME.fullmatch(name)
    if found:
        return _interferogram(results, name, found["dataset"], found["pair"])
    if name == RESIDUAL_RMS:
        return rms_over_dates(results[_RMS_FROM], RESIDUAL_RMS)
    return results[name]


def _interferogram(results: Results, name: str, dataset: str, pair: str) -> xr.DataArray:
    stack = _interferograms_with(results, dataset, pair)
    words = _DATASETS[dataset][0]
    array = stack[dataset].isel(pair=stack.pairs.index(pair), drop=True).rename(name)
    return array.assign_attrs(long_name=f"{array.attrs.get('long_name') or words}, {pair}")


def _interferograms_with(results: Results, dataset: str, pair: str) -> Interferograms:
    stack = _stack(results)
    if stack is None or dataset not in _DATASETS or dataset not in stack.datasets or pair not in stack.pairs:
        count = 0 if stack is None else len(stack.pairs)
        raise ResultsError(
            f"{results.work_dir} holds no {dataset} of the pair {pair}; "
            f"choose one of its {count} pairs, or run the step load_data again."
        )
    return stack


def _stack(results: Results) -> Interferograms | None:
    try:
        return results.interferograms
    except (ResultsError, KeyError):  # none, in radar coordinates, or without dates: `missing` says which
        return None


def _is_stale(name: str, states: Mapping[str, str]) -> bool:
    step = _STEP_OF.get(name)
    if step is None and name.startswith("timeseries") and not name.startswith(_RMS_FROM):
        step = _CORRECTED_BY.get(name.rsplit("_", 1)[-1], "correct_troposphere")
    return states.get(step or "") == "stale"


def _replace(entry: Entry, **changes: Any) -> Entry:
    return Entry(**{**asdict(entry), **changes})


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
