"""Zips can do no harm and show their damage."""

from __future__ import annotations

import stat
import zipfile

import pytest

from insar_widgets.errors import ProductError
from insar_widgets.hyp3 import archive


def make(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("/etc/evil.tif", "absolute"),
        ("../evil.tif", "leads out"),
        ("a/../../evil.tif", "leads out"),
        ("..\\evil.tif", "leads out"),
        ("C:\\evil.tif", "absolute"),
    ],
)
def test_names_that_leave_the_zip_are_refused(tmp_path, member, why):
    path = make(tmp_path / "bad.zip", [("good.txt", "x"), (member, "x")])
    with pytest.raises(ProductError, match=why):
        archive.list_members(path)


def test_symbolic_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link.tif")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = make(tmp_path / "bad.zip", [(link, "/etc/passwd")])
    with pytest.raises(ProductError, match="symbolic link"):
        archive.list_members(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    block = bytes(2**20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("bomb.tif", "w") as member:
        for _ in range(520):
            member.write(block)
    assert path.stat().st_size < 2**20
    with pytest.raises(ProductError, match="would unpack to 545259520 bytes"):
        archive.list_members(path)
    with pytest.raises(ProductError, match="would unpack to"):
        archive.read_member(path, "bomb.tif")


def test_too_much_in_total_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_TOTAL", 1000)
    path = make(tmp_path / "much.zip", [(f"{i}.tif", bytes(range(256))) for i in range(5)])
    with pytest.raises(ProductError, match="more than any HyP3 product"):
        archive.list_members(path)


def test_damage_is_found_by_the_checksum_and_named(tmp_path):
    path = make(tmp_path / "damaged.zip", [("a.tif", bytes(range(256)) * 20)], zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[1000] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(ProductError, match=r"a\.tif in .*damaged\.zip is damaged"):
        archive.read_member(path, "a.tif")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no end", bytes(500)])
def test_what_is_no_zip_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    with pytest.raises(ProductError, match="not a readable zip"):
        archive.list_members(path)
