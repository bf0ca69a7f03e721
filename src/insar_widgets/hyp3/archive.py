"""Product zips: listed and read with care, never unpacked by the names they hold."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from insar_widgets.errors import ProductError

__all__ = ["list_members", "read_member"]

# A 40 m product unpacks to about 2 GB. Rasters of one value shrink 1000 times honestly, but are small then.
MAX_MEMBER = 4 * 2**30
MAX_TOTAL = 16 * 2**30
MAX_RATIO = 200
RATIO_COUNTS_FROM = 512 * 2**20
MAX_MEMBERS = 10_000


def list_members(path: Path) -> list[str]:
    """Names of the files in a zip, after making sure that none could do harm.

    Raises
    ------
    ProductError
        Not a readable zip; a name that is absolute or climbs out with `..`; a symbolic link; an encrypted
        file; or contents out of all proportion, as in a zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise ProductError(f"{path} is not a readable zip ({error}). Download it again.") from error
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_TOTAL:
        raise ProductError(f"{path} would unpack to more than any HyP3 product holds; it was not read.")
    for member in members:
        _refuse_harm(path, member)
    return [member.filename for member in members]


def read_member(path: Path, member: str, limit: int = MAX_MEMBER) -> bytes:
    """Read one file of a zip into memory; its checksum is verified.

    Raises
    ------
    ProductError
        The file is damaged, missing or larger than `limit` bytes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(member)
            _refuse_harm(path, info)
            if info.file_size > limit:
                raise ProductError(f"{member} in {path} is larger than expected ({info.file_size} bytes).")
            return archive.read(info)
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise ProductError(f"{member} in {path} is damaged ({error}). Download the zip again.") from error


def _refuse_harm(path: Path, member: zipfile.ZipInfo) -> None:
    # zipfile itself cuts a name at a NUL byte and turns the system's separator into "/"; Windows' own stay.
    name = member.filename
    parts = PurePosixPath(name.replace("\\", "/")).parts
    harm = None
    if name.startswith(("/", "\\")) or (parts and parts[0].endswith(":")):
        harm = "is an absolute path"
    elif ".." in parts:
        harm = "leads out of the zip's own folder"
    elif stat.S_ISLNK(member.external_attr >> 16):
        harm = "is a symbolic link"
    elif member.flag_bits & 1:
        harm = "is encrypted"
    elif member.file_size > MAX_MEMBER or (
        member.file_size > RATIO_COUNTS_FROM and member.file_size > MAX_RATIO * max(1, member.compress_size)
    ):
        harm = f"would unpack to {member.file_size} bytes"
    if harm:
        raise ProductError(f"{path} was not read: its member {name!r} {harm}. Download it again from ASF.")
