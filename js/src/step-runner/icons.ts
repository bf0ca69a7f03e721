// The shapes of the eight states, and what else only this widget shows.

import { svg } from "../lib/dom";
import { icon } from "../lib/icons";
import type { StepState } from "./api";

const OUTLINES = {
  off: "M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4zM5.2 8h5.6",
  cancelled: "M3.4 3.4h9.2v9.2H3.4z",
  interrupted: "M9.2 1.8 3.8 9h3.6l-.8 5.2L12.2 7H8.4z",
  play: "M5 3.2v9.6L12.6 8z",
  stop: "M8 2.1a5.9 5.9 0 1 0 0 11.8A5.9 5.9 0 0 0 8 2.1zM6.2 6.2h3.6v3.6H6.2z",
  dots: "M3.4 8h.02M8 8h.02M12.6 8h.02",
  lock: "M3.6 7h8.8v6.4H3.6zM5.4 7V5.3a2.6 2.6 0 0 1 5.2 0V7",
  end: "M8 2.4v7.4M4.9 6.9 8 10l3.1-3.1M3.4 13.2h9.2",
  memory: "M3 4.5h10v7H3zM5 11.5v2M8 11.5v2M11 11.5v2M5.6 7.2v1.6M8 7.2v1.6M10.4 7.2v1.6",
} as const;

export type RunIcon = keyof typeof OUTLINES;

export function runIcon(name: RunIcon, className = ""): SVGSVGElement {
  const solid = name === "play" || name === "interrupted";
  return svg(
    "svg",
    { class: `iw-icon ${className}`.trim(), viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    svg("path", {
      d: OUTLINES[name],
      fill: solid ? "currentColor" : null,
      "stroke-width": name === "dots" ? 2.6 : null,
    }),
  );
}

/** A ring that fills; turning while nobody knows how far it is. */
export function ring(fraction: number | null, className = ""): SVGSVGElement {
  const around = 2 * Math.PI * 6;
  return svg(
    "svg",
    {
      class: `iw-icon rn-ring ${fraction === null ? "iw-spin" : ""} ${className}`.trim(),
      viewBox: "0 0 16 16",
      "aria-hidden": "true",
      focusable: "false",
    },
    svg("circle", { class: "rest", cx: 8, cy: 8, r: 6 }),
    svg("circle", {
      class: "part",
      cx: 8,
      cy: 8,
      r: 6,
      transform: "rotate(-90 8 8)",
      "stroke-dasharray": `${(fraction ?? 0.3) * around} ${around}`,
    }),
  );
}

export function stateIcon(state: StepState, fraction: number | null, className = ""): SVGSVGElement {
  switch (state) {
    case "completed":
      return icon("done", `done ${className}`);
    case "running":
      return ring(fraction, className);
    case "failed":
      return icon("error", `error ${className}`);
    case "stale":
      return icon("stale", `warning ${className}`);
    case "pending":
      return icon("pending", `rn-idle ${className}`);
    default:
      return runIcon(state, `${state === "off" ? "rn-idle" : "warning"} ${className}`);
  }
}
