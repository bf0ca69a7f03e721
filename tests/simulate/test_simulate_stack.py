"""Claims about the products that `simulate_stack` writes."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

from insar_widgets import simulate_stack
from insar_widgets.errors import SimulationError

SMALL = {"shape": (60, 80), "dates": 5, "seed": 7}
WAVELENGTH = 0.05546576

# A genuine example of each family, in the data beside the checkout.
GENUINE = {
    "gamma": "S1AC_20251001T204513_20251007T204359_HHR006_INT40_G_ueF_1DBE.txt",
    "burst": "S1_056072_IW2_20220814_20220907_VV_INT80_E09B.txt",
    "multiburst": "S1_044_000000s1n00-093117s2n01-093118s3n01_IW_20250718_20250730_VV_INT80_B4FA.txt",
}


@pytest.fixture(scope="module", params=["gamma", "burst", "multiburst"])
def family_stack(request, tmp_path_factory):
    """(family, folder) of a small stack."""
    folder = tmp_path_factory.mktemp(request.param)
    simulate_stack(folder, family=request.param, **SMALL)
    return request.param, folder


@pytest.fixture(scope="module", params=["descending", "ascending"])
def quiet(request, tmp_path_factory):
    """A stack without noise, delays and DEM error, so that phase is motion alone."""
    folder = tmp_path_factory.mktemp(request.param)
    simulate_stack(
        folder,
        **SMALL,
        direction=request.param,
        turbulence=0.0,
        stratification=0.0,
        dem_error=0.0,
        decorrelation=False,
        unwrap_errors=0.0,
    )
    return folder


def product_folders(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.name.startswith("S1"))


def read(product: Path, layer: str) -> np.ndarray:
    with rasterio.open(product / f"{product.name}_{layer}.tif") as raster:
        return raster.read(1)


def cut(truth: xr.Dataset, product: Path) -> xr.Dataset:
    """The truth at the product's own pixels, found by coordinates."""
    with rasterio.open(product / f"{product.name}_unw_phase.tif") as raster:
        x = raster.transform.c + raster.transform.a * (np.arange(raster.width) + 0.5)
        y = raster.transform.f + raster.transform.e * (np.arange(raster.height) + 0.5)
    return truth.sel(x=x, y=y)


def dates_of(product: Path) -> list[str]:
    return re.findall(r"_(\d{8})(?=T|_)", product.name)[:2]


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def text_of(product: Path) -> dict[str, str]:
    lines = (product / f"{product.name}.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        simulate_stack(tmp_path / name, **SMALL)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")


def test_a_whole_simulation_of_the_same_arguments_is_kept_when_wanted(tmp_path):
    first = simulate_stack(tmp_path / "a", **SMALL)
    truth, product = tmp_path / "a" / "truth.nc", first.products[0].path
    before = truth.stat().st_mtime_ns
    assert simulate_stack(tmp_path / "a", **SMALL, reuse=True).pairs == first.pairs
    assert truth.stat().st_mtime_ns == before

    shutil.rmtree(product)
    assert simulate_stack(tmp_path / "a", **SMALL, reuse=True).pairs == first.pairs
    assert product.is_dir()
    assert truth.stat().st_mtime_ns > before
    with pytest.raises(SimulationError, match="other products"):
        simulate_stack(tmp_path / "a", **SMALL | {"subsidence": -0.02}, reuse=True)


def test_another_seed_writes_other_phases(tmp_path):
    simulate_stack(tmp_path / "first", **SMALL)
    simulate_stack(tmp_path / "second", **{**SMALL, "seed": 8})
    first, second = (read(product_folders(tmp_path / n)[0], "unw_phase") for n in ("first", "second"))
    assert first.shape != second.shape or not np.array_equal(first, second)


def test_mintpy_understands_every_product(family_stack, tmp_path):
    from mintpy.prep_hyp3 import add_hyp3_metadata

    family, folder = family_stack
    for product in product_folders(folder):
        with rasterio.open(product / f"{product.name}_unw_phase.tif") as raster:
            grid = {
                "X_FIRST": raster.transform.c,
                "Y_FIRST": raster.transform.f,
                "X_STEP": 80.0,
                "Y_STEP": -80.0,
                "WIDTH": raster.width,
                "LENGTH": raster.height,
            }
        meta = add_hyp3_metadata(str(product / f"{product.name}_unw_phase.tif"), grid)
        reference, secondary = dates_of(product)
        assert meta["DATE12"] == f"{reference[2:]}-{secondary[2:]}"
        assert meta["ORBIT_DIRECTION"] == "DESCENDING"
        if family == "gamma":
            assert meta["relative_orbit"] == 144
            assert meta["startUTC"].startswith(f"{reference[:4]}-{reference[4:6]}-{reference[6:]} 13:59")
    assert len(product_folders(folder)) == 9


def test_metadata_has_the_keys_of_a_genuine_product(family_stack, shared_data):
    family, folder = family_stack
    genuine = (shared_data / "hyp3_metadata" / GENUINE[family]).read_text().splitlines()
    for product in product_folders(folder):
        mine = (product / f"{product.name}.txt").read_text().splitlines()
        assert [line.split(": ")[0] for line in mine] == [line.split(": ")[0] for line in genuine]


def test_metadata_numbers_look_like_genuine_ones(family_stack, shared_data):
    family, folder = family_stack

    def form(value: str) -> str:
        return "number" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "text"

    genuine = dict(
        line.split(": ", 1)
        for line in (shared_data / "hyp3_metadata" / GENUINE[family]).read_text().splitlines()
    )
    mine = text_of(product_folders(folder)[0])
    assert {key: form(value) for key, value in mine.items()} == {key: form(v) for key, v in genuine.items()}


def test_layers_are_those_of_the_family(family_stack):
    family, folder = family_stack
    layers = {"unw_phase", "corr", "dem", "lv_theta", "lv_phi", "water_mask"}
    if family != "gamma":
        layers.add("conncomp")
    for product in product_folders(folder):
        names = {path.name for path in product.iterdir()}
        assert names == {f"{product.name}.txt"} | {f"{product.name}_{layer}.tif" for layer in layers}
        for layer in layers:
            with rasterio.open(product / f"{product.name}_{layer}.tif") as raster:
                assert raster.crs.to_epsg() == 32611
                assert raster.res == (80.0, 80.0)
                assert raster.tags()["AREA_OR_POINT"] == "Area"
                assert raster.dtypes[0] == ("uint8" if layer == "water_mask" else "float32")
                assert raster.nodata == (255 if layer == "water_mask" else 0)


def test_extents_differ_by_whole_pixels(family_stack):
    _, folder = family_stack
    bounds = []
    for product in product_folders(folder):
        with rasterio.open(product / f"{product.name}_corr.tif") as raster:
            bounds.append(tuple(raster.bounds))
    assert len(set(bounds)) > 1
    assert all(edge % 80 == 0 for each in bounds for edge in each)
    assert len({(right - left, top - bottom) for left, bottom, right, top in bounds}) > 1


def test_look_vectors_point_up_to_a_right_looking_sensor(quiet):
    truth = xr.open_dataset(quiet / "truth.nc")
    for product in product_folders(quiet):
        theta, phi = read(product, "lv_theta").astype(float), read(product, "lv_phi").astype(float)
        valid = theta != 0
        east, north, up = np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta)
        here = cut(truth, product)
        for name, mine in (("east", east), ("north", north), ("up", up)):
            np.testing.assert_allclose(here[f"look_{name}"].values[valid], mine[valid], atol=1e-6)
        length = here.look_east**2 + here.look_north**2 + here.look_up**2
        np.testing.assert_allclose(length, 1, atol=1e-6)
        heading = np.deg2rad(float(text_of(product)["Heading"]))
        # The sensor is left of the flight direction as seen from the ground: minus the right-looking direction.
        right_east, right_north = np.cos(heading), -np.sin(heading)
        assert (right_east * east + right_north * north)[valid].max() < -0.5
        assert up[valid].min() > 0.6
        # Incidence grows away from the sensor.
        column = np.argwhere(valid.all(axis=0)).ravel()
        trend = np.polyfit(column, theta[:, column].mean(axis=0), 1)[0]
        assert trend * np.sign(right_east) < 0


def test_phase_is_motion_along_line_of_sight_and_positive_away(quiet):
    """Rebuilt from the truth's east, north and up parts alone."""
    truth = xr.open_dataset(quiet / "truth.nc").load()
    years = dict(zip(truth.date.values.tolist(), truth.years.values.tolist(), strict=True))
    phase0, step_time = truth.attrs["annual_phase"], truth.attrs["step_time_years"]
    for product in product_folders(quiet):
        here = cut(truth, product)
        first, second = (years[date] for date in dates_of(product))
        annual = np.cos(2 * np.pi * second + phase0) - np.cos(2 * np.pi * first + phase0)
        slipped = float(first < step_time <= second)
        enu = [
            here[f"velocity_{name}"] * (second - first) + here[f"step_{name}"] * slipped
            for name in ("east", "north", "up")
        ]
        enu[2] = enu[2] + here.annual_up * annual
        los = enu[0] * here.look_east + enu[1] * here.look_north + enu[2] * here.look_up
        phase = read(product, "unw_phase")
        used = (phase != 0) & (here.land.values == 1)
        expected = (-4 * np.pi / WAVELENGTH * los).values
        difference = (phase - expected)[used]
        # Every interferogram has a constant of its own.
        np.testing.assert_allclose(difference, np.median(difference), atol=2e-3)


def test_subsidence_gives_positive_phase_in_the_bowl(quiet):
    truth = xr.open_dataset(quiet / "truth.nc").load()
    product = product_folders(quiet)[2]
    here = cut(truth, product)
    bowl = {"x": truth.attrs["bowl_centre_x"], "y": truth.attrs["bowl_centre_y"], "method": "nearest"}
    assert float(here.velocity_up.sel(**bowl)) == pytest.approx(-0.08, abs=0.002)
    assert float(here.velocity_los.sel(**bowl)) < -0.04
    phase = here.velocity_los.copy(data=read(product, "unw_phase"))
    far = {"x": truth.x.values[-20], "y": truth.attrs["bowl_centre_y"], "method": "nearest"}
    assert float(phase.sel(**bowl) - phase.sel(**far)) > 0


def test_horizontal_motion_goes_towards_the_bowl(quiet):
    truth = xr.open_dataset(quiet / "truth.nc").load()
    outward_east = truth.x - truth.attrs["bowl_centre_x"]
    outward_north = truth.y - truth.attrs["bowl_centre_y"]
    assert float((truth.velocity_east * outward_east + truth.velocity_north * outward_north).max()) <= 0
    assert float(np.hypot(truth.velocity_east, truth.velocity_north).max()) > 0.02


def test_phases_of_a_triplet_close(quiet):
    truth = xr.open_dataset(quiet / "truth.nc").load()
    by_dates = {tuple(dates_of(p)): p for p in product_folders(quiet)}
    first, second, third = truth.date.values[:3].tolist()
    total = xr.zeros_like(truth.dem)
    for pair, sign in (((first, second), 1), ((second, third), 1), ((first, third), -1)):
        here = cut(truth, by_dates[pair])
        phase = read(by_dates[pair], "unw_phase")
        total = total + sign * here.dem.copy(data=np.where(phase == 0, np.nan, phase))
    closure = total.where(truth.land == 1).values
    np.testing.assert_allclose(closure[np.isfinite(closure)], np.nanmedian(closure), atol=2e-3)


def test_delays_and_dem_error_enter_as_mintpy_takes_them_out(tmp_path):
    """The same stack with and without them; the geometry is computed by MintPy's own functions."""
    from mintpy.utils import utils0 as ut

    settings = {**SMALL, "decorrelation": False, "unwrap_errors": 0.0, "gnss": False}
    simulate_stack(tmp_path / "a", **settings)
    truth = xr.open_dataset(tmp_path / "a" / "truth.nc").load()
    bperp = dict(zip(truth.date.values.tolist(), truth.bperp.values.tolist(), strict=True))
    for product in product_folders(tmp_path / "a"):
        here = cut(truth, product)
        first, second = dates_of(product)
        text = text_of(product)
        baseline = float(text["Baseline"])
        assert baseline == pytest.approx(bperp[second] - bperp[first], abs=1e-4)
        theta = read(product, "lv_theta").astype(np.float64)
        used = (theta != 0) & (here.land.values == 1)
        incidence = 90 - np.degrees(theta)
        atr = {"EARTH_RADIUS": text["Earth radius at nadir"], "HEIGHT": text["Spacecraft height"]}
        slant_range = ut.incidence_angle2slant_range_distance(atr, incidence)
        dem_part = baseline / (slant_range * np.sin(np.radians(incidence))) * here.dem_error.values
        change = sum(
            here[name].sel(date=second) - here[name].sel(date=first)
            for name in ("displacement_los", "delay_turbulent", "delay_stratified")
        )
        expected = -4 * np.pi / WAVELENGTH * (change.values + dem_part)
        difference = (read(product, "unw_phase") - expected)[used]
        np.testing.assert_allclose(difference, np.median(difference), atol=5e-3)
        assert np.ptp(-4 * np.pi / WAVELENGTH * dem_part[used]) > 0.05 * abs(baseline) / 100


def test_noise_follows_the_coherence(tmp_path):
    """Phase deviates as the theory of distributed scatterers says (MintPy's own formula)."""
    from mintpy.simulation.decorrelation import phase_variance_ds

    quiet = {"turbulence": 0.0, "stratification": 0.0, "dem_error": 0.0, "unwrap_errors": 0.0}
    still = {"subsidence": 0.0, "fault_slip": 0.0, "annual": 0.0, "gnss": False}
    simulate_stack(tmp_path, shape=(120, 140), dates=3, seed=3, looks=20, **quiet, **still)
    truth = xr.open_dataset(tmp_path / "truth.nc").load()
    variance, coherence = phase_variance_ds(20, np.linspace(0.5, 0.9975, 1000))
    for product in product_folders(tmp_path):
        here = cut(truth, product)
        phase, corr = read(product, "unw_phase"), read(product, "corr")
        clear = (phase != 0) & (here.land.values == 1) & (here.vegetation.values < 0.05)
        measured = np.std(phase[clear] - np.median(phase[clear]))
        expected = np.sqrt(np.interp(corr[clear].mean(), coherence, variance))
        assert measured == pytest.approx(expected, rel=0.15)
        water = (phase != 0) & (here.land.values == 0)
        # Uniform between -pi and pi.
        assert np.std(phase[water] - np.median(phase[clear])) == pytest.approx(np.pi / np.sqrt(3), rel=0.1)


def test_most_of_the_land_is_coherent_and_a_lake_is_not(family_stack):
    _, folder = family_stack
    for product in product_folders(folder):
        corr, water_mask = read(product, "corr"), read(product, "water_mask")
        valid = corr > 0
        assert set(np.unique(water_mask)) == {0, 1}
        assert np.mean(corr[valid & (water_mask == 1)] > 0.85) > 0.5
        assert corr[valid & (water_mask == 0)].mean() < 0.35
        assert not valid.all()
        assert valid.mean() > 0.8
        assert np.array_equal(valid, read(product, "unw_phase") != 0)
        assert np.array_equal(valid, read(product, "lv_phi") != 0)


def test_connected_components_part_water_and_unwrapping_errors(tmp_path):
    simulate_stack(tmp_path, family="burst", unwrap_errors=0.5, gnss=False, **SMALL)
    truth = xr.open_dataset(tmp_path / "truth.nc").load()
    wrong = truth.unwrap_pair.values.tolist()
    assert len(wrong) == 5
    for product in product_folders(tmp_path):
        components, here = read(product, "conncomp"), cut(truth, product)
        assert (components[here.land.values == 0] == 0).all()
        pair = "_".join(dates_of(product))
        patch = here.unwrap_cycles.sel(unwrap_pair=pair).values != 0 if pair in wrong else np.zeros((), bool)
        assert np.array_equal(components == 2, (components > 0) & patch)


def test_unwrapping_errors_are_whole_cycles(tmp_path):
    settings = {**SMALL, "decorrelation": False, "gnss": False}
    simulate_stack(tmp_path, unwrap_errors=1.0, dem_error=0.0, turbulence=0.0, stratification=0.0, **settings)
    truth = xr.open_dataset(tmp_path / "truth.nc").load()
    for product in product_folders(tmp_path):
        here = cut(truth, product)
        first, second = dates_of(product)
        change = here.displacement_los.sel(date=second) - here.displacement_los.sel(date=first)
        phase = read(product, "unw_phase")
        used = (phase != 0) & (here.land.values == 1)
        rest = (phase + 4 * np.pi / WAVELENGTH * change.values)[used]
        cycles = here.unwrap_cycles.sel(unwrap_pair=f"{first}_{second}").values[used]
        assert np.abs(truth.unwrap_cycles.sel(unwrap_pair=f"{first}_{second}")).max() == 1
        np.testing.assert_allclose(rest - 2 * np.pi * cycles, np.median(rest), atol=2e-3)


def test_a_default_stack_has_an_unwrapping_error_that_a_triplet_shows(tmp_path):
    simulate_stack(tmp_path, gnss=False, **SMALL)
    truth = xr.open_dataset(tmp_path / "truth.nc").load()
    pairs = {tuple(dates_of(p)) for p in product_folders(tmp_path)}
    dates = {date for pair in pairs for date in pair}
    for name in truth.unwrap_pair.values.tolist():
        first, second = name.split("_")
        assert any(
            tuple(sorted((first, third))) in pairs and tuple(sorted((second, third))) in pairs
            for third in dates - {first, second}
        )
    assert truth.sizes["unwrap_pair"] >= 1


def test_the_reference_point_is_in_the_metadata(tmp_path):
    simulate_stack(tmp_path, gnss=False, **SMALL)
    for product in product_folders(tmp_path):
        text = text_of(product)
        with rasterio.open(product / f"{product.name}_unw_phase.tif") as raster:
            x = float(text["X coordinate of the reference point in the map projection"])
            y = float(text["Y coordinate of the reference point in the map projection"])
            value = raster.read(1)[raster.index(x, y)]
        assert value == pytest.approx(float(text["Phase at reference point"]), abs=1e-4)
        assert -np.pi <= value <= np.pi


def test_network_options(tmp_path):
    def pairs_of(folder: Path) -> set[tuple[int, int]]:
        pairs = {tuple(dates_of(p)) for p in product_folders(folder)}
        dates = sorted({date for pair in pairs for date in pair})
        assert len(dates) == 6
        return {(dates.index(first), dates.index(second)) for first, second in pairs}

    common = {"shape": (40, 40), "dates": 6, "connections": 2, "gnss": False}
    simulate_stack(tmp_path / "gap", gap_after=2, **common)
    assert pairs_of(tmp_path / "gap") == {(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)}
    simulate_stack(tmp_path / "single", single_pair_date=3, **common)
    single = pairs_of(tmp_path / "single")
    assert sum(3 in pair for pair in single) == 1
    assert single == {(0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (4, 5)}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"shape": (10, 10)}, "40 or more"),
        ({"dates": 1}, "dates=1"),
        ({"connections": 0}, "connections=0"),
        ({"family": "isce"}, "gamma, burst, multiburst"),
        ({"direction": "north"}, "ascending, descending"),
        ({"interval": 10}, "12 or more"),
        ({"interval": 18}, "multiple of 12"),
        ({"start": "2019-01-10"}, "YYYYMMDD"),
        ({"start": "20190111"}, "20190110 or 20190122"),
        ({"unwrap_errors": 2.0}, "from 0 to 1"),
        ({"turbulence": -1.0}, "positive"),
        ({"subsidence": float("nan")}, "finite"),
        ({"looks": 0.5}, "above 1"),
        ({"seed": -1}, "seed=-1"),
        ({"gap_after": 23}, "from 1 to 21"),
        ({"single_pair_date": 24}, "from 0 to 23"),
        ({"single_pair_date": 3, "connections": 1}, "connections=2"),
        ({"single_pair_date": 3, "gap_after": 3}, "further apart"),
        ({"extent_jitter": 100}, "at most"),
        ({"shape": (30000, 30000)}, "fewer dates or pixels"),
    ],
)
def test_impossible_arguments_are_refused_in_words(tmp_path, wrong, words):
    with pytest.raises(SimulationError, match=re.escape(words)):
        simulate_stack(tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_products_is_refused(tmp_path):
    settings = {**SMALL, "gnss": False}
    simulate_stack(tmp_path, **settings)
    before = digests(tmp_path)
    with pytest.raises(SimulationError, match="already holds other products"):
        simulate_stack(tmp_path, **{**settings, "seed": 99})
    simulate_stack(tmp_path, **settings)
    assert digests(tmp_path) == before


def test_progress_rises_to_one(tmp_path):
    heard: list[float] = []
    simulate_stack(tmp_path, gnss=False, on_progress=lambda share, _: heard.append(share), **SMALL)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_whoever_listens_can_stop_it(tmp_path):
    def stop(share: float, _: str) -> None:
        if share > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_stack(tmp_path, gnss=False, on_progress=stop, **SMALL)
    assert not (tmp_path / "truth.nc").exists()
    assert not list(tmp_path.glob(".*"))
    simulate_stack(tmp_path, gnss=False, **SMALL)
    simulate_stack(tmp_path.with_name("whole"), gnss=False, **SMALL)
    assert digests(tmp_path) == digests(tmp_path.with_name("whole"))


def test_truth_is_georeferenced(tmp_path):
    import rioxarray  # noqa: F401

    simulate_stack(tmp_path, gnss=False, **SMALL)
    with xr.open_dataset(tmp_path / "truth.nc") as truth:
        assert truth.velocity_los.rio.crs.to_epsg() == 32611
        assert truth.attrs["X_FIRST"] == pytest.approx(float(truth.x[0]) - 40)
        assert truth.attrs["Y_FIRST"] == pytest.approx(float(truth.y[0]) + 40)
        assert (truth.sizes["y"], truth.sizes["x"], truth.sizes["date"]) == (60, 80, 5)
        assert float(np.abs(truth.displacement_los[0]).max()) == 0
        units = {
            name: truth[name].attrs["units"] for name in ("velocity_los", "displacement_los", "dem_error")
        }
        assert units == {"velocity_los": "m/year", "displacement_los": "m", "dem_error": "m"}
