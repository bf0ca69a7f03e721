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

/** One stage; it is changed in place, so that a click or the focus is never lost to a run that goes on. */
class Stage {
  readonly #shape = h("span", { class: "wb-shape" });
  readonly #word = h("span", { class: "iw-sr" });
  readonly #what = h("span", { class: "wb-what" });
  readonly button: HTMLButtonElement;
  #state = "";

  constructor(model: AnyModel<State>, { name, title }: Item) {
    const words = h(
      "span",
      { class: "wb-words" },
      h("span", { class: "wb-name" }, title),
      this.#word,
      this.#what,
    );
    this.button = h("button", { type: "button", class: "wb-stage", "data-key": name }, this.#shape, words);
    this.button.addEventListener("click", () => {
      choose(model, name);
    });
  }

  update({ name, state = "pending", words = "" }: Item, current: string): void {
    if (name === current) this.button.setAttribute("aria-current", "step");
    else this.button.removeAttribute("aria-current");
    if (state !== this.#state) {
      const about = STATES[state] ?? { icon: "info" as const, tone: "info", word: "" };
      replace(this.#shape, icon(about.icon, about.tone));
      this.#word.textContent = ` ${about.word}: `;
      this.button.dataset.state = this.#state = state;
    }
    if (this.#what.textContent !== words) this.#what.textContent = this.#what.title = words;
  }
}

function stages(model: AnyModel<State>, watch: Watch): HTMLElement {
  const title = h("div", { class: "wb-title" });
  const list = h("ol", { class: "wb-path" });
  const tools = h("div", { class: "wb-tools" });
  const alerts = h("div", { role: "alert" });
  const live = new LiveRegion();
  let shown = new Map<string, Stage>();
  let offered = "";
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
    const items = model.get("items");
    if (items.map((item) => item.name).join() !== [...shown.keys()].join()) {
      shown = new Map(items.map((item) => [item.name, new Stage(model, item)]));
      replace(list, ...[...shown.values()].map((one) => h("li", {}, one.button)));
    }
    for (const item of items) shown.get(item.name)?.update(item, model.get("current"));
    const here = model.get("items").find((item) => item.name === model.get("current"));
    // What runs changes its words all the time; they are heard when it begins and when it has ended.
    if (here) live.say(`${here.title}: ${here.state === "running" ? "under way" : (here.words ?? "")}`);
  });
  watch(["next", "note", "items"], () => {
    const next = model.get("items").find((item) => item.name === model.get("next"));
    const note = model.get("note");
    const key = JSON.stringify([next?.name, note]);
    if (key === offered) return;
    offered = key;
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
  const all = model.get("items").map((item) => {
    const tab = button(
      item.title,
      () => {
        choose(model, item.name);
      },
      { class: "ghost wb-tab", key: item.name },
    );
    row.append(tab);
    return tab;
  });
  watch(["current"], () => {
    for (const tab of all) tab.setAttribute("aria-pressed", String(tab.dataset.key === model.get("current")));
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
