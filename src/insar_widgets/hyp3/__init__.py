"""A HyP3 product and a stack of them: find, check, select, prepare."""

from __future__ import annotations

from insar_widgets.findings import Finding
from insar_widgets.hyp3._raster import read_grid
from insar_widgets.hyp3.estimate import Estimate
from insar_widgets.hyp3.find import find_stack
from insar_widgets.hyp3.grid import Grid
from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.hyp3.product import Product
from insar_widgets.hyp3.stack import Stack

__all__ = ["Estimate", "Finding", "Grid", "Network", "Pair", "Product", "Stack", "find_stack", "read_grid"]
