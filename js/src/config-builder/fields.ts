// A row for each option: its name, its control, what auto means here, its help, its findings, and its reset.

import { button, h, replace } from "../lib/dom";
import { splitSentence } from "../lib/findings";
import { icon } from "../lib/icons";
import { wordsOf } from "../lib/context";
import { compositeFor } from "./composites";
import { autoLabel, controlFor } from "./controls";
import { isSet, type Context, type Fix, type Option, type Row, type Schema, type Values } from "./api";

export interface Field {
  readonly option: Option;
  readonly element: HTMLElement;
  /** Shows what the model holds now. */
  update(): void;
  focus(): void;
}

export function applyFix(context: Context, fix: Fix): Promise<unknown> {
  return fix.use_stack
    ? context.requests.request("use_stack", null)
    : context.requests.request("change", { values: fix.values ?? {} });
}

function findingBox(context: Context, row: Row, index: number, fail: (error: unknown) => void): HTMLElement {
  const [headline, rest] = splitSentence(row.message);
  const fixes = row.fixes.map((fix, place) =>
    button(
      fix.label,
      () => {
        applyFix(context, fix).catch(fail);
      },
      { class: "small", key: `fix-${row.key}-${index}-${place}` },
    ),
  );
  const remedy = [rest, row.remedy].filter(Boolean).join(" ");
  return h(
    "div",
    { class: `cb-inl ${row.severity}`, "data-code": row.code },
    icon(row.severity, row.severity),
    h("div", { class: "iw-grow" }, h("p", {}, headline), remedy ? h("p", { class: "iw-2" }, remedy) : null),
    fixes.length > 0 ? h("div", { class: "cb-fixes" }, ...fixes) : null,
  );
}

/** The label, whose last word keeps the help button on its line. */
function nameWith(label: string, help: HTMLElement | null): HTMLElement {
  const at = label.lastIndexOf(" ") + 1;
  return h(
    "span",
    { class: "cb-name" },
    label.slice(0, at),
    h("span", { class: "cb-last" }, label.slice(at), help),
  );
}

/** A key that may break at its dots and between its words. */
function keyText(key: string): HTMLElement {
  const parts = key.split(/(?<=\.)|(?<=[a-z])(?=[A-Z])/);
  return h("span", { class: "cb-key" }, ...parts.flatMap((part) => [part, h("wbr")]));
}

/** @param essential whether the row stands among the essentials, where some controls set several options */
export function makeField(
  option: Option,
  essential: boolean,
  schema: Schema,
  options: Map<string, Option>,
  context: Context,
): Field {
  const { model, requests } = context;
  const local = h("div", { role: "alert" });

  function fail(error: unknown): void {
    const words = wordsOf(error);
    if (words)
      replace(
        local,
        h(
          "div",
          { class: "cb-inl error" },
          icon("error", "error"),
          h("p", { class: "iw-grow" }, `${words.message} ${words.remedy}`.trim()),
        ),
      );
    show();
  }

  function commit(values: Values): void {
    replace(local);
    requests.request("change", { values }).catch(fail);
  }

  const composite = compositeFor(option, essential, schema, options, context, commit);
  const single = composite
    ? null
    : controlFor(option, context, (value) => {
        commit({ [option.key]: value });
      });
  const keys = composite?.keys ?? [option.key];
  const hint = h("p", { class: "cb-hint" });
  const place = h("p", { class: "cb-hint cb-place" });
  const findings = h("div", { class: "cb-findings" });
  const more = h("div", { class: "cb-notes", hidden: true });
  const help = button(
    `What MintPy says about ${option.label}`,
    () => {
      more.hidden = !more.hidden;
      help.setAttribute("aria-expanded", String(!more.hidden));
      if (more.hasChildNodes()) return;
      more.append(
        option.help ? h("p", {}, option.help) : "",
        option.accepts ? h("p", {}, `Takes: ${option.accepts}`) : "",
        option.notes ? h("pre", {}, option.notes) : "",
      );
    },
    { class: "ghost cb-q", icon: icon("help"), hideLabel: true },
  );
  help.setAttribute("aria-expanded", "false");
  const reset = button(
    `Reset ${option.label}`,
    () => {
      commit(Object.fromEntries(keys.map((key) => [key, null])));
      element.querySelector<HTMLElement>("select, input, .cb-seg button")?.focus();
    },
    { class: "ghost icon cb-reset", icon: icon("undo"), hideLabel: true, title: "Reset to MintPy's default" },
  );
  const known = option.accepts !== "" || option.help !== "" || option.notes !== "";
  const element = h(
    "div",
    { class: "cb-op", "data-option": option.key, role: "group", "aria-label": option.label },
    h(
      "div",
      { class: "cb-label" },
      nameWith(option.label, known ? help : null),
      keyText(option.key.replace(/^mintpy\./, "")),
    ),
    h(
      "div",
      { class: "cb-value" },
      composite?.element ?? single?.element,
      place,
      hint,
      local,
      findings,
      more,
      composite?.below,
    ),
    reset,
  );

  function show(): void {
    const values = model.get("_values");
    if (composite) composite.update(values);
    else single?.update(values[option.key]);
    const changed = keys.some((key) => isSet(values, key));
    element.classList.toggle("set", changed);
    reset.classList.toggle("cb-hidden", !changed);
    reset.disabled = !changed;
    const auto = model.get("_hints")[option.key] ?? (option.auto_help || option.auto);
    const shown = !changed && option.kind === "choice" && !composite && autoLabel(option) === `auto: ${auto}`;
    hint.textContent = [
      auto && !shown
        ? `${changed ? "auto would be" : "auto here"}: ${auto}${auto.endsWith(".") ? "" : "."}`
        : "",
      option.help ? option.help.charAt(0).toUpperCase() + option.help.slice(1) : "",
    ]
      .filter(Boolean)
      .join(" ");
    hint.hidden = hint.textContent === "";
    place.textContent = option.key === "mintpy.reference.lalo" && changed ? model.get("_place") : "";
    place.hidden = place.textContent === "";
    const rows = model.get("_rows").filter((row) => keys.includes(row.key));
    element.classList.toggle(
      "bad",
      rows.some((row) => row.severity === "error"),
    );
    replace(findings, ...rows.map((row, index) => findingBox(context, row, index, fail)));
    findings.hidden = rows.length === 0;
  }

  show();
  return {
    option,
    element,
    update: show,
    focus() {
      element
        .querySelector<HTMLElement>("select:not([hidden]), input:not([hidden]), .cb-seg button")
        ?.focus();
    },
  };
}
