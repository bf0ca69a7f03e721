"""How each stage of the workbench stands, a state and a few words, and where to go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insar_widgets.widgets._stack_view import count

if TYPE_CHECKING:
    from insar_widgets.findings import Finding
    from insar_widgets.hyp3 import Stack
    from insar_widgets.results import Results
    from insar_widgets.widgets.config_builder import ConfigBuilder
    from insar_widgets.widgets.displacement_map import DisplacementMap
    from insar_widgets.widgets.exporter import Exporter
    from insar_widgets.widgets.gnss_inspector import GnssInspector
    from insar_widgets.widgets.stack_picker import StackPicker
    from insar_widgets.widgets.step_runner import StepRunner

__all__ = [
    "Standing", "export_stage", "gnss_stage", "map_stage", "next_stage", "run_stage", "stack_stage", "template_stage",
    "title_of",
]  # fmt: skip

Standing = tuple[str, str]
"""State, one of pending, running, completed, stale, failed, and the words beside it."""

_BUSY = {"open": "looking for products", "check": "reading every pixel", "prepare": "preparing"}


def stack_stage(picker: StackPicker | None, stack: Stack | None, results: Results | None) -> Standing:
    """Products: found, checked, prepared; or what a work directory has loaded."""
    if picker is not None and picker.busy:
        share = picker._progress.get("fraction")
        done = f" {share:.0%}" if picker.busy == "prepare" and share is not None else ""
        return "running", f"{_BUSY[picker.busy]}{done}"
    if picker is not None and picker._error:
        return "failed", "could not be opened"
    if stack is not None and stack.products:
        words = f"{count(len(stack.dates), 'date')}, {count(len(stack.pairs), 'pair')}"
        if picker is not None and picker.prepared is None and not stack.is_common_grid:
            return _with_errors(picker.findings, "stale", f"{words}, not prepared")
        return _with_errors([] if picker is None else picker.findings, "completed", words)
    if results is not None:
        return "completed", f"{count(len(results.dates), 'date')} loaded"
    return "pending", "no products chosen"


def _with_errors(findings: Sequence[Finding], state: str, words: str) -> Standing:
    errors = sum(finding.severity == "error" for finding in findings)
    if errors and state == "completed":
        return "failed", count(errors, "error")
    return state, words


def template_stage(config: ConfigBuilder | None) -> Standing:
    """Options set, whether they are right, and whether they are saved."""
    if config is None or not config.template:
        return "pending", "no options yet"
    errors = [finding.code for finding in config.findings if finding.severity == "error"]
    if errors == ["not-prepared"]:  # the stage before says so, and mends it
        return "pending", "stack not prepared"
    if errors:
        return "failed", count(len(errors), "error")
    words = f"{count(len(config.template), 'option')} set"
    if not config._preview.get("opened") or config._preview.get("dirty"):
        return "stale", f"{words}, not saved"
    return "completed", words


def run_stage(runner: StepRunner | None) -> Standing:
    """Steps done, under way, or stopped at."""
    head: dict[str, Any] = {} if runner is None else runner._head
    rows: list[dict[str, Any]] = [] if runner is None else runner._rows
    state, to_do = head.get("state", "empty"), head.get("to_do") or []
    done = sum(row["state"] == "completed" for row in rows)
    if state == "running":
        return "running", f"{head.get('step') or 'starting'}, {done} done"
    if state in ("failed", "interrupted", "cancelled"):
        step = head.get("step")
        return ("failed" if state != "cancelled" else "stale"), f"{state} at {step}" if step else state
    outdated = [row["name"] for row in rows if row["state"] == "stale"]
    if outdated or (done and to_do):
        return "stale", f"{count(len(outdated) or len(to_do), 'step')} to do"
    if done:
        return "completed", count(done, "step")
    return "pending", "not started"


def map_stage(map: DisplacementMap | None, results: Results | None) -> Standing:
    """What is clicked on the map."""
    if results is None:
        return "pending", "no result yet"
    points, lines = (len(map.points), int(bool(map.transect))) if map is not None else (0, 0)
    if not points and not lines:
        return "completed", count(len(results.layers), "layer")
    parts = [count(points, "point")] * bool(points) + [count(lines, "transect")] * lines
    return "completed", ", ".join(parts)


def gnss_stage(gnss: GnssInspector | None, results: Results | None) -> Standing:
    """Stations found and compared."""
    if gnss is not None and gnss._progress:
        return "running", str(gnss._progress.get("text") or "working").lower()
    if gnss is not None and gnss._error:
        return "failed", "could not be compared"
    if gnss is not None and gnss.stations:
        usable = sum(station.usable for station in gnss.stations)
        return "completed", f"{usable} of {count(len(gnss.stations), 'station')} usable"
    return "pending", "no stations yet" if results is not None else "no result yet"


def export_stage(exporter: Exporter | None, results: Results | None) -> Standing:
    """Files written."""
    if exporter is not None and exporter.busy:
        return "running", "writing"
    if exporter is not None and exporter.paths:
        failed = any(line["severity"] == "error" for line in exporter._said)
        return ("failed" if failed else "completed"), f"{count(len(exporter.paths), 'file')} written"
    if exporter is not None and any(line["severity"] == "error" for line in exporter._said):
        return "failed", "could not be written"
    return "pending", "nothing exported yet" if results is not None else "no result yet"


def next_stage(stage: str, standing: Mapping[str, Standing], results: Results | None) -> str:
    """The stage to go on to when this one is done; empty if there is more to do here, or nothing there."""
    following = {"stack": "template", "template": "run", "run": "map"}.get(stage, "")
    if not following or standing[stage][0] != "completed":
        return ""
    ready = results is not None if following == "map" else standing[following][0] != "completed"
    return following if ready else ""


def title_of(work_dir: str, project: str) -> tuple[str, str]:
    """What is open, and where it lies; a folder ``mintpy`` is named after the one around it."""
    if not work_dir:
        return "InSAR workbench", "nothing is open yet"
    folder = Path(work_dir)
    return project or (folder.parent.name if folder.name == "mintpy" else folder.name), work_dir
