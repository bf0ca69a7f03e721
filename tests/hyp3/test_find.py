"""Finding products: at any depth, in zips, clipped or not; what is none is said to be none."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from dataclasses import FrozenInstanceError

import pytest
import rasterio
from _products import ALL_PAIRS, DATES, LAYERS, Spec, read, snapshot, write, write_stack, zip_product

from insar_widgets import find_stack
from insar_widgets.errors import ProductError


def codes(stack):
    return [finding.code for finding in stack.left_out]


@pytest.mark.parametrize("family", ["gamma", "burst", "multiburst"])
def test_families_are_found_with_what_name_metadata_and_header_say(tmp_path, family):
    specs = write_stack(tmp_path, family=family)
    stack = find_stack(tmp_path)
    assert [product.name for product in stack.products] == sorted(spec.name for spec in specs)
    assert stack.dates == DATES
    assert [(pair.reference, pair.secondary) for pair in stack.pairs] == list(ALL_PAIRS)
    product = stack.products[0]
    assert product.family == stack.family == family
    assert (product.direction, product.bperp, product.looks) == ("ASCENDING", 12.5, (20, 4))
    assert (product.polarisation, product.resolution, product.clipped) == ("VV", 80, False)
    assert product.metadata["Slant range near"] == "799000.0"
    assert set(product.layers) == set(LAYERS)
    with rasterio.open(product.layers["unw_phase"]) as dataset:
        assert product.grid.epsg == dataset.crs.to_epsg()
        assert product.grid.transform == tuple(dataset.transform)[:6]
        assert product.grid.bounds == tuple(dataset.bounds)
        assert product.grid.shape == dataset.shape
    assert stack.left_out == ()
    assert stack.is_common_grid and stack.grid == product.grid
    assert stack.track == {"gamma": 94, "burst": 64, "multiburst": 64}[family]


def test_folders_at_any_depth_and_zips_are_found_alike(tmp_path):
    specs = write_stack(tmp_path / "a" / "b")
    flat = find_stack(tmp_path)
    for number, spec in enumerate(specs):
        place = tmp_path / "a" / "b" / spec.name
        if number % 2:
            zip_product(place)
        elif number == 2:
            shutil.move(place, tmp_path / spec.name)
    mixed = find_stack(tmp_path)
    assert [p.name for p in mixed.products] == [p.name for p in flat.products]
    assert [p.grid for p in mixed.products] == [p.grid for p in flat.products]
    assert [p.metadata for p in mixed.products] == [p.metadata for p in flat.products]
    assert [p.is_zip for p in mixed.products] == [False, True, False, True, False, True]
    assert mixed.left_out == ()


def test_a_layer_inside_a_zip_opens_by_its_path(tmp_path):
    spec = Spec()
    place = write(tmp_path, spec)
    values = read(place / f"{spec.name}_corr.tif")
    zip_product(place)
    assert (read(find_stack(tmp_path).products[0].layers["corr"]) == values).all()


def test_a_single_products_folder_or_zip_can_be_given(tmp_path):
    place = write(tmp_path, Spec())
    stack = find_stack(place)
    assert len(stack) == 1
    assert repr(stack) == f"Stack(1 products, 2 dates 20200101..20200113, track 94 ASCENDING, gamma, {place})"
    assert len(find_stack(zip_product(place))) == 1


def test_products_without_a_folder_of_their_own(tmp_path):
    for spec in write_stack(tmp_path):
        for file in (tmp_path / spec.name).iterdir():
            file.rename(tmp_path / file.name)
        (tmp_path / spec.name).rmdir()
    assert len(find_stack(tmp_path)) == 6


def test_originals_are_kept_before_clipped_copies_beside_them(tmp_path):
    spec = Spec()
    write(tmp_path, spec)
    write(tmp_path, Spec(suffix="_clip", shape=(20, 20)))
    stack = find_stack(tmp_path)
    assert len(stack) == 1
    assert not stack.products[0].clipped and stack.grid.shape == spec.shape
    assert [(finding.severity, finding.code) for finding in stack.left_out] == [("info", "product-twice")]


def test_clipped_copies_are_used_where_there_is_nothing_else(tmp_path):
    write(tmp_path, Spec(suffix="_clip", shape=(20, 20)))
    product = find_stack(tmp_path).products[0]
    assert product.clipped and product.grid.shape == (20, 20)
    assert product.layers["dem"].endswith("_dem_clip.tif")


def test_a_product_and_its_zip_count_once(tmp_path):
    place = write(tmp_path / "unpacked", Spec())
    shutil.copytree(place, tmp_path / "zips" / place.name)
    zip_product(tmp_path / "zips" / place.name)
    stack = find_stack(tmp_path)
    assert len(stack) == 1 and not stack.products[0].is_zip
    assert codes(stack) == ["product-twice"]


def test_an_incomplete_copy_yields_to_a_complete_one(tmp_path):
    write(tmp_path / "a", Spec(layers=("unw_phase",)))
    write(tmp_path / "b", Spec())
    stack = find_stack(tmp_path)
    assert stack.products[0].path.parent.name == "b"


def test_what_prepare_wrote_below_the_folder_is_not_counted_again(tmp_path):
    write_stack(tmp_path)
    prepared = find_stack(tmp_path).prepare(tmp_path / "prepared")
    again = find_stack(tmp_path)
    assert len(again) == 6 and codes(again) == ["prepared-folder-skipped"]
    assert find_stack(tmp_path / "prepared").products == prepared.products


def test_a_folder_that_links_to_itself_ends(tmp_path):
    write(tmp_path, Spec())
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert len(find_stack(tmp_path)) == 1


def test_nothing_is_written(tmp_path):
    specs = write_stack(tmp_path)
    zip_product(tmp_path / specs[0].name)
    before = snapshot(tmp_path)
    find_stack(tmp_path).check(deep=True)
    assert snapshot(tmp_path) == before


def test_a_stack_is_a_value(tmp_path):
    write_stack(tmp_path)
    stack = find_stack(tmp_path)
    with pytest.raises(FrozenInstanceError):
        stack.root = tmp_path
    with pytest.raises(TypeError):
        stack.products[0].metadata["Baseline"] = "0"
    assert pickle.loads(pickle.dumps(stack)) == stack
    assert find_stack(tmp_path) == stack


def test_no_folder_and_no_product_are_errors_that_say_what_was_looked_for(tmp_path):
    with pytest.raises(ProductError, match="no folder"):
        find_stack(tmp_path / "nowhere")
    with pytest.raises(ProductError, match="unw_phase"):
        find_stack(tmp_path)
    (tmp_path / "test_unw_phase.tif").write_bytes(b"")
    with pytest.raises(ProductError, match=r"test_unw_phase\.tif looks like"):
        find_stack(tmp_path)


def test_names_that_only_resemble_a_product_are_reported(tmp_path):
    write_stack(tmp_path)
    (tmp_path / "S1AA_20200101_20200113_INT80_renamed").mkdir()
    (tmp_path / "my_unw_phase.tif").write_bytes(b"")
    empty = tmp_path / Spec(ident="0000").name
    empty.mkdir()
    with zipfile.ZipFile(tmp_path / f"{Spec(ident='1111').name}.zip", "w") as archive:
        archive.writestr("readme.md", "nothing here")
    stack = find_stack(tmp_path)
    assert sorted(codes(stack)) == ["incomplete-product"] * 2 + ["unrecognised-name"] * 2
    text = " ".join(finding.message for finding in stack.left_out)
    assert all(word in text for word in ("renamed", "my_unw_phase.tif", "0000", "1111"))


def test_a_thousand_products_take_seconds(tmp_path):
    names = [
        f"S1AA_{year}{month:02d}{day:02d}T004021_{year + 1}{month:02d}01T004021_VVP012_INT80_G_ueF_{year:04d}"
        for year in range(1985, 2025)
        for month in range(1, 6)
        for day in range(2, 7)
    ]
    spec = Spec(shape=(8, 8))
    place = write(tmp_path / "one", spec)
    for name in names:
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        for file in place.iterdir():
            (folder / file.name.replace(spec.name, name)).hardlink_to(file)
    import time

    start = time.perf_counter()
    stack = find_stack(tmp_path / "all")
    seconds = time.perf_counter() - start
    assert len(stack) == 1000
    assert seconds < 10
