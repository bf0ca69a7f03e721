"""How smoothly a map with many GNSS stations pans and zooms, in Chromium through Voilà; and the search of NGL's list.

A plain `ipyleaflet.Map` with 0, 500 and 2000 stations in view, clustered as by default and not. The map is panned by 8
pixels a frame for 60 frames, then zoomed in and out; what is told is the time between frames (median and 95th
percentile) beside that of the empty map on the same machine.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks._page import Page, busy, notebook, serve

NOTEBOOK = """
import datetime, ipyleaflet
from insar_widgets import GnssLayer
from insar_widgets.gnss import Station
day = datetime.date(2020, 1, 1)
side = max(1, int({count} ** 0.5))
many = [Station(f"{{i:04d}}", 10 + (i % side) * 1.6 / side, 45 + (i // side) * 0.7 / side, 0.0, day, day)
        for i in range({count})]
m = ipyleaflet.Map(layers=(), center=(45.35, 10.8), zoom=10, layout={{"height": "620px"}},
    zoom_animation=False, scroll_wheel_zoom=True)
layer = GnssLayer(m, stations=many, cluster={cluster!r})
m
"""
FRAMES = """async () => {
  const host = document.querySelector(".leaflet-container");
  const box = host.getBoundingClientRect();
  const at = (x, y, type) => {
    const target = type === "pointerdown" ? document.elementFromPoint(x, y) : document;
    const options = {clientX: x, clientY: y, bubbles: true, button: 0, buttons: 1, pointerId: 1, pointerType: "mouse"};
    target.dispatchEvent(new PointerEvent(type, options));
    target.dispatchEvent(new MouseEvent(type.replace("pointer", "mouse"), options));
  };
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const gaps = [];
  let [x, y] = [box.x + box.width / 2 + 200, box.y + 8];
  at(x, y, "pointerdown");
  let last = await frame();
  for (let i = 0; i < 60; i++) {
    x -= 8;
    at(x, y, "pointermove");
    const now = await frame();
    gaps.push(now - last);
    last = now;
  }
  const moved = Math.abs(new DOMMatrix(getComputedStyle(host.querySelector(".leaflet-map-pane")).transform).m41);
  at(x, y, "pointerup");
  await frame();
  const zooms = [];
  for (const sign of [-1, 1, -1, 1]) {
    const start = performance.now();
    const place = {clientX: box.x + 300, clientY: box.y + 300, bubbles: true};
    host.dispatchEvent(new WheelEvent("wheel", {deltaY: sign * 120, ...place}));
    for (let i = 0; i < 40; i++) await frame();
    zooms.push((performance.now() - start) / 40);
  }
  return JSON.stringify({gaps, zooms, moved, marks: document.querySelectorAll(".iw-gnss-mark").length});
}"""


def holdings_lines(count: int) -> str:
    """A list in NGL's format."""
    return "".join(
        f"{i:04X} {-80 + 160 * (i * 7919 % count) / count:9.4f} {360 * (i * 104729 % count) / count:9.4f} 10.0 "
        f"1.0 2.0 3.0 2010-01-01 2024-01-01 2024-02-01 4000 some name\n"
        for i in range(count)
    )


def search(folder: Path) -> None:
    """The time to read and search a list of 22,274 stations."""
    from insar_widgets.gnss import find_stations, read_holdings

    file = folder / "DataHoldings.txt"
    file.write_text("Sta Lat Long Hgt X Y Z Dtbeg Dtend Dtmod NumSol StaOrigName\n" + holdings_lines(22_274))
    start = time.perf_counter()
    table = read_holdings(file)
    read = time.perf_counter() - start
    start = time.perf_counter()
    found = find_stations((10, 45, 14, 48), holdings=table)
    took = time.perf_counter() - start
    print(f"list of {len(table)} stations: read {read:.2f} s, searched {took:.3f} s, {len(found)} found")


def quantiles(values: list[float]) -> str:
    """Median and 95th percentile, ms."""
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:5.1f} / {ordered[int(len(ordered) * 0.95)]:5.1f} ms"


def frames(page: Any, server: Any) -> None:
    """The times between frames with ever more stations."""
    for count, cluster in ((0, "auto"), (500, "auto"), (2000, "auto"), (500, "never"), (2000, "never")):
        name = f"gnss{count}{cluster}.ipynb"
        notebook(server.folder / name, NOTEBOOK.format(count=count, cluster=cluster))
        page.open(f"{server.url}/voila/render/{name}")
        page.wait("document.querySelector('.leaflet-container')?.clientHeight > 500")
        if count:
            page.wait("document.querySelectorAll('.iw-gnss-mark').length > 0")
        time.sleep(2)
        told = json.loads(page.evaluate(FRAMES))
        print(
            f"{count:5d} stations, cluster {cluster:6s}: {told['marks']:4d} marks; panning {quantiles(told['gaps'])} "
            f"a frame (moved {told['moved']:.0f} px), zooming {quantiles(told['zooms'])}; {busy()}",
            flush=True,
        )


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        search(folder)
        (folder / "nb").mkdir()
        (folder / "home").mkdir()
        page = Page(1280, 800)
        try:
            with serve("voila", folder / "nb", folder / "home") as server:
                frames(page, server)
        finally:
            page.close()


if __name__ == "__main__":
    main()
