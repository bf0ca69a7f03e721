// One control for each kind of option. A control shows a value as the template writes it and commits another.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { isoDate, items, type Context, type Option } from "./api";

export interface Control {
  readonly element: HTMLElement;
  /** Shows the value of the template; undefined where the option has none of its own. */
  update(value: string | undefined): void;
}

/** Sends a value; null resets the option. */
export type Commit = (value: string | null) => void;

const LIST_KINDS = new Set(["dates", "pairs"]);
const MONO_KINDS = new Set(["file", "pattern", "folder"]);
const LINE_LIMIT = 400; // of entries in a menu; beyond them typing is quicker

function own(value: string | undefined): string {
  return value === undefined || value === "auto" ? "" : value;
}

export function autoLabel(option: Option): string {
  return option.auto && option.auto.length <= 24 ? `auto: ${option.auto}` : "auto";
}

export function selectControl(
  label: string,
  choices: () => [string, string][],
  commit: Commit,
  className = "",
): Control {
  const element = h("select", { class: `iw-in cb-select ${className}`.trim(), "aria-label": label });
  let filled = "";
  element.addEventListener("change", () => {
    commit(element.value === "" ? null : element.value);
  });
  return {
    element,
    update(value) {
      const now = own(value);
      const entries = choices();
      if (!entries.some(([entry]) => entry === now)) entries.push([now, now]);
      const key = JSON.stringify(entries);
      if (key !== filled) {
        filled = key;
        element.replaceChildren(...entries.map(([entry, text]) => h("option", { value: entry }, text)));
      }
      element.value = now;
    },
  };
}

/** A line of text that commits on Enter and when it is left, and takes Escape for "as it was". */
export function textInput(
  label: string,
  commit: Commit,
  options: { placeholder?: string; class?: string; numeric?: boolean } = {},
): Control & { readonly element: HTMLInputElement } {
  const element = h("input", {
    type: "text",
    class: `iw-in ${options.class ?? ""}`.trim(),
    "aria-label": label,
    placeholder: options.placeholder ?? "",
    spellcheck: "false",
    autocomplete: "off",
    inputmode: options.numeric ? "decimal" : null,
  });
  let shown = "";
  const send = (): void => {
    const value = element.value.trim();
    if (value === shown) return;
    shown = value;
    commit(value === "" ? null : value);
  };
  element.addEventListener("change", send);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter") send();
    if (event.key === "Escape" && element.value !== shown) {
      element.value = shown;
      event.stopPropagation();
    }
  });
  return {
    element,
    update(value) {
      const now = own(value);
      const typing = element === element.ownerDocument.activeElement && element.value.trim() !== shown;
      shown = now;
      if (!typing) element.value = now;
    },
  };
}

function wordButtons(
  words: readonly string[],
  commit: Commit,
): { row: HTMLElement[]; update(value: string): void } {
  const row = words.map((word) => {
    const element = button(
      word,
      () => {
        commit(element.getAttribute("aria-pressed") === "true" ? null : word);
      },
      { class: "small", title: `Write ${word}` },
    );
    return element;
  });
  return {
    row,
    update(value) {
      row.forEach((element, index) => {
        element.setAttribute("aria-pressed", String(value === words[index]));
      });
    },
  };
}

function numberControl(option: Option, commit: Commit): Control {
  const { minimum, maximum } = option;
  const text = textInput(option.label, commit, { placeholder: option.auto, class: "cb-num", numeric: true });
  const words = wordButtons(option.choices, commit);
  let slider: HTMLInputElement | null = null;
  if (minimum !== null && maximum !== null) {
    slider = h("input", {
      type: "range",
      class: "cb-range",
      min: minimum,
      max: maximum,
      step: option.kind === "integer" ? 1 : (maximum - minimum) / 100,
      "aria-label": `${option.label}, slider`,
    });
    const moved = slider;
    moved.addEventListener("input", () => {
      text.element.value = moved.value;
    });
    moved.addEventListener("change", () => {
      commit(moved.value);
    });
  }
  return {
    element: h(
      "span",
      { class: "cb-ct" },
      slider,
      text.element,
      option.unit ? h("span", { class: "iw-2" }, option.unit) : null,
      ...words.row,
    ),
    update(value) {
      text.update(value);
      words.update(own(value));
      if (slider && slider !== slider.ownerDocument.activeElement) slider.value = own(value) || option.auto;
    },
  };
}

function dateControl(option: Option, context: Context, commit: Commit): Control {
  const menu = selectControl(
    option.label,
    () => {
      const dates = context.model.get("_stack_view").dates ?? [];
      return [
        ["", autoLabel(option)],
        ...option.choices.map((word): [string, string] => [word, word]),
        ...dates.map((date, index): [string, string] => [
          date,
          index === 0 ? `${isoDate(date)}, the first` : isoDate(date),
        ]),
      ];
    },
    commit,
  );
  const text = textInput(`${option.label}, YYYYMMDD`, commit, { placeholder: "YYYYMMDD", class: "cb-date" });
  const element = h("span", { class: "cb-ct" }, menu.element, text.element);
  return {
    element,
    update(value) {
      text.element.hidden = (context.model.get("_stack_view").dates ?? []).length > 0;
      menu.update(value);
      text.update(value);
    },
  };
}

interface Listed {
  /** What can be added, as written and as shown. */
  offers(): [string, string][];
  show(item: string): string;
  /** Word of the menu that adds. */
  add: string;
  placeholder: string;
}

function listControl(option: Option, listed: Listed, commit: Commit): Control {
  const chips = h("span", { class: "cb-tokens" });
  const menu = h("select", {
    class: "iw-in cb-select cb-add",
    "aria-label": `${option.label}: ${listed.add}`,
  });
  const text = textInput(
    `${option.label}: ${listed.add}`,
    (value) => {
      text.element.value = "";
      if (value !== null) add(value.replaceAll("-", ""));
    },
    { placeholder: listed.placeholder, class: "cb-addtext" },
  );
  let current: string[] = [];
  let filled = "";

  function send(next: string[]): void {
    commit(next.length === 0 ? null : next.join(","));
  }
  function add(item: string): void {
    text.update("");
    const more = item.split(/[\s,;]+/).filter((part) => part && !current.includes(part));
    if (more.length > 0) send([...current, ...more].sort());
  }
  menu.addEventListener("change", () => {
    const chosen = menu.value;
    menu.value = "";
    if (chosen) add(chosen);
  });
  return {
    element: h("span", { class: "cb-ct" }, chips, menu, text.element),
    update(value) {
      current = items(value);
      replace(
        chips,
        ...current.map((item) =>
          h(
            "span",
            { class: "cb-token" },
            listed.show(item),
            button(
              `Take out ${listed.show(item)}`,
              () => {
                send(current.filter((other) => other !== item));
              },
              {
                class: "ghost cb-x",
                icon: icon("close", "small"),
                hideLabel: true,
                key: `${option.key}-${item}`,
              },
            ),
          ),
        ),
      );
      chips.hidden = current.length === 0;
      const offers = listed.offers().filter(([item]) => !current.includes(item));
      menu.hidden = offers.length === 0 || offers.length > LINE_LIMIT;
      text.element.hidden = !menu.hidden;
      const key = JSON.stringify(offers);
      if (key === filled) return;
      filled = key;
      menu.replaceChildren(
        h("option", { value: "" }, listed.add),
        ...offers.map(([item, shown]) => h("option", { value: item }, shown)),
      );
    },
  };
}

function periodsControl(option: Option, commit: Commit): Control {
  const names: Record<string, string> = { "1": "1, annual", "0.5": "0.5, semi-annual" };
  return listControl(
    option,
    {
      offers: () => [
        ["1", "1, annual"],
        ["0.5", "0.5, semi-annual"],
        ["0.25", "0.25, quarterly"],
        ["2", "2, every other year"],
      ],
      show: (item) => names[String(Number(item))] ?? item,
      add: "Add period…",
      placeholder: "years",
    },
    commit,
  );
}

const FORMS: Partial<Record<string, string>> = {
  indices: "1:5,25",
  onsets: "20181026,60,120",
};

function placeholderOf(option: Option): string {
  const key = option.key.toLowerCase();
  if (option.kind === "coordinate") return key.endsWith("yx") ? "row,column" : "latitude,longitude";
  if (option.kind === "box") {
    if (key.endsWith("snwe")) return "south,north,west,east";
    return key.endsWith("yx") ? "row0:row1,column0:column1" : "south:north,west:east";
  }
  return FORMS[option.kind] ?? (option.auto || "not set");
}

function freeControl(option: Option, commit: Commit): Control {
  const mono = MONO_KINDS.has(option.kind);
  const text = textInput(option.label, commit, {
    placeholder: placeholderOf(option),
    class: mono ? "cb-wide iw-mono" : "cb-line",
  });
  const words = wordButtons(option.choices, commit);
  return {
    element: h(
      "span",
      { class: "cb-ct" },
      text.element,
      option.unit ? h("span", { class: "iw-2" }, option.unit) : null,
      ...words.row,
    ),
    update(value) {
      text.update(value);
      text.element.title = own(value);
      words.update(own(value));
    },
  };
}

/** The control that fits the kind of an option. */
export function controlFor(option: Option, context: Context, commit: Commit): Control {
  if (option.kind === "choice")
    return selectControl(
      option.label,
      () => [["", autoLabel(option)], ...option.choices.map((word): [string, string] => [word, word])],
      commit,
    );
  if (option.kind === "number" || option.kind === "integer") return numberControl(option, commit);
  if (option.kind === "date") return dateControl(option, context, commit);
  if (option.key.endsWith(".periodic")) return periodsControl(option, commit);
  if (LIST_KINDS.has(option.kind)) {
    const dates = option.kind === "dates";
    return listControl(
      option,
      {
        offers: () => {
          const view = context.model.get("_stack_view");
          return ((dates ? view.dates : view.pairs) ?? []).map((item): [string, string] => [
            item,
            dates ? isoDate(item) : item.split("_").map(isoDate).join(" to "),
          ]);
        },
        show: (item) => item.split("_").map(isoDate).join(" to "),
        add: dates ? "Add date…" : "Add pair…",
        placeholder: dates ? "YYYYMMDD" : "YYYYMMDD_YYYYMMDD",
      },
      commit,
    );
  }
  return freeControl(option, commit);
}

/** Buttons of which one is pressed. */
export function segments(
  label: string,
  names: readonly string[],
  choose: (index: number) => void,
): { element: HTMLElement; update(pressed: number): void } {
  const row = names.map((name, index) => {
    const element = h("button", { type: "button", "aria-pressed": "false" }, name);
    element.addEventListener("click", () => {
      choose(index);
    });
    return element;
  });
  return {
    element: h("span", { class: "cb-seg", role: "group", "aria-label": label }, ...row),
    update(pressed) {
      row.forEach((element, index) => {
        element.setAttribute("aria-pressed", String(index === pressed));
      });
    },
  };
}
