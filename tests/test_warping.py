"""Grids in another reference system, against GDAL's own suggestion."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.transform import from_origin
from rasterio.warp import calculate_default_transform

from insar_widgets.warping import warped_grid

UTM = from_origin(500_000, 4_200_000, 80, 80)
SOUTH = from_origin(300_000, 7_500_000, 20, 20)


@pytest.mark.parametrize(
    ("crs", "to", "transform", "shape"),
    [
        (32614, 4326, UTM, (200, 300)),
        (32614, 3857, UTM, (2800, 3300)),
        (32719, 4326, SOUTH, (1500, 700)),
        (4326, 32611, from_origin(-119.2, 36.4, 0.0008, 0.0008), (400, 500)),
    ],
)
def test_it_holds_the_raster_with_the_pixels_that_gdal_suggests(crs, to, transform, shape):
    rows, columns = shape
    found, (height, width) = warped_grid(crs, to, transform, shape)
    left, top = transform.c, transform.f
    right, bottom = left + columns * transform.a, top + rows * transform.e
    suggested, wide, high = calculate_default_transform(crs, to, columns, rows, left, bottom, right, top)
    assert found.a == -found.e == pytest.approx(suggested.a, rel=0.01)
    assert abs(width - wide) <= 0.01 * wide + 1 and abs(height - high) <= 0.01 * high + 1
    edge = np.linspace(0, 1, 50)
    x = left + (right - left) * np.concatenate([edge, edge, 0 * edge, 0 * edge + 1])
    y = top + (bottom - top) * np.concatenate([0 * edge, 0 * edge + 1, edge, edge])
    x, y = Transformer.from_crs(crs, to, always_xy=True).transform(x, y)
    column, row = (x - found.c) / found.a, (y - found.f) / found.e
    assert column.min() > -0.1 and row.min() > -0.1
    assert column.max() < width + 0.1 and row.max() < height + 0.1


def test_a_grid_may_be_limited_in_size():
    found, shape = warped_grid(32614, 3857, UTM, (2800, 3300), max_size=512)
    assert max(shape) == 512
    assert found.a == pytest.approx(3300 * 80 / 512 / np.cos(np.radians(36.9)), rel=0.02)
