"""The command: what it prints, and exit statuses that scripts can trust."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from insar_widgets.cli import main
from insar_widgets.doctor import examine


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_doctor_says_of_each_thing_whether_it_is_well(home, capsys):
    status = main(["doctor", "--offline"])
    told = " ".join(capsys.readouterr().out.split())
    for name in ("Python", "mintpy", "GDAL", "Processors", "Memory", "Disk", "Climate Data Store"):
        assert name in told
    assert status == (1 if "✗" in told else 0)


def test_doctor_has_a_remedy_for_whatever_is_not_ok(home):
    checks = list(examine(ask_services=False))
    assert all(check.remedy for check in checks if check.verdict != "ok")
    credentials = next(c for c in checks if c.name.startswith("Climate"))
    assert credentials.verdict == "note"  # this home has none, and only ERA5 needs them


def test_doctor_counts_the_processors_this_process_may_use(home, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0})
    processors = next(c for c in examine(ask_services=False) if c.name == "Processors")
    assert processors.found.startswith("1 ")


def test_a_folder_without_products_is_one_sentence_and_status_2(home, capsys):
    assert main(["run", str(home), "--work-dir", str(home / "w")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("Error:") and str(home) in told.err.replace("\n", "")
    assert not (home / "w").exists()


def test_a_malformed_option_is_refused_before_anything_is_written(small_stack, home, capsys):
    arguments = ["run", str(small_stack.root), "--work-dir", str(home / "w"), "--set", "mintpy.deramp"]
    assert main(arguments) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
    assert not (home / "w").exists()


def test_an_option_that_cannot_work_is_refused_before_the_run(small_stack, home, capsys):
    arguments = ["run", str(small_stack.root), "--work-dir", str(home / "w")]
    assert main([*arguments, "--set", "mintpy.networkInversion.weightFunc=heavy"]) == 2
    told = " ".join(capsys.readouterr().out.split())
    assert "mintpy.networkInversion.weightFunc" in told and "heavy" in told
    assert not (home / "w" / "inputs").exists()


def test_status_of_an_unknown_folder_is_2_and_of_an_unfinished_run_3(home, finished_run, capsys):
    assert main(["status", str(home)]) == 2
    copy = home / "copy"
    shutil.copytree(finished_run.work_dir, copy)
    (copy / "velocity.h5").unlink()
    assert main(["status", str(copy)]) == 3
    assert "stale" in capsys.readouterr().out


def test_simulate_does_not_overwrite_what_is_not_its_own(home, capsys):
    arguments = ["simulate", str(home / "p"), "--shape", "40", "50", "--dates", "4"]
    assert main(arguments) == 0
    assert main([*arguments, "--reuse"]) == 0
    assert "holds a simulation already" in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--seed", "7"]) == 2


def test_app_of_a_missing_folder_is_a_sentence(home, capsys):
    assert main(["app", str(home / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err
