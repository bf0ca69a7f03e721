"""A tile on the wire: 32 bytes of header, then 256 x 256 numbers, row by row from the north-west, little-endian.

Header (offset, type): 0 ``b"IWT1"``; 4 u8 format; 5 u8 level; 6 u16 pixels a side; 8 f64 scale; 16 f64 offset;
24 u32 code of no data; 28 u32 zero. Formats: 0 nothing but no data (no numbers follow), 1 u8, 2 u16, 3 f32.
A code c of format 1 or 2 means ``c * scale + offset``, unless it is the code of no data. Format 3 holds the values
themselves, NaN where there are none.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from insar_widgets.errors import TileError
from insar_widgets.tiles._mercator import TILE

__all__ = ["EMPTY", "FLOAT32", "UINT8", "UINT16", "Format", "Quantisation", "decode_tile", "encode_tile"]

EMPTY, UINT8, UINT16, FLOAT32 = 0, 1, 2, 3
Format = Literal["auto", "float32"]
_HEADER = struct.Struct("<4sBBHddII")
_MAGIC = b"IWT1"
_local = threading.local()
_TYPES: dict[int, tuple[str, int]] = {UINT8: ("<u1", 255), UINT16: ("<u2", 65535), FLOAT32: ("<f4", 0)}


@dataclass(frozen=True)
class Quantisation:
    """How values become 16-bit codes.

    Parameters
    ----------
    scale
        Value of one step.
    offset
        Value of code 0. Zero is always a whole number of steps away.
    """

    scale: float
    offset: float

    @property
    def error(self) -> float:
        """Largest difference between a value and what its code stands for: half a step."""
        return self.scale / 2

    @property
    def low(self) -> float:
        """Smallest value that has a code."""
        return self.offset

    @property
    def high(self) -> float:
        """Largest value that has a code."""
        return self.offset + self.scale * (_TYPES[UINT16][1] - 1)

    @classmethod
    def for_range(cls, low: float, high: float, *, room: float = 2.0, whole: bool = False) -> Quantisation:
        """Steps that cover a range and `room` times as much around its middle.

        Parameters
        ----------
        low, high
            Range of the values that were seen.
        room
            At least 1.
        whole
            Steps are whole numbers, so that integers are exact wherever 65,535 of them suffice.
        """
        middle, half = (low + high) / 2, max((high - low) / 2 * room, 1e-30)
        half = max(half, abs(middle) * 1e-6)
        step = 2 * half / (_TYPES[UINT16][1] - 3)
        scale = float(np.ceil(step)) if whole else _round_up(step)
        return cls(scale, (round(middle / scale) - (_TYPES[UINT16][1] - 1) // 2) * scale)


def encode_tile(
    tile: npt.NDArray[np.float32],
    quantisation: Quantisation | None = None,
    *,
    classes: bool = False,
    level: int = 0,
) -> bytes:
    """Bytes of a tile.

    Parameters
    ----------
    tile
        float32 (256, 256), NaN where there is nothing.
    quantisation
        For 16-bit codes; without it, and for a tile with a value beyond its range, 32-bit floats are written,
        so nothing is ever clipped.
    classes
        Whole numbers from 0 on are written exactly, in 8 or 16 bits, whatever the quantisation.
    level
        Level of the pyramid that was read, for information.
    """
    header, codes = encode_parts(tile, quantisation, classes=classes, level=level)
    return header if codes is None else header + codes.tobytes()


def encode_parts(
    tile: npt.NDArray[np.float32],
    quantisation: Quantisation | None = None,
    *,
    classes: bool = False,
    level: int = 0,
) -> tuple[bytes, npt.NDArray[Any] | None]:
    """Header and codes, None for an empty tile: `encode_tile` for whoever joins many tiles and copies them once."""
    if tile.shape != (TILE, TILE):
        raise TileError(f"A tile has {TILE} x {TILE} pixels, not {' x '.join(map(str, tile.shape))}.")
    low, high = float(np.fmin.reduce(tile, axis=None)), float(np.fmax.reduce(tile, axis=None))
    if low != low:  # noqa: PLR0124 - NaN: there is nothing else
        return _header(EMPTY, level, 1.0, 0.0, 0), None
    empty = np.isnan(tile)
    if classes:
        for kind in (UINT8, UINT16):
            dtype, nodata = _TYPES[kind]
            if low >= 0 and high < nodata and not np.any(tile[~empty] % 1):
                codes = np.where(empty, np.float32(nodata), tile).astype(dtype)
                return _header(kind, level, 1.0, 0.0, nodata), codes
    elif quantisation is not None and quantisation.low <= low and high <= quantisation.high:
        dtype, nodata = _TYPES[UINT16]
        steps = _steps()
        np.subtract(tile, quantisation.offset, out=steps, dtype=np.float64)
        steps *= 1 / quantisation.scale
        steps += 0.5
        np.copyto(steps, nodata, where=empty)
        codes = steps.astype(dtype)
        return _header(UINT16, level, quantisation.scale, quantisation.offset, nodata), codes
    return _header(FLOAT32, level, 1.0, 0.0, 0), tile.astype("<f4")


def decode_tile(data: bytes) -> npt.NDArray[np.float32]:
    """Values of an encoded tile, float32 (256, 256), NaN where there is nothing.

    Raises
    ------
    TileError
        These bytes are no tile.
    """
    if len(data) < _HEADER.size or data[:4] != _MAGIC:
        raise TileError("These bytes are no tile; they come from another version or were cut short.")
    _, kind, _, size, scale, offset, nodata, _ = _HEADER.unpack_from(data)
    if kind == EMPTY:
        return np.full((size, size), np.nan, np.float32)
    codes: npt.NDArray[Any] = np.frombuffer(data, _TYPES[kind][0], offset=_HEADER.size).reshape(size, size)
    if kind == FLOAT32:
        return codes.astype(np.float32)
    values: npt.NDArray[np.float32] = (codes * scale + offset).astype(np.float32)
    values[codes == nodata] = np.nan
    return values


def _steps() -> npt.NDArray[np.float64]:
    """Room for a tile that each thread uses again: new memory takes longer than the arithmetic."""
    found: npt.NDArray[np.float64] | None = getattr(_local, "steps", None)
    if found is None:
        found = _local.steps = np.empty((TILE, TILE))
    return found


def _header(kind: int, level: int, scale: float, offset: float, nodata: int) -> bytes:
    return _HEADER.pack(_MAGIC, kind, level, TILE, scale, offset, nodata, 0)


def _round_up(step: float) -> float:
    """Two significant digits, so that the step reads well."""
    unit = 10.0 ** (np.floor(np.log10(step)) - 1)
    return float(f"{np.ceil(step / unit - 1e-9) * unit:.1e}")
