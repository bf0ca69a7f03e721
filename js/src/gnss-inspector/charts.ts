// The two charts and what chooses between them.

import { Chart, chartPng, chartSvg, download } from "../lib/chart";
import { button, h, listen, replace } from "../lib/dom";
import { Latest } from "../lib/messages";
import { FACTORS, STEPS, unpackSeries, type Context, type Series } from "./api";
import { formatValue } from "../lib/number";
import {
  GNSS,
  INSAR,
  notesOf,
  regressionWords,
  seriesChart,
  seriesTip,
  velocityChart,
  velocityRows,
} from "./plot";

const HEIGHT = 380;

export interface ChartPart {
  readonly tabs: HTMLElement;
  readonly element: HTMLElement;
  save(kind: "png" | "svg"): Promise<string>;
}

function legend(entries: readonly (readonly [string, string, string])[]): HTMLElement {
  return h(
    "div",
    { class: "gi-legend" },
    ...entries.map(([shape, color, words]) =>
      h("span", {}, h("i", { class: shape, style: `--c:${color}` }), words),
    ),
  );
}

export function chartPart(context: Context): ChartPart {
  const { model } = context;
  let view: "series" | "velocities" = "series";
  let series: Series | null = null;
  let whole = false;
  const say = (text: string): void => {
    context.live.say(text);
  };
  const lines = new Chart({
    height: HEIGHT,
    say,
    tooltip: ({ hit }) => (hit && series ? seriesTip(series, model.get("unit"), hit.mark, hit.index) : []),
  });
  const dots = new Chart({
    height: HEIGHT,
    say,
    snap: false,
    tooltip: ({ hit }) => {
      const comparison = context.comparison();
      const row = hit && comparison ? velocityRows(comparison)[hit.index] : undefined;
      if (!row) return [];
      const unit = model.get("unit");
      const words = (value: number | null): string =>
        value === null ? "–" : `${formatValue(value * FACTORS[unit], STEPS[unit])} ${unit}/yr`;
      return [
        row.name,
        `GNSS ${words(row.gnss_velocity)}, InSAR ${words(row.insar_velocity)}`,
        `difference ${words(row.velocity_difference)} ± ${words(row.velocity_difference_95)}`,
        "Click for its series",
      ];
    },
    onPick: (hit) => {
      const comparison = context.comparison();
      const row = comparison ? velocityRows(comparison)[hit.index] : undefined;
      if (!row) return;
      view = "series";
      context.set("station", row.name);
      draw();
    },
  });
  const tabs = h("div", { class: "iw-seg", role: "group", "aria-label": "What is drawn" });
  const above = h("div", { class: "gi-above" });
  const below = h("div", { class: "gi-note" });
  const all = h("input", { type: "checkbox", "data-key": "whole" });
  listen(all, "change", () => {
    whole = all.checked;
    lines.reset();
    draw();
  });
  const body = h("div", { class: "gi-chart" }, above, lines.element, dots.element, below);

  const draw = (): void => {
    const comparison = context.comparison();
    replace(
      tabs,
      ...(["series", "velocities"] as const).map((value) => {
        const one = button(
          value === "series" ? "Series" : "Velocities",
          () => {
            view = value;
            draw();
          },
          { class: "small", key: `view-${value}` },
        );
        one.setAttribute("aria-pressed", String(view === value));
        return one;
      }),
    );
    body.hidden = tabs.hidden = !comparison || comparison.rows.length === 0;
    if (!comparison || body.hidden) return;
    lines.element.hidden = view !== "series" || series === null;
    dots.element.hidden = view !== "velocities";
    const unit = model.get("unit");
    if (view === "velocities") {
      replace(
        above,
        legend([
          ["triangle", GNSS, "station, bars 95 %"],
          ["line", INSAR, "regression"],
          ["dashes", "var(--iw-ink3)", "1 : 1"],
        ]),
      );
      dots.set(velocityChart(comparison, unit, model.get("station")));
      below.textContent = regressionWords(comparison, unit);
      return;
    }
    if (!series) {
      replace(above);
      below.textContent = "Choose a station in the list or on the map.";
      return;
    }
    replace(
      above,
      h("b", {}, series.station),
      legend([
        ["dot", GNSS, "GNSS, daily"],
        ["circle", GNSS, "at acquisitions ± std"],
        ["square", INSAR, "InSAR"],
      ]),
      h("label", { class: "gi-tick" }, all, "whole GNSS series"),
    );
    lines.set(seriesChart(series, unit, whole));
    below.textContent = notesOf(comparison, series).slice(0, -1).join(" ");
  };

  const latest = new Latest();
  const load = (): void => {
    const name = model.get("station");
    if (!name || !context.comparison()) {
      series = null;
      draw();
      return;
    }
    context.requests.request("series", { name }, { signal: latest.next() }).then(({ payload, buffers }) => {
      series = unpackSeries(payload, buffers[0]);
      draw();
    }, context.fail);
  };
  context.onComparison(load);
  context.watch(["station"], load);
  context.watch(["unit"], draw);
  context.signal.addEventListener("abort", () => {
    latest.cancel();
    lines.destroy();
    dots.destroy();
  });
  return {
    tabs,
    element: body,
    async save(kind) {
      const comparison = context.comparison();
      if (!comparison) throw new Error("There is nothing to draw yet; find stations first.");
      const ofSeries = view === "series" && series !== null;
      const chart = ofSeries ? lines : dots;
      const stem = ofSeries ? `gnss-${series?.station ?? ""}` : "gnss-velocities";
      const notes = {
        title: ofSeries
          ? `${series?.station ?? ""}: GNSS and InSAR in line of sight`
          : "InSAR against GNSS velocity",
        notes: notesOf(comparison, ofSeries ? series : null),
        legend: [
          { color: GNSS, name: ofSeries ? "GNSS" : "stations" },
          { color: INSAR, name: ofSeries ? "InSAR" : "regression" },
        ],
      };
      if (kind === "svg") download(`${stem}.svg`, chartSvg(chart, notes), "image/svg+xml");
      else download(`${stem}.png`, await chartPng(chart, notes));
      return `${stem}.${kind}`;
    },
  };
}
