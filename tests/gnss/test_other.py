"""Series of other centres against MintPy's own readers, on files written in their formats."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from insar_widgets.errors import GnssError
from insar_widgets.gnss import read_eseses, read_generic, read_sideshow, station_from_file
from insar_widgets.gnss.own import read_own

DAYS = [date(2019, 12, 30) + timedelta(days=n) for n in (0, 1, 2, 5, 70)]  # over the end of a year, with gaps
RNG = np.random.default_rng(4)
MOVED = RNG.normal(0, 0.02, (5, 3)).round(5)  # east, north, up in metres
SIGMA = RNG.uniform(0.001, 0.003, (5, 3)).round(5)
CORR = RNG.uniform(-0.3, 0.3, (5, 3)).round(3)  # east-north, east-up, north-up
J2000 = datetime(2000, 1, 1, 12)


def year(day: date) -> float:
    return day.year + (day.timetuple().tm_yday - 0.5) / 365.25


def sideshow(path):
    rows = []
    for day, moved, sigma, corr in zip(DAYS, MOVED, SIGMA, CORR, strict=True):
        noon = datetime(day.year, day.month, day.day, 12)
        seconds = (noon - J2000).total_seconds()
        numbers = " ".join(f"{v:.6f}" for v in (year(day), *moved, *sigma, *corr))
        rows.append(f"{numbers} {seconds:.0f} {day.year} {day.month} {day.day} 12 0 0\n")
    path.write_text("".join(rows))
    return path


def eseses(path, correlations=True):
    rows = [
        "# Station: ahup\n",
        "# Latitude: 19.3791\n",
        "# East Longitude: 204.7345\n",
        "# dec_yr yyyy doy N E U ...\n",
    ]
    for day, (e, n, u), (se, sn, su), (en, eu, nu) in zip(DAYS, MOVED * 1e3, SIGMA * 1e3, CORR, strict=True):
        more = f" {en:.3f} {nu:.3f} {eu:.3f} 1.0" if correlations else ""
        doy = day.timetuple().tm_yday
        rows.append(
            f"{year(day):.4f} {day.year} {doy} {n:.4f} {e:.4f} {u:.4f} {sn:.4f} {se:.4f} {su:.4f}{more}\n"
        )
    path.write_text("".join(rows))
    return path


def generic(path):
    rows = [
        f"{day:%Y%m%d} " + " ".join(f"{v:.6f}" for v in (*moved, *sigma)) + "\n"
        for day, moved, sigma in zip(DAYS, MOVED, SIGMA, strict=True)
    ]
    path.write_text("".join(rows))
    return path


def theirs(name, site, folder):
    gnss = pytest.importorskip("mintpy.objects.gnss")
    reader = getattr(gnss, f"GNSS_{name}")(site, data_dir=str(folder))
    if name == "ESESES":
        reader.file = reader.file.removesuffix(".Z")
    return reader.read_displacement("20190101", "20210101", print_msg=False)


@pytest.mark.parametrize(
    ("name", "file", "write", "read", "late"),
    [
        ("SIDESHOW", "AHUP.series", sideshow, read_sideshow, 0),
        (
            "ESESES",
            "ahupCleanTrend.neu",
            eseses,
            read_eseses,
            1,
        ),  # MintPy takes day 1 of the year for 2 January
        ("GENERIC", "AHUP.txt", generic, read_generic, 0),
    ],
)
def test_series_are_those_of_mintpys_own_reader(tmp_path, name, file, write, read, late):  # noqa: PLR0917
    data = read(write(tmp_path / file))
    days = data["time"].values.astype("datetime64[D]")
    assert list(days.astype(object)) == DAYS
    columns = [*MOVED.T, *SIGMA.T]
    if name != "GENERIC":  # MintPy 1.6.4 fails on the dates of its own format
        dates, *columns = theirs(name, "AHUP", tmp_path)
        assert [d.date() for d in dates] == [day + timedelta(days=late) for day in DAYS]
    names = ("east", "north", "up", "sigma_east", "sigma_north", "sigma_up")
    for column, values in zip(names, columns, strict=True):
        assert data[column].values == pytest.approx(np.asarray(values, float), abs=1e-6)
    for i, pair in enumerate(("en", "eu", "nu")):
        assert data[f"corr_{pair}"].values == pytest.approx(
            0 * CORR[:, i] if name == "GENERIC" else CORR[:, i]
        )


def test_they_are_stations_of_ones_own(tmp_path):
    with zipfile.ZipFile(tmp_path / "ahupCleanTrend.neu.Z", "w") as archive:
        archive.write(eseses(tmp_path / "ahupCleanTrend.neu", correlations=False), "ahupCleanTrend.neu")
    station = station_from_file(tmp_path / "ahupCleanTrend.neu.Z")
    assert (station.name, station.lat, station.solutions) == ("AHUP", 19.3791, 5)
    assert station.lon == pytest.approx(204.7345 - 360)
    assert (station.begin, station.end) == (DAYS[0], DAYS[-1])
    assert read_own(station)["east"].values == pytest.approx(MOVED[:, 0])
    roof = station_from_file(sideshow(tmp_path / "ROOF.series"), lon=-155.0, lat=19.0)
    assert (roof.name, roof.lon) == ("ROOF", -155.0)
    with pytest.raises(GnssError, match=r"ROOF\.series does not say where its station is"):
        station_from_file(tmp_path / "ROOF.series")


def test_what_cannot_be_read_is_said_with_the_remedy(tmp_path):
    old = tmp_path / "ahupCleanTrend.neu.Z"
    old.write_bytes(b"\x1f\x9d\x90 compress")
    with pytest.raises(GnssError, match="unpack it with `uncompress`"):
        station_from_file(old)
    page = tmp_path / "AHUP.series"
    page.write_text("<html>not found</html>\n")
    with pytest.raises(GnssError, match="holds something else than numbers"):
        read_sideshow(page)
    page.write_text("2019.5 0.1 0.2\n")
    with pytest.raises(GnssError, match="3 columns where its format has 17"):
        read_sideshow(page)
