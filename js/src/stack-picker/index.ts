import type { RenderProps } from "@anywidget/types";
import { alertRow, makeViewContext } from "../lib/context";
import { button, h, replace, suppressShortcuts } from "../lib/dom";
import { icon } from "../lib/icons";
import { plural } from "../lib/findings";
import { networkPlot } from "../lib/network-plot";
import "../lib/theme.css";
import "../lib/findings.css";
import "../lib/stack-map.css";
import { areaPanel } from "./area-panel";
import { browsePanel, recentPanel, type Panel } from "./browse";
import type { Context, PickerApi, State } from "./api";
import { filterPanel } from "./filter-panel";
import { findingsPanel } from "./findings-panel";
import { footer } from "./footer";
import { pickerMap } from "./map";
import { pathField } from "./path-field";
import { workDirTable } from "./work-dir";
import "./style.css";
import "./map.css";

const PLOT_HEIGHT = 168;

/** Buttons that open one panel at a time under the header. */
function toggles(panels: Map<Panel, HTMLButtonElement>): (panel: Panel) => void {
  return (panel) => {
    const opening = !panel.isOpen;
    for (const other of panels.keys()) other.close();
    if (opening) panel.show();
  };
}

/** What went wrong in the kernel; it stays until something else is tried. */
function errorBox(context: Context): HTMLElement {
  const { model, requests } = context;
  const box = h("div", { role: "alert" });
  context.watch(["_error"], () => {
    const error = model.get("_error");
    const retry = error?.retry
      ? button(
          "Try again",
          () => {
            requests.request("reopen", null).catch(context.fail);
          },
          { class: "small", icon: icon("retry"), key: "retry" },
        )
      : null;
    replace(box, error ? alertRow(error, retry) : null);
  });
  return box;
}

function facts(context: Context): HTMLElement {
  const { model } = context;
  const list = h("dl", { class: "sp-facts" });
  context.watch(["_view", "_estimate"], () => {
    const all = [...(model.get("_view").facts ?? []), model.get("_estimate").fact];
    replace(
      list,
      ...all.map((fact) => (fact ? h("div", {}, h("dd", {}, fact.value), h("dt", {}, fact.note)) : null)),
    );
    list.hidden = all.every((fact) => !fact);
  });
  return list;
}

function network(context: Context, filterButton: HTMLElement): HTMLElement {
  const { model } = context;
  const plot = h("div", { class: "sp-plot" });
  const note = h("span", { class: "iw-2 iw-grow" });
  let width = 0;
  function draw(): void {
    const view = model.get("_view");
    note.textContent = view.filter_note ?? "";
    if (width < 80 || !view.network) return;
    replace(plot, networkPlot(view.network.dates, view.network.pairs, width, PLOT_HEIGHT));
  }
  const observer = new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    draw();
  });
  observer.observe(plot);
  context.signal.addEventListener("abort", () => {
    observer.disconnect();
  });
  context.watch(["_view"], draw);
  return h(
    "section",
    { class: "sp-network", "aria-label": "Network" },
    h("div", { class: "sp-bar" }, h("h3", { class: "iw-b" }, "Network"), note, filterButton),
    plot,
  );
}

/** What stands there before a folder is open. */
function emptyState(context: Context): HTMLElement {
  const { model } = context;
  const element = h("div", { class: "iw-empty sp-empty" });
  context.watch(["opens", "busy", "_progress", "path"], () => {
    const busy = model.get("busy") === "open";
    element.hidden = model.get("opens") !== "" && !busy;
    element.classList.toggle("line", model.get("opens") !== "");
    const doing = model.get("_progress").text;
    replace(
      element,
      busy
        ? h("p", { class: "iw-row" }, icon("running", "iw-spin"), doing ?? "Reading headers…")
        : h(
            "p",
            {},
            h("span", { class: "iw-b" }, "No stack is open. "),
            "Type or browse to the folder that holds your HyP3 products, as folders or zips, or to a MintPy work directory.",
          ),
    );
  });
  return element;
}

function announce(context: Context): void {
  const { model, live } = context;
  context.watch(["busy", "_view", "_notice"], () => {
    const busy = model.get("busy");
    const view = model.get("_view");
    if (busy) {
      live.say({ open: "Reading the folder", check: "Checking every pixel", prepare: "Preparing" }[busy]);
    } else if (model.get("opens") === "products") {
      const [first] = view.facts ?? [];
      const errors = (view.findings ?? []).filter(({ severity }) => severity === "error").length;
      live.say(
        `${first?.value ?? ""} ${first?.note ?? ""}. ${plural(errors, "error")}. ${model.get("_notice").text ?? ""}`,
      );
    } else if (model.get("opens") === "work_dir") {
      live.say("MintPy work directory opened");
    }
  });
}

function render(props: RenderProps<State>): () => void {
  const { model, el } = props;
  const root = h("div", { class: "iw sp" });
  suppressShortcuts(root);
  const context = makeViewContext<State, PickerApi>(props);

  const browse = browsePanel(context, "Browse", "folders with products and work directories are marked");
  const workDirs = browsePanel(
    context,
    "Open a MintPy work directory",
    "one that holds smallbaselineApp.cfg or inputs/ifgramStack.h5",
  );
  const recent = recentPanel(context);
  const filter = filterPanel(context);
  const area = areaPanel(context);
  const buttons = new Map<Panel, HTMLButtonElement>();
  const toggle = toggles(buttons);
  const opener = (panel: Panel, label: string, options: Parameters<typeof button>[2]): HTMLButtonElement => {
    const opening = button(
      label,
      () => {
        toggle(panel);
      },
      options,
    );
    opening.setAttribute("aria-expanded", "false");
    buttons.set(panel, opening);
    const observer = new MutationObserver(() => {
      opening.setAttribute("aria-expanded", String(panel.isOpen));
    });
    observer.observe(panel.element, { attributes: true, attributeFilter: ["hidden"] });
    context.watch(["busy"], () => {
      opening.disabled = model.get("busy") === "prepare";
    });
    return opening;
  };
  const header = h(
    "header",
    { class: "iw-header" },
    h("h2", {}, "Stack"),
    pathField(context),
    opener(browse, "Browse…", { key: "browse" }),
    opener(recent, "Recent", { key: "recent", iconAfter: icon("down", "small") }),
    opener(workDirs, "Open a MintPy work directory…", { class: "ghost", key: "work-dirs" }),
  );
  const filterButton = opener(filter, "Filter dates and pairs…", { class: "small", key: "filter" });
  buttons.set(
    area,
    button("", () => undefined),
  );
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const [panel, opening] of buttons) {
      if (!panel.isOpen) continue;
      panel.close();
      (opening.isConnected ? opening : root.querySelector<HTMLElement>('[data-key="area-text"]'))?.focus();
    }
  });

  const products = h("div", { class: "sp-body" });
  const files = workDirTable(context);
  root.append(
    context.live.element,
    header,
    context.alerts,
    errorBox(context),
    browse.element,
    recent.element,
    workDirs.element,
    emptyState(context),
    facts(context),
    products,
    files,
  );
  // The body is built at the first stack: a map that was never visible would cost for nothing.
  context.watch(["opens"], () => {
    const opens = model.get("opens");
    products.hidden = opens !== "products";
    files.hidden = opens !== "work_dir";
    if (opens === "products" && !products.hasChildNodes()) {
      products.append(
        h(
          "div",
          { class: "sp-left" },
          area.element,
          pickerMap(context, () => {
            toggle(area);
          }),
          network(context, filterButton),
          filter.element,
        ),
        h("div", { class: "sp-right" }, findingsPanel(context), footer(context)),
      );
    }
  });
  announce(context);
  el.append(root);
  return () => {
    root.remove();
  };
}

export default { render };
