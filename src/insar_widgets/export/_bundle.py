"""What it takes to do it again: template, manifest, environment, and the calls as a script and as a notebook."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from insar_widgets.export._job import Job, whole_file
from insar_widgets.export._record import Record, environment, inputs
from insar_widgets.export._values import software
from insar_widgets.results import Results

_HASHED = 512 * 2**20


def write_bundle(results: Results, record: Record, folder: Path, job: Job) -> list[Path]:
    """Write the files into a folder."""
    contents = {
        "template.txt": template_text(record),
        "manifest.json": json.dumps(_manifest(results, record, job), indent=1, ensure_ascii=False) + "\n",
        "environment.txt": "\n".join(environment()) + "\n",
        "reproduce.py": script(results, record),
        "reproduce.ipynb": json.dumps(_notebook(results, record), indent=1, ensure_ascii=False) + "\n",
    }
    paths = []
    for name, text in contents.items():
        job.check()
        with whole_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        paths.append(folder / name)
    return paths


def template_text(record: Record) -> str:
    """Options that decide on the values, with the reference pixel pinned."""
    chosen = dict(record.science)
    lines = ["# Options that decide on the values; paths are set by reproduce.py"]
    if record.reference is not None and not _pins(chosen):
        chosen["mintpy.reference.yx"] = f"{record.reference[0]}, {record.reference[1]}"
        lines.append(
            "# MintPy draws the reference pixel at random unless it is named; this is the one that was used"
        )
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in sorted(chosen.items()))]) + "\n"


def _pins(chosen: dict[str, str]) -> bool:
    return "mintpy.reference.yx" in chosen or "mintpy.reference.lalo" in chosen


def _cells(results: Results) -> list[tuple[str, str]]:
    name = results.work_dir.name
    return [
        (
            "Where the HyP3 products are, and where to work.",
            f'PRODUCTS = "products"  # folder with the products named in manifest.json\nWORK_DIR = "{_safe(name)}"',
        ),
        (
            "The products on one grid, and the template with the options that were used.",
            "from insar_widgets import Run, Template, find_stack, open_results\n\n"
            'stack = find_stack(PRODUCTS).prepare(f"{WORK_DIR}/prepared")\n'
            'options = dict(Template.read("template.txt"))\n'
            f'template = Template.for_stack(stack, options, name="{_safe(name)}")',
        ),
        (
            "All steps of MintPy.",
            "run = Run(WORK_DIR, template)\nrun.start()\noutcome = run.wait()\n"
            'if outcome != "completed":\n    raise SystemExit(" ".join(run.failure or (outcome,)))',
        ),
        (
            "The results and their files.",
            "from insar_widgets import export_displacement, export_figures, export_layer\n\n"
            "results = open_results(WORK_DIR)\nprint(results)\n"
            'export_layer(results, "exports", "velocity")\nexport_displacement(results, "exports", dates="last")\n'
            'export_figures(results, "exports")',
        ),
    ]


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name) or "work"


def script(results: Results, record: Record) -> str:
    """The calls as a script."""
    words = (
        f'"""Does again what {software()} reported on {_safe(results.work_dir.name)}.\n\n'
        'Run it beside template.txt. Versions of all packages are in environment.txt.\n"""\n\n'
    )
    body = "\n\n".join(f"# {text}\n{code}" for text, code in _cells(results))
    # dask's workers start this file again
    indented = "\n".join(f"    {line}" if line else "" for line in body.split("\n"))
    return f'{words}if __name__ == "__main__":\n{indented}\n'


def _notebook(results: Results, record: Record) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for i, (text, code) in enumerate(_cells(results)):
        cells.append({"cell_type": "markdown", "id": f"text-{i}", "metadata": {}, "source": text})
        cells.append(
            {
                "cell_type": "code",
                "id": f"code-{i}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": code,
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _manifest(results: Results, record: Record, job: Job) -> dict[str, Any]:
    files = []
    for path in sorted({Path(str(results[n].attrs.get("source", ""))) for n in results.layers}):
        if path.is_file():
            job.check()
            about: dict[str, Any] = {"name": path.name, "bytes": path.stat().st_size}
            if path.stat().st_size <= _HASHED:
                about["sha256"] = _digest(path)
            files.append(about)
    pairs: list[str] = []
    if "ifgramStack" not in results.missing:
        stack = results.interferograms
        pairs = [pair for pair, kept in zip(stack.pairs, stack.kept, strict=True) if kept]
    return {
        "software": software(),
        "versions": dict(record.versions),
        "dates": list(results.dates),
        "reference_date": results.reference_date,
        "reference_point": results.reference_point,
        "interferograms": pairs,
        "products": list(record.products),
        "inputs": inputs(record),
        "crs": results.crs.to_string(),
        "results": files,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
