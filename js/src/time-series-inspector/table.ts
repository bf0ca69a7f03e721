// The points: what they are called, what was sampled, and what the fit says of them.

import { arrange, button, h, listen, replace, svg, type Child } from "../lib/dom";
import { icon } from "../lib/icons";
import { formatValue } from "../lib/number";
import { shapePath } from "../lib/chart";
import { isCurrent, iso, scaleOf, type Context, type Data, type LineInfo, type Point } from "./api";
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

/** Each line's value at the date shown, in words. */
function valuesAtDate(data: Data, context: Context): Map<string, string> {
  const day = context.model.get("date");
  const index = data.times.findIndex((time) => toDayOf(time) === day);
  const { unit, factor } = scaleOf(data.units, context.model.get("unit"));
  const residual = context.model.get("view") === "residual";
  return new Map(
    data.drawn.map((line) => {
      const value = (residual ? line.residual : line.y)[index] ?? NaN;
      return [lineId(line), formatValue(value * factor, resolution(unit))];
    }),
  );
}

function resolution(unit: string): number {
  return { mm: 0.1, cm: 0.01, m: 0.0001 }[unit] ?? 0.001;
}

interface Numbers {
  readonly cells: HTMLElement[];
  /** What has no column, in words. */
  readonly rest: string;
}

function numbers(data: Data, line: LineInfo, atDate: string, count: number, context: Context): Numbers {
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
  const rms = line.rms == null ? "–" : formatValue(line.rms * factor, resolution(unit));
  const day = h("td", {}, atDate);
  if (count === data.columns.length) return { cells: [day, ...cells, h("td", {}, rms)], rest: "" };
  const others = parameters
    .slice(count)
    .map(({ column, words }) =>
      [
        inSentence(column.title),
        [words.value, words.std, unitsOf(column.units, unit)].filter(Boolean).join("\u00a0"),
      ].join(" "),
    );
  const rest = [...others, `RMS ${rms}\u00a0${unit}`].join(", ");
  return { cells: [day, ...cells], rest: rest.charAt(0).toUpperCase() + rest.slice(1) };
}

function inSentence(title: string): string {
  return title.charAt(0).toLowerCase() + title.slice(1);
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

export function pointTable(context: Context): HTMLElement {
  const { model } = context;
  const top = h("thead");
  const body = h("tbody");
  const table = h("table", { class: "ts-table" }, top, body);
  const box = h("div", { class: "ts-scroll", role: "region", "aria-label": "Points", tabindex: 0 }, table);
  let editing = "";
  let room = 0;
  let header = "";
  // Rows stay as they are while nothing in them changes: a new point costs its own rows
  let made = new Map<string, { from: string; rows: HTMLElement[] }>();
  const edit = (point: Point, open: boolean): void => {
    editing = open ? point.id : "";
    draw();
    box.querySelector<HTMLElement>(`[data-key="name-${point.id}"]`)?.focus();
    const end = box.querySelector(".ts-edit")?.getBoundingClientRect().bottom ?? 0; // with its last button
    box.scrollTop += Math.max(0, end - box.getBoundingClientRect().bottom);
  };
  const close = (): void => {
    editing = "";
  };
  const draw = (): void => {
    const data = context.data();
    const points = model.get("points");
    box.hidden = !data || points.length === 0;
    if (!data || box.hidden) return;
    const count = fitting(data.columns.length, room);
    const width = widthOf(data, count);
    const values = valuesAtDate(data, context);
    const shared = [
      data.columns,
      data.units,
      count,
      ...(["date", "unit", "minus", "_can_zoom"] as const).map((t) => model.get(t)),
    ];
    const before = made;
    made = new Map();
    for (const [index, point] of points.entries()) {
      const lines = data.lines.filter((line) => line.point === point.id);
      const open = editing === point.id;
      const words = lines.map((line) => values.get(lineId(line)) ?? "");
      const from = JSON.stringify([point, index, lines, words, open, shared]);
      const old = before.get(point.id);
      const said = saidOf(lines[0]);
      const rows = (): HTMLElement[] => [
        ...lines.flatMap((line, n) => {
          const more = n === 0 ? moreButton(point, open, edit) : null;
          const several = lines.length > 1;
          const atDate = words[n] ?? "";
          return lineRows(data, context, { point, number: index + 1, line, several, atDate, more, count });
        }),
        ...(said ? [whole("ts-said", said, width)] : []),
        ...(open ? [whole("ts-edit", editor(context, point, close), width)] : []),
      ];
      made.set(point.id, old?.from === from ? old : { from, rows: rows() });
    }
    const words = JSON.stringify(shared);
    if (words !== header) replace(top, head(data, context, count));
    header = words;
    arrange(
      body,
      [...made.values()].flatMap(({ rows }) => rows),
    );
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

function moreButton(
  point: Point,
  open: boolean,
  edit: (point: Point, open: boolean) => void,
): HTMLButtonElement {
  const more = button(
    `Change ${point.label}`,
    () => {
      edit(point, !open);
    },
    { class: "ghost icon ts-x", icon: icon("right"), hideLabel: true, key: `more-${point.id}` },
  );
  more.setAttribute("aria-expanded", String(open));
  return more;
}

interface RowParts {
  point: Point;
  number: number;
  line: LineInfo;
  /** Whether the point has more than this one. */
  several: boolean;
  atDate: string;
  /** Only in the first row of a point. */
  more: HTMLElement | null;
  /** How many parameters have a column. */
  count: number;
}

/** One series of a point: its name, and numbers or what is the matter; below, what has no column. */
function lineRows(data: Data, context: Context, parts: RowParts): HTMLElement[] {
  const { point, line, more, count } = parts;
  const name = h(
    "span",
    { class: "ts-name" },
    more ? pointMark(point, parts.number) : h("span", { class: "ts-mark" }),
    h(
      "span",
      {},
      more ? point.label : "",
      parts.several ? h("span", { class: "ts-unit" }, line.label) : null,
    ),
    more && point.hidden ? h("span", { class: "iw-chip" }, "hidden") : null,
    more && context.model.get("minus") === point.id ? h("span", { class: "iw-chip" }, "subtracted") : null,
  );
  const problem = (): HTMLElement =>
    h(
      "td",
      { colspan: widthOf(data, count) - 2, class: "ts-bad" },
      h("div", { class: "ts-whole" }, icon("warning", "small"), minusSigns(line.problem)),
    );
  const { cells, rest } = line.problem
    ? { cells: [problem()], rest: "" }
    : numbers(data, line, parts.atDate, count, context);
  return [
    h(
      "tr",
      { class: point.hidden && !line.problem ? "ts-hidden" : null },
      h("th", { scope: "row" }, name),
      ...cells,
      h("td", {}, more),
    ),
    ...(rest ? [whole("ts-rest", rest, widthOf(data, count))] : []),
  ];
}

/** Cells of a row. */
function widthOf(data: Data, count: number): number {
  return count + (count < data.columns.length ? 3 : 4);
}

function whole(name: string, child: Child, width: number): HTMLElement {
  return h("tr", { class: name }, h("td", { colspan: width }, h("div", { class: "ts-whole" }, child)));
}

/** What was sampled, in words. */
function saidOf(first: LineInfo | undefined): string {
  return first && !first.problem ? [first.sampling, first.note].filter(Boolean).join(" ") : "";
}
