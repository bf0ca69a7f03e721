// Series and velocities as charts.

import type { AnyMark, ChartSpec } from "../lib/chart";
import { formatValue } from "../lib/number";
import { FACTORS, iso, STEPS, toMs, type Comparison, type Row, type Series, type Unit } from "./api";

export const GNSS = "#d55e00";
export const INSAR = "#1c80c3";
const DAY = 86_400_000;
const NORMAL_95 = 1.96;

const scaled = (values: Float64Array, factor: number): Float64Array => values.map((v) => v * factor);

function relativeTo(reference: string): string {
  return reference ? `relative to ${reference}` : "GNSS in its own frame";
}

/** Both series over their difference. */
export function seriesChart(series: Series, unit: Unit, whole: boolean): ChartSpec {
  const factor = FACTORS[unit];
  const [first, last] = [series.date[0] ?? 0, series.date[series.dates - 1] ?? 0];
  const pad = Math.max((last - first) * 0.03, 8 * DAY);
  const all = [
    Math.min(first, series.time[0] ?? first),
    Math.max(last, series.time[series.days - 1] ?? last),
  ];
  const [from, to] = whole ? [all[0] ?? first, all[1] ?? last] : [first - pad, last + pad];
  const shown = { time: [] as number[], daily: [] as number[] };
  for (let i = 0; i < series.days; i++) {
    const [time, value] = [series.time[i] ?? NaN, series.daily[i] ?? NaN];
    if (time < from || time > to) continue;
    shown.time.push(time);
    shown.daily.push(value * factor);
  }
  const rules = series.steps
    .map((step) => ({
      x: toMs(step.date),
      label: `${step.kind === "earthquake" ? "" : "equipment: "}${step.label}`,
    }))
    .filter(({ x }) => x >= from && x <= to);
  const marks: AnyMark[] = [
    {
      kind: "points",
      id: "daily",
      name: "GNSS, daily",
      color: GNSS,
      opacity: 0.32,
      x: shown.time,
      y: shown.daily,
      size: 1.3,
      pick: false,
    },
    {
      kind: "points",
      id: "insar",
      name: "InSAR",
      color: INSAR,
      shape: "square",
      x: series.date,
      y: scaled(series.insar, factor),
      low: scaled(series.low, factor),
      high: scaled(series.high, factor),
      size: 2.8,
    },
    {
      kind: "points",
      id: "gnss",
      name: "GNSS at acquisitions",
      color: GNSS,
      x: series.date,
      y: scaled(series.gnss, factor),
      error: scaled(series.std, factor),
      size: 2.8,
    },
  ];
  if (rules.length > 0)
    marks.unshift({ kind: "rules", id: "steps", color: "var(--iw-event)", rules, dash: "5 3" });
  const residual: AnyMark = {
    kind: "points",
    id: "residual",
    name: "InSAR minus GNSS",
    color: "var(--iw-ink2)",
    shape: "diamond",
    x: series.date,
    y: scaled(series.residual, factor),
    error: scaled(series.std, factor),
    size: 2.4,
  };
  return {
    title: `LOS displacement at ${series.station} (${unit}), ${relativeTo(series.reference)}: GNSS and InSAR; below, InSAR minus GNSS`,
    x: { kind: "time", domain: [from, to] },
    panels: [
      { label: `LOS displacement (${unit})`, marks, zero: true },
      { label: `InSAR − GNSS (${unit})`, marks: [residual], height: 118, zero: true },
    ],
  };
}

export function seriesTip(series: Series, unit: Unit, mark: string, index: number): string[] {
  const factor = FACTORS[unit];
  const say = (values: Float64Array): string =>
    `${formatValue((values[index] ?? NaN) * factor, STEPS[unit])} ${unit}`;
  const day = new Date(series.date[index] ?? 0).toISOString().slice(0, 10);
  const deviation = formatValue((series.std[index] ?? NaN) * factor, STEPS[unit]);
  const days = series.counts[index] ?? 0;
  return [
    `${series.station}, ${day}`,
    `GNSS ${say(series.gnss)} ± ${deviation} (${days} ${days === 1 ? "day" : "days"})`,
    `InSAR ${say(series.insar)}`,
    `${mark === "residual" ? "InSAR − GNSS" : "difference"} ${say(series.residual)}`,
  ];
}

/** InSAR against GNSS velocity, with 95 % bars, the regression, and the line on which both are equal. */
export function velocityChart(comparison: Comparison, unit: Unit, current: string): ChartSpec {
  const factor = FACTORS[unit];
  const rows = comparison.rows.filter((row) => row.gnss_velocity !== null && row.insar_velocity !== null);
  const pick = (key: keyof Row): number[] => rows.map((row) => ((row[key] as number | null) ?? NaN) * factor);
  const [x, y] = [pick("gnss_velocity"), pick("insar_velocity")];
  const [sx, sy] = [pick("gnss_velocity_std"), pick("insar_velocity_std")].map((all) =>
    all.map((v) => (Number.isFinite(v) ? v * NORMAL_95 : 0)),
  );
  const ranges = [
    [x, sx ?? []],
    [y, sy ?? []],
  ] as const;
  const reach = (side: 1 | -1): number[] =>
    ranges.flatMap(([all, s]) => all.map((v, i) => v + side * (s[i] ?? 0)));
  const low = Math.min(...reach(-1), 0);
  const high = Math.max(...reach(1), 0);
  const pad = (high - low || factor / 1000) * 0.04;
  const ends = [low - pad, high + pad];
  const marks: AnyMark[] = [
    { kind: "line", id: "equal", color: "var(--iw-ink3)", x: ends, y: ends, dash: "5 4", width: 1.2 },
  ];
  const line = comparison.regression;
  if (line)
    marks.push({
      kind: "line",
      id: "regression",
      color: INSAR,
      x: ends,
      y: ends.map((v) => line.slope * v + line.intercept * factor),
    });
  marks.push(
    {
      kind: "segments",
      id: "bars",
      name: "95 % of the GNSS velocities",
      color: GNSS,
      opacity: 0.5,
      x1: x.map((v, i) => v - (sx?.[i] ?? 0)),
      x2: x.map((v, i) => v + (sx?.[i] ?? 0)),
      y1: y,
      y2: y,
      pick: false,
    },
    {
      kind: "points",
      id: "stations",
      name: "Stations",
      color: GNSS,
      shape: "triangle",
      size: 4,
      x,
      y,
      error: sy ?? [],
      open: rows.map((row) => row.reference),
      colors: rows.map((row) => (row.name === current ? INSAR : GNSS)),
    },
  );
  return {
    title: `InSAR against GNSS velocity of ${rows.length} stations (${unit}/yr), ${relativeTo(comparison.reference)}`,
    x: { kind: "linear", label: `GNSS, LOS velocity (${unit}/yr)`, domain: [ends[0] ?? 0, ends[1] ?? 1] },
    panels: [{ label: `InSAR, LOS velocity (${unit}/yr)`, marks, domain: [ends[0] ?? 0, ends[1] ?? 1] }],
  };
}

export function velocityRows(comparison: Comparison): Row[] {
  return comparison.rows.filter((row) => row.gnss_velocity !== null && row.insar_velocity !== null);
}

/** What the picture is of, for files: reference, epochs, sign, source. */
export function notesOf(comparison: Comparison, series: Series | null): string[] {
  const window = `GNSS: ${comparison.method} of the days within ${comparison.window} d of each acquisition`;
  const notes = [
    `Line of sight, positive towards the satellite; ${relativeTo(comparison.reference)}. ${window}.`,
  ];
  if (series) {
    notes.push(`${series.station}: ${series.frame}; ${series.sampling}; zero at ${iso(series.zero_date)}.`);
    if (series.removed) notes.push(`Steps of equipment taken out of GNSS: ${series.removed}.`);
  } else if (comparison.regression) notes.push(regressionWords(comparison, "mm"));
  notes.push(
    "GNSS: Nevada Geodetic Laboratory, Blewitt, Hammond and Kreemer (2018), doi:10.1029/2018EO104623.",
  );
  return notes;
}

export function regressionWords(comparison: Comparison, unit: Unit): string {
  const line = comparison.regression;
  if (!line) return "A regression needs three stations besides the reference.";
  const rate = (value: number, signed = false): string =>
    `${formatValue(value * FACTORS[unit], STEPS[unit], signed)} ${unit}/yr`;
  return (
    `InSAR = ${formatValue(line.slope, 0.01)} × GNSS ${rate(line.intercept, true)}, r = ${formatValue(line.correlation, 0.01)}, ` +
    `RMSE ${rate(line.rmse)}, bias ${rate(line.bias, true)}, ${line.stations} stations.`
  );
}
