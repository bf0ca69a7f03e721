"""What goes wrong, really, and the sentence and remedy that the state then carries."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from insar_widgets import Run, Template, find_stack, simulate_stack
from insar_widgets.errors import RunError, TemplateError
from support.arrays import arrays, assert_same_arrays
from support.cds import TOKEN, Cds
from support.runs import copy_of, steps_of_last_run

pytestmark = pytest.mark.mintpy

QUICK = {"mintpy.topographicResidual": "no", "mintpy.reference.date": "no"}
METHOD = "mintpy.troposphericDelay.method"


def failed(run: Run, step: str, **how: str) -> tuple[str, str]:
    """Start the run, which must fail in a step; reason and remedy of its state."""
    assert run.start(**how).wait(timeout=300) == "failed"
    status = next(s for s in run.status() if s.name == step)
    assert status.state == "failed"
    assert (status.reason, status.remedy) == run.failure
    assert status.reason.strip().endswith((".", ")")) and "Traceback" not in status.reason
    assert f"step - {step}" in run.log(step)
    return status.reason, status.remedy


@pytest.mark.parametrize(
    ("step", "options", "reason", "remedy"),
    [
        (
            "reference_point",
            {"mintpy.reference.minCoherence": "0.9999"},
            "No pixel reaches an average spatial coherence of 0.9999",
            "mintpy.reference.lalo",
        ),
        pytest.param(
            "reference_point",
            {"mintpy.reference.lalo": "10, 10"},
            "lies outside the frame",
            "inside",
            marks=pytest.mark.soak,
        ),
        (
            "modify_network",
            {
                "mintpy.network.coherenceBased": "yes",
                "mintpy.network.minCoherence": "0.9999",
                "mintpy.network.keepMinSpanTree": "no",
            },
            "No interferogram is left",
            "minCoherence",
        ),
        pytest.param(
            "invert_network",
            {"mintpy.networkInversion.minTempCoh": "0.99999", "mintpy.networkInversion.minNumPixel": "4000"},
            "Too few pixels reach the minimum temporal coherence",
            "network connected",
            marks=pytest.mark.soak,
        ),
    ],
    ids=["coherence", "reference", "no pairs", "pixels"],
)
def test_options_that_leave_nothing(quick_run, tmp_path, step, options, reason, remedy):  # noqa: PLR0917
    run = copy_of(quick_run, tmp_path / "quick", options)
    said = failed(run, step)
    assert reason in said[0] and remedy in said[1]
    assert "Traceback" in run.log(step)
    if step == "reference_point":
        mended = Run(run.work_dir, quick_run.template)
        assert mended.start().wait(timeout=300) == "completed", mended.failure
        assert "load_data" not in steps_of_last_run(mended)
        assert_same_arrays(mended.work_dir, quick_run.work_dir)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("step", "keys", "reason", "remedy"),
    [
        ("load_data", ["demFile"], "No DEM was found", "mintpy.load.demFile"),
        pytest.param(
            "load_data",
            ["unwFile"],
            "No interferogram was found to load",
            "mintpy.load.unwFile",
            marks=pytest.mark.soak,
        ),
        pytest.param(
            "reference_point",
            ["corFile"],
            "coherence was not loaded",
            "mintpy.load.corFile",
            marks=pytest.mark.soak,
        ),
        pytest.param(
            "correct_troposphere",
            ["incAngleFile"],
            "geometry is not complete",
            "mintpy.load.incAngleFile",
            marks=pytest.mark.soak,
        ),
    ],
)
def test_layers_that_are_not_there(prepared_stack, tmp_path, step, keys, reason, remedy):  # noqa: PLR0917
    options = {**QUICK, METHOD: "height_correlation"}
    options |= {f"mintpy.load.{key}": str(tmp_path / "none" / "*.tif") for key in keys}
    run = Run(tmp_path / "w", Template.for_stack(prepared_stack, options, name="w"))
    said = failed(run, step, to=step)
    assert reason in said[0] and remedy in said[1]


@pytest.mark.soak
def test_a_network_that_falls_apart_is_warned_of(tmp_path):
    """MintPy mentions it in its log only."""
    raw = simulate_stack(tmp_path / "raw", shape=(40, 50), dates=6, seed=3, gap_after=3, gnss=False)
    stack = raw.prepare(tmp_path / "hyp3")
    run = Run(tmp_path / "w", Template.for_stack(stack, QUICK, name="w"))
    assert run.start(to="modify_network").wait(timeout=300) == "completed", run.failure
    warnings = " ".join(next(s.warnings for s in run.status() if s.name == "modify_network"))
    dates = sorted(stack.dates)
    assert "falls into 2 groups of dates" in warnings
    assert f"{dates[0]} to {dates[3]} (4); {dates[4]} to {dates[5]} (2)" in warnings


@pytest.mark.parametrize("dropped", ["3:8", pytest.param("1,2,4,5,7,8,10", marks=pytest.mark.soak)])
def test_triplets_that_all_close_and_no_triplets_at_all_do_not_stop_a_run(quick_run, tmp_path, dropped):
    """MintPy's histogram of triplets that do not close fails if all close; without triplets it makes none."""
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.network.excludeIfgIndex": dropped})
    assert run.start().wait(timeout=300) == "completed", run.failure
    counted = arrays(run.work_dir).get("numTriNonzeroIntAmbiguity.h5/mask")
    assert counted is None or not np.nan_to_num(counted).any()
    warnings = " ".join(next(s.warnings for s in run.status() if s.name == "quick_overview"))
    assert counted is None or "could not be drawn; the data are whole" in warnings


# disk and memory


@contextmanager
def lowered(limit: int, value: int) -> Iterator[None]:
    """A limit of this process, which what it starts meanwhile keeps."""
    soft, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(limit, (soft, hard))


def ended(run: Run) -> tuple[str, str]:
    """Outcome and reason once all that is told of the end is there."""
    outcome = run.wait(timeout=120)
    deadline = time.monotonic() + 10
    while run.failure is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.failure is not None
    return outcome, " ".join(run.failure)


@pytest.mark.soak
def test_a_file_beyond_the_limit_is_explained_and_the_next_start_goes_on(quick_run, prepared_stack, tmp_path):
    """HDF5 may take the whole process down when a write fails; then the log tells."""
    run = Run(tmp_path / "quick", quick_run.template)
    with lowered(resource.RLIMIT_FSIZE, 120_000):
        run.start()
    outcome, said = ended(run)
    assert outcome in ("failed", "interrupted")
    assert "beyond the size this process may write" in said and "Raise the limit" in said
    assert run.states()["load_data"] in ("failed", "interrupted")
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, quick_run.work_dir)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1200k", "none", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.soak
def test_a_full_disk_is_explained_and_the_next_start_goes_on(quick_run, small_disk):
    run = Run(small_disk / "quick", quick_run.template)
    run.start()
    outcome, said = ended(run)
    assert outcome in ("failed", "interrupted")
    assert "The disk is full" in said and "Free some space" in said
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    assert run.start().wait(timeout=300) == "completed", run.failure
    assert_same_arrays(run.work_dir, quick_run.work_dir)


@pytest.mark.soak
def test_too_little_memory_for_an_array_is_explained(quick_run, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.save.kmz": "yes"})
    with lowered(resource.RLIMIT_AS, 2_200_000_000):
        run.start()
    outcome, said = ended(run)
    assert outcome == "failed", run.log("google_earth")[-2000:]
    assert "not enough memory" in said and "mintpy.compute.maxMemory" in said


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group of which the kernel kills processes that use more than 100 MB together."""
    for parent, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        folder = parent / f"insar_widgets_test_{os.getpid()}"
        try:
            folder.mkdir()
            (folder / limit).write_text(str(100 << 20))
        except OSError:
            if folder.is_dir():
                folder.rmdir()
            continue
        yield folder
        deadline = time.monotonic() + 10
        while (folder / "cgroup.procs").read_text().strip() and time.monotonic() < deadline:
            time.sleep(0.05)
        folder.rmdir()
        return
    pytest.skip("control groups cannot be made here")


def test_being_killed_for_memory_is_told(quick_run, memory_group, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick")
    run.template.set("mintpy.networkInversion.weightFunc", "no").write(tmp_path / "quick.txt")
    start = (
        "import os, sys, pathlib; pathlib.Path(sys.argv[1], 'cgroup.procs').write_text(str(os.getpid()));"
        "from insar_widgets import Run, Template; Run(sys.argv[2], Template.read(sys.argv[3])).start()"
    )
    command = [sys.executable, "-c", start, str(memory_group), str(run.work_dir), str(tmp_path / "quick.txt")]
    subprocess.run(command, check=True, capture_output=True)
    outcome, said = ended(run)
    assert outcome == "interrupted"
    assert "killed because the memory ran out" in said and "mintpy.compute.maxMemory" in said


def test_being_killed_otherwise_is_told(quick_run, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick", {"mintpy.deramp": "linear"})
    run.start()
    while not any(e["event"] == "step-start" for e in run.events()[-3:]):
        assert run.is_running
        time.sleep(0.01)
    os.kill(next(e["pid"] for e in reversed(run.events()) if e["event"] == "run-start"), signal.SIGKILL)
    outcome, said = ended(run)
    assert outcome == "interrupted"
    assert "was killed, or broke down" in said and "Start again" in said
    status = next(s for s in run.status() if s.state == "interrupted")
    assert status.reason and status.remedy


# packages and accounts


@pytest.mark.soak
def test_a_missing_package(quick_run, tmp_path, monkeypatch):
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "pyaps3.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'pyaps3'\", name='pyaps3')"
    )
    monkeypatch.setenv("PYTHONPATH", str(shadow), prepend=os.pathsep)
    said = failed(copy_of(quick_run, tmp_path / "quick", {METHOD: "pyaps"}), "correct_troposphere")
    assert "PyAPS, which the correction with ERA5 needs" in said[0]
    assert "pip install pyaps3" in said[1]


@pytest.mark.parametrize(
    ("case", "reason", "remedy"),
    [
        ("token", "refuses the token in the environment variable CDSAPI_KEY", "profile"),
        pytest.param(
            "licence",
            "licence of the ERA5 dataset has not been accepted",
            "manage-licences",
            marks=pytest.mark.soak,
        ),
        pytest.param("full", "takes no more requests now", "Wait until", marks=pytest.mark.soak),
        ("offline", "cannot be reached from here", "connection"),
        pytest.param(
            "account", "no account of the Climate Data Store", "height_correlation", marks=pytest.mark.soak
        ),
    ],
)
def test_an_account_or_a_service_that_fails(  # noqa: PLR0917
    cds: Cds, quick_run, tmp_path, monkeypatch, case, reason, remedy
):
    token = TOKEN
    if case == "token":
        token = "0123abcd-ffff-4444-8888-0123456789ab"
        monkeypatch.setenv("CDSAPI_KEY", token)
    elif case == "offline":
        monkeypatch.setenv("CDSAPI_URL", "http://127.0.0.1:9/api")
    elif case == "account":
        monkeypatch.delenv("CDSAPI_URL")
        monkeypatch.delenv("CDSAPI_KEY")
        monkeypatch.setenv("CDSAPI_RC", str(tmp_path / "none"))
    else:
        cds.mode = case
    run = copy_of(quick_run, tmp_path / "quick", {METHOD: "pyaps"})
    said = failed(run, "correct_troposphere")
    assert reason in said[0] and remedy in said[1]
    assert "6 of 6 weather files could not be had (20190110, " in said[0]
    holding = [p for p in run.work_dir.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]
    assert not holding, "the token is written nowhere"
    skipped = Run(run.work_dir, quick_run.template)
    assert set(skipped.states().values()) == {"completed", "off"}, (
        "velocity without the correction still holds"
    )


# what is refused before anything starts


def test_a_template_that_is_gone_or_no_text_is_a_sentence(quick_run, tmp_path):
    run = copy_of(quick_run, tmp_path / "quick")
    path = run.work_dir / "quick.txt"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe" * 50)
    with pytest.raises(TemplateError, match=r"quick\.txt"):
        Run.attach(run.work_dir)
    path.unlink()
    with pytest.raises(RunError, match="no template"):
        Run.attach(run.work_dir).start()


def test_products_of_different_sizes_are_refused(prepared_stack, tmp_path):
    """MintPy would drop the smaller group and say so in its log only."""
    import rasterio

    folder = tmp_path / "hyp3"
    shutil.copytree(prepared_stack.root, folder)
    path = sorted(folder.glob("*/*_unw_phase.tif"))[2]
    with rasterio.open(path) as raster:
        values, profile = raster.read(1), raster.profile
    with rasterio.open(path, "w", **{**profile, "width": values.shape[1] - 1}) as raster:
        raster.write(values[:, :-1], 1)
    run = Run(tmp_path / "w", Template.for_stack(find_stack(folder), QUICK, name="w"))
    with pytest.raises(RunError, match=rf"do not share one grid.*{path.name}.*stack\.prepare"):
        run.start()
