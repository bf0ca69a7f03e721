"""The layers of a work directory as the menu of a map lists them, and the arrays behind them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr

from insar_widgets.errors import ResultsError
from insar_widgets.results import Results
from insar_widgets.results._build import build_array
from insar_widgets.results._files import Meaning, is_displacement_series
from insar_widgets.results._lazy import open_hdf5
from insar_widgets.results._scan import FileEntry, Layer

__all__ = ["Entry", "Kind", "entry_of", "find_array", "first_layer", "menu", "pairs_of"]

Kind = Literal[
    "displacement", "velocity", "spread", "coherence", "mask", "geometry", "phase", "class", "other"
]

RESIDUAL_RMS = "residualRMS"
_RMS_FROM = "timeseriesResidual"
_RMS_MOST = 50_000_000  # pixels of a layer that is kept in memory

_SERIES, _RATE, _QUALITY = "Displacement time series", "Rate", "Quality"
_MASKS, _MODEL, _PAIRS = "Masks and geometry", "Time functions and other layers", "Interferograms"
GROUPS = (_SERIES, _RATE, _QUALITY, _MASKS, _MODEL, _PAIRS)

_WORDS = {"ERA5": "ERA5", "ramp": "ramp", "demErr": "DEM error", "SET": "solid Earth tides", "LOD": "oscillator drift",
          "ion": "ionosphere", "tropHgt": "height correlation"}  # fmt: skip
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
_DATASETS: dict[str, tuple[str, Kind, Meaning]] = {
    "unwrapPhase": (
        "phase",
        "phase",
        Meaning("unwrapped phase, positive away from the sensor", "radian", "keep"),
    ),
    "coherence": ("coherence", "coherence", Meaning("spatial coherence", "1", "keep")),
    "connectComponent": ("connected components", "class", Meaning("connected components", "1")),
    "wrapPhase": ("wrapped phase", "phase", Meaning("wrapped phase", "radian", "keep")),
    "ionoPhase": ("ionospheric phase", "phase", Meaning("ionospheric phase", "radian", "keep")),
}
_PAIR_NAME = re.compile(r"(?P<dataset>[A-Za-z]+)-(?P<pair>\d{8}_\d{8})")


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


def pairs_of(results: Results) -> dict[str, tuple[int, bool]]:
    """Interferograms of the stack as ``YYYYMMDD_YYYYMMDD``: index in the file, and whether it was kept."""
    stack = _stack(results)
    if stack is None:
        return {}
    with open_hdf5(stack.path) as handle:
        dates = handle["date"][:] if "date" in handle else []
        kept = handle["dropIfgram"][:] if "dropIfgram" in handle else [True] * len(dates)
    return {
        "_".join(part.decode() if isinstance(part, bytes) else str(part) for part in pair): (i, bool(keep))
        for i, (pair, keep) in enumerate(zip(dates, kept, strict=True))
    }


def entry_of(results: Results, name: str) -> Entry:
    """The line of a layer that exists."""
    found = _PAIR_NAME.fullmatch(name)
    if found:
        words, kind, _ = _DATASETS[found["dataset"]]
        first, second = found["pair"].split("_")
        return Entry(name, f"{_iso(first)} to {_iso(second)}, {words}", _PAIRS, kind)
    if name in _LABELS:
        label, group, kind = _LABELS[name]
        return Entry(name, label, group, kind)
    if name.startswith("timeseries"):
        label = _series_label(name) if is_displacement_series(name) else name.replace("timeseries", "Series ")
        label = "Residual of the DEM error" if name == _RMS_FROM else label
        return Entry(name, label, _SERIES, "displacement")
    array = results[name]
    units = str(array.attrs.get("units", ""))
    spread = name.endswith("Std")
    kind = (
        "spread"
        if spread
        else "velocity"
        if units == "m/year"
        else "mask"
        if array.dtype == bool
        else "other"
    )
    return Entry(
        name, str(array.attrs.get("long_name") or name), _RATE if units == "m/year" else _MODEL, kind
    )


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
    for pair, (_, kept) in pairs_of(results).items():
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
        return _residual_rms(results)
    return results[name]


def _interferogram(results: Results, name: str, dataset: str, pair: str) -> xr.DataArray:
    stack, pairs = _stack(results), pairs_of(results)
    if stack is None or dataset not in stack.datasets or pair not in pairs:
        raise ResultsError(
            f"{results.work_dir} holds no {dataset} of the pair {pair}; "
            f"choose one of its {len(pairs)} pairs, or run the step load_data again."
        )
    layer = Layer(name, stack.datasets[dataset], _DATASETS[dataset][2], stack)
    array = build_array(results._scan, layer, {}).isel(band=pairs[pair][0])
    if array.size > _RMS_MOST or dataset == "connectComponent":
        return array
    values = array.to_numpy()  # HyP3 and MintPy write 0 where an interferogram has nothing
    return array.copy(data=np.where(values == 0, np.float32(np.nan), values))


def _residual_rms(results: Results) -> xr.DataArray:
    residual = results[_RMS_FROM]
    rows, columns = residual.shape[-2:]
    if rows * columns > _RMS_MOST:
        raise ResultsError(
            f"The residual RMS of {rows} x {columns} pixels is not made on the fly; average {_RMS_FROM} beforehand."
        )
    rms = np.full((rows, columns), np.nan, np.float32)
    step = max(1, 8_000_000 // (columns * residual.shape[0]))
    for first in range(0, rows, step):
        part = slice(first, first + step)
        values = residual.isel(y=part).to_numpy().astype(np.float64)
        rms[part] = np.sqrt(np.mean(np.square(values), axis=0))
    array = residual.isel(date=0, drop=True).copy(data=rms).rename(RESIDUAL_RMS)
    array.attrs |= {"long_name": "root mean square residual over all dates", "units": "m"}
    return array


def _stack(results: Results) -> FileEntry | None:
    stack = results._scan.stack
    return stack if stack is not None and stack.geocoded else None


def _series_label(name: str) -> str:
    done = [_WORDS.get(part, part) for part in name.split("_")[1:]]
    return ", ".join(done) if done else "Uncorrected"


def _is_stale(name: str, states: Mapping[str, str]) -> bool:
    step = _STEP_OF.get(name)
    if step is None and is_displacement_series(name):
        step = _CORRECTED_BY.get(name.rsplit("_", 1)[-1], "correct_troposphere")
    return states.get(step or "") == "stale"


def _replace(entry: Entry, **changes: Any) -> Entry:
    return Entry(**{**asdict(entry), **changes})


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
