"""Which station makes a good reference: long, quiet, on a coherent pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insar_widgets.gnss.compare import Comparison
from insar_widgets.results import Results, sample_point

__all__ = ["Candidate", "rank_references"]


@dataclass(frozen=True)
class Candidate:
    """A station that could be the reference, and why.

    Attributes
    ----------
    name : station.
    score : 0 to 1, the larger the better: product of the three shares below.
    coverage : share of the acquisitions with GNSS.
    quietness : noise of the quietest station over its own noise (scatter of its daily series about a line).
    coherence : temporal coherence of its pixel, 1 where it is not known.
    why : in words.
    """

    name: str
    score: float
    coverage: float
    quietness: float
    coherence: float
    why: str


def rank_references(comparison: Comparison, results: Results) -> list[Candidate]:
    """Rank the compared stations as references, best first.

    The noise of a station is best judged in its own frame, by a comparison without a reference station; the
    reference of the comparison is not ranked.
    """
    names = [name for name in comparison.names if name != comparison.reference]
    noise, coverage, coherence = {}, {}, {}
    for name in names:
        series = comparison.series(name)
        daily = series["gnss_daily"].values
        known = np.isfinite(daily)
        days = series["time"].values.astype("datetime64[D]").astype(float)
        line = np.polyfit(days[known] - days[known][0], daily[known], 1)
        noise[name] = float(np.std(daily[known] - np.polyval(line, days[known] - days[known][0])))
        coverage[name] = float(np.isfinite(series["gnss"].values).mean())
        coherence[name] = 1.0
        if "temporalCoherence" in results:
            value = float(
                sample_point(results["temporalCoherence"], series.attrs["lon"], series.attrs["lat"])["value"]
            )
            coherence[name] = value if np.isfinite(value) else 0.0
    quietest = min((v for v in noise.values() if v > 0), default=1.0)
    ranked = []
    for name in names:
        quietness = quietest / noise[name] if noise[name] > 0 else 1.0
        ranked.append(
            Candidate(
                name=name,
                score=coverage[name] * quietness * coherence[name],
                coverage=coverage[name],
                quietness=quietness,
                coherence=coherence[name],
                why=f"GNSS at {coverage[name]:.0%} of the acquisitions, scatter {noise[name] * 1e3:.1f} mm "
                f"about a line, temporal coherence {coherence[name]:.2f}",
            )
        )
    return sorted(ranked, key=lambda candidate: -candidate.score)
