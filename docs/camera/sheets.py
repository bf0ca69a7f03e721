"""Contact sheets: pictures side by side, large enough to be read, and a page that lists them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDE = 1500  # pixels of a sheet, either way
SCALE = 0.8  # two of 480 and one of 800 pixels beside each other
GAP, CAPTION = 12, 22
GROUND, INK = "#8a8f98", "#000000"


@dataclass(frozen=True)
class Picture:
    """A picture on disk and what it shows."""

    path: Path
    caption: str


def _pieces(picture: Picture) -> list[tuple[str, Image.Image]]:
    """The picture made smaller, cut where it is higher than a sheet."""
    image = Image.open(picture.path).convert("RGB")
    image = image.resize((round(SCALE * image.width), round(SCALE * image.height)), Image.Resampling.LANCZOS)
    room = SIDE - 2 * GAP - CAPTION
    count = -(-image.height // room)
    cut = [image.crop((0, n * room, image.width, min((n + 1) * room, image.height))) for n in range(count)]
    return [
        (f"{picture.caption}{f', part {n} of {count}' if count > 1 else ''}", piece)
        for n, piece in enumerate(cut, 1)
    ]


def _sheet(placed: list[tuple[int, int, str, Image.Image]]) -> Image.Image:
    width = max(x + piece.width for x, _, _, piece in placed) + GAP
    height = max(y + CAPTION + piece.height for _, y, _, piece in placed) + GAP
    sheet = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(sheet)
    for x, y, caption, piece in placed:
        draw.text((x, y + 2), caption, fill=INK, font=ImageFont.load_default(15))
        sheet.paste(piece, (x, y + CAPTION))
    return sheet


def write_sheets(folder: Path, name: str, pictures: list[Picture]) -> list[Path]:
    """Put pictures side by side, in rows, on as many sheets as it takes."""
    for old in folder.glob(f"{name}-*.png"):
        old.unlink()
    sheets: list[list[tuple[int, int, str, Image.Image]]] = [[]]
    x, y, row = GAP, GAP, 0
    for caption, piece in (each for picture in pictures for each in _pieces(picture)):
        if x > GAP and x + piece.width + GAP > SIDE:
            x, y, row = GAP, y + row + GAP, 0
        if sheets[-1] and y + CAPTION + piece.height + GAP > SIDE:
            sheets.append([])
            x, y, row = GAP, GAP, 0
        sheets[-1].append((x, y, caption, piece))
        x, row = x + piece.width + GAP, max(row, CAPTION + piece.height)
    written = []
    for number, placed in enumerate(sheets, 1):
        written.append(folder / f"{name}-{number:02}.png")
        _sheet(placed).save(written[-1], optimize=True)
    return written


def write_index(folder: Path) -> None:
    """A page of all sheets and of all pictures that are in the folder."""
    parts = ["<!doctype html><meta charset=utf-8><title>Screens</title><h1>Screens</h1>"]
    for sheet in sorted((folder / "sheets").glob("*.png")):
        parts.append(f"<h2>{html.escape(sheet.stem)}</h2><img src='sheets/{html.escape(sheet.name)}'>")
    parts.append("<h1>Pictures in full size</h1><ul>")
    for path in sorted((folder / "pictures").rglob("*.png")):
        name = html.escape(path.relative_to(folder).as_posix(), quote=True)
        parts.append(f'<li><a href="{name}">{name}</a>')
    (folder / "index.html").write_text("\n".join([*parts, "</ul>\n"]), encoding="utf-8")
