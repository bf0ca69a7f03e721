// The path of stages over the workbench, and the tabs beside its map. The panels themselves are ipywidgets boxes.

import type { AnyModel, RenderProps } from "@anywidget/types";
import { alertRow } from "../lib/context";
import { button, h, LiveRegion, replace, suppressShortcuts } from "../lib/dom";
import { icon, type IconName } from "../lib/icons";
import "../lib/theme.css";
import "./style.css";

interface Item {
  name: string;
  title: string;
  state?: string;
  words?: string;
}

interface State {
  _kind: "stages" | "tabs";
  items: Item[];
  current: string;
  title: string;
  subtitle: string;
  next: string;
  note: string;
  error: { message: string; remedy: string } | null;
}

/** Each state's shape, colour and, for those who hear the page, word. */
const STATES: Record<string, { icon: IconName; tone: string; word: string }> = {
  pending: { icon: "pending", tone: "info", word: "not begun" },
  running: { icon: "running", tone: "run iw-spin", word: "under way" },
  completed: { icon: "done", tone: "done", word: "done" },
  stale: { icon: "stale", tone: "warning", word: "to do" },
  failed: { icon: "error", tone: "error", word: "stopped" },
};

function choose(model: AnyModel<State>, name: string): void {
  if (model.get("current") === name) return;
  model.set("current", name);
  model.save_changes();
}

/** Left and right, Home and End move among the buttons of a row. */
function arrows(row: HTMLElement): void {
  row.addEventListener("keydown", (event) => {
    const all = [...row.querySelectorAll<HTMLButtonElement>("button")];
    const at = all.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[(to + all.length) % all.length]?.focus();
  });
}

function stageButton(model: AnyModel<State>, item: Item): HTMLElement {
  const here = item.name === model.get("current");
  const state = STATES[item.state ?? "pending"] ?? { icon: "info" as const, tone: "info", word: "" };
  const element = h(
    "button",
    {
      type: "button",
      class: "wb-stage",
      "aria-current": here ? "step" : null,
      "data-key": item.name,
      "data-state": item.state,
    },
    icon(state.icon, state.tone),
    h(
      "span",
      { class: "wb-words" },
      h("span", { class: "wb-name" }, item.title),
      h("span", { class: "iw-sr" }, ` ${state.word}: `),
      h("span", { class: "wb-what", title: item.words }, item.words),
    ),
  );
  element.addEventListener("click", () => {
    choose(model, item.name);
  });
  return element;
}

function stages(model: AnyModel<State>, watch: Watch): HTMLElement {
  const title = h("div", { class: "wb-title" });
  const list = h("ol", { class: "wb-path" });
  const tools = h("div", { class: "wb-tools" });
  const alerts = h("div", { role: "alert" });
  const live = new LiveRegion();
  arrows(list);
  watch(["title", "subtitle"], () => {
    const where = model.get("subtitle");
    replace(
      title,
      h("h1", { class: "iw-b wb-clip", title: model.get("title") }, model.get("title")),
      h("p", { class: "iw-2 wb-where", title: where }, h("bdi", {}, where)),
    );
  });
  watch(["items", "current"], () => {
    replace(list, ...model.get("items").map((item) => h("li", {}, stageButton(model, item))));
    const here = model.get("items").find((item) => item.name === model.get("current"));
    if (here) live.say(`${here.title}: ${here.words ?? ""}`);
  });
  watch(["next", "note", "items"], () => {
    const next = model.get("items").find((item) => item.name === model.get("next"));
    const note = model.get("note");
    replace(
      tools,
      note ? h("span", { class: "iw-chip warning wb-note", title: note }, icon("info", "small"), note) : null,
      next
        ? button(
            `Next: ${next.title}`,
            () => {
              choose(model, next.name);
            },
            { class: "primary wb-next", key: "next", iconAfter: icon("right", "small") },
          )
        : null,
    );
  });
  watch(["error"], () => {
    const error = model.get("error");
    const dismiss = button(
      "Dismiss",
      () => {
        model.set("error", null);
        model.save_changes();
      },
      { class: "small" },
    );
    replace(alerts, error ? alertRow(error, dismiss) : null);
  });
  return h(
    "header",
    { class: "iw wb-bar" },
    live.element,
    h("div", { class: "wb-row" }, title, h("nav", { "aria-label": "Stages" }, list), tools),
    alerts,
  );
}

function tabs(model: AnyModel<State>, watch: Watch): HTMLElement {
  const row = h("div", { class: "iw wb-tabs", role: "group", "aria-label": "Inspectors" });
  arrows(row);
  watch(["items", "current"], () => {
    replace(
      row,
      ...model.get("items").map((item) => {
        const tab = button(
          item.title,
          () => {
            choose(model, item.name);
          },
          { class: "ghost wb-tab", key: item.name },
        );
        tab.setAttribute("aria-pressed", String(item.name === model.get("current")));
        return tab;
      }),
    );
  });
  return row;
}

type Watch = (traits: readonly (keyof State)[], update: () => void) => void;

function render({ model, el, signal }: RenderProps<State>): () => void {
  const watch: Watch = (traits, update) => {
    for (const trait of traits) {
      model.on(`change:${trait}`, update);
      signal.addEventListener("abort", () => {
        model.off(`change:${trait}`, update);
      });
    }
    update();
  };
  const root = model.get("_kind") === "tabs" ? tabs(model, watch) : stages(model, watch);
  suppressShortcuts(root);
  el.append(root);
  if (model.get("_kind") === "stages") {
    // What is not needed for the first picture is made after it.
    requestAnimationFrame(() => {
      if (!signal.aborted) model.send({ shown: true });
    });
  }
  return () => {
    root.remove();
  };
}

export default { render };
