"""The 18 steps of MintPy's smallbaselineApp, and what each reads, writes and leaves out under a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from insar_widgets.runner._step_names import SUMMARIES

__all__ = ["STEPS", "Step", "StepPlan", "plan_steps"]

STACK = "inputs/ifgramStack.h5"
GEOMETRY = "inputs/geometryGeo.h5"
WATER_MASK = "waterMask.h5"
RESIDUAL = "timeseriesResidual.h5"
_NETWORK_FIGURES = ("network.pdf", "pbaseHistory.pdf", "coherenceHistory.pdf", "coherenceMatrix.pdf")


@dataclass(frozen=True)
class Step:
    """One step of the workflow.

    Attributes
    ----------
    name : the name MintPy's ``--dostep`` takes.
    number : 1 to 18, MintPy's order.
    summary : what it makes, in one line.
    """

    name: str
    number: int
    summary: str

    @property
    def obeys(self) -> tuple[str, ...]:
        """Keys of the template options that change what this step makes."""
        from insar_widgets.runner._option_steps import options_of_step  # noqa: PLC0415 - reads MintPy's files

        return options_of_step(self.name)

    @property
    def reads(self) -> tuple[str, ...]:
        """Files it reads, relative to the work directory, when every correction is on; see `plan_steps`."""
        plan = _everything_on()[self.name]
        return (*plan.reads, *plan.may_read)

    @property
    def writes(self) -> tuple[str, ...]:
        """Files it writes or changes, relative to the work directory, when every correction is on."""
        plan = _everything_on()[self.name]
        return (*plan.writes, *plan.rewrites, *plan.may_write)


STEPS: tuple[Step, ...] = tuple(Step(name, n, text) for n, (name, text) in enumerate(SUMMARIES.items(), 1))


@dataclass(frozen=True)
class StepPlan:
    """What one step does under a given template.

    Attributes
    ----------
    step : the step.
    off : why MintPy leaves it out, or None.
    reads, writes : files relative to the work directory, without which the step has failed.
    rewrites : files of earlier steps that it changes in place.
    may_read : files it reads where they are there.
    may_write : files it leaves only in some cases (``*`` allowed).
    clears : files of a later step that would change what it makes if they were still there.
    ignores : options that another method than the chosen one would obey.
    """

    step: Step
    off: str | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    rewrites: tuple[str, ...] = ()
    may_read: tuple[str, ...] = ()
    may_write: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()

    @property
    def obeys(self) -> tuple[str, ...]:
        """Keys of the options that change what the step makes under this template."""
        return tuple(key for key in self.step.obeys if key not in self.ignores)

    @property
    def products(self) -> tuple[str, ...]:
        """Every file or pattern the step may leave behind."""
        return (*self.writes, *self.may_write)


def plan_steps(effective: Mapping[str, Any], *, has_water_mask: bool = True) -> dict[str, StepPlan]:
    """Say for every step what it reads and writes, or why it is off.

    Parameters
    ----------
    effective
        Values the options really have, ``Template.effective()``.
    has_water_mask
        Whether the products bring a water mask; without one MintPy writes no ``waterMask.h5``.

    Returns
    -------
    dict
        Step name to :class:`StepPlan`, in MintPy's order. Written for geocoded products, as HyP3's are.
    """
    on = _Switches(effective)
    series = _Series(on)
    plans: dict[str, dict[str, Any]] = {
        "load_data": {"writes": (STACK, GEOMETRY)},
        "modify_network": {
            "reads": (STACK, GEOMETRY),
            "writes": (WATER_MASK,) if has_water_mask else (),
            "rewrites": (STACK,),
            "may_write": ("coherenceSpatialAvg.txt", *_NETWORK_FIGURES),
        },
        "reference_point": {
            "reads": (STACK,),
            "may_read": (WATER_MASK,),
            "writes": ("maskConnComp.h5", "avgSpatialCoh.h5"),
            "rewrites": (STACK,),
        },
        "quick_overview": {
            "reads": (STACK, "avgSpatialCoh.h5"),
            "may_read": (WATER_MASK,),
            "writes": ("avgPhaseVelocity.h5",),
            # of a network without triplets MintPy counts none
            "may_write": ("numTriNonzeroIntAmbiguity.h5", "numTriNonzeroIntAmbiguity.png"),
        },
        "correct_unwrap_error": _unwrap(on),
        "invert_network": {
            "reads": (STACK, GEOMETRY, "avgSpatialCoh.h5"),
            "may_read": (WATER_MASK, "maskConnComp.h5"),
            "writes": ("timeseries.h5", "temporalCoherence.h5", "numInvIfgram.h5", "maskTempCoh.h5"),
        },
        "correct_LOD": {"off": "only Envisat needs it"},
        "correct_SET": series.correct("_SET", "mintpy.solidEarthTides", writes=("inputs/SET.h5",)),
        "correct_ionosphere": series.correct(
            "_ion",
            "mintpy.ionosphericDelay.method",
            writes=("ion.h5", "temporalCoherenceIon.h5", "numInvIon.h5"),
        ),
        "correct_troposphere": series.troposphere(),
        "deramp": series.correct("_ramp", "mintpy.deramp", reads=("maskTempCoh.h5",)),
        "correct_topography": {
            **series.correct(
                "_demErr",
                "mintpy.topographicResidual",
                reads=(GEOMETRY,),
                writes=("demErr.h5", RESIDUAL),
            ),
            # residual_RMS comes later: what it left in an earlier run must not change this one
            "clears": ("exclude_date.txt",),
        },
        "residual_RMS": _residual_rms(on),
        "reference_date": {
            "reads": ("reference_date.txt",) if on.reads_reference_date_file else (),
            "rewrites": tuple(series.files),
            "off": None if on.value("mintpy.reference.date") else "mintpy.reference.date = no",
        },
        "velocity": _velocity(on, series.last),
        "geocode": {"off": "HyP3 products are in map coordinates already"},
        "google_earth": {
            "reads": ("velocity.h5",),
            "may_read": ("maskTempCoh.h5",),
            "writes": ("velocity.kmz",),
            "off": None if on.value("mintpy.save.kmz") else "mintpy.save.kmz = no",
        },
        "hdfeos5": {
            "reads": (series.last, "temporalCoherence.h5", "avgSpatialCoh.h5", "maskTempCoh.h5", GEOMETRY),
            "may_write": ("*.he5",),
            "off": None if on.value("mintpy.save.hdfEos5") else "mintpy.save.hdfEos5 = no",
        },
    }
    return {step.name: StepPlan(step, **plans[step.name]) for step in STEPS}


@cache
def _everything_on() -> dict[str, StepPlan]:
    switches = {
        "mintpy.unwrapError.method": "bridging",
        "mintpy.solidEarthTides": True,
        "mintpy.ionosphericDelay.method": "split_spectrum",
        "mintpy.troposphericDelay.method": "pyaps",
        "mintpy.troposphericDelay.weatherModel": "ERA5",
        "mintpy.deramp": "linear",
        "mintpy.topographicResidual": True,
        "mintpy.residualRMS.deramp": "quadratic",
        "mintpy.reference.date": "reference_date.txt",
        "mintpy.save.kmz": True,
        "mintpy.save.hdfEos5": True,
    }
    return plan_steps(switches)


_DELAY_OPTIONS = {
    "pyaps": ("weatherModel", "weatherDir"),
    "height_correlation": ("polyOrder", "looks", "minCorrelation"),
    "gacos": ("gacosDir",),
    "opera": ("operaDir",),
}


class _Switches:
    """Truth of template values as MintPy takes it."""

    def __init__(self, effective: Mapping[str, Any]) -> None:
        self._effective = effective

    def value(self, key: str) -> Any:
        value = self._effective.get(key)
        return None if value in (None, False, "no", "none", "") else value

    @property
    def reads_reference_date_file(self) -> bool:
        value = self.value("mintpy.reference.date")
        return value == "reference_date.txt" and self.value("mintpy.topographicResidual") is not None


class _Series:
    """The chain of time-series files: each correction appends to the name."""

    def __init__(self, on: _Switches) -> None:
        self.files = ["timeseries.h5"]
        self._on = on

    @property
    def last(self) -> str:
        return self.files[-1]

    def correct(
        self, suffix: str, key: str, *, reads: tuple[str, ...] = (), writes: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        if self._on.value(key) is None:
            return {"off": f"{key} = no"}
        source = self.last
        self.files.append(source.removesuffix(".h5") + suffix + ".h5")
        return {"reads": (source, *reads), "writes": (self.last, *writes)}

    def troposphere(self) -> dict[str, Any]:
        method = self._on.value("mintpy.troposphericDelay.method")
        model = str(self._on.value("mintpy.troposphericDelay.weatherModel") or "ERA5")
        suffix = {"height_correlation": "_tropHgt", "gacos": "_GACOS", "opera": "_OPERA"}.get(
            str(method), f"_{model}"
        )
        delays = {"pyaps": model, "gacos": "GACOS", "opera": "OPERA"}.get(str(method))
        writes = (f"inputs/{delays}.h5",) if delays else ()
        reads = (GEOMETRY, *(("maskTempCoh.h5",) if method == "height_correlation" else ()))
        plan = self.correct(suffix, "mintpy.troposphericDelay.method", reads=reads, writes=writes)
        others = (name for other, names in _DELAY_OPTIONS.items() if other != method for name in names)
        return plan | {"ignores": tuple(f"mintpy.troposphericDelay.{name}" for name in others)}


def _unwrap(on: _Switches) -> dict[str, Any]:
    if on.value("mintpy.unwrapError.method") is None:
        return {"off": "mintpy.unwrapError.method = no", "rewrites": (STACK,)}
    return {"reads": (STACK, "maskConnComp.h5"), "rewrites": (STACK,), "may_write": ("numTriNonzero*.h5",)}


def _residual_rms(on: _Switches) -> dict[str, Any]:
    if on.value("mintpy.topographicResidual") is None:
        return {"off": "it needs the residual that correct_topography leaves, and that step is off"}
    base = "timeseriesResidual"
    writes: tuple[str, ...] = ()
    if on.value("mintpy.residualRMS.deramp"):
        base += "_ramp"
        writes = (f"{base}.h5",)
    return {
        "reads": (RESIDUAL, "maskTempCoh.h5"),
        "writes": (*writes, f"rms_{base}.txt", "reference_date.txt"),
        "may_write": ("exclude_date.txt", f"rms_{base}.pdf"),
    }


def _velocity(on: _Switches, series: str) -> dict[str, Any]:
    reads: tuple[str, ...] = (series,)
    writes: tuple[str, ...] = ("velocity.h5",)
    if on.value("mintpy.troposphericDelay.method") == "pyaps":
        model = str(on.value("mintpy.troposphericDelay.weatherModel") or "ERA5").upper()
        reads = (*reads, f"inputs/{model}.h5")
        writes = (*writes, f"velocity{model}.h5")
    return {"reads": reads, "may_read": ("exclude_date.txt",), "writes": writes}
