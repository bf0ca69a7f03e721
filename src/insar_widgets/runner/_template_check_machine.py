"""Checks of a template against this machine: cores, memory, packages, accounts and auxiliary data."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from insar_widgets.credentials import cds_status, earthdata_status
from insar_widgets.findings import Finding
from insar_widgets.resources import cores, memory_bytes
from insar_widgets.runner._template_context import Check, Context, finding
from insar_widgets.runner._template_stack import wise_workers

__all__ = ["CHECKS"]

_CLUSTER = "mintpy.compute.cluster"
_WORKERS = "mintpy.compute.numWorker"
_MEMORY = "mintpy.compute.maxMemory"
_TROPO = "mintpy.troposphericDelay.method"
_SUBMIT = {"slurm": "sbatch", "pbs": "qsub", "lsf": "bsub"}


def _workers(context: Context) -> Iterator[Finding]:
    if context.text(_CLUSTER).lower() != "local" or not (written := context.text(_WORKERS)):
        return
    machine, usable, wise = os.cpu_count() or 1, cores(), wise_workers()
    remedy = f"Write {wise}." if wise > 1 else f"Write {_CLUSTER} = none."
    if written == "all":
        workers = machine
    elif written.endswith("%"):
        workers = int(machine * float(written[:-1]) / 100)
        if not 1 <= workers < machine:
            yield finding(
                "error",
                "worker-share",
                _WORKERS,
                f"{written} of this machine's {machine} cores stops MintPy.",
                remedy,
            )
            return
    else:
        workers = int(written)
    if workers > max(wise, 1):
        beyond = "more than" if workers > usable else "nearly all of"
        yield finding(
            "warning",
            "too-many-workers",
            _WORKERS,
            f"{_WORKERS} = {written} is {workers} workers, {beyond} the {usable} cores this process may use; the "
            "scheduler and the notebook need some too, and workers that starve are what makes runs fail.",
            remedy,
        )


def _cluster(context: Context) -> Iterator[Finding]:
    command = _SUBMIT.get(context.text(_CLUSTER).lower())
    if command and shutil.which(command) is None:
        yield finding(
            "error",
            "cluster-not-here",
            _CLUSTER,
            f"{_CLUSTER} = {context.text(_CLUSTER)}, but this machine has no command {command}.",
            "Write local or none, or start from a node that can submit jobs.",
        )


def _memory(context: Context) -> Iterator[Finding]:
    wanted, free = context.text(_MEMORY), memory_bytes() / 2**30
    if wanted and float(wanted) > free:
        yield finding(
            "warning",
            "too-much-memory",
            _MEMORY,
            f"{_MEMORY} = {wanted} GB, but this process can only get {free:.1f} GB.",
            f"Write {max(free * 0.7, 0.5):.1f}.",
        )


def _packages(context: Context) -> Iterator[Finding]:
    needs = []
    if (
        context.values.get(_TROPO) == "pyaps"
        and context.text("mintpy.troposphericDelay.weatherModel") == "ERA5"
    ):
        needs.append((_TROPO, "pyaps", "pyaps3", "pyaps3"))
    if context.values.get("mintpy.solidEarthTides") is True:
        needs.append(("mintpy.solidEarthTides", "yes", "pysolid", "pysolid"))
    for key, value, module, package in needs:
        if importlib.util.find_spec(module) is None:
            yield finding(
                "error",
                "package-missing",
                key,
                f"{key} = {value} needs the Python package {package}, which is not installed.",
                f"pip install {package}, or write {key} = no.",
            )


def _cds(context: Context) -> Iterator[Finding]:
    if (
        context.values.get(_TROPO) != "pyaps"
        or context.text("mintpy.troposphericDelay.weatherModel") != "ERA5"
    ):
        return
    status = cds_status(check=False)
    if status.usable or _has_weather(context):
        return
    yield finding(
        "error",
        "no-cds-credentials",
        _TROPO,
        f"{_TROPO} = pyaps downloads ERA5, but: {status.message} MintPy would carry on without the correction.",
        f"{status.remedy} Or choose {_TROPO} = height_correlation or no.",
    )


def _has_weather(context: Context) -> bool:
    """Whether the weather files of every date are there already, so that nothing is downloaded."""
    folder = _folder(context, "mintpy.troposphericDelay.weatherDir", "./")
    if folder is None or context.stack is None:
        return False
    names = [path.name for path in (folder / "ERA5").glob("*.grb")]
    return all(any(f"_{date}_" in name for name in names) for date in context.stack.dates)


def _folder(context: Context, key: str, default: str) -> Path | None:
    written = context.text(key)
    # A variable that the environment does not know stays as it is written.
    return context.path(default if not written or "$" in written else written)


def _gacos(context: Context) -> Iterator[Finding]:
    key = "mintpy.troposphericDelay.gacosDir"
    if context.values.get(_TROPO) != "gacos" or (folder := _folder(context, key, "./GACOS")) is None:
        return
    dates = {path.name[:8] for pattern in ("*.ztd", "*.ztd.tif") for path in folder.glob(pattern)}
    wanted = set(context.stack.dates) if context.stack else set()
    remedy = "Order the delays of every date at http://www.gacos.net and unpack them into that folder."
    if not dates or (wanted and not wanted & dates):
        what = "has none of the stack's dates" if dates else "has no .ztd files"
        yield finding("error", "no-gacos-files", key, f"{_TROPO} = gacos, but {folder} {what}.", remedy)
    elif missing := sorted(wanted - dates):
        yield finding(
            "warning",
            "gacos-dates-missing",
            key,
            f"{folder} has no delays of {', '.join(missing)}; MintPy leaves these dates uncorrected.",
            remedy,
        )


def _opera(context: Context) -> Iterator[Finding]:
    key = "mintpy.troposphericDelay.operaDir"
    if context.values.get(_TROPO) != "opera" or (folder := _folder(context, key, "./OPERA")) is None:
        return
    if any(folder.glob("OPERA_L4_TROPO-ZENITH_*.nc")):
        return
    login = earthdata_status(check=False)
    lacking = importlib.util.find_spec("asf_search") is None
    if login.usable and not lacking:
        yield finding(
            "info",
            "opera-download",
            key,
            f"{folder} is empty; MintPy will download OPERA's delays into it.",
            "",
        )
        return
    reasons = ["the package asf_search is not installed"] * lacking
    reasons += ["there is no Earthdata login"] * (not login.usable)
    yield finding(
        "error",
        "no-opera-files",
        key,
        f"{_TROPO} = opera, but {folder} has no OPERA_L4_TROPO-ZENITH files, and MintPy cannot download them: "
        f"{' and '.join(reasons)}.",
        "Put the files there, or give MintPy what it needs to download them "
        f"({'pip install asf_search; ' if lacking else ''}{login.remedy or 'the login is there'}).",
    )


CHECKS: tuple[Check, ...] = (_workers, _cluster, _memory, _packages, _cds, _gacos, _opera)
