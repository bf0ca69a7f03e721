"""Manifests are whole or absent; a lock lives as long as its process."""

import json
import subprocess
import sys

import pytest

from insar_widgets.errors import RunError
from insar_widgets.runner.state import Lock, Store
from support.runs import copy_of

HOLD = """
import sys
from pathlib import Path
from insar_widgets.runner.state import Lock, Store
Lock(Store(Path(sys.argv[1]))).acquire("theirs")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_manifest_is_read_back_and_a_torn_one_counts_as_none(tmp_path):
    store = Store(tmp_path)
    record = {"bytes": 1, "time": 2, "content": "f0"}
    store.write_manifest("velocity", {"digest": "abc", "outputs": {"velocity.h5": record}})
    assert store.manifest("velocity") == {"digest": "abc", "outputs": {"velocity.h5": record}}
    assert [p.name for p in store.manifest_path("velocity").parent.iterdir()] == ["15_velocity.json"]
    store.manifest_path("velocity").write_text('{"digest": "ab')
    assert store.manifest("velocity") is None


@pytest.mark.mintpy
def test_what_an_earlier_version_wrote_is_understood(finished_run, tmp_path):
    """It noted size and time of a product, and not what is in it."""
    run = copy_of(finished_run, tmp_path / "w")
    for name in finished_run.states():
        path = Store(run.work_dir).manifest_path(name)
        if path.is_file():
            content = json.loads(path.read_text())
            content["outputs"] = {
                file: [one["bytes"], one["time"]] for file, one in content["outputs"].items()
            }
            path.write_text(json.dumps({key: value for key, value in content.items() if key != "engine"}))
    assert run.states() == finished_run.states()
    assert run.engine_of("invert_network") is None
    (run.work_dir / "velocity.h5").touch()
    changed = next(status for status in run.status() if status.name == "velocity")
    assert (changed.state, changed.reason) == ("stale", "velocity.h5 was removed or changed")
    Store(run.work_dir).manifest_path("velocity").write_text('{"v": 0}')
    assert run.states()["velocity"] == "stale", "a record that nobody understands is none"


def test_a_second_process_is_refused_and_told_who_works_there(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        assert Lock(Store(tmp_path)).holder()["pid"] == other.pid
        with pytest.raises(RunError, match=rf"already under way.*process {other.pid}"):
            Lock(Store(tmp_path)).acquire("mine")
        other.kill()
        other.wait()
        other.stdout.close()
        other.stdin.close()
    assert Lock(Store(tmp_path)).holder() is None
    Lock(Store(tmp_path)).acquire("mine")


def test_another_template_is_followed_at_once(finished_run, tmp_path):
    run = copy_of(finished_run, tmp_path / "run")
    assert run.states()["deramp"] == "off"
    run.template = run.template.with_options({"mintpy.deramp": "linear"})
    assert run.states()["deramp"] == "pending"
    assert run.states()["velocity"] == "stale"
