"""Screens of results: maps, series, transects, the network, GNSS."""

from __future__ import annotations

from playwright.sync_api import Page

from .common import LINE, PLACES, TILE
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
    if page.locator('[data-key="appearance"]').first.is_visible():
        _key("appearance")(page)


DISPLACEMENT_MAP = {
    "velocity": Screen(*_map(f"'mintpy', points={PLACES}")),
    "no results": Screen(*_map("'nothing'")),
    "a date": Screen(*_map("'mintpy', layer='timeseries_demErr'")),
    "compare": Screen(*_map("'mintpy', layer='timeseries_demErr'"), act=_key("compare")),
    "appearance": Screen(*_map(), act=_looks),
    "layers": Screen(*_map(), act=in_turn(_key("layer"), shown(".dm-menu"))),
}

LAYERS = {
    "raster-layer": {
        "temporal coherence": Screen(
            ".leaflet-container", (TILE,),
            "import ipyleaflet\nfrom insar_widgets import RasterLayer, open_results\n"
            "results = open_results('mintpy')\n"
            "map = ipyleaflet.Map(layers=(), layout={'height': '420px'})\n"
            "RasterLayer(results['temporalCoherence'], map).fit()\nmap",
        ),
    },
    "gnss-layer": {
        "a station": Screen(
            ".leaflet-container", (TILE, ".iw-gnss-mark"),
            "import ipyleaflet\nfrom insar_widgets import GnssLayer, RasterLayer, compare_gnss\n"
            "from insar_widgets import find_stations, open_results, read_tenv3\n"
            "results = open_results('mintpy')\n"
            "stations = find_stations(results, cache_dir='ngl')\n"
            "usable = [station for station in stations if station.usable]\n"
            "series = {s.name: read_tenv3(f'ngl/IGS20/{s.name}.tenv3') for s in usable}\n"
            "map = ipyleaflet.Map(layers=(), layout={'height': '460px'})\n"
            "raster = RasterLayer(results['velocity'], map, colormap='vik', reverse=True, vmin=-0.06, vmax=0.06)\n"
            "raster.fit()\n"
            "GnssLayer(map, stations=stations, comparison=compare_gnss(results, usable, series=series, steps=[]))\nmap",
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
}


def _transect(arguments: str) -> tuple[str, tuple[str, ...], str]:
    seen = ".iw.ti svg path" if "transect" in arguments else ".iw.ti"
    return ".iw.ti", (seen,), f"from insar_widgets import TransectInspector\nTransectInspector({arguments})"


TRANSECT = {
    "a profile": Screen(*_transect(f"'mintpy', layer='velocity', transect={LINE}, width=800")),
    "no line": Screen(*_transect("'mintpy'")),
}

NETWORK = {
    "network": Screen(
        ".iw.ni", (".iw.ni svg",), "from insar_widgets import NetworkInspector\nNetworkInspector('copies/network')",
        files=copied("mintpy", "network"),
    ),
}  # fmt: skip

GNSS = {
    "table": Screen(
        ".iw.gi", (".gi-table tbody tr",),
        "from insar_widgets import GnssInspector\n"
        "inspector = GnssInspector('mintpy', cache_dir='ngl')\ninspector.find()\ninspector.wait()\ninspector",
    ),
    "before finding": Screen(
        ".iw.gi", (".gi-empty",),
        "from insar_widgets import GnssInspector\n"
        "GnssInspector('mintpy', base_url='LABORATORY', cache_dir='copies/stations')",
    ),
}  # fmt: skip

SCREENS = {
    "displacement-map": DISPLACEMENT_MAP,
    **LAYERS,
    "time-series-inspector": TIME_SERIES,
    "transect-inspector": TRANSECT,
    "network-inspector": NETWORK,
    "gnss-inspector": GNSS,
}
