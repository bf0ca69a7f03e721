"""``invert_network`` with a compiled solver. Reading, weights, masks, files and messages are MintPy's.

Imported only where MintPy is: in a run's process, and in the processes of its dask workers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mintpy.ifgram_inversion as theirs
import numpy as np
from mintpy.objects import ifgramStack
from mintpy.utils import ptime, readfile
from numpy.typing import NDArray

from insar_widgets.resources import cores
from insar_widgets.runner.engine._kernels import solve_pixels
from insar_widgets.runner.engine.proof import SAMPLE, Proof, ProofFailedError, sample, settle, share_of
from insar_widgets.runner.engine.reading import Patch, read_patch
from insar_widgets.runner.engine.solver import Problem, Solution, solve
from insar_widgets.runner.engine.weights import Weighting

__all__ = ["FastInversion"]

_CHUNK = 4096  # pixels of which weights are computed at once
_COVARIANCES = 2**22  # numbers in what covariances are made of at once


@dataclass(frozen=True)
class FastInversion:
    """Stands for MintPy's ``run_ifgram_inversion_patch``; travels to dask workers.

    Attributes
    ----------
    notes
        File that takes a line about the proof of each patch.
    seed
        Of the random sample.
    sample
        Number of pixels of the whole frame that are solved again.
    """

    notes: str
    seed: int
    sample: int = SAMPLE

    def __call__(  # noqa: PLR0917 - as MintPy's
        self,
        ifgram_file: str,
        box: tuple[int, int, int, int] | None = None,
        ref_phase: NDArray[Any] | None = None,
        obs_ds_name: str = "unwrapPhase",
        weight_func: str = "var",
        water_mask_file: str | None = None,
        min_norm_velocity: bool = True,
        mask_ds_name: str | None = None,
        mask_threshold: float = 0.4,
        min_redundancy: float = 1.0,
        calc_cov: bool = False,
    ) -> tuple[Any, Any, Any, Any, Any]:
        """Invert one patch; parameters and results are those of MintPy's function.

        Raises
        ------
        ProofFailedError
            If the numbers differ from MintPy's by more than the tolerance.
        """
        stack = ifgramStack(ifgram_file)
        stack.open(print_msg=False)
        if mask_ds_name not in stack.datasetNames:
            mask_ds_name = None
        left = _left_out(obs_ds_name, mask_ds_name, ref_phase)
        if left or ref_phase is None:
            settle(Path(self.notes), Proof(left=left), "Inversion")
            return _original()(  # type: ignore[no-any-return]
                ifgram_file,
                *(box, ref_phase, obs_ds_name, weight_func, water_mask_file, min_norm_velocity),
                *(mask_ds_name, mask_threshold, min_redundancy, calc_cov),
            )
        if box is None:
            box = (0, 0, stack.width, stack.length)
        shape = (box[3] - box[1], box[2] - box[0])
        dates = stack.get_date_list(dropIfgram=True)
        # as MintPy computes it, in float32
        years = np.diff(np.array(ptime.date_list2tbase(dates)[0], np.float32) / 365.25).reshape(-1, 1)
        design, rates = stack.get_design_matrix4timeseries(
            date12_list=stack.get_date12_list(dropIfgram=True)
        )[0:2]

        weighting = None
        if weight_func not in ("no", "sbas"):
            _say(f"calculating weight from spatial coherence: {weight_func} ...")
            weighting = Weighting.of(weight_func.lower(), stack.metadata)
        _say(f"reading {obs_ds_name} in {box} * {len(design)} ...")
        if mask_ds_name:
            _say(f"mask out pixels by {mask_ds_name} by setting them to NaN")
        patch = read_patch(
            *(ifgram_file, box, obs_ds_name, ref_phase),
            coherence=weighting is not None,
            mask=mask_ds_name,
            threshold=mask_threshold,
        )
        valid = patch.valid
        pixels = np.flatnonzero(_wanted(stack, ifgram_file, obs_ds_name, water_mask_file, box) & (valid > 0))
        share = len(pixels) / (shape[0] * shape[1])
        _say(f"number of pixels to invert: {len(pixels)} out of {shape[0] * shape[1]} ({100 * share:.1f}%)")

        problem = Problem(
            *(design, rates, years, patch.obs),
            velocity=bool(min_norm_velocity),
            min_redundancy=float(min_redundancy),
            coherence=patch.coherence,
            formula=weighting.formula if weighting else None,
        )
        solution = _solve(problem, weighting, pixels, valid)
        frame = int(stack.length) * int(stack.width)
        number = share_of(self.sample, shape[0] * shape[1], frame)
        easy = np.setdiff1d(pixels, solution.hard, assume_unique=True)
        rng = np.random.default_rng([self.seed, box[0], box[1]])
        if not _reads_as_mintpy(stack, patch, box, ref_phase, obs_ds_name, mask_ds_name, mask_threshold, rng):
            raise ProofFailedError(f"{obs_ds_name} was not read as MintPy reads it.")
        proof = _compare(problem, weighting, solution, easy[sample(valid[easy], number, rng)], len(easy))
        settle(Path(self.notes), proof, "Inversion")
        covariance = None
        if calc_cov:
            # what is not asked for is read again: the weights that standard deviations follow from
            std = theirs.calc_weight_sqrt(stack, box, weight_func="var", dropIfgram=True)
            np.divide(1.0, std, out=std)
            covariance = _covariance(problem, theirs.get_design_matrix4std(stack)[:2], std, pixels, valid)

        phase = solution.phase.reshape(len(dates), *shape)
        to_range = -1 * float(stack.metadata["WAVELENGTH"]) / (4.0 * np.pi)
        phase *= to_range
        if covariance is not None:
            covariance = (covariance * np.abs(to_range) ** 2).reshape(len(dates), len(dates), *shape)
        _say("converting LOS phase unit from radian to meter")
        return phase, covariance, solution.quality.reshape(shape), solution.count.reshape(shape), box


def _left_out(name: str, mask: str | None, reference: NDArray[Any] | None) -> str:
    """Why an inversion is none of the fast engine's, in words; empty if it is."""
    if not name.startswith(("unwrapPhase", "ion")):
        return f"the fast engine inverts phase, not {name}"
    if (mask or "").endswith("OffsetStd"):
        return f"the fast engine does not mask by {mask}"
    return "there is no phase at the reference pixel to start from" if reference is None else ""


def _reads_as_mintpy(  # noqa: PLR0917 - as MintPy's
    stack: Any,
    patch: Patch,
    box: tuple[int, int, int, int],
    reference: NDArray[Any],
    name: str,
    mask: str | None,
    threshold: float,
    rng: np.random.Generator,
) -> bool:
    """Whether a line of the patch, read again by MintPy's own functions, is the same to the last bit."""
    width = box[2] - box[0]
    line = int(rng.integers(box[3] - box[1]))
    here = slice(line * width, (line + 1) * width)
    there = (box[0], box[1] + line, box[2], box[1] + line + 1)
    obs = theirs.read_stack_obs(stack, there, reference, obs_ds_name=name, print_msg=False)
    if "phase" in name.lower():
        obs[obs == 0.0] = np.nan
    obs = theirs.mask_stack_obs(
        obs, stack, there, mask_ds_name=mask, mask_threshold=threshold, print_msg=False
    )[0]
    same = np.array_equal(obs, patch.obs[:, here], equal_nan=True)
    if patch.coherence is not None:
        coherence = theirs.read_coherence(stack, there, print_msg=False)
        same &= np.array_equal(coherence, np.nan_to_num(patch.coherence[:, here]))
    return bool(same)


def _solve(
    problem: Problem, weighting: Weighting | None, pixels: NDArray[np.int64], valid: NDArray[np.int32]
) -> Solution:
    threads = _threads()
    if not any(Path(solve_pixels.stats.cache_path or ".").glob("*.solve_pixels-*.nbi")):
        _say("compiling the fast engine, once after its installation ...")
    _say(f"estimating time-series with the fast engine ({threads} thread{'s' if threads > 1 else ''}) ...")
    with _Bar(len(pixels)) as bar:
        solution = solve(problem, pixels, threads=threads, progress=bar.update)
    if len(solution.hard):
        _say(
            f"{len(solution.hard)} pixels, whose network falls apart or is badly conditioned, are left to "
            "MintPy's estimator ..."
        )
        with _Bar(len(solution.hard)) as bar:
            _leave_to_mintpy(problem, weighting, valid, solution, bar)
    return solution


def _compare(
    problem: Problem,
    weighting: Weighting | None,
    solution: Solution,
    drawn: NDArray[np.int64],
    solved: int,
) -> Proof:
    """Solve the pixels drawn again, with MintPy's estimator."""
    largest, coherence, counts = 0.0, 0.0, 0
    medians = []
    for pixel, root_weight in _with_weights(problem, weighting, drawn):
        ts, quality, count = _theirs_at(problem, np.array([pixel]), root_weight)
        difference = np.abs(ts[:, 0].astype(np.float64) - solution.phase[:, pixel])
        # a NaN must not hide
        largest = max(largest, _number(difference.max()))
        coherence = max(coherence, _number(abs(float(quality) - float(solution.quality[pixel]))))
        medians.append(_number(np.median(difference)))
        counts += int(count != solution.count[pixel])
    return Proof(
        pixels=len(drawn),
        largest=largest,
        median=float(np.median(medians)) if medians else 0.0,
        coherence=coherence,
        counts=counts,
        fast=solved,
        mintpy=len(solution.hard),
    )


def _original() -> Any:
    return getattr(theirs, "their_patch", theirs.run_ifgram_inversion_patch)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the log


def _number(value: Any) -> float:
    return float(value) if np.isfinite(value) else float("inf")


def _threads() -> int:
    """All cores in the run's own process, one in a worker of many."""
    if "distributed" in sys.modules:
        from distributed import get_worker  # noqa: PLC0415 - only where it is in use anyway

        try:
            get_worker()
        except ValueError:
            return cores()
        return 1
    return cores()


class _Bar:
    """MintPy's progress bar, which the run reports from."""

    def __init__(self, total: int) -> None:
        self._bar = ptime.progressBar(maxValue=max(1, total))
        self._total = total

    def __enter__(self) -> _Bar:
        return self

    def update(self, done: int) -> None:
        self._bar.update(done, suffix=f"{done}/{self._total} pixels")

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _wanted(
    stack: Any, ifgram_file: str, obs_name: str, water_mask_file: str | None, box: tuple[int, int, int, int]
) -> NDArray[np.bool_]:
    """Pixels on land, and with any average spatial coherence."""
    mask = np.ones((box[3] - box[1]) * (box[2] - box[0]), np.bool_)
    if water_mask_file:
        _say(f"skip pixels (on the water) with zero value in file: {Path(water_mask_file).name}")
        about = readfile.read_attribute(water_mask_file)
        if (int(about["LENGTH"]), int(about["WIDTH"])) != (stack.length, stack.width):
            raise ValueError("Input water mask file has different size from ifgramStack file.")
        names = [name for name in readfile.get_dataset_list(water_mask_file) if name in ("waterMask", "mask")]
        water = readfile.read(water_mask_file, datasetName=names[0], box=box)[0]
        mask &= np.asarray(water).ravel().astype(np.bool_)
    _say(f"skip pixels with {obs_name} = NaN in all interferograms")
    ion = "Ion" if Path(ifgram_file).name.startswith("ion") else ""
    quality = Path(ifgram_file).parent / ".." / f"avgSpatialCoh{ion}.h5"
    if quality.is_file():
        about = readfile.read_attribute(str(quality))
        if (int(about["LENGTH"]), int(about["WIDTH"])) == (stack.length, stack.width):
            _say(f"skip pixels with zero value in file: {quality.name}")
            mask &= np.asarray(readfile.read(str(quality), box=box)[0]).ravel() != 0.0
    return mask


def _with_weights(
    problem: Problem, weighting: Weighting | None, pixels: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float32] | None]]:
    """Pixels, and the square roots of their weights by MintPy itself, (pair, 1); None for no weights."""
    for begin in range(0, len(pixels), _CHUNK):
        part = pixels[begin : begin + _CHUNK]
        if weighting is None or problem.coherence is None:
            yield from ((int(pixel), None) for pixel in part)
        else:
            roots = weighting.root_weight(problem.coherence[:, part])
            yield from ((int(pixel), roots[:, [i]]) for i, pixel in enumerate(part))


def _theirs_at(
    problem: Problem, pixels: NDArray[np.int64], root_weight: NDArray[np.float32] | None
) -> tuple[Any, Any, Any]:
    """MintPy's estimator, at one pixel or at several with values in the same pairs."""
    return theirs.estimate_timeseries(  # type: ignore[no-any-return]
        A=problem.phases,
        B=problem.velocities,
        y=problem.obs[:, pixels],
        tbase_diff=problem.years,
        weight_sqrt=root_weight,
        min_norm_velocity=problem.velocity,
        min_redundancy=problem.min_redundancy,
        inv_quality_name="temporalCoherence",
        print_msg=False,
    )


def _leave_to_mintpy(
    problem: Problem, weighting: Weighting | None, valid: NDArray[np.int32], solution: Solution, bar: _Bar
) -> None:
    """Fill in the pixels that only MintPy's estimator solves as MintPy does."""
    hard, done = solution.hard, 0
    groups: Iterable[tuple[NDArray[np.int64], NDArray[np.float32] | None]]
    if weighting is None:
        groups = ((group, None) for group in _alike(problem.obs, hard, valid))
    else:
        groups = ((np.array([pixel]), root) for pixel, root in _with_weights(problem, weighting, hard))
    for group, root_weight in groups:
        ts, quality, count = _theirs_at(problem, group, root_weight)
        solution.phase[:, group] = ts.reshape(-1, len(group))
        solution.quality[group] = quality
        solution.count[group] = count
        done += len(group)
        bar.update(done)


def _alike(
    obs: NDArray[np.float32], pixels: NDArray[np.int64], valid: NDArray[np.int32]
) -> list[NDArray[np.int64]]:
    """Group pixels that have values in the same pairs."""
    if (valid[pixels] == len(obs)).all():
        return [pixels] if len(pixels) else []
    groups: dict[bytes, list[int]] = {}
    for pixel in pixels:
        groups.setdefault(np.packbits(np.isnan(obs[:, pixel])).tobytes(), []).append(int(pixel))
    return [np.array(group, dtype=np.int64) for group in groups.values()]


def _covariance(
    problem: Problem, design: tuple[Any, int], std: Any, pixels: NDArray[np.int64], valid: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Covariance of the dates from the standard deviations of the pairs, (date, date, pixel), rad2.

    The same pseudo-inverse serves all pixels with values in the same pairs. `design` is MintPy's design matrix for
    another reference date, and the number of that date.
    """
    _say(
        "propagating std. dev. from network of interferograms to time-series (Yunjun et al., 2021, FRINGE) ..."
    )
    obs, (matrix, reference) = problem.obs, design
    number = matrix.shape[1] + 1
    others = np.delete(np.arange(number), reference)
    covariance = np.zeros((number, number, obs.shape[1]), np.float32)
    done = 0
    with _Bar(len(pixels)) as bar:
        for group in _alike(obs, pixels, valid):
            good = ~np.isnan(obs[:, group[0]])
            if np.min(np.sum(matrix[good] != 0.0, axis=0)) >= problem.min_redundancy:
                inverse = np.linalg.pinv(matrix[good].astype(np.float64), rcond=1e-10)
                few = max(1, _COVARIANCES // inverse.size)
                for begin in range(0, len(group), few):
                    part = group[begin : begin + few]
                    variance = np.square(std[:, part][good].astype(np.float64)).T
                    filled = (inverse * variance[:, np.newaxis]) @ inverse.T  # (pixel, date, date)
                    covariance[np.ix_(others, others, part)] = np.moveaxis(filled, 0, -1)
            done += len(group)
            bar.update(done)
    return covariance
