"""The network of interferograms: what connects the dates, how coherent it is, and which pairs to drop."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from insar_widgets.errors import CancelledError, InsarWidgetsError, TemplateError
from insar_widgets.hyp3 import Stack
from insar_widgets.hyp3.network import Network, Pair
from insar_widgets.results import Interferograms, Results, open_results
from insar_widgets.runner import Template
from insar_widgets.runner.network import NetworkRules, Selection, select_pairs
from insar_widgets.widgets import _network_view as view
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Request, Requests, describe_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NetworkInspector"]

_LINKED = ("results", "stack", "template", "date", "layer")


class NetworkInspector(Widget):
    """Look at a network of interferograms, and drop or bring back pairs and dates by hand or by rule.

    Works on the products before anything is loaded (dates and baselines) and on a work directory (coherence and closure
    of the triplets as well). Nothing is changed until the rules are written to a template.

    Parameters
    ----------
    source
        What to show: `Results` or a work directory; a `Stack`; or a widget that has one of them as trait, such as
        `DisplacementMap`, `StackPicker` or `ConfigBuilder`, which is then followed.
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
        help="Layer of the pair that was asked for, such as coherence-20200101_20200113."
    )

    _view = traitlets.Dict(help="Dates and pairs with what is known of each.").tag(sync=True)
    _rules = traitlets.Dict(help="The rules as plain values.").tag(sync=True)
    _outcome = traitlets.Dict(help="What the rules leave.").tag(sync=True)
    _file = traitlets.Dict(help="Template file and whether the rules differ from it.").tag(sync=True)
    _progress = traitlets.Dict(default_value=None, allow_none=True, help="Work in the background.").tag(
        sync=True
    )
    _error = traitlets.Dict(default_value=None, allow_none=True, help="What went wrong.").tag(sync=True)

    def __init__(
        self,
        source: Results | Stack | Template | str | Path | Widget | None = None,
        *,
        template: Template | str | Path | None = None,
    ) -> None:
        self._pairs: tuple[Pair, ...] = ()
        self._bperp: NDArray[np.float64] = np.empty(0)
        self._coherence: NDArray[np.float64] | None = None
        self._in_file: NDArray[np.bool_] | None = None
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
                "layer": lambda request: self._set(layer=str(request.payload)),
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
        elif isinstance(source, traitlets.HasTraits):
            for name in _LINKED:
                if source.has_trait(name):
                    traitlets.link((source, name), (self, name))
        elif source is not None:
            raise InsarWidgetsError(
                "A network is shown of results, a stack, a work directory or a widget with one of them, "
                f"not of {source!r}."
            )

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
        """Close the widget."""
        self._requests.cancel_all()
        super().close()

    def __repr__(self) -> str:
        return f"NetworkInspector({len(self._dates)} dates, {len(self._pairs)} pairs)"

    # ------------------------------------------------------------------ what follows

    @property
    def _dates(self) -> tuple[str, ...]:
        return tuple(sorted({date for pair in self._pairs for date in (pair.reference, pair.secondary)}))

    @property
    def _interferograms(self) -> Interferograms | None:
        if self.results is None:
            return None
        with contextlib.suppress(InsarWidgetsError):
            return self.results.interferograms
        return None

    @traitlets.observe("results", "stack")
    def _opened(self, _change: Any) -> None:
        interferograms = self._interferograms
        with self._jobs.lock:
            self._coherence = self._in_file = None
            if interferograms is not None:
                self._pairs = tuple(Pair(*name.split("_")) for name in interferograms.pairs)
                self._bperp, self._in_file = interferograms.bperp, interferograms.kept
            elif self.stack is not None:
                network = self.stack.network
                self._pairs, self._bperp = network.pairs, np.array(network.bperp, float)
            else:
                self._pairs, self._bperp = (), np.empty(0)
            self._set(_error=self._why_none())
        self._show()
        if interferograms is not None:
            self._jobs.start("coherence", lambda job: self._average(interferograms, job))

    def _why_none(self) -> dict[str, str] | None:
        if self._pairs or self.results is None:
            return None
        try:
            self.results.interferograms  # noqa: B018 - its error has the words
        except InsarWidgetsError as error:
            return describe_error(error)
        return None

    def _average(self, interferograms: Interferograms, job: Job) -> None:
        """Mean coherence of the pairs over land, as MintPy compares it with its threshold."""
        try:
            results = self.results
            water = results["waterMask"] if results is not None and "waterMask" in results.layers else None
            mean = interferograms.mean_coherence(water, job.progress, job.cancelled)
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
        self._set(_view=view.network(self._pairs, self._bperp, bperps, self._coherence, self._in_file))
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
        interferograms = self._interferograms
        if interferograms is None:
            return []
        pair = str(request.payload)
        return [view.triplet(t) for t in interferograms.closure(pair, cancelled=request.cancelled)]

    def _set(self, **values: Any) -> None:
        with self._jobs.lock, self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)
