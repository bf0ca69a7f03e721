"""Sets of options for a purpose, kept as data in ``insar_widgets/presets``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack
    from insar_widgets.runner.template import Template

__all__ = ["Preset", "presets"]


@dataclass(frozen=True)
class Preset:
    """Options that suit a purpose.

    Attributes
    ----------
    name : for programs, such as ``quick-look``.
    title, description : for people.
    options : what it sets.
    options_with_conncomp : what it sets beyond where every product has connected components.
    """

    name: str
    title: str
    description: str
    options: Mapping[str, object] = field(repr=False)
    options_with_conncomp: Mapping[str, object] = field(repr=False)

    def apply(self, template: Template, stack: Stack | None = None) -> Template:
        """The template with this preset instead of any other; options that no preset names stay."""
        others = {
            key for preset in presets().values() for key in (*preset.options, *preset.options_with_conncomp)
        }
        chosen = dict(self.options)
        if stack is not None and all("conncomp" in product.layers for product in stack.products):
            chosen |= self.options_with_conncomp
        return template.without(*(others - chosen.keys())).with_options(chosen)


@lru_cache(maxsize=1)
def _presets() -> tuple[Preset, ...]:
    folder = files("insar_widgets") / "presets"
    sources = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    found = []
    for source in sources:
        data = tomllib.loads(source.read_text(encoding="utf-8"))
        found.append(
            Preset(
                name=source.name.removesuffix(".toml").partition("-")[2],
                title=data["title"],
                description=data["description"],
                options=MappingProxyType(data["options"]),
                options_with_conncomp=MappingProxyType(data.get("options_with_conncomp", {})),
            )
        )
    return tuple(found)


def presets() -> dict[str, Preset]:
    """Presets by name, from the fastest to the most thorough."""
    return {preset.name: preset for preset in _presets()}
