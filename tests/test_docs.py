"""The documentation site that `make docs` has built: whole, self-contained, and about everything that is public."""

from __future__ import annotations

import fnmatch
import re
import sys
import zlib
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import insar_widgets
from insar_widgets import errors

DOCS = Path(__file__).resolve().parent.parent / "docs"
SITE = DOCS / "_build" / "html"
pytestmark = pytest.mark.skipif(not SITE.is_dir(), reason="the site is not built: make docs")
LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "embed": "src"}


class _Page(HTMLParser):
    """Anchors, links, and what the page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in {"next", "prev", "index", "search", "canonical"}:
            self.loads.append(values.get("href", ""))
        if LOADS.get(tag, "") in values:
            self.loads.append(values[LOADS[tag]])


@cache
def pages() -> dict[Path, _Page]:
    return {
        path: _Page(path.read_text(encoding="utf-8"))
        for path in sorted(SITE.rglob("*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="module")
def tables():
    """The module of the site that reads codes from the source."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import tables
        import widgets_reference

        yield tables, widgets_reference
    finally:
        sys.path.remove(str(DOCS / "_ext"))


def test_no_page_loads_anything_from_elsewhere():
    assert len(pages()) > 40
    for path, page in pages().items():
        for address in page.loads:
            parts = urlsplit(address)
            assert not parts.netloc and parts.scheme in {"", "data"}, (path, address)
            if not parts.scheme:
                assert (path.parent / unquote(parts.path)).is_file(), (path, address)
    for style in SITE.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"@import\s+(url\()?[\"']?(https?:)?//|url\(\s*[\"']?(https?:)?//", text), style


def test_every_internal_link_leads_somewhere():
    for path, page in pages().items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), (path, link)
            if parts.fragment and target in pages():
                assert unquote(parts.fragment) in pages()[target].anchors, (path, link)


def test_links_of_the_readme_lead_somewhere():
    top = DOCS.parent
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (top / name).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#\s]+)", text)
        assert [x for x in links if not x.startswith("https://") and not (top / x).exists()] == [], name


def test_every_public_name_has_an_entry():
    content = (SITE / "objects.inv").read_bytes()
    listed = zlib.decompress(content.split(b"\n", 4)[4]).decode()
    entries = {line.split(" ", 1)[0] for line in listed.splitlines()}
    missing = [n for n in insar_widgets.__all__ if n != "__version__" and f"insar_widgets.{n}" not in entries]
    assert missing == []
    for room in ("errors", "hyp3", "runner", "results", "gnss", "export", "tiles", "simulate", "credentials"):
        names = [n for n in import_module(f"insar_widgets.{room}").__all__ if not n.isupper()]
        lacking = [n for n in names if not {f"insar_widgets.{n}", f"insar_widgets.{room}.{n}"} & entries]
        assert lacking == [], f"add them to a page of docs/reference: {lacking} of {room}"


def test_every_widget_has_a_page_with_a_picture_and_all_its_traits(tables):
    _, reference = tables
    for name, cls in reference.widget_classes().items():
        path = SITE / "reference" / "widgets" / f"{reference.slug(name)}.html"
        assert path.is_file(), f"docs/reference/widgets/{reference.slug(name)}.rst is missing"
        page = pages()[path]
        assert any(
            f"/{reference.slug(name)}" in address for address in page.loads if address.endswith(".png")
        ), name
        for trait, about in reference.public_traits(cls).items():
            assert about.help, f"{name}.{trait} has no help"
            assert f"{reference.slug(name)}-{trait}".replace("_", "-") in page.anchors, (name, trait)


def test_every_code_and_every_class_of_errors_is_explained(tables):
    codes, _ = tables
    told = [code for group in codes.told_codes().values() for code in group]
    given = codes.finding_codes()
    assert len(given) > 60
    assert sorted(told) == sorted(set(told))
    assert [code for code in given if not fnmatch.filter(told, code)] == [], "add them to docs/codes.toml"
    assert [code for code in told if not any(fnmatch.fnmatch(code, one) for one in given)] == [], (
        "nobody gives these"
    )
    page = pages()[SITE / "troubleshooting.html"]
    text = (SITE / "troubleshooting.html").read_text(encoding="utf-8")
    assert [code for code in told if code not in page.anchors] == []
    assert [name for name in errors.__all__ if name != "InsarWidgetsError" and name not in text] == []
