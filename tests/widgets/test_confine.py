"""What a file in the root may not do: read from others that lie elsewhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from xml.sax.saxutils import escape

import h5py
import numpy as np
import pytest
import rasterio

from insar_widgets import Template, Workbench, find_stack
from insar_widgets.errors import InsarWidgetsError, ProductError
from insar_widgets.widgets._confine import confine_file, confine_results
from insar_widgets.widgets._folders import Folders


def external_link(file, secret):
    file["hidden"] = h5py.ExternalLink(str(secret), "velocity")


def external_link_in_a_group(file, secret):
    file.create_group("a/b")["hidden"] = h5py.ExternalLink(
        os.path.relpath(secret, Path(file.filename).parent), "velocity"
    )


def virtual_dataset(file, secret):
    layout = h5py.VirtualLayout((2, 2), "float32")
    layout[:] = h5py.VirtualSource(str(secret), "velocity", (2, 2))
    file.create_virtual_dataset("hidden", layout)


def external_storage(file, secret):
    file.create_dataset("hidden", (2, 2), "float32", external=[(str(secret), 0, 16)])


@pytest.mark.parametrize(
    "hide",
    [external_link, external_link_in_a_group, virtual_dataset, external_storage],
    ids=lambda f: f.__name__,
)
def test_what_a_file_would_read_from_other_files_stays_outside(hide, tmp_path):
    root = tmp_path / "root"
    (root / "work").mkdir(parents=True)
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["velocity"] = np.ones((2, 2), "float32")
    path = root / "work" / "velocity.h5"
    with h5py.File(path, "w") as file:
        file["velocity"] = np.ones((2, 2), "float32")
        file["soft"] = h5py.SoftLink("/velocity")
        file["same"] = file["velocity"]
        file["round/again"] = file["/"]  # a circle
    folders = Folders(root)
    confine_results(root / "work", folders)
    confine_file(path, folders)
    with h5py.File(path, "a") as file:
        hide(file, secret)
    for confine in (lambda: confine_results(root / "work", folders), lambda: confine_file(path, folders)):
        with pytest.raises(InsarWidgetsError, match=r"velocity\.h5 holds '/.*hidden' in another file"):
            confine()
    confine_results(root / "work", Folders())


def test_a_raster_that_names_other_files_stays_outside(small_stack, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    product = small_stack.products[0]
    inside = shutil.copy(product.layers["unw_phase"], root / "whole.tif")
    secret = shutil.copy(product.layers["unw_phase"], tmp_path / "secret.tif")
    folders = Folders(root)
    confine_file(Path(inside), folders)
    names = root / "names.tif"  # GDAL tells files by their content
    with rasterio.open(secret) as source:
        rows, columns = source.shape
        place = ", ".join(map(str, source.transform.to_gdal()))
        crs = escape(source.crs.to_wkt())
    names.write_text(
        f'<VRTDataset rasterXSize="{columns}" rasterYSize="{rows}"><SRS>{crs}</SRS>'
        f'<GeoTransform>{place}</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with rasterio.open(names) as opened:
        assert opened.driver == "VRT"
    with pytest.raises(InsarWidgetsError, match=r"names\.tif is no GeoTIFF"):
        confine_file(names, folders)
    copy = shutil.copytree(small_stack.root / product.name, root / product.name)
    shutil.copy(names, copy / Path(product.layers["unw_phase"]).name)
    with pytest.raises(ProductError, match="no usable HyP3 product"):
        find_stack(root)


def test_every_run_of_a_confined_page_is_told_its_root(tmp_path):
    root = tmp_path / "root"
    for name in ("one", "two"):
        (root / name).mkdir(parents=True)
    template = Template({"mintpy.load.processor": "hyp3", "mintpy.load.demFile": str(tmp_path / "dem.tif")})
    page = Workbench(root=root)
    page.template = template
    page.work_dir = str(root / "one")
    runner = page.runner
    assert runner.run.work_dir == root / "one" and runner.run.root == root
    runner.work_dir = str(root / "two")
    assert runner.run.work_dir == root / "two" and runner.run.root == root
    with pytest.raises(InsarWidgetsError, match=r"mintpy\.load\.demFile = .*dem\.tif is outside"):
        runner.start(["load_data"])
    page.close()
