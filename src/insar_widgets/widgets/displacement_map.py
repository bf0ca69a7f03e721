"""The map of a MintPy work directory: every layer, date, mask and reference, coloured in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipyleaflet
import numpy as np
import traitlets
import xarray as xr

from insar_widgets.errors import InsarWidgetsError, ResultsError
from insar_widgets.results import Results, open_results, sample_point
from insar_widgets.widgets import _map_checks as checks
from insar_widgets.widgets import _map_facts as facts
from insar_widgets.widgets import _map_layers as layers
from insar_widgets.widgets._area import check_ring
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._map_panel import Panel
from insar_widgets.widgets._messages import Answer, Request, Requests, describe_error
from insar_widgets.widgets._raster_colormaps import colormap_names
from insar_widgets.widgets._raster_sources import overview, slice_dates
from insar_widgets.widgets._raster_style import style_of
from insar_widgets.widgets.raster_layer import RasterLayer

__all__ = ["DisplacementMap"]

_LOOK = ("colormap", "reverse", "vmin", "vmax", "wrap")
_LINKED = (*_LOOK, "opacity", "mask_threshold")
_SHARED = (
    "layer", "reference_date", "points", "transect", "aoi", "reference_point", "mask_layer", "unit", "basemap",
    "compare",
)  # fmt: skip
_FACTORS = {"mm": 1000.0, "cm": 100.0, "m": 1.0}
_MASKED = ("displacement", "velocity", "spread", "phase")
_REFERENCED = ("displacement", "velocity", "phase")
_BASEMAPS = ("hillshade", "satellite", "topographic", "plain")
_SIGN = "positive towards the satellite"


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
        help='Under the pointer: {"lon", "lat", "value", "unit"} or None.',
    )
    unit = traitlets.Enum(
        tuple(_FACTORS), default_value="mm", help="Unit of displacement: mm, cm, m; and per year."
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
        self._template_path = Path(template_path).expanduser() if template_path is not None else None
        self._work_dir = Path(results).expanduser() if isinstance(results, str | Path) else None
        self._raster: RasterLayer | None = None
        self._second: RasterLayer | None = None
        self._looks: dict[str, dict[str, Any]] = {}
        self._kind: layers.Kind = "other"
        self._look_key = ""
        self._ready = False
        self._jobs = Jobs(lambda _fraction, _text: None)
        own = {name: traits.pop(name) for name in list(traits) if name in DisplacementMap.class_own_traits()}
        given = {"zoom", "center"} & set(traits)
        traits = {"zoom_snap": 0.25, "scroll_wheel_zoom": True, "layout": {"height": "620px"}} | traits
        super().__init__(
            **{"layers": (), "zoom_control": False, "attribution_control": False, "max_zoom": 18} | traits
        )
        self._panel = Panel(map=self, _fit=not given)
        opened, error = _open(results)
        for name in _SHARED:
            traitlets.link((self, "basemap_name" if name == "basemap" else name), (self._panel, name))
        self._requests = Requests(
            self._panel,
            {
                "choose": self._choose,
                "reference": self._reference_at,
                "relief": self._relief,
                "mask": self._mask_quantiles,
                "area": self._area,
                "template": self._template,
                "reload": lambda _request: self.reload(),
                "changed": lambda _request: self.results is None or self.results.changed(),
            },
            limit=3,
        )
        self._ready = True
        self._panel._error = error
        wanted = own.pop("layer", "")
        self._first_layer = wanted
        self.results = opened
        shown = self.raster
        if shown is not None and not given:
            self.center, self.zoom = overview(shown.bounds)
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
        own = self._raster.dates if self._raster is not None else []
        return own or (list(self.results.dates) if self.results is not None else [])

    @property
    def raster(self) -> RasterLayer | None:
        """The layer that draws; its further traits may be set as well."""
        return self._raster

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until reference, range and states are found; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout) and (self._raster is None or self._raster.wait(timeout))

    def value(self, lon: float, lat: float) -> float:
        """The value shown at a place in the layer's unit, relative to the reference; NaN where nothing is shown."""
        return self._raster.value(lon, lat) if self._raster is not None else float("nan")

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
        if self._raster is not None:
            self._raster.fit()

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:
        """As of every traitlets object; the page reports the pointer as soon as `hover` is observed."""
        super().observe(handler, names, type)
        if "hover" in ([names] if isinstance(names, str) else names or ()) and self._raster is not None:
            self._raster.observe(lambda change: setattr(self, "hover", change["new"]), "hover")

    def close(self) -> None:
        """Take everything of it off the page."""
        if not getattr(self, "_ready", False):  # its arguments were refused
            return
        for widget in (self._raster, self._second, self._panel):
            if widget is not None:
                widget.close()
        super().close()

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
                self.results._scan.grid.pixel(place["lon"], place["lat"])
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
            layers.find_array(self.results, name)
        except (InsarWidgetsError, KeyError) as error:
            raise traitlets.TraitError(str(error)) from error
        return name

    @traitlets.validate("compare")
    def _valid_compare(self, proposal: Any) -> dict[str, str] | None:
        value = proposal["value"]
        if value is None or self.results is None:
            return None
        layer, date = str(value.get("layer") or self.layer), str(value.get("date") or "")
        try:
            array = layers.find_array(self.results, layer)
            dates = slice_dates(array)
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
        wanted = self._first_layer or self.layer
        if self._first_layer and self._first_layer not in names:
            layers.find_array(results, self._first_layer)  # raises with the sentence
        self._first_layer = ""
        if self.reference_date not in results.dates:
            self.reference_date = results.reference_date if results.reference_date in results.dates else ""
        if self.reference_point is None and results.reference_point is not None:
            place = results.reference_point
            self.reference_point = {"lon": place["lon"], "lat": place["lat"], "radius": 0.0}
        if not self.mask_layer:
            self.mask_layer = next((n for n in ("temporalCoherence", "maskConnComp") if n in names), "")
        name = wanted if wanted in names else layers.first_layer(results)
        if name:
            if self.layer == name:
                self._show(name)
            self.layer = name
        self._panel._revision += 1

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
        if self._ready and self.results is not None and change["new"]:
            self._show(change["new"])

    def _show(self, name: str) -> None:
        results = self._opened()
        entry = layers.entry_of(results, name)
        array = layers.find_array(results, name)
        style = style_of(array)
        if self._look_key in self._looks:
            self._looks[self._look_key] = {trait: getattr(self, trait) for trait in _LOOK}
        self._kind = entry.kind
        self._look_key = _look_key(entry)
        look = self._looks.setdefault(self._look_key, _default_look(entry.kind, style))
        title = _title(entry)
        dates = slice_dates(array)
        index = dates.index(self.date) if self.date in dates else max(len(dates) - 1, 0)
        if self._raster is None:
            self._raster = RasterLayer(
                array,
                self,
                name=title,
                legend=False,
                index=index,
                opacity=self.opacity,
                z_index=1,
                **(look | {"vmin": 0.0, "vmax": 1.0}),
            )
            self._raster._symmetric = entry.kind in _REFERENCED
            self._raster.vmin, self._raster.vmax = look["vmin"], look["vmax"]
            for trait in _LINKED:
                self._tie(self._raster, trait)
            self._raster.observe(self._index_changed, "index")
            self._panel.raster = f"anywidget:{self._raster.model_id}"
        else:
            raster = self._raster
            with raster.hold_sync():
                raster.index, raster.base_index, raster.offsets = 0, -1, []
                raster.data = array
                raster._symmetric = entry.kind in _REFERENCED
                raster.name, raster.units = title, style.units
                raster.index = index
                for trait, value in look.items():
                    setattr(raster, trait, value)
            raster._find_range()
        self._apply_unit()
        self._apply_mask()
        self._apply_reference_date()
        self._apply_reference_point()
        if dates:
            self.date = dates[index]
        elif not self.date and results.dates:
            self.set_trait("date", results.dates[-1])
        self._panel._about = self._describe(entry, array) | {"los": self._panel._about.get("los")}

    def _tie(self, raster: RasterLayer, trait: str) -> None:
        """Keep a trait of the map and the layer equal; `traitlets.link` refuses changes from several threads."""
        setattr(self, trait, getattr(raster, trait))
        raster.observe(lambda change: setattr(self, trait, change["new"]), trait)
        self.observe(lambda change: setattr(raster, trait, change["new"]), trait)

    def _opened(self) -> Results:
        if self.results is None:
            raise ResultsError("No results are open; set `results` first.")
        return self.results

    def _describe(self, entry: layers.Entry, array: xr.DataArray) -> dict[str, Any]:
        results = self._opened()
        grid = results._scan.grid
        epsg = results.crs.to_epsg()
        dates = slice_dates(array)
        used = {day for pair in layers.pairs_of(results) for day in pair.split("_")}
        height, width = grid.pixel_size()
        west, south, east, north = grid.bounds()
        masks = [
            {"name": line.name, "label": line.label, "flag": results[line.name].dtype == bool}
            for line in layers.menu(results, {})
            if not line.reason and line.kind in ("coherence", "mask") and line.name in results.layers
        ]
        try:
            wavelength: float | None = results.wavelength
        except ResultsError:
            wavelength = None
        return {
            "name": entry.name, "title": _title(entry), "kind": entry.kind, "units": array.attrs.get("units", ""),
            "file": Path(array.attrs.get("source", "")).name, "folder": str(results.work_dir),
            "dates": dates, "dropped": sorted(used - set(dates)) if dates else [],
            "file_reference_date": array.attrs.get("reference_date", ""),
            "crs": f"EPSG:{epsg}" if epsg else results.crs.name, "pixel": (height + width) / 2,
            "bounds": [south, west, north, east], "masks": masks, "masked": entry.kind in _MASKED,
            "referenced": entry.kind in _REFERENCED, "sign": _SIGN if entry.kind in ("displacement", "velocity") else
            "unwrapped phase, positive away from the satellite" if entry.kind == "phase" else "",
            "wavelength": wavelength, "notes": list(results.notes), "origin": results.reference_point,
            "long_name": str(array.attrs.get("long_name", "")),
        }  # fmt: skip

    @traitlets.observe("date")
    def _date_changed(self, change: Any) -> None:
        if self._raster is not None and change["new"] in self._raster.dates:
            self._raster.index = self._raster.dates.index(change["new"])

    def _index_changed(self, change: Any) -> None:
        dates = self._raster.dates if self._raster is not None else []
        if change["new"] < len(dates):
            self.date = dates[change["new"]]

    @traitlets.observe("reference_date")
    def _reference_date_changed(self, _change: Any) -> None:
        self._apply_reference_date()

    @traitlets.observe("reference_point")
    def _reference_point_changed(self, _change: Any) -> None:
        self._apply_reference_point()

    @traitlets.observe("mask_layer")
    def _mask_layer_changed(self, _change: Any) -> None:
        self._apply_mask()

    @traitlets.observe("unit")
    def _unit_changed(self, _change: Any) -> None:
        self._apply_unit()

    @traitlets.observe("compare")
    def _compare_changed(self, _change: Any) -> None:
        self._apply_compare()

    def _apply_unit(self) -> None:
        for raster, kind in ((self._raster, self._kind), (self._second, self._second_kind)):
            if raster is None:
                continue
            per = raster.units.partition("/")[2]
            scaled = raster.units in ("m", "m/year") and kind in ("displacement", "velocity", "spread")
            raster.display_factor = _FACTORS[self.unit] if scaled else 1.0
            raster.display_units = self.unit + (f"/{per}" if per else "") if scaled else raster.units

    def _apply_mask(self) -> None:
        if self.results is None:
            return
        for raster, kind in ((self._raster, self._kind), (self._second, self._second_kind)):
            if raster is None:
                continue
            name = self.mask_layer if kind in _MASKED else ""
            mask = layers.find_array(self.results, name) if name else None
            flag = mask is not None and mask.dtype == bool
            with raster.hold_sync():
                raster.set_trait("mask", mask)
                raster.mask_mode = "none" if mask is None else "nonzero" if flag else "minimum"

    @property
    def _second_kind(self) -> layers.Kind:
        if self.compare is None or self.results is None:
            return "other"
        return layers.entry_of(self.results, self.compare["layer"]).kind

    def _apply_reference_date(self) -> None:
        for raster in (self._raster, self._second):
            if raster is None:
                continue
            dates, wanted = raster.dates, self.reference_date
            own = raster.data.attrs.get("reference_date", "")
            raster.base_index = dates.index(wanted) if wanted in dates and wanted != own else -1

    def _apply_reference_point(self) -> None:
        for raster, kind in ((self._raster, self._kind), (self._second, self._second_kind)):
            if raster is None:
                continue
            place = self.reference_point
            if kind not in _REFERENCED or place is None or self._is_own(place, kind):
                raster.offsets = []
                continue
            self._find_offsets(raster, place)

    def _find_offsets(self, raster: RasterLayer, place: dict[str, float]) -> None:
        data = raster.data

        def work(job: Job) -> None:
            try:
                offsets = _series_at(data, place)
            except InsarWidgetsError as error:
                problem = describe_error(error)
                job.apply(lambda: self._panel.set_trait("_error", problem))
                return

            def show() -> None:
                if raster.data is data:
                    raster.offsets = offsets

            job.apply(show)

        self._jobs.start(f"reference {raster.model_id}", work)

    def _is_own(self, place: dict[str, float], kind: str) -> bool:
        """Whether it is the pixel that MintPy itself made zero."""
        if (
            self.results is None
            or self.results.reference_point is None
            or kind == "phase"
            or place["radius"] > 0
        ):
            return False
        own = self.results.reference_point
        try:
            return self.results._scan.grid.pixel(place["lon"], place["lat"]) == (own["y"], own["x"])
        except ResultsError:
            return False

    def _apply_compare(self) -> None:
        if self.compare is None or self.results is None:
            if self._second is not None:
                self._second.close()
                self._second = None
            self._panel.second = ""
            return
        name, date = self.compare["layer"], self.compare["date"]
        array = layers.find_array(self.results, name)
        entry = layers.entry_of(self.results, name)
        dates = slice_dates(array)
        index = dates.index(date) if date in dates else 0
        title = _title(entry) + (f", {date[:4]}-{date[4:6]}-{date[6:]}" if date else "")
        second = self._second
        if second is not None and dates and second.data.name == array.name and second.dates == dates:
            second.index, second.name = index, title
            return
        if self._second is not None:
            self._second.close()
        same = entry.kind == self._kind
        look = {n: getattr(self, n) for n in _LOOK} if same else _default_look(entry.kind, style_of(array))
        self._second = RasterLayer(
            array, self, name=title, legend=False, index=index, z_index=2, opacity=self.opacity,
            mask_threshold=self.mask_threshold, **look,
        )  # fmt: skip
        self._apply_unit()
        self._apply_mask()
        self._apply_reference_date()
        self._apply_reference_point()
        self._panel.second = f"anywidget:{self._second.model_id}"

    def _choose(self, request: Request) -> None:
        wanted = dict(request.payload)
        try:
            for name in ("layer", "mask_layer", "compare"):
                if name in wanted:
                    with self._jobs.lock:
                        setattr(self, name, wanted[name])
        except traitlets.TraitError as error:
            raise ResultsError(str(error)) from error

    def _reference_at(self, request: Request) -> dict[str, Any]:
        """Values at a place for each slice, while the marker is dragged."""
        place = checks.check_reference(request.payload)
        if self._raster is None or place is None or self._kind not in _REFERENCED:
            return {"offsets": [], "pixels": 0}
        sample = sample_point(self._raster.data, place["lon"], place["lat"], place["radius"])
        pixels = int(sample["count"].max()) if sample["count"].ndim else int(sample["count"])
        return {"offsets": _series_at(self._raster.data, place), "pixels": pixels}

    def _relief(self, _request: Request) -> Answer:
        shaded = facts.relief(self.results) if self.results is not None else None
        if shaded is None:
            return Answer({"bounds": None})
        return Answer({"bounds": list(shaded.bounds)}, [shaded.png])

    def _mask_quantiles(self, _request: Request) -> dict[str, Any]:
        if self.results is None or not self.mask_layer:
            return {"quantiles": []}
        array = layers.find_array(self.results, self.mask_layer)
        stride = max(1, max(array.shape[-2:]) // 1000)
        values = array[::stride, ::stride].to_numpy().astype(float)
        values = values[np.isfinite(values)]
        shares = np.linspace(0, 100, 201)
        return {"quantiles": [float(v) for v in np.percentile(values, shares)] if values.size else []}

    def _area(self, request: Request) -> dict[str, Any]:
        ring = check_ring(request.payload["ring"])
        raster = self._raster
        if ring is None or raster is None:
            raise ResultsError("There is no area; draw one on the map.")
        array = raster.data if raster.data.ndim == 2 else raster.data[raster.index]
        threshold, mode = raster.mask_threshold, raster.mask_mode
        keep = (lambda v: v != 0) if mode == "nonzero" else (lambda v: v >= threshold)
        found = facts.area_statistics(array, ring, raster.mask, keep)
        shift = raster._offset(raster.index)
        if raster.base_index >= 0:
            base = facts.area_statistics(raster.data[raster.base_index], ring, raster.mask, keep)
            shift += (base["median"] or 0.0) - raster._offset(raster.base_index)
        for name in ("median", "p16", "p84", "minimum", "maximum"):
            found[name] = None if found[name] is None else found[name] - shift
        return found

    def _template(self, request: Request) -> dict[str, Any]:
        if self.results is None or self.reference_point is None:
            raise ResultsError("There is no reference point yet; put the marker somewhere first.")
        place = self.reference_point
        return facts.write_reference(
            self.results,
            self._template_path,
            place["lon"],
            place["lat"],
            write=bool(request.payload["write"]),
        )


def _open(results: Results | str | Path | None) -> tuple[Results | None, dict[str, str] | None]:
    if results is None or isinstance(results, Results):
        return results, None
    try:
        return open_results(results), None
    except (InsarWidgetsError, OSError) as error:
        return None, describe_error(error)


def _series_at(data: xr.DataArray, place: dict[str, float]) -> list[float]:
    sample = sample_point(data, place["lon"], place["lat"], place["radius"])
    values = np.atleast_1d(sample["displacement" if "displacement" in sample else "value"].to_numpy())
    if not np.isfinite(values).all():
        raise ResultsError(
            f"There is no value at the reference point lon {place['lon']:.4f}, lat {place['lat']:.4f}; "
            "move it, or widen its radius."
        )
    return [float(v) for v in values]


def _look_key(entry: layers.Entry) -> str:
    """What shares one remembered appearance: quantities of the same kind, else the layer alone."""
    alike = entry.kind in ("velocity", "coherence", "mask", "phase", "class")
    series = entry.kind == "displacement" and not entry.name.startswith("timeseriesResidual")
    return entry.kind if alike or series else entry.name


def _default_look(kind: str, style: Any) -> dict[str, Any]:
    look = {"colormap": style.colormap, "reverse": style.reverse, "vmin": None, "vmax": None, "wrap": None}
    if kind in ("displacement", "velocity"):
        look |= {"colormap": "vik", "reverse": True}
    elif kind in ("coherence", "mask"):
        look |= {"colormap": "gray", "reverse": False, "vmin": 0.0, "vmax": 1.0}
    elif kind == "class":
        look |= {"colormap": "batlowS", "reverse": False}
    elif kind == "phase":
        look |= {
            "colormap": "vik",
            "reverse": False,
        }  # phase is positive away: the colours of displacement, turned
    return look


def _title(entry: layers.Entry) -> str:
    if entry.kind == "displacement" and entry.name.startswith("timeseries"):
        return (
            f"LOS displacement, {entry.label}"
            if entry.label != "Uncorrected"
            else "LOS displacement, uncorrected"
        )
    return f"LOS {entry.label[0].lower()}{entry.label[1:]}" if entry.kind == "velocity" else entry.label
