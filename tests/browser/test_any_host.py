"""What every host of anywidget needs of the front end, tried without any of them."""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import TIMEOUT

expect.set_options(timeout=TIMEOUT)
STATIC = Path(__file__).parents[2] / "src" / "insar_widgets" / "static"
HTML_MANAGER = Path(__file__).parents[2] / "node_modules" / "@jupyter-widgets" / "html-manager" / "dist"
# Names that are no addresses to load from, and the basemaps that are loaded when they are chosen.
MENTIONED = {"www.w3.org", "server.arcgisonline.com", "{s}.tile.opentopomap.org"}


def test_each_widget_is_one_module_that_loads_on_a_page_with_nothing_else(page: Page):
    """As anywidget does in JupyterLab, Notebook, Voilà, VS Code and Colab: from a text, by its blob's address."""
    modules = sorted(STATIC.glob("*.js"))
    assert len(modules) >= 12
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content("<!doctype html><title>nothing else</title>")
    for module in modules:
        text = module.read_text(encoding="utf-8")
        exported = page.evaluate(
            """async (text) => {
              const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
              try {
                const widget = (await import(address)).default;
                return Object.keys(typeof widget === "function" ? await widget() : widget);
              } finally { URL.revokeObjectURL(address); }
            }""",
            text,
        )
        assert {"render", "initialize"} & set(exported), module.name
        assert not re.search(r"\bimport\s*\(", text), f"{module.name} loads more code at run time"
        for style in (text, module.with_suffix(".css").read_text(encoding="utf-8")):
            assert set(re.findall(r"https?://([^/\"'`\s]+)", style)) - {"*", "${"} <= MENTIONED, module.name
            assert not re.search(r"@import|url\(\s*[\"']?https?:", style), module.name
    assert [url for url in asked if not url.startswith(("blob:", "about:", "data:"))] == []


PAGE = """<!doctype html><meta charset="utf-8"><script src="require.js"></script><script>
requirejs.config({{ paths: {{ anywidget: "anywidget/index", "jupyter-leaflet": "jupyter-leaflet/index" }} }});
</script><script src="manager/embed-amd.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{state}</script>
{views}"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.skipif(
    not HTML_MANAGER.is_dir(),
    reason="npm install --no-save @jupyter-widgets/html-manager brings what this tries",
)
def test_widgets_show_under_the_manager_that_those_of_vs_code_and_colab_are_built_on(
    page: Page, finished_run, small_stack, tmp_path
):
    """From saved state, without a kernel: all that there is to see before a request is answered."""
    from ipywidgets.embed import embed_data
    from jupyter_core.paths import jupyter_path

    from insar_widgets import (
        CdsCredentials,
        DisplacementMap,
        Exporter,
        NetworkInspector,
        StackPicker,
        StepRunner,
        TimeSeriesInspector,
        TransectInspector,
    )

    work_dir = finished_run.work_dir
    shown = DisplacementMap(work_dir)
    widgets = {
        "dm": shown, "ts": TimeSeriesInspector(shown), "ti": TransectInspector(work_dir),
        "ni": NetworkInspector(work_dir), "sp": StackPicker(small_stack.root), "rn": StepRunner(work_dir),
        "ex": Exporter(work_dir), "cc": CdsCredentials(tmp_path, check=False),
    }  # fmt: skip
    for widget in widgets.values():
        if hasattr(widget, "wait"):
            widget.wait(60)
    data = embed_data(list(widgets.values()), drop_defaults=False)
    state = json.dumps(data["manager_state"]).replace("</", "<\\/")
    view = '<div id="{}"><script type="application/vnd.jupyter.widget-view+json">{}</script></div>'
    views = (view.format(n, json.dumps(spec)) for n, spec in zip(widgets, data["view_specs"], strict=True))
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE.format(state=state, views="".join(views)), encoding="utf-8")
    (site / "manager").symlink_to(HTML_MANAGER)
    for folder in map(Path, jupyter_path()):
        for name, place in {
            "anywidget": folder / "nbextensions" / "anywidget",
            "jupyter-leaflet": folder / "nbextensions" / "jupyter-leaflet",
            "require.js": folder / "voila" / "templates" / "base" / "static" / "require.min.js",
        }.items():
            if place.exists() and not (site / name).exists():
                (site / name).symlink_to(place)
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        for name in widgets:
            expect(page.locator(f"#{name} .iw.{name}").first).to_be_visible()
        expect(page.locator("#dm .leaflet-container")).to_be_visible()
        expect(page.locator("#ni svg").first).to_be_visible()
        expect(page.locator(".jupyter-widgets-error-widget")).to_have_count(0)
        server.shutdown()
    assert [url for url in asked if not url.startswith(("blob:", "data:", "http://127.0.0.1"))] == []
    for widget in widgets.values():
        widget.close()
