"""What a screen is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

expect.set_options(timeout=60_000)


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True)
class Screen:
    """A widget in a state: where it comes from, what must be there, and what is done with it.

    Attributes
    ----------
    cut : what is taken, a CSS selector.
    ready : selectors that must be there before anything is done.
    code : the notebook's cell, run in the folder of the stack; ACCOUNTS and LABORATORY stand for the addresses of
        services on this machine.
    app : arguments of ``insar-widgets app`` instead, relative to that folder, for a page of the workbench.
    files : makes the files that the cell wants, in that folder.
    act : does what a user does to come to this screen, and waits for it.
    each : done before each picture, for what closes when the window changes, such as a menu.
    once : whether the state passes by, as that of a run: each picture is then taken at once, without waiting for rest.
    """

    cut: str
    ready: tuple[str, ...]
    code: str = ""
    app: tuple[str, ...] = ()
    files: Callable[[Path], object] = _nothing
    act: Callable[[Page], object] = _nothing
    each: Callable[[Page], object] = _nothing
    once: bool = False


def copied(source: str, name: str) -> Callable[[Path], Path]:
    """Make a copy of a folder as copies/NAME, which may be changed; one that is there is replaced."""

    def copy(folder: Path) -> Path:
        target = folder / "copies" / name
        shutil.rmtree(target, ignore_errors=True)
        return Path(shutil.copytree(folder / source, target, symlinks=True))

    return copy


def press(*names: str, inside: str = "body") -> Callable[[Page], None]:
    """Press buttons one after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.locator(inside).get_by_role("button", name=name).first.click()

    return act


def in_turn(*acts: Callable[[Page], object]) -> Callable[[Page], None]:
    """Do one after the other."""

    def act(page: Page) -> None:
        for each in acts:
            each(page)

    return act


def shown(selector: str, text: str = "") -> Callable[[Page], None]:
    """Wait until something is seen that has this text."""

    def act(page: Page) -> None:
        found = page.locator(selector)
        expect((found.filter(has_text=text) if text else found).first).to_be_visible()

    return act
