"""The network of interferograms: what connects the dates, how coherent it is, and which pairs to drop."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
import xarray as xr

from insar_widgets.errors import CancelledError, InsarWidgetsError, TemplateError
from insar_widgets.hyp3 import Stack
from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.results import Results, open_results
from insar_widgets.runner import Template
from insar_widgets.runner.network import NetworkRules, Selection, select_pairs
from insar_widgets.widgets import _network_view as view
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Request, Requests, describe_error
from insar_widgets.widgets._network_sources import (
    PairSource,
    pairs_of_data,
    pairs_of_results,
    pairs_of_stack,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NetworkInspector"]

_PAIR_LAYER = re.compile(r"(\w+)-(\d{8}_\d{8})")
_LINKED = ("results", "stack", "template", "layer")


class NetworkInspector(Widget):
    """Look at a network of interferograms, and drop or bring back pairs and dates by hand or by rule.

    Works on the products before anything is loaded (dates and baselines), on a work directory (coherence and closure of
    the triplets as well), and on any dataset along pairs. Nothing is changed until the rules are written to a template.

    Parameters
    ----------
    source
        What to show: `Results` or a work directory; a `Stack`; a Dataset along ``pair`` (``YYYYMMDD_YYYYMMDD``) with
        ``bperp`` (m), ``coherence`` (pair or pair, y, x) and ``unwrapPhase`` (pair, y, x; radian) where it has them; or
        a widget with one of these traits, such as `DisplacementMap`, `StackPicker` or `ConfigBuilder`, which is then
        followed.
    template
        Template whose ``mintpy.network.*`` are the rules to begin with.

    Examples
    --------
    >>> inspector = NetworkInspector()
    >>> inspector.rules = NetworkRules(max_days=48)
    >>> inspector.rules.max_days
    48
    >>> inspector.close()
    """

    _bundle = "network-inspector"

    results = traitlets.Instance(Results, allow_none=True, help="Results whose interferograms are shown.")
    stack = traitlets.Instance(
        Stack, allow_none=True, help="Products whose pairs are shown before they are loaded."
    )
    template = traitlets.Instance(Template, allow_none=True, help="Template that the rules are written to.")
    rules = traitlets.Instance(NetworkRules, help="What drops pairs.")
    pair = traitlets.Unicode(help="Pair that is looked at, YYYYMMDD_YYYYMMDD; empty for none.").tag(sync=True)
    date = traitlets.Unicode(help="Date that is looked at, YYYYMMDD; empty for none.").tag(sync=True)
    layer = traitlets.Unicode(
        help="Layer of a linked map; while a pair is looked at, that of the pair, as coherence-20200101_20200113."
    )
    shown = traitlets.Enum(
        ("unwrapPhase", "coherence", ""),
        "unwrapPhase",
        help="What of the pair a linked map shows; empty for nothing.",
    ).tag(sync=True)

    _view = traitlets.Dict(help="Dates and pairs with what is known of each.").tag(sync=True)
    _rules = traitlets.Dict(help="The rules as plain values.").tag(sync=True)
    _outcome = traitlets.Dict(help="What the rules leave.").tag(sync=True)
    _file = traitlets.Dict(help="Template file and whether the rules differ from it.").tag(sync=True)
    _on_map = traitlets.Bool(False, help="Whether somebody shows `layer`.").tag(sync=True)
    _progress = traitlets.Dict(default_value=None, allow_none=True, help="Work in the background.").tag(
        sync=True
    )
    _error = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)

    def __init__(
        self,
        source: Results | Stack | str | Path | xr.Dataset | xr.DataArray | Widget | None = None,
        *,
        template: Template | str | Path | None = None,
    ) -> None:
        self._given: PairSource | None = None
        self._source: PairSource | None = None
        self._coherence: NDArray[np.float64] | None = None
        self._before = ""
        self._links: list[traitlets.link] = []
        self._cut: Callable[[], None] = lambda: None
        self._path: Path | None = None
        self._jobs = Jobs(lambda fraction, text: self._set(_progress={"fraction": fraction, "text": text}))
        super().__init__(rules=NetworkRules())
        self._requests = Requests(
            self,
            {
                "rules": lambda request: self._change(request.payload),
                "date": lambda request: self.toggle_date(str(request.payload)),
                "pair": lambda request: self.toggle_pair(str(request.payload)),
                "reset": lambda _request: self.reset(),
                "closure": self._closure,
                "write": lambda _request: str(self.write()),
            },
        )
        if isinstance(template, str | Path):
            self._path = Path(template).expanduser().absolute()
            template = Template.read(self._path)
        if template is not None:
            self.template = template
        self._show()
        self._take(source)

    def _take(self, source: Any) -> None:
        if isinstance(source, Results):
            self.results = source
        elif isinstance(source, Stack):
            self.stack = source
        elif isinstance(source, str | Path):
            self.results = open_results(source)
        elif isinstance(source, xr.Dataset | xr.DataArray):
            self._given = pairs_of_data(source)
            self._opened()
        elif isinstance(source, traitlets.HasTraits):
            self._links += [
                traitlets.link((source, name), (self, name)) for name in _LINKED if source.has_trait(name)
            ]
            if source.has_trait("date"):
                self._link_date(source)
        elif source is not None:
            raise InsarWidgetsError(
                "A network is shown of results, a stack, a work directory, a dataset along pairs or a widget with one "
                f"of them, not of {source!r}."
            )

    def _link_date(self, other: Any) -> None:
        """As a link, but a date that the other one does not have, since all its pairs are dropped, stays here."""

        def tell(change: Any) -> None:
            with contextlib.suppress(traitlets.TraitError):
                other.date = change["new"]

        def hear(change: Any) -> None:
            self.date = change["new"]

        self.date = other.date
        self.observe(tell, "date")
        other.observe(hear, "date")
        self._cut = lambda: other.unobserve(hear, "date")

    # ------------------------------------------------------------------ what the user does

    @property
    def selection(self) -> Selection:
        """What the rules leave of the network."""
        coherence = None if self._coherence is None else self._coherence.tolist()
        return select_pairs(self._pairs, self._bperp.tolist(), self.rules, coherence)

    def toggle_date(self, date: str) -> None:
        """Leave a date out by hand, or take it back in.

        Raises
        ------
        TemplateError
            The network has no such date.
        """
        if date not in self._dates:
            raise TemplateError(f"The network has no date {date!r}.")
        self.rules = self.rules.toggled_date(date)

    def toggle_pair(self, pair: str) -> None:
        """Leave a pair out by hand, or take it back in.

        Raises
        ------
        TemplateError
            The network has no such pair.
        """
        if pair not in {p.date12 for p in self._pairs}:
            raise TemplateError(f"The network has no pair {pair!r}.")
        self.rules = self.rules.toggled_pair(pair)

    def reset(self) -> None:
        """Go back to the rules of the template."""
        self.rules = self._of_template()

    def write(self, path: str | Path | None = None) -> Path | None:
        """Write the rules to the template, and to its file if there is one.

        Parameters
        ----------
        path
            File to write; by default the one the template was read from, if it was.

        Raises
        ------
        TemplateError
            There is no template, or the rules leave no pair.
        """
        if self.template is None:
            raise TemplateError("There is no template to write to; give NetworkInspector(..., template=...).")
        if self._pairs and not self.selection.kept.any():
            raise TemplateError("The rules leave no pair; relax one of them first.")
        options = self.rules.to_options(self._pairs)
        known = {key: value for key, value in options.items() if value != "auto" or key in self.template}
        template = self.template.with_options(known)
        target = self._path if path is None else Path(path).expanduser().absolute()
        if target is not None:
            target = template.write(target)
            self._path = target
        self._set(template=template)
        return target

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is computed in the background; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def close(self) -> None:
        """Take it off the page and cut its links."""
        self._requests.cancel_all()
        for link in self._links:
            link.unlink()
        self._links.clear()
        self._cut()
        self._cut = lambda: None
        super().close()

    def __repr__(self) -> str:
        return f"NetworkInspector({len(self._dates)} dates, {len(self._pairs)} pairs)"

    # ------------------------------------------------------------------ what follows

    @property
    def _dates(self) -> tuple[str, ...]:
        return tuple(sorted({date for pair in self._pairs for date in (pair.reference, pair.secondary)}))

    @property
    def _pairs(self) -> tuple[Pair, ...]:
        return self._source.pairs if self._source is not None else ()

    @property
    def _bperp(self) -> NDArray[np.float64]:
        return self._source.bperp if self._source is not None else np.empty(0)

    def observe(self, handler: Any, names: Any = traitlets.All, type: str = "change") -> None:
        """As that of traitlets; who observes `layer` is taken for a map that shows it."""
        super().observe(handler, names, type)
        asked = (
            {names}
            if isinstance(names, str)
            else set(names)
            if isinstance(names, list | tuple | set)
            else set()
        )
        if "layer" in asked and not isinstance(handler, traitlets.ObserveHandler):
            self._on_map = True

    @traitlets.observe("results", "stack")
    def _opened(self, _change: Any = None) -> None:
        error = None
        source = pairs_of_stack(self.stack) if self.stack is not None else self._given
        if self.results is not None:
            try:
                source = pairs_of_results(self.results)
            except InsarWidgetsError as problem:
                error = describe_error(problem) if source is None else None
        with self._jobs.lock:
            self._coherence, self._source = None, source
            self._set(_error=error)
        self._show()
        if source is not None and source.coherence is not None:
            self._jobs.start("coherence", lambda job: self._average(source, job))

    @traitlets.observe("pair", "shown")
    def _show_pair(self, _change: Any) -> None:
        """Show the pair on the map; without one, what the map showed before."""
        mapped = self._on_map and self._source is not None and self._source.layers
        if mapped and self.pair and self.shown:
            if not _PAIR_LAYER.fullmatch(self.layer):
                self._before = self.layer
            self.layer = f"{self.shown}-{self.pair}"
        elif _PAIR_LAYER.fullmatch(self.layer) and self._before:
            self.layer = self._before

    @traitlets.observe("layer")
    def _layer_changed(self, change: Any) -> None:
        """A pair chosen on the map is the one that is looked at."""
        found = _PAIR_LAYER.fullmatch(change["new"])
        if found and found[2] in {p.date12 for p in self._pairs}:
            if found[1] in ("unwrapPhase", "coherence"):
                self.shown = found[1]
            self.pair = found[2]

    def _average(self, source: PairSource, job: Job) -> None:
        """Mean coherence of the pairs, as MintPy compares it with its threshold."""
        try:
            mean = source.coherence(job.progress, job.cancelled) if source.coherence else None
        except CancelledError:
            return
        except (InsarWidgetsError, OSError) as error:
            words = describe_error(error)
            job.apply(lambda: self._set(_error=words, _progress=None))
            return

        def apply() -> None:
            self._coherence = mean
            self._set(_progress=None)
            self._show()

        job.apply(apply)

    @traitlets.observe("template")
    def _template_changed(self, _change: Any) -> None:
        self.rules = self._of_template()
        self._show_file()

    def _of_template(self) -> NetworkRules:
        if self.template is None:
            return NetworkRules()
        try:
            return NetworkRules.from_options(self.template.effective())
        except (InsarWidgetsError, ValueError) as error:
            self._set(_error=describe_error(error))
            return self.rules

    @traitlets.observe("rules")
    def _rules_changed(self, _change: Any) -> None:
        self._show_outcome()
        self._show_file()

    def _show(self) -> None:
        bperps = Network(self._pairs, tuple(self._bperp.tolist())).bperps if self._pairs else {}
        self._set(_view=view.network(self._source, bperps, self._coherence))
        self._show_outcome()

    def _show_outcome(self) -> None:
        self._set(_rules=view.rules(self.rules), _outcome=view.outcome(self.selection, self._dates))

    def _show_file(self) -> None:
        changed = self.template is not None and self.rules != self._of_template()
        name = (self.template.name or "template") if self.template is not None else ""
        self._set(_file={"name": self._path.name if self._path else name, "changed": changed})

    def _change(self, values: Mapping[str, Any]) -> None:
        self.rules = replace(self.rules, **view.read_rules(values))

    def _closure(self, request: Request) -> list[dict[str, Any]]:
        source = self._source
        if source is None or source.closure is None:
            return []
        return [view.triplet(t) for t in source.closure(str(request.payload), request.cancelled)]

    def _set(self, **values: Any) -> None:
        with self._jobs.lock, self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)
