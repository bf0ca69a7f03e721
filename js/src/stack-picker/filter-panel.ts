// Choose dates and pairs by rule; the kernel says at once what would be left and whether it stays connected.

import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { Latest, RequestError } from "../lib/messages";
import { panelHeader, type Panel } from "./browse";
import { MONTHS, type Context, type Selection } from "./api";

export const EVERYTHING: Selection = {
  start: "",
  end: "",
  months: [],
  max_days: null,
  max_bperp: null,
  leave_out: "",
};

function field(label: string, input: HTMLElement): HTMLElement {
  return h("label", { class: "iw-field" }, label, input);
}

function numberOf(input: HTMLInputElement): number | null {
  return input.value.trim() === "" || Number.isNaN(Number(input.value)) ? null : Number(input.value);
}

export function filterPanel(context: Context): Panel {
  const { model, requests } = context;
  const latest = new Latest();
  const start = h("input", { type: "date", class: "iw-in" });
  const end = h("input", { type: "date", class: "iw-in" });
  const days = h("input", { type: "number", class: "iw-in", min: 1, step: 1, placeholder: "any" });
  const bperp = h("input", { type: "number", class: "iw-in", min: 0, step: 10, placeholder: "any" });
  const leaveOut = h("input", {
    class: "iw-in",
    type: "text",
    spellcheck: "false",
    placeholder: "20190716, 20210915_20211003",
  });
  const months = MONTHS.map((name) => {
    const month = h("button", { type: "button", class: "sp-month", "aria-pressed": "true" }, name);
    month.addEventListener("click", () => {
      month.setAttribute("aria-pressed", String(month.getAttribute("aria-pressed") !== "true"));
      preview();
    });
    return month;
  });
  const result = h("p", { class: "sp-filter-result", role: "status" });
  const element = h("section", { class: "iw-drawer", hidden: true, "aria-label": "Filter dates and pairs" });

  function read(): Selection {
    const kept = months.flatMap((month, i) => (month.getAttribute("aria-pressed") === "true" ? [i + 1] : []));
    return {
      start: start.value.replaceAll("-", ""),
      end: end.value.replaceAll("-", ""),
      months: kept.length === 12 ? [] : kept,
      max_days: numberOf(days),
      max_bperp: numberOf(bperp),
      leave_out: leaveOut.value,
    };
  }

  function write(selection: Selection): void {
    const iso = (date: string): string =>
      date ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}` : "";
    start.value = iso(selection.start);
    end.value = iso(selection.end);
    days.value = selection.max_days?.toString() ?? "";
    bperp.value = selection.max_bperp?.toString() ?? "";
    leaveOut.value = selection.leave_out;
    months.forEach((month, i) => {
      month.setAttribute(
        "aria-pressed",
        String(selection.months.length === 0 || selection.months.includes(i + 1)),
      );
    });
  }

  function say(ok: boolean, text: string): void {
    replace(result, icon(ok ? "check" : "warning", ok ? "done" : "warning"), h("span", {}, text));
    apply.disabled = !ok;
  }

  function preview(): void {
    requests
      .request("preview_filter", read(), { signal: latest.next() })
      .then(({ payload }) => {
        say(payload.ok, payload.text);
      })
      .catch((error: unknown) => {
        if (error instanceof RequestError && error.cancelled) return;
        say(false, error instanceof Error ? error.message : String(error));
      });
  }

  function close(): void {
    latest.cancel();
    element.hidden = true;
  }

  function use(selection: Selection): void {
    close();
    requests.request("apply_filter", selection).catch(context.fail);
  }

  const apply = button(
    "Apply",
    () => {
      use(read());
    },
    { class: "primary", key: "filter-apply" },
  );
  for (const input of [start, end, days, bperp, leaveOut]) input.addEventListener("input", preview);
  element.append(
    panelHeader("Filter dates and pairs", "the network must stay in one part", close),
    h(
      "div",
      { class: "iw-drawer-body" },
      h(
        "div",
        { class: "sp-filter" },
        field("First date", start),
        field("Last date", end),
        field("Longest pair, days", days),
        field("Largest |bperp|, m", bperp),
        field("Leave out dates or pairs", leaveOut),
      ),
      h("div", { class: "sp-months", role: "group", "aria-label": "Months both dates lie in" }, ...months),
      h(
        "div",
        { class: "iw-row" },
        apply,
        button(
          "Use everything",
          () => {
            use(EVERYTHING);
          },
          { key: "filter-reset" },
        ),
        result,
      ),
    ),
  );
  return {
    element,
    close,
    get isOpen() {
      return !element.hidden;
    },
    show() {
      element.hidden = false;
      write(model.get("_selection"));
      preview();
      start.focus();
    },
  };
}
