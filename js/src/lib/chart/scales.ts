// Scales and their ticks.

import { scaleLinear, scaleUtc } from "d3-scale";
import { formatValue } from "../number";
import type { AnyMark, Axis, Numbers, Panel } from "./types";

export type Range = [number, number];

export interface Scale {
  readonly domain: Range;
  (value: number): number;
  invert(pixel: number): number;
}

export interface Tick {
  readonly value: number;
  readonly label: string;
  /** Starts of years: drawn stronger. */
  readonly major: boolean;
}

const DAY = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function linear(domain: Range, range: Range): Scale {
  const scale = scaleLinear(domain, range);
  return Object.assign((value: number) => scale(value), {
    domain,
    invert: (pixel: number) => scale.invert(pixel),
  });
}

export function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function valueTicks(domain: Range, pixels: number, every: number): Tick[] {
  const ticks = scaleLinear(domain, [0, 1]).ticks(Math.max(2, Math.floor(pixels / every)));
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0)) || 1;
  return ticks.map((value) => ({ value, label: formatValue(value, step), major: value === 0 }));
}

/** Round dates; the label says no more than what is new since the tick before. */
export function timeTicks(domain: Range, pixels: number): Tick[] {
  const wanted = Math.max(2, Math.floor(pixels / 74));
  const ticks = scaleUtc(domain, [0, 1]).ticks(wanted);
  let year = -1;
  let month = -1;
  let day = -1;
  return ticks.map((date) => {
    const value = date.getTime();
    const first = date.getUTCFullYear() !== year;
    const startsYear = date.getUTCMonth() === 0 && date.getUTCDate() === 1 && value % DAY === 0;
    const name = MONTHS[date.getUTCMonth()] ?? "";
    const clock = date.toISOString().slice(11, 16);
    let label = name;
    if (value % DAY !== 0 && !first && date.getUTCDate() === day) label = clock;
    else if (date.getUTCDate() !== 1)
      label =
        date.getUTCMonth() === month && !first ? String(date.getUTCDate()) : `${date.getUTCDate()} ${name}`;
    if (startsYear) label = String(date.getUTCFullYear());
    else if (first) label = `${label} ${date.getUTCFullYear()}`;
    year = date.getUTCFullYear();
    month = date.getUTCMonth();
    day = date.getUTCDate();
    return { value, label, major: startsYear };
  });
}

export function xTicks(axis: Axis, domain: Range, pixels: number): Tick[] {
  return axis.kind === "time" ? timeTicks(domain, pixels) : valueTicks(domain, pixels, 70);
}

function* valuesOf(mark: AnyMark): Generator<readonly [Numbers | readonly number[], Numbers | null]> {
  switch (mark.kind) {
    case "points":
    case "line":
      yield [mark.x, mark.y];
      break;
    case "band":
      yield [mark.x, mark.low];
      yield [mark.x, mark.high];
      break;
    case "segments":
      yield [mark.x1, mark.y1];
      yield [mark.x2, mark.y2];
      break;
    case "hatch":
      yield [mark.ranges.flat(), null];
      break;
    case "rules":
      break;
  }
}

function grow(range: Range, value: number): void {
  if (!Number.isFinite(value)) return;
  if (value < range[0]) range[0] = value;
  if (value > range[1]) range[1] = value;
}

function padded([low, high]: Range, share: number, least: number): Range {
  if (low > high) return [0, 1];
  const pad = Math.max((high - low) * share, low === high ? least : 0);
  return [low - pad, high + pad];
}

export function xExtent(axis: Axis, panels: readonly Panel[]): Range {
  if (axis.domain) return [...axis.domain];
  const range: Range = [Infinity, -Infinity];
  for (const panel of panels)
    for (const mark of panel.marks)
      for (const [xs] of valuesOf(mark)) for (const x of Array.from(xs)) grow(range, x);
  return axis.kind === "time" ? padded(range, 0.02, 15 * DAY) : padded(range, 0, 0.5);
}

/** Range of y in round numbers. Points and lines count, and bars and bands as far as they are shown. */
export function yExtent(panel: Panel): Range {
  if (panel.domain) return [...panel.domain];
  const range: Range = [Infinity, -Infinity];
  for (const mark of panel.marks) {
    for (const [, ys] of valuesOf(mark)) if (ys) for (const y of Array.from(ys)) grow(range, y);
    if (mark.kind !== "points") continue;
    for (let i = 0; i < mark.y.length; i += 1) {
      const [low, high] = barOf(mark, i);
      if (Number.isFinite(mark.y[i] ?? NaN)) {
        grow(range, low);
        grow(range, high);
      }
    }
  }
  if (panel.zero) grow(range, 0);
  const [low, high] = padded(range, 0.04, Math.abs(range[0]) * 0.1 || 1);
  const nice = scaleLinear([low, high], [0, 1]).nice(5).domain();
  return [nice[0] ?? low, nice[1] ?? high];
}

export function barOf(mark: Extract<AnyMark, { kind: "points" }>, i: number): Range {
  if (mark.low && mark.high) return [mark.low[i] ?? NaN, mark.high[i] ?? NaN];
  const half = mark.error?.[i] ?? NaN;
  const y = mark.y[i] ?? NaN;
  return [y - half, y + half];
}
