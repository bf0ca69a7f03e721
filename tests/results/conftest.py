"""Tiny work directories in MintPy's layout, with known values at known pixels."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

ROWS, COLUMNS = 12, 16
DATES = ("20200101", "20200113", "20200125", "20200206", "20200218")
SPIKE = (3, 11)
REFERENCE = (8, 4)
EMPTY = (0, 0)

UTM = {
    "X_FIRST": "480000.0", "Y_FIRST": "2150000.0", "X_STEP": "80.0", "Y_STEP": "-80.0",
    "X_UNIT": "meters", "Y_UNIT": "meters", "EPSG": "32614", "UTM_ZONE": "14N",
    # Metres, as MintPy writes them on UTM grids: whoever takes these for degrees is far off.
    "REF_LAT": "2149320.0", "REF_LON": "480360.0",
}  # fmt: skip
GEOGRAPHIC = {
    "X_FIRST": "-99.2", "Y_FIRST": "19.5", "X_STEP": "0.001", "Y_STEP": "-0.001",
    "X_UNIT": "degrees", "Y_UNIT": "degrees",
}  # fmt: skip
RADAR: dict[str, str] = {}
GRIDS = {"utm": UTM, "geographic": GEOGRAPHIC, "radar": RADAR}


def write(
    path: Path, file_type: str, grid: dict[str, str], datasets: dict[str, np.ndarray], **extra: str
) -> None:
    """One HDF5 file as MintPy writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    attributes = {
        "FILE_TYPE": file_type, "LENGTH": str(ROWS), "WIDTH": str(COLUMNS), "UNIT": "1", "WAVELENGTH": "0.05546576",
        "CENTER_LINE_UTC": "2421.89", "REF_Y": str(REFERENCE[0]), "REF_X": str(REFERENCE[1]), **grid, **extra,
    }  # fmt: skip
    with h5py.File(path, "w") as handle:
        handle.attrs.update(attributes)
        for name, values in datasets.items():
            chunks = True if values.ndim > 1 else None
            handle.create_dataset(name, data=values, chunks=chunks)


def truth() -> dict[str, np.ndarray]:
    """What is put into the work directory."""
    rng = np.random.default_rng(4)
    velocity = rng.normal(0, 0.02, (ROWS, COLUMNS)).astype(np.float32)
    velocity[SPIKE] = -0.5
    velocity[REFERENCE] = 0
    years = np.arange(len(DATES)) * 12 / 365.25
    series = (velocity[None] * years[:, None, None]).astype(np.float32)
    used = np.full((ROWS, COLUMNS), 10, np.float32)
    used[EMPTY] = 0
    velocity[EMPTY] = 0
    series[:, *EMPTY] = 0
    coherence = np.where(used > 0, 0.9, 0).astype(np.float32)
    return {"velocity": velocity, "series": series, "used": used, "coherence": coherence}


def write_all(folder: Path, grid: dict[str, str], prefix: str = "") -> None:
    """A finished run: series, velocity, coherence, masks, geometry, stack."""
    put = truth()
    dates = np.array(DATES, "S8")
    unit = {"UNIT": "m", "REF_DATE": DATES[0]}
    for stem in ("timeseries", "timeseries_ramp_demErr"):
        scale = np.float32(1 if stem == "timeseries_ramp_demErr" else 0.5)
        series = {
            "timeseries": put["series"] * scale,
            "date": dates,
            "bperp": np.zeros(len(dates), np.float32),
        }
        write(folder / f"{prefix}{stem}.h5", "timeseries", grid, series, **unit)
    fitted = {"velocity": put["velocity"], "velocityStd": np.abs(put["velocity"]) / 10}
    source = {
        "FILE_PATH": f"/somewhere/{prefix}timeseries_ramp_demErr.h5",
        "UNIT": "m/year",
        "REF_DATE": DATES[0],
    }
    write(folder / f"{prefix}velocity.h5", "velocity", grid, fitted, **source)
    coherence = {"temporalCoherence": put["coherence"]}
    write(folder / f"{prefix}temporalCoherence.h5", "temporalCoherence", grid, coherence)
    write(folder / f"{prefix}numInvIfgram.h5", "mask", grid, {"mask": put["used"]})
    write(folder / f"{prefix}maskTempCoh.h5", "mask", grid, {"mask": put["coherence"] > 0.7})
    height = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
    angle = np.full((ROWS, COLUMNS), 35, np.float32)
    angle[EMPTY] = np.nan
    geometry = {"height": height, "incidenceAngle": angle, "waterMask": np.ones((ROWS, COLUMNS), bool)}
    name = "geometryGeo" if grid else "geometryRadar"
    write(folder / "inputs" / f"{name}.h5", "geometry", grid, geometry, UNIT="m")


def write_stack(folder: Path, grid: dict[str, str]) -> None:
    """An interferogram stack of four pairs, one of them dropped."""
    pairs = np.array([[a, b] for a, b in itertools.pairwise(DATES)], "S8")
    stack = {
        "unwrapPhase": np.ones((4, ROWS, COLUMNS), np.float32),
        "date": pairs,
        "dropIfgram": np.array([True, True, False, True]),
        "bperp": np.zeros(4, np.float32),
    }
    write(folder / "inputs" / "ifgramStack.h5", "ifgramStack", grid, stack)


@pytest.fixture(params=["utm", "geographic"])
def grid(request: pytest.FixtureRequest) -> str:
    """Name of a map grid; every test with it runs on both."""
    return str(request.param)


@pytest.fixture
def make_work_dir(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a finished work directory on a grid."""

    def make(grid: str) -> Path:
        folder = tmp_path / "work"
        write_all(folder, GRIDS[grid])
        write_stack(folder, GRIDS[grid])
        return folder

    return make


@pytest.fixture
def work_dir(make_work_dir: Callable[[str], Path], grid: str) -> Path:
    """A finished work directory, on a UTM and on a geographic grid."""
    return make_work_dir(grid)
