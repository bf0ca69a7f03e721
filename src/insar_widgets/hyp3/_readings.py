"""Read the headers, and on request the pixels, of all layers of a stack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio

from insar_widgets.errors import CancelledError, ProductError
from insar_widgets.hyp3._raster import HEADERS_ONLY, read_header, read_pixels
from insar_widgets.hyp3.product import PREPARED_LAYERS, Product
from insar_widgets.resources import cores

__all__ = ["Progress", "Reading", "judge_pixels", "pool", "read_all"]

Progress = Callable[[float, str], None]
"""Told the fraction done, 0..1, and what is being done."""

POLL_SECONDS = 0.2
_SLICE = 16


@dataclass(frozen=True)
class Reading:
    """Problems of one product's rasters: code and message."""

    product: Product
    problems: tuple[tuple[str, str], ...]


def read_all(
    products: Sequence[Product],
    *,
    deep: bool,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> list[Reading]:
    """Read all layers' headers, with `deep` all pixels, several products at a time.

    Raises
    ------
    CancelledError
        `cancel` was set.
    """
    stop = threading.Event()
    size = 1 if deep else _SLICE
    slices = [products[start : start + size] for start in range(0, len(products), size)]
    results: dict[int, list[Reading]] = {}
    with pool(cores() if deep else 2 * cores(), stop) as executor:
        running: dict[Future[list[Reading]], int] = {
            executor.submit(_read_slice, part, deep, stop): number for number, part in enumerate(slices)
        }
        while running:
            if cancel is not None and cancel.is_set():
                raise CancelledError("The check was cancelled. Nothing was changed.")
            finished, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                number = running.pop(future)
                results[number] = future.result()
                if on_progress is not None:
                    on_progress(len(results) / len(slices), slices[number][-1].name)
    return [reading for number in sorted(results) for reading in results[number]]


def judge_pixels(
    layer: str, path: str, pixels: npt.NDArray[Any], nodata: float | None
) -> tuple[str, str] | None:
    """Say what is wrong with a phase's or a coherence's values: code and message, None if nothing is."""
    if layer not in ("unw_phase", "corr"):
        return None
    if layer == "corr" and pixels.min() >= 0 and 0 < pixels.max() <= 1 and not nodata:
        return None
    valid = np.isfinite(pixels) & (pixels != 0)
    if nodata is not None:
        valid &= pixels != nodata
    if not valid.any():
        return ("all-no-data", f"{path} holds no data at all, only no-data pixels.")
    if layer == "corr":
        low, high = float(pixels[valid].min()), float(pixels[valid].max())
        # The last digits of a float32 are not an error.
        if low < -1e-5 or high > 1 + 1e-5:
            return ("coherence-out-of-range", f"{path} holds coherence from {low:g} to {high:g}, not 0 to 1.")
    return None


@contextmanager
def pool(jobs: int, stop: threading.Event) -> Iterator[ThreadPoolExecutor]:
    """Open a pool that ends soon, whatever ends its use; its tasks look at `stop`."""
    executor = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        yield executor
    finally:
        stop.set()
        executor.shutdown(wait=True, cancel_futures=True)


def _read_slice(products: Sequence[Product], deep: bool, stop: threading.Event) -> list[Reading]:
    with rasterio.Env(**HEADERS_ONLY):
        return [Reading(product, tuple(_problems(product, deep, stop))) for product in products]


def _problems(product: Product, deep: bool, stop: threading.Event) -> Iterator[tuple[str, str]]:
    others: list[str] = []
    for layer in PREPARED_LAYERS:
        path = product.layers.get(layer)
        if path is None or stop.is_set():
            continue
        try:
            header = read_header(path)
        except ProductError as error:
            yield ("unreadable-raster", str(error))
            continue
        if not header.grid.is_same(product.grid):
            others.append(f"{layer} ({header.grid.height} x {header.grid.width})")
        if not header.is_whole:
            yield ("truncated-raster", f"{path} is truncated: the file ends before its last block.")
        elif deep:
            try:
                problem = judge_pixels(layer, path, *read_pixels(path))
            except ProductError as error:
                problem = ("truncated-raster", str(error))
            if problem is not None:
                yield problem
    if others:
        shape = f"{product.grid.width} × {product.grid.height}"
        yield (
            "layer-grid-differs",
            f"{product.name}: {', '.join(others)} is not on the grid of the phase ({shape} pixels).",
        )
