"""Each finding on a template broken in just that way; a template of a good stack has none.

What products, and what the machine say against a template is tested in files of their own.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from insar_widgets.hyp3 import Stack
from insar_widgets.runner.options import defaults_folder, sensor_of
from insar_widgets.runner.presets import presets
from insar_widgets.runner.template import Template
from support.templates import found, mintpy

pytestmark = pytest.mark.usefixtures("own_home")


def test_a_good_template_has_no_findings(good: Template, prepared_stack: Stack, tmp_path: Path) -> None:
    assert good.validate(prepared_stack, tmp_path / "work") == []


def test_mintpys_own_default_only_lacks_its_input(own_home: Path) -> None:
    template = Template.read(defaults_folder() / "smallbaselineApp.cfg")
    assert set(found(template)) == {"nothing-to-load", "no-cds-credentials"}


@pytest.mark.parametrize(
    ("key", "good_values", "bad_values"),
    [
        ("network.minCoherence", ["0.7", "1", "auto"], ["1.2", "-0.1", "high", "no", "nan"]),
        ("network.connNumMax", ["3", "no"], ["2.5", "0", "many"]),
        ("network.tempBaseMax", ["48", "36.5", "no"], ["0", "4 weeks"]),
        ("network.startDate", ["20190110", "190110", "no"], ["20190230", "2019-01-10", "201901"]),
        (
            "network.excludeDate",
            ["20190110,20190203", "[20190110]", "no"],
            ["20190110, 20190203", "20191301", "x.txt"],
        ),
        (
            "network.excludeDate12",
            ["20190110_20190203", "190110-190203"],
            ["20190110", "20190110_20190203, 2"],
        ),
        ("network.excludeIfgIndex", ["1:3,5", "0"], ["a", "1-3"]),
        ("networkInversion.weightFunc", ["var", "no", "auto"], ["VAR", "weights", "yes"]),
        ("network.coherenceBased", ["yes", "no", "on", "False", "def"], ["Y", "1", "perhaps"]),
        ("timeFunc.periodic", ["1,0.5", "1", "no"], ["annual"]),
        ("timeFunc.stepDate", ["20190203,20190203T1733", "no"], ["20190203 ,20190227"]),
        ("timeFunc.exp", ["20190203,60;20190203,60,120", "no"], ["20190203", "60,20190203"]),
        ("timeFunc.excludeDate", ["exclude_date.txt", "20190203", "auto"], ["exclude date", "2019"]),
        ("reference.date", ["reference_date.txt", "20190110", "no"], ["first", "20190110,20190203"]),
        ("reference.lalo", ["35.1,-117.9", "auto"], ["35.1 -117.9", "35.1,-117.9,3", "north,west"]),
        ("reference.yx", ["30,40", "auto"], ["30.5,40", "30"]),
        ("subset.lalo", ["35:36,-118:-117", "no"], ["35,36,-118,-117", "35:36", "a:b,c:d"]),
        ("subset.yx", ["0:30,0:40", "[0:30,0:40]"], ["0:30.5,0:40", "30,40"]),
        ("compute.numWorker", ["2", "50%", "all", "auto"], ["two", "150%", "0", "0%"]),
        ("compute.maxMemory", ["2", "0.5"], ["0", "-1", "2GB"]),
        ("deramp", ["linear", "Linear", "no"], ["cubic", "yes"]),
        ("plot", ["yes", "NO", "True"], ["Auto", "maybe"]),
    ],
)
def test_values_of_the_wrong_kind(key: str, good_values: list[str], bad_values: list[str]) -> None:
    for value in good_values:
        findings = Template({f"mintpy.{key}": value}).validate()
        assert "option-value" not in {finding.code for finding in findings}, value
    for value in bad_values:
        finding = found(Template({f"mintpy.{key}": value}))["option-value"]
        assert (finding.severity, finding.key) == ("error", f"mintpy.{key}"), value
        assert value in finding.message
        assert finding.remedy


NETWORK = """
import argparse, contextlib, io, json, sys
from mintpy.cli import modify_network as m
answers = []
for path in sys.argv[1:]:
    inps = argparse.Namespace(file=None, template_file=path, excludeDate=[], excludeDate12=[], connNumMax=None,
                              tempBaseMax=None)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            answers.append(vars(m.read_template2inps(path, inps)))
        except ValueError:
            answers.append(None)
print(json.dumps(answers))
"""


@pytest.mark.mintpy
def test_what_mintpy_makes_of_such_values(tmp_path: Path) -> None:
    """The reason why these are findings: MintPy stops, or looks for a date with a blank before it."""
    cases = [
        ("excludeDate", "20190110, 20190203", ["20190110", " 20190203"]),
        ("excludeDate", "[190110,20190203]", ["20190110", "20190203"]),
        ("excludeDate12", "190110-190203", ["20190110_20190203"]),
        ("connNumMax", "2.5", None),
        ("tempBaseMax", "4 weeks", None),
    ]
    paths = [
        str(Template({f"mintpy.network.{key}": value}).write(tmp_path / f"project{number}.txt"))
        for number, (key, value, _) in enumerate(cases)
    ]
    for (key, _, expected), said in zip(cases, json.loads(mintpy(NETWORK, *paths)), strict=True):
        assert (said and said[key]) == expected


def test_names_and_lines_that_mintpy_overlooks() -> None:
    text = (
        "\ufeffmintpy.plot = no\nmintpy.network.tempBasMax = 48\nmintpy.Deramp = no\nmintpy.quite.new = 1\n"
        "mintpy.deramp =\nmintpy.save.kmz = no\nmintpy.save.kmz = yes\nORBIT_DIRECTION = ASCENDING\n"
    )
    findings = Template.parse(text).validate()
    said = {(finding.code, finding.key): finding.remedy for finding in findings}
    assert "mintpy.network.tempBaseMax" in said["unknown-option", "mintpy.network.tempBasMax"]
    assert "mintpy.deramp" in said["unknown-option", "mintpy.Deramp"]
    assert ("unknown-option", "mintpy.quite.new") in said
    assert ("option-without-value", "mintpy.deramp") in said
    assert ("option-twice", "mintpy.save.kmz") in said
    assert ("byte-order-mark", "mintpy.plot") in said
    assert not any("ORBIT" in key for _, key in said)


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "latin1.txt").write_bytes("# été\nmintpy.plot = no\n".encode("latin-1"))
    assert found(Template.read(tmp_path / "latin1.txt"))["template-encoding"].severity == "error"


@pytest.mark.parametrize(
    ("options", "key", "severity"),
    [
        ({"networkInversion.maskThreshold": 0.5}, "networkInversion.maskThreshold", "warning"),
        (
            {"networkInversion.maskThreshold": 0.5, "networkInversion.maskDataset": "connectComponent"},
            "networkInversion.maskThreshold",
            "warning",
        ),
        ({"network.aoiLALO": "1:2,3:4", "network.coherenceBased": True}, "network.aoiLALO", "warning"),
        ({"network.minCoherence": 0.5}, "network.minCoherence", "info"),
        ({"network.aoiYX": "1:2,3:4"}, "network.aoiYX", "info"),
        ({"unwrapError.ramp": "linear"}, "unwrapError.ramp", "info"),
        ({"compute.numWorker": 3, "compute.cluster": "none"}, "compute.numWorker", "info"),
        ({"troposphericDelay.gacosDir": "/data"}, "troposphericDelay.gacosDir", "info"),
        ({"topographicResidual": False, "residualRMS.cutoff": 2}, "residualRMS.cutoff", "info"),
        ({"timeFunc.bootstrapCount": 100}, "timeFunc.bootstrapCount", "info"),
        ({"geocode.SNWE": "1,2,3,4"}, "geocode.SNWE", "info"),
        ({"reference.yx": "3,4", "reference.lalo": "1,2"}, "reference.yx", "warning"),
        ({"subset.yx": "1:2,3:4", "subset.lalo": "1:2,3:4"}, "subset.yx", "warning"),
    ],
)
def test_options_that_have_no_effect(good: Template, options: dict, key: str, severity: str) -> None:
    changed = good.with_options({f"mintpy.{name}": value for name, value in options.items()})
    finding = next(f for f in changed.validate() if f.code == "ignored-option" and f.key == f"mintpy.{key}")
    assert finding.severity == severity
    assert "no effect" in finding.message


@pytest.mark.parametrize(
    "options",
    [
        {"networkInversion.maskDataset": "coherence", "networkInversion.maskThreshold": 0.5},
        {"network.coherenceBased": True, "network.minCoherence": 0.5, "network.aoiYX": "1:2,3:4"},
        {"deramp": "linear", "deramp.maskFile": "no"},
        {"timeFunc.uncertaintyQuantification": "bootstrap", "timeFunc.bootstrapCount": 100},
    ],
)
def test_options_that_have_an_effect(good: Template, options: dict) -> None:
    assert good.with_options({f"mintpy.{name}": value for name, value in options.items()}).validate() == []


OPEN = """
import contextlib, io, sys
from mintpy.smallbaselineApp import TimeSeriesAnalysis
said = "fine"
with contextlib.redirect_stdout(io.StringIO()):
    try:
        for template in sys.argv[2:]:
            app = TimeSeriesAnalysis(template, sys.argv[1]); app.open(); app.close()
    except Exception as error:
        said = type(error).__name__
print(said)
"""


@pytest.mark.mintpy
@pytest.mark.parametrize(
    ("old", "said"),
    [("/data/plain/*.tif", "fine"), ("/data/[[]1]/*.tif", "fine"), ("/data/a[?]/*.tif", "IndexError")],
)
def test_values_that_an_earlier_run_left(tmp_path: Path, old: str, said: str) -> None:
    work_dir = tmp_path / "work"
    first = Template({"mintpy.load.unwFile": old, "mintpy.deramp": "linear"}).write(tmp_path / "first.txt")
    mintpy(OPEN, str(work_dir), str(first))
    template = Template({"mintpy.load.unwFile": "/data/other/*.tif"})
    second = template.write(tmp_path / "second.txt")
    findings = {(finding.code, finding.key) for finding in template.validate(work_dir=work_dir)}
    assert ("kept-value", "mintpy.deramp") in findings
    assert (("irreplaceable-value", "mintpy.load.unwFile") in findings) == (said != "fine")
    assert mintpy(OPEN, str(work_dir), str(first), str(second)) == said


@pytest.mark.mintpy
def test_project_names_that_mintpy_takes_for_satellites() -> None:
    names = [
        "Nicaragua",
        "nicaragua",
        "KilaueaSenDT5",
        "Environment",
        "Denver",
        "MexicoCity",
        "ALOS2 Alos2",
        "Bioko",
    ]
    code = (
        "import sys, json; from mintpy.objects.sensor import project_name2sensor_name as f\n"
        "print(json.dumps([f(name)[0] for name in sys.argv[1:]]))"
    )
    truth = json.loads(mintpy(code, *names))
    assert [sensor_of(name) or None for name in names] == truth
    assert "Ni" in truth
    assert "project-name-sensor" in found(Template(name="Nicaragua"))
    assert "project-name-sensor" not in found(Template(name="KilaueaSenDT5"))


def test_presets_are_valid_and_replace_each_other(
    good: Template, prepared_stack: Stack, own_home: Path
) -> None:
    from insar_widgets.credentials import write_cds

    write_cds("b2c3d4e5-1111-2222-3333-444455556666", own_home)
    assert list(presets()) == ["quick-look", "standard", "high-quality"]
    templates = {name: preset.apply(good, prepared_stack) for name, preset in presets().items()}
    for name, template in templates.items():
        assert found(template, prepared_stack) == {}, name
        assert presets()[name].title
        assert presets()[name].description
    for name, preset in presets().items():
        for other in templates.values():
            assert dict(preset.apply(other, prepared_stack)) == dict(templates[name])
    assert "mintpy.unwrapError.method" not in templates["high-quality"]
