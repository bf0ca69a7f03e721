"""Results as files for others: GeoTIFF, fringes, KMZ, points, figures, report."""

from __future__ import annotations

from insar_widgets.export.figures import FIGURES, export_figures
from insar_widgets.export.gnss import export_gnss_figure
from insar_widgets.export.hdfeos import export_hdfeos5
from insar_widgets.export.kmz import export_kmz
from insar_widgets.export.points import export_points
from insar_widgets.export.rasters import export_displacement, export_layer, export_wrapped, wrap_displacement
from insar_widgets.export.report import export_report

__all__ = [
    "FIGURES",
    "export_displacement",
    "export_figures",
    "export_gnss_figure",
    "export_hdfeos5",
    "export_kmz",
    "export_layer",
    "export_points",
    "export_report",
    "export_wrapped",
    "wrap_displacement",
]
