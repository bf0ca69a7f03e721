// The layers as radio rows, grouped; stale and missing ones marked in words.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, Entry } from "./api";

const MOST = 60; // interferograms listed at once; search finds the others
const PAIRS = "Interferograms";

export interface LayerList {
  readonly element: HTMLElement;
  /** Lists what contains the words; everything for none. */
  draw(words: string): void;
}

export function layerList(
  context: Context,
  options: { folded?: readonly string[]; chosen?: (entry: Entry) => void },
): LayerList {
  const { model } = context;
  const element = h("div", { class: "dm-menu-list" });
  const folded = new Set([PAIRS, ...(options.folded ?? [])]);
  let words = "";

  function choose(entry: Entry): void {
    options.chosen?.(entry);
    if (entry.name === model.get("layer")) return;
    context.say(`Opening ${entry.label}…`);
    context.requests
      .request("choose", { layer: entry.name })
      .then(() => {
        context.live.say(`${entry.label} is shown`);
      })
      .catch(context.fail)
      .finally(() => {
        context.say(null);
      });
  }

  function row(entry: Entry): HTMLElement {
    const current = entry.name === model.get("layer");
    const count = entry.dates > 0 ? `${entry.dates} dates` : entry.note;
    const item = button(
      "",
      () => {
        choose(entry);
      },
      { class: "dm-row", key: `layer-${entry.name}` },
    );
    item.setAttribute("role", "radio");
    item.setAttribute("aria-checked", String(current));
    item.disabled = entry.reason !== "";
    item.title = entry.reason || entry.name;
    replace(
      item,
      h("i", { class: "dm-radio", "aria-hidden": "true" }),
      h("span", { class: "iw-grow" }, entry.label, entry.reason ? h("small", {}, entry.reason) : null),
      entry.stale ? h("span", { class: "iw-chip warning" }, icon("stale", "small"), "stale") : null,
      count ? h("span", { class: "iw-2" }, count) : null,
    );
    return item;
  }

  function group(name: string, entries: Entry[], wanted: string): HTMLElement {
    const closed = folded.has(name) && !wanted;
    const foldable = (name === PAIRS || options.folded?.includes(name)) && !wanted;
    const heading = foldable
      ? button(
          name,
          () => {
            if (!folded.delete(name)) folded.add(name);
            draw(words);
          },
          {
            class: "ghost small dm-fold",
            key: `group-${name}`,
            icon: icon(closed ? "right" : "down", "small"),
            iconAfter: h("span", { class: "iw-2 dm-count" }, String(entries.length)),
          },
        )
      : h("h4", { class: "iw-2" }, name);
    if (heading instanceof HTMLButtonElement) heading.setAttribute("aria-expanded", String(!closed));
    // What is shown stays in sight, folded or not
    const shown = closed
      ? entries.filter((entry) => entry.name === model.get("layer"))
      : entries.slice(0, MOST);
    const more = closed ? 0 : entries.length - shown.length;
    return h(
      "section",
      { role: "radiogroup", "aria-label": name },
      heading,
      ...shown.map(row),
      more > 0 ? h("p", { class: "iw-2 dm-more" }, `and ${more} more; search by date, e.g. 2019-07`) : null,
    );
  }

  function draw(now: string): void {
    words = now;
    const wanted = now.trim().toLowerCase();
    const found = model
      .get("_menu")
      .filter(
        ({ label, name, group }) => !wanted || `${label} ${name} ${group}`.toLowerCase().includes(wanted),
      );
    const groups = [...new Set(found.map(({ group }) => group))];
    replace(
      element,
      ...groups.map((name) =>
        group(
          name,
          found.filter((entry) => entry.group === name),
          wanted,
        ),
      ),
      groups.length ? null : h("p", { class: "iw-2" }, `No layer is called “${now}”.`),
    );
    if (!wanted) reveal();
  }

  /** Scrolls the list, and nothing else, to the layer that is shown. */
  function reveal(): void {
    requestAnimationFrame(() => {
      const row = element.querySelector('[aria-checked="true"]')?.getBoundingClientRect();
      const view = element.getBoundingClientRect();
      if (!row || view.height === 0) return;
      if (row.bottom > view.bottom) element.scrollTop += row.bottom - view.bottom + 8;
      else if (row.top < view.top) element.scrollTop -= view.top - row.top + 8;
    });
  }

  return { element, draw };
}
