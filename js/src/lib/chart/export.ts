// A chart as a picture of its own: light colours, nothing of the page needed to show it.

import { h, svg } from "../dom";
import type { Chart } from "./chart";
import { draw, layOut } from "./draw";
import { swatch } from "./shapes";

const KEEP = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
  "opacity", "font-family", "font-size", "font-weight", "paint-order", "shape-rendering",
] as const; // prettier-ignore

/** Attributes that the style sheet would have given. */
function inlined(element: Element): void {
  const computed = getComputedStyle(element);
  const style = KEEP.map((name) => [name, computed.getPropertyValue(name)] as const).filter(
    ([, value]) => value !== "",
  );
  element.removeAttribute("style");
  for (const [name, value] of style) {
    // References to patterns become absolute in computed styles
    element.setAttribute(name, value.replace(/url\(["']?[^#)]*#([^"')]+)["']?\)/, "url(#$1)"));
  }
  element.removeAttribute("class");
  for (const child of element.children) inlined(child);
}

export interface PictureNotes {
  /** Above the chart. */
  readonly title?: string;
  /** Below it, one line each: unit, reference, source. */
  readonly notes?: readonly string[];
  /** Legend: a colour and a name each, and for lines how they are dashed. */
  readonly legend?: readonly { readonly color: string; readonly name: string; readonly dash?: string }[];
}

/** The chart as it is zoomed now, as the text of an SVG file. */
export function chartSvg(chart: Chart, { title = "", notes = [], legend = [] }: PictureNotes = {}): string {
  const [width, height] = chart.size;
  const head = (title ? 24 : 6) + (legend.length > 0 ? 20 : 0);
  const total = head + height + notes.length * 15 + 10;
  const inner = svg("svg", { class: "iw-chart iw-c", width, height, y: head });
  const root = svg(
    "svg",
    { class: "iw-chart iw-c", width, height: total, viewBox: `0 0 ${width} ${total}` },
    svg("rect", { width, height: total, style: "fill:var(--iw-bg)" }),
    title ? svg("text", { class: "iw-c-title", x: 12, y: 18 }, title) : null,
    inner,
    ...notes.map((note, i) => svg("text", { x: 12, y: head + height + 14 + i * 15 }, note)),
  );
  let x = 12;
  for (const entry of legend) {
    const y = head - 10;
    const line = entry.dash !== undefined;
    const wide = line ? 24 : 10;
    root.append(
      line
        ? swatch(entry.color, entry.dash ?? "", { x, y: y - 3 })
        : svg("rect", { x, y: y - 5, width: wide, height: 10, style: `fill:${entry.color}` }),
      svg("text", { x: x + wide + 5, y: y + 4 }, entry.name),
    );
    x += wide + 20 + entry.name.length * 6.2;
  }
  const paper = h("div", { class: "iw iw-paper", "aria-hidden": "true" }, root);
  chart.element.closest(".iw")?.after(paper);
  draw(inner, null, chart.spec, layOut(chart.spec, chart.view, width, height));
  inlined(root);
  paper.remove();
  root.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(root);
}

/** The same as pixels, `scale` for each pixel of the screen. */
export async function chartPng(chart: Chart, notes: PictureNotes = {}, scale = 2): Promise<Blob> {
  const text = chartSvg(chart, notes);
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = h("canvas", { width: image.width * scale, height: image.height * scale });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => {
        if (blob) resolve(blob);
        else reject(new Error("The browser made no picture of the chart; try SVG."));
      }, "image/png");
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Hands a file to the user. */
export function download(name: string, content: Blob | string, type = "text/plain"): void {
  const blob = typeof content === "string" ? new Blob([content], { type: `${type};charset=utf-8` }) : content;
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
