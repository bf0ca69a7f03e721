// What the inspector's kernel side syncs, pushes and answers: src/insar_widgets/widgets/time_series_inspector.py.

import type { ViewContext } from "../lib/context";

export interface Point {
  id: string;
  lon: number;
  lat: number;
  label: string;
  color: string;
  hidden?: boolean;
}

/** Dates are YYYYMMDD, periods years, characteristic times days. */
export interface Model {
  poly: 0 | 1 | 2 | 3;
  periodic: number[];
  steps: string[];
  exp: Record<string, number[]>;
  log: Record<string, number[]>;
}

export interface Event {
  date: string;
  label: string;
}

export type Unit = "mm" | "cm" | "m";
export type Bars = "rms" | "fit" | "spread" | "none";

export interface State {
  points: Point[];
  date: string;
  reference_date: string;
  reference_point: { lon: number; lat: number; radius: number } | null;
  series: string[];
  radius: number;
  minus: string;
  model: Model;
  exclude: string[];
  events: Event[];
  view: "displacement" | "residual";
  unit: Unit;
  bars: Bars;
  follow: boolean;
  _error: { message: string; remedy: string } | null;
  _dates: string[];
  _can_zoom: boolean;
}

/** One series of one point, as it comes; `src/insar_widgets/widgets/_series_wire.py` says what the buffer holds. */
export interface LineInfo {
  point: string;
  series: string;
  label: string;
  sampling: string;
  problem: string;
  pixels: number;
  note: string;
  values?: [number | null, number | null][];
  rms?: number | null;
  sigma?: number | null;
  count?: number;
}

export interface Payload {
  dates: number;
  curve: number;
  has_rms: boolean;
  columns: { key: string; title: string; units: string }[];
  lines: LineInfo[];
  used: number[];
  fit_problem: string;
  units: string;
  quantity: string;
  source: string;
  notes: string[];
  names: { name: string; label: string }[];
  reference_date: string;
  reference_point: { lon: number; lat: number; radius?: number } | null;
  radius: number;
}

export interface Line extends LineInfo {
  y: Float64Array;
  low: Float64Array;
  high: Float64Array;
  residual: Float64Array;
  fitted: Float64Array;
  deviation: Float64Array;
}

export interface Data extends Payload {
  times: Float64Array;
  rmsOfDate: Float64Array;
  curveTimes: Float64Array;
  drawn: Line[];
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface InspectorApi {
  data: Call<null, Payload | null>;
  add: Call<{ text: string }, { added: number }>;
  csv: Call<{ path: string } | { name: string; text: string }, { added: number }>;
  steps: Call<{ path: string; station: string }, { added: number }>;
  table: Call<null, { text: string }>;
  code: Call<null, { text: string }>;
  zoom: Call<{ id: string }, null>;
}

export interface Context extends ViewContext<State, InspectorApi> {
  /** What was computed last; null before that. */
  data(): Data | null;
  /** Runs at each new data. */
  onData(update: (data: Data | null) => void): void;
}

/** Joins a payload with its buffer, which need not be aligned. */
export function unpack(payload: Payload | null, bytes: Uint8Array | undefined): Data | null {
  if (!payload || !bytes) return null;
  const all = new Float64Array(bytes.slice().buffer);
  let at = 0;
  const take = (size: number): Float64Array => all.subarray(at, (at += size));
  const times = take(payload.dates);
  const rmsOfDate = take(payload.dates);
  const curveTimes = take(payload.curve);
  const drawn: Line[] = [];
  for (const line of payload.lines) {
    if (line.problem) continue;
    const [y, low, high, residual] = [
      take(payload.dates),
      take(payload.dates),
      take(payload.dates),
      take(payload.dates),
    ];
    const [fitted, deviation] = [take(payload.curve), take(payload.curve)];
    drawn.push({ ...line, y, low, high, residual, fitted, deviation });
  }
  return { ...payload, times, rmsOfDate, curveTimes, drawn };
}

/** The number of a point, on the map as here, from which its shape follows. */
export function numberOf(points: readonly Point[], id: string): number {
  return points.findIndex((point) => point.id === id) + 1;
}

/** Whether the data are of just these points; else newer ones are on their way, and drawing can wait for them. */
export function isCurrent(data: Data | null, points: readonly Point[]): boolean {
  const ids = new Set(data?.lines.map((line) => line.point));
  return ids.size === points.length && points.every((point) => ids.has(point.id));
}

/** Unit, and what a value of the source is multiplied with to be in it. */
export function scaleOf(units: string, unit: Unit): { unit: string; factor: number } {
  if (units !== "m") return { unit: units || "1", factor: 1 };
  return { unit, factor: { mm: 1000, cm: 100, m: 1 }[unit] };
}

export function toMs(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)));
}

export function toDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");
}

export function iso(day: string): string {
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;
}

const DEGREES = ["constant", "linear", "quadratic", "cubic"];

export function modelWords(model: Model): string {
  const words = [DEGREES[model.poly] ?? ""];
  for (const period of model.periodic)
    words.push(period === 1 ? "annual" : period === 0.5 ? "semi-annual" : `${period} yr`);
  if (model.steps.length > 2) words.push(`${model.steps.length} steps`);
  else words.push(...model.steps.map((step) => `step ${iso(step)}`));
  for (const kind of ["exp", "log"] as const)
    for (const day of Object.keys(model[kind])) words.push(`${kind} ${iso(day)}`);
  return words.join(", ");
}
