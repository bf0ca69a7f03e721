"""Batch systems that MintPy hands work to through dask-jobqueue: Slurm, PBS and LSF."""

from __future__ import annotations

import getpass
import subprocess
from contextlib import suppress

__all__ = ["cancel_jobs", "job_name"]

_COMMAND_SECONDS = 10


def job_name(run: str) -> str:
    """Name of every job of a run; old PBS takes 15 characters."""
    return f"iw{run}"


def cancel_jobs(cluster: str, run: str) -> None:
    """Cancel the jobs that a run has submitted, found by their name; a scheduler that does not answer is left."""
    name = job_name(run)
    if cluster == "slurm":
        _call("scancel", "--user", getpass.getuser(), "--name", name)
    elif cluster == "lsf":
        _call("bkill", "-J", name, "0")
    elif cluster == "pbs":
        ids = _call("qselect", "-N", name).split()
        if ids:
            _call("qdel", *ids)


def _call(*command: str) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        ).stdout
    return ""
