"""What the fast engine reads, masks and weighs, against MintPy's own functions on the same file, to the last bit."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

import mintpy.ifgram_inversion as theirs
from mintpy.objects import ifgramStack

from insar_widgets.runner.engine import reading
from insar_widgets.runner.engine.solver import Problem, solve
from insar_widgets.runner.engine.weights import Weighting

pytestmark = pytest.mark.mintpy

DAYS = ["20170105", "20170117", "20170129", "20170210", "20170222"]
PAIRS = [(a, b) for a in DAYS for b in DAYS if a < b]
SHAPE = (len(PAIRS), 23, 40)
BOX = (0, 3, 40, 20)
ABOUT = {"FILE_TYPE": "ifgramStack", "ALOOKS": "4", "RLOOKS": "20", "LENGTH": "23", "WIDTH": "40"}


@pytest.fixture(params=["plain", "in chunks"])
def stack_file(request, tmp_path, monkeypatch):
    """A stack with dropped pairs, and with zeros, NaN and extreme values in every data set."""
    rng = np.random.default_rng(8)
    phase = rng.normal(0, 5, SHAPE).astype(np.float32)
    phase[rng.random(SHAPE) < 0.1] = 0
    phase[rng.random(SHAPE) < 0.1] = np.nan
    phase[:, 7, 7] = 1.5  # as the reference
    coherence = rng.uniform(-0.05, 1.1, SHAPE).astype(np.float32)
    special = np.array([0, 0.05, 0.4, 0.9975, 0.999, 1, np.nan, *(np.arange(200) * 0.005)], np.float32)
    special = np.concatenate([special, np.nextafter(special, 2), np.nextafter(special, -2)])
    coherence[:, 5:15].reshape(-1)[: len(special) * 4] = np.tile(special, 4)
    path = tmp_path / "ifgramStack.h5"
    with h5py.File(path, "w") as file:
        file.attrs.update(ABOUT)
        file["date"] = np.array(PAIRS, "S8")
        file["dropIfgram"] = np.arange(len(PAIRS)) % 4 != 2
        file["bperp"] = np.zeros(len(PAIRS), np.float32)
        how = {"chunks": (3, 10, 16), "compression": "lzf"} if request.param == "in chunks" else {}
        component = rng.integers(0, 3, SHAPE).astype(np.int16)
        for name, data in (
            ("unwrapPhase", phase),
            ("coherence", coherence),
            ("connectComponent", component),
        ):
            file.create_dataset(name, data=data, **how)
    monkeypatch.setattr(reading, "_SLAB", 4 * 40 * 17 * 2)  # two pairs
    return path


@pytest.mark.parametrize("mask", [None, "connectComponent", "coherence"])
@pytest.mark.parametrize("weighted", [True, False])
def test_observations_are_those_that_mintpy_reads(stack_file, mask, weighted):
    stack = ifgramStack(str(stack_file))
    stack.open(print_msg=False)
    reference = np.full(int(np.count_nonzero(stack.dropIfgram)), 1.5, np.float32)
    obs = theirs.read_stack_obs(stack, BOX, reference, print_msg=False)
    obs[obs == 0] = np.nan
    obs = theirs.mask_stack_obs(obs, stack, BOX, mask_ds_name=mask, mask_threshold=0.4, print_msg=False)[0]
    patch = reading.read_patch(
        *(str(stack_file), BOX, "unwrapPhase", reference), coherence=weighted, mask=mask, threshold=0.4
    )
    assert 0 < np.isnan(obs).mean() < 0.9
    np.testing.assert_array_equal(patch.obs, obs)
    np.testing.assert_array_equal(patch.valid, (~np.isnan(obs)).sum(axis=0))
    if weighted:
        coherence = theirs.read_coherence(stack, BOX, print_msg=False)
        np.testing.assert_array_equal(np.nan_to_num(patch.coherence), coherence)
    else:
        assert patch.coherence is None


@pytest.mark.parametrize("looks", ["20", "300.4", None])
@pytest.mark.parametrize("function", ["var", "fim", "coh"])
def test_solutions_are_the_same_as_with_the_weights_that_mintpy_computes(stack_file, function, looks):
    if looks:
        with h5py.File(stack_file, "a") as file:
            file.attrs["NCORRLOOKS"] = looks
    stack = ifgramStack(str(stack_file))
    stack.open(print_msg=False)
    weighting = Weighting.of(function, stack.metadata)
    phases, rates = stack.get_design_matrix4timeseries(stack.get_date12_list(dropIfgram=True))[:2]
    reference = np.zeros(len(phases), np.float32)
    patch = reading.read_patch(str(stack_file), BOX, "unwrapPhase", reference, coherence=True)
    root_weight = theirs.calc_weight_sqrt(stack, BOX, weight_func=function)
    np.testing.assert_array_equal(weighting.root_weight(patch.coherence), root_weight)
    years = np.full((len(DAYS) - 1, 1), 12 / 365.25, np.float32)
    every = np.arange(patch.obs.shape[1])
    mine = solve(
        Problem(phases, rates, years, patch.obs, coherence=patch.coherence, formula=weighting.formula), every
    )
    right = solve(Problem(phases, rates, years, patch.obs, root_weight), every)
    assert np.count_nonzero(mine.count) > 300
    for name in ("phase", "quality", "count", "hard"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(right, name), err_msg=name)
