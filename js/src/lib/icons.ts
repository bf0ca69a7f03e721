// Our own 16 x 16 line icons; states have a shape of their own besides their colour.

import { svg } from "./dom";

const OUTLINES = {
  folder: "M2 12.7V3.6h4.1l1.5 1.7H14v7.4z",
  zip: "M3.5 2h6l3 3v9h-9zM6 2v6.2M8 4.2v6.2M6 10.4h2v2H6z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  up: "M8 13V3.5M4 7.4l4-4 4 4",
  down: "M4.2 6.3 8 10l3.8-3.7",
  right: "M6.3 4.2 10 8l-3.7 3.8",
  plus: "M8 3.2v9.6M3.2 8h9.6",
  minus: "M3.2 8h9.6",
  fit: "M2.5 5.6V2.5h3.1M10.4 2.5h3.1v3.1M13.5 10.4v3.1h-3.1M5.6 13.5H2.5v-3.1M5.6 6.1h4.8v3.8H5.6z",
  area: "M2.8 5.1 9 2.6l4.3 5.1-2.7 5.5-6.7-1.1z",
  box: "M2.2 3.6h11.6v8.8H2.2zM8 5.9v4.2M5.9 8h4.2",
  download: "M8 2.5v7.3M4.6 6.6 8 10l3.4-3.4M2.8 13.2h10.4",
  code: "M5.6 4.4 2 8l3.6 3.6M10.4 4.4 14 8l-3.6 3.6",
  text: "M2.5 4h11M2.5 8h11M2.5 12h6.5",
  check: "M3.4 8.6l3 3 6.2-7",
  close: "M4 4l8 8M12 4l-8 8",
  undo: "M5.7 3 3 5.7l2.7 2.7M3.2 5.7h6a3.4 3.4 0 0 1 0 6.8H6.2",
  copy: "M5.6 5.6h7.8v7.8H5.6zM10.4 2.6H3.6a1 1 0 0 0-1 1v6.8",
  filter: "M2.4 3.2h11.2L9.4 8.4v4.9l-2.8-1.6V8.4z",
  retry: "M13.2 8a5.2 5.2 0 1 1-1.6-3.8M13.4 1.9V5h-3.1",
  warning: "M8 2.2l6.3 11H1.7zM8 6.4v3.2M8 11.4v.2",
  info: "M8 2.1a5.9 5.9 0 1 0 0 11.8A5.9 5.9 0 0 0 8 2.1zM8 7.3v3.6M8 5v.2",
  pending: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
  running: "M8 2.4a5.6 5.6 0 0 1 4.5 8.9",
  search: "M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8zM10.2 10.2l3.4 3.4",
  calendar: "M2.6 3.6h10.8v9.8H2.6zM2.6 6.6h10.8M5.4 2v3M10.6 2v3",
  pin: "M8 14c2.9-3.3 4.4-5.6 4.4-7.5a4.4 4.4 0 0 0-8.8 0C3.6 8.4 5.1 10.7 8 14zM8 5.2v2.6M6.7 6.5h2.6",
  stale: "M2.6 5.2V2.4M2.6 5.2h2.8M2.9 5A5.7 5.7 0 1 1 2.3 8M8 5v3.2l2 1.3",
  help: "M8 2.1a5.9 5.9 0 1 0 0 11.8A5.9 5.9 0 0 0 8 2.1zM6.3 6.4a1.8 1.8 0 1 1 2.6 1.7c-.6.3-.9.6-.9 1.2M8 11.1v.2",
  key: "M10.6 2.6a2.9 2.9 0 1 0 0 5.8 2.9 2.9 0 0 0 0-5.8zM8.5 7.5 2.8 13.2M4.7 11.3l2 2",
  swap: "M3 5.2h9.5M9.8 2.5l2.7 2.7-2.7 2.7M13 10.8H3.5M6.2 8.1l-2.7 2.7 2.7 2.7",
  link: "M9 2.8h4.2V7M13 3 7.4 8.6M11.4 9.4v3.8H2.8V4.6h3.8",
} as const;

const SOLID = {
  error: {
    ground: "M5.4 1.9h5.2l3.5 3.5v5.2l-3.5 3.5H5.4l-3.5-3.5V5.4z",
    mark: "M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  },
  done: { ground: "M8 1.7a6.3 6.3 0 1 0 0 12.6A6.3 6.3 0 0 0 8 1.7z", mark: "M5 8.3l2.1 2.1L11 6" },
} as const;

export type IconName = keyof typeof OUTLINES | keyof typeof SOLID;

/** An icon that is decoration: the word beside it says the same. */
export function icon(name: IconName, className = ""): SVGSVGElement {
  const shapes =
    name === "error" || name === "done"
      ? [
          svg("path", { d: SOLID[name].ground, fill: "currentColor", stroke: "none" }),
          svg("path", { d: SOLID[name].mark, style: "stroke:var(--iw-bg)", "stroke-width": 1.7 }),
        ]
      : [svg("path", { d: OUTLINES[name], "stroke-dasharray": name === "pending" ? "2.1 2.2" : null })];
  return svg(
    "svg",
    { class: `iw-icon ${className}`.trim(), viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    ...shapes,
  );
}
