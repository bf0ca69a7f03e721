"""The template of a stack loads exactly its products, wherever they lie."""

from __future__ import annotations

import glob
import os
import shutil
from pathlib import Path

import pytest

from insar_widgets.errors import TemplateError
from insar_widgets.hyp3 import Stack, find_stack
from insar_widgets.resources import cores
from insar_widgets.runner.template import Template


def copied(stack: Stack, root: Path) -> Stack:
    shutil.copytree(stack.root, root)
    return find_stack(root)


def loaded(template: Template, key: str) -> set[str]:
    pattern = template.effective()[f"mintpy.load.{key}"]
    return {os.path.realpath(path) for path in glob.glob(pattern)}  # noqa: PTH207 - as MintPy does


@pytest.mark.parametrize(
    "name",
    ["plain", "with space", "[1] a*b?", "Überflutung été", "a=b", "100% ~ok", "x{2}|^y", "back\\slash"],
)
def test_each_layer_is_found_in_any_folder(prepared_stack: Stack, tmp_path: Path, name: str) -> None:
    stack = copied(prepared_stack, tmp_path / name)
    path = Template.for_stack(stack, name="project").write(tmp_path)
    template = Template.read(path)
    for key, layer in (("unwFile", "unw_phase"), ("corFile", "corr")):
        assert loaded(template, key) == {
            os.path.realpath(product.layers[layer]) for product in stack.products
        }
    for key, layer in (("demFile", "dem"), ("incAngleFile", "lv_theta"), ("azAngleFile", "lv_phi")):
        assert loaded(template, key) >= {os.path.realpath(stack.products[0].layers[layer])}
    assert template.validate(stack) == []


@pytest.mark.parametrize("name", ["stack #1", "$HOME", "${HOME}", "a\tb"])
def test_a_folder_name_that_a_template_cannot_hold_is_refused(
    prepared_stack: Stack, tmp_path: Path, name: str
) -> None:
    stack = copied(prepared_stack, tmp_path / name)
    with pytest.raises(TemplateError, match="rename the folder"):
        Template.for_stack(stack)


def test_products_beside_the_stack_are_not_loaded_silently(prepared_stack: Stack) -> None:
    fewer = Stack(prepared_stack.root, prepared_stack.products[1:])
    with pytest.raises(TemplateError, match=r"stack\.prepare"):
        Template.for_stack(fewer)


def test_a_stack_without_products_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no products"):
        Template.for_stack(Stack(tmp_path, ()))


def test_products_of_the_gamma_family_have_no_components(prepared_stack: Stack) -> None:
    assert "mintpy.load.connCompFile" not in Template.for_stack(prepared_stack)


def test_products_of_the_burst_family_have_components(tmp_path: Path) -> None:
    from insar_widgets import simulate_stack

    stack = simulate_stack(tmp_path / "hyp3", (60, 80), 4, 2, "burst", gnss=False, extent_jitter=0)
    template = Template.for_stack(stack)
    assert loaded(template, "connCompFile") == {
        os.path.realpath(product.layers["conncomp"]) for product in stack.products
    }
    assert template.set("mintpy.unwrapError.method", "bridging").validate(stack) == []
    one = Path(stack.products[0].layers["conncomp"])
    one.unlink()
    assert "mintpy.load.connCompFile" not in Template.for_stack(find_stack(stack.root))


def test_only_what_must_differ_differs(prepared_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {key for key in Template.for_stack(prepared_stack) if not key.startswith("mintpy.load.")}
    allowed = {"mintpy.troposphericDelay.method", "mintpy.save.kmz", "mintpy.plot"}
    parallel = {"mintpy.compute.cluster", "mintpy.compute.numWorker"}
    assert keys - parallel == allowed
    monkeypatch.setattr("insar_widgets.runner._template_stack.cores", lambda: 12)
    template = Template.for_stack(prepared_stack)
    assert (template["mintpy.compute.cluster"], template["mintpy.compute.numWorker"]) == ("local", "8")
    monkeypatch.setattr("insar_widgets.runner._template_stack.cores", lambda: 1)
    assert not parallel & set(Template.for_stack(prepared_stack))
    assert cores() >= 1


def test_given_options_win_and_lose_our_comment(prepared_stack: Stack) -> None:
    template = Template.for_stack(
        prepared_stack, {"mintpy.troposphericDelay.method": "height_correlation", "mintpy.deramp": "linear"}
    )
    assert template["mintpy.troposphericDelay.method"] == "height_correlation"
    assert "Climate Data Store" not in template.text
    assert "Climate Data Store" in Template.for_stack(prepared_stack).text
    assert template.text.index("mintpy.troposphericDelay") < template.text.index("mintpy.deramp")


def test_the_name_is_that_of_the_folder_but_no_satellites(prepared_stack: Stack, tmp_path: Path) -> None:
    stack = copied(prepared_stack, tmp_path / "Nicaragua")
    assert Template.for_stack(stack).name == "nicaragua"
    assert Template.for_stack(stack, name="Kilauea").name == "Kilauea"
    assert Template.for_stack(stack, name="KilaueaSenDT5").name == "KilaueaSenDT5"
