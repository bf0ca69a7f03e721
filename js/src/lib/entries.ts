// Lists of folders and files to choose from.

import { button, h, type Child } from "./dom";
import { icon } from "./icons";

/** One folder or file; `className` for names in the type of code. */
export function entryRow(
  content: readonly Child[],
  choose: () => void,
  key?: string,
  className = "",
): HTMLElement {
  const row = h(
    "button",
    {
      type: "button",
      class: `iw-entry ${className}`.trim(),
      "data-key": key === undefined ? null : `entry-${key}`,
    },
    ...content,
  );
  row.addEventListener("click", choose);
  return h("li", {}, row);
}

/** Leads to the folder above, if there is one that may be seen. */
export function upButton(parent: string | null, go: (path: string) => void, key: string): HTMLButtonElement {
  const up = button(
    "Up",
    () => {
      if (parent !== null) go(parent);
    },
    { class: "small", icon: icon("up"), key, title: "To the folder above" },
  );
  up.disabled = parent === null;
  return up;
}
