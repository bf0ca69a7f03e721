// Which engine computes the slow steps, and what it has proved.

import { h } from "../lib/dom";
import { engineMenu, HELP, type EngineMenu } from "../lib/engine";
import { icon } from "../lib/icons";
import type { Context, Row } from "./api";

export class EngineChoice {
  readonly element: HTMLElement;
  readonly #menu: EngineMenu;

  constructor(private readonly context: Context) {
    this.#menu = engineMenu("rn-select", (engine) => {
      context.set("engine", engine);
      context.live.say(HELP[engine]);
    });
    this.element = h("div", { class: "iw-engine rn-engine" }, this.#menu.label, this.#menu.note);
  }

  /** Shows the choice; only where a run may be started can it be changed. */
  update(free: boolean): void {
    const { model } = this.context;
    const { select, note } = this.#menu;
    const head = model.get("_head");
    const engine = model.get("engine");
    const running = head.state === "running";
    this.element.hidden = (head.state ?? "empty") === "empty";
    select.disabled = running || !free;
    if (select.value !== engine) select.value = engine;
    const words = engine === "fast" && head.proof ? head.proof : HELP[engine];
    if (note.textContent !== words) note.textContent = words;
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
