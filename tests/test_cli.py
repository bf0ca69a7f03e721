"""The command: what it prints, and exit statuses that scripts can trust."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from insar_widgets import Run
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


def test_the_engine_of_the_command_line_is_that_of_the_run(small_stack, home):
    arguments = ["run", str(small_stack.root), "--work-dir", str(home / "w"), "--to", "load_data"]
    assert main([*arguments, "--engine", "mintpy"]) == 0
    run = Run.attach(home / "w")
    assert (run.engine, run.engine_of("load_data")) == ("mintpy", {"name": "mintpy"})
    with pytest.raises(SystemExit):
        main([*arguments, "--engine", "warp"])


def test_status_of_an_unknown_folder_is_2_and_of_an_unfinished_run_3(home, finished_run, capsys):
    assert main(["status", str(home)]) == 2
    copy = home / "copy"
    shutil.copytree(finished_run.work_dir, copy)
    (copy / "velocity.h5").unlink()
    assert main(["status", str(copy)]) == 3
    assert "stale" in capsys.readouterr().out


def test_a_run_is_looked_at_and_cancelled_from_another_terminal(home, finished_run, capsys):
    copy = home / "copy"
    shutil.copytree(finished_run.work_dir, copy)
    run = Run.attach(copy)
    assert main(["cancel", str(copy)]) == 0
    assert "No run is under way" in capsys.readouterr().out
    run.start(from_="load_data")
    told = Event()
    run_events = Thread(target=run.wait, kwargs={"timeout": 60, "on_event": lambda e: _set(told, e)})
    run_events.start()
    assert told.wait(60)
    assert main(["status", str(copy)]) == 3
    text = " ".join(capsys.readouterr().out.split())
    assert "Memory" in text and "cores" in text and "left" in text
    assert main(["status", "--json", str(copy)]) == 3
    content = json.loads(capsys.readouterr().out)
    assert content["running"] and content["seconds_left"] > 0 and content["resources"]["memory_bytes"] > 0
    assert main(["cancel", str(copy)]) == 0
    assert "cancelled; finished steps are kept" in capsys.readouterr().out
    run_events.join(10)
    assert main(["status", str(copy)]) != 0


def _set(told, event):
    if event["event"] == "resources":
        told.set()


def test_the_log_of_a_step_is_shown_and_followed_to_its_end(home, finished_run, capsys):
    path = str(finished_run.work_dir)
    assert main(["log", path, "velocity"]) == 0
    assert "step - velocity" in capsys.readouterr().out
    assert main(["log", path, "velocity", "-f"]) == 0
    assert capsys.readouterr().out.strip() == finished_run.log("velocity").strip()
    assert main(["log", path]) == 0
    assert main(["log", path, "geocode"]) == 2
    assert "There is no log of geocode" in " ".join(capsys.readouterr().err.split())


def test_a_cluster_in_short_is_checked_before_anything_is_written(small_stack, home, monkeypatch, capsys):
    arguments = ["run", str(small_stack.root), "--work-dir", str(home / "w")]
    assert main([*arguments, "--cluster", "slurm,quue=short"]) == 2
    assert "not 'quue=short'" in " ".join(capsys.readouterr().err.split())
    assert not (home / "w").exists()


def test_simulate_does_not_overwrite_what_is_not_its_own(home, capsys):
    arguments = ["simulate", str(home / "p"), "--shape", "40", "50", "--dates", "4"]
    assert main(arguments) == 0
    assert main([*arguments, "--reuse"]) == 0
    assert "holds a simulation already" in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--seed", "7"]) == 2


def test_app_of_a_missing_folder_is_a_sentence(home, capsys):
    assert main(["app", str(home / "nowhere")]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.fixture
def places(home):
    """Places that a user may name by mistake."""
    (home / "file").write_text("x")
    (home / "empty").mkdir()
    (home / "loop").symlink_to(home / "loop")
    (home / "recorded").mkdir()
    (home / "recorded" / ".insar_widgets").write_text("a file where the record should be")
    (home / "settings").mkdir()
    (home / "settings" / "smallbaselineApp.cfg").write_bytes(b"\xff\xfe\0")
    (home / "damaged").mkdir()
    (home / "damaged" / "velocity.h5").write_text("no HDF5")
    return home


@pytest.fixture(scope="module")
def real(small_stack, finished_run):
    """A stack and a finished run, by the words that stand for them."""
    return {"STACK": str(small_stack.root), "RUN": str(finished_run.work_dir)}


WRONG = {
    "": "A path is empty",
    "missing": "There is no folder missing",
    "file": "file is not a folder",
    "file/below": "file/below is not a folder",
    "loop": "loop cannot be used as a path",
    "~nobody-of-that-name/x": "cannot be used as a path",
    "x" * 300: "cannot be used as a path",
    "empty": "empty was never run|empty holds no MintPy file",
    "recorded": "recorded was never run|recorded holds no MintPy file",
    "settings": "smallbaselineApp.cfg is not a text file|settings holds no MintPy file",
    "damaged": "damaged was never run|velocity.h5 cannot be read",
}


@pytest.mark.parametrize("command", ["status", "cancel", "log", "export"])
def test_a_wrong_work_directory_is_a_sentence(command, places, capsys):
    for place, said in WRONG.items():
        assert main([command, place]) == 2, place
        told = " ".join(capsys.readouterr().err.split())
        assert told.startswith("Error: ") and re.search(said, told), (place, told)
        assert told.endswith((".", "?")) and "Traceback" not in told


@pytest.mark.parametrize("command", ["status", "cancel", "log", "export"])
def test_a_folder_that_may_not_be_read_is_a_sentence(command, places, capsys):
    closed = places / "closed"
    closed.mkdir(mode=0)
    me = os.geteuid()
    if me == 0:  # to whom nothing is closed
        os.seteuid(65534)
    try:
        assert main([command, str(closed)]) == 2
    finally:
        os.seteuid(me)
        closed.chmod(0o755)
    assert "closed cannot be read (Permission denied)" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run missing --work-dir w", "There is no folder missing"),
        ("run empty --work-dir w", "no usable HyP3 product|holds no"),
        ("run loop --work-dir w", "loop cannot be used as a path"),
        ("run STACK --work-dir file", "file is a file, so file cannot be a folder"),
        ("run STACK --work-dir file/below", "file is a file, so file/below cannot be a folder"),
        (
            "run STACK --work-dir recorded --to load_data",
            "recorded/.insar_widgets.*: Not a directory. Check the path",
        ),
        ("run STACK --work-dir w --template missing", "The template missing cannot be read"),
        ("run STACK --work-dir w --template empty", "The template empty cannot be read"),
        ("run STACK --work-dir w --cluster pbs,cores=x", "not 'x'"),
        ("simulate file", "file is a file"),
        ("simulate file/below", "file is a file, so file/below cannot be a folder"),
        ("simulate loop", "loop cannot be used as a path"),
        ("simulate s --shape 0 0", "40 or more"),
        ("simulate s --dates 1", "2 or more"),
        ("app --root missing", "There is no folder"),
        ("app file", "There is no folder .*file. Give a MintPy work directory"),
        ("app --port 99999", "99999 is no port"),
        ("app --port web", "web is no port"),
        ("export RUN velocity --crs EPSG:1", "'EPSG:1' is no reference system"),
        ("export RUN points --crs hello", "'hello' is no reference system"),
        ("export RUN velocity --mask nan", "from 0 to 1, not nan"),
        ("export RUN velocity --mask nothing", "nothing"),
        ("export RUN figures --dpi -3 --dry-run", "20 to 1200 dots per inch"),
        ("export RUN velocity -o file/below", "file is a file, so file/below cannot be a folder"),
        ("export RUN nothing", "The product 'nothing' is unknown"),
    ],
)
@pytest.mark.usefixtures("places")
def test_a_wrong_argument_is_a_sentence(arguments, said, real, capsys):
    out = ["-o", "exports"] if "RUN" in arguments and "-o" not in arguments else []
    assert main([*(real.get(word, word) for word in arguments.split()), *out]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith("Error: ") and re.search(said, told), told
    assert "Traceback" not in told


def test_a_reader_that_has_enough_ends_the_command_quietly(finished_run):
    command = [sys.executable, "-m", "insar_widgets.cli", "log", str(finished_run.work_dir), "load_data"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read().decode()
