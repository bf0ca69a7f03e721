// How the run stands, what can be done about it, and the strip of its steps.

import { alertRow } from "../lib/context";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, Row, StepState } from "./api";
import { EngineChoice } from "./engine";
import { ring, runIcon, stateIcon } from "./icons";
import type { Menu } from "./menu";
import type { Actions } from "./steps";
import { about, clock, detail, duration, kept, listed, STATE_WORDS, title } from "./words";

export interface HeaderActions extends Actions {
  cancel(): Promise<unknown>;
  refresh(): void;
  busy(): boolean;
}

interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
  danger: boolean;
  run: () => void;
}

export class Header {
  readonly element: HTMLElement;
  readonly #mark = h("span", { class: "rn-mark" });
  readonly #title = h("h2", {});
  readonly #detail = h("p", { class: "iw-2" });
  readonly #buttons = h("div", { class: "rn-buttons" });
  readonly #strip = h("div", { class: "rn-strip", role: "img" });
  readonly #question = h("div", { class: "rn-question", role: "alertdialog", hidden: true });
  readonly #words = h("p", { id: `rn-question-${Math.random().toString(36).slice(2)}` });
  readonly #note = h("div", { class: "rn-note", role: "status", hidden: true });
  readonly #locked = h("div", { class: "rn-note", hidden: true });
  readonly #problem = h("div", { role: "alert" });
  readonly #engine: EngineChoice;
  #shown = "";

  constructor(
    private readonly context: Context,
    private readonly actions: HeaderActions,
    private readonly menu: Menu,
  ) {
    this.#engine = new EngineChoice(context);
    this.element = h(
      "header",
      { class: "rn-header" },
      h(
        "div",
        { class: "rn-head" },
        this.#mark,
        h("div", { class: "rn-titles" }, this.#title, this.#detail),
        this.#buttons,
      ),
      this.#strip,
      this.#engine.element,
      this.#question,
      this.#locked,
      this.#note,
      context.alerts,
      this.#problem,
    );
    context.watch(["_head", "_rows", "engine"], () => {
      this.update();
    });
    context.watch(["_error"], () => {
      const error = context.model.get("_error");
      const again = button(
        "Look again",
        () => {
          actions.refresh();
        },
        { class: "small", icon: icon("retry") },
      );
      replace(this.#problem, error ? alertRow(error, again) : null);
    });
    this.#question.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.#answer();
      }
    });
  }

  update(): void {
    const { model } = this.context;
    const head = model.get("_head");
    const rows = model.get("_rows");
    const state = head.state ?? "empty";
    const row = rows.find(({ name }) => name === head.step);
    const share = row?.fraction ?? null;
    const shapes: Record<typeof state, () => SVGSVGElement> = {
      running: () => ring(share, "big"),
      completed: () => icon("done", "done big"),
      failed: () => icon("error", "error big"),
      cancelled: () => stateIcon("cancelled", null, "big"),
      interrupted: () => stateIcon("interrupted", null, "big"),
      ready: () => stateIcon(rows.some((r) => r.state === "stale") ? "stale" : "pending", null, "big"),
      empty: () => stateIcon("pending", null, "big"),
    };
    replace(this.#mark, shapes[state]());
    const words = title(head, rows);
    if (this.#title.textContent !== words) {
      this.#title.textContent = words;
      this.context.live.say(words);
    }
    this.tick();
    this.#showStrip(rows);
    const free = head.writable !== false;
    this.#locked.hidden = free || state === "empty";
    replace(
      this.#locked,
      runIcon("lock", "warning"),
      h(
        "p",
        {},
        h("b", {}, "Read-only: "),
        this.context.model.get("read_only")
          ? "on this page everything can be looked at, nothing can be run or switched."
          : `${head.work_dir ?? ""} can't be written to. Everything can be looked at, nothing can be run or switched.`,
      ),
    );
    const busy = this.actions.busy();
    this.#engine.update(free && !busy);
    const toDo = head.to_do?.length ?? 0;
    const key = JSON.stringify([state, free, busy, toDo > 0, head.step, toDo === head.planned?.length]);
    if (key !== this.#shown) {
      this.#shown = key;
      this.#showButtons(state, free && !busy, busy, toDo, head.step ?? "");
    }
    if (this.#question.dataset.about === "cancel") {
      if (state === "running") this.#words.textContent = this.#whatIsKept();
      else this.#answer();
    }
  }

  /** Time that passes. */
  tick(): void {
    const { model } = this.context;
    const head = model.get("_head");
    const now = this.actions.now();
    if (head.state !== "running") {
      const words = detail(head, model.get("_rows"), now);
      if (this.#detail.textContent !== words) this.#detail.textContent = words;
      return;
    }
    const started = head.started ?? now;
    const left = head.left ?? null;
    const waiting = !head.step && !head.ended ? " MintPy is being imported." : "";
    replace(
      this.#detail,
      `Started ${clock(started, now)}, ${duration(now - started)} so far.${waiting} `,
      left === null ? null : h("b", {}, `About ${about(left)} left`),
      left === null ? null : head.basis ? `: ${head.basis}.` : ".",
    );
  }

  say(text: string, file = ""): void {
    this.#note.hidden = false;
    const away = button(
      "Dismiss",
      () => {
        this.#note.hidden = true;
      },
      { class: "ghost small icon", icon: icon("close"), hideLabel: true },
    );
    replace(
      this.#note,
      icon("info", "info"),
      h("p", {}, file ? h("b", { class: "iw-mono" }, file) : null, text),
      away,
    );
  }

  #showButtons(state: string, free: boolean, busy: boolean, toDo: number, step: string): void {
    const can = (element: HTMLButtonElement): HTMLButtonElement => {
      element.disabled = !free;
      return element;
    };
    const made: HTMLElement[] = [];
    if (state === "running") {
      const cancel = button(
        "Cancel run…",
        () => {
          this.#askCancel();
        },
        {
          class: "danger",
          icon: runIcon("stop"),
          key: "cancel",
        },
      );
      cancel.disabled = !free;
      made.push(cancel);
    } else if (state !== "empty") {
      if (["failed", "cancelled", "interrupted"].includes(state) && step && step !== "plot")
        made.push(
          can(
            button(
              "Run from here",
              () => {
                this.actions.start({ from: step });
              },
              { key: "from-here" },
            ),
          ),
        );
      if (toDo > 0)
        made.push(
          can(
            button(
              busy ? "Starting…" : "Run what is needed",
              () => {
                this.actions.start({});
              },
              {
                class: state === "failed" ? "" : "primary",
                icon: busy ? icon("running", "iw-spin") : runIcon("play"),
                key: "run",
              },
            ),
          ),
        );
    }
    const more = button(
      "More",
      () => {
        this.#openMore(more, state, free);
      },
      {
        class: "ghost icon",
        icon: runIcon("dots"),
        hideLabel: true,
        key: "more",
      },
    );
    more.setAttribute("aria-haspopup", "menu");
    more.setAttribute("aria-expanded", "false");
    replace(this.#buttons, ...made, more);
  }

  #openMore(from: HTMLElement, state: string, free: boolean): void {
    this.menu.toggle(from, "More", [
      {
        label: "Run all steps again…",
        note: "even those up to date",
        disabled: !free || state === "running" || state === "empty",
        run: () => {
          this.#ask(
            {
              title: "Run all steps again?",
              text: "Everything they made is replaced, whether it is up to date or not.",
              yes: "Run all",
              no: "Leave it",
              danger: false,
              run: () => {
                this.actions.start({ from: "load_data" });
              },
            },
            "all",
          );
        },
      },
      {
        label: "Look at the folder again",
        note: "products and template",
        run: () => {
          this.actions.refresh();
        },
      },
    ]);
  }

  #whatIsKept(): string {
    const { model } = this.context;
    const step = model.get("_head").step;
    const keeps = kept(model.get("_rows"));
    return `${keeps ? `${keeps}. ` : "No step is completed yet. "}${step ? `What ${step} has made so far is removed; it starts again from its beginning next time.` : ""}`;
  }

  #askCancel(): void {
    this.#ask(
      {
        title: "Cancel the run?",
        text: this.#whatIsKept(),
        yes: "Cancel the run",
        no: "Let it run",
        danger: true,
        run: () => {
          this.say(" Cancelling…");
          this.actions.cancel().then(
            () => {
              this.#note.hidden = true;
            },
            (error: unknown) => {
              this.#note.hidden = true;
              this.context.fail(error);
            },
          );
        },
      },
      "cancel",
    );
  }

  #ask(question: Question, topic: string): void {
    this.#question.dataset.about = topic;
    this.#question.setAttribute("aria-label", question.title);
    this.#question.setAttribute("aria-describedby", this.#words.id);
    this.#words.textContent = question.text;
    const no = button(
      question.no,
      () => {
        this.#answer();
      },
      { class: "small" },
    );
    const yes = button(
      question.yes,
      () => {
        this.#answer();
        question.run();
      },
      { class: question.danger ? "small danger solid" : "small primary" },
    );
    replace(
      this.#question,
      icon("warning", "warning"),
      h("div", { class: "iw-grow" }, h("p", { class: "iw-b" }, question.title), this.#words),
      h("div", { class: "iw-row" }, yes, no),
    );
    this.#question.hidden = false;
    no.focus();
  }

  #answer(): void {
    this.#question.hidden = true;
    delete this.#question.dataset.about;
    this.#buttons.querySelector<HTMLElement>("button")?.focus();
  }

  #showStrip(rows: readonly Row[]): void {
    if (this.#strip.childElementCount !== rows.length)
      replace(this.#strip, ...rows.map(() => h("i", {}, h("b"))));
    const counts = new Map<StepState, number>();
    rows.forEach((row, index) => {
      counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
      const segment = this.#strip.children[index] as HTMLElement | undefined;
      if (!segment) return;
      segment.className = row.state;
      segment.title = `${row.number} ${row.name}: ${STATE_WORDS[row.state]}`;
      const bar = segment.firstElementChild as HTMLElement;
      bar.style.width = row.state === "running" ? `${Math.round((row.fraction ?? 0) * 100)}%` : "";
    });
    const words = listed([...counts].map(([state, n]) => `${n} ${STATE_WORDS[state]}`));
    this.#strip.setAttribute("aria-label", rows.length ? `${rows.length} steps: ${words}` : "No steps");
    this.#strip.hidden = rows.length === 0;
  }
}
