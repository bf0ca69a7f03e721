"""One HyP3 product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from insar_widgets.hyp3.grid import Grid
from insar_widgets.hyp3.names import Family
from insar_widgets.hyp3.network import Pair

__all__ = ["GEOMETRY_LAYERS", "NEEDED_LAYERS", "PREPARED_LAYERS", "Product"]

NEEDED_LAYERS = ("unw_phase", "corr")
GEOMETRY_LAYERS = ("dem", "lv_theta", "lv_phi", "water_mask", "inc_map")
PREPARED_LAYERS = ("unw_phase", "corr", "conncomp", *GEOMETRY_LAYERS)


@dataclass(frozen=True)
class Product:
    """One HyP3 interferogram: what its name, its `.txt` and the header of its phase say.

    Parameters
    ----------
    name
        The product's name, without suffix.
    family
        "gamma" (INSAR_GAMMA), "burst" or "multiburst" (``INSAR_ISCE_...``).
    path
        Folder that holds the rasters, or the `.zip`.
    pair
        Reference and secondary date.
    bperp
        Perpendicular baseline in metres.
    direction
        "ASCENDING" or "DESCENDING".
    track
        Relative orbit 1..175; None if the product does not tell.
    frame
        Burst ("136232_IW2") or set of bursts; None for GAMMA, whose products name no frame.
    polarisation
        "VV" or "HH".
    looks
        Range and azimuth looks.
    resolution
        Pixel size in metres that the product's name states.
    metadata
        The `.txt` with its own keys, e.g. "Baseline", "Heading".
    layers
        Layer name ("unw_phase", "corr", "dem"...) to a path that rasterio opens; for a zip `/vsizip/...`.
    metadata_path
        The `.txt`; inside a zip its member name.
    clipped
        Whether the rasters are `_clip.tif` copies.
    grid
        Of the unwrapped phase.
    foreign
        Names of files beside the rasters that HyP3 did not make.
    """

    name: str
    family: Family
    path: Path
    pair: Pair
    bperp: float
    direction: str
    track: int | None
    frame: str | None
    polarisation: str
    looks: tuple[int, int]
    resolution: int
    metadata: Mapping[str, str] = field(repr=False)
    layers: Mapping[str, str] = field(repr=False)
    metadata_path: str = field(repr=False)
    clipped: bool
    grid: Grid
    foreign: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Make mappings read-only, as the product is a value."""
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    @property
    def is_zip(self) -> bool:
        """Whether the product still lies in its zip."""
        return self.path.suffix.lower() == ".zip"

    @property
    def utc_seconds(self) -> float:
        """Time of day of the scene's centre in seconds."""
        return float(self.metadata["UTC time"])

    def __hash__(self) -> int:
        return hash((self.name, self.path))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle: a read-only mapping cannot be pickled itself."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values |= {"metadata": dict(self.metadata), "layers": dict(self.layers)}
        return (_unpickle, (values,))


def _unpickle(values: dict[str, object]) -> Product:
    return Product(**values)  # type: ignore[arg-type]
