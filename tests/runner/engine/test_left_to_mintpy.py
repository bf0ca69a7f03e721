"""What the fast engine leaves to MintPy is said: log, warning, manifest, row of the step. And ionosphere stacks."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from insar_widgets.widgets._run_engine import engine_of_row, proof_note
from support.arrays import TO_PHASE, arrays, assert_within_tolerance, attributes
from support.runs import copy_of

pytestmark = pytest.mark.mintpy

REASONS = {
    "invert_network": "the fast engine does not mask by rangeOffsetStd",
    "correct_topography": "the deformation model is ambiguous, or nearly so, with these dates",
}


def test_steps_that_are_none_of_the_fast_engines_say_so_and_an_ionosphere_stack_is_its_own(
    finished_run, tmp_path
):
    options = {
        "mintpy.networkInversion.weightFunc": "no",
        "mintpy.networkInversion.maskDataset": "rangeOffsetStd",
        "mintpy.networkInversion.maskThreshold": 0.9,
        "mintpy.ionosphericDelay.method": "split_spectrum",
        "mintpy.topographicResidual.stepDate": "20991231",  # after the last date: a column of zeros
    }
    found = {}
    for engine in ("fast", "mintpy"):
        run = copy_of(finished_run, tmp_path / engine, options)
        add_layers(run.work_dir / "inputs")
        run.engine = engine
        steps = ["invert_network", "correct_ionosphere", "correct_topography"]
        assert run.start(steps).wait(timeout=300) == "completed", run.failure
        assert run.states()["correct_ionosphere"] == "completed"
        assert run.engine_of("correct_ionosphere")["name"] == engine
        assert ("proof" in run.engine_of("correct_ionosphere")) == (engine == "fast")
        found[engine] = arrays(run.work_dir)
        assert not np.array_equal(
            *(found[engine][f"{n}.h5/timeseries"] for n in ("timeseries", "timeseries_ion"))
        )
        # which MintPy by itself draws at random for the delays, whatever it is for the phase
        about = attributes(run.work_dir)
        for end in ("Y", "X"):
            assert about[f"ion.h5@REF_{end}"] == about[f"timeseries.h5@REF_{end}"]
        said = {event["step"]: event["message"] for event in run.events() if event["event"] == "warning"}
        for step, reason in REASONS.items():
            if engine == "mintpy":  # which was asked for
                assert run.engine_of(step) == {"name": "mintpy"}
                assert "fast engine" not in said.get(step, "")
                continue
            assert run.engine_of(step) == {"name": "mintpy", "why": reason}
            assert (
                said[step] == f"MintPy itself did {step}, although the fast engine was asked for: {reason}."
            )
            assert reason in run.log(step)
            words = f"MintPy itself did {step}, because {reason}."
            assert engine_of_row(run, step) == {"name": "mintpy", "proved": "", "words": words}
            assert step not in proof_note(run) and "correct_ionosphere" in proof_note(run)
    for name in (
        "timeseries.h5/timeseries",
        "temporalCoherence.h5/temporalCoherence",
        "numInvIfgram.h5/mask",
    ):
        np.testing.assert_array_equal(found["fast"][name], found["mintpy"][name], err_msg=name)
    ion = [arrays["ion.h5/timeseries"].astype(np.float64) for arrays in found.values()]
    difference = TO_PHASE * np.abs(ion[0] - ion[1])
    assert difference.max() <= 1e-3 and np.median(difference) <= 1e-5
    assert_within_tolerance(found["fast"], found["mintpy"])
    (run.work_dir / "inputs" / "ionStack.h5").unlink()
    assert run.start(["correct_ionosphere"]).wait(timeout=300) == "failed"
    assert "ionStack.h5 is missing" in str(run.failure)


def test_without_numba_mintpy_does_all_by_itself_and_says_why(finished_run, tmp_path, without_numba):
    run = copy_of(finished_run, tmp_path / "fast")
    theirs = copy_of(finished_run, tmp_path / "mintpy")
    theirs.engine = "mintpy"
    steps = ["invert_network", "correct_topography"]
    for each in (run, theirs):
        assert each.start(steps).wait(timeout=300) == "completed", each.failure
    said = {event["step"]: event["message"] for event in run.events() if event["event"] == "warning"}
    assert 'pip install "insar-widgets[mintpy]"' in said["start"]
    reason = "numba is not installed"
    for step in steps:
        assert run.engine_of(step) == {"name": "mintpy", "why": reason}
        assert said[step] == f"MintPy itself did {step}, although the fast engine was asked for: {reason}."
        assert said[step] in run.log(step)
        words = f"MintPy itself did {step}, because {reason}."
        assert engine_of_row(run, step) == {"name": "mintpy", "proved": "", "words": words}
    found = arrays(run.work_dir)
    for name, values in arrays(theirs.work_dir).items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def add_layers(folder: Path) -> None:
    """Standard deviations of offsets; and split-spectrum delays as MintPy loads them, planes with noise and gaps."""
    rng = np.random.default_rng(5)
    with h5py.File(folder / "ifgramStack.h5", "a") as stack, h5py.File(folder / "ionStack.h5", "w") as ion:
        stack["rangeOffsetStd"] = rng.random(stack["unwrapPhase"].shape).astype(np.float32)
        ion.attrs.update({key: value for key, value in stack.attrs.items() if not key.startswith("REF_")})
        for name in ("date", "bperp", "dropIfgram", "coherence"):
            stack.copy(name, ion)
        pairs, (_, rows, columns) = stack["date"][:], stack["unwrapPhase"].shape
        y, x = np.mgrid[:rows, :columns]
        planes = {
            day: rng.normal(0, 0.02) * y + rng.normal(0, 0.02) * x + rng.normal() for day in np.unique(pairs)
        }
        delay = np.stack([planes[late] - planes[early] for early, late in pairs])
        delay += rng.normal(0, 0.05, delay.shape)
        delay[rng.random(delay.shape) < 0.02] = np.nan
        ion["unwrapPhase"] = delay.astype(np.float32)
