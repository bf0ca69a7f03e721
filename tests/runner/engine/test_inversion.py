"""Patches by the fast engine and by MintPy's own function: covariances, corrected phase, ionosphere stacks."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

import mintpy.ifgram_inversion as theirs
from mintpy.objects import ifgramStack

from insar_widgets.runner.engine.inversion import FastInversion
from insar_widgets.runner.engine.proof import notes

pytestmark = pytest.mark.mintpy

DAYS = ["20170105", "20170117", "20170129", "20170210", "20170222", "20170306"]
PAIRS = [(a, b) for i, a in enumerate(DAYS) for b in DAYS[i + 1 : i + 4]]
SHAPE = (len(PAIRS), 9, 14)
ABOUT = {
    "FILE_TYPE": "ifgramStack", "ALOOKS": "4", "RLOOKS": "20", "NCORRLOOKS": "20", "LENGTH": "9", "WIDTH": "14",
    "WAVELENGTH": "0.05546576", "START_DATE": DAYS[0], "END_DATE": DAYS[-1], "REF_Y": "0", "REF_X": "0",
    "PROCESSOR": "hyp3", "RANGE_PIXEL_SIZE": "2.3", "AZIMUTH_PIXEL_SIZE": "14.1",
}  # fmt: skip


def test_offsets_are_mintpys_and_it_is_said(tmp_path, capfd):
    rng = np.random.default_rng(6)
    path = tmp_path / "inputs" / "ifgramStack.h5"
    path.parent.mkdir()
    with h5py.File(path, "w") as stack:
        stack.attrs.update(ABOUT)
        stack["date"] = np.array(PAIRS, "S8")
        stack["dropIfgram"] = np.ones(len(PAIRS), np.bool_)
        stack["bperp"] = np.zeros(len(PAIRS), np.float32)
        for name in ("rangeOffset", "rangeOffsetStd"):
            stack[name] = rng.uniform(0.1, 1, SHAPE).astype(np.float32)
    settings = {
        "ref_phase": np.zeros(len(PAIRS), np.float32), "obs_ds_name": "rangeOffset", "weight_func": "no",
        "mask_ds_name": "rangeOffsetStd", "mask_threshold": 0.9, "box": (0, 0, 14, 9),
    }  # fmt: skip
    right = theirs.run_ifgram_inversion_patch(str(path), **settings)
    found = FastInversion(str(tmp_path / "proof.jsonl"), 1)(str(path), **settings)
    for mine, other in zip(found, right, strict=True):
        np.testing.assert_array_equal(mine, other)
    proof = notes(tmp_path / "proof.jsonl")
    assert (proof.fast, proof.why) == (0, "the fast engine inverts phase, not rangeOffset")
    assert f"MintPy's own estimator solved all pixels: {proof.why}" in capfd.readouterr().out


@pytest.mark.parametrize("weight", ["var", "no"])
@pytest.mark.parametrize(
    ("file", "name", "mask"),
    [
        ("ifgramStack.h5", "unwrapPhase", None),
        ("ifgramStack.h5", "unwrapPhase_bridging", "coherence"),
        ("ionStack.h5", "unwrapPhase", "coherence"),
    ],
)
def test_time_series_and_covariance_are_mintpys(tmp_path, file, name, mask, weight):
    rng = np.random.default_rng(3)
    (tmp_path / "inputs").mkdir()
    (tmp_path / "smallbaselineApp.cfg").write_text(
        "mintpy.reference.date = 20170129\n"
    )  # read for covariances
    path = tmp_path / "inputs" / file
    walk = rng.normal(0, 0.6, (len(DAYS), *SHAPE[1:])).cumsum(axis=0)
    first, second = ([DAYS.index(pair[end]) for pair in PAIRS] for end in (0, 1))
    phase = (walk[second] - walk[first] + rng.normal(0, 0.2, SHAPE)).astype(np.float32)
    phase[rng.random(SHAPE) < 0.15] = np.nan
    phase[:, 4, 4] = np.nan
    phase[:-2, 5, 5] = np.nan  # falls apart
    with h5py.File(path, "w") as stack:
        stack.attrs.update(ABOUT)
        stack["date"] = np.array(PAIRS, "S8")
        stack["dropIfgram"] = np.arange(len(PAIRS)) != 4
        stack["bperp"] = np.zeros(len(PAIRS), np.float32)
        stack["coherence"] = rng.uniform(0.1, 0.98, SHAPE).astype(np.float32)
        stack["unwrapPhase"] = phase
        stack["unwrapPhase_bridging"] = phase + np.float32(0.5)
    # MintPy looks for the average coherence of the one kind of stack or the other
    for number, other in enumerate(("avgSpatialCoh.h5", "avgSpatialCohIon.h5")):
        with h5py.File(tmp_path / other, "w") as average:
            average.attrs.update(ABOUT | {"FILE_TYPE": "coherence"})
            average["coherence"] = np.ones(SHAPE[1:], np.float32)
            average["coherence"][2 + number, 3] = 0
    reference = ifgramStack(str(path)).get_reference_phase(unwDatasetName=name, dropIfgram=True)
    reference = np.nan_to_num(np.asarray(reference, np.float32))
    settings = {
        "ref_phase": reference, "obs_ds_name": name, "weight_func": weight, "mask_ds_name": mask,
        "mask_threshold": 0.2, "calc_cov": True, "box": (0, 0, 14, 9),
    }  # fmt: skip
    right = theirs.run_ifgram_inversion_patch(str(path), **settings)
    found = FastInversion(str(tmp_path / "proof.jsonl"), 1)(str(path), **settings)
    to_phase = 4 * np.pi / float(ABOUT["WAVELENGTH"])
    difference = np.abs(found[0] - right[0]) * to_phase
    assert difference.max() <= 1e-3
    assert np.median(difference) <= 1e-5
    assert found[1].dtype == right[1].dtype
    np.testing.assert_allclose(found[1] * to_phase**2, right[1] * to_phase**2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[2], right[2], atol=1e-5)
    np.testing.assert_array_equal(found[3], right[3])
    assert found[3][2, 3] == 0 or file == "ionStack.h5"
    assert found[3][3, 3] == 0 or file == "ifgramStack.h5"
    assert np.any(found[1] > 0)
    assert found[4] == right[4]
