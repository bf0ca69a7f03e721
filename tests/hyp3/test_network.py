"""Networks against scipy's graph routines and known baselines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from insar_widgets.hyp3.network import Network, Pair, unique_pairs

dates = st.integers(0, 11).map(lambda month: f"2020{month + 1:02d}15")
pairs = st.lists(st.tuples(dates, dates).filter(lambda p: p[0] != p[1]), min_size=1, max_size=14)


@given(pairs)
def test_parts_and_degrees_are_those_of_the_graph(edges):
    network = unique_pairs((Pair(*edge), 0.0) for edge in edges)
    index = {date: i for i, date in enumerate(network.dates)}
    rows = [index[pair.reference] for pair in network.pairs]
    columns = [index[pair.secondary] for pair in network.pairs]
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(index), len(index)))
    count, _ = connected_components(graph, directed=False)
    assert len(network.components) == count
    assert sorted(date for part in network.components for date in part) == list(network.dates)
    assert sum(network.degree(date) for date in network.dates) == 2 * len(network.pairs)


def test_baselines_of_dates_come_back_from_those_of_pairs():
    truth = {"20200101": 0.0, "20200113": 31.5, "20200125": -80.0, "20200206": 12.0}
    names = list(truth)
    edges = [Pair(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    network = Network(tuple(edges), tuple(truth[e.secondary] - truth[e.reference] for e in edges))
    assert network.bperps == pytest.approx(truth)
    assert network.span == ("20200101", "20200206")


def test_each_part_has_a_zero_of_its_own():
    network = Network((Pair("20200101", "20200113"), Pair("20210101", "20210113")), (5.0, -7.0))
    assert network.bperps == pytest.approx({"20200101": 0, "20200113": 5, "20210101": 0, "20210113": -7})


def test_pair_writes_itself_as_mintpy_does():
    pair = Pair("20200101", "20200113")
    assert (pair.date12, pair.days) == ("20200101_20200113", 12)
    assert pair < Pair("20200101", "20200125")
