"""The StackPicker as its user meets it, in JupyterLab and in Voilà."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import rasterio
from playwright.sync_api import Locator, Page, expect

from insar_widgets import Stack, simulate_stack

from .conftest import BOTH, TIMEOUT, VOILA_AND_SOAK, Notebook

expect.set_options(timeout=TIMEOUT)


@pytest.fixture
def products(tmp_path: Path, small_stack: Stack) -> Path:
    """A copy of the small stack that a test may break."""
    folder = tmp_path / "valley" / "hyp3"
    shutil.copytree(small_stack.root, folder)
    return folder


@pytest.fixture
def show(notebook: Callable[..., Notebook]) -> Callable[..., Notebook]:
    """Show a picker made with some arguments and wait until it is not busy."""

    def open_picker(kind: str, arguments: str = "") -> Notebook:
        shown = notebook(
            kind, f"from insar_widgets import StackPicker\npicker = StackPicker({arguments})\npicker"
        )
        expect(shown.page.locator(".iw.sp h2")).to_have_text("Stack")
        return shown

    return open_picker


def settled(page: Page) -> Locator:
    """Wait until a stack is open and nothing is going on; return the picker."""
    expect(page.get_by_role("button", name=re.compile("^Check every pixel"))).to_be_enabled()
    return page.locator(".iw.sp")


def path_field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Folder of HyP3 products")


def fact(page: Page, note: str) -> str:
    return page.locator(".sp-facts > div").filter(has_text=note).locator("dd").inner_text()


def draw_rectangle(page: Page) -> None:
    expect(page.get_by_text("Drawing the map…")).to_be_hidden()
    page.get_by_role("button", name="Draw area").click()
    box = page.locator(".sp path.sp-overlap").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"], steps=6)
    page.mouse.up()


@BOTH
def test_opening_a_folder_shows_counts_map_network_and_findings(kind, show, products):
    page = show(kind, repr(str(products))).page
    settled(page)
    assert fact(page, "products") == "12"
    assert fact(page, "dates") == "6"
    assert fact(page, "one connected network") == "12"
    expect(page.locator(".iw-finding[data-code=extents-differ]")).to_contain_text("preparing mends this")
    expect(page.locator(".iw-chart circle.date")).to_have_count(6)
    expect(page.locator(".iw-chart line.pair")).to_have_count(12)
    expect(page.locator(".sp path.sp-outline").first).to_be_attached()
    relief = page.locator("img.iw-relief")
    expect(relief).to_be_attached()
    page.wait_for_function("document.querySelector('img.iw-relief').naturalWidth > 16")


@VOILA_AND_SOAK
def test_one_click_leaves_out_what_hangs_on_a_single_pair_and_another_brings_it_back(kind, show, products):
    folders = sorted(path for path in products.iterdir() if path.name.startswith("S1AA"))
    last = max(path.name.split("_")[2][:8] for path in folders)
    with_last = [path for path in folders if path.name.split("_")[2].startswith(last)]
    for path in with_last[1:]:
        shutil.rmtree(path)
    page = show(kind, repr(str(products))).page
    settled(page)
    hanging = page.locator(".iw-finding[data-code=date-on-one-pair]")
    expect(hanging).to_contain_text(last)
    hanging.get_by_role("button", name="Leave out 1").click()
    expect(hanging).to_have_count(0)
    expect(page.locator(".sp-facts > div").filter(has_text="dates").locator("dd")).to_have_text("5")
    page.get_by_role("button", name="Bring back").click()
    expect(hanging).to_contain_text(last)
    expect(page.locator(".sp-facts > div").filter(has_text="dates").locator("dd")).to_have_text("6")


@VOILA_AND_SOAK
def test_a_broken_product_is_found_and_left_out_by_name(kind, show, products):
    raster = next(products.glob("*/*_unw_phase.tif"))
    raster.write_bytes(raster.read_bytes()[:200])
    page = show(kind, repr(str(products))).page
    settled(page)
    broken = page.locator(".iw-finding").filter(has_text=raster.parent.name)
    expect(broken.first).to_contain_text("Error:")
    assert fact(page, "products, 1 left out") == "11"


@VOILA_AND_SOAK
def test_drawing_an_area_changes_the_size_and_removing_it_restores_it(kind, show, products):
    page = show(kind, repr(str(products))).page
    settled(page)
    assert fact(page, "common overlap, 72 × 53 pixels") == "5.8 × 4.2 km"
    draw_rectangle(page)
    size = page.locator(".sp-facts > div").filter(has_text="area of interest")
    expect(size).to_be_visible()
    found = re.search(r"(\d+) × (\d+) pixels", size.inner_text())
    assert found
    # Half the width and half the height, give or take the tilt of the UTM grid and pixels of the screen.
    assert abs(int(found[1]) - 36) <= 4
    assert abs(int(found[2]) - 27) <= 4
    expect(page.locator(".iw-area-handle")).to_have_count(4)
    page.get_by_role("button", name="Whole overlap").click()
    expect(page.locator(".sp-facts > div").filter(has_text="common overlap, 72 × 53")).to_be_visible()


@VOILA_AND_SOAK
def test_preparing_by_a_click_writes_every_product_onto_one_grid(kind, show, products):
    page = show(kind, repr(str(products))).page
    settled(page)
    page.get_by_role("button", name="Prepare on one grid").click()
    expect(page.locator(".sp-prepared")).to_contain_text("12 products on one grid of 72 × 53 pixels")
    expect(page.locator(".iw-finding[data-code=extents-differ]")).to_have_count(0)
    prepared = sorted((products.parent / "mintpy" / "prepared").glob("*/*_unw_phase.tif"))
    assert len(prepared) == 12
    grids = set()
    for path in prepared:
        with rasterio.open(path) as raster:
            grids.add((raster.crs.to_epsg(), raster.transform, raster.shape))
    assert len(grids) == 1


@pytest.mark.parametrize("kind", ["lab"])
def test_preparing_can_be_cancelled_and_what_is_finished_is_used_the_next_time(kind, show, tmp_path):
    folder = tmp_path / "large" / "hyp3"
    simulate_stack(folder, shape=(260, 300), dates=16, seed=2)
    page = show(kind, repr(str(folder))).page
    settled(page)
    page.get_by_role("button", name="Prepare on one grid").click()
    page.locator(".sp-footer").get_by_role("button", name="Cancel").click()
    expect(page.locator(".sp-prepared")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Prepare on one grid")).to_be_enabled()
    page.get_by_role("button", name="Prepare on one grid").click()
    expect(page.locator(".sp-prepared")).to_contain_text("on one grid")


def test_a_reload_of_the_page_restores_everything(show, products):
    shown = show("lab", repr(str(products)))
    page = shown.page
    settled(page)
    draw_rectangle(page)
    size = page.locator(".sp-facts > div").filter(has_text="area of interest")
    expect(size).to_be_visible()
    before = size.inner_text()
    page.get_by_role("button", name="Filter dates and pairs…").click()
    page.get_by_label("Longest pair, days").fill("50")
    expect(page.locator(".sp-filter-result")).to_contain_text("of 12 pairs")
    page.get_by_role("button", name="Apply").click()
    settled(page)
    expect(page.locator(".sp-network")).to_contain_text("pairs left out")
    shown.reload()
    settled(page)
    expect(page.locator(".sp-facts > div").filter(has_text="area of interest")).to_have_text(
        re.compile(re.escape(before.split("\n")[0]))
    )
    expect(page.locator(".sp-network")).to_contain_text("pairs left out")
    expect(page.locator(".sp path.iw-area")).to_be_attached()
    expect(path_field(page)).to_have_value(str(products))


def test_a_second_view_shows_the_same_and_the_kernel_stays_free(show, products):
    shown = show("lab", repr(str(products)))
    settled(shown.page)
    assert shown.run("print(picker.stack.dates[0], picker.opens, picker.busy == '')").endswith(
        "products True"
    )
    shown.run("picker.aoi = [[-118.92, 36.01], [-118.90, 36.01], [-118.90, 36.03]]; picker.wait(60)")
    expect(shown.page.locator(".sp-facts")).to_contain_text("area of interest")
    assert shown.run("print(repr(picker))") == f"StackPicker(path={str(products)!r}, 12 products, 6 dates)"


@BOTH
def test_everything_is_reached_and_done_by_keyboard(kind, show, products):
    page = show(kind).page
    expect(page.locator(".sp-empty")).to_contain_text("No stack is open")
    path = path_field(page)
    path.focus()
    page.keyboard.type(str(products.parent) + "/")
    expect(page.locator(".sp-options li")).to_contain_text(["hyp3"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")  # takes the completion
    expect(path).to_have_value(re.compile(re.escape(str(products))))
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="WKT or file…").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("-118.93, 36.01, -118.90, 36.03")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".sp-facts")).to_contain_text("area of interest")
    reached = set()
    path.focus()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.closest('.sp') && (document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.textContent || document.activeElement.dataset.key)"
            )
        )
    for name in [
        "Open",
        "Browse…",
        "Draw area",
        "WKT or file…",
        "Zoom in",
        "Check every pixel",
        "Prepare on one grid",
    ]:
        assert name in reached, (name, reached)
    page.get_by_role("button", name="Prepare on one grid").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".sp-prepared")).to_contain_text("on one grid")


def test_keys_pressed_in_the_widget_do_not_reach_the_notebook(show, products):
    shown = show("lab", repr(str(products)))
    page = shown.page
    settled(page)
    cells = page.locator(".jp-Notebook .jp-CodeCell").count()
    page.get_by_role("button", name="Browse…").focus()
    for key in "bba":  # notebook shortcuts: insert, delete, to Markdown
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == cells
    expect(page.locator(".iw.sp")).to_be_visible()


@VOILA_AND_SOAK
def test_names_that_look_like_markup_are_shown_as_text(kind, show, tmp_path, small_stack):
    nasty = tmp_path / "<img src=x onerror=document.title='owned'>"
    nasty.mkdir()
    shutil.copytree(small_stack.root, nasty / "hyp3")
    broken = nasty / "hyp3" / "S1AA_<b onmouseover=alert(1)>_INT80_G_ueF_F8BF"
    broken.mkdir()
    (broken / f"{broken.name}_unw_phase.tif").write_bytes(b"no raster")
    page = show(kind, repr(str(nasty / "hyp3"))).page
    settled(page)
    page.get_by_role("button", name="Browse…").click()
    page.locator(".iw-entry").first.wait_for()
    page.get_by_role("button", name="Up", exact=True).click()
    expect(page.locator(".iw-drawer .iw-mono").first).to_have_text(str(nasty))
    page.get_by_role("button", name="Up", exact=True).click()
    expect(page.locator(".iw-entry").filter(has_text="<img src=x")).to_be_visible()
    assert page.locator(".sp img:not(.leaflet-image-layer)").count() == 0
    assert page.locator(".sp b").count() == 0
    assert page.title() != "owned"


@VOILA_AND_SOAK
def test_a_folder_without_products_says_so_in_place(kind, show, tmp_path):
    page = show(kind, repr(str(tmp_path / "nowhere"))).page
    expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_contain_text("There is no folder")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_root_cannot_be_left(show, products, tmp_path):
    page = show("voila", f"root={str(products.parent)!r}").page
    path = path_field(page)
    path.fill("hyp3/../../..")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text=re.compile("."))).to_contain_text("outside")
    path.fill("hyp3")
    page.keyboard.press("Enter")
    settled(page)
    page.get_by_role("button", name="Browse…").click()
    page.get_by_role("button", name="Up", exact=True).click()
    expect(page.get_by_role("button", name="Up", exact=True)).to_be_disabled()
    expect(page.locator(".iw-drawer .iw-mono").first).to_have_text(str(products.parent))
