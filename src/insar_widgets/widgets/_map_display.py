"""What a map draws: the layer, and the right half of a comparison, kept as the map's traits say.

A change of layer shows in the traits at once; reading files is the work of a thread. Until it has ended the old layer
is drawn as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xarray as xr

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.results import Results
from insar_widgets.widgets import _map_facts as facts
from insar_widgets.widgets import _map_layers as layers
from insar_widgets.widgets import _map_looks as looks
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._map_reference import Reference, refer
from insar_widgets.widgets._messages import describe_error
from insar_widgets.widgets._raster_sources import slice_dates
from insar_widgets.widgets.raster_layer import RasterLayer

if TYPE_CHECKING:
    from insar_widgets.widgets._map_panel import Panel
    from insar_widgets.widgets.displacement_map import DisplacementMap

__all__ = ["Display"]


@dataclass(frozen=True)
class Ready:
    """A layer as a thread has opened it."""

    results: Results
    entry: layers.Entry
    array: xr.DataArray
    mask: xr.DataArray | None
    reference: Reference
    asked: tuple[Any, ...]  # traits that the mask and the reference were found for

    @property
    def dates(self) -> list[str]:
        """Dates of its slices."""
        return slice_dates(self.array)


@dataclass
class Drawn:
    """A raster on the map, and what it shows."""

    raster: RasterLayer
    entry: layers.Entry


class Display:
    """The layers that a `DisplacementMap` draws."""

    def __init__(self, owner: DisplacementMap, panel: Panel, jobs: Jobs) -> None:
        self._map, self._panel, self._jobs = owner, panel, jobs
        self._looks: dict[str, dict[str, Any]] = {}
        self._key = ""
        self.main: Drawn | None = None
        self.second: Drawn | None = None
        self.switching = False
        self._arrays: dict[str, xr.DataArray] = {}  # the same object again means the same tiles again
        self._arrays_of: Results | None = None
        for trait in looks.LINKED:
            owner.observe(self._looked, trait)

    @property
    def _drawn(self) -> list[Drawn]:
        return [drawn for drawn in (self.main, self.second) if drawn is not None]

    # ------------------------------------------------------------------ the layer

    def switch(self, results: Results, name: str, *, now: bool = False) -> None:
        """Show another layer: its appearance becomes that of the map's traits, a thread opens it."""
        with self._jobs.lock:
            entry = layers.entry_of(results, name)
            if self._key:
                self._looks[self._key] = {trait: getattr(self._map, trait) for trait in looks.LOOK}
            self._key = looks.look_key(entry)
            self.switching = True
            look = self._looks.get(self._key) or looks.default_look(entry.kind)
            for trait, value in look.items():
                setattr(self._map, trait, value)
            dates = layers.dates_of(results, name)
            if dates and self._map.date not in dates:
                self._map.date = dates[-1]

        def work(job: Job) -> None:
            try:
                ready = self._open(results, name)
                about = facts.describe(results, ready.entry, ready.array)
                if self.main is not None:
                    _prepare(self.main.raster, ready.array, ready.mask)
            except (InsarWidgetsError, OSError) as error:
                problem = describe_error(error)
                job.apply(lambda: self._failed(problem))
                return
            job.apply(lambda: self._show(ready, about))

        if now:
            work(Job("layer", self._jobs.lock, lambda _fraction, _text: None))
        else:
            self._jobs.start("layer", work)

    def _open(self, results: Results, name: str) -> Ready:
        asked = self._asked()
        entry = layers.entry_of(results, name)
        array = self._array(results, name)
        return Ready(results, entry, array, self._find_mask(results, entry), self._refer(array, entry), asked)

    def _array(self, results: Results, name: str) -> xr.DataArray:
        with self._jobs.lock:
            if self._arrays_of is not results:
                self._arrays, self._arrays_of = {}, results
            known = self._arrays.get(name)
        if known is None:
            known = layers.find_array(results, name)
            with self._jobs.lock:
                if self._arrays_of is results:
                    known = self._arrays.setdefault(name, known)
        return known

    def _asked(self) -> tuple[Any, ...]:
        return self._map.mask_layer, self._map.reference_point

    def _failed(self, problem: dict[str, str]) -> None:
        self.switching = False
        self._panel._error = problem

    def _show(self, ready: Ready, about: dict[str, Any]) -> None:
        first = self.main is None
        if self.main is None:
            raster = RasterLayer(
                ready.array, self._map, legend=False, z_index=1, visible=False, vmin=0.0, vmax=1.0
            )
            for trait in looks.LINKED:
                raster.observe(self._drawn_changed, trait)
            raster.observe(self._index_changed, "index")
            self.main = Drawn(raster, ready.entry)
            self.report_hover()
        raster = self.main.raster
        self.main.entry = ready.entry
        with raster.hold_sync():
            self._fill(raster, ready)
            for trait in looks.LINKED:
                setattr(raster, trait, getattr(self._map, trait))
            raster.visible = True
        self.switching = False
        self._panel._about = about | {"los": self._panel._about.get("los")}
        self._panel._reference = ready.reference.as_dict()
        self._panel._error = None
        if first:
            self._panel.raster = f"anywidget:{raster.model_id}"
        raster._find_range(_telling(raster))
        self._tell_second()
        if self._asked() != ready.asked:
            self.mask_changed()
            self.reference_changed()

    def _fill(self, raster: RasterLayer, ready: Ready, date: str | None = None) -> None:
        """Put another array into a raster, with everything that depends on it."""
        dates, wanted = ready.dates, self._map.date if date is None else date
        raster.index, raster.base_index, raster.offsets = 0, -1, []
        raster.data = ready.array
        raster._symmetric = ready.entry.kind in looks.REFERENCED
        raster.units = str(ready.array.attrs.get("units", ""))
        raster.name = looks.title_of(ready.entry)
        raster.index = dates.index(wanted) if wanted in dates else max(len(dates) - 1, 0)
        raster.offsets = list(ready.reference.offsets)
        self._put_mask(raster, ready.results, ready.mask)
        self._put_base(raster, ready.entry)
        self._put_unit(raster, ready.entry)

    def _looked(self, change: Any) -> None:
        with self._jobs.lock:
            if self.main is not None and not self.switching:
                setattr(self.main.raster, change["name"], change["new"])

    def _drawn_changed(self, change: Any) -> None:
        with self._jobs.lock:
            if not self.switching:
                setattr(self._map, change["name"], change["new"])

    def report_hover(self) -> None:
        """Let the page tell what is under the pointer, if anybody wants to know."""
        for drawn in self._drawn if self._map.reports_hover else []:
            drawn.raster.observe(self._hovered, "hover")

    def _hovered(self, _change: Any) -> None:
        """In a comparison each layer has values in its own half of the map only."""
        found = self.main.raster.hover if self.main is not None else None
        other = self.second.raster.hover if self.second is not None else None
        if found is not None and found["value"] is None and other is not None:
            if (found["lon"], found["lat"]) != (other["lon"], other["lat"]):
                return  # the other half tells of this place in a moment
            found = found if other["value"] is None else other
        self._map.hover = found

    # ------------------------------------------------------------------ dates and unit

    def date_changed(self) -> None:
        """Show the slice of the map's date."""
        if self.main is not None and not self.switching and self._map.date in self.main.raster.dates:
            self.main.raster.index = self.main.raster.dates.index(self._map.date)

    def _index_changed(self, change: Any) -> None:
        with self._jobs.lock:
            if self.main is None or self.switching:
                return
            dates = self.main.raster.dates
            if change["new"] < len(dates):
                self._map.date = dates[change["new"]]

    def base_changed(self) -> None:
        """Make another date zero."""
        for drawn in self._drawn:
            self._put_base(drawn.raster, drawn.entry)

    def _put_base(self, raster: RasterLayer, entry: layers.Entry) -> None:
        dates, wanted = raster.dates, self._map.reference_date
        own = raster.data.attrs.get("reference_date", "")
        other = looks.has_zero_date(entry) and wanted in dates and wanted != own
        raster.base_index = dates.index(wanted) if other else -1

    def unit_changed(self) -> None:
        """Show values in another unit."""
        for drawn in self._drawn:
            self._put_unit(drawn.raster, drawn.entry)

    def _put_unit(self, raster: RasterLayer, entry: layers.Entry) -> None:
        raster.display_units, raster.display_factor = looks.display_unit(
            raster.units, entry.kind, self._map.unit
        )

    # ------------------------------------------------------------------ mask

    def mask_changed(self) -> None:
        """Look up the mask anew."""
        results = self._map.results
        if results is None:
            return
        drawn = self._drawn

        def work(job: Job) -> None:
            try:
                found = [(one.raster, one.raster.data, self._find_mask(results, one.entry)) for one in drawn]
                for raster, _, mask in found:
                    _prepare(raster, mask)
            except (InsarWidgetsError, OSError) as error:
                problem = describe_error(error)
                job.apply(lambda: self._panel.set_trait("_error", problem))
                return

            def show() -> None:
                for raster, data, mask in found:
                    if raster.data is data:
                        with raster.hold_sync():
                            self._put_mask(raster, results, mask)

            job.apply(show)

        self._jobs.start("mask", work)

    def _find_mask(self, results: Results, entry: layers.Entry) -> xr.DataArray | None:
        name = self._map.mask_layer
        if not name or entry.kind not in looks.MASKED:
            return None
        if name != layers.COMPONENTS:
            return self._array(results, name)
        pair = layers.pair_of(entry.name)
        return self._array(results, f"{name}-{pair}") if pair else None

    def _put_mask(self, raster: RasterLayer, results: Results, mask: xr.DataArray | None) -> None:
        raster.set_trait("mask", mask)
        flag = mask is not None and layers.is_flag(results, self._map.mask_layer)
        raster.mask_mode = "none" if mask is None else "nonzero" if flag else "minimum"

    # ------------------------------------------------------------------ reference point

    def reference_changed(self) -> None:
        """Look up what the new reference point has at every date."""
        drawn, results = self._drawn, self._map.results
        if results is None or not drawn:
            return

        def work(job: Job) -> None:
            found = [(one, one.raster.data, self._refer(one.raster.data, one.entry)) for one in drawn]

            def show() -> None:
                for one, data, reference in found:
                    if one.raster.data is not data:
                        continue
                    one.raster.offsets = list(reference.offsets)
                    if one is self.main:
                        self._panel._reference = reference.as_dict()

            job.apply(show)

        self._jobs.start("reference", work)

    def _refer(self, array: xr.DataArray, entry: layers.Entry) -> Reference:
        return refer(array, self._map.reference_point) if entry.kind in looks.REFERENCED else Reference()

    # ------------------------------------------------------------------ comparison

    def compare_changed(self) -> None:
        """Show something else in the right half, or nothing."""
        compare, results = self._map.compare, self._map.results
        if compare is None or results is None:
            with self._jobs.lock:
                self._jobs.drop("second")
                self._close_second()
            return

        def work(job: Job) -> None:
            try:
                ready = self._open(results, compare["layer"])
            except (InsarWidgetsError, OSError) as error:
                problem = describe_error(error)
                job.apply(lambda: self._panel.set_trait("_error", problem))
                return
            job.apply(lambda: self._show_second(ready, compare["date"]))

        self._jobs.start("second", work)

    def _show_second(self, ready: Ready, date: str) -> None:
        key = looks.look_key(ready.entry)
        alike = self.main is not None and key == looks.look_key(self.main.entry)
        remembered = self._looks.get(key) or looks.default_look(ready.entry.kind)
        look = {n: getattr(self._map, n) for n in looks.LOOK} if alike else remembered
        if self.second is None:
            raster = RasterLayer(ready.array, self._map, legend=False, z_index=2, vmin=0.0, vmax=1.0)
            self.second = Drawn(raster, ready.entry)
            self.report_hover()
        raster = self.second.raster
        self.second.entry = ready.entry
        with raster.hold_sync():
            self._fill(raster, ready, date)
            raster.opacity, raster.mask_threshold = self._map.opacity, self._map.mask_threshold
            for trait, value in look.items():
                setattr(raster, trait, value)
            if date:
                raster.name = f"{raster.name}, {date[:4]}-{date[4:6]}-{date[6:]}"
        raster._find_range(_telling(raster))
        self._tell_second()
        self._panel.second = f"anywidget:{raster.model_id}"

    def _tell_second(self) -> None:
        """Tell the page whether both halves have one scale."""
        if self.second is not None and self.main is not None:
            alike = looks.look_key(self.second.entry) == looks.look_key(self.main.entry)
            self._panel._second_about = {"kind": self.second.entry.kind, "alike": alike}

    def _close_second(self) -> None:
        self._panel.second = ""
        if self.second is not None:
            self.second.raster.close()
            self.second = None

    def close(self) -> None:
        """Take the layers off the page."""
        with self._jobs.lock:
            for lane in ("layer", "mask", "reference", "second", "look"):
                self._jobs.drop(lane)
            for drawn in self._drawn:
                drawn.raster.close()


def _telling(raster: RasterLayer) -> int:
    """The slice whose values give a range: that shown, but never the one that is zero throughout."""
    base = raster.base_index
    zero = raster.dates[base] if base >= 0 else raster.data.attrs.get("reference_date", "")
    if not raster.dates or raster.dates[raster.index] != zero:
        return int(raster.index)
    return 0 if raster.index > (len(raster.dates) - 1) / 2 else len(raster.dates) - 1


def _prepare(raster: RasterLayer, *arrays: xr.DataArray | None) -> None:
    """Open arrays for tiles on the thread this runs on, so that showing them costs nothing."""
    for array in arrays:
        if array is not None:
            raster._sources.add(array)
