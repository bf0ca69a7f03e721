"""Bad disks: full, read-only, of odd names, reached by a link; and inputs that stay as they were."""

from __future__ import annotations

import glob
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from insar_widgets import Run, Template, simulate_stack
from insar_widgets.errors import RunError
from insar_widgets.runner.links import link_inputs
from insar_widgets.runner.lock import Lock
from insar_widgets.runner.state import Store
from support.arrays import assert_same_arrays, assert_same_attributes

pytestmark = pytest.mark.mintpy


def mounted(*arguments: str) -> None:
    result = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(f"nothing can be mounted here ({result.stderr.strip()})")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.5 MB, room for the stack but not for everything."""
    place = tmp_path / "small disk"
    place.mkdir()
    mounted("-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def largest_file() -> Iterator[None]:
    """Processes started meanwhile may write files of up to 300 kB: a stack has 400."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_after_making_room_nothing_is_lost(finished_run, small_disk):
    run = Run(small_disk / "small", finished_run.template)
    assert run.start().wait(timeout=300) == "failed"
    reason, remedy = run.failure
    assert "disk is full" in reason.lower() and "start again" in remedy
    states = run.states()
    assert states["load_data"] == "completed" and "failed" in states.values()
    assert not os.path.lexists(run.work_dir / "velocity.h5")
    assert "run-end" in [e["event"] for e in run.events()]
    mounted("-o", "remount,size=20m", str(small_disk))
    assert run.start().wait(timeout=300) == "completed", run.failure
    loaded = [e for e in run.events() if e["event"] == "step-start" and e["step"] == "load_data"]
    assert len(loaded) == 1
    assert_same_arrays(run.work_dir, finished_run.work_dir)
    assert_same_attributes(run.work_dir, finished_run.work_dir)


def test_a_limit_of_the_size_of_files_is_said(finished_run, tmp_path, largest_file):
    run = Run(tmp_path / "small", finished_run.template)
    # HDF5 may take the process down when it can't close a file; the watch beside it tells why
    assert run.start().wait(timeout=300) in ("failed", "interrupted")
    assert "limit" in " ".join(run.failure)
    assert run.states()["load_data"] in ("failed", "interrupted")
    assert not os.path.lexists(run.work_dir / "inputs" / "ifgramStack.h5")


def test_a_read_only_folder_can_be_looked_at_but_not_run_in(finished_run, tmp_path):
    """Read-only by mounting, because the tests may run as root, who may write anywhere."""
    place = tmp_path / "read only"
    shutil.copytree(finished_run.work_dir, place, symlinks=True)
    mounted("--bind", str(place), str(place))
    try:
        mounted("-o", "remount,ro,bind", str(place))
        run = Run(place, finished_run.template)
        assert set(run.states().values()) == {"completed", "off"}
        with pytest.raises(RunError, match=r"Nothing can be written into .*read only.*choose another"):
            run.start(steps="velocity")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_folder_of_an_odd_name_reached_by_a_link_and_inputs_that_are_read_only(prepared_stack, tmp_path):
    products = tmp_path / "Größe [1]" / "hyp3"
    shutil.copytree(prepared_stack.root, products)
    for path in products.rglob("*.rsc"):
        path.unlink()
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in products.rglob("*")}
    work_dir = tmp_path / "übung & mehr" / "w"
    work_dir.mkdir(parents=True)
    (tmp_path / "short").symlink_to(work_dir)
    plain = {
        "mintpy.load.processor": "hyp3",
        **{
            f"mintpy.load.{key}": f"{tmp_path}/Größe [[]1]/hyp3/*/*{layer}.tif"
            for key, layer in {
                "unwFile": "_unw_phase",
                "corFile": "_corr",
                "demFile": "_dem",
                "incAngleFile": "_lv_theta",
                "azAngleFile": "_lv_phi",
                "waterMaskFile": "_water_mask",
            }.items()
        },
    }
    mounted("--bind", str(products), str(products))
    try:
        mounted("-o", "remount,ro,bind", str(products))
        run = Run(tmp_path / "short", Template(plain, name="w"))
        assert run.work_dir == work_dir
        assert run.start(to="modify_network").wait(timeout=300) == "completed", run.failure
    finally:
        subprocess.run(["umount", "-l", str(products)], check=True)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in products.rglob("*")} == before
    assert not (run.work_dir / ".insar_widgets" / "inputs").exists()
    manifest = Store(work_dir).manifest("load_data")
    assert {p for p in manifest["inputs"] if p.endswith("_unw_phase.tif")} == {
        str(p) for p in products.glob("*/*_unw_phase.tif")
    }
    with h5py.File(work_dir / "inputs" / "ifgramStack.h5") as file:
        assert len(file["date"]) == len(prepared_stack.pairs)
        assert file.attrs["mintpy.load.unwFile"] == plain["mintpy.load.unwFile"]
    assert Lock(Store(tmp_path / "short")).holder() is None


@pytest.mark.parametrize("family", ["burst", "multiburst"])
def test_products_of_the_burst_families_are_found_through_links(family, tmp_path):
    """Against the products' own metadata files."""
    stack = simulate_stack(tmp_path / "hyp3", shape=(40, 50), dates=3, family=family, seed=2, gnss=False)
    prepared = stack.prepare(tmp_path / "prepared")
    for path in prepared.root.rglob("*.rsc"):
        path.unlink()
    before = sorted(prepared.root.rglob("*"))
    run = Run(tmp_path / "w", Template.for_stack(prepared, name="w"))
    assert run.start(to="load_data").wait(timeout=300) == "completed", run.failure
    assert sorted(prepared.root.rglob("*")) == before
    told = dict(
        line.split(":", 1)
        for line in next(prepared.root.glob("*/*.txt")).read_text().splitlines()
        if ":" in line
    )
    with h5py.File(run.work_dir / "inputs" / "ifgramStack.h5") as file:
        assert len(file["date"]) == len(prepared.pairs)
        assert {"unwrapPhase", "coherence", "connectComponent"} <= file.keys()
        assert float(file.attrs["HEIGHT"]) == float(told["Spacecraft height"])
        assert float(file.attrs["STARTING_RANGE"]) == float(told["Slant range near"])


def test_links_keep_names_order_and_metadata(tmp_path):
    names = []
    for folder, date in (("b/S1AA", "20200101"), ("a/S1AA", "20190101"), ("c [x]/S1AA", "20180101")):
        product = tmp_path / folder / f"S1AA_{date}"
        product.mkdir(parents=True)
        (product / f"S1AA_{date}_unw_phase.tif").touch()
        (product / f"S1AA_{date}_unw_phase.tif.rsc").touch()
        (product / f"S1AA_{date}.txt").touch()
        names.append(str(product / f"S1AA_{date}_unw_phase.tif"))
    patterns = link_inputs({"mintpy.load.unwFile": names}, tmp_path / "ours [1]")
    links = [Path(link) for link in sorted(glob.glob(patterns["mintpy.load.unwFile"]))]  # noqa: PTH207 - as MintPy
    assert [str(link.readlink()) for link in links] == names
    for link, name in zip(links, map(Path, names), strict=True):
        assert link.name == name.name and link.parent.name.endswith(name.parent.name)
        assert [p.name for p in link.parent.glob("*.txt")] == [f"{name.parent.name}.txt"]
        assert not list(link.parent.glob("*.rsc"))
