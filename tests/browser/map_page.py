"""A page with a DisplacementMap as tests use it: its files, the pixels on the screen, and the kernel's side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import matplotlib
import numpy as np
import pytest
from playwright.sync_api import Page
from pyproj import Transformer

from insar_widgets import open_results

from .test_raster_layer import PAINTED, PIXEL, PROBE, until

TILE = ".dm-map canvas.leaflet-tile-loaded"
TRAITS = ("layer", "date", "reference_date", "points", "transect", "aoi", "reference_point", "colormap", "reverse",
          "vmin", "vmax", "opacity", "wrap", "mask_layer", "mask_threshold", "unit", "compare")  # fmt: skip
# Whether some of the first lies on some of the second
COVERED = """([over, under]) => {
  const boxes = (s) => [...document.querySelectorAll(s)].map((e) => e.getBoundingClientRect()).filter((b) => b.width);
  return boxes(over).some((a) => boxes(under).some((b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
}"""
# What Python sees is a text on the page, and what is typed beside it Python runs: the same in both hosts.
CELL = """
import anywidget, ipywidgets, json, traitlets
from insar_widgets import DisplacementMap
m = DisplacementMap({folder!r}, layout={{"height": "560px"}})
{probe}probe = Probe(ids=[m.raster.model_id])
told = ipywidgets.Textarea(layout={{"width": "98%"}}).add_class("told")
def tell(_=None):
    told.value = json.dumps({{name: getattr(m, name) for name in (*{traits!r}, "hover")}})
m.observe(tell, {traits!r})
tell()
asked = ipywidgets.Text(continuous_update=False).add_class("asked")
asked.observe(lambda change: exec(change["new"], globals()), "value")
"""


def cell(folder: Path) -> str:
    """A notebook's first cell: the map `m` of a work directory."""
    return CELL.format(folder=str(folder), traits=TRAITS, probe=PROBE)


class Shown:
    """A page with a map, its files, and the kernel's side of it."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        with h5py.File(folder / "velocity.h5") as handle:
            attributes = dict(handle.attrs)
        self.x0, self.y0, self.dx, self.dy = (
            float(attributes[k]) for k in ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP")
        )
        self.to = Transformer.from_crs(int(attributes["EPSG"]), 4326, always_xy=True)
        self.series_file = Path(open_results(folder).timeseries.attrs["source"]).name
        self.series = self.read(self.series_file, "timeseries").astype(float)
        self.coherence = self.read("temporalCoherence.h5", "temporalCoherence")
        self.inverted = self.read("numInvIfgram.h5", "mask") > 0
        # correct_topography leaves pixels out that have no geometry
        self.inverted &= ~np.isnan(self.read("inputs/geometryGeo.h5", "incidenceAngle"))

    def read(self, file: str, dataset: str) -> np.ndarray:
        with h5py.File(self.folder / file) as handle:
            return handle[dataset][:]

    def lonlat(self, row: float, column: float) -> tuple[float, float]:
        return self.to.transform(self.x0 + (column + 0.5) * self.dx, self.y0 + (row + 0.5) * self.dy)

    def pixel(self, lon: float, lat: float) -> tuple[int, int]:
        x, y = self.to.transform(lon, lat, direction="INVERSE")
        return int((y - self.y0) // self.dy), int((x - self.x0) // self.dx)

    def at(self, row: float, column: float) -> tuple[float, float]:
        """Place on the page."""
        lon, lat = self.lonlat(row, column)
        x, y = self.page.evaluate(
            "async ([lon, lat]) => { const map = (await handleOf(0)).mounts()[0].map;"
            " const p = map.latLngToContainerPoint([lat, lon]); const b = map.getContainer().getBoundingClientRect();"
            " return [b.left + p.x, b.top + p.y]; }",
            [lon, lat],
        )
        return x, y

    def traits(self) -> dict[str, Any]:
        return json.loads(self.page.locator(".told textarea").input_value())

    def has(self, name: str, wanted: Callable[[Any], bool]) -> Any:
        """Wait until Python has a trait like that."""
        for _ in range(3600):
            traits = self.traits()
            if name in traits and wanted(traits[name]):
                return traits[name]
            self.page.evaluate(PAINTED)
        raise AssertionError(f"{name} stays {self.traits()[name]!r}")

    def points_at(self, row: int, column: int, value: float) -> None:
        """Move the pointer about in a pixel until Python has heard of its value."""
        for step in range(1200):
            self.page.mouse.move(*self.at(row + 0.1 * (step % 2), column))
            hover = self.traits()["hover"]
            if hover is not None and hover["value"] == pytest.approx(value, abs=2e-4):
                return
            self.page.evaluate(PAINTED)
        raise AssertionError((self.traits()["hover"], value))

    def python(self, code: str) -> None:
        field = self.page.locator(".asked input")
        field.fill(code)
        field.press("Enter")

    def settled(self) -> None:
        until(
            self.page,
            "async () => { const h = await handleOf(0); const m = h?.mounts()[0];"
            " return m && h.model.get('vmin') !== null && m.loading().waiting === 0; }",
        )
        self.page.evaluate(PAINTED)

    def looks(self, row: int, column: int, share: float | None, n: int = 0, m: int = 0) -> None:
        """The canvas has the colour of matplotlib's viridis at a share of the range, or nothing for None."""
        viridis = matplotlib.colormaps["viridis"]
        near = np.arange(-0.004, 0.0041, 0.001)  # 16 bits for values, 256 colours
        wanted = (
            [[0, 0, 0, 0]]
            if share is None
            else [
                [*(round(255 * c) for c in viridis(float(np.clip(share + d, 0, 1)))[:3]), 255] for d in near
            ]
        )
        found = None
        for _ in range(1800):
            found = self.page.evaluate(PIXEL, [*self.lonlat(row, column), n, m])
            if found in wanted:
                return
            self.page.evaluate(PAINTED)
        raise AssertionError((row, column, found, wanted))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        mouse.move(*end, steps=3)
        mouse.up()

    def centre(self, selector: str) -> tuple[float, float]:
        box = self.page.locator(selector).first.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def click(self, key: str) -> None:
        self.page.locator(f'[data-key="{key}"]').first.click()

    def open_looks(self) -> None:
        """The panel: beside a wide map, opened over another."""
        if self.page.locator('[data-key="appearance"]').first.is_visible():
            self.click("appearance")

    close_looks = open_looks

    def type_in(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Enter")


def coherent(shown: Shown, count: int) -> list[tuple[int, int]]:
    """Pixels with values at every date, far from each other, the most coherent first."""
    order = np.argsort(-np.where(shown.inverted, shown.coherence, -1), axis=None)
    chosen: list[tuple[int, int]] = []
    for index in order:
        row, column = (int(v) for v in np.unravel_index(index, shown.coherence.shape))
        inner = 5 < row < shown.coherence.shape[0] - 5 and 5 < column < shown.coherence.shape[1] - 5
        if inner and all(abs(row - r) + abs(column - c) > 12 for r, c in chosen):
            chosen.append((row, column))
        if len(chosen) == count:
            return chosen
    return chosen
