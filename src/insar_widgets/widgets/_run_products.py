"""What a click on a product shows: a figure, a table, a text or a small picture of a layer."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from matplotlib import colormaps, image
from numpy.typing import NDArray

from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.results import Results

__all__ = ["Shown", "kind_of", "layers_of", "locate", "show_file", "show_layer"]

_KINDS = {".h5": "layer", ".png": "figure", ".pdf": "figure", ".txt": "table"}
_STACK = "inputs/ifgramStack.h5"
_MOST_ROWS = 1000
_LARGEST = 20_000_000
_PIXELS = 420
_SIGNED = ("m", "m/year", "radian", "rad")


@dataclass(frozen=True)
class Shown:
    """Something to look at: ``about`` is JSON, ``parts`` the bytes that go with it."""

    about: dict[str, Any]
    parts: tuple[bytes, ...] = field(default=())


def kind_of(file: str) -> str:
    """What a product is: figure, table, layer, network (the stack of pairs) or file."""
    if file == _STACK:
        return "network"
    return _KINDS.get(Path(file).suffix.lower(), "file")


def locate(work_dir: Path, file: str) -> Path:
    """Path of a product; MintPy moves figures to ``pic``.

    Raises
    ------
    InsarWidgetsError
        It is not there, or not in the work directory.
    """
    for path in (work_dir / file, work_dir / "pic" / Path(file).name):
        if path.is_file() and path.resolve().is_relative_to(work_dir.resolve()):
            return path
    raise InsarWidgetsError(f"{work_dir / file} is not there any more. Run the step that writes it again.")


def show_file(work_dir: Path, file: str) -> Shown:
    """Read a figure, a table or a text; anything else is told by its path and size."""
    path = locate(work_dir, file)
    size = path.stat().st_size
    about = {"file": file, "path": str(path), "bytes": size}
    kind = kind_of(file)
    if kind == "network" or path.name == "network.pdf":
        return _network(work_dir, about, path)
    if kind == "figure" and size <= _LARGEST:
        mime = "image/png" if path.suffix.lower() == ".png" else "application/pdf"
        return Shown(about | {"kind": "figure", "mime": mime}, (path.read_bytes(),))
    if kind == "table" and size <= _LARGEST:
        return Shown(about | _table(path))
    return Shown(about | {"kind": "file"})


def _table(path: Path) -> dict[str, Any]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    notes = [line.lstrip("# ").rstrip() for line in lines if line.startswith("#")]
    rows = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    widths = {len(row) for row in rows}
    if len(widths) != 1 or max(widths) > 12:
        return {"kind": "text", "text": "\n".join(lines[:_MOST_ROWS]), "total": len(lines)}
    width = widths.pop()
    columns = [""] * width
    if notes:
        named = [part.strip() for part in notes[-1].split("\t") if part.strip()]
        if len(named) != width:
            named = notes[-1].split()
        if len(named) == width:
            columns = named
            notes = notes[:-1]
    return {
        "kind": "table",
        "columns": columns,
        "rows": rows[:_MOST_ROWS],
        "total": len(rows),
        "notes": notes,
    }


def _network(work_dir: Path, about: dict[str, Any], path: Path) -> Shown:
    """Draw the pairs of the stack over time and perpendicular baseline, dropped ones dashed."""
    stack = locate(work_dir, _STACK)
    with h5py.File(stack, "r", locking=False) as file:
        pairs = [(a.decode(), b.decode()) for a, b in file["date"][:]]
        baselines = np.asarray(file["bperp"][:], dtype=float)
        kept = np.asarray(file["dropIfgram"][:], dtype=bool)
    dates = sorted({date for pair in pairs for date in pair})
    pdf = path.read_bytes() if path.suffix == ".pdf" else b""
    used = {date for pair, keep in zip(pairs, kept, strict=True) if keep for date in pair}
    place = {date: index for index, date in enumerate(dates)}
    network = {
        "dates": [
            {"date": date, "bperp": round(float(value), 1), "left_out": date not in used}
            for date, value in zip(dates, _baselines(pairs, baselines, dates), strict=True)
        ],
        "pairs": [
            {"from": place[first], "to": place[second], "left_out": not keep}
            for (first, second), keep in zip(pairs, kept.tolist(), strict=True)
        ],
    }
    words = f"{int(kept.sum())} of {len(pairs)} pairs kept, {len(dates)} dates"
    return Shown(
        about
        | {"kind": "network", "network": network, "words": words, "mime": "application/pdf" if pdf else ""},
        (pdf,) if pdf else (),
    )


def _baselines(
    pairs: list[tuple[str, str]], values: NDArray[np.float64], dates: list[str]
) -> NDArray[np.float64]:
    """Baseline of each date relative to the first, by least squares over the pairs."""
    place = {date: index for index, date in enumerate(dates)}
    design = np.zeros((len(pairs), len(dates)))
    for row, (first, second) in enumerate(pairs):
        design[row, place[first]], design[row, place[second]] = -1.0, 1.0
    solved = np.linalg.lstsq(design, values, rcond=None)[0]
    return np.asarray(solved - solved[0], dtype=float)


def layers_of(results: Results, work_dir: Path, file: str) -> list[str]:
    """Names of the layers that lie in a file, the main one first."""
    path = locate(work_dir, file)
    names = [name for name in results.layers if Path(results[name].attrs["source"]) == path]
    return sorted(names, key=lambda name: name != path.stem)


def show_layer(results: Results, name: str) -> Shown:
    """Draw a layer, of a series its last date, as a small picture with what its colours mean.

    Displacement and velocity are drawn symmetric about zero, red away from and blue towards the satellite.
    """
    array = results[name]
    when = ""
    if "date" in array.dims:
        when = str(array["date"].values[-1])[:10]
    step = max(1, -(-max(array.shape[-2:]) // _PIXELS))
    part = array[-1] if array.ndim == 3 else array
    values = np.asarray(part[::step, ::step].values)
    units = str(array.attrs.get("units", ""))
    mask = values.dtype == bool
    numbers = values.astype(np.float32)
    seen = numbers[np.isfinite(numbers)]
    if not seen.size:
        raise ResultsError(f"{name} has no value anywhere. Run the step that writes it again.")
    low, high, colours = _scale(name, seen, units, mask)
    factor, unit = (1000.0, units.replace("m", "mm", 1)) if _in_mm(units, high) else (1.0, units)
    about = {
        "kind": "layer",
        "layer": name,
        "long_name": str(array.attrs.get("long_name", name)),
        "units": "" if unit == "1" else unit.replace("/year", "/yr"),
        "low": float(low * factor),
        "high": float(high * factor),
        "mask": mask,
        "signed": low < 0 < high and units in _SIGNED,
        "date": when,
        "reference_date": str(array.attrs.get("reference_date", "")),
        "empty": round(1 - seen.size / numbers.size, 3),
        "step": step,
        "shape": list(array.shape[-2:]),
    }
    return Shown(about, (_picture(numbers, low, high, colours), _bar(colours)))


def _in_mm(units: str, high: float) -> bool:
    return units in ("m", "m/year") and abs(high) < 1.0


def _scale(name: str, seen: NDArray[np.float32], units: str, mask: bool) -> tuple[float, float, str]:
    if mask:
        return 0.0, 1.0, "gray"
    low, high = (float(v) for v in np.percentile(seen, (2, 98)))
    if units in _SIGNED and low < 0 < high and not name.startswith("height"):
        edge = max(abs(low), abs(high))
        return -edge, edge, "RdBu"
    if "oherence" in name or "Coh" in name:
        return 0.0, 1.0, "viridis"
    return (low, high if high > low else low + 1.0, "viridis")


def _picture(values: NDArray[np.float32], low: float, high: float, colours: str) -> bytes:
    shares = (values - low) / (high - low)
    rgba = colormaps[colours](np.clip(np.nan_to_num(shares), 0, 1), bytes=True)
    rgba[~np.isfinite(values), 3] = 0
    return _png(rgba)


def _bar(colours: str) -> bytes:
    return _png(colormaps[colours](np.linspace(0, 1, 256)[None], bytes=True))


def _png(rgba: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    image.imsave(out, rgba, format="png")
    return out.getvalue()
