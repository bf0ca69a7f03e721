"""The widgets: thin views on the science rooms, each usable alone or linked with the others."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from insar_widgets.widgets.cds_credentials import CdsCredentials
    from insar_widgets.widgets.config_builder import ConfigBuilder
    from insar_widgets.widgets.displacement_map import DisplacementMap
    from insar_widgets.widgets.exporter import Exporter
    from insar_widgets.widgets.gnss_inspector import GnssInspector
    from insar_widgets.widgets.gnss_layer import GnssLayer
    from insar_widgets.widgets.network_inspector import NetworkInspector
    from insar_widgets.widgets.raster_layer import RasterLayer
    from insar_widgets.widgets.stack_picker import StackPicker
    from insar_widgets.widgets.step_runner import StepRunner
    from insar_widgets.widgets.time_series_inspector import TimeSeriesInspector
    from insar_widgets.widgets.transect_inspector import TransectInspector
    from insar_widgets.widgets.workbench import Workbench

__all__ = [
    "CdsCredentials",
    "ConfigBuilder",
    "DisplacementMap",
    "Exporter",
    "GnssInspector",
    "GnssLayer",
    "NetworkInspector",
    "RasterLayer",
    "StackPicker",
    "StepRunner",
    "TimeSeriesInspector",
    "TransectInspector",
    "Workbench",
]


def __getattr__(name: str) -> Any:
    """Load a widget when it is wanted: exporting draws figures, which nobody who looks at a map waits for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
