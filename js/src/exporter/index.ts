// Exporter: what is chosen on the left, its files on the right, the folder and the deeds below.

import type { RenderProps } from "@anywidget/types";
import { toClipboard } from "../lib/clipboard";
import { alertRow, makeViewContext, wordsOf } from "../lib/context";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { Latest } from "../lib/messages";
import { size, type Context, type ExporterApi, type State } from "./api";
import { optionsPart, productsPart } from "./choose";
import { download } from "./download";
import { filesPart } from "./files";
import "../lib/theme.css";
import "./style.css";

/** Where JupyterLab shows a folder, if it lies below what its server serves; null elsewhere. */
function labAddress(folder: string | undefined, home: string | undefined): string | null {
  const config = document.getElementById("jupyter-config-data")?.textContent;
  if (!folder || !config) return null;
  try {
    const { baseUrl, serverRoot } = JSON.parse(config) as { baseUrl?: string; serverRoot?: string };
    if (!baseUrl || !serverRoot) return null; // Voilà has no file browser
    const root = serverRoot.replace(/^~/, home ?? "~").replace(/\/$/, "");
    if (!`${folder}/`.startsWith(`${root}/`)) return null;
    return `${baseUrl}lab/tree${folder.slice(root.length).split("/").map(encodeURIComponent).join("/")}`;
  } catch {
    return null;
  }
}

function folderPart(context: Context): HTMLElement {
  const { model, live } = context;
  const input = h("input", {
    class: "iw-in",
    type: "text",
    spellcheck: "false",
    "aria-label": "Folder for the files",
    "data-key": "out",
  });
  const commit = (): void => {
    const text = input.value.trim();
    if (text !== model.get("out")) context.set("out", text);
  };
  input.addEventListener("change", commit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
  });
  context.watch(["out", "busy"], () => {
    if (document.activeElement !== input) input.value = model.get("out");
    input.disabled = model.get("busy");
  });
  const copy = button(
    "Copy the path",
    () => {
      toClipboard(model.get("out"))
        .then(() => {
          live.say("Path copied");
        })
        .catch(() => {
          input.select();
        });
    },
    { class: "icon ghost", icon: icon("copy"), hideLabel: true },
  );
  const open = h(
    "a",
    { class: "iw-btn small ex-open", target: "_blank", rel: "noopener" },
    icon("folder", "small"),
    "Open folder",
  );
  context.watch(["_about", "_files"], () => {
    const address = labAddress(model.get("_about").folder, model.get("_about").home);
    const exists = model.get("_files").some((f) => ["exists", "kept", "written"].includes(f.state));
    open.hidden = address === null || !exists;
    if (address !== null) open.href = address;
  });
  return h(
    "div",
    { class: "ex-folder" },
    icon("folder"),
    h("label", { class: "iw-grow" }, input),
    copy,
    open,
  );
}

function deedsPart(context: Context): HTMLElement {
  const { model, requests, fail, live, signal } = context;
  const latest = new Latest();
  signal.addEventListener("abort", () => {
    latest.cancel();
  });
  const go = button(
    "Export",
    () => {
      replace(context.alerts);
      requests.request("export", null).catch(fail);
    },
    { class: "primary", key: "export" },
  );
  go.dataset.writes = "";
  const stop = button(
    "Cancel",
    () => {
      requests.request("cancel", null).catch(fail);
    },
    { key: "cancel", title: "Files that are complete are kept" },
  );
  const said = h("span", { class: "iw-2", role: "status" });
  let fetching = false;
  const take = button(
    "Download zip",
    () => {
      if (fetching) {
        latest.cancel();
        return;
      }
      fetching = true;
      show();
      download(context, latest.next(), (got, all) => {
        said.textContent = `${size(got)} of about ${size(all)}`;
      })
        .then((name) => {
          said.textContent = `${name} is in your browser's downloads.`;
        })
        .catch((error: unknown) => {
          said.textContent = "";
          if (wordsOf(error)) fail(error);
        })
        .finally(() => {
          fetching = false;
          show();
        });
    },
    { icon: icon("download"), key: "download", title: "These files as one zip, to your own computer" },
  );
  const code = button(
    "Copy Python",
    () => {
      requests
        .request("code", null)
        .then(async ({ payload }) => {
          try {
            await toClipboard(payload);
            live.say("Python copied");
            said.textContent = "Python that writes these files is on the clipboard.";
          } catch {
            replace(shown, h("pre", { class: "iw-mono" }, payload));
            shown.hidden = false;
          }
        })
        .catch(fail);
    },
    { class: "ghost", icon: icon("code"), key: "code", title: "Python that writes the same files" },
  );
  const shown = h("div", { class: "ex-code", hidden: true });
  const show = (): void => {
    const busy = model.get("busy");
    const files = model.get("_files");
    const there = files.some((f) => ["exists", "kept", "written"].includes(f.state));
    go.disabled = busy || files.length === 0;
    go.hidden = busy;
    stop.hidden = !busy;
    take.disabled = !fetching && (busy || !there);
    take.replaceChildren(icon(fetching ? "close" : "download"), fetching ? "Stop download" : "Download zip");
    code.disabled = files.length === 0;
  };
  context.watch(["busy", "_files"], show);
  // what was said is about the choice that was made then
  context.watch(["_files", "dates", "units", "mask", "crs", "cog", "as_shown", "dpi", "out"], () => {
    if (fetching) return;
    said.textContent = "";
    shown.hidden = true;
  });
  return h("div", {}, h("div", { class: "ex-deeds" }, go, stop, take, code, said), shown);
}

function saidPart(context: Context): HTMLElement {
  const { model, live } = context;
  const box = h("div", { class: "ex-said" });
  context.watch(["_said", "_error"], () => {
    const error = model.get("_error");
    const said = model.get("_said");
    replace(
      box,
      error ? alertRow(error, null) : null,
      ...said
        .filter((s) => s.severity === "error")
        .map((s) => alertRow({ message: s.text, remedy: "" }, null)),
      ...said
        .filter((s) => s.severity === "info")
        .map((s) => h("p", { class: "ex-note iw-2" }, icon("info", "info"), h("span", {}, s.text))),
    );
    if (error) live.say(error.message);
  });
  context.watch(["busy"], () => {
    if (model.get("busy")) live.say("Exporting");
    else if (model.get("_files").some((f) => f.state === "written")) live.say("Export done");
  });
  return box;
}

function render(props: RenderProps<State>): () => void {
  const { el } = props;
  const context = makeViewContext<State, ExporterApi>(props);
  const { model } = context;
  const about = h("span", { class: "iw-2" });
  const body = h("div", { class: "ex-body" });
  const empty = h(
    "p",
    { class: "ex-none iw-empty" },
    "There is nothing to export yet: give a work directory, or a map of one.",
  );
  const foot = h("footer", { class: "ex-foot" }, folderPart(context), deedsPart(context));
  context.watch(["_about", "_menu"], () => {
    const { work_dir: folder, dates } = model.get("_about");
    const none = model.get("_menu").length === 0;
    about.textContent = none || !folder ? "" : `${folder}, ${dates?.length ?? 0} dates`;
    body.hidden = none;
    foot.hidden = none;
    empty.hidden = !none;
  });
  body.append(
    h(
      "section",
      { class: "ex-left", "aria-label": "What to export" },
      productsPart(context),
      optionsPart(context),
    ),
    h("section", { class: "ex-right", "aria-label": "Files" }, filesPart(context)),
  );
  const root = h(
    "div",
    { class: "iw ex", "data-lm-suppress-shortcuts": "true" },
    context.live.element,
    h("header", { class: "iw-header ex-header" }, icon("download"), h("h2", {}, "Export"), about),
    context.alerts,
    saidPart(context),
    empty,
    body,
    foot,
  );
  el.append(root);
  return () => {
    root.remove();
  };
}

export default { render };
