// A picture of the view with its colour bar and caption, made in the browser.

import { colormapPixels } from "../lib/colormaps";
import { colourOf } from "../lib/colour";
import { formatValue, shownUnit } from "../lib/number";
import type { Context } from "./api";
import type { Ground } from "./basemap";
import type { Clip } from "./clip";
import { isSigned } from "./colour-bar";
import type { ScaleBar } from "./overlays";
import type { Graticule } from "./graticule";
import { pointShape } from "./shapes";
import { provenance, rangeOf, ticks } from "./words";

const SCALE = 2;
const FONT = "Helvetica, Arial, sans-serif";

function clipped(canvas: CanvasRenderingContext2D, shape: [number, number][] | null, draw: () => void): void {
  canvas.save();
  if (shape) {
    canvas.beginPath();
    shape.forEach(([x, y]) => {
      canvas.lineTo(x, y);
    });
    canvas.closePath();
    canvas.clip();
  }
  draw();
  canvas.restore();
}

function lines(canvas: CanvasRenderingContext2D, text: string, width: number): string[] {
  const found: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line && canvas.measureText(`${line} ${word}`).width > width) {
      found.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...found, line];
}

/** What a GnssLayer has drawn on the map. */
function stations(c: CanvasRenderingContext2D, container: HTMLElement): void {
  const ground = container.getBoundingClientRect();
  for (const marks of container.querySelectorAll<HTMLCanvasElement>(".iw-gnss-canvas")) {
    const { left, top, width, height } = marks.getBoundingClientRect();
    if (marks.width > 0) c.drawImage(marks, left - ground.left, top - ground.top, width, height);
  }
}

export interface PictureParts {
  readonly ground: Ground;
  readonly cut: Clip;
  readonly scale: ScaleBar;
  readonly graticule: Graticule;
}

export function drawPicture(
  context: Context,
  { ground, cut, scale, graticule }: PictureParts,
): HTMLCanvasElement {
  const { map } = context.shown;
  const { model, raster } = context;
  const { x: width, y: height } = map.getSize();
  const canvas = document.createElement("canvas");
  const measure = canvas.getContext("2d");
  if (!measure) throw new Error("The browser refuses to make a picture. Free some memory and try again.");
  measure.font = `11px ${FONT}`;
  const [file, words] = provenance(context);
  const caption = lines(measure, `${file}. ${words}. ${ground.credit()}`, width - 24);
  const below = 74 + caption.length * 15;
  canvas.width = width * SCALE;
  canvas.height = (height + below) * SCALE;
  const c = canvas.getContext("2d");
  if (!c) throw new Error("The browser refuses to make a picture. Free some memory and try again.");
  c.scale(SCALE, SCALE);
  c.fillStyle = "#ffffff";
  c.fillRect(0, 0, width, height + below);
  c.save();
  c.beginPath();
  c.rect(0, 0, width, height);
  c.clip();
  c.fillStyle = "#e6e8ea";
  c.fillRect(0, 0, width, height);
  ground.drawTo(c);
  clipped(c, cut.shapeOf(false), () => {
    context.mount()?.drawTo(c);
  });
  const second = cut.secondMount();
  if (second)
    clipped(c, cut.shapeOf(true), () => {
      second.drawTo(c);
    });
  const divider = cut.divider();
  if (divider !== null) {
    c.fillStyle = "#fff";
    c.fillRect(divider - 1, 0, 2, height);
  }
  stations(c, map.getContainer());
  const at = ([lon, lat]: readonly [number, number]): [number, number] => {
    const p = map.latLngToContainerPoint([lat, lon]);
    return [p.x, p.y];
  };
  const path = (all: readonly (readonly [number, number])[], closed: boolean): void => {
    c.beginPath();
    all.map(at).forEach(([x, y]) => {
      c.lineTo(x, y);
    });
    if (closed) c.closePath();
    for (const [colour, thick] of [
      ["#fff", 4],
      ["#111", 1.5],
    ] as const) {
      c.strokeStyle = colour;
      c.lineWidth = thick;
      c.stroke();
    }
  };
  const aoi = model.get("aoi");
  if (aoi) path(aoi, true);
  const line = model.get("transect");
  if (line.length > 1) path(line, false);
  const place = model.get("reference_point");
  c.font = `11px ${FONT}`;
  if (place && model.get("_about").referenced) {
    const [x, y] = at([place.lon, place.lat]);
    c.fillStyle = "#fff";
    c.fillRect(x - 6, y - 6, 12, 12);
    c.fillStyle = "#111";
    c.fillRect(x - 4.5, y - 4.5, 9, 9);
    halo(c, "Reference", x + 10, y + 4);
  }
  c.fillStyle = "#111";
  c.font = `bold 13px ${FONT}`;
  for (const [name, vertex] of [
    ["A", line[0]],
    ["A′", line.at(-1)],
  ] as const) {
    if (!vertex || line.length < 2) continue;
    const [x, y] = at(vertex);
    halo(c, name, x - 4, y - 8);
  }
  model.get("points").forEach((point, i) => {
    const [x, y] = at([point.lon, point.lat]);
    c.save();
    c.translate(x - 12, y - 12);
    const shape = new Path2D(pointShape(i + 1));
    c.fillStyle = point.color;
    c.fill(shape);
    c.strokeStyle = "#fff";
    c.lineWidth = 1.5;
    c.stroke(shape);
    c.fillStyle = "#000";
    c.font = `bold 11px ${FONT}`;
    c.textAlign = "center";
    c.fillText(String(i + 1), 12, 16);
    c.restore();
  });
  graticule.drawTo(c);
  c.restore();
  drawBar(c, context, 12, height + 30);
  c.fillStyle = "#111";
  c.font = `bold 13px ${FONT}`;
  c.fillText(raster.get("name"), 12, height + 20);
  const [metres, pixels] = scale.now();
  const left = Math.max(width - pixels - 60, 300);
  c.fillRect(left, height + 36, pixels, 4);
  c.font = `11px ${FONT}`;
  c.fillText(metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, left, height + 30);
  c.fillStyle = "#444";
  caption.forEach((line, i) => {
    c.fillText(line, 12, height + 80 + i * 15);
  });
  return canvas;
}

function halo(c: CanvasRenderingContext2D, text: string, x: number, y: number): void {
  c.lineWidth = 3;
  c.strokeStyle = "#fff";
  c.strokeText(text, x, y);
  c.fillText(text, x, y);
}

function drawBar(c: CanvasRenderingContext2D, context: Context, left: number, top: number): void {
  const { raster } = context;
  const [lo, hi] = rangeOf(context);
  const wrap = raster.get("wrap");
  const name = wrap === null ? raster.get("colormap") : raster.get("wrap_colormap");
  const look = { pixels: colormapPixels(name, raster.get("reverse")), lo, hi, wrap };
  for (let x = 0; x < 240; x++) {
    const colour = look.pixels[Math.max(0, colourOf(lo + ((x + 0.5) / 240) * (hi - lo), look))] ?? 0;
    c.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
    c.fillRect(left + x, top, 1.2, 12);
  }
  const factor = raster.get("display_factor");
  const marks = ticks(lo * factor, hi * factor, 5);
  const step = marks.length > 1 ? Math.abs((marks[1] ?? 1) - (marks[0] ?? 0)) : 1;
  c.fillStyle = "#111";
  c.font = `11px ${FONT}`;
  c.textAlign = "center";
  for (const t of marks) {
    const x = left + ((t / factor - lo) / (hi - lo)) * 240;
    c.fillRect(x - 0.5, top + 12, 1, 3);
    c.fillText(formatValue(t, step, isSigned(context)), x, top + 26);
  }
  c.textAlign = "left";
  const unit = shownUnit(raster.get("display_units"));
  const cycle =
    wrap === null ? "" : `, ${formatValue(wrap * factor, (wrap * factor) / 100)} ${unit} per cycle`;
  c.fillText(unit + cycle, left + 248, top + 11);
}

export function savePicture(canvas: HTMLCanvasElement, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (!blob) {
        reject(
          new Error(
            "The picture could not be made: the basemap's server forbids it. Choose the hillshade and try again.",
          ),
        );
        return;
      }
      const url = URL.createObjectURL(blob);
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => {
        URL.revokeObjectURL(url);
      }, 10_000);
      resolve();
    }, "image/png");
  });
}
