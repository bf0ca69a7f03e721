"""A source: levels by hand, statistics, threads, cancelling."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from insar_widgets.errors import CancelledError, TileError
from insar_widgets.tiles import TileSource, render_tile
from tiles._rasters import by_hand, make, tile_at


@pytest.mark.parametrize("classes", [False, True])
def test_zoomed_out_a_pixel_is_the_mean_or_the_commonest_class(classes: bool) -> None:
    rng = np.random.default_rng(2)
    values = (rng.integers(0, 4, (1030, 700)) if classes else rng.normal(size=(1030, 700))).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:64, :64] = np.nan
    data = make("EPSG:32614", -98.2, 19.0, values.shape)
    data.values[:] = values
    source = TileSource(data, kind="classes" if classes else "values")
    for out, factor in ((1, 2), (2, 4), (3, 8), (6, 8)):
        z = source.max_zoom - out
        expected = by_hand(values, factor, classes).astype(np.float32)
        x, y = tile_at(-98.2, 19.0, z)
        tile = source.tile(z, x, y)
        assert np.isin(tile[~np.isnan(tile)].round(4), expected.round(4)).mean() > 0.999
        # the pixel of the tile at the raster's middle holds a block that is there
        at = tile[_pixel(-98.2, 19.0, z, x, y)]
        row, column = values.shape[0] // 2 // factor, values.shape[1] // 2 // factor
        reach = 1 + 2**out // factor
        around = expected[row - reach : row + reach + 1, column - reach : column + reach + 1]
        assert np.nanmin(np.abs(around - at)) < 1e-6


def _pixel(lon: float, lat: float, z: int, x: int, y: int) -> tuple[int, int]:
    px = (lon + 180) / 360 * 2**z * 256 - 256 * x
    py = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z * 256 - 256 * y
    return int(py), int(px)


def test_at_native_zoom_and_nearer_a_source_shows_the_same_as_render_tile() -> None:
    data = make("EPSG:32614", -98.2, 19.0)
    source = TileSource(data)
    for z in (source.max_zoom, source.max_zoom + 3):
        x, y = tile_at(-98.2, 19.0, z)
        assert np.array_equal(source.tile(z, x, y), render_tile(data, z, x, y), equal_nan=True)
    assert not source.covers(z, x + 500, y)
    assert np.isnan(source.tile(z, x + 500, y)).all()


def test_slices_values_and_series_are_those_of_the_array() -> None:
    single = make("EPSG:32614", -98.2, 19.0, (60, 70))
    data = xr.concat([single, single * 2, single * 3], dim="date").assign_attrs(units="m")
    source = TileSource(data)
    assert (source.slices, source.shape, source.units, source.kind) == (3, (60, 70), "m", "values")
    z = source.max_zoom
    where = (z, *tile_at(-98.2, 19.0, z))
    assert np.array_equal(source.tile(*where, index=2), render_tile(single * 3, *where), equal_nan=True)
    assert np.array_equal(source.tile(*where, index=-1), source.tile(*where, index=2), equal_nan=True)
    series = source.series(-98.2, 19.0)
    assert series == pytest.approx(series[0] * np.array([1, 2, 3]))
    assert series[1] == source.value(-98.2, 19.0, 1)
    assert np.isnan(source.value(-90, 19.0))
    assert np.isnan(source.series(-98.2, 60)).all()
    for wrong in (3, -4):
        with pytest.raises(TileError, match="counted from 0 to 2"):
            source.tile(*where, index=wrong)
    with pytest.raises(TileError, match="lon first"):
        source.value(19.0, -98.2)


def test_statistics_of_a_small_raster_are_exact_and_of_a_large_one_near() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (500, 600))
    valid = data.values[~np.isnan(data.values)]
    found = TileSource(data).statistics(bins=40)
    assert found.basis == "all pixels"
    assert found.count == valid.size == found.counts.sum()
    assert (found.minimum, found.maximum) == (valid.min(), valid.max())
    assert found.percentiles[2] == pytest.approx(np.percentile(valid, 2), rel=1e-4)
    assert found.percentile(98) == pytest.approx(np.percentile(valid, 98), rel=1e-4)
    large = make("EPSG:32614", -98.2, 19.0, (1200, 1300))
    found = TileSource(large).statistics()
    assert "sample" in found.basis
    assert found.percentiles[50] == pytest.approx(0, abs=0.05)
    assert found.std == pytest.approx(1, rel=0.05)
    empty = TileSource(data * np.nan)
    assert empty.statistics().count == 0
    assert empty.quantisation is None


def test_many_threads_get_the_same_tiles_and_read_each_block_once() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (900, 1100))
    alone, shared = TileSource(data, cache_bytes=2**26), TileSource(data, cache_bytes=2**26)
    reads: list[object] = []
    read = shared._raster.read
    shared._raster.read = lambda *key: (reads.append(repr(key)), read(*key))[1]  # type: ignore[method-assign]
    z = alone.max_zoom
    x, y = tile_at(-98.2, 19.0, z)
    keys = [(z, x + i, y + j) for i in range(-2, 3) for j in range(-2, 3)] * 2
    with ThreadPoolExecutor(8) as pool:
        tiles = list(pool.map(lambda key: shared.tile(*key), keys))
    assert all(np.array_equal(t, alone.tile(*k), equal_nan=True) for t, k in zip(tiles, keys, strict=True))
    assert len(reads) == len(set(reads))


def test_a_cancelled_request_ends_and_leaves_nothing_half_done() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (900, 1100))
    source = TileSource(data, cache_bytes=2**26)
    z = source.max_zoom - 2
    where = (z, *tile_at(-98.2, 19.0, z))
    event = threading.Event()
    read = source._raster.read

    def read_and_cancel(*key: object) -> np.ndarray:
        event.set()
        return read(*key)  # type: ignore[arg-type]

    source._raster.read = read_and_cancel  # type: ignore[method-assign, assignment]
    source._levels.compute(2, 0, slice(0, 10), slice(0, 10))
    with pytest.raises(CancelledError):
        source.tile(*where, cancelled=event)
    assert np.array_equal(source.tile(*where), TileSource(data).tile(*where), equal_nan=True)


def test_the_users_array_stays_as_it_is_and_no_larger_one_is_kept_alive() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (300, 400))
    data.values[150, 200] = np.inf
    before = data.to_numpy().copy()
    block = TileSource(data)._levels.block(0, 0, 0, 0)
    assert np.isnan(block[150, 200])
    np.testing.assert_array_equal(data.to_numpy(), before)
    for large in (data, data.chunk(y=300, x=400)):
        block = TileSource(large.isel(y=slice(0, 50), x=slice(0, 50)))._levels.block(0, 0, 0, 0)
        assert (block if block.base is None else block.base).nbytes == 50 * 50 * 4


def test_memory_for_blocks_has_a_limit() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (1500, 1600))
    source = TileSource(data, cache_bytes=3 * 2**20)
    z = source.max_zoom + 1
    x, y = tile_at(-98.2, 19.0, z)
    for i in range(-5, 6):
        for j in range(-5, 6):
            source.tile(z, x + i, y + j)
            assert source._levels._blocks.nbytes <= 3 * 2**20
