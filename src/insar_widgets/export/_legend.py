"""Legends beside rasters that are coloured already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from insar_widgets.export._job import whole_file
from insar_widgets.export._palette import CYCLE


def draw_fringe_legend(path: Path, cycle: float, sense: str) -> Path:
    """Picture of the fringe colours with the phase and the displacement of one cycle (m)."""
    figure = Figure(figsize=(4.2, 1.1), dpi=200, layout="constrained")
    axes = figure.subplots()
    axes.imshow(CYCLE[None], aspect="auto", extent=(-np.pi, np.pi, 0, 1))
    axes.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])
    axes.set_yticks([])
    towards = "away from" if sense == "away" else "towards"
    axes.set_xlabel(
        f"phase (rad); one cycle is {cycle * 1e3:.1f} mm\nof displacement {towards} the satellite, left to right",
        fontsize=8,
    )
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png")
    return path
