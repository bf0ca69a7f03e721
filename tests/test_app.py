"""What `insar-widgets app` refuses before anything is served, and what it tells the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from insar_widgets.app import command_and_environment
from insar_widgets.errors import InsarWidgetsError


def test_a_folder_outside_of_the_root_or_none_to_look_at_is_a_sentence(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for path in (outside, root / "link", root / ".." / "outside"):
        with pytest.raises(InsarWidgetsError, match="is outside"):
            command_and_environment(path, root=root)
    with pytest.raises(InsarWidgetsError, match="There is no folder"):
        command_and_environment(root=tmp_path / "nowhere")
    with pytest.raises(InsarWidgetsError, match="needs a work directory"):
        command_and_environment(read_only=True)


def test_the_page_is_told_by_its_environment_only(tmp_path, monkeypatch):
    monkeypatch.setenv("INSAR_WIDGETS_READ_ONLY", "1")  # left over from somewhere
    command, environment = command_and_environment(tmp_path, root=tmp_path, port=9000, browser=False)
    assert environment["INSAR_WIDGETS_PATH"] == environment["INSAR_WIDGETS_ROOT"] == str(tmp_path)
    assert "INSAR_WIDGETS_READ_ONLY" not in environment
    assert {"--port=9000", "--no-browser", "--progressive_rendering=True"} <= set(command)


@pytest.mark.mintpy
def test_a_confined_page_has_its_relief_and_writes_rasters_in_other_reference_systems(finished_run, tmp_path):
    code = (
        "import sys, rasterio\n"
        "from insar_widgets import export_layer\n"
        "from insar_widgets.widgets._map_facts import relief\n"
        "from insar_widgets.widgets._page import workbench\n"
        "results = workbench().map.results\n"
        "print(relief(results).bounds)\n"
        "(path,) = export_layer(results, sys.argv[1], 'velocity', crs=4326, cog=True)\n"
        "print(rasterio.open(path).crs)\n"
    )
    told = {}
    for root in (None, finished_run.work_dir):
        _, environment = command_and_environment(finished_run.work_dir, root=root)
        target = tmp_path / ("confined" if root else "free") / "v.tif"
        target.parent.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", code, target], env=environment, capture_output=True, text=True, check=True
        )
        told[root] = done.stdout.splitlines()
    assert told[None][1] == "EPSG:4326"
    assert told[None] == told[finished_run.work_dir]


@pytest.mark.mintpy
def test_the_kernel_of_a_confined_page_opens_geotiffs_and_no_file_that_names_others(finished_run, tmp_path):
    secret = Path(finished_run.work_dir) / "inputs" / "nothing.tif"
    names = tmp_path / "names.tif"
    names.write_text(
        '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    code = (
        "import sys, warnings, rasterio\n"
        "from insar_widgets.widgets._page import workbench\n"
        "page = workbench()\n"
        "warnings.simplefilter('ignore')\n"
        "try: rasterio.open(sys.argv[1]); print('opened')\n"
        "except rasterio.errors.RasterioIOError: print('refused')\n"
        "from insar_widgets import export_points\n"  # by a GDAL of its own
        "import pyogrio\n"
        "from insar_widgets.confined import gdal_environment\n"
        "print('VRT' in gdal_environment()['GDAL_SKIP'].split(','))\n"  # what a run from this page gets
    )
    told = {}
    for root in (None, finished_run.work_dir):
        _, environment = command_and_environment(finished_run.work_dir, root=root, read_only=True)
        done = subprocess.run(
            [sys.executable, "-c", code, names], env=environment, capture_output=True, text=True, check=True
        )
        assert "to unload" not in done.stderr
        told[root] = done.stdout.split()
    assert told == {None: ["opened", "True"], finished_run.work_dir: ["refused", "True"]}
