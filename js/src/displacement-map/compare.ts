// What the right half of the map shows in a comparison.

import { button, h, replace } from "../lib/dom";
import type { Context } from "./api";
import { isoDate } from "./words";

export function comparePanel(context: Context): { element: HTMLElement; toggle(): void; close(): void } {
  const { model } = context;
  const layer = h("select", { class: "dm-select iw-grow", "aria-label": "Layer on the right" });
  const date = h("select", { class: "dm-select iw-grow", "aria-label": "Date on the right" });
  const dateLine = h("div", { class: "dm-line" }, h("span", { class: "dm-name" }, "Date"), date);
  const element = h(
    "div",
    { class: "dm-pop dm-compare iw-on-map", hidden: true, role: "dialog", "aria-label": "Compare" },
    h("p", { class: "iw-2" }, "The right half of the map shows"),
    h("div", { class: "dm-line" }, h("span", { class: "dm-name" }, "Layer"), layer),
    dateLine,
    h(
      "div",
      { class: "dm-line" },
      button(
        "End the comparison",
        () => {
          send(null);
          close();
        },
        { class: "small", key: "end-compare" },
      ),
    ),
  );
  function send(compare: { layer: string; date: string } | null): void {
    context.requests.request("choose", { compare }).catch(context.fail);
  }
  const change = (): void => {
    send({ layer: layer.value, date: date.value });
  };
  layer.addEventListener("change", change);
  date.addEventListener("change", change);
  function draw(): void {
    const now = model.get("compare");
    const dates = model.get("_about").dates ?? [];
    const wanted = now?.layer ?? model.get("layer");
    const all = model.get("_menu").filter(({ reason, group }) => !reason && group !== "Interferograms");
    replace(
      layer,
      ...all.map(({ name, label, group }) => {
        const item = h(
          "option",
          { value: name },
          group.startsWith("Displacement") ? `Displacement: ${label}` : label,
        );
        item.selected = name === wanted;
        return item;
      }),
    );
    const has = (model.get("_menu").find(({ name }) => name === wanted)?.dates ?? 0) > 0;
    dateLine.hidden = !has;
    replace(
      date,
      ...(has ? dates : []).map((d) => {
        const item = h("option", { value: d }, isoDate(d));
        item.selected = d === now?.date;
        return item;
      }),
    );
  }
  function close(): void {
    element.hidden = true;
  }
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  context.watch(["compare", "_menu", "_about"], draw);
  return {
    element,
    close,
    toggle() {
      element.hidden = !element.hidden;
      if (element.hidden) return;
      const dates = model.get("_about").dates ?? [];
      if (!model.get("compare")) {
        const other = model
          .get("_menu")
          .find(({ name, group }) => group === "Rate" && name !== model.get("layer"));
        send(
          dates.length
            ? { layer: model.get("layer"), date: dates[Math.floor(dates.length / 2)] ?? "" }
            : { layer: other?.name ?? model.get("layer"), date: "" },
        );
      }
      layer.focus();
    },
  };
}
