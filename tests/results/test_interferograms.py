from __future__ import annotations

import threading

import h5py
import numpy as np
import pytest

from insar_widgets import open_results
from insar_widgets.errors import CancelledError, ResultsError


@pytest.fixture(scope="module")
def stack(finished_run):
    with h5py.File(finished_run.work_dir / "inputs" / "ifgramStack.h5", locking=False) as file:
        return {
            name: file[name][:] for name in ("unwrapPhase", "coherence", "date", "bperp", "dropIfgram")
        } | {"reference": (int(file.attrs["REF_Y"]), int(file.attrs["REF_X"]))}


@pytest.fixture
def interferograms(finished_run):
    return open_results(finished_run.work_dir).interferograms


def test_pairs_baselines_and_flags_are_those_of_the_file(interferograms, stack):
    assert interferograms.pairs == tuple(f"{a.decode()}_{b.decode()}" for a, b in stack["date"])
    assert interferograms.bperp == pytest.approx(stack["bperp"])
    assert (interferograms.kept == stack["dropIfgram"]).all()
    assert interferograms.dates == tuple(sorted({d.decode() for d in stack["date"].ravel()}))


def test_phase_is_relative_to_the_reference_pixel_and_nan_where_there_is_none(interferograms, stack):
    row, column = stack["reference"]
    phase = interferograms.layer("unwrapPhase", interferograms.pairs[3])
    stored = stack["unwrapPhase"][3]
    assert float(phase[row, column]) == 0
    assert (np.isnan(phase.values) == (stored == 0)).all()
    valid = stored != 0
    assert phase.values[valid] == pytest.approx(stored[valid] - stored[row, column], abs=1e-5)
    assert phase.attrs["units"] == "radian" and phase.rio.crs is not None
    assert interferograms["coherence"].dims == ("pair", "y", "x")


def test_mean_coherence_is_that_of_the_pixels_with_a_value_and_is_kept(finished_run, stack, tmp_path):
    import shutil

    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    interferograms = open_results(work_dir).interferograms
    assert interferograms.known_mean_coherence() is None
    told = []
    mean = interferograms.mean_coherence(on_progress=lambda share, _: told.append(share))
    truth = [layer[layer != 0].mean(dtype=float) for layer in stack["coherence"]]
    assert mean == pytest.approx(truth)
    assert told[-1] == 1
    assert open_results(work_dir).interferograms.known_mean_coherence() == pytest.approx(truth)
    work_dir.joinpath(".insar_widgets", "mean_coherence.json").write_text("{")
    assert open_results(work_dir).interferograms.known_mean_coherence() is None
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        interferograms.mean_coherence(cancelled=cancelled)


def test_a_planted_unwrapping_error_shows_in_the_triplets_of_its_pair(finished_run, tmp_path):
    import shutil

    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    path = work_dir / "inputs" / "ifgramStack.h5"
    with h5py.File(path, "r+", locking=False) as file:
        names = [f"{a.decode()}_{b.decode()}" for a, b in file["date"][:]]
        phase = file["unwrapPhase"][:]
        # consistent by construction: each pair is the difference of two of these
        rng = np.random.default_rng(0)
        dates = sorted({d for name in names for d in name.split("_")})
        at = {d: rng.normal(0, 3, phase.shape[1:]) for d in dates}
        for i, name in enumerate(names):
            first, second = name.split("_")
            phase[i] = at[second] - at[first] + 50
        whole = names.index(f"{dates[0]}_{dates[2]}")
        phase[whole, :20] += 2 * np.pi
        file["unwrapPhase"][:] = phase
        share = 20 / phase.shape[1]
        file.attrs["REF_Y"], file.attrs["REF_X"] = "40", "40"
    interferograms = open_results(work_dir).interferograms
    (found,) = [t for t in interferograms.closure(names[whole]) if t.pairs[2] == names[whole]]
    assert found.dates == (dates[0], dates[1], dates[2])
    assert found.ambiguous == pytest.approx(share, abs=0.02)
    assert found.wrapped == pytest.approx(0, abs=1e-3)
    others = [t for t in interferograms.closure(names[-1]) if names[whole] not in t.pairs]
    assert others and all(t.ambiguous == 0 for t in others)


def test_what_is_not_there_is_named(interferograms, tmp_path):
    with pytest.raises(ResultsError, match="no pair '20000101_20000102'"):
        interferograms.layer("coherence", "20000101_20000102")
    with pytest.raises(ResultsError, match="no 'ghost'; it has"):
        interferograms["ghost"]
