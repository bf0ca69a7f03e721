"""The lock on a work directory, and when a lock that somebody left behind is believed."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from insar_widgets.errors import RunError

__all__ = ["Lock", "Standing", "judge", "process_start"]

_SILENCE = 120.0  # seconds without one after which a process on another machine counts as gone
_CLEARING = 60.0  # seconds that clearing up after a run may take, at most
_UNSUPPORTED = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
# file systems of one machine, where the kernel knows of every lock
_LOCAL = {
    "btrfs",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "jfs",
    "overlay",
    "ramfs",
    "reiserfs",
    "tmpfs",
    "xfs",
    "zfs",
}


class HasFolder(Protocol):
    """Something with a folder of its own in a work directory, such as a Store."""

    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True)
class Standing:
    """Whether the process that a lock names still holds it, and a sentence that says why."""

    held: bool
    why: str


def judge(about: Mapping[str, Any], *, kernel_decides: bool, silent: float) -> Standing:
    """Decide about a lock whose ``flock`` is free, or on a file system that has none.

    Parameters
    ----------
    about
        What the lock file says of its owner: host, pid, ``start`` (clock ticks between boot and the start of the
        process) and ``boot`` (id of the boot).
    kernel_decides
        Whether ``flock`` was asked and reaches every process that may use the folder: a file system of this
        machine. Then a free lock is free; host and pid only tell whose it was.
    silent
        Seconds since the lock's last sign of life.
    """
    who = f"process {about.get('pid', 'unknown')} on {about.get('host', 'an unknown machine')}"
    if about.get("host") == socket.gethostname():
        held, why = _judge_here(about, kernel_decides=kernel_decides)
    elif kernel_decides:
        held, why = False, "is gone: its lock on this file system is free"
    elif silent > _SILENCE:
        held, why = False, f"has given no sign of life for {silent / 60:.0f} min"
    else:
        held, why = True, f"gave a sign of life {silent:.0f} s ago"
    return Standing(held, f"{who} {why}")


def _judge_here(about: Mapping[str, Any], *, kernel_decides: bool) -> tuple[bool, str]:
    if about.get("boot") != _boot_id():
        return False, "ended when the machine was restarted"
    start = process_start(int(about.get("pid", 0)))
    if start is None:
        return False, "is gone"
    if start != about.get("start"):
        return False, "is gone, its number belongs to another process now"
    if kernel_decides:
        return False, "works elsewhere, in the folder this one is a copy of"
    return True, "is at work"


class Lock:
    """An exclusive lock on a work directory, held by the run's own process for as long as it lives.

    Two things are trusted. On a file system of this machine, the kernel's ``flock``: it is freed when the process
    ends, however it ends, also with the machine, so a lock that is free and still names an owner is stale. On any
    other file system (NFS, SMB, Lustre, FUSE), where ``flock`` may not reach other machines or not exist at all,
    what the lock file says: host, pid, start time of the process and id of the boot decide on the same machine;
    for another machine its sign of life does, which a run leaves on the file every few seconds, and after 2 min of
    silence it counts as gone. A stale lock is taken over; `taken_over` then says from whom.

    Parameters
    ----------
    store
        The record in ``WORK_DIR/.insar_widgets``. Two names of one folder are one lock: it is the file that is locked.
    local
        Whether the folder's file system belongs to this machine alone; None looks.
    """

    def __init__(self, store: HasFolder, *, local: bool | None = None) -> None:
        self._path = store.folder / "lock"
        self._local = local
        self._fd: int | None = None
        self.taken_over = ""

    def acquire(self, run: str) -> None:
        """Take the lock or raise :class:`RunError` that says who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            locked = _flock(fd, fcntl.LOCK_EX, patience=1.0)
            if locked is False and _ends_soon(_content(fd)):
                locked = _flock(fd, fcntl.LOCK_EX, patience=_CLEARING)
            left = _content(fd)
            standing = self._judge(fd, left, supported=locked is not None) if left else None
            if locked is False or (standing and standing.held):
                raise RunError(self._refusal(left))
            if left and standing:
                self.taken_over = f"The lock of an earlier run was taken over: {standing.why}."
            _write(fd, {**_identity(), "run": run, "since": time.time()})
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def release(self, *, until_exit: bool = False) -> None:
        """Let go, at once or when the process ends; the next one finds an empty lock."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
            if not until_exit:
                os.close(self._fd)
            self._fd = None

    def refuse_second_run(self) -> None:
        """Raise the :class:`RunError` that says who holds the lock, if somebody does for longer than to clear up."""
        until = time.monotonic() + _CLEARING
        while (about := self.holder()) == {} and time.monotonic() < until:
            time.sleep(0.05)
        if about is not None:
            raise RunError(self._refusal(about))

    def holder(self) -> dict[str, Any] | None:
        """Return host, pid, run and start time of the process that holds the lock, or None when it is free."""
        try:
            fd = os.open(self._path, os.O_RDONLY)
        except OSError:
            return None
        try:
            locked = _flock(fd, fcntl.LOCK_SH, patience=0.0)
            about = _content(fd)
            if locked is False:
                return None if _is_gone(about) else about
            return about if about and self._judge(fd, about, supported=locked is not None).held else None
        finally:
            os.close(fd)

    @contextmanager
    def borrowed(self) -> Iterator[bool]:
        """Hold the lock for a moment without leaving a trace in it; False where somebody else holds it."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            yield False
            return
        try:
            locked = _flock(fd, fcntl.LOCK_EX, patience=0.0)
            about = _content(fd)
            if locked is False and _is_gone(about):  # somebody clears up just now: see what they leave
                locked = _flock(fd, fcntl.LOCK_EX, patience=2.0)
            alive = bool(about) and self._judge(fd, about, supported=locked is not None).held
            yield locked is not False and not alive
        finally:
            os.close(fd)

    def _judge(self, fd: int, about: Mapping[str, Any], *, supported: bool) -> Standing:
        silent = max(0.0, time.time() - os.fstat(fd).st_mtime)
        return judge(about, kernel_decides=supported and self._is_local(), silent=silent)

    def _refusal(self, about: Mapping[str, Any]) -> str:
        host = about.get("host", "an unknown machine")
        text = (
            f"A run is already under way in {self._path.parent.parent} (process {about.get('pid', 'unknown')} on "
            f"{host}). Wait for it, or cancel it first."
        )
        if host == socket.gethostname() or self._is_local():
            return text
        return f"{text} If that machine is gone, its lock counts as stale {_SILENCE / 60:.0f} min after its last sign."

    def _is_local(self) -> bool:
        if self._local is None:
            self._local = _is_local(self._path.parent)
        return self._local

    def give_sign_of_life(self) -> None:
        """Let other machines see that the run is alive; to be called every few seconds by it or for it."""
        with suppress(OSError):
            os.utime(self._path)


def _is_gone(about: Mapping[str, Any]) -> bool:
    """Whether the owner was a process of this machine that has ended: then somebody clears up after it just now."""
    return about.get("host") == socket.gethostname() and not _judge_here(about, kernel_decides=False)[0]


def _ends_soon(about: Mapping[str, Any]) -> bool:
    """Whether a lock that is held will soon be free: its owner is gone, or holds it without a name to clear up."""
    return not about or _is_gone(about)


def process_start(pid: int) -> int | None:
    """Clock ticks between boot and the start of a process of this machine; None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def _identity() -> dict[str, Any]:
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "start": process_start(pid), "boot": _boot_id()}


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _is_local(folder: Path) -> bool:
    """Whether the file system of a folder is one of this machine's own."""
    place = folder.resolve()
    best, kind = Path("/"), ""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        before, _, after = line.partition(" - ")
        mount = Path(before.split()[4].replace("\\040", " "))
        if place.is_relative_to(mount) and len(mount.parts) >= len(best.parts):
            best, kind = mount, after.split()[0]
    return kind in _LOCAL


def _flock(fd: int, kind: int, patience: float) -> bool | None:
    """Lock; wait `patience` seconds, because a reader that asks for the holder locks for an instant.

    None says that the file system has no such locks.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return None
            raise
        else:
            return True


def _content(fd: int) -> dict[str, Any]:
    """What the lock says of its owner; empty when it was released, or is not whole."""
    try:
        about = json.loads(os.pread(fd, 4096, 0))
    except (ValueError, OSError):
        return {}
    return about if isinstance(about, dict) else {}


def _write(fd: int, about: Mapping[str, Any]) -> None:
    os.ftruncate(fd, 0)
    with suppress(OSError):  # on a full disk the kernel's lock has to do
        os.pwrite(fd, json.dumps(about).encode(), 0)
        os.fsync(fd)
