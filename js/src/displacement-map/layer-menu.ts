// The button that names the layer, and the menu of layers it opens.

import { button, h } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context } from "./api";
import { layerList } from "./layer-list";

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
  const list = layerList(context, {
    chosen: () => {
      close();
      opener.focus({ preventScroll: true });
    },
  });
  const element = h(
    "div",
    { class: "dm-pop dm-menu iw-on-map", role: "dialog", "aria-label": "Layers", hidden: true },
    search,
    list.element,
  );

  function toggle(): void {
    if (!element.hidden) {
      close();
      return;
    }
    opened();
    element.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    list.draw(search.value);
    search.focus({ preventScroll: true });
  }

  function close(): void {
    element.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }

  search.addEventListener("input", () => {
    list.draw(search.value);
  });
  element.addEventListener("keydown", (event) => {
    const items = [search, ...list.element.querySelectorAll<HTMLElement>("button:not(:disabled)")];
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
    if (!element.hidden) list.draw(search.value);
  });
  return { opener, element, close };
}
