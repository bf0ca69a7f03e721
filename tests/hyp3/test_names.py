"""Names of products: the same ones MintPy can read, and what is in them."""

from __future__ import annotations

import pytest

from insar_widgets.hyp3.names import looks_like_product, parse_file_name, parse_product_name

GAMMA = "S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF"
BURST = "S1_213524_IW1_20170411_20170517_VV_INT80_8E81"
MULTI = "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20200604_20200616_VV_INT80_77F1"
OTHERS = (
    "S1AC_20251001T204513_20251007T204359_HHR006_INT40_G_ueF_1DBE",
    "S1CD_20251001T204513_20261007T204359_VVP1006_INT40_G_weF_1DBE",
    "S1AA_20190610T135156_20190622T135157_VVP012_INT80_X_ueF_F8BF",
    "S1_213524_IW4_20170411_20170517_VV_INT80_8E81",
    "S1_213524_IW1_20170411_20170517_VH_INT80_8E81",
    "S1_64_000000s1n00-136231s2n02-000000s3n00_IW_20200604_20200616_VV_INT80_77F1",
    "test",
)


@pytest.mark.parametrize("name", [GAMMA, BURST, MULTI, *OTHERS])
@pytest.mark.parametrize("suffix", ["", "_unw_phase.tif", "_unw_phase_clip.tif", ".zip"])
def test_names_are_those_that_mintpy_accepts(name, suffix):
    prep_hyp3 = pytest.importorskip("mintpy.prep_hyp3")
    families = {"INSAR_GAMMA": "gamma", "INSAR_ISCE_BURST": "burst", "INSAR_ISCE_MULTI_BURST": "multiburst"}
    ours = parse_product_name(name + suffix)
    try:
        theirs, job = prep_hyp3._get_product_name_and_type(name + suffix)
    except ValueError:
        assert ours is None
    else:
        assert (ours.name, ours.family) == (theirs, families[job])


def test_name_holds_dates_polarisation_spacing_and_frame():
    gamma, burst, multi = (parse_product_name(name) for name in (GAMMA, BURST, MULTI))
    assert gamma.pair.date12 == "20190610_20190622"
    assert (gamma.polarisation, gamma.spacing, gamma.frame, gamma.track) == ("VV", 80, None, None)
    assert (burst.pair.date12, burst.frame) == ("20170411_20170517", "213524_IW1")
    assert (multi.frame, multi.track) == ("000000s1n00-136231s2n02-000000s3n00", 64)


@pytest.mark.parametrize("dates", ["20191310_20190622", "20190610_20190610", "20190230_20190622"])
def test_dates_that_do_not_exist_make_no_product(dates):
    assert parse_product_name(f"S1_213524_IW1_{dates}_VV_INT80_8E81") is None
    assert looks_like_product(f"S1_213524_IW1_{dates}_VV_INT80_8E81")


@pytest.mark.parametrize(
    ("suffix", "layer", "clipped"),
    [
        ("_unw_phase.tif", "unw_phase", False),
        ("_unw_phase_clip.tif", "unw_phase", True),
        ("_lv_theta_clipped.tif", "lv_theta", True),
        ("_inc_map_ell.tif", "inc_map_ell", False),
        (".txt", "txt", False),
    ],
)
def test_files_of_a_product_name_their_layer(suffix, layer, clipped):
    file = parse_file_name(BURST + suffix)
    assert (file.product, file.layer, file.clipped) == (BURST, layer, clipped)


@pytest.mark.parametrize(
    "suffix", [".README.md.txt", "_unw_phase.tif.rsc", "_color_browse.kmz", "_rgb.png", ""]
)
def test_other_files_are_no_layers(suffix):
    assert parse_file_name(BURST + suffix) is None
