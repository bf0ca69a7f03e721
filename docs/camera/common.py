"""The stack that is shown, notebooks, the browser, and when a page is at rest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Page, sync_playwright

from browser.conftest import FLAGS

PLACES = (
    '[{"id": "a", "lon": -118.9559, "lat": 36.0404, "label": "1", "color": "#1c80c3"},'
    ' {"id": "b", "lon": -118.9287, "lat": 36.0192, "label": "2", "color": "#d55e00"},'
    ' {"id": "c", "lon": -118.8854, "lat": 36.0632, "label": "3", "color": "#009e73"}]'
)
LINE = "[[-119.01, 36.075], [-118.9559, 36.0404], [-118.84, 35.985]]"
TILE = "canvas.leaflet-tile-loaded"
# Cells that show a layer on a map of ipyleaflet
RASTER_LAYER = (
    "import ipyleaflet\nfrom insar_widgets import RasterLayer, open_results\n"
    "results = open_results('mintpy')\n"
    "map = ipyleaflet.Map(layers=(), layout={'height': '420px'})\n"
    "RasterLayer(results['temporalCoherence'], map).fit()\nmap"
)
GNSS_LAYER = (
    "import ipyleaflet\nfrom insar_widgets import GnssLayer, RasterLayer, compare_gnss\n"
    "from insar_widgets import find_stations, open_results, read_tenv3\n"
    "results = open_results('mintpy')\n"
    "stations = find_stations(results, cache_dir='ngl')\n"
    "usable = [station for station in stations if station.usable]\n"
    "series = {s.name: read_tenv3(f'ngl/IGS20/{s.name}.tenv3') for s in usable}\n"
    "map = ipyleaflet.Map(layers=(), layout={'height': '460px'})\n"
    "raster = RasterLayer(results['velocity'], map, colormap='vik', reverse=True, vmin=-0.06, vmax=0.06).fit()\n"
    "GnssLayer(map, stations=stations, comparison=compare_gnss(results, usable, series=series, steps=[]))\nmap"
)


def prepare(folder: Path) -> None:
    """Simulate and run the stack that is shown, unless it is there."""
    from insar_widgets import Run, Template, simulate_stack  # noqa: PLC0415

    if not (folder / "mintpy" / "velocity.h5").is_file():
        stack = simulate_stack(folder / "products").prepare(folder / "mintpy" / "prepared")
        run = Run(folder / "mintpy", Template.for_stack(stack, name="valley"))
        if run.start().wait() != "completed":
            raise SystemExit(run.failure)
    cache = folder / "ngl"
    if not cache.is_dir():
        (cache / "IGS20").mkdir(parents=True)
        for file in (folder / "products" / "ngl").iterdir():
            shutil.copy(file, cache / "IGS20" if file.suffix == ".tenv3" else cache)
    (folder / "home").mkdir(exist_ok=True)


def notebooks(folder: Path, cells: dict[str, str]) -> None:
    """Write notebooks of one cell; paths in the pictures are relative to the folder."""
    for name, code in cells.items():
        document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        document.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(document, folder / f"{name}.ipynb")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the browser tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


def settle(page: Page, quiet: float = 1500) -> None:
    """Wait until nothing on the page has changed for a while."""
    page.evaluate(
        """(quiet) => new Promise((done) => {
          let timer = setTimeout(done, quiet);
          const watch = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, quiet); });
          watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
          setTimeout(done, 10 * quiet);
        })""",
        quiet,
    )
