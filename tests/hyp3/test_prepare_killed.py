"""kill -9 at any moment: the next call ends with what an uninterrupted one gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from _products import write_stack, zip_product

from insar_widgets import find_stack

# Kills itself from within: while a file is being written, between the rename and the note of it, or in between.
KILLED = """
import itertools, os, signal, sys
from pathlib import Path
from insar_widgets import find_stack

source, target, moment, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
replace, numbers = Path.replace, itertools.count(1)

def counted(self, other):
    count = next(numbers) if other.suffix in (".tif", ".txt") else 0
    if count == number and moment == "before rename":
        os.kill(os.getpid(), signal.SIGKILL)
    if count == number and moment == "half written":
        os.truncate(self, self.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    replace(self, other)
    if count == number and moment == "after rename":
        os.kill(os.getpid(), signal.SIGKILL)

Path.replace = counted
find_stack(source).prepare(target, resolution=float(sys.argv[5]) if sys.argv[5] else None)
"""


def kill_in(source, target, moment, number, resolution=""):
    arguments = [str(source), str(target), moment, str(number), resolution]
    result = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, env=os.environ)
    assert result.returncode == -signal.SIGKILL


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("S1*/*")}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "in"
    specs = write_stack(folder, change={1: {"origin": (480160.0, 2150000.0)}})
    zip_product(folder / specs[0].name)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(source, tmp_path_factory):
    target = tmp_path_factory.mktemp("uninterrupted")
    find_stack(source).prepare(target)
    return contents(target)


@pytest.mark.parametrize("moment", ["before rename", "half written", "after rename"])
@pytest.mark.parametrize("number", [1, 17, 42])
def test_killed_in_a_first_prepare(source, uninterrupted, tmp_path, moment, number):
    kill_in(source, tmp_path, moment, number)
    assert contents(tmp_path) != uninterrupted or number == 42
    find_stack(source).prepare(tmp_path)
    assert contents(tmp_path) == uninterrupted


@pytest.mark.parametrize("moment", ["half written", "after rename"])
def test_killed_again_and_again(source, uninterrupted, tmp_path, moment):
    for number in (5, 9, 4):
        kill_in(source, tmp_path, moment, number)
    find_stack(source).prepare(tmp_path)
    assert contents(tmp_path) == uninterrupted


@pytest.mark.parametrize("moment", ["before rename", "half written", "after rename"])
def test_killed_while_another_request_is_made_into_the_same_folder(source, uninterrupted, tmp_path, moment):
    find_stack(source).prepare(tmp_path)
    kill_in(source, tmp_path, moment, 11, resolution="120")
    find_stack(source).prepare(tmp_path)
    assert contents(tmp_path) == uninterrupted


def test_killed_then_other_products_are_wanted(source, tmp_path):
    kill_in(source, tmp_path, "after rename", 20)
    stack = find_stack(source)
    fewer = stack.select(exclude_dates=[stack.dates[0]])
    fewer.prepare(tmp_path)
    folders = {name.partition("/")[0] for name in contents(tmp_path)}
    assert folders == {product.name for product in fewer.products}


def test_a_torn_last_line_of_the_journal_is_survived(source, uninterrupted, tmp_path):
    kill_in(source, tmp_path, "before rename", 20)
    journal = tmp_path / ".insar_widgets" / "prepare.journal"
    journal.write_text(journal.read_text()[:-40])
    find_stack(source).prepare(tmp_path)
    assert contents(tmp_path) == uninterrupted
