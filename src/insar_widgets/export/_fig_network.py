"""The network of interferograms: baselines over time, coherence as matrix and as history, residual of each date."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize

from insar_widgets.export._fig_base import (
    ACCENT,
    FAINT,
    INK,
    Picture,
    Wish,
    caption,
    date_axis,
    date_number,
    frame_bar,
    heading,
    new_figure,
    tidy,
    when,
)
from insar_widgets.export._look import colours
from insar_widgets.export._values import software
from insar_widgets.hyp3 import Network
from insar_widgets.hyp3.network import Pair, invert_bperps
from insar_widgets.results import Results


def _coherence(results: Results) -> np.ndarray:
    mask = results["waterMask"] if "waterMask" in results.layers else None
    return results.interferograms.mean_coherence(mask)


def _scale(coherence: np.ndarray) -> tuple[LinearSegmentedColormap, Normalize]:
    cmap = LinearSegmentedColormap.from_list("lapaz", list(colours("lapaz", True)[30:] / 255.0))
    finite = coherence[np.isfinite(coherence)]
    low = float(np.floor(finite.min() * 10) / 10) if finite.size else 0.0
    high = float(np.ceil(finite.max() * 10) / 10) if finite.size else 1.0
    return cmap, Normalize(low, max(high, low + 0.1))


def _day(date: str) -> float:
    return float(date_number(datetime.strptime(date, "%Y%m%d")))


def _words(results: Results) -> str:
    stack = results.interferograms
    kept = int(stack.kept.sum())
    dates = stack.dates
    return (
        f"{results.work_dir.name}/{stack.path.name} · {kept} of {len(stack.pairs)} interferograms kept · {len(dates)} "
        f"dates, {when(dates[0])} to {when(dates[-1])} · coherence: mean over land · {software()}"
    )


def draw_network(results: Results, wish: Wish) -> list[Picture]:
    """Perpendicular baseline over time; each line an interferogram in the colour of its mean coherence."""
    stack = results.interferograms
    coherence = _coherence(results)
    network = Network(tuple(Pair(*pair.split("_")) for pair in stack.pairs), tuple(stack.bperp.tolist()))
    bperp = invert_bperps(network)
    cmap, norm = _scale(coherence)
    figure = new_figure(wish.width, max(72.0, wish.width * 0.56), layout="constrained")
    axes = figure.subplots()
    ends = np.array([[(_day(d), bperp[d]) for d in pair.split("_")] for pair in stack.pairs])
    order = np.argsort(np.nan_to_num(coherence, nan=-1))
    kept = [i for i in order if stack.kept[i]]
    dropped = [i for i in order if not stack.kept[i]]
    if dropped:
        axes.add_collection(LineCollection(ends[dropped].tolist(), colors="#b0b0b0", lw=0.8, ls=(0, (3, 2))))
    axes.add_collection(
        LineCollection(ends[kept].tolist(), array=coherence[kept], cmap=cmap, norm=norm, lw=1.3)
    )
    dates = stack.dates
    used = {d for i in kept for d in stack.pairs[i].split("_")}
    for chosen, fill, edge in (
        ([d for d in dates if d in used], "white", INK),
        ([d for d in dates if d not in used], "none", "#b0b0b0"),
    ):
        places = [_day(d) for d in chosen], [bperp[d] for d in chosen]
        axes.plot(*places, "o", ms=4.5, mew=0.9, zorder=3, mfc=fill, mec=edge)
    axes.autoscale_view()
    axes.margins(0.04, 0.08)
    date_axis(axes)
    axes.set_ylabel("perpendicular baseline (m)", fontsize=8)
    axes.set_title("Network of interferograms", fontsize=9, loc="left")
    if dropped:
        axes.plot([], [], color="#b0b0b0", lw=0.8, ls=(0, (3, 2)), label=f"left out ({len(dropped)})")
        axes.legend(fontsize=7, frameon=False, loc="upper right")
    tidy(axes, grid=True)
    bar = figure.colorbar(ScalarMappable(norm, cmap), ax=axes, pad=0.01, aspect=30)
    bar.set_label("mean spatial coherence", fontsize=8)
    frame_bar(bar)
    caption(figure, _words(results))
    return [Picture("network", "Network of interferograms", figure)]


def draw_coherence_matrix(results: Results, wish: Wish) -> list[Picture]:
    """Mean coherence of each pair of dates; pairs above the diagonal are those that were kept."""
    stack = results.interferograms
    coherence = _coherence(results)
    dates = list(stack.dates)
    matrix = np.full((len(dates), len(dates)), np.nan)
    for i, pair in enumerate(stack.pairs):
        first, second = (dates.index(d) for d in pair.split("_"))
        matrix[second, first] = coherence[i]
        if stack.kept[i]:
            matrix[first, second] = coherence[i]
    cmap, norm = _scale(coherence)
    side = min(wish.width, 150.0)
    figure = new_figure(side, side * 0.95, layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("#f3f3f3")
    image = axes.imshow(np.ma.masked_invalid(matrix), cmap=cmap, norm=norm, interpolation="nearest")
    step = max(1, len(dates) // 24)
    ticks = range(0, len(dates), step)
    axes.set_xticks(list(ticks), [when(dates[i]) for i in ticks], rotation=90)
    axes.set_yticks(list(ticks), [when(dates[i]) for i in ticks])
    axes.set_title(
        "Coherence matrix (below the diagonal all pairs, above it those kept)", fontsize=9, loc="left"
    )
    tidy(axes)
    axes.tick_params(labelsize=6)
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=30, shrink=0.9)
    bar.set_label("mean spatial coherence", fontsize=8)
    frame_bar(bar)
    caption(figure, _words(results))
    return [Picture("coherence_matrix", "Coherence matrix", figure)]


def draw_coherence_history(results: Results, wish: Wish) -> list[Picture]:
    """Mean, least and largest coherence of the kept interferograms of each date."""
    stack = results.interferograms
    coherence = _coherence(results)
    figure = new_figure(wish.width, max(66.0, wish.width * 0.4), layout="constrained")
    axes = figure.subplots()
    days, low, middle, high = [], [], [], []
    for date in stack.dates:
        own = [coherence[i] for i, pair in enumerate(stack.pairs) if date in pair and stack.kept[i]]
        own = [c for c in own if np.isfinite(c)]
        if own:
            days.append(_day(date))
            low.append(min(own))
            middle.append(float(np.mean(own)))
            high.append(max(own))
    axes.vlines(days, low, high, color=ACCENT, lw=3, alpha=0.35, label="least to largest")
    axes.plot(days, middle, "o", ms=4, color=ACCENT, label="mean")
    axes.set_ylim(0, 1)
    axes.set_ylabel("mean spatial coherence", fontsize=8)
    axes.set_title(
        heading("Coherence of the interferograms of each date", wish.width - 15), fontsize=9, loc="left"
    )
    date_axis(axes)
    tidy(axes, grid=True)
    axes.legend(fontsize=7, frameon=False, loc="lower right", ncols=2)
    caption(figure, _words(results))
    return [Picture("coherence_history", "Coherence of each date", figure)]


def draw_residual_rms(results: Results, wish: Wish) -> list[Picture]:
    """Residual of each date, with the limit above which MintPy leaves a date out."""
    rms = results.residual_rms
    if rms is None:
        return []
    values = rms.values * 1e3
    days = [_day(str(d).replace("-", "")) for d in rms["date"].values.astype("datetime64[D]")]
    # MintPy's limit: 3 times the robust standard deviation, 1.4826 times the median of the absolute values
    limit = 3 * 1.4826 * float(np.median(np.abs(values)))
    figure = new_figure(wish.width, max(66.0, wish.width * 0.4), layout="constrained")
    axes = figure.subplots()
    width = 0.6 * float(np.min(np.diff(days))) if len(days) > 1 else 6.0
    out = values > limit
    axes.bar(np.array(days)[~out], values[~out], width, color=ACCENT)
    if out.any():
        axes.bar(
            np.array(days)[out], values[out], width, color="#d55e00", hatch="///", label="above the limit"
        )
    axes.axhline(
        limit, color=FAINT, lw=0.9, ls="--", label=f"limit, 3 robust standard deviations: {limit:.1f} mm"
    )
    axes.set_ylabel("residual RMS (mm)", fontsize=8)
    axes.set_title("Residual of each date", fontsize=9, loc="left")
    axes.legend(fontsize=7, frameon=False)
    date_axis(axes)
    tidy(axes)
    caption(figure, f"{results.work_dir.name}/{str(rms.attrs['source']).rpartition('/')[2]} · {software()}")
    return [Picture("residual_rms", "Residual of each date", figure)]
