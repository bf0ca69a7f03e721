"""MintPy: its options and template, its steps, and runs that live in a process of their own."""

from insar_widgets.runner._option_steps import options_of_step, resources_of_step
from insar_widgets.runner.cluster import Cluster
from insar_widgets.runner.estimate import Estimate, StepEstimate
from insar_widgets.runner.option_search import search_options
from insar_widgets.runner.options import Option, options
from insar_widgets.runner.presets import Preset, presets
from insar_widgets.runner.run import Run
from insar_widgets.runner.status import StepStatus
from insar_widgets.runner.steps import STEPS, Step
from insar_widgets.runner.template import Template

__all__ = [
    "STEPS",
    "Cluster",
    "Estimate",
    "Option",
    "Preset",
    "Run",
    "Step",
    "StepEstimate",
    "StepStatus",
    "Template",
    "options",
    "options_of_step",
    "presets",
    "resources_of_step",
    "search_options",
]
