"""Show a raster on an ipyleaflet map: the kernel sends values, the browser colours them."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import anywidget
import ipyleaflet
import traitlets
import xarray as xr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Answer, Request, Requests
from insar_widgets.widgets._raster_colormaps import colormap_kind, colormap_names
from insar_widgets.widgets._raster_sources import Sources, overview, slice_count, slice_dates
from insar_widgets.widgets._raster_style import style_of

__all__ = ["RasterLayer"]

_AT_ONCE = 2  # requests worked on at a time: more only fight for the same cores, and the server needs one
_MASK_MODES = ("none", "minimum", "maximum", "nonzero", "equal")


class _Raster(traitlets.Instance[xr.DataArray]):
    """A raster, told from another by identity: `==`, as traits compare, would read all of both from disk."""

    def set(self, obj: traitlets.HasTraits, value: Any) -> None:
        new = self._validate(obj, value)
        old = obj._trait_values.get(str(self.name), traitlets.Undefined)
        obj._trait_values[str(self.name)] = new
        if old is not new:
            obj._notify_trait(str(self.name), old, new)


class RasterLayer(Widget):
    """A raster on any `ipyleaflet.Map`, drawn in the browser from values.

    Colormap, range, opacity, wrapping, mask, reference and the value under the pointer need no answer of the kernel.
    The layer is not displayed itself: it appears on every display of its map.

    Parameters
    ----------
    data
        Georeferenced (`rio.crs` and pixel-centre coordinates): ``(y, x)``, or ``(date, y, x)`` of which one slice is
        shown at a time. NaN is transparent.
    map
        Map to show it on; may be given or changed later.
    name, units
        For legend and read-out; by default those of the data (`long_name` or `name`, and `units`).
    mask
        Second raster that decides where `data` is shown, see `mask_mode`. It need not have the grid of the data.
    build_overviews
        Whether overviews of a large file are built in the background, in `.insar_widgets` beside it, so that the view
        from afar is fast. The map works without them.
    appearance
        Any other trait, see their help: ``colormap, reverse, vmin, vmax, opacity, wrap, index, offsets, ...``.

    Raises
    ------
    InsarWidgetsError
        When the data cannot be shown: no coordinate reference system, or neither two nor three dimensions.
    traitlets.TraitError
        When a trait does not exist or does not take the value.

    Examples
    --------
    >>> import ipyleaflet, numpy as np, rioxarray, xarray as xr
    >>> data = xr.DataArray(np.eye(4), dims=("y", "x"), coords={"y": [3., 2, 1, 0], "x": [0., 1, 2, 3]})
    >>> map = ipyleaflet.Map(layers=())
    >>> layer = RasterLayer(data.rio.write_crs(4326), map, colormap="batlow", opacity=0.8)
    >>> layer.value(lon=1.1, lat=1.9)
    1.0
    >>> layer.wait() and (layer.vmin, layer.vmax)
    (0.0, 1.0)
    """

    _bundle = "raster-layer"

    name = traitlets.Unicode(help="Name in legend and read-out; text, never markup.").tag(sync=True)
    units = traitlets.Unicode(help="Unit of the values.").tag(sync=True)
    display_units = traitlets.Unicode(help="Unit in which values are shown, e.g. mm/year.").tag(sync=True)
    display_factor = traitlets.Float(1.0, help="One unit of the data in display units.").tag(sync=True)
    colormap = traitlets.Enum(
        colormap_names(), default_value="batlow", help="Name of the colormap, see `RasterLayer.colormaps()`."
    ).tag(sync=True)
    reverse = traitlets.Bool(False, help="Whether the colormap runs backwards.").tag(sync=True)
    wrap_colormap = traitlets.Enum(
        colormap_names(), default_value="romaO", help="Colormap while `wrap` is on."
    ).tag(sync=True)
    vmin: Any = traitlets.Float(
        None, allow_none=True, help="Value of the first colour; None: found from the data."
    ).tag(sync=True)
    vmax: Any = traitlets.Float(
        None, allow_none=True, help="Value of the last colour; None: found from the data."
    ).tag(sync=True)
    opacity = traitlets.Float(1.0, min=0.0, max=1.0, help="From 0, not seen, to 1.").tag(sync=True)
    wrap: Any = traitlets.Float(
        None, allow_none=True, help="Value per colour cycle, centred on zero; None: not wrapped."
    ).tag(sync=True)
    mask_mode = traitlets.Enum(
        _MASK_MODES,
        default_value="none",
        help="Shown where the mask is: minimum >=, maximum <=, equal == mask_threshold; nonzero; none: everywhere.",
    ).tag(sync=True)
    mask_threshold = traitlets.Float(0.7, help="Threshold on the mask.").tag(sync=True)
    index = traitlets.Int(0, help="Slice shown.").tag(sync=True)
    base_index = traitlets.Int(-1, help="Slice subtracted from it pixel by pixel; -1: none.").tag(sync=True)
    offsets = traitlets.List(
        traitlets.Float(),
        help="Value subtracted from each slice (that of a reference point); empty: nothing.",
    ).tag(sync=True)
    visible = traitlets.Bool(True, help="Whether it is drawn.").tag(sync=True)
    z_index = traitlets.Int(1, help="Order among raster layers of the map; higher is on top.").tag(sync=True)
    legend = traitlets.Bool(True, help="Whether the map's corner shows a small colour bar.").tag(sync=True)
    readout = traitlets.Bool(True, help="Whether the legend shows the value under the pointer.").tag(
        sync=True
    )
    hover: Any = traitlets.Dict(
        default_value=None,
        allow_none=True,
        help="Under the pointer: lon, lat, value, unit; None without. Filled while someone observes it.",
    ).tag(sync=True)
    map = anywidget.WidgetTrait().tag(sync=True)
    map.help = "The ipyleaflet.Map that shows it, or None."

    overviews = traitlets.Dict(
        help="Overviews of large rasters, which are built beside the file: state, fraction, message."
    ).tag(sync=True)

    data = _Raster(xr.DataArray, help="The values; may be replaced.")
    mask = _Raster(xr.DataArray, allow_none=True, help="The mask's values; may be replaced.")

    _source: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    _mask: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    _report_hover = traitlets.Bool(False).tag(sync=True)
    _fit = traitlets.Int(0).tag(sync=True)
    _id = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        data: xr.DataArray,
        map: ipyleaflet.Map | None = None,
        *,
        name: str | None = None,
        units: str | None = None,
        mask: xr.DataArray | None = None,
        build_overviews: bool = True,
        **appearance: Any,
    ) -> None:
        unknown = sorted(set(appearance) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"RasterLayer has no trait {unknown[0]!r}.")
        self._jobs = Jobs(lambda _fraction, _text: None)
        self._sources = Sources(lambda: {info["key"] for info in (self._source, self._mask) if info})
        self._build_overviews = build_overviews
        if mask is not None:
            appearance.setdefault("mask_mode", "minimum")
        style = style_of(data, units)
        count = slice_count(data)
        super().__init__(
            data=data,
            mask=mask,
            name=name if name is not None else style.name,
            units=style.units,
            _source=self._sources.add(data),
            _mask=None if mask is None else self._sources.add(mask),
            map=map,
            **{
                "colormap": style.colormap,
                "reverse": style.reverse and "colormap" not in appearance,
                "display_units": style.display_units,
                "display_factor": style.display_factor,
                "index": count - 1,
                **appearance,
            },
        )
        self._id = self.model_id
        self._symmetric = style.symmetric
        self._requests = Requests(self, {"tiles": self._tiles}, limit=_AT_ONCE)
        self._find_range()
        self._start_overviews()

    def __repr__(self) -> str:
        return f"RasterLayer({self.name!r}, {self.units!r}, colormap={self.colormap!r})"

    @staticmethod
    def colormaps(kind: str | None = None) -> list[str]:
        """Names of the colormaps, all or those of a kind: diverging, cyclic, sequential, classes."""
        return [name for name in colormap_names() if kind is None or colormap_kind(name) == kind]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(south, west, north, east)`` of the data in degrees WGS84."""
        south, west, north, east = self._source["bounds"]
        return south, west, north, east

    @property
    def dates(self) -> list[str]:
        """YYYYMMDD of each slice; empty when the data have no dates."""
        return slice_dates(self.data)

    def fit(self) -> Self:
        """Move the map so that all of the data are in view, in every display of it."""
        if self.map is None:
            raise InsarWidgetsError("This layer is on no map. Set `layer.map` first.")
        # Displays know their size and fit themselves; this is for those that come later. `Map.fit_bounds` would need
        # a running event loop.
        self.map.center, self.map.zoom = overview(self.bounds)
        self._fit += 1
        return self

    def remove(self) -> None:
        """Take the layer off its map; setting `map` shows it again."""
        self.map = None

    def close(self) -> None:
        """Take the layer off its map for good."""
        if hasattr(self, "_requests"):  # not when the data were refused
            self.map = None
            self._requests.cancel_all()
            self._sources.clear()
        super().close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the range of colours is found; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def value(self, lon: float, lat: float, *, referenced: bool = True, masked: bool = True) -> float:
        """The value shown at a place, in the data's unit.

        Parameters
        ----------
        lon, lat
            Degrees WGS84; the pixel that holds the place is read.
        referenced
            Whether `offsets` and the slice `base_index` are subtracted.
        masked
            Whether a pixel that the mask hides gives NaN.

        Returns
        -------
        float
            NaN outside of the data and where they hold no value.
        """
        if masked and self._mask and not self._passes(self._sources.value(self._mask["key"], lon, lat, 0)):
            return float("nan")
        key = self._source["key"]
        found = self._sources.value(key, lon, lat, self.index)
        if referenced:
            found -= self._offset(self.index)
            if self.base_index >= 0:
                found -= self._sources.value(key, lon, lat, self.base_index) - self._offset(self.base_index)
        return found

    def observe(self, handler: Any, names: Any = traitlets.All, type: Any = "change") -> None:
        """As of every traitlets object; the page reports the pointer as soon as `hover` is observed."""
        super().observe(handler, names, type)
        if "hover" in ([names] if isinstance(names, str) else names or ()):
            self._report_hover = True

    def _offset(self, index: int) -> float:
        return float(self.offsets[index]) if index < len(self.offsets) else 0.0

    def _passes(self, value: float) -> bool:
        tests = {
            "none": True,
            "minimum": value >= self.mask_threshold,
            "maximum": value <= self.mask_threshold,
            "nonzero": value == value and value != 0,  # noqa: PLR0124 - not NaN
            "equal": value == self.mask_threshold,
        }
        return bool(tests[self.mask_mode])

    @traitlets.validate("map")
    def _valid_map(self, proposal: Any) -> Any:
        if proposal["value"] is not None and not isinstance(proposal["value"], ipyleaflet.Map):
            raise traitlets.TraitError(f"`map` takes an ipyleaflet.Map or None, not {proposal['value']!r}.")
        return proposal["value"]

    @traitlets.validate("index", "base_index")
    def _valid_index(self, proposal: Any) -> int:
        index, count = int(proposal["value"]), slice_count(self.data)
        lowest = -1 if proposal["trait"].name == "base_index" else 0
        if not lowest <= index < count:
            raise traitlets.TraitError(
                f"`{proposal['trait'].name}` must be {lowest} to {count - 1}, not {index}."
            )
        return index

    @traitlets.observe("data")
    def _data_changed(self, change: Any) -> None:
        if change["old"] is traitlets.Undefined or not hasattr(self, "_requests"):
            return
        with self.hold_sync(), self.hold_trait_notifications():
            last = slice_count(self.data) - 1
            self.index = min(self.index, last)
            self.base_index = min(self.base_index, last)
            self._source = self._sources.add(self.data)
        self._start_overviews()

    @traitlets.observe("mask")
    def _mask_changed(self, _change: Any) -> None:
        if hasattr(self, "_requests"):
            self._mask = None if self.mask is None else self._sources.add(self.mask)
            self._start_overviews()

    @traitlets.observe("vmin", "vmax")
    def _range_changed(self, change: Any) -> None:
        if change["new"] is None and hasattr(self, "_requests"):
            self._find_range()

    def _find_range(self, slice_: int | None = None) -> None:
        if self.vmin is not None and self.vmax is not None:
            return
        key, index = self._source["key"], self.index if slice_ is None else slice_

        def work(job: Job) -> None:
            low, high = self._sources.range(key, index, symmetric=self._symmetric)

            def show() -> None:
                with self.hold_sync():
                    self.vmin = low if self.vmin is None else self.vmin
                    self.vmax = high if self.vmax is None else self.vmax

            job.apply(show)

        self._jobs.start("range", work)

    def _start_overviews(self) -> None:
        if not self._build_overviews:
            return
        for info in (self._source, self._mask):
            if info is not None:
                self._sources.build_overviews(info["key"], partial(self._overviews_are, info["key"]))

    def _overviews_are(self, key: str, status: dict[str, Any]) -> None:
        if self._source and self._source["key"] == key:
            self.overviews = status

    def _tiles(self, request: Request) -> Answer:
        tiles = request.payload["tiles"]
        key = str(request.payload["source"])
        found: list[list[Any]] = []
        for tile in tiles:
            request.check()
            found.append(self._sources.tile(key, tuple(tile), request.cancelled))
        sizes = [sum(memoryview(part).nbytes for part in parts) for parts in found]
        # in one piece, as every buffer of a message costs the server and the page some work
        return Answer({"sizes": sizes}, [b"".join(part for parts in found for part in parts)])
