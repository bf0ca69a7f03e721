"""What comes out of a work directory is what was written into it, at the right place, with the right name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest
from pyproj import Transformer

from insar_widgets.errors import ResultsError
from insar_widgets.results import open_results

from .conftest import (
    COLUMNS,
    DATES,
    EMPTY,
    GEOGRAPHIC,
    GRIDS,
    REFERENCE,
    ROWS,
    SPIKE,
    UTM,
    truth,
    write,
    write_all,
)


def centre(grid: str, row: int, column: int) -> tuple[float, float]:
    """Coordinates of a pixel centre, by hand: the first coordinate of MintPy is the outer corner."""
    meta = {k: float(v) for k, v in GRIDS[grid].items() if k[2:] in ("FIRST", "STEP")}
    return meta["X_FIRST"] + (column + 0.5) * meta["X_STEP"], meta["Y_FIRST"] + (row + 0.5) * meta["Y_STEP"]


def lonlat(grid: str, row: int, column: int) -> tuple[float, float]:
    x, y = centre(grid, row, column)
    if grid == "geographic":
        return x, y
    return Transformer.from_crs(32614, 4326, always_xy=True).transform(x, y)


def test_a_spike_of_one_pixel_is_found_at_its_coordinate(work_dir: Path, grid: str) -> None:
    velocity = open_results(work_dir)["velocity"]
    x, y = centre(grid, *SPIKE)
    assert float(velocity.sel(x=x, y=y, method="nearest")) == pytest.approx(-0.5)
    place = velocity.where(velocity == velocity.min(), drop=True)
    assert (float(place.x[0]), float(place.y[0])) == pytest.approx((x, y))


# rioxarray multiplies affine transforms in a way that affine 3.1 is about to give up.
@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
def test_coordinates_are_pixel_centres_and_the_transform_gives_back_the_corner(
    work_dir: Path, grid: str
) -> None:
    velocity = open_results(work_dir)["velocity"]
    meta = GRIDS[grid]
    transform = velocity.rio.transform()
    corner = float(meta["X_FIRST"]), float(meta["Y_FIRST"])
    assert (transform.c, transform.f) == pytest.approx(corner)
    assert velocity.rio.crs.to_epsg() == (32614 if grid == "utm" else 4326)
    assert velocity.dims == ("y", "x")


def test_the_series_is_the_one_velocity_was_fitted_to(work_dir: Path) -> None:
    results = open_results(work_dir)
    series = results.timeseries
    assert series.name == "timeseries_ramp_demErr"
    assert results.timeseries_names == ("timeseries", "timeseries_ramp_demErr")
    assert series.dims == ("date", "y", "x")
    assert series.dtype == np.float32
    assert series.attrs["units"] == "m"
    assert np.issubdtype(series["date"].dtype, np.datetime64)
    assert results.dates == DATES
    expected = truth()["series"]
    expected[:, *EMPTY] = np.nan
    np.testing.assert_array_equal(series.values, expected)


def test_what_was_read_as_a_whole_and_what_is_read_in_parts_agree(work_dir: Path) -> None:
    results = open_results(work_dir)
    parts = results.timeseries[2, :, 0].values
    results["velocity"].load()
    results.timeseries[1].load()
    np.testing.assert_array_equal(results.timeseries[2, :, 0].values, parts)
    assert np.isnan(parts[0])
    (work_dir / "numInvIfgram.h5").touch()
    with pytest.raises(ResultsError, match=r"numInvIfgram\.h5 was written again"):
        _ = results.timeseries[2, :, 0].values


def test_millimetres_become_metres(work_dir: Path, grid: str) -> None:
    series = {"timeseries": np.full((5, ROWS, COLUMNS), 7, np.float32), "date": np.array(DATES, "S8")}
    write(work_dir / "timeseries_ramp_demErr.h5", "timeseries", GRIDS[grid], series, UNIT="mm")
    array = open_results(work_dir).timeseries
    assert array.attrs["units"] == "m"
    assert float(array[0, 1, 1]) == pytest.approx(0.007)


def test_each_layer_says_how_an_empty_pixel_is_known(work_dir: Path) -> None:
    results = open_results(work_dir)
    assert results["timeseries"].attrs["no_data"] == "NaN where numInvIfgram has no value"
    assert (
        results["velocity"]
        .attrs["no_data"]
        .endswith("where the file holds 0 because incidenceAngle has no value")
    )
    (work_dir / "numInvIfgram.h5").unlink()
    (work_dir / "temporalCoherence.h5").unlink()
    assert "0 throughout" in open_results(work_dir)["velocity"].attrs["no_data"]


def test_a_velocity_of_an_older_series_is_told_by_its_own_attribute(work_dir: Path) -> None:
    with h5py.File(work_dir / "velocity.h5", "r+") as handle:
        handle.attrs["FILE_PATH"] = "/elsewhere/timeseries.h5"
    assert open_results(work_dir).timeseries.name == "timeseries"


def test_empty_pixels_are_nan_and_true_zeros_stay(work_dir: Path) -> None:
    results = open_results(work_dir)
    for name in ("velocity", "velocityStd", "temporalCoherence", "numInvIfgram", "height", "incidenceAngle"):
        values = results[name].values
        assert np.isnan(values[EMPTY]), name
        assert np.isfinite(values).sum() == ROWS * COLUMNS - 1, name
    assert results["velocity"].values[REFERENCE] == 0
    assert (results.timeseries.values[0][np.isfinite(results["velocity"])] == 0).all()
    assert results["maskTempCoh"].dtype == bool


@pytest.mark.parametrize("gone", [["numInvIfgram.h5"], ["numInvIfgram.h5", "temporalCoherence.h5"]])
def test_empty_pixels_are_found_without_the_count_of_interferograms(work_dir: Path, gone: list[str]) -> None:
    for name in gone:
        (work_dir / name).unlink()
    results = open_results(work_dir)
    for values in (results["velocity"].values, results.timeseries.values[2]):
        assert np.isnan(values[EMPTY])
        assert values[REFERENCE] == 0
        assert np.isfinite(values).sum() == ROWS * COLUMNS - 1


def test_the_reference_point_comes_from_row_and_column(work_dir: Path, grid: str) -> None:
    results = open_results(work_dir)
    lon, lat = lonlat(grid, *REFERENCE)
    assert results.reference_point == pytest.approx(
        {"lon": lon, "lat": lat, "y": REFERENCE[0], "x": REFERENCE[1]}
    )
    assert results.reference_date == DATES[0]
    assert results.wavelength == pytest.approx(0.05546576)


def test_only_what_is_asked_for_is_read(work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    whole = os.preadv

    def counting(handle: int, buffers: list[memoryview], offset: int) -> int:
        asked.append(sum(map(len, buffers)))
        return whole(handle, buffers, offset)

    series = open_results(work_dir).timeseries
    with monkeypatch.context() as patch:
        patch.setattr(os, "preadv", counting)
        patch.delattr(h5py.Dataset, "__getitem__")  # uncompressed values are read without HDF5
        assert series.isel(date=2, y=slice(3, 5), x=slice(None, None, -1)).values.shape == (2, COLUMNS)
    assert 0 < sum(asked) <= 3 * (2 * COLUMNS * 4)  # the series, and the two files that tell its empty pixels


def test_indexing_agrees_with_numpy(work_dir: Path) -> None:
    expected = truth()["series"]
    expected[:, *EMPTY] = np.nan
    series = open_results(work_dir).timeseries
    for key in [
        (0,), (slice(None), 3, 4), (slice(None, None, -2), slice(1, 9, 3), slice(5)), ([3, 1], 2, slice(None)),
        ([0, 2], [1, 3, 1], [0, 5]), (Ellipsis, 0),
    ]:  # fmt: skip
        orthogonal = expected
        if any(isinstance(k, list) for k in key):
            for axis, k in reversed(list(enumerate(key))):
                orthogonal = orthogonal[(slice(None),) * axis + (k,)]
        else:
            orthogonal = expected[key]
        np.testing.assert_array_equal(series[key].values, orthogonal)


def test_an_unfinished_run_shows_what_there_is_and_says_what_is_not(tmp_path: Path) -> None:
    write_all(tmp_path, UTM)
    for name in ("velocity.h5", "maskTempCoh.h5"):
        (tmp_path / name).unlink()
    results = open_results(tmp_path)
    assert "timeseries" in results.layers
    assert "velocity" not in results.layers
    assert "step velocity" in results.missing["velocity"]
    assert "demErr" in results.missing
    assert results.timeseries.name == "timeseries_ramp_demErr"
    with pytest.raises(ResultsError, match=r"velocity\.h5 is not there; the step velocity writes it"):
        results["velocity"]
    assert results.summary().velocity_min is None
    assert results.summary().pairs_total is None


def test_a_stack_alone_is_a_work_directory_without_a_series(tmp_path: Path) -> None:
    from .conftest import write_stack

    write_stack(tmp_path, UTM)
    results = open_results(tmp_path)
    assert (results.layers, results.dates) == ((), ())
    with pytest.raises(ResultsError, match="step invert_network"):
        _ = results.timeseries
    assert "none yet" in repr(results)


@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_a_truncated_file_is_named_and_the_others_still_work(work_dir: Path, keep: int) -> None:
    path = work_dir / "temporalCoherence.h5"
    path.write_bytes(path.read_bytes()[:keep])
    results = open_results(work_dir)
    assert "temporalCoherence" not in results.layers
    assert str(path) in results.missing["temporalCoherence"]
    with pytest.raises(ResultsError, match=r"temporalCoherence\.h5 cannot be read.*run the step"):
        results["temporalCoherence"]
    assert np.isfinite(results["velocity"].values).any()
    assert results.summary().mean_temporal_coherence is None


def test_a_file_that_was_laid_out_but_never_written_is_no_layer(work_dir: Path) -> None:
    with h5py.File(work_dir / "velocity.h5", "r+") as handle:
        for name in ("velocity", "velocityStd"):
            del handle[name]
            handle.create_dataset(name, shape=(ROWS, COLUMNS), dtype="f4", chunks=True)
    assert "interrupted" in open_results(work_dir).missing["velocity"]


def test_a_layer_on_another_grid_is_not_shown_in_the_wrong_place(work_dir: Path, grid: str) -> None:
    other = dict(GRIDS[grid])
    other["X_FIRST"] = str(float(other["X_FIRST"]) + 3 * float(other["X_STEP"]))
    write(work_dir / "demErr.h5", "dem", other, {"dem": np.ones((ROWS, COLUMNS), np.float32)})
    assert "another grid" in open_results(work_dir).missing["demErr"]


def test_radar_coordinates_need_geocode(tmp_path: Path) -> None:
    write_all(tmp_path, GRIDS["radar"])
    with pytest.raises(ResultsError, match="run the step geocode"):
        open_results(tmp_path)


def test_geocoded_copies_are_used_and_said(tmp_path: Path) -> None:
    write_all(tmp_path, GRIDS["radar"])
    write_all(tmp_path / "geo", GEOGRAPHIC, prefix="geo_")
    results = open_results(tmp_path)
    assert results.timeseries.name == "timeseries_ramp_demErr"
    assert float(results["velocity"].min()) == pytest.approx(-0.5)
    assert "geo" in results.notes[0]


def test_a_folder_without_mintpy_files_points_to_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="is not a folder"):
        open_results(tmp_path / "nothing")
    with pytest.raises(ResultsError, match="holds no MintPy file"):
        open_results(tmp_path)
    from .conftest import write_stack

    write_stack(tmp_path / "mintpy", UTM)
    with pytest.raises(ResultsError, match=r"Did you mean .*mintpy\?"):
        open_results(tmp_path)


def test_a_replaced_file_is_noticed(work_dir: Path) -> None:
    results = open_results(work_dir)
    old = results["velocity"]
    assert not results.changed()
    copy = work_dir / "new.tmp"
    shutil.copyfile(work_dir / "velocity.h5", copy)
    copy.replace(work_dir / "velocity.h5")
    assert results.changed()
    for read in (lambda: old.values, lambda: results["velocity"]):
        with pytest.raises(ResultsError, match=r"velocity\.h5 was written again.*open the results again"):
            read()
    assert np.isfinite(results["temporalCoherence"].values).any()


def test_a_file_that_another_process_holds_open_for_writing_can_be_read_and_written(work_dir: Path) -> None:
    script = textwrap.dedent("""
        import sys, h5py
        with h5py.File(sys.argv[1], "r+") as handle:
            handle.attrs["X"] = "1"
            handle.flush()
            print("open", flush=True)
            sys.stdin.readline()
            handle["mask"][5, 5] = False
    """)
    path = work_dir / "maskTempCoh.h5"
    held = open_results(work_dir)["velocity"]
    assert np.isfinite(held.values).any()
    with subprocess.Popen(
        [sys.executable, "-c", script, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        results = open_results(work_dir)
        assert results["maskTempCoh"].values[5, 5]
        writer.communicate("go on\n")
    assert writer.returncode == 0
    assert not open_results(work_dir)["maskTempCoh"].values[5, 5]


@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_file_that_the_user_has_open_in_the_notebook_can_be_read(work_dir: Path, mode: str) -> None:
    with h5py.File(work_dir / "velocity.h5", mode):
        assert float(open_results(work_dir)["velocity"].min()) == pytest.approx(-0.5)


def test_a_locked_file_is_said_to_be_locked_not_damaged(work_dir: Path) -> None:
    script = textwrap.dedent("""
        import sys, h5py
        from insar_widgets.results import open_results
        print(open_results(sys.argv[1]).missing["maskTempCoh"])
    """)
    environment = os.environ | {"HDF5_USE_FILE_LOCKING": "TRUE"}
    writer = "import sys, h5py; f = h5py.File(sys.argv[1], 'r+'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", writer, work_dir / "maskTempCoh.h5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env=environment,
    ) as held:  # fmt: skip
        assert held.stdout is not None
        held.stdout.readline()
        command = [sys.executable, "-c", script, work_dir]
        told = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
        held.communicate()
    assert "is locked by the process that writes it" in told


def test_an_unknown_layer_is_answered_with_the_known_ones(work_dir: Path) -> None:
    with pytest.raises(ResultsError, match="no layer 'speed'; it has velocity"):
        open_results(work_dir)["speed"]


def test_unknown_files_and_datasets_get_typable_names(work_dir: Path, grid: str) -> None:
    image = np.ones((ROWS, COLUMNS), np.float32)
    write(work_dir / "velocityERA5.h5", "velocity", GRIDS[grid], {"velocity": image, "velocityStd": image})
    write(work_dir / "maskPoly.h5", "mask", GRIDS[grid], {"mask": image > 0})
    series = {"timeseries": np.ones((5, ROWS, COLUMNS), np.float32), "date": np.array(DATES, "S8")}
    write(work_dir / "inputs" / "ERA5.h5", "timeseries", GRIDS[grid], series, UNIT="m")
    results = open_results(work_dir)
    assert {"velocityERA5", "velocityERA5Std", "maskPoly", "ERA5"} <= set(results.layers)
    assert results["ERA5"].dims == ("date", "y", "x")
    assert "ERA5" not in results.timeseries_names


def test_the_page_does_not_run_what_a_folder_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "<img src=x onerror=alert(1)>"
    write_all(folder, UTM)
    page = open_results(folder)._repr_html_()
    assert "<img" not in page
    assert "&lt;img" in page


def test_the_summary_counts_what_was_put_in(work_dir: Path) -> None:
    summary = open_results(work_dir).summary()
    put = truth()
    assert summary.dates == DATES
    assert (summary.pairs_kept, summary.pairs_total) == (3, 4)
    assert (summary.rows, summary.columns, summary.total_pixels) == (ROWS, COLUMNS, ROWS * COLUMNS)
    assert summary.reliable_pixels == ROWS * COLUMNS - 1
    assert summary.mean_temporal_coherence == pytest.approx(0.9)
    assert summary.velocity_min == pytest.approx(-0.5)
    assert summary.velocity_max == pytest.approx(float(put["velocity"].max()))


def test_results_survive_pickling_through_dask_like_workers(work_dir: Path) -> None:
    import pickle

    series = open_results(work_dir).timeseries
    again = pickle.loads(pickle.dumps(series))
    np.testing.assert_array_equal(again.values, series.values)
