"""The sample that proves the engine, and what its outcome means."""

from __future__ import annotations

import numpy as np
import pytest

from insar_widgets.errors import RunError
from insar_widgets.runner.engine.proof import Proof, ProofFailedError, note, notes, sample


def test_rare_kinds_of_pixels_are_always_in_the_sample():
    rng = np.random.default_rng(0)
    kinds = np.full(100_000, 54)
    kinds[[5, 70_000]] = 12
    kinds[200:240] = 50
    drawn = sample(kinds, 500, rng)
    assert len(drawn) == len(set(drawn.tolist())) == 500
    assert {5, 70_000, *range(200, 240)} <= set(drawn.tolist())
    assert len(np.unique(drawn // 10_000)) == 10  # from everywhere
    assert sample(kinds[:300], 500, rng).tolist() == list(range(300))
    assert len(sample(np.arange(5000), 500, rng)) == 500  # every pixel a kind of its own
    assert len(sample(np.zeros(0), 500, rng)) == 0


@pytest.mark.parametrize(
    ("proof", "holds"),
    [
        (Proof(pixels=500, largest=9e-4, median=9e-6), True),
        (Proof(pixels=500, largest=1.1e-3, median=1e-6), False),
        (Proof(pixels=500, largest=5e-4, median=2e-5), False),
        (Proof(pixels=500, coherence=2e-3), False),
        (Proof(pixels=500, counts=1), False),
        (Proof(pixels=500, largest=float("inf")), False),
        (Proof(), True),
    ],
)
def test_what_is_within_tolerance(proof, holds):
    assert proof.holds is holds
    if holds:
        proof.require("Inversion")
    else:
        with pytest.raises(
            ProofFailedError, match="Inversion: the fast engine and MintPy's own estimator differ"
        ):
            proof.require("Inversion")
        assert issubclass(ProofFailedError, RunError)


def test_proofs_of_patches_are_put_together(tmp_path):
    file = tmp_path / "proof.jsonl"
    note(file, Proof(pixels=100, largest=1e-4, median=1e-6, fast=900, mintpy=4))
    note(file, Proof(pixels=50, largest=2e-5, median=3e-6, fast=400))
    whole = notes(file)
    assert whole == Proof(pixels=150, largest=1e-4, median=3e-6, fast=1300, mintpy=4)
    assert (
        "150 of 1,304 pixels" in whole.sentence()
        and "4 pixels solved by MintPy's estimator only" in whole.sentence()
    )
    assert not file.exists()
    assert notes(file) == Proof()
