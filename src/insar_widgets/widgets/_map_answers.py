"""What the page of a map asks the kernel; answered on worker threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets

from insar_widgets.errors import ResultsError
from insar_widgets.widgets import _map_checks as checks
from insar_widgets.widgets import _map_facts as facts
from insar_widgets.widgets import _map_looks as looks
from insar_widgets.widgets._area import check_ring
from insar_widgets.widgets._map_display import Display
from insar_widgets.widgets._map_reference import reference_series
from insar_widgets.widgets._messages import Answer, Handler, Request

if TYPE_CHECKING:
    from insar_widgets.widgets.displacement_map import DisplacementMap

__all__ = ["Answers"]

_WAIT = 120.0  # seconds that choosing a layer may take before the page is told


class Answers:
    """Handlers of a map's requests."""

    def __init__(self, owner: DisplacementMap, display: Display, template_path: Path | None) -> None:
        self._map, self._display, self._template_path = owner, display, template_path

    def handlers(self) -> dict[str, Handler]:
        """By the kind of request."""
        return {
            "choose": self.choose,
            "reference": self.reference,
            "relief": self.relief,
            "mask": self.mask,
            "area": self.area,
            "template": self.template,
            "reload": lambda _request: self._map.reload(),
            "changed": lambda _request: self._map.results is None or self._map.results.changed(),
        }

    def choose(self, request: Request) -> None:
        """Set traits whose new values must be judged first, and wait until they are shown."""
        try:
            for name in ("layer", "mask_layer", "compare"):
                if name in request.payload:
                    setattr(self._map, name, request.payload[name])
        except traitlets.TraitError as error:
            raise ResultsError(str(error)) from error
        self._map.wait(_WAIT)

    def reference(self, request: Request) -> dict[str, Any]:
        """Values at a place for each slice, while the marker is dragged."""
        place = checks.check_reference(request.payload)
        main = self._display.main
        if main is None or place is None or main.entry.kind not in looks.REFERENCED:
            return {"offsets": [], "pixels": 0}
        offsets, pixels = reference_series(main.raster.data, place)
        return {"offsets": offsets, "pixels": pixels}

    def relief(self, _request: Request) -> Answer:
        """Hillshade of the stack's height, as PNG."""
        results = self._map.results
        shaded = facts.relief(results) if results is not None else None
        if shaded is None:
            return Answer({"bounds": None})
        return Answer({"bounds": list(shaded.bounds)}, [shaded.png])

    def mask(self, _request: Request) -> dict[str, Any]:
        """Quantiles of the mask that is used, within the area of interest if there is one."""
        main = self._display.main
        if main is None or main.raster.mask is None:
            return {"quantiles": []}
        return {"quantiles": facts.mask_quantiles(main.raster.mask, self._map.aoi)}

    def area(self, request: Request) -> dict[str, Any]:
        """Statistics of what is shown inside a polygon."""
        ring = check_ring(request.payload["ring"])
        main = self._display.main
        if ring is None or main is None:
            raise ResultsError("There is no area; draw one on the map.")
        raster = main.raster
        data, threshold = raster.data, raster.mask_threshold
        flag = raster.mask_mode == "nonzero"
        base = data[raster.base_index] if raster.base_index >= 0 else None
        found = facts.area_statistics(
            data if data.ndim == 2 else data[raster.index],
            ring,
            raster.mask,
            lambda v: v != 0 if flag else v >= threshold,
            base,
        )
        shift = raster._offset(raster.index) - (0.0 if base is None else raster._offset(raster.base_index))
        for name in ("median", "p16", "p84", "minimum", "maximum"):
            found[name] = None if found[name] is None else found[name] - shift
        return found

    def template(self, request: Request) -> dict[str, Any]:
        """Write the reference point to the template, or tell what that would do."""
        results, place = self._map.results, self._map.reference_point
        if results is None or place is None:
            raise ResultsError("There is no reference point yet; put the marker somewhere first.")
        return facts.write_reference(
            results, self._template_path, place["lon"], place["lat"], write=bool(request.payload["write"])
        )
