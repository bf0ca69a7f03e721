// What is chosen beside the points and the model.

import type { Chart } from "../lib/chart";
import { button, h, listen, replace } from "../lib/dom";
import { selectField, unitField } from "../lib/fields";
import { icon } from "../lib/icons";
import { iso, type Bars, type Context } from "./api";

export function segmented(context: Context): HTMLElement {
  const { model } = context;
  const group = h("div", { class: "iw-seg", role: "group", "aria-label": "What is drawn" });
  context.watch(["view"], () => {
    replace(
      group,
      ...(["displacement", "residual"] as const).map((value) => {
        const one = button(
          value === "residual" ? "Residual" : "Displacement",
          () => {
            context.set("view", value);
          },
          { class: "small", key: `view-${value}` },
        );
        one.setAttribute("aria-pressed", String(model.get("view") === value));
        return one;
      }),
    );
  });
  return group;
}

export function radiusField(context: Context): HTMLElement {
  const { model } = context;
  const input = h("input", {
    class: "iw-in",
    type: "number",
    min: 0,
    max: 50000,
    step: 10,
    "data-key": "radius",
  });
  context.watch(["radius"], () => {
    input.value = String(model.get("radius"));
  });
  listen(input, "change", () => {
    const value = Number(input.value);
    const good = input.value !== "" && value >= 0 && value <= 50_000;
    input.setAttribute("aria-invalid", String(!good));
    if (good) context.set("radius", value);
    else context.live.say("The radius is 0 to 50000 metres");
  });
  return h("label", { class: "ts-radius" }, h("span", {}, "Radius"), input, h("span", {}, "m"));
}

/** Series of one point, difference, reference, bars, unit. */
export function seriesPanel(context: Context): { element: HTMLElement; refresh: () => void } {
  const { model } = context;
  const panel = h("div", { class: "ts-model" });
  const draw = (): void => {
    const data = context.data();
    const names = data?.names ?? [];
    const shown = model.get("series");
    const boxes = names.map(({ name, label }) => {
      const input = h("input", { type: "checkbox", "data-key": `series-${name}` });
      input.checked = shown.includes(name);
      listen(input, "change", () => {
        const next = names
          .map((one) => one.name)
          .filter((one) => (one === name ? input.checked : shown.includes(one)));
        if (next.length > 0) context.set("series", next);
        else input.checked = true;
      });
      return h("label", { class: "ts-check" }, input, label);
    });
    const points = [["", "nothing"] as const, ...model.get("points").map((p) => [p.id, p.label] as const)];
    const dates = ["", ...model.get("_dates")].map((d) => [d, d ? iso(d) : "as in the data"] as const);
    replace(
      panel,
      h("fieldset", { class: "ts-set" }, h("legend", {}, "Series"), ...boxes),
      h(
        "div",
        { class: "iw-row ts-end" },
        selectField(
          "Minus the point",
          points,
          model.get("minus"),
          (id) => {
            context.set("minus", id);
          },
          "minus",
        ),
        selectField(
          "Zero at",
          dates,
          model.get("reference_date"),
          (d) => {
            context.set("reference_date", d);
          },
          "reference-date",
        ),
        selectField<Bars>(
          "Error bars",
          [
            ["rms", data?.has_rms ? "Residual RMS of the date" : "Residual RMS (not there yet)"],
            ["fit", "Standard deviation of the residuals"],
            ["spread", "16–84 % of the pixels"],
            ["none", "None"],
          ],
          model.get("bars"),
          (bars) => {
            context.set("bars", bars);
          },
          "bars",
        ),
        data?.units === "m"
          ? unitField(model.get("unit"), (unit) => {
              context.set("unit", unit);
            })
          : null,
      ),
    );
  };
  // Not while it is closed: every click on the map would pay for it, and for the layout that `offsetParent` needs
  const redraw = (): void => {
    if (!panel.closest("[hidden]")) draw();
  };
  context.onData(redraw);
  context.watch(["points", "series", "minus", "reference_date", "bars", "unit", "_dates"], redraw);
  return { element: panel, refresh: draw };
}

export function tools(context: Context, chart: Chart): HTMLElement {
  const follow = h("input", { type: "checkbox", "data-key": "follow" });
  context.watch(["follow"], () => {
    follow.checked = context.model.get("follow");
  });
  listen(follow, "change", () => {
    context.set("follow", follow.checked);
  });
  const box = button(
    "Zoom to a box",
    () => {
      chart.boxMode = !chart.boxMode;
      box.setAttribute("aria-pressed", String(chart.boxMode));
    },
    { class: "ghost icon small", icon: icon("box"), hideLabel: true, key: "box" },
  );
  box.setAttribute("aria-pressed", "false");
  const element = h(
    "div",
    { class: "ts-tools", role: "toolbar", "aria-label": "Chart" },
    button(
      "Zoom in",
      () => {
        chart.zoomBy(0.6);
      },
      { class: "ghost icon small", icon: icon("plus"), hideLabel: true, key: "zoom-in" },
    ),
    button(
      "Zoom out",
      () => {
        chart.zoomBy(1 / 0.6);
      },
      { class: "ghost icon small", icon: icon("minus"), hideLabel: true, key: "zoom-out" },
    ),
    box,
    button(
      "Show everything",
      () => {
        chart.reset();
      },
      { class: "ghost icon small", icon: icon("fit"), hideLabel: true, key: "fit" },
    ),
    h("label", { class: "ts-check" }, follow, "date follows pointer"),
  );
  context.watch(["points"], () => {
    element.hidden = context.model.get("points").length === 0;
  });
  return element;
}
