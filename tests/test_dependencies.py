"""What the project depends on: pinned with hashes, from the registry, under licences that are allowed."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)")
# Permissive and weak copyleft; the words are those that packages write, without "License" and the like.
ALLOWED = re.compile(
    r"0?BSD( [23]-Clause)?|BSD-[23]-Clause|MIT(-0|-CMU)?|Apache(-| |, Version |)?(Software|2\.0|Software 2\.0|-2\.0)?"
    r"|Apache-2\.0|ISC( \(ISCL\))?|PSF-2\.0|Python Software Foundation|Mozilla Public 2\.0 \(MPL 2\.0\)|MPL-2\.0"
    r"|Zlib|CC0-1\.0|CNRI-Python|Public Domain|LGPL-3\.0-or-later|LLVM-exception|DFSG approved|Unlicense"
)
# Copyleft: used by MintPy's process or when building, never bundled into our wheel.
COPYLEFT = {
    "mintpy": "GPL-3.0-or-later; an optional dependency that runs in its own process",
    "pyaps3": "GPL-3.0; MintPy's, for ERA5",
    "pysolid": "GPL-3.0; MintPy's, for solid Earth tides",
    "cvxopt": "CVXOPT is GPL-3.0; MintPy's, for unwrapping errors",
    "docutils": "public domain and BSD; one of its files is GPL; builds the documentation",
}


def requirements() -> dict[str, str]:
    """Each requirement of the lock with the lines that belong to it."""
    found: dict[str, str] = {}
    current = ""
    for line in LOCK.read_text().splitlines():
        if line and not line[0].isspace() and not line.startswith("#"):
            match = NAME.match(line)
            assert match, f"not pinned, or not from the registry: {line}"
            current = f"{match[1]}=={match[2]} {line}"
        found[current] = found.get(current, "") + line + "\n"
    return found


def licences(name: str) -> list[str]:
    """Licences as the package's metadata state them, one by one."""
    about = metadata.metadata(name)
    said = about.get("License-Expression") or ""
    if not said:
        classifiers = [c for c in about.get_all("Classifier", []) if c.startswith("License ::")]
        said = " AND ".join(c.split(" :: ")[-1] for c in classifiers)
    if not said:
        said = (about.get("License") or "").strip().splitlines()[0]
    parts = re.split(r"\s+(?:AND|OR|WITH)\s+\(?", re.sub(r"(-\S+)\)$", r"\1", said))
    return [re.sub(r"\s*\bLicense\b", "", part).strip() for part in parts]


def test_every_package_is_pinned_with_hashes_and_from_the_registry():
    text = LOCK.read_text()
    assert len(requirements()) > 200
    assert not re.search(r"://| @ |^-(e|i|f)\b|^--(index|extra|find|trusted)", text, re.MULTILINE)
    without = [
        name for name, lines in requirements().items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", lines)
    ]
    assert without == []


def test_every_installed_package_has_a_licence_that_is_allowed():
    refused, absent = {}, []
    for name in sorted({entry.split("==")[0] for entry in requirements()}):
        try:
            stated = licences(name)
        except metadata.PackageNotFoundError:
            absent.append(name)
            continue
        if name not in COPYLEFT and not all(ALLOWED.fullmatch(one) for one in stated):
            refused[name] = stated
    assert refused == {}
    if len(absent) > len(requirements()) / 4:
        pytest.skip(
            f"only a part of requirements.lock is installed; {len(absent)} packages were not looked at"
        )


def test_what_users_install_asks_for_no_copyleft_package():
    """Without the extra `mintpy` nothing under the GPL comes along."""
    todo, seen = ["insar-widgets"], set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        todo += [re.match(r"[A-Za-z0-9._-]+", need)[0] for need in needs if "extra ==" not in need]  # type: ignore[index]
    assert "xarray" in seen
    assert seen & COPYLEFT.keys() == set()


def test_the_front_end_ships_no_package_of_others_and_builds_with_pinned_ones():
    top = LOCK.parent
    assert "dependencies" not in json.loads((top / "package.json").read_text())
    packages = json.loads((top / "package-lock.json").read_text())["packages"]
    others = {name: about for name, about in packages.items() if name}
    assert len(others) > 100
    assert [name for name, about in others.items() if not about.get("dev")] == []
    assert [
        name for name, about in others.items() if not about.get("integrity", "").startswith("sha512-")
    ] == []
    assert [
        name for name, about in others.items() if "resolved" in about
    ] == []  # .npmrc: no registry's address
    free = {"MIT", "Apache-2.0", "ISC", "MPL-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "0BSD"}
    assert {about["license"] for about in others.values()} <= free
