from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
import traitlets

from insar_widgets import NetworkInspector, Template, open_results
from insar_widgets.errors import TemplateError
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
    assert shown._view["pairs"] == []
    shown_map.results = open_results(work_dir)
    assert len(shown._view["pairs"]) > 3
    shown_map.date = shown._view["dates"][1]["date"]
    assert shown.date == shown_map.date
    shown.layer = f"coherence-{shown._view['pairs'][0]['name']}"
    assert shown_map.layer == shown.layer
    shown.wait(60)
    shown.close()


def test_results_without_interferograms_say_so(work_dir, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(work_dir, copy)
    (copy / "inputs" / "ifgramStack.h5").unlink()
    shown = NetworkInspector(copy)
    assert "ifgramStack" in shown._error["message"]
    assert np.size(shown._view["pairs"]) == 0
    shown.close()
