"""A real Slurm on this machine: one node, ports and files of its own, gone when the test is over."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
KillWait=1
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=short Nodes={host} Default=YES MaxTime=60 State=UP
"""


@dataclass(frozen=True)
class Slurm:
    """A Slurm that is running; `environment` makes its commands find it."""

    folder: Path
    environment: dict[str, str]

    def jobs(self, name: str = "") -> list[str]:
        """State of each job in the queue, of this name where one is given."""
        named = [f"--name={name}"] if name else []
        done = subprocess.run(
            ["squeue", "--noheader", "--format=%T", *named],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout.split()

    def wait_for(self, wanted: str, name: str, seconds: float) -> list[str]:
        """Ask until a job of that name is in a state, or for "" until there is none; the states at the end."""
        until = time.monotonic() + seconds
        while True:
            found = self.jobs(name)
            if (wanted in found if wanted else not found) or time.monotonic() > until:
                return found
            time.sleep(0.1)


def why_not() -> str:
    """Why there can be no Slurm here, or ""."""
    if os.geteuid() != 0:
        return "only root can start Slurm's own daemons"
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    missing = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    return f"{', '.join(missing)} not installed; on Debian: make slurm" if missing else ""


@contextmanager
def running_slurm() -> Iterator[Slurm]:
    """Start munge and Slurm; end them however the test ends."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # sockets want a short path
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        controller, node = _free_ports(2)
        conf = folder / "slurm.conf"
        host = socket.gethostname().split(".")[0]
        conf.write_text(_CONF.format(host=host, folder=folder, controller=controller, node=node))
        environment = {"SLURM_CONF": str(conf)}
        own = [
            f"--{name}={folder / f'munge.{name.split("-")[0]}'}"
            for name in ("socket", "pid-file", "log-file")
        ]
        own += [f"--key-file={key}", f"--seed-file={folder / 'munge.seed'}"]
        for command in (
            ["munged", "--foreground", "--force", *own],
            ["slurmctld", "-D", "-i", "-f", str(conf)],
            ["slurmd", "-D", "-f", str(conf), "-N", host],
        ):
            stack.enter_context(_daemon(command, environment, folder))
            if command[0] == "munged":
                _until((folder / "munge.socket").exists, "munged's socket")
        slurm = Slurm(folder, environment)
        _until(lambda: _is_idle(environment), f"an idle node; logs in {folder}")
        stack.callback(_end_jobs, slurm)  # before the daemons, so that no job outlives them
        yield slurm


def _end_jobs(slurm: Slurm) -> None:
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["scancel", "--user=root"],
            env={**os.environ, **slurm.environment},
            capture_output=True,
            timeout=20,
            check=False,
        )
        slurm.wait_for("", "", 10)


@contextmanager
def _daemon(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(
            [shutil.which(command[0], path=path), *command[1:]],
            env={**os.environ, **environment, "PATH": path},
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_idle(environment: dict[str, str]) -> bool:
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            ["sinfo", "--noheader", "--format=%t"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.stdout.strip() == "idle"
    return False


def _until(what, about: str, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise TimeoutError(f"Slurm did not come up: no {about}")
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
