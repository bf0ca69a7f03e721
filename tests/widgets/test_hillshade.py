"""The shaded relief under the map."""

from __future__ import annotations

import io

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from insar_widgets.widgets._hillshade import hillshade, shade

LIT = np.array([-1.0, 1.0, np.sqrt(2)]) / 2  # from the north-west, 45 degrees high


@pytest.mark.parametrize(
    ("east", "north"), [(0.0, 0.0), (0.5, 0.0), (-0.5, 0.0), (0.0, 0.5), (0.0, -0.5), (0.3, -0.3)]
)
def test_a_plane_is_as_bright_as_lambert_says(east, north):
    rows, columns = np.mgrid[0:20, 0:30]
    heights = columns * 10.0 * east - rows * 10.0 * north  # rows run south
    normal = np.array([-east, -north, 1.0]) / np.sqrt(1 + east**2 + north**2)
    assert shade(heights, 10.0, exaggeration=1.0) == pytest.approx(max(0.0, normal @ LIT), abs=1e-9)


def test_it_lies_where_the_dem_lies_and_is_clear_where_there_is_none(tmp_path):
    path = tmp_path / "dem.tif"
    heights = np.add.outer(np.arange(200.0), np.arange(300.0)).astype("float32")
    heights[:, :100] = -9999
    transform = from_origin(500_000, 2_200_000, 80, 80)
    with rasterio.open(
        path, "w", driver="GTiff", width=300, height=200, count=1, dtype="float32",
        crs="EPSG:32614", transform=transform, nodata=-9999,
    ) as out:  # fmt: skip
        out.write(heights, 1)
    relief = hillshade(str(path), max_size=128)
    west, south, east, north = transform_bounds(32614, 4326, 500_000, 2_184_000, 524_000, 2_200_000)
    assert relief.bounds == pytest.approx((south, west, north, east), abs=2e-3)
    with Image.open(io.BytesIO(relief.png)) as picture:
        assert max(picture.size) <= 128
        alpha = np.asarray(picture.getchannel("A"))
    assert (alpha[:, 5] == 0).all()
    assert (alpha[5:-5, -10] == 255).all()


def test_a_dem_that_cannot_be_read_is_no_failure(tmp_path):
    path = tmp_path / "dem.tif"
    path.write_bytes(b"no raster")
    assert hillshade(str(path)) is None
    assert hillshade(str(tmp_path / "nothing.tif")) is None
