// Labelled fields that several widgets have.

import { h, listen } from "./dom";

/** A list of choices under its label; `options` are values and their words. */
export function selectField<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  value: T,
  onChange: (value: T) => void,
  key: string,
): HTMLElement {
  const element = h("select", { class: "iw-in", "data-key": key });
  for (const [name, text] of options) {
    const option = h("option", { value: name }, text);
    option.selected = name === value;
    element.append(option);
  }
  listen(element, "change", () => {
    onChange(element.value as T);
  });
  return h("label", { class: "iw-field" }, label, element);
}

/** The unit of displacement. */
export function unitField(
  value: "mm" | "cm" | "m",
  onChange: (unit: "mm" | "cm" | "m") => void,
): HTMLElement {
  const units = ["mm", "cm", "m"] as const;
  return selectField(
    "Unit",
    units.map((unit) => [unit, unit] as const),
    value,
    onChange,
    "unit",
  );
}
