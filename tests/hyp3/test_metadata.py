"""Genuine metadata of the three families, against MintPy's own reading."""

from __future__ import annotations

import pytest
from _products import TEXT

from insar_widgets.errors import ProductError
from insar_widgets.hyp3.metadata import burst_track, orbit_track, parse_metadata, pass_direction


def as_text(values):
    return "".join(f"{key}: {value}\n" for key, value in values.items())


def test_every_genuine_file_is_understood(shared_data):
    files = sorted((shared_data / "hyp3_metadata").glob("*.txt"))
    assert len(files) == 4
    directions = {p.name[:6]: pass_direction(parse_metadata(p.read_text(), p.name)) for p in files}
    up, down = "ASCENDING", "DESCENDING"
    assert directions == {"S1AC_2": up, "S1_044": down, "S1_056": up, "S1_136": down}


@pytest.mark.parametrize(
    ("granule", "orbit"),
    [("S1A", 61237), ("S1B", 20000), ("S1C", 4461), ("S1C", 8018), ("S1C", 8019), ("S1D", 1234), ("S1A", 72)],
)
def test_track_is_the_one_mintpy_derives(tmp_path, granule, orbit):
    prep_hyp3 = pytest.importorskip("mintpy.prep_hyp3")
    name = "S1AA_20200101T004021_20200113T004021_VVP012_INT80_G_ueF_AB12"
    text = TEXT | {
        "Reference Granule": granule + TEXT["Reference Granule"][3:],
        "Reference Orbit Number": str(orbit),
    }
    (tmp_path / f"{name}.txt").write_text(as_text(text))
    corners = {"X_FIRST": "0", "Y_FIRST": "0", "X_STEP": "80", "Y_STEP": "-80", "WIDTH": "5", "LENGTH": "5"}
    theirs = prep_hyp3.add_hyp3_metadata(str(tmp_path / f"{name}_unw_phase.tif"), corners)
    assert orbit_track(parse_metadata(as_text(text), name)) == theirs["relative_orbit"]


@pytest.mark.parametrize(
    ("burst", "track"),
    [(136231, 64), (136232, 64), (93117, 44), (93118, 44), (56072, 27), (1, 1), (375887, 175)],
)
def test_track_of_a_burst_is_that_of_its_genuine_orbit_number(burst, track):
    # 136232: orbit 32861, 93117: orbit 60141, 56072: orbit 44549, all Sentinel-1A, in data/hyp3_metadata.
    assert burst_track(burst) == track


def test_unknown_satellite_has_no_track():
    assert orbit_track(TEXT | {"Reference Granule": "S1_136232_IW2_20200604T022315_VV_7C85-BURST"}) is None


def test_direction_follows_from_the_heading_where_it_is_not_stated():
    text = {key: value for key, value in TEXT.items() if "Direction" not in key}
    assert pass_direction(text | {"Heading": "-13.3"}) == "ASCENDING"
    assert pass_direction(text | {"Heading": "347"}) == "ASCENDING"
    assert pass_direction(text | {"Heading": "-167.4"}) == "DESCENDING"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (as_text(TEXT) + "no colon here\n", "line 21"),
        (as_text({k: v for k, v in TEXT.items() if k != "Baseline"}), "Baseline is missing"),
        (as_text(TEXT | {"Heading": "north"}), "Heading is 'north'"),
        (as_text(TEXT | {"Baseline": "nan"}), "not a number"),
        ("", "is missing"),
    ],
)
def test_what_mintpy_could_not_read_is_an_error_that_names_file_and_place(text, words):
    with pytest.raises(ProductError, match=words) as error:
        parse_metadata(text, "product.txt")
    assert "product.txt" in str(error.value)
