"""The options are those of the installed MintPy, whatever its version."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from insar_widgets.errors import MissingDependencyError, TemplateError
from insar_widgets.runner._option_steps import options_of_step, resources_of_step
from insar_widgets.runner.option_search import search_options
from insar_widgets.runner.options import defaults_folder, options, read_options
from insar_widgets.runner.steps import STEPS


@pytest.fixture(scope="module")
def by_key():
    return {option.key: option for option in options()}


def test_every_option_of_the_default_template_appears_once() -> None:
    text = (defaults_folder() / "smallbaselineApp.cfg").read_text(encoding="utf-8")
    keys = re.findall(r"^(mintpy\.[\w.]+)\s*=", text, flags=re.MULTILINE)
    assert [option.key for option in options()] == keys
    assert len(keys) >= 121


def test_auto_is_what_the_auto_file_says(by_key) -> None:
    text = (defaults_folder() / "smallbaselineApp_auto.cfg").read_text(encoding="utf-8")
    pairs = re.findall(r"^(mintpy\.[\w.]+)\s*=\s*(\S+)", text, flags=re.MULTILINE)
    assert {key: by_key[key].auto for key, _ in pairs} == dict(pairs)


def test_every_option_belongs_to_a_step_or_to_none_of_them(by_key) -> None:
    names = {step.name for step in STEPS}
    assert {option.step for option in by_key.values()} - names == {"compute", "plot"}
    assert by_key["mintpy.reference.date"].step == "reference_date"
    assert by_key["mintpy.save.kmz"].step == "google_earth"


@pytest.mark.parametrize(
    ("key", "kind", "choices"),
    [
        ("networkInversion.weightFunc", "choice", ("var", "fim", "coh", "no")),
        ("unwrapError.method", "choice", ("bridging", "phase_closure", "bridging+phase_closure", "no")),
        ("load.processor", "choice", ("isce", "aria", "hyp3", "gmtsar", "snap", "gamma", "roipac", "nisar")),
        ("unwrapError.ramp", "choice", ("linear", "quadratic", "no")),
        ("troposphericDelay.polyOrder", "choice", ("1", "2", "3")),
        ("network.minCoherence", "number", ()),
        ("network.tempBaseMax", "number", ("no",)),
        ("network.connNumMax", "integer", ("no",)),
        ("topographicResidual.polyOrder", "integer", ()),
        ("compute.numWorker", "integer", ("all",)),
        ("networkInversion.minRedundancy", "number", ()),
        ("network.startDate", "date", ("no",)),
        ("network.excludeDate", "dates", ("no",)),
        ("topographicResidual.excludeDate", "dates", ("no",)),
        ("timeFunc.excludeDate", "dates", ("no",)),
        ("network.excludeDate12", "pairs", ("no",)),
        ("network.excludeIfgIndex", "indices", ("no",)),
        ("timeFunc.exp", "onsets", ("no",)),
        ("timeFunc.periodic", "numbers", ("no",)),
        ("reference.lalo", "coordinate", ()),
        ("reference.yx", "coordinate", ()),
        ("subset.lalo", "box", ("no",)),
        ("load.unwFile", "pattern", ()),
        ("load.demFile", "file", ()),
        ("troposphericDelay.gacosDir", "folder", ()),
        ("reference.date", "date", ("no",)),
        ("geocode.fillValue", "free", ("0",)),
    ],
)
def test_the_kind_fits_what_mintpy_reads(by_key, key: str, kind: str, choices: tuple[str, ...]) -> None:
    option = by_key[f"mintpy.{key}"]
    assert (option.kind, option.choices) == (kind, choices)


def test_ranges_and_units_come_from_the_comment(by_key) -> None:
    coherence = by_key["mintpy.network.minCoherence"]
    assert (coherence.minimum, coherence.maximum, coherence.exclusive) == (0, 1, False)
    memory = by_key["mintpy.compute.maxMemory"]
    assert (memory.minimum, memory.maximum, memory.exclusive, memory.unit) == (0, None, True, "GB")
    assert by_key["mintpy.network.tempBaseMax"].unit == "days"
    assert by_key["mintpy.timeFunc.periodic"].unit == "years"


def test_help_and_notes_are_mintpys_own_words(by_key) -> None:
    workers = by_key["mintpy.compute.numWorker"]
    assert workers.auto_help == "4 (local) or 40 (slurm / pbs / lsf)"
    assert workers.help == "num of workers"
    assert "numWorker = all" in workers.notes
    assert "inverse of covariance" in by_key["mintpy.networkInversion.weightFunc"].notes
    assert by_key["mintpy.load.unwFile"].help == "path pattern of unwrapped interferogram files"


def _newer_mintpy(folder: Path, *, line: str, auto: str = "") -> Path:
    shutil.copytree(defaults_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, addition in (("smallbaselineApp.cfg", line), ("smallbaselineApp_auto.cfg", auto)):
        file = folder / name
        before, heading, after = re.split(r"(#{10} (?:9\. )?deramp)", file.read_text(encoding="utf-8"))
        file.write_text(f"{before}{addition}\n\n{heading}{after}", encoding="utf-8")
    return folder


def test_an_option_of_a_newer_mintpy_appears_by_itself(tmp_path: Path) -> None:
    folder = _newer_mintpy(
        tmp_path / "defaults",
        line="mintpy.troposphericDelay.grace = auto  #[1-9], auto for 3, days of grace\n"
        "mintpy.moonPhase.method = auto",
        auto="mintpy.troposphericDelay.grace = 3",
    )
    new = {option.key: option for option in read_options(folder)}
    assert len(new) == len(options()) + 2
    grace = new["mintpy.troposphericDelay.grace"]
    assert (grace.step, grace.kind, grace.auto, grace.help) == (
        "correct_troposphere",
        "integer",
        "3",
        "days of grace",
    )
    assert (grace.minimum, grace.maximum) == (1, 9)
    moon = new["mintpy.moonPhase.method"]
    assert (moon.group, moon.kind, moon.auto, moon.help) == ("moonPhase", "free", "", "")


def test_a_folder_without_a_template_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=re.escape(str(tmp_path))):
        read_options(tmp_path)


def test_without_mintpy_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults_folder.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=re.escape('pip install "insar-widgets[mintpy]"')):
        defaults_folder()


def test_mintpy_is_not_imported_for_its_options() -> None:
    code = (
        "import sys; from insar_widgets.runner.options import options\n"
        "options(); print('mintpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_option_is_obeyed_by_a_step_or_is_about_resources() -> None:
    obeyed = {key for step in STEPS for key in (*options_of_step(step.name), *resources_of_step(step.name))}
    assert {option.key for option in options()} - obeyed == {"mintpy.plot.dpi", "mintpy.plot.maxMemory"}


def test_options_that_a_step_reads_from_elsewhere() -> None:
    assert "mintpy.unwrapError.method" in options_of_step("invert_network")
    assert "mintpy.networkInversion.minTempCoh" in options_of_step("geocode")
    assert "mintpy.topographicResidual" in options_of_step("velocity")
    assert "mintpy.reference.date" not in options_of_step("reference_point")
    assert "mintpy.compute.numWorker" not in options_of_step("invert_network")
    assert "mintpy.compute.numWorker" in resources_of_step("invert_network")
    with pytest.raises(ValueError, match="invert_network"):
        options_of_step("inversion")


@pytest.mark.mintpy
def test_each_step_names_every_option_its_module_reads() -> None:
    """The modules of MintPy that a step calls read no option that we do not know the step to obey."""
    package = defaults_folder().parent
    modules = {
        "modify_network": ["cli/modify_network.py"],
        "reference_point": ["reference_point.py"],
        "correct_unwrap_error": [
            "unwrap_error_bridging.py",
            "cli/unwrap_error_bridging.py",
            "cli/unwrap_error_phase_closure.py",
        ],
        "correct_topography": ["dem_error.py", "cli/dem_error.py"],
        "residual_RMS": ["timeseries_rms.py"],
        "reference_date": ["cli/reference_date.py"],
        "velocity": ["cli/timeseries2velocity.py"],
        "geocode": ["cli/geocode.py"],
        "hdfeos5": ["save_hdfeos5.py"],
    }
    known = {option.key for option in options()}
    for step, files in modules.items():
        text = "\n".join((package / file).read_text(encoding="utf-8") for file in files)
        read = {f"mintpy.{key}" for key in re.findall(r"key = 'mintpy\.([\w.]+)'", text)}
        names = set(re.findall(r"'(\w+)'", text))
        prefixes = re.findall(r"prefix = '(mintpy\.[\w.]+\.)'", text)
        read |= {prefix + name for prefix in prefixes for name in names} & known
        assert read, step
        assert read <= {*options_of_step(step), *resources_of_step(step)}, step


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("exclude these dates", "mintpy.network.excludeDate"),
        ("exclude pairs", "mintpy.network.excludeDate12"),
        ("excludeDate12", "mintpy.network.excludeDate12"),
        ("mintpy.network.tempBaseMax", "mintpy.network.tempBaseMax"),
        ("temporal baseline", "mintpy.network.tempBaseMax"),
        ("number of workers", "mintpy.compute.numWorker"),
        ("ramp", "mintpy.unwrapError.ramp"),
        ("seasonal periods", "mintpy.timeFunc.periodic"),
        ("reference date", "mintpy.reference.date"),
        ("troposphere method", "mintpy.troposphericDelay.method"),
        ("WEIGHT", "mintpy.networkInversion.weightFunc"),
    ],
)
def test_an_option_is_found_by_what_it_does(query: str, first: str) -> None:
    assert search_options(query)[0].key == first


def test_searching_for_nothing_or_for_what_is_not_there() -> None:
    assert search_options("  ") == options()
    assert search_options("xyzzy") == []
