"""Pictures and the animation of the documentation, taken from the real widgets in Chromium; run by `make screenshots`.

A stack is simulated and run in FOLDER (kept for the next time), each widget is shown by a Voilà server, and what is on
the screen is written to docs/images with a palette. Names on the command line choose: `screenshots.py exporter`.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from camera.common import GNSS_LAYER, LINE, PLACES, RASTER_LAYER, TILE, chromium, notebooks, prepare, settle
from PIL import Image
from playwright.sync_api import Browser, Error, Page

from browser.servers import serve

IMAGES = Path(__file__).resolve().parent / "images"
LARGEST = 150_000  # bytes of a picture
LARGEST_PAGE = 250_000  # of a whole page, whose colours would suffer


@dataclass(frozen=True)
class Scene:
    """A picture: code of the cell, what is cut out of the page, what must be there first."""

    code: str
    cut: str
    ready: tuple[str, ...]
    width: int = 1120
    height: int = 900
    act: Callable[[Page], None] = lambda page: None


def _time_series(page: Page) -> None:
    page.locator(".iw.ts .iw-c-symbol").first.wait_for()


def _step_runner(page: Page) -> None:
    page.locator(".iw.rn").get_by_text("velocity", exact=True).first.click()


def _gnss(page: Page) -> None:
    page.locator(".gi-table tbody tr button.gi-name").first.wait_for()
    page.locator(".gi-table tbody tr button.gi-name").first.click()


def _pair(page: Page) -> None:
    page.locator(".iw.ni svg").first.wait_for()


SCENES = {
    "stack-picker": Scene(
        "from insar_widgets import StackPicker\nStackPicker('products')",
        ".iw.sp", (".iw.sp .sp-map, .iw.sp .leaflet-container",),
    ),
    "config-builder": Scene(
        "from insar_widgets import ConfigBuilder, find_stack\n"
        "ConfigBuilder(find_stack('mintpy/prepared'), work_dir='mintpy')",
        ".iw.cb", (".iw.cb input",),
    ),
    "cds-credentials": Scene(
        "from insar_widgets import CdsCredentials\nCdsCredentials(home='home', check=False)",
        ".iw.cc", (".iw.cc .cc-account",), width=900,
    ),
    "step-runner": Scene(
        "from insar_widgets import StepRunner\nStepRunner('mintpy')",
        ".iw.rn", (".iw.rn",), act=_step_runner,
    ),
    "displacement-map": Scene(
        "from insar_widgets import DisplacementMap\n"
        f"DisplacementMap('mintpy', points={PLACES}, layout={{'height': '640px'}})",
        ".iw.dm", (TILE,),
    ),
    "raster-layer": Scene(
        RASTER_LAYER,
        ".leaflet-container", (TILE,), width=900,
    ),
    "gnss-layer": Scene(
        GNSS_LAYER,
        ".leaflet-container", (TILE, ".iw-gnss-mark"), width=900,
    ),
    "time-series-inspector": Scene(
        "from insar_widgets import TimeSeriesInspector\n"
        f"TimeSeriesInspector('mintpy', points={PLACES}, model={{'poly': 1, 'periodic': [1]}})",
        ".iw.ts", (".iw.ts .iw-c-symbol",), width=1000,
    ),
    "map-and-series": Scene(
        "import ipywidgets\nfrom insar_widgets import DisplacementMap, TimeSeriesInspector\n"
        f"map = DisplacementMap('mintpy', points={PLACES}, layout={{'height': '430px'}})\n"
        "ipywidgets.VBox([map, TimeSeriesInspector(map)])",
        ".jp-OutputArea-output .widget-vbox, .widget-vbox", (TILE, ".iw.ts .iw-c-symbol"), width=1000, height=1150,
    ),
    "transect-inspector": Scene(
        "from insar_widgets import TransectInspector\n"
        f"TransectInspector('mintpy', layer='velocity', transect={LINE}, width=800)",
        ".iw.ti", (".iw.ti svg path",), width=1000,
    ),
    "network-inspector": Scene(
        "from insar_widgets import NetworkInspector\nNetworkInspector('mintpy')",
        ".iw.ni", (".iw.ni svg",), width=1120, act=_pair,
    ),
    "gnss-inspector": Scene(
        "from insar_widgets import GnssInspector\n"
        "inspector = GnssInspector('mintpy', cache_dir='ngl')\ninspector.find()\ninspector.wait()\ninspector",
        ".iw.gi", (".gi-table tbody tr",), width=1000, act=_gnss,
    ),
    "exporter": Scene(
        "from insar_widgets import Exporter\n"
        "Exporter('mintpy', out='mintpy/exports', products=['displacement', 'velocity', 'points', 'figures'])",
        ".iw.ex", (".iw.ex .ex-file",), width=1120,
    ),
}  # fmt: skip


def take(browser: Browser, url: str, name: str, *, dark: bool = False) -> Image.Image:
    """Open a scene and cut its widget out of the page."""
    scene = SCENES[name]
    page = browser.new_page(viewport={"width": scene.width, "height": scene.height}, device_scale_factor=1.5)
    try:
        page.goto(f"{url}/voila/render/{name}.ipynb" + ("?theme=dark" if dark else ""), timeout=120_000)
        for selector in scene.ready:
            page.locator(selector).first.wait_for(timeout=60_000)
        scene.act(page)
        settle(page)
        return Image.open(io.BytesIO(page.locator(scene.cut).first.screenshot())).convert("RGB")
    finally:
        page.close()


def with_palette(picture: Image.Image, colours: int) -> Image.Image:
    """Reduce the colours; those of grounds and lines stay exact, and small marks keep theirs."""
    part = colours // 8
    often = sorted(picture.getcolors(picture.width * picture.height) or [], reverse=True)[:part]
    exact = [value for _, colour in often for value in colour]
    count = colours - part - len(often)
    common = (picture.quantize(count).getpalette() or [])[: 3 * count]
    apart = (picture.quantize(part, method=Image.Quantize.MAXCOVERAGE).getpalette() or [])[: 3 * part]
    palette = Image.new("P", (1, 1))
    palette.putpalette(exact + common + apart)
    reduced = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    values, indices = np.asarray(picture), np.array(reduced)
    for index, (_, colour) in enumerate(often):  # Pillow takes a neighbour for what is in the palette itself
        indices[(values == colour).all(axis=2)] = index
    exactly = Image.fromarray(indices)
    exactly.putpalette(palette.getpalette() or [])
    return exactly


def save(picture: Image.Image, path: Path, largest: int = LARGEST) -> None:
    """Write a PNG with a palette, smaller until it is small enough."""
    for colours in (256, 128, 64):
        for scale in (1.0, 0.85, 2 / 3):
            size = (round(picture.width * scale), round(picture.height * scale))
            sized = picture.resize(size, Image.Resampling.LANCZOS) if scale < 1 else picture
            content = io.BytesIO()
            with_palette(sized, colours).save(content, "PNG", optimize=True)
            if content.tell() <= largest:
                path.write_bytes(content.getvalue())
                print(f"{path.name}: {size[0]} x {size[1]}, {content.tell() / 1000:.0f} kB")
                return
    raise SystemExit(f"{path.name} does not get below {largest / 1000:.0f} kB")


POINTER = """() => {
  const pointer = document.createElement("div");
  pointer.innerHTML = '<svg width="22" height="28" viewBox="0 0 22 28"><path d="M1 1v21l5-4 4 8 4-2-4-8h7z"' +
    ' fill="#111" stroke="#fff" stroke-width="1.5"/></svg>';
  Object.assign(pointer.style, { position: "fixed", left: "-50px", zIndex: 99999, pointerEvents: "none" });
  document.body.append(pointer);
  addEventListener("mousemove", (event) => {
    pointer.style.left = `${event.clientX}px`;
    pointer.style.top = `${event.clientY}px`;
  }, true);
}"""
ANIMATED = """
import ipywidgets
from insar_widgets import DisplacementMap, TimeSeriesInspector
map = DisplacementMap('mintpy', center=(36.03, -118.91), zoom=11.5, layout={'height': '606px', 'width': '50%'})
map.date = map.dates[0]
map.reference_date = map.dates[0]
series = TimeSeriesInspector(map, layout={'width': '50%'})
ipywidgets.HBox([map, series])
"""


def animate(browser: Browser, url: str, folder: Path) -> None:
    """Record clicks on the map and the dates passing by, frame by frame, from the real page."""
    notebooks(folder, {"animation": ANIMATED})
    page = browser.new_page(viewport={"width": 1240, "height": 640})
    page.goto(f"{url}/voila/render/animation.ipynb", timeout=120_000)
    page.locator(TILE).first.wait_for()
    settle(page)
    page.evaluate(POINTER)  # a screenshot has no mouse pointer, so one is drawn where it is
    frames: list[tuple[Image.Image, int]] = []

    def shoot(duration: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        frames.append((picture.resize((1000, 516), Image.Resampling.LANCZOS), duration))

    box = page.locator(".dm-map").first.bounding_box() or {}
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    shoot(1200)
    symbols = page.locator(".iw.ts .iw-c-symbol")
    for dx, dy in ((-91, -38), (-45, 35), (55, -110)):
        page.mouse.move(middle[0] + dx, middle[1] + dy, steps=4)
        shoot(500)
        before = symbols.count()
        page.mouse.click(middle[0] + dx, middle[1] + dy)
        page.wait_for_function(
            "(n) => document.querySelectorAll('.iw.ts .iw-c-symbol').length > n", arg=before, timeout=60_000
        )
        settle(page, 700)
        shoot(1100)
    axis = page.locator(".dm-axis").first
    place = axis.bounding_box() or {}
    page.mouse.move(place["x"] + 8, place["y"] + place["height"] + 8, steps=4)
    axis.focus()
    for _ in range(*(int(axis.get_attribute(f"aria-value{end}") or 0) for end in ("now", "max"))):
        was = page.locator(".dm-date").first.inner_text()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "(was) => document.querySelector('.dm-date').innerText !== was", arg=was, timeout=60_000
        )
        settle(page, 400)
        shoot(160)
    frames[-1] = (frames[-1][0], 2500)
    page.close()
    pictures, durations = zip(*frames, strict=True)
    target = IMAGES / "click-and-play.webp"
    pictures[0].save(
        target, save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=72, method=6
    )
    print(f"{target.name}: {len(frames)} frames, {target.stat().st_size / 1000:.0f} kB")


def take_workbench(browser: Browser, folder: Path, home: Path) -> None:
    """Take the page of the app in both themes, after two clicks on its map."""
    for dark, name in ((False, "workbench"), (True, "workbench-dark")):
        with serve("app", folder, home, dark=dark, arguments=[str(folder / "mintpy")]) as server:
            page = browser.new_page(viewport={"width": 1440, "height": 880})
            page.goto(server.url, timeout=120_000)
            page.locator(TILE).first.wait_for(timeout=120_000)
            settle(page)
            box = page.locator(".dm-map").first.bounding_box() or {}
            symbols = page.locator(".iw.ts .iw-c-symbol")
            for x, y in ((0.30, 0.37), (0.62, 0.62)):
                before = symbols.count()
                for _ in range(5):  # a click on what is being redrawn is lost
                    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
                    with suppress(Error):
                        page.wait_for_function(
                            "(n) => document.querySelectorAll('.iw.ts .iw-c-symbol').length > n",
                            arg=before,
                            timeout=20_000,
                        )
                        break
            page.mouse.move(box["x"] + 5, 5)
            settle(page)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            save(picture, IMAGES / f"{name}.png", LARGEST_PAGE)
            page.close()


def main() -> None:
    """Take the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "valley")
    arguments = parser.parse_args()
    names = arguments.names or [*SCENES, "workbench", "animation"]
    folder: Path = arguments.folder.resolve()
    prepare(folder)
    notebooks(folder, {name: SCENES[name].code for name in names if name in SCENES})
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        serve("voila", folder, Path(home)) as server,
        chromium() as browser,
    ):
        missed = []
        for name in names:
            try:
                if name == "workbench":
                    take_workbench(browser, folder, Path(home))
                elif name == "animation":
                    animate(browser, server.url, folder)
                else:
                    save(take(browser, server.url, name), IMAGES / f"{name}.png")
            except Error as error:
                missed.append(f"{name}: {error.message.splitlines()[0]}")
    if missed:
        raise SystemExit("\n".join(["not taken:", *missed]))


if __name__ == "__main__":
    main()
