"""Values (never colours) of any raster at any zoom, as Web Mercator tiles."""

from __future__ import annotations

from insar_widgets.tiles.codec import Quantisation, decode_tile, encode_tile
from insar_widgets.tiles.pyramid import PyramidStatus
from insar_widgets.tiles.source import TileSource, render_tile
from insar_widgets.tiles.statistics import Statistics

__all__ = [
    "PyramidStatus",
    "Quantisation",
    "Statistics",
    "TileSource",
    "decode_tile",
    "encode_tile",
    "render_tile",
]
