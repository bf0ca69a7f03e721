// Opening a template and saving it under another name: a panel under the header.

import { button, h, replace } from "../lib/dom";
import { entryRow, upButton } from "../lib/entries";
import { icon } from "../lib/icons";
import { Latest, RequestError } from "../lib/messages";
import type { Context, Entry, Listing } from "./api";

export interface FilesPanel {
  readonly element: HTMLElement;
  open(): void;
  saveAs(): void;
  save(): void;
  close(): void;
  readonly mode: "" | "open" | "save" | "ask";
}

function join(folder: string, name: string): string {
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

export function filesPanel(context: Context, changed: () => void): FilesPanel {
  const { model, requests } = context;
  let mode: FilesPanel["mode"] = "";
  const title = h("h3", { class: "iw-b" });
  const note = h("span", { class: "iw-2 iw-grow" });
  const body = h("div", { class: "iw-drawer-body" });
  const latest = new Latest();
  const element = h(
    "section",
    { class: "iw-drawer", hidden: true, "aria-label": "Files" },
    h(
      "div",
      { class: "iw-drawer-head" },
      title,
      note,
      button("Close", close, { class: "ghost icon", icon: icon("close"), hideLabel: true }),
    ),
    body,
  );

  function close(): void {
    latest.cancel();
    enter("");
  }

  function enter(next: FilesPanel["mode"]): void {
    mode = next;
    element.hidden = next === "";
    changed();
  }

  function fail(error: unknown): void {
    if (error instanceof RequestError && error.cancelled) return;
    const words = error instanceof RequestError ? `${error.message} ${error.remedy}` : String(error);
    body.querySelector(".cb-panel-error")?.remove();
    body.prepend(h("p", { class: "cb-panel-error iw-word error", role: "alert" }, words.trim()));
  }

  function go(path: string, fill: (listing: Listing) => void): void {
    requests
      .request("list", { path }, { signal: latest.next() })
      .then(({ payload }) => {
        fill(payload);
      })
      .catch(fail);
  }

  function bar(listing: Listing, fill: (listing: Listing) => void): HTMLElement {
    const up = upButton(
      listing.parent,
      (parent) => {
        go(parent, fill);
      },
      "files-up",
    );
    return h("div", { class: "iw-row" }, up, h("span", { class: "iw-mono iw-grow" }, listing.path));
  }

  function entryList(listing: Listing, choose: (entry: Entry) => void, empty: string): HTMLElement {
    if (listing.entries.length === 0) return h("p", { class: "iw-2" }, empty);
    return h(
      "ul",
      { class: "iw-entries", "aria-label": "Folders and files" },
      ...listing.entries.map((entry) =>
        entryRow(
          [icon(entry.kind), h("span", { class: "iw-grow" }, entry.name)],
          () => {
            choose(entry);
          },
          entry.name,
        ),
      ),
    );
  }

  function fillOpen(listing: Listing): void {
    const dirty = model.get("_preview").opened === true && model.get("_preview").dirty === true;
    replace(
      body,
      dirty
        ? h(
            "p",
            { class: "cb-panel-note" },
            icon("warning", "warning"),
            `${model.get("_preview").name ?? ""} has changes that are not saved; opening another file drops them.`,
          )
        : null,
      bar(listing, fillOpen),
      entryList(
        listing,
        (entry) => {
          if (entry.kind === "folder") go(entry.path, fillOpen);
          else {
            requests
              .request("open", { path: entry.path })
              .then(() => {
                context.live.say(`${entry.name} opened`);
                close();
              })
              .catch(fail);
          }
        },
        "No folders and no template files (.txt, .cfg, .template) here.",
      ),
    );
    body.querySelector<HTMLElement>(".iw-entry, button")?.focus();
  }

  function fillSave(listing: Listing): void {
    const before = body.querySelector<HTMLInputElement>(".cb-filename")?.value;
    const input = h("input", {
      type: "text",
      class: "iw-in cb-filename",
      "aria-label": "File name",
      spellcheck: "false",
    });
    input.value = before ?? model.get("_preview").name ?? "project.txt";
    const submit = (): void => {
      const name = input.value.trim();
      if (name) write(name.startsWith("/") || name.startsWith("~") ? name : join(listing.path, name), false);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") submit();
    });
    replace(
      body,
      bar(listing, fillSave),
      entryList(
        listing,
        (entry) => {
          if (entry.kind === "folder") go(entry.path, fillSave);
          else input.value = entry.name;
        },
        "Nothing here yet.",
      ),
      h(
        "div",
        { class: "iw-row" },
        h("span", { class: "iw-2" }, "File name"),
        input,
        button("Save here", submit, { class: "small", key: "save-here" }),
      ),
    );
    input.focus();
    input.setSelectionRange(0, input.value.replace(/\.\w+$/, "").length);
  }

  function ask(conflict: string, path: string): void {
    title.textContent = "Save";
    note.textContent = "";
    enter("ask");
    replace(
      body,
      h("p", { class: "cb-panel-note", role: "alert" }, icon("warning", "warning"), conflict),
      h(
        "div",
        { class: "iw-row" },
        button(
          "Replace it",
          () => {
            write(path, true);
          },
          { class: "small", key: "replace" },
        ),
        button("Save as…", saveAs, { class: "small" }),
        button("Cancel", close, { class: "small ghost" }),
      ),
    );
    body.querySelector<HTMLElement>("button")?.focus();
  }

  function write(path: string | null, overwrite: boolean): void {
    requests
      .request("save", { ...(path === null ? {} : { path }), replace: overwrite })
      .then(({ payload }) => {
        if (!payload.saved) {
          ask(payload.conflict, payload.path);
          return;
        }
        context.live.say(`Saved to ${payload.path}`);
        close();
      })
      .catch((error: unknown) => {
        if (mode === "") context.fail(error);
        else fail(error);
      });
  }

  function show(next: "open" | "save", name: string, what: string, fill: (listing: Listing) => void): void {
    title.textContent = name;
    note.textContent = what;
    replace(body, h("p", { class: "iw-2" }, "Reading the folder…"));
    enter(next);
    go("", fill);
  }

  function saveAs(): void {
    show("save", "Save as", "a MintPy template is a text file", fillSave);
  }

  return {
    element,
    close,
    saveAs,
    get mode() {
      return mode;
    },
    open() {
      show("open", "Open a template", "of MintPy, or one that was saved here", fillOpen);
    },
    save() {
      write(null, false);
    },
  };
}
