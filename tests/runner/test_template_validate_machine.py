"""What this machine and its folders say against a template: workers, memory, accounts, files that are missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Stack
from insar_widgets.runner.template import Template
from support.templates import found

pytestmark = pytest.mark.usefixtures("own_home")


def test_workers_beyond_this_process(good: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = "insar_widgets.runner._template_check_machine"
    monkeypatch.setattr(f"{machine}.cores", lambda: 6)
    monkeypatch.setattr(f"{machine}.wise_workers", lambda: 4)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)

    def say(workers: object) -> dict[str, Finding]:
        return found(
            good.with_options({"mintpy.compute.cluster": "local", "mintpy.compute.numWorker": workers})
        )

    assert say(4) == {}
    assert "nearly all" in say(5)["too-many-workers"].message
    assert "64 workers, more than" in say("all")["too-many-workers"].message
    assert "more than" in say("50%")["too-many-workers"].message
    assert say("1%")["worker-share"].severity == "error"
    assert "Write 4" in say(32)["too-many-workers"].remedy


def test_memory_and_clusters_that_are_not_here(good: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insar_widgets.runner._template_check_machine.memory_bytes", lambda: 4 * 2**30)
    assert found(good.set("mintpy.compute.maxMemory", 3)) == {}
    assert "too-much-memory" in found(good.set("mintpy.compute.maxMemory", 16))
    monkeypatch.setenv("PATH", "")
    assert "cluster-not-here" in found(good.set("mintpy.compute.cluster", "slurm"))


def test_era5_without_an_account(
    good: Template, prepared_stack: Stack, tmp_path: Path, own_home: Path
) -> None:
    from insar_widgets.credentials import write_cds

    template = good.set("mintpy.troposphericDelay.method", "pyaps")
    finding = found(template, prepared_stack)["no-cds-credentials"]
    assert (finding.severity, finding.key) == ("error", "mintpy.troposphericDelay.method")
    folder = tmp_path / "weather" / "ERA5"
    folder.mkdir(parents=True)
    for date in prepared_stack.dates:
        (folder / f"ERA5_N30_N40_W120_W110_{date}_01.grb").touch()
    offline = template.set("mintpy.troposphericDelay.weatherDir", tmp_path / "weather")
    assert found(offline, prepared_stack) == {}
    write_cds("b2c3d4e5-1111-2222-3333-444455556666", own_home)
    assert found(template, prepared_stack) == {}


def test_folders_of_delays_that_are_empty(good: Template, prepared_stack: Stack, tmp_path: Path) -> None:
    template = good.set("mintpy.troposphericDelay.method", "gacos")
    assert "no-gacos-files" in found(template, prepared_stack, tmp_path / "work")
    folder = tmp_path / "work" / "GACOS"
    folder.mkdir(parents=True)
    for date in prepared_stack.dates[1:]:
        (folder / f"{date}.ztd").touch()
    finding = found(template, prepared_stack, tmp_path / "work")["gacos-dates-missing"]
    assert prepared_stack.dates[0] in finding.message
    (folder / f"{prepared_stack.dates[0]}.ztd.tif").touch()
    assert found(template, prepared_stack, tmp_path / "work") == {}

    opera = good.set("mintpy.troposphericDelay.method", "opera")
    assert "no Earthdata login" in found(opera, prepared_stack, tmp_path / "work")["no-opera-files"].message
    (tmp_path / "work" / "OPERA").mkdir()
    (
        tmp_path / "work" / "OPERA" / "OPERA_L4_TROPO-ZENITH_20190110T000000Z_20190111T000000Z_HRES_v1.0.nc"
    ).touch()
    assert found(opera, prepared_stack, tmp_path / "work") == {}


def test_products_that_have_moved(good: Template, tmp_path: Path) -> None:
    moved = good.with_options(
        {"mintpy.load.unwFile": tmp_path / "*_unw.tif", "mintpy.load.waterMaskFile": "water/*.tif"}
    )
    severities = {f.key: f.severity for f in moved.validate(work_dir=tmp_path) if f.code == "no-such-files"}
    assert severities == {"mintpy.load.unwFile": "error", "mintpy.load.waterMaskFile": "warning"}
    assert "mintpy.load.waterMaskFile" not in {f.key for f in moved.validate()}
