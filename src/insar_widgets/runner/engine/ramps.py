"""Ramps of many dates with one pseudo-inverse: MintPy computes the same one anew for every date of a series.

Imported only where MintPy is: in a run's process.
"""

from __future__ import annotations

from typing import Any

import mintpy.objects.ramp
import numpy as np
from numpy.typing import NDArray

__all__ = ["OneInverse"]


class OneInverse:
    """Gives MintPy's fit of ramps a pseudo-inverse that is remembered: the same values, to the last bit."""

    def install(self) -> None:
        """From now on MintPy's ramps use it."""
        mintpy.objects.ramp.np = _Front(np, linalg=_Front(np.linalg, pinv=_Remembered()))

    def remove(self) -> None:
        """From now on they don't."""
        mintpy.objects.ramp.np = np


class _Front:
    """A module of which some names mean something else."""

    def __init__(self, module: Any, **others: Any) -> None:
        self.__dict__.update(others)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Remembered:
    """Pseudo-inverse of the matrix before, if this one is the same."""

    def __init__(self) -> None:
        self._matrix: NDArray[Any] = np.zeros((0, 0))
        self._about: Any = None
        self._inverse: NDArray[Any] = np.zeros((0, 0))

    def __call__(self, matrix: NDArray[Any], **how: Any) -> NDArray[Any]:
        about = (matrix.dtype, sorted(how.items()))
        if about != self._about or not np.array_equal(matrix, self._matrix):
            self._matrix, self._about = matrix, about
            self._inverse = np.linalg.pinv(matrix, **how)
        return self._inverse
