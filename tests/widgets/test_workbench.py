"""The workbench without a browser: what flows along the way, what it lands on, root and read-only."""

from __future__ import annotations

import shutil
import time
import zipfile

import pytest

from insar_widgets import Template, Workbench, find_stack, open_results
from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._read_only import LOOKING


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
    bench.config.wait()
    found = [(finding.severity, finding.code) for finding in bench.config.findings]
    assert ("error", "not-prepared") in found
    waits = stage(bench, "template")
    assert (waits["state"], waits["words"]) == ("pending", "stack not prepared")


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
    config.engine = "mintpy"
    assert config.template == Template.read(file)  # no option of MintPy
    assert set(bench.runner.states.values()) <= {"pending", "off"}
    assert bench.run.engine == bench.runner.engine == "mintpy"
    bench.runner.engine = "fast"
    assert bench.run.engine == config.engine == "fast"
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
    bench.map.points = bench.map.points[:0]
    assert bench.tab == "network"
    bench.map.points = [point]  # which is drawn beside the transect
    assert (bench.stage, bench.tab) == ("map", "profiles")
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


def snapshot(folder):
    """Every file and folder below, with its size and the time of its last change."""
    return {
        str(p.relative_to(folder)): (p.lstat().st_mtime_ns, 0 if p.is_dir() else p.lstat().st_size)
        for p in [folder, *folder.rglob("*")]
    }


def ask(widget, kind, payload=None):
    """Send what a page, or anybody who can reach the kernel, could send; returns the answer."""
    answers = []
    send = widget.send
    widget.send = lambda content, buffers=None: answers.append(content)
    try:
        content = {"id": kind, "kind": kind, "payload": payload}
        widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
        until(lambda: any("ok" in answer for answer in answers))
    finally:
        widget.send = send
    return next(answer for answer in answers if "ok" in answer)


@pytest.mark.mintpy
def test_a_read_only_page_changes_nothing_whatever_it_is_asked(make, finished_run, tmp_path):
    folder = shutil.copytree(finished_run.work_dir, tmp_path / "public")
    before = snapshot(folder)
    bench = make(folder, read_only=True)
    bench._page_says(None, {"shown": True}, [])
    for name in ("run", "map", "gnss", "export"):
        bench.stage = name
    bench.tab = "network"
    bench.map.wait()
    assert [item["name"] for item in bench._bar.items] == ["run", "map", "gnss", "export"]
    bench.stage = "stack"  # which this page does not have
    assert bench.stage == "map"
    asked = [
        (bench.runner, "start", {}),
        (bench.runner, "start", {"steps": ["velocity"]}),
        (bench.runner, "cancel", None),
        (bench.runner, "switch", {"step": "deramp", "on": True}),
        (bench.runner, "fix", {"values": {"mintpy.deramp": "linear"}}),
        (bench.exporter, "export", None),
        (bench.network, "write", None),
        (bench.gnss, "find", {"refresh": True}),
        (bench.gnss, "own", {"path": str(tmp_path / "own.tenv3")}),
        (bench.gnss, "template", {"write": True}),
        (bench.map._panel, "template", {"write": True}),
        (bench.config, "save", {}),
        (bench.picker, "prepare", None),
        (bench.credentials, "store_token", {"token": "x"}),
    ]
    for widget, kind, payload in asked:
        answer = ask(widget, kind, payload)
        assert not answer["ok"], kind
        assert "read-only" in answer["error"]["message"], kind
    # Whatever is not known to only look is refused, also of widgets to come
    refused = {}
    for widget in {id(widget): widget for widget, *_ in asked}.values():
        name = "DisplacementMap" if widget is bench.map._panel else type(widget).__name__
        kinds = set((bench.map if widget is bench.map._panel else widget)._requests._handlers)
        assert kinds >= LOOKING[name], name
        refused[name] = kinds - LOOKING[name]
    assert refused == {
        "StackPicker": {"prepare"},
        "ConfigBuilder": {"save", "open"},
        "CdsCredentials": {"check", "store_token", "store_login", "migrate"},
        "StepRunner": {"start", "cancel", "switch", "fix"},
        "DisplacementMap": {"template"},
        "NetworkInspector": {"write"},
        "GnssInspector": {"find", "own", "template"},
        "Exporter": {"export"},
    }
    for widget in (bench.series, bench.transect):
        widget._requests._handlers["new"] = lambda _request: (folder / "written").touch()
        assert "read-only" in ask(widget, "new")["error"]["message"]
    # What a page may set leads nowhere either: a folder elsewhere, names that leave it.
    (tmp_path / "secret.txt").write_text("not for visitors")
    bench.exporter.out = str(tmp_path)
    bench.exporter._files = [{"name": "secret.txt", "product": "", "bytes": 1, "state": "exists"}]
    assert not ask(bench.exporter, "download")["ok"]
    bench.exporter.out = str(folder)
    bench.exporter._files = [{"name": "../secret.txt", "product": "", "bytes": 1, "state": "exists"}]
    assert not ask(bench.exporter, "download")["ok"]
    assert not ask(bench.transect, "file", str(tmp_path / "secret.txt"))["ok"]
    assert not bench.runner._head["writable"]
    assert snapshot(folder) == before


@pytest.mark.mintpy
def test_nothing_outside_of_the_root_is_opened_run_or_written(make, finished_run, small_stack, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    outside = shutil.copytree(finished_run.work_dir, tmp_path / "outside")
    inside = shutil.copytree(finished_run.work_dir, root / "inside")
    (root / "link").symlink_to(outside)
    for path in (outside, root / "link", root / ".." / "outside", "/etc", "../outside"):
        bench = make(path, root=root)
        assert "outside" in bench._bar.error["message"], path
        assert bench.results is None and bench.stage == "stack"
        bench.picker.path = str(path)
        bench.picker.wait()
        assert "is outside" in bench.picker._error["message"], path
        assert bench.work_dir == ""
    # A work directory of which a file is a link to elsewhere
    linked = shutil.copytree(inside, root / "linked")
    (linked / "velocity.h5").unlink()
    (linked / "velocity.h5").symlink_to(outside / "velocity.h5")
    bench = make(linked, root=root)
    assert "or is a link to a place there" in bench._bar.error["message"]
    assert bench.results is None
    # Inside everything works, and what it could reach from there is refused.
    bench = make(inside, root=root)
    assert bench.stage == "map" and bench._bar.error is None
    before = snapshot(outside)
    for target in (str(outside / "out"), "../outside/out", str(root / "link" / "out")):
        bench.exporter.out = target
        assert "outside" in bench.exporter._error["message"], target
        assert not ask(bench.exporter, "export")["ok"]
    assert not ask(bench.config, "save", {"path": str(outside / "x.txt"), "replace": True})["ok"]
    assert not ask(bench.config, "open", {"path": str(outside)})["ok"]
    assert not ask(bench.config, "list", {"path": str(outside)})["ok"]
    assert not ask(bench.transect, "file", str(outside / "velocity.h5"))["ok"]
    assert not ask(bench.transect, "line", {"path": str(outside / "line.geojson")})["ok"]
    assert not ask(bench.series, "steps", {"path": str(outside / "steps.txt")})["ok"]
    assert not ask(bench.gnss, "own", {"path": str(outside / "own.tenv3")})["ok"]
    assert not ask(bench.runner, "open", {"file": "../../outside/velocity.h5"})["ok"]
    bench.config.change({"mintpy.load.unwFile": f"{small_stack.root}/*/*_unw_phase.tif"})
    answer = ask(bench.runner, "start", {"from": "load_data"})
    assert "mintpy.load.unwFile" in answer["error"]["message"]
    assert "outside" in answer["error"]["message"]
    assert snapshot(outside) == before
    # Where the picker would run
    bench = make(root=root)
    bench.picker.work_dir = str(outside)
    assert bench.work_dir == ""
    assert "outside" in bench._bar.error["message"]


def test_zips_with_members_or_links_outside_stay_outside(make, small_stack, tmp_path, monkeypatch):
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)  # as the app does
    whole, harmful, linked = small_stack.products[:3]
    shutil.copytree(small_stack.root / whole.name, root / whole.name)
    for product, folder in ((harmful, root), (linked, tmp_path)):
        with zipfile.ZipFile(folder / f"{product.name}.zip", "w") as archive:
            for file in (small_stack.root / product.name).iterdir():
                archive.write(file, f"{product.name}/{file.name}")
            if product is harmful:
                archive.writestr("../../escaped.txt", "x")
    (root / f"{linked.name}.zip").symlink_to(tmp_path / f"{linked.name}.zip")
    bench = make(root, root=root)
    bench.picker.wait()
    assert [p.name for p in bench.stack.products] == [whole.name]
    assert any("leads out of the zip" in finding.message for finding in bench.picker.findings)
    bench.picker.prepare()
    bench.picker.wait()
    assert {p.name for p in tmp_path.iterdir()} == {"root", f"{linked.name}.zip"}
    assert bench.picker.work_dir.startswith(str(root))
