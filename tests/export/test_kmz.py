"""What a KMZ shows lies where pyproj says it belongs, and its tiles can be followed from the first to the last."""

from __future__ import annotations

import io
import shutil
import threading
import zipfile
from itertools import pairwise
from pathlib import PurePosixPath
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest
import xarray as xr
from PIL import Image
from pyproj import Geod, Transformer

from insar_widgets import export_kmz, open_results
from insar_widgets.errors import CancelledError, ExportError
from insar_widgets.export._overlay import Overlay, Places, tiles
from insar_widgets.results import Grid

K = "{http://www.opengis.net/kml/2.2}"


def overlays(path, start="doc.kml"):
    """Every picture that can be reached from a file: its box, pixels (rgba), first date, and if it is the finest."""
    found, ahead = [], [start]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and archive.namelist()[0] == "doc.kml"
        while ahead:
            name = ahead.pop()
            root = ElementTree.fromstring(archive.read(name))
            here = PurePosixPath(name).parent
            for node in root.iter(f"{K}GroundOverlay"):
                box = [
                    float(node.find(f"{K}LatLonBox/{K}{side}").text)
                    for side in ("north", "south", "east", "west")
                ]
                picture = Image.open(io.BytesIO(archive.read(str(here / node.find(f"{K}Icon/{K}href").text))))
                begin = node.find(f"{K}TimeSpan/{K}begin")
                most = node.find(f".//{K}maxLodPixels")
                found.append(
                    (
                        box,
                        np.asarray(picture.convert("RGBA")),
                        "" if begin is None else begin.text,
                        most is None or most.text == "-1",
                    )
                )
            for node in root.iter(f"{K}NetworkLink"):
                ahead.append(str(here / node.find(f"{K}Link/{K}href").text))
    return found


def with_spikes(finished_run, folder, pixels):
    """A copy of the run whose velocity is 1 mm/yr, but for some pixels, and has a value everywhere."""
    shutil.copytree(finished_run.work_dir, folder)
    with h5py.File(folder / "velocity.h5", "r+", locking=False) as file:
        values = np.full(file["velocity"].shape, 1e-3, np.float32)
        for row, column in pixels:
            values[row, column] = 1.0
        file["velocity"][:] = values
    for name in ("numInvIfgram", "maskTempCoh"):
        with h5py.File(folder / f"{name}.h5", "r+", locking=False) as file:
            file["mask"][:] = 1
    return open_results(folder)


def test_a_single_pixel_is_shown_less_than_a_pixel_from_its_place(finished_run, stored, tmp_path):
    attributes = stored[1]
    rows, columns = int(attributes["LENGTH"]), int(attributes["WIDTH"])
    pixels = [
        (0, 0),
        (0, columns - 1),
        (rows - 1, 0),
        (rows - 1, columns - 1),
        (rows // 2, columns // 3),
        (7, 11),
    ]
    results = with_spikes(finished_run, tmp_path / "spikes", pixels)
    (path,) = export_kmz(results, tmp_path, "velocity", vmin=-1, vmax=1, mask=None)
    ((north, south, east, west), rgba, _, _) = overlays(path)[0]
    towards = rgba[..., 2].astype(int) - rgba[..., 0] > 60  # deep blue
    spots = np.argwhere(towards & (rgba[..., 3] == 255))
    lon = west + (spots[:, 1] + 0.5) * (east - west) / rgba.shape[1]
    lat = north - (spots[:, 0] + 0.5) * (north - south) / rgba.shape[0]
    to_degrees = Transformer.from_crs(int(attributes["EPSG"]), 4326, always_xy=True)
    seen = np.zeros(len(spots), bool)
    for row, column in pixels:
        x, y = (
            float(attributes[f"{k}_FIRST"]) + (i + 0.5) * float(attributes[f"{k}_STEP"])
            for k, i in (("X", column), ("Y", row))
        )
        true_lon, true_lat = to_degrees.transform(x, y)
        away = Geod(ellps="WGS84").inv(np.full(len(lon), true_lon), np.full(len(lat), true_lat), lon, lat)[2]
        near = away < 0.5 * 2**0.5 * 80
        assert 1 <= near.sum() <= 4, (row, column)  # every pixel is shown, and only where it lies
        seen |= near
    assert seen.all()
    # the corners of the frame, as pyproj has them, lie within the box
    x = [float(attributes["X_FIRST"]) + i * float(attributes["X_STEP"]) for i in (0, columns)]
    y = [float(attributes["Y_FIRST"]) + i * float(attributes["Y_STEP"]) for i in (0, rows)]
    lons, lats = to_degrees.transform([x[0], x[1], x[0], x[1]], [y[0], y[0], y[1], y[1]])
    assert west <= min(lons) and max(lons) <= east and south <= min(lats) and max(lats) <= north
    pixel = abs(lats[0] - lats[2]) / rows
    assert north - max(lats) < 2 * pixel and min(lons) - west < 2.5 * pixel


def test_every_date_is_on_the_slider_with_the_same_colours(results, stored, tmp_path):
    name = str(results.timeseries.name)
    (path,) = export_kmz(results, tmp_path / "a name with spaces", name, vmin=-0.02, vmax=0.02)
    assert path.name == "displacement.kmz"
    found = overlays(path)
    assert [begin[:10].replace("-", "") for _, _, begin, _ in found] == list(results.dates)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("doc.kml").decode()
        assert Image.open(io.BytesIO(archive.read("legend.png"))).size[0] > 200
    assert "0.71 pixel" in text and "positive towards" in text and "Reference point" in text
    spans = [
        (s.find(f"{K}begin").text, s.find(f"{K}end").text)
        for s in ElementTree.fromstring(text).iter(f"{K}TimeSpan")
    ]
    assert all(begin < end for begin, end in spans) and all(a[1] < b[0] for a, b in pairwise(spans))
    # at the reference date all is zero, the middle of the colours
    rgba = found[results.dates.index(results.reference_date)][1]
    shown = rgba[rgba[..., 3] == 255]
    assert len(shown) > 300 and (shown == shown[0]).all()


def test_a_large_raster_is_a_pyramid_whose_finest_tiles_hold_every_value():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(700, 1300)).astype(np.float32)
    values[300:, :200] = np.nan
    array = xr.DataArray(
        values, dims=("y", "x"), coords={"y": 4e6 - 30.0 * np.arange(700), "x": 3e5 + 30.0 * np.arange(1300)}
    ).rio.write_crs(32611)
    grid = Grid.from_array(array)
    overlay = Overlay.of(grid)
    assert overlay.levels == 2
    seen = np.zeros(values.shape, bool)
    levels = {}
    for level, row, column, tile in tiles(
        overlay, Places(overlay, 10**6), lambda r, c: values[r, c], overlay.levels
    ):
        levels[level] = levels.get(level, 0) + 1
        if level:
            continue
        north, south, east, west = overlay.box(level, row, column)
        lon = west + (np.arange(512) + 0.5) * (east - west) / 512
        lat = north - (np.arange(512) + 0.5) * (north - south) / 512
        x, y = Transformer.from_crs(4326, 32611, always_xy=True).transform(*np.meshgrid(lon, lat))
        i = np.floor((4e6 + 15 - y) / 30).astype(int)
        j = np.floor((x - 3e5 + 15) / 30).astype(int)
        inside = (i >= 0) & (i < 700) & (j >= 0) & (j < 1300)
        assert np.array_equal(tile[inside], values[i[inside], j[inside]], equal_nan=True)
        assert np.isnan(tile[~inside]).all()
        seen[i[inside], j[inside]] = True
    assert seen.all()  # no pixel of the data is missed
    assert levels[2] == 1 and levels[1] >= 2 and levels[0] >= 6


def test_tiles_of_a_geographic_grid_are_followed_by_links_and_cover_it_without_gaps(tmp_path, geographic_run):
    results, truth, (west0, north0, step) = geographic_run
    notes: list[str] = []
    (path,) = export_kmz(results, tmp_path, "velocity", mask=None, notes=notes)
    found = overlays(path)
    finest = [(box, rgba) for box, rgba, _, is_finest in found if is_finest]
    assert len(finest) >= 2 and len(found) > len(finest)
    seen = np.zeros(truth.shape, bool)
    for (north, _, _, west), rgba in finest:
        row, column = round((north0 - north) / step), round((west - west0) / step)
        assert north0 - north == pytest.approx(row * step, abs=1e-6 * step)  # the very same pixels
        part = seen[row : row + 512, column : column + 512]
        part |= rgba[: part.shape[0], : part.shape[1], 3] == 255
    assert np.array_equal(seen, np.isfinite(truth))


def test_a_second_call_keeps_it_and_neither_cancelling_nor_a_full_disk_leaves_a_half(
    results, tmp_path, full_disk
):
    name = str(results.timeseries.name)
    with full_disk(20_000), pytest.raises(ExportError, match=r"displacement.kmz could not be written"):
        export_kmz(results, tmp_path, name)
    assert list(tmp_path.iterdir()) == []
    cancelled = threading.Event()
    with pytest.raises(CancelledError):
        export_kmz(results, tmp_path, name, on_progress=lambda *_: cancelled.set(), cancelled=cancelled)
    assert list(tmp_path.iterdir()) == []
    (path,) = export_kmz(results, tmp_path, name)
    before, notes = path.stat().st_mtime_ns, []
    export_kmz(results, tmp_path, name, notes=notes)
    assert path.stat().st_mtime_ns == before and "kept" in notes[0]
    export_kmz(results, tmp_path, name, wrap=0.028)
    assert path.stat().st_mtime_ns != before


def test_what_is_not_possible_is_said_before_anything_is_written(results, tmp_path):
    target = tmp_path / "none"
    with pytest.raises(ExportError, match="more than 0"):
        export_kmz(results, target, wrap=0)
    with pytest.raises(ExportError, match="no colormap 'nice'"):
        export_kmz(results, target, colormap="nice")
    with pytest.raises(ExportError, match="is empty"):
        export_kmz(results, target, vmin=1, vmax=1)
    with pytest.raises(ExportError, match="no date 19990101"):
        export_kmz(results, target, str(results.timeseries.name), dates=["19990101"])
    assert not target.exists()
