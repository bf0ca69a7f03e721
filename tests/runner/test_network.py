"""What rules leave of a network, against MintPy's own modify_network on the same stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from insar_widgets import open_results
from insar_widgets.errors import TemplateError
from insar_widgets.hyp3.network import Pair
from insar_widgets.runner.network import NetworkRules, select_pairs

pytestmark = pytest.mark.mintpy


@pytest.fixture(scope="module")
def stack(finished_run, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("network") / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    results = open_results(work_dir)
    interferograms = results.interferograms
    pairs = [Pair(*name.split("_")) for name in interferograms.pairs]
    mean = interferograms.mean_coherence(results["waterMask"])
    return pairs, interferograms.bperp, mean


CASES = {
    "coherence and tree": lambda pairs, mean: NetworkRules(
        min_coherence=float(np.quantile(mean, 0.7)) + 1e-3
    ),
    "coherence": lambda pairs, mean: NetworkRules(
        min_coherence=float(np.quantile(mean, 0.5)) + 1e-3, keep_tree=False
    ),
    "baselines": lambda pairs, mean: NetworkRules(max_days=50, max_bperp=80),
    "connections": lambda pairs, mean: NetworkRules(max_connections=1),
    "dates": lambda pairs, mean: NetworkRules(
        start=pairs[0].secondary, exclude_dates=frozenset([pairs[-1].secondary])
    ),
    "by hand": lambda pairs, mean: NetworkRules(exclude_pairs=frozenset([pairs[2].date12, pairs[5].date12])),
    "months": lambda pairs, mean: NetworkRules(months=frozenset([2])),
    "all together": lambda pairs, mean: NetworkRules(
        min_coherence=0.99, max_days=60, exclude_dates=frozenset([pairs[3].secondary])
    ),
}


QUICK = ("coherence and tree", "months", "all together")


@pytest.mark.parametrize(
    "case", [case if case in QUICK else pytest.param(case, marks=pytest.mark.soak) for case in CASES]
)
def test_the_same_pairs_stay_as_mintpy_keeps_with_the_written_options(finished_run, stack, tmp_path, case):
    pairs, bperp, mean = stack
    rules = CASES[case](pairs, mean)
    ours = select_pairs(pairs, bperp, rules, mean).kept
    assert 0 < ours.sum() < len(pairs)
    (tmp_path / "inputs").mkdir()
    shutil.copy(finished_run.work_dir / "inputs" / "ifgramStack.h5", tmp_path / "inputs")
    for name in ("waterMask.h5",):
        if (finished_run.work_dir / name).exists():
            shutil.copy(finished_run.work_dir / name, tmp_path)
    template = tmp_path / "network.txt"
    options = rules.to_options(pairs) | {"mintpy.network.maskFile": "waterMask.h5"}
    template.write_text("".join(f"{key} = {value}\n" for key, value in options.items()))
    done = subprocess.run(
        [Path(sys.executable).with_name("modify_network.py"), "inputs/ifgramStack.h5", "-t", template],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with h5py.File(tmp_path / "inputs" / "ifgramStack.h5", locking=False) as file:
        theirs = file["dropIfgram"][:]
    assert ours.tolist() == theirs.tolist()


def test_rules_come_back_from_the_options_they_were_written_to(stack):
    pairs, _, _ = stack
    rules = NetworkRules(
        0.7, False, 60.0, 100.0, 3, "20190101", "20191231", frozenset(), frozenset(["20190203"])
    )
    assert NetworkRules.from_options(rules.to_options(pairs)) == rules
    assert set(NetworkRules().to_options(pairs).values()) == {"auto"}
    assert NetworkRules.from_options({}) == NetworkRules()


def test_a_network_that_falls_apart_shows_its_parts(stack):
    pairs, bperp, _ = stack
    dates = sorted({d for p in pairs for d in (p.reference, p.secondary)})
    middle = [p.date12 for p in pairs if p.reference < dates[3] <= p.secondary]
    left = select_pairs(pairs, bperp, NetworkRules(exclude_pairs=frozenset(middle)))
    assert sorted(left.parts) == [dates[:3], dates[3:]]
    assert left.redundancy(dates[0]) == sum(
        dates[0] in (p.reference, p.secondary) for p in pairs if p.secondary < dates[3]
    )
    assert all(reason in ("", "left out by hand") for reason in left.reasons)


@pytest.mark.parametrize(
    "wrong", [{"min_coherence": 2}, {"max_days": 0}, {"max_connections": 0}, {"months": frozenset([13])}]
)
def test_rules_that_are_not_possible_are_refused(wrong):
    with pytest.raises(TemplateError):
        NetworkRules(**wrong)
