// Which engine computes the slow steps: the choice that the ConfigBuilder and the StepRunner share.

import { h } from "./dom";

export type Engine = "fast" | "mintpy";

const CHOICES: readonly [Engine, string][] = [
  ["fast", "Fast (proved against MintPy)"],
  ["mintpy", "MintPy"],
];

export const HELP: Record<Engine, string> = {
  fast: "Compiled code does invert_network, correct_ionosphere and correct_topography; in every run a random sample of pixels is solved again by MintPy, which does the step itself if they differ.",
  mintpy: "MintPy does every step itself: the same products, on large stacks many times slower.",
};

export interface EngineMenu {
  readonly label: HTMLElement;
  readonly select: HTMLSelectElement;
  readonly note: HTMLElement;
}

/** A labelled menu of the engines, and the place of the note that describes it. */
export function engineMenu(selectClass: string, commit: (engine: Engine) => void): EngineMenu {
  const select = h(
    "select",
    { class: `iw-in ${selectClass}`, "data-key": "engine" },
    ...CHOICES.map(([value, words]) => h("option", { value }, words)),
  );
  select.addEventListener("change", () => {
    commit(select.value as Engine);
  });
  const id = `iw-engine-${Math.random().toString(36).slice(2)}`;
  select.setAttribute("aria-describedby", id);
  return {
    select,
    label: h("label", {}, h("span", {}, "Engine:"), select),
    note: h("p", { class: "iw-2", id }),
  };
}
