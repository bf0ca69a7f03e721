// Project, work directory, and preparing.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { isRunning, type Context } from "./api";
import { progressLine } from "./findings-panel";

function committed(context: Context, trait: "project" | "work_dir", label: string, key: string): HTMLElement {
  const { model } = context;
  const input = h("input", { class: "iw-in", type: "text", spellcheck: "false", "data-key": key });
  input.addEventListener("change", () => {
    context.set(trait, input.value.trim());
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") input.blur();
    if (event.key === "Escape") input.value = model.get(trait);
  });
  context.watch([trait, "busy"], () => {
    if (document.activeElement !== input) input.value = model.get(trait);
    input.title = model.get(trait);
    input.disabled = isRunning(model);
  });
  return h("label", { class: `iw-field sp-${trait}` }, label, input);
}

export function footer(context: Context): HTMLElement {
  const { model, requests } = context;
  const lines = h("div", { class: "sp-estimate" });
  const prepare = button(
    "Prepare on one grid",
    () => {
      requests.request("prepare", null).catch(context.fail);
    },
    { class: "primary", key: "prepare" },
  );
  const state = h("p", { class: "sp-prepared", role: "status", hidden: true });
  context.watch(["_estimate", "busy", "_notice", "opens"], () => {
    const estimate = model.get("_estimate");
    const problem = estimate.problem ?? "";
    replace(
      lines,
      ...(problem
        ? [h("div", { class: "iw-word error" }, problem)]
        : (estimate.lines ?? []).map((line) => h("div", {}, line))),
    );
    prepare.disabled = model.get("busy") !== "" || problem !== "" || model.get("opens") !== "products";
    const { kind = "info", text = "" } = model.get("_notice");
    state.hidden = text === "";
    replace(state, icon(kind, kind), h("span", {}, text));
  });
  return h(
    "div",
    { class: "sp-footer" },
    progressLine(context, "prepare", "Stop preparing; what is finished stays and is used the next time"),
    state,
    h(
      "div",
      { class: "sp-foot" },
      committed(context, "project", "Project", "project"),
      committed(context, "work_dir", "Work directory", "work-dir"),
      lines,
      prepare,
    ),
  );
}
