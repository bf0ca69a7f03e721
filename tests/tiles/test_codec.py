"""What goes over the wire comes back within half a step."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from insar_widgets.errors import TileError
from insar_widgets.tiles import Quantisation, TileSource, decode_tile, encode_tile
from tiles._rasters import georeferenced, make, tile_at


@given(
    low=st.floats(-1e6, 1e6), width=st.floats(1e-6, 1e6), room=st.floats(1, 8), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=40, deadline=None)
def test_sixteen_bits_are_right_to_half_a_step(low: float, width: float, room: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tile = (low + width * rng.random((256, 256))).astype(np.float32)
    tile[rng.random(tile.shape) < 0.2] = np.nan
    steps = Quantisation.for_range(low, low + width, room=room)
    data = encode_tile(tile, steps)
    back = decode_tile(data)
    assert np.array_equal(np.isnan(back), np.isnan(tile))
    rounding = np.spacing(np.float32(max(abs(low), abs(low + width))))
    assert np.nanmax(np.abs(back - tile)) <= steps.error * 1.0001 + rounding
    assert steps.error <= width * room / 65000 + abs(low + width) * 1e-6
    # zero is exact, so that what is nothing is shown as nothing
    assert (0 - steps.offset) / steps.scale == pytest.approx(round(-steps.offset / steps.scale), abs=1e-3)


def test_the_header_is_what_the_front_end_reads() -> None:
    tile = np.full((256, 256), 0.25, np.float32)
    tile[0, 0] = np.nan
    data = encode_tile(tile, Quantisation(0.5e-3, -1.0), level=2)
    magic, kind, level, size, scale, offset, nodata, zero = struct.unpack("<4sBBHddII", data[:32])
    assert (magic, kind, level, size, scale, offset, nodata, zero) == (
        b"IWT1",
        2,
        2,
        256,
        0.5e-3,
        -1.0,
        65535,
        0,
    )
    codes = np.frombuffer(data, "<u2", offset=32).reshape(256, 256)
    assert codes[0, 0] == 65535
    assert codes[0, 1] == 2500


def test_nothing_is_clipped_and_nothing_is_small() -> None:
    steps = Quantisation.for_range(-1, 1)
    tile = np.zeros((256, 256), np.float32)
    tile[3, 4] = 1e4
    assert decode_tile(encode_tile(tile, steps))[3, 4] == 1e4
    assert len(encode_tile(np.full((256, 256), np.nan, np.float32), steps)) == 32
    assert np.isnan(decode_tile(encode_tile(np.full((256, 256), np.nan, np.float32), steps))).all()


@pytest.mark.parametrize(("highest", "kind"), [(1, 1), (254, 1), (255, 2), (65534, 2), (70000, 3)])
def test_classes_are_exact(highest: int, kind: int) -> None:
    tile = np.arange(256 * 256, dtype=np.float32).reshape(256, 256) % (highest + 1)
    tile[-1, -1] = highest
    tile[5] = np.nan
    data = encode_tile(tile, classes=True)
    assert data[4] == kind
    assert np.array_equal(decode_tile(data), tile, equal_nan=True)


def test_tiles_of_one_raster_share_their_step_and_integers_are_exact() -> None:
    data = make("EPSG:32614", -98.2, 19.0, (600, 600)) * 0.03
    source = TileSource(data)
    assert source.quantisation is not None
    z = source.max_zoom
    x, y = tile_at(-98.2, 19.0, z)
    heads = {source.encode(source.tile(z, x + i, y + j))[8:28] for i in (-1, 0) for j in (-1, 0)}
    assert len(heads) == 1
    counts = georeferenced(
        np.arange(3000, dtype=np.int16).reshape(50, 60), Affine(0.001, 0, 10, 0, -0.001, 50), "EPSG:4326"
    )
    source = TileSource(counts)
    tile = source.tile(source.max_zoom, *tile_at(10.03, 49.975, source.max_zoom))
    assert np.array_equal(decode_tile(source.encode(tile)), tile, equal_nan=True)
    assert np.array_equal(decode_tile(source.encode(tile, "float32")), tile, equal_nan=True)


def test_wrong_bytes_and_shapes_are_refused() -> None:
    with pytest.raises(TileError, match="no tile"):
        decode_tile(b"IWT0" + bytes(28))
    with pytest.raises(TileError, match="256 x 256"):
        encode_tile(np.zeros((10, 10), np.float32))
