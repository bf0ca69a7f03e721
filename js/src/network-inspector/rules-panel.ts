// The rules that drop pairs, what they leave, and the way to the template.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { isoDate } from "../lib/network-plot";
import { netOf, outcomeOf, type Context, type Rules } from "./api";

type NumberRule = "min_coherence" | "max_days" | "max_bperp" | "max_connections";

interface Field {
  name: NumberRule;
  label: string;
  unit: string;
  step: string;
}

const FIELDS: readonly Field[] = [
  { name: "min_coherence", label: "Mean coherence at least", unit: "", step: "0.01" },
  { name: "max_days", label: "Time between dates at most", unit: "days", step: "any" },
  { name: "max_bperp", label: "Perpendicular baseline at most", unit: "m", step: "any" },
  { name: "max_connections", label: "Connections to the next dates at most", unit: "", step: "1" },
];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function rulesPanel(context: Context): HTMLElement {
  const { model } = context;
  const send = (values: Partial<Rules>): void => {
    context.requests.request("rules", values).catch((error: unknown) => {
      show();
      context.fail(error);
    });
  };
  const inputs = new Map<NumberRule, HTMLInputElement>();
  const rows = FIELDS.map(({ name, label, unit, step }) => {
    const input = h("input", { type: "number", class: "iw-in", step, min: 0, placeholder: "any" });
    const commit = (): void => {
      const value = input.value === "" ? null : Number(input.value);
      if (value !== (model.get("_rules")[name] ?? null)) send({ [name]: value });
    };
    input.addEventListener("change", commit);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit();
    });
    inputs.set(name, input);
    return h(
      "label",
      { class: "ni-rule" },
      h("span", {}, label),
      input,
      h("span", { class: "iw-2 ni-unit" }, unit),
    );
  });
  const tree = h("input", { type: "checkbox" });
  tree.addEventListener("change", () => {
    send({ keep_tree: tree.checked });
  });
  const months = MONTHS.map((name, index) => {
    const month = button(
      name,
      () => {
        const left = new Set(model.get("_rules").months);
        if (!left.delete(index + 1)) left.add(index + 1);
        send({ months: [...left] });
      },
      { class: "small", key: `month-${index}` },
    );
    return month;
  });
  const summary = h("div", { class: "ni-summary", role: "status" });
  const hand = h("div", { class: "ni-hand" });
  const write = button(
    "Write to template",
    () => {
      context.requests
        .request("write", null)
        .then(({ payload }) => {
          context.live.say(payload === "None" ? "Written to the template" : `Written to ${payload}`);
        })
        .catch(context.fail);
    },
    { class: "primary", key: "write" },
  );
  write.dataset.writes = "";
  const reset = button(
    "Back to the template’s",
    () => {
      context.requests.request("reset", null).catch(context.fail);
    },
    { class: "small", icon: icon("undo"), key: "reset" },
  );

  function show(): void {
    const rules = model.get("_rules");
    for (const [name, input] of inputs) {
      const value = rules[name];
      const text = value === null || value === undefined ? "" : String(value);
      if (input.getRootNode() instanceof Document && document.activeElement === input && input.value === text)
        continue;
      input.value = text;
    }
    const coherence = inputs.get("min_coherence");
    const known = netOf(context).pairs.some((pair) => pair.coherence !== null);
    if (coherence) coherence.disabled = !known;
    tree.checked = rules.keep_tree ?? true;
    tree.disabled = !known || rules.min_coherence === null;
    months.forEach((month, index) => {
      month.setAttribute("aria-pressed", String(rules.months?.includes(index + 1) ?? false));
    });
    const taken = [
      ...(rules.exclude_dates ?? []).map((date) => ({
        text: isoDate(date),
        undo: () => context.requests.request("date", date),
      })),
      ...(rules.exclude_pairs ?? []).map((pair) => ({
        text: pair.split("_").map(isoDate).join(" – "),
        undo: () => context.requests.request("pair", pair),
      })),
    ];
    replace(
      hand,
      taken.length ? h("span", { class: "iw-2" }, "By hand: ") : null,
      ...taken.map(({ text, undo }) =>
        button(
          text,
          () => {
            undo().catch(context.fail);
          },
          {
            class: "small",
            iconAfter: icon("close", "small"),
            title: `Take ${text} back in`,
            key: `hand-${text}`,
          },
        ),
      ),
    );
  }

  function conclude(): void {
    const [net, outcome] = [netOf(context), outcomeOf(context)];
    const dropped = net.pairs.length - outcome.kept;
    const words = `${outcome.kept} of ${net.pairs.length} pairs kept${dropped ? `, ${dropped} dropped` : ""}.`;
    const parts = outcome.parts.length;
    const broken = outcome.kept === 0 || parts > 1 || outcome.lost.length > 0;
    const state =
      outcome.kept === 0
        ? "No pair is left: MintPy cannot run."
        : parts > 1
          ? `The network falls into ${parts} parts; displacement between them is not known. Apart: ${outcome.parts
              .slice(1)
              .map((part) =>
                part.length > 3
                  ? `${part.length} dates from ${isoDate(part[0] ?? "")}`
                  : part.map(isoDate).join(", "),
              )
              .join("; ")}.`
          : outcome.lost.length > 0
            ? `${outcome.lost.length} ${outcome.lost.length === 1 ? "date is" : "dates are"} left out.`
            : `All ${net.dates.length} dates are connected.`;
    const serious = outcome.kept === 0 || parts > 1;
    replace(
      summary,
      icon(serious ? "error" : broken ? "warning" : "done", serious ? "error" : broken ? "warning" : "done"),
      h("p", {}, h("b", {}, words), " ", state),
    );
    const file = model.get("_file");
    write.hidden = !file.name;
    write.disabled = !file.changed || outcome.kept === 0;
    write.title = file.name ? `Writes mintpy.network.* to ${file.name}` : "";
    reset.disabled = !file.changed;
    reset.hidden = !file.name;
  }

  context.watch(["_rules", "_view"], show);
  context.watch(["_outcome", "_view", "_file"], conclude);
  return h(
    "section",
    { class: "ni-rules", "aria-label": "Rules" },
    h("h3", {}, "Keep pairs with"),
    ...rows,
    h(
      "label",
      { class: "ni-check" },
      tree,
      "but keep what holds the network together (minimum spanning tree)",
    ),
    h(
      "div",
      { class: "ni-months", role: "group", "aria-label": "Leave out months" },
      h("span", {}, "Leave out months"),
      h("div", {}, ...months),
    ),
    hand,
    summary,
    h("div", { class: "iw-row" }, write, reset),
  );
}
