// Searching the log of a step: all its matches are known by the number of their line, whether it is shown or not.

import { button, h, replace, type Child } from "../lib/dom";
import { icon } from "../lib/icons";
import { Latest } from "../lib/messages";
import type { Context } from "./api";
import { occurrences } from "./log-window";
import { count } from "./words";

const PAUSE = 150;
const MOST = 20_000; // matches that the kernel tells

/** What a search needs to know of the log, and to do with it. */
export interface Searched {
  step(): string;
  /** Whether the end is followed: then the last match is the one to begin with. */
  following(): boolean;
  /** Number of the first line in sight. */
  topLine(): number;
  /** Brings a line into sight. */
  reach(line: number): Promise<void>;
  /** Marks the matches in the lines that are shown. */
  mark(): void;
}

export class LogSearch {
  readonly #query = h("input", {
    type: "search",
    class: "iw-in",
    "aria-label": "Search the log",
    placeholder: "Search the log",
    spellcheck: "false",
    autocomplete: "off",
  });
  readonly #hits = h("span", { class: "rn-hits iw-2", role: "status" });
  readonly #prev: HTMLButtonElement;
  readonly #next: HTMLButtonElement;
  readonly #latest = new Latest();
  #found: number[] = [];
  #searched = 0; // lines that were looked through
  #at = -1;

  /** The field, and the buttons beside it. */
  readonly elements: readonly HTMLElement[];

  constructor(
    private readonly context: Pick<Context, "requests" | "signal" | "fail">,
    private readonly log: Searched,
  ) {
    this.#prev = button("Previous match", () => void this.#go(-1), {
      class: "ghost icon",
      icon: icon("down", "rn-flip"),
      hideLabel: true,
    });
    this.#next = button("Next match", () => void this.#go(1), {
      class: "ghost icon",
      icon: icon("down"),
      hideLabel: true,
    });
    const field = h("span", { class: "iw-search rn-search" }, icon("search"), this.#query, this.#hits);
    this.elements = [field, this.#prev, this.#next];
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#query.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.#search(true), PAUSE);
    });
    this.#query.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        void this.#go(event.shiftKey ? -1 : 1);
      } else if (event.key === "Escape" && this.#query.value !== "") {
        event.stopPropagation();
        this.#query.value = "";
        void this.#search(true);
      }
    });
    context.signal.addEventListener("abort", () => {
      this.#latest.cancel();
    });
    this.#counted();
  }

  get query(): string {
    return this.#query.value.trim();
  }

  focus(): void {
    this.#query.focus();
    this.#query.select();
  }

  /** Lets go of what was found in another log. */
  forget(): void {
    this.#found = [];
    this.#searched = 0;
    this.#at = -1;
  }

  /** Searches the log that is shown now from its beginning. */
  anew(): void {
    if (this.query !== "") void this.#search(true);
  }

  /** Searches what was added to a log of so many lines. */
  grown(total: number): void {
    if (this.query !== "" && total > this.#searched && this.#found.length < MOST) void this.#search(false);
  }

  /** Shows a line with its matches marked. */
  show(element: HTMLElement, words: HTMLElement, text: string): void {
    const parts: Child[] = [];
    let from = 0;
    for (const [start, end] of occurrences(text, this.query)) {
      parts.push(text.slice(from, start), h("mark", {}, text.slice(start, end)));
      from = end;
    }
    parts.push(text.slice(from));
    replace(words, ...parts);
    element.classList.toggle("current", Number(element.dataset.line) === this.#found[this.#at]);
  }

  async #search(anew: boolean): Promise<void> {
    const { query } = this;
    if (anew) this.forget();
    if (query === "") {
      this.#latest.cancel();
      this.log.mark();
      this.#counted();
      return;
    }
    const start = Math.max(0, this.#searched - 1);
    this.#hits.textContent = anew ? "…" : this.#hits.textContent;
    try {
      const { payload } = await this.context.requests.request(
        "search",
        { step: this.log.step(), query, start },
        { signal: this.#latest.next() },
      );
      this.#found = [...this.#found.filter((line) => line < start), ...payload.lines];
      this.#searched = payload.total;
    } catch (error) {
      if (!this.context.signal.aborted) this.context.fail(error);
      return;
    }
    if (anew && this.#found.length > 0) {
      const here = this.log.topLine();
      const next = this.#found.findIndex((line) => line >= here);
      this.#at = this.log.following() || next < 0 ? this.#found.length - 1 : next;
      await this.#reach();
    } else if (anew) this.log.mark();
    this.#counted();
  }

  async #go(by: number): Promise<void> {
    if (this.#found.length === 0) return;
    this.#at = (this.#at + by + this.#found.length) % this.#found.length;
    await this.#reach();
    this.#counted();
  }

  async #reach(): Promise<void> {
    const line = this.#found[this.#at];
    if (line === undefined) return;
    await this.log.reach(line);
    this.log.mark();
  }

  #counted(): void {
    const some = this.#found.length > 0;
    const all = this.#found.length >= MOST ? `${count(MOST)} or more` : count(this.#found.length);
    this.#hits.textContent = this.query === "" ? "" : some ? `${count(this.#at + 1)} of ${all}` : "no match";
    this.#hits.title = some ? "lines with a match" : "";
    this.#prev.disabled = this.#next.disabled = !some;
  }
}
