// The files: name, size, and what becomes of each, with the progress of the product under way.

import { h, replace } from "../lib/dom";
import { icon, type IconName } from "../lib/icons";
import { size, type Context, type FileLine, type FileState } from "./api";

const STATES: Record<FileState, { icon: IconName; tone: string; word: string; title: string }> = {
  new: { icon: "pending", tone: "info", word: "new", title: "Will be written" },
  exists: {
    icon: "file",
    tone: "info",
    word: "exists",
    title: "Kept if it was made from the same data in the same way, else replaced",
  },
  writing: { icon: "running", tone: "run", word: "writing", title: "Being written" },
  written: { icon: "done", tone: "done", word: "written", title: "Written" },
  kept: { icon: "check", tone: "done", word: "kept", title: "Was there already, the same" },
  failed: { icon: "error", tone: "error", word: "failed", title: "Could not be written" },
  "left out": { icon: "minus", tone: "info", word: "left out", title: "Not possible with these results" },
};
const MOST = 200;

export function filesPart(context: Context): HTMLElement {
  const { model } = context;
  const list = h("div", { class: "ex-list", tabindex: "0", role: "group", "aria-label": "Files" });
  const sum = h("p", { class: "ex-sum iw-2" });
  const bar = h("div", {
    class: "iw-bar",
    role: "progressbar",
    "aria-label": "Progress of the export",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  });
  const fill = h("i");
  bar.append(fill);
  const words = h("p", { class: "ex-words iw-2" });
  const progress = h("div", { class: "ex-progress" }, bar, words);

  context.watch(["_files", "_menu", "_about", "_error", "products"], () => {
    const files = model.get("_files");
    if (files.length === 0) {
      replace(
        list,
        h(
          "p",
          { class: "ex-empty iw-empty" },
          model.get("_error") && model.get("products").length > 0
            ? "What is ticked can't be planned: see above."
            : "Tick what to export: its files are listed here first.",
        ),
      );
      replace(sum);
      return;
    }
    const labels = new Map(model.get("_menu").flatMap((g) => g.products.map((p) => [p.name, p.label])));
    const groups = new Map<string, FileLine[]>();
    for (const file of files) groups.set(file.product, [...(groups.get(file.product) ?? []), file]);
    replace(
      list,
      h(
        "table",
        {},
        h("caption", { class: "iw-sr" }, "Files that are written"),
        ...[...groups].map(([product, own]) =>
          h(
            "tbody",
            {},
            h(
              "tr",
              { class: "ex-head" },
              h("th", { scope: "colgroup", colspan: 2 }, labels.get(product) ?? product),
              h("td", { class: "ex-num" }, size(own.reduce((s, f) => s + f.bytes, 0))),
            ),
            ...own.slice(0, MOST).map(row),
            own.length > MOST
              ? h("tr", {}, h("td", { colspan: 3, class: "iw-2" }, `and ${own.length - MOST} more`))
              : null,
          ),
        ),
      ),
    );
    const fresh = files.filter((f) => f.state === "new");
    const there = files.filter((f) => f.state === "exists" || f.state === "kept" || f.state === "written");
    const free = model.get("_about").free;
    replace(
      sum,
      `${files.length} ${files.length === 1 ? "file" : "files"}`,
      fresh.length > 0 ? `, ${fresh.length} new: about ${size(fresh.reduce((s, f) => s + f.bytes, 0))}` : "",
      there.length > 0 ? `, ${there.length} there: ${size(there.reduce((s, f) => s + f.bytes, 0))}` : "",
      typeof free === "number" ? `; ${size(free)} free` : "",
    );
  });
  context.watch(["_running", "busy"], () => {
    const { product = "", share = 0, words: said = "" } = model.get("_running");
    progress.hidden = !model.get("busy");
    fill.style.width = `${Math.round(share * 100)}%`;
    bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    const label = model
      .get("_menu")
      .flatMap((g) => g.products)
      .find((p) => p.name === product)?.label;
    words.textContent = label
      ? `${label}: ${Math.round(share * 100)} %${said ? `, ${said}` : ""}`
      : "Starting…";
  });
  return h("div", { class: "ex-files" }, list, progress, sum);
}

function row(file: FileLine): HTMLElement {
  const about = STATES[file.state];
  return h(
    "tr",
    { class: `ex-file ${file.state.replace(" ", "-")}` },
    h("td", { class: "iw-mono ex-name" }, file.name),
    h(
      "td",
      { class: `ex-state iw-word ${about.tone}`, title: about.title },
      h(
        "span",
        { class: "ex-flag" },
        icon(about.icon, `small ${file.state === "writing" ? "iw-spin" : about.tone}`),
        about.word,
      ),
    ),
    h(
      "td",
      { class: "ex-num" },
      file.state === "left out" ? "" : `${file.state === "new" ? "≈ " : ""}${size(file.bytes)}`,
    ),
  );
}
