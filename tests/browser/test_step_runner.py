"""The StepRunner as its user meets it, in JupyterLab and in Voilà, on real runs of a small stack."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from insar_widgets import Run, Stack, Template

from .conftest import BOTH, TIMEOUT, VOILA_AND_SOAK, Notebook

pytest.importorskip("mintpy", reason='runs need MintPy: pip install "insar-widgets[mintpy]"')
expect.set_options(timeout=TIMEOUT)


@pytest.fixture
def finished(finished_run: Run, tmp_path: Path) -> Path:
    """A copy of a finished run that may be changed."""
    return Path(shutil.copytree(finished_run.work_dir, tmp_path / "valley", symlinks=True))


@pytest.fixture
def show(notebook: Callable[..., Notebook]) -> Callable[..., Notebook]:
    """Show a runner for a folder and wait until its steps are there."""

    def open_runner(kind: str, work_dir: Path, more: str = "") -> Notebook:
        shown = notebook(
            kind,
            f"from insar_widgets import StepRunner\nrunner = StepRunner({str(work_dir)!r})\n{more}\nrunner",
        )
        expect(row(shown.page, "velocity")).to_be_visible()
        return shown

    return open_runner


def row(page: Page, step: str) -> Locator:
    return page.locator(f'.rn-row[data-step="{step}"]').first


def title(page: Page) -> Locator:
    return page.locator(".rn h2").first


def state(page: Page, step: str, word: str) -> None:
    expect(row(page, step)).to_have_attribute("data-state", word)


def reload(shown: Notebook) -> None:
    """Load the page again; on a busy machine JupyterLab gives up after 4 s to ask the kernel for its widgets."""
    for _ in range(4):
        shown.reload()
        lost = shown.page.get_by_text("Error displaying widget: model not found").first
        expect(row(shown.page, "velocity").or_(lost).first).to_be_visible()
        if not lost.is_visible():
            return


@VOILA_AND_SOAK
def test_products_open_in_place_and_the_log_is_searched(kind, show, finished):
    log = finished / ".insar_widgets" / "logs" / "12_correct_topography.log"
    log.write_text(
        "".join(f"line {n} <b>bold</b>{' needle' if n % 1000 == 0 else ''}\n" for n in range(5000))
    )
    page = show(kind, finished).page
    expect(title(page)).to_have_text("All steps are up to date")
    row(page, "load_data").get_by_role("button", name="ifgramStack.h5").click()
    expect(page.locator(".rn-product .iw-chart .date").first).to_be_attached()
    page.keyboard.press("Escape")
    expect(row(page, "load_data").get_by_role("button", name="ifgramStack.h5")).to_be_focused()
    row(page, "residual_RMS").get_by_role("button", name="rms_").click()
    expect(page.locator(".rn-table tbody tr")).to_have_count(6)
    page.get_by_role("button", name="Back to the log").click()
    row(page, "velocity").get_by_role("button", name="velocity.h5").click()
    picture = page.locator("img.rn-layer")
    expect(picture).to_be_visible()
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth }") == 72
    expect(page.locator(".rn-scale")).to_contain_text("mm/yr")
    page.get_by_label("Layer").select_option("velocityStd")
    expect(picture).to_have_attribute("alt", "Picture of velocityStd")

    row(page, "correct_topography").get_by_role("button", name="correct_topography", exact=True).click()
    expect(page.locator(".rn-line .text").last).to_have_text("line 4999 <b>bold</b>")
    assert page.locator(".rn-line b").count() == 0
    assert page.locator(".rn-line").count() <= 1500
    page.keyboard.press("/")
    page.keyboard.type("NEEDLE")
    expect(page.locator(".rn-hits")).to_have_text("5 of 5")
    expect(page.locator(".rn-line.current mark")).to_have_text("needle")
    page.keyboard.press("Enter")
    expect(page.locator(".rn-hits")).to_have_text("1 of 5")
    expect(page.locator(".rn-line.current .no")).to_have_text("1")
    page.get_by_role("button", name="Previous match").click()
    expect(page.locator(".rn-line.current .no")).to_have_text("4,001")


@BOTH
def test_a_step_is_run_and_switched_with_the_keyboard_alone(kind, show, finished):
    page = show(kind, finished).page
    state(page, "velocity", "completed")
    row(page, "load_data").locator(".rn-name").focus()
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    expect(row(page, "velocity").locator(".rn-name")).to_be_focused()
    page.keyboard.press("m")
    expect(page.get_by_role("menuitem", name="Only this")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".rn h2")).to_have_text(re.compile("Starting|Step 15"))
    expect(title(page)).to_have_text("All steps are up to date")
    state(page, "velocity", "completed")
    row(page, "google_earth").get_by_role("switch").focus()
    page.keyboard.press("Space")
    expect(row(page, "google_earth").get_by_role("switch")).to_have_attribute("aria-checked", "true")
    state(page, "google_earth", "pending")
    expect(page.locator(".rn-note:not([hidden])")).to_contain_text(
        "mintpy.save.kmz = yes. To run now: google_earth"
    )
    assert Template.read(finished / "small.txt")["mintpy.save.kmz"] == "yes"
    row(page, "deramp").get_by_role("switch").click()
    state(page, "velocity", "stale")
    expect(row(page, "velocity")).to_contain_text("stale")
    row(page, "deramp").get_by_role("switch").click()
    state(page, "velocity", "completed")

    engine = page.get_by_label("Engine:")
    expect(engine).to_have_value("fast")
    expect(page.locator(".rn-engine")).to_contain_text("solved again by MintPy the largest difference was")
    mark = row(page, "invert_network").get_by_role("button", name="The fast engine did invert_network")
    expect(mark).to_have_text("fast, proved")
    mark.click()
    expect(page.get_by_label("Log of")).to_have_value("invert_network")
    engine.select_option("MintPy")
    expect(page.locator(".rn-engine")).to_contain_text("MintPy does every step itself")
    row(page, "correct_topography").get_by_role("button", name="Run correct_topography…").click()
    page.get_by_role("menuitem", name="Only this").click()
    expect(engine).to_be_disabled()
    expect(engine).to_be_enabled()
    state(page, "correct_topography", "completed")
    expect(row(page, "correct_topography").locator(".rn-made")).to_have_text("MintPy")


def test_cancelling_asks_once_and_says_what_is_kept(show, finished):
    page = show("voila", finished).page
    row(page, "reference_point").hover()
    row(page, "reference_point").get_by_role("button", name="Run reference_point…").click()
    page.get_by_role("menuitem", name="From here").click()
    page.get_by_role("button", name="Cancel run…").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Cancel the run?")
    expect(question).to_contain_text("kept")
    question.get_by_role("button", name="Cancel the run").click()
    expect(title(page)).to_have_text(re.compile("^Cancelled"))
    assert Run(finished).outcome == "cancelled"
    expect(page.get_by_role("button", name="Run what is needed")).to_be_enabled()


def test_a_failure_stands_beside_its_log_with_what_can_be_done(show, finished):
    more = 'runner.change({"mintpy.networkInversion.minTempCoh": "0.99999"})'
    page = show("lab", finished, more).page
    state(page, "invert_network", "stale")
    page.get_by_role("button", name="Run what is needed").click()
    expect(title(page)).to_have_text("Stopped at step 6, invert_network")
    failure = page.locator(".rn-failure")
    expect(failure).to_be_visible()
    expect(failure.get_by_role("button", name="Set networkInversion.minTempCoh = 0.5")).to_be_enabled()
    expect(page.get_by_label("Log of")).to_have_value("invert_network")
    expect(row(page, "invert_network")).to_contain_text("failed")


def test_a_run_survives_reload_a_second_view_and_the_kernel(notebook, prepared_stack: Stack, tmp_path):
    """Started in one kernel, which is killed; a new one finds the run and shows its whole log."""
    work = tmp_path / "survivor"
    shown = notebook(
        "lab",
        "import os\n"
        "from IPython.display import display\n"
        "from insar_widgets import Run, StepRunner, Template, find_stack\n"
        f"work = {str(work)!r}\n"
        f"template = Template.for_stack(find_stack({str(prepared_stack.root)!r}), name='small')\n"
        "runner = StepRunner(work, template=template)\n"
        "display(runner)\nrunner",
    )
    page = shown.page
    expect(page.locator(".rn h2")).to_have_count(2)
    expect(title(page)).to_have_text("Ready to run 9 steps")
    page.get_by_role("button", name="Run what is needed").first.click()
    for view in (page.locator(".rn h2").first, page.locator(".rn h2").last):
        expect(view).to_have_text(re.compile("^(Starting|Step)"))
    state(page, "load_data", "completed")
    reload(shown)
    kernel = shown.run("print(os.getpid())")
    os.kill(int(kernel), signal.SIGKILL)
    run = Run.attach(work)
    assert run.wait(240) == "completed"
    # JupyterLab takes seconds to see that its kernel is gone, and calls it idle until then
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    page.wait_for_function(
        """(name) => {
          const panel = [...window.jupyterapp.shell.widgets("main")].find((w) => w.context?.path === name);
          return panel?.sessionContext.session?.kernel?.status === "idle";
        }""",
        arg=shown.name,
    )
    shown.command("notebook:run-all-cells")
    expect(title(page)).to_have_text("All steps are up to date")
    page.get_by_label("Log of").first.select_option("load_data")
    text = run.log("load_data").rstrip("\n").split("\n")
    expect(page.locator(".rn-log").first.locator(".rn-line")).to_have_count(len(text))
    assert page.locator(".rn-log").first.locator(".rn-line .text").all_text_contents() == text
