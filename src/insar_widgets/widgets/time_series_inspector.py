"""Read displacement over time at places: compare, fit, exclude dates, and take the numbers along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets
import xarray as xr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.files import write_text
from insar_widgets.results import Results, open_results
from insar_widgets.widgets import _map_checks as checks
from insar_widgets.widgets import _series_export as export
from insar_widgets.widgets import _series_model as models
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._series_compute import Found, Wanted, compute
from insar_widgets.widgets._series_points import points_from_csv, points_from_text
from insar_widgets.widgets._series_source import SeriesSource, source_of
from insar_widgets.widgets._series_wire import pack

__all__ = ["TimeSeriesInspector"]

_LINKED = ("results", "points", "date", "reference_date", "reference_point", "layer", "unit")
_ASKED = ("points", "series", "radius", "minus", "reference_point", "reference_date", "model", "exclude")
_FACTORS = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
_LARGEST = 4_000_000


class TimeSeriesInspector(Widget):
    """Displacement over time at any number of points, with a time function fitted to it.

    Sampling and fitting run on a thread of their own; `wait` waits for them. Everything that is chosen in the widget
    is a trait that can be read, set and linked, and everything that is drawn is in `data` and `table`.

    Parameters
    ----------
    data
        A `DisplacementMap` (or any widget with equal traits), which is then linked; `Results` or the path of a work
        directory; or a DataArray or Dataset along date (or time), y (or lat) and x (or lon).
    root
        Folder that files given by path must lie in, as for Voilà; None allows every folder the kernel may read.
    traits
        Any trait, such as ``points=[{"lon": -119.64, "lat": 34.98}]`` or ``model={"poly": 1, "periodic": [1]}``.

    Raises
    ------
    InsarWidgetsError
        There is no time series in `data`.
    traitlets.TraitError
        A trait does not exist or does not take the value.

    Notes
    -----
    Displacement is in metres along the line of sight, positive towards the satellite. Parameters are those of
    `insar_widgets.results.fit_time_function`, which are MintPy's.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> dates = pd.date_range("2020-01-01", periods=4, freq="365D")
    >>> cube = xr.DataArray(np.arange(4.)[:, None, None] * np.full((4, 2, 2), 0.01), dims=("date", "lat", "lon"),
    ...     coords={"date": dates, "lat": [1., 0.], "lon": [0., 1.]}, attrs={"units": "m"})
    >>> inspector = TimeSeriesInspector(cube, points=[{"lon": 0.2, "lat": 0.9}])
    >>> inspector.wait()
    True
    >>> round(float(inspector.table["velocity"][0]), 4)
    0.01
    """

    _bundle = "time-series-inspector"

    points: Any = traitlets.List(
        help='Places: {"id", "lon", "lat", "label", "color"} and, if not drawn, "hidden"; degrees WGS84.'
    ).tag(sync=True)
    date = traitlets.Unicode(help="Epoch marked, YYYYMMDD.").tag(sync=True)
    reference_date = traitlets.Unicode(help="Epoch that is zero, YYYYMMDD; empty: as in the data.").tag(
        sync=True
    )
    reference_point: Any = traitlets.Dict(
        default_value=None,
        allow_none=True,
        help='{"lon", "lat", "radius"}: zero at every date; None: as in the data.',
    ).tag(sync=True)
    layer = traitlets.Unicode(help="Layer of the map; a time series among them is shown here.")
    series: Any = traitlets.List(traitlets.Unicode(), help="Time series shown, of `series_names`.").tag(
        sync=True
    )
    radius = traitlets.Float(0.0, help="Metres within which the median is taken; 0: one pixel.").tag(
        sync=True
    )
    minus = traitlets.Unicode(help="Id of the point that is subtracted from all; empty for none.").tag(
        sync=True
    )
    model: Any = traitlets.Dict(
        help='Time function: {"poly": 0-3, "periodic": [years], "steps": [YYYYMMDD], "exp": {YYYYMMDD: [days]}, "log"}.'
    ).tag(sync=True)
    exclude: Any = traitlets.List(traitlets.Unicode(), help="Dates left out of the fit, YYYYMMDD.").tag(
        sync=True
    )
    events: Any = traitlets.List(help='Labelled lines: {"date", "label"}.').tag(sync=True)
    view = traitlets.Enum(("displacement", "residual"), "displacement", help="What is drawn.").tag(sync=True)
    unit = traitlets.Enum(tuple(_FACTORS), "mm", help="Unit of displacement: mm, cm or m.").tag(sync=True)
    bars = traitlets.Enum(
        ("rms", "fit", "spread", "none"),
        "rms",
        help="Error bars: residual RMS of the date, standard deviation of the residuals, 16-84 % of the pixels, none.",
    ).tag(sync=True)
    follow = traitlets.Bool(True, help="Whether `date` follows the pointer over the chart.").tag(sync=True)
    results = traitlets.Instance(Results, allow_none=True, help="Work directory that is shown.")

    _error: Any = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)
    _dates: Any = traitlets.List(help="Dates of the series, YYYYMMDD.").tag(sync=True)
    _can_zoom = traitlets.Bool(False, help="Whether a map is linked.").tag(sync=True)

    def __init__(self, data: Any = None, *, root: str | Path | None = None, **traits: Any) -> None:
        self._links: list[Any] = []
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"TimeSeriesInspector has no trait {unknown[0]!r}.")
        self._folders = Folders(root)
        self._jobs = Jobs(lambda _fraction, _text: None)
        self._source: SeriesSource | None = None
        self._found: tuple[SeriesSource, Wanted, Found] | None = None
        self._map: Any = None
        self._ready = False
        traits.setdefault("model", {"poly": 1})
        super().__init__()
        if isinstance(data, xr.DataArray | xr.Dataset):
            self._take(source_of(data))
        elif isinstance(data, str | Path):
            self.results = open_results(data)
        elif isinstance(data, Results):
            self.results = data
        elif isinstance(data, traitlets.HasTraits) and data.has_trait("points"):
            self._link(data)
        elif data is not None:
            raise InsarWidgetsError(
                f"{type(data).__name__} holds no time series; give a DisplacementMap, Results, or a DataArray along "
                "date, y and x."
            )
        for name, value in traits.items():
            setattr(self, name, value)
        self._requests = Requests(
            self,
            {
                "data": self._data,
                "add": lambda request: self.add(request.payload["text"]),
                "csv": self._read_csv,
                "steps": self._read_steps,
                "table": self._table_text,
                "code": lambda _request: {"text": self.code},
                "zoom": lambda request: self._zoom(request.payload["id"]),
            },
        )
        self._ready = True
        self._update()

    def __repr__(self) -> str:
        where = self._source.where if self._source else None
        return f"TimeSeriesInspector({where!r}, {len(self.points)} points, {models.model_words(self.model)})"

    @property
    def series_names(self) -> tuple[str, ...]:
        """Names of the series there are, from the raw one to the most corrected one."""
        return tuple(self._source.arrays) if self._source else ()

    @property
    def data(self) -> xr.Dataset:
        """What is drawn: ``displacement``, ``p16``, ``p84``, ``residual`` (line, date), metres; waits for it."""
        return export.dataset_of(*self._now())

    @property
    def table(self) -> pd.DataFrame:
        """Parameters of the fit with their standard deviations, a row for each line, metres and years; waits for it."""
        _source, wanted, found = self._now()
        return export.table_of(wanted, found)

    @property
    def code(self) -> str:
        """Plain Python that makes the same numbers without the widget."""
        source = self._known()
        return export.code_for(source, self._wanted(), self._dates)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the series are sampled and fitted; tells whether they were within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def add(self, text: str) -> dict[str, int]:
        """Add points typed as ``lon, lat`` or ``lon, lat, label``, one a line."""
        return self._append(points_from_text(text))

    def read_points(self, path: str | Path) -> None:
        """Add the points of a CSV file with the columns lon, lat and perhaps label and color."""
        self._append(self._points_of(str(path)))

    def read_steps(self, path: str | Path, station: str = "") -> None:
        """Take steps from an NGL steps file: those of a station within the dates, as steps and as events."""
        dates = self._dates
        if not dates:
            raise InsarWidgetsError("There is no time series yet, so no step can lie within it.")
        found = models.events_from_file(Path(path), station, dates[0], dates[-1])
        with self.hold_trait_notifications():
            days = {event["date"] for event in found}
            self.events = [*(e for e in self.events if e["date"] not in days), *found]
            self.model = self.model | {"steps": [*self.model["steps"], *days]}

    def to_csv(self, path: str | Path) -> Path:
        """Write what is drawn, with everything one must know about it, as a table of text."""
        target = Path(path).expanduser()
        source, wanted, found = self._now()
        text = export.csv_text(source, wanted, found, *self._unit_of(source))
        write_text(target, text)
        return target

    def close(self) -> None:
        """Take it off the page and cut its links."""
        for link in self._links:
            link.unlink()
        self._links.clear()
        super().close()

    # ------------------------------------------------------------------ what it is made of

    def _link(self, other: traitlets.HasTraits) -> None:
        self._map = other if other.has_trait("center") else None
        self._can_zoom = self._map is not None
        invite: Any = getattr(other, "_invite", None)
        if invite is not None:
            invite()
        for name in _LINKED:
            if other.has_trait(name):
                self._links.append(traitlets.link((other, name), (self, name)))

    def _take(self, source: SeriesSource | None) -> None:
        self._source = source
        self._found = None
        dates = [models.day_of(d) for d in source.dates] if source else []
        with self.hold_trait_notifications():
            self._dates = dates
            self.exclude = [day for day in self.exclude if day in dates]
            if self.date not in dates:
                self.date = dates[-1] if dates else ""
            kept = [name for name in self.series if source and name in source.arrays]
            self.series = kept or ([source.first] if source else [])
            if source and source.rms is None and self.bars == "rms":
                self.bars = "fit"

    @traitlets.observe("results")
    def _results_changed(self, change: Any) -> None:
        self._error = None
        try:
            self._take(source_of(change["new"]) if change["new"] is not None else None)
        except InsarWidgetsError as error:
            self._take(None)
            self._error = describe_error(error)
        self._update()

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        if change["new"] in self.series_names and len(self.series) <= 1:
            self.series = [change["new"]]

    @traitlets.validate("points")
    def _valid_points(self, proposal: Any) -> Any:
        return _refused(lambda: checks.check_points(proposal["value"]))

    @traitlets.validate("reference_point")
    def _valid_reference(self, proposal: Any) -> Any:
        return _refused(lambda: checks.check_reference(proposal["value"]))

    @traitlets.validate("model")
    def _valid_model(self, proposal: Any) -> Any:
        return _refused(lambda: models.check_model(proposal["value"]))

    @traitlets.validate("events")
    def _valid_events(self, proposal: Any) -> Any:
        return _refused(lambda: models.check_events(proposal["value"]))

    @traitlets.validate("exclude")
    def _valid_exclude(self, proposal: Any) -> Any:
        days = _refused(lambda: sorted({models.day_of(day) for day in proposal["value"]}))
        unknown = [day for day in days if self._dates and day not in self._dates]
        if unknown:
            raise traitlets.TraitError(
                f"The series has no date {', '.join(unknown)} to exclude; choose among its dates."
            )
        return days

    @traitlets.validate("date", "reference_date")
    def _valid_date(self, proposal: Any) -> Any:
        return proposal["value"].replace("-", "")

    @traitlets.validate("radius")
    def _valid_radius(self, proposal: Any) -> Any:
        if 0 <= proposal["value"] <= 50_000:
            return proposal["value"]
        raise traitlets.TraitError(
            f"A radius of {proposal['value']} m is not possible; give 0 to 50000 metres."
        )

    # ------------------------------------------------------------------ sampling and fitting

    def _wanted(self) -> Wanted:
        known = {point["id"] for point in self.points}
        return Wanted(
            points=tuple(self.points),
            series=tuple(self.series),
            radius=self.radius,
            minus=self.minus if self.minus in known else "",
            reference_point=self.reference_point,
            reference_date=self.reference_date,
            model=self.model,
            exclude=tuple(self.exclude),
        )

    @traitlets.observe(*_ASKED)
    def _asked(self, _change: Any) -> None:
        self._update()

    def _update(self) -> None:
        """Sample and fit anew in the background; what was asked before that is dropped."""
        if not self._ready:
            return
        source = self._source
        if source is None:
            self._found = None
            self._requests.push({"push": "data", "payload": None})
            return
        wanted = self._wanted()

        def work(job: Job) -> None:
            try:
                found = compute(source, wanted)
                payload, buffer = pack(source, wanted, found)
            except Exception as error:  # shown in the widget, which nobody waits for
                self.log.debug("TimeSeriesInspector: sampling failed", exc_info=True)
                message = describe_error(error)
                job.apply(lambda: self.set_trait("_error", message))
                return

            def show() -> None:
                self._found = source, wanted, found
                if self._error is not None:
                    self._error = None
                self._requests.push({"push": "data", "payload": payload}, [buffer])

            job.apply(show)

        self._jobs.start("series", work)

    def _known(self) -> SeriesSource:
        if self._source is None:
            raise InsarWidgetsError(
                "There is no time series; give results, or a DataArray along date, y and x."
            )
        return self._source

    def _now(self) -> tuple[SeriesSource, Wanted, Found]:
        self._known()
        self.wait()
        if self._found is None:
            raise InsarWidgetsError((self._error or {}).get("message", "The series could not be read."))
        return self._found

    def _unit_of(self, source: SeriesSource) -> tuple[str, float]:
        return (self.unit, _FACTORS[self.unit]) if source.units == "m" else (source.units or "1", 1.0)

    # ------------------------------------------------------------------ what the page asks for

    def _data(self, _request: Request) -> Answer:
        if self._source is None:
            return Answer(None)
        payload, buffer = pack(*self._now())
        return Answer(payload, [buffer])

    def _append(self, found: list[dict[str, Any]]) -> dict[str, int]:
        self.points = [*self.points, *found]
        return {"added": len(found)}

    def _points_of(self, path: str) -> list[dict[str, Any]]:
        file = self._folders.resolve(path)
        if not file.is_file():
            raise InsarWidgetsError(f"{file} is no file; give a CSV file with the columns lon and lat.")
        if file.stat().st_size > _LARGEST:
            raise InsarWidgetsError(
                f"{file} has more than {_LARGEST // 10**6} MB, which is no table of points."
            )
        return points_from_csv(file.read_text(encoding="utf-8", errors="replace"), file.name)

    def _read_csv(self, request: Request) -> dict[str, int]:
        asked = request.payload
        if "path" in asked:
            return self._append(self._points_of(asked["path"]))
        return self._append(points_from_csv(asked["text"], asked["name"]))

    def _read_steps(self, request: Request) -> dict[str, int]:
        before = len(self.model["steps"])
        self.read_steps(self._folders.resolve(request.payload["path"]), request.payload.get("station", ""))
        return {"added": len(self.model["steps"]) - before}

    def _table_text(self, _request: Request) -> dict[str, str]:
        source, wanted, found = self._now()
        return {"text": export.csv_text(source, wanted, found, *self._unit_of(source))}

    def _zoom(self, key: str) -> None:
        point = next((p for p in self.points if p["id"] == key), None)
        if point is not None and self._map is not None:
            self._map.center = (point["lat"], point["lon"])
            self._map.zoom = max(float(self._map.zoom), 13.0)


def _refused(check: Callable[[], Any]) -> Any:
    try:
        return check()
    except InsarWidgetsError as error:
        raise traitlets.TraitError(str(error)) from error
