"""Nothing of the kernel's state gets into a run, and a run outlives the kernel, its group and its terminal."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from insar_widgets import Run
from support.arrays import assert_same_arrays

pytestmark = pytest.mark.mintpy

KERNEL = """
import os, signal, socket, sys, time
from insar_widgets import Run
os.chdir(sys.argv[2])
read, write = os.pipe()
for fd in (read, write):
    os.set_inheritable(fd, True)
line = socket.socket()
line.set_inheritable(True)
line.bind(("127.0.0.1", 0))
for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
run = Run.attach(sys.argv[1])
run.start(from_="load_data")
print("started", flush=True)
time.sleep(600)
"""


def _words(pid: int, name: str) -> dict[str, str]:
    text = Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    if name == "environ":
        return dict(part.split("=", 1) for part in text.split("\0") if "=" in part)
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_a_run_takes_nothing_from_the_kernel_and_outlives_it_and_its_terminal(quick_run, tmp_path):
    work_dir = tmp_path / "w"
    shutil.copytree(quick_run.work_dir, work_dir, symlinks=True)
    (work_dir / "numpy.py").write_text("raise RuntimeError('taken from the work directory')")
    startup = tmp_path / "startup.py"
    startup.write_text("raise RuntimeError('PYTHONSTARTUP was run')")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {
        **os.environ,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "JPY_PARENT_PID": "1",
        "JUPYTERHUB_API_TOKEN": "secret",
        "PYTHONSTARTUP": str(startup),
        "PYTHONINSPECT": "1",
        "OMP_NUM_THREADS": "1",
    }
    kernel, terminal = pty.fork()
    if kernel == 0:
        os.umask(0o027)
        command = [sys.executable, "-c", KERNEL, str(work_dir), str(elsewhere)]
        os.execve(sys.executable, command, {**environment, "PYTHONINSPECT": ""})
    told = b""
    try:
        while b"started" not in told:
            told += os.read(terminal, 1000)
        run = Run.attach(work_dir)
        pid = int(_lock_holder(work_dir))
        assert Path(f"/proc/{pid}/cwd").resolve() == work_dir
        theirs = _words(pid, "environ")
        assert theirs["MPLBACKEND"] == "Agg" and theirs["OMP_NUM_THREADS"] == "1"
        assert not {"JPY_PARENT_PID", "JUPYTERHUB_API_TOKEN", "PYTHONSTARTUP", "PYTHONINSPECT"} & set(theirs)
        status = _words(pid, "status")
        assert int(status["SigBlk"], 16) == 0
        ignored = int(status["SigIgn"], 16)
        assert not any(
            ignored >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT)
        )
        assert ignored >> (signal.SIGHUP - 1) & 1
        assert status["Umask"].strip() == "0027", "who may read the products is the user's choice"
        assert os.getsid(pid) == pid != os.getsid(kernel)
        files = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [file for file in files if file.startswith(("pipe:", "socket:", "/dev/pts", "/dev/tty"))]
    finally:
        os.close(terminal)  # the terminal goes away: SIGHUP
        os.killpg(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)
    assert run.is_running
    assert run.wait(timeout=240) == "completed", run.failure
    assert_same_arrays(work_dir, quick_run.work_dir)


def _lock_holder(work_dir: Path) -> int:
    deadline = time.monotonic() + 10
    while True:
        try:
            return json.loads((work_dir / ".insar_widgets" / "lock").read_text())["pid"]
        except (ValueError, KeyError):
            assert time.monotonic() < deadline
