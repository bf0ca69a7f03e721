// Data and traits as a chart.

import { dashOf, type AnyMark, type ChartSpec, type PointsMark, type Shape } from "../lib/chart";
import { formatValue } from "../lib/number";
import { iso, modelWords, numberOf, scaleOf, toMs, type Data, type Line, type State } from "./api";

export type Look = Pick<
  State,
  "points" | "view" | "unit" | "bars" | "date" | "events" | "exclude" | "model" | "minus" | "series"
>;

/** As in the map's own marks; they repeat after the third. */
const ORDER: readonly Shape[] = ["circle", "square", "diamond"];

export function shapeOf(number: number): Shape {
  return ORDER[(number - 1) % ORDER.length] ?? "circle";
}

function times(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}

function barsOf(
  data: Data,
  line: Line,
  look: Look,
  factor: number,
): Pick<PointsMark, "error" | "low" | "high"> {
  if (look.bars === "rms" && data.has_rms) return { error: times(data.rmsOfDate, factor) };
  if (look.bars === "fit" && line.sigma != null)
    return { error: new Float64Array(data.dates).fill(line.sigma * factor) };
  if (look.bars === "spread" && data.radius > 0) {
    const shift = look.view === "residual" ? line.residual.map((r, i) => r - (line.y[i] ?? NaN)) : null;
    const move = (values: Float64Array): Float64Array =>
      values.map((v, i) => (v + (shift?.[i] ?? 0)) * factor);
    return { low: move(line.low), high: move(line.high) };
  }
  return {};
}

export function lineId(line: { point: string; series: string }): string {
  return `${line.point} ${line.series}`;
}

/** Corrections of one point are told apart by how dark and how dashed they are, the last one being whole. */
function seriesColor(color: string, at: number, count: number): string {
  if (count < 2) return color;
  const share = Math.round(100 - (55 * (count - 1 - at)) / (count - 1));
  return `color-mix(in srgb, ${color} ${share}%, var(--iw-bg))`;
}

export function axisLabel(data: Data, look: Look): string {
  const { unit } = scaleOf(data.units, look.unit);
  const other = look.points.find((point) => point.id === look.minus);
  const what = look.view === "residual" ? "Residual" : data.quantity;
  return `${what}${other ? ` minus ${other.label}` : ""} (${unit})`;
}

export function chartOf(data: Data, look: Look): ChartSpec {
  const { factor } = scaleOf(data.units, look.unit);
  const residual = look.view === "residual";
  const bands: AnyMark[] = [];
  const curves: AnyMark[] = [];
  const symbols: AnyMark[] = [];
  const points = new Map(look.points.map((point) => [point.id, point]));
  const open = Array.from(data.times, (time) => look.exclude.includes(toDayOf(time)));
  const xs = data.times;
  for (const line of data.drawn) {
    const point = points.get(line.point);
    if (!point || point.hidden) continue;
    const count = look.series.length;
    const at = Math.max(0, look.series.indexOf(line.series));
    const color = seriesColor(point.color, at, count);
    const dash = dashOf(count - 1 - at);
    const id = lineId(line);
    if (!residual && line.fitted.length > 0 && Number.isFinite(line.fitted[0] ?? NaN)) {
      const y = times(line.fitted, factor);
      const wide = times(line.deviation, 2 * factor);
      bands.push({
        kind: "band",
        id: `${id} band`,
        color,
        x: data.curveTimes,
        low: y.map((v, i) => v - (wide[i] ?? NaN)),
        high: y.map((v, i) => v + (wide[i] ?? NaN)),
        opacity: 0.22,
      });
      curves.push({ kind: "line", id: `${id} fit`, color, x: data.curveTimes, y, ...(dash ? { dash } : {}) });
    }
    symbols.push({
      kind: "points",
      id,
      name: count > 1 ? `${point.label}, ${line.label}` : point.label,
      color,
      shape: shapeOf(numberOf(look.points, point.id)),
      size: data.dates > 400 ? 1.8 : 2.4,
      x: xs,
      y: times(residual ? line.residual : line.y, factor),
      open,
      ...barsOf(data, line, look, factor),
    });
  }
  const rules = eventsOf(look).map((event) => ({ x: toMs(event.date), label: event.label }));
  const events: AnyMark[] =
    rules.length > 0 ? [{ kind: "rules", id: "events", color: "var(--iw-event)", rules }] : [];
  const known = xs.length > 0 ? [xs[0] ?? 0, xs[xs.length - 1] ?? 0] : null;
  const at = look.date ? (xs.find((time) => toDayOf(time) === look.date) ?? toMs(look.date)) : null;
  const names = symbols.map((mark) => (mark.kind === "points" ? mark.name : ""));
  return {
    title: `${axisLabel(data, look)} of ${names.join("; ") || "no point"}. Model: ${modelWords(look.model)}`,
    x: {
      kind: "time",
      ...(known ? { domain: padded(known[0] ?? 0, known[1] ?? 0) } : {}),
    },
    cursor: at === null ? null : { x: at, label: iso(look.date) },
    panels: [
      { label: axisLabel(data, look), marks: [...events, ...bands, ...curves, ...symbols], zero: true },
    ],
  };
}

/** Events, and steps of the model that no event names. */
export function eventsOf(look: Pick<Look, "events" | "model">): { date: string; label: string }[] {
  const named = new Set(look.events.map((event) => event.date));
  const steps = look.model.steps.filter((step) => !named.has(step));
  return [...look.events, ...steps.map((date) => ({ date, label: `step ${iso(date)}` }))];
}

function padded(first: number, last: number): [number, number] {
  const pad = Math.max((last - first) * 0.02, 86_400_000 * 6);
  return [first - pad, last + pad];
}

export function toDayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10).replaceAll("-", "");
}

/** A value with its deviation, both with as many digits as the deviation bears. */
export function withStd(value: number | null, std: number | null): { value: string; std: string } {
  if (value === null) return { value: "–", std: "" };
  if (std === null || !(std > 0))
    return { value: formatValue(value, resolutionOf(Math.abs(value) / 100)), std: "" };
  const step = resolutionOf(std / 3.55); // one digit, two where one would be coarse
  const rounded = (number: number): string =>
    formatValue(step >= 1 ? Math.round(number / step) * step : number, step);
  return { value: rounded(value), std: `± ${rounded(std)}` };
}

function resolutionOf(value: number): number {
  if (!(value > 0)) return 0.1;
  return Math.max(10 ** Math.floor(Math.log10(value) + 1e-9), 1e-6);
}

export function tooltipOf(data: Data, look: Look, id: string, index: number): string[] {
  const line = data.drawn.find((candidate) => lineId(candidate) === id);
  const point = look.points.find((candidate) => candidate.id === line?.point);
  if (!line || !point) return [];
  const { unit, factor } = scaleOf(data.units, look.unit);
  const step = unit === "mm" ? 0.1 : unit === "cm" ? 0.01 : 0.0001;
  const values = look.view === "residual" ? line.residual : line.y;
  const day = toDayOf(data.times[index] ?? 0);
  const rms = data.rmsOfDate[index] ?? NaN;
  const text = [
    `${point.label}, ${iso(day)}`,
    `${formatValue((values[index] ?? NaN) * factor, step)} ${unit}${look.series.length > 1 ? `, ${line.label}` : ""}`,
  ];
  if (look.bars === "rms" && Number.isFinite(rms))
    text.push(`RMS of the date ${formatValue(rms * factor, step)} ${unit}`);
  if (data.radius > 0 && line.pixels > 1) {
    const ends = [line.low, line.high].map((v) => formatValue((v[index] ?? NaN) * factor, step));
    text.push(`16–84 % of ${line.pixels} pixels: ${ends.join(" … ")}`);
  }
  text.push(
    look.exclude.includes(day)
      ? "Excluded from the fit; click to take it in"
      : "Click to exclude the date from the fit",
  );
  return text;
}
