"""Screens of results: maps, series, transects, the network, GNSS."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from .common import GNSS_LAYER, LINE, PLACES, RASTER_LAYER, TILE
from .screen import Screen, copied, in_turn, press, shown


def _map(arguments: str = "") -> tuple[str, tuple[str, ...], str]:
    return (
        ".iw.dm",
        (".iw.dm",) if "nothing" in arguments else (TILE,),
        "from insar_widgets import DisplacementMap\n"
        f"DisplacementMap({arguments or repr('mintpy')}, layout={{'height': '560px'}})",
    )


def _key(name: str):
    """Press what has a key."""
    return lambda page: page.locator(f'[data-key="{name}"]').first.click()


def _looks(page: Page) -> None:
    """The panel: beside a wide map, opened over another."""
    opener = page.locator('[data-key="appearance"]').first
    if opener.is_visible() and opener.get_attribute("aria-expanded") != "true":
        opener.click()


DISPLACEMENT_MAP = {
    "velocity": Screen(*_map(f"'mintpy', layer='velocity', points={PLACES}, transect={LINE}")),
    "no results": Screen(*_map("'nothing'")),
    "a date": Screen(*_map("'mintpy', date='20191025', wrap=0.0277, unit='cm'")),
    "compare": Screen(*_map("'mintpy', layer='timeseries_demErr'"), act=_key("compare")),
    "appearance": Screen(*_map(), each=_looks),
    "layers": Screen(*_map(), act=in_turn(_key("layer"), shown(".dm-menu"))),
}

LAYERS = {
    "raster-layer": {
        "temporal coherence": Screen(
            ".leaflet-container", (TILE,),
            RASTER_LAYER,
        ),
    },
    "gnss-layer": {
        "a station": Screen(
            ".leaflet-container", (TILE, ".iw-gnss-mark"),
            GNSS_LAYER,
            act=in_turn(lambda page: page.locator(".iw-gnss-mark").first.click(), shown(".iw-gnss-pop")),
        ),
    },
}  # fmt: skip


def _series(arguments: str) -> tuple[str, tuple[str, ...], str]:
    seen = ".iw.ts .iw-c-symbol" if "points" in arguments else ".ts-empty"
    return (
        ".iw.ts",
        (seen,),
        f"from insar_widgets import TimeSeriesInspector\nTimeSeriesInspector({arguments})",
    )


THREE = f"'mintpy', points={PLACES}, model={{'poly': 1, 'periodic': [1]}}"
TIME_SERIES = {
    "three points": Screen(*_series(THREE)),
    "no points": Screen(*_series("'mintpy'")),
    "residuals": Screen(*_series(THREE), act=press("Residual")),
    "model": Screen(*_series(THREE), act=_key("model")),
    "Python": Screen(*_series(THREE), act=press("Code for this")),
    "corrections, steps, dates left out": Screen(
        *_series(
            f"'mintpy', points={PLACES}[:1], series=['timeseries', 'timeseries_demErr'], bars='fit',"
            " exclude=['20190323', '20191001'], model={'poly': 1, 'steps': ['20191201']},"
            " events=[{'date': '20191201', 'label': 'M 5.2, 9 km'}]"
        )
    ),
    "new points": Screen(*_series(THREE), act=_key("add")),
    "series": Screen(*_series(THREE), act=_key("series")),
    "saving": Screen(*_series(THREE), act=_key("save")),
    "a point": Screen(*_series(THREE), act=lambda page: page.locator(".ts-table tbody button").last.click()),
}


def _transect(arguments: str) -> tuple[str, tuple[str, ...], str]:
    seen = ".iw.ti svg path" if "transect" in arguments else ".iw.ti"
    return ".iw.ti", (seen,), f"from insar_widgets import TransectInspector\nTransectInspector({arguments})"


TRANSECT = {
    "a profile": Screen(*_transect(f"'mintpy', layer='velocity', transect={LINE}, width=800")),
    "no line": Screen(*_transect("'mintpy'")),
    "several layers": Screen(
        *_transect(
            f"'mintpy', transect={LINE}, method='bilinear', profiles=["
            "{'layer': 'timeseries_demErr', 'date': '20191025'}, {'layer': 'timeseries_demErr', 'date': '20200715'},"
            " {'layer': 'temporalCoherence'}]"
        )
    ),
    "a typed line": Screen(*_transect(f"'mintpy', transect={LINE}"), act=_key("line")),
    "Python": Screen(*_transect(f"'mintpy', transect={LINE}"), act=_key("code")),
}


def _network(more: str = "", act: Callable[[Page], object] = lambda page: None) -> Screen:
    code = f"from insar_widgets import NetworkInspector\nw = NetworkInspector('copies/network')\n{more}\nw"
    return Screen(".iw.ni", (".iw.ni svg",), code, files=copied("mintpy", "network"), act=act)


NETWORK = {
    "network": _network(),
    "a pair": _network("w.pair = '20190323_20190510'"),
    "pairs left out": _network(act=press("Jul", "Aug", inside=".ni-rules")),
    "matrix": _network(act=press("Matrix")),
    "table": _network(act=press("Table")),
}


def _stations() -> tuple[str, tuple[str, ...], str]:
    return (
        ".iw.gi",
        (".gi-table tbody tr",),
        "from insar_widgets import GnssInspector\n"
        "inspector = GnssInspector('mintpy', cache_dir='ngl')\ninspector.find()\ninspector.wait()\ninspector",
    )


GNSS = {
    "table": Screen(*_stations()),
    "before finding": Screen(
        ".iw.gi", (".gi-empty",),
        "from insar_widgets import GnssInspector\n"
        "GnssInspector('mintpy', base_url='LABORATORY', cache_dir='copies/stations')",
    ),
    "fetching": Screen(
        ".iw.gi", (".gi-empty",),
        "from insar_widgets import GnssInspector\n"
        "GnssInspector('mintpy', base_url='LABORATORY', cache_dir='copies/stations')",
        act=in_turn(_key("find"), shown('[data-key="cancel"]')),
    ),
    "velocities": Screen(*_stations(), act=press("Velocities")),
    "options": Screen(*_stations(), act=_key("options")),
    "Python": Screen(*_stations(), act=_key("code")),
}  # fmt: skip

SCREENS = {
    "displacement-map": DISPLACEMENT_MAP,
    **LAYERS,
    "time-series-inspector": TIME_SERIES,
    "transect-inspector": TRANSECT,
    "network-inspector": NETWORK,
    "gnss-inspector": GNSS,
}
