"""What the StepRunner shows of the engine: which one made a step, and what its proof has shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from insar_widgets.runner import Run
from insar_widgets.runner.engine import ENGINES, FAST, FAST_STEPS, LOADING
from insar_widgets.runner.engine.proof import LARGEST, Proof
from insar_widgets.runner.state import Store

__all__ = ["engine_of_others", "engine_of_row", "last_engine", "proof_note", "run_id"]


def run_id(run: Run) -> str:
    """Id of the run that was started last."""
    store = Store(run.work_dir)
    return str((store.read_json(store.run_path) or {}).get("run", ""))


def last_engine(folder: Path | None) -> str:
    """Engine of the run that was started last in a folder; "" if none was, or if there is no folder."""
    if folder is None:
        return ""
    store = Store(folder)
    engine = (store.read_json(store.run_path) or {}).get("engine", "")
    return engine if engine in ENGINES else ""


def engine_of_others(run: Run, events: Iterable[Mapping[str, Any]], own: str) -> str:
    """Engine of a run that the events tell was started elsewhere, however short it was; "" if none was."""
    if not any(event["event"] == "run-start" and event["run"] != own for event in events):
        return ""
    return last_engine(run.work_dir) or FAST


def engine_of_row(run: Run, step: str) -> dict[str, str] | None:
    """Engine of a completed step: its ``name``, whether ``proved``, and ``words``; None where MintPy has no rival.

    Returns
    -------
    dict or None
        ``name`` ("fast" or "mintpy"), ``words`` (a sentence) and ``proved`` ("yes" or "").
    """
    made = run.engine_of(step)
    if made is None or (step not in (*FAST_STEPS, LOADING) and made["name"] != FAST):
        return None
    proof = _proof(made)
    if made["name"] != FAST:
        why = f", because {made['why']}" if made.get("why") else ""
        words = f"MintPy itself did {step}{why}."
    elif proof is not None:
        words = f"The fast engine did {step}: {proof.sentence()}."
    else:
        words = f"{step} read the products through rasterio, with MintPy's values, types and attributes."
    return {"name": str(made["name"]), "proved": "yes" if proof is not None else "", "words": words}


def proof_note(run: Run) -> str:
    """What the proofs of the steps that are complete have shown, together; empty where there are none."""
    made = {step: run.engine_of(step) for step in FAST_STEPS}
    proofs = {step: proof for step, about in made.items() if about and (proof := _proof(about)) is not None}
    if not proofs:
        return ""
    whole = Proof.together(proofs.values())
    largest = f"{whole.largest:.1e}" if whole.largest else "0"
    return (
        f"Proved in {' and '.join(proofs)}: at {whole.pixels:,} pixels solved again by MintPy the largest "
        f"difference was {largest} rad (allowed {LARGEST:g})."
    )


def _proof(made: Mapping[str, Any]) -> Proof | None:
    proof = made.get("proof")
    return Proof(**proof) if made["name"] == FAST and proof else None
