// All stations: the statistics of those compared, the reason of the others.

import { passesFilter, type StationInfo } from "../gnss-layer/api";
import { button, h, listen, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { formatValue } from "../lib/number";
import { FACTORS, STEPS, type Context, type Row } from "./api";

type Key = "name" | keyof Row;

interface Column {
  key: Key;
  title: string;
  unit: "" | "rate" | "length" | "days";
  help: string;
}

const COLUMNS: readonly Column[] = [
  { key: "name", title: "Station", unit: "", help: "Name, frame of its positions" },
  { key: "epochs", title: "Epochs", unit: "", help: "Acquisitions with GNSS and InSAR" },
  { key: "gnss_velocity", title: "GNSS", unit: "rate", help: "LOS velocity of GNSS ± standard deviation" },
  { key: "insar_velocity", title: "InSAR", unit: "rate", help: "LOS velocity of InSAR ± standard deviation" },
  {
    key: "velocity_difference",
    title: "Difference",
    unit: "rate",
    help: "InSAR minus GNSS ± half width of its 95 % interval",
  },
  { key: "correlation", title: "r", unit: "", help: "Correlation of both series" },
  { key: "rmse", title: "RMSE", unit: "length", help: "Root mean square of InSAR minus GNSS" },
  { key: "bias", title: "Bias", unit: "length", help: "Mean of InSAR minus GNSS" },
  { key: "scatter", title: "Scatter", unit: "length", help: "Standard deviation of InSAR minus GNSS" },
];
const ROWS = 400;

function compare(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b);
  const [x, y] = [a, b].map((v) => (typeof v === "number" ? v : NaN));
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
  return Number.isNaN(y) ? -1 : (x ?? 0) - (y ?? 0);
}

export function stationTable(context: Context): HTMLElement {
  const { model } = context;
  const table = h("table", { class: "gi-table" });
  const more = h("div", { class: "iw-2 gi-more" });
  let sort: { key: Key; up: boolean } = { key: "name", up: true };

  const head = (): HTMLElement => {
    const unit = model.get("unit");
    const usable = model.get("_stations").filter((s) => s.usable);
    const all = h("input", {
      type: "checkbox",
      "data-key": "all",
      "aria-label": "Compare all usable stations",
    });
    all.checked = usable.length > 0 && model.get("selected").length === usable.length;
    all.indeterminate = !all.checked && model.get("selected").length > 0;
    listen(all, "change", () => {
      context.set("selected", all.checked ? usable.map((s) => s.name) : []);
    });
    return h(
      "tr",
      {},
      h("th", { class: "gi-check", scope: "col" }, all),
      ...COLUMNS.map(({ key, title, unit: kind, help }) => {
        const words = kind === "rate" ? `${unit}/yr` : kind === "length" ? unit : "";
        const on = sort.key === key;
        const one = button(
          title,
          () => {
            sort = { key, up: on ? !sort.up : true };
            draw();
          },
          {
            class: "ghost gi-sort",
            key: `sort-${key}`,
            title: `${help}. Sorts.`,
            ...(on ? { iconAfter: icon("down", `small${sort.up ? " gi-up" : ""}`) } : {}),
          },
        );
        return h(
          "th",
          { scope: "col", "aria-sort": on ? (sort.up ? "ascending" : "descending") : "none" },
          one,
          words ? h("span", { class: "gi-unit" }, words) : null,
        );
      }),
      h("th", { scope: "col", "aria-label": "Actions" }),
    );
  };

  const cells = (row: Row): HTMLElement[] => {
    const unit = model.get("unit");
    const [factor, step] = [FACTORS[unit], STEPS[unit]];
    const say = (value: number | null, signed = false): string =>
      value === null ? "–" : formatValue(value * factor, step, signed);
    const pair = (value: number | null, apart: number | null): HTMLElement =>
      h("td", {}, h("b", {}, say(value)), apart === null ? "" : ` ± ${say(apart)}`);
    if (row.reference)
      return [
        h("td", {}, row.epochs),
        h(
          "td",
          { colspan: COLUMNS.length - 2, class: "gi-why" },
          "reference: both series are relative to it",
        ),
      ];
    return [
      h("td", {}, row.epochs),
      pair(row.gnss_velocity, row.gnss_velocity_std),
      pair(row.insar_velocity, row.insar_velocity_std),
      pair(row.velocity_difference, row.velocity_difference_95),
      h("td", {}, row.correlation === null ? "–" : formatValue(row.correlation, 0.01)),
      ...[row.rmse, row.bias, row.scatter].map((value) => h("td", {}, say(value))),
    ];
  };

  const line = (station: StationInfo, row: Row | undefined, why: string): HTMLElement => {
    const { name } = station;
    const current = name === model.get("station");
    const box = h("input", { type: "checkbox", "data-key": `take-${name}`, "aria-label": `Compare ${name}` });
    box.checked = model.get("selected").includes(name);
    box.disabled = !station.usable;
    listen(box, "change", () => {
      const others = model.get("selected").filter((other) => other !== name);
      context.set("selected", box.checked ? [...others, name] : others);
    });
    const label = row
      ? button(
          name,
          () => {
            context.set("station", name);
          },
          { class: "ghost gi-name", key: `show-${name}`, title: `Draw the series of ${name}` },
        )
      : h("span", { class: "gi-name" }, name);
    if (current) label.setAttribute("aria-pressed", "true");
    const isReference = name === model.get("reference");
    const pin = button(
      isReference ? `Take ${name} away as reference` : `Make ${name} the reference`,
      () => {
        context.set("reference", isReference ? "" : name);
      },
      { class: "ghost icon small", icon: icon("pin"), hideLabel: true, key: `pin-${name}` },
    );
    pin.setAttribute("aria-pressed", String(isReference));
    const go = button(
      `Zoom the map to ${name}`,
      () => {
        context.requests.request("zoom", { name }).catch(context.fail);
      },
      { class: "ghost icon small", icon: icon("search"), hideLabel: true, key: `zoom-${name}` },
    );
    return h(
      "tr",
      { class: current ? "current" : station.usable ? null : "unusable", "data-name": name },
      h("td", { class: "gi-check" }, box),
      h("th", { scope: "row" }, label, row ? h("span", { class: "gi-unit gi-frame" }, row.frame) : null),
      ...(row ? cells(row) : [h("td", { colspan: COLUMNS.length - 1, class: "gi-why" }, why)]),
      h("td", { class: "gi-act" }, row ? pin : null, model.get("_has_map") ? go : null),
    );
  };

  const draw = (): void => {
    const comparison = context.comparison();
    const rows = new Map(comparison?.rows.map((row) => [row.name, row]));
    const shown = model.get("_stations").filter((s) => passesFilter(s, model.get("filter")));
    const order = (station: StationInfo): number => (rows.has(station.name) ? 0 : station.usable ? 1 : 2);
    shown.sort((a, b) => {
      const rank = order(a) - order(b);
      if (rank !== 0) return rank;
      const by =
        sort.key === "name"
          ? compare(a.name, b.name)
          : compare(rows.get(a.name)?.[sort.key], rows.get(b.name)?.[sort.key]);
      return by === 0 ? compare(a.name, b.name) : sort.up ? by : -by;
    });
    const lines = shown.slice(0, ROWS).map((station) => {
      const chosen = model.get("selected").includes(station.name);
      const why = station.usable
        ? (comparison?.rejected[station.name] ?? (chosen ? "not compared yet" : "not chosen"))
        : station.reason;
      return line(station, rows.get(station.name), why);
    });
    replace(table, h("thead", {}, head()), h("tbody", {}, ...lines));
    more.textContent =
      shown.length > ROWS ? `${shown.length - ROWS} more stations; search for a name to see them.` : "";
  };
  context.onComparison(draw);
  context.watch(["_stations", "selected", "station", "reference", "filter", "unit", "_has_map"], draw);
  const box = h(
    "div",
    { class: "gi-scroll", tabindex: 0, role: "region", "aria-label": "Stations" },
    table,
    more,
  );
  context.watch(["_stations"], () => {
    box.hidden = model.get("_stations").length === 0;
  });
  return box;
}
