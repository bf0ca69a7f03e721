"""The hidden widget that dresses every display of a `DisplacementMap`."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from insar_widgets.widgets._base import Widget

__all__ = ["Panel"]


class Panel(Widget):
    """What the page and the map share beside the appearance, which is the raster layer's own."""

    _bundle = "displacement-map"

    map = anywidget.WidgetTrait().tag(sync=True)
    raster: Any = traitlets.Unicode("", help="Layer that is shown, anywidget:<id>.").tag(sync=True)
    second: Any = traitlets.Unicode("", help="Layer of the right half of a comparison.").tag(sync=True)

    layer = traitlets.Unicode().tag(sync=True)
    reference_date = traitlets.Unicode().tag(sync=True)
    points: Any = traitlets.List().tag(sync=True)
    transect: Any = traitlets.List().tag(sync=True)
    aoi: Any = traitlets.List(default_value=None, allow_none=True).tag(sync=True)
    reference_point: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    mask_layer = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode("mm").tag(sync=True)
    basemap = traitlets.Unicode("hillshade").tag(sync=True)
    compare: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)

    _menu: Any = traitlets.List().tag(sync=True)
    _about = traitlets.Dict().tag(sync=True)
    _reference = traitlets.Dict(help="What values are relative to: used, note, pixels.").tag(sync=True)
    _second_about = traitlets.Dict(
        help="Of the right half: kind, and whether its scale is the left one's."
    ).tag(sync=True)
    _error: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    _revision = traitlets.Int(0).tag(sync=True)
    _invites = traitlets.Bool(False, help="Whether a click draws a series somewhere: said on the map.").tag(
        sync=True
    )
    _listened = traitlets.Bool(
        False, help="Whether somebody wants to hear of every movement of the pointer, see `on_interaction`."
    ).tag(sync=True)
    _fit = traitlets.Bool(True, help="Whether a new display shows all of the data at first.").tag(sync=True)
