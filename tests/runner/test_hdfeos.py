"""HDF-EOS5 of burst products, whose relative orbit MintPy's reading of HyP3 leaves out."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from insar_widgets import Run, Template, simulate_stack
from insar_widgets.errors import RunError
from insar_widgets.runner.orbit import relative_orbit

pytestmark = pytest.mark.mintpy


def test_the_file_of_a_burst_stack_is_written_and_mintpy_reads_it(tmp_path):
    stack = simulate_stack(tmp_path / "hyp3", shape=(60, 80), dates=5, family="burst", seed=2)
    template = Template.for_stack(stack.prepare(tmp_path / "prepared"), name="small").with_options(
        {"mintpy.save.hdfEos5": True, "mintpy.save.kmz": False}
    )
    run = Run(tmp_path / "work", template)
    assert run.start().wait(timeout=300) == "completed", run.failure
    # simulated of Sentinel-1A, whose relative orbit follows from the absolute one
    orbit = (int(stack.products[0].metadata["Reference Orbit Number"]) - 73) % 175 + 1
    (path,) = run.work_dir.glob("*.he5")
    first, last = stack.dates[0], stack.dates[-1]
    assert path.name == f"S1_IW2_{orbit:03d}_0000_{first}_{last}.he5"
    assert f"relative orbit {orbit}, from the names of the products" in run.log("hdfeos5")

    from mintpy.objects import HDFEOS
    from mintpy.utils import readfile

    about = readfile.read_attribute(str(path))
    assert (about["FILE_TYPE"], int(about["relative_orbit"])) == ("HDFEOS", orbit)
    archive = HDFEOS(str(path))
    archive.open(print_msg=False)
    assert archive.dateList == list(stack.dates)
    (name,) = (name for name in readfile.get_slice_list(str(path)) if name.endswith(f"displacement-{last}"))
    read, _ = readfile.read(str(path), datasetName=name)
    with h5py.File(run.work_dir / series_of(run), locking=False) as file:
        assert np.array_equal(read, file["timeseries"][-1], equal_nan=True)
        assert "relative_orbit" not in file.attrs, "MintPy's own files stay as MintPy writes them"

    run = Run(run.work_dir, template.with_options({"hdfeos5.relative_orbit": 7}))  # what the user says counts
    assert run.start("hdfeos5").wait(timeout=120) == "completed", run.failure
    assert [path.name for path in run.work_dir.glob("*.he5")] == [f"S1_IW2_007_0000_{first}_{last}.he5"]


def series_of(run):
    return next(file for file in run.plans["hdfeos5"].reads if file.startswith("timeseries"))


MULTI = "S1_044_000000s1n00-093117s2n01-093118s3n01_IW_20250718_20250730_VV_INT80_B4FA_unw_phase.tif"
SINGLE = "S1_136232_IW2_20200604_20200616_VV_INT80_663F_unw_phase.tif"


@pytest.mark.parametrize(
    ("name", "orbit"),
    # of the absolute orbits in their metadata, data/hyp3_metadata: 60141 and 32861 of Sentinel-1A
    [(MULTI, (60141 - 73) % 175 + 1), (SINGLE, (32861 - 73) % 175 + 1)],
)
def test_the_names_of_genuine_burst_products_tell_their_orbit(name, orbit):
    assert (
        relative_orbit([f"/data/{name}", f"/data/{name.replace('unw_phase', 'corr')}", "/data/dem.tif"])
        == orbit
    )


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((), "do not tell"),
        (("renamed.tif",), "do not tell"),
        ((MULTI, SINGLE), "are of relative orbits 44, 64"),
    ],
)
def test_where_the_orbit_cannot_be_known_the_remedy_is_said(names, why):
    with pytest.raises(RunError, match=rf"{why}[^\n]*\nWrite it into the template"):
        relative_orbit(names)
