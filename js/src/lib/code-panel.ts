// The Python that makes what an inspector shows: asked for when it is seen, copied by a button.

import { toClipboard } from "./clipboard";
import { button, h, type LiveRegion } from "./dom";
import { icon } from "./icons";

interface CodeSource {
  readonly live: LiveRegion;
  readonly fail: (error: unknown) => void;
  onData(update: () => void): void;
}

export interface CodePanel {
  readonly element: HTMLElement;
  readonly refresh: () => void;
}

/** `ask` fetches the code; `panel`, `text` and `row` are the classes of what is built. */
export function codePanel(
  source: CodeSource,
  ask: () => Promise<string>,
  classes: { panel: string; text?: string; row?: string },
): CodePanel {
  const text = h("textarea", {
    class: `iw-in ${classes.text ?? ""}`.trim(),
    readonly: true,
    rows: 12,
    "aria-label": "Python code",
    spellcheck: "false",
  });
  const copy = button(
    "Copy",
    () => {
      toClipboard(text.value)
        .then(() => {
          source.live.say("Copied");
        })
        .catch(() => undefined)
        .finally(() => {
          text.select(); // where nothing could be copied, the keyboard can
        });
    },
    { class: "small", icon: icon("copy"), key: "copy-code" },
  );
  const refresh = (): void => {
    ask().then((code) => {
      text.value = code;
    }, source.fail);
  };
  source.onData(() => {
    // `offsetParent` would ask for a layout at every click on the map
    if (text.isConnected && !text.closest("[hidden]")) refresh();
  });
  const element = h(
    "div",
    { class: classes.panel },
    h("p", { class: "iw-2" }, "Python that makes these numbers without the widget."),
    text,
    h("div", { class: classes.row }, copy),
  );
  return { element, refresh };
}
