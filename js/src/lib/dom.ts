// Builds DOM from text only: a product's folder may be named like markup.

export type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, ...children);
}

export function append(parent: Node, ...children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** `h("p", {class: "iw-note"}, "text", node)`: strings become text, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/** Does something to what is inside; the focus stays where it was if an element with the same `data-key` is there again. */
function keepFocus(parent: Element, change: () => void): void {
  const root = parent.getRootNode() as Document | ShadowRoot;
  const active = root.activeElement;
  const key = active && parent.contains(active) ? active.getAttribute("data-key") : null;
  change();
  if (key === null || root.activeElement === active) return;
  const again = [...parent.querySelectorAll<HTMLElement>("[data-key]")].find((e) => e.dataset.key === key);
  again?.focus({ preventScroll: true });
}

/** Replaces what is inside, and keeps the focus. */
export function replace(parent: HTMLElement, ...children: readonly Child[]): void {
  keepFocus(parent, () => {
    parent.replaceChildren();
    append(parent, ...children);
  });
}

/** As `replace`, but elements that are there already are left alone: the browser lays out only what is new. */
export function arrange(parent: Element, children: readonly Element[]): void {
  keepFocus(parent, () => {
    const wanted = new Set<Element>(children);
    for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
    children.forEach((child, index) => {
      const there = parent.children[index] ?? null;
      if (there !== child) parent.insertBefore(child, there);
    });
  });
}

export function listen<K extends keyof HTMLElementEventMap>(
  target: HTMLElement,
  event: K,
  listener: (event: HTMLElementEventMap[K]) => void,
): void {
  target.addEventListener(event, listener);
}

export function button(
  label: string,
  onClick: () => void,
  options: {
    class?: string;
    icon?: Node;
    iconAfter?: Node;
    key?: string;
    title?: string;
    hideLabel?: boolean;
  } = {},
): HTMLButtonElement {
  const element = h(
    "button",
    {
      type: "button",
      class: `iw-btn ${options.class ?? ""}`.trim(),
      title: options.title ?? (options.hideLabel ? label : null),
      "aria-label": options.hideLabel ? label : null,
      "data-key": options.key,
    },
    options.icon,
    options.hideLabel ? null : label,
    options.iconAfter,
  );
  element.addEventListener("click", onClick);
  return element;
}

/**
 * Keeps keys pressed inside of a widget from being shortcuts of JupyterLab, where `b` on a focused button would
 * insert a cell. Its shortcuts look at the focused element itself before anything around it.
 */
export function suppressShortcuts(root: HTMLElement): void {
  root.addEventListener("focusin", (event) => {
    if (event.target instanceof Element) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  });
}

/** Says something to screen readers, once. */
export class LiveRegion {
  readonly element = h("div", { class: "iw-sr", role: "status", "aria-live": "polite" });

  say(text: string): void {
    if (this.element.textContent !== text) this.element.textContent = text;
  }
}
