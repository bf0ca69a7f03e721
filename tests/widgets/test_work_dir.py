"""What lies in a MintPy work directory."""

from __future__ import annotations

import h5py
import numpy as np

from insar_widgets.widgets._stack_view import work_dir_view
from insar_widgets.widgets._work_dir import is_work_dir, read_work_dir

DATES = ["20180106", "20180118", "20180130"]


def make(folder):
    (folder / "inputs").mkdir(parents=True)
    (folder / "smallbaselineApp.cfg").touch()
    with h5py.File(folder / "inputs" / "ifgramStack.h5", "w") as file:
        file["date"] = np.array([[b"20180106", b"20180118"], [b"20180118", b"20180130"]])
        file["unwrapPhase"] = np.zeros((2, 7, 9), "float32")
        file["dropIfgram"] = np.ones(2, bool)
    with h5py.File(folder / "timeseries.h5", "w") as file:
        file["date"] = np.array([d.encode() for d in DATES])
        file["timeseries"] = np.zeros((3, 7, 9), "float32")
        file["bperp"] = np.zeros(3, "float32")
    with h5py.File(folder / "velocity.h5", "w") as file:
        file["velocity"] = np.zeros((7, 9), "float32")
        file.attrs["START_DATE"], file.attrs["END_DATE"] = DATES[0], DATES[-1]
    (folder / "temporalCoherence.h5").write_bytes(b"cut short")


def test_each_file_is_read_for_its_dates_pairs_and_size(tmp_path):
    make(tmp_path / "mintpy")
    work = read_work_dir(tmp_path / "mintpy")
    files = {file.name: file for file in work.files}
    assert list(files) == ["inputs/ifgramStack.h5", "timeseries.h5", "velocity.h5", "temporalCoherence.h5"]
    assert files["inputs/ifgramStack.h5"].pairs == 2
    assert files["inputs/ifgramStack.h5"].dates == tuple(DATES)
    assert files["timeseries.h5"].dates == tuple(DATES)
    assert files["velocity.h5"].dates == ()
    assert files["velocity.h5"].span == (DATES[0], DATES[-1])
    assert all(files[name].shape == (7, 9) for name in list(files)[:3])
    assert "cannot be read" in files["temporalCoherence.h5"].problem
    assert work.loaded


def test_a_work_directory_is_told_from_other_folders(tmp_path):
    make(tmp_path / "mintpy")
    assert is_work_dir(tmp_path / "mintpy")
    assert not is_work_dir(tmp_path)
    assert not is_work_dir(tmp_path / "nothing")


def test_the_view_says_that_loading_can_be_skipped(tmp_path):
    make(tmp_path / "mintpy")
    view = work_dir_view(read_work_dir(tmp_path / "mintpy"))
    assert "after load_data" in view["files_note"]
    assert {"value": "3", "note": "dates"} in view["facts"]
    (tmp_path / "mintpy" / "inputs" / "ifgramStack.h5").write_bytes(b"damaged")
    assert "begins with load_data" in work_dir_view(read_work_dir(tmp_path / "mintpy"))["files_note"]
