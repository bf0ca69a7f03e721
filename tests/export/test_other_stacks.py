"""What other stacks bring: L band, degrees instead of metres, a date without values, names with spaces."""

from __future__ import annotations

import csv

import numpy as np
import rasterio

from insar_widgets import export_displacement, export_kmz, export_points, export_wrapped
from insar_widgets.results import Results


def test_every_format_works_on_an_l_band_stack_in_degrees_with_an_empty_date(geographic_run, tmp_path):
    results, truth, (west, north, step) = geographic_run
    assert isinstance(results, Results) and " " in str(results.work_dir)
    out = tmp_path / "an out folder"
    paths = export_displacement(results, out, units="cm", cog=True)
    valid = []
    for path in paths:
        with rasterio.open(path) as file:
            values = file.read(1)
            assert file.crs.to_epsg() == 4326 and file.bounds.left == west and file.bounds.top == north
            valid.append(np.isfinite(values))
    assert not valid[1].any() and np.array_equal(valid[2], np.isfinite(truth))

    (phase,) = export_wrapped(results, out, dates="last", kind="radians")
    with rasterio.open(phase) as file:
        expected = np.exp(-4j * np.pi * truth.astype(float) / 0.2384)
        assert np.nanmax(np.abs(np.exp(1j * file.read(1)) - expected)) < 1e-5

    path, *_ = export_points(results, out / "points of it.csv", mask=None, area=_box(west, north, step))
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 100 and all(line["D20200701"] == "" for line in lines)
    assert np.isclose(float(lines[0]["velocity"]), truth[100, 100] * 1000, rtol=1e-6)

    notes: list[str] = []
    export_kmz(results, out, "timeseries", notes=notes)
    assert any("2020-07-01 has no value" in note for note in notes)


def _box(west, north, step):
    """Ten by ten pixels from row and column 100."""
    left, right, top, bottom = west + 100 * step, west + 110 * step, north - 100 * step, north - 110 * step
    return [[left, bottom], [right, bottom], [right, top], [left, top]]
