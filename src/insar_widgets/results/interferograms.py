"""The interferograms of a work directory: phase, coherence, components, and what was kept."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401 - registers the `rio` accessor
import xarray as xr
from xarray.core import indexing

from insar_widgets.errors import CancelledError, ResultsError
from insar_widgets.resources import may_write
from insar_widgets.results._lazy import LayerArray, open_hdf5
from insar_widgets.results._scan import FileEntry, Scan

__all__ = ["Interferograms", "Triplet"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]
_MEANINGS = {
    "unwrapPhase": ("unwrapped phase, positive away from the satellite", "radian"),
    "unwrapPhase_bridging": ("unwrapped phase, corrected by bridging", "radian"),
    "unwrapPhase_phaseClosure": ("unwrapped phase, corrected by phase closure", "radian"),
    "unwrapPhase_bridging_phaseClosure": (
        "unwrapped phase, corrected by bridging and phase closure",
        "radian",
    ),
    "coherence": ("spatial coherence", "1"),
    "connectComponent": ("connected component of the unwrapping; 0 belongs to none", "1"),
    "wrapPhase": ("wrapped phase", "radian"),
}
_BLOCK_BYTES = 64 * 2**20
_CACHE = Path(".insar_widgets") / "mean_coherence.json"
_SAMPLE = 40_000


class _WithoutZeros(LayerArray):
    """Phase and coherence of exactly 0 are HyP3's and MintPy's no-data."""

    def __init__(self, source: Any) -> None:
        super().__init__(source, None)

    def _read(self, key: tuple[Any, ...]) -> npt.NDArray[Any]:
        values = self.source.read(key)
        return np.where(values == 0, self.dtype.type(np.nan), values)


@dataclass(frozen=True)
class Triplet:
    """Three pairs that close, and how well they do.

    Attributes
    ----------
    dates : three, ascending.
    pairs : first-second, second-third, first-third, as ``YYYYMMDD_YYYYMMDD``.
    wrapped : median of the absolute closure phase modulo 2 pi, radian: noise, soil moisture, multilooking.
    ambiguous : share of the pixels whose closure is off by whole turns: unwrapping errors.
    pixels : how many pixels were looked at.
    """

    dates: tuple[str, str, str]
    pairs: tuple[str, str, str]
    wrapped: float
    ambiguous: float
    pixels: int


class Interferograms:
    """Pairs of a MintPy stack; `Results.interferograms` gives them.

    Attributes
    ----------
    pairs
        ``YYYYMMDD_YYYYMMDD`` of each, in the file's order; N of them.
    kept
        (N,) whether modify_network keeps the pair.
    bperp
        (N,) perpendicular baselines in metres.
    datasets
        Names of what is stored for each pair, such as ``unwrapPhase``, ``coherence``, ``connectComponent``.
    """

    def __init__(self, work_dir: Path, found: Scan, entry: FileEntry) -> None:
        self.work_dir = work_dir
        self._entry = entry
        self._grid = found.grid
        self.path = entry.path
        with open_hdf5(entry.path) as handle:
            dates = handle["date"][:].astype(str)
            self.kept: npt.NDArray[np.bool_] = np.asarray(handle["dropIfgram"][:], bool)
            self.bperp: Floats = np.asarray(handle["bperp"][:], float)
        self.pairs: tuple[str, ...] = tuple(f"{first}_{second}" for first, second in dates)
        self.datasets: tuple[str, ...] = tuple(
            name for name in entry.datasets if len(entry.datasets[name].shape) == 3
        )
        self._index = {pair: i for i, pair in enumerate(self.pairs)}

    @property
    def dates(self) -> tuple[str, ...]:
        """Every date once, YYYYMMDD, ascending, those of dropped pairs too."""
        return tuple(sorted({date for pair in self.pairs for date in pair.split("_")}))

    @property
    def reference(self) -> tuple[int, int] | None:
        """Row and column of the reference pixel, None before the step reference_point."""
        metadata = self._entry.metadata
        return (int(metadata["REF_Y"]), int(metadata["REF_X"])) if "REF_Y" in metadata else None

    def __getitem__(self, dataset: str) -> xr.DataArray:
        """A dataset as lazy array (pair, y, x) as it is stored; phase and coherence are NaN where they are 0."""
        if dataset not in self.datasets:
            raise ResultsError(f"{self.path} has no {dataset!r}; it has {', '.join(self.datasets)}.")
        source = self._entry.datasets[dataset]
        name, units = _MEANINGS.get(dataset, (dataset, ""))
        backend = LayerArray(source, None) if dataset == "connectComponent" else _WithoutZeros(source)
        variable = xr.Variable(
            ("pair", "y", "x"),
            indexing.LazilyIndexedArray(backend),
            {"long_name": name, "units": units, "source": str(self.path), "dataset": dataset},
        )
        coords = {"pair": list(self.pairs), "y": self._grid.y, "x": self._grid.x}
        array: xr.DataArray = xr.DataArray(variable, coords=coords, name=dataset).rio.write_crs(
            self._grid.wkt
        )
        return array

    def layer(self, dataset: str, pair: str) -> xr.DataArray:
        """One pair's dataset (y, x); unwrapped phase relative to the reference pixel where there is one.

        Raises
        ------
        ResultsError
            There is no such pair or dataset, or the reference pixel has no phase in this pair.
        """
        if pair not in self._index:
            raise ResultsError(f"{self.path} has no pair {pair!r}.")
        array = self[dataset].isel(pair=self._index[pair])
        array.attrs["long_name"] += f", {pair}"
        if dataset.startswith("unwrapPhase") and self.reference:
            value = float(array[self.reference])
            if not np.isfinite(value):
                raise ResultsError(f"The reference pixel {self.reference} has no phase in {pair}.")
            attributes = array.attrs | {
                "reference_row": self.reference[0],
                "reference_column": self.reference[1],
            }
            array = (array - array.dtype.type(value)).assign_attrs(attributes)
        return array

    def known_mean_coherence(self, mask: xr.DataArray | None = None) -> Floats | None:
        """Mean coherence (N,) where it was computed before for this very file and mask, else None."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads((self.work_dir / _CACHE).read_text())
            if stored["stamp"] == self._stamp(mask) and len(stored["mean"]) == len(self.pairs):
                return np.array(stored["mean"], float)
        return None

    def _stamp(self, mask: xr.DataArray | None) -> list[int | str]:
        """What says that coherence and mask are the same; attributes and flags of the stack may change."""
        source = self._entry.datasets["coherence"]
        stamp: list[int | str] = [source.stamp[0], *source.shape]
        if mask is not None:
            file = Path(str(mask.attrs.get("source", "")))
            stamp += [str(mask.name), file.stat().st_mtime_ns if file.is_file() else int(mask.values.sum())]
        return stamp

    def mean_coherence(
        self,
        mask: xr.DataArray | None = None,
        on_progress: Progress | None = None,
        cancelled: threading.Event | None = None,
    ) -> Floats:
        """Mean of each pair's coherence over the pixels with a value, (N,); the whole file is read once.

        With the water mask as `mask` it is what MintPy compares with ``mintpy.network.minCoherence``. It is kept in the
        work directory, where that can be written.

        Parameters
        ----------
        mask
            (y, x); pixels where it is false or zero do not count.
        on_progress, cancelled
            Called with the share done and words; set to stop.

        Raises
        ------
        CancelledError
            If `cancelled` was set.
        """
        known = self.known_mean_coherence(mask)
        if known is not None:
            return known
        source = self._entry.datasets["coherence"]
        pairs, rows, columns = source.shape
        total, count = np.zeros(pairs), np.zeros(pairs)
        counts = np.ones((rows, columns), bool) if mask is None else mask.values.astype(bool)
        step = max(1, _BLOCK_BYTES // (pairs * columns * source.dtype.itemsize))
        for first in range(0, rows, step):
            if cancelled is not None and cancelled.is_set():
                raise CancelledError("Cancelled.")
            part = slice(first, min(first + step, rows))
            values = source.read((slice(None), part, slice(None)))
            valid = np.isfinite(values) & (values != 0) & counts[part]
            total += np.where(valid, values, 0).sum(axis=(1, 2), dtype=float)
            count += valid.sum(axis=(1, 2))
            if on_progress:
                on_progress(part.stop / rows, "mean coherence of the pairs")
        with np.errstate(invalid="ignore"):
            mean = total / count
        self._keep(mean, self._stamp(mask))
        return mean

    def _keep(self, mean: Floats, stamp: list[int | str]) -> None:
        target = self.work_dir / _CACHE
        if not may_write(target):
            return
        content = json.dumps({"stamp": stamp, "mean": [None if np.isnan(m) else float(m) for m in mean]})
        with suppress(OSError):  # a folder that may only be read: it is computed again next time
            target.parent.mkdir(exist_ok=True)
            fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            with os.fdopen(fd, "w") as file:
                file.write(content)
            Path(name).replace(target)

    def triplets(self, of: str | None = None) -> list[tuple[str, str, str]]:
        """Triplets that close (first-second, second-third, first-third), all or those of one pair."""
        return _triplets(self.pairs, of)

    def closure(
        self, of: str, *, dataset: str = "unwrapPhase", cancelled: threading.Event | None = None
    ) -> list[Triplet]:
        """How well the triplets of a pair close, on up to 40,000 pixels spread over the frame.

        The closure phase is first-second + second-third - first-third, each relative to the reference pixel.

        Raises
        ------
        ResultsError
            There is no such pair.
        """
        if of not in self._index:
            raise ResultsError(f"{self.path} has no pair {of!r}.")
        return close_triplets(self[dataset], of, self.reference, cancelled)


def _triplets(pairs: tuple[str, ...], of: str | None) -> list[tuple[str, str, str]]:
    have = set(pairs)
    dates = sorted({date for pair in pairs for date in pair.split("_")})
    found = []
    for long in pairs:
        first, third = long.split("_")
        for second in dates:
            if first < second < third:
                three = f"{first}_{second}", f"{second}_{third}", long
                if have.issuperset(three) and (of is None or of in three):
                    found.append(three)
    return found


def close_triplets(
    phase: xr.DataArray,
    of: str,
    reference: tuple[int, int] | None = None,
    cancelled: threading.Event | None = None,
) -> list[Triplet]:
    """How well the triplets of a pair close in unwrapped phase (pair, row, column), radian.

    Parameters
    ----------
    phase
        With ``YYYYMMDD_YYYYMMDD`` as coordinates of ``pair``; up to 40,000 pixels spread over it are read.
    of
        The pair.
    reference
        Row and column of the pixel that is zero in every pair.
    cancelled
        Set to stop.

    Raises
    ------
    CancelledError
        If `cancelled` was set.
    """
    pairs = tuple(str(pair) for pair in phase["pair"].values)
    index = {pair: i for i, pair in enumerate(pairs)}
    stride = max(1, round((phase[0].size / _SAMPLE) ** 0.5))
    taken: dict[str, Floats] = {}

    def read(pair: str) -> Floats:
        if pair not in taken:
            if cancelled is not None and cancelled.is_set():
                raise CancelledError("Cancelled.")
            # whole rows are read at once: HDF5 is slow at strides
            part = phase[index[pair], ::stride].values[:, ::stride]
            zero = float(phase[index[pair]][reference]) if reference else 0.0
            taken[pair] = part.astype(float) - zero
        return taken[pair]

    result = []
    for ab, bc, ac in _triplets(pairs, of):
        closure = read(ab) + read(bc) - read(ac)
        closure = closure[np.isfinite(closure)]
        turns = np.round(closure / (2 * np.pi))
        wrapped = np.abs(closure - 2 * np.pi * turns)
        result.append(
            Triplet(
                dates=(ab[:8], bc[:8], ac[9:]),
                pairs=(ab, bc, ac),
                wrapped=float(np.median(wrapped)) if closure.size else float("nan"),
                ambiguous=float((turns != 0).mean()) if closure.size else float("nan"),
                pixels=int(closure.size),
            )
        )
    return result
