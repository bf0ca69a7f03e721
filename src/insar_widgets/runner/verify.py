"""Whether a step really made its products: an exit without error proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from insar_widgets.runner.steps import StepPlan

if TYPE_CHECKING:
    import h5py

__all__ = ["missing_products"]

# data set that must hold at least one value that is neither zero nor NaN, by beginning of the file's name
_MUST_HOLD = {
    "inputs/ifgramStack": "unwrapPhase",
    "inputs/geometryGeo": "height",
    "avgSpatialCoh": "coherence",
    "temporalCoherence": "temporalCoherence",
    "maskTempCoh": "mask",
    "maskConnComp": "mask",
    "numInvIfgram": "mask",
    "timeseriesResidual": "",
    "timeseries": "timeseries",
    "velocity": "velocity",
}
_ROWS = 64


def missing_products(work_dir: Path, plan: StepPlan) -> list[str]:
    """Say, one sentence each, what is wrong with the files the step was to write; empty if all is well."""
    problems = []
    for pattern in plan.writes:
        if not (work_dir / pattern).is_file():
            problems.append(f"{pattern} was not written.")
        elif pattern.endswith(".h5"):
            problem = _hdf5_problem(work_dir / pattern, pattern)
            if problem:
                problems.append(problem)
    return problems


def _hdf5_problem(path: Path, name: str) -> str | None:
    import h5py  # noqa: PLC0415 - the kernel decides without it

    try:
        with h5py.File(path, "r", locking=False) as file:
            if "WIDTH" not in file.attrs or not len(file):
                return f"{name} has no data or no WIDTH attribute."
            dataset = next((d for start, d in _MUST_HOLD.items() if name.startswith(start)), "")
            if dataset and dataset in file and not _holds_values(file[dataset]):
                return f"{name} was written but holds only zeros or no-data ({dataset})."
    except OSError as error:
        return f"{name} cannot be read as HDF5 ({error})."
    return None


def _holds_values(dataset: h5py.Dataset) -> bool:
    """Look at evenly spread rows, of the last layer first, then at everything."""
    if dataset.ndim < 2:
        return bool(np.any(dataset[()]))
    layers: list[tuple[int, ...]] = (
        [()] if dataset.ndim == 2 else [(i,) for i in range(dataset.shape[0] - 1, -1, -1)]
    )
    step = max(1, dataset.shape[-2] // _ROWS)
    for stride in (step, 1):
        for layer in layers:
            values = np.asarray(dataset[(*layer, slice(None, None, stride))])
            if bool(np.any((values != 0) & ~np.isnan(values))):
                return True
        if stride == 1:
            break
    return False
