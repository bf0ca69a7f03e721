// The file to be written, what changed in it, and which steps of a run it makes stale.

import { button, h, replace } from "../lib/dom";
import { plural } from "../lib/findings";
import { icon } from "../lib/icons";
import { segments } from "./controls";
import type { Context } from "./api";

const AROUND = 3; // unchanged lines shown beside a changed one
const SHORT = 60; // files up to this many lines are shown whole

type Line = [string, string, string];

/** Unchanged lines far from any change, which the view of changes leaves out. */
function hidden(lines: readonly Line[]): Set<number> {
  if (lines.length <= SHORT) return new Set();
  const near = new Set<number>();
  lines.forEach(([mark], index) => {
    if (mark === "") return;
    for (let by = -AROUND; by <= AROUND; by++) near.add(index + by);
  });
  return new Set([...lines.keys()].filter((index) => !near.has(index)));
}

function staleBox(context: Context): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "cb-stale", role: "status" });
  context.watch(["_stale", "_rows"], () => {
    const { stale = [], kept = [], new: added = [], running = false, problem = "" } = model.get("_stale");
    const errors = model.get("_rows").some((row) => row.severity === "error");
    box.hidden = stale.length + kept.length === 0 && problem === "";
    if (problem) {
      replace(box, icon("warning", "warning"), h("p", {}, problem));
      return;
    }
    const what =
      stale.length === 0
        ? "No step becomes stale."
        : `${errors ? "With the errors mended, this" : "This"} makes ${plural(stale.length, "step")} stale:`;
    replace(
      box,
      icon(stale.length > 0 ? "stale" : "done", stale.length > 0 ? "warning" : "done"),
      h(
        "div",
        {},
        h("p", { class: "iw-b" }, what),
        stale.length > 0 ? h("p", { class: "iw-2" }, `${stale.join(", ")}.`) : null,
        added.length > 0 && stale.length + kept.length > 0
          ? h("p", { class: "iw-2" }, `Not run yet: ${added.join(", ")}.`)
          : null,
        kept.length > 0
          ? h(
              "p",
              { class: "iw-2" },
              `${plural(kept.length, "step")} ${kept.length === 1 ? "is" : "are"} kept.`,
            )
          : null,
        running
          ? h("p", { class: "iw-2" }, "A run is under way here and keeps the template it began with.")
          : null,
      ),
    );
  });
  return box;
}

export function previewPanel(context: Context, jump: (key: string) => void): HTMLElement {
  const { model } = context;
  let whole = false;
  const title = h("h3", { class: "iw-b iw-clip cb-file" });
  const state = h("span", { class: "iw-2" });
  const body = h("div", {
    class: "cb-lines",
    tabindex: "0",
    role: "region",
    "aria-label": "Preview of the template file",
  });
  const choice = segments("Preview", ["Changes", "Whole file"], (index) => {
    whole = index === 1;
    show();
  });

  function lineRow([mark, text, key]: Line, wrong: Set<string>): HTMLElement {
    const bad = key !== "" && mark !== "-" && wrong.has(key);
    const names = [
      { "+": "a", "-": "r" }[whole ? "" : mark] ?? "",
      text.trimStart().startsWith("#") ? "c" : "",
      bad ? "x" : "",
    ];
    const row = h(
      "div",
      { class: names.filter(Boolean).join(" ") || null, "data-key": null },
      h(
        "i",
        { "aria-label": { "+": "added", "-": "removed" }[whole ? "" : mark] ?? null },
        whole ? "" : mark.replace("-", "−"),
      ),
      h("span", {}, text || " "),
    );
    if (key) {
      row.classList.add("cb-goto");
      row.title = "Show this option";
      row.addEventListener("click", () => {
        jump(key);
      });
    }
    return row;
  }

  function show(): void {
    const { name = "", path = "", lines = [], opened = false, dirty = true } = model.get("_preview");
    choice.update(whole ? 1 : 0);
    title.textContent = name;
    title.title = path;
    const changes = lines.filter(([mark]) => mark !== "").length;
    state.textContent = !opened ? "not saved yet" : dirty ? `${plural(changes, "line")} changed` : "saved";
    const wrong = new Set(
      model
        .get("_rows")
        .filter((row) => row.severity === "error")
        .map((row) => row.key),
    );
    const shown = whole ? lines.filter(([mark]) => mark !== "-") : lines;
    const away = whole ? new Set<number>() : hidden(lines);
    const rows: HTMLElement[] = [];
    let gap = 0;
    const closeGap = (): void => {
      if (gap > 0) rows.push(h("div", { class: "cb-gap" }, plural(gap, "unchanged line")));
      gap = 0;
    };
    shown.forEach((line, index) => {
      if (away.has(index)) {
        gap += 1;
        return;
      }
      closeGap();
      rows.push(lineRow(line, wrong));
    });
    closeGap();
    const { scrollTop } = body;
    replace(body, ...rows);
    body.scrollTop = scrollTop;
  }

  context.watch(["_preview", "_rows"], show);
  return h(
    "section",
    { class: "cb-preview", "aria-label": "Template file" },
    h("div", { class: "cb-bar" }, title, state, h("span", { class: "iw-grow" }), choice.element),
    body,
    staleBox(context),
  );
}

/** The file's name and state, short. */
export function saveButton(context: Context, save: () => void): HTMLButtonElement {
  const element = button("Save", save, { class: "primary", key: "save" });
  context.watch(["_preview"], () => {
    const { dirty = true, path = "" } = context.model.get("_preview");
    element.disabled = !dirty;
    element.title = dirty ? `Write ${path}` : `${path} is saved`;
  });
  return element;
}
