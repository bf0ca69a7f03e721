"""Genuine products: Mexico City (GAMMA, 30 pairs) and a burst whose mask is one column wider than its phase."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import rasterio
from _products import expected, read, snapshot

from insar_widgets import find_stack

BURST = "S1_056072_IW2_20220814_20220907_VV_INT80_E09B"


@pytest.fixture(scope="module")
def mexico_city(shared_data):
    return find_stack(shared_data / "mexico_city_hyp3")


def test_mexico_city_is_what_its_readme_says(mexico_city):
    assert len(mexico_city) == 30 and len(mexico_city.dates) == 13
    assert (mexico_city.dates[0], mexico_city.dates[-1]) == ("20180106", "20180717")
    assert (mexico_city.track, mexico_city.direction, mexico_city.family) == (5, "ASCENDING", "gamma")
    assert mexico_city.grid.epsg == 32614 and mexico_city.grid.shape == (116, 185)


def test_the_only_thing_to_find_is_the_date_on_a_single_pair(mexico_city):
    findings = [f for f in mexico_city.check(deep=True) if f.severity != "info"]
    assert [finding.code for finding in findings] == ["date-on-one-pair"]
    assert "20180705" in findings[0].message


def test_baselines_of_dates_fit_those_of_genuine_pairs(mexico_city):
    bperps = mexico_city.bperps
    left = [bperps[p.pair.secondary] - bperps[p.pair.reference] - p.bperp for p in mexico_city.products]
    # GAMMA's baselines are measured pair by pair, so loops close to some decimetres only.
    assert np.abs(left).max() < 1


def test_an_area_inside_of_mexico_city_holds_the_originals_pixels(mexico_city, tmp_path):
    before = snapshot(mexico_city.root)
    prepared = mexico_city.prepare(tmp_path, aoi=[[-99.15, 19.40], [-99.10, 19.44]])
    assert len(prepared) == 30 and prepared.left_out == ()
    for original, product in zip(mexico_city.products, prepared.products, strict=True):
        for layer, path in product.layers.items():
            np.testing.assert_array_equal(read(path), expected(original.layers[layer], prepared.grid, 0))
    assert snapshot(mexico_city.root) == before


@pytest.fixture
def burst(shared_data, tmp_path):
    """The genuine rasters under the name of a genuine metadata file, and the same again as a second pair."""
    source, text = shared_data / "hyp3_real_burst", shared_data / "hyp3_metadata" / f"{BURST}.txt"
    for name in (BURST, BURST.replace("20220907", "20220919")):
        folder = tmp_path / "in" / name
        folder.mkdir(parents=True)
        shutil.copy(text, folder / f"{name}.txt")
        shutil.copy(source / "test_water_mask.tif", folder / f"{name}_water_mask.tif")
        shutil.copy(source / "test_unw_phase.tif", folder / f"{name}_unw_phase.tif")
        # There is no genuine coherence with them.
        with rasterio.open(source / "test_unw_phase.tif") as dataset:
            profile, phase = dataset.profile, dataset.read(1)
        with rasterio.open(folder / f"{name}_corr.tif", "w", **profile) as dataset:
            dataset.write(np.where(phase != 0, np.float32(0.5), np.float32(0)), 1)
    return tmp_path / "in"


def test_a_genuine_mask_wider_than_its_phase_comes_onto_one_grid_with_every_value_where_it_was(
    burst, tmp_path
):
    stack = find_stack(burst)
    assert "layer-grid-differs" in {finding.code for finding in stack.check()}
    prepared = stack.prepare(tmp_path / "out")
    assert "layer-grid-differs" not in {finding.code for finding in prepared.check(deep=True)}
    product = prepared.products[0]
    with (
        rasterio.open(stack.products[0].layers["unw_phase"]) as phase,
        rasterio.open(stack.products[0].layers["water_mask"]) as mask,
    ):
        assert phase.shape == (718, 2314) and mask.shape == (718, 2315)
        assert prepared.grid.shape == (718, 2314)
        np.testing.assert_array_equal(read(product.layers["unw_phase"]), phase.read(1))
        np.testing.assert_array_equal(read(product.layers["water_mask"]), mask.read(1)[:, :2314])
        for layer, source in (("unw_phase", phase), ("water_mask", mask)):
            with rasterio.open(product.layers[layer]) as dataset:
                assert dataset.transform == source.transform and dataset.crs == source.crs
                assert dataset.nodata == source.nodata


def test_track_of_the_genuine_burst(burst):
    # Orbit 44549 of Sentinel-1A: (44549 - 73) mod 175 + 1.
    assert find_stack(burst).track == 27
