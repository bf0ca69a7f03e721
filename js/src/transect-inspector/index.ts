import type { RenderProps } from "@anywidget/types";
import { Chart, chartPng, chartSvg, download } from "../lib/chart";
import { codePanel } from "../lib/code-panel";
import { alertRow, makeViewContext } from "../lib/context";
import { append, button, h, listen, replace, suppressShortcuts } from "../lib/dom";
import { icon } from "../lib/icons";
import { Latest } from "../lib/messages";
import "../lib/theme.css";
import { popovers } from "../lib/popover";
import {
  decode,
  nearestIndex,
  type Base,
  type Context,
  type Data,
  type State,
  type TransectApi,
} from "./api";
import { linePanel } from "./line-panel";
import { axisOf, dashFor, factsOf, heightOf, provenance, specOf, titleOf, tooltipOf } from "./plot";
import { profileTable } from "./profiles";
import "./style.css";

const PATIENCE = 300;

function makeContext(props: RenderProps<State>): Context {
  const base: Base = makeViewContext<State, TransectApi>(props);
  const { model } = base;
  const latest = new Latest();
  const listeners: (() => void)[] = [];
  let data: Data | null = null;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const context: Context = {
    ...base,
    data: () => data,
    onData(update) {
      listeners.push(update);
    },
  };
  base.watch(["_revision", "transect"], () => {
    if (model.get("transect").length === 0) {
      latest.cancel();
      data = null;
      tell();
      return;
    }
    base.requests.request("data", null, { signal: latest.next() }).then(({ payload, buffers }) => {
      if (payload.count > 0) data = decode(payload, buffers);
      tell();
    }, base.fail);
  });
  return context;
}

function segment<K extends "method" | "unit">(
  context: Context,
  name: K,
  label: string,
  choices: readonly (readonly [State[K], string])[],
): HTMLElement {
  const buttons = choices.map(([value, words]) =>
    button(
      words,
      () => {
        context.set(name, value);
      },
      { class: "small", key: `${name}-${value}` },
    ),
  );
  context.watch([name], () => {
    choices.forEach(([value], i) => {
      buttons[i]?.setAttribute("aria-pressed", String(context.model.get(name) === value));
    });
  });
  return h("span", { class: "iw-seg", role: "group", "aria-label": label }, ...buttons);
}

function swathField(context: Context): HTMLElement {
  const { model } = context;
  const input = h("input", {
    class: "iw-in",
    inputmode: "decimal",
    "aria-label": "Width of the swath in metres",
  });
  const commit = (): void => {
    const value = Number(input.value.replace(",", ".") || 0);
    const good = Number.isFinite(value) && value >= 0 && value <= 200_000;
    input.setAttribute("aria-invalid", String(!good));
    input.title = good ? "0 for none: only what lies under the line" : "0 to 200000 metres";
    if (good && value !== model.get("width")) context.set("width", value);
  };
  listen(input, "change", commit);
  listen(input, "keydown", (event) => {
    if (event.key === "Enter") commit();
  });
  context.watch(["width"], () => {
    input.value = String(model.get("width"));
  });
  return h(
    "label",
    { class: "ti-field" },
    h("span", { class: "iw-2" }, "Swath"),
    input,
    h("span", { class: "iw-2" }, "m"),
  );
}

function savePanel(context: Context, chart: Chart, mask: () => string): HTMLElement {
  const picture = (): Parameters<typeof chartSvg>[1] => {
    const data = context.data();
    if (!data) return {};
    const ends = data.section.vertices.filter((_, i, all) => i === 0 || i === all.length - 1);
    const places = ends.map(({ name, lon, lat }) =>
      `${name}: lon ${lon.toFixed(5)}, lat ${lat.toFixed(5)}`.replace(/-/g, "−"),
    );
    return {
      title: `${titleOf(data)}, ${factsOf(data)}`,
      notes: [places.join("; "), ...provenance(data, mask())],
      legend: data.curves.map(({ info }) => ({
        color: info.color,
        name: info.label,
        dash: dashFor(data, info.id),
      })),
    };
  };
  const table = (samples: boolean): void => {
    context.requests.request("csv", samples).then(({ payload }) => {
      download(samples ? "transect-pixels.csv" : "transect.csv", payload, "text/csv");
    }, context.fail);
  };
  const pixels = button(
    "CSV of all pixels",
    () => {
      table(true);
    },
    { class: "small", key: "csv-pixels" },
  );
  context.watch(["width"], () => {
    pixels.hidden = !(context.model.get("width") > 0);
  });
  return h(
    "div",
    { class: "iw-row" },
    button(
      "CSV with metadata",
      () => {
        table(false);
      },
      { class: "small", key: "csv" },
    ),
    pixels,
    button(
      "PNG",
      () => {
        chartPng(chart, picture()).then((blob) => {
          download("transect.png", blob);
        }, context.fail);
      },
      { class: "small", key: "png" },
    ),
    button(
      "SVG",
      () => {
        download("transect.svg", chartSvg(chart, picture()), "image/svg+xml");
      },
      { class: "small", key: "svg" },
    ),
    h("span", { class: "iw-2" }, "The picture is the chart as it is zoomed now."),
  );
}

function legend(context: Context): HTMLElement {
  const element = h("span", { class: "ti-legend" });
  const samples = h("input", { type: "checkbox", "data-key": "samples" });
  samples.checked = true;
  listen(samples, "change", () => {
    element.dispatchEvent(new Event("samples"));
  });
  const swath = h("span", { class: "ti-key" }, h("i", { class: "ti-band" }), "median, 16–84 %");
  const pixels = h("label", { class: "ti-key" }, samples, "pixels");
  append(element, swath, pixels, h("span", { class: "ti-key" }, h("i", { class: "ti-hatch" }), "no data"));
  context.watch(["width"], () => {
    swath.hidden = pixels.hidden = !(context.model.get("width") > 0);
  });
  return element;
}

function render(props: RenderProps<State>): () => void {
  const { el } = props;
  const root = h("div", { class: "iw ti", role: "group", "aria-label": "Transect" });
  suppressShortcuts(root);
  const context = makeContext(props);
  const { model, live, requests } = context;
  const mask = (): string => `${model.get("mask_layer")} ≥ ${model.get("mask_threshold")}`;
  const table = profileTable(context);
  let own = false;
  const metresOf = (x: number): number => x / axisOf(context.data()?.section.length ?? 0).factor;
  const point = (metres: number | null): void => {
    table.point(metres);
    if (metres !== model.get("cursor")) context.set("cursor", metres);
  };
  const chart = new Chart({
    height: 300,
    say: (words) => {
      live.say(words);
    },
    tooltip: ({ snapped }) => {
      const data = context.data();
      return data ? tooltipOf(data, nearestIndex(data.distance, metresOf(snapped))) : [];
    },
    onHover: (place) => {
      own = place !== null;
      point(place ? metresOf(place.snapped) : null);
    },
  });
  const key = legend(context);
  const chartHost = h("div", { class: "ti-chart" }, chart.element);
  const working = h("span", { class: "ti-working", role: "status" });
  const trouble = h("div", { role: "alert" });
  const title = h("h2", {}, "Transect");
  const facts = h("span", { class: "iw-2 ti-facts" });
  const notes = h("ul", { class: "ti-notes" });
  const empty = h("div", { class: "ti-empty" });

  const open = popovers(root);
  const line = open("Line", null, linePanel(context), { key: "line" });
  const code = codePanel(context, async () => (await context.requests.request("code", null)).payload, {
    panel: "ti-stack",
  });
  const save = open("Save", "download", savePanel(context, chart, mask), { hideLabel: true, key: "save" });
  const codes = open("Code for this", "code", code.element, {
    hideLabel: true,
    key: "code",
    onOpen: code.refresh,
  });
  const ask = (kind: "reverse" | "clear") => (): void => {
    requests.request(kind, null).then(() => {
      live.say(kind === "clear" ? "Line removed" : "Line turned round");
    }, context.fail);
  };
  const reverse = button("Reverse the line", ask("reverse"), {
    class: "ghost icon",
    icon: icon("swap"),
    hideLabel: true,
    key: "reverse",
  });
  const clear = button("Clear the line", ask("clear"), {
    class: "ghost icon",
    icon: icon("close"),
    hideLabel: true,
    key: "clear",
  });
  const box = button(
    "Show everything",
    () => {
      chart.reset();
    },
    { class: "ghost icon", icon: icon("fit"), hideLabel: true, key: "fit" },
  );
  const controls = h(
    "div",
    { class: "ti-controls" },
    segment(context, "method", "Sampling", [
      ["nearest", "Nearest"],
      ["bilinear", "Bilinear"],
    ]),
    swathField(context),
    segment(context, "unit", "Unit", [
      ["mm", "mm"],
      ["cm", "cm"],
      ["m", "m"],
    ]),
    key,
  );

  const drawAll = (): void => {
    const data = context.data();
    const there = data !== null;
    for (const part of [chartHost, notes, controls, facts]) part.hidden = !there;
    empty.hidden = there || model.get("transect").length > 0;
    table.element.hidden = !empty.hidden;
    for (const tool of [reverse, clear, box, save.opener, codes.opener]) tool.hidden = !there;
    if (!data) {
      title.textContent = "Transect";
      save.close();
      codes.close();
      return;
    }
    title.textContent = titleOf(data);
    facts.textContent = factsOf(data);
    chart.setHeight(heightOf(data));
    chart.set(specOf(data, key.querySelector("input")?.checked ?? true));
    replace(notes, ...provenance(data, mask()).map((words) => h("li", {}, words)));
  };
  context.onData(drawAll);
  context.onData(() => {
    const data = context.data();
    if (data) live.say(`${titleOf(data)}, ${factsOf(data)}, ${data.curves.length} profiles`);
  });
  key.addEventListener("samples", drawAll);
  // Another line: what was zoomed to is gone
  let before = "";
  context.watch(["transect"], () => {
    const now = JSON.stringify(model.get("transect"));
    if (now !== before) chart.reset();
    before = now;
    drawAll();
  });
  context.watch(["_layers", "_follows", "_can_draw"], () => {
    const ready = model.get("_layers").length > 0;
    const way = model.get("_follows")
      ? "Draw one on the map with its transect tool, or"
      : "Draw one on the map, or";
    const start = model.get("_follows") || model.get("_can_draw") ? way : "To begin,";
    replace(
      empty,
      h("p", { class: "iw-b" }, ready ? "No line yet" : "Nothing to take a profile of yet"),
      h(
        "p",
        { class: "iw-2" },
        ready ? `${start} type its vertices or open a file.` : "Open a work directory or give an array.",
      ),
      ready
        ? button(
            "Give a line",
            () => {
              if (line.panel.hidden) line.opener.click();
            },
            { key: "give-line" },
          )
        : null,
    );
  });
  context.watch(["cursor"], () => {
    const metres = model.get("cursor");
    if (own) return;
    const data = context.data();
    chart.pointAt(metres === null || !data ? null : metres * axisOf(data.section.length).factor);
    table.point(metres);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  context.watch(["_status"], () => {
    const status = model.get("_status");
    clearTimeout(timer);
    working.textContent = "";
    chartHost.classList.toggle("stale", status.state === "failed");
    // What takes a moment only would flicker
    if (status.state === "working")
      timer = setTimeout(() => {
        working.textContent = "Sampling…";
      }, PATIENCE);
    replace(
      trouble,
      status.state === "failed"
        ? alertRow({ message: status.message ?? "", remedy: status.remedy ?? "" }, clearButton(ask("clear")))
        : null,
    );
    if (status.state === "failed" && context.data()) facts.textContent = "of the line before";
  });

  append(
    root,
    live.element,
    h(
      "header",
      { class: "ti-header" },
      title,
      facts,
      working,
      h("span", { class: "iw-right" }, line.opener, reverse, clear, box, save.opener, codes.opener),
    ),
    context.alerts,
    trouble,
    ...[line, save, codes].map(({ panel }) => panel),
    empty,
    controls,
    chartHost,
    table.element,
    notes,
  );
  drawAll();
  el.append(root);
  return () => {
    clearTimeout(timer);
    chart.destroy();
    root.remove();
  };
}

function clearButton(act: () => void): HTMLButtonElement {
  return button("Clear the line", act, { class: "small", key: "clear-failed" });
}

export default { render };
