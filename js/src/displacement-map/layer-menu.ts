// The menu of layers: grouped, searchable, stale and missing ones marked in words.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, Entry } from "./api";

const MOST = 60; // interferograms listed at once; search finds the others

export interface Menu {
  readonly opener: HTMLButtonElement;
  readonly element: HTMLElement;
  close(): void;
}

export function layerMenu(context: Context, opened: () => void): Menu {
  const { model } = context;
  const title = h("span", { class: "dm-clip" });
  const opener = button("", toggle, {
    class: "small dm-layer",
    key: "layer",
    iconAfter: icon("down", "small"),
  });
  opener.prepend(title);
  opener.setAttribute("aria-haspopup", "dialog");
  const search = h("input", {
    class: "iw-in",
    type: "search",
    placeholder: "Search layers and pairs",
    "aria-label": "Search layers",
  });
  const list = h("div", { class: "dm-menu-list" });
  const element = h(
    "div",
    { class: "dm-pop dm-menu sp-on-map", role: "dialog", "aria-label": "Layers", hidden: true },
    search,
    list,
  );
  let pairsOpen = false;

  function choose(entry: Entry): void {
    close();
    opener.focus({ preventScroll: true });
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

  function draw(): void {
    const wanted = search.value.trim().toLowerCase();
    const all = model.get("_menu");
    const found = all.filter(
      ({ label, name, group }) => !wanted || `${label} ${name} ${group}`.toLowerCase().includes(wanted),
    );
    const groups = [...new Set(found.map(({ group }) => group))];
    const parts: (HTMLElement | null)[] = groups.map((group) => {
      const entries = found.filter((entry) => entry.group === group);
      const folded = group === "Interferograms" && !wanted && !pairsOpen;
      const heading =
        group === "Interferograms" && !wanted
          ? button(
              `${group} (${entries.length})`,
              () => {
                pairsOpen = !pairsOpen;
                draw();
              },
              { class: "ghost small", key: "pairs", icon: icon(folded ? "right" : "down", "small") },
            )
          : h("h3", { class: "iw-2" }, group);
      if (heading instanceof HTMLButtonElement) heading.setAttribute("aria-expanded", String(!folded));
      const shown = folded ? [] : entries.slice(0, MOST);
      const more = folded ? 0 : entries.length - shown.length;
      return h(
        "section",
        { role: "radiogroup", "aria-label": group },
        heading,
        ...shown.map(row),
        more > 0 ? h("p", { class: "iw-2 dm-more" }, `and ${more} more; search by date, e.g. 2019-07`) : null,
      );
    });
    replace(
      list,
      ...(parts.length ? parts : [h("p", { class: "iw-2" }, `No layer is called “${search.value}”.`)]),
    );
  }

  function toggle(): void {
    if (!element.hidden) {
      close();
      return;
    }
    opened();
    element.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    draw();
    search.focus({ preventScroll: true });
  }

  function close(): void {
    element.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }

  search.addEventListener("input", draw);
  element.addEventListener("keydown", (event) => {
    const items = [search, ...list.querySelectorAll<HTMLElement>("button:not(:disabled)")];
    const at = items.indexOf(event.target as HTMLElement);
    if (event.key === "Escape") {
      close();
      opener.focus();
    } else if (event.key === "ArrowDown") items[Math.min(at + 1, items.length - 1)]?.focus();
    else if (event.key === "ArrowUp") items[Math.max(at - 1, 0)]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  context.watch(["_about", "_menu", "layer"], () => {
    title.textContent = model.get("_about").title ?? "Choose a layer";
    opener.title = model.get("_about").long_name ?? "";
    if (!element.hidden) draw();
  });
  return { opener, element, close };
}
