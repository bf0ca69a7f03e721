import type { RenderProps } from "@anywidget/types";
import { codePanel } from "../lib/code-panel";
import { errorBox, makeViewContext } from "../lib/context";
import { append, h, suppressShortcuts } from "../lib/dom";
import { bytesOf } from "../lib/messages";
import "../lib/theme.css";
import { addPanel } from "./add-panel";
import {
  modelWords,
  unpack,
  type Context,
  type Data,
  type InspectorApi,
  type Payload,
  type State,
} from "./api";
import { chartPart } from "./chart-part";
import { exportPanel, footer } from "./export-panel";
import { modelPanel } from "./model-panel";
import { radiusField, segmented, seriesPanel, tools } from "./panels";
import { popovers } from "../lib/popover";
import { pointTable } from "./table";
import "./style.css";

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
    data: () => data,
    onData(update) {
      listeners.push(update);
    },
  };
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
  terms.opener.firstChild?.replaceWith(h("span", { class: "iw-2 ts-prefix" }, "Model"), words);
  context.watch(["model"], () => {
    words.textContent = modelWords(model.get("model"));
  });
  const choices = seriesPanel(context);
  const series = open("Series", null, choices.element, { key: "series", onOpen: choices.refresh });
  const shown = h("span", { class: "ts-clip" });
  series.opener.firstChild?.replaceWith(h("span", { class: "iw-2 ts-prefix" }, "Series"), shown);
  const nameSeries = (): void => {
    const labels = new Map(context.data()?.names.map(({ name, label }) => [name, label]));
    const now = model.get("series");
    const first = now[0] ?? "";
    shown.textContent = now.length > 1 ? `${now.length} shown` : (labels.get(first) ?? first);
  };
  context.onData(nameSeries);
  context.watch(["series"], nameSeries);
  const add = open("Add points", "plus", addPanel(context), { hideLabel: true, key: "add" });
  const save = open("Save", "download", exportPanel(context, part.chart), { hideLabel: true, key: "save" });
  const code = codePanel(context, async () => (await context.requests.request("code", null)).payload.text, {
    panel: "ts-model",
    text: "ts-code",
    row: "iw-row",
  });
  const codes = open("Code for this", "code", code.element, {
    hideLabel: true,
    key: "code",
    onOpen: code.refresh,
  });
  append(
    root,
    context.live.element,
    h(
      "header",
      { class: "iw-header ts-header" },
      h("h2", {}, "Time series"),
      segmented(context),
      series.opener,
      terms.opener,
      radiusField(context),
      h("span", { class: "iw-right" }, add.opener, save.opener, codes.opener),
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

export default { render };
