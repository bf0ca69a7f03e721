import type { RenderProps } from "@anywidget/types";
import { chartPng, chartSvg, download } from "../lib/chart";
import { alertRow, makeViewContext } from "../lib/context";
import { button, h, replace, suppressShortcuts } from "../lib/dom";
import { icon } from "../lib/icons";
import { watchTheme } from "../lib/theme";
import "../lib/theme.css";
import { netOf, outcomeOf, type NetworkApi, type State } from "./api";
import { colourBar, scaleOf } from "./colours";
import { detail } from "./detail";
import { matrix, networkChart, table } from "./plots";
import { rulesPanel } from "./rules-panel";
import "./style.css";

const VIEWS = ["Baselines", "Matrix", "Table"] as const;
type ViewName = (typeof VIEWS)[number];

function render(props: RenderProps<State>): void {
  const context = makeViewContext<State, NetworkApi>(props);
  const { model } = context;
  const root = h("div", { class: "iw ni", role: "group", "aria-label": "Network of interferograms" });
  suppressShortcuts(root);

  const chart = networkChart(context);
  const places: Record<ViewName, HTMLElement> = {
    Baselines: chart.chart.element,
    Matrix: matrix(context),
    Table: table(context),
  };
  const tabs = VIEWS.map((name) =>
    button(
      name,
      () => {
        show(name);
      },
      { class: "small", key: `view-${name}` },
    ),
  );
  function show(name: ViewName): void {
    VIEWS.forEach((view, index) => {
      places[view].hidden = view !== name;
      tabs[index]?.setAttribute("aria-pressed", String(view === name));
    });
    pictures.hidden = treeKey.hidden = name !== "Baselines";
    legend.classList.toggle("lines", name === "Baselines");
  }
  const tree = h("input", { type: "checkbox", "data-key": "tree" });
  tree.addEventListener("change", () => {
    chart.showTree(tree.checked);
  });
  const treeKey = h(
    "label",
    { class: "ni-key", title: "The fewest pairs, of the highest coherence, that connect all dates" },
    tree,
    h("i", { class: "ni-line tree" }),
    "minimum spanning tree",
  );
  const counts = h("span", { class: "iw-2 ni-counts" });
  const legend = h("div", { class: "ni-legend" });
  const progress = h("div", { class: "ni-progress", role: "status" });
  const problem = h("div", { role: "alert" });
  const title = (): string => `Network, ${counts.textContent}`;
  const notes = ["Dashed and grey: dropped. Open circles: dates without a pair."];
  const pictures = h(
    "span",
    { class: "iw-row" },
    button(
      "SVG",
      () => {
        download("network.svg", chartSvg(chart.chart, { title: title(), notes }));
      },
      { class: "small", icon: icon("download", "small"), title: "Save the picture as SVG" },
    ),
    button(
      "PNG",
      () => {
        chartPng(chart.chart, { title: title(), notes })
          .then((blob) => {
            download("network.png", blob);
          })
          .catch(context.fail);
      },
      { class: "small", icon: icon("download", "small"), title: "Save the picture as PNG" },
    ),
  );
  const empty = h("p", { class: "ni-empty" });
  const body = h(
    "div",
    { class: "ni-body" },
    h("div", { class: "ni-main" }, ...Object.values(places), legend, detail(context)),
    rulesPanel(context),
  );

  const draw = (): void => {
    const [net, outcome] = [netOf(context), outcomeOf(context)];
    const there = net.pairs.length > 0;
    body.hidden = !there;
    empty.hidden = there;
    empty.textContent = "No interferograms yet. Choose a stack or open a work directory.";
    counts.textContent = there
      ? `${net.dates.length} dates, ${outcome.kept} of ${net.pairs.length} pairs kept`
      : "";
    const known = net.pairs.filter(({ coherence }) => coherence !== null).length;
    const bar = colourBar(scaleOf(net.pairs));
    replace(
      legend,
      bar,
      h("span", { class: "ni-key" }, h("i", { class: "ni-line" }), "kept"),
      h("span", { class: "ni-key" }, h("i", { class: "ni-line out" }), "dropped"),
      known < net.pairs.length && known > 0
        ? h("span", {}, `${net.pairs.length - known} without coherence`)
        : null,
      outcome.tree.length > 0 ? treeKey : null,
      ...[net.missing, ...net.notes].filter(Boolean).map((words) => h("span", {}, words)),
    );
  };
  context.watch(["_view", "_outcome"], draw);
  context.signal.addEventListener("abort", watchTheme(draw));
  context.watch(["_progress"], () => {
    const state = model.get("_progress");
    progress.hidden = state === null;
    if (state) {
      const share = state.fraction;
      replace(progress, share === null ? state.text : `${state.text}: ${Math.round(100 * share)} %`);
    }
  });
  context.watch(["_error"], () => {
    const error = model.get("_error");
    replace(problem, error ? alertRow(error, null) : null);
  });

  root.append(
    context.live.element,
    h(
      "header",
      { class: "ni-header" },
      h("h2", {}, "Network"),
      counts,
      h("span", { class: "iw-seg", role: "group", "aria-label": "View" }, ...tabs),
      progress,
      h("span", { class: "iw-grow" }),
      pictures,
    ),
    context.alerts,
    problem,
    empty,
    body,
  );
  show("Baselines");
  props.el.append(root);
}

export default { render };
