from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

from insar_widgets import open_results


@pytest.fixture(scope="module")
def results(finished_run):
    return open_results(finished_run.work_dir)


@pytest.fixture(scope="module")
def stored(finished_run, results):
    """The series as h5py reads it; where nothing was inverted or the geometry is missing it has no value."""
    folder = finished_run.work_dir
    with h5py.File(folder / f"{results.timeseries.name}.h5", locking=False) as file:
        values, attributes = file["timeseries"][:], dict(file.attrs)
    with h5py.File(folder / "numInvIfgram.h5", locking=False) as file:
        empty = file["mask"][:] == 0
    with h5py.File(folder / "inputs" / "geometryGeo.h5", locking=False) as file:
        empty |= np.isnan(file["incidenceAngle"][:]) & (values == 0).all(axis=0)
    return np.where(empty, np.nan, values), attributes


@contextmanager
def _full_disk(most: int) -> Iterator[None]:
    """The largest size of a file stands in for the disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def full_disk():
    """Context in which no file can grow beyond some bytes."""
    return _full_disk


@pytest.fixture
def geographic_run(tmp_path):
    """A work directory on a grid in degrees, L band, one date of three without any value, in a folder with spaces.

    Gives the results, the velocity that was written (NaN where nothing was inverted), and west, north, step in degrees.
    """
    folder = tmp_path / "a run with spaces"
    folder.mkdir()
    rows, columns, west, north, step = 600, 700, -70.5, -10.25, 1 / 1200
    attributes = {
        "X_FIRST": west, "Y_FIRST": north, "X_STEP": step, "Y_STEP": -step, "WIDTH": columns, "LENGTH": rows,
        "X_UNIT": "degrees", "Y_UNIT": "degrees", "WAVELENGTH": 0.2384, "REF_DATE": "20200101", "REF_X": 5, "REF_Y": 6,
        "PROCESSOR": "hyp3", "ORBIT_DIRECTION": "ASCENDING", "HEADING": -12.0,
    }  # fmt: skip
    rng = np.random.default_rng(3)
    velocity = rng.normal(0, 0.02, (rows, columns)).astype(np.float32)
    empty = np.zeros((rows, columns), bool)
    empty[:40, :50] = empty[-3:] = True
    series = np.stack([velocity * years for years in (0, 0.5, 1)]).astype(np.float32)
    series[1] = np.nan

    def write(name, file_type, unit, **datasets):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            for key, values in datasets.items():
                file.create_dataset(key, data=values, chunks=True)
            for key, value in (attributes | {"FILE_TYPE": file_type, "UNIT": unit}).items():
                file.attrs[key] = str(value)

    dates = np.array([b"20200101", b"20200701", b"20210101"])
    write("timeseries", "timeseries", "m", timeseries=series, date=dates, bperp=np.zeros(3, np.float32))
    write("velocity", "velocity", "m/year", velocity=velocity, velocityStd=np.abs(velocity) / 10)
    write(
        "temporalCoherence",
        "temporalCoherence",
        "1",
        temporalCoherence=rng.random((rows, columns), np.float32),
    )
    write("maskTempCoh", "mask", "1", mask=~empty)
    write("numInvIfgram", "mask", "1", mask=(~empty * 3).astype(np.int16))
    (folder / "smallbaselineApp.cfg").write_text("mintpy.load.processor = hyp3\n")
    return open_results(folder), np.where(empty, np.nan, velocity), (west, north, step)
