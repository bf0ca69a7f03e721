"""The wheel that users get: built from the sources, whole, and importable where nothing else is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installer would, with the front end already built by `make`."""
    if not list((repository / "src/insar_widgets/static").glob("*.js")):
        pytest.fail("the front end is not built: npm ci && npm run build")
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(repository)],
        check=True,
        capture_output=True,
        env={**os.environ, "HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"},
    )
    (made,) = out.glob("*.whl")
    return made


def test_the_version_has_one_source(wheel, repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert wheel.name.split("-")[1] == project["version"] == metadata.version("insar-widgets")
    assert '"version"' not in (repository / "package.json").read_text()


def test_it_holds_the_front_end_the_page_and_the_type_marker(wheel, repository):
    names = zipfile.ZipFile(wheel).namelist()
    for script in (repository / "src/insar_widgets/static").glob("*.js"):
        assert f"insar_widgets/static/{script.name}" in names
    assert {"insar_widgets/page.ipynb", "insar_widgets/py.typed"} <= set(names)
    assert not [n for n in names if n.startswith(("tests/", "js/", "node_modules/")) or ".gitkeep" in n]
    assert any(n.endswith("licenses/LICENSE") for n in names)


def test_it_imports_with_nothing_but_what_it_asks_for(repository):
    """Modules of packages that the project does not require, directly or through others, are not to be found."""
    code = (
        "import re, sys\n"
        "from importlib import metadata\n"
        "def name(text): return re.sub('[-_.]+', '-', re.match('[A-Za-z0-9._-]+', text)[0]).lower()\n"
        "allowed, todo = set(), ['insar-widgets']\n"
        "while todo:\n"
        "    one = name(todo.pop())\n"
        "    if one in allowed: continue\n"
        "    allowed.add(one)\n"
        "    try: needs = metadata.requires(one) or []\n"
        "    except metadata.PackageNotFoundError: continue\n"
        "    todo += [need for need in needs if 'extra ==' not in need]\n"
        "owners = metadata.packages_distributions()\n"
        "denied = {top for top, of in owners.items() if not {name(each) for each in of} & allowed}\n"
        "assert {'mintpy', 'osgeo', 'pytest'} <= denied, denied\n"
        "class Required:\n"
        "    def __init__(self, finder): self.finder = finder\n"
        "    def __getattr__(self, attribute): return getattr(self.finder, attribute)\n"
        "    def find_spec(self, full, *place):\n"
        "        return None if full.split('.')[0] in denied else self.finder.find_spec(full, *place)\n"
        "sys.meta_path = [Required(finder) for finder in sys.meta_path]\n"
        "import insar_widgets as iw\n"
        "[getattr(iw, each) for each in iw.__all__]\n"
        "iw.StackPicker()\n"
        "print(iw.__version__)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=repository
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == metadata.version("insar-widgets")


@pytest.mark.soak
def test_it_installs_into_an_empty_environment_and_imports_with_its_dependencies_only(wheel, tmp_path):
    """A fresh environment sees the wheel, and of everything else only what the wheel itself asks for."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = Path(wheel.parent / "pins.txt")
    pinned.write_text(
        "".join(
            f"{d.metadata['Name']}=={d.version}\n"
            for d in metadata.distributions()
            if d.metadata["Name"] not in ("insar-widgets", "pip", "torch", "torchvision")
        )
    )
    result = subprocess.run(
        [*pip, "--constraint", str(pinned), str(wheel)], capture_output=True, text=True, check=False
    )
    if result.returncode and (
        "Temporary failure in name resolution" in result.stderr or "No matching" in result.stderr
    ):
        pytest.skip(f"no package index can be reached: {result.stderr.strip().splitlines()[-1]}")
    assert result.returncode == 0, result.stderr
    code = (
        "import importlib.util as u, insar_widgets as iw\n"
        "[getattr(iw, name) for name in iw.__all__]\n"
        "assert u.find_spec('mintpy') is None and u.find_spec('osgeo') is None\n"
        "from insar_widgets.widgets import StackPicker; StackPicker()\n"
        "print(iw.__version__)"
    )
    told = subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == metadata.version("insar-widgets")
