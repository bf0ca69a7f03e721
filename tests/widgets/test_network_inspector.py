from __future__ import annotations

import shutil
import threading

import h5py
import numpy as np
import pytest
import traitlets
import xarray as xr

from insar_widgets import DisplacementMap, NetworkInspector, Template, open_results
from insar_widgets.errors import InsarWidgetsError, TemplateError
from insar_widgets.runner.network import NetworkRules


@pytest.fixture(scope="module")
def work_dir(finished_run, tmp_path_factory):
    copy = tmp_path_factory.mktemp("network") / "run"
    shutil.copytree(finished_run.work_dir, copy)
    return copy


@pytest.fixture
def inspector(work_dir):
    shown = NetworkInspector(work_dir)
    assert shown.wait(60)
    yield shown
    shown.close()


def test_products_that_are_not_loaded_yet_show_dates_and_baselines(small_stack):
    shown = NetworkInspector(small_stack)
    view = shown._view
    assert [d["date"] for d in view["dates"]] == list(small_stack.dates)
    assert [p["name"] for p in view["pairs"]] == [p.date12 for p in small_stack.pairs]
    assert all(p["coherence"] is None and p["in_file"] is None for p in view["pairs"])
    for pair in view["pairs"]:
        a, b = view["dates"][pair["from"]]["bperp"], view["dates"][pair["to"]]["bperp"]
        assert b - a == pytest.approx(
            pair["bperp"], abs=1.5
        )  # HyP3's baselines of a triangle do not close exactly
    shown.close()


def test_coherence_of_the_pairs_is_that_of_the_file_over_land(inspector, work_dir):
    with h5py.File(work_dir / "inputs" / "ifgramStack.h5", locking=False) as file:
        coherence = file["coherence"][:]
    with h5py.File(work_dir / "waterMask.h5", locking=False) as file:
        land = file["waterMask"][:].astype(bool)
    truth = [layer[land & (layer != 0)].mean(dtype=float) for layer in coherence]
    assert [p["coherence"] for p in inspector._view["pairs"]] == pytest.approx(truth, abs=1e-4)
    assert all(p["in_file"] for p in inspector._view["pairs"])


def test_dropping_by_hand_and_by_rule_shows_what_is_left_at_once(inspector):
    first, last = inspector._view["pairs"][0], inspector._view["pairs"][-1]
    inspector.toggle_pair(first["name"])
    assert inspector._outcome["reasons"][0] == "left out by hand"
    assert inspector._outcome["kept"] == len(inspector._view["pairs"]) - 1
    inspector.toggle_pair(first["name"])
    assert inspector._outcome["reasons"][0] == ""
    date = inspector._view["dates"][last["to"]]["date"]
    inspector.toggle_date(date)
    assert inspector._outcome["lost"] == [date]
    inspector.toggle_date(date)
    dates = [d["date"] for d in inspector._view["dates"]]
    across = [p["name"] for p in inspector._view["pairs"] if p["from"] < 3 <= p["to"]]
    inspector.rules = NetworkRules(exclude_pairs=frozenset(across))
    assert sorted(inspector._outcome["parts"]) == [dates[:3], dates[3:]]
    inspector.rules = NetworkRules(min_coherence=0.999)
    assert inspector._outcome["kept"] == len(dates) - 1 == len(inspector._outcome["tree"])
    assert len(inspector._outcome["parts"]) == 1


def test_rules_are_written_to_the_template_which_keeps_its_comments(inspector, tmp_path):
    path = tmp_path / "valley.txt"
    path.write_text("# mine\nmintpy.load.processor = hyp3  # keep\nmintpy.network.tempBaseMax = 90\n")
    shown = NetworkInspector(inspector.results, template=path)
    shown.wait(60)
    assert shown.rules.max_days == 90 and not shown._file["changed"]
    name = shown._view["pairs"][2]["name"]
    shown.toggle_pair(name)
    assert shown._file["changed"]
    assert shown.write() == path
    written = Template.read(path)
    assert written["mintpy.network.excludeDate12"] == name and written["mintpy.network.tempBaseMax"] == "90"
    assert "# mine" in path.read_text() and "# keep" in path.read_text()
    assert not shown._file["changed"] and shown.template == written
    # what is taken back is reset to auto: MintPy would remember it otherwise
    shown.toggle_pair(name)
    shown.rules = NetworkRules()
    shown.write()
    assert Template.read(path)["mintpy.network.excludeDate12"] == "auto"
    assert Template.read(path)["mintpy.network.tempBaseMax"] == "auto"
    shown.close()


def test_it_refuses_what_is_not_possible(inspector):
    with pytest.raises(TemplateError, match="no pair '19990101_19990102'"):
        inspector.toggle_pair("19990101_19990102")
    with pytest.raises(TemplateError, match="no template to write to"):
        inspector.write()
    inspector.template = Template({"mintpy.load.processor": "hyp3"})
    inspector.rules = NetworkRules(start="20300101")
    with pytest.raises(TemplateError, match="leave no pair"):
        inspector.write()


def test_it_follows_a_widget_with_the_same_traits(work_dir):
    class Map(traitlets.HasTraits):
        results = traitlets.Any(allow_none=True)
        layer = traitlets.Unicode()
        date = traitlets.Unicode()

    shown_map = Map()
    shown = NetworkInspector(shown_map)
    assert shown._on_map
    alone = NetworkInspector()
    assert not alone._on_map  # no button that would do nothing
    traitlets.link((alone, "layer"), (shown_map, "layer"))
    assert alone._on_map
    alone.close()
    assert shown._view["pairs"] == []
    shown_map.results = open_results(work_dir)
    assert len(shown._view["pairs"]) > 3
    shown_map.date = shown._view["dates"][1]["date"]
    assert shown.date == shown_map.date
    shown.date = shown._view["dates"][2]["date"]
    assert shown.date == shown_map.date
    # a pair that is looked at is on the map, and one that the map shows is looked at
    shown_map.layer = "velocity"
    first, second = (shown._view["pairs"][i]["name"] for i in (0, 1))
    shown.pair = first
    assert shown_map.layer == f"unwrapPhase-{first}"
    shown.shown = "coherence"
    assert shown_map.layer == f"coherence-{first}"
    shown_map.layer = f"coherence-{second}"
    assert shown.pair == second
    shown.pair = ""
    assert shown_map.layer == "velocity"
    shown.wait(60)
    shown.close()
    shown_map.date = ""
    assert shown.date != ""


def test_a_date_that_the_map_does_not_have_stays_here(work_dir):
    shown_map = DisplacementMap(work_dir)
    shown = NetworkInspector(shown_map)
    before = shown_map.date
    shown.date = "19991231"
    assert shown_map.date == before and shown.date == "19991231"
    shown.date = shown_map.dates[0]
    assert shown_map.date == shown_map.dates[0]
    name = shown._view["pairs"][3]["name"]
    shown.pair = name
    assert shown_map.layer == f"unwrapPhase-{name}"
    shown.wait(60)
    shown_map.wait(60)
    shown.close()
    shown_map.close()


def test_results_without_interferograms_say_so(work_dir, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(work_dir, copy)
    (copy / "inputs" / "ifgramStack.h5").unlink()
    shown = NetworkInspector(copy)
    assert "ifgramStack" in shown._error["message"]
    assert np.size(shown._view["pairs"]) == 0
    shown.close()


def pairs_of_five_dates():
    """All pairs up to two dates apart; phase of the dates is arbitrary, so each triplet closes but one pair's."""
    days = ["20200101", "20200113", "20200125", "20200206", "20200218"]
    pairs = [(a, b) for a in range(5) for b in range(a + 1, min(a + 3, 5))]
    rng = np.random.default_rng(4)
    motion, bperp = rng.normal(0, 3, (5, 20, 30)), np.array([0.0, 40, -25, 80, 10])
    phase = np.stack([motion[b] - motion[a] for a, b in pairs])
    phase[pairs.index((1, 2)), :, :15] += 2 * np.pi  # half of the frame is a turn off
    coherence = np.stack([np.full((20, 30), 0.9 - 0.05 * i) for i in range(len(pairs))])
    coherence[:, 0, :] = np.nan
    names = [f"{days[a]}_{days[b]}" for a, b in pairs]
    data = xr.Dataset(
        {
            "coherence": (("pair", "lat", "lon"), coherence),
            "unwrapPhase": (("pair", "lat", "lon"), phase),
            "bperp": ("pair", [bperp[b] - bperp[a] for a, b in pairs]),
        },
        {"pair": names},
    )
    return data, names, dict(zip(days, bperp, strict=True))


def test_an_ordinary_dataset_of_pairs_is_enough():
    data, names, bperp = pairs_of_five_dates()
    shown = NetworkInspector(data)
    assert shown.wait(60)
    view = shown._view
    assert [p["name"] for p in view["pairs"]] == names
    assert {d["date"]: d["bperp"] for d in view["dates"]} == pytest.approx(bperp, abs=0.1)
    known = [0.9 - 0.05 * i for i in range(len(names))]
    assert [p["coherence"] for p in view["pairs"]] == pytest.approx(known, abs=1e-4)
    shown.rules = NetworkRules(min_coherence=0.99)
    assert shown._outcome["kept"] == 4 == len(shown._outcome["tree"])
    closed = {t.pairs: t for t in shown._source.closure("20200113_20200125", threading.Event())}
    assert len(closed) == 2
    assert all(t.ambiguous == pytest.approx(0.5) and t.wrapped < 1e-9 for t in closed.values())
    good = shown._source.closure("20200206_20200218", threading.Event())
    assert [t.ambiguous for t in good] == [0]
    shown.close()


def test_pairs_are_understood_in_other_spellings_and_refused_in_words():
    data, names, _ = pairs_of_five_dates()
    first = [np.datetime64(f"{n[:4]}-{n[4:6]}-{n[6:8]}") for n in names]
    second = [np.datetime64(f"{n[9:13]}-{n[13:15]}-{n[15:]}") for n in names]
    other = xr.Dataset({"corr": ("ifg", np.linspace(0.3, 0.9, len(names)))})
    other = other.assign_coords(reference=("ifg", first), secondary=("ifg", second))
    shown = NetworkInspector(other)
    assert shown.wait(60)
    assert [p["name"] for p in shown._view["pairs"]] == names
    assert shown._view["pairs"][-1]["coherence"] == pytest.approx(0.9)
    assert "no bperp" in shown._view["notes"][0] and not shown._view["closure"]
    shown.close()
    with pytest.raises(InsarWidgetsError, match="needs 'pair'"):
        NetworkInspector(data.rename(pair="number"))
    with pytest.raises(InsarWidgetsError, match="names no pair of dates"):
        NetworkInspector(data.assign_coords(pair=[f"p{i}" for i in range(len(names))]))
    with pytest.raises(InsarWidgetsError, match="is in the data twice"):
        NetworkInspector(xr.concat([data, data.isel(pair=[0])], "pair"))
