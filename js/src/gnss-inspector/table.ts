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
  /** Where there is little room it stands in a second line. */
  second?: boolean;
}

const COLUMNS: readonly Column[] = [
  { key: "name", title: "Station", unit: "", help: "Name, frame of its positions" },
  { key: "epochs", title: "Epochs", unit: "", help: "Acquisitions with GNSS and InSAR", second: true },
  { key: "gnss_velocity", title: "GNSS", unit: "rate", help: "LOS velocity of GNSS ± standard deviation" },
  { key: "insar_velocity", title: "InSAR", unit: "rate", help: "LOS velocity of InSAR ± standard deviation" },
  {
    key: "velocity_difference",
    title: "Difference",
    unit: "rate",
    help: "InSAR minus GNSS ± half width of its 95 % interval",
  },
  { key: "correlation", title: "r", unit: "", help: "Correlation of both series", second: true },
  { key: "rmse", title: "RMSE", unit: "length", help: "Root mean square of InSAR minus GNSS", second: true },
  { key: "bias", title: "Bias", unit: "length", help: "Mean of InSAR minus GNSS", second: true },
  {
    key: "scatter",
    title: "Scatter",
    unit: "length",
    help: "Standard deviation of InSAR minus GNSS",
    second: true,
  },
];
const FIRST = COLUMNS.filter(({ second }) => !second);
const SECOND = COLUMNS.filter(({ second }) => second);
const ROWS = 400;
const NARROW = 600; // px

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
  let narrow = false;
  const columns = (): readonly Column[] => (narrow ? FIRST : COLUMNS);

  const sorter = ({ key, title, help }: Column): HTMLButtonElement => {
    const on = sort.key === key;
    return button(
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
  };
  const unitWords = ({ unit: kind }: Column): string => {
    const unit = model.get("unit");
    return kind === "rate" ? `${unit}/yr` : kind === "length" ? unit : "";
  };
  const order = ({ key }: Column): string =>
    sort.key !== key ? "none" : sort.up ? "ascending" : "descending";

  const head = (): HTMLElement[] => {
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
    const first = h(
      "tr",
      {},
      h("th", { class: "gi-check", scope: "col" }, all),
      ...columns().map((column) => {
        const words = unitWords(column);
        return h(
          "th",
          { scope: "col", "aria-sort": order(column) },
          sorter(column),
          words ? h("span", { class: "gi-unit" }, words) : null,
        );
      }),
      h("th", { scope: "col", "aria-label": "Actions" }),
    );
    if (!narrow) return [first];
    const others = SECOND.map((column) => {
      const words = unitWords(column);
      return h("span", {}, sorter(column), words ? h("span", { class: "gi-unit" }, words) : null);
    });
    return [first, secondLine("th", others)];
  };

  /** What has no room beside the rest, in places of its own. */
  const secondLine = (cell: "td" | "th", content: readonly HTMLElement[]): HTMLElement =>
    h(
      "tr",
      { class: "gi-second" },
      h(cell, { colspan: FIRST.length + 2 }, h("div", { class: "gi-places" }, ...content)),
    );

  const say = (value: number | null): string => {
    const unit = model.get("unit");
    return value === null ? "–" : formatValue(value * FACTORS[unit], STEPS[unit]);
  };

  /** Words for the columns that come second where there is little room. */
  const seconds = (row: Row): [key: Key, words: string][] => [
    ["epochs", String(row.epochs)],
    ["correlation", row.correlation === null ? "–" : formatValue(row.correlation, 0.01)],
    ["rmse", say(row.rmse)],
    ["bias", say(row.bias)],
    ["scatter", say(row.scatter)],
  ];

  const cells = (row: Row): HTMLElement[] => {
    const pair = (value: number | null, apart: number | null): HTMLElement =>
      h("td", {}, h("b", {}, say(value)), apart === null ? "" : ` ± ${say(apart)}`);
    const [epochs, ...rest] = narrow ? [] : seconds(row).map(([, words]) => h("td", {}, words));
    if (row.reference)
      return [
        ...(epochs ? [epochs] : []),
        h(
          "td",
          { colspan: columns().length - (epochs ? 2 : 1), class: "gi-why" },
          "reference: both series are relative to it",
        ),
      ];
    return [
      ...(epochs ? [epochs] : []),
      pair(row.gnss_velocity, row.gnss_velocity_std),
      pair(row.insar_velocity, row.insar_velocity_std),
      pair(row.velocity_difference, row.velocity_difference_95),
      ...rest,
    ];
  };

  const line = (station: StationInfo, row: Row | undefined, why: string): HTMLElement[] => {
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
    const first = h(
      "tr",
      { class: current ? "current" : station.usable ? null : "unusable", "data-name": name },
      h("td", { class: "gi-check" }, box),
      h("th", { scope: "row" }, label, row ? h("span", { class: "gi-unit gi-frame" }, row.frame) : null),
      ...(row ? cells(row) : [h("td", { colspan: columns().length - 1, class: "gi-why" }, why)]),
      h("td", { class: "gi-act" }, row ? pin : null, model.get("_has_map") ? go : null),
    );
    if (!narrow || !row || row.reference) return [first];
    const titles = new Map(SECOND.map(({ key, title }) => [key, title]));
    const more = secondLine(
      "td",
      seconds(row).map(([key, words]) =>
        h("span", {}, h("span", { class: "iw-sr" }, `${titles.get(key) ?? ""} `), words),
      ),
    );
    more.classList.toggle("current", current);
    return [first, more];
  };

  const draw = (): void => {
    const comparison = context.comparison();
    const rows = new Map(comparison?.rows.map((row) => [row.name, row]));
    const shown = model.get("_stations").filter((s) => passesFilter(s, model.get("filter")));
    const rankOf = (station: StationInfo): number => (rows.has(station.name) ? 0 : station.usable ? 1 : 2);
    shown.sort((a, b) => {
      const rank = rankOf(a) - rankOf(b);
      if (rank !== 0) return rank;
      const by =
        sort.key === "name"
          ? compare(a.name, b.name)
          : compare(rows.get(a.name)?.[sort.key], rows.get(b.name)?.[sort.key]);
      return by === 0 ? compare(a.name, b.name) : sort.up ? by : -by;
    });
    const lines = shown.slice(0, ROWS).flatMap((station) => {
      const chosen = model.get("selected").includes(station.name);
      const why = station.usable
        ? (comparison?.rejected[station.name] ?? (chosen ? "not compared yet" : "not chosen"))
        : station.reason;
      return line(station, rows.get(station.name), why);
    });
    replace(table, h("thead", {}, ...head()), h("tbody", {}, ...lines));
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
  const observer = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    if (width === 0 || narrow === width < NARROW) return;
    narrow = width < NARROW;
    draw();
  });
  observer.observe(box);
  context.signal.addEventListener("abort", () => {
    observer.disconnect();
  });
  context.watch(["_stations"], () => {
    box.hidden = model.get("_stations").length === 0;
  });
  return box;
}
