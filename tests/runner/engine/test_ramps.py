"""Ramps with a remembered pseudo-inverse are MintPy's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mintpy", reason='the engine serves MintPy: pip install "insar-widgets[mintpy]"')

from mintpy.objects.ramp import deramp

from insar_widgets.runner.engine.ramps import OneInverse

pytestmark = pytest.mark.mintpy


def test_ramps_of_dates_with_the_same_and_with_other_pixels(monkeypatch):
    rng = np.random.default_rng(2)
    dates = rng.normal(size=(6, 30, 40)).astype(np.float32)
    dates[3, 5:9] = np.nan  # other pixels from here on
    dates[4, 5:9] = 0
    mask = rng.random((30, 40)) < 0.7
    kinds = ["quadratic", "quadratic", "linear", "linear", "quadratic", "linear_range"]
    about = {"REF_Y": "3", "REF_X": "4"}
    expected = [
        deramp(date.copy(), mask, kind, metadata=about)[0] for date, kind in zip(dates, kinds, strict=True)
    ]
    computed = []
    pinv = np.linalg.pinv
    monkeypatch.setattr(np.linalg, "pinv", lambda *args, **how: (computed.append(1), pinv(*args, **how))[1])
    one = OneInverse()
    one.install()
    try:
        found = [
            deramp(date.copy(), mask, kind, metadata=about)[0]
            for date, kind in zip(dates, kinds, strict=True)
        ]
    finally:
        one.remove()
    for mine, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, right)
    assert len(computed) == 5, "the second date has the pixels and the ramp of the first"
