import type { RenderProps } from "@anywidget/types";
import { makeViewContext } from "../lib/context";
import { h, replace, suppressShortcuts } from "../lib/dom";
import { button } from "../lib/dom";
import { icon } from "../lib/icons";
import "../lib/theme.css";
import "../lib/engine.css";
import type { Context, Fix, RunnerApi, State } from "./api";
import { footer } from "./footer";
import { Header, type HeaderActions } from "./header";
import { LogPane } from "./log";
import { Menu } from "./menu";
import { ProductPanel } from "./product";
import { Steps } from "./steps";
import "./style.css";
import "./steps.css";
import "./side.css";
import { listed } from "./words";

const CALL_SECONDS = 20;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}

/** The failure in words, and what can be done about it. */
function failure(context: Context, busy: () => boolean, act: (fix: Fix) => void): HTMLElement {
  const { model } = context;
  const box = h("div", { class: "rn-failure", role: "alert", hidden: true });
  context.watch(["_head", "_fixes"], () => {
    const head = model.get("_head");
    box.hidden = (head.state !== "failed" && head.state !== "interrupted") || !head.reason;
    if (box.hidden) {
      replace(box);
      return;
    }
    const fixes = model.get("_fixes");
    const key = JSON.stringify([head.reason, head.remedy, fixes, head.writable]);
    if (box.dataset.key === key && box.childElementCount > 0) return;
    box.dataset.key = key;
    replace(
      box,
      icon("error", "error"),
      h(
        "div",
        {},
        h("p", { class: "iw-b" }, head.reason ?? ""),
        head.remedy ? h("p", {}, head.remedy) : null,
        h(
          "div",
          { class: "rn-fixes" },
          ...fixes.map((fix, index) => {
            const tone = index === 0 ? "small primary" : "small";
            if (fix.href?.startsWith("https://"))
              return h(
                "a",
                { class: `iw-btn ${tone}`, href: fix.href, target: "_blank", rel: "noopener noreferrer" },
                fix.label,
                icon("link", "small"),
              );
            const mend = button(
              fix.label,
              () => {
                if (!busy()) act(fix);
              },
              { class: tone, key: `fix-${index}` },
            );
            mend.disabled = head.writable === false;
            return mend;
          }),
        ),
      ),
    );
  });
  return box;
}

class Runner {
  readonly #view = Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join("");
  #offset = 0;
  #busy = false;

  constructor(
    private readonly context: Context,
    root: HTMLElement,
  ) {
    const { model, requests } = context;
    const menu = new Menu(root, context.signal);
    const doing = (work: Promise<unknown>): Promise<void> => {
      this.#busy = true;
      header.update();
      return work
        .then(() => undefined, context.fail)
        .finally(() => {
          this.#busy = false;
          header.update();
        });
    };
    const actions: HeaderActions = {
      start: (payload) => {
        replace(context.alerts);
        log.choose(model.get("_log").step ?? "start");
        void doing(requests.request("start", payload));
      },
      cancel: () => requests.request("cancel", null),
      refresh: () => {
        requests.request("refresh", null).catch(context.fail);
      },
      flip: (step, on) => {
        requests
          .request("switch", { step, on })
          .then(({ payload }) => {
            const file = payload.file.split("/").at(-1) ?? payload.file;
            const next = payload.to_do;
            const running = model.get("_head").state === "running";
            const words =
              next.length > 0
                ? `To run now: ${next.length > 6 ? `${next.slice(0, 5).join(", ")} and ${next.length - 5} more` : listed(next)}.`
                : "Nothing has to run again.";
            header.say(
              `: ${payload.line}. ${running ? "It counts from the next run on. " : ""}${words}`,
              file,
            );
          })
          .catch(context.fail);
      },
      open: (chip, from) => {
        product.open(chip, from);
      },
      select: (step, focusLog) => {
        product.close();
        log.choose(step);
        if (focusLog) log.focus();
      },
      now: () => Date.now() / 1000 + this.#offset,
      free: () =>
        !this.#busy && model.get("_head").state !== "running" && model.get("_head").writable !== false,
      busy: () => this.#busy,
    };
    const product = new ProductPanel(context, (open) => {
      log.element.hidden = open;
    });
    let selected = "";
    const header: Header = new Header(context, actions, menu);
    const steps: Steps = new Steps(context, actions, menu, () => selected);
    const log: LogPane = new LogPane(context, (step) => {
      if (step === selected) return;
      selected = step;
      steps.show(model.get("_rows"));
    });
    const side = h(
      "div",
      { class: "rn-side" },
      failure(
        context,
        () => this.#busy,
        (fix) => void doing(requests.request("fix", { values: fix.values ?? {} })),
      ),
      product.element,
      log.element,
    );
    const body = h("div", { class: "rn-body" }, steps.element, side);
    root.prepend(context.live.element, header.element, body, footer(context));
    context.watch(["_rows"], () => {
      body.hidden = model.get("_rows").length === 0;
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "/" && !isTyping(event.target) && !product.isOpen) {
        event.preventDefault();
        log.focusSearch();
      }
    });
    this.#every(1000, () => {
      if (model.get("_head").state !== "running") return;
      header.tick();
      steps.tick();
    });
    this.#stay();
  }

  /** Tells the kernel that somebody looks, and learns its time. */
  #stay(): void {
    const { requests, signal } = this.context;
    const call = (): void => {
      const asked = Date.now() / 1000;
      requests.request("here", { view: this.#view }, { signal }).then(
        ({ payload }) => {
          this.#offset = payload.now - (asked + Date.now() / 1000) / 2;
        },
        () => {
          // a kernel that is busy or gone says so where something is asked of it
        },
      );
    };
    call();
    this.#every(CALL_SECONDS * 1000, call);
    signal.addEventListener("abort", () => {
      try {
        const leave = { id: `leave-${this.#view}`, kind: "leave", payload: { view: this.#view } };
        this.context.model.send(leave);
      } catch {
        // the kernel is gone
      }
    });
  }

  #every(milliseconds: number, work: () => void): void {
    const timer = setInterval(work, milliseconds);
    this.context.signal.addEventListener("abort", () => {
      clearInterval(timer);
    });
  }
}

function render(props: RenderProps<State>): () => void {
  const root = h("div", { class: "iw rn", "data-lm-suppress-shortcuts": "true" });
  suppressShortcuts(root);
  props.el.append(root);
  new Runner(makeViewContext<State, RunnerApi>(props), root);
  return () => {
    root.remove();
  };
}

export default { render };
