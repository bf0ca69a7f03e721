"""Jupyter widgets for InSAR time series with MintPy and ASF HyP3 products."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("insar-widgets")

# Where each public name lives. Loaded on first use, so that importing one thing costs only that thing.
_HOME = {
    "InsarWidgetsError": "errors",
    "find_stack": "hyp3",
    "Stack": "hyp3",
    "Product": "hyp3",
    "Finding": "hyp3",
    "simulate_stack": "simulate",
    "options": "runner",
    "Option": "runner",
    "Template": "runner",
    "STEPS": "runner",
    "Run": "runner",
    "open_results": "results",
    "Results": "results",
    "find_stations": "gnss",
    "read_tenv3": "gnss",
    "compare_gnss": "gnss",
    "export_displacement": "export",
    "export_wrapped": "export",
    "export_layer": "export",
    "export_kmz": "export",
    "export_figures": "export",
    "export_report": "export",
    "export_hdfeos5": "export",
    "export_points": "export",
    "StackPicker": "widgets",
    "ConfigBuilder": "widgets",
    "CdsCredentials": "widgets",
    "NetworkInspector": "widgets",
    "StepRunner": "widgets",
    "TransectInspector": "widgets",
    "RasterLayer": "widgets",
    "DisplacementMap": "widgets",
    "Exporter": "widgets",
    "TimeSeriesInspector": "widgets",
    "GnssLayer": "widgets",
    "GnssInspector": "widgets",
    "Workbench": "widgets",
}

__all__ = ["__version__", *_HOME]  # noqa: PLE0604 - the keys are strings


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
