"""Parallel work: local processes really used, and what is checked before a batch system is asked."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from insar_widgets import Run, Template
from insar_widgets.errors import RunError
from insar_widgets.runner import Cluster
from insar_widgets.runner.cluster import batch_settings
from insar_widgets.runner.parallel import local_notes
from insar_widgets.runner.processes import RunProcesses
from support.arrays import assert_same_arrays

MINTPY_SECTION = """\
jobqueue:
  slurm:
    name: mintpy_bee
    cores: 2
    memory: 4GB
    processes: 1
    interface: null
    death-timeout: 60
    queue: null
    project: mine
    walltime: '00:30:00'
    extra: []
    env-extra: ["module load mintpy"]
    ncpus: null
    job-extra: ['--constraint=fast']
    job-cpu: null
    job-mem: null
    ncpuss: 4
"""


@pytest.fixture
def dask_folder(tmp_path, monkeypatch):
    """An empty home and a folder of dask's configuration, with commands of three batch systems in the path."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("sbatch", "qsub", "bsub"):
        (commands / name).write_text("#!/bin/sh\nexit 1\n")
        (commands / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{commands}:/usr/bin:/bin")
    folder = tmp_path / "dask"
    folder.mkdir()
    monkeypatch.setattr("dask.config.paths", [str(folder)])
    for key in [k for k in os.environ if k.startswith("DASK_")]:
        monkeypatch.delenv(key)
    return folder


def options(kind, **other):
    return {
        "mintpy.compute.cluster": kind,
        "mintpy.compute.numWorker": "4",
        "mintpy.compute.config": None,
        **{f"mintpy.compute.{k}": v for k, v in other.items()},
    }


# local


@pytest.mark.mintpy
def test_local_workers_are_processes_of_their_own_and_give_the_same_arrays(finished_run, tmp_path):
    shutil.copytree(finished_run.work_dir, tmp_path / "w", symlinks=True)
    template = finished_run.template.with_options(
        {"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": "2"}
    )
    run = Run(tmp_path / "w", template)
    assert run.status()[5].state == "completed", "how a step is computed is no reason to do it again"
    seen: dict[str, list[int]] = {}

    def watch(event):
        if event["event"] == "progress" and "parts" in event["label"]:
            seen.setdefault(event["label"], RunProcesses(event["run"]).pids())

    run.start(from_="invert_network")
    assert run.wait(timeout=240, on_event=watch) == "completed", run.failure
    assert "2 of 2 parts, 2 workers" in seen
    assert len(seen["0 of 2 parts, 2 workers"]) >= 4, "the run, its watch and two workers"
    assert_same_arrays(run.work_dir, finished_run.work_dir)
    last = next(e["run"] for e in reversed(run.events()) if e["event"] == "run-start")
    gone = time.monotonic() + 10  # the watch beside the run ends a moment after it
    while RunProcesses(last).pids() and time.monotonic() < gone:
        time.sleep(0.05)
    assert RunProcesses(last).pids() == []
    frame = finished_run.events()
    for step in (
        "invert_network",
        "correct_topography",
    ):  # the fast engine, in the workers, proves all it does
        mine, whole = (
            next(e for e in reversed(events) if e["event"] == "proof" and e["step"] == step)
            for events in (run.events(), frame)
        )
        assert run.engine_of(step)["name"] == "fast"
        assert mine["pixels"] > 0 and mine["largest"] <= 1e-3
        solved = ("fast", "mintpy")
        assert [mine[key] for key in solved] == [whole[key] for key in solved], (
            "one of the workers is missing"
        )
    wholes = [e["fraction"] for e in run.events() if e["event"] == "progress" and "parts" in e["label"]]
    assert wholes[:3] == [0, 0.5, 1]


def test_a_share_of_the_cores_and_all_of_them_are_judged_before_the_run(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr("insar_widgets.runner.parallel.cores", lambda: 8)

    def notes(number):
        return local_notes({"mintpy.compute.numWorker": number}, wise=5)

    assert notes("5") == [] and notes("60%") == []
    assert "8 workers on 8 cores" in notes("all")[0] and "Wiser is 5" in notes("all")[0]
    assert "7 workers" in notes("95%")[0]
    assert "MintPy takes 4" in notes("12")[0]
    for impossible in ("100%", "5%", "many", "0", ""):
        with pytest.raises(RunError, match="numWorker"):
            notes(impossible)


@pytest.mark.mintpy
def test_a_number_of_workers_that_stops_mintpy_is_refused_before_anything_starts(finished_run, tmp_path):
    template = finished_run.template.with_options(
        {"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": "100%"}
    )
    run = Run(tmp_path / "w", template)
    with pytest.raises(RunError, match=r"100% of this machine's \d+ cores"):
        run.start()
    assert run.outcome == "pending"


# batch systems


def test_without_a_section_the_short_form_is_named(dask_folder):
    with pytest.raises(RunError, match=r'no.*section|needs a section jobqueue\.slurm.*Cluster\("slurm"'):
        batch_settings(options("slurm"), "abc")
    with pytest.raises(RunError, match=r'Cluster\("lsf".*walltime="02:00"\)'):
        batch_settings(options("lsf"), "abc")


def test_a_section_that_the_template_names_must_be_there(dask_folder):
    (dask_folder / "jobqueue.yaml").write_text(MINTPY_SECTION)
    with pytest.raises(RunError, match=r"jobqueue\.big .*there are: slurm.*without a word"):
        batch_settings(options("slurm", config="big"), "abc")


def test_the_words_of_mintpys_own_configuration_are_brought_up_to_date(dask_folder):
    (dask_folder / "mintpy.yaml").write_text(MINTPY_SECTION)
    settings = batch_settings(options("slurm"), "abc")
    section = settings.content["jobqueue"]["slurm"]
    assert section["account"] == "mine"
    assert section["job-extra-directives"] == ["--constraint=fast"]
    assert section["job-script-prologue"] == ["module load mintpy"]
    assert not any(section.get(old) for old in ("project", "extra", "env-extra", "job-extra"))
    told = " ".join(settings.notes)
    assert all(f"jobqueue.slurm.{old} is called" in told for old in ("project", "env-extra", "job-extra"))
    assert "knows no ncpuss for slurm and ignores it" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("cores: 2", "cores: null"), "says no cores of a job"),
        (("memory: 4GB", "memory: null"), "says no memory of a job"),
        (("memory: 4GB", "memory: 4"), "memory = 4. Write a size with its unit"),
        (("'00:30:00'", "1:30:00"), "walltime = 5400.*quotation marks"),
        (("'00:30:00'", "half an hour"), "walltime = half an hour, which slurm does not take"),
    ],
)
def test_what_a_job_needs_is_missed_before_the_run(dask_folder, change, message):
    (dask_folder / "jobqueue.yaml").write_text(MINTPY_SECTION.replace(*change))
    with pytest.raises(RunError, match=message):
        batch_settings(options("slurm"), "abc")


def test_the_command_and_the_number_of_workers_are_checked(dask_folder, monkeypatch):
    (dask_folder / "jobqueue.yaml").write_text(MINTPY_SECTION)
    for number in ("all", "80%", "0", ""):
        with pytest.raises(RunError, match="does not go with slurm"):
            batch_settings(options("slurm", numWorker=number), "abc")
    monkeypatch.setenv("PATH", str(dask_folder))
    with pytest.raises(RunError, match=r"no command sbatch.*local or none"):
        batch_settings(options("slurm"), "abc")


def test_a_short_form_comes_on_top_and_is_read_from_text(dask_folder):
    (dask_folder / "jobqueue.yaml").write_text(MINTPY_SECTION)
    short = Cluster.parse("slurm,queue=short,cores=3,memory=6GB,walltime=1-00:00:00,workers=6,interface=ib0")
    assert short == Cluster(
        "slurm", queue="short", cores=3, memory="6GB", walltime="1-00:00:00", workers=6, interface="ib0"
    )
    section = batch_settings(options("slurm"), "abc", short).content["jobqueue"]["slurm"]
    assert (section["queue"], section["cores"], section["processes"]) == ("short", 3, 3)
    assert section["job-extra-directives"] == ["--constraint=fast"], "what the short form leaves open stays"
    assert Template(short.options)["mintpy.compute.numWorker"] == "6"
    for text in (
        "sge",
        "slurm,quue=x",
        "slurm,cores=many",
        "slurm,cores=0",
        "pbs,memory=8",
        "lsf,walltime=1:0:0",
    ):
        with pytest.raises(RunError):
            Cluster.parse(text)


SCRIPT = """
import sys, dask_jobqueue
kind, name = sys.argv[1:]
cluster = getattr(dask_jobqueue, f"{kind.upper()}Cluster")(config_name=name, scheduler_options={"host": "127.0.0.1"})
print(cluster.job_script())
cluster.close()
"""


@pytest.mark.parametrize(
    ("kind", "walltime", "expected"),
    [
        (
            "slurm",
            "01:00:00",
            ("-J iwabc", "-p long", "-A mine", "--cpus-per-task=3", "--mem=6G", "-t 01:00:00"),
        ),
        (
            "pbs",
            "01:00:00",
            ("-N iwabc", "-q long", "-A mine", "select=1:ncpus=3:mem=5723MB", "walltime=01:00:00"),
        ),
        ("lsf", "01:00", ("-J iwabc", "-q long", '-P "mine"', "-n 3", "-W 01:00")),
    ],
)
def test_the_job_that_dask_jobqueue_writes_says_what_was_asked_for(
    dask_folder, tmp_path, kind, walltime, expected
):
    """PBS and LSF themselves are not run by any test."""
    short = Cluster(
        kind, queue="long", account="mine", cores=3, memory="6GB", walltime=walltime,
        directives=("--exclusive",), prologue=("module load x",),
    )  # fmt: skip
    settings = batch_settings(options(kind), "abc", short)
    if kind == "lsf":
        settings.content["jobqueue"]["lsf"]["lsf-units"] = "mb"  # there is none to ask
    folder = settings.write(tmp_path / "größe & co")
    assert yaml.safe_load((folder / "insar_widgets.yaml").read_text()) == settings.content
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", SCRIPT, kind, kind],
        env={**os.environ, "DASK_CONFIG": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for part in (*expected, "--exclusive"):
        assert part in done.stdout, done.stdout
    assert "module load x" in done.stdout and "--nworkers 3" in done.stdout


@pytest.mark.mintpy
def test_a_batch_system_that_is_not_here_starts_nothing(dask_folder, finished_run, tmp_path):
    run = Run(tmp_path / "w", finished_run.template)
    (Path(os.environ["PATH"].split(":")[0]) / "qsub").unlink()
    with pytest.raises(RunError, match="no command qsub"):
        run.start(cluster=Cluster("pbs", queue="long"))
    assert run.outcome == "pending" and not list((tmp_path / "w").glob("inputs/*"))
