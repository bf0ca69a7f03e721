"""Files that only their owner may read, written at once or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from insar_widgets.credentials._secret import Secret
from insar_widgets.errors import CredentialsError

__all__ = ["is_private", "read_secret", "write_private"]


def read_secret(path: Path) -> Secret | None:
    """Content of a file, None if there is none.

    Raises
    ------
    CredentialsError
        The file is there but cannot be read.
    """
    try:
        return Secret(path.read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(
            f"{path} cannot be read ({error.strerror}); it must be a file that belongs to you."
        ) from None


def is_private(path: Path) -> bool:
    """Whether nobody but the owner may read or write a file."""
    return os.name != "posix" or not stat.S_IMODE(path.stat().st_mode) & 0o077


def write_private(path: Path, content: Secret) -> Path:
    """Write a file with mode 0600; a link keeps pointing to the file it names.

    Raises
    ------
    CredentialsError
        The folder cannot be written.
    """
    target = path.resolve()
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content.reveal().encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
        temporary = None
    except OSError as error:
        raise CredentialsError(
            f"{path} cannot be written ({error.strerror}); check the permissions and the space of {target.parent}."
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return path
