"""The compiled solver against MintPy's own estimator, pixel by pixel."""

from __future__ import annotations

import datetime as dt
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

from mintpy.ifgram_inversion import estimate_timeseries
from mintpy.objects import ifgramStack

from insar_widgets.runner.engine.solver import Problem, Solution, _circle, run_parts, solve

pytestmark = pytest.mark.mintpy

LARGEST, MEDIAN, COHERENCE = 1e-3, 1e-5, 1e-5


def network(dates: int, pairs: list[tuple[int, int]], days: list[int] | None = None):
    """MintPy's design matrices of pairs of numbered dates, and the years between the dates."""
    days = list(range(0, 12 * dates, 12)) if days is None else days
    names = [(dt.date(2017, 1, 1) + dt.timedelta(days=day)).strftime("%Y%m%d") for day in days]
    used = sorted({date for pair in pairs for date in pair})
    phases, velocities = ifgramStack.get_design_matrix4timeseries(
        [f"{names[a]}_{names[b]}" for a, b in pairs]
    )
    years = np.diff(np.array([days[date] for date in used], np.float32) / 365.25).reshape(-1, 1)
    return phases, velocities, years


def sequential(dates: int, connections: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(dates) for b in range(a + 1, min(dates, a + connections + 1))]


def theirs(problem: Problem, pixel: int) -> tuple[np.ndarray, float, int]:
    weight = problem.root_weight
    ts, quality, count = estimate_timeseries(
        A=problem.phases,
        B=problem.velocities,
        y=problem.obs[:, pixel],
        tbase_diff=problem.years,
        weight_sqrt=None if weight is None else weight[:, pixel],
        min_norm_velocity=problem.velocity,
        min_redundancy=problem.min_redundancy,
        print_msg=False,
    )
    return ts[:, 0], float(quality), int(count)


def exact(problem: Problem, pixel: int) -> tuple[np.ndarray, float]:
    """The same in double precision: MintPy solves in single, and its rounding grows with the condition."""
    good = ~np.isnan(problem.obs[:, pixel])
    matrix = (problem.velocities if problem.velocity else problem.phases)[good].astype(np.float64)
    y = problem.obs[good, pixel].astype(np.float64)
    weight = 1.0 if problem.root_weight is None else problem.root_weight[good, pixel].astype(np.float64)
    solved = np.linalg.lstsq((matrix.T * weight).T, y * weight, rcond=None)[0]
    steps = np.cumsum(solved * problem.years.ravel()) if problem.velocity else solved
    return np.array([0, *steps]), float(np.abs(np.exp(1j * (y - matrix @ solved)).mean()))


def assert_as_mintpy(problem: Problem, pixels: np.ndarray, solution: Solution) -> None:
    """Pixels that were solved or refused agree with MintPy's: in the median and in coherence to its own rounding."""
    medians, roundings = [], []
    for pixel in np.setdiff1d(pixels, solution.hard):
        ts, quality, count = theirs(problem, pixel)
        assert solution.count[pixel] == count
        difference = np.abs(solution.phase[:, pixel] - ts)
        assert difference.max() <= LARGEST
        if count == 0:
            assert quality == solution.quality[pixel] == 0
            continue
        right, right_quality = exact(problem, pixel)
        assert np.abs(solution.phase[:, pixel] - right).max() <= 1e-5
        assert solution.quality[pixel] == pytest.approx(right_quality, abs=1e-6)
        assert solution.quality[pixel] == pytest.approx(quality, abs=COHERENCE + abs(quality - right_quality))
        medians.append(np.median(difference))
        roundings.append(np.median(np.abs(ts - right)))
    if medians:
        assert np.median(medians) <= MEDIAN + np.median(roundings)


def condition(problem: Problem, pixel: int) -> float:
    """Condition number of the matrix MintPy decomposes at a pixel, in double precision."""
    matrix = (problem.velocities if problem.velocity else problem.phases).astype(np.float64)
    good = ~np.isnan(problem.obs[:, pixel])
    if problem.root_weight is not None:
        matrix = matrix * problem.root_weight[:, pixel : pixel + 1]
    values = np.linalg.svd(matrix[good], compute_uv=False)
    if good.sum() < matrix.shape[1]:
        return np.inf
    return float(values[0] / values[-1]) if values[-1] > 0 else np.inf


@st.composite
def problems(draw) -> Problem:
    """A network with irregular dates, some pairs the wrong way round; missing pairs and weights of all kinds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dates = draw(st.integers(2, 25))
    days = np.cumsum(
        [0, *rng.choice([6, 12, 24, 48, 400], size=dates - 1, p=[0.3, 0.4, 0.2, 0.08, 0.02])]
    ).tolist()
    pairs = sequential(dates, draw(st.integers(1, 4)))
    if draw(st.booleans()):  # pairs of a year and more
        pairs += [(a, b) for a in range(dates) for b in range(a + 5, dates, 7)]
    if draw(st.booleans()):  # a network of one reference, not the first date
        centre = int(rng.integers(dates))
        pairs = [(centre, other) for other in range(dates) if other != centre]
    elif draw(st.booleans()):  # the network falls into two
        cut = int(rng.integers(1, dates))
        pairs = [(a, b) for a, b in pairs if (a < cut) == (b < cut)] or pairs
    if draw(st.booleans()):
        pairs = [(b, a) if rng.random() < 0.3 and pairs[0][0] < pairs[0][1] else (a, b) for a, b in pairs]
    pairs = sorted(set(pairs))
    used = sorted({date for pair in pairs for date in pair})
    pixels = 40
    phases, velocities, years = network(dates, pairs, days)
    truth = np.cumsum(rng.normal(0, 1, (dates, pixels)), axis=0)
    obs = np.array([truth[b] - truth[a] for a, b in pairs]) + rng.normal(0, 0.4, (len(pairs), pixels))
    obs = obs.astype(np.float32)
    obs[rng.random(obs.shape) < draw(st.sampled_from([0.0, 0.05, 0.4]))] = np.nan
    weight = {
        "none": None,
        "mild": rng.uniform(0.3, 2, obs.shape),
        "wide": 10 ** rng.uniform(-1, 1.5, obs.shape),
        "extreme": 10 ** rng.uniform(-4, 4, obs.shape),
        "zeros": np.where(rng.random(obs.shape) < 0.2, 0, 1),
    }[draw(st.sampled_from(["none", "mild", "wide", "extreme", "zeros"]))]
    assert len(used) == phases.shape[1] + 1
    return Problem(
        phases,
        velocities,
        years,
        obs,
        None if weight is None else weight.astype(np.float32),
        velocity=draw(st.booleans()),
        min_redundancy=draw(st.sampled_from([1.0, 2.0, 3.0])),
    )


@settings(max_examples=60, deadline=None)
@given(problems())
def test_pixels_of_any_network_are_mintpys_or_left_to_mintpy(problem):
    pixels = np.flatnonzero(~np.isnan(problem.obs).all(axis=0))
    solution = solve(problem, pixels, threads=2)
    assert_as_mintpy(problem, pixels, solution)
    for pixel in solution.hard:  # none is left to MintPy without need
        assert condition(problem, pixel) > 100


@pytest.mark.parametrize(("dates", "connections"), [(2, 1), (3, 2), (98, 3), (400, 3)])
def test_small_and_large_networks(dates, connections):
    rng = np.random.default_rng(dates)
    pixels = 3 if dates == 400 else 12  # MintPy takes a second for each
    pairs = sequential(dates, connections)
    truth = np.cumsum(rng.normal(0, 0.3, (dates, pixels)), axis=0)
    obs = np.array([truth[b] - truth[a] for a, b in pairs]) + rng.normal(0, 0.3, (len(pairs), pixels))
    weight = rng.uniform(0.5, 20, obs.shape).astype(np.float32)
    problem = Problem(*network(dates, pairs), obs.astype(np.float32), weight)
    solution = solve(problem, np.arange(pixels))
    assert len(solution.hard) == 0
    assert_as_mintpy(problem, np.arange(pixels), solution)


def test_a_pixel_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(5)
    obs = rng.normal(size=(len(sequential(15, 3)), 700)).astype(np.float32)
    obs[rng.random(obs.shape) < 0.1] = np.nan
    weight = rng.uniform(0.5, 2, obs.shape).astype(np.float32)
    problem = Problem(*network(15, sequential(15, 3)), obs, weight)
    every = solve(problem, np.arange(700), threads=3)
    some = solve(problem, np.arange(1, 700, 7))
    np.testing.assert_array_equal(some.phase[:, 1::7], every.phase[:, 1::7])
    np.testing.assert_array_equal(some.quality[1::7], every.quality[1::7])
    assert not some.phase[:, 0].any()


def test_an_interrupt_is_heard_between_two_parts_and_leaves_no_thread():
    before, tokens = threading.active_count(), threading.Semaphore(0)
    begun: list[int] = []
    timer = threading.Timer(0.2, tokens.release, [2])  # one for each thread

    def part(begin: int, end: int) -> int:
        begun.append(begin)
        tokens.acquire(timeout=10)
        return end - begin

    def interrupt(_done: int) -> None:
        timer.start()
        raise KeyboardInterrupt

    bounds = [(begin, begin + 10) for begin in range(0, 10_000, 10)]
    with pytest.raises(KeyboardInterrupt):
        run_parts(part, bounds, 2, interrupt)  # called first while both threads wait
    timer.join()
    assert len(begun) <= 4
    assert threading.active_count() == before
    told: list[int] = []
    tokens.release(len(bounds))
    run_parts(part, bounds, 2, told.append)
    assert told[-1] == 10_000 and told == sorted(told)


def test_phase_without_noise_comes_back():
    """Whatever the weights: the truth, and coherence 1."""
    rng = np.random.default_rng(6)
    pairs = sequential(30, 3)
    truth = np.cumsum(rng.normal(0, 2, (30, 50)), axis=0)
    obs = np.array([truth[b] - truth[a] for a, b in pairs]).astype(np.float32)
    solution = solve(
        Problem(*network(30, pairs), obs, rng.uniform(0.1, 9, obs.shape).astype(np.float32)), np.arange(50)
    )
    np.testing.assert_allclose(solution.phase, truth - truth[0], atol=2e-4)
    np.testing.assert_allclose(solution.quality, 1, atol=1e-6)


def test_residuals_of_many_cycles_count_by_their_phase():
    """Temporal coherence of a triplet that closes but for n cycles and a bit, by its closed formula."""
    obs = np.zeros((3, 4), np.float32)
    obs[:, 0] = 0
    obs[1, 1] = 3 * np.pi  # the misclosure spreads over three pairs: pi each
    obs[1, 2] = 600 * np.pi
    obs[1, 3] = 0.3
    solution = solve(Problem(*network(3, [(0, 1), (0, 2), (1, 2)]), obs, None), np.arange(4))
    third = obs[1] / 3
    expected = np.abs(np.exp(-1j * third) + np.exp(1j * third) + np.exp(-1j * third)) / 3
    np.testing.assert_allclose(solution.quality, expected, atol=1e-4)


def test_the_polynomials_are_those_of_the_circle():
    angle = np.linspace(-np.pi, np.pi, 100_001)
    cosine, sine = _circle()
    assert np.abs(np.polyval(cosine, angle**2) - np.cos(angle)).max() < 1e-8
    assert np.abs(np.polyval(sine, angle**2) * angle - np.sin(angle)).max() < 1e-8
