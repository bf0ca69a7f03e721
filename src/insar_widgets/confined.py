"""Files that read from other files: what is refused where pages are confined to a folder.

GDAL tells a file by its content, so that one called ``..._unw_phase.tif`` may be a VRT that reads any place of the
server; HDF5 files can hold values in others; and each of them can be a link.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from insar_widgets.errors import InsarWidgetsError

__all__ = [
    "GDAL_SKIP",
    "HDF5",
    "PLAIN_FORMATS",
    "gdal_environment",
    "is_plain",
    "refuse_file",
    "refuse_link",
    "refuse_other_files",
    "refuse_raster",
    "take_gdal_environment",
]

HDF5 = (".h5", ".he5", ".hdf5", ".nc", ".nc4", ".cdf")
_HDF5_SIGN = b"\x89HDF\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PLAIN_FORMATS = (
    "GTiff",
    "COG",
    "MEM",
    "PNG",
    "GPKG",
)  # read here, written by the exporter; none names other files
GDAL_SKIP = "GDAL_SKIP"
"""Variable that names the formats which a GDAL leaves out."""
_TAKEN = "INSAR_WIDGETS_GDAL_SKIP"


def refuse_link(path: Path, root: Path) -> None:
    """Refuse what lies outside the root once links and ``..`` are resolved.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    if not path.resolve().is_relative_to(root):
        raise InsarWidgetsError(
            f"{path} lies outside {root}, or is a link to a place there, so it is not opened. "
            "Put the file itself there."
        )


def refuse_file(path: Path, root: Path) -> None:
    """Refuse a file that lies outside the root, a GeoTIFF or HDF5 file that reads from others, and a VRT.

    Plain text, such as a list of dates, may stay.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    refuse_link(path, root)
    sign = _begins(path)
    if sign == _HDF5_SIGN:
        refuse_other_files(path, root)
    elif sign[:4] in _TIFF or sign.lstrip()[:1] == b"<":
        refuse_raster(path, root)


def is_plain(path: Path) -> bool:
    """Whether a file is a TIFF or HDF5 file by its content."""
    sign = _begins(path)
    return sign == _HDF5_SIGN or sign[:4] in _TIFF


def _begins(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(_HDF5_SIGN))
    return b""


def refuse_raster(path: Path, root: Path) -> None:
    """Refuse a raster that is no GeoTIFF, or one that names another file for its overviews or mask.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    import rasterio  # noqa: PLC0415 - takes its time
    from rasterio.errors import RasterioError  # noqa: PLC0415

    sign = _begins(path)
    if sign[:4] not in _TIFF and path.is_file():  # a VRT, for one, is read from any place it names
        raise InsarWidgetsError(
            f"{path} is no GeoTIFF, NetCDF or HDF5 file; others are not read where pages are confined to {root}. "
            "Write it as a GeoTIFF, for example with gdal_translate."
        )
    with (
        suppress(RasterioError, OSError),
        rasterio.open(path, driver="GTiff") as raster,
    ):  # damaged: reading it says so
        named = raster.tags(ns="OVERVIEWS").get("OVERVIEW_FILE")
        if named is not None:
            raise InsarWidgetsError(
                f"{path} has its overviews in another file, {named!r}, which is not followed where pages are confined "
                f"to {root}. Write it anew without them, for example with gdal_translate."
            )
    for suffix in (".ovr", ".msk"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file() and (
            not beside.resolve().is_relative_to(root) or _begins(beside)[:4] not in _TIFF
        ):
            raise InsarWidgetsError(
                f"{beside}, which is read with {path.name}, is no plain GeoTIFF inside {root}. Remove it."
            )


def refuse_other_files(path: Path, root: Path) -> None:
    """Refuse an HDF5 file that holds values in others.

    Raises
    ------
    InsarWidgetsError
        With the name of the file.
    """
    with (
        suppress(OSError, RuntimeError),
        h5py.File(path, "r", locking=False) as file,
    ):  # damaged: reading it says so
        for name, other in _other_files(file):
            raise InsarWidgetsError(
                f"{path} holds {name!r} in another file, {other!r}, which is not followed where pages are confined to "
                f"{root}. Put the values themselves into the file."
            )


def _other_files(file: Any) -> Iterator[tuple[str, str]]:
    """What an HDF5 file reads from others: external links, external storage and virtual datasets."""
    groups, seen = [file], set()
    while groups:
        group = groups.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield where, link.filename
            if not isinstance(link, h5py.HardLink):
                continue
            found = group[name]
            if isinstance(found, h5py.Dataset):
                sources = found.virtual_sources() if found.is_virtual else []
                yield from ((where, s.file_name) for s in sources if s.file_name != ".")
                yield from ((where, part[0]) for part in found.external or [])
            elif isinstance(found, h5py.Group) and (address := h5py.h5o.get_info(found.id).addr) not in seen:
                seen.add(address)
                groups.append(found)


def gdal_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Settings with which a process's GDAL opens only GeoTIFFs, and nothing that lies beside them.

    They have to stand in the environment before the process begins.
    """
    import rasterio  # noqa: PLC0415 - takes its time

    with rasterio.Env() as gdal:
        known = gdal.drivers()
    skipped = [name for name in known if name not in PLAIN_FORMATS]
    before = f"{environment.get(GDAL_SKIP, '')},{environment.get(_TAKEN, '')}".split(",")
    return {
        GDAL_SKIP: ",".join(dict.fromkeys([*filter(None, before), *skipped])),
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_PAM_ENABLED": "NO",
    }


def take_gdal_environment() -> None:
    """Let rasterio follow `gdal_environment` from now on, and spare the GDAL of other packages.

    Each wheel brings a GDAL of its own, which would complain of every format that it does not know.
    """
    import rasterio  # noqa: PLC0415 - takes its time

    with rasterio.Env():
        os.environ[_TAKEN] = os.environ.pop(GDAL_SKIP, "")
