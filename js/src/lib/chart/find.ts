// What lies under the pointer.

import type { Layout } from "./draw";
import type { ChartSpec, Hit } from "./types";

const NEAR_POINT = 9;
const NEAR_LINE = 5;

function toSegment(px: number, py: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((px - x1) * dx + (py - y1) * dy) / length));
  return Math.hypot(px - x1 - t * dx, py - y1 - t * dy);
}

/** The nearest point, else the nearest segment, within some pixels; marks drawn later win. */
export function hitAt(spec: ChartSpec, layout: Layout, panel: number, px: number, py: number): Hit | null {
  const frame = layout.panels[panel];
  if (!frame) return null;
  let best: Hit | null = null;
  let least = NEAR_POINT;
  const marks = spec.panels[panel]?.marks ?? [];
  for (const mark of marks) {
    if (mark.kind !== "points" || mark.pick === false) continue;
    for (let index = 0; index < mark.x.length; index += 1) {
      const [x, y] = [mark.x[index] ?? NaN, mark.y[index] ?? NaN];
      const distance = Math.hypot(layout.x(x) - px, frame.y(y) - py);
      if (distance > least) continue;
      if (Number.isNaN(distance)) continue;
      least = distance;
      best = { panel, mark: mark.id, index, x, y };
    }
  }
  if (best) return best;
  least = NEAR_LINE;
  for (const mark of marks) {
    if (mark.kind !== "segments" || mark.pick === false) continue;
    for (let index = 0; index < mark.x1.length; index += 1) {
      const [x1, y1] = [mark.x1[index] ?? NaN, mark.y1[index] ?? NaN];
      const [x2, y2] = [mark.x2[index] ?? NaN, mark.y2[index] ?? NaN];
      const distance = toSegment(px, py, layout.x(x1), frame.y(y1), layout.x(x2), frame.y(y2));
      if (!(distance <= least)) continue;
      least = distance;
      best = { panel, mark: mark.id, index, x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
    }
  }
  return best;
}

/** All x of points that can be picked, increasing and each once. */
export function stops(spec: ChartSpec): number[] {
  const all = new Set<number>();
  for (const panel of spec.panels)
    for (const mark of panel.marks) {
      if (mark.kind !== "points" || mark.pick === false) continue;
      for (const x of Array.from(mark.x)) if (Number.isFinite(x)) all.add(x);
    }
  return [...all].sort((a, b) => a - b);
}

export function nearest(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  const [a, b] = [sorted[low], sorted[high]];
  if (a === undefined || b === undefined) return value;
  return Math.abs(a - value) <= Math.abs(b - value) ? a : b;
}
