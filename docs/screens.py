"""Pictures of every screen of the toolkit, to be looked at before a release; run by `make screens`.

Each widget is brought into each of its states in Voilà and taken in three widths and both themes, the workbench as
its app, and in JupyterLab each widget once. Pictures, sheets of them and index.html go to screens/. Names on the
command line choose: `screens.py stack-picker workbench --theme dark --width 800 --host voila`. What cannot be reached
is said at the end.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camera import before, bench, results
from camera.common import chromium, notebooks, prepare, settle
from camera.screen import Screen
from camera.sheets import Picture, write_index, write_sheets
from PIL import Image
from playwright.sync_api import Browser, Error, Page

from browser.conftest import Notebook
from browser.servers import serve
from support.account_services import serve_accounts
from support.ngl import igs20, laboratory

SCREENS = before.SCREENS | results.SCREENS | bench.SCREENS
WIDTHS = (480, 800, 1280)
WIDTHS_OF_BENCH = (800, 1280, 1920)
WIDTH_IN_LAB = 800
HEIGHT = 900
DARK = Path(sys.prefix) / "share/jupyter/nbconvert/templates/lab/static/theme-dark.css"
OUT = Path(__file__).resolve().parents[1] / "screens"


@dataclass
class Studio:
    """The browser, the servers that run, and what was taken and missed."""

    browser: Browser
    folder: Path
    out: Path
    themes: list[str]
    widths: list[int]
    running: ExitStack
    home: Path
    addresses: dict[str, str]
    servers: dict[tuple[str, ...], Any] = field(default_factory=dict)
    taken: dict[str, list[Picture]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def server(self, kind: str, *arguments: str) -> Any:
        """A server of notebooks, or the app with these arguments, started when it is first wanted."""
        key = (kind, *arguments)
        if key not in self.servers:
            home = self.home / str(len(self.servers))
            self.servers[key] = self.running.enter_context(
                serve(kind, self.folder, home, arguments=arguments)
            )
        return self.servers[key]

    def widths_of(self, screen: Screen) -> list[int]:
        """The widths that are wanted and are taken of such a screen."""
        return [width for width in (WIDTHS_OF_BENCH if screen.app else WIDTHS) if width in self.widths]

    def keep(self, page: Page, screen: Screen, widget: str, caption: str) -> None:
        """Write a picture of the widget, or of the whole page."""
        content = (
            page.locator(screen.cut).first.screenshot() if screen.cut else page.screenshot(full_page=True)
        )
        path = self.out / "pictures" / widget / f"{caption.replace(', ', '_').replace(' ', '-')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.open(io.BytesIO(content)).convert("RGB").save(path, optimize=True)
        self.taken.setdefault(widget, []).append(Picture(path, f"{widget}: {caption}"))


@contextmanager
def services(folder: Path) -> Iterator[dict[str, str]]:
    """Services on this machine under the names that cells have for them; one station of the laboratory never comes."""
    with serve_accounts() as accounts, laboratory() as stations:
        stations.serve_folder(folder / "products" / "ngl")
        stations.fails[igs20("SIM3")] = "silent"
        yield {"ACCOUNTS": accounts.base.removesuffix("/api"), "LABORATORY": stations.base}


def in_theme(page: Page, theme: str) -> None:
    """Give a page of Voilà the other theme while it is shown, as JupyterLab does with its pages."""
    page.evaluate(
        """([dark, css]) => {
          document.getElementById("other-theme")?.remove();
          if (dark) {
            const style = document.createElement("style");
            style.id = "other-theme";
            style.textContent = css;
            document.head.append(style);
          }
          document.body.dataset.jpThemeName = dark ? "JupyterLab Dark" : "JupyterLab Light";
          document.body.dataset.jpThemeLight = String(!dark);
        }""",
        [theme == "dark", DARK.read_text(encoding="utf-8")],
    )


def in_width(page: Page, screen: Screen, width: int) -> None:
    """Make the widget that wide, whatever the page has around it, and the window as high as all of the widget."""
    quiet = 150 if screen.once else 500
    widget = page.locator(screen.cut).first
    box = widget.bounding_box() or {"width": 0}
    margin = (page.viewport_size or {"width": 0})["width"] - box["width"]
    page.set_viewport_size({"width": round(width + margin), "height": HEIGHT})
    settle(page, quiet)
    box = widget.bounding_box() or {"y": 0, "height": 0}
    if box["y"] + box["height"] > HEIGHT:
        page.set_viewport_size(
            {"width": round(width + margin), "height": round(box["y"] + box["height"] + 40)}
        )
        settle(page, quiet)


def written(studio: Studio, screen: Screen, widget: str, state: str) -> str:
    """Write the notebook of a screen and return its name."""
    code = screen.code
    for name, address in studio.addresses.items():
        code = code.replace(name, address)
    name = f"{widget}-{state.replace(' ', '-').replace(',', '')}"
    notebooks(studio.folder, {name: code})
    return name


def take_in_voila(studio: Studio, page: Page, widget: str, state: str, screen: Screen) -> None:
    """Bring a page into a state and take it in all widths and themes."""
    if screen.app:
        arguments = [name if name.startswith("-") else str(studio.folder / name) for name in screen.app]
        page.goto(studio.server("app", *arguments).url)
    else:
        name = written(studio, screen, widget, state)
        page.goto(f"{studio.server('voila').url}/voila/render/{name}.ipynb")
    for selector in screen.ready:
        page.locator(selector).first.wait_for()
    screen.act(page)
    page.mouse.move(0, 0)
    for theme in studio.themes:
        in_theme(page, theme)
        for width in studio.widths_of(screen):
            in_width(page, screen, width)
            screen.each(page)
            studio.keep(page, screen, widget, f"{state}, {width} {theme}")


def take_in_lab(studio: Studio, page: Page, widget: str, state: str, screen: Screen) -> None:
    """Take a widget as JupyterLab shows it, in its themes."""
    notebook = Notebook(page, studio.server("lab"), f"{written(studio, screen, widget, state)}.ipynb")
    notebook.open()
    for selector in screen.ready:
        page.locator(selector).first.wait_for()
    screen.act(page)
    for theme in studio.themes:
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme.title()}")
        in_width(page, screen, WIDTH_IN_LAB)
        screen.each(page)
        studio.keep(page, screen, widget, f"{state}, JupyterLab {theme}")
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")


def take(studio: Studio, widget: str, state: str, screen: Screen, how: Callable[..., None]) -> None:
    """Take a screen on a page of its own, or note why it was not reached."""
    began = time.monotonic()
    page = studio.browser.new_page(viewport={"width": 1280, "height": HEIGHT})
    page.set_default_timeout(60_000)
    host = "JupyterLab" if how is take_in_lab else "Voilà"
    try:
        screen.files(studio.folder)
        how(studio, page, widget, state, screen)
        print(f"{widget}: {state} in {host}, {time.monotonic() - began:.0f} s", flush=True)
    except (Error, AssertionError, OSError) as error:
        studio.missed.append(f"{widget}: {state} in {host}: {str(error).strip().splitlines()[0]}")
        print(f"NOT TAKEN {studio.missed[-1]}", flush=True)
        with suppress(Error):
            page.screenshot(path=studio.out / "missed" / f"{widget}-{state}.png")
    finally:
        page.close()


def main() -> None:
    """Take the screens that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCREENS))
    parser.add_argument("--state", help="only states with this in their name")
    parser.add_argument("--theme", choices=("light", "dark"))
    parser.add_argument("--width", type=int, choices=sorted({*WIDTHS, *WIDTHS_OF_BENCH}))
    parser.add_argument("--host", choices=("voila", "lab"))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "valley")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    if unknown := [name for name in wanted.names if name not in SCREENS]:
        parser.error(f"no screens of {', '.join(unknown)}; there are {', '.join(SCREENS)}")
    folder: Path = wanted.folder.resolve()
    prepare(folder)
    with (
        tempfile.TemporaryDirectory() as home,
        services(folder) as addresses,
        ExitStack() as running,
        chromium() as browser,
    ):
        themes = [wanted.theme] if wanted.theme else ["light", "dark"]
        widths = [wanted.width] if wanted.width else [*WIDTHS, *WIDTHS_OF_BENCH]
        studio = Studio(browser, folder, wanted.out, themes, widths, running, Path(home), addresses)
        for widget in wanted.names or SCREENS:
            for number, (state, screen) in enumerate(SCREENS[widget].items()):
                if wanted.state and wanted.state not in state:
                    continue
                if wanted.host != "lab":
                    take(studio, widget, state, screen, take_in_voila)
                if wanted.host != "voila" and number == 0 and not screen.app:
                    take(studio, widget, state, screen, take_in_lab)
    (wanted.out / "sheets").mkdir(parents=True, exist_ok=True)
    for widget, pictures in studio.taken.items():
        write_sheets(wanted.out / "sheets", widget, pictures)
    write_index(wanted.out)
    if studio.missed:
        raise SystemExit("\n".join(["not taken:", *studio.missed]))


if __name__ == "__main__":
    main()
