"""MintPy's weights of interferograms from their coherence: as a formula for the kernels, and computed by MintPy.

Imported only where MintPy is: in a run's process, and in the processes of its dask workers.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from mintpy.simulation import decorrelation
from numpy.typing import NDArray

from insar_widgets.runner.engine._kernels import BY_COHERENCE, BY_FISHER, BY_VARIANCE, Weights

__all__ = ["Weighting"]

_LEAST = 5e-2  # coherence that MintPy takes for any that is smaller
_STEP = 0.005  # between the coherences whose phase variance MintPy tabulates
_MOST_LOOKS = 80  # in that table


@dataclass(frozen=True)
class Weighting:
    """One of MintPy's weight functions of a stack.

    Attributes
    ----------
    function
        MintPy's name of it: "var", "fim" or "coh".
    looks
        Number of independent looks of the stack.
    formula
        The same for the kernels.
    """

    function: str
    looks: int
    formula: Weights

    @classmethod
    def of(cls, function: str, about: Mapping[str, str]) -> Self:
        """Weight function of a stack with these attributes.

        Raises
        ------
        ValueError
            If MintPy has no such function.
        """
        looks = _looks(about)
        table = np.linspace(_STEP, 1.0, num=int(1.0 / _STEP)) - _STEP / 2
        roots = np.zeros(0)
        if "var" in function:
            kind = BY_VARIANCE
            variance = decorrelation.phase_variance_ds(min(looks, _MOST_LOOKS), table)[0]
            roots = np.sqrt((1.0 / variance).astype(np.float32)).astype(np.float64)
        elif "coh" in function or "lin" in function:
            kind = BY_COHERENCE
        elif "fim" in function or "fisher" in function:
            kind = BY_FISHER
        else:
            raise ValueError(f"Un-recognized weight function: {function}")
        formula = Weights(kind, float(looks), float(table.min()), float(table.max()), _STEP, roots)
        return cls(function, looks, formula)

    def root_weight(self, coherence: NDArray[np.float32]) -> NDArray[np.float32]:
        """Square roots of the weights, by MintPy itself."""
        filled = np.where(np.isnan(coherence), np.float32(0), coherence)
        with contextlib.redirect_stdout(io.StringIO()):  # it says so for each call
            weight = decorrelation.coherence2weight(
                filled, self.function, L=self.looks, epsilon=_LEAST, print_msg=False
            )
        root: NDArray[np.float32] = np.sqrt(weight)
        return root


def _looks(about: Mapping[str, Any]) -> int:
    """As MintPy finds them, where need be from the ratio of resolution and pixel of Sentinel-1."""
    guess = int(about["ALOOKS"]) * int(about["RLOOKS"]) / 1.94
    return max(int(np.rint(float(about.get("NCORRLOOKS", guess)))), 1)
