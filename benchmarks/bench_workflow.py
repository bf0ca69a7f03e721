"""A whole workflow with both engines on the same simulated stack: time, peak memory, and which steps it goes to.

The fast engine does everything. MintPy's own does everything too, but for the pixels of invert_network and
correct_topography, of which it solves one in a thousand and one in a hundred, spread over the frame by a mask: from
the two follows what a pixel costs and what the rest of the step does, and so the time of all of them. It does the
steps after these on the fast engine's series, where no pixel is missing. Both read and write every array at full
size, so that their peaks of memory compare; the peak is that of the process until then. Times of a busy machine are
worth little. The size is BENCH_WORKFLOW_SIDE squared.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from insar_widgets import Run, Template, simulate_stack
from insar_widgets.resources import cores
from insar_widgets.runner.engine import FAST_STEPS

SIDE = int(os.environ.get("BENCH_WORKFLOW_SIDE", "1000"))
DATES = int(os.environ.get("BENCH_WORKFLOW_DATES", "98"))
FOLDER = os.environ.get("BENCH_WORKFLOW_FOLDER")  # keeps the stack for the next time
FEW, MORE = 0.001, 0.01
MASK = "mintpy.networkInversion.waterMaskFile"
DAYS = 12


def measure(folder: Path, template: Template, engine: Any, **which: str) -> dict[str, tuple[float, float]]:
    """Seconds and peak of memory in MB of each step."""
    run = Run(folder, template, engine=engine)
    before = len(run.events())
    run.start(**which)
    assert run.wait(timeout=6 * 3600) == "completed", run.failure
    ended = [event for event in run.events()[before:] if event["event"] == "step-end"]
    return {
        event["step"]: (event["seconds"], event.get("peak_memory_bytes", 0) / 1e6)
        for event in ended
        if event["step"] != "plot"
    }


def few_pixels(work_dir: Path, share: float) -> tuple[Path, int]:
    """A mask that leaves a share of the pixels to invert, and how many are left."""
    path = work_dir / "few.h5"
    with h5py.File(work_dir / "waterMask.h5") as file:
        land, about = file["waterMask"][:], dict(file.attrs)
    chosen = land & (np.random.default_rng(1).random(land.shape) < share)
    with h5py.File(path, "w") as file:
        file["waterMask"] = chosen
        file.attrs.update(about)
    return path, int(chosen.sum())


def main() -> None:
    """Measure both once."""
    print(f"{cores()} cores; load of the last minute {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-workflow-") as name:
        work, kept = Path(name), Path(FOLDER or name)
        raw = simulate_stack(
            kept / "raw", (SIDE, SIDE), DATES, interval=DAYS, extent_jitter=0, gnss=False, reuse=True
        )
        template = Template.for_stack(
            raw.prepare(kept / "hyp3"),
            {"mintpy.compute.cluster": "none", "mintpy.plot": "no", "mintpy.save.kmz": "no"},
            name="bench",
        )
        fast = measure(work / "fast", template, "fast")
        with h5py.File(work / "fast" / "numInvIfgram.h5") as file:
            pixels = int(np.count_nonzero(file["mask"]))
        size = f"{DATES} dates, {len(raw.pairs)} pairs, {SIDE} x {SIDE} pixels, {pixels:,} inverted"
        print(size, flush=True)
        slow_dir = work / "mintpy"
        slow = measure(slow_dir, template, "mintpy", to="quick_overview")
        costs: dict[int, dict[str, tuple[float, float]]] = {}
        for share in (FEW, MORE):
            path, number = few_pixels(slow_dir, share)
            masked = template.with_options({MASK: str(path)})
            costs[number] = measure(
                slow_dir, masked, "mintpy", from_="invert_network", to="correct_topography"
            )
        alone = measure(work / "fast", template, "fast", from_="invert_network", to="correct_topography")
        print(f"both fast steps in a process of their own: {max(m for _, m in alone.values()):.0f} MB")
        slow |= measure(work / "fast", template, "mintpy", from_="residual_RMS")
        report(fast, slow, costs, pixels)


def report(
    fast: dict[str, tuple[float, float]],
    slow: dict[str, tuple[float, float]],
    costs: dict[int, dict[str, tuple[float, float]]],
    pixels: int,
) -> None:
    """Say what each step took, and both altogether."""
    (few, first), (more, second) = costs.items()
    slow = slow | second
    whole = dict.fromkeys(("fast", "mintpy"), 0.0)
    for step, (seconds, memory) in fast.items():
        theirs, their_memory = slow[step]
        words = ""
        if step in FAST_STEPS:
            each = max(0.0, second[step][0] - first[step][0]) / (more - few)
            theirs = first[step][0] + each * (pixels - few)
            words = f" (from {few:,} and {more:,} pixels: {1e6 * each:,.0f} us each)"
        whole["fast"] += seconds
        whole["mintpy"] += theirs
        print(
            f"{step:<24} fast {seconds:8.1f} s {memory:7.0f} MB   MintPy {theirs:8.1f} s {their_memory:7.0f} MB"
            f"   {theirs / max(seconds, 1e-3):7.1f} times{words}",
            flush=True,
        )
    print(
        f"whole workflow: fast {whole['fast']:.0f} s, MintPy {whole['mintpy']:.0f} s (extrapolated): "
        f"{whole['mintpy'] / whole['fast']:.1f} times",
        flush=True,
    )


if __name__ == "__main__":
    main()
