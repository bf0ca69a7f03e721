"""A run confined to a folder reads nothing from outside, whatever its template and its products name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import h5py
import numpy as np
import pytest
import rasterio

from insar_widgets import Run, Template, find_stack
from insar_widgets.confined import gdal_environment
from insar_widgets.errors import RunError

SECRET = 42.0


@pytest.fixture
def root(prepared_stack, tmp_path):
    shutil.copytree(prepared_stack.root, tmp_path / "root" / "hyp3")
    return tmp_path / "root"


@pytest.fixture
def secret(root):
    """A raster beside the root, on the grid of the products."""
    with rasterio.open(product(root)) as source:
        profile, shape = source.profile, source.shape
    path = root.parent / "secret.tif"
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.full(shape, SECRET, profile["dtype"]), 1)
    return path


def product(root, layer="unw_phase"):
    return min((root / "hyp3").glob(f"*/*_{layer}.tif"))


def vrt(secret, shrink=1):
    with rasterio.open(secret) as source:
        rows, columns = source.shape
        place = ", ".join(map(str, source.transform.to_gdal()))
        crs = escape(source.crs.to_wkt())
    size = f'xSize="{columns // shrink}" ySize="{rows // shrink}"'
    return (
        f'<VRTDataset rasterXSize="{columns // shrink}" rasterYSize="{rows // shrink}"><SRS>{crs}</SRS>'
        f'<GeoTransform>{place}</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand>"
        f'<SrcRect xOff="0" yOff="0" xSize="{columns}" ySize="{rows}"/><DstRect xOff="0" yOff="0" {size}/>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )


def template(root):
    return Template.for_stack(find_stack(root / "hyp3"), name="small")


def loaded(run):
    with h5py.File(run.work_dir / "inputs" / "ifgramStack.h5") as file:
        return file["unwrapPhase"][()]


@pytest.mark.parametrize("engine", ["fast", "mintpy"])
def test_a_file_exchanged_after_the_check_is_not_read(engine, root, secret):
    """The run's process finds a VRT in the place of a product that was a GeoTIFF when the run was started."""
    file, whole = product(root), product(root).read_bytes()
    run = Run(root / "work", template(root), engine=engine, root=root)
    assert run.start("load_data").wait(timeout=120) == "completed", run.failure
    assert not (loaded(run) == SECRET).any()
    free = Run(root / "free", template(root), engine=engine)
    assert free.start("load_data").wait(timeout=120) == "completed", free.failure
    assert np.array_equal(loaded(run), loaded(free))

    file.write_text(vrt(secret))
    free._spawn("again", {})
    assert free.wait(timeout=120) == "completed", free.failure
    assert (loaded(free)[0] == SECRET).all(), "or this test shows nothing"
    run._spawn("again", gdal_environment())
    assert run.wait(timeout=120) == "failed"
    assert f"{file.name} is no GeoTIFF" in run.failure[0], run.failure
    with pytest.raises(RunError, match=rf"mintpy\.load\.unwFile.*{file.name} is no GeoTIFF.*gdal_translate"):
        run.start("load_data")
    file.write_bytes(whole)
    assert run.start("load_data").wait(timeout=120) == "completed", run.failure


def test_no_reader_in_the_runs_process_opens_anything_but_geotiffs(root, secret):
    """Rasterio, GDAL's bindings and MintPy, in a process as a confined run's."""
    names = root / "names.tif"
    names.write_text(vrt(secret))
    overviews = Path(shutil.copy(product(root), root / "overviews.tif"))
    overviews.with_name("overviews.tif.ovr").write_text(vrt(secret, 2))
    code = (
        "import sys, numpy as np, rasterio\n"
        "if sys.argv[3] == 'confined':\n"
        "    from insar_widgets.runner.confined import keep_to_geotiff\n"
        "    keep_to_geotiff()\n"
        "from mintpy.utils import readfile\n"
        "def half(path):\n"
        "    with rasterio.open(path) as f: return f.read(1, out_shape=(f.height // 2, f.width // 2))\n"
        "readers = {'mintpy': lambda: readfile.read_gdal(sys.argv[1]),\n"
        "           'rasterio': lambda: rasterio.open(sys.argv[1]).read(1),\n"
        "           'overviews': lambda: half(sys.argv[2])}\n"
        "for name, read in readers.items():\n"
        "    try: told = 'secret' if (np.asarray(read()) == 42).all() else 'own'\n"
        "    except Exception: told = 'refused'\n"
        "    print(name, told)\n"
    )
    free = {key: value for key, value in os.environ.items() if not key.startswith("GDAL_")}
    told = {}
    for how, extra in (("free", {}), ("confined", gdal_environment(free))):
        done = subprocess.run(
            [sys.executable, "-c", code, names, overviews, how],
            env=free | extra, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told[how] = dict(line.split() for line in done.stdout.splitlines())
    assert told["free"] == {"mintpy": "secret", "rasterio": "secret", "overviews": "secret"}
    assert told["confined"] == {"mintpy": "refused", "rasterio": "refused", "overviews": "own"}


def linked_product(root, secret):
    path = product(root)
    path.unlink()
    path.symlink_to(secret)
    return {}, r"mintpy\.load\.unwFile = .*unw_phase\.tif lies outside"


def linked_metadata(root, secret):
    about = product(root).parent / f"{product(root).parent.name}.txt"
    shutil.move(about, root.parent / "about.txt")
    about.symlink_to(root.parent / "about.txt")
    return {}, r"mintpy\.load\.\w+: .*\.txt lies outside"


def overviews_elsewhere(root, secret):
    with rasterio.open(product(root), "r+") as file:
        file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(secret))
    return {}, "has its overviews in another file"


def overviews_beside(root, secret):
    product(root).with_name(product(root).name + ".ovr").write_text(vrt(secret))
    return {}, r"unw_phase\.tif\.ovr, which is read with"


def outside(root, secret):
    return {"mintpy.load.demFile": secret}, r"mintpy\.load\.demFile = .*secret\.tif is outside"


def upwards(root, secret):
    return {
        "mintpy.deramp.maskFile": "../../secret.tif"
    }, r"mintpy\.deramp\.maskFile = [./]+secret\.tif: .*outside"


def upwards_after_a_wildcard(root, secret):
    return {"mintpy.load.demFile": f"{root}/*/../../secret.tif"}, r"mintpy\.load\.demFile = .*lies outside"


def through_the_environment(root, secret):
    return {
        "mintpy.load.demFile": "${SECRET_PLACE}/secret.tif"
    }, r"mintpy\.load\.demFile = \$\{SECRET.*outside"


def gdals_own_name(root, secret):
    return {"mintpy.deramp.maskFile": f"GTIFF_DIR:1:{secret}"}, "is no path of a file"


def list_of_dates(root, secret):
    (root.parent / "dates.txt").write_text("20200101\n")
    (root / "work").mkdir()
    (root / "work" / "dates.txt").symlink_to(root.parent / "dates.txt")
    return {"mintpy.network.excludeDate": "dates.txt"}, r"dates\.txt lies outside"


def mask_that_names_others(root, secret):
    (root / "mask.tif").write_text(vrt(secret))
    return {"mintpy.reference.maskFile": root / "mask.tif"}, r"mintpy\.reference\.maskFile = .*is no GeoTIFF"


def mask_with_an_external_link(root, secret):
    with h5py.File(root / "mask.h5", "w") as file:
        file["mask"] = h5py.ExternalLink(str(root.parent / "secret.h5"), "mask")
    return {
        "mintpy.deramp.maskFile": root / "mask.h5"
    }, r"mintpy\.deramp\.maskFile = .*holds '/mask' in another file"


def folder_with_a_link(root, secret):
    (root / "gacos").mkdir()
    (root / "gacos" / "20200101.ztd").symlink_to(secret)
    return {"mintpy.troposphericDelay.gacosDir": root / "gacos"}, r"gacosDir = .*20200101\.ztd lies outside"


def inputs_elsewhere(root, secret):
    (root.parent / "inputs").mkdir()
    (root / "work").mkdir()
    (root / "work" / "inputs").symlink_to(root.parent / "inputs")
    return {}, "inputs lies outside"


def another_processor(root, secret):
    return {"mintpy.load.processor": "isce"}, r"processor = isce: only HyP3 products"


@pytest.mark.parametrize(
    "hide",
    [
        linked_product, linked_metadata, overviews_elsewhere, overviews_beside, outside, upwards,
        upwards_after_a_wildcard, through_the_environment, gdals_own_name, list_of_dates, mask_that_names_others,
        mask_with_an_external_link, folder_with_a_link, inputs_elsewhere, another_processor,
    ],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_what_lies_outside_is_named_and_nothing_is_run(hide, root, secret, monkeypatch):
    monkeypatch.setenv("SECRET_PLACE", str(root.parent))
    written = template(root)
    options, said = hide(root, secret)
    run = Run(root / "work", written.with_options(options), root=root)
    with pytest.raises(RunError, match=said):
        run.start()
    assert run.outcome == "pending"
    assert not (root / "work" / ".insar_widgets" / "run.json").exists()
