"""GNSS stations on an ipyleaflet map, in the colours of the raster under them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import ipyleaflet
import traitlets

from insar_widgets.gnss import Comparison, Station, StationVelocity
from insar_widgets.results import Results
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._gnss_wire import arrows, motion, station_wire
from insar_widgets.widgets._map_panel import Panel
from insar_widgets.widgets._raster_colormaps import colormap_names
from insar_widgets.widgets.raster_layer import RasterLayer

__all__ = ["GnssLayer"]

FILTER = {"name": "", "begin": "", "end": "", "solutions": 0, "usable": False}
_PREFIX = "anywidget:"


def check_filter(value: Mapping[str, Any]) -> dict[str, Any]:
    """A filter with all its keys.

    Raises
    ------
    traitlets.TraitError
        It has a key or a value that is not possible.
    """
    unknown = sorted(set(value) - set(FILTER))
    if unknown:
        raise traitlets.TraitError(f"A filter has no {unknown[0]!r}; it has {', '.join(FILTER)}.")
    whole = FILTER | dict(value)
    for key, example in FILTER.items():
        if not isinstance(whole[key], type(example)):
            raise traitlets.TraitError(
                f"The filter's {key!r} is a {type(example).__name__}, not {whole[key]!r}."
            )
    return whole


class GnssLayer(Widget):
    """Stations on any `ipyleaflet.Map`, with what they say and how they move.

    The layer is not displayed itself: it appears on every display of its map. On a `DisplacementMap` (or above a
    `RasterLayer`) the stations have the colours of the raster's scale and follow its date, in the browser.

    Parameters
    ----------
    map
        Map to show them on; may be given or changed later.
    stations
        As `find_stations` gives them; unusable ones are grey, with their reason.
    comparison
        As `compare_gnss` gives it; colours the stations by velocity, or by displacement at the date shown.
    velocities
        `station_velocity` of each station by name, for ``mode="arrows"``.
    results
        Work directory whose frame is shown; only kept.
    raster
        Layer whose colours are used; by default that of a `DisplacementMap`.
    traits
        Any other trait, see their help.

    Raises
    ------
    traitlets.TraitError
        When a trait does not exist or does not take the value.

    Notes
    -----
    Values are in line of sight, positive towards the satellite, and relative to the comparison's reference. Arrows are
    horizontal velocities with the ellipse that holds 95 % of their error; the bar beside is the vertical velocity.

    Examples
    --------
    >>> import ipyleaflet
    >>> from datetime import date
    >>> station = Station("MXTM", -98.98, 19.48, 2226.0, date(2005, 1, 1), date(2024, 1, 1))
    >>> layer = GnssLayer(ipyleaflet.Map(layers=()), stations=[station])
    >>> layer
    GnssLayer(1 station)
    """

    _bundle = "gnss-layer"

    map = anywidget.WidgetTrait().tag(sync=True)
    map.help = "The ipyleaflet.Map that shows it, or None."
    stations: Any = traitlets.List(traitlets.Instance(Station), help="Stations shown.")
    comparison: Any = traitlets.Instance(
        Comparison, allow_none=True, help="Gives the stations their colours."
    )
    velocities: Any = traitlets.Dict(help="StationVelocity by name, for arrows.")
    results = traitlets.Instance(Results, allow_none=True, help="Work directory the stations belong to.")
    selected: Any = traitlets.List(traitlets.Unicode(), help="Names of the stations that take part.").tag(
        sync=True
    )
    station = traitlets.Unicode(help="Name of the station in view, ringed; empty for none.").tag(sync=True)
    reference = traitlets.Unicode(help="Name of the reference station; empty for none.").tag(sync=True)
    mode = traitlets.Enum(
        ("color", "arrows"), "color", help="Colours of the line of sight, or arrows in east, north and up."
    ).tag(sync=True)
    filter: Any = traitlets.Dict(
        help='Which are drawn: {"name", "begin", "end" (YYYYMMDD covered), "solutions" (at least), "usable" (only)}.'
    ).tag(sync=True)
    cluster = traitlets.Enum(
        ("auto", "always", "never"),
        "auto",
        help="Whether near stations are drawn as one; auto: when there are many.",
    ).tag(sync=True)
    visible = traitlets.Bool(True, help="Whether they are drawn.").tag(sync=True)
    legend = traitlets.Bool(True, help="Whether a corner of the map explains them.").tag(sync=True)
    colormap = traitlets.Enum(colormap_names(), "vik", help="Colours without a raster.").tag(sync=True)
    reverse = traitlets.Bool(True, help="Whether the colormap runs backwards, without a raster.").tag(
        sync=True
    )
    vmin = traitlets.Float(-0.05, help="Velocity (m/yr) of the first colour, without a raster.").tag(
        sync=True
    )
    vmax = traitlets.Float(0.05, help="Velocity (m/yr) of the last colour, without a raster.").tag(sync=True)

    _raster = traitlets.Unicode(help="Layer whose colours are used, anywidget:<id>.").tag(sync=True)
    _stations: Any = traitlets.List().tag(sync=True)
    _motion: Any = traitlets.Dict().tag(sync=True)
    _arrows: Any = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        map: ipyleaflet.Map | None = None,
        *,
        stations: Any = (),
        comparison: Comparison | None = None,
        raster: RasterLayer | None = None,
        **traits: Any,
    ) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise traitlets.TraitError(f"GnssLayer has no trait {unknown[0]!r}.")
        self._given = raster
        super().__init__(
            map=map,
            stations=list(stations),
            comparison=comparison,
            filter=traits.pop("filter", {}),
            _motion=motion(comparison),
            **traits,
        )
        self._find_raster()

    def __repr__(self) -> str:
        count = len(self.stations)
        return f"GnssLayer({count} station{'' if count == 1 else 's'})"

    def remove(self) -> None:
        """Take the layer off its map; setting `map` shows it again."""
        self.map = None

    def close(self) -> None:
        """Take the layer off its map for good."""
        self.map = None
        super().close()

    @traitlets.validate("map")
    def _valid_map(self, proposal: Any) -> Any:
        if proposal["value"] is not None and not isinstance(proposal["value"], ipyleaflet.Map):
            raise traitlets.TraitError(f"`map` takes an ipyleaflet.Map or None, not {proposal['value']!r}.")
        return proposal["value"]

    @traitlets.validate("filter")
    def _valid_filter(self, proposal: Any) -> Any:
        return check_filter(proposal["value"])

    @traitlets.observe("stations")
    def _stations_changed(self, _change: Any) -> None:
        self._stations = [station_wire(station) for station in self.stations]

    @traitlets.observe("comparison")
    def _comparison_changed(self, _change: Any) -> None:
        with self.hold_sync():
            self._motion = motion(self.comparison)
            if self.comparison is not None:
                self.reference = self.comparison.reference or ""
            self._velocities_changed(None)

    @traitlets.observe("velocities")
    def _velocities_changed(self, _change: Any) -> None:
        reference = self.comparison.reference if self.comparison is not None else None
        known: dict[str, StationVelocity] = self.velocities
        self._arrows = arrows(known, reference)

    @traitlets.observe("map")
    def _map_changed(self, change: Any) -> None:
        for map, follow in ((change["old"], False), (change["new"], True)):
            panel = getattr(
                map, "_panel", None
            )  # of a DisplacementMap, whose layer is made in the background
            if isinstance(panel, Panel):
                (panel.observe if follow else panel.unobserve)(self._look_again, "raster")
        if hasattr(self, "_given"):
            self._find_raster()

    def _look_again(self, _change: Any) -> None:
        self._find_raster()

    def _find_raster(self) -> None:
        raster = self._given if self._given is not None else getattr(self.map, "raster", None)
        self._raster = f"{_PREFIX}{raster.model_id}" if isinstance(raster, RasterLayer) else ""
