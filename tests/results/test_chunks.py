"""Windows read around HDF5 against what HDF5 itself reads."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insar_widgets.errors import ResultsError
from insar_widgets.results._chunks import Chunks, as_window, stamp_of
from insar_widgets.results._lazy import Source

LAYOUTS = ["chunks", "one piece", "compressed", "big-endian", "scattered"]


def write(path: Path, shape: tuple[int, ...], chunk: tuple[int, ...], layout: str, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=shape).astype("f4")
    with h5py.File(path, "w") as file:
        if layout == "one piece":
            file["data"] = values
        elif layout == "scattered":  # only some chunks were ever written
            made = file.create_dataset("data", shape, "f4", chunks=chunk, fillvalue=7)
            made[tuple(slice(n // 2, None) for n in shape)] = values[
                tuple(slice(n // 2, None) for n in shape)
            ]
        else:
            kind = ">f4" if layout == "big-endian" else "<f4"
            compression = "gzip" if layout == "compressed" else None
            file.create_dataset("data", data=values.astype(kind), chunks=chunk, compression=compression)


def source(path: Path) -> Source:
    with h5py.File(path) as file:
        return Source(path, "data", file["data"].shape, file["data"].dtype, stamp_of(path))


@given(data=st.data(), layout=st.sampled_from(LAYOUTS), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_any_window_of_any_layout_is_what_hdf5_reads(
    data: st.DataObject, layout: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 40), min_size=2, max_size=3)))
    chunk = tuple(data.draw(st.integers(1, n)) for n in shape)
    path = tmp_path_factory.mktemp("chunks") / "data.h5"
    write(path, shape, chunk, layout, seed)
    key = []
    for n in shape:
        first = data.draw(st.integers(0, n - 1))
        last = data.draw(st.integers(first + 1, n))
        key.append(data.draw(st.sampled_from([first, slice(first, last), slice(None)])))
    with h5py.File(path) as file:
        expected = file["data"][tuple(key)]
        read_here = Chunks.of(file["data"]) is not None
    found = source(path).read(tuple(key))
    assert np.array_equal(found, expected)
    assert found.shape == np.shape(expected)
    assert found.flags.writeable
    assert read_here == (layout not in ("compressed", "big-endian"))


def test_a_long_pixel_series_and_a_wide_window_are_what_hdf5_reads(tmp_path: Path) -> None:
    # large enough that gaps are jumped over
    write(tmp_path / "data.h5", (9, 300, 700), (4, 150, 350), "chunks", 1)
    read = source(tmp_path / "data.h5").read
    with h5py.File(tmp_path / "data.h5") as file:
        for key in [np.s_[:, 200, 400], np.s_[:, 100:220, 300:420], np.s_[5], np.s_[2:7, 149:151, :]]:
            assert np.array_equal(read(key if isinstance(key, tuple) else (key,)), file["data"][key])
    write(tmp_path / "wide.h5", (2, 8, 9000), (), "one piece", 2)
    with h5py.File(tmp_path / "wide.h5") as file:
        key = np.s_[:, 1:6, 4000:4050]
        assert np.array_equal(source(tmp_path / "wide.h5").read(key), file["data"][key])


def test_only_plain_keys_are_windows() -> None:
    assert as_window((2, slice(None)), (3, 4)) == ([slice(2, 3), slice(0, 4)], [0])
    assert as_window((Ellipsis, -1), (3, 4, 5)) == ([slice(0, 3), slice(0, 4), slice(4, 5)], [2])
    for key in [(slice(0, 0),), (slice(None, None, 2),), (slice(None, None, -1),), ([0, 1],), (3,)]:
        assert as_window(key, (3, 4)) is None


def test_a_file_that_was_written_again_or_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    write(path, (4, 50, 60), (2, 25, 30), "chunks", 1)
    opened = source(path)
    opened.read((1,))
    write(path, (4, 50, 60), (2, 25, 30), "chunks", 2)
    with pytest.raises(ResultsError, match="written again"):
        opened.read((1,))
    opened = source(path)
    with path.open("r+b") as file:
        file.truncate(9000)
    cut = Source(path, "data", opened.shape, opened.dtype, stamp_of(path))
    with pytest.raises(ResultsError, match="damaged, cut short"):
        cut.read((3,))
    path.unlink()
    with pytest.raises(ResultsError, match="is gone"):
        cut.read((3,))
