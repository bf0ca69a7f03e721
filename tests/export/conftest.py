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
    """The series as h5py reads it; where nothing was inverted it has no value."""
    folder = finished_run.work_dir
    with h5py.File(folder / f"{results.timeseries.name}.h5", locking=False) as file:
        values, attributes = file["timeseries"][:], dict(file.attrs)
    with h5py.File(folder / "numInvIfgram.h5", locking=False) as file:
        empty = file["mask"][:] == 0
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
