"""The list of steps is MintPy's own, and what they write follows the template as in MintPy."""

import h5py
import pytest

from insar_widgets.runner import STEPS, Template
from insar_widgets.runner.steps import plan_steps

CHAINS = [
    {},
    {"mintpy.troposphericDelay.method": "height_correlation", "mintpy.deramp": "linear"},
    {"mintpy.troposphericDelay.method": "pyaps", "mintpy.topographicResidual": "no"},
    {"mintpy.solidEarthTides": "yes", "mintpy.troposphericDelay.method": "gacos"},
    {
        "mintpy.troposphericDelay.method": "opera",
        "mintpy.deramp": "quadratic",
        "mintpy.topographicResidual": "no",
    },
]


@pytest.mark.mintpy
def test_steps_are_those_of_mintpy_in_its_order():
    template = pytest.importorskip("mintpy.defaults.template")
    assert [step.name for step in STEPS] == template.STEP_LIST
    assert [step.number for step in STEPS] == list(range(1, 19))


@pytest.mark.mintpy
@pytest.mark.parametrize("options", CHAINS)
def test_names_of_the_time_series_files_are_those_mintpy_uses(options, tmp_path):
    app = pytest.importorskip("mintpy.smallbaselineApp")
    with h5py.File(tmp_path / "timeseries.h5", "w") as file:
        file.attrs.update(PLATFORM="Sen", FILE_TYPE="timeseries", Y_FIRST="0", LENGTH="1", WIDTH="1")
        file["timeseries"] = [[[0.0]]]
    effective = Template({"mintpy.troposphericDelay.method": "no", **options}).effective()
    theirs = app.TimeSeriesAnalysis.get_timeseries_filename(effective, str(tmp_path))
    plans = plan_steps(effective)
    for name in ("correct_SET", "correct_troposphere", "deramp", "correct_topography"):
        changed = theirs[name]["input"] != theirs[name]["output"]
        assert (plans[name].off is None) == changed, name
        if changed:
            assert str(tmp_path / plans[name].reads[0]) == theirs[name]["input"]
            assert str(tmp_path / plans[name].writes[0]) == theirs[name]["output"]
    assert str(tmp_path / plans["velocity"].reads[0]) == theirs["velocity"]["input"]
    assert {str(tmp_path / f) for f in plans["reference_date"].rewrites} == set(
        theirs["reference_date"]["input"]
    )


def test_a_step_that_is_off_says_why():
    plans = plan_steps(
        Template({"mintpy.troposphericDelay.method": "no", "mintpy.save.kmz": "no"}).effective()
    )
    off = {name: plan.off for name, plan in plans.items() if plan.off}
    assert off["google_earth"] == "mintpy.save.kmz = no"
    assert "map coordinates" in off["geocode"] and "Envisat" in off["correct_LOD"]
    assert all(off.values())


def test_every_step_says_what_it_reads_writes_and_obeys():
    by_name = {step.name: step for step in STEPS}
    assert by_name["velocity"].writes == ("velocity.h5", "velocityERA5.h5")
    assert by_name["velocity"].reads[0].startswith("timeseries_SET_ion_ERA5_ramp_demErr")
    assert "mintpy.timeFunc.periodic" in by_name["velocity"].obeys
    assert "timeseries.h5" in by_name["invert_network"].writes
    nothing = {name for name, step in by_name.items() if not step.writes}
    assert nothing == {"correct_LOD", "geocode"}  # neither has anything to do for HyP3 products


@pytest.mark.mintpy
def test_a_finished_run_has_the_files_its_plan_promises_and_no_other(finished_run):
    promised = {f for plan in finished_run.plans.values() if plan.off is None for f in plan.products}
    there = {p.relative_to(finished_run.work_dir).as_posix() for p in finished_run.work_dir.rglob("*.h5")}
    assert there == {file for file in promised if file.endswith(".h5")}
