"""The ConfigBuilder without a browser: what its handlers make of the template, and what comes of a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from insar_widgets import ConfigBuilder, Run, StackPicker, StepRunner, Template
from insar_widgets.errors import TemplateError
from support.arrays import assert_same_arrays
from support.front_end import ask

pytest.importorskip("mintpy", reason='options are MintPy\'s own: pip install "insar-widgets[mintpy]"')

# As a user's editor left it: comments, an option nobody knows, windows line ends, Latin-1.
MINE = (
    b"# Valle de M\xe9xico, second try\r\n"
    b"mintpy.load.processor   = hyp3   # from ASF\r\n"
    b"our.own.option = keep me\r\n"
    b"\r\n"
    b"mintpy.deramp = linear # because of the orbit\r\n"
)


@pytest.fixture
def builder(prepared_stack, tmp_path) -> ConfigBuilder:
    made = ConfigBuilder(prepared_stack, work_dir=tmp_path / "work")
    assert made.wait(60)
    return made


def change(builder: ConfigBuilder, **values: str | None) -> dict[str, Any]:
    """Set options as the browser does; `__` stands for the dot."""
    options = {f"mintpy.{key.replace('__', '.')}": value for key, value in values.items()}
    answer = ask(builder, "change", {"values": options})
    assert builder.wait(60)
    return answer


def codes(builder: ConfigBuilder) -> set[str]:
    return {finding.code for finding in builder.findings}


def test_a_stack_gives_a_template_that_loads_it(builder, prepared_stack):
    assert builder.template["mintpy.load.processor"] == "hyp3"
    assert builder.template["mintpy.load.unwFile"].startswith(str(prepared_stack.root.resolve()))
    assert builder._stack_view["dates"] == list(prepared_stack.dates)
    assert builder.valid
    assert all(finding.severity != "error" for finding in builder.findings)


def test_changing_and_resetting_leaves_every_other_byte(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_bytes(MINE)
    builder = ConfigBuilder(file)
    change(builder, deramp="quadratic", reference__date="20200101")
    builder.save()
    after = file.read_bytes()
    assert b"mintpy.deramp = quadratic # because of the orbit\r\n" in after
    change(builder, deramp="linear", reference__date=None)
    builder.save()
    assert file.read_bytes().startswith(MINE)
    assert "M?xico" in builder._preview["lines"][0][1]


@pytest.mark.parametrize("value", ["a # b", "two\nlines", ""])
def test_a_value_that_cannot_be_written_is_refused_and_nothing_changes(builder, value):
    before = builder.template
    answer = change(builder, deramp=value)
    assert not answer["ok"]
    assert "mintpy.deramp" in answer["error"]["message"]
    assert builder.template == before


def test_a_finding_stands_at_its_option_and_one_click_mends_it(builder):
    change(builder, unwrapError__method="bridging")
    assert not builder.valid
    row = next(row for row in builder._rows if row["code"] == "no-conncomp")
    assert (row["key"], row["severity"]) == ("mintpy.unwrapError.method", "error")
    assert ask(builder, "change", {"values": row["fixes"][0]["values"]})["ok"]
    assert builder.wait(60)
    assert builder.valid
    assert builder.template["mintpy.unwrapError.method"] == "no"


@pytest.mark.parametrize(
    ("key", "value", "mended"),
    [
        ("mintpy.network.excludeDates", "20190110", {"mintpy.network.excludeDate": "20190110"}),
        ("mintpy.deramp.maskFile", "no", {}),
    ],
)
def test_other_remedies_are_buttons_too(builder, key, value, mended):
    builder.change({key: value})
    assert builder.wait(60)
    fixes = next(row["fixes"] for row in builder._rows if row["key"] == key)
    builder.change(fixes[0]["values"])
    assert key not in builder.template
    assert mended.items() <= dict(builder.template).items()


def test_only_the_last_of_many_changes_is_judged(builder):
    for method in ("bridging", "phase_closure", "bridging", "no"):
        ask(builder, "change", {"values": {"mintpy.unwrapError.method": method}})
    assert builder.wait(60)
    assert "no-conncomp" not in codes(builder)
    assert builder.valid


def test_searching_by_what_a_user_would_say(builder):
    assert (
        ask(builder, "search", {"query": "exclude these dates"})["payload"][0] == "mintpy.network.excludeDate"
    )


def test_a_preset_takes_the_place_of_another_and_leaves_the_rest(builder):
    change(builder, deramp="linear")
    ask(builder, "preset", {"name": "quick-look"})
    assert builder.template["mintpy.multilook.ystep"] == "4"
    ask(builder, "preset", {"name": "standard"})
    assert "mintpy.multilook.ystep" not in builder.template
    assert builder.template["mintpy.deramp"] == "linear"
    assert not ask(builder, "preset", {"name": "best"})["ok"]
    assert builder.wait(60)


def test_the_reference_point_says_its_coherence(builder, prepared_stack):
    grid = prepared_stack.grid
    row, column = 20, 30
    x, y = grid.transform[2] + 80 * (column + 0.5), grid.transform[5] - 80 * (row + 0.5)
    lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(x, y)
    change(builder, reference__lalo=f"{lat:.6f},{lon:.6f}")
    values = []
    for product in prepared_stack.products:
        with rasterio.open(product.layers["corr"]) as source:
            values.append(source.read(1)[row, column])
    assert f"Row {row}, column {column}" in builder._place
    assert f"{np.mean(values):.2f}" in builder._place


def test_the_preview_marks_what_differs_from_the_opened_file(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_bytes(MINE)
    builder = ConfigBuilder(file)
    assert not builder._preview["dirty"]
    change(builder, deramp="no")
    marks = [(mark, text) for mark, text, _ in builder._preview["lines"] if mark]
    assert marks == [
        ("-", "mintpy.deramp = linear # because of the orbit"),
        ("+", "mintpy.deramp = no # because of the orbit"),
    ]


def test_another_ones_change_of_the_file_is_not_undone_unasked(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_bytes(MINE)
    builder = ConfigBuilder(file)
    change(builder, deramp="no")
    file.write_text("mintpy.deramp = quadratic\n")
    answer = ask(builder, "save", {})["payload"]
    assert not answer["saved"]
    assert "changed by someone else" in answer["conflict"]
    assert file.read_text() == "mintpy.deramp = quadratic\n"
    assert ask(builder, "save", {"replace": True})["payload"]["saved"]
    assert Template.read(file)["mintpy.deramp"] == "no"
    other = tmp_path / "other.txt"
    other.write_text("theirs\n")
    answer = ask(builder, "save", {"path": str(other)})["payload"]
    assert "there already" in answer["conflict"]
    assert other.read_text() == "theirs\n"
    with pytest.raises(TemplateError, match="ignores a custom template"):
        builder.save(tmp_path / "smallbaselineApp.cfg")


def test_a_text_that_is_no_template_is_refused_and_changes_nothing(builder, tmp_path):
    (tmp_path / "reference_date.txt").write_text("20190110\n")
    before = builder.template
    answer = ask(builder, "open", {"path": str(tmp_path / "reference_date.txt")})
    assert not answer["ok"]
    assert "no MintPy template" in answer["error"]["message"]
    assert builder.template == before


def test_whoever_uses_the_widget_cannot_leave_the_root(tmp_path, prepared_stack):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("mintpy.deramp = no\n")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    builder = ConfigBuilder(prepared_stack, root=inside)
    for path in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt"):
        for kind in ("open", "save"):
            answer = ask(builder, kind, {"path": path, "replace": True})
            assert not answer["ok"]
            assert "outside" in answer["error"]["message"]
    assert not ask(builder, "list", {"path": ".."})["ok"]
    assert (tmp_path / "secret.txt").read_text() == "mintpy.deramp = no\n"
    listed = ask(builder, "list", {"path": str(inside)})["payload"]
    assert (listed["parent"], listed["entries"]) == (None, [])
    assert ask(builder, "save", {"path": "sub/mine.txt"})["ok"]
    assert (inside / "sub" / "mine.txt").is_file()
    assert builder.wait(60)


def test_a_builder_follows_its_picker_and_keeps_what_the_user_set(small_stack, tmp_path):
    folder = tmp_path / "valley" / "hyp3"
    shutil.copytree(small_stack.root, folder)
    picker = StackPicker(folder)
    builder = ConfigBuilder(picker)
    assert picker.wait(120) and builder.wait(60)
    assert "not-prepared" in codes(builder)
    assert builder.work_dir == picker.work_dir
    change(builder, deramp="linear")
    picker.prepare()
    assert picker.wait(120) and builder.wait(60)
    assert builder.stack is picker.prepared
    assert builder.template["mintpy.load.unwFile"].startswith(str(Path(picker.work_dir) / "prepared"))
    assert builder.template["mintpy.deramp"] == "linear"
    assert builder.valid


def test_a_template_for_other_files_says_so_and_can_load_the_stack(prepared_stack):
    builder = ConfigBuilder(Template({"mintpy.load.unwFile": "/nowhere/*.tif"}), stack=prepared_stack)
    assert builder.wait(60)
    assert "other-files" in codes(builder)
    ask(builder, "use_stack")
    assert builder.wait(60)
    assert "other-files" not in codes(builder)
    assert builder.template["mintpy.load.unwFile"] != "/nowhere/*.tif"


def test_it_says_which_steps_a_change_makes_stale(finished_run, prepared_stack):
    builder = ConfigBuilder(finished_run.template, stack=prepared_stack, work_dir=finished_run.work_dir)
    assert builder.wait(60)
    assert builder._stale["stale"] == []
    change(builder, timeFunc__periodic="1")
    assert builder._stale["stale"] == ["velocity"]
    assert "invert_network" in builder._stale["kept"]


def test_a_work_directory_alone_opens_the_template_it_was_run_with(finished_run):
    builder = ConfigBuilder(work_dir=finished_run.work_dir)
    assert builder.wait(60)
    assert builder.template == finished_run.template


@pytest.mark.mintpy
def test_changing_resetting_and_removing_gives_what_a_fresh_work_directory_gives(
    finished_run, prepared_stack, tmp_path
):
    """MintPy keeps the value of an option that has left the template, unless `auto` is written."""
    work_dir = tmp_path / "used" / "small"
    shutil.copytree(finished_run.work_dir, work_dir)
    builder = ConfigBuilder(finished_run.template, stack=prepared_stack, work_dir=work_dir)
    change(builder, deramp="linear", timeFunc__periodic="1", network__excludeDate=prepared_stack.dates[1])
    builder.save()
    assert Run(work_dir, builder.template).start().wait(timeout=300) == "completed"
    change(builder, deramp=None, network__excludeDate="auto", topographicResidual="no")
    file = builder.save()
    written = Template.read(file)
    assert (written["mintpy.deramp"], written["mintpy.network.excludeDate"]) == ("auto", "auto")
    assert Run(work_dir, builder.template).start().wait(timeout=300) == "completed"
    fresh_template = finished_run.template.with_options(
        {"mintpy.timeFunc.periodic": "1", "mintpy.topographicResidual": "no"}
    )
    fresh = Run(tmp_path / "fresh" / "small", fresh_template)
    assert fresh.start().wait(timeout=300) == "completed"
    assert_same_arrays(work_dir, fresh.work_dir)


def test_the_engine_goes_to_the_run_and_not_into_the_template(builder, tmp_path):
    text = builder.template.text
    builder.engine = "mintpy"
    runner = StepRunner(builder)
    try:
        assert runner.run.engine == "mintpy"
        builder.work_dir = str(tmp_path / "elsewhere")
        assert (runner.run.work_dir, runner.run.engine) == (tmp_path / "elsewhere", "mintpy")
        runner.engine = "fast"
        assert (builder.engine, runner.run.engine) == ("fast", "fast")
    finally:
        runner.close()
    assert builder.template.text == text
