"""KML: overlays with regions and time spans, links to more of them, a legend on the screen."""

from __future__ import annotations

from xml.sax.saxutils import escape

Box = tuple[float, float, float, float]
"""North, south, east, west in degrees."""
_LEAST = 256  # a tile is shown from that many pixels on the screen


def document(name: str, description: str, features: str) -> str:
    """A file of features."""
    words = f"<description>{escape(description)}</description>" if description else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(name)}</name>{words}{features}</Document></kml>\n"
    )


def folder(name: str, features: str, *, is_open: bool = False) -> str:
    """Features that are switched together."""
    return f"<Folder><name>{escape(name)}</name><open>{int(is_open)}</open>{features}</Folder>"


def ground_overlay(name: str, href: str, box: Box, *, order: int, region: str = "", span: str = "") -> str:
    """A picture stretched over a box of longitude and latitude."""
    return (
        f"<GroundOverlay><name>{escape(name)}</name>{span}{region}<drawOrder>{order}</drawOrder>"
        f"<Icon><href>{escape(href)}</href></Icon><LatLonBox>{_box(box)}</LatLonBox></GroundOverlay>"
    )


def link(name: str, href: str, box: Box, *, least: int = _LEAST, span: str = "") -> str:
    """Another file, loaded when its box is seen large enough."""
    return (
        f"<NetworkLink><name>{escape(name)}</name>{span}{region(box, least=least, most=-1)}"
        f"<Link><href>{escape(href)}</href><viewRefreshMode>onRegion</viewRefreshMode></Link></NetworkLink>"
    )


def region(box: Box, *, least: int = _LEAST, most: int = -1) -> str:
    """When something is shown: from `least` to `most` pixels of its box on the screen, -1 for no end."""
    lod = f"<Lod><minLodPixels>{least}</minLodPixels><maxLodPixels>{most}</maxLodPixels></Lod>"
    return f"<Region><LatLonAltBox>{_box(box)}</LatLonAltBox>{lod}</Region>"


def time_span(begin: str, end: str) -> str:
    """From one instant to another, ISO 8601."""
    return f"<TimeSpan><begin>{begin}</begin><end>{end}</end></TimeSpan>"


def screen_overlay(name: str, href: str) -> str:
    """A picture in the lower left corner of the screen."""
    return (
        f"<ScreenOverlay><name>{escape(name)}</name><Icon><href>{escape(href)}</href></Icon>"
        '<overlayXY x="0" y="0" xunits="fraction" yunits="fraction"/>'
        '<screenXY x="0.01" y="0.06" xunits="fraction" yunits="fraction"/>'
        '<size x="0" y="0" xunits="pixels" yunits="pixels"/></ScreenOverlay>'
    )


def placemark(name: str, description: str, lon: float, lat: float) -> str:
    """A place with a name."""
    return (
        f"<Placemark><name>{escape(name)}</name><description>{escape(description)}</description>"
        f"<Point><coordinates>{lon:.7f},{lat:.7f}</coordinates></Point></Placemark>"
    )


def _box(box: Box) -> str:
    return "".join(
        f"<{side}>{value:.10f}</{side}>"
        for side, value in zip(("north", "south", "east", "west"), box, strict=True)
    )
