"""Averages over time are MintPy's, to the last bit."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

from mintpy.objects import ifgramStack

from insar_widgets.runner.engine import averages

pytestmark = [pytest.mark.mintpy, pytest.mark.filterwarnings("ignore:Mean of empty slice:RuntimeWarning")]

DAYS = ["20170105", "20170117", "20170210", "20170222", "20170318", "20170330"]
PAIRS = [(a, b) for a in DAYS for b in DAYS if a < b]
SHAPE = (len(PAIRS), 61, 47)


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize("chunks", [None, (4, 20, 20)])
def test_averages_of_a_stack_with_gaps_and_dropped_pairs(tmp_path, monkeypatch, reference, chunks):
    rng = np.random.default_rng(4)
    phase = rng.normal(0, 7, SHAPE).astype(np.float32)
    phase[rng.random(SHAPE) < 0.2] = np.nan
    phase[:, 3, 4] = rng.normal(0, 3, len(PAIRS))
    phase[:, 10] = np.nan  # nowhere a value
    path = tmp_path / "ifgramStack.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(FILE_TYPE="ifgramStack", WAVELENGTH="0.0554", LENGTH="61", WIDTH="47")
        if reference:
            file.attrs.update(REF_Y="3", REF_X="4")
        file["date"] = np.array(PAIRS, "S8")
        file["dropIfgram"] = np.arange(len(PAIRS)) % 5 != 1
        file["bperp"] = np.zeros(len(PAIRS), np.float32)
        file.create_dataset("unwrapPhase", data=phase, chunks=chunks)
        file.create_dataset("coherence", data=rng.random(SHAPE).astype(np.float32), chunks=chunks)
    monkeypatch.setattr(averages, "_SLAB", 4 * 61 * 47 * 5)
    for name in ("unwrapPhase", "coherence"):
        for dropped in (True, False):
            expected = ifgramStack(str(path)).temporal_average(name, dropIfgram=dropped)
            ours = averages.Averages()
            ours.install()
            try:
                found = ifgramStack(str(path)).temporal_average(name, dropIfgram=dropped)
            finally:
                ours.remove()
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
