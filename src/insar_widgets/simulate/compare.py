"""How near a result comes to what was put into the simulation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pyproj import Transformer

from insar_widgets.errors import ResultsError

if TYPE_CHECKING:
    from insar_widgets.results import Results

__all__ = ["Comparison", "compare_with_truth"]

_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class Comparison:
    """Recovered minus true line-of-sight velocity over reliable pixels, both relative to the reference point.

    Attributes
    ----------
    rmse, bias : root mean square and mean of the difference, m/yr.
    pixels : how many pixels were compared.
    true_min, recovered_min : most negative velocity over the same pixels, m/yr.
    """

    rmse: float
    bias: float
    pixels: int
    true_min: float
    recovered_min: float

    def __str__(self) -> str:
        """Say it in mm/yr."""
        return (
            f"Against the truth: LOS velocity rmse {self.rmse * 1e3:.1f} mm/yr, bias {self.bias * 1e3:+.1f} mm/yr over "
            f"{self.pixels} reliable pixels; largest subsidence {self.recovered_min * 1e3:.0f} mm/yr, "
            f"true {self.true_min * 1e3:.0f} mm/yr"
        )


def compare_with_truth(results: Results, truth: str | os.PathLike[str]) -> Comparison:
    """Compare the recovered velocity with the rate of the simulated series.

    The true rate is the least-squares line through the true LOS displacement at the dates of the result: what a
    perfect time series would give, annual term and step included. Both are taken relative to the reference pixel.

    Parameters
    ----------
    results : of a run on a simulated stack.
    truth : ``truth.nc`` beside the simulated products.

    Raises
    ------
    ResultsError
        If the run has no velocity, or the truth lacks one of its dates or does not cover its frame.
    """
    if "velocity" not in results.layers:
        raise ResultsError(f"{results.work_dir} has no velocity to compare; run the step velocity first.")
    velocity = results["velocity"]
    with xr.open_dataset(truth) as data:
        los = data["displacement_los"].load()
    names = [str(date) for date in los["date"].values]
    lacking = sorted(set(results.dates) - set(names))
    if lacking:
        raise ResultsError(
            f"{truth} has no displacement for {', '.join(lacking)}: it belongs to another simulation."
        )
    los = los.isel(date=[names.index(date) for date in results.dates])
    true = _rate(np.asarray(los.values, dtype=np.float64), results.dates)
    on_grid = xr.DataArray(true, dims=("y", "x"), coords={"y": los["y"], "x": los["x"]}).reindex(
        y=velocity["y"], x=velocity["x"], method="nearest", tolerance=1.0
    )
    point = results.reference_point
    if point is None:
        raise ResultsError(f"{results.work_dir} has no reference point; run the step reference_point first.")
    x, y = Transformer.from_crs("EPSG:4326", results.crs, always_xy=True).transform(
        point["lon"], point["lat"]
    )
    there = {"x": x, "y": y, "method": "nearest"}
    expected = np.asarray(on_grid - on_grid.sel(**there))
    found = np.asarray(velocity - velocity.sel(**there))
    good = np.isfinite(expected) & np.isfinite(found) & np.asarray(results["maskTempCoh"].values, dtype=bool)
    if not good.any():
        raise ResultsError(
            f"{truth} does not cover the frame of {results.work_dir}: it belongs to another simulation."
        )
    error = (found - expected)[good]
    return Comparison(
        rmse=float(np.sqrt(np.mean(np.square(error)))),
        bias=float(np.mean(error)),
        pixels=int(good.sum()),
        true_min=float(expected[good].min()),
        recovered_min=float(found[good].min()),
    )


def _rate(series: NDArray[np.float64], dates: tuple[str, ...]) -> NDArray[np.float64]:
    """Slope in m/yr of the least-squares line through each pixel's series (date, y, x) in m."""
    days = np.array([np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}") for d in dates]).astype("datetime64[D]")
    years = (days - days[0]).astype(float) / _DAYS_PER_YEAR
    centred = years - years.mean()
    return np.tensordot(centred, series, axes=1) / float(np.sum(np.square(centred)))
