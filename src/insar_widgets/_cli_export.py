"""The command ``insar-widgets export``."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from insar_widgets._cli_paths import a_folder, a_place
from insar_widgets.errors import ExportError

__all__ = ["add_export"]


def add_export(commands: Any) -> None:
    """Add the command to those there are."""
    export = commands.add_parser(
        "export",
        help="write results as GeoTIFF, KMZ, points, figures or a report",
        description="Write the results of a MintPy work directory as files. What is there already, made from the same "
        "data in the same way, is kept; a second call makes only what is missing.",
    )
    export.add_argument("work_dir", type=a_folder, metavar="DIR", help="MintPy work directory")
    export.add_argument(
        "products", nargs="*", metavar="PRODUCT", help="what to write; all possible ones are listed if none"
    )
    export.add_argument("-o", "--out", type=a_place, help="folder for the files; DIR/exports if not given")
    export.add_argument("--dates", default="all", help="all, last, or YYYYMMDD,YYYYMMDD,...")
    export.add_argument("--units", choices=("mm", "cm", "m"), default="mm", help="of displacement")
    export.add_argument(
        "--mask", default="reliable", help="reliable, none, a mask layer, or least temporal coherence"
    )
    export.add_argument(
        "--crs",
        help="reference system of rasters and points, such as EPSG:4326; that of the data if not given",
    )
    export.add_argument("--cog", action="store_true", help="Cloud Optimized GeoTIFFs")
    export.add_argument("--series", metavar="NAME", help="series; the most corrected one if not given")
    export.add_argument(
        "--reference-date", metavar="YYYYMMDD", help="date that is zero; as in the data if not given"
    )
    export.add_argument("--reference-point", metavar="LON,LAT[,RADIUS]", help="degrees, and metres")
    export.add_argument(
        "--point", action="append", metavar="LON,LAT", help="a point to write or draw; may be repeated"
    )
    export.add_argument(
        "--points-format", choices=("gpkg", "csv", "geojson"), default="gpkg", help="file format of points"
    )
    export.add_argument("--figure-formats", default="png,pdf", help="png,pdf,svg")
    export.add_argument("--dpi", type=int, default=300, help="dots per inch of figures")
    export.add_argument(
        "--cycle", type=float, metavar="METRES", help="displacement of one fringe; half the wavelength"
    )
    export.add_argument("--dry-run", action="store_true", help="only say which files with which sizes")
    export.set_defaults(function=_export)


def _export(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import open_results  # noqa: PLC0415 - each command loads only its own
    from insar_widgets.export.plan import carry_out, plan_export, possible_products  # noqa: PLC0415

    results = open_results(arguments.work_dir)
    if not arguments.products:
        table = Table("Product", "What")
        for name, words in possible_products(results).items():
            table.add_row(name, words)
        console.print(table)
        console.print(
            f"For instance: insar-widgets export {arguments.work_dir} velocity displacement report",
            soft_wrap=True,
        )
        return 0
    choice = _choice(arguments)
    out = arguments.out or results.work_dir / "exports"
    files = plan_export(results, out, choice)
    if arguments.dry_run:
        table = Table("File", "About", "")
        for file in files:
            table.add_row(escape(str(file.path)), _size(file.bytes), "exists" if file.exists else "new")
        console.print(table)
        console.print(f"{len(files)} files, about {_size(sum(file.bytes for file in files))}")
        return 0
    notes: list[str] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        tasks = {product: bar.add_task(product, total=1.0) for product in choice.products}
        paths = carry_out(
            results,
            out,
            choice,
            on_progress=lambda product, share, words: bar.update(
                tasks[product], completed=share, description=escape(f"{product}: {words}")
            ),
            notes=notes,
        )
    for note in dict.fromkeys(notes):
        console.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
    written = sum(path.stat().st_size for path in paths)
    console.print(f"{len(paths)} files, {_size(written)}, in {out}", soft_wrap=True)
    return 0


def _choice(arguments: argparse.Namespace) -> Any:
    from insar_widgets.export.plan import Choice  # noqa: PLC0415

    dates: Any = {"all": None, "last": "last"}.get(arguments.dates, tuple(arguments.dates.split(",")))
    reference = (
        _numbers(arguments.reference_point, "--reference-point", 2, 3) if arguments.reference_point else None
    )
    points = [_numbers(text, "--point", 2, 2) for text in arguments.point or ()]
    return Choice(
        products=tuple(arguments.products),
        dates=dates,
        units=arguments.units,
        mask=_mask(arguments.mask),
        crs=arguments.crs,
        cog=arguments.cog,
        name=arguments.series,
        reference_date=arguments.reference_date,
        reference_point=dict(zip(("lon", "lat", "radius"), reference, strict=False)) if reference else None,
        points=tuple({"lon": lon, "lat": lat} for lon, lat in points) or None,
        points_format=arguments.points_format,
        figure_formats=tuple(arguments.figure_formats.split(",")),
        dpi=arguments.dpi,
        cycle=arguments.cycle,
    )


def _mask(text: str) -> Any:
    if text == "none":
        return None
    try:
        coherence = float(text)
    except ValueError:
        return text
    if not 0 <= coherence <= 1:
        raise ExportError(f"--mask takes a temporal coherence from 0 to 1, not {text}.")
    return coherence


def _numbers(text: str, option: str, least: int, most: int) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not least <= len(values) <= most:
        raise ExportError(
            f"{option} takes {'LON,LAT' if most == 2 else 'LON,LAT or LON,LAT,RADIUS'}, not {text!r}."
        )
    return values


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
