// One picture of a chart: SVG, and a canvas under it for what would be too many elements.

import { append, arrange, svg } from "../dom";
import { equal } from "../equal";
import { shapePath } from "./shapes";
import {
  barOf,
  linear,
  valueTicks,
  xExtent,
  xTicks,
  yExtent,
  type Range,
  type Scale,
  type Tick,
} from "./scales";
import type {
  AnyMark,
  BandMark,
  ChartSpec,
  HatchMark,
  LineMark,
  PointsMark,
  RulesMark,
  SegmentsMark,
} from "./types";

/** More symbols than that are drawn on the canvas: their outlines would be looked at again with each move of the pointer. */
export const MANY = 3000;
const TOP = 22;
const GAP = 14;
const RIGHT = 14;

export interface View {
  /** Zoomed range of x; null is everything. */
  x: Range | null;
  /** Zoomed range of y of each panel. */
  y: (Range | null)[];
}

export interface Frame {
  readonly top: number;
  readonly bottom: number;
  readonly y: Scale;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly x: Scale;
  readonly full: Range;
  readonly panels: readonly Frame[];
}

export function layOut(spec: ChartSpec, view: View, width: number, height: number): Layout {
  const bottomMargin = spec.x.label ? 40 : 24;
  const fixed = spec.panels.reduce((sum, panel) => sum + (panel.height ?? 0), 0);
  const open = spec.panels.filter((panel) => panel.height === undefined).length;
  const gaps = GAP * (spec.panels.length - 1);
  const rest = Math.max(60, height - TOP - bottomMargin - gaps - fixed) / Math.max(1, open);
  let top = TOP;
  let widest = 0;
  const panels = spec.panels.map((panel, index) => {
    const bottom = top + (panel.height ?? rest);
    const domain = view.y[index] ?? yExtent(panel);
    const frame = { top, bottom, y: linear(domain, [bottom, top]) };
    for (const tick of yTicks(frame)) widest = Math.max(widest, tick.label.length);
    top = bottom + GAP;
    return frame;
  });
  const left = Math.round(28 + widest * 6.4);
  const right = Math.max(left + 40, width - RIGHT);
  const full = xExtent(spec.x, spec.panels);
  const x = linear(view.x ?? full, [left, right]);
  return { width, height, left, right, x, full, panels };
}

function yTicks(frame: Frame): Tick[] {
  return valueTicks(frame.y.domain, frame.bottom - frame.top, 42);
}

/** Classes of the grid's lines, and their colours in chart.css. */
const GRID = {
  "iw-c-grid": "var(--iw-line)",
  "iw-c-grid major": "var(--iw-line2)",
  "iw-c-zero": "var(--iw-edge)",
};
type Ends = [x1: number, y1: number, x2: number, y2: number];

function line(className: string, x1: number, y1: number, x2: number, y2: number): SVGLineElement {
  return svg("line", { class: className, x1, y1, x2, y2 });
}

/** Ticks, labels and grid; `paint` takes the grid where symbols are on the canvas, which lies under the svg. */
function axes(
  spec: ChartSpec,
  layout: Layout,
  paint: ((className: keyof typeof GRID, ends: Ends) => void) | null,
): SVGElement {
  const group = svg("g", { class: "iw-c-axes" });
  const rule = (className: keyof typeof GRID, ...ends: Ends): SVGElement | null => {
    if (!paint) return line(className, ...ends);
    paint(className, ends);
    return null;
  };
  const { left, right, x } = layout;
  const ticks = xTicks(spec.x, x.domain, right - left);
  const inside = ticks.filter(({ value }) => value >= x.domain[0] && value <= x.domain[1]);
  layout.panels.forEach((frame, index) => {
    for (const tick of inside) {
      const at = Math.round(x(tick.value)) + 0.5;
      append(group, rule(tick.major ? "iw-c-grid major" : "iw-c-grid", at, frame.top, at, frame.bottom));
    }
    for (const tick of yTicks(frame)) {
      const at = Math.round(frame.y(tick.value)) + 0.5;
      append(
        group,
        rule(tick.value === 0 ? "iw-c-zero" : "iw-c-grid", left, at, right, at),
        svg("text", { x: left - 6, y: at + 3.5, "text-anchor": "end" }, tick.label),
      );
    }
    const middle = (frame.top + frame.bottom) / 2;
    append(
      group,
      line("iw-c-axis", left, frame.bottom + 0.5, right, frame.bottom + 0.5),
      svg(
        "text",
        { transform: `translate(11 ${middle}) rotate(-90)`, "text-anchor": "middle", class: "iw-c-label" },
        spec.panels[index]?.label ?? "",
      ),
    );
  });
  const bottom = layout.panels.at(-1)?.bottom ?? 0;
  let taken = -Infinity;
  for (const tick of inside) {
    const at = x(tick.value);
    append(group, line("iw-c-axis", Math.round(at) + 0.5, bottom, Math.round(at) + 0.5, bottom + 4));
    const half = tick.label.length * 3.1;
    if (at - half < taken + 6 || at + half > layout.width) continue;
    taken = at + half;
    append(group, svg("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, tick.label));
  }
  if (spec.x.label)
    append(
      group,
      svg("text", { x: right, y: bottom + 34, "text-anchor": "end", class: "iw-c-label" }, spec.x.label),
    );
  return group;
}

interface Drawn {
  layout: Layout;
  frame: Frame;
  canvas: CanvasRenderingContext2D | null;
  resolve: (color: string) => string;
  patternId: string;
}

function path(d: string, attributes: Record<string, string | number | null>): SVGPathElement {
  return svg("path", { d, ...attributes });
}

function drawLine(mark: LineMark, { layout, frame }: Drawn): SVGElement {
  let d = "";
  let gap = true;
  for (let i = 0; i < mark.x.length; i += 1) {
    const y = mark.y[i] ?? NaN;
    if (!Number.isFinite(y)) {
      gap = true;
      continue;
    }
    d += `${gap ? "M" : "L"}${layout.x(mark.x[i] ?? NaN).toFixed(1)},${frame.y(y).toFixed(1)}`;
    gap = false;
  }
  return path(d, {
    class: "iw-c-line",
    style: `stroke:${mark.color}`,
    "stroke-width": mark.width ?? 1.6,
    "stroke-dasharray": mark.dash ?? null,
    opacity: mark.opacity ?? null,
  });
}

function drawBand(mark: BandMark, { layout, frame }: Drawn): SVGElement {
  let d = "";
  let first = 0;
  const close = (end: number): void => {
    if (end - first < 1) return;
    const at = (i: number, values: BandMark["low"]): string =>
      `${layout.x(mark.x[i] ?? NaN).toFixed(1)},${frame.y(values[i] ?? NaN).toFixed(1)}`;
    const up = [];
    const down = [];
    for (let i = first; i < end; i += 1) {
      up.push(at(i, mark.high));
      down.push(at(i, mark.low));
    }
    d += `M${[...up, ...down.reverse()].join("L")}Z`;
  };
  for (let i = 0; i < mark.x.length; i += 1) {
    if (Number.isFinite(mark.low[i] ?? NaN) && Number.isFinite(mark.high[i] ?? NaN)) continue;
    close(i);
    first = i + 1;
  }
  close(mark.x.length);
  return path(d, { class: "iw-c-band", style: `fill:${mark.color}`, opacity: mark.opacity ?? 0.16 });
}

function drawSegments(mark: SegmentsMark, { layout, frame }: Drawn): SVGElement {
  const group = svg("g", { class: "iw-c-segments", opacity: mark.opacity });
  for (let i = 0; i < mark.x1.length; i += 1) {
    append(
      group,
      svg("line", {
        x1: layout.x(mark.x1[i] ?? NaN).toFixed(1),
        y1: frame.y(mark.y1[i] ?? NaN).toFixed(1),
        x2: layout.x(mark.x2[i] ?? NaN).toFixed(1),
        y2: frame.y(mark.y2[i] ?? NaN).toFixed(1),
        style: `stroke:${mark.colors?.[i] ?? mark.color}`,
        "stroke-width": mark.widths?.[i] ?? 1,
        "stroke-dasharray": mark.dashes?.[i] ?? null,
      }),
    );
  }
  return group;
}

function drawHatch(mark: HatchMark, { layout, frame, patternId }: Drawn): SVGElement {
  const group = svg("g", { class: "iw-c-hatch" });
  for (const [a, b] of mark.ranges) {
    const x0 = layout.x(a);
    const width = Math.max(1, layout.x(b) - x0);
    append(
      group,
      svg("rect", {
        x: x0,
        y: frame.top,
        width,
        height: frame.bottom - frame.top,
        style: `fill:url(#${patternId})`,
      }),
    );
  }
  return group;
}

function drawRules(mark: RulesMark, { layout, frame }: Drawn): SVGElement {
  const group = svg("g", { class: "iw-c-rules" });
  let row = 0;
  let free = -Infinity;
  for (const rule of [...mark.rules].sort((a, b) => a.x - b.x)) {
    const at = layout.x(rule.x);
    if (at < layout.left || at > layout.right) continue;
    // Labels that would run into one another stand in rows
    row = at < free ? (row + 1) % 4 : 0;
    const length = rule.label.length * 5.9 + 8;
    free = at + length;
    const leftwards = at + length > layout.right && at - length > layout.left;
    append(
      group,
      svg("line", {
        x1: at,
        x2: at,
        y1: frame.top,
        y2: frame.bottom,
        style: `stroke:${mark.color}`,
        "stroke-width": 1.2,
        "stroke-dasharray": mark.dash ?? "5 3",
      }),
      svg(
        "text",
        {
          class: "iw-c-event",
          x: at + (leftwards ? -5 : 5),
          y: mark.top ? frame.top + 10 + row * 14 : frame.bottom - 6 - row * 14,
          "text-anchor": leftwards ? "end" : "start",
          style: `fill:${mark.color}`,
        },
        rule.label,
      ),
    );
  }
  return group;
}

/** Tenths of a pixel. */
function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Error bars, and the symbols of each colour, filled and open, as one path each: one by one they cost several times. */
function outlines(mark: PointsMark, { layout, frame }: Drawn): [string, Map<string, string>[]] {
  const shape = shapePath(mark.shape ?? "circle", mark.size ?? 3);
  const filled = new Map<string, string>();
  const open = new Map<string, string>();
  let bars = "";
  for (let i = 0; i < mark.x.length; i += 1) {
    const y = frame.y(mark.y[i] ?? NaN);
    const x = layout.x(mark.x[i] ?? NaN);
    if (!Number.isFinite(y) || x < layout.left - 8 || x > layout.right + 8) continue;
    const [low, high] = barOf(mark, i);
    if (high > low) bars += `M${tenth(x)},${tenth(frame.y(low))}V${tenth(frame.y(high))}`;
    const paths = mark.open?.[i] ? open : filled;
    const color = mark.colors?.[i] ?? mark.color;
    paths.set(color, `${paths.get(color) ?? ""}M${tenth(x)},${tenth(y)}${shape}`);
  }
  return [bars, [filled, open]];
}

function drawPoints(mark: PointsMark, drawn: Drawn): SVGElement {
  const { canvas, resolve } = drawn;
  const group = svg("g", { class: "iw-c-points", style: `--c:${mark.color}`, opacity: mark.opacity });
  if (mark.hidden) return group;
  const [bars, symbols] = outlines(mark, drawn);
  if (canvas) {
    canvas.globalAlpha = mark.opacity ?? 1;
    canvas.strokeStyle = resolve(mark.color);
    canvas.lineWidth = 1;
    canvas.stroke(new Path2D(bars));
  } else if (bars) append(group, path(bars, { class: "iw-c-bars", style: `stroke:${mark.color}` }));
  symbols.forEach((paths, open) => {
    for (const [color, d] of paths) {
      if (!canvas) {
        const look = open
          ? { class: "iw-c-symbol open", style: `stroke:${color}` }
          : { class: "iw-c-symbol", style: `fill:${color}` };
        append(group, path(d, look));
        continue;
      }
      canvas.fillStyle = canvas.strokeStyle = resolve(color);
      if (open) canvas.stroke(new Path2D(d));
      else canvas.fill(new Path2D(d));
    }
  });
  if (canvas) canvas.globalAlpha = 1;
  return group;
}

function drawMark(mark: AnyMark, drawn: Drawn): SVGElement {
  switch (mark.kind) {
    case "line":
      return drawLine(mark, drawn);
    case "band":
      return drawBand(mark, drawn);
    case "segments":
      return drawSegments(mark, drawn);
    case "hatch":
      return drawHatch(mark, drawn);
    case "rules":
      return drawRules(mark, drawn);
    case "points":
      return drawPoints(mark, drawn);
  }
}

/** What of a chart is in the page, so that what is the same the next time can stay. */
interface Kept {
  readonly id: string;
  readonly axesFrom: string;
  readonly axes: SVGElement;
  readonly groups: readonly SVGElement[];
  readonly marks: Map<string, { readonly mark: AnyMark; readonly element: SVGElement }>;
}

const kept = new WeakMap<SVGSVGElement, Kept>();
let made = 0;

/** Draws into an svg element of its own; `canvas`, where given, gets the symbols of a chart with many. */
export function draw(
  target: SVGSVGElement,
  canvas: HTMLCanvasElement | null,
  spec: ChartSpec,
  layout: Layout,
): void {
  const count = spec.panels
    .flatMap((panel) => panel.marks)
    .reduce((sum, mark) => sum + (mark.kind === "points" && !mark.hidden ? mark.x.length : 0), 0);
  const brush = canvas && count > MANY ? canvas.getContext("2d") : null;
  if (canvas) {
    const ratio = window.devicePixelRatio || 1;
    canvas.hidden = !brush;
    canvas.width = brush ? layout.width * ratio : 1;
    canvas.height = brush ? layout.height * ratio : 1;
    brush?.scale(ratio, ratio);
  }
  const known = new Map<string, string>();
  const resolve = (color: string): string => {
    // Only a name of the theme needs the browser's answer, which costs a pass over all styles
    if (!color.includes("var(") && !color.includes("currentColor")) return color;
    const found = known.get(color);
    if (found !== undefined) return found;
    const probe = svg("g", { style: `color:${color}` });
    target.append(probe);
    const computed = getComputedStyle(probe).color;
    probe.remove();
    known.set(color, computed);
    return computed;
  };
  const paint = brush
    ? (className: keyof typeof GRID, [x1, y1, x2, y2]: Ends): void => {
        brush.strokeStyle = resolve(GRID[className]);
        brush.lineWidth = 1;
        brush.stroke(new Path2D(`M${x1} ${y1}L${x2} ${y2}`));
      }
    : null;
  // All that the places of marks follow from; what is on the canvas is drawn anew each time
  const axesFrom = JSON.stringify([
    ...[layout.width, layout.height, layout.left, layout.right, layout.x.domain, spec.x],
    ...layout.panels.map(({ top, bottom, y }, index) => [top, bottom, y.domain, spec.panels[index]?.label]),
  ]);
  const last = kept.get(target);
  const before = !brush && last?.axesFrom === axesFrom ? last : null;
  const id = before?.id ?? `iw-c${(made += 1)}`;
  const now: Kept = {
    id,
    axesFrom: brush ? "" : axesFrom,
    axes: before?.axes ?? axes(spec, layout, paint),
    groups:
      before?.groups ?? layout.panels.map((_, index) => svg("g", { "clip-path": `url(#${id}p${index})` })),
    marks: new Map(),
  };
  kept.set(target, now);
  layout.panels.forEach((frame, index) => {
    brush?.save();
    if (brush) {
      const { x, y, width, height } = clipOf(layout, frame);
      brush.beginPath();
      brush.rect(x, y, width, height);
      brush.clip();
    }
    const elements = (spec.panels[index]?.marks ?? []).map((mark) => {
      const name = `${index} ${mark.id}`;
      const old = before?.marks.get(name);
      before?.marks.delete(name);
      const element =
        old && equal(old.mark, mark)
          ? old.element
          : drawMark(mark, { layout, frame, canvas: brush, resolve, patternId: `${id}h` });
      now.marks.set(name, { mark, element });
      return element;
    });
    brush?.restore();
    const group = now.groups[index];
    if (group) arrange(group, elements);
  });
  const cursor = spec.cursor ? cursorLine(spec.cursor, layout) : null;
  const defs = target.querySelector(`#${id}d`) ?? definitions(id, layout);
  arrange(target, [defs, now.axes, ...now.groups, ...(cursor ? [cursor] : [])]);
}

/** Where marks of a panel may be; symbols at the very edge stay whole. */
function clipOf(layout: Layout, { top, bottom }: Frame): Record<"x" | "y" | "width" | "height", number> {
  const width = layout.right - layout.left + 8;
  return { x: layout.left - 4, y: top - 4, width, height: bottom - top + 8 };
}

function definitions(id: string, layout: Layout): SVGElement {
  const hatch = svg(
    "pattern",
    { id: `${id}h`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("line", { class: "iw-c-hatching", x1: 0, y1: 0, x2: 0, y2: 6 }),
  );
  const clips = layout.panels.map((frame, index) =>
    svg("clipPath", { id: `${id}p${index}` }, svg("rect", clipOf(layout, frame))),
  );
  return svg("defs", { id: `${id}d` }, hatch, ...clips);
}

function cursorLine(cursor: { x: number; label: string }, layout: Layout): SVGElement | null {
  const at = layout.x(cursor.x);
  if (at < layout.left - 1 || at > layout.right + 1) return null;
  const half = cursor.label.length * 3.4 + 8;
  const middle = Math.min(Math.max(at, half), layout.width - half);
  const bottom = layout.panels.at(-1)?.bottom ?? 0;
  return svg(
    "g",
    { class: "iw-c-cursor" },
    svg("line", { x1: at, x2: at, y1: TOP - 4, y2: bottom }),
    svg("rect", { x: middle - half, y: 0, width: 2 * half, height: 18, rx: 3 }),
    svg("text", { x: middle, y: 13, "text-anchor": "middle" }, cursor.label),
  );
}
