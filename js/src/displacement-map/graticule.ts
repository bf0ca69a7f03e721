// Longitude and latitude along the edges of the map, and lines across it if wanted.

import { h, svg } from "../lib/dom";
import { formatValue } from "../lib/number";
import type { Context } from "./api";

const TICK = 6;
const ROOM = { x: 62, y: 18 }; // of a label, in pixels
const COVERS = ".dm-box, .dm-ref span, .iw-gnss-legend";
const STEPS = [
  30, 20, 10, 5, 2, 1, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002,
];

export interface Tick {
  value: number;
  at: number;
}

/** Round degrees between two ends, as many as leave `room` pixels between them. */
export function degreeSteps(low: number, high: number, pixels: number, room: number): [number, number[]] {
  const least = ((high - low) / Math.max(pixels, 1)) * room;
  const step = STEPS.findLast((one) => one >= least) ?? STEPS[0] ?? 30;
  const found: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9; n++) found.push(n * step);
  return [step, found];
}

export interface Graticule {
  readonly element: HTMLElement;
  lines(on: boolean): void;
  /** Labels make room for these as they come and go. */
  avoid(boxes: readonly Element[]): void;
  /** Draws it as it is seen, for a picture. */
  drawTo(canvas: CanvasRenderingContext2D): void;
}

export function graticule(context: Context): Graticule {
  const { map } = context.shown;
  const container = map.getContainer();
  const plot = svg("svg", { "aria-hidden": "true" });
  const element = h("div", { class: "dm-graticule" }, plot);
  let full = false;

  function marks(): { x: Tick[]; y: Tick[]; step: [number, number] } {
    const { x: width, y: height } = map.getSize();
    const bounds = map.getBounds();
    const [stepX, lons] = degreeSteps(bounds.getWest(), bounds.getEast(), width, 120);
    const [stepY, lats] = degreeSteps(bounds.getSouth(), bounds.getNorth(), height, 90);
    const centre = map.getCenter();
    return {
      x: lons.map((value) => ({ value, at: map.latLngToContainerPoint([centre.lat, value]).x })),
      y: lats.map((value) => ({ value, at: map.latLngToContainerPoint([value, centre.lng]).y })),
      step: [stepX, stepY],
    };
  }

  /** Places that something over the map covers, in its pixels. */
  function covered(): DOMRect[] {
    const own = container.getBoundingClientRect();
    return [...container.querySelectorAll(COVERS)].flatMap((box) => {
      const { left, top, width, height } = box.getBoundingClientRect();
      return width ? [new DOMRect(left - own.left - 4, top - own.top - 2, width + 8, height + 4)] : [];
    });
  }

  function label(text: string, x: number, y: number, anchor: string): SVGElement {
    return svg("text", { x, y, "text-anchor": anchor }, text);
  }

  function draw(): void {
    const { x: width, y: height } = map.getSize();
    if (width === 0 || height === 0) return;
    const { x: lons, y: lats, step } = marks();
    const boxes = covered();
    const free = (x: number, y: number, w: number, h: number): boolean =>
      boxes.every((b) => x > b.right || x + w < b.left || y > b.bottom || y + h < b.top);
    const lonText = (v: number): string => `${formatValue(((v + 540) % 360) - 180, step[0])}°`;
    const parts: SVGElement[] = [];
    const named: DOMRect[] = [];
    if (full) {
      const path = [
        ...lons.map(({ at }) => `M${at} 0V${height}`),
        ...lats.map(({ at }) => `M0 ${at}H${width}`),
      ].join("");
      parts.push(svg("path", { class: "line", d: path }));
    }
    const ticks = [
      ...lons.map(({ at }) => `M${at} 0v${TICK}M${at} ${height}v${-TICK}`),
      ...lats.map(({ at }) => `M0 ${at}h${TICK}M${width} ${at}h${-TICK}`),
    ].join("");
    parts.push(svg("path", { class: "halo", d: ticks }), svg("path", { class: "tick", d: ticks }));
    for (const { value, at } of lons) {
      const left = at - ROOM.x / 2;
      if (left < 0 || left + ROOM.x > width) continue;
      const top = [0, height - ROOM.y].find((y) => free(left, y, ROOM.x, ROOM.y));
      if (top === undefined) continue;
      parts.push(label(lonText(value), at, top === 0 ? TICK + 11 : height - TICK - 4, "middle"));
      named.push(new DOMRect(left, top, ROOM.x, ROOM.y));
    }
    boxes.push(...named); // those of the other direction keep clear of them
    for (const { value, at } of lats) {
      if (at < ROOM.y || at > height - ROOM.y) continue;
      const text = `${formatValue(value, step[1])}°`;
      if (free(width - ROOM.x, at - 9, ROOM.x, ROOM.y))
        parts.push(label(text, width - TICK - 3, at + 4, "end"));
      else if (free(0, at - 9, ROOM.x, ROOM.y)) parts.push(label(text, TICK + 3, at + 4, "start"));
    }
    plot.setAttribute("width", String(width));
    plot.setAttribute("height", String(height));
    plot.replaceChildren(...parts);
  }

  map.on("move zoom moveend zoomend resize viewreset", draw);
  context.watch(["_about", "aoi", "reference_point"], () => requestAnimationFrame(draw));
  context.watchRaster(["name", "display_units"], () => requestAnimationFrame(draw));
  context.signal.addEventListener("abort", () => {
    map.off("move zoom moveend zoomend resize viewreset", draw);
  });
  const observer = new ResizeObserver(draw);
  for (const corner of container.querySelectorAll(".leaflet-bottom")) observer.observe(corner); // legends come and go
  context.signal.addEventListener("abort", () => {
    observer.disconnect();
  });
  return {
    element,
    avoid(boxes) {
      for (const box of boxes) observer.observe(box);
    },
    lines(on) {
      full = on;
      draw();
    },
    drawTo(canvas) {
      const { x: width, y: height } = map.getSize();
      const { x: lons, y: lats, step } = marks();
      canvas.save();
      canvas.font = "11px Helvetica, Arial, sans-serif";
      canvas.fillStyle = "#111";
      const stroke = (draw: () => void, colour: string, thick: number): void => {
        canvas.strokeStyle = colour;
        canvas.lineWidth = thick;
        canvas.beginPath();
        draw();
        canvas.stroke();
      };
      const lines = (): void => {
        const far = full ? Infinity : TICK;
        for (const { at } of lons) {
          canvas.moveTo(at, 0);
          canvas.lineTo(at, Math.min(far, height));
          canvas.moveTo(at, height);
          canvas.lineTo(at, height - Math.min(far, height));
        }
        for (const { at } of lats) {
          canvas.moveTo(0, at);
          canvas.lineTo(Math.min(far, width), at);
          canvas.moveTo(width, at);
          canvas.lineTo(width - Math.min(far, width), at);
        }
      };
      if (!full) stroke(lines, "#fff", 3);
      stroke(lines, full ? "rgb(0 0 0 / 45%)" : "#111", full ? 0.6 : 1);
      const say = (text: string, x: number, y: number): void => {
        canvas.lineWidth = 3;
        canvas.strokeStyle = "#fff";
        canvas.strokeText(text, x, y);
        canvas.fillText(text, x, y);
      };
      canvas.textAlign = "center";
      for (const { value, at } of lons)
        if (at > 30 && at < width - 30) say(`${formatValue(((value + 540) % 360) - 180, step[0])}°`, at, 17);
      canvas.textAlign = "right";
      for (const { value, at } of lats)
        if (at > 30 && at < height - 10) say(`${formatValue(value, step[1])}°`, width - 9, at + 4);
      canvas.restore();
    },
  };
}
