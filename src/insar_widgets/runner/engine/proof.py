"""The fast engine proves itself: a random sample of pixels is solved again by MintPy's own estimator."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from insar_widgets.errors import RunError

__all__ = [
    "LARGEST",
    "MEDIAN",
    "SAMPLE",
    "Proof",
    "ProofFailedError",
    "note",
    "notes",
    "sample",
    "settle",
    "share_of",
    "use_cache_below",
]

SAMPLE = 500
"""Pixels of a step that are solved again."""
LARGEST, MEDIAN = 1e-3, 1e-5
"""Differences in radians that are put up with: the largest one, and the median of those of the pixels."""


class ProofFailedError(RunError):
    """The fast engine's numbers are not MintPy's."""


@dataclass(frozen=True)
class Proof:
    """What a comparison with MintPy's estimator, or several together, has shown.

    Attributes
    ----------
    pixels
        Number of pixels solved by both.
    largest
        Largest difference of a phase in radians, over all dates of these pixels.
    median
        Median over the pixels of the median difference over the dates, radians; of several comparisons the largest.
    coherence
        Largest difference of the temporal coherence.
    counts
        Number of pixels where the number of used pairs differs, or where only one of the two has a solution.
    fast, mintpy
        Number of pixels solved by the fast engine, and by MintPy's own estimator because their network falls apart
        or is badly conditioned.
    left
        Why MintPy's own estimator did a whole patch or more; empty where it did not.
    """

    pixels: int = 0
    largest: float = 0.0
    median: float = 0.0
    coherence: float = 0.0
    counts: int = 0
    fast: int = 0
    mintpy: int = 0
    left: str = ""

    @property
    def holds(self) -> bool:
        """Whether the differences are within tolerance. A difference that is no number is not."""
        return (
            self.largest <= LARGEST
            and self.median <= MEDIAN
            and self.coherence <= LARGEST
            and not self.counts
        )

    def require(self, what: str) -> None:
        """Raise `ProofFailedError` unless the proof holds."""
        if not self.holds:
            raise ProofFailedError(
                f"{what}: the fast engine and MintPy's own estimator differ at {self.pixels} pixels by up to "
                f"{self.largest:.2g} rad (allowed {LARGEST:g}), in the median by {self.median:.2g} rad (allowed "
                f"{MEDIAN:g}), in coherence by up to {self.coherence:.2g}, and at {self.counts} pixels in the number "
                "of pairs."
            )

    def sentence(self) -> str:
        """Say it in words, for a log."""
        if not self.fast and self.why:
            return f"MintPy's own estimator solved all pixels: {self.why}"
        solved = self.fast + self.mintpy
        text = (
            f"{self.pixels:,} of {solved:,} pixels solved again by MintPy's own estimator: largest difference "
            f"{self.largest:.1e} rad, median {self.median:.1e} rad"
        )
        if self.mintpy:
            text += f"; {self.mintpy:,} pixels solved by MintPy's estimator only ({self.why})"
        return text

    @property
    def why(self) -> str:
        """Why MintPy's own estimator solved some pixels, or all; empty where it solved none."""
        return self.left or ("not unique or badly conditioned" if self.mintpy else "")

    @staticmethod
    def together(proofs: Iterable[Proof]) -> Proof:
        """One proof of several."""
        parts = list(proofs)
        return Proof(
            pixels=sum(part.pixels for part in parts),
            largest=max((part.largest for part in parts), default=0.0),
            median=max((part.median for part in parts), default=0.0),
            coherence=max((part.coherence for part in parts), default=0.0),
            counts=sum(part.counts for part in parts),
            fast=sum(part.fast for part in parts),
            mintpy=sum(part.mintpy for part in parts),
            left="; ".join(dict.fromkeys(part.left for part in parts if part.left)),
        )


def sample(kinds: NDArray[Any], number: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw pixels at random, so that every kind of pixel has its share.

    Parameters
    ----------
    kinds
        A number for each pixel (say, how many of its pairs are valid), (pixel,).
    number
        How many to draw at most.

    Returns
    -------
    ndarray
        Places in `kinds`, ascending. Half of them are drawn among all, half kind by kind in turn, the rarest first.
    """
    if len(kinds) <= number:
        return np.arange(len(kinds))
    chosen = set(rng.choice(len(kinds), size=number // 2, replace=False).tolist())
    values, counts = np.unique(kinds, return_counts=True)
    order = rng.permutation(len(kinds))
    shuffled = kinds[order]
    groups = [order[shuffled == value] for value in values[np.argsort(counts, kind="stable")][:number]]
    turn = 0
    while len(chosen) < number and groups:
        for group in groups:
            if turn < len(group) and len(chosen) < number:
                chosen.add(int(group[turn]))
        turn += 1
        groups = [group for group in groups if turn < len(group)]
    return np.array(sorted(chosen), dtype=np.int64)


def share_of(number: int, pixels: int, frame: int) -> int:
    """How many pixels of a patch are drawn when `number` are drawn of the whole frame: its share, but 20 if it can."""
    return max(min(20, number), round(number * pixels / frame))


def settle(path: Path, proof: Proof, what: str) -> None:
    """Say what a proof has shown, note it, and raise `ProofFailedError` unless it holds."""
    print(proof.sentence(), flush=True)  # noqa: T201 - the log
    note(path, proof)
    proof.require(what)


def note(path: Path, proof: Proof) -> None:
    """Append a proof to a file; several processes may do so at once."""
    line = json.dumps(asdict(proof)) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def notes(path: Path) -> Proof:
    """Read what was appended, together; removes the file."""
    try:
        text = path.read_text()
        path.unlink()
    except FileNotFoundError:
        return Proof()
    return Proof.together(Proof(**json.loads(line)) for line in text.splitlines())


def use_cache_below(folder: Path) -> None:
    """Have compiled code kept in `folder` where neither the package's folder nor the user's cache can be written."""
    ours = Path(__file__).parent / "__pycache__"
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    for place in (ours, users):
        there = next((path for path in (place, *place.parents) if path.exists()), None)
        if there is not None and os.access(there, os.W_OK):
            return
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "compiled"))
