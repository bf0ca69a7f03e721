"""What `Template.effective` says is what MintPy itself computes, for every option."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from insar_widgets.runner.options import options
from insar_widgets.runner.template import Template

pytestmark = pytest.mark.mintpy

# Reads [work_dir, template] pairs, opens each as smallbaselineApp does, answers with the options in force.
MINTPY = """
import contextlib, io, json, sys
from mintpy.smallbaselineApp import TimeSeriesAnalysis
answers = []
for work_dir, template in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        app = TimeSeriesAnalysis(template, work_dir)
        app.open()
        app.close()
    answers.append(app.template)
print(json.dumps(answers))
"""


def mintpys_own(runs: Sequence[tuple[Path, Path]]) -> list[dict[str, Any]]:
    """The options MintPy has in force after opening each work directory with its template, in turn."""
    done = subprocess.run(
        [sys.executable, "-c", MINTPY],
        input=json.dumps([[str(work_dir), str(template)] for work_dir, template in runs]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


VALUES = [
    *("auto", "def", "default", "y", "on", "true", "n", "off", "false", "yes", "no", "none"),
    *("True", "NO", "None", "Auto", "On", "Quadratic-X", "7", "~/a/$HOME/${HOME}x/$UNSET_HERE", "a = b"),
]


def test_every_option_with_every_kind_of_value(tmp_path: Path) -> None:
    templates = [Template({option.key: value for option in options()}) for value in VALUES]
    runs = [
        (tmp_path / f"work{number}", template.write(tmp_path / f"project{number}.txt"))
        for number, template in enumerate(templates)
    ]
    for value, template, truth in zip(VALUES, templates, mintpys_own(runs), strict=True):
        assert template.effective() == truth, value


SPECIAL = {
    "nothing": "",
    "unknown options": "mintpy.no.such = 1\nORBIT_DIRECTION = ASCENDING\n",
    "the old name of the processor": "processor = hyp3\n",
    "the old name wins": "processor = hyp3\nmintpy.load.processor = isce\n",
    "local cluster": "mintpy.compute.cluster = local\n",
    "cluster in capitals": "mintpy.compute.cluster = Local\n",
    "slurm": "mintpy.compute.cluster = slurm\n",
    "slurm with workers": "mintpy.compute.cluster = slurm\nmintpy.compute.numWorker = 8\n",
    "kmz without geocoding": "mintpy.geocode = no\nmintpy.save.kmz = yes\n",
    "hdfeos5 without geocoding": "mintpy.geocode = no\nmintpy.save.kmz = no\nmintpy.save.hdfEos5 = yes\n",
    "no geocoding at all": "mintpy.geocode = off\nmintpy.save.kmz = n\n",
    "capitals and hyphens": "mintpy.deramp = LINEAR\nmintpy.troposphericDelay.method = Height-Correlation\n",
    "twice": "mintpy.deramp = linear\nmintpy.deramp = quadratic\n",
    "twice, once empty": "mintpy.deramp = linear\nmintpy.deramp =\n",
    "comments": "mintpy.deramp = linear # why\n!mintpy.plot = no\n% mintpy.plot = no\n  # mintpy.plot = no\n",
    "windows": "mintpy.deramp = linear\r\nmintpy.plot = no\r\n",
    "old mac": "mintpy.deramp = linear\rmintpy.plot = no\r",
    "an empty variable": "mintpy.deramp = $EMPTY_HERE\n",
    "a variable with a comment": "mintpy.load.demFile = ${HASH_HERE}/dem.tif\n",
    "byte order mark": "\ufeffmintpy.deramp = linear\nmintpy.plot = no\n",
    "form feed": "mintpy.deramp = linear\x0cmintpy.plot = no\n",
}


def test_loose_spellings_and_oddities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY_HERE", "")
    monkeypatch.setenv("HASH_HERE", "/data#1")
    runs = []
    for number, text in enumerate(SPECIAL.values()):
        path = tmp_path / f"project{number}.txt"
        path.write_bytes(text.encode())
        runs.append((tmp_path / f"work{number}", path))
    for (name, _), (_, path), truth in zip(SPECIAL.items(), runs, mintpys_own(runs), strict=True):
        assert Template.read(path).effective() == truth, name


def test_a_used_work_directory_keeps_what_the_template_dropped(tmp_path: Path) -> None:
    work_dir = tmp_path / "work"
    first = Template(
        {
            "mintpy.deramp": "linear",
            "mintpy.network.excludeDate": "20180705",
            "mintpy.compute.cluster": "local",
            "mintpy.reference.lalo": "19.4,-99.1",
            "mintpy.load.unwFile": "/data/[[]1]/*/*_unw_phase.tif",
            "mintpy.troposphericDelay.weatherDir": "~/weather",
        }
    )
    mintpys_own([(work_dir, first.write(tmp_path / "first.txt"))])
    second = Template({"mintpy.deramp": "quadratic", "mintpy.plot": "no"})
    told = second.effective(work_dir)
    truth = mintpys_own([(work_dir, second.write(tmp_path / "second.txt"))])[0]
    assert told == truth
    assert truth["mintpy.network.excludeDate"] == "20180705"


def test_reset_for_a_used_work_directory_equals_a_fresh_one(tmp_path: Path) -> None:
    used = tmp_path / "used"
    settings = {option.key: "no" if "auto" in option.default else "auto" for option in options()}
    mintpys_own([(used, Template(settings).write(tmp_path / "first.txt"))])
    template = Template({"mintpy.deramp": "linear"})
    mended = template.for_work_dir(used)
    told = mended.effective(used)
    runs = [
        (used, mended.write(tmp_path / "mended.txt")),
        (tmp_path / "fresh", template.write(tmp_path / "plain.txt")),
    ]
    in_used, in_fresh = mintpys_own(runs)
    assert in_used == in_fresh == told == template.effective()


def test_a_work_directory_of_an_older_mintpy(tmp_path: Path) -> None:
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    (work_dir / "smallbaselineApp.cfg").write_text(
        "mintpy.deramp = linear\nmintpy.was.dropped = 3\nmintpy.plot = no  # mine\n", encoding="utf-8"
    )
    template = Template({"mintpy.network.tempBaseMax": 48})
    told = template.effective(work_dir)
    truth = mintpys_own([(work_dir, template.write(tmp_path / "project.txt"))])[0]
    assert told == truth
    assert (truth["mintpy.deramp"], truth["mintpy.plot"]) == ("linear", False)


def test_environment_is_that_of_this_process(tmp_path: Path) -> None:
    template = Template({"mintpy.load.demFile": "$HOME/dem.tif"})
    assert template["mintpy.load.demFile"] == "$HOME/dem.tif"
    assert template.effective()["mintpy.load.demFile"] == f"{os.environ['HOME']}/dem.tif"
