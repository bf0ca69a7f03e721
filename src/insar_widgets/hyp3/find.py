"""Find every HyP3 product below a folder, reading names, `.txt` files and raster headers only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rasterio

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3 import _manifest
from insar_widgets.hyp3._raster import HEADERS_ONLY, read_grid
from insar_widgets.hyp3._scan import Candidate, scan
from insar_widgets.hyp3.grid import Grid
from insar_widgets.hyp3.metadata import (
    burst_track,
    first_burst,
    orbit_track,
    parse_metadata,
    pass_direction,
    read_metadata_text,
)
from insar_widgets.hyp3.names import parse_product_name
from insar_widgets.hyp3.product import NEEDED_LAYERS, Product
from insar_widgets.hyp3.stack import Stack
from insar_widgets.resources import cores

__all__ = ["find_stack"]


def find_stack(path: Path | str) -> Stack:
    """Find the HyP3 products in a folder, at any depth, in folders and in `.zip` files.

    Reads only names, the `.txt` files and the header of each unwrapped phase; zips are not unpacked. What
    looks like a product but cannot be used is in `Stack.left_out`. Of a product that is there more than once
    (a folder and its zip, an original and a clipped copy) one is kept: originals before clipped copies,
    folders before zips, then the first path.

    Parameters
    ----------
    path
        A folder, or a single product's zip.

    Returns
    -------
    Stack
        Products sorted by pair and name.

    Raises
    ------
    ProductError
        The folder does not exist or holds no usable product; the message says what was looked for.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise ProductError(f"There is no folder {root}. Give the folder that holds the HyP3 products.")
    root = root.absolute()
    with ThreadPoolExecutor(max_workers=min(16, 4 * cores())) as executor:
        found = scan(root, executor)
        chosen, left_out = _choose(found.candidates)
        left_out = [*found.left_out, *left_out]
        # In slices, as entering GDAL's settings costs as much as a header.
        size = max(1, min(64, -(-len(chosen) // 16)))
        slices = [chosen[i : i + size] for i in range(0, len(chosen), size)]
        products: list[Product] = []
        for part in executor.map(_read_slice, slices):
            for result in part:
                if isinstance(result, Product):
                    products.append(result)
                else:
                    left_out.append(result)
    left_out += _manifest.left_out(root)
    if not products:
        raise ProductError(_nothing(root, left_out))
    products.sort(key=lambda product: (product.pair, product.name))
    return Stack(root=root, products=tuple(products), left_out=tuple(left_out))


def _choose(candidates: list[Candidate]) -> tuple[list[Candidate], list[Finding]]:
    """Keep one candidate of each name and, in it, either originals or clipped copies."""
    kept: list[Candidate] = []
    notes: list[Finding] = []
    by_name: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.name, []).append(candidate)
    for name, copies in by_name.items():
        copies.sort(key=lambda c: (_lacks(c), not _has_original(c), c.in_zip, str(c.path)))
        best = copies[0]
        kept.append(best)
        if best.rasters and best.clips and _has_original(best):
            notes.append(_duplicate(name, f"{best.path} (originals)", f"{best.path} (clipped copies)"))
        notes += [_duplicate(name, str(best.path), str(copy.path)) for copy in copies[1:]]
    return kept, notes


def _lacks(candidate: Candidate) -> int:
    """Count what a candidate needs and has not."""
    best = min(
        sum(layer not in layers for layer in NEEDED_LAYERS) for layers in (candidate.rasters, candidate.clips)
    )
    return best + (candidate.metadata is None)


def _has_original(candidate: Candidate) -> bool:
    if all(layer in candidate.rasters for layer in NEEDED_LAYERS):
        return True
    return not all(layer in candidate.clips for layer in NEEDED_LAYERS) and bool(candidate.rasters)


def _duplicate(name: str, kept: str, other: str) -> Finding:
    return Finding(
        "info",
        "product-twice",
        f"{name} is there more than once; {kept} is used, {other} is not.",
        (name,),
        "Nothing to do; remove the copy to save space.",
    )


def _read_slice(candidates: list[Candidate]) -> list[Product | Finding]:
    with rasterio.Env(**HEADERS_ONLY):
        return [_read(candidate) for candidate in candidates]


def _read(candidate: Candidate) -> Product | Finding:
    """Read one product, or say why it cannot be used."""
    clipped = not _has_original(candidate)
    files = candidate.clips if clipped else candidate.rasters
    name = candidate.name
    missing = [layer for layer in NEEDED_LAYERS if layer not in files]
    if missing:
        return _unusable(name, "missing-layer", f"{candidate.path} has no {' and no '.join(missing)} raster.")
    if candidate.metadata is None:
        return _unusable(
            name, "missing-metadata", f"{name}.txt is missing beside the rasters in {candidate.path}."
        )
    try:
        metadata = parse_metadata(read_metadata_text(candidate.path, candidate.metadata), candidate.metadata)
    except ProductError as error:
        return _unusable(name, "unparsable-metadata", str(error))
    layers = {layer: _raster_path(candidate, file) for layer, file in sorted(files.items())}
    try:
        grid = read_grid(layers["unw_phase"])
    except ProductError as error:
        return _unusable(name, "unreadable-raster", str(error))
    return _build(candidate, metadata, layers, grid, clipped)


def _build(
    candidate: Candidate, metadata: dict[str, str], layers: dict[str, str], grid: Grid, clipped: bool
) -> Product:
    parts = parse_product_name(candidate.name)
    assert parts is not None and candidate.metadata is not None  # noqa: S101 - the name made it a candidate
    track = parts.track
    if parts.family == "gamma":
        track = orbit_track(metadata)
    elif track is None and parts.frame is not None:
        burst = first_burst(parts.frame)
        track = burst_track(burst) if burst else None
    return Product(
        name=candidate.name,
        family=parts.family,
        path=candidate.path,
        pair=parts.pair,
        bperp=float(metadata["Baseline"]),
        direction=pass_direction(metadata),
        track=track,
        frame=parts.frame,
        polarisation=parts.polarisation,
        looks=(int(float(metadata["Range looks"])), int(float(metadata["Azimuth looks"]))),
        resolution=parts.spacing,
        metadata=metadata,
        layers=layers,
        metadata_path=candidate.metadata,
        clipped=clipped,
        grid=grid,
        foreign=tuple(candidate.foreign),
    )


def _raster_path(candidate: Candidate, file: str) -> str:
    # The braces tell GDAL where the zip's name ends, whatever its suffix.
    return f"/vsizip/{{{candidate.path}}}/{file}" if candidate.in_zip else file


def _unusable(name: str, code: str, message: str) -> Finding:
    return Finding(
        "error",
        code,
        message,
        (name,),
        "Download the product again, or go on without it.",
        mended_by_prepare=True,
    )


def _nothing(root: Path, left_out: list[Finding]) -> str:
    looked_for = (
        "folders or zips with <name>_unw_phase.tif, <name>_corr.tif and <name>.txt, named like "
        "S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF, "
        "S1_213524_IW1_20170411_20170517_VV_INT80_8E81 or "
        "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20200604_20200616_VV_INT80_77F1"
    )
    text = f"{root} holds no usable HyP3 product. Looked for {looked_for}."
    if left_out:
        more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
        text += f" Not usable: {left_out[0].message}{more}"
    return text
