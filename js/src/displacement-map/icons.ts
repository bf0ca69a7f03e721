// Icons of the map's tools, 16 x 16.

import { svg } from "../lib/dom";

const SHAPES = {
  point: ["M8 4.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8zM8 1.6v3M8 11.4v3M1.6 8h3M11.4 8h3", ""],
  line: [
    "M4 11.3 12 4.7M2.9 10.8a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM13.1 2.2a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
    "",
  ],
  swipe: ["M2 3h12v10H2zM8 1.4v13.2", "M8 3h6v10H8z"],
  camera: ["M2 4.4h12V13H2zM8 6.2a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8zM5.6 4.2l1-1.6h2.8l1 1.6", ""],
  full: ["M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10", ""],
  layers: ["M8 2.4l6 3-6 3-6-3zM2 8.4l6 3 6-3M2 11.2l6 3 6-3", ""],
  play: ["", "M5 3.2v9.6l7.6-4.8z"],
  pause: ["", "M4.4 3.2h2.6v9.6H4.4zM9 3.2h2.6v9.6H9z"],
  previous: ["", "M10.6 3.8 5.4 8l5.2 4.2z"],
  next: ["", "M5.4 3.8 10.6 8l-5.2 4.2z"],
  flip: ["M2.5 5.6h10.6M10.6 3l2.6 2.6-2.6 2.6M13.5 10.9H2.9M5.4 8.3l-2.6 2.6 2.6 2.6", ""],
} as const;

export function mapIcon(name: keyof typeof SHAPES): SVGSVGElement {
  const [outline, solid] = SHAPES[name];
  return svg(
    "svg",
    { class: "iw-icon", viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    solid
      ? svg("path", { d: solid, fill: "currentColor", stroke: "none", opacity: outline ? 0.3 : 1 })
      : null,
    outline ? svg("path", { d: outline }) : null,
  );
}
