"""Folders of GeoTIFFs: cut an interferogram to its product's extent and write it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

from insar_widgets.simulate.names import Acquisition, ReferencePoint, metadata_text, product_name
from insar_widgets.simulate.observation import Observation
from insar_widgets.simulate.options import Options
from insar_widgets.simulate.scene import EPSG, PIXEL, Scene

# As HyP3's own GeoTIFFs: 256-pixel tiles, LZW, pixel is area.
CREATION = {
    "driver": "GTiff",
    "count": 1,
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
    "compress": "lzw",
}


@dataclass(frozen=True)
class Extent:
    """Part of the common grid that a product covers, in whole pixels."""

    top: int
    left: int
    rows: int
    columns: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Index into an image of the common grid."""
        return slice(self.top, self.top + self.rows), slice(self.left, self.left + self.columns)


def draw_extent(options: Options, rng: np.random.Generator) -> Extent:
    """Extent that misses up to `extent_jitter` pixels of the common grid on each side."""
    top, bottom, left, right = (int(n) for n in rng.integers(0, options.extent_jitter + 1, 4))
    rows, columns = options.shape
    return Extent(top, left, rows - top - bottom, columns - left - right)


@dataclass(frozen=True)
class Product:
    """What is written for one pair."""

    name: str
    text: str
    extent: Extent
    layers: dict[str, tuple[NDArray[np.generic], float]]
    """Suffix -> image of the product's extent and its no-data value."""


def make_product(
    options: Options,
    scene: Scene,
    observation: Observation,
    extent: Extent,
    *,
    reference: Acquisition,
    secondary: Acquisition,
    bperp: float,
) -> Product:
    """Product of an interferogram; geometry is given wherever the frame has data."""
    valid = observation.valid
    layers: dict[str, tuple[NDArray[np.generic], float]] = {
        "unw_phase": (observation.phase, 0),
        "corr": (observation.coherence, 0),
        "dem": (scene.dem, 0),
        "lv_theta": (np.where(valid, scene.theta, np.float32(0)), 0),
        "lv_phi": (np.where(valid, scene.phi, np.float32(0)), 0),
        "water_mask": (scene.land.astype(np.uint8), 255),
    }
    if options.family != "gamma":
        layers["conncomp"] = (observation.components, 0)
    point = _reference_point(scene, observation, extent)
    return Product(
        name=product_name(options, reference, secondary),
        text=metadata_text(options, scene.viewing, reference, secondary, bperp=bperp, point=point),
        extent=extent,
        layers={suffix: (image[extent.window], nodata) for suffix, (image, nodata) in layers.items()},
    )


def _reference_point(scene: Scene, observation: Observation, extent: Extent) -> ReferencePoint:
    row, column = observation.reference
    x, y = float(scene.grid.x[column]), float(scene.grid.y[row])
    lon, lat = Transformer.from_crs(EPSG, 4326, always_xy=True).transform(x, y)
    return ReferencePoint(
        row=row - extent.top,
        column=column - extent.left,
        x=x,
        y=y,
        lon=lon,
        lat=lat,
        phase=float(observation.phase[row, column]),
    )


def write_product(out_dir: Path, scene: Scene, product: Product) -> None:
    """Write the product's folder; it appears complete, or not at all."""
    folder, partial = out_dir / product.name, out_dir / f".{product.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    x_first = scene.grid.x_first + PIXEL * product.extent.left
    y_first = scene.grid.y_first - PIXEL * product.extent.top
    transform = Affine(PIXEL, 0.0, x_first, 0.0, -PIXEL, y_first)
    try:
        for suffix, (image, nodata) in product.layers.items():
            with rasterio.open(
                partial / f"{product.name}_{suffix}.tif",
                "w",
                **CREATION,
                width=product.extent.columns,
                height=product.extent.rows,
                dtype=image.dtype.name,
                nodata=nodata,
                crs=f"EPSG:{EPSG}",
                transform=transform,
            ) as raster:
                raster.write(image, 1)
        (partial / f"{product.name}.txt").write_text(product.text, encoding="ascii")
        if folder.exists():
            for file in sorted(partial.iterdir()):
                file.replace(folder / file.name)
        else:
            partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
