"""Endurance: runs killed at random moments and at exact writes, resumed by one plain start. `make soak`.

Truth is the run that nobody interrupts, with the same templates in a folder of its own. Figures of all kills are
printed at the end.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

from insar_widgets import Run, Template, simulate_stack
from support.arrays import assert_same_arrays, assert_same_attributes
from support.kills import Killer, kill_after, make_killer

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3 * 3600)]

# blocks of a few rows, a ramp, DEM error, a reference date that is not the first
OPTIONS = {
    "mintpy.compute.maxMemory": "0.0008",
    "mintpy.deramp": "linear",
    "mintpy.topographicResidual": "yes",
    "mintpy.network.excludeIfgIndex": "2",
    "mintpy.plot": "no",
}
CHANGES = {
    "network": {"mintpy.network.excludeIfgIndex": "1"},
    "reference point": {"mintpy.reference.yx": "46,26"},
    "weights": {"mintpy.networkInversion.weightFunc": "no"},
    "ramp": {"mintpy.deramp": "quadratic"},
    "reference date": {"mintpy.reference.date": "20190323"},
    "velocity": {"mintpy.timeFunc.periodic": "1.0"},
}
# state from which it starts, step that is killed: file, number of kills spread over its writes
FIRST = [
    ("", "load_data", "inputs/geometryGeo.h5", 2),
    ("", "load_data", "inputs/ifgramStack.h5", 3),
    ("load_data", "modify_network", "waterMask.h5", 1),
    ("load_data", "modify_network", "inputs/ifgramStack.h5", 3),
    ("modify_network", "reference_point", "maskConnComp.h5", 4),
    ("modify_network", "reference_point", "avgSpatialCoh.h5", 4),
    ("modify_network", "reference_point", "inputs/ifgramStack.h5", 3),
    ("quick_overview", "invert_network", "timeseries.h5", 7),
    ("quick_overview", "invert_network", "temporalCoherence.h5", 5),
    ("quick_overview", "invert_network", "numInvIfgram.h5", 5),
    ("quick_overview", "invert_network", "maskTempCoh.h5", 2),
    ("invert_network", "deramp", "timeseries_ramp.h5", 4),
    ("deramp", "correct_topography", "timeseries_ramp_demErr.h5", 4),
    ("residual_RMS", "reference_date", "timeseries.h5", 3),
    ("residual_RMS", "reference_date", "timeseries_ramp_demErr.h5", 3),
    ("reference_date", "velocity", "velocity.h5", 6),
]
SECOND = [
    ("network", "modify_network", "inputs/ifgramStack.h5", 2),
    ("reference point", "reference_point", "inputs/ifgramStack.h5", 2),
    ("weights", "invert_network", "timeseries.h5", 3),
    ("ramp", "deramp", "timeseries_ramp.h5", 2),
    ("reference date", "reference_date", "timeseries_ramp.h5", 3),
    ("velocity", "velocity", "velocity.h5", 3),
]
TALLY: Counter[str] = Counter()


@dataclass
class Bench:
    """Uninterrupted runs, made when they are first wanted."""

    folder: Path
    template: Template

    def state(self, after: str) -> Path:
        """A work directory in which everything up to a step is done; "" is an empty one."""
        return self._made(f"to-{after}", self.template, after)

    def truth(self, change: str = "") -> Path:
        """A work directory in which everything is done; then again, under a changed template."""
        if not change:
            return self._made("truth", self.template, None)
        work_dir = self.folder / f"truth-{change}" / "soak"
        if not work_dir.exists():
            run = self.copy(self.truth(), work_dir.parent, change)
            assert run.start().wait(timeout=600) == "completed", run.failure
        return work_dir

    def _made(self, name: str, template: Template, to: str | None) -> Path:
        work_dir = self.folder / name / "soak"
        if not work_dir.exists():
            work_dir.mkdir(parents=True)
            if to != "":
                run = Run(work_dir, template)
                assert run.start(to=to).wait(timeout=600) == "completed", run.failure
        return work_dir

    def copy(self, state: Path, folder: Path, change: str = "") -> Run:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(state, folder / "soak", symlinks=True)
        template = self.template.with_options(CHANGES[change]) if change else self.template
        return Run(folder / "soak", template)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("soak")
    stack = simulate_stack(folder / "hyp3", shape=(60, 80), dates=6, seed=1)
    prepared = stack.prepare(folder / "prepared")
    yield Bench(folder, Template.for_stack(prepared, OPTIONS, name="soak"))
    print("\nkills: " + json.dumps(dict(sorted(TALLY.items())), indent=1))


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Killer:
    return make_killer(tmp_path_factory.mktemp("killer"))


def nothing_half_written(work_dir: Path) -> None:
    """Whatever can be seen under the name of a product can be read to its last value and is not empty."""
    for path in work_dir.rglob("*.h5"):
        # the watch beside a run removes them meanwhile
        with suppress(FileNotFoundError), h5py.File(path, "r", locking=False) as file:
            assert "WIDTH" in file.attrs, path
            for name, item in file.items():
                if isinstance(item, h5py.Dataset):
                    values = item[()]
                    if name in ("velocity", "timeseries", "unwrapPhase", "temporalCoherence"):
                        assert np.any(values != 0), (path, name)


def resumed(run: Run, truth: Path, kind: str) -> None:
    TALLY[f"{kind}: killed"] += 1
    nothing_half_written(run.work_dir)
    run = Run(run.work_dir, run.template)
    assert run.start().wait(timeout=600) == "completed", run.failure
    assert_same_arrays(run.work_dir, truth)
    assert_same_attributes(run.work_dir, truth)
    assert not [p for p in run.work_dir.rglob("*") if p.is_symlink()]
    TALLY[f"{kind}: identical after one start"] += 1


def spread(writes: int, kills: int) -> list[int]:
    """First write, last write, and evenly between."""
    return sorted({int(n) for n in np.linspace(1, writes, min(kills, writes)).round()})


@pytest.mark.parametrize("target", FIRST, ids=lambda t: f"{t[1]}-{t[2]}")
def test_killed_in_a_write_of_the_first_run(bench, killer, tmp_path, target):
    after, step, file, kills = target
    writes = killer.count(bench.copy(bench.state(after), tmp_path / "count"), file, to=step)
    assert writes >= 2, f"{step} writes {file} in {writes} calls"
    for at in spread(writes, kills):
        run = bench.copy(bench.state(after), tmp_path / "killed")
        assert killer.kill(run, file, at), f"{step} was through before write {at} of {writes} to {file}"
        assert run.states()[step] == "interrupted"
        resumed(run, bench.truth(), "in a write, first run")


@pytest.mark.parametrize("target", SECOND, ids=lambda t: f"{t[0]}-{t[2]}")
def test_killed_in_a_write_of_a_second_run(bench, killer, tmp_path, target):
    change, step, file, kills = target
    writes = killer.count(bench.copy(bench.truth(), tmp_path / "count", change), file, to=step)
    assert writes >= 2, f"{step} writes {file} in {writes} calls"
    for at in spread(writes, kills):
        run = bench.copy(bench.truth(), tmp_path / "killed", change)
        assert killer.kill(run, file, at), f"{step} was through before write {at} of {writes} to {file}"
        resumed(run, bench.truth(change), "in a write, second run")


@pytest.mark.parametrize("number", range(30))
def test_killed_at_a_random_moment_of_the_first_run(bench, tmp_path, number):
    seconds = random.Random(number).uniform(1.0, 7.0)
    killed = False
    while not killed:
        run = bench.copy(bench.state(""), tmp_path / "killed")
        killed = kill_after(run, seconds)
        seconds *= 0.7
    resumed(run, bench.truth(), "at a random moment, first run")


@pytest.mark.parametrize("number", range(30))
def test_killed_at_a_random_moment_of_a_second_run(bench, tmp_path, number):
    change = list(CHANGES)[number % len(CHANGES)]
    seconds = random.Random(100 + number).uniform(1.0, 6.0)
    killed = False
    while not killed:
        run = bench.copy(bench.truth(), tmp_path / "killed", change)
        killed = kill_after(run, seconds)
        seconds *= 0.7
    resumed(run, bench.truth(change), "at a random moment, second run")
