// What every part of one displayed widget shares: its model, its requests, its voice, and where errors are shown.

import type { AnyModel, RenderProps } from "@anywidget/types";
import { button, h, LiveRegion, replace } from "./dom";
import { icon } from "./icons";
import { RequestError, Requests, type Api } from "./messages";

export interface ViewContext<State extends object, A extends Api<A>> {
  readonly model: AnyModel<State>;
  readonly requests: Requests<A>;
  readonly signal: AbortSignal;
  readonly live: LiveRegion;
  /** Where errors of what the user asked for are shown, unless they belong to a place of their own. */
  readonly alerts: HTMLElement;
  /** Runs now and at each change of one of the traits. */
  watch(traits: readonly (keyof State & string)[], update: () => void): void;
  /** Sets a trait and tells the kernel. */
  set<K extends keyof State & string>(trait: K, value: State[K]): void;
  readonly fail: (error: unknown) => void;
}

export function alertRow(
  error: { message: string; remedy: string },
  action: HTMLElement | null,
): HTMLElement {
  return h(
    "div",
    { class: "iw-alert" },
    icon("error", "error"),
    h("div", {}, h("p", { class: "iw-b" }, error.message), error.remedy ? h("p", {}, error.remedy) : null),
    action,
  );
}

/** Shows what the kernel says went wrong, for as long as it says so. */
export function errorBox<State extends { _error: { message: string; remedy: string } | null }>({
  model,
  watch,
}: {
  model: AnyModel<State>;
  watch: (traits: readonly "_error"[], update: () => void) => void;
}): HTMLElement {
  const box = h("div", { role: "alert" });
  watch(["_error"], () => {
    const error = model.get("_error");
    replace(box, error ? alertRow(error, null) : null);
  });
  return box;
}

/** The words of any failure; null for one that the user asked for by cancelling. */
export function wordsOf(error: unknown): { message: string; remedy: string } | null {
  if (error instanceof RequestError) return error.cancelled ? null : error;
  return { message: error instanceof Error ? error.message : String(error), remedy: "" };
}

/** Shows a failure among the alerts, with a button that takes it away. */
export function showFailure(alerts: HTMLElement, error: unknown): void {
  const words = wordsOf(error);
  if (!words) return;
  const dismiss = button(
    "Dismiss",
    () => {
      replace(alerts);
    },
    { class: "small" },
  );
  replace(alerts, alertRow(words, dismiss));
}

export function makeViewContext<State extends object, A extends Api<A>>({
  model,
  signal,
}: RenderProps<State>): ViewContext<State, A> {
  const requests = new Requests<A>(model);
  const alerts = h("div", { role: "alert" });
  signal.addEventListener("abort", () => {
    requests.dispose();
  });
  return {
    model,
    requests,
    signal,
    alerts,
    live: new LiveRegion(),
    watch(traits, update) {
      for (const trait of traits) {
        model.on(`change:${trait}`, update);
        signal.addEventListener("abort", () => {
          model.off(`change:${trait}`, update);
        });
      }
      update();
    },
    set(trait, value) {
      model.set(trait, value);
      model.save_changes();
    },
    fail(error) {
      showFailure(alerts, error);
    },
  };
}
