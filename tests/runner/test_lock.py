"""Who holds a work directory: the kernel's lock where it reaches, host, process, boot and signs of life elsewhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from insar_widgets import Run
from insar_widgets.errors import RunError
from insar_widgets.runner.lock import Lock, process_start
from insar_widgets.runner.state import Store

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
ELSEWHERE = "another-machine.example"

HOLD = """
import sys
from pathlib import Path
from insar_widgets.runner.lock import Lock
from insar_widgets.runner.state import Store
Lock(Store(Path(sys.argv[1]))).acquire("theirs")
print("held", flush=True)
sys.stdin.read()
"""


def left_behind(work_dir: Path, *, silent: float = 0.0, **about: object) -> Store:
    """A lock file as a run leaves it that could not let go."""
    store = Store(work_dir)
    path = store.folder / "lock"
    path.parent.mkdir(parents=True)
    usual = {"host": socket.gethostname(), "pid": os.getpid(), "boot": BOOT, "run": "theirs", "since": 0}
    path.write_text(json.dumps({**usual, "start": process_start(os.getpid()), **about}))
    os.utime(path, (time.time() - silent,) * 2)
    return store


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


# folders on a file system of this machine: the kernel decides


def test_a_process_that_is_gone_is_taken_over_and_it_is_said_from_whom(tmp_path):
    lock = Lock(left_behind(tmp_path, pid=ended_process()))
    assert lock.holder() is None
    lock.acquire("mine")
    assert f"on {socket.gethostname()} is gone" in lock.taken_over
    lock.release()


def test_a_number_that_belongs_to_another_process_now(tmp_path):
    """This test's own process lives, but it did not begin when the lock's owner did."""
    lock = Lock(left_behind(tmp_path, start=1))
    lock.acquire("mine")
    assert "belongs to another process now" in lock.taken_over


def test_a_machine_that_was_restarted(tmp_path):
    lock = Lock(left_behind(tmp_path, boot="0b6c0c53-before"))
    lock.acquire("mine")
    assert "restarted" in lock.taken_over


def test_a_container_that_came_back_under_another_name(tmp_path):
    lock = Lock(left_behind(tmp_path, host=ELSEWHERE))
    lock.acquire("mine")
    assert ELSEWHERE in lock.taken_over and "is free" in lock.taken_over


def test_a_copy_of_a_folder_at_work_is_free(tmp_path):
    lock = Lock(left_behind(tmp_path))
    lock.acquire("mine")
    assert "copy" in lock.taken_over


def test_a_lock_that_was_let_go_of_is_taken_without_a_word(tmp_path):
    lock = Lock(Store(tmp_path))
    lock.acquire("mine")
    lock.release()
    again = Lock(Store(tmp_path))
    again.acquire("mine")
    assert again.taken_over == ""


def test_a_lock_file_that_is_not_whole_is_no_obstacle(tmp_path):
    store = left_behind(tmp_path)
    (store.folder / "lock").write_text('{"host": "som')
    Lock(store).acquire("mine")


@pytest.mark.parametrize("name", ["folder", "other name"])
def test_two_names_of_a_folder_are_one_lock_and_the_second_run_is_told_who(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "other name").symlink_to("folder")
    command = [sys.executable, "-c", HOLD, str(tmp_path / "folder")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        store = Store(tmp_path / name)
        with pytest.raises(RunError, match=rf"under way.*process {other.pid} on {socket.gethostname()}"):
            Lock(store).acquire("mine")
        with pytest.raises(RunError, match=rf"process {other.pid}"):
            Lock(store).refuse_second_run()
        assert Run(tmp_path / name).is_running
        other.kill()
        other.wait()
        other.stdout.close()
        assert other.stdin is not None
        other.stdin.close()
    Lock(store).refuse_second_run()
    lock = Lock(store)
    lock.acquire("mine")
    assert f"process {other.pid}" in lock.taken_over


def test_who_clears_up_after_a_run_is_not_taken_for_one(tmp_path):
    store = left_behind(tmp_path, pid=ended_process())
    with Lock(store).borrowed() as free:
        assert free
        assert Lock(store).holder() is None
        Lock(store).refuse_second_run()
        with Lock(store).borrowed() as second:
            assert not second
    left_behind(tmp_path / "at work")
    with Lock(Store(tmp_path / "at work"), local=False).borrowed() as free:
        assert not free


# folders on a network's file system: what the lock says, and its signs of life


def test_a_run_that_starts_while_somebody_clears_up_waits_for_that(tmp_path):
    store = left_behind(tmp_path, pid=ended_process())
    store.folder.joinpath("lock").write_text("")
    clearing = Lock(store).borrowed()
    assert clearing.__enter__()
    end = threading.Timer(
        1.5, clearing.__exit__, (None, None, None)
    )  # longer than a lock is asked for at first
    end.start()
    Lock(store).refuse_second_run()
    end.join()
    clearing = Lock(store).borrowed()
    assert clearing.__enter__()
    threading.Timer(1.5, clearing.__exit__, (None, None, None)).start()
    lock = Lock(store)
    lock.acquire("run")
    assert (Lock(store).holder() or {})["run"] == "run"
    lock.release()


def test_another_machine_that_gives_signs_of_life_is_at_work(tmp_path):
    lock = Lock(left_behind(tmp_path, host=ELSEWHERE, pid=4711, silent=30), local=False)
    assert lock.holder()["pid"] == 4711
    with pytest.raises(RunError, match=rf"process 4711 on {ELSEWHERE}.*stale 2 min after"):
        lock.acquire("mine")
    assert json.loads((tmp_path / ".insar_widgets" / "lock").read_text())["host"] == ELSEWHERE


def test_another_machine_that_is_silent_is_gone(tmp_path):
    lock = Lock(left_behind(tmp_path, host=ELSEWHERE, silent=300), local=False)
    assert lock.holder() is None
    lock.acquire("mine")
    assert "no sign of life for 5 min" in lock.taken_over


def test_signs_of_life_are_kept_up(tmp_path):
    store = left_behind(tmp_path, host=ELSEWHERE, silent=300)
    Lock(store).give_sign_of_life()
    assert Lock(store, local=False).holder() is not None


def test_on_this_machine_process_start_and_boot_decide(tmp_path):
    assert Lock(left_behind(tmp_path / "a"), local=False).holder() is not None
    assert Lock(left_behind(tmp_path / "b", start=1), local=False).holder() is None
    assert Lock(left_behind(tmp_path / "c", boot="before"), local=False).holder() is None
    assert Lock(left_behind(tmp_path / "d", pid=ended_process()), local=False).holder() is None


def test_a_run_tells_of_a_lock_it_took_over(tmp_path, prepared_stack):
    from insar_widgets import Template

    work_dir = tmp_path / "w"
    left_behind(work_dir, pid=ended_process())
    run = Run(work_dir, Template.for_stack(prepared_stack, name="w"))
    pytest.importorskip("mintpy")
    assert run.start(steps=[]).wait(timeout=120) == "completed"
    told = [e["message"] for e in run.events() if e["event"] == "takeover"]
    assert len(told) == 1 and "taken over" in told[0]
