// A chart that is looked at with pointer and keyboard.

import { append, h, replace, svg } from "../dom";
import { formatValue } from "../number";
import { watchTheme } from "../theme";
import { draw, layOut, type Layout, type View } from "./draw";
import { hitAt, nearest, stops } from "./find";
import { isoDay, type Range } from "./scales";
import type { ChartOptions, ChartSpec, Hit, Place, PointsMark } from "./types";

const CLICK = 4;
const HELP =
  "Arrow left and right go from point to point, up and down from series to series, Enter chooses the point, " +
  "Space chooses its place, plus and minus zoom, shift with an arrow pans, zero shows everything.";

export class Chart {
  readonly element: HTMLElement;
  readonly #svg: SVGSVGElement;
  readonly #canvas = h("canvas", { class: "iw-c-canvas", "aria-hidden": "true" });
  readonly #tip = h("div", { class: "iw-c-tip", hidden: true });
  readonly #overlay = svg("g", { class: "iw-c-overlay" });
  readonly #observer: ResizeObserver;
  readonly #unwatch: () => void;
  #spec: ChartSpec = { title: "", x: { kind: "linear" }, panels: [] };
  #view: View = { x: null, y: [] };
  #layout: Layout | null = null;
  #stops: number[] = [];
  #width = 0;
  #height: number;
  #frame = 0;
  #box = false;
  #key: { mark: number; index: number } | null = null;
  #drag: { x: number; y: number; moved: boolean; box: boolean; from: Range; panel: number } | null = null;

  constructor(private readonly options: ChartOptions) {
    this.#height = options.height;
    this.#svg = svg("svg", {
      class: "iw-chart iw-c",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "chart",
    });
    this.element = h("div", { class: "iw-c-host" }, this.#canvas, this.#svg, this.#tip);
    this.element.style.height = `${this.#height}px`;
    this.#observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width === this.#width) return;
      this.#width = width;
      this.redraw();
    });
    this.#observer.observe(this.element);
    this.#unwatch = watchTheme(() => {
      if (!this.#canvas.hidden) this.redraw();
    });
    this.#listen();
  }

  /** Replaces what is shown; the zoom stays. Drawn at once. */
  set(spec: ChartSpec): void {
    this.#spec = spec;
    this.#stops = stops(spec);
    this.#view.y.length = spec.panels.length;
    this.#svg.setAttribute("aria-label", `${spec.title}. ${HELP}`);
    this.redraw();
  }

  setHeight(height: number): void {
    this.#height = height;
    this.element.style.height = `${height}px`;
    this.redraw();
  }

  /** Whether dragging draws a box to zoom to; else it pans, and shift with dragging draws the box. */
  set boxMode(on: boolean) {
    this.#box = on;
    this.element.classList.toggle("box", on);
  }

  get boxMode(): boolean {
    return this.#box;
  }

  /** Everything again. */
  reset(): void {
    this.zoomTo(null);
  }

  /** Zooms x to a range, null is everything; y follows what there is unless a box gave it. */
  zoomTo(x: readonly [number, number] | null, y: readonly (Range | null)[] = []): void {
    this.#view = { x: x ? [...x] : null, y: this.#spec.panels.map((_, i) => y[i] ?? null) };
    this.options.onView?.(this.#view.x);
    this.#later();
  }

  /** Makes the range of x wider (factor above 1) or narrower, around a value. */
  zoomBy(factor: number, around?: number): void {
    const layout = this.#layout;
    if (!layout) return;
    const [a, b] = layout.x.domain;
    const centre = around ?? (a + b) / 2;
    this.#moveTo([centre - (centre - a) * factor, centre + (b - centre) * factor]);
  }

  /** Shows a crosshair at x that somebody else points at, null takes it away. */
  pointAt(x: number | null): void {
    const layout = this.#layout;
    this.#overlay.replaceChildren();
    if (layout && x !== null) this.#crosshair(layout, x, null);
  }

  get spec(): ChartSpec {
    return this.#spec;
  }

  get view(): View {
    return this.#view;
  }

  get size(): [number, number] {
    return [this.#width, this.#height];
  }

  /** Screen pixels of a place, relative to the chart; for tests and overlays. */
  pixelOf(panel: number, x: number, y: number): [number, number] | null {
    const frame = this.#layout?.panels[panel];
    return this.#layout && frame ? [this.#layout.x(x), frame.y(y)] : null;
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#unwatch();
    cancelAnimationFrame(this.#frame);
  }

  redraw(): void {
    if (this.#width < 60 || this.#spec.panels.length === 0) return;
    const layout = layOut(this.#spec, this.#view, this.#width, this.#height);
    this.#layout = layout;
    for (const [name, value] of [
      ["width", this.#width],
      ["height", this.#height],
      ["viewBox", `0 0 ${this.#width} ${this.#height}`],
    ] as const)
      this.#svg.setAttribute(name, String(value));
    this.#canvas.style.width = `${this.#width}px`;
    this.#canvas.style.height = `${this.#height}px`;
    draw(this.#svg, this.#canvas, this.#spec, layout);
    this.#svg.append(this.#overlay);
    this.#overlay.replaceChildren();
    this.element.classList.toggle("zoomed", this.#view.x !== null || this.#view.y.some(Boolean));
  }

  #later(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.redraw();
    });
  }

  /** Within what there is, and not narrower than what can be told. */
  #moveTo([low, high]: Range): void {
    const layout = this.#layout;
    if (!layout) return;
    const [first, last] = layout.full;
    const least = (last - first) / 2000;
    const width = Math.max(high - low, least);
    if (width >= (last - first) * 0.999) {
      this.zoomTo(null);
      return;
    }
    const start = Math.min(Math.max(low, first), last - width);
    this.#view = { ...this.#view, x: [start, start + width] };
    this.options.onView?.(this.#view.x);
    this.#later();
  }

  #panelAt(py: number): number {
    const panels = this.#layout?.panels ?? [];
    const index = panels.findIndex((frame) => py <= frame.bottom + 7);
    return index < 0 ? panels.length - 1 : index;
  }

  #pixel(event: MouseEvent): [number, number] {
    const box = this.#svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #placeAt(px: number, py: number): Place | null {
    const layout = this.#layout;
    if (!layout || px < layout.left - 6 || px > layout.right + 6) return null;
    const panel = this.#panelAt(py);
    const frame = layout.panels[panel];
    if (!frame || py > (layout.panels.at(-1)?.bottom ?? 0) + 24) return null;
    const x = layout.x.invert(px);
    const hit = hitAt(this.#spec, layout, panel, px, py);
    const snap = this.options.snap !== false && this.#stops.length > 0;
    const snapped = hit && snap ? hit.x : snap ? nearest(this.#stops, x) : x;
    return { x, y: frame.y.invert(py), panel, snapped, hit };
  }

  #crosshair(layout: Layout, x: number, hit: Hit | null): void {
    const at = layout.x(x);
    const bottom = layout.panels.at(-1)?.bottom ?? 0;
    this.#overlay.replaceChildren();
    if (at < layout.left || at > layout.right) return;
    append(
      this.#overlay,
      svg("line", { class: "iw-c-cross", x1: at, x2: at, y1: layout.panels[0]?.top ?? 0, y2: bottom }),
    );
    const frame = hit && layout.panels[hit.panel];
    if (hit && frame)
      append(
        this.#overlay,
        svg("circle", { class: "iw-c-ring", cx: layout.x(hit.x), cy: frame.y(hit.y), r: 7 }),
      );
  }

  #show(place: Place | null, px: number, py: number): void {
    const layout = this.#layout;
    this.#overlay.replaceChildren();
    this.#tip.hidden = true;
    this.#svg.classList.toggle("hit", Boolean(place?.hit));
    if (!place || !layout) return;
    this.#crosshair(layout, place.snapped, place.hit);
    const lines = this.options.tooltip?.(place) ?? [];
    if (lines.length === 0) return;
    replace(this.#tip, ...lines.map((text, i) => h("div", { class: i === 0 ? "iw-b" : null }, text)));
    this.#tip.hidden = false;
    const [width, height] = [this.#tip.offsetWidth, this.#tip.offsetHeight];
    const left = px + 14 + width > this.#width ? px - 14 - width : px + 14;
    this.#tip.style.left = `${Math.max(0, left)}px`;
    this.#tip.style.top = `${Math.max(0, Math.min(py - height / 2, this.#height - height))}px`;
  }

  #listen(): void {
    const target = this.#svg;
    target.addEventListener(
      "wheel",
      (event) => {
        const layout = this.#layout;
        if (!layout || event.ctrlKey) return;
        // The page scrolls where there is nothing to widen
        if (event.deltaY > 0 && this.#view.x === null) return;
        event.preventDefault();
        const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
        const [a, b] = layout.x.domain;
        if (sideways) {
          const by = ((b - a) * event.deltaX) / (layout.right - layout.left);
          this.#moveTo([a + by, b + by]);
        } else this.zoomBy(1.0015 ** event.deltaY, layout.x.invert(this.#pixel(event)[0]));
      },
      { passive: false },
    );
    target.addEventListener("dblclick", () => {
      this.reset();
    });
    target.addEventListener("pointerdown", (event) => {
      const layout = this.#layout;
      if (event.button !== 0 || !layout) return;
      const [x, y] = this.#pixel(event);
      const box = this.#box || event.shiftKey || this.#view.x === null;
      this.#drag = { x, y, moved: false, box, from: layout.x.domain, panel: this.#panelAt(y) };
      target.setPointerCapture(event.pointerId);
    });
    target.addEventListener("pointermove", (event) => {
      const [x, y] = this.#pixel(event);
      if (this.#drag) {
        this.#dragTo(x, y);
        return;
      }
      const place = this.#placeAt(x, y);
      this.#show(place, x, y);
      this.options.onHover?.(place);
    });
    target.addEventListener("pointerup", (event) => {
      const drag = this.#drag;
      this.#drag = null;
      const [x, y] = this.#pixel(event);
      if (drag?.moved) {
        if (drag.box) this.#zoomToBox(drag, x, y);
        return;
      }
      const place = drag && this.#placeAt(x, y);
      if (place) this.#choose(place);
    });
    target.addEventListener("pointercancel", () => {
      this.#drag = null;
      this.#overlay.replaceChildren();
    });
    target.addEventListener("pointerleave", () => {
      if (this.#drag) return;
      this.#show(null, 0, 0);
      this.options.onHover?.(null);
    });
    target.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#press(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    target.addEventListener("blur", () => {
      this.#show(null, 0, 0);
    });
  }

  #choose(place: Place): void {
    if (place.hit && this.options.onPick) this.options.onPick(place.hit);
    else this.options.onClick?.(place);
  }

  #dragTo(x: number, y: number): void {
    const [drag, layout] = [this.#drag, this.#layout];
    if (!drag || !layout) return;
    drag.moved ||= Math.hypot(x - drag.x, y - drag.y) >= CLICK;
    if (!drag.moved) return;
    this.#tip.hidden = true;
    if (drag.box) {
      replaceBox(this.#overlay, drag, x, y);
      return;
    }
    const [a, b] = drag.from;
    const by = ((drag.x - x) / (layout.right - layout.left)) * (b - a);
    this.#moveTo([a + by, b + by]);
  }

  #zoomToBox(drag: { x: number; y: number; panel: number }, x: number, y: number): void {
    const layout = this.#layout;
    const frame = layout?.panels[drag.panel];
    this.#overlay.replaceChildren();
    if (!layout || !frame || Math.abs(x - drag.x) < 6) return;
    const ends = [drag.x, x].map((px) => layout.x.invert(Math.min(Math.max(px, layout.left), layout.right)));
    const [low = 0, high = 1] = ends.sort((p, q) => p - q);
    const views = this.#spec.panels.map((_, i) => this.#view.y[i] ?? null);
    // A flat box is meant along x only
    if (Math.abs(y - drag.y) > 12) {
      const values = [drag.y, y].map((py) => frame.y.invert(Math.min(Math.max(py, frame.top), frame.bottom)));
      const [bottom = 0, top = 1] = values.sort((p, q) => p - q);
      views[drag.panel] = [bottom, top];
    }
    this.zoomTo([low, high], views);
  }

  #pickable(): { panel: number; mark: PointsMark }[] {
    return this.#spec.panels.flatMap((panel, index) =>
      panel.marks.flatMap((mark) =>
        mark.kind === "points" && mark.pick !== false && mark.x.length > 0 ? [{ panel: index, mark }] : [],
      ),
    );
  }

  #press(event: KeyboardEvent): boolean {
    const layout = this.#layout;
    if (!layout) return false;
    const [a, b] = layout.x.domain;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way !== undefined && event.shiftKey) this.#moveTo([a + way * 0.1 * (b - a), b + way * 0.1 * (b - a)]);
    else if (way !== undefined) this.#step(way);
    else if (event.key === "ArrowUp") this.#switch(-1);
    else if (event.key === "ArrowDown") this.#switch(1);
    else if (event.key === "Home") this.#step(-Infinity);
    else if (event.key === "End") this.#step(Infinity);
    else if (event.key === "+" || event.key === "=") this.zoomBy(0.7, this.#keyHit()?.x);
    else if (event.key === "-") this.zoomBy(1 / 0.7, this.#keyHit()?.x);
    else if (event.key === "0") this.reset();
    else if (event.key === "Enter" || event.key === " ") {
      const hit = this.#keyHit();
      if (!hit) return false;
      if (event.key === "Enter") this.options.onPick?.(hit);
      else this.options.onClick?.({ x: hit.x, y: hit.y, panel: hit.panel, snapped: hit.x, hit });
    } else return false;
    return true;
  }

  #keyHit(): Hit | null {
    const key = this.#key;
    const found = key && this.#pickable()[key.mark];
    if (!key || !found) return null;
    const { panel, mark } = found;
    return {
      panel,
      mark: mark.id,
      index: key.index,
      x: mark.x[key.index] ?? NaN,
      y: mark.y[key.index] ?? NaN,
    };
  }

  #step(by: number): void {
    const marks = this.#pickable();
    const key = this.#key ?? { mark: 0, index: by > 0 ? -1 : 0 };
    const mark = marks[Math.min(key.mark, marks.length - 1)]?.mark;
    if (!mark) return;
    const last = mark.x.length - 1;
    let index = Math.min(Math.max(key.index + by, 0), last);
    const way = by < 0 ? -1 : 1;
    while (Number.isNaN(mark.y[index] ?? NaN) && index + way >= 0 && index + way <= last) index += way;
    this.#key = { mark: Math.min(key.mark, marks.length - 1), index };
    this.#tell();
  }

  #switch(by: number): void {
    const marks = this.#pickable();
    if (marks.length === 0) return;
    const before = this.#keyHit();
    const mark = ((this.#key?.mark ?? 0) + by + marks.length) % marks.length;
    const xs = Array.from(marks[mark]?.mark.x ?? []);
    const index = before
      ? Math.max(
          0,
          xs.indexOf(
            nearest(
              [...xs].sort((p, q) => p - q),
              before.x,
            ),
          ),
        )
      : 0;
    this.#key = { mark, index };
    this.#tell();
  }

  /** Shows and says where the keyboard is. */
  #tell(): void {
    const hit = this.#keyHit();
    const layout = this.#layout;
    if (!hit || !layout) return;
    if (hit.x < layout.x.domain[0] || hit.x > layout.x.domain[1]) {
      const half = (layout.x.domain[1] - layout.x.domain[0]) / 2;
      this.#moveTo([hit.x - half, hit.x + half]);
      cancelAnimationFrame(this.#frame);
      this.redraw();
    }
    const now = this.#layout ?? layout;
    const place: Place = { x: hit.x, y: hit.y, panel: hit.panel, snapped: hit.x, hit };
    this.#show(place, now.x(hit.x), now.panels[hit.panel]?.y(hit.y) ?? 0);
    this.options.onHover?.(place);
    const mark = this.#pickable()[this.#key?.mark ?? 0]?.mark;
    const where = this.#spec.x.kind === "time" ? isoDay(hit.x) : formatValue(hit.x, Math.abs(hit.x) / 1000);
    const lines = this.options.tooltip?.(place);
    const open = mark?.open?.[hit.index] ? ", excluded" : "";
    this.options.say?.(
      lines?.join(", ") ?? `${mark?.name ?? ""}, ${where}, ${formatValue(hit.y, 0.1)}${open}`,
    );
  }
}

function replaceBox(overlay: SVGElement, drag: { x: number; y: number }, x: number, y: number): void {
  overlay.replaceChildren(
    svg("rect", {
      class: "iw-c-box",
      x: Math.min(drag.x, x),
      y: Math.min(drag.y, y),
      width: Math.abs(x - drag.x),
      height: Math.abs(y - drag.y),
    }),
  );
}
