"""MintPy: its options and template, its steps, and runs that live in a process of their own."""

from insar_widgets.runner.options import Option, options
from insar_widgets.runner.run import Run
from insar_widgets.runner.status import StepStatus
from insar_widgets.runner.steps import STEPS, Step
from insar_widgets.runner.template import Template

__all__ = ["STEPS", "Option", "Run", "Step", "StepStatus", "Template", "options"]
