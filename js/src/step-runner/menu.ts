// A menu that opens under its button and is worked with the arrow keys.

import { h, replace } from "../lib/dom";

export interface Item {
  label: string;
  note?: string;
  disabled?: boolean;
  run: () => void;
}

export class Menu {
  readonly element = h("div", { class: "rn-menu", role: "menu", hidden: true });
  #from: HTMLElement | null = null;

  constructor(
    private readonly root: HTMLElement,
    signal: AbortSignal,
  ) {
    root.append(this.element);
    this.element.addEventListener("keydown", (event) => {
      this.#key(event);
    });
    document.addEventListener(
      "pointerdown",
      (event) => {
        const target = event.target as Node;
        if (!this.element.contains(target) && !this.#from?.contains(target)) this.close(false);
      },
      { signal },
    );
    window.addEventListener(
      "resize",
      () => {
        this.close(true); // its button has moved
      },
      { signal },
    );
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** Opens at a button, or closes if it was open there. */
  toggle(from: HTMLElement, label: string, items: readonly Item[]): void {
    if (this.isOpen && this.#from === from) {
      this.close(true);
      return;
    }
    this.close(false);
    this.#from = from;
    from.setAttribute("aria-expanded", "true");
    this.element.setAttribute("aria-label", label);
    replace(
      this.element,
      ...items.map((item) => {
        const entry = h(
          "button",
          {
            type: "button",
            role: "menuitem",
            tabindex: "-1",
            "aria-disabled": item.disabled === true ? "true" : null,
          },
          h("span", {}, item.label),
          item.note ? h("span", { class: "rn-menu-note" }, item.note) : null,
        );
        entry.addEventListener("click", () => {
          if (item.disabled === true) return;
          this.close(true);
          item.run();
        });
        return entry;
      }),
    );
    this.element.hidden = false;
    this.element.style.left = "0"; // where it was before would leave it less room
    const box = this.root.getBoundingClientRect();
    const at = from.getBoundingClientRect();
    const { width, height } = this.element.getBoundingClientRect();
    const left = Math.min(Math.max(4, at.right - box.left - width), Math.max(4, box.width - width - 4));
    const below = at.bottom - box.top + 2;
    const fits = below + height <= box.height || at.top - box.top < height;
    this.element.style.left = `${left}px`;
    this.element.style.top = `${fits ? below : at.top - box.top - height - 2}px`;
    this.#entries()[0]?.focus();
  }

  close(back: boolean): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.#from?.setAttribute("aria-expanded", "false");
    if (back) this.#from?.focus();
    this.#from = null;
  }

  #entries(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("button")];
  }

  #key(event: KeyboardEvent): void {
    const entries = this.#entries();
    const at = entries.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      event.stopPropagation();
      this.close(true);
    } else if (event.key in steps) {
      event.preventDefault();
      const next = steps[event.key] ?? 0;
      entries.at(next % entries.length)?.focus();
    }
  }
}
