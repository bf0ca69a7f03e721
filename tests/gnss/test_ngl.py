"""Against a stand-in of the laboratory that follows its addresses."""

from __future__ import annotations

import os
import threading
import time

import pytest

from insar_widgets.errors import CancelledError, GnssError
from insar_widgets.gnss import fetch_series, read_tenv3
from insar_widgets.gnss.ngl import fetch_holdings
from insar_widgets.simulate.gnss import TENV3_HEADER
from support.ngl import HOLDINGS, igs14, igs20

SERIES = (
    TENV3_HEADER.encode()
    + (
        b"ABCD 17JUN15 2017.4538 57919 1953 4  -99.0   2256  0.665080   2155291  0.600640  2226  0.376703  0.0000 "
        b"0.001256 0.001039 0.004593 -0.045643  0.144468 -0.079128  19.4844247673  -98.9785059216  2226.37670\n"
    )
    * 40
)


def names(count):
    return [f"S{number:03d}" for number in range(count)]


def test_27_stations_at_200_ms_take_at_most_5_s_with_few_connections(lab, tmp_path):
    lab.files |= {igs20(name): SERIES for name in names(27)}
    lab.latency = 0.2
    began = time.monotonic()
    fetched = fetch_series(names(27), lab.base, tmp_path)
    took = time.monotonic() - began
    assert all(file.path and file.frame == "IGS20" and not file.from_cache for file in fetched.values())
    assert took <= 5
    assert lab.most_at_once <= 6
    lab.asked.clear()
    again = fetch_series(names(27), lab.base, tmp_path)
    assert all(file.from_cache for file in again.values())
    assert lab.asked == []


def test_what_igs20_lacks_comes_from_igs14_and_neither_mixes(lab, tmp_path):
    lab.files[igs14("OLD1")] = SERIES
    lab.files[igs20("NEW1")] = SERIES
    fetched = fetch_series(["OLD1", "NEW1", "NONE"], lab.base, tmp_path)
    assert fetched["OLD1"].frame == "IGS14" and fetched["NEW1"].frame == "IGS20"
    assert read_tenv3(fetched["OLD1"].path).attrs["frame"] == "IGS14"
    assert fetched["OLD1"].path.parent != fetched["NEW1"].path.parent
    assert fetched["NONE"].path is None
    assert "no series of NONE in IGS20 or IGS14" in fetched["NONE"].problem
    lab.asked.clear()
    fetch_series(["OLD1", "NEW1", "NONE"], lab.base, tmp_path)
    assert lab.asked == []


def test_each_fault_costs_one_station_and_is_told(lab, tmp_path):
    lab.files |= {igs20(name): SERIES for name in ("GOOD", "HALF", "PAGE", "FIVE", "BUSY", "HANG")}
    lab.fails |= {
        igs20("HALF"): "truncated", igs20("PAGE"): "html", igs20("FIVE"): "500",
        igs20("BUSY"): "busy", igs20("HANG"): "hang up",
    }  # fmt: skip
    fetched = fetch_series(["GOOD", "HALF", "PAGE", "FIVE", "BUSY", "HANG", "../x"], lab.base, tmp_path)
    assert fetched["GOOD"].path and fetched["BUSY"].path
    problems = {name: file.problem for name, file in fetched.items() if file.path is None}
    assert problems.keys() == {"HALF", "PAGE", "FIVE", "HANG", "../X"}
    assert "broke off" in problems["HALF"]
    assert "not such a file" in problems["PAGE"]
    assert "500" in problems["FIVE"]
    assert "cannot be reached" in problems["HANG"]
    assert "no station name" in problems["../X"]
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"GOOD.tenv3", "BUSY.tenv3"}
    # an outage of one frame is not answered with the other
    assert igs14("FIVE") not in lab.asked


def test_offline_the_cache_is_used_whatever_its_age_and_says_so(lab, tmp_path):
    lab.files[igs20("GOOD")] = SERIES
    lab.files[HOLDINGS] = b"list\n"
    fetch_series(["GOOD"], lab.base, tmp_path)
    fetch_holdings(lab.base, tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 100 * 86400,) * 2)
    nobody = "http://127.0.0.1:1"
    stale = fetch_series(["GOOD", "ELSE"], nobody, tmp_path)
    assert stale["GOOD"].path and stale["GOOD"].from_cache
    assert stale["GOOD"].age_days == pytest.approx(100, abs=0.1)
    assert "100 days ago" in stale["GOOD"].problem
    assert "cannot be reached" in stale["ELSE"].problem
    assert "100 days ago" in fetch_holdings(nobody, tmp_path).problem
    with pytest.raises(GnssError, match=r"put a copy at .*DataHoldings\.txt"):
        fetch_holdings(nobody, tmp_path / "empty")
    # asked to be offline it asks nobody, and the old copies need no excuse
    lab.asked.clear()
    alone = fetch_series(["GOOD", "ELSE"], lab.base, tmp_path, offline=True)
    assert alone["GOOD"].path and not alone["GOOD"].problem
    assert "not at hand" in alone["ELSE"].problem
    assert not fetch_holdings(lab.base, tmp_path, offline=True).problem
    with pytest.raises(GnssError, match="nothing is downloaded"):
        fetch_holdings(lab.base, tmp_path / "empty", offline=True)
    assert lab.asked == []
    # back online the old copy is replaced, and a refresh asks even for a young one
    assert not fetch_series(["GOOD"], lab.base, tmp_path)["GOOD"].from_cache
    assert not fetch_series(["GOOD"], lab.base, tmp_path, refresh=True)["GOOD"].from_cache


def test_cancelling_ends_the_download_and_keeps_what_is_complete(lab, tmp_path):
    lab.files |= {igs20(name): SERIES for name in names(12)}
    lab.latency = 0.05
    cancelled = threading.Event()
    with pytest.raises(CancelledError):
        fetch_series(
            names(12),
            lab.base,
            tmp_path,
            connections=1,
            on_progress=lambda *_: cancelled.set(),
            cancelled=cancelled,
        )
    kept = [path.name for path in (tmp_path / "IGS20").iterdir()]
    assert kept == ["S000.tenv3"]
    lab.asked.clear()
    fetch_series(names(12), lab.base, tmp_path)
    assert len(lab.asked) == 11


def test_a_folder_that_cannot_be_written_is_named(lab, tmp_path):
    lab.files[igs20("GOOD")] = SERIES
    (tmp_path / "IGS20").write_text("a file where the folder should be")
    assert "IGS20" in fetch_series(["GOOD"], lab.base, tmp_path)["GOOD"].problem
