// The points: what they are called, what was sampled, and what the fit says of them.

import { button, h, listen, replace, svg, type Child } from "../lib/dom";
import { icon } from "../lib/icons";
import { formatValue } from "../lib/number";
import { shapePath } from "../lib/chart";
import { isCurrent, iso, numberOf, scaleOf, type Context, type Data, type LineInfo, type Point } from "./api";
import { lineId, shapeOf, toDayOf, withStd } from "./plot";

/** The point's mark as on the map: shape, number, colour. */
export function pointMark(point: Point, number: number): SVGSVGElement {
  return svg(
    "svg",
    { class: "ts-mark", width: 20, height: 20, viewBox: "-10 -10 20 20", "aria-hidden": "true" },
    svg("path", { d: shapePath(shapeOf(number), 7), style: `fill:${point.color}` }),
    svg("text", { y: 3.5, "text-anchor": "middle" }, number),
  );
}

function unitsOf(units: string, display: string): string {
  if (units.startsWith("rad")) return "rad";
  if (units === "") return "";
  return units.replace(/^m/, display).replace("/year", "/yr");
}

/** A hyphen before a number that is no part of a date is a minus. */
function minusSigns(text: string): string {
  return text.replace(/(?<![\w-])-(?=\d)/g, "−");
}

/** Widths in pixels: of what is always there, and of a parameter with its deviation. */
const FIXED = 300;
const COLUMN = 104;

/** How many parameters have a column of their own in a table so wide; what the others are is said below the row. */
function fitting(columns: number, width: number): number {
  if (width === 0 || FIXED + columns * COLUMN <= width) return columns;
  return Math.max(1, Math.min(columns - 1, Math.floor((width - FIXED + 50) / COLUMN))); // 50: RMS goes too
}

function head(data: Data, context: Context, count: number): HTMLElement {
  const { model } = context;
  const { unit } = scaleOf(data.units, model.get("unit"));
  const day = model.get("date");
  const cell = (title: string, units: string): HTMLElement =>
    h("th", { scope: "col" }, title, h("span", { class: "ts-unit" }, units));
  return h(
    "tr",
    {},
    h("th", { scope: "col" }, "Point"),
    cell(day ? iso(day) : "Last date", unit),
    ...data.columns.slice(0, count).map((column) => {
      const std = column.title === "Velocity" ? `${column.title} ± std` : column.title;
      return cell(std, unitsOf(column.units, unit));
    }),
    count < data.columns.length ? null : cell("RMS", unit),
    h("th", {}, h("span", { class: "iw-sr" }, "Change")),
  );
}

function valueAtDate(data: Data, line: LineInfo, context: Context): string {
  const drawn = data.drawn.find((candidate) => lineId(candidate) === lineId(line));
  const day = context.model.get("date");
  const index = Array.from(data.times).findIndex((time) => toDayOf(time) === day);
  const { unit, factor } = scaleOf(data.units, context.model.get("unit"));
  const values = context.model.get("view") === "residual" ? drawn?.residual : drawn?.y;
  return formatValue((values?.[index] ?? NaN) * factor, { mm: 0.1, cm: 0.01, m: 0.0001 }[unit] ?? 0.001);
}

interface Numbers {
  readonly cells: HTMLElement[];
  /** What has no column, in words. */
  readonly rest: string;
}

function numbers(data: Data, line: LineInfo, context: Context, count: number): Numbers {
  const { factor, unit } = scaleOf(data.units, context.model.get("unit"));
  const parameters = data.columns.map((column, index) => {
    const scale = column.units.startsWith("rad") ? 1 : factor;
    const [value, std] = line.values?.[index] ?? [null, null];
    return {
      column,
      words: withStd(value === null ? null : value * scale, std === null ? null : std * scale),
    };
  });
  const cells = parameters
    .slice(0, count)
    .map(({ column, words }) =>
      h(
        "td",
        { class: column.title === "Velocity" ? "ts-main" : null },
        h("b", {}, words.value),
        words.std ? h("span", { class: "iw-2" }, ` ${words.std}`) : null,
      ),
    );
  const rms =
    line.rms == null ? "–" : formatValue(line.rms * factor, { mm: 0.1, cm: 0.01, m: 0.0001 }[unit] ?? 0.001);
  const day = h("td", {}, valueAtDate(data, line, context));
  if (count === data.columns.length) return { cells: [day, ...cells, h("td", {}, rms)], rest: "" };
  const others = parameters
    .slice(count)
    .map(({ column, words }) =>
      [
        column.title,
        [words.value, words.std, unitsOf(column.units, unit)].filter(Boolean).join("\u00a0"),
      ].join(" "),
    );
  return { cells: [day, ...cells], rest: [...others, `RMS ${rms}\u00a0${unit}`].join(", ") };
}

function editor(context: Context, point: Point, close: () => void): HTMLElement {
  const { model, requests } = context;
  const change = (part: Partial<Point>): void => {
    context.set(
      "points",
      model.get("points").map((other) => (other.id === point.id ? { ...other, ...part } : other)),
    );
  };
  const name = h("input", {
    class: "iw-in",
    value: point.label,
    "data-key": `name-${point.id}`,
    maxlength: 80,
  });
  listen(name, "change", () => {
    if (name.value.trim()) change({ label: name.value.trim() });
  });
  listen(name, "keydown", (event) => {
    if (event.key !== "Enter") return;
    close();
    name.blur();
  });
  const color = h("input", {
    type: "color",
    value: point.color,
    class: "ts-color",
    "data-key": `color-${point.id}`,
  });
  listen(color, "change", () => {
    change({ color: color.value });
  });
  const minus = model.get("minus") === point.id;
  const action = (label: string, run: () => void): HTMLButtonElement =>
    button(label, run, { class: "small", key: `${label}-${point.id}` });
  return h(
    "div",
    { class: "iw-row ts-end" },
    h("label", { class: "iw-field" }, "Name", name),
    h("label", { class: "iw-field" }, "Colour", color),
    action(point.hidden ? "Show" : "Hide", () => {
      change({ hidden: !point.hidden });
    }),
    action(minus ? "Do not subtract" : "Subtract from all", () => {
      context.set("minus", minus ? "" : point.id);
    }),
    model.get("_can_zoom")
      ? action("Zoom to", () => {
          requests.request("zoom", { id: point.id }).catch(context.fail);
        })
      : null,
    action("Remove", () => {
      close();
      context.set(
        "points",
        model.get("points").filter((other) => other.id !== point.id),
      );
    }),
  );
}

/** A line below a row. */
function said(words: string, width: number, className = "ts-said"): HTMLElement {
  return h("tr", { class: className }, h("td", { colspan: width }, h("div", { class: "ts-whole" }, words)));
}

export function pointTable(context: Context): HTMLElement {
  const { model } = context;
  const table = h("table", { class: "ts-table" });
  const box = h("div", { class: "ts-scroll", role: "region", "aria-label": "Points", tabindex: 0 }, table);
  let editing = "";
  let room = 0;
  const draw = (): void => {
    const data = context.data();
    const points = model.get("points");
    box.hidden = !data || points.length === 0;
    if (!data || box.hidden) return;
    const count = fitting(data.columns.length, room);
    const width = count + (count < data.columns.length ? 3 : 4);
    const rows: Child[] = [];
    for (const point of points) {
      const lines = data.lines.filter((line) => line.point === point.id);
      const number = numberOf(points, point.id);
      lines.forEach((line, index) => {
        const open = editing === point.id;
        const more = button(
          `Change ${point.label}`,
          () => {
            editing = open ? "" : point.id;
            draw();
            box.querySelector<HTMLElement>(`[data-key="name-${point.id}"]`)?.focus();
          },
          { class: "ghost icon ts-x", icon: icon("right"), hideLabel: true, key: `more-${point.id}` },
        );
        more.setAttribute("aria-expanded", String(open));
        const title = h(
          "th",
          { scope: "row" },
          h(
            "span",
            { class: "ts-name" },
            index === 0 ? pointMark(point, number) : h("span", { class: "ts-mark" }),
            h(
              "span",
              {},
              index === 0 ? point.label : "",
              lines.length > 1 ? h("span", { class: "ts-unit" }, line.label) : null,
            ),
            point.hidden && index === 0 ? h("span", { class: "iw-chip" }, "hidden") : null,
            model.get("minus") === point.id && index === 0
              ? h("span", { class: "iw-chip" }, "subtracted")
              : null,
          ),
        );
        const last = h("td", {}, index === 0 ? more : null);
        const { cells, rest } = line.problem ? { cells: [], rest: "" } : numbers(data, line, context, count);
        rows.push(
          line.problem
            ? h(
                "tr",
                {},
                title,
                h(
                  "td",
                  { colspan: width - 2, class: "ts-bad" },
                  h("div", { class: "ts-whole" }, icon("warning", "small"), minusSigns(line.problem)),
                ),
                last,
              )
            : h("tr", { class: point.hidden ? "ts-hidden" : null }, title, ...cells, last),
        );
        if (rest) rows.push(said(rest, width, "ts-rest"));
      });
      const [first] = lines;
      const note = first && !first.problem ? [first.sampling, first.note].filter(Boolean).join(" ") : "";
      if (note) rows.push(said(note, width));
      if (editing === point.id)
        rows.push(
          h(
            "tr",
            { class: "ts-edit" },
            h(
              "td",
              { colspan: width },
              h(
                "div",
                { class: "ts-whole" },
                editor(context, point, () => {
                  editing = "";
                }),
              ),
            ),
          ),
        );
    }
    replace(table, h("thead", {}, head(data, context, count)), h("tbody", {}, ...rows));
  };
  const observer = new ResizeObserver(([entry]) => {
    const width = entry?.contentRect.width ?? 0;
    const columns = context.data()?.columns.length ?? 1;
    const other = width > 0 && fitting(columns, width) !== fitting(columns, room);
    room = width || room;
    if (other) draw();
  });
  observer.observe(box);
  context.signal.addEventListener("abort", () => {
    observer.disconnect();
  });
  context.onData(draw);
  context.watch(["date", "unit", "view", "minus", "_can_zoom"], draw);
  context.watch(["points"], () => {
    if (isCurrent(context.data(), model.get("points"))) draw();
  });
  return box;
}
