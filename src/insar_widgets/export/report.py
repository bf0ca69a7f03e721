"""One page for a colleague, and what it takes to do it again."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np

from insar_widgets.errors import ExportError, GnssError, ResultsError
from insar_widgets.export import _report_html as html
from insar_widgets.export._bundle import script, write_bundle
from insar_widgets.export._fig_base import Wish
from insar_widgets.export._job import Job, Progress, whole_file
from insar_widgets.export._record import Record, read_record
from insar_widgets.export._values import SIGN, Mask, Masked, factor, software
from insar_widgets.export.figures import FIGURES, draw_figure, gnss_mask, with_places
from insar_widgets.export.gnss import export_gnss_figure
from insar_widgets.results import Results

__all__ = ["export_report"]

_DPI = 130
_FIGURES = ("velocity", "velocity_std", "temporal_coherence", "spatial_coherence", "network", "coherence_matrix",
            "coherence_history", "residual_rms", "epochs", "series", "transect", "gnss")  # fmt: skip
_NARROW = {"velocity_std", "temporal_coherence", "spatial_coherence", "coherence_matrix", "coherence_history",
           "residual_rms"}  # fmt: skip
_MINUS = str.maketrans("-", "−")


def export_report(
    results: Results,
    out: str | Path,
    *,
    title: str | None = None,
    words: str = "",
    units: str = "mm",
    mask: Mask | Literal["reliable"] = "reliable",
    points: Sequence[Mapping[str, Any]] | None = None,
    transect: Sequence[Sequence[float]] | None = None,
    comparison: Any = None,
    bundle: bool = True,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    notes: list[str] | None = None,
) -> list[Path]:
    """Write ``report.html``, one page that needs nothing besides itself, and a folder ``reproduce``.

    The page has the stack, the network, what the template sets, the steps with their durations, quality, velocity,
    series, GNSS, versions, and how to do it again. The folder has the template with the reference pixel pinned, a
    manifest of inputs and results with checksums, the versions of all packages, and the calls as a script and as a
    notebook.

    Parameters
    ----------
    results
        Opened results.
    out
        Folder, or the name of the page with ``.html``; the folder ``reproduce`` lies beside it.
    title, words
        Heading of the page and a paragraph below it.
    units, mask, points, transect
        See `export_figures`.
    comparison
        A `Comparison` of `compare_gnss`, for the table of stations and their figure.
    bundle
        Whether to write the folder.
    on_progress, cancelled, notes
        See `export_displacement`.

    Returns
    -------
    list of Path
        The page first.

    Raises
    ------
    ExportError
        A parameter is not possible, or a file could not be written.
    CancelledError
        If `cancelled` was set.
    """
    job = Job(on_progress, cancelled, total=len(_FIGURES) + 2)
    if notes is not None:
        job.notes = notes
    factor(units)
    target = Path(out)
    if target.suffix.lower() not in {".html", ".htm"}:
        target = target / "report.html"
    if mask == "reliable":
        mask = "maskTempCoh" if "maskTempCoh" in results.layers else None
    Masked(results, mask)
    record = read_record(results)
    said: list[str] = list(record.notes)
    wish = Wish(
        units=units, mask=mask, dpi=_DPI, points=tuple(dict(p) for p in points or ()), comparison=comparison,
        transect=tuple((float(v[0]), float(v[1])) for v in transect or ()), notes=said,
    )  # fmt: skip
    pictures = _pictures(results, with_places(results, wish, _FIGURES), job)
    job.step(1, "text")
    content = _page(
        results,
        record,
        pictures,
        wish=wish,
        words=words,
        title=title or f"InSAR time series: {results.work_dir.name}",
    )
    with whole_file(target) as temporary:
        temporary.write_text(content, encoding="utf-8")
    paths = [target]
    if bundle:
        paths += write_bundle(results, record, target.parent / "reproduce", job)
    job.step(1, target.name)
    job.notes += [note for note in said if note not in job.notes]
    return paths


def _pictures(results: Results, wish: Wish, job: Job) -> dict[str, list[tuple[bytes, str]]]:
    """PNG and title of each figure; one that cannot be drawn is left out and noted."""
    found: dict[str, list[tuple[bytes, str]]] = {}
    for name in _FIGURES:
        narrow = name in _NARROW
        try:
            if name == "gnss" and wish.comparison is not None:
                found[name] = [(_gnss_picture(results, wish), FIGURES[name])]
            drawn = draw_figure(results, name, replace(wish, width=110.0) if narrow else wish)
        except (ResultsError, ExportError, GnssError) as error:
            wish.notes.append(f"No figure of the {FIGURES[name]}: {error}")
            drawn = []
        for one in drawn:
            content = BytesIO()
            one.figure.savefig(content, format="png", dpi=_DPI)
            found.setdefault(name, []).append((content.getvalue(), one.title))
        job.step(1, FIGURES[name])
    return found


def _gnss_picture(results: Results, wish: Wish) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = export_gnss_figure(
            results, wish.comparison, Path(folder) / "gnss.png", dpi=_DPI, **gnss_mask(wish)
        )
        return path.read_bytes()


def _page(
    results: Results,
    record: Record,
    pictures: Mapping[str, list[tuple[bytes, str]]],
    *,
    wish: Wish,
    title: str,
    words: str,
) -> str:
    def show(name: str) -> str:
        return "".join(html.picture(content, alt) for content, alt in pictures.get(name, ()))

    summary = results.summary()
    sections = [
        ("Velocity", html.text(
            f"Velocity in {SIGN}: red moves away from the satellite, blue towards it. Where there is no reliable value "
            "the relief is grey."
        ) + show("velocity")),
        ("Stack", html.facts([*summary.table(), *_sensor(results)]) + _findings(results)),
        ("Network", show("network") + html.pair(show("coherence_matrix"), show("coherence_history"))),
        ("Quality", html.facts(_quality(results, wish)) + html.pair(
            show("temporal_coherence"), show("spatial_coherence"), show("velocity_std"), show("residual_rms"))),
        ("Displacement", show("epochs") + show("series") + show("transect")),
    ]  # fmt: skip
    if wish.comparison is not None:
        sections.append(("GNSS", _stations(wish) + show("gnss")))
    sections += [
        ("Template", _template(record)),
        ("Steps", _steps(record)),
        ("How to do it again", _again(results, record)),
        ("Versions", html.facts(sorted(record.versions.items()))),
    ]
    if wish.notes:
        items = html.table((), [(note,) for note in dict.fromkeys(wish.notes)])
        sections.append(("Notes", html.text("What was chosen, substituted or left out.") + items))
    span = f"{_iso(results.dates[0])} to {_iso(results.dates[-1])}" if results.dates else "no series yet"
    subtitle = words or f"{len(results.dates)} dates, {span}; made by {software()}."
    foot = f"{software()}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Displacement and velocity are in {SIGN}."
    return html.page(title, subtitle, _key(results, wish), sections, foot)


def _key(results: Results, wish: Wish) -> list[tuple[str, str]]:
    summary = results.summary()
    found = [("dates", str(len(results.dates)))]
    if summary.pairs_total is not None:
        found.append(("interferograms used", f"{summary.pairs_kept} of {summary.pairs_total}"))
    if summary.velocity_min is not None and summary.velocity_max is not None:
        scale = factor(wish.units)
        low, high = (
            f"{v * scale:+.0f}".translate(_MINUS) for v in (summary.velocity_min, summary.velocity_max)
        )
        found.append((f"LOS velocity, least and largest, {wish.units}/year", f"{low} to {high}"))
    if summary.reliable_pixels is not None:
        found.append(("reliable pixels", f"{summary.reliable_pixels / summary.total_pixels:.0%}"))
    return found


def _sensor(results: Results) -> list[tuple[str, str]]:
    meta = results.metadata
    named = [("Satellite", "PLATFORM"), ("Orbit", "ORBIT_DIRECTION"), ("Relative orbit", "relative_orbit"),
             ("Processor", "PROCESSOR"), ("Unwrapping", "unwrap_method")]  # fmt: skip
    found = [(name, str(meta[key]).lower() if key == "ORBIT_DIRECTION" else str(meta[key])) for name, key in named
             if meta.get(key)]  # fmt: skip
    if meta.get("WAVELENGTH"):
        found.append(("Wavelength", f"{float(meta['WAVELENGTH']) * 100:.2f} cm"))
    return found


def _findings(results: Results) -> str:
    rows = [(name, why) for name, why in results.missing.items()]
    rows += [("", note) for note in results.notes]
    return html.table(("Missing", "Why"), rows) if rows else ""


def _quality(results: Results, wish: Wish) -> list[tuple[str, str]]:
    rows = []
    scale = factor(wish.units)
    reliable = results["maskTempCoh"].values.astype(bool) if "maskTempCoh" in results.layers else None
    for layer, name, unit, times in (
        ("temporalCoherence", "Temporal coherence, median of the reliable pixels", "", 1.0),
        ("avgSpatialCoh", "Average spatial coherence, median of the reliable pixels", "", 1.0),
        (
            "velocityStd",
            "Standard deviation of velocity, median of the reliable pixels",
            f" {wish.units}/year",
            scale,
        ),
    ):
        if layer in results.layers:
            values = results[layer].values
            good = np.isfinite(values) if reliable is None else np.isfinite(values) & reliable
            if good.any():
                rows.append((name, f"{float(np.median(values[good])) * times:.2f}{unit}"))
    rms = results.residual_rms
    if rms is not None:
        worst = int(np.nanargmax(rms.values))
        day = str(rms["date"].values[worst].astype("datetime64[D]"))
        rows.append(("Residual of a date, median", f"{float(np.median(rms)) * scale:.1f} {wish.units}"))
        rows.append(("Residual of a date, largest", f"{float(rms[worst]) * scale:.1f} {wish.units} on {day}"))
    return rows


def _stations(wish: Wish) -> str:
    comparison, scale = wish.comparison, factor(wish.units)

    def number(value: Any, digits: int = 1, times: float = scale) -> str:
        return f"{float(value) * times:.{digits}f}".translate(_MINUS) if np.isfinite(float(value)) else "–"

    rows = []
    for name, row in comparison.table.iterrows():
        rows.append((
            f"{name}{' (reference)' if row['is_reference'] else ''}", str(int(row["epochs"])),
            f"{number(row['gnss_velocity'])} ± {number(row['gnss_velocity_std'])}",
            f"{number(row['insar_velocity'])} ± {number(row['insar_velocity_std'])}",
            f"{number(row['velocity_difference'])} ± {number(row['velocity_difference_std'])}",
            number(row["rmse"]), number(row["correlation"], 2, 1.0),
        ))  # fmt: skip
    head = ("Station", "Epochs", f"GNSS ({wish.units}/yr)", f"InSAR ({wish.units}/yr)", f"Difference ({wish.units}/yr)",
            f"RMSE ({wish.units})", "Correlation")  # fmt: skip
    relative = f"station {comparison.reference}" if comparison.reference else "the InSAR reference point"
    content = html.text(f"In line of sight, relative to {relative}; ± is one standard deviation.")
    content += html.table(head, rows, numbers=frozenset(range(1, 7)))
    if comparison.rejected:
        content += html.table(("Not compared", "Why"), list(comparison.rejected.items()))
    wish.notes.extend(comparison.notes)
    return content


def _template(record: Record) -> str:
    rows = []
    for key, value in sorted(record.options.items()):
        shown = Path(value).name if key.startswith("mintpy.load.") and "/" in value else value
        default = record.defaults.get(key, "")
        if shown != default:
            rows.append((key, shown, default or "not set", record.meanings.get(key, "")))
    if not rows:
        return html.text("Every option has MintPy's default.")
    words = "Options other than MintPy's default; of paths only the last part is shown."
    return html.text(words) + html.table(("Option", "Value", "Default", "Meaning"), rows)


def _steps(record: Record) -> str:
    if not record.steps:
        return html.text("How the steps went is not recorded.")
    rows = []
    for step in record.steps:
        time = (
            ""
            if step.seconds is None
            else f"{step.seconds:.0f} s"
            if step.seconds < 600
            else f"{step.seconds / 60:.0f} min"
        )
        rows.append((step.name, step.state, time, step.reason or ", ".join(step.outputs)))
    total = sum(step.seconds or 0 for step in record.steps)
    return html.states(rows) + html.text(f"{total:.0f} s in all.")


def _again(results: Results, record: Record) -> str:
    words = (
        "The folder reproduce beside this page holds template.txt (with the reference pixel pinned), manifest.json "
        "(products, interferograms, checksums of the results), environment.txt, and this script, also as a notebook:"
    )
    return html.text(words) + html.code(script(results, record))


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
