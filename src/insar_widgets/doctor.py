"""What this machine has for the work, and what to do about what it lacks."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from insar_widgets.credentials import cds_status
from insar_widgets.resources import cores, memory_bytes

__all__ = ["Check", "examine"]

_GIB = 1 << 30
_SERVICES = {
    "ASF (HyP3 products)": "hyp3-api.asf.alaska.edu",
    "NGL (GNSS)": "geodesy.unr.edu",
    "Climate Data Store": "cds.climate.copernicus.eu",
}
_PATIENCE = 3.0  # seconds


@dataclass(frozen=True)
class Check:
    """One line of the examination: what was looked at, the verdict, what was found, the remedy."""

    name: str
    verdict: Literal["ok", "note", "bad"]
    found: str
    remedy: str = ""


def examine(*, ask_services: bool = True) -> Iterator[Check]:
    """Yield one :class:`Check` after the other; `ask_services` False touches no network."""
    yield _python()
    yield _package("mintpy", 'Install it: pip install "insar-widgets[mintpy]"')
    yield _gdal()
    yield _package(
        "pyaps3", 'Only ERA5 troposphere needs it: pip install "insar-widgets[mintpy]"', needed=False
    )
    yield Check("Processors", "ok", f"{cores()} available to this process")
    yield _memory()
    yield _disk()
    yield _front_end()
    yield _credentials(ask_services)
    if ask_services:
        yield from (_service(name, host) for name, host in _SERVICES.items())


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", "ok", f"{version} in {sys.prefix}")


def _package(name: str, remedy: str, *, needed: bool = True) -> Check:
    try:
        return Check(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, "bad" if needed else "note", "not installed.", remedy)


def _gdal() -> Check:
    if importlib.util.find_spec("osgeo") is None:
        return Check(
            "GDAL's Python bindings",
            "note",
            "not installed; HyP3 products are loaded without, those of other processors may need them.",
            "Install them: pip install gdal-wheel, or conda install -c conda-forge gdal",
        )
    for package in ("gdal-wheel", "GDAL"):
        try:
            return Check("GDAL's Python bindings", "ok", f"{metadata.version(package)} ({package})")
        except metadata.PackageNotFoundError:
            continue
    return Check("GDAL's Python bindings", "ok", "installed")


def _memory() -> Check:
    free = memory_bytes()
    if free < 4 * _GIB:
        remedy = "MintPy plans with 4 GB: lower mintpy.compute.maxMemory in the template."
        return Check("Memory", "note", f"{free / _GIB:.1f} GiB available to this process.", remedy)
    return Check("Memory", "ok", f"{free / _GIB:.1f} GiB available to this process")


def _disk() -> Check:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        return Check(
            "Disk", "bad", f"{here} cannot be written to ({error.strerror}).", "Work in another folder."
        )
    if free < 10 * _GIB:
        remedy = "A full frame needs some 50 GB."
        return Check("Disk", "note", f"{free / _GIB:.1f} GiB free in {here}.", remedy)
    return Check("Disk", "ok", f"{free / _GIB:.0f} GiB free in {here}")


def _front_end() -> Check:
    static = Path(__file__).parent / "static"
    built = sorted(path.name for path in static.glob("*.js"))
    if not built:
        return Check(
            "Front end", "bad", "the widgets' scripts are not built.", "In a clone: npm ci && npm run build"
        )
    return Check("Front end", "ok", f"{len(built)} widget scripts")


def _credentials(ask: bool) -> Check:
    status = cds_status(check=ask)
    verdict: Literal["ok", "note"] = "ok" if status.ready else "note"
    return Check("Climate Data Store (ERA5)", verdict, status.message, status.remedy)


def _service(name: str, host: str) -> Check:
    """Open a connection; through a proxy the proxy would answer for the host, so that is not tried."""
    if urllib.request.getproxies().get("https"):
        return Check(
            f"Network, {name}", "note", "not tried: this machine goes through a proxy.", "Try it in use."
        )
    try:
        socket.create_connection((host, 443), timeout=_PATIENCE).close()
    except OSError as error:
        remedy = "Everything but downloads works offline."
        return Check(f"Network, {name}", "note", f"{host} cannot be reached ({error}).", remedy)
    return Check(f"Network, {name}", "ok", f"{host} answers")
