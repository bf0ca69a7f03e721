"""NGL's list of all stations, `DataHoldings.txt`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from insar_widgets.errors import GnssError

__all__ = ["Holdings", "read_holdings"]

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
_FIELDS = 11
_NAME = re.compile(r"\w{4}")


@dataclass(frozen=True)
class Holdings:
    """The station list as columns, N stations.

    Attributes
    ----------
    name, original_name : (N,) text.
    lat, lon : (N,) degrees WGS84, longitude from -180 to 180.
    height : (N,) ellipsoidal height, m.
    xyz : (N, 3) geocentric, m.
    begin, end, modified : (N,) days.
    solutions : (N,) number of daily positions.
    skipped : lines that could not be read, as ``(line number, text)``.
    source : the file.
    """

    name: npt.NDArray[np.str_]
    original_name: npt.NDArray[np.str_]
    lat: Floats
    lon: Floats
    height: Floats
    xyz: Floats
    begin: Days
    end: Days
    modified: Days
    solutions: npt.NDArray[np.int64]
    skipped: tuple[tuple[int, str], ...]
    source: Path

    def __len__(self) -> int:
        return len(self.name)


def read_holdings(path: str | Path) -> Holdings:
    """Read NGL's list of stations.

    The columns are station, latitude, longitude (0 to 360), height, x, y, z, begin, end, modified, number of
    solutions, and the original name, which may be missing or several words.

    Raises
    ------
    GnssError
        The file cannot be read, or is no station list (such as an error page).
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise GnssError(f"The station list {path} cannot be read: {error.strerror}.") from error
    rows: list[list[str]] = []
    skipped: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        fields = line.split(maxsplit=_FIELDS)
        if not fields or (number == 1 and fields[0].lower() in {"sta", "site", "station"}):
            continue
        if len(fields) < _FIELDS or not _NAME.fullmatch(fields[0]):
            skipped.append((number, line[:200]))
        else:
            rows.append(fields if len(fields) > _FIELDS else [*fields, ""])
    table = np.array(rows, dtype=str) if rows else np.empty((0, _FIELDS + 1), str)
    try:
        return _columns(table, skipped, path)
    except ValueError:  # some field of some line: find out which
        good = []
        for row in rows:
            try:
                _columns(np.array([row]), [], path)
            except ValueError:
                skipped.append(
                    (lines.index(next(x for x in lines if x.split()[:1] == row[:1])) + 1, " ".join(row))
                )
            else:
                good.append(row)
        return _columns(np.array(good, dtype=str).reshape(-1, _FIELDS + 1), sorted(skipped), path)


def _columns(table: npt.NDArray[np.str_], skipped: list[tuple[int, str]], path: Path) -> Holdings:
    if len(table) == 0 and skipped:
        raise GnssError(
            f"{path} is no list of GNSS stations: none of its {len(skipped)} lines has the {_FIELDS} columns of "
            "NGL's DataHoldings.txt. If it was downloaded, the service answered with something else; try again later."
        )
    numbers = table[:, 1:7].astype(float)
    lat, lon = numbers[:, 0], (numbers[:, 1] + 180) % 360 - 180
    if len(table) and not (np.isfinite(numbers).all() and (np.abs(lat) <= 90).all()):
        raise ValueError("a coordinate is out of range")
    return Holdings(
        name=np.char.upper(table[:, 0]),
        original_name=table[:, _FIELDS],
        lat=lat,
        lon=lon,
        height=numbers[:, 2],
        xyz=numbers[:, 3:6],
        begin=table[:, 7].astype("datetime64[D]"),
        end=table[:, 8].astype("datetime64[D]"),
        modified=table[:, 9].astype("datetime64[D]"),
        solutions=table[:, 10].astype(np.int64),
        skipped=tuple(skipped),
        source=path,
    )
