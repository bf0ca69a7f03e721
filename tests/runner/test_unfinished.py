"""A step's files between its beginning and its end: out of everybody's sight, and to be had back as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from insar_widgets.runner import undo
from insar_widgets.runner.content import describe, is_same
from insar_widgets.runner.state import Store
from insar_widgets.runner.unfinished import StepFiles, in_work, recover, restore_originals, tidy

# begins a step, does half of its work, and is killed at the named moment
WORK = """
import os, signal, sys
from pathlib import Path
import h5py, numpy as np
from insar_widgets.runner import unfinished
from insar_widgets.runner.state import Store

store, moment = Store(Path(sys.argv[1])), sys.argv[2]
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
files = unfinished.StepFiles(store, "reference_date", "r")
files.begin(["velocity.h5"], undoable=["stack.h5"], copied=["series.h5"])
with h5py.File(store.work_dir / "velocity.h5", "w") as file:
    file.attrs["WIDTH"] = "3"
    file["velocity"] = np.ones((2, 3))
with h5py.File(store.work_dir / "stack.h5", "r+") as file:
    file.attrs["REF_Y"] = "1"
    file["added"] = np.arange(200000.0)
with h5py.File(store.work_dir / "series.h5", "r+") as file:
    file["timeseries"][1] = 7
print(sorted(p.name for p in store.work_dir.iterdir() if p.is_file()), flush=True)
if moment == "working":
    die()
if moment == "before the files have their names":
    unfinished._finish = die
if moment == "between two files":
    replace, seen = Path.replace, []
    def counted(self, target):
        if Path(target).suffix == ".h5":
            seen.append(target)
            if len(seen) == 2:
                die()
        return replace(self, target)
    Path.replace = counted
if moment == "before the manifest":
    Store.write_manifest = die
if moment == "before the journal goes":
    unfinished._close_journal = die
files.commit({"velocity": {"digest": "2", "outputs": {}}})
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A folder with a stack whose data are large, and a series."""
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file.attrs["WIDTH"] = "1024"
        data = np.random.default_rng(1).random((3, 1024, 1024), dtype=np.float32)
        file.create_dataset("unwrapPhase", data=data, chunks=True)
        file.create_dataset("coherence", data=data)
        file["dropIfgram"] = np.ones(3, dtype=bool)
    with h5py.File(tmp_path / "series.h5", "w") as file:
        file["timeseries"] = np.arange(24.0).reshape(4, 2, 3)
    (tmp_path / "velocity.h5").write_bytes(b"an earlier pass left this")
    (tmp_path / "velocity.h5").unlink()
    return Store(tmp_path)


def content(store: Store) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in store.work_dir.glob("*.h5") if p.exists()}


def killed(store: Store, moment: str) -> str:
    command = [sys.executable, "-c", WORK, str(store.work_dir), moment]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == -9, result.stderr
    return result.stdout


def test_killed_at_work_nothing_is_there_and_all_comes_back_byte_for_byte(store):
    before, times = content(store), {p.name: p.stat().st_mtime_ns for p in store.work_dir.glob("*.h5")}
    seen = killed(store, "working")
    assert all(name in seen for name in ("velocity.h5", "stack.h5", "series.h5"))  # by the process itself
    assert content(store) == {}  # by everybody else
    assert in_work(store) == {"stack.h5", "series.h5"}
    message = recover(store)
    assert content(store) == before
    assert {p.name: p.stat().st_mtime_ns for p in store.work_dir.glob("*.h5")} == times
    assert "velocity.h5" in message and "series.h5, stack.h5" in message
    assert not os.path.lexists(store.work_dir / "velocity.h5")
    assert recover(store) == "" and not store.journal_path.exists() and not store.unfinished.exists()


@pytest.mark.parametrize(
    "moment",
    [
        "before the files have their names",
        "between two files",
        "before the manifest",
        "before the journal goes",
    ],
)
def test_killed_once_it_was_complete_costs_nothing(store, moment):
    before = content(store)
    killed(store, moment)
    assert "complete" in tidy(store)
    with h5py.File(store.work_dir / "velocity.h5") as file:
        assert file["velocity"][()].all()
    with h5py.File(store.work_dir / "stack.h5") as file:
        assert file.attrs["REF_Y"] == "1" and file["added"][-1] == 199999
    with h5py.File(store.work_dir / "series.h5") as file:
        assert np.all(file["timeseries"][1] == 7)
    assert store.manifest("velocity") == {"digest": "2", "outputs": {}}
    assert not [p for p in store.work_dir.rglob("*") if p.is_symlink()]
    # a later pass can still begin from what was there before
    assert set(restore_originals(store, "reference_date", ())) == {"series.h5", "stack.h5"}
    assert {k: v for k, v in content(store).items() if k != "velocity.h5"} == before


def test_a_torn_undo_of_a_kill_is_ended_by_the_next(store):
    before = content(store)
    killed(store, "working")
    stack = store.unfinished / "stack.h5.part"
    stack.write_bytes(stack.read_bytes()[:-1000])  # as if the one that put it right had been killed too
    recover(store)
    assert content(store) == before


def test_an_undo_record_is_small_and_undoes_attributes_flags_and_added_data(store, tmp_path):
    path, record = store.work_dir / "stack.h5", tmp_path / "record"
    before = path.read_bytes()
    undo.take(path, record)
    assert record.stat().st_size < 0.1 * path.stat().st_size
    with h5py.File(path, "r+") as file:
        file["dropIfgram"][1] = False
        for i in range(50):
            file.attrs[f"key{i}"] = "x" * i
        file.create_dataset("more", data=np.ones((3, 1024, 1024)), chunks=True)
        del file.attrs["WIDTH"]
    assert path.read_bytes() != before
    assert undo.restore(record, path)
    assert path.read_bytes() == before


def test_without_room_for_a_copy_the_file_is_lost_and_it_is_said(store, monkeypatch):
    monkeypatch.setattr("insar_widgets.runner.unfinished._ROOM", 1 << 60)
    files = StepFiles(store, "reference_date", "r")
    files.begin([], copied=["series.h5"])
    assert "another reference date" in files.notes[0] and not files.originals_kept
    assert "series.h5" in recover(store)
    assert "series.h5" not in content(store)


def test_what_a_failed_step_left_is_undone(store):
    before = content(store)
    files = StepFiles(store, "deramp", "r")
    files.begin(["ramp.h5"], undoable=["stack.h5"], patterns=["*.he5"])
    with h5py.File(store.work_dir / "stack.h5", "r+") as file:
        file.attrs["REF_Y"] = "1"
    (store.work_dir / "ramp.h5").write_bytes(b"half")
    (store.work_dir / "S1.he5").write_bytes(b"half")
    recover(store)
    assert content(store) == before and not (store.work_dir / "S1.he5").exists()


def test_a_journal_that_is_not_whole_is_no_obstacle(store):
    store.folder.mkdir()
    store.journal_path.write_text('{"state": "beg')
    assert recover(store) == "" and in_work(store) == set()


def test_a_file_is_the_same_if_only_its_time_differs_and_another_if_its_content_does(tmp_path):
    path = tmp_path / "large.h5"
    with h5py.File(path, "w") as file:
        file["velocity"] = np.arange(6_000_000, dtype=np.float32)
    record = describe(path)
    assert record["shapes"] == {"velocity": [6_000_000]} and record["bytes"] > 16 << 20
    os.utime(path, (1, 1))
    assert is_same(path, record)
    with h5py.File(path, "r+") as file:
        file["velocity"][:] = file["velocity"][:] + 1
    assert path.stat().st_size == record["bytes"] and not is_same(path, record)
