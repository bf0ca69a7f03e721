"""The StackPicker without a browser: what a notebook's code sees of it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import traitlets

from insar_widgets import Finding, Stack, StackPicker
from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._messages import Request
from insar_widgets.widgets._stack_view import count, format_bytes, format_duration

WAIT = 120
# Inside of the simulated frame: lon -118.94..-118.87, lat 36.00..36.04.
AREA = [[-118.92, 36.03], [-118.90, 36.03], [-118.90, 36.01], [-118.92, 36.01]]


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def products(tmp_path: Path, small_stack: Stack) -> Path:
    folder = tmp_path / "valley" / "hyp3"
    shutil.copytree(small_stack.root, folder)
    return folder


def opened(*args, **kwargs) -> StackPicker:
    picker = StackPicker(*args, **kwargs)
    assert picker.wait(WAIT)
    return picker


def facts(picker: StackPicker) -> dict[str, str]:
    return {fact["note"]: fact["value"] for fact in [*picker._view["facts"], picker._estimate["fact"]]}


def test_opening_a_folder_fills_the_traits(products):
    picker = opened(products)
    assert picker.opens == "products"
    assert len(picker.stack) == 12
    assert picker.project == "valley"
    assert picker.work_dir == str(products.parent / "mintpy")
    assert picker.prepared is None
    assert picker.busy == ""
    assert picker._error is None
    assert [f.code for f in picker.findings] == [f.code for f in picker.stack.check()]
    assert repr(picker) == f"StackPicker(path={str(products)!r}, 12 products, 6 dates)"


def test_arguments_win_over_guesses_and_unknown_ones_are_errors(products, tmp_path):
    picker = opened(products, work_dir=tmp_path / "elsewhere", project="mine", aoi=AREA)
    assert picker.work_dir == str(tmp_path / "elsewhere")
    assert picker.project == "mine"
    assert picker.aoi == AREA
    with pytest.raises(TypeError, match="folder"):
        StackPicker(folder=products)  # type: ignore[call-arg]


def test_an_area_that_is_none_is_refused_in_words():
    with pytest.raises(InsarWidgetsError, match="corners"):
        StackPicker(aoi=[[0, 0], [1, 1]])
    picker = StackPicker()
    with pytest.raises(traitlets.TraitError, match="degrees"):
        picker.aoi = [[500_000, 4_000_000], [500_100, 4_000_000], [500_000, 4_000_100]]


def test_every_public_trait_has_one_line_of_help():
    own = set(StackPicker.class_traits()) - set(StackPicker.__mro__[2].class_traits())
    for name in own:
        assert StackPicker.class_traits()[name].help, name
        assert "\n" not in StackPicker.class_traits()[name].help


def test_the_constructor_does_not_wait_and_the_newest_path_wins(products, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    picker = StackPicker(empty)
    picker.path = str(tmp_path / "nothing")
    picker.path = str(products)
    assert picker.wait(WAIT)
    assert len(picker.stack) == 12
    assert picker._error is None


def test_a_folder_without_products_is_said_in_place_and_another_one_mends_it(products, tmp_path):
    picker = opened(tmp_path / "nothing")
    assert "There is no folder" in picker._error["message"]
    assert picker.opens == ""
    picker.path = str(products)
    picker.wait(WAIT)
    assert picker._error is None
    assert picker.opens == "products"


def test_links_carry_the_stack_on(products):
    class Builder(traitlets.HasTraits):
        stack = traitlets.Instance(Stack, allow_none=True)
        findings = traitlets.List(traitlets.Instance(Finding))

    picker, builder = StackPicker(), Builder()
    traitlets.link((picker, "stack"), (builder, "stack"))
    traitlets.link((picker, "findings"), (builder, "findings"))
    picker.path = str(products)
    picker.wait(WAIT)
    assert builder.stack is picker.stack
    assert builder.findings == picker.findings


def test_an_area_changes_the_size_and_one_elsewhere_is_a_problem_in_words(products):
    picker = opened(products)
    assert facts(picker)["common overlap, 72 × 53 pixels"] == "5.8 × 4.2 km"
    picker.aoi = AREA
    picker.wait(WAIT)
    # 0.02 degrees: 1.80 km eastwards (cos 36°) and 2.22 km northwards, on pixels of 80 m, and the tilt of UTM.
    note = next(note for note in facts(picker) if note.startswith("area of interest"))
    width, height = (int(word) for word in note.split(", ")[1].split(" pixels")[0].split(" × "))
    assert width == pytest.approx(1800 / 80, abs=3)
    assert height == pytest.approx(2220 / 80, abs=3)
    picker.aoi = [[10, 10], [11, 10], [11, 11]]
    picker.wait(WAIT)
    assert "outside of the products" in picker._estimate["problem"]


def test_preparing_gives_the_prepared_stack_and_a_changed_area_takes_it_back(products):
    picker = opened(products, aoi=AREA)
    found = picker.stack
    picker.prepare()
    assert picker.busy == "prepare"
    picker.wait(WAIT)
    assert picker._error is None
    assert picker.stack is picker.prepared
    assert picker.prepared.is_common_grid
    assert picker.prepared.root == products.parent / "mintpy" / "prepared"
    assert "extents-differ" not in [f.code for f in picker.findings]
    for path in picker.prepared.root.glob("*/*_corr.tif"):
        with rasterio.open(path) as raster:
            assert raster.shape == picker.prepared.grid.shape
    picker.aoi = None
    picker.wait(WAIT)
    assert picker.prepared is None
    assert picker.stack == found


def test_preparing_can_be_cancelled(products):
    picker = opened(products)
    seen = threading.Event()

    def cancel(_change) -> None:
        seen.set()
        picker.cancel()

    picker.observe(cancel, "_progress")
    picker.prepare()
    assert seen.wait(WAIT)
    picker.wait(WAIT)
    assert picker.prepared is None
    assert picker._notice["text"].startswith("Cancelled")
    assert picker.busy == ""


def test_a_failure_of_preparing_is_shown_and_leaves_the_widget_usable(products):
    picker = opened(products)
    picker.work_dir = str(products / picker.stack.products[0].name)
    picker.prepare()
    picker.wait(WAIT)
    assert "originals" in picker._error["message"]
    picker.work_dir = str(products.parent / "mintpy")
    picker.prepare()
    picker.wait(WAIT)
    assert picker._error is None
    assert picker.prepared is not None


def test_the_deep_check_finds_what_headers_do_not_show(products):
    path = next(products.glob("*/*_corr.tif"))
    with rasterio.open(path, "r+") as raster:
        raster.write(raster.read(1) + 5, 1)
    picker = opened(products)
    before = {f.code for f in picker.findings}
    picker.check()
    assert picker.busy == "check"
    picker.wait(WAIT)
    assert {f.code for f in picker.findings} > before
    assert "Every pixel read" in picker._view["read_note"]


def filtered(picker: StackPicker, **rules) -> None:
    picker._apply_filter(Request(rules))
    picker.wait(WAIT)


def test_a_filter_keeps_what_it_says_and_one_that_cuts_the_network_is_refused(products):
    picker = opened(products)
    filtered(picker, max_days=50)
    assert {abs(pair.days) for pair in picker.stack.pairs} <= set(range(51))
    assert 0 < len(picker.stack) < 12
    assert "left out" in picker._view["filter_note"]
    kept = picker.stack
    preview = picker._preview_filter(Request({"max_days": 1}))
    assert preview["ok"] is False
    with pytest.raises(InsarWidgetsError):
        picker._apply_filter(Request({"max_days": 1}))
    assert picker.stack == kept
    filtered(picker)
    assert len(picker.stack) == 12


def test_products_are_left_out_and_brought_back_by_hand(products):
    picker = opened(products)
    name = picker.stack.products[3].name
    picker._leave_out([name], True)
    picker.wait(WAIT)
    assert name not in [product.name for product in picker.stack.products]
    by_hand = next(row for row in picker._view["findings"] if row["code"] == "left-out-by-hand")
    assert by_hand["action"]["kind"] == "bring_back"
    picker._leave_out(by_hand["products"], False)
    picker.wait(WAIT)
    assert len(picker.stack) == 12


def test_a_work_directory_is_opened_and_described(tmp_path):
    work = tmp_path / "valley" / "mintpy"
    (work / "inputs").mkdir(parents=True)
    with h5py.File(work / "inputs" / "ifgramStack.h5", "w") as file:
        file["date"] = np.array([[b"20180106", b"20180118"], [b"20180118", b"20180130"]])
        file["unwrapPhase"] = np.zeros((2, 7, 9), "float32")
    picker = opened(work)
    assert picker.opens == "work_dir"
    assert picker.stack is None
    assert picker.work_dir == str(work)
    assert picker.project == "valley"
    assert [(row["name"], row["detail"]) for row in picker._view["files"]] == [
        ("inputs/ifgramStack.h5", "2 pairs, 3 dates, 2018-01-06 – 2018-01-30, 9 × 7 pixels")
    ]


def test_a_root_holds_for_everything_the_page_can_ask(products, tmp_path):
    picker = opened(products, root=products.parent)
    assert picker.opens == "products"
    for ask in (
        lambda: picker._complete(Request({"text": "../"})),
        lambda: picker._list(Request({"path": str(tmp_path)})),
        lambda: picker._read_area(Request({"text": str(tmp_path / "area.geojson")})),
    ):
        with pytest.raises(InsarWidgetsError, match="outside"):
            ask()
    picker.work_dir = str(tmp_path / "outside")
    picker.wait(WAIT)
    assert "outside" in picker._estimate["problem"]
    with pytest.raises(InsarWidgetsError, match="outside"):
        picker.prepare()
    picker.path = str(tmp_path)
    picker.wait(WAIT)
    assert "outside" in picker._error["message"]
    assert picker.stack is None


def test_products_behind_a_link_out_of_the_root_are_left_out_by_name(products):
    name = sorted(path.name for path in products.iterdir() if path.name.startswith("S1AA"))[0]
    (products / name).rename(products.parent / "elsewhere")
    (products / name).symlink_to(products.parent / "elsewhere")
    picker = opened(products, root=products)
    assert len(picker.stack) == 11
    assert next(f for f in picker.findings if f.code == "outside-root").products == (name,)
    assert len(opened(products).stack) == 12


def test_a_root_that_holds_the_products_itself_gets_a_work_directory_that_is_shown(
    products, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    picker = opened(products, root=products)
    assert picker.work_dir == str(tmp_path / "valley")
    assert picker._estimate["problem"] == ""


def test_recent_folders_are_not_part_of_the_notebook(products, tmp_path):
    opened(products)
    picker = opened(tmp_path / "nothing")
    assert str(products) in picker._recent.paths(picker._folders)
    assert str(products) not in str({k: v for k, v in picker.get_state().items() if k != "_esm"})


def test_a_second_front_end_gets_all_there_is_from_the_state(products):
    picker = opened(products, aoi=AREA)
    state = picker.get_state()
    assert state["path"] == str(products)
    assert state["aoi"] == AREA
    assert len(state["_view"]["network"]["pairs"]) == 12
    assert state["map"].startswith("anywidget:")
    for name in ("stack", "prepared", "findings"):
        assert name not in state


def test_real_products_of_mexico_city(shared_data):
    picker = opened(shared_data / "mexico_city_hyp3")
    assert facts(picker)["dates"] == "13"
    assert facts(picker)["pairs, one connected network"] == "30"
    assert "20180705" in next(f.message for f in picker.findings if f.code == "date-on-one-pair")


def test_quantities_are_written_as_a_user_would():
    assert format_bytes(1.62e9) == "1.6 GB"
    assert format_bytes(47_300_000) == "47.3 MB"
    assert format_duration(0.2) == "1 s"
    assert format_duration(245) == "4 min"
    assert format_duration(11_520) == "3.2 h"
    assert (count(1, "date"), count(2, "date"), count(0, "entry", "entries")) == (
        "1 date",
        "2 dates",
        "0 entries",
    )
