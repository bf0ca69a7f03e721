// The corner that explains the marks and filters them.

import type * as Leaflet from "leaflet";
import type { AnyModel } from "@anywidget/types";
import { h, listen, replace, svg } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import type { Filter, LayerState } from "./api";
import type { Shown } from "./look";

export interface Legend {
  draw(shown: Shown, counts: { drawn: number; all: number; usable: number }, scale: number): void;
}

const TRIANGLE = "M7 1.5 12.8 12H1.2z";

function sample(className: string): SVGElement {
  return svg(
    "svg",
    { class: `sample ${className}`, width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" },
    svg("path", { class: "shape", d: TRIANGLE }),
    className === "unusable"
      ? svg("path", { class: "cross", d: "M3.4 11 7 4.6M6 12l3.6-6.2M9 12l2-3.4" })
      : null,
  );
}

/** A round number of m/yr whose arrow is 30 to 80 pixels long. */
export function roundRate(scale: number): number {
  for (const rate of [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]) {
    if (rate * scale >= 30) return rate;
  }
  return 10;
}

function filters(model: AnyModel<LayerState>): HTMLElement {
  const set = (change: Partial<Filter>): void => {
    model.set("filter", { ...model.get("filter"), ...change });
    model.save_changes();
  };
  const name = h("input", { class: "iw-in", type: "search", "data-key": "gnss-name", placeholder: "Name" });
  name.setAttribute("aria-label", "Name holds");
  listen(name, "input", () => {
    set({ name: name.value });
  });
  const solutions = h("input", {
    class: "iw-in",
    type: "number",
    min: 0,
    step: 50,
    "data-key": "gnss-solutions",
  });
  listen(solutions, "change", () => {
    set({ solutions: Math.max(0, Math.round(Number(solutions.value) || 0)) });
  });
  const begin = h("input", { class: "iw-in", type: "date", "data-key": "gnss-begin" });
  const end = h("input", { class: "iw-in", type: "date", "data-key": "gnss-end" });
  for (const [input, key] of [
    [begin, "begin"],
    [end, "end"],
  ] as const) {
    listen(input, "change", () => {
      set({ [key]: input.value.replaceAll("-", "") });
    });
  }
  const usable = h("input", { type: "checkbox", "data-key": "gnss-usable" });
  listen(usable, "change", () => {
    set({ usable: usable.checked });
  });
  const read = (): void => {
    const filter = model.get("filter");
    const iso = (day: string): string => day.replace(/^(\d{4})-?(\d\d)-?(\d\d)$/, "$1-$2-$3");
    if (document.activeElement !== name) name.value = filter.name;
    solutions.value = String(filter.solutions);
    begin.value = iso(filter.begin);
    end.value = iso(filter.end);
    usable.checked = filter.usable;
  };
  model.on("change:filter", read);
  read();
  return h(
    "details",
    {},
    h("summary", {}, "Filter"),
    h(
      "div",
      { class: "fields" },
      name,
      h("label", {}, h("span", {}, "Positions at least"), solutions),
      h("label", {}, h("span", {}, "Begins by"), begin),
      h("label", {}, h("span", {}, "Goes on until"), end),
      h("label", { class: "take" }, usable, "usable only"),
    ),
  );
}

export function makeLegend(model: AnyModel<LayerState>, { L, map, signal }: ShownMap): Legend {
  const rows = h("div", { class: "rows" });
  const counts = h("div", { class: "counts" });
  const filter = filters(model);
  // A narrow map has no room for both
  const fold = (): void => {
    if (map.getSize().x < 720) filter.removeAttribute("open");
  };
  map.on("popupopen", fold);
  const element = h(
    "div",
    { class: "iw iw-gnss-legend", role: "group", "aria-label": "GNSS stations" },
    rows,
    counts,
    filter,
  );
  L.DomEvent.disableClickPropagation(element);
  L.DomEvent.disableScrollPropagation(element);
  const Control = L.Control.extend({ onAdd: () => element }) as unknown as new (
    options: Leaflet.ControlOptions,
  ) => Leaflet.Control;
  const control = new Control({ position: "bottomright" }).addTo(map);
  signal.addEventListener("abort", () => {
    map.off("popupopen", fold);
    control.remove();
  });
  return {
    draw(shown, { drawn, all, usable }, scale) {
      const motion = model.get("_motion");
      element.classList.toggle("compact", map.getSize().x < 560);
      element.hidden = !model.get("legend") || !model.get("visible") || all === 0;
      const compared = Object.keys(motion.stations).length > 0;
      const relative = motion.reference ? `relative to ${motion.reference}` : "in their own frame";
      const arrows = model.get("mode") === "arrows" && Object.keys(model.get("_arrows")).length > 0;
      const round = roundRate(scale);
      replace(
        rows,
        arrows
          ? h(
              "div",
              { class: "row" },
              svg(
                "svg",
                { class: "arrow-scale", width: round * scale + 4, height: 12, "aria-hidden": "true" },
                svg("path", { d: `M1 6H${round * scale}m-6 -4l6 4l-6 4` }),
              ),
              `${round * 1000} mm/yr`,
            )
          : h(
              "div",
              { class: "row" },
              sample(compared ? "coloured" : "plain"),
              compared && shown.quantity !== "none" ? `GNSS, ${shown.words}` : "GNSS station",
            ),
        arrows ? h("div", { class: "small" }, "horizontal, 95 % ellipse; bar: up") : null,
        compared && (arrows || shown.quantity !== "none") ? h("div", { class: "small" }, relative) : null,
        usable < all ? h("div", { class: "row" }, sample("unusable"), "GNSS, not usable") : null,
      );
      counts.textContent =
        drawn < all ? `${drawn} of ${all} stations` : `${all} station${all === 1 ? "" : "s"}`;
    },
  };
}
