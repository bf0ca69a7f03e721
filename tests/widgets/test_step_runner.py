"""The StepRunner without a browser, on real runs: what it shows, what it writes, and that it never lags or leaks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import traitlets

from insar_widgets import ConfigBuilder, Run, StepRunner, Template
from insar_widgets.errors import InsarWidgetsError, RunError
from insar_widgets.widgets._run_follow import EventReader, Facts
from insar_widgets.widgets._run_log import StepLog
from insar_widgets.widgets._run_switches import fixes_of
from support.front_end import ask

pytest.importorskip("mintpy", reason='runs need MintPy: pip install "insar-widgets[mintpy]"')


@pytest.fixture
def finished(finished_run, tmp_path) -> Path:
    """A copy of a finished run that may be changed."""
    return Path(shutil.copytree(finished_run.work_dir, tmp_path / "valley", symlinks=True))


@pytest.fixture
def show() -> Iterator[Callable[..., StepRunner]]:
    """Make a StepRunner; it is closed with the test, and its thread has ended then."""
    made: list[StepRunner] = []

    def make(*arguments: Any, **options: Any) -> StepRunner:
        made.append(StepRunner(*arguments, **options))
        return made[-1]

    yield make
    for runner in made:
        runner.close()
        assert runner._follower.join(20)


def until(runner: StepRunner, true: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something that the widget shows."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, (runner._head, runner._error)
        runner._follower.join(0.05)


def row(runner: StepRunner, step: str) -> dict[str, Any]:
    return next(row for row in runner._rows if row["name"] == step)


def test_it_is_found_again_by_its_folder_and_nothing_goes_on_when_nobody_looks(show, finished_run):
    runner = show(finished_run.work_dir)
    assert runner.states == finished_run.states()
    assert runner._follower.join(20)
    assert runner._head["state"] == "completed"
    assert [chip["name"] for chip in row(runner, "velocity")["chips"]] == ["velocity.h5"]
    assert "velocity" in runner.results
    with h5py.File(finished_run.work_dir / "inputs" / "ifgramStack.h5") as file:
        assert row(runner, "load_data")["note"] == f"{len(file['date'])} pairs"
    assert row(runner, "correct_unwrap_error")["locked"]
    assert row(runner, "correct_unwrap_error")["switch"] is None


def test_an_empty_folder_or_none_says_so(show, tmp_path):
    assert show(tmp_path / "nothing").states == {}
    assert show().states == {}
    with pytest.raises(RunError, match="no work directory"):
        show().start()
    with pytest.raises(RunError, match="where to run"):
        show(Template({"mintpy.deramp": "linear"}))


def test_only_one_step_is_done_again_while_a_second_widget_follows(show, finished):
    runner, other = show(finished), show(Run(finished))
    assert other.states == runner.states
    ask(other, "here", {"view": "second"})
    before = (finished / "velocity.h5").stat().st_mtime_ns
    others = (finished / "timeseries.h5").stat().st_mtime_ns
    began = time.monotonic()
    assert ask(runner, "start", {"steps": ["velocity"]})["ok"]
    assert time.monotonic() - began < 20
    refused = ask(other, "start", {})
    assert not refused["ok"]
    assert "already under way" in refused["error"]["message"]
    until(other, lambda: other._head["state"] == "running")
    until(runner, lambda: runner._head["state"] == "completed")
    until(other, lambda: other._head["state"] == "completed")
    assert (finished / "velocity.h5").stat().st_mtime_ns > before
    assert (finished / "timeseries.h5").stat().st_mtime_ns == others
    until(other, lambda: other.results is not None and not other.results.changed())


def test_the_engine_is_chosen_and_the_rows_say_which_one_it_was_and_what_it_proved(show, finished):
    runner, other = show(finished), show(finished)
    runner.refresh()
    assert runner.engine == runner.run.engine == "fast"
    proofs = {e["step"]: e for e in runner.run.events() if e["event"] == "proof"}
    for step in ("invert_network", "correct_topography"):
        made = row(runner, step)["engine"]
        assert (made["name"], made["proved"]) == ("fast", "yes")
        assert proofs[step]["message"] in made["words"]
    assert row(runner, "load_data")["engine"]["name"] == "fast"
    assert row(runner, "velocity")["engine"] is None
    pixels = sum(proof["pixels"] for proof in proofs.values())
    assert f"at {pixels:,} pixels solved again by MintPy" in runner._head["proof"]
    runner.engine = "mintpy"
    assert runner.run.engine == "mintpy"
    runner.change({"mintpy.deramp": "linear"})
    runner.change({"mintpy.deramp": "no"})
    assert runner.run.engine == "mintpy", "another template is no reason to choose again"
    ask(other, "here", {"view": "second"})
    runner.start(from_="invert_network", to="correct_topography")
    until(other, lambda: other._head["state"] == "running")
    until(other, lambda: other.engine == "mintpy")
    until(runner, lambda: runner._head["state"] != "running" and not runner.run.is_running)
    assert show(finished).engine == "mintpy"
    with other._lock:  # it cannot look meanwhile, as at a run that is shorter than its pause
        assert Run(finished, engine="fast").start("velocity").wait(timeout=120) == "completed"
    ask(other, "here", {"view": "second"})
    until(other, lambda: other.engine == "fast")
    assert show(finished, engine="fast").run.engine == "fast"
    assert show(Run(finished, engine="fast")).engine == "fast"
    runner.refresh()
    assert row(runner, "correct_topography")["engine"]["words"] == "MintPy itself did correct_topography."
    with pytest.raises(traitlets.TraitError):
        runner.engine = "warp"


def test_cancelling_keeps_what_is_done(show, finished):
    runner = show(finished)
    runner.start(from_="invert_network")
    until(runner, lambda: runner._head["state"] == "running" and bool(runner._head["step"]))
    began = time.monotonic()
    assert ask(runner, "cancel")["payload"] == "cancelled"
    assert time.monotonic() - began < 8
    until(runner, lambda: runner._head["state"] == "cancelled")
    assert runner.states["load_data"] == "completed"
    assert runner.states["velocity"] != "running"


def test_a_switch_writes_the_template_keeps_its_comments_and_tells_what_must_run(show, finished):
    file = finished / "small.txt"
    file.write_text("# mine, do not lose\r\n" + file.read_text() + "mintpy.deramp = no # for now\n")
    runner = show(finished)
    assert "deramp" in runner.states
    lines = file.read_text().splitlines()
    answer = ask(runner, "switch", {"step": "deramp", "on": True})["payload"]
    assert answer["line"] == "mintpy.deramp = linear"
    assert file.read_text().splitlines() == [line.replace("deramp = no", "deramp = linear") for line in lines]
    assert {"deramp", "correct_topography", "velocity"} <= set(answer["to_do"])
    assert runner.states["velocity"] == "stale"
    assert runner.states["invert_network"] == "completed"
    assert ask(runner, "switch", {"step": "deramp", "on": False})["payload"]["to_do"] == []
    assert file.read_text().splitlines() == lines
    assert not ask(runner, "switch", {"step": "velocity", "on": False})["ok"]


def test_a_value_that_was_switched_off_comes_back(show, finished):
    runner = show(finished)
    runner.change({"mintpy.deramp": "quadratic"})
    runner.switch("deramp", on=False)
    assert runner.switch("deramp", on=True)["line"] == "mintpy.deramp = quadratic"


def test_switches_and_a_builder_change_one_template(show, prepared_stack, tmp_path):
    builder = ConfigBuilder(prepared_stack, work_dir=tmp_path / "work")
    runner = show(builder)
    builder.change({"mintpy.deramp": "linear"})
    assert row_state(runner, "deramp") == "pending"
    runner.switch("correct_topography", on=False)
    assert builder.template["mintpy.topographicResidual"] == "no"
    assert Template.read(builder.path) == builder.template
    assert builder.wait(60)
    builder.close()


def row_state(runner: StepRunner, step: str) -> str:
    runner.refresh()
    return runner.states[step]


def test_a_failure_is_told_with_what_one_click_can_do(show, finished):
    runner = show(finished)
    runner.change({"mintpy.networkInversion.minTempCoh": "0.99999"})
    runner.start(["invert_network"])
    until(runner, lambda: runner._head["state"] == "failed")
    assert runner._head["step"] == "invert_network"
    assert runner._head["reason"] == row(runner, "invert_network")["reason"] != ""
    assert runner._fixes[0] == {"label": "Try again", "values": {}}
    assert {"mintpy.networkInversion.minTempCoh": "0.5"} in [fix.get("values") for fix in runner._fixes]
    assert runner._log["step"] == "invert_network"


def test_remedies_become_buttons():
    skip = "Put url and key into ~/.cdsapirc, or set mintpy.troposphericDelay.method = no."
    template = Template({"mintpy.troposphericDelay.method": "pyaps"})
    labels = [fix["label"] for fix in fixes_of("correct_troposphere", "No credentials.", skip, template)]
    assert labels[1:] == ["Try again", "Use height correlation instead", "Skip troposphere"]
    refused = fixes_of("correct_troposphere", "The licence has not been accepted.", "", template)
    assert refused[0]["href"].startswith("https://cds.climate.copernicus.eu/")
    assert fixes_of("velocity", "Set mintpy.a.b = 5.", "", template)[1]["values"] == {"mintpy.a.b": "5"}


# products


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("inputs/ifgramStack.h5", "network"),
        ("rms_timeseriesResidual_ramp.txt", "table"),
        ("numTriNonzeroIntAmbiguity.png", "figure"),
        ("rms_timeseriesResidual_ramp.pdf", "figure"),
        ("velocity.h5", "layer"),
        ("timeseries.h5", "layer"),
        ("maskTempCoh.h5", "layer"),
    ],
)
def test_products_are_shown_in_place(show, finished_run, file, kind):
    if not (finished_run.work_dir / file).is_file():
        pytest.skip(f"this MintPy leaves no {file}")
    runner = show(finished_run.work_dir)
    answer = ask(runner, "open", {"file": file})
    assert answer["ok"], answer
    assert answer["payload"]["kind"] == kind
    json.dumps(answer["payload"])


def test_a_table_has_the_numbers_of_its_file(show, finished_run):
    runner = show(finished_run.work_dir)
    table = ask(runner, "open", {"file": "rms_timeseriesResidual_ramp.txt"})["payload"]
    dates, rms = np.loadtxt(finished_run.work_dir / "rms_timeseriesResidual_ramp.txt", unpack=True)
    assert [int(cells[0]) for cells in table["rows"]] == dates.astype(int).tolist()
    assert [float(cells[1]) for cells in table["rows"]] == rms.tolist()
    assert table["columns"] == ["Date", "RMS (m)"]


def test_the_network_is_that_of_the_stack(show, finished_run):
    network = ask(show(finished_run.work_dir), "open", {"file": "inputs/ifgramStack.h5"})["payload"][
        "network"
    ]
    with h5py.File(finished_run.work_dir / "inputs" / "ifgramStack.h5") as file:
        pairs, bperp = file["date"][:].astype(str), file["bperp"][:]
    place = {date["date"]: date["bperp"] for date in network["dates"]}
    assert sorted(place) == sorted(set(pairs.ravel()))
    found = [place[b] - place[a] for a, b in pairs]
    assert np.allclose(found, bperp, atol=1.0)


def test_a_layer_sets_the_trait_and_a_linked_map_shows_it(show, finished_run):
    class Map(traitlets.HasTraits):
        layer = traitlets.Unicode()
        results = traitlets.Any()

    runner = show(finished_run.work_dir)
    about = ask(runner, "open", {"file": "velocity.h5"})["payload"]
    assert runner.layer == about["layer"] == "velocity"
    with h5py.File(finished_run.work_dir / "velocity.h5") as file:
        values = file["velocity"][:]
    valid = values[values != 0]
    assert about["units"] == "mm/yr"
    assert about["high"] == pytest.approx(1000 * np.abs(np.percentile(valid, (2, 98))).max(), rel=0.05)
    assert about["low"] == -about["high"]
    answer = ask(runner, "open", {"file": "velocity.h5", "layer": "velocityStd"})
    assert runner.layer == answer["payload"]["layer"] == "velocityStd"
    map_ = Map()
    linked = show(finished_run.work_dir, map=map_)
    assert ask(linked, "open", {"file": "temporalCoherence.h5"})["payload"]["kind"] == "map"
    assert map_.layer == "temporalCoherence"
    assert map_.results is linked.results


@pytest.mark.parametrize("file", ["../secret.txt", "gone.h5", "/etc/hostname"])
def test_nothing_outside_the_folder_and_nothing_that_is_gone(show, finished, file):
    (finished.parent / "secret.txt").write_text("x")
    answer = ask(show(finished), "open", {"file": file})
    assert not answer["ok"]
    assert "not there" in answer["error"]["message"]


# a folder that cannot be written to


def test_a_read_only_folder_can_be_looked_at(show, finished_run, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place = tmp_path / "mount"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", place], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        work = shutil.copytree(finished_run.work_dir, place / "run", symlinks=True)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        runner = show(work)
        assert runner.states["velocity"] == "completed"
        assert runner._head["writable"] is False
        assert not ask(runner, "start", {"steps": ["velocity"]})["ok"]
        before = runner.template
        assert not ask(runner, "switch", {"step": "deramp", "on": True})["ok"]
        assert runner.template == before
        assert ask(runner, "open", {"file": "velocity.h5"})["ok"]
        runner.results = None
        runner.close()
    finally:
        subprocess.run(["umount", "-l", place], check=True)


# logs


def shown(text: str) -> list[str]:
    """What a terminal leaves of a log, line by line."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def test_a_log_that_grows_is_read_line_by_line(tmp_path):
    random = np.random.default_rng(3)
    file = tmp_path / "step.log"
    file.touch()
    log, text = StepLog(file), ""
    for number in range(3000):
        if number % 7 == 0:
            text += "".join(f"\r[{percent}%]" for percent in range(random.integers(1, 60)))
        text += f"line {number} " + "ä" * int(random.integers(0, 90)) + "\n"
    text += "no end yet"
    raw, at = text.encode(), 0
    while at < len(raw):
        step = int(random.integers(1, 60_000))
        with file.open("ab") as out:
            out.write(raw[at : at + step])
        at += step
        log.look()
    wanted = shown(text)
    assert log.look()[0] == len(wanted)
    for start, count in ((0, 10), (1234, 500), (2990, 50), (-20, 20)):
        assert list(log.read(start, count).lines) == (
            wanted[start:] if start < 0 else wanted[start : start + count]
        )
    hits = [number for number, line in enumerate(wanted) if "line 29" in line]
    assert log.search("LINE 29") == (hits, len(wanted))
    assert log.search("line 29", 2950)[0] == [number for number in hits if number >= 2950]
    assert log.text(10**9)[0] == "\n".join(wanted)
    epoch = log.look()[2]
    file.write_text("begun anew\n")
    assert log.read(0, 5).lines == ("begun anew",)
    assert log.look()[2] == epoch + 1


def test_a_huge_log_never_is_in_memory(tmp_path):
    file = tmp_path / "step.log"
    block = "".join(f"{number:6d} a line of a long log, with a few words in it\n" for number in range(10_000))
    with file.open("w") as out:
        for _ in range(30):
            out.write(block)
        out.write("[>  ] 1%\r" * 1_000_000)
    log = StepLog(file)
    tracemalloc.start()
    assert log.look()[0] == 300_001
    assert log.read(150_000, 2).lines[0].startswith("     0 a line")
    assert log.read(-1, 1).lines == ("[>  ] 1%",)
    assert len(log.search("9999 a line")[0]) == 30
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000 < file.stat().st_size / 10


def test_the_log_of_a_step_is_that_of_the_run(show, finished_run):
    runner = show(finished_run.work_dir)
    answer = ask(runner, "log", {"step": "velocity", "start": 0, "count": 1000})["payload"]
    text = (finished_run.work_dir / ".insar_widgets" / "logs" / "15_velocity.log").read_bytes().decode()
    assert [line for line, _ in answer["lines"]] == shown(text)
    bars = ask(runner, "log", {"step": "load_data", "start": 0, "count": 1000})["payload"]["lines"]
    assert "\n".join(line for line, _ in bars) == finished_run.log("load_data").rstrip("\n")
    warned = ask(runner, "log", {"step": "load_data", "start": 0, "count": 1000})["payload"]["lines"]
    assert [kind for line, kind in warned if line.startswith("WARNING")] == ["w"] * sum(
        line.startswith("WARNING") for line, _ in warned
    )
    assert not ask(runner, "log", {"step": "../../etc", "start": 0, "count": 1})["ok"]


def test_events_are_read_from_where_they_ended_and_a_torn_line_waits(tmp_path):
    file = tmp_path / "events.jsonl"
    reader, facts = EventReader(file), Facts()
    assert reader.read() == []
    first = {
        "event": "run-start",
        "time": 5.0,
        "run": "a",
        "pid": 7,
        "steps": [{"name": "velocity", "why": "x"}],
    }
    second = json.dumps({"event": "step-start", "time": 6.0, "run": "a", "step": "velocity"})
    file.write_text(json.dumps(first) + "\n" + second[:20])
    assert reader.read() == [first]
    assert reader.read() == []
    with file.open("a") as out:
        out.write(second[20:] + "\n{torn\n")
    events = reader.read()
    assert [facts.take(event) for event in (first, *events)] == [True, True]
    assert (facts.current, facts.planned, facts.pid) == ("velocity", {"velocity": "x"}, 7)
    file.write_text("")
    assert reader.read() is None


def test_unknown_questions_are_answered_in_words(show, finished_run):
    answer = ask(show(finished_run.work_dir), "no such thing")
    assert not answer["ok"]
    with pytest.raises(InsarWidgetsError, match="cannot be switched"):
        show(finished_run.work_dir).switch("velocity", on=False)


def test_a_file_that_is_taken_away_just_then_is_no_error_and_one_that_stays_away_is_said(
    show, finished, monkeypatch
):
    runner = show(finished)
    missing = FileNotFoundError(2, "No such file or directory", str(finished / "timeseries.h5"))

    def taken(*_: object) -> None:
        raise missing

    with monkeypatch.context() as context:
        context.setattr(Run, "status", taken)
        runner.refresh()
        assert runner._error is None
        for _ in range(3):
            runner.refresh()
        assert "timeseries.h5" in runner._error["message"]
    runner.refresh()
    assert runner._error is None
    assert row(runner, "velocity")["state"] == "completed"
