"""Look through a MintPy work directory: which files there are, which are damaged, which layers they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from insar_widgets.errors import ResultsError
from insar_widgets.results._chunks import stamp_of
from insar_widgets.results._files import EXPECTED, Meaning, is_displacement_series, layer_of, strip_geo
from insar_widgets.results._grid import Grid
from insar_widgets.results._lazy import Source, open_hdf5

_STACK_TYPES = {"ifgramStack", "HDFEOS", "giantIfgramStack"}


@dataclass(frozen=True)
class FileEntry:
    """One readable HDF5 file: its attributes and its image datasets."""

    path: Path
    stem: str
    metadata: Mapping[str, str]
    datasets: Mapping[str, Source]
    units: Mapping[str, str]

    @property
    def file_type(self) -> str:
        """MintPy's kind of file."""
        return self.metadata.get("FILE_TYPE", "")

    @property
    def geocoded(self) -> bool:
        """Whether the file is on a map grid, not in radar coordinates."""
        return "Y_FIRST" in self.metadata and "X_FIRST" in self.metadata


@dataclass(frozen=True)
class Layer:
    """One layer: where it lies and what it means."""

    name: str
    source: Source
    meaning: Meaning
    entry: FileEntry


@dataclass(frozen=True)
class Scan:
    """What a work directory holds."""

    grid: Grid
    layers: Mapping[str, Layer]
    missing: Mapping[str, str]
    metadata: Mapping[str, str]
    stack: FileEntry | None
    notes: tuple[str, ...]


def scan(work_dir: Path) -> Scan:
    """Look through a work directory.

    Raises
    ------
    ResultsError
        There is no such folder, no MintPy file in it, or nothing but files in radar coordinates.
    """
    if not work_dir.is_dir():
        raise ResultsError(f"{work_dir} is not a folder; give the work directory of a MintPy run.")
    entries, broken = _read_all([*_hdf5_files(work_dir), *_hdf5_files(work_dir / "inputs")])
    stack = next((e for e in entries if e.file_type == "ifgramStack"), None)
    notes: tuple[str, ...] = ()
    usable = [e for e in entries if e.geocoded]
    images = [e for e in entries if e.file_type not in _STACK_TYPES and e.file_type != "geometry"]
    if (entries and not usable) or (images and not any(e.geocoded for e in images)):
        copies, broken_copies = _read_all(_hdf5_files(work_dir / "geo"))
        usable = [e for e in copies if e.geocoded]
        broken |= broken_copies
        if not usable:
            raise ResultsError(
                f"{work_dir} is in radar coordinates, which cannot be put on a map; run the step geocode "
                "(mintpy.geocode = yes) and open the results again."
            )
        notes = (f"The run is in radar coordinates; the geocoded copies in {work_dir / 'geo'} are shown.",)
    if not usable:
        raise ResultsError(_nothing_here(work_dir, broken))
    return _assemble(work_dir, usable, broken, stack, notes)


def _assemble(
    work_dir: Path,
    usable: list[FileEntry],
    broken: dict[str, str],
    stack: FileEntry | None,
    notes: tuple[str, ...],
) -> Scan:
    usable.sort(key=_importance)
    lead = usable[0]
    grid = Grid.from_metadata(lead.metadata, str(lead.path))
    layers: dict[str, Layer] = {}
    odd: dict[str, str] = {}
    for entry in usable:
        if entry.file_type in _STACK_TYPES:
            continue
        fits = Grid.from_metadata(entry.metadata, str(entry.path)).matches(grid)
        for dataset, source in entry.datasets.items():
            name, meaning = layer_of(entry.stem, entry.file_type, dataset, entry.datasets)
            if not fits or source.shape[-2:] != (grid.rows, grid.columns):
                odd[name] = (
                    f"{entry.path} is on another grid than {lead.path.name}; run the step that writes it again."
                )
            elif name not in layers:
                if not meaning.units and entry.units.get(dataset):
                    meaning = Meaning(meaning.long_name, entry.units[dataset], meaning.nodata)
                layers[name] = Layer(name, source, meaning, entry)
    missing = _missing(work_dir, layers, broken, stack is not None, bool(notes))
    missing |= {name: text for name, text in odd.items() if name not in layers}
    ordered = {name: layers[name] for name in sorted(layers, key=_layer_order)}
    return Scan(grid, ordered, missing, dict(lead.metadata), stack, notes)


def _missing(
    work_dir: Path, layers: Mapping[str, Layer], broken: Mapping[str, str], stack: bool, copies: bool
) -> dict[str, str]:
    missing: dict[str, str] = {}
    told: set[str] = set()
    for name, (file, step) in EXPECTED.items():
        if name in layers or (name == "ifgramStack" and stack):
            continue
        stem = Path(file).stem
        if stem in broken:
            missing[name] = broken[stem]
            told.add(stem)
        elif copies and name != "ifgramStack":
            missing[name] = f"There is no geocoded copy of {Path(file).name} in {work_dir / 'geo'}."
        else:
            missing[name] = f"{work_dir / file} is not there; the step {step} writes it."
    missing |= {stem: text for stem, text in broken.items() if stem not in told and stem not in missing}
    return missing


def _nothing_here(work_dir: Path, broken: Mapping[str, str]) -> str:
    if broken:
        return next(iter(broken.values()))
    inner = sorted(p.parent.parent for p in work_dir.glob("*/inputs/ifgramStack.h5"))
    hint = f" Did you mean {inner[0]}?" if inner else " Give the folder in which MintPy ran, or run it first."
    return f"{work_dir} holds no MintPy file (no timeseries.h5, no inputs/ifgramStack.h5).{hint}"


def _hdf5_files(folder: Path) -> list[Path]:
    # the name of a file that a run is writing just now leads nowhere until it is whole
    return sorted(p for p in folder.glob("*.h5") if p.exists()) if folder.is_dir() else []


def _read_all(paths: Iterable[Path]) -> tuple[list[FileEntry], dict[str, str]]:
    entries: list[FileEntry] = []
    broken: dict[str, str] = {}
    for path in paths:
        try:
            entry = _read_entry(path)
        except ResultsError as error:
            broken[strip_geo(path.stem)] = str(error)
            continue
        if entry is not None:
            entries.append(entry)
    return entries, broken


def _read_entry(path: Path) -> FileEntry | None:
    stamp = stamp_of(path)
    with open_hdf5(path) as handle:
        metadata = {str(key): _text(value) for key, value in handle.attrs.items()}
        datasets: dict[str, Source] = {}
        units: dict[str, str] = {}
        for name, item in handle.items():
            if isinstance(item, h5py.Dataset) and _is_image(item) and item.id.get_storage_size() > 0:
                datasets[name] = Source(path, name, tuple(item.shape), item.dtype, stamp)
                units[name] = _text(item.attrs.get("UNIT", metadata.get("UNIT", "")))
    if "FILE_TYPE" not in metadata or "LENGTH" not in metadata:
        return None
    if not datasets:
        raise ResultsError(
            f"{path} holds no values, as a step that was interrupted leaves it; delete it and run that step again."
        )
    return FileEntry(path, strip_geo(path.stem), metadata, datasets, units)


def _is_image(item: Any) -> bool:
    return item.ndim in (2, 3) and min(item.shape) > 0 and item.dtype.kind in "fiub"


def _text(value: Any) -> str:
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8", "replace")
    return str(value)


def _importance(entry: FileEntry) -> tuple[int, str]:
    order = ("timeseries", "velocity", "temporalCoherence", "avgSpatialCoh")
    if entry.stem in order:
        return order.index(entry.stem), entry.stem
    if is_displacement_series(entry.stem):
        return 0, entry.stem
    return (9 if entry.file_type in ("geometry", "ifgramStack") else 5), entry.stem


def _layer_order(name: str) -> tuple[int, str]:
    first = (
        "velocity", "velocityStd", "temporalCoherence", "avgSpatialCoh", "maskTempCoh", "maskConnComp", "waterMask",
        "height", "incidenceAngle", "azimuthAngle", "demErr",
    )  # fmt: skip
    if name in first:
        return first.index(name), name
    return (200 if name.startswith("timeseries") else 100), f"{len(name):03d}{name}"
