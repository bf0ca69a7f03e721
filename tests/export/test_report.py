"""The report is one page that needs nothing besides itself; what lies beside it does the work again."""

from __future__ import annotations

import ast
import hashlib
import json
import runpy
import shutil
from html.parser import HTMLParser

import h5py
import numpy as np
import pandas as pd
import pytest

from insar_widgets import Template, export_figures, export_report, open_results
from insar_widgets.errors import ExportError
from insar_widgets.export import FIGURES
from insar_widgets.gnss import Comparison
from insar_widgets.gnss._pairing import COLUMNS


class Page(HTMLParser):
    """What a browser would load, and what it would show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.alts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for key, value in attributes:
            if key in {"src", "srcset", "data"} or (key == "href" and tag != "a"):
                self.sources.append(value)
            if key == "alt":
                self.alts.append(value)

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_besides_itself_and_tells_everything(results, finished_run, tmp_path):
    notes: list[str] = []
    words = "<script>alert('x')</script> & \"quoted\""
    page, *others = export_report(
        results, tmp_path / "for a colleague", title="Subsidence <b>", words=words, notes=notes
    )
    assert page.name == "report.html" and page.stat().st_size < 6_000_000
    text = page.read_text(encoding="utf-8")
    read = Page(text)
    assert all(source.startswith("data:image/png;base64,") for source in read.sources)
    assert len(read.sources) >= 9 and len(read.alts) == len(read.sources) and all(read.alts)
    assert "script" not in read.tags and "http" not in text.replace("http-equiv", "")
    said = " ".join(read.words)
    assert "Subsidence <b>" in said and words in said
    for needed in ("Velocity", "Network", "Template", "Steps", "How to do it again", "Versions", "Quality",
                   "mintpy.plot", "invert_network", "completed", "reliable pixels", results.dates[0][:4]):  # fmt: skip
        assert needed in said, needed
    assert str(finished_run.work_dir) not in said  # the folders of one machine are nobody else's business
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    assert "moves most" in " ".join(notes)

    folder = {path.name: path for path in others}
    assert set(folder) == {
        "template.txt",
        "manifest.json",
        "environment.txt",
        "reproduce.py",
        "reproduce.ipynb",
    }
    options = Template.read(folder["template.txt"])
    with h5py.File(finished_run.work_dir / "velocity.h5", locking=False) as file:
        pixel = f"{file.attrs['REF_Y']}, {file.attrs['REF_X']}"
    assert options["mintpy.reference.yx"] == pixel and not any("File" in key for key in options)
    manifest = json.loads(folder["manifest.json"].read_text())
    velocity = next(f for f in manifest["results"] if f["name"] == "velocity.h5")
    content = (finished_run.work_dir / "velocity.h5").read_bytes()
    assert velocity["sha256"] == hashlib.sha256(content).hexdigest()
    assert len(manifest["products"]) == len(manifest["interferograms"]) and manifest["dates"] == list(
        results.dates
    )
    assert any(line.startswith("mintpy==") for line in folder["environment.txt"].read_text().splitlines())
    ast.parse(folder["reproduce.py"].read_text())
    notebook = json.loads(folder["reproduce.ipynb"].read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            ast.parse(cell["source"])


def test_gnss_stations_are_in_the_report_and_among_the_figures(results, tmp_path):
    rows = []
    for i, (row, column) in enumerate(
        np.argwhere(results["maskTempCoh"].values & np.isfinite(results["velocity"].values))[[20, 200, 400]]
    ):
        lon, lat = (float(v) for v in results.grid.lonlat(row + 0.5, column + 0.5))
        own = dict.fromkeys(COLUMNS, 0.0) | {
            "station": f"S{i}<b>",
            "lon": lon,
            "lat": lat,
            "frame": "IGS20",
            "epochs": 6,
        }
        rows.append(
            own
            | {
                "frame": "IGS20",
                "gnss_velocity": -0.01 * i,
                "insar_velocity": -0.011 * i,
                "is_reference": i == 0,
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).set_index("station")
    comparison = Comparison({}, table, {"FAR1": "it is outside the frame"}, "S0<b>", ("a note",))
    page, *_ = export_report(results, tmp_path, comparison=comparison, bundle=False)
    read = Page(page.read_text(encoding="utf-8"))
    said = " ".join(read.words)
    assert "S1<b>" in said and "−20.0" in said and "it is outside the frame" in said and "a note" in said
    assert FIGURES["gnss"] in read.alts
    figures = export_figures(results, tmp_path, ["gnss"], formats=["png"], dpi=60, comparison=comparison)
    assert [path.name for path in figures] == ["gnss.png"]


@pytest.mark.soak
@pytest.mark.mintpy
def test_the_script_beside_the_page_gives_the_same_velocity(
    results, finished_run, small_stack, tmp_path, monkeypatch
):
    export_report(results, tmp_path)
    folder = tmp_path / "reproduce"
    (folder / "products").symlink_to(small_stack.root)
    monkeypatch.chdir(folder)
    runpy.run_path(str(folder / "reproduce.py"), run_name="__main__")
    (name,) = [p.parent for p in folder.glob("*/velocity.h5")]
    with (
        h5py.File(name / "velocity.h5") as mine,
        h5py.File(finished_run.work_dir / "velocity.h5", locking=False) as first,
    ):
        assert np.array_equal(mine["velocity"][:], first["velocity"][:], equal_nan=True)


def test_a_run_by_mintpys_own_command_is_reported_without_its_steps(finished_run, tmp_path, full_disk):
    work_dir = tmp_path / "run"
    shutil.copytree(
        finished_run.work_dir, work_dir, ignore=shutil.ignore_patterns(".insar_widgets", "inputs")
    )
    results = open_results(work_dir)
    notes: list[str] = []
    (page,) = export_report(results, tmp_path / "mine.html", bundle=False, notes=notes)
    text = page.read_text()
    assert "How the steps went is not recorded" in text and any("network" in note for note in notes)
    with full_disk(20_000), pytest.raises(ExportError, match=r"report.html could not be written"):
        export_report(results, tmp_path / "full")
    assert list((tmp_path / "full").iterdir()) == []
