// A button that opens a panel under the header; one at a time.

import { button, h } from "./dom";
import { icon, type IconName } from "./icons";

export interface Popover {
  readonly opener: HTMLButtonElement;
  readonly panel: HTMLElement;
  close(): void;
}

export function popovers(
  host: HTMLElement,
): (
  label: string,
  name: IconName | null,
  content: HTMLElement,
  options?: { hideLabel?: boolean; key?: string; onOpen?: () => void },
) => Popover {
  const all: Popover[] = [];
  host.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = all.find((one) => !one.panel.hidden);
    if (!open) return;
    open.close();
    open.opener.focus();
    event.stopPropagation();
  });
  return (label, name, content, options = {}) => {
    const panel = h("section", { class: "iw-panel", "aria-label": label, hidden: true }, content);
    const opener = button(
      label,
      () => {
        const opening = panel.hidden;
        for (const other of all) other.close();
        if (!opening) return;
        panel.hidden = false;
        opener.setAttribute("aria-expanded", "true");
        options.onOpen?.();
        panel.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
      },
      {
        class: options.hideLabel ? "ghost icon" : "",
        ...(name ? { icon: icon(name) } : {}),
        ...(options.hideLabel ? {} : { iconAfter: icon("down", "small") }),
        hideLabel: options.hideLabel ?? false,
        ...(options.key ? { key: options.key } : {}),
      },
    );
    opener.setAttribute("aria-expanded", "false");
    const popover: Popover = {
      opener,
      panel,
      close() {
        panel.hidden = true;
        opener.setAttribute("aria-expanded", "false");
      },
    };
    all.push(popover);
    return popover;
  };
}
