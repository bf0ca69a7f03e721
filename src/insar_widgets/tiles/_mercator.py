"""Web Mercator pixels and degrees. A pixel has its centre at + 0.5; y runs south."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

TILE = 256
"""Pixels on each side of a tile."""
MAX_ZOOM = 30
MAX_LATITUDE = 85.0511287798066
Floats = npt.NDArray[np.float64]


def world_pixels(zoom: float) -> float:
    """Pixels around the world at a zoom."""
    return float(TILE * 2.0**zoom)


def to_pixels(lon: npt.ArrayLike, lat: npt.ArrayLike, zoom: float) -> tuple[Floats, Floats]:
    """World pixel x, y of degrees; longitudes beyond ±180 go on beyond the world's edge.

    Latitudes beyond the edge of the map (85.05 degrees) are drawn onto it.
    """
    size = world_pixels(zoom)
    clipped = np.clip(np.asarray(lat, float), -MAX_LATITUDE, MAX_LATITUDE)
    x = (np.asarray(lon, float) + 180) / 360 * size
    y = size / 2 - size / (2 * np.pi) * np.arcsinh(np.tan(np.radians(clipped)))
    return x, y


def to_degrees(x: npt.ArrayLike, y: npt.ArrayLike, zoom: float) -> tuple[Floats, Floats]:
    """Longitude and latitude (WGS84) of world pixels."""
    size = world_pixels(zoom)
    lon = np.asarray(x, float) / size * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(y, float) / size))))
    return lon, lat
