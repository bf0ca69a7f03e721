// Symbols, as paths around 0, 0 of about equal area.

import type { Shape } from "./types";

export const SHAPES: readonly Shape[] = ["circle", "square", "diamond", "triangle", "star", "plus"];

function polygon(corners: readonly (readonly [number, number])[]): string {
  return `M${corners.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join("L")}Z`;
}

function star(r: number): string {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const radius = i % 2 === 0 ? 1.5 * r : 0.65 * r;
    const angle = (i * Math.PI) / 5 - Math.PI / 2;
    return [radius * Math.cos(angle), radius * Math.sin(angle)] as const;
  });
  return polygon(corners);
}

/** @param r radius of the circle of the same weight */
export function shapePath(shape: Shape, r: number): string {
  const s = r * 0.9;
  const d = r * 1.3;
  const t = r * 1.3;
  const p = r * 0.45;
  const q = r * 1.25;
  switch (shape) {
    case "square":
      return `M${-s},${-s}H${s}V${s}H${-s}Z`;
    case "diamond":
      return `M0,${-d}L${d},0L0,${d}L${-d},0Z`;
    case "triangle":
      return `M0,${-t}L${t},${t * 0.85}L${-t},${t * 0.85}Z`;
    case "star":
      return star(r);
    case "plus":
      return `M${-p},${-q}H${p}V${-p}H${q}V${p}H${p}V${q}H${-p}V${p}H${-q}V${-p}H${-p}Z`;
    case "circle":
      return `M${-r},0A${r},${r} 0 1 1 ${r},0A${r},${r} 0 1 1 ${-r},0Z`;
  }
}
