"""Write small HyP3 products, whole or broken on purpose, and tell what preparing one must give."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject

DATES = ("20200101", "20200113", "20200125", "20200206")
ALL_PAIRS = tuple((a, b) for i, a in enumerate(DATES) for b in DATES[i + 1 :])

TEXT = {
    "Reference Granule": "S1A_IW_SLC__1SDV_20200101T004021_20200101T004048_030616_038206_1B5E",
    "Secondary Granule": "S1A_IW_SLC__1SDV_20200113T004021_20200113T004048_030791_038836_04C2",
    "Reference Pass Direction": "ASCENDING",
    "Reference Orbit Number": "30616",
    "Secondary Pass Direction": "ASCENDING",
    "Secondary Orbit Number": "30791",
    "Baseline": "12.5",
    "UTC time": "2434.5",
    "Heading": "-12.9",
    "Spacecraft height": "693000.0",
    "Earth radius at nadir": "6337286.6",
    "Slant range near": "799000.0",
    "Slant range center": "877000.0",
    "Slant range far": "955000.0",
    "Range looks": "20",
    "Azimuth looks": "4",
    "INSAR phase filter": "yes",
    "Unwrapping type": "snaphu_mcf",
    "Speckle filter": "yes",
    "Water mask": "yes",
}
LAYERS = ("unw_phase", "corr", "dem", "lv_theta", "lv_phi", "water_mask")
NODATA = {"unw_phase": 0, "corr": 0, "conncomp": 0, "dem": -32768, "water_mask": 255}


@dataclass
class Spec:
    """One product; what differs from an ordinary one is what a test is about."""

    reference: str = DATES[0]
    secondary: str = DATES[1]
    family: str = "gamma"
    burst: str = "136232_IW2"
    polarisation: str = "VV"
    ident: str = "AB12"
    epsg: int = 32614
    origin: tuple[float, float] = (480000.0, 2150000.0)
    shape: tuple[int, int] = (40, 50)
    size: float = 80.0
    layers: tuple[str, ...] = LAYERS
    text: dict[str, str] | None = None
    suffix: str = ""
    seed: int = 0

    @property
    def name(self) -> str:
        end = f"{self.polarisation}_INT{round(self.size)}_{self.ident}"
        if self.family == "burst":
            return f"S1_{self.burst}_{self.reference}_{self.secondary}_{end}"
        if self.family == "multiburst":
            return f"S1_064_000000s1n00-136231s2n02-000000s3n00_IW_{self.reference}_{self.secondary}_{end}"
        days = (
            datetime.strptime(self.secondary, "%Y%m%d") - datetime.strptime(self.reference, "%Y%m%d")
        ).days
        return (
            f"S1AA_{self.reference}T004021_{self.secondary}T004021_"
            f"{self.polarisation}P{days:03d}_INT{round(self.size)}_G_ueF_{self.ident}"
        )


def write(folder: Path, spec: Spec) -> Path:
    """Write a product's folder below `folder`."""
    place = folder / spec.name
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([spec.seed, int(spec.reference), int(spec.secondary)])
    for layer in spec.layers:
        write_layer(place / f"{spec.name}_{layer}{spec.suffix}.tif", layer, spec, rng)
    text = {**TEXT, **(spec.text or {})}
    (place / f"{spec.name}.txt").write_text("".join(f"{key}: {value}\n" for key, value in text.items()))
    return place


def write_layer(path: Path, layer: str, spec: Spec, rng: np.random.Generator) -> None:
    """Write one layer: random values, each pixel its own, no-data along the upper edge."""
    shape = spec.shape
    if layer in ("conncomp", "water_mask"):
        values = rng.integers(1, 200, shape).astype("uint8")
    elif layer == "corr":
        values = rng.uniform(0.05, 1, shape).astype("float32")
    else:
        values = rng.normal(10, 5, shape).astype("float32")
    if layer in ("unw_phase", "corr"):
        values[0, :3] = 0
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=shape[0],
        width=shape[1],
        count=1,
        dtype=values.dtype,
        crs=f"EPSG:{spec.epsg}",
        transform=Affine(spec.size, 0, spec.origin[0], 0, -spec.size, spec.origin[1]),
        nodata=NODATA.get(layer),
        compress="deflate",
    ) as dataset:
        dataset.write(values, 1)


def write_stack(folder: Path, pairs=ALL_PAIRS, change=None, **same) -> list[Spec]:
    """Write a stack; `change` maps the number of a pair to what is different about it."""
    specs = []
    for number, (reference, secondary) in enumerate(pairs):
        values = {
            "reference": reference,
            "secondary": secondary,
            "ident": f"{0xA000 + number:04X}",
            **same,
            **(change or {}).get(number, {}),
        }
        specs.append(Spec(**values))
        write(folder, specs[-1])
    return specs


def zip_product(place: Path) -> Path:
    """Replace a product's folder by its zip, as HyP3 delivers it: one folder of the product's name."""
    path = place.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(place.iterdir()):
            archive.write(file, f"{place.name}/{file.name}")
            file.unlink()
    place.rmdir()
    return path


def expected(path: Path | str, grid, fill: float | None) -> np.ndarray:
    """Values a raster must have on `grid`: what GDAL's warper takes from the nearest pixel, unapproximated."""
    with rasterio.open(path) as dataset:
        values, outside = dataset.read(1), fill if fill is not None else (dataset.nodata or 0)
        result = np.full(grid.shape, outside, dtype=values.dtype)
        reproject(
            values,
            result,
            src_transform=dataset.transform,
            src_crs=dataset.crs,
            dst_transform=Affine(*grid.transform),
            dst_crs=f"EPSG:{grid.epsg}",
            resampling=Resampling.nearest,
            init_dest_nodata=False,
            tolerance=0,
        )
    return result


def read(path: Path | str) -> np.ndarray:
    """Read a raster."""
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
