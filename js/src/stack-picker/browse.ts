// Panels that open under the header: browsing folders, and the recent ones.

import { button, h, replace } from "../lib/dom";
import { entryRow, upButton } from "../lib/entries";
import { plural } from "../lib/findings";
import { icon } from "../lib/icons";
import { Latest, RequestError } from "../lib/messages";
import type { Context, Listing } from "./api";
import { describeEntry, entryIcon } from "./path-field";

/** Something that opens under the header and closes again; only one is open at a time. */
export interface Panel {
  readonly element: HTMLElement;
  show(): void;
  close(): void;
  readonly isOpen: boolean;
}

export function panelHeader(title: string, note: string, close: () => void): HTMLElement {
  return h(
    "div",
    { class: "iw-drawer-head" },
    h("h3", { class: "iw-b" }, title),
    h("span", { class: "iw-2 iw-grow" }, note),
    button("Close", close, { class: "ghost icon", icon: icon("close"), hideLabel: true, key: "panel-close" }),
  );
}

export function browsePanel(context: Context, title: string, note: string): Panel {
  const { model, requests } = context;
  const body = h("div", { class: "iw-drawer-body" });
  const element = h("section", { class: "iw-drawer", hidden: true, "aria-label": title });
  const latest = new Latest();

  function close(): void {
    latest.cancel();
    element.hidden = true;
  }

  function choose(path: string): void {
    close();
    if (path === model.get("path")) void requests.request("reopen", null).catch(context.fail);
    else context.set("path", path);
  }

  function go(path: string, focus: string | null): void {
    body.setAttribute("aria-busy", "true");
    // a second click would still mean the folder that is about to leave
    for (const shown of body.querySelectorAll("button")) shown.disabled = true;
    requests
      .request("list", { path }, { signal: latest.next() })
      .then(({ payload }) => {
        fill(payload);
        if (focus) body.querySelector<HTMLElement>(`[data-key="${focus}"]`)?.focus();
      })
      .catch((error: unknown) => {
        if (error instanceof RequestError && error.cancelled) return;
        replace(body, h("p", { class: "sp-quiet" }, error instanceof Error ? error.message : String(error)));
      })
      .finally(() => {
        body.removeAttribute("aria-busy");
      });
  }

  function fill(listing: Listing): void {
    const products = listing.entries.filter((entry) => entry.products > 0).length;
    const up = upButton(
      listing.parent,
      (parent) => {
        go(parent, "browse-up");
      },
      "browse-up",
    );
    replace(
      body,
      h(
        "div",
        { class: "iw-row" },
        up,
        h("span", { class: "iw-mono iw-grow" }, listing.path),
        button(
          listing.work_dir ? "Open this work directory" : "Open this folder",
          () => {
            choose(listing.path);
          },
          { class: "small primary", key: "browse-open" },
        ),
      ),
      listing.entries.length === 0
        ? h("p", { class: "sp-quiet" }, "No folders and no zips here.")
        : h(
            "ul",
            {
              class: "iw-entries",
              "aria-label": `${plural(listing.entries.length, "entry", "entries")}, ${products} with products`,
            },
            ...listing.entries.map((entry) =>
              entryRow(
                [
                  entryIcon(entry),
                  h("span", { class: "iw-grow" }, entry.name),
                  h("span", { class: "iw-2" }, describeEntry(entry)),
                ],
                () => {
                  if (entry.kind === "zip" || entry.kind === "work_dir") choose(entry.path);
                  else go(entry.path, "browse-open");
                },
                entry.name,
              ),
            ),
          ),
    );
  }

  element.append(panelHeader(title, note, close), body);
  return {
    element,
    close,
    get isOpen() {
      return !element.hidden;
    },
    show() {
      element.hidden = false;
      replace(body, h("p", { class: "sp-quiet" }, "Reading folders…"));
      go(model.get("opens") === "" ? "" : model.get("path"), "browse-open");
    },
  };
}

export function recentPanel(context: Context): Panel {
  const { requests } = context;
  const body = h("div", { class: "iw-drawer-body" });
  const element = h("section", { class: "iw-drawer", hidden: true, "aria-label": "Recent folders" });

  function close(): void {
    element.hidden = true;
  }

  async function load(): Promise<void> {
    const { payload } = await requests.request("recent", null);
    replace(
      body,
      payload.paths.length === 0
        ? h("p", { class: "sp-quiet" }, "No folder was opened yet on this machine.")
        : h(
            "ul",
            { class: "iw-entries" },
            ...payload.paths.map((path) =>
              entryRow(
                [icon("folder"), path],
                () => {
                  close();
                  context.set("path", path);
                },
                undefined,
                "iw-mono",
              ),
            ),
          ),
    );
    body.querySelector<HTMLElement>("button")?.focus();
  }

  element.append(panelHeader("Recent", "folders opened lately on this machine", close), body);
  return {
    element,
    close,
    get isOpen() {
      return !element.hidden;
    },
    show() {
      element.hidden = false;
      load().catch(context.fail);
    },
  };
}
