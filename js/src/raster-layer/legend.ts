// The layer's own small legend in a corner of the map: name, colours, range, the value under the pointer, and errors.

import type * as Leaflet from "leaflet";
import type { AnyModel } from "@anywidget/types";
import { alertRow } from "../lib/context";
import { colormapGradient, colormapKind } from "../lib/colormaps";
import { button, h, replace } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import { formatValue, shownUnit } from "../lib/number";
import type { LayerEvents, RasterState, SourceInfo } from "./api";

export interface Legend {
  hover(detail: LayerEvents["hover"]): void;
  loading(waiting: number): void;
  error(words: { message: string; remedy: string } | null): void;
}

const TRAITS = [
  "name",
  "units",
  "display_units",
  "display_factor",
  "colormap",
  "reverse",
  "wrap_colormap",
  "vmin",
  "vmax",
  "wrap",
  "visible",
  "legend",
  "readout",
  "index",
  "base_index",
  "_source",
  "overviews",
] as const;

const SAID = { masked: "masked", "no data": "no data", outside: "outside", loading: "loading…" };

/** Which slice is shown, and since when: "2020-03-01, since 2020-01-01". */
export function sliceWords(
  { dates, slices }: Pick<SourceInfo, "dates" | "slices">,
  index: number,
  base: number,
): string {
  if (slices < 2) return "";
  const words = (n: number): string =>
    dates[n]?.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3") ?? `slice ${n + 1} of ${slices}`;
  return base < 0 ? words(index) : `${words(index)}, since ${words(base)}`;
}

/** Range of the colours, in the data's unit. */
function rangeOf(model: AnyModel<RasterState>): [number, number] | null {
  const wrap = model.get("wrap");
  if (wrap !== null) return [-wrap / 2, wrap / 2];
  const [lo, hi] = [model.get("vmin"), model.get("vmax")];
  return lo === null || hi === null ? null : [lo, hi];
}

export function makeLegend(
  model: AnyModel<RasterState>,
  { L, map, signal }: ShownMap,
  retry: () => void,
): Legend {
  const name = h("div", { class: "iw-raster-name" });
  const slice = h("div", { class: "iw-raster-slice" });
  const bar = h("div", { class: "iw-raster-bar", "aria-hidden": "true" });
  const low = h("span");
  const high = h("span");
  const unit = h("span", { class: "iw-raster-unit" });
  const scale = h("div", { class: "iw-raster-scale" }, low, unit, high);
  const value = h("div", { class: "iw-raster-value" });
  const note = h("div", { class: "iw-raster-slice" });
  const alert = h("div", { role: "alert" });
  const body = h("div", { class: "iw-raster-body" }, name, slice, bar, scale, value, note);
  const element = h("div", { class: "iw iw-raster", role: "group" }, body, alert);
  L.DomEvent.disableClickPropagation(element);
  let failed = false;

  const Control = L.Control.extend({ onAdd: () => element }) as unknown as new (
    options: Leaflet.ControlOptions,
  ) => Leaflet.Control;
  const control = new Control({ position: "bottomleft" }).addTo(map);
  signal.addEventListener("abort", () => {
    control.remove();
  });

  function draw(): void {
    const factor = model.get("display_factor");
    const wrap = model.get("wrap");
    const map = wrap === null ? model.get("colormap") : model.get("wrap_colormap");
    const range = rangeOf(model);
    const classes = colormapKind(map) === "classes" && wrap === null;
    const legend = model.get("legend") && model.get("visible");
    body.hidden = !legend;
    element.hidden = !legend && !failed;
    element.setAttribute("aria-label", `Legend of ${model.get("name")}`);
    name.textContent = model.get("name");
    name.title = model.get("name");
    const source = model.get("_source");
    slice.textContent = source ? sliceWords(source, model.get("index"), model.get("base_index")) : "";
    const { state, fraction = 0 } = model.get("overviews");
    note.textContent = state === "building" ? `Overviews: ${Math.round(100 * fraction)} %` : "";
    bar.hidden = classes;
    scale.hidden = classes;
    bar.style.backgroundImage = colormapGradient(map, model.get("reverse"));
    const step = range ? (Math.abs(range[1] - range[0]) * factor) / 100 : 1;
    low.textContent = range ? formatValue(range[0] * factor, step) : "";
    high.textContent = range ? formatValue(range[1] * factor, step) : "";
    unit.textContent = shownUnit(model.get("display_units"));
    if (wrap !== null) unit.textContent = `${unit.textContent} per cycle`.trim();
    value.hidden = !model.get("readout");
  }

  for (const trait of TRAITS) {
    model.on(`change:${trait}`, draw);
    signal.addEventListener("abort", () => {
      model.off(`change:${trait}`, draw);
    });
  }
  draw();
  return {
    hover(detail) {
      if (value.hidden) return;
      if (!detail.latlng) {
        value.textContent = "";
        return;
      }
      const { at } = detail;
      if (at.state !== "value") {
        value.textContent = SAID[at.state];
        return;
      }
      const factor = model.get("display_factor");
      const range = rangeOf(model);
      const fine = range ? Math.abs(range[1] - range[0]) / 1000 : 0;
      const text = formatValue(at.value * factor, Math.max(at.step, fine) * factor || 0.001);
      value.textContent = `${text} ${shownUnit(model.get("display_units"))}`.trim();
    },
    loading(waiting) {
      element.toggleAttribute("data-loading", waiting > 0);
      element.setAttribute("aria-busy", String(waiting > 0));
    },
    error(words) {
      failed = words !== null;
      replace(alert, words && alertRow(words, button("Try again", retry, { class: "small" })));
      draw();
    },
  };
}
