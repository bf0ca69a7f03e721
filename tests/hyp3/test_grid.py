"""Grids: windows, alignment and outlines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.warp import transform as warp_points

from insar_widgets.hyp3 import Grid

BASE = Grid(32614, (80.0, 0.0, 480000.0, 0.0, -80.0, 2150000.0), 50, 40)


def shifted(columns: float, rows: float, **change: object) -> Grid:
    values = {"epsg": 32614, "width": 50, "height": 40, "size": 80.0} | change
    size = values["size"]
    return Grid(
        values["epsg"],
        (size, 0.0, 480000 + 80 * columns, 0.0, -size, 2150000 - 80 * rows),
        values["width"],
        values["height"],
    )


@given(
    st.floats(-20, 60),
    st.floats(-20, 60),
    st.floats(0.5, 40),
    st.floats(0.5, 40),
    st.booleans(),
)
def test_box_is_covered_or_filled_with_whole_pixels(column, row, columns, rows, outward):
    left, top = 480000 + 80 * column, 2150000 - 80 * row
    right, bottom = left + 80 * columns, top - 80 * rows
    grid = BASE.within((left, bottom, right, top), outward=outward)
    if grid is None:
        assert not outward
        return
    assert grid.is_aligned(BASE)
    got = grid.bounds
    slack = 0.1  # a thousandth of a pixel, and rounding
    sign = 1 if outward else -1
    assert sign * (left - got[0]) >= -slack and sign * (got[2] - right) >= -slack
    assert sign * (bottom - got[1]) >= -slack and sign * (got[3] - top) >= -slack
    assert abs(left - got[0]) < 80.1 and abs(top - got[3]) < 80.1
    assert abs(right - got[2]) < 80.1 and abs(bottom - got[1]) < 80.1


@pytest.mark.parametrize(
    ("other", "aligned"),
    [
        (shifted(0, 0), True),
        (shifted(-7, 3, width=9), True),
        (shifted(0.5, 0), False),
        (shifted(0, 0.01), False),
        (shifted(0, 0, size=40.0), False),
        (shifted(0, 0, epsg=32615), False),
    ],
)
def test_alignment(other, aligned):
    assert BASE.is_aligned(other) is aligned
    assert other.is_aligned(BASE) is aligned


def test_outline_is_the_corners_in_degrees():
    ring = BASE.polygon(points_per_side=1)
    left, bottom, right, top = BASE.bounds
    lon, lat = warp_points("EPSG:32614", "EPSG:4326", [left, right, right, left], [top, top, bottom, bottom])
    assert ring[0] == ring[-1]
    for corner, x, y in zip(ring, lon, lat, strict=False):
        assert corner == pytest.approx([x, y], abs=1e-9)
