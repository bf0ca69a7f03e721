"""Synthetic HyP3 stacks and GNSS series whose truth is known."""

from __future__ import annotations

from insar_widgets.simulate.compare import Comparison, compare_with_truth
from insar_widgets.simulate.stack import simulate_stack

__all__ = ["Comparison", "compare_with_truth", "simulate_stack"]
