// Parts of the header: presets, findings, and what failed.

import { alertRow } from "../lib/context";
import { button, h, replace } from "../lib/dom";
import { engineMenu, HELP } from "../lib/engine";
import { findingRow, severityChips } from "../lib/findings";
import { icon } from "../lib/icons";
import type { Context, Schema } from "./api";
import { applyFix } from "./fields";

/** Menu that applies a preset; it stays at its title, as a template does not remember one. */
export function presetMenu(context: Context, schema: Schema): HTMLElement {
  const menu = h(
    "select",
    { class: "iw-in cb-select", "aria-label": "Preset" },
    h("option", { value: "" }, "Preset…"),
    ...schema.presets.map((preset) =>
      h("option", { value: preset.name, title: preset.description }, preset.title),
    ),
  );
  menu.title = schema.presets.map((preset) => `${preset.title}: ${preset.description}`).join("\n");
  menu.addEventListener("change", () => {
    const preset = schema.presets.find(({ name }) => name === menu.value);
    menu.value = "";
    if (!preset) return;
    context.requests
      .request("preset", { name: preset.name })
      .then(() => {
        context.live.say(`Preset ${preset.title} applied`);
      })
      .catch(context.fail);
  });
  return menu;
}

/** Which engine the run gets: no option of MintPy, so nothing of it stands in the template. */
export function engineChoice(context: Context): HTMLElement {
  const { model } = context;
  const { label, select, note } = engineMenu("cb-select", (engine) => {
    context.set("engine", engine);
    context.live.say(HELP[engine]);
  });
  note.textContent = "Not an option of MintPy: goes to the run, not into the template.";
  const element = h("div", { class: "iw-engine cb-engine" }, label, note);
  context.watch(["engine"], () => {
    const engine = model.get("engine");
    if (select.value !== engine) select.value = engine;
    element.title = HELP[engine];
  });
  return element;
}

/** Counts of findings, and the panel that lists them all. */
export function allFindings(
  context: Context,
  jump: (key: string) => void,
): { chips: HTMLElement; panel: HTMLElement } {
  const { model } = context;
  const panel = h("section", { class: "iw-drawer cb-all-findings", hidden: true, "aria-label": "Findings" });
  const chips = h("button", { type: "button", class: "cb-chips", "aria-expanded": "false" });
  chips.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
  });
  new MutationObserver(() => {
    chips.setAttribute("aria-expanded", String(!panel.hidden));
  }).observe(panel, { attributes: true, attributeFilter: ["hidden"] });
  context.watch(["_rows", "_checking"], () => {
    const rows = model.get("_rows");
    const checking = model.get("_checking");
    replace(
      chips,
      ...(rows.length > 0
        ? severityChips(rows)
        : [
            checking
              ? h("span", { class: "iw-chip" }, "Checking…")
              : h("span", { class: "iw-chip done" }, icon("check", "small"), "no findings"),
          ]),
    );
    chips.disabled = rows.length === 0;
    chips.title = rows.length === 0 ? "" : "Show what was found";
    if (rows.length === 0) panel.hidden = true;
    replace(
      panel,
      h(
        "ul",
        {},
        ...rows.map((row, index) =>
          findingRow(row, `finding-${index}`, [
            ...row.fixes.map((fix, place) =>
              button(
                fix.label,
                () => {
                  applyFix(context, fix).catch(context.fail);
                },
                { class: "small", key: `all-${index}-${place}` },
              ),
            ),
            row.key
              ? button(
                  "Show",
                  () => {
                    jump(row.key);
                  },
                  { class: "small", key: `show-${index}` },
                )
              : null,
          ]),
        ),
      ),
    );
  });
  return { chips, panel };
}

/** What went wrong in the kernel while nobody waited for it. */
export function kernelError(context: Context): HTMLElement {
  const { model, requests, fail } = context;
  const box = h("div", { role: "alert" });
  context.watch(["_error"], () => {
    const error = model.get("_error");
    const again = button(
      "Try again",
      () => {
        requests.request("recheck", null).catch(fail);
      },
      { class: "small", icon: icon("retry") },
    );
    replace(box, error ? alertRow(error, again) : null);
  });
  return box;
}
