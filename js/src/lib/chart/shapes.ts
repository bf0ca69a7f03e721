// How series are told apart without their colours: dashes of lines, and symbols, which are paths of about equal area
// around the point they follow, in relative steps: a transform for each would give the browser as many layers to look
// at in every frame.

import { svg } from "../dom";
import type { Shape } from "./types";

export const SHAPES: readonly Shape[] = ["circle", "square", "diamond", "triangle", "star", "plus"];

function polygon(corners: readonly (readonly [number, number])[]): string {
  let [fromX, fromY] = [0, 0];
  const steps = corners.map(([x, y]) => {
    const step = `${(x - fromX).toFixed(2)},${(y - fromY).toFixed(2)}`;
    [fromX, fromY] = [x, y];
    return step;
  });
  return `m${steps.join("l")}z`;
}

function star(r: number): string {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 1.5 * r : 0.65 * r;
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle)] as const;
  });
  return polygon(corners);
}

/**
 * Follows `M` and a place; alone it is around 0, 0.
 *
 * @param r radius of the circle of the same weight
 */
export function shapePath(shape: Shape, r: number): string {
  const s = r * 0.9;
  const d = r * 1.3;
  const t = r * 1.3;
  const p = r * 0.45;
  const q = r * 1.25;
  switch (shape) {
    case "square":
      return polygon([
        [-s, -s],
        [s, -s],
        [s, s],
        [-s, s],
      ]);
    case "diamond":
      return polygon([
        [0, -d],
        [d, 0],
        [0, d],
        [-d, 0],
      ]);
    case "triangle":
      return polygon([
        [0, -t],
        [t, t * 0.85],
        [-t, t * 0.85],
      ]);
    case "star":
      return star(r);
    case "plus":
      return polygon([
        [-p, -q],
        [p, -q],
        [p, -p],
        [q, -p],
        [q, p],
        [p, p],
        [p, q],
        [-p, q],
        [-p, p],
        [-q, p],
        [-q, -p],
        [-p, -p],
      ]);
    case "circle":
      return `m${-r},0a${r},${r} 0 1 1 ${2 * r},0a${r},${r} 0 1 1 ${-2 * r},0z`;
  }
}

const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

/** How the n-th line is dashed, so that lines are told apart without their colours; the first is solid. */
export function dashOf(n: number): string {
  return DASHES[n % DASHES.length] ?? "";
}

/** A short piece of a line, for legends; `place` within a drawing. */
export function swatch(
  color: string,
  dash: string,
  place: { readonly x?: number; readonly y?: number } = {},
): SVGElement {
  const line = svg("line", { x1: 0, y1: 3, x2: 24, y2: 3, style: `stroke:${color};stroke-width:2` });
  if (dash) line.setAttribute("stroke-dasharray", dash);
  return svg("svg", { width: 24, height: 6, "aria-hidden": "true", ...place }, line);
}
