// Two accounts, each with its state in words and the fields to enter it. What is entered is sent and cleared at once;
// it never becomes a trait of the model.

import type { RenderProps } from "@anywidget/types";
import { makeViewContext, wordsOf, type ViewContext } from "../lib/context";
import { button, h, replace } from "../lib/dom";
import { icon, type IconName } from "../lib/icons";
import "../lib/theme.css";
import "./style.css";

type Which = "cds" | "earthdata";

interface Shown {
  state: string;
  message: string;
  remedy: string;
  link: string;
  path: string;
  busy: boolean;
}

interface State {
  _cds: Partial<Shown>;
  _earthdata: Partial<Shown>;
  _links: { token?: string; licence?: string; earthdata?: string };
}

interface Call<P> {
  payload: P;
  answer: null;
}

interface CredentialsApi {
  check: Call<{ which: Which }>;
  store_token: Call<{ token: string; migrate: boolean }>;
  store_login: Call<{ login: string; password: string }>;
  migrate: Call<{ consent: boolean }>;
}

type Context = ViewContext<State, CredentialsApi>;

/** Each state's shape, colour and word. */
const STATES: Record<string, { icon: IconName; tone: string; word: string }> = {
  missing: { icon: "pending", tone: "info", word: "Not set up" },
  old: { icon: "error", tone: "error", word: "Old format" },
  malformed: { icon: "error", tone: "error", word: "File not accepted" },
  unchecked: { icon: "info", tone: "info", word: "Not checked" },
  refused: { icon: "error", tone: "error", word: "Refused" },
  licence: { icon: "warning", tone: "warning", word: "Licence missing" },
  slow: { icon: "warning", tone: "warning", word: "No answer" },
  offline: { icon: "warning", tone: "warning", word: "Offline" },
  broken: { icon: "warning", tone: "warning", word: "Service out of order" },
  ready: { icon: "done", tone: "done", word: "Ready" },
};

function link(text: string, address: string | undefined): HTMLElement | null {
  if (!address?.startsWith("https://")) return null;
  return h(
    "a",
    { class: "cc-link", href: address, target: "_blank", rel: "noopener noreferrer" },
    text,
    icon("link", "small"),
  );
}

/** What the service and the file say. */
function stateRow(context: Context, which: Which): HTMLElement {
  const { model, requests } = context;
  const trait = which === "cds" ? "_cds" : "_earthdata";
  const box = h("div", { class: "cc-state", role: "status" });
  const again = button(
    "Check again",
    () => {
      requests.request("check", { which }).catch(context.fail);
    },
    { class: "small", icon: icon("retry", "small"), key: `${which}-check` },
  );
  context.watch([trait], () => {
    const { state = "", message = "", remedy = "", path = "", busy = false } = model.get(trait);
    const about = STATES[state] ?? { icon: "running", tone: "info", word: "" };
    const waiting = busy || state === "";
    again.disabled = waiting;
    again.hidden = state === "missing" || state === "old";
    replace(
      box,
      waiting ? icon("running", "iw-spin") : icon(about.icon, about.tone),
      h(
        "div",
        { class: "cc-words" },
        waiting
          ? h("p", { class: "iw-b" }, state === "" ? "Looking at the file…" : "Asking the service…")
          : h(
              "p",
              {},
              h("span", { class: `iw-b iw-word ${about.tone}` }, `${about.word}. `),
              h("span", {}, message),
            ),
        !waiting && remedy ? h("p", { class: "iw-2" }, remedy) : null,
        path && !message.includes(path) ? h("p", { class: "iw-mono iw-2" }, path) : null,
      ),
      again,
    );
    box.dataset.state = waiting ? "busy" : state;
  });
  return box;
}

interface Form {
  readonly element: HTMLElement;
  readonly submit: HTMLButtonElement;
}

/** Fields that are empty again before their content has left. */
function form(
  context: Context,
  label: string,
  primary: boolean,
  fields: readonly HTMLInputElement[],
  rows: readonly (HTMLElement | null)[],
  send: (values: string[]) => Promise<unknown>,
): Form {
  const said = h("p", { class: "iw-word error", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: `iw-btn ${primary ? "primary" : ""}`.trim() }, label);
  const element = h(
    "form",
    { class: "cc-form", autocomplete: "off" },
    h("div", { class: "cc-fields" }, ...rows, submit),
    said,
  );
  const filled = (): boolean => fields.every((field) => field.value !== "");
  const update = (): void => {
    submit.disabled = !filled();
  };
  element.addEventListener("input", update);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // notebooks keep Enter from submitting a form by itself
    element.requestSubmit();
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!filled()) return;
    const request = send(fields.map((field) => field.value));
    for (const field of fields) field.value = "";
    update();
    said.hidden = true;
    request
      .then(() => {
        context.live.say("Stored");
      })
      .catch((error: unknown) => {
        const words = wordsOf(error);
        if (!words) return;
        said.textContent = `${words.message} ${words.remedy}`.trim();
        said.hidden = false;
        fields[0]?.focus();
      });
  });
  update();
  return { element, submit };
}

function secretField(label: string, placeholder: string): HTMLInputElement {
  return h("input", {
    type: "password",
    class: "iw-in",
    "aria-label": label,
    placeholder,
    autocomplete: "new-password",
    spellcheck: "false",
    "data-1p-ignore": true,
    "data-lpignore": "true",
  });
}

function labelled(label: string, field: HTMLInputElement): HTMLElement {
  return h("label", { class: "iw-field" }, label, field);
}

function cds(context: Context): HTMLElement {
  const { model, requests } = context;
  const token = secretField("Personal access token of the Climate Data Store", "paste it here");
  const consent = h("input", { type: "checkbox" });
  const agree = h(
    "label",
    { class: "cc-consent" },
    consent,
    "Replace the old file; it is kept beside it as .cdsapirc.old",
  );
  const keep = button(
    "Rewrite it with the token it holds",
    () => {
      requests.request("migrate", { consent: consent.checked }).catch(context.fail);
    },
    { key: "migrate" },
  );
  const old = h("div", { class: "cc-old" }, agree, keep);
  const entry = form(
    context,
    "Store and check",
    true,
    [token],
    [labelled("Personal access token", token)],
    ([value = ""]) => requests.request("store_token", { token: value, migrate: consent.checked }),
  );
  const links = h("p", { class: "cc-links" });
  const show = (): void => {
    const state = model.get("_cds").state ?? "";
    const { token: page, licence } = model.get("_links");
    old.hidden = state !== "old";
    if (state !== "old") consent.checked = false;
    keep.disabled = !consent.checked;
    entry.element.hidden = state === "ready" && !changing;
    change.hidden = state !== "ready" || changing;
    replace(links, link("Where the token is found", page), link("Accept the licence of ERA5", licence));
  };
  let changing = false;
  const change = button(
    "Enter another token",
    () => {
      changing = true;
      show();
      token.focus();
    },
    { class: "small" },
  );
  consent.addEventListener("change", show);
  entry.element.addEventListener("submit", () => {
    changing = false;
  });
  context.watch(["_cds", "_links"], show);
  return h(
    "section",
    { class: "cc-account", "aria-label": "Climate Data Store" },
    h(
      "div",
      { class: "cc-title" },
      h(
        "div",
        { class: "cc-name" },
        h("h3", { class: "iw-b" }, "Climate Data Store"),
        h("span", { class: "iw-2" }, "ERA5, for troposphericDelay.method = pyaps"),
      ),
      change,
    ),
    stateRow(context, "cds"),
    old,
    entry.element,
    links,
  );
}

function earthdata(context: Context): HTMLElement {
  const { model, requests } = context;
  const login = h("input", {
    type: "text",
    class: "iw-in",
    "aria-label": "Earthdata user name",
    autocomplete: "off",
    spellcheck: "false",
  });
  const password = secretField("Earthdata password", "");
  const entry = form(
    context,
    "Store and check",
    false,
    [login, password],
    [labelled("User name", login), labelled("Password", password)],
    ([name = "", word = ""]) => requests.request("store_login", { login: name, password: word }),
  );
  const links = h("p", { class: "cc-links" });
  let changing = false;
  const show = (): void => {
    const ready = model.get("_earthdata").state === "ready";
    entry.element.hidden = ready && !changing;
    change.hidden = !ready || changing;
    replace(links, link("Register with Earthdata", model.get("_links").earthdata));
  };
  const change = button(
    "Enter another login",
    () => {
      changing = true;
      show();
      login.focus();
    },
    { class: "small" },
  );
  entry.element.addEventListener("submit", () => {
    changing = false;
  });
  context.watch(["_earthdata", "_links"], show);
  return h(
    "section",
    { class: "cc-account", "aria-label": "NASA Earthdata" },
    h(
      "div",
      { class: "cc-title" },
      h(
        "div",
        { class: "cc-name" },
        h("h3", { class: "iw-b" }, "NASA Earthdata"),
        h("span", { class: "iw-2" }, "OPERA, for troposphericDelay.method = opera"),
      ),
      change,
    ),
    stateRow(context, "earthdata"),
    entry.element,
    links,
  );
}

function render(props: RenderProps<State>): () => void {
  const { el } = props;
  const context = makeViewContext<State, CredentialsApi>(props);
  const root = h(
    "div",
    { class: "iw cc", "data-lm-suppress-shortcuts": "true" },
    context.live.element,
    h(
      "header",
      { class: "cc-header" },
      icon("key"),
      h("h2", {}, "Accounts for weather data"),
      h(
        "span",
        { class: "iw-2" },
        "What you enter goes into a file only you can read, and nowhere else: not into the notebook.",
      ),
    ),
    context.alerts,
    h("div", { class: "cc-body" }, cds(context), earthdata(context)),
  );
  el.append(root);
  return () => {
    root.remove();
  };
}

export default { render };
