"""Legends beside rasters that are coloured already."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from insar_widgets.export._job import whole_file
from insar_widgets.export._look import Look
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


def draw_colour_bar(look: Look, words: str) -> bytes:
    """Picture of a colour bar with title, unit and notes below it, dark on white."""
    figure = Figure(figsize=(3.0, 1.05 + 0.15 * words.count("\n")), dpi=130, layout="constrained")
    axes = figure.subplots()
    low, high = (-look.wrap / 2, look.wrap / 2) if look.wrap else (look.low, look.high)
    axes.imshow(look.table[None], aspect="auto", extent=(low * look.factor, high * look.factor, 0, 1))
    axes.set_yticks([])
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(look.label, fontsize=8, loc="left")
    axes.set_xlabel(words, fontsize=6, loc="left")
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()
