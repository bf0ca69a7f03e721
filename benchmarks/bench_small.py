"""A whole run of a small stack with both engines, step by step and in turns: is the fast one slower anywhere?

Small stacks are where starting, compiling and proving weigh most. Every run has a folder of its own. A step counts as
slower if it was so by more than a twentieth and a tenth of a second in the median, and in four of five rounds. Where
compiled code is kept is empty at first: the first run tells what compiling costs, once after an installation.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from insar_widgets import Run, Template, simulate_stack
from insar_widgets.resources import cores
from insar_widgets.runner.engine import ENGINES

ROUNDS = int(os.environ.get("BENCH_SMALL_ROUNDS", "5"))
STACKS = (((60, 80), 6), ((200, 200), 8))  # rows and columns, dates
OPTIONS = {
    "mintpy.compute.cluster": "none",
    "mintpy.plot": "no",
    "mintpy.deramp": "linear",
    "mintpy.save.hdfEos5": "yes",
}


def measure(folder: Path, template: Template, engine: Any) -> dict[str, float]:
    """Seconds of each step, and of the whole run."""
    run = Run(folder, template, engine=engine)
    began = time.time()
    assert run.start().wait(timeout=900) == "completed", run.failure
    whole = time.time() - began
    marks = [(event["step"], event["time"]) for event in run.events() if event["event"] == "step-start"]
    marks.append(("", next(event["time"] for event in run.events() if event["event"] == "run-end")))
    return {name: after - at for (name, at), (_, after) in pairwise(marks)} | {"whole run": whole}


def main() -> None:
    """Measure all stacks."""
    print(f"{cores()} cores; load of the last minute {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-small-") as name:
        environ = dict(os.environ)
        os.environ["NUMBA_CACHE_DIR"] = str(Path(name) / "compiled")
        try:
            for shape, dates in STACKS:
                compare(Path(name) / f"{dates}", shape, dates)
        finally:
            os.environ.clear()
            os.environ.update(environ)


def compare(folder: Path, shape: tuple[int, int], dates: int) -> None:
    """Do the runs of one stack in turns, and say where the fast engine is slower."""
    stack = simulate_stack(folder / "raw", shape, dates, seed=1, gnss=False).prepare(folder / "hyp3")
    template = Template.for_stack(stack, OPTIONS, name="bench")
    print(f"{len(stack.pairs)} pairs of {dates} dates, {shape[0]} x {shape[1]} pixels")
    first = measure(folder / "first", template, "fast")
    times: dict[str, list[dict[str, float]]] = {engine: [] for engine in ENGINES}
    for number in range(ROUNDS):
        for engine in ENGINES if number % 2 else reversed(ENGINES):
            times[engine].append(measure(folder / f"{engine}{number}", template, engine))
    slower = []
    for step in first:
        ours, theirs = (np.array([seconds[step] for seconds in times[engine]]) for engine in ENGINES)
        more = float(np.median(ours - theirs))
        if more > max(0.1, 0.05 * np.median(theirs)) and np.mean(ours > theirs) >= 0.8:
            slower.append(step)
        print(
            f"  {step:<20} fast {statistics.median(ours):6.2f} s, MintPy {statistics.median(theirs):6.2f} s, "
            f"difference {more:+6.2f} s ({int(np.sum(ours > theirs))} of {ROUNDS} rounds slower)"
        )
    print(
        f"  the first run took {first['whole run'] - statistics.median(ours):+.1f} s longer than the others"
    )
    print(f"  slower with the fast engine: {', '.join(slower) or 'no step'}", flush=True)


if __name__ == "__main__":
    main()
