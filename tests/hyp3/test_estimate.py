"""Estimates: sizes are those of what is written, and grow as they must."""

from __future__ import annotations

import pytest
from _products import write_stack

from insar_widgets import find_stack
from insar_widgets.errors import ProductError

AOI = [[-99.18, 19.43], [-99.17, 19.44]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimate")
    write_stack(folder, shape=(400, 500), change={1: {"origin": (480160.0, 2150000.0)}})
    return find_stack(folder)


def test_pixels_are_those_that_prepare_makes(stack, tmp_path):
    for aoi in (None, AOI):
        need = stack.estimate(aoi)
        prepared = stack.prepare(tmp_path / str(aoi is None), aoi=aoi)
        assert (need.height, need.width) == prepared.grid.shape
        assert (need.products, need.dates) == (6, 4)


def test_disk_for_prepared_products_holds_random_values_and_not_twice_that(stack, tmp_path):
    need = stack.estimate()
    stack.prepare(tmp_path)
    written = sum(path.stat().st_size for path in tmp_path.glob("S1*/*"))
    assert 0.5 * written < need.prepared_bytes < 2 * written


def test_interferograms_of_mintpy_are_counted_uncompressed(stack):
    need = stack.estimate()
    assert need.run_bytes > need.width * need.height * 6 * 8
    assert need.disk_bytes == need.prepared_bytes + need.run_bytes


def test_more_needs_more(stack):
    whole, part = stack.estimate(), stack.estimate(AOI)
    assert part.disk_bytes < whole.disk_bytes and part.seconds < whole.seconds
    assert whole.fast_seconds <= whole.seconds
    assert whole.memory_bytes > 0 and whole.cores >= 1
    assert stack.estimate(resolution=160).disk_bytes < whole.disk_bytes


def test_time_of_the_inversion_is_what_was_measured(stack):
    from insar_widgets.hyp3.estimate import _MINTPY_SECONDS, _per_pixel

    assert _per_pixel(54, _MINTPY_SECONDS) == pytest.approx(81e-6)
    assert _per_pixel(594, _MINTPY_SECONDS) == pytest.approx(4.4e-3)


def test_an_area_elsewhere_is_an_error(stack):
    with pytest.raises(ProductError, match="outside"):
        stack.estimate([[10.0, 10.0], [11.0, 11.0]])
