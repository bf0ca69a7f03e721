"""HDF-EOS5 is what MintPy's step makes of the work directory."""

from __future__ import annotations

import shutil
import threading

import h5py
import numpy as np
import pytest

from insar_widgets import export_hdfeos5, open_results
from insar_widgets.errors import CancelledError, RunError

pytestmark = pytest.mark.mintpy


def test_the_file_holds_the_series_and_is_made_once(finished_run, tmp_path):
    work_dir = tmp_path / "a run with spaces"
    shutil.copytree(finished_run.work_dir, work_dir)
    results = open_results(work_dir)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        export_hdfeos5(results, tmp_path / "out", cancelled=cancelled)
    notes: list[str] = []
    (path,) = export_hdfeos5(results, tmp_path / "out", notes=notes)
    results = open_results(work_dir)
    assert path.parent == tmp_path / "out" and path.suffix == ".he5"
    assert any("mintpy.save.hdfEos5 = yes" in note for note in notes)
    with (
        h5py.File(path) as file,
        h5py.File(work_dir / f"{results.timeseries.name}.h5", locking=False) as series,
    ):
        written = file["HDFEOS/GRIDS/timeseries/observation/displacement"][:]
        assert np.array_equal(written, series["timeseries"][:], equal_nan=True)
        dates = file["HDFEOS/GRIDS/timeseries/observation/date"][:].astype(str)
        assert list(dates) == list(results.dates)
    before = path.stat().st_mtime_ns
    again, notes = export_hdfeos5(results, tmp_path / "out", notes=(told := [])), told
    assert again == [path] and path.stat().st_mtime_ns == before and "kept" in notes[0]


def test_where_nothing_was_ever_run_it_is_said(geographic_run, tmp_path):
    results, *_ = geographic_run
    (results.work_dir / "smallbaselineApp.cfg").unlink()
    with pytest.raises(RunError, match="never run"):
        export_hdfeos5(results, tmp_path)


def test_in_a_confined_page_mintpys_step_reads_nothing_from_outside(finished_run, tmp_path):
    work_dir = tmp_path / "root" / "work"
    shutil.copytree(finished_run.work_dir, work_dir)
    results = open_results(work_dir)  # of a template whose products lie elsewhere
    with pytest.raises(RunError, match=r"mintpy\.load\.\w+ = .* is outside .*root"):
        export_hdfeos5(results, tmp_path / "root" / "out", root=tmp_path / "root")
    assert not list(work_dir.glob("*.he5"))
