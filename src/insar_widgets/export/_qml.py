"""Styles that QGIS loads with a file of the same name, so that the colours arrive with the values."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from insar_widgets.export._job import whole_file
from insar_widgets.export._look import MASK_COLOURS, Look
from insar_widgets.export._palette import CYCLE

_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def raster_style(stops: list[tuple[float, str]], units: str, *, exact: bool = False) -> str:
    """QML of one band, coloured from value to value; `exact` colours only the values named."""
    low, high = stops[0][0], stops[-1][0]
    items = "".join(
        f'<item alpha="255" value="{value:.9g}" color="{colour}" label={_label(value, units)}/>'
        for value, colour in stops
    )
    kind = "EXACT" if exact else "INTERPOLATED"
    return (
        f'{_HEAD}<qgis version="3.28.0" styleCategories="Symbology" hasScaleBasedVisibilityFlag="0"><pipe>'
        f'<rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" nodataColor="" '
        f'classificationMin="{low:.9g}" classificationMax="{high:.9g}"><rastershader>'
        f'<colorrampshader colorRampType="{kind}" classificationMode="1" clip="0" minimumValue="{low:.9g}" '
        f'maximumValue="{high:.9g}">{items}</colorrampshader></rastershader></rasterrenderer>'
        '<rasterresampler maxOversampling="2"/></pipe><blendMode>0</blendMode></qgis>\n'
    )


def style_of_look(look: Look, factor: float, units: str) -> str:
    """QML of a raster whose values are those of the data times `factor`."""
    scale = factor / look.factor
    return raster_style([(value * scale, colour) for value, colour in look.stops(33)], units)


def style_of_phase(cycles: bool) -> str:
    """QML of wrapped phase, the colours of `CYCLE` once around."""
    half = 0.5 if cycles else np.pi
    chosen = np.linspace(0, len(CYCLE) - 1, 65).astype(int)
    values = np.linspace(-half, half, 65)
    stops = [(float(v), _hex(CYCLE[i])) for v, i in zip(values, chosen, strict=True)]
    return raster_style(stops, "cycle" if cycles else "rad")


def style_of_mask() -> str:
    """QML of a mask: 0 left out, 1 kept."""
    return raster_style([(0.0, MASK_COLOURS[0]), (1.0, MASK_COLOURS[1])], "", exact=True)


def point_style(look: Look, field: str, classes: int = 16) -> str:
    """QML of points in colours of a field in the unit for people."""
    edges = np.linspace(look.low, look.high, classes + 1)
    middle = look.rgba((edges[:-1] + edges[1:]) / 2)
    edges = edges * look.factor
    edges[0], edges[-1] = -1e30, 1e30  # what lies outside has the outermost colour
    ranges, symbols = [], []
    for i, colour in enumerate(middle):
        low, high = edges[i], edges[i + 1]
        words = (
            f"below {high:.3g}"
            if i == 0
            else f"above {low:.3g}"
            if i == classes - 1
            else f"{low:.3g} to {high:.3g}"
        ).replace("-", "−")
        ranges.append(
            f'<range lower="{low:.9g}" upper="{high:.9g}" symbol="{i}" render="true" '
            f"label={quoteattr(f'{words} {look.units}')}/>"
        )
        red, green, blue = (int(c) for c in colour[:3])
        options = {
            "color": f"{red},{green},{blue},255", "name": "circle", "size": "1.6", "size_unit": "MM",
            "outline_style": "no",
        }  # fmt: skip
        pairs = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in options.items())
        symbols.append(
            f'<symbol type="marker" name="{i}" alpha="1" clip_to_extent="1"><layer class="SimpleMarker" enabled="1" '
            f'pass="0" locked="0"><Option type="Map">{pairs}</Option></layer></symbol>'
        )
    return (
        f'{_HEAD}<qgis version="3.28.0" styleCategories="Symbology"><renderer-v2 type="graduatedSymbol" '
        f'attr={quoteattr(field)} graduatedMethod="GraduatedColor" symbollevels="0" enableorderby="0">'
        f"<ranges>{''.join(ranges)}</ranges><symbols>{''.join(symbols)}</symbols></renderer-v2>"
        "<layerGeometryType>0</layerGeometryType></qgis>\n"
    )


def write_style(beside: Path, text: str) -> Path:
    """Write a style under the name QGIS looks for; another one that is there is replaced."""
    path = beside.with_suffix(".qml")
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return path


def _hex(colour: object) -> str:
    red, green, blue = (int(c) for c in colour)  # type: ignore[attr-defined]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _label(value: float, units: str) -> str:
    return quoteattr(f"{value:.4g} {units}".strip().replace("-", "−"))
