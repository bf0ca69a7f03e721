// From profiles to a chart, and the words beside it.

import { dashOf, type AnyMark, type ChartSpec, type Panel } from "../lib/chart";
import { formatValue, shownUnit } from "../lib/number";
import type { Curve, Data } from "./api";

const ELEVATION = 66;
const FURTHER = 120;
const FIRST = 236;
const NAMED = 40;

/** Kilometres, or metres where the line is short. */
export function axisOf(length: number): { unit: "km" | "m"; factor: number } {
  return length < 2000 ? { unit: "m", factor: 1 } : { unit: "km", factor: 1e-3 };
}

export function lengthWords(metres: number): string {
  if (metres < 2000) return `${formatValue(metres, metres < 10 ? 0.1 : 1)} m`;
  return `${formatValue(metres / 1000, metres < 100_000 ? 0.1 : 1)} km`;
}

/** What digit is worth being read, from the range that a curve has. */
export function resolutionOf(curve: Curve): number {
  let [low, high] = [Infinity, -Infinity];
  for (const y of curve.y) {
    if (y < low) low = y;
    if (y > high) high = y;
  }
  const range = high > low ? high - low : Math.abs(high) || 1;
  return 10 ** Math.floor(Math.log10(range / 100));
}

/** Stretches of the axis in which no curve has a value, in metres; each ends half way to the next value. */
export function gapsOf(
  distance: ArrayLike<number>,
  curves: readonly ArrayLike<number>[],
): [number, number][] {
  const gaps: [number, number][] = [];
  const last = distance.length - 1;
  const middle = (i: number, j: number): number => ((distance[i] ?? 0) + (distance[j] ?? 0)) / 2;
  let start = -1;
  for (let i = 0; i <= last + 1; i += 1) {
    const empty = i <= last && curves.every((y) => !Number.isFinite(y[i] ?? NaN));
    if (empty && start < 0) start = i;
    if (!empty && start >= 0) {
      gaps.push([
        start === 0 ? (distance[0] ?? 0) : middle(start - 1, start),
        i > last ? (distance[last] ?? 0) : middle(i - 1, i),
      ]);
      start = -1;
    }
  }
  return gaps;
}

interface Group {
  unit: string;
  label: string;
  curves: Curve[];
}

/** Curves that share an axis: of one unit, and of one quantity where that is no displacement. */
export function groupsOf(curves: readonly Curve[]): Group[] {
  const groups: Group[] = [];
  for (const curve of curves) {
    const { unit, quantity } = curve.info;
    const known = groups.find((group) => group.unit === unit && (unit !== "" || group.label === quantity));
    if (known) {
      known.curves.push(curve);
      if (!known.label.includes(quantity)) known.label = "Value";
    } else groups.push({ unit, label: quantity, curves: [curve] });
  }
  return groups;
}

export function heightOf(data: Data): number {
  const groups = Math.max(1, groupsOf(data.curves).length);
  return FIRST + 62 + (groups - 1) * (FURTHER + 14) + (data.elevation ? ELEVATION + 14 : 0);
}

function scaled(values: ArrayLike<number>, factor: number): number[] {
  return Array.from(values, (value) => value * factor);
}

/** How the line of a profile is dashed: by its place in the list. */
export function dashFor({ section }: Data, id: string): string {
  return dashOf(section.profiles.findIndex((one) => one.id === id));
}

function marksOf(
  curve: Curve,
  dash: string,
  x: readonly number[],
  factor: number,
  samples: boolean,
): AnyMark[] {
  const { info } = curve;
  const base = { color: info.color };
  const marks: AnyMark[] = [];
  if (samples && curve.sampleX && curve.sampleY)
    marks.push({
      ...base, kind: "points", id: `${info.id}-samples`, name: "Pixels", x: scaled(curve.sampleX, factor),
      y: curve.sampleY, size: 1.2, opacity: 0.3, pick: false,
    }); // prettier-ignore
  if (curve.low && curve.high)
    marks.push({
      ...base,
      kind: "band",
      id: `${info.id}-band`,
      x,
      low: curve.low,
      high: curve.high,
      opacity: 0.22,
    });
  marks.push(
    { ...base, kind: "line", id: `${info.id}-line`, x, y: curve.y, width: 1.8, ...(dash ? { dash } : {}) },
    { ...base, kind: "points", id: info.id, name: info.label, x, y: curve.y, hidden: true },
  );
  return marks;
}

function elevationPanel(elevation: Float32Array, distance: Float64Array, x: readonly number[]): Panel {
  let [low, high] = [Infinity, -Infinity];
  for (const value of elevation) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = [0, 1];
  const pad = Math.max((high - low) * 0.12, 5);
  const floor = low - pad;
  return {
    label: "Elev. (m)",
    height: ELEVATION,
    domain: [floor, high + pad],
    marks: [
      hatch("elevation", gapsOf(distance, [elevation]), (x.at(-1) ?? 0) / (distance.at(-1) ?? 1)),
      { kind: "band", id: "ground", color: "var(--iw-ink3)", opacity: 0.25, x, high: elevation,
        low: Float32Array.from(elevation, (v) => (Number.isFinite(v) ? floor : NaN)) },
      { kind: "line", id: "relief", color: "var(--iw-ink3)", x, y: elevation, width: 1.2 },
    ],
  }; // prettier-ignore
}

function hatch(id: string, gaps: readonly [number, number][], factor: number): AnyMark {
  return {
    kind: "hatch", id: `${id}-gaps`, color: "var(--iw-line2)",
    ranges: gaps.map(([a, b]) => [a * factor, b * factor] as const),
  }; // prettier-ignore
}

export function specOf(data: Data, samples: boolean): ChartSpec {
  const { section, distance } = data;
  const { unit, factor } = axisOf(section.length);
  const x = scaled(distance, factor);
  const groups = groupsOf(data.curves);
  const vertices: AnyMark = {
    kind: "rules", id: "vertices", color: "var(--iw-ink2)", dash: "2 3", top: true,
    rules: section.vertices.slice(0, NAMED).map(({ name, distance: d }) => ({ x: d * factor, label: name })),
  }; // prettier-ignore
  const points: AnyMark[] = section.points.map((point, i) => ({
    kind: "rules", id: `point${i}`, color: point.color, dash: "1 3",
    rules: [{ x: point.distance * factor, label: point.label }],
  })); // prettier-ignore
  const panels: Panel[] = groups.map((group, i) => ({
    label: group.unit ? `${group.label} (${shownUnit(group.unit)})` : group.label,
    ...(i === 0 ? {} : { height: FURTHER }),
    marks: [
      hatch(`group${i}`, gapsOf(distance, group.curves.map(({ y }) => y)), factor),
      ...group.curves.flatMap((curve) => marksOf(curve, dashFor(data, curve.info.id), x, factor, samples)),
      ...(i === 0 ? [vertices, ...points] : []),
    ],
  })); // prettier-ignore
  if (data.elevation) panels.push(elevationPanel(data.elevation, distance, x));
  const names = data.curves.map(({ info }) => info.label).join(", ");
  return {
    title: `${titleOf(data)}: ${names || "elevation"}`,
    x: { kind: "linear", label: `Distance (${unit})`, domain: [0, section.length * factor] },
    panels,
  };
}

export function titleOf({ section }: Data): string {
  const ends = [section.vertices[0]?.name ?? "A", section.vertices.at(-1)?.name ?? "A′"];
  return `Transect ${ends.join("–")}`;
}

/** Length, direction and number of vertices. */
export function factsOf({ section }: Data): string {
  const more = section.vertices.length > 2 ? ` over ${section.vertices.length} vertices` : "";
  return `${lengthWords(section.length)}${more}, azimuth ${formatValue(section.azimuth, 1)}°`;
}

/** A value with its unit at a sample; a dash where there is none. */
export function valueWords(curve: Curve, index: number): string {
  const value = curve.y[index] ?? NaN;
  if (!Number.isFinite(value)) return "no data";
  const unit = curve.info.unit ? ` ${shownUnit(curve.info.unit)}` : "";
  return `${formatValue(value, resolutionOf(curve), curve.info.signed)}${unit}`;
}

export function spreadWords(curve: Curve, index: number): string {
  const [low, high] = [curve.low?.[index] ?? NaN, curve.high?.[index] ?? NaN];
  if (!Number.isFinite(low)) return "";
  const step = resolutionOf(curve);
  const pixels = curve.pixels?.[index] ?? 0;
  return `${formatValue(low, step)} … ${formatValue(high, step)}, ${pixels} ${pixels === 1 ? "pixel" : "pixels"}`;
}

export function tooltipOf(data: Data, index: number): string[] {
  const lines = data.curves.map((curve) => {
    const spread = spreadWords(curve, index);
    return `${curve.info.label}: ${valueWords(curve, index)}${spread ? ` (${spread})` : ""}`;
  });
  const height = data.elevation?.[index] ?? NaN;
  if (Number.isFinite(height)) lines.push(`Elevation: ${formatValue(height, 1)} m`);
  return [lengthWords(data.distance[index] ?? 0), ...lines];
}

/** What a figure says without being asked. */
export function provenance(data: Data, mask: string): string[] {
  const { section, curves } = data;
  const lines: string[] = [];
  const how =
    section.method === "bilinear" ? "between pixel centres (bilinear)" : "of the pixel under the line";
  lines.push(
    section.width > 0
      ? `Line: median of the pixels within ${lengthWords(section.width / 2)} on either side; band: 16th to 84th ` +
          `percentile; a sample every ${lengthWords(section.step)}.`
      : `Values ${how}, a sample every ${lengthWords(section.step)}.`,
  );
  for (const { info } of curves) {
    const parts = [info.relative ? `relative ${info.relative}` : "", ...info.notes].filter(Boolean);
    const thinned = info.samples < info.pixels ? [`${info.samples} of ${info.pixels} pixels drawn`] : [];
    const all = [info.file.split("/").at(-1), ...parts, ...thinned].filter(Boolean);
    lines.push(`${info.label}: ${all.join("; ").replace(/\.?$/, ".")}`);
  }
  if (curves.some(({ info }) => info.los)) lines.push("Line of sight, positive towards the satellite.");
  if (curves.some(({ info }) => info.mask)) lines.push(`Mask: ${mask}.`);
  return [...lines, ...section.notes];
}
