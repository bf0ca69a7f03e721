"""What is known of how results were made: template, steps, versions, inputs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from insar_widgets.errors import InsarWidgetsError, MissingDependencyError
from insar_widgets.results import Results
from insar_widgets.runner import Run, Template, options

_CONFIG = "smallbaselineApp.cfg"
_PLACES = ("mintpy.load.", "mintpy.compute.")  # what belongs to a machine and not to the result
_INPUTS = ("unwFile", "corFile", "demFile", "incAngleFile", "azAngleFile", "waterMaskFile", "connCompFile")


@dataclass(frozen=True)
class StepRecord:
    """A step of the run, its state and how long it took (s), where that is known."""

    name: str
    state: str
    seconds: float | None
    reason: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """How results were made.

    Attributes
    ----------
    options : what the template sets, other than ``auto``.
    defaults : what MintPy would take for these options; empty where MintPy is not installed.
    meanings : what MintPy says of them.
    steps : of a run by `Run`; empty for one by MintPy's own command.
    versions : of the run, where it is recorded, and of this environment.
    reference : row and column that pin the reference pixel, or None.
    products : names of the products that were read.
    notes : what could not be found out.
    """

    options: Mapping[str, str]
    defaults: Mapping[str, str]
    meanings: Mapping[str, str]
    steps: tuple[StepRecord, ...]
    versions: Mapping[str, str]
    reference: tuple[int, int] | None
    products: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def science(self) -> dict[str, str]:
        """Options that decide on the values, without paths and processors."""
        return {
            k: v for k, v in self.options.items() if not k.startswith(_PLACES) or k.endswith(".processor")
        }


def read_record(results: Results) -> Record:
    """Find out what there is in the work directory."""
    notes: list[str] = []
    folder = results.work_dir
    set_options: dict[str, str] = {}
    try:
        template = Template.read(folder / _CONFIG)
        set_options = {k: v for k, v in template.items() if v != "auto"}
    except InsarWidgetsError as error:
        notes.append(f"The template is not known: {error}")
    defaults, meanings = _known(set_options, notes)
    steps, versions = _steps(folder, notes)
    point = results.reference_point
    reference = (int(point["y"]), int(point["x"])) if point else None
    return Record(
        set_options, defaults, meanings, steps, versions, reference, _products(set_options), tuple(notes)
    )


def _known(given: Mapping[str, str], notes: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    try:
        known = {option.key: option for option in options()}
    except MissingDependencyError:
        notes.append("MintPy is not installed here, so its defaults are not beside the options.")
        return {}, {}
    found = {key: known[key] for key in given if key in known}
    return {k: o.auto or o.default for k, o in found.items()}, {k: o.help for k, o in found.items()}


def _steps(folder: Path, notes: list[str]) -> tuple[tuple[StepRecord, ...], dict[str, str]]:
    versions = {}
    for name in ("insar-widgets", "mintpy", "numpy", "h5py", "rasterio", "xarray"):
        with suppress(metadata.PackageNotFoundError):
            versions[f"{name}, this report"] = metadata.version(name)
    if not (folder / ".insar_widgets" / "events.jsonl").is_file():
        notes.append("The steps were not run by insar_widgets; how long they took is not recorded.")
        return (), versions
    try:
        run = Run.attach(folder)
        starts = [event for event in run.events() if event["event"] == "run-start"]
        if starts:
            versions = {f"{k}, the run": v for k, v in starts[-1].get("versions", {}).items()} | versions
        records = [StepRecord(s.name, s.state, s.seconds, s.reason, s.outputs) for s in run.status()]
        return tuple(records), versions
    except (InsarWidgetsError, OSError) as error:
        notes.append(f"The record of the run cannot be read: {error}")
        return (), versions


def _products(given: Mapping[str, str]) -> tuple[str, ...]:
    pattern = given.get("mintpy.load.unwFile", "")
    if not pattern.startswith("/"):
        return ()
    root, _, rest = pattern.partition("*")
    base = Path(root) if root.endswith("/") else Path(root).parent
    try:
        found = sorted(base.glob(pattern[len(str(base)) + 1 :])) if rest else []
    except (OSError, ValueError):
        return ()
    return tuple(path.parent.name for path in found)


def environment() -> list[str]:
    """Every installed package as ``name==version``."""
    found = {
        str(d.metadata["Name"]).lower(): d.version
        for d in metadata.distributions()
        if d.metadata["Name"] and d.version
    }
    return [f"{name}=={number}" for name, number in sorted(found.items())]


def inputs(record: Record) -> dict[str, Any]:
    """Names of the input files, without the folders they lay in."""
    named = {key.rpartition(".")[2]: value for key, value in record.options.items() if key.endswith(_INPUTS)}
    return {key: Path(value).name for key, value in named.items()}
