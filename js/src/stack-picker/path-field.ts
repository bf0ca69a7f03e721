// The path: typed with completion, as in a shell.

import { button, h, replace } from "../lib/dom";
import { plural } from "../lib/findings";
import { icon, type IconName } from "../lib/icons";
import { Latest, RequestError } from "../lib/messages";
import type { Context, Entry, EntryKind } from "./api";

const ICONS: Record<EntryKind, IconName> = {
  folder: "folder",
  products: "folder",
  work_dir: "done",
  zip: "zip",
};

const TYPING_PAUSE = 60; // milliseconds

let counter = 0;

/** What an entry is, in words; empty for a plain folder. */
export function describeEntry(entry: Entry): string {
  if (entry.kind === "work_dir") return "MintPy work directory";
  if (entry.kind === "zip") return entry.products ? "zipped product" : "zip";
  return entry.products ? plural(entry.products, "product") : "";
}

export function entryIcon(entry: Entry): SVGSVGElement {
  return icon(ICONS[entry.kind], entry.kind === "work_dir" ? "done" : "");
}

export function pathField(context: Context): HTMLElement {
  const { model, requests } = context;
  counter += 1;
  const listId = `iw-paths-${counter}`;
  const latest = new Latest();
  let entries: Entry[] = [];
  let active = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const input = h("input", {
    class: "iw-in",
    type: "text",
    role: "combobox",
    spellcheck: "false",
    autocomplete: "off",
    "aria-label": "Folder of HyP3 products, or MintPy work directory",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": listId,
    placeholder: "Folder of HyP3 products, e.g. ~/insar/valley/hyp3",
    "data-key": "path",
  });
  const list = h("ul", {
    id: listId,
    class: "sp-options",
    role: "listbox",
    "aria-label": "Folders",
    hidden: true,
  });

  function close(): void {
    clearTimeout(timer);
    latest.cancel();
    entries = [];
    active = -1;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function take(entry: Entry): void {
    input.value = entry.kind === "folder" ? `${entry.path}/` : entry.path;
    if (entry.kind === "folder") ask();
    else open();
  }

  function open(): void {
    close();
    const path = input.value.trim();
    if (path && path === model.get("path")) void requests.request("reopen", null).catch(context.fail);
    else if (path) context.set("path", path);
  }

  function showOptions(): void {
    replace(
      list,
      ...entries.map((entry, index) => {
        const option = h(
          "li",
          { id: `${listId}-${index}`, role: "option", "aria-selected": index === active ? "true" : "false" },
          entryIcon(entry),
          h("span", { class: "iw-grow" }, entry.name),
          h("span", { class: "iw-2" }, describeEntry(entry)),
        );
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(entry);
        });
        return option;
      }),
    );
    list.hidden = entries.length === 0;
    input.setAttribute("aria-expanded", String(entries.length > 0));
    if (active >= 0) {
      input.setAttribute("aria-activedescendant", `${listId}-${active}`);
      list.children[active]?.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function ask(): void {
    requests
      .request("complete", { text: input.value }, { signal: latest.next() })
      .then(({ payload }) => {
        if (input.getRootNode() instanceof Document && document.activeElement !== input) return;
        entries = payload.entries;
        active = -1;
        showOptions();
      })
      .catch((error: unknown) => {
        // given up because more was typed: the next question is on its way
        if (!(error instanceof RequestError && error.cancelled)) close();
      });
  }

  function step(by: number): void {
    if (entries.length === 0) {
      ask();
      return;
    }
    const places = entries.length + 1; // one of them is the text itself
    active = ((active + 1 + by + places) % places) - 1;
    showOptions();
  }

  input.addEventListener("input", () => {
    // What was offered for other text must not be taken for this one.
    const typed = input.value.toLowerCase();
    latest.cancel();
    entries = entries.filter((entry) => entry.path.toLowerCase().startsWith(typed));
    active = -1;
    showOptions();
    // One question a pause, not one a key.
    clearTimeout(timer);
    timer = setTimeout(ask, TYPING_PAUSE);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const chosen = entries[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (chosen) take(chosen);
      else open();
    } else if (event.key === "Tab" && chosen && !event.shiftKey) {
      event.preventDefault();
      take(chosen);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
  context.watch(["path", "busy"], () => {
    input.disabled = model.get("busy") === "prepare";
    if (document.activeElement !== input || list.hidden) input.value = model.get("path");
  });
  context.watch(["_error"], () => {
    input.setAttribute("aria-invalid", String(model.get("_error") !== null && model.get("opens") === ""));
  });
  const go = button("Open", open, { class: "sp-open", title: "Read what is in this folder" });
  context.watch(["busy"], () => {
    go.disabled = model.get("busy") === "prepare";
  });
  return h("div", { class: "sp-path" }, icon("folder", "sp-path-icon"), input, list, go);
}
