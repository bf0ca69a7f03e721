// What an existing MintPy work directory holds.

import { h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context } from "./api";

export function workDirTable(context: Context): HTMLElement {
  const { model } = context;
  const body = h("tbody");
  const note = h("p", { class: "sp-files-note" });
  const element = h(
    "section",
    { class: "sp-files", "aria-label": "What this work directory holds" },
    note,
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "File"),
          h("th", { scope: "col" }, "Holds"),
          h("th", { scope: "col" }, "Dates and size"),
        ),
      ),
      body,
    ),
  );
  context.watch(["_view", "opens"], () => {
    const view = model.get("_view");
    replace(note, view.files_note ?? "");
    replace(
      body,
      ...(view.files ?? []).map((file) =>
        h(
          "tr",
          {},
          h("td", { class: "iw-mono" }, file.name),
          h("td", {}, file.what),
          file.problem
            ? h(
                "td",
                {},
                h("span", { class: "iw-word error sp-inline" }, icon("error", "small error"), file.problem),
              )
            : h("td", { class: "iw-2" }, file.detail),
        ),
      ),
    );
  });
  return element;
}
