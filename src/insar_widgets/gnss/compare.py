"""GNSS and InSAR time series in line of sight, relative to the same reference, at the same epochs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from insar_widgets.errors import GnssError, ResultsError
from insar_widgets.gnss._epochs import Mended, Method, at_epochs, without_steps
from insar_widgets.gnss._gather import Findings, gather_positions, gather_steps
from insar_widgets.gnss._pairing import COLUMNS, LEAST_EPOCHS, Track, pair, row
from insar_widgets.gnss.los import project_to_los
from insar_widgets.gnss.stations import Station
from insar_widgets.gnss.steps import StationStep
from insar_widgets.gnss.tenv3 import without_outliers
from insar_widgets.results import Results, sample_point

__all__ = ["Comparison", "Regression", "compare_gnss"]


@dataclass(frozen=True)
class Regression:
    """InSAR against GNSS velocity over all stations, ordinary least squares.

    Attributes
    ----------
    slope, intercept : of insar = slope * gnss + intercept; the intercept in m/yr.
    correlation : Pearson's.
    rmse, bias : root mean square and mean of InSAR minus GNSS, m/yr.
    stations : how many.
    """

    slope: float
    intercept: float
    correlation: float
    rmse: float
    bias: float
    stations: int


class Comparison:
    """GNSS against InSAR, station by station; `compare_gnss` makes one.

    Attributes
    ----------
    table
        One row a station, by name: ``lon``, ``lat`` (degrees), ``frame``, ``epochs`` (acquisitions with both), and for
        these ``gnss_velocity``, ``insar_velocity``, ``velocity_difference`` (InSAR minus GNSS), each with ``_std``
        (m/yr), ``velocity_difference_95`` (half the width of its 95 % confidence interval, m/yr), ``correlation``,
        ``rmse``, ``bias``, ``scatter`` (root mean square, mean and standard deviation of InSAR minus GNSS, m),
        ``pixels``, ``steps_removed``, ``outliers``, ``is_reference``.
    rejected
        Stations that could not be compared, each with the reason.
    reference
        Name of the reference station, or None for the reference point of the InSAR result.
    notes
        What was substituted, left out or assumed, in words.
    regression
        Over all stations but the reference; None for fewer than three.
    """

    def __init__(
        self,
        series: Mapping[str, xr.Dataset],
        table: pd.DataFrame,
        rejected: Mapping[str, str],
        reference: str | None,
        notes: tuple[str, ...],
    ) -> None:
        self._series = dict(series)
        self.table = table
        self.rejected = dict(rejected)
        self.reference = reference
        self.notes = notes
        self.regression = _regress(table)

    @property
    def names(self) -> tuple[str, ...]:
        """Stations that were compared."""
        return tuple(self._series)

    def series(self, name: str) -> xr.Dataset:
        """Both series of a station, metres in line of sight, towards the satellite, zero at the same date.

        On ``date``: ``gnss`` with ``gnss_std`` and ``gnss_count`` (days), ``insar`` with ``insar_p16`` and
        ``insar_p84``, ``residual`` (InSAR minus GNSS). On ``time``: ``gnss_daily`` with ``sigma_daily``.
        The attribute ``zero_date`` is the date at which both are zero.

        Raises
        ------
        GnssError
            The station was not compared.
        """
        if name not in self._series:
            why = self.rejected.get(name)
            raise GnssError(
                f"{name} was not compared: {why}"
                if why
                else f"There is no station {name} in this comparison."
            )
        return self._series[name].copy()

    def __repr__(self) -> str:
        relative = f"station {self.reference}" if self.reference else "the InSAR reference point"
        return f"<insar_widgets.gnss.Comparison: {len(self.names)} stations relative to {relative}>"


def compare_gnss(
    results: Results,
    stations: Iterable[Station],
    *,
    reference: str | Station | None = None,
    window_days: int = 2,
    radius: float = 0,
    method: Method = "mean",
    name: str | None = None,
    frames: Iterable[str] = ("IGS20", "IGS14"),
    series: Mapping[str, xr.Dataset] | None = None,
    steps: Iterable[StationStep] | None = None,
    outliers: float | None = None,
    on_progress: Callable[[float, str], None] | None = None,
    cancelled: threading.Event | None = None,
) -> Comparison:
    """Compare GNSS with InSAR displacement, in line of sight.

    Parameters
    ----------
    results
        Opened results with a time series and the incidence and azimuth angles.
    stations
        As `find_stations` gives them; unusable ones are passed over with their reason.
    reference
        Station, or its name, to which both are relative; None leaves InSAR relative to its reference point and GNSS in
        its own frame.
    window_days
        Days on both sides of an acquisition that belong to it; acquisitions without one stay gaps.
    radius
        Metres; InSAR is the median of the pixels within, or the pixel that holds the station (0).
    method
        ``"mean"`` of the days within the window, or the ``"nearest"`` of them.
    name
        One of `Results.timeseries_names`; the most corrected one if not given.
    frames
        Reference frames in order of preference; see `fetch_series`.
    series
        Position series by station that are at hand, such as of `read_station_csv`; others are fetched.
    steps
        Steps of the stations; NGL's list if not given. Those of equipment are estimated and taken out of GNSS (the
        ground did not move), earthquakes stay.
    outliers
        Days further from their neighbours than this many standard deviations are left out; None leaves all.
    on_progress, cancelled
        See `fetch_series`.

    Raises
    ------
    GnssError
        The reference station cannot be used, or a parameter is not possible.
    ResultsError
        The results lack a series or the viewing geometry.
    CancelledError
        If `cancelled` was set.

    Notes
    -----
    Both series are zero at the reference date of the results, or where GNSS has none then, at the first date with
    both. Velocities are those of a line through the epochs that have both.

    The uncertainty of their difference comes from the residuals of the very difference about its line: that of station
    minus reference in InSAR minus the same in GNSS. The noise of GNSS, of the atmosphere at both places, of unwrapping
    and of the DEM error is part of it. It is averaged over kinds of noise, white and correlated from date to date by an
    unknown amount, each weighted by its restricted likelihood (Harville, 1974, doi:10.1093/biomet/61.2.383) with
    Student's t for the few dates; what removed steps leave is added. No residual shows an error that is itself a
    constant rate, such as a wrong plate motion, or without a reference station the motion of the InSAR reference point.
    """
    if window_days < 0:
        raise GnssError(f"A window of {window_days} days is not possible; give 0 or more.")
    if method not in {"mean", "nearest"}:
        raise GnssError(f"The method {method!r} is unknown; choose 'mean' or 'nearest'.")
    chosen = list(stations)
    if isinstance(reference, Station):
        chosen += [reference] * all(s.name != reference.name for s in chosen)
        reference = reference.name
    told = Findings({s.name: s.reason for s in chosen if not s.usable}, [], on_progress, cancelled)
    usable = [s for s in chosen if s.usable]
    array = results.timeseries if name is None else results[name]
    geometry = results["incidenceAngle"], results["azimuthAngle"]
    positions = gather_positions(usable, dict(series or {}), tuple(frames), told)
    known_steps = gather_steps(usable, steps, told)
    dates = array["date"].values.astype("datetime64[D]")
    tracks: dict[str, Track] = {}
    for station in usable:
        told.check()
        if station.name not in positions:
            continue
        own = [s for s in known_steps if s.station == station.name]
        try:
            sample = results.series(station.lon, station.lat, radius, name)
            projected, mended, lost = _in_los(station, positions[station.name], geometry, own, outliers)
            if not np.isfinite(sample["displacement"]).any():
                raise GnssError("its pixel has no InSAR series" + ("" if radius else "; a radius may help"))
        except (GnssError, ResultsError) as error:
            told.rejected[station.name] = str(error)
            continue
        sigma = projected["sigma_los"].values
        epochs = at_epochs(
            projected["time"].values, mended.los, sigma, dates, window=window_days, method=method
        )
        tracks[station.name] = Track(station, projected, mended, sample, epochs, lost)
    base = _base(reference, tracks, told)
    _note_frames(tracks, base, told)
    pairs: dict[str, xr.Dataset] = {}
    rows = []
    for key, track in tracks.items():
        both = pair(track, base, dates, results.reference_date)
        if both is None:
            told.rejected[key] = f"fewer than {LEAST_EPOCHS} acquisitions have GNSS within {window_days} days"
            continue
        pairs[key] = both
        rows.append(row(track, both, base))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).set_index("station")
    return Comparison(pairs, table, told.rejected, reference, tuple(told.notes))


def _in_los(
    station: Station,
    positions: xr.Dataset,
    geometry: tuple[xr.DataArray, xr.DataArray],
    steps: list[StationStep],
    outliers: float | None,
) -> tuple[xr.Dataset, Mended, int]:
    """The series in line of sight, the same without steps of equipment, and how many outliers were left out."""
    lost = 0
    if outliers is not None:
        positions, lost = without_outliers(positions, outliers)
    angles = [float(sample_point(layer, station.lon, station.lat)["value"]) for layer in geometry]
    if not np.isfinite(angles).all():
        raise GnssError("its pixel has no viewing geometry")
    projected = project_to_los(positions, angles[0], angles[1])
    equipment = [s.date for s in steps if s.kind == "equipment"]
    quakes = [s.date for s in steps if s.kind == "earthquake"]
    return projected, without_steps(projected, equipment, quakes), lost


def _note_frames(tracks: Mapping[str, Track], base: Track | None, told: Findings) -> None:
    if base is None and tracks:
        told.notes.append(
            "GNSS is in its own reference frame and InSAR relative to its reference point: a motion of the whole "
            "region in that frame is part of the difference. Choose a reference station to remove it."
        )
    used = {str(track.projected.attrs["frame"]) for track in tracks.values()}
    if len(used) > 1:
        told.notes.append(f"The series are in different reference frames ({', '.join(sorted(used))}).")


def _base(wanted: str | None, tracks: Mapping[str, Track], told: Findings) -> Track | None:
    if wanted is None:
        return None
    if wanted not in tracks:
        why = told.rejected.get(wanted, "it is not among the stations")
        raise GnssError(f"{wanted} cannot be the reference station: {why}.")
    return tracks[wanted]


def _regress(table: pd.DataFrame) -> Regression | None:
    used = table.loc[~table["is_reference"].astype(bool), ["gnss_velocity", "insar_velocity"]].dropna()
    if len(used) < 3 or np.ptp(used["gnss_velocity"]) == 0:
        return None
    gnss, insar = used["gnss_velocity"].to_numpy(float), used["insar_velocity"].to_numpy(float)
    line = stats.linregress(gnss, insar)
    apart = insar - gnss
    return Regression(
        slope=float(line.slope),
        intercept=float(line.intercept),
        correlation=float(line.rvalue),
        rmse=float(np.sqrt((apart**2).mean())),
        bias=float(apart.mean()),
        stations=len(used),
    )
