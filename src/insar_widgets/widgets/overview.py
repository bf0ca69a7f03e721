"""A work directory at a glance: its steps, what came out, the velocity as a figure."""

from __future__ import annotations

import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from insar_widgets.errors import InsarWidgetsError
from insar_widgets.results import Results, open_results
from insar_widgets.runner import Run, StepStatus

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Overview"]

_SHAPE = {
    "completed": "✓",
    "running": "◌",
    "failed": "✗",
    "cancelled": "■",
    "interrupted": "↯",
    "stale": "↻",
    "off": "–",
    "pending": "○",
}
_STYLE = """<style>
.iw-overview{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,#212121)}
.iw-overview h2{font-size:15px;font-weight:600;margin:16px 0 4px}
.iw-overview table{border-collapse:collapse}
.iw-overview td,.iw-overview th{text-align:left;padding:2px 16px 2px 0;vertical-align:top;
  border-bottom:1px solid var(--jp-border-color2,#e0e0e0);font-weight:400}
.iw-overview th{color:var(--jp-ui-font-color2,#525252)}
.iw-overview td:nth-child(4){white-space:nowrap}
.iw-overview .failed,.iw-overview .interrupted,.iw-overview .cancelled{color:var(--jp-error-color1,#c02626)}
.iw-overview .completed .iw-mark{color:var(--jp-success-color1,#2e7d32)}
.iw-overview .off,.iw-overview .pending{color:var(--jp-ui-font-color2,#696969)}
</style>"""


class Overview(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """Steps with their states, a table of what came out, and the velocity as a figure.

    Parameters
    ----------
    work_dir
        A MintPy work directory, finished or not; None shows how to get one.
    """

    def __init__(self, work_dir: str | Path | None = None) -> None:
        super().__init__()
        self._work_dir = None if work_dir is None else Path(work_dir)
        self._again = ipywidgets.Button(description="Look again", tooltip="Read the work directory again")
        self._again.on_click(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Read the work directory again."""
        if self._work_dir is None:
            self.children = (
                _page(
                    "<p>No work directory yet. In a terminal: <code>insar-widgets run PRODUCTS "
                    "--work-dir DIR</code>, then <code>insar-widgets app DIR</code>.</p>"
                ),
            )
            return
        parts = [_page(f"<h2>{html.escape(_shown(self._work_dir))}</h2>"), self._again]
        parts += self._guarded(self._result, self._work_dir)
        parts += self._guarded(self._steps, self._work_dir)
        self.children = tuple(parts)

    @staticmethod
    def _guarded(make: Callable[[Path], list[Any]], work_dir: Path) -> list[Any]:
        try:
            return make(work_dir)
        except InsarWidgetsError as error:
            return [_page(f'<p class="failed">{html.escape(str(error))}</p>')]

    @staticmethod
    def _result(work_dir: Path) -> list[Any]:
        results = open_results(work_dir)
        rows = "".join(
            f"<tr><th scope=row>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>"
            for name, text in results.summary().table()
        )
        parts = [_page(f"<h2>Result</h2><table>{rows}</table>")]
        if "velocity" in results.layers:
            picture = ipywidgets.Image(value=velocity_figure(results), format="png")
            picture.layout = ipywidgets.Layout(
                max_width="min(100%, 880px)", height="auto", object_fit="contain"
            )
            parts.append(picture)
        return parts

    @staticmethod
    def _steps(work_dir: Path) -> list[Any]:
        rows = "".join(_row(status) for status in Run.attach(work_dir).status())
        head = "<tr><th></th><th>Step</th><th>State</th><th>Time</th><th>What</th></tr>"
        return [_page(f"<h2>Steps</h2><table>{head}{rows}</table>")]


def _shown(path: Path) -> str:
    """The path as its user would write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _page(content: str) -> Any:
    return ipywidgets.HTML(f'{_STYLE}<div class="iw-overview">{content}</div>')


def _row(status: StepStatus) -> str:
    seconds = "" if status.seconds is None else f"{status.seconds:.1f} s"
    what = " ".join(filter(None, (status.reason, status.remedy))) or ", ".join(status.outputs)
    return (
        f'<tr class="{status.state}"><td class="iw-mark" aria-hidden="true">{_SHAPE[status.state]}</td>'
        f"<td>{status.name}</td><td>{status.state}</td><td>{seconds}</td><td>{html.escape(what)}</td></tr>"
    )


def velocity_figure(results: Results) -> bytes:
    """Draw the LOS velocity of the reliable pixels as PNG: mm/yr, blue towards the satellite, red away.

    The axes are kilometres in the data's own projection; the reference point is the black square.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - half a second, only where a figure is drawn

    velocity = results["velocity"] * 1e3
    if "maskTempCoh" in results.layers:
        velocity = velocity.where(results["maskTempCoh"].values.astype(bool))
    reach = (
        float(np.nanquantile(np.abs(velocity.values), 0.998)) if np.isfinite(velocity.values).any() else 1.0
    )
    figure = Figure(figsize=(8, 5.5), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    west, east, south, north = (edge / 1e3 for edge in _extent(velocity))
    image = axes.imshow(
        velocity.values,
        extent=(west, east, south, north),
        cmap="RdBu",
        vmin=-reach,
        vmax=reach,
        interpolation="nearest",
    )
    axes.set_facecolor("0.85")
    point = results.reference_point
    if point is not None:
        y, x = (float(velocity[d][int(point[d])]) for d in ("y", "x"))
        axes.plot(x / 1e3, y / 1e3, "s", color="black", markersize=5)
        axes.annotate("reference", (x / 1e3, y / 1e3), textcoords="offset points", xytext=(6, 4))
    axes.set_xlabel(f"Easting (km), {results.crs.to_string()}")
    axes.set_ylabel("Northing (km)")
    axes.set_title("LOS velocity over reliable pixels; grey: masked", fontsize=11)
    figure.colorbar(image, label="mm/yr, ← away from   towards the satellite →", extend="both")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _extent(raster: xr.DataArray) -> tuple[float, float, float, float]:
    """Outer edges west, east, south, north of a raster whose coordinates are pixel centres."""
    x, y = raster["x"].values, raster["y"].values
    half_x, half_y = abs(x[1] - x[0]) / 2, abs(y[1] - y[0]) / 2
    return x.min() - half_x, x.max() + half_x, y.min() - half_y, y.max() + half_y
