"""``correct_topography`` as one product of matrices. Reading, masks, files and messages are MintPy's.

The model of a pixel is G X = d with G = [g | D]: D, the deformation over time, is the same for all pixels, and so
is g, the effect of one metre of DEM error, but for a factor (or g differs altogether, where the baselines are known
pixel by pixel). With the columns of D projected out (Frisch and Waugh, 1933), the DEM error of a pixel is a scalar
regression; what is left of the deformation follows.

Imported only where MintPy is: in a run's process, and in the processes of its dask workers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mintpy.dem_error as theirs
import numpy as np
from mintpy.objects import timeseries
from mintpy.utils import ptime, readfile
from numpy.typing import NDArray

from insar_widgets.runner.engine.proof import SAMPLE, Proof, sample, settle, share_of

__all__ = ["DemErrors", "FastTopography", "SeriesModel", "fit_dem_error"]

_CUT = 1e-8
"""MintPy's cut-off for small singular values; models that come near it are MintPy's."""
_MARGIN = 10.0
"""How near: with a polynomial of degree 2, 400 dates in 13 years are at 230 times the cut-off."""
_CHUNK = 16384  # pixels at once
_PART = 8 * _CHUNK  # pixels that are copied at once
_AMBIGUOUS = "the deformation model is ambiguous, or nearly so, with these dates"


@dataclass(frozen=True)
class DemErrors:
    """What `fit_dem_error` finds.

    Attributes
    ----------
    dem_error
        Metres, float32 (pixel,).
    corrected, residual
        Series without the DEM error, and without the deformation model too, metres, float32 (date, pixel).
    """

    dem_error: NDArray[np.float32]
    corrected: NDArray[np.float32]
    residual: NDArray[np.float32]


@dataclass(frozen=True)
class SeriesModel:
    """Series of some pixels and what is to be fitted to them.

    Attributes
    ----------
    series
        Displacement in metres, float32 (date, pixel), without NaN.
    baseline
        Perpendicular baseline in metres, (date, 1) or (date, pixel).
    scale
        One over slant range times sine of incidence, 1/m, (pixel,).
    deformation
        Columns of the deformation model, (date, parameter); the first one is constant.
    years
        Time of each date, (date,).
    used
        Dates that take part in the fit, (date,).
    velocity
        Whether residuals of velocity are minimised instead of displacement.
    """

    series: NDArray[np.float32]
    baseline: NDArray[Any]
    scale: NDArray[np.float64]
    deformation: NDArray[Any]
    years: NDArray[Any]
    used: NDArray[np.bool_]
    velocity: bool = False

    def at(self, pixels: NDArray[np.int64]) -> SeriesModel:
        """The same at some of the pixels."""
        return replace(
            self,
            series=self.series[:, pixels],
            baseline=self.baseline if self.baseline.shape[1] == 1 else self.baseline[:, pixels],
            scale=self.scale[pixels],
        )


def fit_dem_error(problem: SeriesModel) -> DemErrors | None:
    """Fit DEM error and deformation together.

    Returns
    -------
    DemErrors or None
        None where the model is too near to being ambiguous for a solution that is surely MintPy's.
    """
    series, scale, used, velocity = problem.series, problem.scale, problem.used, problem.velocity
    model = np.asarray(problem.deformation, np.float64)
    g = np.asarray(problem.baseline, np.float64)
    t = np.asarray(problem.years, np.float64).reshape(-1)

    def seen(values: NDArray[np.float64]) -> NDArray[np.float64]:
        values = values[used]
        return np.diff(values, axis=0) / np.diff(t[used])[:, None] if velocity else values

    if velocity:
        model = model[:, 1:]
    fitted, effect = seen(model), seen(g)
    if fitted.shape[0] < fitted.shape[1] + 1 or not _clear(fitted, effect, scale):
        return None
    q, r = np.linalg.qr(fitted)
    left = effect - q @ (q.T @ effect)  # what of the baselines the deformation cannot explain
    power = np.sum(left * left, axis=0)
    pixels = series.shape[1]
    dem_error = np.empty(pixels, np.float32)
    corrected = np.empty(series.shape, np.float32)
    residual = np.empty(series.shape, np.float32)
    same = g.shape[1] == 1
    for begin in range(0, pixels, _CHUNK):
        at = slice(begin, min(begin + _CHUNK, pixels))
        ts = series[:, at].astype(np.float64)
        here = slice(None) if same else at
        # metres of displacement for one metre of baseline: scale times DEM error
        data = seen(ts)
        slope = np.sum(left[:, here] * data, axis=0) / power[here]
        dem_error[at] = slope / scale[at]
        ts -= g[:, here] * slope
        corrected[:, at] = ts
        parameters = np.linalg.solve(r, q.T @ (data - effect[:, here] * slope))
        residual[:, at] = ts - model @ parameters
    return DemErrors(dem_error, corrected, residual)


def _clear(fitted: NDArray[np.float64], effect: NDArray[np.float64], scale: NDArray[Any]) -> bool:
    """Whether no singular value of any pixel's model comes near to being cut off."""
    norm = np.linalg.norm(effect, axis=0)
    for factor in (float(np.min(scale)), float(np.max(scale))):
        for column in {int(np.argmin(norm)), int(np.argmax(norm))}:
            values = np.linalg.svd(np.column_stack([effect[:, column] * factor, fitted]), compute_uv=False)
            if not values[-1] > _MARGIN * _CUT * values[0]:
                return False
    return bool(np.all(np.isfinite(norm)) and np.all(norm > 0))


@dataclass(frozen=True)
class FastTopography:
    """Stands for MintPy's ``correct_dem_error_patch``; travels to dask workers. Attributes as `FastInversion`."""

    notes: str
    seed: int
    sample: int = SAMPLE

    def __call__(  # noqa: PLR0917 - as MintPy's
        self,
        G_defo: NDArray[Any],  # noqa: N803 - MintPy's name
        ts_file: str,
        geom_file: str | None = None,
        box: tuple[int, int, int, int] | None = None,
        date_flag: NDArray[np.bool_] | None = None,
        phase_velocity: bool = False,
    ) -> tuple[Any, Any, Any, Any]:
        """Correct one patch; parameters and results are those of MintPy's function.

        Raises
        ------
        ProofFailedError
            If the numbers differ from MintPy's by more than the tolerance.
        """
        stack = timeseries(ts_file)
        stack.open(print_msg=False)
        if box is None:
            box = (0, 0, stack.width, stack.length)
        shape = (box[3] - box[1], box[2] - box[0])
        years = np.array(stack.tbase, np.float32) / 365.25
        series = readfile.read(ts_file, box=box)[0].reshape(stack.numDate, -1)
        sine, distance, baseline = theirs.read_geometry(ts_file, geom_file, box=box)
        if date_flag is None:
            date_flag = np.ones(stack.numDate, np.bool_)
        pixels = np.flatnonzero(_wanted(series, ts_file, box, sine, distance))
        total = shape[0] * shape[1]
        _say(f"number of pixels to invert: {len(pixels)} out of {total} ({100 * len(pixels) / total:.1f}%)")
        dem_error = np.zeros(total, np.float32)
        corrected = np.zeros(series.shape, np.float32)
        residual = np.zeros(series.shape, np.float32)
        if len(pixels):
            # there is no geometry at some of the pixels that are masked
            with np.errstate(divide="ignore", invalid="ignore"):
                slant = np.asarray(distance, np.float64) * np.asarray(sine, np.float64)
                scale = 1.0 / np.broadcast_to(slant, (total,))
            problem = SeriesModel(
                series, baseline, scale, G_defo, years.reshape(-1), date_flag, bool(phase_velocity)
            )
            found = DemErrors(dem_error, corrected, residual)
            fast = _fit_into(found, problem, pixels)
            number = share_of(self.sample, len(pixels), int(stack.length) * int(stack.width))
            rng = np.random.default_rng([self.seed, box[0], box[1]])
            drawn = fast[sample(np.zeros(len(fast)), number, rng)]
            proof = _compare(found, _theirs(problem.at(drawn)), drawn, float(stack.metadata["WAVELENGTH"]))
            slow = len(pixels) - len(fast)
            proof = replace(proof, fast=len(fast), mintpy=slow, left=_AMBIGUOUS if slow else "")
            settle(Path(self.notes), proof, "DEM error")
        every = (stack.numDate, *shape)
        return dem_error.reshape(shape), corrected.reshape(every), residual.reshape(every), box


def _fit_into(found: DemErrors, problem: SeriesModel, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fit at some pixels, part by part to save memory; return those that were not left to MintPy's estimator."""
    _say("estimating DEM error with the fast engine ...")
    done = []
    bar = ptime.progressBar(maxValue=len(pixels))
    for begin in range(0, len(pixels), _PART):
        part = pixels[begin : begin + _PART]
        own = problem.at(part)
        fitted = fit_dem_error(own)
        if fitted is None:
            _say(f"{_AMBIGUOUS}: left to MintPy's estimator ...")
            fitted = _theirs(own)
        else:
            done.append(part)
        found.dem_error[part] = fitted.dem_error
        found.corrected[:, part] = fitted.corrected
        found.residual[:, part] = fitted.residual
        bar.update(begin + len(part), suffix=f"{begin + len(part)}/{len(pixels)} pixels")
    bar.close()
    return np.concatenate(done) if done else pixels[:0]


def _theirs(problem: SeriesModel) -> DemErrors:
    """MintPy's estimator, pixel by pixel."""
    series, baseline = problem.series, problem.baseline
    pixels = series.shape[1]
    result = DemErrors(
        np.empty(pixels, np.float32), np.empty(series.shape, np.float32), np.empty(series.shape, np.float32)
    )
    bar = ptime.progressBar(maxValue=max(1, pixels))
    for pixel in range(pixels):
        own = baseline if baseline.shape[1] == 1 else baseline[:, pixel : pixel + 1]
        dem_error, corrected, residual = theirs.estimate_dem_error(
            ts0=series[:, pixel],
            G0=np.hstack((own * problem.scale[pixel], problem.deformation)),
            tbase=problem.years.reshape(-1, 1),
            date_flag=problem.used,
            phase_velocity=problem.velocity,
        )
        result.dem_error[pixel] = np.asarray(dem_error).item()
        result.corrected[:, pixel] = corrected.ravel()
        result.residual[:, pixel] = residual.ravel()
        bar.update(pixel + 1, every=2000, suffix=f"{pixel + 1}/{pixels} pixels")
    bar.close()
    return result


def _compare(found: DemErrors, expected: DemErrors, drawn: NDArray[np.int64], wavelength: float) -> Proof:
    """Differences of the series as phase; NaN counts as infinitely different."""
    to_phase = 4 * np.pi / wavelength
    largest, medians = 0.0, []
    for ours, right in ((found.corrected, expected.corrected), (found.residual, expected.residual)):
        difference = to_phase * np.abs(ours[:, drawn].astype(np.float64) - right)
        difference[~np.isfinite(difference)] = np.inf
        largest = max(largest, float(difference.max(initial=0.0)))
        medians.append(float(np.median(np.median(difference, axis=0))) if len(drawn) else 0.0)
    return Proof(pixels=len(drawn), largest=largest, median=max(medians))


def _wanted(
    series: NDArray[np.float32], ts_file: str, box: tuple[int, int, int, int], sine: Any, distance: Any
) -> NDArray[np.bool_]:
    """Pixels with a series, with coherence and with a geometry."""
    _say("skip pixels with ZERO in ALL acquisitions")
    _say("skip pixels with NaN  in ANY acquisitions")
    total = np.zeros(series.shape[1], np.float32)
    for row in series:  # as MintPy's mean, row by row to save memory; a NaN makes it one
        total += row
    mask: NDArray[np.bool_] = ~np.isnan(total) & (total != 0.0)
    coherence_file = Path(ts_file).parent / "temporalCoherence.h5"
    if coherence_file.is_file():
        _say("skip pixels with ZERO temporal coherence")
        mask &= np.asarray(readfile.read(str(coherence_file), box=box)[0]).ravel() != 0.0
    if np.size(distance) != 1:
        _say("skip pixels with ZERO / NaN value in incidenceAngle / slantRangeDistance")
        for values in (sine, distance):
            mask &= (values != 0.0) & ~np.isnan(values)
    return mask


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the log
