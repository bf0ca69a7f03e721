"""Choosing pairs keeps the network together or says why not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from _products import write_stack

from insar_widgets import find_stack
from insar_widgets.errors import ProductError

MONTHS = tuple(f"2020{month:02d}10" for month in range(1, 13))
PAIRS = tuple(pairwise(MONTHS)) + tuple(zip(MONTHS, MONTHS[2:], strict=False))


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    folder = tmp_path_factory.mktemp("year")
    change = {number: {"text": {"Baseline": str(10.0 * number)}} for number in range(len(PAIRS))}
    write_stack(folder, PAIRS, change, layers=("unw_phase", "corr"), shape=(4, 5))
    return find_stack(folder)


def test_range_of_dates_holds_both_dates_of_every_pair(year):
    part = year.select(start="20200301", end="2020-06-30")
    assert part.dates == ("20200310", "20200410", "20200510", "20200610")
    assert len(part) == 5
    assert part.root == year.root and len(year) == len(PAIRS)


def test_season(year):
    assert year.select(months=[5, 6, 7]).dates == ("20200510", "20200610", "20200710")


def test_temporal_and_perpendicular_baselines(year):
    assert all(pair.days <= 31 for pair in year.select(max_temporal_days=31).pairs)
    short = year.select(max_bperp=100)
    assert all(abs(product.bperp) <= 100 for product in short.products)
    assert {(pair.reference, pair.secondary) for pair in short.pairs} == set(PAIRS[:11])


def test_dates_and_pairs_by_name(year):
    assert "20200510" not in year.select(exclude_dates=["20200510"]).dates
    assert len(year.select(exclude_pairs=["20200110_20200310"])) == len(year) - 1
    only = year.select(only_pairs=["20200110_20200210", "20200210_20200310"])
    assert [pair.date12 for pair in only.pairs] == ["20200110_20200210", "20200210_20200310"]


def test_a_network_that_would_fall_apart_is_refused_with_the_dates_and_a_pair_that_would_hold_them(year):
    bridges = ["20200510_20200610", "20200410_20200610", "20200510_20200710"]
    with pytest.raises(ProductError) as error:
        year.select(end="20201110", exclude_pairs=bridges)
    text = str(error.value)
    assert "2 parts" in text and "20200110" in text and "Keep 20200510_20200610 (31 days, 40 m)" in text
    loose = year.select(end="20201110", exclude_pairs=bridges, keep_connected=False)
    assert [len(part) for part in loose.network.components] == [6, 5]


def test_a_date_that_loses_its_last_pair_is_named(year):
    part = year.select(exclude_pairs=["20200110_20200210", "20200110_20200310"])
    assert "20200110" not in part.dates
    note = part.left_out[-1]
    assert (note.severity, note.code) == ("info", "date-without-pair")
    assert "20200110" in note.message


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"start": "May"}, "not a date"),
        ({"start": "20200601", "end": "20200101"}, "after its end"),
        ({"months": [13]}, "from 1 to 12"),
        ({"exclude_dates": ["20200111"]}, "no date 20200111"),
        ({"exclude_pairs": ["20200110_20201210"]}, "no pair 20200110_20201210"),
        ({"only_pairs": ["nonsense"]}, "not a pair"),
        ({"max_temporal_days": 3}, "No pair is left"),
    ],
)
def test_nonsense_is_refused_in_words(year, choice, words):
    with pytest.raises(ProductError, match=words):
        year.select(**choice)
