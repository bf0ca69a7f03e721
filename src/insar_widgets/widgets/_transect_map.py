"""A transect on an ipyleaflet map: the line, its ends, the dot that follows the pointer, and drawing it by clicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipyleaflet

__all__ = ["MapDot", "MapLine"]

_DARK, _LIGHT, _DOT = "#1c2733", "#ffffff", "#ffb000"


class MapDot:
    """A dot at the place of the chart's pointer."""

    def __init__(self, map: ipyleaflet.Map) -> None:
        self._map = map
        self._dot = ipyleaflet.CircleMarker(
            location=(0, 0),
            radius=6,
            color=_DARK,
            weight=2,
            fill_color=_DOT,
            fill_opacity=1.0,
            name="Transect cursor",
        )
        self._shown = False

    def show(self, place: tuple[float, float] | None) -> None:
        """Put it to lon, lat; None takes it away."""
        if place is not None:
            self._dot.location = [place[1], place[0]]
        if (place is not None) != self._shown:
            self._shown = place is not None
            if self._shown:
                self._map.add(self._dot)
            elif self._dot in self._map.layers:
                self._map.remove(self._dot)

    def remove(self) -> None:
        """Take it off the map for good."""
        self.show(None)
        self._dot.close()


class MapLine:
    """The line on a map that does not draw transects itself; clicks add vertices while `drawing`.

    Parameters
    ----------
    on_vertices
        Called with the vertices ``[lon, lat]`` after each click.
    """

    def __init__(self, map: ipyleaflet.Map, on_vertices: Callable[[list[list[float]]], None]) -> None:
        self._map = map
        self._tell = on_vertices
        self._vertices: list[list[float]] = []
        self.drawing = False
        style = {"fill": False, "line_join": "round"}
        self._halo = ipyleaflet.Polyline(
            locations=[], color=_LIGHT, weight=5, name="Transect outline", **style
        )
        self._line = ipyleaflet.Polyline(locations=[], color=_DARK, weight=2, name="Transect", **style)
        self._first = ipyleaflet.CircleMarker(
            location=(0, 0),
            radius=4,
            color=_DARK,
            weight=2,
            fill_color=_LIGHT,
            fill_opacity=1.0,
            name="Transect start",
        )
        for layer in (self._halo, self._line):
            map.add(layer)
        map.on_interaction(self._interaction)

    def draw(self, on: bool) -> None:
        """Begin a new line with the next click, or leave it."""
        self.drawing, self._vertices = on, []
        self._map.default_style = {"cursor": "crosshair" if on else "grab"}

    def show(self, vertices: list[list[float]]) -> None:
        """Draw the line; none for an empty list. The start is marked."""
        locations = [[lat, lon] for lon, lat in vertices]
        self._halo.locations = self._line.locations = locations
        if not self.drawing:
            self._vertices = []
        self._mark(vertices)

    def remove(self) -> None:
        """Take it off the map for good."""
        self._map.on_interaction(self._interaction, remove=True)
        for layer in (self._halo, self._line, self._first):
            if layer in self._map.layers:
                self._map.remove(layer)
            layer.close()

    def _mark(self, vertices: list[list[float]]) -> None:
        if vertices:
            self._first.location = [vertices[0][1], vertices[0][0]]
        there = self._first in self._map.layers
        if vertices and not there:
            self._map.add(self._first)
        elif there and not vertices:
            self._map.remove(self._first)

    def _interaction(self, **event: Any) -> None:
        if not self.drawing or event.get("type") != "click":
            return
        lat, lon = event["coordinates"]
        self._vertices = [*self._vertices, [float(lon), float(lat)]]
        if len(self._vertices) == 1:
            self._mark(self._vertices)
        else:
            self._tell([list(vertex) for vertex in self._vertices])
