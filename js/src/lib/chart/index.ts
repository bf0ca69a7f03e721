// Charts for all inspectors: one x axis (time true to scale, or a number), one or more panels above one another.
//
//   const chart = new Chart({ height: 260, tooltip, onHover, onPick, onClick, say: live.say.bind(live) });
//   host.append(chart.element);                    // takes the width of its host
//   chart.set({                                    // as often as you like; the zoom stays
//     title: "LOS displacement of 3 points",
//     x: { kind: "time" },                         // or { kind: "linear", label: "Distance (km)" }
//     cursor: { x: timeOf("20210822"), label: "2021-08-22" },
//     panels: [
//       { label: "LOS displacement (mm)", marks: [
//         { kind: "band", id: "b", color, x, low, high },            // fit band, swath
//         { kind: "line", id: "l", color, x, y },                    // NaN is a gap
//         { kind: "points", id: "p", name: "Point 1", color, shape: "square", x, y, error, open },
//         { kind: "segments", id: "s", name: "Pairs", color, x1, y1, x2, y2, colors, dashes },
//         { kind: "hatch", id: "h", color, ranges: [[0, 1200]] },    // no data
//         { kind: "rules", id: "e", color, rules: [{ x, label }] },  // events
//       ] },
//       { label: "Elev. (m)", height: 60, marks: [...] },
//     ],
//   });
//   chart.pointAt(x | null)   a crosshair that somebody else moves (hover on the map)
//   chart.zoomTo([a, b] | null), chart.zoomBy(0.7), chart.reset(), chart.boxMode, chart.destroy()
//   chartSvg(chart, { title, notes, legend }) -> text, chartPng(...) -> Promise<Blob>, download(name, content)
//
// Marks are drawn in their order. Wheel zooms x, dragging pans (draws a box when all is shown, or with shift),
// double-click resets. `onPick` gets the point or segment clicked (or Enter), `onClick` any other place (or Space).
// With thousands of points symbols go on a canvas; the SVG file always holds them all.

import "./chart.css";

export { Chart } from "./chart";
export { chartPng, chartSvg, download, type PictureNotes } from "./export";
export { isoDay, timeTicks, valueTicks } from "./scales";
export { dashOf, SHAPES, shapePath, swatch } from "./shapes";
export type * from "./types";
