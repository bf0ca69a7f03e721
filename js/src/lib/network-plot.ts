// Time against perpendicular baseline: dates are points, pairs are lines.

import { svg } from "./dom";

export interface PlotDate {
  date: string;
  bperp: number;
  left_out: boolean;
}

export interface PlotPair {
  from: number;
  to: number;
  left_out: boolean;
}

const MARGIN = { left: 48, right: 14, top: 10, bottom: 24 };
const DAY = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Milliseconds of a `YYYYMMDD`, UTC. */
export function timeOf(date: string): number {
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8)));
}

export function isoDate(date: string): string {
  return `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}`;
}

/** A number with a real minus sign. */
export function signed(value: number, digits = 0): string {
  return value
    .toFixed(digits)
    .replace(/^-(?=0(?:\.0*)?$)/, "")
    .replace("-", "−");
}

/** Round values that cover a range, about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const raw = Math.max(high - low, Number.MIN_VALUE) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k += 1) ticks.push(k * step);
  return ticks;
}

/** Starts of months or years between two times, at most about `count`, with their labels. */
export function timeTicks(start: number, end: number, count: number): { time: number; label: string }[] {
  const months = (end - start) / (30.44 * DAY);
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((s) => months / s <= count) ?? 120;
  const first = new Date(start);
  const ticks: { time: number; label: string }[] = [];
  const firstMonth = first.getUTCFullYear() * 12 + first.getUTCMonth();
  let named: number | null = null;
  for (let m = Math.ceil(firstMonth / step) * step; ; m += step) {
    const year = Math.floor(m / 12);
    const time = Date.UTC(year, m % 12, 1);
    if (time > end) break;
    if (time < start) continue;
    const month = MONTHS[m % 12] ?? "";
    const label = step >= 12 ? String(year) : year === named ? month : `${month} ${year}`;
    named = year;
    ticks.push({ time, label });
  }
  return ticks;
}

export function networkPlot(
  dates: readonly PlotDate[],
  pairs: readonly PlotPair[],
  width: number,
  height: number,
): SVGSVGElement {
  const times = dates.map(({ date }) => timeOf(date));
  const start = Math.min(...times);
  const end = Math.max(...times, start + DAY);
  const values = dates.map(({ bperp }) => bperp);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const pad = Math.max((high - low) * 0.12, 10);
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const edge = 6;
  const x = (time: number): number =>
    MARGIN.left + edge + ((time - start) / (end - start)) * (inner.width - 2 * edge);
  const y = (value: number): number =>
    MARGIN.top + inner.height * (1 - (value - low + pad) / (high - low + 2 * pad));
  const right = width - MARGIN.right;
  const bottom = MARGIN.top + inner.height;
  const at = (index: number): { x: number; y: number } => ({
    x: x(times[index] ?? start),
    y: y(values[index] ?? 0),
  });
  const count = (index: number): number =>
    pairs.filter((pair) => !pair.left_out && (pair.from === index || pair.to === index)).length;

  const kept = dates.filter((date) => !date.left_out).length;
  const label = `Network: ${kept} dates and ${pairs.filter((pair) => !pair.left_out).length} pairs, time against perpendicular baseline`;
  return svg(
    "svg",
    { class: "iw-chart", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    ...niceTicks(low - pad, high + pad, Math.max(2, inner.height / 36)).flatMap((value) => [
      svg("line", {
        class: value === 0 ? "zero" : "grid",
        x1: MARGIN.left,
        x2: right,
        y1: y(value),
        y2: y(value),
      }),
      svg("text", { x: MARGIN.left - 6, y: y(value) + 4, "text-anchor": "end" }, signed(value)),
    ]),
    ...timeTicks(start, end, Math.max(2, inner.width / 76)).flatMap(({ time, label: text }) => [
      svg("line", { class: "grid", x1: x(time), x2: x(time), y1: MARGIN.top, y2: bottom }),
      svg("text", { x: x(time), y: bottom + 16, "text-anchor": "middle" }, text),
    ]),
    svg("line", { class: "axis", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }),
    svg(
      "text",
      {
        x: 0,
        y: 0,
        "text-anchor": "middle",
        transform: `translate(11 ${MARGIN.top + inner.height / 2}) rotate(-90)`,
      },
      "bperp (m)",
    ),
    ...pairs.map((pair) => {
      const [a, b] = [at(pair.from), at(pair.to)];
      return svg("line", { class: pair.left_out ? "pair out" : "pair", x1: a.x, y1: a.y, x2: b.x, y2: b.y });
    }),
    ...dates.map((date, index) => {
      const place = at(index);
      const title = date.left_out
        ? `${isoDate(date.date)}, left out`
        : `${isoDate(date.date)}, bperp ${signed(date.bperp)} m, ${count(index)} pairs`;
      return svg(
        "circle",
        {
          class: date.left_out ? "date out" : "date",
          cx: place.x,
          cy: place.y,
          r: dates.length > 150 ? 2 : 3,
        },
        svg("title", {}, title),
      );
    }),
  );
}
