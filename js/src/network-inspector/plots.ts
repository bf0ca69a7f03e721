// The network over time, the history of the dates, and the matrix of coherence.

import { Chart, type ChartSpec, type Hit, type Panel } from "../lib/chart";
import { h, replace } from "../lib/dom";
import { isoDate, signed, timeOf } from "../lib/network-plot";
import { watchTheme } from "../lib/theme";
import { netOf, outcomeOf, type Context, type Net, type NetPair, type Outcome } from "./api";
import { colourOf, scaleOf } from "./colours";

const NETWORK_HEIGHT = 380;
const DROPPED = "3 3";

/** A pair in words, as tooltips and screen readers have it. */
export function pairWords(pair: NetPair, reason: string): string[] {
  const [first = "", second = ""] = pair.name.split("_");
  const lines = [
    `${isoDate(first)} to ${isoDate(second)}`,
    `${pair.days} days, bperp ${signed(pair.bperp)} m`,
    pair.coherence === null ? "" : `mean coherence ${pair.coherence.toFixed(2)}`,
    reason ? `dropped: ${reason}` : "kept",
  ];
  return lines.filter(Boolean);
}

function dateWords(net: Net, outcome: Outcome, index: number): string[] {
  const date = net.dates[index];
  if (!date) return [];
  const pairs = outcome.redundancy[index] ?? 0;
  return [
    isoDate(date.date),
    `bperp ${signed(date.bperp)} m`,
    pairs ? `${pairs} ${pairs === 1 ? "pair" : "pairs"} kept` : "left out: no pair is kept",
  ];
}

/** Mean coherence of the kept pairs of each date, with the lowest and the highest. */
function coherenceHistory(net: Net, outcome: Outcome, x: readonly number[]): Panel | null {
  if (!net.pairs.some(({ coherence }) => coherence !== null)) return null;
  const values = net.dates.map((): number[] => []);
  net.pairs.forEach(({ from, to, coherence }, i) => {
    if (coherence === null || outcome.reasons[i]) return;
    values[from]?.push(coherence);
    values[to]?.push(coherence);
  });
  const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / all.length;
  return {
    label: "Coherence",
    height: 72,
    marks: [
      {
        kind: "points",
        id: "coherence",
        name: "Mean coherence of each date",
        color: "var(--iw-ink2)",
        shape: "diamond",
        size: 4.5,
        x,
        y: values.map(mean),
        low: values.map((all) => Math.min(...all)),
        high: values.map((all) => Math.max(...all)),
        pick: false,
      },
    ],
  };
}

function spec(context: Context, net: Net, outcome: Outcome, withTree: boolean): ChartSpec {
  const scale = scaleOf(net.pairs);
  const chosen = context.model.get("pair");
  const x = net.dates.map(({ date }) => timeOf(date));
  const y = net.dates.map(({ bperp }) => bperp);
  const kept = net.pairs.filter((_, i) => !outcome.reasons[i]);
  const dropped = net.pairs.filter((_, i) => outcome.reasons[i]);
  const segments = (pairs: readonly NetPair[], id: string, name: string, out: boolean) => ({
    kind: "segments" as const,
    id,
    name,
    color: out ? "var(--iw-ink3)" : "var(--iw-ink2)",
    opacity: out ? 0.75 : 1,
    x1: pairs.map(({ from }) => x[from] ?? NaN),
    y1: pairs.map(({ from }) => y[from] ?? NaN),
    x2: pairs.map(({ to }) => x[to] ?? NaN),
    y2: pairs.map(({ to }) => y[to] ?? NaN),
    ...(out ? {} : { colors: pairs.map(({ coherence }) => colourOf(coherence, scale)) }),
    dashes: pairs.map(() => (out ? DROPPED : "")),
    widths: pairs.map(({ name: pair }) => (pair === chosen ? 4 : out ? 1 : 1.5)),
  });
  const members = outcome.tree.flatMap((i) => net.pairs[i] ?? []);
  const tree = {
    ...segments(members, "tree", "Minimum spanning tree", false),
    opacity: 0.4,
    colors: members.map(() => "var(--iw-accent)"),
    widths: members.map(() => 7),
    pick: false,
  };
  const day = context.model.get("date");
  const history = coherenceHistory(net, outcome, x);
  return {
    title: `Network of ${net.dates.length} dates, ${kept.length} of ${net.pairs.length} pairs kept`,
    x: { kind: "time" },
    cursor: day ? { x: timeOf(day), label: isoDate(day) } : null,
    panels: [
      {
        label: "Perpendicular baseline (m)",
        marks: [
          ...(withTree ? [tree] : []),
          segments(dropped, "dropped", "Dropped pairs", true),
          segments(kept, "kept", "Pairs", false),
          {
            kind: "points" as const,
            id: "dates",
            name: "Dates",
            color: "var(--iw-ink)",
            shape: "circle" as const,
            size: net.dates.length > 150 ? 3.5 : 5,
            x,
            y,
            open: net.dates.map((_, i) => !(outcome.redundancy[i] ?? 0)),
          },
        ],
      },
      {
        label: "Pairs",
        height: 64,
        zero: true,
        marks: [
          {
            kind: "segments" as const,
            id: "redundancy",
            name: "Pairs kept of each date",
            color: "var(--iw-ink2)",
            x1: x,
            y1: x.map(() => 0),
            x2: x,
            y2: net.dates.map((_, i) => outcome.redundancy[i] ?? 0),
            widths: x.map(() => 3),
            pick: false,
          },
        ],
      },
      ...(history ? [history] : []),
    ],
  };
}

/** The pair or date of a hit, by the marks of `spec`. */
function hitOf(net: Net, outcome: Outcome, hit: Hit): { pair?: number; date?: number } {
  if (hit.mark === "dates") return { date: hit.index };
  const wanted = hit.mark === "dropped";
  const indices = net.pairs.flatMap((_, i) => (Boolean(outcome.reasons[i]) === wanted ? [i] : []));
  const pair = indices[hit.index];
  return pair === undefined ? {} : { pair };
}

export interface NetworkChart {
  readonly chart: Chart;
  /** Whether the minimum spanning tree stands out. */
  showTree(on: boolean): void;
}

export function networkChart(context: Context): NetworkChart {
  let withTree = false;
  const chart: Chart = new Chart({
    height: NETWORK_HEIGHT,
    snap: false,
    say: (text) => {
      context.live.say(text);
    },
    tooltip: ({ hit }) => {
      if (!hit) return [];
      const [net, outcome] = [netOf(context), outcomeOf(context)];
      const found = hitOf(net, outcome, hit);
      if (found.date !== undefined) return dateWords(net, outcome, found.date);
      const pair = net.pairs[found.pair ?? -1];
      return pair ? pairWords(pair, outcome.reasons[found.pair ?? -1] ?? "") : [];
    },
    onPick: (hit) => {
      const net = netOf(context);
      const found = hitOf(net, outcomeOf(context), hit);
      const date = net.dates[found.date ?? -1]?.date;
      const pair = net.pairs[found.pair ?? -1]?.name;
      if (date !== undefined) {
        context.set("pair", "");
        context.set("date", date);
      } else if (pair !== undefined) context.set("pair", pair);
    },
  });
  const draw = (): void => {
    const net = netOf(context);
    if (net.dates.length > 0) chart.set(spec(context, net, outcomeOf(context), withTree));
  };
  context.watch(["_view", "_outcome", "pair", "date"], draw);
  const unwatch = watchTheme(draw);
  context.signal.addEventListener("abort", () => {
    unwatch();
    chart.destroy();
  });
  return {
    chart,
    showTree(on) {
      withTree = on;
      draw();
    },
  };
}

/** Dates against dates: above the diagonal all pairs, below it those that are kept. */
export function matrix(context: Context): HTMLElement {
  const canvas = h("canvas", {
    class: "ni-matrix",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "matrix",
  });
  const tip = h("p", { class: "iw-2 ni-matrix-tip", role: "status" });
  const help =
    "Rows and columns are dates. Above the diagonal all pairs, below it those that are kept. " +
    "Arrow keys move from cell to cell, Enter chooses the pair.";
  const ends = h("p", { class: "iw-2 ni-ends", "aria-hidden": "true" });
  const element = h(
    "div",
    { class: "ni-matrix-host" },
    h("div", { class: "ni-matrix-frame" }, canvas, ends),
    h("div", {}, h("p", { class: "iw-2" }, help), tip),
  );
  // The cell that the arrow keys move, as an index of dates
  let cursor = { row: 0, column: 0 };

  const draw = (): void => {
    const [net, outcome] = [netOf(context), outcomeOf(context)];
    const count = net.dates.length;
    const side = canvas.clientWidth;
    if (count === 0 || side === 0) return;
    const scale = scaleOf(net.pairs);
    const style = getComputedStyle(element);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(side * ratio);
    canvas.height = canvas.width;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    const cell = canvas.width / count;
    const resolve = (colour: string): string =>
      colour.startsWith("var(") ? style.getPropertyValue(colour.slice(4, -1)).trim() || "#888" : colour;
    pen.fillStyle = resolve("var(--iw-sunken)");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    const square = (row: number, column: number): void => {
      pen.fillRect(column * cell, row * cell, Math.max(1, cell - 0.5), Math.max(1, cell - 0.5));
    };
    pen.fillStyle = resolve("var(--iw-line2)");
    for (let i = 0; i < count; i += 1) square(i, i);
    const chosen = context.model.get("pair");
    net.pairs.forEach((pair, i) => {
      const [low, high] = [Math.min(pair.from, pair.to), Math.max(pair.from, pair.to)];
      pen.fillStyle = resolve(colourOf(pair.coherence, scale));
      square(low, high);
      if (!outcome.reasons[i]) square(high, low);
      if (pair.name === chosen) {
        pen.strokeStyle = resolve("var(--iw-accent)");
        pen.lineWidth = 2 * ratio;
        pen.strokeRect(high * cell, low * cell, cell, cell);
      }
    });
    if (canvas.matches(":focus-visible")) {
      pen.strokeStyle = resolve("var(--iw-ink)");
      pen.lineWidth = 2 * ratio;
      pen.strokeRect(cursor.column * cell, cursor.row * cell, cell, cell);
    }
    const [first, last] = [net.dates[0]?.date ?? "", net.dates.at(-1)?.date ?? ""];
    replace(ends, h("span", {}, isoDate(first)), h("span", {}, isoDate(last)));
    canvas.setAttribute(
      "aria-label",
      `Matrix of ${count} dates with the mean coherence of ${net.pairs.length} pairs; the table has the numbers`,
    );
  };

  const pairOf = ({ row, column }: { row: number; column: number }): NetPair | undefined => {
    const low = Math.min(row, column);
    const high = Math.max(row, column);
    return netOf(context).pairs.find(
      ({ from, to }) => Math.min(from, to) === low && Math.max(from, to) === high,
    );
  };
  // The cell under the pointer, by where the canvas is now: it may have been laid out anew since it was drawn.
  const cellAt = (event: MouseEvent): { row: number; column: number } => {
    const box = canvas.getBoundingClientRect();
    const count = netOf(context).dates.length;
    return {
      row: Math.floor(((event.clientY - box.top) / box.height) * count),
      column: Math.floor(((event.clientX - box.left) / box.width) * count),
    };
  };
  const tell = (cell: { row: number; column: number }): void => {
    const [net, pair] = [netOf(context), pairOf(cell)];
    const dates = [net.dates[cell.row], net.dates[cell.column]].map((date) => isoDate(date?.date ?? ""));
    const reason = pair ? (outcomeOf(context).reasons[net.pairs.indexOf(pair)] ?? "") : "";
    tip.textContent = pair
      ? pairWords(pair, reason).join(", ")
      : cell.row === cell.column
        ? (dates[0] ?? "")
        : `${dates.join(" and ")}: no pair`;
  };
  canvas.addEventListener("pointermove", (event) => {
    tell(cellAt(event));
  });
  canvas.addEventListener("click", (event) => {
    cursor = cellAt(event);
    const pair = pairOf(cursor);
    if (pair) context.set("pair", pair.name);
  });
  const ways: Partial<Record<string, readonly [number, number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  canvas.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    const last = netOf(context).dates.length - 1;
    if (way) {
      cursor = {
        row: Math.max(0, Math.min(last, cursor.row + way[0])),
        column: Math.max(0, Math.min(last, cursor.column + way[1])),
      };
      tell(cursor);
      draw();
    } else if (event.key === "Enter" || event.key === " ") {
      const pair = pairOf(cursor);
      if (pair) context.set("pair", pair.name);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, draw);
  const resized = new ResizeObserver(draw);
  resized.observe(canvas);
  const unwatch = watchTheme(draw);
  context.signal.addEventListener("abort", () => {
    unwatch();
    resized.disconnect();
  });
  context.watch(["_view", "_outcome", "pair"], draw);
  return element;
}

/** Every pair with its numbers, as a table: what the pictures show, for reading and for screen readers. */
export function table(context: Context): HTMLElement {
  const body = h("tbody", {});
  const element = h(
    "div",
    { class: "ni-table", tabindex: 0, role: "region", "aria-label": "Table of the pairs" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["Pair", "Days", "bperp (m)", "Coherence", "Now"].map((title) =>
            h("th", { scope: "col" }, title),
          ),
        ),
      ),
      body,
    ),
  );
  context.watch(["_view", "_outcome", "pair"], () => {
    const [net, outcome] = [netOf(context), outcomeOf(context)];
    const chosen = context.model.get("pair");
    const rows = net.pairs.map((pair, i) => {
      const reason = outcome.reasons[i] ?? "";
      const name = h(
        "button",
        { type: "button", class: "iw-link", "data-key": pair.name },
        pair.name.split("_").map(isoDate).join(" – "),
      );
      name.addEventListener("click", () => {
        context.set("pair", pair.name);
      });
      return h(
        "tr",
        { class: reason ? "out" : "", "aria-current": pair.name === chosen ? "true" : null },
        h("td", {}, name),
        h("td", {}, pair.days),
        h("td", {}, signed(pair.bperp)),
        h("td", {}, pair.coherence === null ? "–" : pair.coherence.toFixed(2)),
        h("td", { class: "ni-reason" }, reason ? `dropped: ${reason}` : "kept"),
      );
    });
    replace(body, ...rows);
  });
  return element;
}
