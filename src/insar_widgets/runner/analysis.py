"""MintPy's own workflow class, told which reference point to take and to leave no date out.

Imported only inside a run's process.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import h5py
import mintpy.cli.reference_point
import numpy as np
from mintpy.objects import cluster, ifgramStack, timeseries
from mintpy.objects.progress import progressBar
from mintpy.smallbaselineApp import TimeSeriesAnalysis
from mintpy.utils import readfile
from mintpy.utils import utils as ut

from insar_widgets.errors import RunError
from insar_widgets.runner.dates import Tell, connected_dates, refuse_missing_dates, span_of
from insar_widgets.runner.orbit import names_orbit, relative_orbit
from insar_widgets.runner.parallel import use_workers
from insar_widgets.runner.reference import ReferenceChoice, choose_reference, stacking_velocity

__all__ = ["Analysis", "Progress", "report_progress"]


class Analysis(TimeSeriesAnalysis):  # type: ignore[misc]  # MintPy publishes no types
    """smallbaselineApp with a reference point that follows from the data instead of from chance, and a
    tropospheric correction that has its weather files whole and for every date.

    Everything else is MintPy's.
    """

    choice: ReferenceChoice | None = None
    tell: Tell | None = None
    products: Callable[[], Sequence[str]] | None = None  # the files that load_data read

    def open(self) -> None:
        """Do as MintPy does, and from then on find no file that is not written yet."""
        super().open()
        pass_over_dangling_links()

    def run_network_modification(self, step_name: str) -> None:
        """Do as MintPy does, and warn where the interferograms that are left do not join all dates."""
        super().run_network_modification(step_name)
        stack = ut.check_loaded_dataset(self.workDir, print_msg=False)[0]
        groups = connected_dates(ifgramStack(stack).get_date12_list(dropIfgram=True))
        if len(groups) > 1 and self.tell is not None:
            self.tell.warning(
                f"The network falls into {len(groups)} groups of dates that no interferogram joins: "
                f"{'; '.join(span_of(group) for group in groups)}. How the ground moved from one to the next is not "
                "measured, MintPy assumes it: keep more interferograms, or drop the smaller group with "
                "mintpy.network.excludeDate."
            )

    def run_reference_point(self, step_name: str) -> None:
        """Choose the reference pixel where the template leaves it open; then do as MintPy does."""
        if self.template["mintpy.reference.yx"] or self.template["mintpy.reference.lalo"]:
            super().run_reference_point(step_name)
            return
        self.generate_ifgram_aux_file()
        stack_file = ut.check_loaded_dataset(self.workDir, print_msg=False)[0]
        self.choice = self._choose(Path(stack_file))
        print(f"reference pixel y/x: {self.choice.y} {self.choice.x}: {self.choice.why}")  # noqa: T201 - the log
        coherence_file = str(Path(self.workDir) / "avgSpatialCoh.h5")
        mintpy.cli.reference_point.main(
            [
                *(stack_file, "-t", self.templateFile, "-c", coherence_file),
                *("-y", str(self.choice.y), "-x", str(self.choice.x)),
            ]
        )

    def run_ionospheric_delay_correction(self, step_name: str) -> None:
        """Do as MintPy does, with the interferograms' reference pixel where the template leaves it open."""
        fixed = self.template["mintpy.reference.yx"] or self.template["mintpy.reference.lalo"]
        stack, _, _, ionosphere = ut.check_loaded_dataset(self.workDir, print_msg=False)
        if ionosphere is None:
            raise RunError(
                f"{Path(self.workDir) / 'inputs' / 'ionStack.h5'} is missing: there are no split-spectrum results to "
                "correct with, and HyP3 makes none. Remedy: mintpy.ionosphericDelay.method = no."
            )
        about = ifgramStack(stack).get_metadata()
        refer = mintpy.cli.reference_point.main

        def refer_to_same(arguments: list[str]) -> None:
            refer([*arguments, "-y", str(about["REF_Y"]), "-x", str(about["REF_X"])])

        if not fixed and "REF_Y" in about:
            mintpy.cli.reference_point.main = refer_to_same
        try:
            super().run_ionospheric_delay_correction(step_name)
        finally:
            mintpy.cli.reference_point.main = refer

    def run_tropospheric_delay_correction(self, step_name: str) -> None:
        """Get what is missing of the weather files, then do as MintPy does; refuse to go on without some dates."""
        files = self.get_timeseries_filename(self.template, self.workDir)[step_name]
        method = self.template["mintpy.troposphericDelay.method"]
        wanted = timeseries(files["input"]).get_date_list()
        if method == "pyaps":
            self._download_through_us()
        elif method == "gacos":
            folder = Path(str(self.template["mintpy.troposphericDelay.gacosDir"])).expanduser()
            found = [p.name[:8] for p in folder.glob("*") if p.name[8:] in (".ztd", ".ztd.tif")]
            remedy = f"Get them at http://www.gacos.net and put them into {folder}."
            refuse_missing_dates(wanted, found, "GACOS file", remedy)
        super().run_tropospheric_delay_correction(step_name)
        delays = {"pyaps": "ERA5", "gacos": "GACOS", "opera": "OPERA"}.get(method)
        if delays:
            made = timeseries(str(Path(self.workDir) / "inputs" / f"{delays}.h5")).get_date_list()
            remedy = "Get the data of these dates and start again, or choose another method."
            refuse_missing_dates(wanted, made, "tropospheric delay", remedy)

    def run_save2hdfeos5(self, step_name: str) -> None:
        """Do as MintPy does, with the relative orbit of burst products, without which it ends in a KeyError."""
        import mintpy.save_hdfeos5  # noqa: PLC0415 - only this step needs it

        prepare = mintpy.save_hdfeos5.prep_metadata

        def prepare_with_orbit(
            ts_file: str, geom_file: str, template: Any = None, print_msg: bool = True
        ) -> Any:
            about = readfile.read_attribute(ts_file)
            if about.get("PROCESSOR") == "hyp3" and not names_orbit(about) and self.products is not None:
                orbit = relative_orbit(self.products())
                print(f"relative orbit {orbit}, from the names of the products")  # noqa: T201 - the log
                template = {**(template or {}), "relative_orbit": str(orbit)}
            return prepare(ts_file, geom_file, template=template, print_msg=print_msg)

        mintpy.save_hdfeos5.prep_metadata = prepare_with_orbit
        try:
            super().run_save2hdfeos5(step_name)
        finally:
            mintpy.save_hdfeos5.prep_metadata = prepare

    def _download_through_us(self) -> None:
        import mintpy.tropo_pyaps3  # noqa: PLC0415 - PyAPS may be missing, and only this step needs it

        from insar_widgets.runner.troposphere import fetch_weather  # noqa: PLC0415 - needs cdsapi

        def download(
            grib_files: list[str],
            tropo_model: str = "ERA5",
            snwe: tuple[int, int, int, int] | None = None,
            debug_mode: bool = False,
        ) -> list[str]:
            assert self.tell is not None  # noqa: S101 - set by the worker
            fetch_weather([Path(file) for file in grib_files], snwe, self.tell)
            return grib_files

        mintpy.tropo_pyaps3.dload_grib_files = download

    def _choose(self, stack_file: Path) -> ReferenceChoice:
        work = Path(self.workDir)
        coherence = np.asarray(readfile.read(str(work / "avgSpatialCoh.h5"))[0], dtype=np.float32)
        valid = np.asarray(readfile.read(str(work / "maskConnComp.h5"))[0]) != 0
        water = work / "waterMask.h5"
        land = np.asarray(readfile.read(str(water))[0]) != 0 if water.is_file() else None
        stack = ifgramStack(str(stack_file))
        stack.open(print_msg=False)
        kept = np.flatnonzero(stack.dropIfgram)
        days = np.asarray(stack.tbaseIfgram, dtype=np.float64)[kept]
        # one layer at a time from a lazy dataset: a stack may be larger than the memory
        with h5py.File(stack_file, "r") as file:
            layers = _Layers(file["unwrapPhase"], kept)
            usable = valid if land is None else valid & land
            velocity = stacking_velocity(layers, days, usable) if usable.any() else None  # type: ignore[arg-type]
        return choose_reference(
            coherence, valid, land, velocity, float(self.template["mintpy.reference.minCoherence"])
        )


def pass_over_dangling_links() -> None:
    """Make searches in this process pass over links that lead nowhere.

    A product that a step is about to write is such a link (see `unfinished`). MintPy looks for files by pattern and
    opens all that it finds, the ones of the step's own included.
    """
    search = glob.glob

    def existing(*args: Any, **kwargs: Any) -> list[Any]:
        return [path for path in search(*args, **kwargs) if _leads_somewhere(path)]

    glob.glob = existing


def _leads_somewhere(path: str) -> bool:
    return not os.path.islink(path) or os.path.exists(path)  # noqa: PTH110, PTH114 - as many as there are products


class _Layers:
    """The kept interferograms of a stack, read one by one."""

    def __init__(self, dataset: Any, kept: np.ndarray[Any, Any]) -> None:
        self._dataset, self._kept = dataset, kept
        self.shape = (len(kept), *dataset.shape[1:])

    def __iter__(self) -> Any:
        return (self._dataset[int(i)] for i in self._kept)


class Progress:
    """Reports the progress bars of MintPy, as a share of the step where it works through patches of the frame.

    Parameters
    ----------
    emit
        Called with ``fraction``, ``label``, ``whole`` (whether the fraction is that of the step, not of one bar
        of several) and ``bar_seconds`` (time since it was zero).
    interval
        Shortest time between two calls in seconds.
    """

    def __init__(self, emit: Callable[..., None], interval: float = 0.25) -> None:
        self._emit = emit
        self._interval = interval
        self.begin()

    def begin(self, patches: int = 0) -> None:
        """A step begins, or works through so many patches from now on."""
        self._patches, self._bars, self._bar = patches, 0, 0
        self._began = self._told = time.monotonic()
        self._last = 0.0

    def update(self, bar: int, fraction: float, label: str) -> None:
        """A bar, told apart by its number, has got to a fraction."""
        now = time.monotonic()
        whole = self._patches > 0
        if bar != self._bar:
            self._bar, self._bars = bar, self._bars + 1
            if self._bars > self._patches:  # the bar of something else
                self._patches, whole = 0, False
                self._began, self._last = now, 0.0
        if whole:
            label = f"{label}, patch {self._bars} of {self._patches}" if self._patches > 1 else label
            fraction = (self._bars - 1 + fraction) / self._patches
        # a bar of hours is told of every 5 s or every percent, whichever comes first
        due = fraction >= 1 or fraction - self._last >= 0.01 or now - self._told >= 5
        if due and (now - self._told >= self._interval or fraction >= 1):
            self._told, self._last = now, fraction
            seconds = round(now - self._began, 2)
            self._emit(fraction=round(fraction, 4), label=label, whole=whole, bar_seconds=seconds)

    def parts(self, done: int, total: int, workers: int) -> None:
        """So many of the parts that workers were given are done."""
        if done == 0:
            self._bars += 1
        patches = max(self._patches, self._bars)
        label = f"{done} of {total} parts, {workers} worker{'' if workers == 1 else 's'}"
        if patches > 1:
            label += f", patch {self._bars} of {patches}"
        fraction = (self._bars - 1 + done / total) / patches
        seconds = round(time.monotonic() - self._began, 2)
        self._emit(fraction=round(fraction, 4), label=label, whole=True, bar_seconds=seconds)


def report_progress(emit: Callable[..., None]) -> Progress:
    """Make MintPy's progress bars also call `emit`, see `Progress`."""
    progress, numbers = Progress(emit), count(1)
    draw, split_stack, split_box = progressBar.update, ifgramStack.split2boxes, cluster.split_box2sub_boxes

    def update(self: Any, value: float, every: int = 1, suffix: str = "") -> None:
        draw(self, value, every=every, suffix=suffix)
        span = float(self.max - self.min) or 1.0
        fraction = min(1.0, max(0.0, (value - self.min) / span))
        if not hasattr(self, "number"):
            self.number = next(numbers)
        progress.update(self.number, fraction, suffix or self.suffix or self.prefix)

    def split2boxes(self: Any, *args: Any, **kwargs: Any) -> Any:
        boxes = split_stack(self, *args, **kwargs)
        progress.begin(boxes[1])
        return boxes

    def split_box2sub_boxes(box: Any, num_split: int, *args: Any, **kwargs: Any) -> Any:
        boxes = split_box(box, num_split, *args, **kwargs)
        if kwargs.get("dimension") == "y":  # the other way it splits a patch between workers
            progress.begin(boxes[1])
        return boxes

    progressBar.update = update
    ifgramStack.split2boxes = split2boxes
    cluster.split_box2sub_boxes = split_box2sub_boxes
    use_workers(progress.parts)
    return progress
