"""The fast engine: the numerical core of MintPy's slow steps, compiled, inside the run's own process.

Reading, options, masks, files, attributes and messages remain MintPy's, so that any of its tools can go on from
there. This module imports neither MintPy nor numba; `install` does.
"""

FAST = "fast"
MINTPY = "mintpy"
ENGINES = (FAST, MINTPY)
FAST_STEPS = ("invert_network", "correct_ionosphere", "correct_topography")
"""Steps whose numerical core is ours."""

LOADING = "load_data"
"""The step that reads products, through rasterio."""

RAMPS = ("deramp", "residual_RMS")
"""Steps that fit a ramp to every date, with one pseudo-inverse instead of one a date."""

AVERAGING = ("reference_point", "quick_overview")
"""Steps that average all interferograms, slab by slab."""

__all__ = ["AVERAGING", "ENGINES", "FAST", "FAST_STEPS", "LOADING", "MINTPY", "RAMPS"]
