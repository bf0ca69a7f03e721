"""Cost of starting MintPy's steps: one process for all of them against `smallbaselineApp.py --dostep` for each.

Every step is done three ways in this run, in turns, on the same small stack with the same reference pixel: by
`Run`, by MintPy's command once a step, and by MintPy's own class in one plain process, which tells how long the
step's work alone takes. What the first two take beyond that is the cost of starting a step: of importing MintPy,
and in `Run` of putting aside what was there, checking and recording what was made.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from insar_widgets import Run, Template, simulate_stack

ROUNDS = 3
# MintPy by itself, in one process
PLAIN = """
import json, os, sys, time
from mintpy.smallbaselineApp import TimeSeriesAnalysis
template, folder, names, out = sys.argv[1:]
analysis = TimeSeriesAnalysis(template, folder)
analysis.open()
seconds = {}
for name in names.split(","):
    began = time.perf_counter()
    analysis.run([name])
    seconds[name] = time.perf_counter() - began
open(out, "w").write(json.dumps(seconds))
"""


def run_once(folder: Path, template: Template) -> tuple[dict[str, float], float]:
    """Seconds from the start of each step to that of the next, and of the start of the run until the first."""
    run = Run(folder, template)
    began = time.time()
    run.start()
    assert run.wait(timeout=900) == "completed", run.failure
    marks = [(e["step"], e["time"]) for e in run.events() if e["event"] == "step-start"]
    marks.append(("", next(e["time"] for e in run.events() if e["event"] == "run-end")))
    first = marks[0][1] - began
    return {name: after - at for (name, at), (_, after) in pairwise(marks)}, first


def command_once(folder: Path, template: Path, names: list[str]) -> dict[str, float]:
    """Seconds of MintPy's command for each step."""
    program = str(Path(sys.executable).with_name("smallbaselineApp.py"))
    seconds = {}
    for name in names:
        began = time.perf_counter()
        call([program, str(template), "--dir", str(folder), "--dostep", name])
        seconds[name] = time.perf_counter() - began
    return seconds


def plain_once(folder: Path, template: Path, names: list[str]) -> dict[str, float]:
    """Seconds that the work of each step takes by itself."""
    folder.mkdir(parents=True)
    out = folder / "seconds.json"
    call([sys.executable, "-c", PLAIN, str(template), str(folder), ",".join(names), str(out)])
    return dict(json.loads(out.read_text()))


def call(command: list[str]) -> None:
    done = subprocess.run(
        command, env={**os.environ, "MPLBACKEND": "Agg"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-steps-") as name:
        folder = Path(name)
        stack = simulate_stack(folder / "raw", shape=(60, 80), dates=6, seed=1).prepare(folder / "hyp3")
        options = {"mintpy.compute.cluster": "none", "mintpy.reference.yx": "20, 30"}
        template = Template.for_stack(stack, options, name="bench")
        path = template.write(folder / "bench.txt")
        ours, theirs, alone, first = [], [], [], []
        for number in range(ROUNDS):
            seconds, start = run_once(folder / f"run{number}", template)
            names = list(seconds)
            ours.append(seconds)
            first.append(start)
            theirs.append(command_once(folder / f"command{number}", path, names))
            alone.append(plain_once(folder / f"plain{number}", path, names))
            for kind in ("run", "command", "plain"):
                shutil.rmtree(folder / f"{kind}{number}")
    print(f"{'step':22}{'work':>8}{'Run':>8}{'--dostep':>10}   cost of starting: Run, --dostep [s]")
    costs: dict[str, list[float]] = {"run": [], "command": []}
    for step in names:
        work, run, command = (statistics.median(r[step] for r in kind) for kind in (alone, ours, theirs))
        of_run = statistics.median(a[step] - b[step] for a, b in zip(ours, alone, strict=True))
        of_command = statistics.median(a[step] - b[step] for a, b in zip(theirs, alone, strict=True))
        costs["run"].append(of_run)
        costs["command"].append(of_command)
        print(f"{step:22}{work:8.2f}{run:8.2f}{command:10.2f}   {of_run:6.2f} {of_command:6.2f}")
    of_run, of_command = (statistics.mean(kind) for kind in costs.values())
    print(
        f"starting a step costs {of_run:.2f} s in a Run and {of_command:.2f} s with --dostep, "
        f"{of_command / max(of_run, 1e-3):.0f} times as much; "
        f"a Run is at its first step after {statistics.median(first):.2f} s"
    )
    total = [sum(sum(one.values()) for one in kind) for kind in (theirs, ours)]
    print(
        f"all steps: --dostep for each takes {total[0] / (total[1] + sum(first)):.1f} times as long as one Run"
    )


if __name__ == "__main__":
    main()
