"""Manifests are whole or absent; a lock lives as long as its process."""

import subprocess
import sys

import pytest

from insar_widgets.errors import RunError
from insar_widgets.runner.state import Lock, Store

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
    store.write_manifest("velocity", {"digest": "abc", "outputs": {"velocity.h5": [1, 2]}})
    assert store.manifest("velocity") == {"digest": "abc", "outputs": {"velocity.h5": [1, 2]}}
    assert [p.name for p in store.manifest_path("velocity").parent.iterdir()] == ["15_velocity.json"]
    store.manifest_path("velocity").write_text('{"digest": "ab')
    assert store.manifest("velocity") is None


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
