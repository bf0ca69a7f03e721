// The 18 steps: state, what each made or why it will run, time, switch, and the menu of a row.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Chip, Context, Row } from "./api";
import { engineMark } from "./engine";
import { runIcon, stateIcon } from "./icons";
import type { Item, Menu } from "./menu";
import { duration, STATE_WORDS } from "./words";

const CHIPS_SHOWN = 2;

export interface Actions {
  start(payload: { steps?: string[]; from?: string; to?: string }): void;
  flip(step: string, on: boolean): void;
  open(chip: Chip, from: HTMLElement): void;
  select(step: string, focusLog: boolean): void;
  now(): number;
  /** Whether a run may be started now. */
  free(): boolean;
}

export function chipButton(chip: Chip, actions: Pick<Actions, "open">, key: string): HTMLButtonElement {
  const element = h(
    "button",
    {
      type: "button",
      class: "rn-chip",
      "data-key": key,
      "data-file": chip.file,
      title: `Show ${chip.file}`,
    },
    h("span", {}, chip.name),
  );
  element.addEventListener("click", () => {
    actions.open(chip, element);
  });
  return element;
}

/** One part of a row that is made anew only when what it shows has changed: a click in between is not lost. */
class Cell {
  #shown = "";

  constructor(readonly element: HTMLElement) {}

  update(what: unknown, make: () => readonly (Node | string | null)[]): void {
    const key = JSON.stringify(what);
    if (key === this.#shown) return;
    this.#shown = key;
    replace(this.element, ...make());
  }
}

class StepRow {
  readonly element: HTMLLIElement;
  readonly name = h("button", { type: "button", class: "rn-name" });
  readonly #state = new Cell(h("span", { class: "rn-state" }));
  readonly #what = new Cell(h("div", { class: "rn-what" }));
  readonly #time = h("span", { class: "rn-time" });
  readonly #on = new Cell(h("span", { class: "rn-on" }));
  readonly #menu: HTMLButtonElement;
  #all = false;
  #row: Row;

  constructor(
    row: Row,
    private readonly actions: Actions,
    private readonly menu: Menu,
  ) {
    this.#row = row;
    this.name.textContent = row.name;
    this.name.title = row.summary;
    this.name.addEventListener("click", () => {
      actions.select(row.name, false);
    });
    this.#menu = button(
      `Run ${row.name}…`,
      () => {
        this.openMenu();
      },
      { class: "ghost small icon rn-more", icon: runIcon("dots"), hideLabel: true },
    );
    this.#menu.setAttribute("aria-haspopup", "menu");
    this.#menu.setAttribute("aria-expanded", "false");
    this.element = h(
      "li",
      { class: "rn-row", "data-step": row.name },
      this.#state.element,
      h("span", { class: "rn-n" }, row.number),
      this.name,
      this.#what.element,
      this.#time,
      this.#on.element,
      this.#menu,
    );
    this.update(row, false);
  }

  openMenu(): void {
    const { name, state } = this.#row;
    const off = state === "off";
    const blocked = off || !this.actions.free();
    const item = (label: string, note: string, payload: Parameters<Actions["start"]>[0]): Item => ({
      label,
      note,
      disabled: blocked,
      run: () => {
        this.actions.start(payload);
      },
    });
    this.menu.toggle(this.#menu, `Run ${name}`, [
      item("Only this", off ? "the step is off" : "even if it is up to date", { steps: [name] }),
      item("From here", "this and all that follow", { from: name }),
      item("To here", "what is needed up to it", { to: name }),
      {
        label: "Show its log",
        run: () => {
          this.actions.select(name, true);
        },
      },
    ]);
  }

  update(row: Row, selected: boolean): void {
    this.#row = row;
    this.element.dataset.state = row.state;
    this.element.classList.toggle("selected", selected);
    if (selected) this.name.setAttribute("aria-current", "true");
    else this.name.removeAttribute("aria-current");
    const share = row.fraction === null ? null : Math.round(row.fraction * 50) / 50;
    this.#state.update([row.state, share], () => [
      stateIcon(row.state, share),
      h("span", { class: "iw-sr" }, STATE_WORDS[row.state]),
    ]);
    this.#state.element.title = STATE_WORDS[row.state];
    if (row.state === "running") this.#progress(row);
    else
      this.#what.update(
        [row.state, row.waits, row.reason, row.note, row.chips, row.warnings, row.engine, this.#all],
        () => this.#words(row),
      );
    this.tick();
    this.#on.update([row.switch, row.locked], () => this.#control(row));
  }

  /** Time that passes while it runs. */
  tick(): void {
    const { state, began, seconds, expected } = this.#row;
    let text = "";
    if (state === "running" && began !== null) text = duration(this.actions.now() - began);
    else if (seconds !== null) text = seconds < 0.5 ? "<0:01" : duration(seconds);
    else if (expected !== null) text = `~${duration(Math.max(1, expected))}`;
    if (this.#time.textContent !== text) this.#time.textContent = text;
    this.#time.title = text.startsWith("~") ? `expected from ${this.#row.expected_from}` : "";
  }

  #progress({ fraction, label }: Row): void {
    const known = fraction !== null;
    this.#what.update(["running", known], () => [
      h(
        "span",
        {
          class: known ? "iw-bar rn-bar" : "iw-bar rn-bar unknown",
          role: "progressbar",
          "aria-label": `Progress of ${this.#row.name}`,
        },
        h("i"),
      ),
      h("span", { class: "rn-label" }),
    ]);
    const bar = this.#what.element.querySelector<HTMLElement>(".rn-bar");
    const words = this.#what.element.querySelector<HTMLElement>(".rn-label");
    if (!bar || !words) return;
    if (known) {
      const percent = Math.round(fraction * 100);
      bar.setAttribute("aria-valuenow", String(percent));
      (bar.firstElementChild as HTMLElement).style.width = `${percent}%`;
      const told = /\d/.test(label) && /\bof\b|\//.test(label);
      replace(words, h("b", {}, told ? label : `${percent} %`), told || !label ? "" : ` ${label}`);
    } else replace(words, label || "running");
  }

  #words(row: Row): (Node | string | null)[] {
    const { state, reason } = row;
    const word = (tone: string): HTMLElement => h("b", { class: `iw-word ${tone}` }, STATE_WORDS[state]);
    const because = reason ? h("span", { class: "rn-why", title: reason }, reason) : null;
    switch (state) {
      case "failed":
        return [word("error"), because];
      case "cancelled":
      case "interrupted":
        return [word("warning"), because ?? h("span", { class: "rn-why" }, "runs again from its beginning")];
      case "stale":
        return [word("warning"), because, ...this.#chips(row, 0)];
      case "pending":
        return [h("span", { class: "rn-why" }, row.waits ? "waits for its turn" : reason || "not run yet")];
      case "off":
        return [because];
      default:
        return [
          ...this.#chips(row, CHIPS_SHOWN),
          row.note ? h("span", { class: "rn-fact" }, row.note) : null,
          engineMark(row, () => {
            this.actions.select(row.name, true);
          }),
          this.#warnings(row),
        ];
    }
  }

  #warnings({ warnings, name }: Row): HTMLElement | null {
    if (warnings.length === 0) return null;
    const words = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
    const element = h(
      "button",
      {
        type: "button",
        class: "rn-warned",
        title: warnings.join("\n"),
        "aria-label": `${words} of ${name}: show the log`,
      },
      icon("warning", "small warning"),
      String(warnings.length),
    );
    element.addEventListener("click", () => {
      this.actions.select(name, true);
    });
    return element;
  }

  #chips(row: Row, most: number): (Node | null)[] {
    if (most === 0) return [];
    const shown = this.#all ? row.chips : row.chips.slice(0, most);
    const more = row.chips.length - shown.length;
    const rest =
      more > 0
        ? h(
            "button",
            {
              type: "button",
              class: "rn-chip",
              "data-key": `${row.name}-more`,
              title: row.chips
                .slice(most)
                .map((chip) => chip.name)
                .join("\n"),
              "aria-label": `${more} more files of ${row.name}`,
            },
            `+${more}`,
          )
        : null;
    rest?.addEventListener("click", () => {
      this.#all = true;
      this.update(this.#row, this.element.classList.contains("selected"));
      this.#what.element.querySelectorAll<HTMLElement>(".rn-chip")[most]?.focus();
    });
    this.#what.element.classList.toggle("all", this.#all);
    return [...shown.map((chip) => chipButton(chip, this.actions, `${row.name}-${chip.file}`)), rest];
  }

  #control(row: Row): (Node | string | null)[] {
    if (row.locked)
      return [
        h(
          "span",
          { title: row.reason },
          runIcon("lock", "rn-idle small"),
          h("span", { class: "iw-sr" }, "cannot be switched on"),
        ),
      ];
    const on = row.switch;
    if (on === null) return [];
    const element = h("button", {
      type: "button",
      class: "rn-switch",
      role: "switch",
      "aria-checked": String(on),
      "aria-label": row.name,
      title: `${row.name} is ${on ? "on" : "off"}: switch it ${on ? "off" : "on"} in the template`,
      "data-key": `${row.name}-switch`,
    });
    element.addEventListener("click", () => {
      this.actions.flip(row.name, !on);
    });
    return [element];
  }
}

export class Steps {
  readonly element: HTMLElement;
  readonly #list = h("ul", { "aria-label": "Steps" });
  readonly #figures = h("div", { class: "rn-figures", hidden: true });
  #rows: StepRow[] = [];

  constructor(
    context: Context,
    private readonly actions: Actions,
    private readonly menu: Menu,
    private readonly selected: () => string,
  ) {
    this.element = h(
      "section",
      { class: "rn-steps", "aria-label": "Steps of the run" },
      h(
        "div",
        { class: "rn-row rn-top", "aria-hidden": "true" },
        h("span"),
        h("span"),
        h("span", {}, "Step"),
        h("span", {}, "What it made, or why it will run"),
        h("span", { class: "rn-time" }, "Time"),
        h("span", { class: "rn-on" }, "On"),
        h("span"),
      ),
      this.#list,
      this.#figures,
    );
    this.#list.addEventListener("keydown", (event) => {
      this.#key(event);
    });
    this.#list.addEventListener("contextmenu", (event) => {
      const row = this.#rows.find(({ element }) => element.contains(event.target as Node));
      if (!row) return;
      event.preventDefault();
      row.openMenu();
    });
    context.watch(["_rows"], () => {
      this.show(context.model.get("_rows"));
    });
    context.watch(["_figures"], () => {
      const figures = context.model.get("_figures");
      this.#figures.hidden = figures.length === 0;
      replace(
        this.#figures,
        h("span", { class: "iw-2" }, "Figures"),
        ...figures.map((chip) => chipButton(chip, actions, `figure-${chip.file}`)),
      );
    });
  }

  show(rows: readonly Row[]): void {
    if (rows.length !== this.#rows.length) {
      this.#rows = rows.map((row) => new StepRow(row, this.actions, this.menu));
      replace(this.#list, ...this.#rows.map((row) => row.element));
    }
    const chosen = this.selected();
    rows.forEach((row, index) => this.#rows[index]?.update(row, row.name === chosen));
  }

  tick(): void {
    for (const row of this.#rows) row.tick();
  }

  #key(event: KeyboardEvent): void {
    const at = this.#rows.findIndex(({ element }) => element.contains(event.target as Node));
    if (at < 0) return;
    const last = this.#rows.length - 1;
    const to = { ArrowDown: Math.min(last, at + 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last }[
      event.key
    ];
    if (to !== undefined) {
      event.preventDefault();
      this.#rows[to]?.name.focus();
    } else if (event.key === "ContextMenu" || event.key === "m" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      this.#rows[at]?.openMenu();
    }
  }
}
