"""The workbench without a browser: what flows along the way, what it lands on, root and read-only."""

from __future__ import annotations

import shutil
import time

import pytest

from insar_widgets import Template, Workbench, find_stack, open_results
from insar_widgets.errors import InsarWidgetsError


@pytest.fixture
def make():
    made = []

    def build(*args, **settings):
        bench = Workbench(*args, **settings)
        made.append(bench)
        return bench

    yield build
    for bench in made:
        bench.close()


def until(condition, seconds=60):
    """Wait for what a thread of a widget brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def stage(bench, name):
    return next(item for item in bench._bar.items if item["name"] == name)


def test_nothing_and_products_begin_with_the_stack(make, small_stack):
    assert make().stage == "stack"
    bench = make(small_stack.root)
    bench.picker.wait()
    assert bench.stage == "stack"
    assert [p.name for p in bench.stack.products] == [p.name for p in find_stack(small_stack.root).products]
    assert stage(bench, "stack")["state"] == "stale"
    assert "not prepared" in stage(bench, "stack")["words"]


def test_a_prepared_stack_gives_the_template_and_a_saved_template_the_run(make, small_stack, tmp_path):
    products = shutil.copytree(small_stack.root, tmp_path / "valley" / "hyp3")
    bench = make(products)
    bench.picker.wait()
    bench.picker.prepare()
    bench.picker.wait()
    assert stage(bench, "stack")["state"] == "completed"
    assert bench.stack is bench.picker.prepared
    config = bench.config
    config.wait()
    expected = Template.for_stack(bench.picker.prepared)["mintpy.load.unwFile"]
    assert bench.template["mintpy.load.unwFile"] == expected
    assert bench.work_dir == str(tmp_path / "valley" / "mintpy")
    file = config.save()
    config.wait()
    assert stage(bench, "template")["state"] == "completed"
    assert Template.read(file)["mintpy.load.unwFile"] == expected
    assert set(bench.runner.states.values()) <= {"pending", "off"}
    assert bench.run.work_dir == tmp_path / "valley" / "mintpy"
    assert bench.run.template["mintpy.load.unwFile"] == expected


@pytest.mark.mintpy
def test_a_work_directory_lands_on_its_map_with_everything_linked(make, finished_run):
    bench = make(finished_run.work_dir)
    assert bench.stage == "map"
    truth = open_results(finished_run.work_dir)
    assert bench.results.dates == truth.dates
    west, south, east, north = truth.grid.bounds()
    point = {"lon": (west + east) / 2, "lat": (south + north) / 2}
    bench.map.points = [point]
    assert bench.series.points == bench.map.points
    bench.transect.transect = [[west, south], [east, north]]
    assert bench.map.transect == [[west, south], [east, north]]
    assert stage(bench, "map")["words"] == "1 point, 1 transect"
    assert bench.exporter.results is bench.results
    assert bench.gnss.results is bench.results
    bench.stage = "gnss"
    assert bench.tab == "gnss"
    bench.tab = "network"
    assert bench.stage == "map"
    assert set(bench.runner.states.values()) <= {"completed", "off"}
    assert stage(bench, "run")["state"] == "completed"


@pytest.mark.mintpy
def test_results_that_a_run_makes_reach_the_map(make, finished_run, tmp_path):
    bench = make()
    assert bench.map.results is None
    bench.picker.path = str(finished_run.work_dir)
    bench.picker.wait()
    until(lambda: bench.map.results is not None)
    assert bench.stage == "map"
    assert bench.map.results.work_dir == finished_run.work_dir


def test_a_path_that_cannot_be_opened_is_told(make, tmp_path):
    bench = make(tmp_path / "nowhere")
    until(lambda: stage(bench, "stack")["state"] == "failed")
    with pytest.raises(InsarWidgetsError, match="A workbench opens"):
        make(3)
