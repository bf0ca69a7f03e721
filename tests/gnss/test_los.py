from __future__ import annotations

import numpy as np
import pytest

from insar_widgets.gnss import los_vector, project_to_los, read_tenv3

GEOMETRIES = {"ascending": (33.9, 102.3), "descending": (39.1, -102.6)}  # degrees, MintPy's angles


@pytest.mark.parametrize("direction", GEOMETRIES)
def test_projection_equals_mintpys_own(shared_data, direction):
    """MintPy leaves correlations out and reads 32 bits; without them the two agree to a micrometre."""
    gnss = pytest.importorskip("mintpy.objects.gnss")
    incidence, azimuth = GEOMETRIES[direction]
    theirs = gnss.GNSS_UNR("AHUP", data_dir=str(shared_data / "ngl_series"))
    theirs.read_displacement("20170101", "20191231", print_msg=False)
    los, sigma = theirs.displacement_enu2los(incidence, azimuth)
    series = read_tenv3(shared_data / "ngl_series" / "AHUP.tenv3").sel(time=slice("2017-01-01", "2019-12-31"))
    ours = project_to_los(
        series.assign({f"corr_{p}": series["corr_en"] * 0 for p in ("en", "eu", "nu")}), incidence, azimuth
    )
    assert ours.sizes["time"] == len(los) > 900
    assert np.ptp(los) > 0.2  # Kilauea, 2018: the test would see a wrong sign
    assert np.abs(ours["los"].values - (los - los[0])).max() < 1e-6
    assert np.abs(ours["sigma_los"].values - sigma).max() < 1e-6


@pytest.mark.parametrize("direction", GEOMETRIES)
def test_the_vector_points_to_the_satellite(direction):
    """A right-looking satellite flies west of what it sees when ascending, east of it when descending."""
    east, north, up = los_vector(*GEOMETRIES[direction])
    assert np.sqrt(east**2 + north**2 + up**2) == pytest.approx(1)
    assert up > 0
    assert (east < 0) == (direction == "ascending")


def test_uncertainty_is_propagated_with_the_correlations(shared_data):
    """u' C u by a drawing of a hundred thousand errors with that covariance."""
    series = read_tenv3(shared_data / "ngl_series" / "AHUP.tenv3").isel(time=slice(0, 1))
    series = series.assign(
        corr_en=series["corr_en"] * 0 + 0.3,
        corr_eu=series["corr_eu"] * 0 - 0.5,
        corr_nu=series["corr_nu"] * 0 + 0.4,
    )
    sigma = np.array([float(series[f"sigma_{c}"][0]) for c in ("east", "north", "up")])
    correlation = np.array([[1, 0.3, -0.5], [0.3, 1, 0.4], [-0.5, 0.4, 1]])
    drawn = np.random.default_rng(1).multivariate_normal(
        np.zeros(3), np.outer(sigma, sigma) * correlation, 100_000
    )
    spread = (drawn @ np.array(los_vector(39.1, -102.6))).std()
    assert float(project_to_los(series, 39.1, -102.6)["sigma_los"][0]) == pytest.approx(spread, rel=0.01)
