"""Tiles against GDAL's warper, and against positions computed exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rioxarray
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.transform import Affine

from insar_widgets.errors import TileError
from insar_widgets.results import open_results
from insar_widgets.tiles import TileSource, render_tile
from tiles._rasters import HALF, gdal_tile, georeferenced, make, pixel_centres, positions, tile_at


@pytest.mark.parametrize("lat", [0.0, 35.0, 70.0])
@pytest.mark.parametrize("grid", ["utm", "geographic"])
def test_a_tile_is_what_gdal_makes(grid: str, lat: float) -> None:
    lon = -98.2
    data = make("EPSG:32614" if grid == "utm" else "EPSG:4326", lon, lat)
    native = TileSource(data).max_zoom
    for z in (native - 2, native, native + 2):
        x, y = tile_at(lon, lat, z)
        ours, theirs = render_tile(data, z, x, y), gdal_tile(data, z, x, y)
        assert ours.dtype == np.float32
        assert np.isfinite(theirs).sum() > 4000
        same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
        assert same.mean() >= 0.999, (z, same.mean())


PROJECTED = {
    "UTM, next to its zone": ("EPSG:32614", Affine(60, 0, 900_000, 0, -60, 4_000_000), (1500, 1500)),
    "UTM, south, rows from the south": ("EPSG:32719", Affine(80, 0, 300_000, 0, 80, 6_000_000), (2000, 2500)),
    "polar stereographic, south pole inside": (
        "EPSG:3031",
        Affine(2000, 0, -3e6, 0, -2000, 3e6),
        (3000, 3000),
    ),
    "polar stereographic, Greenland": ("EPSG:3413", Affine(500, 0, -200_000, 0, -500, -2e6), (1500, 1000)),
    "UTM zone 1 across the antimeridian": (
        "EPSG:32701",
        Affine(100, 0, 100_000, 0, -100, 8_200_000),
        (1500, 2000),
    ),
    "geographic, another datum": ("EPSG:4267", Affine(0.001, 0, -100, 0, -0.001, 40), (1500, 2000)),
}


@pytest.mark.parametrize("name", PROJECTED)
def test_the_sparse_grid_is_off_by_less_than_a_tenth_of_a_pixel(name: str) -> None:
    """Row and column seen in a tile against exact projection of each of its pixels, at every zoom that makes sense."""
    crs, transform, size = PROJECTED[name]
    data = positions(crs, transform, size)
    exact = Transformer.from_crs(3857, crs, always_xy=True)
    back = Transformer.from_crs(crs, 4326, always_xy=True)
    source = TileSource(data)
    tried = 0
    for z in range(max(0, source.max_zoom - 7), source.max_zoom + 3, 3):
        for down, across in ((0.1, 0.9), (0.97, 0.03)):
            lon, lat = back.transform(*(transform @ (across * size[1], down * size[0])))
            if abs(lat) > 85:
                continue
            x, y = tile_at(lon, lat, z)
            columns, rows = ~transform @ exact.transform(*pixel_centres(z, x, y))
            for index, expected in ((0, rows), (1, columns)):
                got = render_tile(data.isel(date=index), z, x, y)
                seen = np.isfinite(got)
                off = np.abs(got[seen] + 0.5 - expected[seen])
                assert seen.any()
                assert off.max() <= 0.5 + 0.05, (z, off.max())
                tried += int(seen.sum())
            inside = (rows > 0.1) & (rows < size[0] - 0.1) & (columns > 0.1) & (columns < size[1] - 0.1)
            assert seen[inside].all()
    assert tried > 50_000


@pytest.mark.parametrize("where", ["utm", "geographic"])
def test_a_spike_of_a_mintpy_file_lies_on_the_centre_of_its_pixel(where: str, tmp_path: Path) -> None:
    """X_FIRST and Y_FIRST are the outer corner of the first pixel."""
    from h5py import File

    rows, columns = 40, 50
    corner = {"utm": (480_000.0, 2_150_000.0, 80.0), "geographic": (-99.2, 19.5, 0.001)}[where]
    velocity = np.full((rows, columns), 0.5, np.float32)
    velocity[13, 31] = 1.0
    with File(tmp_path / "velocity.h5", "w") as file:
        file["velocity"] = velocity
        file.attrs.update({
            "FILE_TYPE": "velocity", "LENGTH": str(rows), "WIDTH": str(columns), "UNIT": "m/year",
            "WAVELENGTH": "0.055",
            "X_FIRST": str(corner[0]), "Y_FIRST": str(corner[1]), "X_STEP": str(corner[2]), "Y_STEP": str(-corner[2]),
            **({"EPSG": "32614", "X_UNIT": "meters"} if where == "utm" else {"X_UNIT": "degrees", "Y_UNIT": "degrees"}),
        })  # fmt: skip
    (tmp_path / "smallbaselineApp.cfg").write_text("")
    data = open_results(tmp_path)["velocity"]
    to_map = Transformer.from_crs("EPSG:32614" if where == "utm" else "EPSG:4326", 3857, always_xy=True)
    at = to_map.transform(corner[0] + 31.5 * corner[2], corner[1] - 13.5 * corner[2])
    z = TileSource(data).max_zoom
    for zoom in (z, z + 4):
        step = 2 * HALF / 2**zoom / 256
        world = (at[0] + HALF) / step, (HALF - at[1]) / step
        x, y = int(world[0] // 256), int(world[1] // 256)
        tile = render_tile(data, zoom, x, y)
        assert tile[int(world[1] - y * 256), int(world[0] - x * 256)] == 1.0
        seen = np.concatenate(
            [
                np.argwhere(render_tile(data, zoom, x + i, y + j) == 1) + 0.5 + [256 * (y + j), 256 * (x + i)]
                for i in (-1, 0, 1)
                for j in (-1, 0, 1)
            ]
        )
        middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
        assert np.abs(middle - [world[1], world[0]]).max() <= 0.75
    lon, lat = Transformer.from_crs(3857, 4326, always_xy=True).transform(*at)
    source = TileSource(data)
    assert source.value(lon, lat) == 1.0
    assert source.value(lon + 0.002, lat) == 0.5


def test_a_raster_across_the_antimeridian_is_seen_at_both_ends_of_the_map() -> None:
    values = np.arange(200 * 400, dtype=np.float32).reshape(200, 400)
    data = georeferenced(values, Affine(0.01, 0, 178, 0, -0.01, -15), "EPSG:4326")
    west, south, east, north = TileSource(data).bounds
    assert west == pytest.approx(178, abs=0.1)
    assert east == pytest.approx(182, abs=0.1)
    assert (south, north) == pytest.approx((-17, -15), abs=0.1)
    for lon, column in ((179.505, 150), (-179.495, 250), (180.505, 250)):
        z = 8
        x, y = tile_at(lon, -16, z)
        tile = render_tile(data, z, x, y)
        px = (lon + 180) / 360 * 2**z * 256 - 256 * x
        seen = tile[np.isfinite(tile[:, int(px)]), int(px)]
        assert seen.size
        assert np.abs(seen % 400 - column).max() <= 1
        assert TileSource(data).value(lon, -16.005) == 100 * 400 + column
    whole = render_tile(data, 0, 0, 0)
    assert np.isfinite(whole[:, :4]).any()
    assert np.isfinite(whole[:, -4:]).any()


def test_longitudes_to_360_and_rows_from_the_south_make_no_difference() -> None:
    values = np.random.default_rng(0).normal(size=(300, 400)).astype(np.float32)
    usual = georeferenced(values, Affine(0.001, 0, -99.2, 0, -0.001, 19.5), "EPSG:4326")
    east = usual.assign_coords(x=usual.x + 360)
    z = TileSource(usual).max_zoom
    x, y = tile_at(-99.0, 19.35, z)
    expected = render_tile(usual, z, x, y)
    assert np.isfinite(expected).mean() > 0.5
    for other in (east, usual.isel(y=slice(None, None, -1)), usual.rename(x="lon", y="lat"), usual.T):
        assert np.array_equal(render_tile(other, z, x, y), expected, equal_nan=True)
    assert np.array_equal(render_tile(usual, z, x + 3 * 2**z, y), expected, equal_nan=True)
    assert TileSource(east).bounds == pytest.approx(TileSource(usual).bounds)


def test_a_whole_world_has_no_seam() -> None:
    values = np.tile(np.arange(360, dtype=np.float32), (180, 1))
    for first in (-180, 0):
        data = georeferenced(values, Affine(1, 0, first, 0, -1, 90), "EPSG:4326")
        tile = render_tile(data, 0, 0, 0)
        lon = (np.arange(256) + 0.5) / 256 * 360 - 180
        assert np.array_equal(tile[128], np.floor((lon - first) % 360))


def test_no_data_is_nan_whatever_it_was() -> None:
    values = np.full((50, 60), 7, np.int16)
    values[:25] = -9999
    data = georeferenced(
        values, Affine(0.001, 0, 10, 0, -0.001, 50), "EPSG:4326", attrs={"_FillValue": -9999}
    )
    z = TileSource(data).max_zoom
    tile = render_tile(data, z, *tile_at(10.03, 49.975, z))
    assert set(np.unique(tile[np.isfinite(tile)])) == {7.0}
    infinite = data.astype("float64").drop_attrs()
    infinite = infinite.where(infinite > 0, np.inf).rio.write_crs("EPSG:4326")
    assert np.array_equal(render_tile(infinite, z, *tile_at(10.03, 49.975, z)), tile, equal_nan=True)


# rioxarray writes with an operator that its own dependency is about to drop
@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
def test_masks_lazy_geotiffs_zarr_and_dask_make_the_same_tiles(tmp_path: Path) -> None:
    data = make("EPSG:32614", -98.2, 19.0, (120, 150)).rename("v")
    z = TileSource(data).max_zoom
    where = (z, *tile_at(-98.2, 19.0, z))
    expected = render_tile(data, *where)
    data.rio.to_raster(tmp_path / "v.tif")
    data.to_dataset().to_zarr(tmp_path / "v.zarr", consolidated=False)
    with (
        rioxarray.open_rasterio(tmp_path / "v.tif") as tif,
        xr.open_zarr(tmp_path / "v.zarr", decode_coords="all", consolidated=False) as store,
    ):
        for other in (tif, store["v"], data.chunk(y=50, x=70), data.astype("float64")):
            assert np.array_equal(render_tile(other, *where), expected, equal_nan=True)
    mask = render_tile(data > 0, *where)
    assert np.array_equal(mask[np.isfinite(expected)], (expected > 0)[np.isfinite(expected)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.astype("complex64"), "numpy.angle"),
        (lambda d: d.astype(str), "not numbers"),
        (lambda d: d.drop_vars("spatial_ref"), "write_crs"),
        (lambda d: d.drop_vars("x"), "assign_coords"),
        (lambda d: d.assign_coords(x=d.x**9), "evenly"),
        (lambda d: d.expand_dims(date=3), r"isel\(date=0\)"),
        (lambda d: d.expand_dims(a=2, b=2), "choose one slice"),
        (lambda d: d.rename(y="range", x="azimuth"), "rename them"),
        (lambda d: d.isel(x=slice(0)), "no pixels"),
        (lambda d: d.values, "xarray.DataArray"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_remedy(change: object, words: str) -> None:
    data = georeferenced(np.ones((5, 6), np.float32), Affine(0.1, 0, 10, 0, -0.1, 50), "EPSG:4326")
    with pytest.raises(TileError, match=words):
        render_tile(change(data), 3, 4, 2)


@given(z=st.integers(-2, 33), x=st.integers(-(2**34), 2**34), y=st.integers(-5, 2**31))
@settings(max_examples=25, deadline=None)
def test_any_tile_address_is_answered_or_refused(z: int, x: int, y: int) -> None:
    data = georeferenced(np.ones((90, 180), np.float32), Affine(2, 0, -180, 0, -2, 90), "EPSG:4326")
    if 0 <= z <= 30 and 0 <= y < 2**z:
        assert np.array_equal(render_tile(data, z, x, y), np.ones((256, 256)))
    else:
        with pytest.raises(TileError, match="There is no"):
            render_tile(data, z, x, y)
