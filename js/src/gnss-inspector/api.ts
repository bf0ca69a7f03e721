// What the inspector's kernel side syncs, pushes and answers: src/insar_widgets/widgets/gnss_inspector.py.

import type { Filter, StationInfo } from "../gnss-layer/api";
import type { ViewContext } from "../lib/context";

export type Unit = "mm" | "cm" | "m";

export interface State {
  selected: string[];
  station: string;
  reference: string;
  window_days: number;
  radius: number;
  method: "mean" | "nearest";
  outliers: number | null;
  frames: string[];
  min_solutions: number;
  min_overlap: number;
  filter: Filter;
  marks: "color" | "arrows";
  unit: Unit;
  _stations: StationInfo[];
  _list: { age: number | null; problem: string; skipped: number; total: number } | null;
  _progress: { fraction: number | null; text: string } | null;
  _error: { message: string; remedy: string } | null;
  _stale: boolean;
  _has_map: boolean;
  _has_results: boolean;
  read_only: boolean;
}

type Value = number | null;

/** Of one station; m and m/yr. */
export interface Row {
  name: string;
  frame: string;
  epochs: number;
  pixels: number;
  steps: number;
  outliers: number;
  reference: boolean;
  gnss_velocity: Value;
  gnss_velocity_std: Value;
  insar_velocity: Value;
  insar_velocity_std: Value;
  velocity_difference: Value;
  velocity_difference_95: Value;
  correlation: Value;
  rmse: Value;
  bias: Value;
  scatter: Value;
}

export interface Regression {
  slope: number;
  intercept: number;
  correlation: number;
  rmse: number;
  bias: number;
  stations: number;
}

export interface Comparison {
  rows: Row[];
  rejected: Record<string, string>;
  reference: string;
  regression: Regression | null;
  notes: string[];
  suggested: { name: string; why: string } | null;
  age: number;
  layer: string;
  window: number;
  radius: number;
  method: string;
}

export interface SeriesInfo {
  station: string;
  frame: string;
  incidence: number;
  zero_date: string;
  reference: string;
  sampling: string;
  layer: string;
  dates: number;
  days: number;
  steps: { date: string; kind: "equipment" | "earthquake"; label: string }[];
  removed: string;
  counts: number[];
}

/** Times are ms UTC, the rest metres. */
export interface Series extends SeriesInfo {
  date: Float64Array;
  gnss: Float64Array;
  std: Float64Array;
  insar: Float64Array;
  low: Float64Array;
  high: Float64Array;
  residual: Float64Array;
  time: Float64Array;
  daily: Float64Array;
}

export interface TemplateChange {
  file: string;
  before: string;
  after: string;
  stale: string[];
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface InspectorApi {
  find: Call<{ refresh: boolean }, null>;
  compare: Call<null, null>;
  cancel: Call<null, null>;
  state: Call<null, Comparison | null>;
  series: Call<{ name: string }, SeriesInfo | null>;
  own: Call<{ path: string; lon: number | null; lat: number | null }, { name: string }>;
  csv: Call<{ station: string }, { text: string }>;
  code: Call<null, { text: string }>;
  figure: Call<{ kind: "png" | "svg" }, null>;
  reference: Call<{ name: string }, null>;
  template: Call<{ write: boolean }, TemplateChange>;
  zoom: Call<{ name: string }, null>;
}

export interface Context extends ViewContext<State, InspectorApi> {
  comparison(): Comparison | null;
  /** Runs at each new comparison. */
  onComparison(update: () => void): void;
}

/** Joins what is said of a series with its numbers; the buffer need not be aligned. */
export function unpackSeries(info: SeriesInfo | null, bytes: Uint8Array | undefined): Series | null {
  if (!info || !bytes) return null;
  const all = new Float64Array(bytes.slice().buffer);
  let at = 0;
  const take = (size: number): Float64Array => all.subarray(at, (at += size));
  const [date, gnss, std, insar, low, high, residual] = [0, 1, 2, 3, 4, 5, 6].map(() => take(info.dates));
  const [time, daily] = [take(info.days), take(info.days)];
  const none = new Float64Array(0);
  return {
    ...info,
    date: date ?? none,
    gnss: gnss ?? none,
    std: std ?? none,
    insar: insar ?? none,
    low: low ?? none,
    high: high ?? none,
    residual: residual ?? none,
    time,
    daily,
  };
}

export const FACTORS: Readonly<Record<Unit, number>> = { mm: 1000, cm: 100, m: 1 };

/** The least step that is worth a digit, in the unit. */
export const STEPS: Readonly<Record<Unit, number>> = { mm: 0.1, cm: 0.01, m: 0.0001 };

export function toMs(day: string): number {
  return Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6, 8)));
}

export function iso(day: string): string {
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;
}

/** "today", "1 day ago", "12 days ago". */
export function ageWords(days: number): string {
  const whole = Math.floor(days);
  return whole < 1 ? "today" : whole === 1 ? "1 day ago" : `${whole} days ago`;
}
