"""The map of a MintPy work directory: every layer, date, mask and reference, coloured in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipyleaflet
import traitlets

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.results import Results, open_results
from insar_widgets.widgets import _map_checks as checks
from insar_widgets.widgets import _map_facts as facts
from insar_widgets.widgets import _map_layers as layers
from insar_widgets.widgets import _map_looks as looks
from insar_widgets.widgets._area import check_ring
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._map_answers import Answers
from insar_widgets.widgets._map_display import Display
from insar_widgets.widgets._map_panel import Panel
from insar_widgets.widgets._messages import Requests, describe_error
from insar_widgets.widgets._raster_colormaps import colormap_names
from insar_widgets.widgets._raster_sources import overview
from insar_widgets.widgets.raster_layer import RasterLayer

__all__ = ["DisplacementMap"]

_SHARED = (
    "layer", "reference_date", "points", "transect", "aoi", "reference_point", "mask_layer", "unit", "compare",
)  # fmt: skip
_BASEMAPS = ("hillshade", "satellite", "topographic", "plain")
_AT_ONCE = 3  # requests of the page worked on at a time


class DisplacementMap(ipyleaflet.Map):  # type: ignore[misc]
    """Everything a MintPy work directory holds, on a map.

    An `ipyleaflet.Map`: add layers and controls of your own with `add`. Whatever is chosen, clicked and drawn on it
    can be read, set and linked (`traitlets.link`) through the traits below.

    Parameters
    ----------
    results
        What `open_results` returns, or the path of a work directory. A path that cannot be opened is not an
        error: the map says why, and opens it as soon as *Reload* is pressed or `reload` is called.
    template_path
        Template that *Write to template* changes; by default the one in the work directory.
    traits
        Any trait of this class or of `ipyleaflet.Map`, e.g. ``layer="velocity"``.

    Notes
    -----
    Displacement is in metres along the line of sight, positive towards the satellite; velocity in metres a year.
    `vmin`, `vmax` and `wrap` are in the layer's own unit, whatever `unit` they are shown in.

    Examples
    --------
    >>> map = DisplacementMap("no/such/folder")
    >>> map.results is None
    True
    """

    results = traitlets.Instance(
        Results, allow_none=True, help="What is shown; None when it could not be opened."
    )
    layer = traitlets.Unicode(help="Name of the layer, one of `layer_names`.")
    date = traitlets.Unicode(help="Epoch shown, YYYYMMDD.")
    reference_date = traitlets.Unicode(help="Epoch that is zero, YYYYMMDD.")
    points: Any = traitlets.List(
        help='Clicked places: {"id", "lon", "lat", "label", "color"}, degrees WGS84.'
    )
    transect: Any = traitlets.List(help="Polyline [[lon, lat], ...], degrees WGS84; empty for none.")
    aoi: Any = traitlets.List(default_value=None, allow_none=True, help="Polygon [[lon, lat], ...] or None.")
    reference_point: Any = traitlets.Dict(
        default_value=None,
        allow_none=True,
        help='{"lon", "lat", "radius"} (degrees, metres): zero at every date.',
    )
    colormap = traitlets.Enum(colormap_names(), default_value="vik", help="Name of the colormap.")
    reverse = traitlets.Bool(True, help="Whether the colormap runs backwards.")
    vmin: Any = traitlets.Float(None, allow_none=True, help="Value of the first colour; None: from the data.")
    vmax: Any = traitlets.Float(None, allow_none=True, help="Value of the last colour; None: from the data.")
    opacity = traitlets.Float(0.85, min=0.0, max=1.0, help="From 0, not seen, to 1.")
    wrap: Any = traitlets.Float(None, allow_none=True, help="Value per colour cycle; None: not wrapped.")
    mask_layer = traitlets.Unicode(help="Layer that decides where values are shown; empty for none.")
    mask_threshold = traitlets.Float(0.7, help="Least value of `mask_layer`; true for one of true and false.")
    hover: Any = traitlets.Dict(
        default_value=None,
        allow_none=True,
        help='Under the pointer, in a comparison of its half: {"lon", "lat", "value", "unit"} or None.',
    )
    unit = traitlets.Enum(
        tuple(looks.FACTORS), default_value="mm", help="Unit of displacement: mm, cm, m; and per year."
    )
    basemap_name = traitlets.Enum(_BASEMAPS, default_value="hillshade", help="What lies under the layer.")
    compare: Any = traitlets.Dict(
        default_value=None, allow_none=True, help='Right half of a swipe: {"layer", "date"}, or None.'
    )

    def __init__(
        self,
        results: Results | str | Path | None = None,
        *,
        template_path: str | Path | None = None,
        **traits: Any,
    ) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"DisplacementMap has no trait {unknown[0]!r}.")
        self._work_dir = Path(results).expanduser() if isinstance(results, str | Path) else None
        self._ready = self._opening = False
        self._jobs = Jobs(lambda _fraction, _text: None)
        own = {name: traits.pop(name) for name in list(traits) if name in DisplacementMap.class_own_traits()}
        self._placed = bool({"zoom", "center"} & set(traits))
        traits = {"zoom_snap": 0.25, "scroll_wheel_zoom": True, "layout": {"height": "620px"}} | traits
        super().__init__(
            **{"layers": (), "zoom_control": False, "attribution_control": False, "max_zoom": 18} | traits
        )
        opened, error = _open(results)
        self.reports_hover = False
        self._panel = Panel(map=self, _fit=not self._placed)
        self._display = Display(self, self._panel, self._jobs)
        for name in _SHARED:
            self._tie(name, name)
        self._tie("basemap_name", "basemap")
        template = Path(template_path).expanduser() if template_path is not None else None
        answers = Answers(self, self._display, template)
        self._requests = Requests(self._panel, answers.handlers(), limit=_AT_ONCE)
        self._ready = True
        self._panel._error = error
        self._first_layer = own.pop("layer", "")
        self.results = opened
        for name, value in own.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        where = self.results.work_dir if self.results is not None else self._work_dir
        return f"DisplacementMap({str(where or '')!r}, layer={self.layer!r}, date={self.date!r})"

    @property
    def layer_names(self) -> list[str]:
        """Names of all layers that can be shown, in the order of the menu."""
        return [line["name"] for line in self._panel._menu if not line["reason"]]

    @property
    def dates(self) -> list[str]:
        """Dates of the layer as YYYYMMDD, or those of the series when the layer has none."""
        if self.results is None:
            return []
        return layers.dates_of(self.results, self.layer) or list(self.results.dates)

    @property
    def raster(self) -> RasterLayer | None:
        """The layer that draws; its further traits may be set as well. None before there are results."""
        return None if self._display.main is None else self._display.main.raster

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until layer, reference and range are shown; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout) and (self.raster is None or self.raster.wait(timeout))

    def value(self, lon: float, lat: float) -> float:
        """The value shown at a place in the layer's unit, relative to the reference; NaN where nothing is shown."""
        return self.raster.value(lon, lat) if self.raster is not None else float("nan")

    def reload(self) -> None:
        """Open the work directory again; layer, date and view stay where they still exist."""
        folder = self.results.work_dir if self.results is not None else self._work_dir
        if folder is None:
            return
        opened, error = _open(folder)
        self._panel._error = error
        if opened is not None:
            self.results = opened

    def fit(self) -> None:
        """Show all of the data, in every display."""
        if self.raster is not None:
            self.raster.fit()

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:
        """As of every traitlets object; the page reports the pointer as soon as `hover` is observed."""
        super().observe(handler, names, type)
        asked = [names] if isinstance(names, str) else names
        if asked is not traitlets.All and "hover" not in asked:
            return
        if self.reports_hover:
            return
        self.reports_hover = True
        self._display.report_hover()

    def on_interaction(self, callback: Any, remove: bool = False) -> None:
        """As of every `ipyleaflet.Map`; the page tells of clicks and movements only while somebody asks for them.

        They would come by the dozen a second, and each keeps the kernel from what it is asked for.
        """
        super().on_interaction(callback, remove)
        self._panel._listened = bool(self._interaction_callbacks.callbacks)

    def close(self) -> None:
        """Take everything of it off the page."""
        if not getattr(self, "_ready", False):  # its arguments were refused
            return
        self._display.close()
        self._panel.close()
        super().close()

    def _invite(self, seen: bool = True) -> None:
        """Say on the map that a click begins, as long as an inspector that draws what is clicked is seen."""
        self._panel._invites = seen

    def _tie(self, name: str, of_panel: str) -> None:
        """Keep a trait and that of the panel equal; `traitlets.link` refuses changes that come from several threads."""
        setattr(self._panel, of_panel, getattr(self, name))
        self.observe(lambda change: setattr(self._panel, of_panel, change["new"]), name)
        self._panel.observe(lambda change: setattr(self, name, change["new"]), of_panel)

    @traitlets.validate("points", "transect", "aoi", "reference_point")
    def _valid_shape(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            if name == "points":
                return checks.check_points(value)
            if name == "transect":
                return checks.check_line(value)
            if name == "aoi":
                return check_ring(value)
            place = checks.check_reference(value)
            if place is not None and self.results is not None:
                self.results.grid.pixel(place["lon"], place["lat"])
            return place
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error

    @traitlets.validate("date", "reference_date")
    def _valid_date(self, proposal: Any) -> str:
        name = proposal["trait"].name
        dates = self.dates if name == "date" else (list(self.results.dates) if self.results else [])
        if proposal["value"] == "":
            return ""
        try:
            return checks.check_date(proposal["value"], dates, f"`{name}`")
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error

    @traitlets.validate("layer", "mask_layer")
    def _valid_layer(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if not self._ready or self.results is None or name == "":
            return name
        try:
            if not (name == layers.COMPONENTS and proposal["trait"].name == "mask_layer"):
                layers.check_name(self.results, name)
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error
        return name

    @traitlets.validate("compare")
    def _valid_compare(self, proposal: Any) -> dict[str, str] | None:
        value = proposal["value"]
        if value is None or self.results is None:
            return None
        layer, date = str(value.get("layer") or self.layer), str(value.get("date") or "")
        try:
            layers.check_name(self.results, layer)
            dates = layers.dates_of(self.results, layer)
            date = checks.check_date(date or dates[0], dates, "The date compared with") if dates else ""
        except InsarWidgetsError as error:
            raise traitlets.TraitError(str(error)) from error
        return {"layer": layer, "date": date}

    @traitlets.observe("results")
    def _results_changed(self, _change: Any) -> None:
        results = self.results
        if not self._ready or results is None:
            return
        self._work_dir = results.work_dir
        self._panel._menu = [line.as_dict() for line in layers.menu(results, {})]
        names = self.layer_names
        if self._first_layer:
            layers.check_name(results, self._first_layer)
        wanted, self._first_layer = self._first_layer or self.layer, ""
        if self.reference_date not in results.dates:
            self.reference_date = results.reference_date if results.reference_date in results.dates else ""
        if self.reference_point is None and results.reference_point is not None:
            place = results.reference_point
            self.reference_point = {"lon": place["lon"], "lat": place["lat"], "radius": 0.0}
        if self.mask_layer not in (*names, layers.COMPONENTS):
            self.mask_layer = next((n for n in ("temporalCoherence", "maskConnComp") if n in names), "")
        if not self._placed:
            west, south, east, north = results.grid.bounds()
            (self.center, self.zoom), self._placed = overview((south, west, north, east)), True
        name = wanted if wanted in names else layers.first_layer(results)
        if not self.date and results.dates:
            # The last date, unless that one is zero throughout
            last = results.dates[-1]
            self.set_trait("date", results.dates[0] if last == self.reference_date else last)
        if name:
            self._show(results, name)
        self._panel._revision += 1
        self._look_around(results)

    def _show(self, results: Results, name: str) -> None:
        # At first nothing is drawn that could stay until the layer is open, and opening reads headers only.
        if self.layer != name:
            self._opening = True
            self.layer = name
            self._opening = False
        self._display.switch(results, name, now=self._display.main is None)

    def _look_around(self, results: Results) -> None:
        """Find out what takes longer: the states of the run's steps, the line of sight."""

        def look(job: Job) -> None:
            states = facts.run_states(results.work_dir)
            lines = [line.as_dict() for line in layers.menu(results, states)]
            los = facts.line_of_sight(results)

            def show() -> None:
                self._panel._menu = lines
                self._panel._about = self._panel._about | {"los": los}

            job.apply(show)

        self._jobs.start("look", look)

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        if self._ready and not self._opening and self.results is not None and change["new"]:
            self._display.switch(self.results, change["new"])

    @traitlets.observe("date", "reference_date", "reference_point", "mask_layer", "unit", "compare")
    def _drawing_changed(self, change: Any) -> None:
        if not self._ready:
            return
        display = self._display
        follow = {
            "date": display.date_changed,
            "reference_date": display.base_changed,
            "reference_point": display.reference_changed,
            "mask_layer": display.mask_changed,
            "unit": display.unit_changed,
            "compare": display.compare_changed,
        }
        with self._jobs.lock:  # between reading a trait and having shown a layer, what changes would be lost
            follow[change["name"]]()


def _open(results: Results | str | Path | None) -> tuple[Results | None, dict[str, str] | None]:
    if results is None or isinstance(results, Results):
        return results, None
    try:
        return open_results(results), None
    except (InsarWidgetsError, OSError) as error:
        return None, describe_error(error)
