"""Put the fast engine in the place of MintPy's loops, and take it out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mintpy.dem_error
import mintpy.ifgram_inversion

from insar_widgets.runner.engine.inversion import FastInversion
from insar_widgets.runner.engine.proof import Proof, notes
from insar_widgets.runner.engine.topography import FastTopography

__all__ = ["FastEngine"]


class FastEngine:
    """The compiled core of the slow steps, in this process.

    Parameters
    ----------
    folder
        Where processes leave word of their proofs.
    seed
        Of the random samples.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self._notes = folder / f"proof-{seed}.jsonl"
        self._seed = seed
        self._originals: list[tuple[Any, str, Any]] = []

    def install(self) -> None:
        """From now on MintPy's steps use it."""
        if self._originals:
            return
        places = [
            (mintpy.ifgram_inversion, "run_ifgram_inversion_patch", FastInversion),
            (mintpy.dem_error, "correct_dem_error_patch", FastTopography),
        ]
        for module, name, ours in places:
            original = getattr(module, name)
            self._originals.append((module, name, original))
            module.their_patch = original
            setattr(module, name, ours(str(self._notes), self._seed))

    def remove(self) -> None:
        """From now on MintPy's steps are MintPy's own again."""
        for module, name, original in self._originals:
            setattr(module, name, original)
        self._originals.clear()

    def proof(self) -> Proof:
        """What has been proved since the last time."""
        return notes(self._notes)
