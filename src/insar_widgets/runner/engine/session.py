"""The fast engine in a run's process: put in when it can be, taken out when it fails its proof."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from insar_widgets.runner.engine import AVERAGING, FAST, FAST_STEPS, LOADING, MINTPY, RAMPS
from insar_widgets.runner.engine.proof import Proof, ProofFailedError, use_cache_below
from insar_widgets.runner.lean import settle_memory

__all__ = ["Engine"]


class _Teller(Protocol):
    def emit(self, event: str, **fields: Any) -> None:
        """Append to the log of events."""

    def warning(self, message: str) -> None:
        """Warn in the step that is under way."""


class Engine:
    """What computes the slow steps of a run.

    Parameters
    ----------
    name
        "fast" or "mintpy".
    folder
        Of the run's record.
    run
        Id of the run; random samples follow from it.
    teller
        Takes events and warnings.
    """

    def __init__(self, name: str, folder: Path, run: str, teller: _Teller) -> None:
        self._name, self._folder, self._run, self._teller = name, folder, run, teller
        self._installed: Any = None
        self._proof: Proof | None = None
        self._reader: Any = None
        self._everywhere = False
        self._wanted = False
        self._why = ""

    def install(self, steps: Iterable[str]) -> None:
        """Put the fast engine in if it is wanted and one of these steps is its own."""
        steps = set(steps)
        self._read_through_rasterio(steps)
        if self._name == FAST:
            self._spare_repetition(steps)
        if self._name != FAST or not steps & set(FAST_STEPS):
            return
        self._wanted = True
        if importlib.util.find_spec("numba") is None:
            self._go_without("numba is not installed")

    @staticmethod
    def _spare_repetition(steps: set[str]) -> None:
        """Have what MintPy does over and over done once, with the same values to the last bit."""
        if steps & set(RAMPS):
            from insar_widgets.runner.engine.ramps import OneInverse  # noqa: PLC0415 - needs MintPy

            OneInverse().install()
        if steps & set(AVERAGING):
            from insar_widgets.runner.engine.averages import Averages  # noqa: PLC0415 - needs MintPy

            Averages().install()

    def _install_fast(self) -> None:
        """Put the compiled core in; it takes a second and 100 MB, which steps before it can do without."""
        use_cache_below(self._folder)
        try:
            from insar_widgets.runner.engine.install import FastEngine  # noqa: PLC0415 - see above
        except ImportError as error:
            self._go_without(str(error))
            return
        self._installed = FastEngine(self._folder, int(self._run[:8], 16))
        self._installed.install()
        settle_memory()

    def _go_without(self, why: str) -> None:
        self._wanted, self._why = False, why
        message = (
            f"The fast engine cannot be used ({why}); MintPy does all steps by itself. Remedy: pip install "
            '"insar-widgets[mintpy]"'
        )
        self._teller.emit("warning", step="start", message=message)

    def _read_through_rasterio(self, steps: set[str]) -> None:
        """Let load_data read by rasterio, unless MintPy is to do all by itself and can; other steps where it can't."""
        self._everywhere = importlib.util.find_spec("osgeo") is None
        if self._everywhere or (self._name == FAST and LOADING in steps):
            from insar_widgets.runner.engine.geotiff import RasterioReader  # noqa: PLC0415 - needs MintPy

            self._reader = RasterioReader()
            if self._name != FAST:
                message = (
                    "GDAL's own Python bindings are not installed: rasters are read through rasterio, with the same "
                    "values."
                )
                self._teller.emit("warning", step="start", message=message)

    def do(self, step: str, work: Callable[[], None], *, again: Callable[[], None]) -> None:
        """Do a step; if the fast engine fails its proof in it, call `again` and do it without."""
        self._proof = None
        if self._wanted and self._installed is None and step in FAST_STEPS:
            self._install_fast()
        before = self._why
        if self._reader is not None and (step == LOADING or self._everywhere):
            self._reader.install()
        try:
            work()
        except ProofFailedError as error:
            self._installed.proof()
            self._installed.remove()
            self._installed, self._wanted = None, False
            self._why = f"the fast engine failed its proof in {step}"
            self._teller.warning(f"{error} The step, and what follows, is done again by MintPy itself.")
            again()
            work()
        finally:
            if self._reader is not None:
                self._reader.remove()
        if self._installed is not None:
            self._proof = proof = self._installed.proof()
            if proof.fast:
                self._teller.emit("proof", step=step, **asdict(proof), message=proof.sentence())
            elif proof.why:
                self._left_to_mintpy(step, proof.why)
        elif before and step in FAST_STEPS:
            self._left_to_mintpy(step, before)

    def _left_to_mintpy(self, step: str, why: str) -> None:
        self._teller.warning(f"MintPy itself did {step}, although the fast engine was asked for: {why}.")

    def record(self, step: str) -> dict[str, Any]:
        """Which engine did the step just done, what its proof has shown, or why it was MintPy; for a manifest."""
        if step == LOADING:
            return {"name": MINTPY if self._reader is None else FAST}
        if self._proof is not None and self._proof.fast:
            return {"name": FAST, "proof": asdict(self._proof)}
        why = self._why if self._proof is None else self._proof.why
        return {"name": MINTPY, "why": why} if why else {"name": MINTPY}
