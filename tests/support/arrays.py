"""Every array of a work directory, to hold one against another."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

TO_PHASE = 4 * np.pi / 0.05546576  # rad per metre, Sentinel-1

# where and when a file was made, not what is in it
PROVENANCE = {"FILE_PATH", "OG_FILE_PATH", "MODIFICATION_TIME"}


def arrays(work_dir: Path) -> dict[str, np.ndarray]:
    """All data sets of all HDF5 files, by `file/dataset`."""
    found = {}
    for path in sorted(work_dir.rglob("*.h5")):
        with h5py.File(path, "r") as file:
            name = path.relative_to(work_dir).as_posix()

            def take(key: str, item: h5py.Dataset | h5py.Group, name: str = name) -> None:
                if isinstance(item, h5py.Dataset):
                    found[f"{name}/{key}"] = item[()]

            file.visititems(take)
    return found


def attributes(work_dir: Path) -> dict[str, str]:
    """All attributes of all HDF5 files that say something about the data."""
    found = {}
    for path in sorted(work_dir.rglob("*.h5")):
        with h5py.File(path, "r") as file:
            name = path.relative_to(work_dir).as_posix()
            found |= {f"{name}@{k}": str(v) for k, v in file.attrs.items() if k not in PROVENANCE}
    return found


def assert_same_arrays(left: Path, right: Path) -> None:
    """Fail unless both folders hold the same files with the same arrays, bit for bit."""
    mine, theirs = arrays(left), arrays(right)
    assert mine.keys() == theirs.keys()
    assert mine, f"{left} holds no arrays"
    different = [
        name
        for name, array in mine.items()
        if array.dtype != theirs[name].dtype
        or not np.array_equal(array, theirs[name], equal_nan=np.issubdtype(array.dtype, np.floating))
    ]
    assert not different


def assert_same_attributes(left: Path, right: Path) -> None:
    """Fail unless all attributes that say something about the data agree in both folders."""
    mine, theirs = attributes(left), attributes(right)
    assert {k: (v, theirs.get(k)) for k, v in mine.items() if theirs.get(k) != v} == {}
    assert mine.keys() == theirs.keys()


def assert_within_tolerance(fast: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    """Series within 0.001 rad and in the median within 1e-5; coherence within 1e-5; everything else the same."""
    assert fast.keys() == right.keys()
    compared = 0
    for name, array in fast.items():
        expected = right[name]
        if name.startswith("timeseries") and name.endswith("/timeseries"):
            difference = TO_PHASE * np.abs(array.astype(np.float64) - expected)
            np.testing.assert_array_equal(np.isnan(array), np.isnan(expected), err_msg=name)
            difference = difference[~np.isnan(difference)]
            assert difference.max() <= 1e-3, name
            assert np.median(difference[difference > 0] if difference.any() else 0) <= 1e-5, name
            compared += 1
        elif name.startswith("temporalCoherence"):
            np.testing.assert_allclose(array, expected, atol=1e-5)
            compared += 1
        elif array.dtype.kind == "f" and not name.startswith(("inputs/", "numInv", "mask")):
            np.testing.assert_allclose(array, expected, atol=1e-4 * float(np.nanmax(np.abs(expected))))
        else:
            np.testing.assert_array_equal(array, expected, err_msg=name)
    assert compared >= 2
