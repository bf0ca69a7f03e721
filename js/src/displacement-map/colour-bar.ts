// The colour bar over the map: histogram of the view, ticks with units, and handles that are dragged.

import { colormapPixels, colormapKind } from "../lib/colormaps";
import { colourOf } from "../lib/colour";
import { h, replace } from "../lib/dom";
import { formatValue, shownUnit } from "../lib/number";
import { watchTheme } from "../lib/theme";
import type { ViewHistogram } from "../raster-layer/api";
import type { Context } from "./api";
import { fineness, rangeOf, ticks } from "./words";

const WIDTH = 256;
const TOP = 26; // height of the histogram
const BAR = 14;
const STEP = 0.01;

export interface ColourBar {
  readonly element: HTMLElement;
  histogram(): ViewHistogram | undefined;
  /** Calls `update` whenever the histogram of the view is another; returns the function that stops that. */
  onHistogram(update: () => void): () => void;
  /** Sets the range, and tells whether it is one. */
  setRange(lo: number, hi: number): boolean;
  percentiles(): void;
  symmetric: boolean;
}

export function isSigned(context: Context): boolean {
  return ["displacement", "velocity", "phase"].includes(context.model.get("_about").kind ?? "");
}

export function colourBar(context: Context): ColourBar {
  const { raster, model } = context;
  const title = h("b", { class: "iw-grow dm-clip" });
  const map = h("span", { class: "iw-2" });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const low = handle("Lowest value of the colours", 0);
  const high = handle("Highest value of the colours", 1);
  const axis = h("div", { class: "dm-bar-axis", "aria-hidden": "true" });
  const away = h("div", { class: "dm-bar-sign iw-2", "aria-hidden": "true" });
  const track = h(
    "div",
    {
      class: "dm-bar-track",
      title: "Drag the handles; double-click takes the 2nd to 98th percentile of the view",
    },
    canvas,
    low,
    high,
  );
  const element = h(
    "div",
    { class: "dm-box dm-legend iw-on-map", role: "group", "aria-label": "Colours" },
    h("div", { class: "dm-legend-head" }, title, map),
    track,
    axis,
    away,
  );
  let seen: ViewHistogram | undefined;
  let domain: [number, number] = [0, 1];
  let dragging = false;
  const updates = new Set<() => void>();
  const bar: ColourBar = {
    element,
    histogram: () => seen,
    onHistogram(update) {
      updates.add(update);
      return () => updates.delete(update);
    },
    setRange,
    percentiles,
    symmetric: isSigned(context),
  };

  function handle(label: string, which: 0 | 1): HTMLElement {
    const element = h("div", { class: "dm-handle", role: "slider", tabindex: 0, "aria-label": label });
    element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      element.focus();
      element.setPointerCapture(event.pointerId);
      dragging = true;
    });
    element.addEventListener("pointermove", (event) => {
      if (!element.hasPointerCapture(event.pointerId)) return;
      const box = canvas.getBoundingClientRect();
      const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
      move(which, domain[0] + share * (domain[1] - domain[0]));
    });
    element.addEventListener("lostpointercapture", () => {
      dragging = false;
      draw();
    });
    element.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10 }[
        event.key
      ];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      move(which, rangeOf(context)[which] + by * STEP * (domain[1] - domain[0]));
    });
    return element;
  }

  function take(histogram: ViewHistogram | undefined): void {
    seen = histogram;
    draw();
    for (const update of updates) update();
  }

  function move(which: 0 | 1, value: number): void {
    if (raster.get("wrap") !== null) return;
    const [lo, hi] = rangeOf(context);
    const least = (domain[1] - domain[0]) / 500;
    if (bar.symmetric) {
      const half = Math.max(least, which === 0 ? -value : value);
      setRange(-half, half);
    } else if (which === 0) setRange(Math.min(value, hi - least), hi);
    else setRange(lo, Math.max(value, lo + least));
  }

  function setRange(lo: number, hi: number): boolean {
    const good = Number.isFinite(lo) && Number.isFinite(hi) && hi > lo;
    if (good) context.draw({ vmin: lo, vmax: hi });
    return good;
  }

  function percentiles(): void {
    const found = context.mount()?.histogram(64) ?? seen;
    if (!found || found.count === 0) return;
    let [lo, hi] = [found.quantile(0.02), found.quantile(0.98)];
    if (bar.symmetric) {
      hi = Math.max(Math.abs(lo), Math.abs(hi));
      lo = -hi;
    }
    setRange(lo, hi);
  }

  function findDomain(): void {
    if (dragging) return;
    const [lo, hi] = rangeOf(context);
    const ends = seen && seen.count > 0 ? [seen.lo, seen.hi] : [lo, hi];
    let [a, b] = [Math.min(lo, ends[0] ?? lo), Math.max(hi, ends[1] ?? hi)];
    if (bar.symmetric || raster.get("wrap") !== null) {
      b = Math.max(Math.abs(a), Math.abs(b));
      a = -b;
    }
    const room = (b - a) * 0.05 || 0.5;
    domain = [a - room, b + room];
  }

  function draw(): void {
    findDomain();
    const factor = raster.get("display_factor");
    const unit = shownUnit(raster.get("display_units"));
    const wrap = raster.get("wrap");
    const name = wrap === null ? raster.get("colormap") : raster.get("wrap_colormap");
    title.textContent = `${raster.get("name").split(",")[0] ?? ""}${unit ? `, ${unit}` : ""}`;
    title.title = raster.get("name");
    map.textContent =
      wrap === null
        ? `${name}${raster.get("reverse") ? ", reversed" : ""}`
        : `${formatValue(wrap * factor, Math.abs(wrap * factor) / 100)} ${unit}/cycle`;
    paintBar(name, wrap);
    const [lo, hi] = rangeOf(context);
    const [a, b] = domain;
    const at = (value: number): number => ((value - a) / (b - a)) * 100;
    const fine = fineness(context) * factor;
    [low, high].forEach((element, i) => {
      const value = i === 0 ? lo : hi;
      element.hidden = wrap !== null || colormapKind(name) === "classes";
      element.style.left = `${at(value)}%`;
      element.setAttribute("aria-valuenow", String(value * factor));
      element.setAttribute("aria-valuetext", `${formatValue(value * factor, fine * 5)} ${unit}`);
    });
    const marks = ticks(a * factor, b * factor, 7).filter((t) => at(t / factor) > 4 && at(t / factor) < 96);
    const resolution = marks.length > 1 ? Math.abs((marks[1] ?? 1) - (marks[0] ?? 0)) : 1;
    replace(
      axis,
      ...marks.map((t) =>
        h("span", { style: `left:${at(t / factor)}%` }, formatValue(t, resolution, isSigned(context))),
      ),
    );
    away.hidden = !["displacement", "velocity"].includes(model.get("_about").kind ?? "");
    replace(away, h("span", {}, "← away"), h("span", {}, "towards satellite →"));
  }

  function paintBar(name: string, wrap: number | null): void {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = WIDTH * ratio;
    canvas.height = (TOP + BAR) * ratio;
    const context2d = canvas.getContext("2d");
    if (!context2d) return;
    const [lo, hi] = rangeOf(context);
    const look = {
      pixels: colormapPixels(name, raster.get("reverse")),
      lo,
      hi,
      wrap,
      classes: colormapKind(name) === "classes" && wrap === null,
    };
    const row = context2d.createImageData(canvas.width, 1);
    const colours = new Uint32Array(row.data.buffer);
    for (let x = 0; x < canvas.width; x++) {
      const value = domain[0] + ((x + 0.5) / canvas.width) * (domain[1] - domain[0]);
      colours[x] = look.pixels[Math.max(0, colourOf(value, look))] ?? 0;
    }
    for (let y = 0; y < BAR * ratio; y++) context2d.putImageData(row, 0, TOP * ratio + y);
    if (!seen || seen.count === 0) return;
    context2d.fillStyle = getComputedStyle(element).color;
    context2d.globalAlpha = 0.55;
    const peak = Math.max(...seen.counts);
    const width = (seen.hi - seen.lo) / seen.counts.length;
    seen.counts.forEach((count, i) => {
      if (!seen || count === 0) return;
      const x0 = ((seen.lo + i * width - domain[0]) / (domain[1] - domain[0])) * canvas.width;
      const x1 = ((seen.lo + (i + 1) * width - domain[0]) / (domain[1] - domain[0])) * canvas.width;
      const height = Math.max(1, Math.sqrt(count / peak) * (TOP - 3) * ratio);
      context2d.fillRect(x0, (TOP - 1) * ratio - height, Math.max(1, x1 - x0 - 0.5), height);
    });
  }

  track.addEventListener("dblclick", percentiles);
  context.signal.addEventListener("abort", watchTheme(draw));
  const stop = context.handle.on("histogram", (detail) => {
    if (detail.mount !== context.mount()) return;
    take(detail.histogram);
  });
  context.signal.addEventListener("abort", stop);
  context.watchRaster(
    [
      "vmin",
      "vmax",
      "wrap",
      "colormap",
      "wrap_colormap",
      "reverse",
      "name",
      "display_units",
      "display_factor",
    ],
    draw,
  );
  let kind = "";
  context.watch(["_about"], () => {
    const now = model.get("_about").kind ?? "";
    if (now !== kind) bar.symmetric = isSigned(context);
    kind = now;
    take(context.mount()?.histogram(64));
  });
  return bar;
}
