"""The whole path by clicking only, from products to a GeoTIFF, and what holds on every stage of it."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pytest
import rasterio
import websocket
from playwright.sync_api import Page, expect

from insar_widgets import open_results

from .axe import violations
from .conftest import TIMEOUT
from .servers import serve

expect.set_options(timeout=TIMEOUT)
pytestmark = pytest.mark.mintpy
# Satellite and topographic maps, if somebody chooses them; nobody does here.
BASEMAPS = ("arcgisonline.com", "opentopomap.org")
STAGES = ("stack", "template", "run", "map", "gnss", "export")
LONG = 240_000  # a run of MintPy on a busy machine
HOSTS = ["lab", "nb7", "app"]


@pytest.fixture
def finished(finished_run, tmp_path):
    """A work directory of its own."""
    return Path(shutil.copytree(finished_run.work_dir, tmp_path / "valley"))


@pytest.fixture
def products(small_stack, tmp_path):
    """A folder of products of its own, beside which the run will work."""
    return Path(shutil.copytree(small_stack.root, tmp_path / "valley" / "hyp3"))


@pytest.fixture
def requests(page):
    """Addresses the page has asked for."""
    seen = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("websocket", lambda socket: seen.append(socket.url))
    return seen


@pytest.fixture
def show(page, notebook, tmp_path):
    """Show the workbench in a host; the app is a server of its own."""
    running = []

    def start(kind, path, *arguments, dark=False):
        if kind == "app":
            manager = serve("app", tmp_path, tmp_path / "home", dark=dark, arguments=[str(path), *arguments])
            server = manager.__enter__()
            running.append(manager)
            page.goto(server.url)
            return None
        return notebook(kind, f"from insar_widgets import Workbench\nWorkbench({str(path)!r})")

    yield start
    page.goto("about:blank")
    for manager in running:
        manager.__exit__(None, None, None)


def stage(page: Page, name: str):
    return page.locator(f".wb-stage[data-key={name}]")


def go(page: Page, name: str) -> None:
    stage(page, name).click()
    expect(stage(page, name)).to_have_attribute("aria-current", "step")


def on_map(page: Page):
    """Wait until tiles are drawn, and a point of them on the page."""
    layer = page.locator(".dm-map")
    expect(layer).to_be_visible()
    expect(page.locator(".dm-layer")).to_be_visible()
    return layer


def click_a_series(page: Page) -> None:
    """Click into the map until a point is taken; a click on what is just drawn anew is lost."""
    layer = on_map(page)
    invitation = page.get_by_text("Click a place on the map to see its time series")
    expect(invitation).to_be_visible()
    rows = page.locator(".iw-wb-tab .iw").first.locator("tbody tr, .ts-row")
    for _ in range(40):
        layer.scroll_into_view_if_needed()
        box = layer.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.45)
        try:
            expect(stage(page, "map")).to_contain_text("1 point", timeout=3000)
            break
        except AssertionError:
            continue
    expect(rows.filter(has_text="Point 1").first).to_contain_text("±")
    expect(invitation).to_be_hidden()


def assert_only_local(requests) -> None:
    hosts = {urlparse(url).hostname for url in requests if not url.startswith(("data:", "blob:", "about:"))}
    outside = {host for host in hosts if host not in ("127.0.0.1", "localhost")}
    assert {host for host in outside if not host.endswith(BASEMAPS)} == set()


@pytest.mark.parametrize("kind", HOSTS)
def test_from_products_to_a_geotiff_by_clicking_only(kind, show, page, products, requests):
    show(kind, products)
    expect(stage(page, "stack")).to_have_attribute("data-state", "stale")
    expect(stage(page, "stack")).to_contain_text("6 dates, 12 pairs, not prepared")
    page.get_by_role("button", name="Prepare on one grid").click()
    expect(stage(page, "stack")).to_have_attribute("data-state", "completed")
    page.get_by_role("button", name="Next: Template").click()
    expect(page.locator(".cb-chips")).to_contain_text("no findings")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(stage(page, "template")).to_have_attribute("data-state", "completed")
    page.get_by_role("button", name="Next: Run").click()
    expect(page.locator('.rn-row[data-step="velocity"]')).to_have_attribute("data-state", "pending")
    page.locator(".rn").get_by_role("button", name=re.compile("^(Run|Start)")).first.click()
    expect(stage(page, "run")).to_have_attribute("data-state", "running")
    expect(stage(page, "run")).to_have_attribute("data-state", "completed", timeout=LONG)
    page.get_by_role("button", name="Next: Map").click()
    click_a_series(page)
    go(page, "gnss")
    expect(page.get_by_role("button", name="Find stations")).to_be_visible()
    go(page, "export")
    exporter = page.locator(".iw.ex")
    exporter.get_by_label("What the map shows").uncheck()
    exporter.get_by_role("group", name="Rasters, GeoTIFF").get_by_label("Velocity", exact=True).check()
    expect(exporter.locator("tr.ex-file")).to_have_count(1)
    exporter.get_by_role("button", name="Export", exact=True).click()
    expect(stage(page, "export")).to_have_attribute("data-state", "completed")

    work_dir = products.parent / "mintpy"
    [file] = (work_dir / "exports").glob("*velocity*.tif")
    results = open_results(work_dir)
    truth = results["velocity"].where(results["maskTempCoh"].values.astype(bool)) * 1000
    with rasterio.open(file) as raster:
        written = raster.read(1, masked=True).filled(np.nan)
        assert raster.crs == results.crs
    # The map's reference goes for the file: the same field, relative to the same pixel.
    np.testing.assert_allclose(written, truth.values, atol=0.01)
    assert_only_local(requests)


@pytest.mark.parametrize("kind", ["nb7", "app"])
def test_every_stage_is_reached_by_keyboard_and_accessible_in_both_themes(
    kind, show, page, finished, requests
):
    page.emulate_media(reduced_motion="reduce")
    show(kind, finished, dark=kind == "app")  # a notebook in light, the app in dark
    click_a_series(page)
    looked_at: dict[str, list[str]] = {}
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 1000})
        for name in STAGES:
            stage(page, name).press("Enter")
            expect(stage(page, name)).to_have_attribute("aria-current", "step")
            expect(page.locator(".iw-wb-panel:visible .iw").first).to_be_visible()
            looked_at[f"{width} {name}"] = violations(page)
            bench = "document.querySelector('.iw-wb')"
            assert page.evaluate(f"{bench}.scrollWidth <= {bench}.clientWidth + 1"), (width, name)
    assert {where: found for where, found in looked_at.items() if found} == {}
    # Along the path with the arrow keys
    stage(page, "stack").focus()
    page.keyboard.press("ArrowRight")
    expect(stage(page, "template")).to_be_focused()
    page.keyboard.press("End")
    expect(stage(page, "export")).to_be_focused()
    moving = page.evaluate(
        "document.getAnimations().filter((a) => a.effect?.target?.closest('.iw') && a.playState === 'running').length"
    )
    assert moving == 0
    assert_only_local(requests)


class Client:
    """A client made by hand, which speaks to the kernel of a page as the page does."""

    def __init__(self, page: Page) -> None:
        config = json.loads(page.locator("#jupyter-config-data").text_content() or "{}")
        url = page.url.rstrip("/").replace("http:", "ws:")
        self._socket = websocket.create_connection(
            f"{url}/api/kernels/{config['kernelId']}/channels", timeout=60
        )

    def send(self, kind: str, content: dict) -> str:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": "s",
            "version": "5.4",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps(message | {"channel": "shell", "buffers": []}))
        return str(header["msg_id"])

    def receive(self, wanted):
        while True:
            data = self._socket.recv()
            if isinstance(data, bytes):  # the page's pictures and the like
                continue
            message = json.loads(data)
            if wanted(message):
                return message

    def close(self) -> None:
        self._socket.close()


def what_is_told(client: Client, comms: dict, folder: str) -> list[str]:
    """Ask all widgets for their state and their code; none of what comes may name the folder."""
    codes: list[str] = []

    def all_told(message) -> bool:
        data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
        state = {k: v for k, v in data.get("state", {}).items() if k not in {"_esm", "_css"}}
        content = data.get("content") or {}
        assert folder not in json.dumps([state, content])
        if content.get("id") == "hand-code" and content.get("ok"):
            codes.append(str(content["payload"]))
        return len(codes) == 3  # of series, GNSS and export

    for comm in comms:
        client.send("comm_msg", {"comm_id": comm, "data": {"method": "request_state"}})
        data = {"method": "custom", "content": {"id": "hand-code", "kind": "code", "payload": None}}
        client.send("comm_msg", {"comm_id": comm, "data": data})
    client.receive(all_told)
    return codes


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p.relative_to(folder)): (p.lstat().st_mtime_ns, 0 if p.is_dir() else p.lstat().st_size)
        for p in [folder, *folder.rglob("*")]
    }


def test_visitors_of_a_read_only_app_look_and_change_nothing(show, page, finished):
    before = snapshot(finished)
    show("app", finished, "--read-only", "--root", str(finished.parent))
    click_a_series(page)
    expect(page.locator(".wb-note")).to_contain_text("read-only")
    expect(page.locator(".wb-stage")).to_have_count(4)
    go(page, "run")
    expect(page.locator(".rn")).to_contain_text("Read-only: on this page everything can be looked at")
    go(page, "gnss")
    expect(page.locator(".iw.gi")).to_be_visible()
    expect(page.get_by_role("button", name="Find stations")).to_have_count(0)
    expect(page.locator(".gi-empty")).to_contain_text("press Find stations once on an ordinary page")
    go(page, "export")
    expect(page.locator(".iw.ex")).to_be_visible()
    expect(page.get_by_role("button", name="Export", exact=True)).to_be_hidden()
    client = Client(page)
    try:
        asked = client.send("comm_info_request", {"target_name": "jupyter.widget"})
        info = client.receive(
            lambda m: m["parent_header"].get("msg_id") == asked and m["msg_type"] == "comm_info_reply"
        )
        for comm in info["content"]["comms"]:
            for kind in ("start", "switch", "export", "find", "write", "save", "prepare", "store_token"):
                data = {"method": "custom", "content": {"id": f"hand-{kind}", "kind": kind, "payload": {}}}
                client.send("comm_msg", {"comm_id": comm, "data": data})
        # Each kind is known to some widget, and that one refuses; the others don't know it. Nobody says ok.
        refused: set[str] = set()
        folder = str(finished.parent)  # where on the server the opened folder lies is none of their business
        assert folder not in page.content()

        def all_refused(message) -> bool:
            data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
            content = data.get("content") or {}
            if str(content.get("id", "")).startswith("hand-") and "ok" in content:
                assert content["ok"] is False, content
                if "read-only" in content["error"]["message"]:
                    refused.add(content["id"])
            return refused >= {"hand-start", "hand-switch", "hand-export", "hand-find"}

        client.receive(all_refused)
        codes = what_is_told(client, info["content"]["comms"], folder)
        assert any("open_results('valley')" in code for code in codes)
        # Voila itself lets nobody run code.
        client.send("execute_request", {"code": f"open({str(finished / 'x')!r}, 'w')", "silent": False})
        asked = client.send("kernel_info_request", {})
        client.receive(lambda m: m["parent_header"].get("msg_id") == asked)
    finally:
        client.close()
    assert snapshot(finished) == before


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["lab", "nb7"])
def test_where_the_user_is_survives_a_reload_of_the_page(kind, show, page, finished):
    shown = show(kind, finished)
    click_a_series(page)
    go(page, "run")
    for _ in range(4):  # JupyterLab asks the kernel for its widgets for 4 s only
        shown.reload()
        lost = page.get_by_text("Error displaying widget: model not found").first
        expect(stage(page, "run").or_(lost).first).to_be_visible()
        if not lost.is_visible():
            break
    expect(stage(page, "run")).to_have_attribute("aria-current", "step")
    expect(stage(page, "map")).to_contain_text("1 point")
    go(page, "map")
    expect(page.locator(".iw-wb-tab table").filter(has_text="Point 1").first).to_be_visible()
