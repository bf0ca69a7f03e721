"""A comparison with GNSS as tables of text, which say what one must know about the numbers."""

from __future__ import annotations

import csv
import io

import pandas as pd

from insar_widgets import __version__
from insar_widgets.gnss import Comparison
from insar_widgets.results import Results
from insar_widgets.widgets._gnss_work import Compared, Settings

__all__ = ["code_for", "series_text", "table_text", "text_of"]

_CITE = "GNSS: Blewitt, Hammond and Kreemer (2018), doi:10.1029/2018EO104623"


def _head(results: Results, comparison: Comparison, settings: Settings) -> list[str]:
    relative = (
        f"station {comparison.reference}"
        if comparison.reference
        else "the InSAR reference point (GNSS: its frame)"
    )
    lines = [
        f"insar_widgets {__version__}: GNSS against InSAR, {results.work_dir}",
        f"series: {results.timeseries.attrs.get('layer', results.timeseries.name)}; relative to {relative}",
        f"GNSS at an acquisition: {settings.method} of the days within {settings.window_days} d; "
        f"InSAR: {f'median within {settings.radius:g} m' if settings.radius else 'the pixel of the station'}",
        "line of sight, positive towards the satellite; difference and residual are InSAR minus GNSS",
        *comparison.notes,
    ]
    regression = comparison.regression
    if regression:
        lines.append(
            f"insar = {regression.slope:.4f} * gnss {regression.intercept:+.6f} m/yr, "
            f"r = {regression.correlation:.3f}, rmse {regression.rmse:.6f} m/yr, "
            f"bias {regression.bias:+.6f} m/yr, {regression.stations} stations"
        )
    lines.append(_CITE)
    return [f"# {' '.join(line.split())}" for line in lines]


def text_of(results: Results, found: Compared, station: str) -> str:
    """The table of all stations, or both series of one."""
    if station:
        return series_text(results, found.comparison, found.settings, station)
    return table_text(results, found.comparison, found.settings)


def table_text(results: Results, comparison: Comparison, settings: Settings) -> str:
    """The statistics of all stations, then those that were not compared with the reason; m and m/yr."""
    head = _head(results, comparison, settings)
    head.append("# units: velocities m/yr, rmse, bias and scatter m, lon and lat degrees WGS84")
    rejected = [
        f"# not compared: {name}: {' '.join(why.split())}" for name, why in comparison.rejected.items()
    ]
    return "\n".join([*head, *rejected, comparison.table.to_csv(lineterminator="\n")])


def series_text(results: Results, comparison: Comparison, settings: Settings, name: str) -> str:
    """Both series of a station at the acquisitions, m."""
    series = comparison.series(name)
    about = series.attrs
    head = _head(results, comparison, settings)
    head.append(
        f"# station {name}, frame {about['frame']}, lon {about['lon']:.6f}, lat {about['lat']:.6f}, incidence "
        f"{about['incidence']:.2f} deg, zero at {about['zero_date']}; {about['sampling']}"
    )
    if about["steps_removed"]:
        head.append(f"# steps of equipment taken out of GNSS: {about['steps_removed']}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ["gnss", "gnss_std", "gnss_count", "insar", "insar_p16", "insar_p84", "residual"]
    writer.writerow(["date", *(name if name == "gnss_count" else f"{name}_m" for name in columns)])
    for i, day in enumerate(series["date"].values):
        numbers = [series[column].values[i] for column in columns]
        writer.writerow(
            [f"{pd.Timestamp(day):%Y-%m-%d}", *("" if pd.isna(v) else f"{v:.6g}" for v in numbers)]
        )
    return "\n".join([*head, text.getvalue()])


def code_for(results: Results, settings: Settings, base: str, cache: str) -> str:
    """Plain Python that makes the same comparison without the widget."""
    more = "".join(f", {key}={value!r}" for key, value in (("base_url", base), ("cache_dir", cache)) if value)
    return (
        "from insar_widgets import compare_gnss, find_stations, open_results\n\n"
        f"results = open_results({str(results.work_dir)!r})\n"
        f"wanted = {list(settings.names)!r}\n"
        f"stations = [s for s in find_stations(results{more}) if s.name in wanted]\n"
        "found = compare_gnss(\n"
        f"    results, stations, reference={settings.reference or None!r}, window_days={settings.window_days},\n"
        f"    radius={settings.radius!r}, method={settings.method!r}, outliers={settings.outliers!r}, "
        f"frames={settings.frames!r},\n"
        ")\n"
        "found.table  # m and m/yr\n"
    )
