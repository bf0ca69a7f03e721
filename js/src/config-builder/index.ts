import type { RenderProps } from "@anywidget/types";
import { makeViewContext } from "../lib/context";
import { button, h, replace } from "../lib/dom";
import { plural } from "../lib/findings";
import { icon } from "../lib/icons";
import { Latest } from "../lib/messages";
import "../lib/theme.css";
import "../lib/engine.css";
import "../lib/findings.css";
import "../lib/stack-map.css";
import { isSet, type BuilderApi, type Context, type Option, type Schema, type State } from "./api";
import { segments } from "./controls";
import { makeField, type Field } from "./fields";
import { filesPanel } from "./files-panel";
import { allFindings, engineChoice, kernelError, presetMenu } from "./header";
import { previewPanel, saveButton } from "./preview";
import "./style.css";
import "./fields.css";
import "./preview.css";

type Depth = "essentials" | "all" | "changed";
const DEPTHS: readonly Depth[] = ["essentials", "all", "changed"];
const OTHER = "other";
const SEARCH_PAUSE = 80;

interface Group {
  title: string;
  note: string;
  keys: readonly string[];
}

/** An option that the installed MintPy does not know. */
function unknown(key: string): Option {
  return {
    key,
    label: key.split(".").at(-1) ?? key,
    group: "",
    step: OTHER,
    kind: "free",
    choices: [],
    auto: "",
    auto_help: "",
    help: "",
    notes: "",
    accepts: "",
    minimum: null,
    maximum: null,
    unit: "",
  };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select");
}

class Builder {
  readonly #options: Map<string, Option>;
  readonly #fields = new Map<string, Field>();
  readonly #list = h("div", { class: "cb-fields", role: "region", "aria-label": "Options", tabindex: "-1" });
  readonly #nav = h("nav", { class: "cb-nav", "aria-label": "Steps" });
  readonly #jump = h("select", { class: "iw-in cb-select cb-step", "aria-label": "Go to step" });
  readonly #latest = new Latest();
  readonly #search: HTMLInputElement;
  readonly #depths: ReturnType<typeof segments>;
  readonly #kept = new Set<string>(); // stay in "changed" after their reset, until it is entered anew
  #depth: Depth = "essentials";
  #found: { query: string; keys: string[] } | null = null;
  #layout = "";
  #step = "";

  constructor(
    private readonly context: Context,
    private readonly schema: Schema,
    root: HTMLElement,
  ) {
    this.#options = new Map(schema.options.map((option) => [option.key, option]));
    this.#search = this.#makeSearch();
    this.#depths = segments("Depth", ["Essentials", "All", "Changed"], (index) => {
      this.#enter(DEPTHS[index] ?? "essentials");
    });
    const files = filesPanel(context, () => {
      openButton.setAttribute("aria-expanded", String(files.mode === "open"));
      saveAsButton.setAttribute("aria-expanded", String(files.mode === "save"));
    });
    const openButton = button(
      "Open…",
      () => {
        if (files.mode === "open") files.close();
        else files.open();
      },
      { key: "open" },
    );
    const saveAsButton = button(
      "Save as…",
      () => {
        if (files.mode === "save") files.close();
        else files.saveAs();
      },
      { key: "save-as" },
    );
    const { chips, panel } = allFindings(context, (key) => {
      this.jump(key);
    });
    root.append(
      context.live.element,
      h(
        "header",
        { class: "iw-header cb-header" },
        h("h2", {}, "Template"),
        h("span", { class: "iw-search cb-search" }, icon("search"), this.#search, h("kbd", {}, "/")),
        this.#depths.element,
        presetMenu(context, schema),
        h(
          "span",
          { class: "cb-end" },
          chips,
          openButton,
          saveAsButton,
          saveButton(context, () => {
            files.save();
          }),
        ),
      ),
      engineChoice(context),
      context.alerts,
      kernelError(context),
      files.element,
      panel,
      h(
        "div",
        { class: "cb-body" },
        this.#nav,
        h("div", { class: "cb-middle" }, this.#jump, this.#list),
        previewPanel(context, (key) => {
          this.jump(key);
        }),
      ),
    );
    root.addEventListener("keydown", (event) => {
      if (event.key === "/" && !isTyping(event.target)) {
        event.preventDefault();
        this.#search.focus();
        this.#search.select();
      } else if (event.key === "Escape") {
        files.close();
        panel.hidden = true;
      }
    });
    this.#list.addEventListener("scroll", () => {
      this.#spy();
    });
    this.#jump.addEventListener("change", () => {
      this.goTo(this.#jump.value);
    });
    context.watch(["_values", "_rows"], () => {
      this.#showNav();
    });
    context.watch(["_values", "_rows", "_hints", "_stack_view", "_place"], () => {
      this.#show();
    });
    this.#spy();
  }

  /** Shows an option, in all of them if it is not shown now, and puts the focus there. */
  jump(key: string): void {
    if (!this.#shown().some((group) => group.keys.includes(key))) this.#enter("all");
    const field = this.#field(key);
    if (!field.element.isConnected) return;
    this.#scrollTo(field.element);
    if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches)
      field.element.animate([{ background: "var(--iw-accent-soft)" }, {}], { duration: 1400 });
    field.focus();
  }

  /** Scrolls to the first option of a step, in all options if the essentials have none of it. */
  goTo(step: string): void {
    const first = (): string | undefined =>
      this.#shown()
        .flatMap((group) => group.keys)
        .find((key) => this.#option(key).step === step);
    if (first() === undefined) this.#enter("all");
    const key = first();
    if (key === undefined) return;
    const { element } = this.#field(key);
    const heading = element.previousElementSibling;
    this.#scrollTo(heading?.classList.contains("cb-group") ? heading : element);
    this.#mark(step);
  }

  #scrollTo(element: Element): void {
    const top = element.getBoundingClientRect().top - this.#list.getBoundingClientRect().top;
    this.#list.scrollTop += top - 4;
  }

  #enter(depth: Depth): void {
    this.#depth = depth;
    this.#found = null;
    this.#search.value = "";
    this.#kept.clear();
    this.#show();
    this.#list.scrollTop = 0;
    this.#spy();
  }

  #option(key: string): Option {
    return this.#options.get(key) ?? unknown(key);
  }

  #field(key: string): Field {
    const essential = this.#depth === "essentials" && this.#found === null;
    const name = `${essential ? "essential" : "plain"} ${key}`;
    let field = this.#fields.get(name);
    if (!field) {
      field = makeField(this.#option(key), essential, this.schema, this.#options, this.context);
      this.#fields.set(name, field);
    }
    return field;
  }

  #bySection(keys: readonly string[]): Group[] {
    const sections = [...this.schema.sections, { name: OTHER, number: null }];
    return sections
      .map(({ name, number }) => ({
        title: name === OTHER ? "Unknown to this MintPy" : name,
        note: number === null ? "" : `step ${number}`,
        keys: keys.filter((key) => this.#option(key).step === name),
      }))
      .filter((group) => group.keys.length > 0);
  }

  #changed(): string[] {
    const values = this.context.model.get("_values");
    const known = this.schema.options.map((option) => option.key);
    const others = Object.keys(values).filter((key) => !this.#options.has(key));
    return [...known.filter((key) => isSet(values, key)), ...others];
  }

  #shown(): Group[] {
    if (this.#found) {
      const { query, keys } = this.#found;
      const title =
        keys.length === 0 ? `No option fits “${query}”` : `${plural(keys.length, "option")} for “${query}”`;
      return [
        {
          title,
          note: keys.length === 0 ? "Try another word, or look through all options." : "best first",
          keys,
        },
      ];
    }
    if (this.#depth === "essentials")
      return this.schema.essentials.map(({ title, keys }) => ({
        title,
        note: [...new Set(keys.map((key) => this.#option(key).step))].join(", "),
        keys,
      }));
    const changed = this.#changed();
    if (this.#depth === "changed") {
      for (const key of changed) this.#kept.add(key);
      const order = [...this.#options.keys(), ...changed.filter((key) => !this.#options.has(key))];
      const groups = this.#bySection(order.filter((key) => this.#kept.has(key)));
      const nothing = { title: "Nothing is changed", note: "every option has MintPy's default", keys: [] };
      return groups.length > 0 ? groups : [nothing];
    }
    return this.#bySection([...this.#options.keys(), ...changed.filter((key) => !this.#options.has(key))]);
  }

  #show(): void {
    const groups = this.#shown();
    const fields = groups.flatMap((group) => group.keys).map((key) => this.#field(key));
    const layout = JSON.stringify([this.#depth, groups]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      const { scrollTop } = this.#list;
      let next = 0;
      replace(
        this.#list,
        ...groups.flatMap((group) => [
          h("h3", { class: "cb-group" }, group.title, h("span", {}, group.note)),
          ...group.keys.map(() => fields[next++]?.element),
        ]),
      );
      this.#list.scrollTop = scrollTop;
    }
    for (const field of fields) field.update();
    this.#depths.update(this.#found ? -1 : DEPTHS.indexOf(this.#depth));
    const counts = [0, this.schema.options.length, this.#changed().length];
    this.#depths.element.querySelectorAll("button").forEach((element, index) => {
      const count = counts[index] ?? 0;
      const name = ["Essentials", "All", "Changed"][index] ?? "";
      if (count > 0) replace(element, name, h("span", { class: "cb-count" }, String(count)));
      else replace(element, name);
    });
  }

  #showNav(): void {
    const { model } = this.context;
    const values = model.get("_values");
    const rows = model.get("_rows");
    const sections = [...this.schema.sections];
    if (this.#changed().some((key) => !this.#options.has(key))) sections.push({ name: OTHER, number: null });
    replace(
      this.#nav,
      ...sections.map(({ name, number }) => {
        const count = Object.keys(values).filter(
          (key) => isSet(values, key) && this.#option(key).step === name,
        ).length;
        const errors = rows.filter(
          (row) => row.severity === "error" && row.key !== "" && this.#option(row.key).step === name,
        ).length;
        const row = h(
          "button",
          { type: "button", "data-key": `nav-${name}`, "data-step": name },
          h("span", { class: "cb-no" }, number === null ? "" : String(number)),
          h("span", { class: "iw-clip" }, name),
          h(
            "span",
            { class: "cb-nav-n" },
            count > 0 ? `${count} set` : "",
            errors > 0 ? icon("error", "small error") : null,
            errors > 0 ? h("span", { class: "iw-sr" }, plural(errors, "error")) : null,
          ),
        );
        row.addEventListener("click", () => {
          this.goTo(name);
        });
        return row;
      }),
    );
    const names = JSON.stringify(sections);
    if (this.#jump.dataset.names !== names) {
      this.#jump.dataset.names = names;
      replace(
        this.#jump,
        ...sections.map(({ name, number }) =>
          h("option", { value: name }, number === null ? name : `Step ${number}, ${name}`),
        ),
      );
    }
    this.#mark(this.#step);
  }

  #mark(step: string): void {
    this.#step = step;
    this.#jump.value = step;
    for (const row of this.#nav.querySelectorAll<HTMLElement>("button")) {
      const here = row.dataset.step === step;
      row.classList.toggle("on", here);
      if (here) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /** Marks the step whose options are at the top. */
  #spy(): void {
    const top = this.#list.getBoundingClientRect().top + 8;
    const rows = [...this.#list.querySelectorAll<HTMLElement>(".cb-op")];
    const first = rows.find((row) => row.getBoundingClientRect().bottom > top) ?? rows[0];
    if (first?.dataset.option) this.#mark(this.#option(first.dataset.option).step);
  }

  #makeSearch(): HTMLInputElement {
    const count = this.schema.options.length;
    const input = h("input", {
      type: "search",
      class: "iw-in",
      placeholder: `Search ${count} options and their help`,
      "aria-label": `Search ${count} options and their help`,
      spellcheck: "false",
      autocomplete: "off",
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const leave = (): void => {
      this.#latest.cancel();
      this.#found = null;
      this.#show();
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      const query = input.value.trim();
      if (query === "") {
        leave();
        return;
      }
      timer = setTimeout(() => {
        this.context.requests
          .request("search", { query }, { signal: this.#latest.next() })
          .then(({ payload }) => {
            this.#found = { query, keys: payload };
            this.#show();
            this.#list.scrollTop = 0;
            this.#spy();
            this.context.live.say(plural(payload.length, "option"));
          })
          .catch(this.context.fail);
      }, SEARCH_PAUSE);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && input.value !== "") {
        input.value = "";
        leave();
        event.stopPropagation();
      } else if ((event.key === "Enter" || event.key === "ArrowDown") && this.#found?.keys[0]) {
        event.preventDefault();
        this.#field(this.#found.keys[0]).focus();
      }
    });
    return input;
  }
}

function render(props: RenderProps<State>): () => void {
  const { el } = props;
  // Shortcuts of the notebook must not fire while keys are pressed in here.
  const root = h("div", { class: "iw cb", "data-lm-suppress-shortcuts": "true", tabindex: "-1" });
  const context = makeViewContext<State, BuilderApi>(props);
  const quiet = h("p", { class: "cb-quiet iw-row" }, icon("running", "iw-spin"), "Reading MintPy's options…");
  root.append(quiet);
  el.append(root);
  const load = (): void => {
    context.requests
      .request("schema", null, { signal: context.signal })
      .then(({ payload }) => {
        root.replaceChildren();
        new Builder(context, payload, root);
      })
      .catch((error: unknown) => {
        if (context.signal.aborted) return;
        context.fail(error);
        const again = button("Try again", load, { class: "small", icon: icon("retry") });
        replace(
          root,
          context.alerts,
          h("p", { class: "cb-quiet" }, "MintPy's options could not be read. ", again),
        );
      });
  };
  load();
  return () => {
    root.remove();
  };
}

export default { render };
