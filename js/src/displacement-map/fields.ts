// The parts that the panels of the map are made of.

import { h } from "../lib/dom";

export function section(
  title: string,
  aside: HTMLElement | null,
  ...rows: (HTMLElement | null)[]
): HTMLElement {
  return h(
    "section",
    { class: "dm-section", "aria-label": title },
    h("div", { class: "dm-section-head" }, h("h3", { class: "iw-b iw-grow" }, title), aside),
    ...rows,
  );
}

export function row(label: string, ...parts: HTMLElement[]): HTMLElement {
  return h("div", { class: "dm-line" }, h("span", { class: "dm-name" }, label), ...parts);
}

export function select(
  label: string,
  choices: [string, string][],
  change: (value: string) => void,
): HTMLSelectElement {
  const element = h(
    "select",
    { class: "dm-select iw-grow", "aria-label": label },
    ...choices.map(([value, text]) => h("option", { value }, text)),
  );
  element.addEventListener("change", () => {
    change(element.value);
  });
  return element;
}

/** A number that counts when Enter is pressed or the field is left; `commit` tells whether it is possible. */
export function number(label: string, commit: (value: number) => boolean): HTMLInputElement {
  const field = h("input", {
    class: "iw-in dm-number",
    type: "text",
    inputmode: "decimal",
    "aria-label": label,
  });
  field.addEventListener("input", () => {
    field.dataset.typing = "yes";
  });
  field.addEventListener("blur", () => {
    delete field.dataset.typing;
  });
  const take = (): void => {
    delete field.dataset.typing;
    const value = Number(field.value.trim().replace("−", "-").replace(",", "."));
    const good = field.value.trim() !== "" && Number.isFinite(value) && commit(value);
    field.setAttribute("aria-invalid", String(!good));
  };
  field.addEventListener("change", take);
  // JupyterLab keeps the browser from making a change of it
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !field.dataset.typing) return;
    event.preventDefault();
    take();
  });
  return field;
}

/** Sets what a field says, and that it is possible; not while the user types in it. */
export function fill(field: HTMLInputElement, text: string): void {
  if (field.dataset.typing || (field.matches(":focus") && field.getAttribute("aria-invalid") === "true"))
    return;
  field.value = text;
  field.removeAttribute("aria-invalid");
}

export function slider(label: string, most: number, step: number): HTMLInputElement {
  return h("input", {
    type: "range",
    min: 0,
    max: most,
    step,
    class: "dm-range iw-grow",
    "aria-label": label,
  });
}

export function checkbox(
  label: string,
  checked: boolean,
  change: (checked: boolean) => void,
): HTMLLabelElement {
  const box = h("input", { type: "checkbox", class: "dm-switch" });
  box.checked = checked;
  box.addEventListener("change", () => {
    change(box.checked);
  });
  return h("label", { class: "dm-line dm-check" }, box, label);
}
