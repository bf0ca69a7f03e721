"""What is said to be written is what is written, from Python and from the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from insar_widgets.cli import main
from insar_widgets.errors import CancelledError, ExportError
from insar_widgets.export.plan import Choice, carry_out, plan_export, possible_products
from insar_widgets.export.shown import Shown, export_shown


def test_every_product_writes_the_files_it_announced_and_nothing_else(results, tmp_path):
    products = tuple(p for p in possible_products(results) if p != "hdfeos5")  # the work directory is shared
    choice = Choice(products, dates=results.dates[:2], figure_formats=("png",), dpi=60)
    planned = plan_export(results, tmp_path, choice)
    assert {file.product for file in planned} == set(products) and not any(file.exists for file in planned)
    shares: dict[str, float] = {}
    done: list[str] = []
    notes: list[str] = []
    paths = carry_out(
        results, tmp_path, choice, notes=notes, on_progress=lambda product, share, _: shares.update({product: share}),
        on_files=lambda product, _: done.append(product),
    )  # fmt: skip
    assert done == list(products) and set(shares) >= set(products) - {"maskTempCoh"}
    expected = {file.path.relative_to(tmp_path).as_posix() for file in planned}
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    left_out = {f"plots/{note.split()[2]}.png" for note in notes if note.startswith("The figure")}
    companions = {name for name in written if name.endswith((".qml", ".gpkg.json"))}
    assert expected - left_out == written - companions
    assert {path.relative_to(tmp_path).as_posix() for path in paths} <= written
    again = plan_export(results, tmp_path, choice)
    assert all(file.exists for file in again if file.path.relative_to(tmp_path).as_posix() not in left_out)
    for file in again:  # rough, but of the right order
        if file.exists and file.bytes > 5000:
            assert 0.05 < file.path.stat().st_size / file.bytes < 6, file


def test_one_product_that_fails_does_not_keep_the_others_from_being_written(results, tmp_path):
    (tmp_path / "plots").write_text("a file where a folder is needed")
    failed: dict[str, Exception] = {}
    choice = Choice(("figures", "velocity"), dpi=60)
    (path,) = carry_out(
        results, tmp_path, choice, on_error=lambda product, error: failed.update({product: error})
    )
    assert path.name.startswith("velocity") and set(failed) == {"figures"}
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        carry_out(results, tmp_path / "none", choice, cancelled=cancelled)
    with pytest.raises(ExportError, match="'magic' is unknown"):
        plan_export(results, tmp_path, Choice(("magic",)))
    with pytest.raises(ExportError, match="no date 19990101"):
        plan_export(results, tmp_path, Choice(("displacement",), dates=("19990101",)))


KILLED = """
import os, signal, sys
from insar_widgets import open_results
from insar_widgets.export.plan import Choice, carry_out
def tell(product, share, words):
    if product == sys.argv[3] and share >= float(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
choice = Choice(("displacement", "points", "kmz_series", "figures"), figure_formats=("png",), dpi=50)
carry_out(open_results(sys.argv[1]), sys.argv[2], choice, on_progress=tell)
"""


@pytest.mark.parametrize(
    "stops",
    [
        (("displacement", 0.5), ("kmz_series", 0.5)),
        pytest.param(
            (("displacement", 0.2), ("points", 1.0), ("kmz_series", 0.8), ("figures", 0.3)),
            marks=pytest.mark.soak,
        ),
    ],
    ids=["two stops", "four stops"],
)
def test_an_export_that_was_killed_leaves_whole_files_and_a_second_call_makes_the_rest(
    results, finished_run, tmp_path, stops
):
    choice = Choice(("displacement", "points", "kmz_series", "figures"), figure_formats=("png",), dpi=50)
    for product, share in stops:
        command = [
            sys.executable,
            "-c",
            KILLED,
            str(finished_run.work_dir),
            str(tmp_path),
            product,
            str(share),
        ]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        for path in tmp_path.rglob("[!.]*.*"):  # whatever has its name is whole
            if path.suffix == ".tif":
                with rasterio.open(path) as file:
                    file.read()
            elif path.suffix in {".kmz", ".gpkg"}:
                assert path.stat().st_size > 1000
    left = [path for path in tmp_path.rglob(".*") if path.is_file()]
    assert left  # hidden, and cleared up by a later call
    for path in left:
        os.utime(path, (0, 0))
    notes: list[str] = []
    carry_out(results, tmp_path, replace(choice, products=(*choice.products, "velocity")), notes=notes)
    assert sum("was kept" in note for note in notes) >= len(results.dates) + 1
    assert all(file.exists for file in plan_export(results, tmp_path, choice) if file.product != "figures")
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []


def test_what_a_map_shows_is_exported_with_its_reference_and_mask(results, stored, tmp_path):
    values, _ = stored
    coherence = results["temporalCoherence"].values
    row, column = np.argwhere(np.isfinite(values).all(axis=0) & (coherence > 0.9))[50]
    lon, lat = (float(v) for v in results.grid.lonlat(row + 0.5, column + 0.5))
    shown = Shown(
        str(results.timeseries.name), results.dates[3], mask_layer="temporalCoherence", mask_threshold=0.9, vmin=-0.01,
        vmax=0.01, reference_date=results.dates[1], reference_point={"lon": lon, "lat": lat, "radius": 0}, units="cm",
    )  # fmt: skip
    tif, kmz, png = export_shown(results, tmp_path, shown)
    assert kmz.suffix == ".kmz" and png.suffix == ".png" and results.dates[3] in tif.name
    moved = values[3] - values[1]
    truth = np.where(coherence >= 0.9, moved - moved[row, column], np.nan) * 100
    with rasterio.open(tif) as file:
        written = file.read(1)
        assert file.units == ("cm",) and file.tags()["MASK"] == "temporalCoherence >= 0.9"
    assert np.array_equal(np.isfinite(written), np.isfinite(truth))
    assert np.nanmax(np.abs(written - truth)) < 1e-4
    rate = Shown("velocity", reference_point={"lon": lon, "lat": lat, "radius": 0}, mask_layer="maskTempCoh")
    tif, *_ = export_shown(results, tmp_path, rate)
    velocity = results["velocity"].values
    with rasterio.open(tif) as file:
        expected = np.where(results["maskTempCoh"].values, velocity - velocity[row, column], np.nan) * 1000
        assert np.allclose(file.read(1), expected, atol=1e-4, equal_nan=True)


def test_the_command_lists_tells_and_writes(finished_run, tmp_path, capsys):
    work_dir, out = str(finished_run.work_dir), tmp_path / "an out folder"
    assert main(["export", work_dir]) == 0
    assert "kmz_series" in capsys.readouterr().out
    wanted = [
        "export",
        work_dir,
        "velocity",
        "points",
        "-o",
        str(out),
        "--mask",
        "0.8",
        "--points-format",
        "csv",
    ]
    assert main([*wanted, "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "points.csv" in told.replace("\n", "") and "new" in told and not out.exists()
    assert main(wanted) == 0
    assert len(list(out.glob("velocity*.tif"))) == 1 and (out / "points.csv").is_file()
    capsys.readouterr()
    assert main(wanted) == 0
    assert "was kept" in capsys.readouterr().out
    assert main(["export", work_dir, "magic", "-o", str(out)]) == 2
    assert "choose from" in capsys.readouterr().err
    assert main(["export", work_dir, "velocity", "--reference-point", "here"]) == 2
    assert main(["export", str(tmp_path / "nothing"), "velocity"]) == 2
