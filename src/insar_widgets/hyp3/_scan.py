"""Walk a folder and gather, from names alone, the files that belong to each product."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from insar_widgets.errors import ProductError
from insar_widgets.findings import Finding
from insar_widgets.hyp3.archive import list_members
from insar_widgets.hyp3.names import FileName, looks_like_product, parse_file_name, parse_product_name

__all__ = ["MANIFEST", "Candidate", "Scan", "scan"]

MANIFEST = Path(".insar_widgets") / "prepare.json"
_SIDE_CARS = (".rsc", ".xml", ".vrt", ".hdr", ".ovr", ".tfw", ".aux", ".dem", ".msk")


@dataclass
class Candidate:
    """Files of one product in one place: a folder, or a folder inside a zip.

    `rasters` and `clips` hold layer -> name in the file system or inside the zip.
    """

    name: str
    path: Path
    in_zip: bool
    rasters: dict[str, str] = field(default_factory=dict)
    clips: dict[str, str] = field(default_factory=dict)
    metadata: str | None = None
    foreign: list[str] = field(default_factory=list)

    def add(self, file: FileName, location: str) -> None:
        """Take in one file."""
        if file.layer == "txt":
            self.metadata = location
        else:
            (self.clips if file.clipped else self.rasters)[file.layer] = location


@dataclass
class Scan:
    """What a walk came upon."""

    candidates: list[Candidate] = field(default_factory=list)
    left_out: list[Finding] = field(default_factory=list)


def scan(root: Path, executor: Executor) -> Scan:
    """Gather candidates below `root`, or in the zip `root`: folders at any depth and zips. Reads no raster."""
    result = Scan()
    zips: list[Path] = [root] if root.is_file() else []
    for folder, folders, files in _walk(root, result):
        _gather(result, folder, False, [(file, str(folder / file)) for file in files], folders)
        zips += [folder / file for file in files if file.lower().endswith(".zip")]
    for path, listing in zip(zips, executor.map(_list_quietly, zips), strict=True):
        if isinstance(listing, str):
            known = parse_product_name(path.name)
            result.left_out.append(
                Finding(
                    "error" if known else "info",
                    "unreadable-zip",
                    listing,
                    (known.name,) if known else (),
                    "Download the product again, or remove the file.",
                    mended_by_prepare=True,
                )
            )
            continue
        before = len(result.candidates)
        by_folder: dict[PurePosixPath, list[tuple[str, str]]] = {}
        for member in listing:
            inside = PurePosixPath(member)
            by_folder.setdefault(inside.parent, []).append((inside.name, member))
        for members in by_folder.values():
            _gather(result, path, True, members, [])
        if len(result.candidates) == before and parse_product_name(path.name):
            result.left_out.append(_not_a_product(path, "holds no raster of a HyP3 product"))
    return result


def _walk(root: Path, result: Scan) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk in a fixed order, through symbolic links but not in circles, past hidden and prepared folders."""
    seen = {os.path.realpath(root)}
    for place, folders, files in os.walk(root, followlinks=True):
        folder = Path(place)
        if folder != root and (folder / MANIFEST).is_file():
            result.left_out.append(
                Finding(
                    "info",
                    "prepared-folder-skipped",
                    f"{folder} holds products prepared earlier; they are not counted again.",
                    remedy=f"Open {folder} itself to use the prepared products.",
                )
            )
            folders.clear()
            continue
        folders[:] = [
            name
            for name in sorted(folders)
            if not name.startswith((".", "__MACOSX"))
            and (real := os.path.realpath(folder / name)) not in seen
            and not seen.add(real)  # type: ignore[func-returns-value]
        ]
        yield folder, list(folders), sorted(name for name in files if not name.startswith("."))


def _list_quietly(path: Path) -> list[str] | str:
    try:
        return sorted(list_members(path))
    except ProductError as error:
        return str(error)


def _gather(result: Scan, path: Path, in_zip: bool, files: list[tuple[str, str]], folders: list[str]) -> None:
    """Sort the files of one folder into candidates."""
    here: dict[str, Candidate] = {}
    strange: list[str] = []
    suspects: list[str] = []
    for name, location in files:
        file = parse_file_name(name)
        if file is not None:
            here.setdefault(file.product, Candidate(file.product, path, in_zip)).add(file, location)
        elif name.lower().endswith((".tif", ".tiff")) and looks_like_product(name) and not _belongs(name):
            suspects.append(name)
        elif not name.startswith("._"):
            strange.append(name)
    for name in strange:
        _note_foreign(here, name)
    result.left_out += [_unrecognised(path if in_zip else path / name) for name in suspects]
    for candidate in here.values():
        if candidate.rasters or candidate.clips:
            result.candidates.append(candidate)
        else:
            where = path if candidate.metadata is None else Path(candidate.metadata)
            result.left_out.append(_not_a_product(where, "stands alone, no raster beside it", candidate.name))
    if not in_zip and not here and not folders and not suspects:
        _judge_folder(result, path)


def _note_foreign(here: dict[str, Candidate], name: str) -> None:
    """Note a file that GDAL or MintPy would read along; HyP3's own readme, KMZ or ISO metadata are not."""
    product = parse_product_name(name)
    lower = name.lower()
    if product and product.name in here and lower.endswith(_SIDE_CARS):
        if lower.endswith(".xml") and not lower.endswith(".aux.xml"):
            return
        here[product.name].foreign.append(name)


def _judge_folder(result: Scan, path: Path) -> None:
    """Report a folder that is named like a product but holds none."""
    known = parse_product_name(path.name)
    if known is not None:
        result.left_out.append(_not_a_product(path, "holds no raster of a HyP3 product", known.name))
    elif looks_like_product(path.name):
        result.left_out.append(_unrecognised(path))


def _belongs(name: str) -> bool:
    """Whether a name begins with a product's: then it is another of its files, e.g. a preview."""
    return parse_product_name(name) is not None


def _not_a_product(path: Path, why: str, name: str | None = None) -> Finding:
    return Finding(
        "warning",
        "incomplete-product",
        f"{path} is named like a HyP3 product but {why}.",
        (name,) if name else (),
        "Download or unpack the product again, or remove what is left of it.",
        mended_by_prepare=True,
    )


def _unrecognised(path: Path) -> Finding:
    return Finding(
        "warning",
        "unrecognised-name",
        f"{path} looks like part of a HyP3 product but its name is not one, so its dates are unknown.",
        (),
        "Give it the name it had when downloaded; MintPy reads dates from names as well.",
        mended_by_prepare=True,
    )
