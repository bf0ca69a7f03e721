"""RasterLayer without a browser: messages in, bytes out, values against the array itself."""

from __future__ import annotations

import itertools
import math
import queue
import struct
import threading
from collections.abc import Iterator
from typing import Any

import ipyleaflet
import matplotlib
import numpy as np
import pytest
import rioxarray  # noqa: F401 - registers the `rio` accessor
import traitlets
import xarray as xr
from pyproj import Transformer
from xarray.backends import BackendArray
from xarray.core import indexing

from insar_widgets import RasterLayer
from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._raster_colormaps import colormap_kind, colormap_names, colormap_table

ROWS, COLUMNS, STEP, LEFT, TOP = 50, 70, 80.0, 480_000.0, 2_150_000.0
WAIT = 20


def raster(values: np.ndarray, name: str = "velocity", units: str = "m/year", **attrs: Any) -> xr.DataArray:
    dims = ("date", "y", "x")[-values.ndim :]
    coords: dict[str, Any] = {
        "y": TOP - STEP * (np.arange(ROWS) + 0.5),
        "x": LEFT + STEP * (np.arange(COLUMNS) + 0.5),
    }
    if values.ndim == 3 and len(values) <= 3:
        coords["date"] = np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "datetime64[ns]")[: len(values)]
    array = xr.DataArray(values, dims=dims, coords=coords, name=name, attrs={"units": units, **attrs})
    return array.rio.write_crs(32614)


@pytest.fixture
def values() -> np.ndarray:
    made = np.random.default_rng(1).normal(0, 0.05, (3, ROWS, COLUMNS)).astype("float32")
    made[:, 5, 5] = np.nan
    return made


@pytest.fixture
def layers() -> Iterator[list[RasterLayer]]:
    made: list[RasterLayer] = []
    yield made
    for layer in made:
        assert layer.wait(WAIT)
        layer.close()


@pytest.fixture
def layer(values: np.ndarray, layers: list[RasterLayer]) -> RasterLayer:
    layers.append(RasterLayer(raster(values, "timeseries", "m")))
    return layers[0]


def lonlat(row: int, column: int) -> tuple[float, float]:
    to = Transformer.from_crs(32614, 4326, always_xy=True)
    return to.transform(LEFT + STEP * (column + 0.5), TOP - STEP * (row + 0.5))


def address(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    """Tile that holds a place, and its pixel, by the formula of Web Mercator."""
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z
    return int(x), int(y), int(y % 1 * 256) * 256 + int(x % 1 * 256)


class Wire:
    """The page's end of the widget's channel."""

    def __init__(self, layer: RasterLayer) -> None:
        self.answers: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        layer.send = lambda content, buffers=None: self.answers.put((content, list(buffers or [])))
        self.layer = layer

    def say(self, **content: Any) -> None:
        self.layer._handle_custom_msg(content, [])

    def ask(self, source: str, tiles: list[list[int]]) -> tuple[dict[str, Any], list[bytes]]:
        self.say(id="1", kind="tiles", payload={"source": source, "tiles": tiles})
        content, (whole, *_) = self._answer()
        ends = np.cumsum([0, *content.get("payload", {}).get("sizes", [])]).tolist()
        return content, [whole[start:end] for start, end in itertools.pairwise(ends)]

    def _answer(self) -> tuple[dict[str, Any], list[bytes]]:
        content, buffers = self.answers.get(timeout=WAIT)
        return content, buffers or [b""]


def decode(tile: bytes, pixel: int) -> tuple[float, float]:
    """Value of a pixel and the size of its steps, read as tiles/codec.py describes the bytes."""
    magic, kind, _, size, scale, offset, nodata, _ = struct.unpack_from("<4sBBHddII", tile)
    assert (magic, kind, size) == (b"IWT1", 2, 256)
    code = struct.unpack_from("<H", tile, 32 + 2 * pixel)[0]
    return (math.nan if code == nodata else code * scale + offset), scale


def test_tiles_come_back_as_bytes_that_hold_the_values(layer, values):
    z = layer._source["max_zoom"]
    places = [(10, 20, 0), (49, 69, 2), (0, 0, 1), (5, 5, 1)]
    found = [(address(*lonlat(row, column), z), date) for row, column, date in places]
    content, buffers = Wire(layer).ask(layer._source["key"], [[date, z, x, y] for (x, y, _), date in found])
    assert content["ok"]
    for (row, column, date), ((_, _, pixel), _), tile in zip(places, found, buffers, strict=True):
        value, step = decode(tile, pixel)
        assert value == pytest.approx(values[date, row, column], abs=step, nan_ok=True)
        assert not step > 1e-4


def test_a_tile_beside_the_data_is_no_bytes(layer):
    content, buffers = Wire(layer).ask(layer._source["key"], [[0, 10, 0, 0]])
    assert content["ok"]
    assert buffers == [b""]


def test_cancelling_reaches_the_work_and_unknown_sources_are_refused_in_words(layer):
    wire = Wire(layer)
    waiting = threading.Event()

    def slow(_key: str, _tile: Any, cancelled: threading.Event) -> bytes:
        waiting.set()
        assert cancelled.wait(WAIT)
        return b""

    layer._sources.tile, tile = slow, layer._sources.tile
    wire.say(id="7", kind="tiles", payload={"source": "r1", "tiles": [[0, 1, 0, 0], [0, 1, 1, 0]]})
    assert waiting.wait(WAIT)
    wire.say(id="7", cancel=True)
    assert wire.answers.get(timeout=WAIT)[0]["error"]["cancelled"] is True
    layer._sources.tile = tile
    assert "Run the cell" in wire.ask("r99", [[0, 1, 0, 0]])[0]["error"]["message"]


def test_value_is_what_is_seen_reference_and_mask_included(values, layers):
    coherence = np.linspace(0, 1, ROWS * COLUMNS, dtype="float32").reshape(ROWS, COLUMNS)
    layer = RasterLayer(raster(values, "timeseries", "m"), mask=raster(coherence, "temporalCoherence", ""))
    layers.append(layer)
    place = lonlat(45, 12)
    assert layer.mask_mode == "minimum"
    assert layer.index == 2
    assert layer.value(*place) == pytest.approx(values[2, 45, 12])
    layer.offsets = [0.1, 0.2, 0.4]
    assert layer.value(*place) == pytest.approx(values[2, 45, 12] - 0.4)
    layer.base_index = 0
    expected = float(values[2, 45, 12]) - 0.4 - (float(values[0, 45, 12]) - 0.1)
    assert layer.value(*place) == pytest.approx(expected)
    assert layer.value(*place, referenced=False) == pytest.approx(values[2, 45, 12])
    masked = lonlat(10, 12)
    assert math.isnan(layer.value(*masked))
    assert not math.isnan(layer.value(*masked, masked=False))
    layer.mask_mode = "none"
    assert not math.isnan(layer.value(*masked))
    assert math.isnan(layer.value(*lonlat(5, 5)))
    assert math.isnan(layer.value(0, 0))


def test_the_range_is_found_from_the_data_and_asked_for_again_by_none(layers, values):
    skewed = RasterLayer(raster(np.abs(values[0]) + 1, "height", "m"))
    signed = RasterLayer(raster(values[0]))
    layers += [skewed, signed]
    assert skewed.wait(WAIT)
    low, high = np.nanpercentile(np.abs(values[0]) + 1, (2, 98))
    assert (skewed.vmin, skewed.vmax) == pytest.approx((low, high), abs=0.01)
    assert signed.wait(WAIT)
    assert signed.vmin == -signed.vmax
    signed.vmax = 0.5
    signed.vmin = None
    assert signed.wait(WAIT)
    assert signed.vmin < 0
    assert signed.vmax == 0.5


def test_a_given_range_stays(values, layers):
    layers.append(RasterLayer(raster(values[0]), vmin=-1, vmax=2))
    assert layers[0].wait(WAIT)
    assert (layers[0].vmin, layers[0].vmax) == (-1, 2)


@pytest.mark.parametrize(
    ("name", "units", "colormap", "reverse", "shown"),
    [
        ("velocity", "m/year", "vik", True, ("mm/year", 1000)),
        ("velocityStd", "m/year", "batlow", False, ("mm/year", 1000)),
        ("timeseries_ERA5", "m", "vik", True, ("mm", 1000)),
        ("height", "m", "batlow", False, ("m", 1)),
        ("temporalCoherence", "", "gray", False, ("", 1)),
        ("connectComponent", "", "batlowS", False, ("", 1)),
    ],
)
def test_a_raster_has_the_looks_of_its_kind(  # noqa: PLR0917
    name, units, colormap, reverse, shown, values, layers
):
    made = RasterLayer(raster(values[0], name, units), vmin=0, vmax=1)
    layers.append(made)
    assert (made.colormap, made.reverse) == (colormap, reverse)
    assert (made.display_units, made.display_factor) == shown


def test_a_colormap_that_was_asked_for_is_not_turned_round(values, layers):
    layers.append(RasterLayer(raster(values[0]), colormap="viridis"))
    assert not layers[0].reverse


def test_data_can_be_replaced_and_going_back_finds_the_old_source(layer, values):
    first, data = layer._source["key"], layer.data
    layer.index, layer.base_index = 2, 1
    layer.data = raster(values[1] * 2)
    assert layer._source["key"] != first
    assert (layer.index, layer.base_index) == (0, 0)
    assert layer.value(*lonlat(30, 30), referenced=False) == pytest.approx(values[1, 30, 30] * 2)
    layer.data = data
    assert layer._source["key"] == first
    assert layer._source["dates"] == ["20200101", "20200201", "20200301"] == layer.dates


class Disk(BackendArray):
    """Numbers that are read when they are asked for, and a note of how many at a time."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        self.reads: list[int] = []

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._read)

    def _read(self, key: Any) -> np.ndarray:
        found = self.values[key]
        self.reads.append(found.size)
        return found


def test_neither_showing_nor_replacing_a_raster_reads_all_of_it(layers):
    disks = [
        Disk(np.random.default_rng(n).normal(size=(30, ROWS, COLUMNS)).astype("float32")) for n in (1, 2)
    ]
    one, two = (
        raster(np.zeros((30, ROWS, COLUMNS), "float32")).copy(
            data=xr.Variable(("date", "y", "x"), indexing.LazilyIndexedArray(disk))._data
        )
        for disk in disks
    )
    layer = RasterLayer(one)
    layers.append(layer)
    layer.data = two
    layer.data = one
    assert layer.wait(WAIT)
    assert max(disks[0].reads) <= 8 * ROWS * COLUMNS
    assert sum(disks[1].reads) <= 8 * ROWS * COLUMNS


def test_several_layers_on_one_map_and_off_again(values, layers):
    leaflet = ipyleaflet.Map(layers=(), center=(19.4, -99.1), zoom=10)
    layers += [RasterLayer(raster(values[0]), leaflet, name=str(n), z_index=n) for n in (1, 2)]
    assert all(layer.get_state("map")["map"] == f"anywidget:{leaflet.model_id}" for layer in layers)
    layers[0].remove()
    assert layers[0].map is None
    layers[0].map = leaflet
    assert layers[0].fit() is layers[0]
    assert leaflet.center == pytest.approx((19.43, -99.17), abs=0.02)
    assert leaflet.zoom == 13  # 5.6 km of 6.4 km in 600 pixels
    south, west, north, east = layers[0].bounds
    assert south < 19.42 < north
    assert west < -99.16 < east
    leaflet.close()


def test_hover_is_reported_only_while_someone_listens(layer):
    assert not layer._report_hover
    layer.observe(lambda _change: None, "index")
    assert not layer._report_hover
    layer.observe(lambda _change: None, "hover")
    assert layer._report_hover


def test_what_cannot_be_shown_is_refused_in_words(values, layer):
    with pytest.raises(InsarWidgetsError):
        RasterLayer(raster(values[0]).drop_vars("spatial_ref"))
    with pytest.raises(traitlets.TraitError, match="colourmap"):
        RasterLayer(raster(values[0]), colourmap="vik")
    with pytest.raises(traitlets.TraitError, match=r"ipyleaflet\.Map"):
        RasterLayer(raster(values[0]), layer)
    with pytest.raises(traitlets.TraitError, match="0 to 2"):
        layer.index = 3
    with pytest.raises(traitlets.TraitError, match="-1 to 2"):
        layer.base_index = -2
    with pytest.raises(InsarWidgetsError, match="on no map"):
        layer.fit()


@pytest.mark.parametrize("name", ["viridis", "RdBu", "jet", "hsv", "twilight"])
def test_the_tables_are_the_published_colormaps(name):
    theirs = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
    assert np.abs(colormap_table(name) - theirs).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(colormap_table(name, reverse=True), colormap_table(name)[::-1])


def test_cyclic_maps_close_and_diverging_ones_are_pale_or_dark_in_the_middle():
    for name in colormap_names():
        table = colormap_table(name).astype(int)
        kind = colormap_kind(name)
        if kind == "cyclic":
            assert np.abs(table[0] - table[-1]).max() <= 24, name  # one of 256 steps of hsv
        if kind == "diverging":
            light = table @ (0.2126, 0.7152, 0.0722)
            assert not min(light[0], light[-1]) < light[128] < max(light[0], light[-1]), name
    assert "vik" in RasterLayer.colormaps("diverging")
    assert set(RasterLayer.colormaps()) == set(colormap_names())


@pytest.mark.parametrize(
    ("name", "units", "long_name", "colormap", "shown"),
    [
        (
            "timeseries_ERA5_demErr",
            "m",
            "LOS displacement, corrected for troposphere and DEM error",
            "vik",
            "mm",
        ),
        ("velocity", "m/year", "LOS velocity", "vik", "mm/year"),
        ("temporalCoherence", "1", "temporal coherence", "gray", "1"),
        ("S1_corr", "1", "S1 corr", "gray", "1"),
    ],
)
def test_a_corrected_series_looks_like_displacement_and_not_like_coherence(
    name, units, long_name, colormap, shown
):
    from insar_widgets.widgets._raster_style import style_of

    style = style_of(raster(np.zeros((ROWS, COLUMNS)), name, units, long_name=long_name))
    assert (style.colormap, style.display_units) == (colormap, shown)
    assert style.symmetric == (colormap == "vik")
