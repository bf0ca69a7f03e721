// The findings, worst first, with the deep check.

import { button, h, replace } from "../lib/dom";
import { findingRow, severityChips } from "../lib/findings";
import { icon } from "../lib/icons";
import type { Context, FindingRow } from "./api";

export function progressLine(context: Context, job: "check" | "prepare", cancelLabel: string): HTMLElement {
  const { model } = context;
  const text = h("span", { class: "iw-grow iw-clip" });
  const percent = h("span", { class: "iw-2" });
  const fill = h("i");
  const bar = h(
    "div",
    { class: "iw-bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const cancel = button(
    "Cancel",
    () => {
      context.requests.request("cancel", null).catch(context.fail);
    },
    { class: "small", title: cancelLabel, key: `${job}-cancel` },
  );
  const element = h(
    "div",
    { class: "sp-progress", hidden: true },
    h("div", { class: "iw-row sp-progress-line" }, icon("running", "iw-spin"), text, percent, cancel),
    bar,
  );
  context.watch(["busy", "_progress"], () => {
    element.hidden = model.get("busy") !== job;
    const { fraction, text: doing } = model.get("_progress");
    text.textContent = doing ?? "";
    text.title = doing ?? "";
    const known = typeof fraction === "number";
    bar.classList.toggle("unknown", !known);
    bar.setAttribute("aria-label", job === "check" ? "Checking every pixel" : "Preparing");
    if (known) {
      const value = Math.floor(fraction * 100);
      percent.textContent = `${value} %`;
      fill.style.width = `${fraction * 100}%`;
      bar.setAttribute("aria-valuenow", String(value));
    } else {
      percent.textContent = "";
      fill.style.width = "";
      bar.removeAttribute("aria-valuenow");
    }
  });
  return element;
}

function actionButton(context: Context, row: FindingRow, key: string): HTMLElement | null {
  const { action } = row;
  if (!action) return null;
  return button(
    action.label,
    () => {
      context.requests.request(action.kind, { names: row.products }).catch(context.fail);
    },
    { class: "small", key, ...(action.kind === "bring_back" ? { icon: icon("undo") } : {}) },
  );
}

export function findingsPanel(context: Context): HTMLElement {
  const { model, requests } = context;
  const chips = h("span", { class: "iw-row" });
  const note = h("span", { class: "iw-2" });
  const check = button(
    "Check every pixel",
    () => {
      requests.request("check", null).catch(context.fail);
    },
    { class: "small", key: "check" },
  );
  const list = h("ul", { class: "sp-findings", tabindex: "0", "aria-label": "Findings, worst first" });
  const element = h(
    "section",
    { class: "sp-findings-panel", "aria-label": "Findings" },
    h(
      "div",
      { class: "sp-bar" },
      h("h3", { class: "iw-b" }, "Findings"),
      chips,
      h("span", { class: "iw-row sp-check" }, note, check),
    ),
    progressLine(context, "check", "Stop checking; findings so far stay"),
    list,
  );
  context.watch(["_view", "busy"], () => {
    const view = model.get("_view");
    const rows = view.findings ?? [];
    const busy = model.get("busy") !== "";
    replace(chips, ...severityChips(rows));
    note.textContent = view.read_note ?? "";
    check.textContent = view.check_label ?? "Check every pixel";
    check.disabled = busy;
    replace(
      list,
      ...rows.map((row, index) => {
        const key = `${row.code}-${index}`;
        const action = actionButton(context, row, `${key}-action`);
        if (action instanceof HTMLButtonElement) action.disabled = busy;
        return findingRow(row, key, [action]);
      }),
      rows.length === 0
        ? h(
            "li",
            { class: "sp-clean" },
            icon("done", "done"),
            h("span", {}, "Nothing was found: the products fit each other."),
          )
        : null,
    );
  });
  return element;
}
