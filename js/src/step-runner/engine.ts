// Which engine computes the slow steps, and what it has proved.

import { h } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, Engine, Row } from "./api";

const CHOICES: readonly [Engine, string][] = [
  ["fast", "Fast (proved against MintPy)"],
  ["mintpy", "MintPy"],
];

const HELP: Record<Engine, string> = {
  fast: "Compiled code does invert_network and correct_topography; in every run a random sample of pixels is solved again by MintPy, which does the step itself if they differ.",
  mintpy: "MintPy does every step itself: the same products, many times slower.",
};

export class EngineChoice {
  readonly element: HTMLElement;
  readonly #select = h(
    "select",
    { class: "iw-in rn-select", "data-key": "engine" },
    ...CHOICES.map(([value, words]) => h("option", { value }, words)),
  );
  readonly #note = h("p", { class: "iw-2" });

  constructor(private readonly context: Context) {
    const { model } = context;
    this.#select.addEventListener("change", () => {
      model.set("engine", this.#select.value as Engine);
      model.save_changes();
      context.live.say(HELP[model.get("engine")]);
    });
    const id = `rn-engine-${Math.random().toString(36).slice(2)}`;
    this.#note.id = id;
    this.#select.setAttribute("aria-describedby", id);
    this.element = h(
      "div",
      { class: "rn-engine" },
      h("label", {}, h("span", {}, "Engine:"), this.#select),
      this.#note,
    );
  }

  /** Shows the choice; only where a run may be started can it be changed. */
  update(free: boolean): void {
    const { model } = this.context;
    const head = model.get("_head");
    const engine = model.get("engine");
    const running = head.state === "running";
    this.element.hidden = (head.state ?? "empty") === "empty";
    this.#select.disabled = running || !free;
    if (this.#select.value !== engine) this.#select.value = engine;
    const words = engine === "fast" && head.proof ? head.proof : HELP[engine];
    if (this.#note.textContent !== words) this.#note.textContent = words;
    this.element.title = running ? `${HELP[engine]} It can be changed when the run has ended.` : HELP[engine];
  }
}

/** Says in a row which engine made the step; a click shows the log, where the proof stands. */
export function engineMark({ engine, name }: Row, showLog: () => void): HTMLElement | null {
  if (!engine) return null;
  const fast = engine.name === "fast";
  const word = fast ? (engine.proved ? "fast, proved" : "fast") : "MintPy";
  const element = h(
    "button",
    {
      type: "button",
      class: "rn-made",
      title: engine.words,
      "aria-label": `${word}: ${engine.words} Show the log`,
      "data-key": `${name}-engine`,
      "data-engine": engine.name,
    },
    engine.proved ? icon("done", "small done") : null,
    word,
  );
  element.addEventListener("click", showLog);
  return element;
}
