import type { RenderProps } from "@anywidget/types";
import { codePanel } from "../lib/code-panel";
import { errorBox, makeViewContext } from "../lib/context";
import { append, button, h, replace, suppressShortcuts } from "../lib/dom";
import "../lib/theme.css";
import { popovers } from "../lib/popover";
import type { Comparison, Context, InspectorApi, State } from "./api";
import { chartPart } from "./charts";
import { optionsPanel, quickFields, referenceField, savePanel } from "./panels";
import { footer, referenceLine, statusLine } from "./status";
import { stationTable } from "./table";
import "./style.css";

function makeContext(props: RenderProps<State>): Context {
  const { model } = props;
  const base = makeViewContext<State, InspectorApi>(props);
  const listeners: (() => void)[] = [];
  let comparison: Comparison | null = null;
  const take = (payload: Comparison | null): void => {
    comparison = payload;
    for (const listener of listeners) listener();
  };
  const hear = (message: unknown): void => {
    const pushed = message as { push?: string; payload?: Comparison | null };
    if (pushed.push === "comparison") take(pushed.payload ?? null);
  };
  model.on("msg:custom", hear);
  base.signal.addEventListener("abort", () => {
    model.off("msg:custom", hear);
  });
  base.requests.request("state", null).then(({ payload }) => {
    take(payload);
  }, base.fail);
  return {
    ...base,
    comparison: () => comparison,
    onComparison(update) {
      listeners.push(update);
    },
  };
}

function emptyState(context: Context, find: (refresh: boolean) => void): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "iw-empty gi-empty" });
  context.watch(["_stations", "_progress", "_has_results", "read_only"], () => {
    box.hidden = model.get("_stations").length > 0 || model.get("_progress") !== null;
    const ready = model.get("_has_results");
    const looking = model.get("read_only");
    replace(
      box,
      h("p", {}, h("span", { class: "iw-b" }, ready ? "No station yet." : "No results yet.")),
      h(
        "p",
        {},
        !ready
          ? "Open the work directory of a run with a time series first."
          : looking
            ? "This page downloads nothing, and its account keeps no list of stations yet. Whoever runs it can " +
              "press Find stations once on an ordinary page of the same account (insar-widgets app without " +
              "--read-only): stations and series are then shown here too."
            : "The list and the series of usable stations come from the Nevada Geodetic Laboratory; copies are " +
              "kept and work without internet.",
      ),
      ready && !looking
        ? h(
            "div",
            { "data-writes": true },
            button(
              "Find stations",
              () => {
                find(false);
              },
              { class: "primary", key: "find" },
            ),
          )
        : null,
    );
  });
  return box;
}

function render(props: RenderProps<State>): () => void {
  const { el } = props;
  const root = h("div", { class: "iw gi" });
  suppressShortcuts(root);
  const context = makeContext(props);
  const find = (refresh: boolean): void => {
    context.requests.request("find", { refresh }).catch(context.fail);
  };
  const charts = chartPart(context);
  const open = popovers(root);
  const options = open("Options", null, optionsPanel(context), { key: "options" });
  const save = open("Save", "download", savePanel(context, charts), { hideLabel: true, key: "save" });
  const code = codePanel(
    {
      live: context.live,
      fail: context.fail,
      onData: (update) => {
        context.onComparison(update);
      },
    },
    async () => (await context.requests.request("code", null)).payload.text,
    { panel: "gi-options" },
  );
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
      { class: "iw-header gi-header" },
      h("h2", {}, "GNSS"),
      charts.tabs,
      referenceField(context),
      quickFields(context),
      options.opener,
      h("span", { class: "iw-right" }, save.opener, codes.opener),
    ),
    context.alerts,
    errorBox(context),
    ...[options, save, codes].map(({ panel }) => panel),
    emptyState(context, find),
    statusLine(context, find),
    charts.element,
    referenceLine(context),
    stationTable(context),
    footer(context),
  );
  context.onComparison(() => {
    const found = context.comparison();
    if (found) context.live.say(`${found.rows.length} stations compared`);
  });
  el.append(root);
  return () => {
    root.remove();
  };
}

export default { render };
