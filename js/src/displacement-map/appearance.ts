// Layer, colour, mask, reference and what else is on the map: the left panel of a wide map, opened over a narrow one.

import { h } from "../lib/dom";
import type { Basemap, Context } from "./api";
import type { ColourBar } from "./colour-bar";
import { colourPanel } from "./colour-panel";
import { checkbox, row, section, select } from "./fields";
import type { Graticule } from "./graticule";
import { layerList } from "./layer-list";
import { maskPanel } from "./mask-panel";
import { referencePanel } from "./reference-panel";

export const BASEMAPS: Record<Basemap, string> = {
  hillshade: "Hillshade (stack DEM)",
  satellite: "Satellite (Esri)",
  topographic: "Topographic (OpenTopoMap)",
  plain: "Plain",
};

export interface Appearance {
  readonly element: HTMLElement;
  /** Where a wide map has its colour bar. */
  readonly barPlace: HTMLElement;
}

export function appearance(context: Context, bar: ColourBar, graticule: Graticule): Appearance {
  const barPlace = h("div", { class: "dm-bar-place" });
  const element = h(
    "div",
    { class: "dm-appearance iw-on-map", role: "group", "aria-label": "Appearance" },
    layers(context),
    colourPanel(context, bar, barPlace),
    maskPanel(context),
    referencePanel(context),
    onTheMap(context, graticule),
  );
  return { element, barPlace };
}

function layers(context: Context): HTMLElement {
  const list = layerList(context, { folded: ["Masks and geometry", "Time functions and other layers"] });
  const element = section("Layer", null, list.element);
  element.classList.add("dm-layers");
  context.watch(["_menu", "layer"], () => {
    list.draw("");
  });
  return element;
}

function onTheMap(context: Context, graticule: Graticule): HTMLElement {
  const container = context.shown.map.getContainer();
  const chooser = select("Basemap", Object.entries(BASEMAPS), (value) => {
    context.set({ basemap: value as Basemap });
  });
  context.watch(["basemap"], () => {
    chooser.value = context.model.get("basemap");
  });
  return section(
    "On the map",
    null,
    checkbox("Points, transect, area, reference", true, (on) => {
      container.classList.toggle("dm-bare", !on);
    }),
    checkbox("Graticule", false, (on) => {
      graticule.lines(on);
    }),
    row("Basemap", chooser),
  );
}
