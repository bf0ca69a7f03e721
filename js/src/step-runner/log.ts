// The log of a step: live, searchable, follows its end unless the user scrolls, never more than a window of it here.

import { toClipboard } from "../lib/clipboard";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import type { Context, Line } from "./api";
import { runIcon } from "./icons";
import { LogSearch } from "./log-search";
import { LogWindow, PART } from "./log-window";
import { count } from "./words";

const NEAR = 400;
const LABELS: Record<string, string> = { start: "start of the run", plot: "MintPy's figures" };

export class LogPane {
  readonly element: HTMLElement;
  readonly #step = h("select", { class: "iw-in rn-select", "aria-label": "Log of" });
  readonly #search: LogSearch;
  readonly #lines = h("div", { class: "rn-lines" });
  readonly #body: HTMLElement;
  readonly #about = h("span", { class: "iw-grow" });
  readonly #fresh: HTMLButtonElement;
  readonly #follow: HTMLButtonElement;
  readonly #copy: HTMLButtonElement;
  readonly #window = new LogWindow();
  #chosen: string | null = null;
  #following = true;
  #known = 0; // lines there were when following ended
  #busy = false;
  #again = false;

  constructor(
    private readonly context: Context,
    private readonly changed: (step: string) => void,
  ) {
    this.#body = h(
      "div",
      { class: "rn-log-body", role: "log", "aria-live": "off", tabindex: "0", "aria-label": "Log" },
      this.#lines,
    );
    this.#fresh = button(
      "",
      () => {
        this.#toEnd();
      },
      { class: "small primary", icon: runIcon("end") },
    );
    this.#fresh.hidden = true;
    this.#follow = button(
      "Follow the end",
      () => {
        if (this.#following) this.#stop();
        else this.#toEnd();
      },
      { class: "small", icon: runIcon("end"), key: "follow" },
    );
    this.#copy = button("Copy", () => void this.#copyAll(), {
      class: "small ghost",
      icon: icon("copy"),
      key: "copy",
    });
    this.#search = new LogSearch(context, {
      step: () => this.step,
      following: () => this.#following,
      topLine: () => this.#topLine(),
      reach: (line) => this.#reach(line),
      mark: () => {
        this.#markAll();
      },
    });
    this.element = h(
      "section",
      { class: "rn-log", "aria-label": "Log" },
      h("div", { class: "rn-log-head" }, this.#step, ...this.#search.elements),
      this.#body,
      h("div", { class: "rn-log-foot" }, this.#about, this.#fresh, this.#copy, this.#follow),
    );
    this.#step.addEventListener("change", () => {
      this.choose(this.#step.value);
    });
    this.#body.addEventListener("scroll", () => {
      this.#scrolled();
    });
    this.#body.addEventListener("keydown", (event) => {
      if (event.key === "End" && !event.ctrlKey) {
        event.preventDefault();
        this.#toEnd();
      } else if (event.key === "Home") {
        event.preventDefault();
        void this.#show(0);
      }
    });
    const keep = new ResizeObserver(() => {
      if (this.#following) this.#stick();
    });
    keep.observe(this.#body);
    context.signal.addEventListener("abort", () => {
      keep.disconnect();
    });
    context.watch(["_log", "_head"], () => {
      this.#options();
      void this.#sync();
    });
  }

  /** The step whose log is shown. */
  get step(): string {
    return this.#chosen ?? this.context.model.get("_log").step ?? "start";
  }

  /** Shows the log of a step; that of the step at work is followed on to the next steps. */
  choose(step: string): void {
    const running = this.context.model.get("_log").step;
    this.#chosen = step === running ? null : step;
    this.#following = true;
    this.#options();
    void this.#sync();
  }

  focus(): void {
    this.#body.focus();
  }

  focusSearch(): void {
    this.#search.focus();
  }

  #options(): void {
    const { model } = this.context;
    const logs = model.get("_head").logs ?? [];
    const all = [...new Set([...logs, this.step])];
    const names = ["start", ...model.get("_rows").map(({ name }) => name), "plot"].filter((name) =>
      all.includes(name),
    );
    const key = names.join();
    if (this.#step.dataset.names !== key) {
      this.#step.dataset.names = key;
      replace(this.#step, ...names.map((name) => h("option", { value: name }, LABELS[name] ?? name)));
    }
    this.#step.value = this.step;
    this.changed(this.step);
  }

  /** Fetches what is new; asked again while it does, it does so once more. */
  async #sync(): Promise<void> {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    try {
      do {
        this.#again = false;
        await this.#fetch();
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set while it waited
      } while (this.#again);
    } catch (error) {
      if (!this.context.signal.aborted) this.context.fail(error);
    } finally {
      this.#busy = false;
    }
  }

  async #fetch(): Promise<void> {
    const { step } = this;
    const shown = this.#window;
    const live = this.context.model.get("_log");
    if (shown.step !== step) {
      await this.#load(step, -PART);
      return;
    }
    if (live.step !== step) return;
    if (live.epoch !== shown.epoch || (live.lines ?? 0) - shown.end > 3 * PART) {
      if (live.epoch !== shown.epoch) this.#following = true;
      if (this.#following) await this.#load(step, -PART);
      else this.#grown(live.lines ?? 0);
      return;
    }
    if (!this.#following) {
      this.#grown(live.lines ?? 0);
      return;
    }
    const part = await this.#ask(step, Math.max(shown.first, shown.end - 1), 1000);
    if (this.step !== step || shown.step !== step) return;
    if (!shown.touches(part)) {
      await this.#load(step, -PART);
      return;
    }
    this.#join(part);
    this.#stick();
    this.#grown(part.total);
  }

  async #ask(step: string, start: number, lines: number): Promise<import("./api").LogPart> {
    const { payload } = await this.context.requests.request(
      "log",
      { step, start, count: lines },
      { signal: this.context.signal },
    );
    return payload;
  }

  async #load(step: string, start: number): Promise<void> {
    const part = await this.#ask(step, start, PART);
    const other = this.#window.step !== step || this.#window.epoch !== part.epoch;
    this.#window.reset(step, part);
    if (other) this.#search.forget();
    this.#lines.replaceChildren(
      ...this.#window.lines.map((line, index) => this.#line(line, part.start + index)),
    );
    if (this.#following) this.#stick();
    this.#grown(part.total);
    if (other) this.#search.anew();
  }

  #join(part: import("./api").LogPart): void {
    const { dropped, side, replaced, added } = this.#window.join(part);
    const children = this.#lines.children;
    if (side === "start") {
      const before = this.#lines.scrollHeight;
      this.#lines.prepend(
        ...this.#window.lines.slice(0, added).map((line, index) => this.#line(line, part.start + index)),
      );
      this.#body.scrollTop += this.#lines.scrollHeight - before;
      for (let n = 0; n < dropped; n += 1) this.#lines.lastElementChild?.remove();
      return;
    }
    for (let n = 0; n < replaced; n += 1) this.#lines.lastElementChild?.remove();
    this.#lines.append(...part.lines.map((line, index) => this.#line(line, part.start + index)));
    const before = this.#lines.scrollHeight;
    for (let n = 0; n < dropped; n += 1) children[0]?.remove();
    if (!this.#following) this.#body.scrollTop -= before - this.#lines.scrollHeight;
  }

  #line([text, kind]: Line, number: number): HTMLElement {
    const words = h("span", { class: "text" });
    const element = h(
      "div",
      { class: kind === "" ? "rn-line" : `rn-line ${kind}`, "data-line": number },
      h("span", { class: "no", "aria-hidden": "true" }, count(number + 1)),
      words,
    );
    this.#search.show(element, words, text);
    return element;
  }

  #markAll(): void {
    this.#window.lines.forEach(([text], index) => {
      const element = this.#lines.children[index] as HTMLElement | undefined;
      const words = element?.lastElementChild as HTMLElement | null | undefined;
      if (element && words) this.#search.show(element, words, text);
    });
  }

  #grown(total: number): void {
    const shown = this.#window;
    this.element.classList.toggle("empty", total === 0);
    if (this.#following) this.#known = total;
    const fresh = total - this.#known;
    this.#fresh.hidden = this.#following || fresh <= 0;
    this.#fresh.lastChild?.remove();
    if (this.#fresh.childElementCount < 1) this.#fresh.append(runIcon("end"));
    this.#fresh.append(`${count(fresh)} new ${fresh === 1 ? "line" : "lines"}`);
    const part =
      shown.lines.length < total
        ? `lines ${count(shown.first + 1)} to ${count(shown.end)} of ${count(total)}`
        : `${count(total)} ${total === 1 ? "line" : "lines"}`;
    this.#about.textContent = total === 0 ? "Nothing was printed yet" : part;
    this.#follow.setAttribute("aria-pressed", String(this.#following));
    replace(this.#follow, runIcon("end"), this.#following ? "Follows the end" : "Follow the end");
    this.#copy.disabled = total === 0;
    this.#search.grown(total);
  }

  #stick(): void {
    this.#body.scrollTop = this.#body.scrollHeight;
  }

  #atEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#body;
    return scrollHeight - scrollTop - clientHeight < 24;
  }

  #scrolled(): void {
    if (this.#body.clientHeight === 0) return;
    const shown = this.#window;
    if (this.#atEnd()) {
      if (shown.end >= shown.total && !this.#following && this.#known <= shown.end) this.#toEnd();
      else if (shown.end < this.#total()) void this.#more(shown.end - 1);
      else if (!this.#following) this.#toEnd();
      return;
    }
    if (this.#following) this.#stop();
    if (this.#body.scrollTop < NEAR && shown.first > 0) void this.#more(Math.max(0, shown.first - PART));
  }

  #total(): number {
    const live = this.context.model.get("_log");
    return live.step === this.#window.step
      ? Math.max(live.lines ?? 0, this.#window.total)
      : this.#window.total;
  }

  async #more(start: number): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { step } = this.#window;
    try {
      const wanted = start < this.#window.first ? this.#window.first - start : PART;
      const part = await this.#ask(step, start, wanted);
      if (this.#window.step === step && this.#window.touches(part)) {
        this.#join(part);
        this.#grown(part.total);
      }
    } catch (error) {
      if (!this.context.signal.aborted) this.context.fail(error);
    } finally {
      this.#busy = false;
    }
    if (this.#again) void this.#sync();
  }

  #stop(): void {
    this.#following = false;
    this.#known = this.#total();
    this.#grown(this.#known);
  }

  #toEnd(): void {
    this.#following = true;
    const shown = this.#window;
    const total = this.#total();
    if (shown.end < total - 1000) void this.#show(-PART);
    else void this.#sync();
    this.#stick();
    this.#grown(total);
  }

  /** Shows the log around a line; a negative number counts from the end. */
  async #show(line: number): Promise<void> {
    const start = line < 0 ? line : Math.max(0, line - Math.floor(PART / 2));
    if (line >= 0) this.#following = false;
    try {
      await this.#load(this.step, start);
    } catch (error) {
      if (!this.context.signal.aborted) this.context.fail(error);
      return;
    }
    if (line >= 0) this.#reveal(line);
  }

  #reveal(line: number): void {
    const element = this.#lines.children[line - this.#window.first] as HTMLElement | undefined;
    if (!element) return;
    const body = this.#body.getBoundingClientRect();
    const at = element.getBoundingClientRect();
    if (at.top < body.top + 20 || at.bottom > body.bottom - 20)
      this.#body.scrollTop += at.top - body.top - body.height / 2;
  }

  /** Brings a line into sight, and fetches it first where it is not in the page. */
  async #reach(line: number): Promise<void> {
    if (line < this.#window.first || line >= this.#window.end) await this.#show(line);
    else this.#reveal(line);
  }

  #topLine(): number {
    const top = this.#body.getBoundingClientRect().top;
    const seen = [...this.#lines.children].findIndex((line) => line.getBoundingClientRect().bottom > top);
    return this.#window.first + Math.max(0, seen);
  }

  async #copyAll(): Promise<void> {
    const chosen = document.getSelection();
    const inside = chosen !== null && !chosen.isCollapsed && this.#lines.contains(chosen.anchorNode);
    let text = inside ? this.#selected(chosen) : "";
    let said = "Copied what is selected";
    try {
      if (!inside) {
        const { payload } = await this.context.requests.request("text", { step: this.step });
        text = payload.text;
        const lines = payload.total - payload.first;
        said =
          payload.first > 0
            ? `Copied the last ${count(lines)} of ${count(payload.total)} lines`
            : `Copied ${count(lines)} lines`;
      }
      await toClipboard(text);
      this.#about.textContent = said;
      this.context.live.say(said);
    } catch (error) {
      this.context.fail(error);
    }
  }

  /** What is selected, without the numbers of the lines. */
  #selected(chosen: Selection): string {
    const part = chosen.getRangeAt(0).cloneContents();
    const lines = [...part.querySelectorAll(".text")];
    return lines.length > 0 ? lines.map((line) => line.textContent).join("\n") : chosen.toString();
  }
}
