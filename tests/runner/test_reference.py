"""The reference point follows from the data: coherent, on land, inside, quiet."""

import numpy as np
import pytest

from insar_widgets.errors import RunError
from insar_widgets.runner.reference import choose_reference, stacking_velocity

RNG = np.random.default_rng(3)
SHAPE = (60, 80)


def coherent_everywhere():
    return RNG.uniform(0.86, 0.99, SHAPE).astype(np.float32)


def test_the_same_data_give_the_same_pixel():
    coherence = coherent_everywhere()
    valid = np.ones(SHAPE, bool)
    first, second = (choose_reference(coherence.copy(), valid) for _ in range(2))
    assert (first.y, first.x) == (second.y, second.x)
    assert first.coherence == pytest.approx(float(coherence[first.y, first.x]))


def test_it_stays_away_from_water_gaps_and_the_frame():
    coherence = coherent_everywhere()
    land = np.ones(SHAPE, bool)
    land[:, :30] = False
    valid = np.ones(SHAPE, bool)
    valid[:20] = False
    coherence[25:28, 31:34] = 1.0  # tempting, but beside the water
    choice = choose_reference(coherence, valid, land)
    assert choice.x >= 30 + 5 and choice.y >= 20 + 5
    assert choice.y < SHAPE[0] - 5 and choice.x < SHAPE[1] - 5


def test_it_stays_away_from_motion_even_where_coherence_is_best():
    coherence = np.full(SHAPE, 0.9, np.float32)
    coherence[10:25, 10:25] = 0.99
    velocity = np.zeros(SHAPE)
    velocity[5:30, 5:30] = -0.1
    choice = choose_reference(
        coherence, np.ones(SHAPE, bool), velocity=velocity + RNG.normal(0, 0.001, SHAPE)
    )
    assert not (5 <= choice.y < 30 and 5 <= choice.x < 30)


def test_no_coherent_pixel_is_a_sentence_with_the_best_value_and_a_remedy():
    with pytest.raises(RunError, match=r"0\.85 \(the best has 0\.80\).*mintpy\.reference"):
        choose_reference(np.full(SHAPE, 0.8, np.float32), np.ones(SHAPE, bool))


def test_a_single_coherent_pixel_at_the_edge_is_taken():
    coherence = np.full(SHAPE, 0.3, np.float32)
    coherence[0, 0] = 0.9
    choice = choose_reference(coherence, np.ones(SHAPE, bool))
    assert (choice.y, choice.x, choice.candidates) == (0, 0, 1)


def test_stacking_velocity_of_a_constant_rate_is_that_rate():
    rate = RNG.normal(0, 0.01, SHAPE)
    rate -= np.median(rate)
    days = np.array([12.0, 24.0, 36.0])
    phase = days[:, None, None] * rate + np.array([3.0, -7.0, 1.0])[:, None, None]
    np.testing.assert_allclose(stacking_velocity(phase, days, np.ones(SHAPE, bool)), rate, atol=1e-12)
