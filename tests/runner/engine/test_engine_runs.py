"""Runs with the fast engine: products as MintPy's, proof recorded, a broken kernel caught."""

from __future__ import annotations

import itertools
import textwrap

import h5py
import numpy as np
import pytest

from insar_widgets import Run
from insar_widgets.errors import RunError
from support.arrays import arrays, assert_within_tolerance, attributes
from support.runs import copy_of

pytestmark = pytest.mark.mintpy

STEPS = ["invert_network", "correct_topography"]


@pytest.fixture(scope="module")
def both(finished_run, tmp_path_factory):
    """The same run by the fast engine, and from the inversion on by MintPy alone."""
    folder = tmp_path_factory.mktemp("engines")
    slow = copy_of(finished_run, folder / "slow")
    slow.engine = "mintpy"
    assert slow.start(from_="invert_network").wait(timeout=300) == "completed", slow.failure
    return finished_run, slow


def test_products_are_mintpys(both):
    fast, slow = both
    assert fast.engine == "fast"
    assert_within_tolerance(arrays(fast.work_dir), arrays(slow.work_dir))
    assert attributes(fast.work_dir) == attributes(slow.work_dir)


def test_events_log_and_manifest_say_which_engine_and_what_the_proof_has_shown(both):
    fast, slow = both
    told = {event["step"]: event for event in fast.events() if event["event"] == "proof"}
    assert list(told) == STEPS
    for step in STEPS:
        begin = next(e["time"] for e in fast.events() if e["event"] == "step-start" and e["step"] == step)
        bars = [
            e for e in fast.events() if e["event"] == "progress" and begin <= e["time"] <= told[step]["time"]
        ]
        assert any(e["fraction"] == 1 and "pixels" in e["label"] for e in bars)
        assert 100 < told[step]["pixels"] <= 600
        assert told[step]["largest"] <= 1e-3 and told[step]["median"] <= 1e-5 and told[step]["counts"] == 0
        assert "solved again by MintPy's own estimator" in fast.log(step)
        assert fast.engine_of(step) == {
            "name": "fast",
            "proof": {key: told[step][key] for key in fast.engine_of(step)["proof"]},
        }
        assert slow.engine_of(step) == {"name": "mintpy"}
    assert fast.engine_of("velocity") is None
    with h5py.File(fast.work_dir / "numInvIfgram.h5") as file:
        inverted = int(np.count_nonzero(file["mask"]))
    assert told["invert_network"]["fast"] + told["invert_network"]["mintpy"] >= inverted - 1


def test_the_engine_of_the_last_run_is_kept_and_nothing_gets_stale_by_changing_it(both):
    _, slow = both
    assert Run.attach(slow.work_dir).engine == "mintpy"
    other = Run(slow.work_dir, slow.template, engine="fast")
    assert set(other.states().values()) <= {"completed", "off"}
    with pytest.raises(RunError, match="There is no engine 'warp'; there are fast and mintpy"):
        Run(slow.work_dir, engine="warp")


@pytest.mark.parametrize(
    "options",
    [
        {
            "mintpy.networkInversion.weightFunc": "fim",
            "mintpy.networkInversion.maskDataset": "coherence",
            "mintpy.networkInversion.maskThreshold": 0.55,
            "mintpy.networkInversion.minRedundancy": 2,
            "mintpy.topographicResidual.phaseVelocity": "yes",
        },
        pytest.param(
            {
                "mintpy.networkInversion.weightFunc": "no",
                "mintpy.networkInversion.maskDataset": "coherence",
                "mintpy.networkInversion.maskThreshold": 0.7,
                "mintpy.networkInversion.minNormVelocity": "no",
                "mintpy.topographicResidual.pixelwiseGeometry": "no",
                "mintpy.topographicResidual.polyOrder": 1,
            },
        ),
        {
            "mintpy.networkInversion.weightFunc": "coh",
            "mintpy.networkInversion.waterMaskFile": "no",
            "mintpy.compute.maxMemory": 0.001,
            "mintpy.topographicResidual.polyOrder": 1,
            "mintpy.topographicResidual.excludeDate": "LAST BUT ONE",
            "mintpy.topographicResidual.stepDate": "THIRD",
        },
    ],
    ids=["fim masked", "no weight masked", "coh in blocks"],
)
def test_products_are_mintpys_with_other_options(finished_run, tmp_path, options):
    found = {}
    with h5py.File(finished_run.work_dir / "timeseries.h5") as file:
        dates = [date.decode() for date in file["date"]]
    named = {"LAST BUT ONE": dates[-2], "THIRD": dates[2]}
    options = {key: named.get(value, value) for key, value in options.items()}
    for engine in ("fast", "mintpy"):
        run = copy_of(finished_run, tmp_path / engine, options)
        run.engine = engine
        assert run.start(STEPS).wait(timeout=300) == "completed", run.failure
        found[engine] = arrays(run.work_dir)
        assert [run.engine_of(step)["name"] for step in STEPS] == [engine] * 2, "and not left to MintPy"
    assert_within_tolerance(found["fast"], found["mintpy"])


BROKEN = {
    "invert_network": """
        import insar_widgets.runner.engine.inversion as target
        right = target.solve
        def solve(problem, *args, **kwargs):
            solution = right(problem, *args, **kwargs)
            solution.phase[3] += 0.01  # radians, at one date
            return solution
        target.solve = solve
        """,
    "correct_topography": """
        import insar_widgets.runner.engine.topography as target
        from dataclasses import replace
        right = target.fit_dem_error
        def fit_dem_error(problem):
            found = right(problem)
            found.residual[:] = float("nan")
            return found
        target.fit_dem_error = fit_dem_error
        """,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_broken_kernel_is_caught_and_the_products_are_right_all_the_same(both, tmp_path, monkeypatch, step):
    _, slow = both
    run = copy_of(slow, tmp_path / "broken")
    run.engine = "fast"
    # the run's own process imports this first
    place = tmp_path / "broken_kernel"
    place.mkdir()
    (place / "mintpy_hook.pth").touch()
    (place / "sitecustomize.py").write_text(
        "import importlib.abc, importlib.util, sys\n"
        "class Watch(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name != 'insar_widgets.runner.engine.install': return None\n"
        "        sys.meta_path.remove(self)\n"
        + textwrap.indent(textwrap.dedent(BROKEN[step]), "        ")
        + "        return None\n"
        "sys.meta_path.insert(0, Watch())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))
    assert run.start(from_=step, to="reference_date").wait(timeout=300) == "completed", run.failure
    warnings = [event["message"] for event in run.events() if event["event"] == "warning"]
    assert any("differ at" in text and "done again by MintPy itself" in text for text in warnings)
    assert run.engine_of(step) == {"name": "mintpy", "why": f"the fast engine failed its proof in {step}"}
    mine, right = arrays(run.work_dir), arrays(slow.work_dir)
    for name in itertools.chain(mine):
        np.testing.assert_array_equal(mine[name], right[name], err_msg=name)
