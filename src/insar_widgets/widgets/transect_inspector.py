"""Profiles along a polyline: displacement, velocity, coherence and elevation on one true-to-scale distance axis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipyleaflet
import traitlets
import xarray as xr

from insar_widgets.errors import CancelledError, InsarWidgetsError, ResultsError
from insar_widgets.files import write_text
from insar_widgets.results import Results, open_results
from insar_widgets.widgets import _transect_profiles as view
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._confine import confine_file
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._map_checks import check_line, check_reference
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._transect_compute import Found, Wanted, compute
from insar_widgets.widgets._transect_export import code_for, csv_text, samples_csv
from insar_widgets.widgets._transect_line import ReadLine, line_from_file, line_from_text
from insar_widgets.widgets._transect_map import MapDot, MapLine
from insar_widgets.widgets._transect_menu import LayerMenu

__all__ = ["TransectInspector"]

_LINKED = (
    "results", "layer", "date", "reference_date", "reference_point", "mask_layer", "mask_threshold", "unit", "points",
    "transect", "hover",
)  # fmt: skip
_ASKS = (
    "results", "layer", "date", "reference_date", "reference_point", "mask_layer", "mask_threshold", "transect",
    "profiles", "width", "step", "method",
)  # fmt: skip


class TransectInspector(Widget):
    """Profiles along a line: any layers, dates and files together, with a swath, and elevation below.

    Distances are metres along geodesics of the WGS84 ellipsoid. What is computed is computed beside the kernel's own
    thread, and given up as soon as something newer is asked for.

    Parameters
    ----------
    source
        `Results` or the path of a work directory; a DataArray (y, x) or (date, y, x), a Dataset or a dictionary of
        DataArrays with a grid on a map; or a widget with the same traits, such as `DisplacementMap`, which is then
        followed: its line, layer, date, reference, mask and pointer.
    elevation
        Heights in metres (y, x), on any grid; by default the layer ``height`` of the results.
    map
        An ``ipyleaflet.Map`` to show the line on, and to draw it by clicks; a map given as `source` draws it itself.
    root
        Folder that files given by path on the page must lie in, as for Voilà; None allows every folder the kernel may
        read.
    traits
        Any trait of this class, e.g. ``transect=[[-119.64, 35.1], [-119.6, 34.9]], width=500``.

    Raises
    ------
    InsarWidgetsError
        `source` is nothing a profile can be taken of.
    traitlets.TraitError
        A trait does not exist, or does not take the value.

    Notes
    -----
    The numbers are those of `insar_widgets.results.sample_transect`, less the value at `reference_point` and, for a
    series, less `reference_date`; the mask hides pixels before anything is averaged. `code` is the Python for them.

    Examples
    --------
    >>> import numpy as np, rioxarray, xarray as xr
    >>> grid = {"y": 20 - 0.01 * np.arange(50), "x": -99 + 0.01 * np.arange(60)}
    >>> slope = xr.DataArray(np.arange(3000.0).reshape(50, 60), coords=grid, name="slope").rio.write_crs(4326)
    >>> inspector = TransectInspector(slope, transect=[[-98.9, 19.9], [-98.6, 19.7]])
    >>> inspector.wait()
    True
    >>> round(inspector.length / 1000, 1)
    38.4
    """

    _bundle = "transect-inspector"

    results = traitlets.Instance(Results, allow_none=True, help="Results whose layers can be chosen.")
    layer = traitlets.Unicode(help="Layer of the profiles that follow; that of the map.").tag(sync=True)
    date = traitlets.Unicode(help="Epoch of the profiles that follow, YYYYMMDD.").tag(sync=True)
    reference_date = traitlets.Unicode(help="Epoch that is zero, YYYYMMDD; empty: as in the file.").tag(
        sync=True
    )
    reference_point: Any = traitlets.Dict(
        default_value=None,
        allow_none=True,
        help='{"lon", "lat", "radius"} that is zero; None: as in the file.',
    )
    transect: Any = traitlets.List(help="Polyline [[lon, lat], ...], degrees WGS84; empty for none.").tag(
        sync=True
    )
    points: Any = traitlets.List(
        help='Places {"lon", "lat", "label", "color"}; those on the line are marked.'
    )
    profiles: Any = traitlets.List(
        help='What is shown: {"layer", "date", "label", "color"}; an empty layer or date follows `layer`, `date`.'
    ).tag(sync=True)
    width = traitlets.Float(
        0.0, min=0.0, max=200_000.0, help="Width of the swath in metres; 0 for none."
    ).tag(sync=True)
    step = traitlets.Float(0.0, min=0.0, help="Metres between samples; 0 is one pixel.").tag(sync=True)
    method = traitlets.Enum(
        ("nearest", "bilinear"), default_value="nearest", help="How values on the line are taken."
    ).tag(sync=True)
    unit = traitlets.Enum(("mm", "cm", "m"), default_value="mm", help="Unit of displacement and rates.").tag(
        sync=True
    )
    mask_layer = traitlets.Unicode(help="Layer that hides pixels; empty for none.").tag(sync=True)
    mask_threshold = traitlets.Float(0.7, help="Least value of the mask layer.").tag(sync=True)
    cursor: Any = traitlets.Float(
        None, allow_none=True, help="Metres along the line that are pointed at, here or on the map."
    ).tag(sync=True)
    hover: Any = traitlets.Dict(
        default_value=None, allow_none=True, help="Under the pointer: lon, lat, value, unit; None without."
    )

    _layers: Any = traitlets.List(help="What can be chosen.").tag(sync=True)
    _status = traitlets.Dict({"state": "empty"}, help="empty, working, ready or failed, and why.").tag(
        sync=True
    )
    _revision = traitlets.Int(0, help="Grows with each result.").tag(sync=True)
    _follows = traitlets.Bool(False, help="Whether a map tells layer and date.").tag(sync=True)
    _can_draw = traitlets.Bool(False, help="Whether clicks on a map can draw the line.").tag(sync=True)
    _drawing = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        source: Any = None,
        *,
        elevation: xr.DataArray | None = None,
        map: ipyleaflet.Map | None = None,
        root: str | Path | None = None,
        **traits: Any,
    ) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"TransectInspector has no trait {unknown[0]!r}.")
        self._folders = Folders(root)
        self._menu = LayerMenu(elevation)
        self._found: tuple[Wanted, Found] | None = None
        self._dot: MapDot | None = None
        self._line: MapLine | None = None
        self._pointing = False
        self._links: list[traitlets.link] = []
        self._jobs = Jobs(lambda _fraction, _text: None)
        super().__init__()
        self._requests = Requests(
            self,
            {
                "data": lambda _request: self._data(),
                "csv": lambda request: self.csv(samples=bool(request.payload)),
                "code": lambda _request: self.code(),
                "line": self._take_line,
                "reverse": lambda _request: self.reverse(),
                "clear": lambda _request: self.clear(),
                "add": lambda request: self.add(request.payload["layer"], request.payload["date"]),
                "change": self._change_profile,
                "remove": lambda request: self.remove(str(request.payload)),
                "file": self._add_named,
            },
            limit=4,
        )
        self._take(source)
        if map is not None:
            self._line = MapLine(map, lambda vertices: self.set_trait("transect", vertices))
            self._dot, self._can_draw = MapDot(map), True
        for name, value in traits.items():
            setattr(self, name, value)
        if not self.profiles:
            self.profiles = self._menu.first_profiles()
        self.observe(self._ask, list(_ASKS))
        self.observe(self._show_again, ["unit", "points"])
        self._ask()

    def __repr__(self) -> str:
        return f"TransectInspector({len(self.transect)} vertices, {len(self.profiles)} profiles)"

    # ------------------------------------------------------------------ what is shown

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers that a profile can show."""
        return list(self._menu.layers)

    @property
    def length(self) -> float:
        """Length of the line in metres on the ellipsoid; NaN without a line."""
        return self._found[1].length if self._found else float("nan")

    @property
    def azimuth(self) -> float:
        """Direction from the first to the last vertex, degrees clockwise from north; NaN without a line."""
        return self._found[1].azimuth if self._found else float("nan")

    @property
    def data(self) -> dict[str, xr.Dataset]:
        """What was sampled for each profile (by its id), as `sample_transect` returns it, relative to the reference."""
        found = self._result()[1]
        return {p.id: p.data for p in found.profiles if p.data is not None}

    def csv(self, path: str | Path | None = None, *, samples: bool = False) -> str:
        """The profiles as a table with everything one must know above it; in the unit of `unit`.

        Parameters
        ----------
        path
            File to write it to as well.
        samples
            Every pixel of the swath instead of the statistics along the line.
        """
        wanted, found = self._result()
        text = (samples_csv if samples else csv_text)(self._menu.layers, wanted, found, self.unit)
        if path is not None:
            write_text(Path(path).expanduser(), text)
        return text

    def code(self) -> str:
        """Plain Python that makes the same numbers without any widget."""
        wanted, found = self._result()
        return code_for(self._menu.layers, wanted, found, self._menu.heights)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is computed; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    # ------------------------------------------------------------------ what the user does

    def reverse(self) -> None:
        """Go along the line the other way."""
        self.transect = list(reversed(self.transect))

    def clear(self) -> None:
        """Take the line away."""
        self.transect = []

    def read_line(self, text: str | Path, *, lat_first: bool = False) -> ReadLine:
        """Take the line from a file (GMT lon lat, GeoJSON), or from text of pairs.

        Parameters
        ----------
        text
            Path, or the text itself.
        lat_first
            Whether pairs are lat, lon; GeoJSON never is.
        """
        short = isinstance(text, str) and "\n" not in text and len(text) < 1000
        is_file = isinstance(text, Path) or (short and Path(text).expanduser().is_file())
        found = line_from_file(text) if is_file else line_from_text(str(text), lat_first=lat_first)
        self.transect = found.vertices
        return found

    def add(self, layer: str = "", date: str = "", *, label: str = "", color: str = "") -> str:
        """Show another profile and tell its id; an empty layer or date follows `layer` and `date`."""
        self.profiles = [*self.profiles, {"layer": layer, "date": date, "label": label, "color": color}]
        return str(self.profiles[-1]["id"])

    def remove(self, profile: str) -> None:
        """Take a profile away."""
        self.profiles = [p for p in self.profiles if p["id"] != profile]

    def add_file(self, path: str | Path) -> list[str]:
        """Offer the layers of another work directory, MintPy file, GeoTIFF or NetCDF; a single one is shown at once.

        Raises
        ------
        ResultsError
            There is nothing that lies on a map grid.
        """
        found = self._menu.add_file(path)
        self._offer()
        if len(found) == 1:
            self.add(found[0])
        return found

    def close(self) -> None:
        """Take the widget, and what it drew on maps, off the page."""
        if hasattr(self, "_requests"):  # not when the source was refused
            self._requests.cancel_all()
            for link in self._links:
                link.unlink()
            self._links.clear()
            for part in (self._dot, self._line):
                if part is not None:
                    part.remove()
            self._dot = self._line = None
        super().close()

    # ------------------------------------------------------------------ sources

    def _take(self, source: Any) -> None:
        if isinstance(source, str | Path):
            source = open_results(source)
        if isinstance(source, Results):
            self.results = source
        elif isinstance(source, traitlets.HasTraits):
            self._follow(source)
        elif source is not None:
            self._menu.give(source)
        self._offer()
        self.layer = self.layer or self._menu.first()

    def _follow(self, source: traitlets.HasTraits) -> None:
        linked = [name for name in _LINKED if source.has_trait(name)]
        if not {"results", "transect"} & set(linked):
            raise InsarWidgetsError(f"{type(source).__name__} has neither results nor a transect to follow.")
        self._links = [traitlets.link((source, name), (self, name)) for name in linked]
        self._follows = "layer" in linked
        if isinstance(source, ipyleaflet.Map):
            self._dot = MapDot(source)

    @traitlets.observe("results")
    def _results_changed(self, _change: Any) -> None:
        self._menu.use_results(self.results)
        self._offer()

    def _offer(self) -> None:
        self._layers = view.menu_of(self._menu.layers.values())

    # ------------------------------------------------------------------ what traits take

    @traitlets.validate("transect")
    def _valid_line(self, proposal: Any) -> list[list[float]]:
        try:
            return check_line(proposal["value"])
        except (InsarWidgetsError, TypeError) as error:
            raise traitlets.TraitError(str(error)) from error

    @traitlets.validate("reference_point")
    def _valid_reference(self, proposal: Any) -> dict[str, float] | None:
        try:
            return check_reference(proposal["value"])
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error

    @traitlets.validate("profiles")
    def _valid_profiles(self, proposal: Any) -> list[dict[str, str]]:
        try:
            return view.check_profiles(proposal["value"], self._menu.layers)
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error

    # ------------------------------------------------------------------ work

    def _wanted(self) -> Wanted:
        profiles = [self._menu.filled(p, self.layer, self.date, follows=self._follows) for p in self.profiles]
        return Wanted(
            line=tuple((vertex[0], vertex[1]) for vertex in self.transect),
            profiles=tuple(p for p in profiles if p["layer"]),
            width=self.width, step=self.step, method=self.method, reference_point=self.reference_point,
            reference_date=self.reference_date, mask_layer=self.mask_layer, mask_threshold=self.mask_threshold,
        )  # fmt: skip

    def _ask(self, _change: Any = None) -> None:
        """Compute it again; what is being computed is given up."""
        wanted = self._wanted()
        if self._line is not None:
            self._line.show(self.transect)
        if not wanted.line:
            self._jobs.start("profile", lambda job: None)
            self._found = None
            self._set(_status={"state": "empty"}, cursor=None)
            return
        sources, heights = self._menu.layers, self._menu.heights

        def work(job: Job) -> None:
            try:
                if not sources:
                    raise ResultsError("There is nothing to take a profile of yet; open a work directory.")
                elevation = heights.open() if heights is not None else None
                found = compute(sources, wanted, elevation, job.cancelled)
            except CancelledError:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, the user reads it
                words = describe_error(error)

                def fail() -> None:
                    self._found = None
                    self._set(_status={"state": "failed", **words})

                job.apply(fail)
                return

            def show() -> None:
                self._found = (wanted, found)
                self._set(_revision=self._revision + 1, _status={"state": "ready"})

            job.apply(show)

        with self._jobs.lock:
            self._jobs.start("profile", work)
            self._set(_status={"state": "working"})

    def _result(self) -> tuple[Wanted, Found]:
        self._jobs.wait(60)
        if self._found is None:
            words = self._status.get(
                "message", "There is no line yet; draw one on the map, or set `transect`."
            )
            raise ResultsError(words)
        return self._found

    def _show_again(self, _change: Any) -> None:
        if self._found is not None:
            self._set(_revision=self._revision + 1)

    def _data(self) -> Answer:
        with self._jobs.lock:
            found = self._found
            if found is None:
                return Answer({"count": 0})
            return view.answer_of(found[1], found[0], self._menu.layers, self.unit, self.points)

    def _add_named(self, request: Request) -> list[str]:
        path = self._folders.resolve(str(request.payload))
        confine_file(path, self._folders)
        return self.add_file(path)

    def _take_line(self, request: Request) -> dict[str, Any]:
        asked = request.payload
        if asked.get("path"):
            found = line_from_file(str(self._folders.resolve(str(asked["path"]))))
        else:
            name = str(asked.get("name") or "")
            found = line_from_text(str(asked["text"]), lat_first=bool(asked.get("lat_first")), name=name)
        self._choose(transect=found.vertices)
        return {"notes": list(found.notes), "vertices": len(found.vertices)}

    def _change_profile(self, request: Request) -> None:
        asked = dict(request.payload)
        key = str(asked.pop("id"))
        self._choose(profiles=[p | asked if p["id"] == key else p for p in self.profiles])

    def _choose(self, **values: Any) -> None:
        try:
            self._set(**values)
        except traitlets.TraitError as error:
            raise ResultsError(str(error)) from error

    # ------------------------------------------------------------------ pointer

    @traitlets.observe("cursor")
    def _cursor_changed(self, change: Any) -> None:
        found, distance = self._found, change["new"]
        place = view.place_at(found[1], distance) if found is not None and distance is not None else None
        if self._dot is not None:
            self._dot.show(place[:2] if place else None)
        if self._pointing:
            return
        self._pointing = True
        try:
            self.hover = view.hover_at(found[1], place) if found is not None and place else None
        finally:
            self._pointing = False

    @traitlets.observe("hover")
    def _hover_changed(self, change: Any) -> None:
        if self._pointing:
            return
        found = self._found
        self._pointing = True
        try:
            self.cursor = view.cursor_at(found[1], change["new"], self.width) if found is not None else None
        finally:
            self._pointing = False

    @traitlets.observe("_drawing")
    def _drawing_changed(self, change: Any) -> None:
        if self._line is not None:
            self._line.draw(bool(change["new"]))

    def _set(self, **values: Any) -> None:
        with self._jobs.lock, self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)
