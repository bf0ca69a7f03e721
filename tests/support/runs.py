"""Finished runs, copied and changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from insar_widgets import Run, Template


def copy_of(run: Run, work_dir: Path, options: Mapping[str, object] | None = None) -> Run:
    """A run in a folder of its own that holds what another one has made, with some options changed."""
    shutil.copytree(run.work_dir, work_dir, symlinks=True)
    return Run(work_dir, run.template.with_options(options or {}))


def steps_of_last_run(run: Run) -> dict[str, str]:
    """Steps that were done in the last run, with the reason for each, without the figures."""
    events = run.events()
    last = next(e["run"] for e in reversed(events) if e["event"] == "run-start")
    return {
        e["step"]: e["why"]
        for e in events
        if e["event"] == "step-start" and e["run"] == last and e["step"] != "plot"
    }


def smallbaseline(template: Template, work_dir: Path, *arguments: str, **environment: str) -> str:
    """Run MintPy's own command line; return what it printed."""
    work_dir.mkdir(parents=True, exist_ok=True)
    path = template.write(work_dir / f"{template.name or 'theirs'}.txt")
    command = [str(Path(sys.executable).with_name("smallbaselineApp.py")), str(path), "--dir", str(work_dir)]
    result = subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "Agg", **environment},
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout
