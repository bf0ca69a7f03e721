"""The page that `make demo` opens, and the same overview in a notebook cell."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import TIMEOUT
from .servers import environment, free_port

expect.set_options(timeout=TIMEOUT)
pytestmark = pytest.mark.mintpy


def assert_whole(page: Page) -> None:
    overview = page.locator(".iw-overview")
    expect(overview.filter(has_text="Mean temporal coherence")).to_be_visible()
    expect(overview.filter(has_text="positive towards the satellite")).to_be_visible()
    expect(page.locator("tr.completed").filter(has_text="numInvIfgram.h5")).to_be_visible()
    expect(page.locator("tr.off").filter(has_text="map coordinates already")).to_be_visible()
    picture = page.locator("img.widget-image, .widget-image img, .jupyter-widgets.widget-image").first
    expect(picture).to_be_visible()
    page.wait_for_function("[...document.images].some((image) => image.naturalWidth > 600)")


def test_the_command_serves_the_page_of_a_work_directory(page, finished_run, tmp_path):
    port = free_port()
    program = str(Path(sys.executable).with_name("insar-widgets"))
    server = subprocess.Popen(
        [program, "app", str(finished_run.work_dir), "--port", str(port), "--no-browser"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in server.stdout:
            if re.search(rf"http://[^ ]*:{port}", line):
                break
        page.goto(f"http://127.0.0.1:{port}")
        assert_whole(page)
        page.get_by_role("button", name="Look again").click()
        assert_whole(page)
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_the_overview_works_in_a_notebook_cell_too(notebook, finished_run):
    code = f"from insar_widgets.widgets.overview import Overview\nOverview({str(finished_run.work_dir)!r})"
    assert_whole(notebook("lab", code).page)


def test_names_with_html_in_them_are_text(notebook, tmp_path):
    folder = tmp_path / "<img src=x onerror=alert(1)>"
    folder.mkdir()
    shown = notebook(
        "voila", f"from insar_widgets.widgets.overview import Overview\nOverview({str(folder)!r})"
    )
    expect(shown.page.locator(".iw-overview h2").first).to_contain_text("<img src=x onerror=alert(1)>")
    expect(shown.page.locator(".iw-overview img")).to_have_count(0)
