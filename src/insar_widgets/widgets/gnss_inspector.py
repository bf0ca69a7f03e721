"""Compare GNSS stations with InSAR: find, choose, download, look at series, residuals and velocities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from insar_widgets.errors import CancelledError, GnssError, InsarWidgetsError
from insar_widgets.files import write_text
from insar_widgets.gnss import (
    BASE_URL,
    Candidate,
    Comparison,
    Station,
    StationList,
    default_cache_dir,
    find_stations,
    station_from_file,
)
from insar_widgets.gnss.ngl import HOLDINGS
from insar_widgets.results import Results, open_results
from insar_widgets.widgets import _gnss_text as text
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._gnss_answers import Answers
from insar_widgets.widgets._gnss_wire import comparison_payload, station_wire
from insar_widgets.widgets._gnss_work import Compared, Gathered, Settings, compare, gather
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Requests, describe_error
from insar_widgets.widgets.gnss_layer import GnssLayer, check_filter

__all__ = ["GnssInspector"]

_LINKED = ("results", "unit")
_SETTINGS = ("reference", "window_days", "radius", "method", "outliers", "frames")
_LAYER = ("selected", "station", "filter")


class GnssInspector(Widget):
    """GNSS against InSAR time series, in line of sight and relative to the same reference.

    Nothing is downloaded unless it is asked for: by *Find stations* in the widget, `find`, or ``stations=...``.
    Downloads and comparison run on a thread of their own; `wait` waits for them.

    Parameters
    ----------
    data
        A `DisplacementMap`, which is then linked and shows the stations; or `Results`, or the path of a work directory.
    stations
        Stations to begin with, as `find_stations` gives them; those that are `selected` (all usable ones if none are)
        are compared at once.
    base_url, cache_dir
        The service and the folder that keeps its files; see `find_stations`.
    template_path
        Template that *Write to template* changes; by default the one in the work directory.
    root
        Folder that files given by path must lie in, as for Voilà; None allows every folder the kernel may read.
    traits
        Any trait, such as ``reference="P123"`` or ``window_days=3``.

    Raises
    ------
    InsarWidgetsError
        `data` is nothing that can be compared.
    traitlets.TraitError
        A trait does not exist or does not take the value.

    Notes
    -----
    Displacement is in metres along the line of sight, positive towards the satellite; velocity in metres a year; see
    `insar_widgets.compare_gnss` for epochs, reference and uncertainties.

    Examples
    --------
    >>> inspector = GnssInspector()
    >>> inspector.comparison is None
    True
    """

    _bundle = "gnss-inspector"

    results = traitlets.Instance(Results, allow_none=True, help="Work directory that is compared.")
    stations: Any = traitlets.List(traitlets.Instance(Station), help="Stations found, usable or not.")
    selected: Any = traitlets.List(traitlets.Unicode(), help="Names of the stations that are compared.").tag(
        sync=True
    )
    station = traitlets.Unicode(help="Name of the station whose series is drawn.").tag(sync=True)
    reference = traitlets.Unicode(
        help="Station that both are relative to; empty: the InSAR reference point, and GNSS in its own frame."
    ).tag(sync=True)
    window_days = traitlets.Int(2, help="Days on both sides of an acquisition that belong to it.").tag(
        sync=True
    )
    radius = traitlets.Float(0.0, help="Metres within which InSAR is the median; 0: one pixel.").tag(
        sync=True
    )
    method = traitlets.Enum(("mean", "nearest"), "mean", help="Of the days within the window.").tag(sync=True)
    outliers: Any = traitlets.Float(
        None,
        allow_none=True,
        help="Days further off than this many standard deviations are left out; None: none.",
    ).tag(sync=True)
    frames: Any = traitlets.List(
        traitlets.Unicode(),
        ["IGS20", "IGS14"],
        help="Reference frames in order of preference; or a plate, ['NA'].",
    ).tag(sync=True)
    min_solutions = traitlets.Int(50, min=0, help="Least number of daily positions of a station.").tag(
        sync=True
    )
    min_overlap = traitlets.Float(
        0.5, min=0.0, max=1.0, help="Share of the time span that a station must cover."
    ).tag(sync=True)
    filter: Any = traitlets.Dict(help="Which stations are listed and drawn; see `GnssLayer.filter`.").tag(
        sync=True
    )
    marks = traitlets.Enum(("color", "arrows"), "color", help="How stations are drawn on the map.").tag(
        sync=True
    )
    unit = traitlets.Enum(("mm", "cm", "m"), "mm", help="Unit of displacement; and per year.").tag(sync=True)

    read_only = traitlets.Bool(
        False, help="Whether the page can only look: nothing is downloaded, what the cache holds is shown."
    ).tag(sync=True)

    _stations: Any = traitlets.List().tag(sync=True)
    _list: Any = traitlets.Dict(default_value=None, allow_none=True, help="Where the list came from.").tag(
        sync=True
    )
    _progress: Any = traitlets.Dict(default_value=None, allow_none=True, help="fraction, text").tag(sync=True)
    _error: Any = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)
    _stale = traitlets.Bool(False, help="Whether what is chosen was not compared yet.").tag(sync=True)
    _has_map = traitlets.Bool(False, help="Whether a map is linked.").tag(sync=True)
    _has_results = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        data: Any = None,
        *,
        stations: Iterable[Station] | None = None,
        base_url: str = BASE_URL,
        cache_dir: str | Path | None = None,
        template_path: str | Path | None = None,
        root: str | Path | None = None,
        **traits: Any,
    ) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"GnssInspector has no trait {unknown[0]!r}.")
        self._base_url, self._cache_dir = base_url, Path(cache_dir).expanduser() if cache_dir else None
        self._template_path = Path(template_path).expanduser() if template_path else None
        self._folders = Folders(root)
        self._jobs = Jobs(self._tell)
        self._gathered = Gathered()
        self._compared: Compared | None = None
        self._candidates: tuple[Candidate, ...] = ()
        self._links: list[Any] = []
        self._map: Any = None
        self._layer: GnssLayer | None = None
        self._lane = ""
        self._ready = False
        super().__init__(filter=traits.pop("filter", {}))
        self._open(data)
        for name, value in traits.items():
            setattr(self, name, value)
        self._requests = Requests(self, Answers(self, self._folders, self._template_path).handlers())
        self._ready = True
        if stations is not None:
            self._take(stations)
        self._look_at_hand()

    def __repr__(self) -> str:
        count = len(self._compared.comparison.names) if self._compared else 0
        return f"GnssInspector({len(self.stations)} stations, {count} compared)"

    @property
    def layer(self) -> GnssLayer | None:
        """The stations on the map, or None without a map."""
        return self._layer

    @property
    def comparison(self) -> Comparison | None:
        """What `compare_gnss` found; None before."""
        return self._compared.comparison if self._compared else None

    @property
    def table(self) -> pd.DataFrame:
        """One row a station, metres and metres a year; waits for it."""
        return self._now().comparison.table

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Stations that could be the reference, the best first."""
        return self._candidates

    @property
    def code(self) -> str:
        """Plain Python that makes the same numbers without the widget."""
        base = "" if self._base_url == BASE_URL else self._base_url
        return text.code_for(self._results(), self._settings(), base, str(self._cache_dir or ""))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what runs has ended; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def cancel(self) -> None:
        """End what runs; series that are complete stay in the cache."""
        for lane in ("find", "compare"):
            self._jobs.cancel(lane)

    def find(self, *, refresh: bool = False) -> None:
        """Look for stations in the frame, in the background, and compare the usable ones.

        Parameters
        ----------
        refresh
            Ask the service for a new list and new series, whatever the cache holds.
        """
        results = self._results()
        base, cache, solutions, overlap = (
            self._base_url,
            self._cache_dir,
            self.min_solutions,
            self.min_overlap,
        )
        radius, offline = self.radius, self.read_only

        def work(job: Job) -> None:
            job.progress(None, "Looking for stations")
            found = find_stations(
                results, min_solutions=solutions, min_overlap=overlap, base_url=base, cache_dir=cache, radius=radius,
                refresh=refresh and not offline, offline=offline, cancelled=job.cancelled,
            )  # fmt: skip
            own = [s for s in self.stations if s.file is not None]
            job.apply(lambda: self._take(found, own, refresh=refresh))

        self._start("find", work)

    def add_file(self, path: str | Path, *, lon: float | None = None, lat: float | None = None) -> Station:
        """Add a station of one's own from a ``.tenv3`` or CSV file; see `station_from_file`."""
        station = station_from_file(path, lon=lon, lat=lat)
        if station.name in {s.name for s in self.stations}:
            raise GnssError(f"There is a station {station.name} already; give the file another name.")
        with self.hold_trait_notifications():
            self.stations = [*self.stations, station]
            self.selected = [*self.selected, station.name]
        self.station = station.name
        self._update(gathering=True)
        return station

    def use_reference(self, name: str) -> None:
        """Make a station the reference of GNSS, and its place that of the map."""
        station = self._station(name)
        self.reference = name
        if self._map is not None:
            self._map.reference_point = {"lon": station.lon, "lat": station.lat, "radius": self.radius}

    def to_csv(self, path: str | Path, station: str | None = None) -> Path:
        """Write the table of all stations, or both series of one, with what one must know about the numbers."""
        target = Path(path).expanduser()
        write_text(target, text.text_of(self._results(), self._now(), station or ""))
        return target

    def close(self) -> None:
        """Take it and its stations off the page."""
        if "_jobs" not in vars(self):  # its arguments were refused
            return
        self.cancel()
        for link in self._links:
            link.unlink()
        self._links.clear()
        if self._layer is not None:
            self._layer.close()
        super().close()

    # ------------------------------------------------------------------ what it is made of

    def _open(self, data: Any) -> None:
        if isinstance(data, str | Path):
            self.results = open_results(data)
        elif isinstance(data, Results):
            self.results = data
        elif isinstance(data, traitlets.HasTraits) and data.has_trait("results"):
            for name in _LINKED:
                if data.has_trait(name):
                    self._links.append(traitlets.link((data, name), (self, name)))
            if data.has_trait("center") and data.has_trait("reference_point"):
                self._map, self._has_map = data, True
                self._layer = GnssLayer(data)
                for name in _LAYER:
                    self._links.append(traitlets.link((self, name), (self._layer, name)))
                self._links.append(traitlets.link((self, "marks"), (self._layer, "mode")))
        elif data is not None:
            raise InsarWidgetsError(
                f"{type(data).__name__} holds no results; give a DisplacementMap, Results or a work directory."
            )

    @traitlets.validate("filter")
    def _valid_filter(self, proposal: Any) -> Any:
        return check_filter(proposal["value"])

    @traitlets.validate("window_days")
    def _valid_window(self, proposal: Any) -> Any:
        return self._within(proposal, 0, 60, "days")

    @traitlets.validate("radius")
    def _valid_radius(self, proposal: Any) -> Any:
        return self._within(proposal, 0, 50_000, "metres")

    @staticmethod
    def _within(proposal: Any, low: float, high: float, unit: str) -> Any:
        if not low <= proposal["value"] <= high:
            name = proposal["trait"].name
            raise traitlets.TraitError(f"`{name}` is {low} to {high} {unit}, not {proposal['value']}.")
        return proposal["value"]

    @traitlets.validate("frames")
    def _valid_frames(self, proposal: Any) -> Any:
        if not proposal["value"]:
            raise traitlets.TraitError("Give at least one reference frame, such as IGS20.")
        return [frame.strip().upper() for frame in proposal["value"]]

    @traitlets.validate("selected")
    def _valid_selected(self, proposal: Any) -> Any:
        usable = {s.name for s in self.stations if s.usable}
        return [name for name in proposal["value"] if name in usable] if self.stations else proposal["value"]

    @traitlets.observe("read_only")
    def _look_at_hand(self, _change: Any = None) -> None:
        """Show what an earlier search left: a visitor can't ask for it."""
        if self.read_only and self._ready and self.results is not None and not self.stations:
            folder = self._cache_dir or default_cache_dir()
            if (folder / Path(HOLDINGS).name).is_file():
                self.find()

    @traitlets.observe("results")
    def _results_changed(self, change: Any) -> None:
        self._has_results = change["new"] is not None
        if not self._ready:
            return
        self._error = None
        if self.stations and change["old"] is not None and change["new"] is not None:
            same = change["old"].work_dir == change["new"].work_dir
            if same:
                self._update(gathering=False)
            else:
                self.stations, self.selected, self._list = [], [], None
                self._show(None)
        self._look_at_hand()

    @traitlets.observe("stations")
    def _stations_changed(self, _change: Any) -> None:
        self._stations = [station_wire(station) for station in self.stations]
        if self._layer is not None:
            self._layer.stations = self.stations

    @traitlets.observe(*_SETTINGS)
    def _setting_changed(self, change: Any) -> None:
        if self._ready and self.stations and self._compared is not None:
            missing = self.reference not in {"", *self._gathered.positions}
            self._update(gathering=missing or change["name"] == "frames")

    @traitlets.observe("selected")
    def _selected_changed(self, _change: Any) -> None:
        if not self._ready or not self.stations:
            return
        # At hand: shown at once. Else the user is asked first, for that is a download.
        at_hand = {*self._gathered.positions, *self._gathered.problems}
        if self._compared is not None and set(self.selected) <= at_hand:
            self._update(gathering=False)
        else:
            self._stale = True

    def _take(self, found: Iterable[Station], own: Iterable[Station] = (), *, refresh: bool = False) -> None:
        listed = [*own, *found]
        usable = [s.name for s in listed if s.usable]
        kept = [name for name in self.selected if name in usable]
        with self.hold_trait_notifications():
            self.stations = listed
            self.selected = kept or usable
            if self.reference not in usable:
                self.reference = ""
        if isinstance(found, StationList):
            self._list = {
                "age": found.age_days, "problem": found.problem, "skipped": found.skipped, "total": found.total,
            }  # fmt: skip
        self._compared = None
        self._update(gathering=True, refresh=refresh)

    # ------------------------------------------------------------------ work

    def _settings(self) -> Settings:
        return Settings(
            tuple(self.selected), self.reference, self.window_days, self.radius, self.method, self.outliers,
            tuple(self.frames),
        )  # fmt: skip

    def _start(self, lane: str, work: Callable[[Job], None]) -> None:
        def guarded(job: Job) -> None:
            try:
                work(job)
            except CancelledError:
                job.apply(self._cancelled)
            except Exception as error:  # shown in the widget, which nobody waits for
                self.log.debug("GnssInspector: %s failed", lane, exc_info=True)
                words = describe_error(error)
                job.apply(lambda: self.set_trait("_error", words))
            finally:
                job.apply(lambda: self._ended(lane))

        self._error = None
        self._lane = lane
        self._jobs.start(lane, guarded, ("compare",) if lane == "find" else ())

    def _ended(self, lane: str) -> None:
        if self._lane == lane:  # else another piece of work has begun, and tells of itself
            self._progress = None

    def _cancelled(self) -> None:
        self._stale = True

    def _tell(self, fraction: float | None, words: str) -> None:
        self._progress = {"fraction": fraction, "text": words}

    def _update(self, *, gathering: bool, refresh: bool = False) -> None:
        """Compare anew in the background; what was asked before that is dropped."""
        if not self._ready or self.results is None:
            return
        results, settings, offline = self._results(), self._settings(), self.read_only
        # The reference takes part whether it is chosen or not
        names = {*settings.names, *([settings.reference] if settings.reference else [])}
        chosen = [s for s in self.stations if s.name in names]
        others = [s for s in self.stations if not s.usable]

        def work(job: Job) -> None:
            known = self._gathered
            if gathering or known.frames != settings.frames:
                known = gather(
                    chosen,
                    known,
                    settings.frames,
                    job.progress,
                    job.cancelled,
                    refresh=refresh,
                    offline=offline,
                )
                if not job.apply(lambda: setattr(self, "_gathered", known)):
                    return
            found = compare(
                results, [*chosen, *others], known, settings, progress=job.progress, cancelled=job.cancelled
            )
            job.apply(lambda: self._show(found))

        self._stale = False
        self._start("compare", work)

    def _show(self, found: Compared | None) -> None:
        self._compared = found
        if found is not None:
            if found.candidates:
                self._candidates = found.candidates
            names = found.comparison.names
            if names and self.station not in names:
                self.station = next((n for n in names if n != found.comparison.reference), names[0])
        if self._layer is not None:
            self._layer.velocities = dict(found.velocities) if found else {}
            self._layer.comparison = found.comparison if found else None
        self.send({"push": "comparison", "payload": self._payload()})

    def _payload(self) -> dict[str, Any] | None:
        if self._compared is None:
            return None
        return comparison_payload(self._compared, self._candidates, self._results())

    def _results(self) -> Results:
        if self.results is None:
            raise GnssError("There are no results to compare with; open a work directory first.")
        return self.results

    def _now(self) -> Compared:
        self.wait()
        if self._compared is None:
            raise GnssError(
                (self._error or {}).get("message", "No station was compared yet: find stations first.")
            )
        return self._compared

    def _station(self, name: str) -> Station:
        known: list[Station] = self.stations
        for station in known:
            if station.name == name:
                return station
        raise GnssError(f"There is no station {name} in the list.")
