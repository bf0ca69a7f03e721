"""Which steps are to be done, and why each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from insar_widgets.errors import RunError
from insar_widgets.runner.content import is_same
from insar_widgets.runner.state import Store
from insar_widgets.runner.steps import STEPS, StepPlan
from insar_widgets.runner.unfinished import CHANGES_DATA, in_work

__all__ = ["Decider"]

_NAMES = tuple(step.name for step in STEPS)
_FIGURES = (".pdf", ".png")


class Decider:
    """Holds what the template asks for against what the manifests say was done.

    Parameters
    ----------
    store : the record of the work directory.
    plans : what each step reads and writes under the template.
    effective : values the options really have.
    digests : fingerprint of what each step's products would follow from now.
    """

    def __init__(
        self,
        store: Store,
        plans: Mapping[str, StepPlan],
        effective: Mapping[str, Any],
        digests: Mapping[str, str],
    ) -> None:
        self._store = store
        self._plans = plans
        self._effective = effective
        self._digests = digests

    def why(self, name: str) -> str:
        """Why the step must run, or "" if what it made still holds."""
        manifest = self._store.manifest(name)
        if manifest is None:
            return "not done yet"
        for file, record in manifest["outputs"].items():
            if file not in self._in_work and not self._holds(file, record, manifest.get("before", {})):
                return f"{file} was removed or changed"
        if manifest.get("undone"):
            return f"{manifest['undone']} was made anew since"
        if manifest["digest"] != self._digests[name]:
            before, now = manifest.get("options", {}), self._effective
            changed = [key for key, value in before.items() if str(now.get(key)) != str(value)]
            return f"{', '.join(changed)} changed" if changed else "what it reads has changed"
        return ""

    def choose(
        self, steps: str | Iterable[str] | None = None, from_: str | None = None, to: str | None = None
    ) -> dict[str, str]:
        """Return the steps to do, in order, with the reason for each; see `Run.start`.

        Raises
        ------
        RunError
            If a step's name is unknown or the range is empty.
        """
        plans = self._plans
        asked = [steps] if isinstance(steps, str) else list(steps) if steps is not None else None
        for name in (*(asked or ()), *filter(None, (from_, to))):
            if name not in _NAMES:
                raise RunError(f"MintPy has no step {name!r}. Its steps are: {', '.join(_NAMES)}.")
        if asked is not None:
            chosen = {name: "asked for" for name in _NAMES if name in asked and plans[name].off is None}
        else:
            first = _NAMES.index(from_) if from_ else 0
            last = _NAMES.index(to) if to else len(_NAMES) - 1
            if first > last:
                raise RunError(f"The run would end with {to} before it begins with {from_}.")
            chosen = {}
            for name in _NAMES[first : last + 1]:
                if plans[name].off is None:
                    why = "asked for" if from_ else self.why(name)
                    if why:
                        chosen[name] = why
            self._add_what_follows(chosen)
        return {name: chosen[name] for name in _NAMES if name in chosen}

    def _add_what_follows(self, chosen: dict[str, str]) -> None:
        """Add the steps that must be done again because others are.

        A step that changes files of earlier steps in place needs them as they were, so those are made anew; what
        was changed in files that are made anew must be changed again; and a file that a step wants out of its way
        belongs to a step that has to write it again.
        """
        before = -1
        while len(chosen) != before:
            before = len(chosen)
            for name, plan in self._plans.items():
                if (name in chosen or plan.off is not None) and self._has_rewritten(name):
                    for writer in self._owners(plan.rewrites):
                        chosen.setdefault(writer, f"{name} changed its files in place")
                if name in chosen:
                    for owner in self._owners(plan.clears):
                        chosen.setdefault(owner, f"{name} is done again before it")
                elif plan.off is None and self._store.manifest(name):
                    remade = {f for n in chosen for f in self._plans[n].writes} & set(plan.rewrites)
                    if remade:
                        chosen[name] = f"{', '.join(sorted(remade))} is made anew"

    @cached_property
    def _in_work(self) -> set[str]:
        """Files that a step is changing just now, and that nobody else can see meanwhile."""
        return in_work(self._store)

    def _holds(self, file: str, record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        """Whether a product is as its step, or a later one that changed it in place, left it."""
        work_dir = self._store.work_dir
        if Path(file).suffix in _FIGURES:  # the last step of a run moves them, and draws some anew
            return any((folder / Path(file).name).is_file() for folder in (work_dir, work_dir / "pic"))
        return any(is_same(work_dir / file, one) for one in (record, *reversed(before.get(file, ()))))

    def _owners(self, files: Iterable[str]) -> list[str]:
        """Steps that have written one of the files."""
        owners = []
        for name, plan in self._plans.items():
            manifest = self._store.manifest(name)
            if plan.off is None and manifest and set(files) & set(manifest["outputs"]):
                owners.append(name)
        return owners

    def _has_rewritten(self, name: str) -> bool:
        """Whether the step has changed files of others so that only their writers can bring them back.

        modify_network and reference_point never do: they set flags and attributes to what the template says,
        whatever they were. The others keep what they change (see `unfinished`) unless the disk is too small.
        """
        manifest = self._store.manifest(name) if name in CHANGES_DATA else None
        return manifest is not None and not manifest.get("kept", False)

    def refuse_missing_inputs(self, chosen: Mapping[str, str]) -> None:
        """Refuse a selection that lacks what an earlier step would have made."""
        there: set[str] = set()
        for name in chosen:
            for file in self._plans[name].reads:
                if file not in there and not (self._store.work_dir / file).is_file():
                    maker = next((n for n in _NAMES if file in self._plans[n].writes), "an earlier step")
                    raise RunError(f"{name} needs {file}, which is not there: run {maker} first.")
            there.update(self._plans[name].writes)
