"""The widgets: thin views on the science rooms, each usable alone or linked with the others."""

from __future__ import annotations

from insar_widgets.widgets.cds_credentials import CdsCredentials
from insar_widgets.widgets.config_builder import ConfigBuilder
from insar_widgets.widgets.raster_layer import RasterLayer
from insar_widgets.widgets.stack_picker import StackPicker
from insar_widgets.widgets.step_runner import StepRunner

__all__ = ["CdsCredentials", "ConfigBuilder", "RasterLayer", "StackPicker", "StepRunner"]
