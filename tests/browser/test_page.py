"""The page that `make demo` opens, and the same overview in a notebook cell."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import TIMEOUT
from .servers import environment, free_port

expect.set_options(timeout=TIMEOUT)
pytestmark = pytest.mark.mintpy


def wait_until_it_listens(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT / 1000
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    pytest.fail(f"nothing listens on port {port}:\n{log.read_text()}")


def assert_whole(page: Page) -> None:
    overview = page.locator(".iw-overview")
    expect(overview.filter(has_text="Mean temporal coherence")).to_be_visible()
    expect(overview.filter(has_text="positive towards the satellite")).to_be_visible()
    expect(page.locator("tr.completed").filter(has_text="numInvIfgram.h5")).to_be_visible()
    expect(page.locator("tr.off").filter(has_text="map coordinates already")).to_be_visible()
    page.wait_for_function("[...document.images].some((image) => image.naturalWidth > 600)")


def test_the_command_serves_the_page_of_a_work_directory(page, finished_run, tmp_path):
    port = free_port()
    program = str(Path(sys.executable).with_name("insar-widgets"))
    log = tmp_path / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [program, "app", str(finished_run.work_dir), "--port", str(port), "--no-browser"],
            env=environment(tmp_path),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_it_listens(port, server, log)
        page.goto(f"http://127.0.0.1:{port}")
        assert_whole(page)
        page.get_by_role("button", name="Look again").click()
        assert_whole(page)
    finally:
        server.terminate()
        server.wait(timeout=30)


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
