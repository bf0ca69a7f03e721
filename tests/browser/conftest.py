"""A real Chromium on real JupyterLab and Voilà servers."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

from .servers import JUPYTER, Server, serve

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
]
SECONDS = 1000
TIMEOUT = 120 * SECONDS  # a slow machine with two cores
# What the hosts themselves complain about; anything else is ours.
NOISE = re.compile(
    r"favicon|Failed to load resource|ERR_INTERNET_DISCONNECTED|ERR_NAME_NOT_RESOLVED|require\.js|"
    r"\[jupyterlab|Error: Module not found|plugin .* failed|WebSocket|ServiceWorker|debugger state"
)
BOTH = pytest.mark.parametrize("kind", ["lab", "voila"])
# what hardly depends on the host is tried in the quicker one; `make soak` tries it in the other
VOILA_AND_SOAK = pytest.mark.parametrize("kind", [pytest.param("lab", marks=pytest.mark.soak), "voila"])
# A page that is loaded again asks the kernel for its widgets, and on a busy machine JupyterLab gives up after 4 s.
GIVEN_UP = "widget model not found"
# Notebook 7 looks for the settings of a plugin of JupyterLab that it does not have.
HOSTS_OWN = "Cannot read properties of undefined (reading 'schema')"
_reloaded: WeakSet[Page] = WeakSet()
_counter = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # a busy machine may let a page wait for longer than any test; what failed first is told at the end
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless, with a profile of its own."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no chromium is installed (Debian and Ubuntu: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Start a server of a kind, "lab", "nb7" or "voila", once."""
    running: dict[str, tuple[Any, Server]] = {}

    def start(kind: str) -> Server:
        if kind not in running:
            folder = tmp_path_factory.mktemp(f"{kind}-notebooks")
            manager = serve(kind, folder, tmp_path_factory.mktemp(f"{kind}-home"))
            running[kind] = (manager, manager.__enter__())
        return running[kind][1]

    yield start
    for manager, _ in running.values():
        manager.__exit__(None, None, None)


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A fresh page; the test fails on console errors that are ours, and leaves a picture when it failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    fresh = context.new_page()
    fresh.set_default_timeout(TIMEOUT)
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if GIVEN_UP in message.text and fresh in _reloaded:
            return
        if message.type == "error" and not NOISE.search(f"{message.text} {message.location.get('url', '')}"):
            errors.append(message.text)

    fresh.on("console", hear)

    def fail(error: Error) -> None:
        if HOSTS_OWN not in str(error) or "blob:" in (error.stack or ""):  # ours come from blobs
            errors.append(f"page error: {error} {error.stack}")

    fresh.on("pageerror", fail)
    failed_before = request.session.testsfailed
    yield fresh
    report = getattr(request.node, "report_call", None)
    if errors or (report and report.failed) or request.session.testsfailed > failed_before:
        picture = tmp_path / "failed.png"
        fresh.screenshot(path=picture, full_page=True)
        print(f"picture of the failed page: {picture}")
    context.close()
    assert not errors, errors


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)


class Notebook:
    """A notebook shown in JupyterLab or as a Voilà page."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name

    def open(self) -> None:
        """Load the page; in JupyterLab and Notebook run all cells."""
        if self.server.kind == "voila":
            self.page.goto(f"{self.server.url}/voila/render/{self.name}")
            return
        workspace = self.name.removesuffix(".ipynb")
        place = f"lab/workspaces/{workspace}/tree/{self.name}?reset"
        self.page.goto(
            f"{self.server.url}/{place if self.server.kind == 'lab' else f'notebooks/{self.name}'}"
        )
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", state="visible")
        self.page.wait_for_function("window.jupyterapp !== undefined")
        # Running is refused, silently, as long as the kernel's session is not there.
        self.page.wait_for_function(
            """(name) => {
              const panel = [...window.jupyterapp.shell.widgets("main")]
                .find((widget) => widget.context?.path === name);
              return panel?.sessionContext.isReady && panel.sessionContext.session?.kernel?.status === "idle";
            }""",
            arg=self.name,
        )
        self.command("notebook:run-all-cells")

    def command(self, command: str, **arguments: Any) -> None:
        """Run a command of JupyterLab and wait for its end."""
        self.page.evaluate("([c, a]) => window.jupyterapp.commands.execute(c, a)", [command, arguments])

    def run(self, code: str) -> str:
        """Run code in the kernel of this notebook, JupyterLab only, and return the text it printed."""
        return str(
            self.page.evaluate(
                """async ([code, name]) => {
                  const panel = [...window.jupyterapp.shell.widgets("main")]
                    .find((widget) => widget.context?.path === name);
                  let text = "";
                  const future = panel.sessionContext.session.kernel.requestExecute({code, store_history: false});
                  future.onIOPub = (message) => {
                    if (message.header.msg_type === "stream") text += message.content.text;
                    if (message.header.msg_type === "error") text += message.content.traceback.join("\\n");
                  };
                  await future.done;
                  return text.trim();
                }""",
                [code, self.name],
            )
        )

    def reload(self) -> None:
        """Save and load the page again; the kernel and what it holds stay."""
        self.command("docmanager:save")
        _reloaded.add(self.page)
        self.page.goto(self.page.url.split("?")[0])


def point_at(page: Page, place: Callable[[], tuple[float, float]], seen: Callable[[float], object]) -> None:
    """Move the pointer over a place, again and again as a hand does, until what follows from it is seen.

    What is drawn anew just then moves away under a pointer that came once. `place` gives x and y of the window;
    `seen` gets a time in milliseconds and raises AssertionError while it sees nothing.
    """
    for _ in range(TIMEOUT // (2 * SECONDS)):
        x, y = place()
        page.mouse.move(x - 3, y)
        page.mouse.move(x, y)
        try:
            seen(2.0 * SECONDS)
        except AssertionError:
            continue
        return
    seen(2.0 * SECONDS)


@pytest.fixture
def notebook(page: Page, start_server: Callable[[str], Server]) -> Iterator[Callable[..., Notebook]]:
    """Show cells of code in "lab", "nb7" or "voila"; its kernel ends with the test."""
    opened: list[Notebook] = []

    def show(kind: str, *cells: str) -> Notebook:
        server = start_server(kind)
        document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        document.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        name = f"test{next(_counter)}.ipynb"
        nbformat.write(document, server.folder / name)
        shown = Notebook(page, server, name)
        opened.append(shown)
        shown.open()
        return shown

    yield show
    if any(shown.server.kind in JUPYTER for shown in opened):
        page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")
