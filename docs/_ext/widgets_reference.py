"""The directives ``widget``, a widget's page from its class and traits, and ``room``, what a room offers."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import ipyleaflet
import ipywidgets
import traitlets
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import insar_widgets

KINDS = {
    "Unicode": "text", "Bool": "true or false", "Float": "number", "CFloat": "number", "Int": "integer",
    "CInt": "integer", "List": "list", "Dict": "dictionary", "Tuple": "tuple", "Set": "set",
}  # fmt: skip


def widget_classes() -> dict[str, type[traitlets.HasTraits]]:
    """Return the public names that are widgets, with their classes."""
    found = {name: getattr(insar_widgets, name) for name in insar_widgets.__all__}
    return {
        name: thing
        for name, thing in found.items()
        if inspect.isclass(thing) and issubclass(thing, ipywidgets.Widget)
    }


def public_traits(cls: type[traitlets.HasTraits]) -> dict[str, Any]:
    """Return the traits of a widget that are its own, without those of ipywidgets, anywidget and ipyleaflet."""
    others = set(ipywidgets.DOMWidget.class_traits())
    if issubclass(cls, ipyleaflet.Map):
        others |= set(ipyleaflet.Map.class_traits())
    return {
        name: trait
        for name, trait in cls.class_traits().items()
        if not name.startswith("_") and name not in others
    }


def kind_of(trait: Any) -> str:
    """Say in words what a trait takes."""
    if isinstance(trait, traitlets.Enum):
        words = [repr(value) for value in trait.values or () if value is not None]
        return "one of " + ", ".join(words) if len(words) <= 8 else f"one of {len(words)} names"
    if isinstance(trait, traitlets.Instance) and type(trait).__name__ not in KINDS:
        wanted = trait.klass
        return wanted if isinstance(wanted, str) else wanted.__name__
    name = type(trait).__name__.lstrip("_")
    said = KINDS.get(name, {"WidgetTrait": "ipyleaflet.Map", "Raster": "xarray.DataArray"}.get(name, name))
    low, high = getattr(trait, "min", None), getattr(trait, "max", None)
    if low is not None and high is not None and abs(float(high)) < 1e300 and abs(float(low)) < 1e300:
        said += f" from {low:g} to {high:g}"
    elif low is not None and abs(float(low)) < 1e300:
        said += f", at least {low:g}"
    return said + (" or None" if trait.allow_none and name not in ("WidgetTrait",) else "")


def default_of(trait: Any) -> str:
    """Return the default as it would be written, empty where there is none."""
    value = trait.default_value
    if value is traitlets.Undefined or trait.default_value is None:
        made = trait.default_args[0] if getattr(trait, "default_args", None) else None
        if isinstance(trait, traitlets.List) and made is not None:
            return repr(list(made))
        return "None" if trait.allow_none and value is None else ""
    return repr(value)


def public_members(cls: type[traitlets.HasTraits]) -> list[str]:
    """Return the documented methods and properties that the package itself defines."""
    names = []
    for home in cls.__mro__:
        if not home.__module__.startswith("insar_widgets"):
            continue
        for name, thing in vars(home).items():
            plain = thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing
            if name.startswith("_") or isinstance(thing, traitlets.TraitType):
                continue
            if (inspect.isfunction(plain) or isinstance(plain, property)) and plain.__doc__:
                names.append(name)
    return list(dict.fromkeys(names))


def signature(cls: type) -> str:
    """Return how the widget is made: the names and defaults, without types, which the parameters tell in words."""
    made = inspect.signature(cls.__init__)
    bare = [
        p.replace(annotation=inspect.Parameter.empty) for p in made.parameters.values() if p.name != "self"
    ]
    return str(inspect.Signature(bare))


def slug(name: str) -> str:
    """Return TimeSeriesInspector as time-series-inspector."""
    return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


class WidgetDirective(SphinxDirective):
    """Write a picture of the widget, its class and its traits."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Write it as reStructuredText and have that parsed."""
        name = self.arguments[0]
        cls = widget_classes()[name]
        self.env.note_dependency(inspect.getfile(cls))
        image = Path(self.env.srcdir) / "images" / f"{slug(name)}.png"
        lines = [*self.content, ""]
        if image.is_file():
            path = Path("/images") / image.name
            lines += [f".. figure:: {path}", f"   :alt: {name} with a simulated stack", "   :class: shot", ""]
        members = ", ".join(public_members(cls))
        lines += [f".. autoclass:: insar_widgets.{name}{signature(cls)}", f"   :members: {members}", ""]
        lines += [f".. rubric:: Traits of {name}", ""]
        lines += [
            "Set when it is made or at any time, observed with ``observe``, and joined with ``traitlets.link``.",
            "Those marked *page* are shared with the browser; the others live in the kernel only.", "",
            ".. list-table::", "   :header-rows: 1", "   :class: traits", "   :widths: 18 22 14 46", "",
            "   * - Trait", "     - Kind", "     - Default", "     - Meaning",
        ]  # fmt: skip
        for trait, about in sorted(public_traits(cls).items()):
            where = " *page*" if about.metadata.get("sync") else ""
            read = " *read only*" if about.read_only else ""
            default = default_of(about)
            lines += [
                f"   * - .. _{slug(name)}.{trait}:", "", f"       ``{trait}``{where}{read}",
                f"     - {_plain(kind_of(about))}",
                f"     - {f'``{default}``' if default else ''}",
                f"     - {_help(about.help)}",
            ]  # fmt: skip
        if issubclass(cls, ipyleaflet.Map):
            lines += [
                "",
                "All traits of ``ipyleaflet.Map`` (``center``, ``zoom``, ``layers``, ...) are there as well.",
            ]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=False)


class RoomDirective(SphinxDirective):
    """Write the entries of what a room offers beside the names that are importable from the package itself."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Have autodoc write each, classes with their members."""
        name = f"insar_widgets.{self.arguments[0]}"
        room = import_module(name)
        self.env.note_dependency(str(room.__file__))
        lines = [f".. currentmodule:: {name}", ""]
        for entry in sorted(room.__all__, key=lambda n: (not n[0].islower(), n)):
            if entry in insar_widgets.__all__ or entry.isupper():
                continue
            if inspect.isclass(getattr(room, entry)):
                lines += [f".. autoclass:: {entry}", "   :members:", ""]
            else:
                lines += [f".. autofunction:: {entry}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def _plain(text: str) -> str:
    return text.replace("*", r"\*").replace("|", r"\|")


def _help(text: str) -> str:
    """Keep text as text: in help, quotes and brackets are what Python would show."""
    return text.replace("\\", r"\\").replace("*", r"\*").replace("|", r"\|").replace("_ ", r"\_ ")


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("widget", WidgetDirective)
    app.add_directive("room", RoomDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
