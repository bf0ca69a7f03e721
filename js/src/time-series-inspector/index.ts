import type { RenderProps } from "@anywidget/types";
import { Chart, chartPng, chartSvg, download, type PictureNotes } from "../lib/chart";
import { alertRow, makeViewContext } from "../lib/context";
import { append, button, h, listen, replace, suppressShortcuts } from "../lib/dom";
import { icon } from "../lib/icons";
import { bytesOf } from "../lib/messages";
import "../lib/theme.css";
import { addPanel } from "./add-panel";
import {
  iso,
  modelWords,
  toDay,
  unpack,
  type Bars,
  type Context,
  type Data,
  type InspectorApi,
  type Payload,
  type State,
  type Unit,
} from "./api";
import { modelPanel } from "./model-panel";
import { chartOf, eventsOf, tooltipOf, type Look } from "./plot";
import { popovers } from "./popover";
import { pointTable } from "./table";
import "./style.css";

const HEIGHT = 300;
const FOLLOW_EVERY = 60;

function makeContext(props: RenderProps<State>): Context {
  const { model } = props;
  const base = makeViewContext<State, InspectorApi>(props);
  const listeners: ((data: Data | null) => void)[] = [];
  let data: Data | null = null;
  const take = (payload: Payload | null, bytes: Uint8Array | undefined): void => {
    data = unpack(payload, bytes);
    for (const listener of listeners) listener(data);
  };
  const hear = (message: unknown, buffers: DataView[]): void => {
    const pushed = message as { push?: string; payload?: Payload | null };
    if (pushed.push !== "data") return;
    take(pushed.payload ?? null, buffers[0] ? bytesOf(buffers[0]) : undefined);
  };
  model.on("msg:custom", hear);
  base.signal.addEventListener("abort", () => {
    model.off("msg:custom", hear);
  });
  base.requests.request("data", null).then(({ payload, buffers }) => {
    take(payload, buffers[0]);
  }, base.fail);
  return {
    ...base,
    set(trait, value) {
      model.set(trait, value);
      model.save_changes();
    },
    data: () => data,
    onData(update) {
      listeners.push(update);
    },
  };
}

function lookOf(context: Context): Look {
  const { model } = context;
  return {
    points: model.get("points"),
    view: model.get("view"),
    unit: model.get("unit"),
    bars: model.get("bars"),
    date: model.get("date"),
    events: model.get("events"),
    exclude: model.get("exclude"),
    model: model.get("model"),
    minus: model.get("minus"),
    series: model.get("series"),
  };
}

/** Sends the date under the pointer, not more often than the kernel can follow. */
function dateSender(context: Context): (time: number) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wanted = "";
  return (time) => {
    wanted = toDay(time);
    if (timer !== undefined || wanted === context.model.get("date")) return;
    context.set("date", wanted);
    timer = setTimeout(() => {
      timer = undefined;
      if (wanted !== context.model.get("date")) context.set("date", wanted);
    }, FOLLOW_EVERY);
  };
}

interface ChartPart {
  chart: Chart;
  element: HTMLElement;
  pickStep(on: boolean): void;
}

function chartPart(context: Context): ChartPart {
  const { model } = context;
  const sendDate = dateSender(context);
  let stepping = false;
  const toggle = (time: number): void => {
    const day = toDay(time);
    const before = model.get("exclude");
    const out = before.includes(day);
    context.set("exclude", out ? before.filter((other) => other !== day) : [...before, day].sort());
    context.live.say(`${iso(day)} ${out ? "is in the fit again" : "excluded from the fit"}`);
  };
  const addStep = (time: number): void => {
    const now = model.get("model");
    context.set("model", { ...now, steps: [...new Set([...now.steps, toDay(time)])].sort() });
  };
  const chart = new Chart({
    height: HEIGHT,
    say: (text) => {
      context.live.say(text);
    },
    tooltip: ({ hit, snapped }) => {
      const data = context.data();
      if (stepping) return ["Click where the step is", iso(toDay(snapped))];
      if (!data) return [];
      return hit ? tooltipOf(data, lookOf(context), hit.mark, hit.index) : [iso(toDay(snapped))];
    },
    onHover: (place) => {
      if (place && model.get("follow") && !stepping) sendDate(place.snapped);
    },
    onPick: (hit) => {
      if (stepping) addStep(hit.x);
      else toggle(hit.x);
    },
    onClick: (place) => {
      if (stepping) addStep(place.x);
      else context.set("date", toDay(place.snapped));
    },
  });
  const empty = h("div", { class: "ts-empty" });
  const draw = (): void => {
    const data = context.data();
    const has = Boolean(data && data.drawn.length > 0);
    chart.element.hidden = !has;
    empty.hidden = has;
    if (data && has) chart.set(chartOf(data, lookOf(context)));
    else
      replace(
        empty,
        h(
          "p",
          {},
          h(
            "span",
            { class: "iw-b" },
            model.get("points").length > 0 ? "Nothing to draw. " : "No point yet. ",
          ),
          emptyWords(context),
        ),
      );
  };
  context.onData(draw);
  context.watch(["points", "view", "unit", "bars", "events", "_dates"], draw);
  context.watch(["date"], draw);
  context.signal.addEventListener("abort", () => {
    chart.destroy();
  });
  return {
    chart,
    element: h("div", { class: "ts-chart" }, chart.element, empty),
    pickStep(on) {
      stepping = on;
    },
  };
}

function emptyWords(context: Context): string {
  const { model } = context;
  if (model.get("_dates").length === 0)
    return "There is no time series: open the results of a run, or give an array along date, y and x.";
  if (model.get("points").length > 0) return "The list below says what is the matter with each point.";
  return model.get("_can_zoom")
    ? "Click on the map, or add points by their coordinates or from a CSV file with +."
    : "Add points by their coordinates or from a CSV file with +.";
}

function segmented(context: Context): HTMLElement {
  const { model } = context;
  const group = h("div", { class: "ts-seg", role: "group", "aria-label": "What is drawn" });
  context.watch(["view"], () => {
    replace(
      group,
      ...(["displacement", "residual"] as const).map((value) => {
        const one = button(
          value === "residual" ? "Residual" : "Displacement",
          () => {
            context.set("view", value);
          },
          { class: "small", key: `view-${value}` },
        );
        one.setAttribute("aria-pressed", String(model.get("view") === value));
        return one;
      }),
    );
  });
  return group;
}

function select<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  value: T,
  onChange: (value: T) => void,
  key: string,
): HTMLElement {
  const element = h("select", { class: "iw-in", "data-key": key });
  for (const [name, text] of options) {
    const option = h("option", { value: name }, text);
    option.selected = name === value;
    append(element, option);
  }
  listen(element, "change", () => {
    onChange(element.value as T);
  });
  return h("label", { class: "iw-field" }, label, element);
}

function radiusField(context: Context): HTMLElement {
  const { model } = context;
  const input = h("input", {
    class: "iw-in",
    type: "number",
    min: 0,
    max: 50000,
    step: 10,
    "data-key": "radius",
  });
  context.watch(["radius"], () => {
    input.value = String(model.get("radius"));
  });
  listen(input, "change", () => {
    const value = Number(input.value);
    const good = input.value !== "" && value >= 0 && value <= 50_000;
    input.setAttribute("aria-invalid", String(!good));
    if (good) context.set("radius", value);
    else context.live.say("The radius is 0 to 50000 metres");
  });
  return h("label", { class: "ts-radius" }, h("span", {}, "Radius"), input, h("span", {}, "m"));
}

/** Series of one point, difference, reference, bars, unit. */
function seriesPanel(context: Context): HTMLElement {
  const { model } = context;
  const panel = h("div", { class: "ts-model" });
  const draw = (): void => {
    const data = context.data();
    const names = data?.names ?? [];
    const shown = model.get("series");
    const boxes = names.map(({ name, label }) => {
      const input = h("input", { type: "checkbox", "data-key": `series-${name}` });
      input.checked = shown.includes(name);
      listen(input, "change", () => {
        const next = names
          .map((one) => one.name)
          .filter((one) => (one === name ? input.checked : shown.includes(one)));
        if (next.length > 0) context.set("series", next);
        else input.checked = true;
      });
      return h("label", { class: "ts-check" }, input, label);
    });
    const points = [["", "nothing"] as const, ...model.get("points").map((p) => [p.id, p.label] as const)];
    const dates = ["", ...model.get("_dates")].map((d) => [d, d ? iso(d) : "as in the data"] as const);
    replace(
      panel,
      h("fieldset", { class: "ts-set" }, h("legend", {}, "Series"), ...boxes),
      h(
        "div",
        { class: "iw-row ts-end" },
        select(
          "Minus the point",
          points,
          model.get("minus"),
          (id) => {
            context.set("minus", id);
          },
          "minus",
        ),
        select(
          "Zero at",
          dates,
          model.get("reference_date"),
          (d) => {
            context.set("reference_date", d);
          },
          "reference-date",
        ),
        select<Bars>(
          "Error bars",
          [
            ["rms", data?.has_rms ? "Residual RMS of the date" : "Residual RMS (not there yet)"],
            ["fit", "Standard deviation of the residuals"],
            ["spread", "16–84 % of the pixels"],
            ["none", "None"],
          ],
          model.get("bars"),
          (bars) => {
            context.set("bars", bars);
          },
          "bars",
        ),
        data?.units === "m"
          ? select<Unit>(
              "Unit",
              [
                ["mm", "mm"],
                ["cm", "cm"],
                ["m", "m"],
              ],
              model.get("unit"),
              (unit) => {
                context.set("unit", unit);
              },
              "unit",
            )
          : null,
      ),
    );
  };
  context.onData(draw);
  context.watch(["points", "series", "minus", "reference_date", "bars", "unit", "_dates"], draw);
  return panel;
}

function barsWords(context: Context, data: Data): string {
  const { model } = context;
  const bars = model.get("bars");
  if (bars === "rms")
    return data.has_rms
      ? "Bars: ± residual RMS of each date over the scene, after MintPy's residual_RMS."
      : "No bars: the step residual_RMS has not written its file.";
  if (bars === "fit") return "Bars: ± standard deviation of the point's residuals from its fit.";
  if (bars === "spread")
    return data.radius > 0
      ? "Bars: 16th to 84th percentile of the pixels within the radius."
      : "No bars: one pixel has no spread, give a radius.";
  return "No bars.";
}

export function explain(context: Context, data: Data): string[] {
  const { model } = context;
  const excluded = model.get("exclude").length;
  const fit = data.fit_problem
    ? ""
    : `Bands: fit ± 2 std, from the covariance of its parameters (errors taken as independent).`;
  const open = excluded > 0 ? `Open symbols: excluded from the fit (${excluded}).` : "";
  const place = data.reference_point;
  const at = place
    ? `Reference ${place.lon.toFixed(4)}°, ${place.lat.toFixed(4)}°${place.radius ? ` (median within ${place.radius} m)` : ""}`
    : "Reference point as in the data";
  const zero = data.reference_date ? `zero at ${iso(data.reference_date)}` : "zero as in the data";
  const sign = data.units === "m" ? " Positive towards the satellite." : "";
  return [
    [barsWords(context, data), fit, open].filter(Boolean).join(" "),
    `${data.source}. ${at.replaceAll("-", "−")}, ${zero}.${sign} ${data.notes.join(" ")}`.trim(),
  ];
}

function footer(context: Context): HTMLElement {
  const note = h("div", { class: "ts-note" });
  const draw = (): void => {
    const data = context.data();
    note.hidden = !data;
    if (!data) return;
    const [meaning = "", source = ""] = explain(context, data);
    const all =
      context.model.get("exclude").length > 0
        ? button(
            "Take all dates in",
            () => {
              context.set("exclude", []);
            },
            { class: "small", key: "include-all" },
          )
        : null;
    replace(
      note,
      data.fit_problem
        ? h("p", { class: "ts-bad", role: "status" }, icon("warning", "small"), `No fit: ${data.fit_problem}`)
        : null,
      h("p", {}, meaning, " ", all),
      h("p", {}, source),
    );
  };
  context.onData(draw);
  context.watch(["exclude", "bars"], draw);
  return note;
}

function picture(context: Context): PictureNotes {
  const data = context.data();
  const { model } = context;
  if (!data) return {};
  const visible = model.get("points").filter((point) => !point.hidden);
  return {
    title: `${data.quantity}: ${modelWords(model.get("model"))}`,
    notes: explain(context, data),
    legend: visible.map((point) => ({ color: point.color, name: point.label })),
  };
}

function exportPanel(context: Context, chart: Chart): HTMLElement {
  const save = async (kind: "csv" | "png" | "svg"): Promise<void> => {
    if (kind === "csv") {
      const { payload } = await context.requests.request("table", null);
      download("time-series.csv", payload.text, "text/csv");
    } else if (kind === "svg")
      download("time-series.svg", chartSvg(chart, picture(context)), "image/svg+xml");
    else download("time-series.png", await chartPng(chart, picture(context)));
    context.live.say(`time-series.${kind} saved`);
  };
  const one = (label: string, kind: "csv" | "png" | "svg"): HTMLButtonElement =>
    button(
      label,
      () => {
        save(kind).catch(context.fail);
      },
      { class: "small", key: `save-${kind}` },
    );
  return h(
    "div",
    { class: "iw-row" },
    one("CSV with metadata", "csv"),
    one("PNG", "png"),
    one("SVG", "svg"),
    h("span", { class: "iw-2" }, "The picture is the chart as it is zoomed now."),
  );
}

function codePanel(context: Context): { element: HTMLElement; refresh: () => void } {
  const text = h("textarea", {
    class: "iw-in ts-code",
    readonly: true,
    rows: 12,
    "aria-label": "Python code",
    spellcheck: "false",
  });
  const copy = button(
    "Copy",
    () => {
      text.select();
      const clipboard = navigator.clipboard as Clipboard | undefined;
      clipboard?.writeText(text.value).then(
        () => {
          context.live.say("Copied");
        },
        () => undefined,
      );
    },
    { class: "small", icon: icon("copy"), key: "copy-code" },
  );
  const refresh = (): void => {
    context.requests.request("code", null).then(({ payload }) => {
      text.value = payload.text;
    }, context.fail);
  };
  context.onData(() => {
    if (text.isConnected && text.offsetParent) refresh();
  });
  return {
    element: h(
      "div",
      { class: "ts-model" },
      h("p", { class: "iw-2" }, "Python that makes these numbers without the widget."),
      text,
      h("div", { class: "iw-row" }, copy),
    ),
    refresh,
  };
}

function tools(context: Context, chart: Chart): HTMLElement {
  const follow = h("input", { type: "checkbox", "data-key": "follow" });
  context.watch(["follow"], () => {
    follow.checked = context.model.get("follow");
  });
  listen(follow, "change", () => {
    context.set("follow", follow.checked);
  });
  const box = button(
    "Zoom to a box",
    () => {
      chart.boxMode = !chart.boxMode;
      box.setAttribute("aria-pressed", String(chart.boxMode));
    },
    { class: "ghost icon small", icon: icon("area"), hideLabel: true, key: "box" },
  );
  box.setAttribute("aria-pressed", "false");
  return h(
    "div",
    { class: "ts-tools", role: "toolbar", "aria-label": "Chart" },
    button(
      "Zoom in",
      () => {
        chart.zoomBy(0.6);
      },
      { class: "ghost icon small", icon: icon("plus"), hideLabel: true, key: "zoom-in" },
    ),
    button(
      "Zoom out",
      () => {
        chart.zoomBy(1 / 0.6);
      },
      { class: "ghost icon small", icon: icon("minus"), hideLabel: true, key: "zoom-out" },
    ),
    box,
    button(
      "Show everything",
      () => {
        chart.reset();
      },
      { class: "ghost icon small", icon: icon("fit"), hideLabel: true, key: "fit" },
    ),
    h("label", { class: "ts-check" }, follow, "date follows pointer"),
  );
}

function errorBox(context: Context): HTMLElement {
  const box = h("div", { role: "alert" });
  context.watch(["_error"], () => {
    const error = context.model.get("_error");
    replace(box, error ? alertRow(error, null) : null);
  });
  return box;
}

function render(props: RenderProps<State>): () => void {
  const { model, el } = props;
  const root = h("div", { class: "iw ts" });
  suppressShortcuts(root);
  const context = makeContext(props);
  const part = chartPart(context);
  const open = popovers(root);
  const terms = open(
    "Model",
    null,
    modelPanel(context, (on) => {
      part.pickStep(on);
    }),
    { key: "model" },
  );
  const words = h("span", { class: "ts-clip" });
  terms.opener.firstChild?.replaceWith(h("span", { class: "iw-2" }, "Model"), words);
  context.watch(["model"], () => {
    words.textContent = modelWords(model.get("model"));
  });
  const series = open("Series", null, seriesPanel(context), { key: "series" });
  const shown = h("span", { class: "ts-clip" });
  series.opener.firstChild?.replaceWith(h("span", { class: "iw-2" }, "Series"), shown);
  const nameSeries = (): void => {
    const labels = new Map(context.data()?.names.map(({ name, label }) => [name, label]));
    const now = model.get("series");
    const first = now[0] ?? "";
    shown.textContent = now.length > 1 ? `${now.length} shown` : (labels.get(first) ?? first);
  };
  context.onData(nameSeries);
  context.watch(["series"], nameSeries);
  const add = open("Add points", "plus", addPanel(context), { hideLabel: true, key: "add" });
  const save = open("Save", "down", exportPanel(context, part.chart), { hideLabel: true, key: "save" });
  const code = codePanel(context);
  const codes = open("Code for this", "text", code.element, {
    hideLabel: true,
    key: "code",
    onOpen: code.refresh,
  });
  append(
    root,
    context.live.element,
    h(
      "header",
      { class: "ts-header" },
      h("h2", {}, "Time series"),
      segmented(context),
      series.opener,
      terms.opener,
      radiusField(context),
      h("span", { class: "ts-right" }, add.opener, save.opener, codes.opener),
    ),
    context.alerts,
    errorBox(context),
    ...[series, terms, add, save, codes].map(({ panel }) => panel),
    part.element,
    tools(context, part.chart),
    pointTable(context),
    footer(context),
  );
  const count = (): void => {
    const data = context.data();
    if (data && data.drawn.length > 0)
      context.live.say(
        `${data.drawn.length} series drawn, ${data.used.filter(Boolean).length} dates in the fit`,
      );
  };
  context.onData(count);
  el.append(root);
  return () => {
    root.remove();
  };
}

export { eventsOf };
export default { render };
