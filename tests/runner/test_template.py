"""A template keeps what the user wrote, and says what MintPy will make of it."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insar_widgets.errors import TemplateError
from insar_widgets.runner.options import defaults_folder, options
from insar_widgets.runner.template import Template

USERS_OWN = (
    b"\xef\xbb\xbf# Vulc\xc3\xa3o, descendente\r\n"
    b"% an old comment\r\n"
    b"ORBIT_DIRECTION = descending   # goes into the files\r\n"
    b"\r\n"
    b"  mintpy.network.excludeDate=20180101,20180113\t# \xe9t\xe9 (Latin-1)\r\n"
    b"mintpy.network.excludeDate   =   20180125 # the last one counts\r\n"
    b"mintpy.load.unwFile = /data/a=b/*/*_unw.tif\r\n"
    b"mintpy.myOwn.key = kept\x0cas it is\r\n"
    b"mintpy.deramp =\r\n"
    b"not an option\r"
    b"mintpy.plot = no"
)


def test_mintpys_own_default_template_survives_a_round_trip(tmp_path: Path) -> None:
    source = defaults_folder() / "smallbaselineApp.cfg"
    copy = Template.read(source).write(tmp_path / "copy.txt")
    assert copy.read_bytes() == source.read_bytes()


def test_comments_windows_line_ends_and_other_encodings_survive(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_bytes(USERS_OWN)
    template = Template.read(tmp_path / "users.txt")
    assert template.write(tmp_path / "copy.txt").read_bytes() == USERS_OWN
    assert template["mintpy.network.excludeDate"] == "20180125"
    assert template["mintpy.load.unwFile"] == "/data/a=b/*/*_unw.tif"
    assert "mintpy.deramp" not in template
    assert template.name == "users"


def test_a_change_touches_only_its_own_value(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_bytes(USERS_OWN)
    template = Template.read(tmp_path / "users.txt")
    changed = template.set("mintpy.network.excludeDate", "no").set("mintpy.plot", True)
    expected = USERS_OWN.replace(b"=   20180125 #", b"=   no #").replace(b"plot = no", b"plot = yes")
    assert changed.write(tmp_path / "copy.txt").read_bytes() == expected
    assert template["mintpy.plot"] == "no"


def test_removing_takes_every_line_of_the_option(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_bytes(USERS_OWN)
    template = Template.read(tmp_path / "users.txt").without("mintpy.network.excludeDate", "mintpy.unknown")
    assert "mintpy.network.excludeDate" not in template
    lines = [line for line in USERS_OWN.split(b"\r\n") if b"excludeDate" not in line]
    assert template.write(tmp_path / "copy.txt").read_bytes() == b"\r\n".join(lines)


def test_a_new_option_joins_its_section_with_the_files_own_line_ends() -> None:
    text = "# mine\r\nmintpy.network.tempBaseMax = 48\r\nmintpy.plot = no"
    changed = (
        Template.parse(text)
        .set("mintpy.network.startDate", dt.date(2018, 1, 6))
        .set("mintpy.deramp", "linear")
    )
    assert changed.text == (
        "# mine\r\nmintpy.network.tempBaseMax = 48\r\nmintpy.network.startDate = 20180106\r\n"
        "\r\n########## deramp\r\nmintpy.deramp = linear\r\nmintpy.plot = no"
    )
    assert Template.parse("mintpy.plot = no").set("mintpy.plot.dpi", 300).text == (
        "mintpy.plot = no\nmintpy.plot.dpi = 300\n"
    )


def test_a_template_made_in_python_holds_only_what_was_set_in_mintpys_order() -> None:
    template = Template(
        {"mintpy.deramp": "linear", "mintpy.network.tempBaseMax": 48, "ORBIT_DIRECTION": "ASC"}
    )
    assert [line for line in template.text.splitlines() if line and not line.startswith("# ")] == [
        "########## modify_network",
        "mintpy.network.tempBaseMax = 48",
        "########## deramp",
        "mintpy.deramp = linear",
        "########## other",
        "ORBIT_DIRECTION = ASC",
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "none"),
        (0.7, "0.7"),
        (3, "3"),
        (dt.date(2018, 7, 5), "20180705"),
        (["20180705", dt.date(2018, 7, 17)], "20180705,20180717"),
        ((19.4, -99.1), "19.4,-99.1"),
        (Path("/data/dem.tif"), "/data/dem.tif"),
        ("  linear ", "linear"),
    ],
)
def test_python_values_are_written_as_mintpy_writes_them(value: object, written: str) -> None:
    assert Template().set("mintpy.deramp", value)["mintpy.deramp"] == written


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("mintpy.load.demFile", "/data/#1/dem.tif", "comment"),
        ("mintpy.load.demFile", "a\nb", "line break"),
        ("mintpy.deramp", "", "no value"),
        ("mintpy.deramp = x", "no", "name of an option"),
        ("# mintpy.deramp", "no", "name of an option"),
        ("", "no", "name of an option"),
    ],
)
def test_what_a_template_cannot_hold_is_refused(key: str, value: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        Template().set(key, value)


@given(
    st.lists(
        st.sampled_from(
            [
                "# note",
                "mintpy.deramp = no",
                "mintpy.plot=yes # why",
                " mintpy.plot  =  no",
                "X = 1",
                "",
                "\ta",
                "=",
                "k =",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_any_text_is_kept_and_a_set_value_is_read_back(lines: list[str], end: str, last_end: bool) -> None:
    text = end.join(lines) + (end if last_end and lines else "")
    template = Template.parse(text)
    assert template.text == text
    changed = template.set("mintpy.plot", "auto")
    assert dict(Template.parse(changed.text)) == {**template, "mintpy.plot": "auto"}
    left = changed.without("mintpy.plot")
    assert dict(left) == {key: value for key, value in template.items() if key != "mintpy.plot"}


def test_a_missing_or_binary_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.txt cannot be read"):
        Template.read(tmp_path / "nowhere.txt")
    (tmp_path / "image.tif").write_bytes(b"II*\0\0\0")
    with pytest.raises(TemplateError, match="not a text file"):
        Template.read(tmp_path / "image.tif")


def test_the_name_that_mintpy_ignores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"PROJECT\.txt"):
        Template().write(tmp_path / "smallbaselineApp.cfg")
    assert list(tmp_path.iterdir()) == []


def test_writing_keeps_the_files_permissions_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "project.txt"
    target.write_text("mintpy.plot = yes\n")
    target.chmod(0o640)
    assert Template({"mintpy.plot": False}, name="project").write(tmp_path) == target
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_templates_are_values() -> None:
    template = Template({"mintpy.plot": "no"})
    assert template == Template({"mintpy.plot": "no"})
    assert hash(template) == hash(Template({"mintpy.plot": "no"}))
    assert template == {"mintpy.plot": "no"}
    assert template != template.set("mintpy.plot", "yes")
    assert "mintpy.plot" in template
    assert repr(template) == "Template(name=None, 1 options)"


def test_effective_names_every_option() -> None:
    effective = Template().effective()
    assert set(effective) == {option.key for option in options()}
    assert effective["mintpy.troposphericDelay.method"] == "pyaps"
    assert effective["mintpy.network.coherenceBased"] is False


def test_a_removed_option_is_reset_in_a_used_work_directory(tmp_path: Path) -> None:
    default = (defaults_folder() / "smallbaselineApp.cfg").read_text(encoding="utf-8")
    used = default.replace("mintpy.deramp          = auto", "mintpy.deramp          = linear")
    assert used != default
    (tmp_path / "smallbaselineApp.cfg").write_text(used, encoding="utf-8")
    template = Template({"mintpy.plot": "no"})
    assert template.effective()["mintpy.deramp"] is False
    assert template.effective(tmp_path)["mintpy.deramp"] == "linear"
    mended = template.for_work_dir(tmp_path)
    assert mended["mintpy.deramp"] == "auto"
    assert mended.effective(tmp_path) == template.effective()
    assert template.for_work_dir(tmp_path / "fresh") == template
