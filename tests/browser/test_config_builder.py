"""The ConfigBuilder as its user meets it, in JupyterLab and in Voilà."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from insar_widgets import Stack, Template

from .conftest import BOTH, TIMEOUT, VOILA_AND_SOAK, Notebook

pytest.importorskip("mintpy", reason='options are MintPy\'s own: pip install "insar-widgets[mintpy]"')
expect.set_options(timeout=TIMEOUT)


@pytest.fixture
def show(notebook: Callable[..., Notebook], prepared_stack: Stack, tmp_path: Path) -> Callable[..., Notebook]:
    """Show a builder for the small stack and wait until its options are there."""

    def open_builder(kind: str, more: str = "", arguments: str = "") -> Notebook:
        shown = notebook(
            kind,
            "from insar_widgets import ConfigBuilder, find_stack\n"
            f"stack = find_stack({str(prepared_stack.root)!r})\n"
            f"builder = ConfigBuilder(stack, work_dir={str(tmp_path / 'work')!r}{arguments})\n"
            f"{more}\nbuilder",
        )
        expect(shown.page.locator(".iw.cb h2").first).to_have_text("Template")
        return shown

    return open_builder


def field(page: Page, key: str) -> Locator:
    return page.locator(f'.cb-fields [data-option="mintpy.{key}"]')


def line(page: Page, text: str) -> Locator:
    return page.locator(".cb-lines > div").filter(has_text=re.compile(rf"{re.escape(text)}\s*$"))


def search(page: Page, text: str) -> None:
    page.locator(".iw.cb h2").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(text)


@BOTH
def test_a_first_time_user_finds_how_to_exclude_dates_and_does(kind, show, prepared_stack):
    page = show(kind).page
    search(page, "exclude these dates")
    first = page.locator(".cb-fields .cb-op").first
    expect(page.locator(".cb-group").first).to_contain_text("“exclude these dates”")
    expect(first).to_have_attribute("data-option", "mintpy.network.excludeDate")
    date = prepared_stack.dates[1]
    shown = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    first.get_by_role("combobox").select_option(shown)
    expect(first.locator(".cb-token")).to_have_text(shown)
    expect(line(page, f"mintpy.network.excludeDate = {date}")).to_be_visible()
    first.get_by_role("button", name=f"Take out {shown}").click()
    expect(line(page, f"mintpy.network.excludeDate = {date}")).to_have_count(0)
    page.get_by_role("searchbox").press("Escape")
    expect(page.locator(".cb-group").first).to_contain_text("Network and reference")


@VOILA_AND_SOAK
def test_a_finding_appears_at_its_field_and_its_button_mends_it(kind, show):
    page = show(kind).page
    method = field(page, "unwrapError.method")
    method.get_by_role("combobox").select_option("bridging")
    expect(method.locator(".cb-inl.error")).to_contain_text("needs connected components")
    expect(page.locator(".cb-chips")).to_contain_text("1 error")
    expect(page.locator(".cb-lines .x")).to_contain_text("unwrapError.method = bridging")
    method.get_by_role("button", name="Set to no").click()
    expect(method.locator(".cb-inl")).to_have_count(0)
    expect(page.locator(".cb-chips .error")).to_have_count(0)


@VOILA_AND_SOAK
def test_reset_gives_the_default_again(kind, show):
    page = show(kind).page
    ramp = field(page, "deramp")
    expect(ramp.get_by_role("combobox")).to_have_value("")
    expect(ramp).not_to_have_class(re.compile(r"\bset\b"))
    ramp.get_by_role("combobox").select_option("linear")
    expect(line(page, "mintpy.deramp = linear")).to_be_visible()
    ramp.get_by_role("button", name="Reset Ramp").click()
    expect(ramp.get_by_role("combobox")).to_have_value("")
    expect(line(page, "mintpy.deramp = linear")).to_have_count(0)


@VOILA_AND_SOAK
def test_every_option_is_there_and_the_steps_lead_to_theirs(kind, show):
    page = show(kind).page
    page.set_viewport_size({"width": 1700, "height": 1000})
    page.get_by_role("button", name="All 121").click()
    assert page.locator(".cb-fields .cb-op").count() >= 121
    page.locator(".cb-nav").get_by_role("button", name="velocity").click()
    expect(field(page, "timeFunc.periodic")).to_be_in_viewport()
    help_button = field(page, "timeFunc.polynomial").get_by_role("button", name="What MintPy says")
    help_button.click()
    expect(field(page, "timeFunc.polynomial").locator(".cb-notes")).to_contain_text(
        "degree of the polynomial"
    )


@VOILA_AND_SOAK
def test_the_reference_point_is_picked_on_the_map(kind, show):
    page = show(kind).page
    point = field(page, "reference.lalo")
    point.get_by_role("button", name="On the map").click()
    expect(point.locator(".cb-outline")).to_be_attached()
    expect(point.locator("img.iw-relief")).to_be_attached()
    box = point.locator("path.cb-outline").bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"])
    expect(point.locator(".cb-marker")).to_be_visible()
    expect(point.locator(".cb-place")).to_contain_text("average spatial coherence")
    expect(point.get_by_role("textbox")).to_have_value(re.compile(r"^\d+\.\d{5}, -\d+\.\d{5}$"))
    expect(page.locator(".cb-lines").get_by_text("mintpy.reference.lalo =")).to_be_visible()
    point.get_by_role("button", name="Automatic").click()
    expect(page.locator(".cb-lines").get_by_text("mintpy.reference.lalo =")).to_have_count(0)


@VOILA_AND_SOAK
def test_saving_and_opening(kind, show, tmp_path):
    page = show(kind, arguments=f", root={str(tmp_path)!r}").page
    save = page.get_by_role("button", name="Save", exact=True)
    field(page, "deramp").get_by_role("combobox").select_option("linear")
    expect(line(page, "mintpy.deramp = linear")).to_be_visible()
    save.click()
    expect(save).to_be_disabled()
    file = next((tmp_path / "work").glob("*.txt"))
    assert Template.read(file)["mintpy.deramp"] == "linear"
    field(page, "deramp").get_by_role("combobox").select_option("quadratic")
    expect(page.locator(".cb-lines .r")).to_have_text(re.compile("mintpy.deramp = linear"))
    expect(page.locator(".cb-lines .a")).to_have_text(re.compile("mintpy.deramp = quadratic"))
    page.get_by_role("button", name="Save as…").click()
    page.get_by_role("textbox", name="File name").fill("second.txt")
    page.keyboard.press("Enter")
    expect(page.locator(".cb-file")).to_have_text("second.txt")
    assert Template.read(tmp_path / "work" / "second.txt")["mintpy.deramp"] == "quadratic"
    assert Template.read(file)["mintpy.deramp"] == "linear"
    page.get_by_role("button", name="Open…").click()
    page.locator(".iw-entry").filter(has_text=file.name).click()
    expect(page.locator(".cb-file")).to_have_text(file.name)
    expect(field(page, "deramp").get_by_role("combobox")).to_have_value("linear")


def test_typing_is_not_lost_while_the_template_is_checked(show):
    """What arrives from the kernel must not touch the field in which somebody types."""
    shown = show("lab")
    page = shown.page
    subset = field(page, "subset.lalo").get_by_role("textbox")
    subset.click()
    page.keyboard.type("35.9:3")
    shown.run("builder.change({'mintpy.deramp': 'linear'}); builder.wait()")
    expect(line(page, "mintpy.deramp = linear")).to_be_visible()
    expect(subset).to_have_value("35.9:3")
    page.keyboard.type("6.1,-119:-118")
    page.keyboard.press("Enter")
    expect(line(page, "mintpy.subset.lalo = 35.9:36.1,-119:-118")).to_be_visible()


def test_a_second_view_and_a_reloaded_page_show_the_same(show):
    shown = show("lab", more="from IPython.display import display; display(builder)")
    page = shown.page
    views = page.locator(".iw.cb")
    expect(views).to_have_count(2)
    ramps = page.locator('[data-option="mintpy.deramp"] select')
    expect(ramps).to_have_count(2)
    ramps.first.select_option("linear")
    expect(ramps.last).to_have_value("linear")
    shown.reload()
    expect(ramps.first).to_have_value("linear")
    assert shown.run("print(builder.template['mintpy.deramp'])") == "linear"


def test_the_kernel_stays_free_python_sees_what_was_set_and_a_runner_has_the_same_engine(show):
    runner = "from insar_widgets import StepRunner; runner = StepRunner(builder); display(runner)"
    shown = show("lab", more=f"from IPython.display import display; {runner}")
    page = shown.page
    field(page, "timeFunc.periodic").get_by_role("combobox").select_option("1, annual")
    expect(line(page, "mintpy.timeFunc.periodic = 1")).to_be_visible()
    assert shown.run("print(builder.template['mintpy.timeFunc.periodic'], builder.valid)") == "1 True"

    here = page.locator(".cb-engine").get_by_label("Engine:")
    there = page.locator(".rn-engine").get_by_label("Engine:")
    expect(here).to_have_value("fast")
    expect(there).to_be_enabled()
    expect(page.locator(".cb-engine")).to_contain_text("goes to the run, not into the template")
    here.select_option("MintPy")
    expect(there).to_have_value("mintpy")
    expect(page.locator(".rn-engine")).to_contain_text("MintPy does every step itself")
    told = "print(builder.engine, runner.engine, runner.run.engine, 'engine' in builder.template.text)"
    assert shown.run(told) == "mintpy mintpy mintpy False"
    expect(there).to_be_enabled()
    there.select_option("Fast (proved against MintPy)")
    expect(here).to_have_value("fast")
    assert shown.run(told) == "fast fast fast False"


def test_names_that_look_like_markup_stay_text(show):
    shown = show("lab", more="builder.change({'our.<b>bold</b>': '<img src=x onerror=document.title=1>'})")
    page = shown.page
    page.get_by_role("button", name=re.compile("^Changed")).click()
    expect(page.locator('.cb-op[data-option="our.<b>bold</b>"]')).to_be_visible()
    assert page.locator(".cb b, .cb img:not(.leaflet-image-layer)").count() == 0
