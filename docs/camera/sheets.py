"""Contact sheets: pictures side by side, large enough to be read, and a page that lists them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDE = 1100  # pixels of a sheet, either way; larger ones are mostly shown too small to be read
SCALE = 0.8  # one of 480 and one of 800 pixels beside each other, or one of 1280
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


@dataclass(frozen=True)
class _Place:
    x: int
    y: int
    caption: str
    piece: Image.Image

    @property
    def right(self) -> int:
        return self.x + self.piece.width + GAP

    @property
    def bottom(self) -> int:
        return self.y + CAPTION + self.piece.height + GAP


def _highest_place(sheet: list[_Place], caption: str, piece: Image.Image) -> _Place | None:
    """Where the picture still fits beside and below the others, as far up as it can be."""
    found = []
    for x in (GAP, *(place.right for place in sheet)):
        right = x + piece.width + GAP
        above = [place.bottom for place in sheet if place.x < right and x < place.right]
        place = _Place(x, max(above, default=GAP), caption, piece)
        if not sheet or (right <= SIDE and place.bottom <= SIDE):
            found.append(place)
    return min(found, key=lambda place: (place.y, place.x), default=None)


def _drawn(sheet: list[_Place]) -> Image.Image:
    size = (max(place.right for place in sheet), max(place.bottom for place in sheet))
    image = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(image)
    for place in sheet:
        draw.text((place.x, place.y + 2), place.caption, fill=INK, font=ImageFont.load_default(15))
        image.paste(place.piece, (place.x, place.y + CAPTION))
    return image


def write_sheets(folder: Path, name: str, pictures: list[Picture]) -> None:
    """Put pictures beside each other in their order, on as many sheets as it takes."""
    for old in folder.glob(f"{name}-[0-9][0-9].png"):
        old.unlink()
    sheets: list[list[_Place]] = [[]]
    for caption, piece in (each for picture in pictures for each in _pieces(picture)):
        place = _highest_place(sheets[-1], caption, piece)
        if place is None:
            sheets.append([])
            place = _highest_place([], caption, piece)
        sheets[-1] += [place] if place else []
    for number, sheet in enumerate(sheets, 1):
        _drawn(sheet).save(folder / f"{name}-{number:02}.png", optimize=True)


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
