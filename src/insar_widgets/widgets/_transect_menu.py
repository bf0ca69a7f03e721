"""The layers that profiles can be taken of, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from insar_widgets.results import Results
from insar_widgets.widgets._map_layers import first_layer
from insar_widgets.widgets._transect_sources import (
    Layer,
    layer_of_heights,
    layers_of,
    layers_of_file,
    layers_of_results,
)

__all__ = ["LayerMenu"]

_ALONE = 6  # arrays that are shown without being asked for


class LayerMenu:
    """Layers of the results, arrays that were given, and files that were added since.

    Parameters
    ----------
    elevation
        Heights in metres (y, x); by default the layer ``height``.

    Attributes
    ----------
    layers
        All of them by key; replaced, never changed.
    """

    def __init__(self, elevation: xr.DataArray | None = None) -> None:
        self._elevation = layer_of_heights(elevation) if elevation is not None else None
        self._results: Results | None = None
        self._own: dict[str, Layer] = {}
        self._given: dict[str, Layer] = {}
        self._files: dict[str, Layer] = {}
        self.layers: dict[str, Layer] = {}

    @property
    def heights(self) -> Layer | None:
        """What the section of the terrain is taken of; None where there is nothing."""
        return self._elevation or self.layers.get("height")

    def use_results(self, results: Results | None) -> None:
        """Offer the layers of these results instead of those before."""
        self._results = results
        self._own = {} if results is None else {layer.key: layer for layer in layers_of_results(results)}
        self._gather()

    def give(self, data: Any) -> None:
        """Offer arrays.

        Raises
        ------
        InsarWidgetsError
            There is none on a map grid.
        """
        self._given = {layer.key: layer for layer in layers_of(data)}
        self._gather()

    def add_file(self, path: str | Path) -> list[str]:
        """Offer the layers of a file or work directory besides, and tell their keys.

        Raises
        ------
        InsarWidgetsError
            There is nothing that lies on a map grid.
        """
        found = layers_of_file(path)
        self._files |= {layer.key: layer for layer in found}
        self._gather()
        return [layer.key for layer in found]

    def first(self) -> str:
        """Layer to begin with; empty where there is none."""
        first = "" if self._results is None else first_layer(self._results)
        return first if first in self.layers else next(iter(self.layers), "")

    def first_profiles(self) -> list[dict[str, str]]:
        """Profiles to begin with: arrays that were given, else one that follows the map."""
        if self._given and self._results is None:
            return [{"layer": key} for key in list(self._given)[:_ALONE]]
        return [{"layer": "", "date": ""}]

    def filled(self, profile: Mapping[str, str], layer: str, date: str, *, follows: bool) -> dict[str, str]:
        """A profile with the layer and date that it takes where it names none.

        Parameters
        ----------
        follows
            Whether the date is a map's, which is asked for although the layer may lack it.
        """
        key = profile["layer"] or layer
        dates = self.layers[key].dates if key in self.layers else ()
        taken = date if dates and (follows or date in dates) else ""
        return {**profile, "layer": key, "date": profile["date"] or taken}

    def _gather(self) -> None:
        self.layers = self._own | self._given | self._files
