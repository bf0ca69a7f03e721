"""Entering a token in a real browser, and looking for it everywhere afterwards."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from support.account_services import GOOD, Service, serve_accounts

from .conftest import TIMEOUT, VOILA_AND_SOAK, Notebook

expect.set_options(timeout=TIMEOUT)
PASSWORD = "pa55-word-0f-ada-77ee"


@pytest.fixture
def service() -> Iterator[Service]:
    with serve_accounts() as running:
        yield running


@pytest.fixture
def show(notebook: Callable[..., Notebook], service: Service, tmp_path: Path) -> Callable[..., Notebook]:
    """Show the widget with a home folder of its own, asking the stand-in."""

    def open_widget(kind: str, timeout: float = 10) -> Notebook:
        home = tmp_path / "account-home"
        home.mkdir()
        shown = notebook(
            kind,
            "from insar_widgets import CdsCredentials\n"
            f"accounts = CdsCredentials({str(home)!r}, base_url={service.base!r}, timeout={timeout}, "
            f"earthdata_url={service.base.removesuffix('/api')!r})\naccounts",
        )
        expect(shown.page.locator(".iw.cc h2")).to_have_text("Accounts for weather data")
        return shown

    return open_widget


def cds(page: Page) -> Locator:
    return page.get_by_role("region", name="Climate Data Store")


def enter(page: Page, token: str) -> None:
    secret = page.get_by_label("Personal access token")
    expect(secret).to_have_attribute("type", "password")
    secret.fill(token)
    page.keyboard.press("Enter")


@VOILA_AND_SOAK
def test_each_answer_of_the_service_has_its_own_sentence(kind, show, service):
    page = show(kind, timeout=3).page
    state = cds(page).locator(".cc-state")
    expect(state).to_contain_text("There is no CDS account on this machine")
    enter(page, GOOD.replace("b", "0"))
    expect(state).to_contain_text("refuses the token")
    service.mode = "licence"
    enter(page, GOOD)
    expect(state).to_contain_text("licence of the ERA5 dataset has not been accepted")
    expect(cds(page).get_by_role("link", name="Accept the licence")).to_have_attribute("target", "_blank")
    again = cds(page).get_by_role("button", name="Check again")
    for mode, sentence in (
        ("500", "out of order (status 500)"),
        ("hang up", "out of order (no proper answer)"),
        ("slow", "did not answer within 3 s"),
        ("ok", "The Climate Data Store accepts the token"),
    ):
        service.mode = mode
        again.click()
        expect(state).to_contain_text(sentence)
    expect(state).to_have_attribute("data-state", "ready")


@VOILA_AND_SOAK
def test_what_is_no_token_is_refused_in_place_and_not_shown(kind, show, service):
    page = show(kind).page
    enter(page, f"{GOOD} {GOOD}")
    expect(cds(page).get_by_role("alert")).to_contain_text("This is no personal access token")
    expect(page.get_by_label("Personal access token")).to_have_value("")
    assert GOOD not in page.content()
    assert service.asked == []


def test_the_old_format_is_migrated_with_consent_only(notebook, service, tmp_path):
    old = f"url: https://cds.climate.copernicus.eu/api/v2\nkey: 12345:{GOOD}\n"
    (tmp_path / ".cdsapirc").write_text(old)
    page = notebook(
        "lab",
        "from insar_widgets import CdsCredentials\n"
        f"CdsCredentials({str(tmp_path)!r}, base_url={service.base!r}, earthdata_url={service.base!r})",
    ).page
    expect(cds(page).locator(".cc-state")).to_contain_text("old format")
    migrate = cds(page).get_by_role("button", name="Rewrite it")
    expect(migrate).to_be_disabled()
    cds(page).get_by_role("checkbox").check()
    migrate.click()
    expect(cds(page).locator(".cc-state")).to_have_attribute("data-state", "ready")
    assert (tmp_path / ".cdsapirc.old").read_text() == old


def test_what_was_entered_is_nowhere_but_in_the_two_files(show, service, tmp_path):
    """Not in the saved notebook with its widget state, the page, the kernel, or any file or log of the server."""
    shown = show("lab")
    page = shown.page
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    enter(page, GOOD)
    expect(cds(page).locator(".cc-state")).to_have_attribute("data-state", "ready")
    service.mode = "login"
    page.get_by_label("Earthdata user name").fill("ada")
    page.get_by_label("Earthdata password").fill(PASSWORD)
    page.keyboard.press("Enter")
    earthdata = page.get_by_role("region", name="NASA Earthdata")
    expect(earthdata.locator(".cc-state")).to_have_attribute("data-state", "ready")

    page.evaluate(
        """async () => {
          const settings = await window.jupyterapp.commands.listCommands();
          const save = settings.find((name) => name.includes("saveWidgetState"));
          if (!save) throw new Error("no command that saves the widget state");
          await window.jupyterapp.commands.execute(save);
          await window.jupyterapp.commands.execute("docmanager:save");
        }"""
    )
    saved = shown.server.folder / shown.name
    page.wait_for_function(
        """async ([name]) => {
          const model = await window.jupyterapp.serviceManager.contents.get(name);
          return JSON.stringify(model.content.metadata.widgets ?? {}).includes("accepts the login");
        }""",
        arg=[shown.name],
    )
    state = json.loads(saved.read_text())["metadata"]["widgets"]
    assert "The Climate Data Store accepts the token" in json.dumps(state)  # it is the state of this widget

    kernel = shown.run(
        "print(repr(accounts), accounts.get_state(), accounts.trait_values(), globals().get('Out'), In)"
    )
    everywhere = {
        "page": page.content(),
        "console": "\n".join(messages),
        "kernel": kernel,
        "log of the server": "\n".join(shown.server.lines),
        "storage": page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])"),
    }
    home = tmp_path / "account-home"
    own = {home / ".cdsapirc": GOOD, home / ".netrc": PASSWORD}
    searched = 0
    for folder in (tmp_path, shown.server.folder, shown.server.home):
        for file in (path for path in folder.rglob("*") if path.is_file() and path not in own):
            everywhere[str(file)] = file.read_bytes().decode("utf-8", "replace")
            searched += 1
    assert searched > 3
    assert str(saved) in everywhere
    found = [where for where, text in everywhere.items() if GOOD in text or PASSWORD in text]
    assert found == []
    for file, secret in own.items():
        assert secret in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
