"""What a run's process gets from its parent, and the versions it works with."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import metadata

from insar_widgets.errors import MissingDependencyError

__all__ = ["environment", "version", "versions"]

# what a notebook's kernel has in its environment for itself
_KERNEL = ("JPY_", "IPY", "JUPYTER", "MPLBACKEND", "PYDEVD", "KERNEL_", "VSCODE_")
_INTERPRETER = ("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONWARNINGS", "PYTHONDEVMODE", "PYTHONHASHSEED")


def environment() -> dict[str, str]:
    """The environment without what belongs to the notebook's kernel."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith((*_KERNEL, *_INTERPRETER))}
    return ours | {
        "MPLBACKEND": "Agg",
        "PYTHONUNBUFFERED": "1",
        # somebody may look at a product while a step writes it
        "HDF5_USE_FILE_LOCKING": "FALSE",
        # MintPy's plotting forks, which a process that has had dask's threads must not
        "JOBLIB_START_METHOD": "spawn",
    }


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise MissingDependencyError(
            f'{package} is not installed. Install it with: pip install "insar-widgets[mintpy]"'
        ) from None


def versions() -> dict[str, str]:
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in ("insar-widgets", "mintpy", "numpy", "h5py"):
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
