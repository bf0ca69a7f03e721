"""The figures that say what came out of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from insar_widgets.results._lazy import open_hdf5

if TYPE_CHECKING:
    from insar_widgets.results._scan import Scan
    from insar_widgets.results.results import Results


@dataclass(frozen=True)
class Summary:
    """What came out of a run; None where the run has not got that far."""

    dates: tuple[str, ...]
    """YYYYMMDD."""
    pairs_kept: int | None
    """Interferograms that the inversion used."""
    pairs_total: int | None
    """Interferograms that were loaded."""
    rows: int
    columns: int
    pixel_size: tuple[float, float]
    """Height and width of a pixel in metres."""
    crs: str
    bounds: tuple[float, float, float, float]
    """West, south, east, north in degrees WGS84."""
    reference_point: dict[str, float] | None
    reference_date: str | None
    timeseries: str | None
    """Name of the most corrected series."""
    mean_temporal_coherence: float | None
    """Mean over the pixels that were inverted."""
    reliable_pixels: int | None
    """Pixels of maskTempCoh."""
    total_pixels: int
    velocity_min: float | None
    """m/year in line of sight over the reliable pixels; negative is away from the satellite."""
    velocity_max: float | None

    def table(self) -> list[tuple[str, str]]:
        """What a reader wants to know, as pairs of name and text with units; what is not known is left out."""
        height, width = self.pixel_size
        table = [
            ("Frame", f"{self.columns} × {self.rows} pixels of {width:.0f} × {height:.0f} m, {self.crs}")
        ]
        if self.dates:
            table.append(("Dates", f"{len(self.dates)}, {self.dates[0]} to {self.dates[-1]}"))
        if self.pairs_total is not None:
            table.append(("Interferograms", f"{self.pairs_kept} of {self.pairs_total} used"))
        if self.reference_point is not None:
            point = self.reference_point
            south, west = point["lat"] < 0, point["lon"] < 0
            latitude = f"{abs(point['lat']):.5f}° {'S' if south else 'N'}"
            longitude = f"{abs(point['lon']):.5f}° {'W' if west else 'E'}"
            table.append(("Reference point", f"{latitude}, {longitude}"))
        if self.reference_date is not None:
            table.append(("Reference date", self.reference_date))
        if self.timeseries is not None:
            table.append(("Time series", f"{self.timeseries}.h5"))
        if self.mean_temporal_coherence is not None:
            table.append(("Mean temporal coherence", f"{self.mean_temporal_coherence:.2f}"))
        if self.reliable_pixels is not None:
            share = self.reliable_pixels / self.total_pixels
            table.append(("Reliable pixels", f"{self.reliable_pixels} ({share:.0%})"))
        if self.velocity_min is not None and self.velocity_max is not None:
            text = f"{self.velocity_min * 1e3:.0f} to {self.velocity_max * 1e3:+.0f} mm/yr".replace("-", "−")
            table.append(("LOS velocity", f"{text}, positive towards the satellite"))
        return table


def summarise(results: Results, found: Scan) -> Summary:
    """Read the figures; layers that are missing give None."""
    grid = found.grid
    kept = total = None
    if found.stack is not None:
        with open_hdf5(found.stack.path) as handle:
            total = int(handle["date"].shape[0])
            kept = int(np.asarray(handle["dropIfgram"]).sum()) if "dropIfgram" in handle else total
    coherence = _finite_mean(results["temporalCoherence"].values) if "temporalCoherence" in results else None
    reliable = results["maskTempCoh"].values.astype(bool) if "maskTempCoh" in results else None
    low = high = None
    if "velocity" in results:
        velocity = results["velocity"].values
        good = np.isfinite(velocity) if reliable is None else np.isfinite(velocity) & reliable
        if good.any():
            low, high = float(velocity[good].min()), float(velocity[good].max())
    return Summary(
        dates=results.dates,
        pairs_kept=kept,
        pairs_total=total,
        rows=grid.rows,
        columns=grid.columns,
        pixel_size=grid.pixel_size(),
        crs=grid.crs.to_string(),
        bounds=grid.bounds(),
        reference_point=results.reference_point,
        reference_date=results.reference_date,
        timeseries=str(results.timeseries.name) if results.timeseries_names else None,
        mean_temporal_coherence=coherence,
        reliable_pixels=None if reliable is None else int(reliable.sum()),
        total_pixels=grid.rows * grid.columns,
        velocity_min=low,
        velocity_max=high,
    )


def _finite_mean(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=float)) if finite.size else None
