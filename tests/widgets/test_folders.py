"""What a widget may show of the file system."""

from __future__ import annotations

import json
import sys

import pytest

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.widgets._folders import Folders, Recent

PRODUCT = "S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF"


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "root" / "valley" / "hyp3" / PRODUCT).mkdir(parents=True)
    (tmp_path / "root" / "valley" / "mintpy").mkdir()
    (tmp_path / "root" / "valley" / "mintpy" / "smallbaselineApp.cfg").touch()
    (tmp_path / "root" / ".hidden").mkdir()
    (tmp_path / "root" / f"{PRODUCT}.zip").touch()
    (tmp_path / "root" / "note.txt").touch()
    (tmp_path / "secret").mkdir()
    return tmp_path


def test_a_listing_says_what_each_entry_is(tree):
    entries = Folders().listing(tree / "root" / "valley")
    assert [(e.name, e.kind, e.products) for e in entries] == [
        ("hyp3", "products", 1),
        ("mintpy", "work_dir", 0),
    ]
    top = Folders().listing(tree / "root")
    assert [e.name for e in top] == [f"{PRODUCT}.zip", "valley"]


def test_completion_keeps_the_words_of_the_user(tree, monkeypatch):
    monkeypatch.setenv("HOME", str(tree / "root"))
    assert [e.path for e in Folders().complete("~/val")] == ["~/valley"]
    assert [e.path for e in Folders().complete(f"{tree}/root/valley/")] == [
        f"{tree}/root/valley/hyp3",
        f"{tree}/root/valley/mintpy",
    ]
    assert [e.name for e in Folders().complete(f"{tree}/root/.hi")] == [".hidden"]


@pytest.mark.parametrize("path", ["..", "valley/../..", "../secret", "valley/hyp3/../../../secret", "/"])
def test_a_root_cannot_be_left_by_dots_or_absolute_paths(tree, path):
    folders = Folders(tree / "root")
    with pytest.raises(InsarWidgetsError, match="outside"):
        folders.resolve(path)
    with pytest.raises(InsarWidgetsError, match="outside"):
        folders.complete(f"{path}/")


def test_a_root_cannot_be_left_by_a_name_that_begins_like_it(tree):
    (tree / "root-other").mkdir()
    with pytest.raises(InsarWidgetsError, match="outside"):
        Folders(tree / "root").resolve(f"{tree}/root-other")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_root_cannot_be_left_by_a_link(tree):
    (tree / "root" / "way-out").symlink_to(tree / "secret")
    folders = Folders(tree / "root")
    assert "way-out" not in [e.name for e in folders.listing(tree / "root")]
    assert folders.complete("way") == []
    with pytest.raises(InsarWidgetsError, match="outside"):
        folders.resolve("way-out")
    # A root that is itself a link is resolved once and for all.
    (tree / "alias").symlink_to(tree / "root")
    assert Folders(tree / "alias").resolve("valley") == (tree / "root" / "valley").resolve()


def test_browsing_ends_at_the_root(tree):
    folders = Folders(tree / "root")
    assert folders.parent(tree / "root") is None
    assert folders.parent(tree / "root" / "valley") == tree / "root"


def test_a_root_that_is_not_there_is_refused(tree):
    with pytest.raises(InsarWidgetsError, match="There is no folder"):
        Folders(tree / "nothing")


@pytest.mark.parametrize(("path", "words"), [("nothing/", "There is no folder"), ("note.txt/", "is a file")])
def test_what_cannot_be_listed_is_said_in_words(tree, path, words):
    with pytest.raises(InsarWidgetsError, match=words):
        Folders(tree / "root").complete(path)


def test_recent_folders_are_kept_newest_first_without_doubles(tree):
    recent = Recent(tree / "state" / "recent.json")
    for name in ["root", "secret", "root"]:
        recent.add(tree / name)
    assert recent.paths(Folders()) == [str(tree / "root"), str(tree / "secret")]
    assert recent.paths(Folders(tree / "root")) == [str(tree / "root")]
    (tree / "secret").rmdir()
    assert recent.paths(Folders()) == [str(tree / "root")]


@pytest.mark.parametrize("content", ["", "{", "[1, null]", '{"a": 1}'])
def test_a_damaged_list_of_recent_folders_is_begun_anew(tree, content):
    file = tree / "recent.json"
    file.write_text(content)
    recent = Recent(file)
    assert recent.paths(Folders()) == []
    recent.add(tree / "root")
    assert json.loads(file.read_text()) == [str(tree / "root")]


def test_a_state_folder_that_cannot_be_written_is_no_failure(tree):
    (tree / "state").write_text("a file where a folder should be")
    Recent(tree / "state" / "recent.json").add(tree / "root")
