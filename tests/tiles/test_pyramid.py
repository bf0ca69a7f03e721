"""Overviews beside the data: right, found again, never half-built, never of other values."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.results import open_results
from insar_widgets.tiles import TileSource, pyramid
from insar_widgets.tiles._store import make_room
from insar_widgets.tiles.pyramid import PyramidStatus
from tiles._rasters import by_hand

ROWS, COLUMNS, DATES = 1100, 1030, 3


def write(folder: Path, seed: int = 0) -> np.ndarray:
    """A work directory with a series just large enough for overviews; returns what the arrays must hold."""
    rng = np.random.default_rng(seed)
    values = rng.normal(scale=0.02, size=(DATES, ROWS, COLUMNS)).astype(np.float32)
    used = np.where(rng.random((ROWS, COLUMNS)) < 0.2, 0, 9).astype(np.float32)
    used[:300, :300] = 0
    values[:, used == 0] = 0
    attributes = {
        "LENGTH": str(ROWS), "WIDTH": str(COLUMNS), "X_FIRST": "480000.0", "Y_FIRST": "2150000.0", "X_STEP": "80.0",
        "Y_STEP": "-80.0", "X_UNIT": "meters", "EPSG": "32614", "WAVELENGTH": "0.0555", "REF_Y": "900", "REF_X": "900",
        "UNIT": "m", "FILE_TYPE": "timeseries", "REF_DATE": "20200101",
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "smallbaselineApp.cfg").write_text("")
    with h5py.File(folder / "timeseries.h5", "w") as file:
        file.attrs.update(attributes)
        file.create_dataset("timeseries", data=values, chunks=True)
        file["date"] = np.array(["20200101", "20200113", "20200125"], "S8")
    with h5py.File(folder / "numInvIfgram.h5", "w") as file:
        file.attrs.update({**attributes, "FILE_TYPE": "mask", "UNIT": "1"})
        file.create_dataset("mask", data=used, chunks=True)
    values[:, used == 0] = np.nan
    return values


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, list[PyramidStatus]]:
    """A work directory with overviews, what it holds, and what was said while they were built."""
    folder = tmp_path_factory.mktemp("tiles") / "work"
    values = write(folder)
    said: list[PyramidStatus] = []
    source = TileSource(open_results(folder)["timeseries"])
    assert source.pyramid.state == "none"
    source.build_pyramid(said.append)
    assert source.wait_pyramid(120).state == "ready", source.pyramid.message
    assert source.revision == 1
    return folder, values, said


def folder_of(work_dir: Path) -> Path:
    """The one pyramid of a work directory."""
    (found,) = (work_dir / ".insar_widgets" / "pyramids").glob("*.zarr")
    return found


Built = tuple[Path, np.ndarray, list[PyramidStatus]]


def test_a_pyramid_is_zarr_with_means_of_valid_values_date_by_date(built: Built) -> None:
    folder, values, said = built
    for level in (1, 2, 3):
        array = zarr.open_array(folder_of(folder) / str(level), mode="r")
        assert array.metadata.zarr_format == 3
        assert array.chunks[0] == 1
        assert array.shape == (DATES, -(-ROWS // 2**level), -(-COLUMNS // 2**level))
        for date in range(DATES):
            np.testing.assert_allclose(
                array[date], by_hand(values[date], 2**level), rtol=1e-4, atol=1e-7, equal_nan=True
            )
    fractions = [status.fraction for status in said]
    assert fractions == sorted(fractions)
    assert said[-1].state == "ready"
    assert {status.state for status in said[:-1]} == {"building"}


def test_tiles_are_the_same_with_and_without(built: Built) -> None:
    folder, values, _ = built
    data = open_results(folder)["timeseries"]
    fast, slow = TileSource(data), TileSource(data.compute())
    assert fast.pyramid.state == "ready"
    assert slow.pyramid.state == "not needed"
    assert "memory" in slow.pyramid.message
    for out in (1, 2, 3, 5):
        z = fast.max_zoom - out
        west, south, east, north = fast.bounds
        x = int(((west + east) / 2 + 180) / 360 * 2**z)
        y = int((1 - np.arcsinh(np.tan(np.radians((south + north) / 2))) / np.pi) / 2 * 2**z)
        a, b = fast.tile(z, x, y, index=2), slow.tile(z, x, y, index=2)
        assert np.isfinite(a).any()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7, equal_nan=True)
    steps = fast.quantisation
    assert steps is not None
    assert steps.low <= np.nanmin(values)
    assert steps.high >= np.nanmax(values)
    assert "means of" in fast.statistics(1).basis


def test_other_values_of_the_same_file_do_not_get_it(built: Built) -> None:
    data = open_results(built[0])["timeseries"]
    for other in (
        data * 2,
        data.isel(date=[0, 1]),
        data.isel(date=1),
        data.isel(y=slice(0, 1090)),
        data.compute(),
    ):
        assert TileSource(other).pyramid.state != "ready"
    assert TileSource(data, kind="classes").pyramid.state != "ready"
    assert TileSource(data.isel(date=slice(None))).pyramid.state == "ready"


def test_a_source_that_is_written_again_loses_its_pyramid(tmp_path: Path) -> None:
    write(tmp_path / "work")
    old = TileSource(open_results(tmp_path / "work")["timeseries"])
    old.build_pyramid()
    assert old.wait_pyramid(120).state == "ready"
    values = write(tmp_path / "work", seed=1)
    z = old.max_zoom - 2
    with pytest.raises(InsarWidgetsError, match="written again"):
        for x in range(0, 2**z):
            old.tile(z, x, int(2**z * 0.445)) if old.covers(z, x, int(2**z * 0.445)) else None
        old.statistics(0)
    new = TileSource(open_results(tmp_path / "work")["timeseries"])
    assert new.pyramid.state == "none"
    new.build_pyramid()
    assert new.wait_pyramid(120).state == "ready"
    found = new._levels.window(3, 0, slice(0, 100), slice(0, 100))[:-1].reshape(100, 100)
    np.testing.assert_allclose(found, by_hand(values[0], 8)[:100, :100], rtol=1e-4, atol=1e-7, equal_nan=True)
    folder_of(tmp_path / "work")


KILLED = """
import sys
import threading
from insar_widgets.results import open_results
from insar_widgets.tiles import TileSource
def tell(status):
    if status.fraction > 0.2:
        print("half", flush=True)
        sys.stdin.read()
source = TileSource(open_results(sys.argv[1])["timeseries"])
source.build_pyramid(tell)
source.wait_pyramid()
"""


def test_a_builder_that_is_killed_leaves_nothing_that_is_used(tmp_path: Path) -> None:
    work = tmp_path / "work"
    write(work)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
        source = TileSource(open_results(work)["timeseries"])
        assert source.pyramid.state == "none"
        waits = threading.Event()
        source.build_pyramid(lambda status: waits.set() if "Another process" in status.message else None)
        assert waits.wait(60)
        process.send_signal(signal.SIGKILL)
    left = list((work / ".insar_widgets" / "pyramids").iterdir())
    assert {p.suffix for p in left} == {".part"}
    assert source.wait_pyramid(120).state == "ready"
    assert list((work / ".insar_widgets" / "pyramids").iterdir()) == [folder_of(work)]


def test_dask_arrays_keep_one_pyramid_and_the_cache_has_a_limit(tmp_path: Path) -> None:
    write(tmp_path / "work")
    lazy = open_results(tmp_path / "work")["timeseries"]
    for chunk in (500, 600):
        source = TileSource(lazy.isel(date=slice(0, 1)).chunk(y=chunk))
        source.build_pyramid()
        assert source.wait_pyramid(120).state == "ready"
    folder = folder_of(tmp_path / "work")
    assert folder == source.pyramid.folder
    assert make_room(folder.parent, 100, 2**30, keep=tmp_path)
    assert folder.exists()
    assert not make_room(folder.parent, 2**30 + 1, 2**30, keep=tmp_path)
    assert make_room(folder.parent, 2**30, 2**30, keep=tmp_path)
    assert not folder.exists()


def test_building_can_be_cancelled_and_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "work")
    source = TileSource(open_results(tmp_path / "work")["timeseries"])

    def tell(status: PyramidStatus) -> None:
        if status.fraction > 0.2:
            source.cancel_pyramid()

    source.build_pyramid(tell)
    assert source.wait_pyramid(120).state == "cancelled"
    assert not list((tmp_path / "work" / ".insar_widgets" / "pyramids").iterdir())
    source.build_pyramid()
    assert source.wait_pyramid(120).state == "ready"


def test_without_a_place_beside_the_data_the_cache_is_used_and_named(tmp_path: Path) -> None:
    write(tmp_path / "work")
    (tmp_path / "work" / ".insar_widgets").write_text("a file where the folder should be")
    cache = tmp_path / "cache"
    source = TileSource(open_results(tmp_path / "work")["timeseries"], cache_dir=cache)
    first = source.build_pyramid()
    assert "read-only" in first.message
    assert str(cache) in first.message
    assert source.wait_pyramid(120).state == "ready"
    assert source.pyramid.folder is not None
    assert cache in source.pyramid.folder.parents
    again = TileSource(open_results(tmp_path / "work")["timeseries"], cache_dir=cache)
    assert again.pyramid.state == "ready"


def test_without_any_place_the_map_works_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "work")
    monkeypatch.setattr(pyramid, "disk_free", lambda _path: 10 * 2**20)
    source = TileSource(open_results(tmp_path / "work")["timeseries"], cache_dir=tmp_path / "cache")
    status = source.build_pyramid()
    assert status.state == "unavailable"
    assert "10 MB free" in status.message
    assert source.statistics(0).count > 0


def test_a_damaged_pyramid_is_not_believed(tmp_path: Path) -> None:
    values = write(tmp_path / "work")
    source = TileSource(open_results(tmp_path / "work")["timeseries"])
    source.build_pyramid()
    assert source.wait_pyramid(120).state == "ready"
    (folder_of(tmp_path / "work") / "3" / "c" / "1" / "0" / "0").write_bytes(b"cut")
    found = source._levels.window(3, 1, slice(0, 100), slice(0, 100))[:-1].reshape(100, 100)
    np.testing.assert_allclose(found, by_hand(values[1], 8)[:100, :100], rtol=1e-4, atol=1e-7, equal_nan=True)
