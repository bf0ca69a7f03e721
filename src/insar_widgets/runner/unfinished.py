"""Products appear under their names when their step is complete, not before.

While a step runs, each name it writes or changes is a symbolic link into a folder that only the run's own process
can reach: ``/proc/self/fd/N/...``, a folder it holds open. MintPy's code in that process sees a file like any
other. For everybody else (MintPy's commands, view.py, a notebook) the link leads nowhere, as long as the step runs
and for ever after a kill, a crash of the machine or an empty battery: there is no moment at which a half-written
file could be taken for a product. A completed step's files are synced and renamed over the links.

A journal, written before anything is touched, says what is under way. `recover` reads it after a kill: it brings
a completed step to its end or undoes one that was not. Files that a step changes in place come back as they were:
from the undo record (see `undo`), or because the step worked on a copy.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from insar_widgets.runner import undo
from insar_widgets.runner.lock import Lock
from insar_widgets.runner.state import Store, sync

__all__ = [
    "CHANGES_DATA",
    "CHANGES_FILES",
    "StepFiles",
    "changed_files",
    "in_work",
    "recover",
    "restore_originals",
    "tidy",
]

# how a file that a step changes comes back after a kill
NEW, UNDO, COPY, BARE = "new", "undo", "copy", "bare"
# steps that change files of others in place and start from what was there before when they are done again; those
# of CHANGES_DATA must, the others would only leave another set of attributes
CHANGES_FILES = ("modify_network", "reference_point", "correct_unwrap_error", "reference_date")
CHANGES_DATA = CHANGES_FILES[2:]
_ORIGINAL, _UNDO = ".original", ".undo"
_HIGH = 700  # a number no other process has a folder open under
_ROOM = 100 << 20  # bytes of free disk left beside a copy


class StepFiles:
    """What one step is about to write and change, from `begin` to `commit`; without that, `recover` undoes it.

    Parameters
    ----------
    store : the record of the work directory, whose lock this process holds.
    step, run : whose files these are.
    """

    def __init__(self, store: Store, step: str, run: str) -> None:
        self._store = store
        self._journal: dict[str, Any] = {"v": 1, "step": step, "run": run, "state": "begun", "files": {}}
        self._fd: int | None = None
        self.notes: list[str] = []
        self.kept = ""

    def begin(
        self,
        writes: Iterable[str],
        undoable: Iterable[str] = (),
        copied: Iterable[str] = (),
        patterns: Iterable[str] = (),
    ) -> None:
        """Put links in place of the files.

        Parameters
        ----------
        writes : files the step makes; they are gone already.
        undoable : files whose large data sets stay as they are.
        copied : files of which everything may change; their originals are kept, where the disk has room for that.
        patterns : names with ``*`` that the step may make; what matches only after a kill goes.
        """
        private = self._store.unfinished
        with suppress(FileNotFoundError):
            shutil.rmtree(private)
        private.mkdir(parents=True)
        self._open(private)
        files = self._journal["files"]
        for name in writes:
            files[name] = {"kind": NEW, "linked": self._can_link(name)}
        for name in undoable:
            if (self._store.work_dir / name).is_file():
                files[name] = {"kind": self._prepare_undo(name), "linked": self._can_link(name)}
        files |= self._plan_copies([n for n in copied if (self._store.work_dir / n).is_file()])
        self._journal["there"] = {p: sorted(self._store.stamps([p])) for p in patterns}
        self._write_journal()
        for name, about in files.items():
            self._take_away(name, about)

    def commit(self, manifests: Mapping[str, Mapping[str, Any]]) -> None:
        """Make everything final: the files, and with them the manifests that describe them."""
        files = self._journal["files"]
        for name, about in files.items():
            path = self._where(name, about)
            if path.is_file():
                sync(path)
                if about["kind"] == COPY and _same_stamp(path, self._original(name)):
                    about["untouched"] = True
        self._write_journal(state="complete", manifests=dict(manifests))
        _finish(self._store, self._journal)
        self._close()

    @property
    def originals_kept(self) -> bool:
        """Whether everything the step changes in place can be had back as it was."""
        return all(about["kind"] != BARE for about in self._journal["files"].values())

    def _open(self, private: Path) -> None:
        fd = os.open(private, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._fd = fcntl.fcntl(fd, fcntl.F_DUPFD, _HIGH)
        except OSError:  # not that many files allowed
            self._fd = None
        finally:
            os.close(fd)

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _can_link(self, name: str) -> bool:
        """Whether a link works there: the same file system as the private folder, one that has links, and /proc."""
        private = _private(self._store, name)
        parent = (self._store.work_dir / name).parent
        parent.mkdir(parents=True, exist_ok=True)
        private.parent.mkdir(parents=True, exist_ok=True)
        probe = parent / f".{Path(name).name}.link"
        try:
            if self._fd is None or parent.stat().st_dev != private.parent.stat().st_dev:
                return False
            probe.unlink(missing_ok=True)
            probe.symlink_to(Path(self._target(name)).parent)
            return probe.is_dir()
        except OSError:
            return False
        finally:
            with suppress(OSError):
                probe.unlink()

    def _target(self, name: str) -> str:
        return f"/proc/self/fd/{self._fd}/{_private(self._store, name).relative_to(self._store.unfinished)}"

    def _prepare_undo(self, name: str) -> str:
        try:
            undo.take(self._store.work_dir / name, _undo_file(self._original(name)))
        except (OSError, RuntimeError) as error:
            self.notes.append(
                f"{name} is changed in place without a way back ({error}); if the step is interrupted, the file "
                "is made anew."
            )
            return BARE
        return UNDO

    def _plan_copies(self, names: list[str]) -> dict[str, dict[str, Any]]:
        for name in names:  # none is left unless somebody changed the folder by hand
            self._original(name).unlink(missing_ok=True)
        need = sum((self._store.work_dir / name).stat().st_size for name in names)
        free = shutil.disk_usage(self._store.folder).free
        kind = COPY if need + _ROOM <= free else BARE
        if kind == BARE and names:
            self.notes.append(_no_room(need, free))
        elif names:
            self.kept = (
                f"The series as they were before referencing, {need / 1e6:.0f} MB, stay in {self._store.originals}, "
                "so that another reference date needs no new inversion."
            )
        return {name: {"kind": kind, "linked": self._can_link(name)} for name in names}

    def _take_away(self, name: str, about: dict[str, Any]) -> None:
        """Move or copy one file so that the step finds what it needs where it works."""
        final, private = self._store.work_dir / name, _private(self._store, name)
        original = self._original(name)
        if about["kind"] == COPY:
            original.parent.mkdir(parents=True, exist_ok=True)
            if about["linked"]:
                _copy(final, private)
                final.replace(original)
            else:
                new = original.with_name(f".{original.name}.new")
                _copy(final, new)
                new.replace(original)
        elif about["kind"] in (UNDO, BARE) and about["linked"]:
            final.replace(private)
        if about["linked"]:
            final.symlink_to(self._target(name))

    def _where(self, name: str, about: Mapping[str, Any]) -> Path:
        return _private(self._store, name) if about["linked"] else self._store.work_dir / name

    def _original(self, name: str) -> Path:
        return _original(self._store, str(self._journal["step"]), name)

    def _write_journal(self, **more: Any) -> None:
        journal = self._journal | more
        self._store.write_json(self._store.journal_path, journal)
        self._journal = journal


def in_work(store: Store) -> set[str]:
    """Files that a step is changing in place just now, so that only its process can see them."""
    journal = store.read_json(store.journal_path)
    return {n for n, about in journal["files"].items() if about["kind"] != NEW} if journal else set()


def tidy(store: Store) -> str:
    """Do what `recover` does, where no run is at work in the folder; a sentence about it, or ""."""
    if not store.journal_path.is_file():
        return ""
    with suppress(OSError), Lock(store).borrowed() as free:
        if free:
            message = recover(store)
            if message and not _end_was_told(store):
                store.events.append("recovered", "", message=message)
            return message
    return ""


def _end_was_told(store: Store) -> bool:
    """Whether the last run failed or was cancelled, so that everybody knows that its last step was not completed."""
    last = next(iter(store.events.backwards(("run-start", "run-end"))), None)
    return last is not None and last["event"] == "run-end"


def recover(store: Store) -> str:
    """After a run has ended, however it did: end a step that was complete, undo one that was not.

    To be called by whoever holds the lock, and not by the process that was at work: an HDF5 file that is still open
    there may be written to. Returns a sentence about it, or "".
    """
    journal = store.read_json(store.journal_path)
    if journal is None:
        return ""
    if journal["state"] == "complete":
        _finish(store, journal)
        return f"{journal['step']} was complete when its run was killed; its products are in place."
    names = [name for name, about in journal["files"].items() if about["kind"] == NEW]
    changed = [name for name, about in journal["files"].items() if about["kind"] != NEW]
    lost = _undo(store, journal)
    parts = [f"{journal['step']} did not come to its end"]
    if names:
        parts.append(f"what it had begun to write was removed ({', '.join(names)})")
    if set(changed) - set(lost):
        parts.append(
            f"what it was changing is back as it was ({', '.join(sorted(set(changed) - set(lost)))})"
        )
    if lost:
        parts.append(f"what it was changing in place has to be made anew ({', '.join(lost)})")
    return "; ".join(parts) + "."


def changed_files(store: Store, step: str) -> list[str]:
    """Files that can be had back as they were before a step changed them in place."""
    folder = store.originals / step
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(
        name.removesuffix(_UNDO).removesuffix(_ORIGINAL)
        for name in names
        if name.endswith((_UNDO, _ORIGINAL))
    )


def restore_originals(store: Store, step: str, made_anew: Collection[str]) -> list[str]:
    """Bring files back as they were before a step changed them in place; names of those brought back.

    Parameters
    ----------
    step : the step that changed them.
    made_anew : files that are about to be made anew, whose originals are of no use any more.
    """
    back = []
    for name in changed_files(store, step):
        final, original = store.work_dir / name, _original(store, step, name)
        record = _undo_file(original)
        if name in made_anew:
            original.unlink(missing_ok=True)
            record.unlink(missing_ok=True)
        elif original.is_file():
            original.replace(final)
            back.append(name)
        elif final.is_file():
            # by way of the journal, so that a kill in the middle of it is noticed
            files = {name: {"kind": UNDO, "linked": False}}
            journal = {"v": 1, "step": step, "run": "", "state": "begun", "files": files}
            store.write_json(store.journal_path, journal)
            if not _undo(store, journal):
                back.append(name)
    return back


def _finish(store: Store, journal: Mapping[str, Any]) -> None:
    """Bring files and manifests of a completed step into place; may be done twice."""
    for name, about in journal["files"].items():
        final, private = store.work_dir / name, _private(store, name)
        if about.get("untouched"):
            with suppress(FileNotFoundError):
                _original(store, journal["step"], name).replace(final)
        elif about["linked"] and private.is_file():
            private.replace(final)
        elif final.is_symlink() and not final.exists():
            final.unlink()
        if about["kind"] == UNDO and journal["step"] not in CHANGES_FILES:
            _undo_file(_original(store, journal["step"], name)).unlink(missing_ok=True)
    for parent in {(store.work_dir / name).parent for name in journal["files"]}:
        sync(parent)
    for step, content in journal["manifests"].items():
        store.write_manifest(step, content)
    _close_journal(store)


def _undo(store: Store, journal: Mapping[str, Any]) -> list[str]:
    """Undo a step that did not complete; may be done twice. Names of the files that could not be had back."""
    lost = [
        name for name, about in journal["files"].items() if not _undo_one(store, journal["step"], name, about)
    ]
    for pattern, there in journal.get("there", {}).items():
        for path in store.work_dir.glob(pattern):
            if path.relative_to(store.work_dir).as_posix() not in there:
                path.unlink()
    _close_journal(store)
    return lost


def _undo_one(store: Store, step: str, name: str, about: Mapping[str, Any]) -> bool:
    """Bring one file back as it was, or remove it if it is new; False if what was there is lost."""
    final, private, original = store.work_dir / name, _private(store, name), _original(store, step, name)
    kind, linked = about["kind"], about["linked"]
    back = True
    if kind == NEW:
        final.unlink(missing_ok=True)
        return True
    if linked and final.is_file() and not final.is_symlink():
        back = True  # killed before it was touched, or after it was brought back
    elif kind == COPY:
        if original.is_file():
            original.replace(final)
    else:
        work = private if linked else final
        back = kind == UNDO and work.is_file() and undo.restore(_undo_file(original), work)
        if not back:
            work.unlink(missing_ok=True)
        elif linked:
            private.replace(final)
    if final.is_symlink() and not final.exists():
        final.unlink()
    _undo_file(original).unlink(missing_ok=True)
    return back


def _close_journal(store: Store) -> None:
    shutil.rmtree(store.unfinished, ignore_errors=True)  # what stays is removed before it could be seen again
    store.journal_path.unlink(missing_ok=True)
    sync(store.folder)


# the names end so that nobody who looks for *.h5 below the work directory finds these


def _private(store: Store, name: str) -> Path:
    return store.unfinished / f"{name}.part"


def _original(store: Store, step: str, name: str) -> Path:
    return store.originals / step / f"{name}{_ORIGINAL}"


def _undo_file(original: Path) -> Path:
    return original.with_suffix(_UNDO)


def _no_room(need: int, free: int) -> str:
    return (
        f"The disk has {free / 1e9:.1f} GB free; keeping the series as they were before referencing takes "
        f"{need / 1e9:.1f} GB more. They are referenced in place, so another reference date, or an interruption of "
        "this step, makes them anew."
    )


def _copy(source: Path, target: Path) -> None:
    """Copy content and times; a file system that can share blocks does."""
    status = source.stat()
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("wb") as write:
        left = status.st_size
        try:
            while left > 0 and (
                done := os.copy_file_range(read.fileno(), write.fileno(), min(left, 1 << 30))
            ):
                left -= done
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
        if left:
            read.seek(0)
            write.seek(0)
            shutil.copyfileobj(read, write, 1 << 20)
        write.flush()
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _same_stamp(one: Path, other: Path) -> bool:
    try:
        a, b = one.stat(), other.stat()
    except OSError:
        return False
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)
