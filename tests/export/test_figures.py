"""Figures are read back as pictures: their size, what lies on them, and where."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from PIL import Image

from insar_widgets import export_figures, open_results
from insar_widgets.errors import ExportError
from insar_widgets.export import FIGURES
from insar_widgets.export._fig_base import Wish, reduced
from insar_widgets.export._fig_map import draw_map
from insar_widgets.results import Grid


def test_every_figure_is_drawn_in_every_format_at_the_size_asked_for(results, tmp_path):
    notes: list[str] = []
    steps: list[float] = []
    paths = export_figures(
        results,
        tmp_path / "a name with spaces",
        dpi=100,
        width=120,
        notes=notes,
        on_progress=lambda s, _: steps.append(s),
    )
    stems = {path.stem for path in paths}
    assert stems >= set(FIGURES) - {"gnss", "dem_error"} and steps[-1] == 1.0
    assert {path.parent.name for path in paths} == {"plots"}
    assert any("moves most" in note for note in notes) and any("transect" in note for note in notes)
    for path in paths:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                assert (
                    picture.width == pytest.approx(120 / 25.4 * 100, abs=1) or path.stem == "coherence_matrix"
                )
                assert picture.info["dpi"][0] == pytest.approx(100, abs=0.1)
                assert "insar_widgets" in picture.info["Software"] and picture.info["Title"]
                ink = np.asarray(picture.convert("L"))
                # nothing is cut off at the edges of the page
                edge = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
                assert (edge == 255).all(), path.name
                assert (ink < 128).mean() > 0.002
        else:
            content = path.read_bytes()
            assert content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF")


def test_the_velocity_map_says_what_it_shows_and_shows_each_value_in_its_place(results, tmp_path):
    wish = Wish(mask="maskTempCoh", vmin=-0.02, vmax=0.02)
    picture = draw_map(results, results["velocity"], "velocity", wish)
    words = " ".join(text.get_text() for text in _texts(picture.figure))
    for said in (
        "mm/year",
        "towards",
        "Ref",
        "km",
        "N",
        "looks",
        "incidence",
        "mask: maskTempCoh",
        "zero at",
    ):
        assert said in words, said
    axes, bar, *_ = picture.figure.axes
    assert [round(v) for v in bar.get_ylim()] == [-20, 20]
    image = axes.get_images()[-1]
    drawn = np.asarray(image.get_array())
    velocity, mask = results["velocity"].values, results["maskTempCoh"].values
    assert np.array_equal(drawn[..., 3] == 255, mask & np.isfinite(velocity))
    strong = mask & (velocity < -0.02)
    if strong.any():
        red, blue = drawn[strong][:, 0].astype(int), drawn[strong][:, 2].astype(int)
        assert (red > blue).all()  # away from the satellite
    grid = Grid.from_array(results["velocity"])
    assert image.get_extent()[0] == grid.x_first and image.get_extent()[3] == grid.y_first
    # a tick of longitude stands where pyproj has it, on the lower edge
    from pyproj import Transformer

    label = axes.get_xticklabels()[0].get_text()
    lon = float(re.sub("[^0-9.]", "", label)) * (-1 if "W" in label else 1)
    bottom = grid.y_first + grid.rows * grid.y_step
    back = Transformer.from_crs(grid.crs, 4326, always_xy=True).transform(axes.get_xticks()[0], bottom)
    assert back[0] == pytest.approx(lon, abs=1e-5)


def test_a_large_layer_is_averaged_in_blocks(results):
    layer = results["velocity"]
    values, k = reduced(layer, None, 20)
    assert k == 4 and max(values.shape) <= 20
    assert values[3, 5] == pytest.approx(np.nanmean(layer.values[12:16, 20:24]), rel=1e-5)


def test_what_cannot_be_drawn_is_left_out_with_its_reason_or_refused_by_name(
    finished_run, tmp_path, full_disk
):
    work_dir = tmp_path / "run"
    shutil.copytree(finished_run.work_dir, work_dir)
    (work_dir / "temporalCoherence.h5").unlink()
    results = open_results(work_dir)
    notes: list[str] = []
    paths = export_figures(results, tmp_path, formats=["png"], dpi=40, notes=notes)
    assert "temporal_coherence" not in {p.stem for p in paths} and "velocity" in {p.stem for p in paths}
    assert any("temporal_coherence was left out" in note for note in notes)
    with pytest.raises(ExportError, match="temporal_coherence cannot be drawn"):
        export_figures(results, tmp_path, ["temporal_coherence"])
    with pytest.raises(ExportError, match="no figure 'map'"):
        export_figures(results, tmp_path, ["map"])
    with pytest.raises(ExportError, match="dots per inch"):
        export_figures(results, tmp_path, dpi=10_000)
    with full_disk(2000), pytest.raises(ExportError, match=r"velocity.png could not be written"):
        export_figures(results, tmp_path / "full", ["velocity"], dpi=60)
    assert list((tmp_path / "full" / "plots").iterdir()) == []


def _texts(figure):
    from matplotlib.text import Text

    return figure.findobj(Text)
