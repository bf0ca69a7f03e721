"""What this process may use: cores, memory and disk, within the limits of a container or a batch job."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["cores", "disk_free", "leave_alone", "may_write", "memory_bytes", "memory_limit"]

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_left_alone: set[Path] = set()


def leave_alone(folder: Path) -> None:
    """From now on this process keeps nothing of its own, such as overviews, below a folder."""
    _left_alone.add(folder.resolve())


def may_write(folder: Path) -> bool:
    """Whether something of our own may be kept in a folder; permissions are another matter."""
    return not any(folder.resolve().is_relative_to(other) for other in _left_alone)


def cores() -> int:
    """Count the cores this process may use: CPU affinity and the cgroup's quota, at least 1.

    `os.cpu_count` counts the machine's cores instead, which in JupyterHub or under Slurm are mostly others'.
    """
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        allowed = os.cpu_count() or 1
    quotas = [quota for folder in _cgroup_folders("cpu") if (quota := _cpu_quota(folder)) is not None]
    return max(1, min([allowed, *(round(quota) for quota in quotas)]))


def memory_bytes() -> int:
    """Memory this process can still get, in bytes: the machine's available memory and the cgroup's limit.

    Page cache counts as available, as the kernel gives it back under pressure.
    """
    limits = [left for folder in _cgroup_folders("memory") if (left := _memory_left(folder)) is not None]
    return max(0, min([_machine_memory(), *limits]))


def memory_limit() -> int:
    """Memory beyond which this process is killed, in bytes: the machine's whole memory or a cgroup's limit."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        whole = _machine_memory()
    found = [
        limit
        for folder in _cgroup_folders("memory")
        for name in ("memory.max", "memory.limit_in_bytes")
        if (limit := _read_number(folder / name)) is not None
    ]
    return min([whole, *found])


def disk_free(path: Path | str) -> int:
    """Bytes this user can still write below `path`, which need not exist yet."""
    folder = Path(path).absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _cgroup_folders(controller: str) -> list[Path]:
    """Folders whose limits apply to this process, from its own cgroup up to the root; version 2, then 1."""
    try:
        lines = (_PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return []
    folders: list[Path] = []
    for line in lines:
        number, names, path = line.split(":", 2)
        if number == "0":
            root = _CGROUP
        elif controller in names.split(","):
            root = _CGROUP / controller
        else:
            continue
        inside = Path(path.lstrip("/"))
        folders += [root / inside, *(root / parent for parent in inside.parents)]
    return list(dict.fromkeys(folder for folder in folders if folder.is_dir()))


def _read_number(path: Path) -> int | None:
    """First number of a file, None if there is no file or no limit in it."""
    try:
        word = path.read_text().split()[0]
    except (OSError, IndexError):
        return None
    return int(word) if word.lstrip("-").isdigit() else None


def _cpu_quota(folder: Path) -> float | None:
    """Cores that the quota of one cgroup allows."""
    try:
        quota, period = (int(word) for word in (folder / "cpu.max").read_text().split())
    except (OSError, ValueError):
        old_quota = _read_number(folder / "cpu.cfs_quota_us")
        old_period = _read_number(folder / "cpu.cfs_period_us")
        if old_quota is None or old_period is None or old_quota <= 0 or old_period <= 0:
            return None
        return old_quota / old_period
    return quota / period if period > 0 else None


def _memory_left(folder: Path) -> int | None:
    """Bytes until the limit of one cgroup; file cache does not count as used."""
    for limit_name, used_name in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        limit, used = _read_number(folder / limit_name), _read_number(folder / used_name)
        if limit is None or used is None:
            continue
        return max(0, limit - max(0, used - _file_cache(folder)))
    return None


def _file_cache(folder: Path) -> int:
    """Bytes of file cache that a cgroup would drop under pressure."""
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    values = dict(line.split() for line in lines if len(line.split()) == 2)
    return int(values.get("inactive_file", 0)) + int(values.get("active_file", 0))


def _machine_memory() -> int:
    """Available memory of the machine in bytes."""
    try:
        for line in (_PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 8 * 2**30
