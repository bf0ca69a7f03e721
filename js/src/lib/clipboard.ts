// Copying where browsers allow it: they offer the clipboard to https pages and to this machine only.

import { h } from "./dom";

/** Copies a text, the old way where there is no other; fails with words for the user where neither works. */
export async function toClipboard(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    try {
      await clipboard.writeText(text);
      return;
    } catch {
      // not allowed: the old way
    }
  }
  const area = h("textarea", { class: "iw-sr", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way on plain http pages
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser does not let this page copy. Select the lines and press Ctrl+C.");
}
