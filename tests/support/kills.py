"""Runs that are killed at exactly one write to one file, or at a random moment."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from insar_widgets import Run

SOURCE = Path(__file__).with_name("kill_at_write.c")


@dataclass(frozen=True)
class Killer:
    """A library that, preloaded into a run's process, counts its writes to a file or kills it at one of them."""

    library: Path

    def count(self, run: Run, file: str, to: str | None = None) -> int:
        """Do what is needed and say how many writes went to the file."""
        counter = self.library.with_name("count")
        counter.unlink(missing_ok=True)
        with environment(LD_PRELOAD=str(self.library), KILL_FILE=file, KILL_COUNT=str(counter)):
            run.start(to=to)
        assert run.wait(timeout=300) == "completed", run.failure
        return int(counter.read_text()) if counter.is_file() else 0

    def kill(self, run: Run, file: str, at: int) -> bool:
        """Start what is needed; True if it was killed at that write, False if there were fewer writes."""
        with environment(LD_PRELOAD=str(self.library), KILL_FILE=file, KILL_AT=str(at)):
            run.start()
        return run.wait(timeout=300) == "interrupted"


def make_killer(folder: Path) -> Killer:
    """Compile the library; skips the test where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler to make the library that kills at a write")
    library = folder / "kill_at_write.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    return Killer(library)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def kill_after(run: Run, seconds: float) -> bool:
    """Start what is needed and kill its session so many seconds later; False if it was through by then."""
    run.start()
    began = time.monotonic()
    pid = (
        next(e["pid"] for e in reversed(run.events()) if e["event"] == "run-start")
        if wait_for_start(run)
        else 0
    )
    left = seconds - (time.monotonic() - began)
    if run.wait(timeout=max(0.0, left)) != "running":
        return False
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return run.wait(timeout=30) == "interrupted"


def wait_for_start(run: Run) -> bool:
    """Wait until the process of the run has told its number."""
    started: list[int] = []
    wanted = (run._store.read_json(run._store.run_path) or {}).get("run")
    deadline = time.monotonic() + 60
    while not started and time.monotonic() < deadline:
        started = [e["pid"] for e in run.events() if e["event"] == "run-start" and e["run"] == wanted]
        if not started:
            run.wait(timeout=0.02)
    return bool(started)
