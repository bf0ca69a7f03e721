// The network over time, the history of the dates, and the matrix of coherence.

import { Chart, type ChartSpec, type Hit, type Panel } from "../lib/chart";
import { h, replace } from "../lib/dom";
import { isoDate, signed, timeOf } from "../lib/network-plot";
import { choose, netOf, outcomeOf, type Context, type Net, type NetPair, type Outcome } from "./api";
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
        size: 6,
        x,
        y: values.map(mean),
        low: values.map((all) => Math.min(...all)),
        high: values.map((all) => Math.max(...all)),
        pick: false,
      },
    ],
  };
}

function spec(context: Context, net: Net, outcome: Outcome): ChartSpec {
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
          segments(dropped, "dropped", "Dropped pairs", true),
          segments(kept, "kept", "Pairs", false),
          {
            kind: "points" as const,
            id: "dates",
            name: "Dates",
            color: "var(--iw-ink)",
            shape: "circle" as const,
            size: net.dates.length > 150 ? 4 : 6,
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

export function networkChart(context: Context): Chart {
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
        choose(context, "pair", "");
        choose(context, "date", date);
      } else if (pair !== undefined) choose(context, "pair", pair);
    },
  });
  context.watch(["_view", "_outcome", "pair", "date"], () => {
    const net = netOf(context);
    if (net.dates.length > 0) chart.set(spec(context, net, outcomeOf(context)));
  });
  context.signal.addEventListener("abort", () => {
    chart.destroy();
  });
  return chart;
}

/** Dates against dates: above the diagonal all pairs, below it those that are kept. */
export function matrix(context: Context): HTMLElement {
  const canvas = h("canvas", {
    class: "ni-matrix",
    tabindex: 0,
    role: "img",
    "aria-describedby": "ni-matrix-help",
  });
  const tip = h("p", { class: "iw-2 ni-matrix-tip", role: "status" });
  const help = "Rows and columns are dates. Above the diagonal all pairs, below it those that are kept.";
  const ends = h("p", { class: "iw-2 ni-ends", "aria-hidden": "true" });
  const element = h(
    "div",
    { class: "ni-matrix-host" },
    h("div", { class: "ni-matrix-frame" }, canvas, ends),
    h("div", {}, h("p", { class: "iw-2" }, help), tip),
  );
  let size = 0;

  const draw = (): void => {
    const [net, outcome] = [netOf(context), outcomeOf(context)];
    const count = net.dates.length;
    if (count === 0 || size === 0) return;
    const scale = scaleOf(net.pairs);
    const style = getComputedStyle(element);
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(size * ratio);
    canvas.height = Math.round(size * ratio);
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
    const [first, last] = [net.dates[0]?.date ?? "", net.dates.at(-1)?.date ?? ""];
    replace(ends, h("span", {}, isoDate(first)), h("span", {}, isoDate(last)));
    canvas.setAttribute(
      "aria-label",
      `Matrix of ${count} dates with the mean coherence of ${net.pairs.length} pairs; the table has the numbers`,
    );
  };

  const pairAt = (event: MouseEvent): NetPair | undefined => {
    const net = netOf(context);
    const cell = size / net.dates.length;
    const [column, row] = [Math.floor(event.offsetX / cell), Math.floor(event.offsetY / cell)];
    const ends = new Set([row, column]);
    return net.pairs.find((pair) => ends.size === 2 && ends.has(pair.from) && ends.has(pair.to));
  };
  canvas.addEventListener("pointermove", (event) => {
    const pair = pairAt(event);
    const net = netOf(context);
    const reason = pair ? (outcomeOf(context).reasons[net.pairs.indexOf(pair)] ?? "") : "";
    tip.textContent = pair ? pairWords(pair, reason).join(", ") : "";
  });
  canvas.addEventListener("click", (event) => {
    const pair = pairAt(event);
    if (pair) choose(context, "pair", pair.name);
  });
  const resized = new ResizeObserver(() => {
    const width = Math.min(360, Math.floor(element.clientWidth));
    if (width === size || width < 40) return;
    size = width;
    canvas.style.width = `${size}px`;
    canvas.style.height = `${size}px`;
    draw();
  });
  resized.observe(element);
  context.signal.addEventListener("abort", () => {
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
          ...["Pair", "Days", "bperp (m)", "Mean coherence", "Now"].map((title) =>
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
        pair.name.replace("_", " – "),
      );
      name.addEventListener("click", () => {
        choose(context, "pair", pair.name);
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
