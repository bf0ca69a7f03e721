"""What a completed step leaves on record besides its products."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.runner.state import Store
from insar_widgets.runner.steps import STACK, STEPS, StepPlan

if TYPE_CHECKING:
    from insar_widgets.runner.reference import ReferenceChoice  # takes long to import

__all__ = ["changed_manifests", "reference_used", "warnings_in"]

_WARNING = re.compile(r"\b(WARNING|Warning|UserWarning|RuntimeWarning)\b")

_MOST_BEFORE = 4  # records of what a file was before steps changed it in place


def changed_manifests(store: Store, plan: StepPlan) -> dict[str, dict[str, Any]]:
    """Manifests of the steps whose files this one changed in place, brought up to date, by step."""
    found = {}
    for step in STEPS:
        other = store.manifest(step.name) if step.name != plan.step.name else None
        changed = sorted(set(plan.rewrites) & set(other["outputs"])) if other else []
        if other and changed:
            before = dict(other.get("before", {}))
            for file in changed:
                before[file] = [*before.get(file, [])[-_MOST_BEFORE:], other["outputs"][file]]
            found[step.name] = other | {
                "outputs": other["outputs"] | store.records(changed),
                "before": before,
            }
    return found


def reference_used(store: Store, choice: ReferenceChoice | None) -> dict[str, Any]:
    """Return the reference pixel in the stack: row, column, degrees WGS84, how it was chosen and why."""
    import h5py  # noqa: PLC0415 - the kernel never gets here

    with h5py.File(store.work_dir / STACK, "r", locking=False) as file:
        about = dict(file.attrs)
    y, x = int(about["REF_Y"]), int(about["REF_X"])
    how = {"how": "chosen", "why": choice.why, "coherence": round(choice.coherence, 4)} if choice else {}
    return {"y": y, "x": x, **_lon_lat(about, y, x), "how": "template", **how}


def _lon_lat(attributes: Mapping[str, Any], y: int, x: int) -> dict[str, float]:
    """Centre of a pixel in degrees WGS84; in UTM MintPy's REF_LAT and REF_LON are metres."""
    from pyproj import Transformer  # noqa: PLC0415 - only one step needs it

    if "X_FIRST" not in attributes:
        return {}
    first = (float(attributes["X_FIRST"]), float(attributes["Y_FIRST"]))
    east = first[0] + (x + 0.5) * float(attributes["X_STEP"])
    north = first[1] + (y + 0.5) * float(attributes["Y_STEP"])
    to_degrees = Transformer.from_crs(int(attributes.get("EPSG", 4326)), 4326, always_xy=True)
    lon, lat = to_degrees.transform(east, north)
    return {"lon": round(lon, 7), "lat": round(lat, 7)}


def warnings_in(log: Path) -> list[str]:
    """Lines of a log that warn, each once, shortened; line by line: a log may be long."""
    seen: dict[str, None] = {}
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if _WARNING.search(line) and not line.lstrip().startswith("warnings.warn"):
                seen.setdefault(line.strip()[:500])
    return list(seen)
