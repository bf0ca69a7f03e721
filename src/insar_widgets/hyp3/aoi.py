"""Areas of interest, however they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from insar_widgets.errors import ProductError
from insar_widgets.hyp3.grid import Bounds, transformer

__all__ = ["Aoi", "aoi_bounds", "read_aoi"]

Aoi = BaseGeometry | Mapping[str, Any] | Sequence[Sequence[float]]
"""A shapely geometry, a GeoJSON mapping, or a list of `[lon, lat]`; degrees WGS84."""


def read_aoi(aoi: Aoi) -> BaseGeometry:
    """Return an area of interest as a geometry in longitude and latitude.

    Parameters
    ----------
    aoi
        A shapely geometry, a GeoJSON geometry, feature or feature collection, or a list of at least two
        `[lon, lat]`, degrees WGS84. Two corners make a rectangle.

    Raises
    ------
    ProductError
        It is none of these, or lies outside of what longitudes and latitudes can be.
    """
    try:
        geometry = _geometry(aoi)
    except (ShapelyError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ProductError(
            "The area of interest is not understood: give a shapely geometry, GeoJSON, or a list of [lon, lat]"
            f" ({error})."
        ) from error
    if geometry.is_empty:
        raise ProductError("The area of interest is empty. Draw it again.")
    west, south, east, north = geometry.bounds
    if not (-360 <= west <= east <= 360 and -90 <= south <= north <= 90):
        raise ProductError(
            f"The area of interest reaches from {west:g}, {south:g} to {east:g}, {north:g}, which are not longitudes"
            " and latitudes. Give it as [lon, lat] in degrees (WGS84)."
        )
    return geometry


def aoi_bounds(aoi: Aoi, epsg: int) -> Bounds:
    """Return the box around an area of interest in projection `epsg`."""
    geometry = read_aoi(aoi)
    west, south, east, north = geometry.bounds
    # Straight in degrees is curved in metres, so edges get more corners first.
    step = max(east - west, north - south) / 32
    dense = shapely.segmentize(geometry, step) if step > 0 else geometry
    points = shapely.get_coordinates(dense)
    x, y = transformer(4326, epsg).transform(points[:, 0], points[:, 1])
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def _geometry(aoi: Aoi) -> BaseGeometry:
    if isinstance(aoi, BaseGeometry):
        return aoi
    if isinstance(aoi, Mapping):
        if aoi.get("type") == "FeatureCollection":
            return shapely.union_all([shape(feature["geometry"]) for feature in aoi["features"]])
        return shape(dict(aoi["geometry"] if aoi.get("type") == "Feature" else aoi))
    points = [(float(point[0]), float(point[1])) for point in aoi]
    if len(points) < 2:
        raise ValueError("at least two corners are needed")
    if len(points) == 2:
        return shapely.box(
            min(points[0][0], points[1][0]),
            min(points[0][1], points[1][1]),
            max(points[0][0], points[1][0]),
            max(points[0][1], points[1][1]),
        )
    return shapely.Polygon(points)
