// Footprints, their common overlap and the area of interest on an ipyleaflet map.

import type * as Leaflet from "leaflet";
import { areaTool, toLatLngs, type AreaTool } from "../lib/area-tool";
import { button, h, replace } from "../lib/dom";
import { icon } from "../lib/icons";
import { mountMap, type MountedMap } from "../lib/leaflet-map";
import { reliefLayer, zoomButtons } from "../lib/stack-map";
import { formatLength, scaleLength } from "../lib/scale";
import { isRunning, type Context, type Ring } from "./api";

const HINT = "Drag a rectangle, or click corner by corner and end with a double click. Esc leaves.";

function legendRow(className: string, text: string): HTMLElement {
  return h("li", {}, h("i", { class: `sp-swatch ${className}`, "aria-hidden": "true" }), text);
}

export function pickerMap(context: Context, openAreaPanel: () => void): HTMLElement {
  const { model } = context;
  const host = h("div", { class: "iw-map-host" });
  const hint = h("div", { class: "iw-on-map iw-map-box sp-hint", hidden: true }, HINT);
  const legend = h("ul", { class: "sp-legend", "aria-label": "Legend" });
  const scale = h("div", { class: "iw-on-map iw-map-box sp-scale", "aria-hidden": "true" });
  const quiet = h("p", { class: "iw-map-quiet" }, "Drawing the map…");
  let mounted: MountedMap | undefined;
  let tool: AreaTool | undefined;
  let fitted = "";

  // The kernel judges an area before it becomes the trait; a refused one is drawn away again.
  function setArea(ring: Ring | null): void {
    context.requests.request("set_area", { ring }).catch((error: unknown) => {
      tool?.show(model.get("aoi"), editable());
      context.fail(error);
    });
  }

  const zoom = (by: number): void => {
    mounted?.map.setZoom(mounted.map.getZoom() + by);
  };
  const drawButton = button(
    "Draw area",
    () => {
      if (tool?.drawing) tool.stop();
      else tool?.start();
    },
    { class: "small", icon: icon("area"), key: "draw" },
  );
  drawButton.setAttribute("aria-pressed", "false");
  const textButton = button("WKT or file…", openAreaPanel, {
    class: "small",
    icon: icon("text"),
    key: "area-text",
  });
  const clear = button(
    "Whole overlap",
    () => {
      setArea(null);
    },
    { class: "small", icon: icon("close"), title: "Remove the area of interest", key: "area-clear" },
  );
  const controls = zoomButtons("sp-zoom", zoom, () => {
    fit(true);
  });
  const tools = h("div", { class: "iw-on-map iw-map-box sp-tools" }, drawButton, textButton, clear);
  const element = h(
    "figure",
    { "aria-label": "Map of the products' outlines" },
    h("div", { class: "iw-map sp-map" }, host, quiet, controls, tools, hint, scale),
    h("figcaption", {}, legend),
  );

  function editable(): boolean {
    return !isRunning(model) && model.get("opens") === "products";
  }

  function fit(always: boolean): void {
    if (!mounted) return;
    const rings = (model.get("_view").footprints ?? []).map(({ ring }) => ring);
    const points = rings.flat();
    const key = JSON.stringify(points);
    if (points.length === 0 || (!always && key === fitted)) return;
    fitted = key;
    const bounds = mounted.L.latLngBounds(toLatLngs(points));
    const animate = always && !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    // Below the tools at the upper edge
    mounted.map.fitBounds(bounds, { paddingTopLeft: [24, 48], paddingBottomRight: [24, 24], animate });
  }

  function drawScale(): void {
    if (!mounted) return;
    const { map } = mounted;
    const y = map.getSize().y / 2;
    const metres = map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([100, y]));
    if (!(metres > 0)) return;
    const length = scaleLength(metres);
    const bar = h("i", { style: `width:${Math.round((length / metres) * 100)}px` });
    replace(scale, h("span", {}, formatLength(length)), bar);
  }

  function drawLegend(): void {
    const view = model.get("_view");
    const rows = [
      view.footprints?.some((footprint) => !footprint.left_out)
        ? legendRow("outline", "product outlines")
        : null,
      view.footprints?.some((footprint) => footprint.left_out) ? legendRow("out", "left out") : null,
      view.overlap ? legendRow("overlap", view.overlap_label ?? "common overlap") : null,
      model.get("aoi") ? legendRow("area", "area of interest") : null,
    ];
    replace(legend, ...rows);
    legend.hidden = rows.every((row) => row === null);
  }

  function outlines(L: typeof Leaflet, group: Leaflet.LayerGroup): void {
    const view = model.get("_view");
    group.clearLayers();
    const footprints = view.footprints ?? [];
    const kept = footprints.filter(({ left_out }) => !left_out);
    // Many that nearly coincide must not become one black frame
    const opacity = Math.min(0.5, Math.max(0.05, 3 / kept.length));
    const line = (ring: Ring, className: string, words: () => HTMLElement): void => {
      const shape = L.polygon(toLatLngs(ring), { className, opacity, fill: className === "sp-overlap" });
      // A function, as a string would be taken for markup.
      shape.bindTooltip(words, { sticky: true, className: "sp-tooltip" });
      group.addLayer(shape);
    };
    for (const { ring, names } of kept) line(ring, "sp-outline", () => listed(names));
    if (view.overlap)
      line(view.overlap, "sp-overlap", () => h("div", {}, view.overlap_label ?? "common overlap"));
    for (const { ring, names, left_out } of footprints)
      if (left_out) line(ring, "sp-outline out", () => listed(names));
  }

  function listed(names: readonly string[]): HTMLElement {
    const shown = names.slice(0, 4).map((name) => h("div", { class: "iw-mono" }, name));
    return h("div", {}, ...shown, names.length > 4 ? h("div", {}, `and ${names.length - 4} more`) : null);
  }

  async function relief(
    L: typeof Leaflet,
    map: Leaflet.Map,
    state: { layer?: Leaflet.Layer | undefined; path?: string },
  ): Promise<void> {
    const path = `${model.get("path")} ${model.get("_view").revision ?? 0}`;
    if (model.get("opens") !== "products" || path === state.path) return;
    state.path = path;
    const { payload, buffers } = await context.requests.request("hillshade", null, {
      signal: context.signal,
    });
    if (state.path !== path) return;
    state.layer?.remove();
    state.layer = reliefLayer(L, payload.bounds, buffers[0])?.addTo(map);
  }

  function start(mount: MountedMap): void {
    mounted = mount;
    const { L, map } = mount;
    quiet.hidden = true;
    const group = L.layerGroup().addTo(map);
    const state: { layer?: Leaflet.Layer | undefined; path?: string } = {};
    tool = areaTool(L, map, {
      draw(ring) {
        setArea(ring);
        drawButton.focus({ preventScroll: true });
      },
      state(drawing, corners) {
        drawButton.setAttribute("aria-pressed", String(drawing));
        hint.hidden = !drawing;
        hint.textContent =
          corners === 0
            ? HINT
            : `${corners} corners. Double click or Enter ends, Backspace takes one back, Esc leaves.`;
      },
    });
    map.on("moveend zoomend resize", drawScale);
    context.watch(["_view"], () => {
      outlines(L, group);
      fit(false);
      relief(L, map, state).catch(() => undefined); // the outlines say where; a map without relief is one
    });
    context.watch(["aoi", "busy", "opens"], () => {
      tool?.show(model.get("aoi"), editable());
    });
    drawScale();
  }

  mountMap(model as never, model.get("map"), host, context.signal).then(start, (error: unknown) => {
    if (context.signal.aborted) return;
    quiet.textContent = `The map cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
  });
  context.watch(["_view", "aoi", "busy", "opens"], () => {
    drawLegend();
    drawButton.disabled = !editable();
    textButton.disabled = !editable();
    clear.hidden = model.get("aoi") === null;
    clear.disabled = !editable();
    if (!editable()) tool?.stop();
  });
  context.signal.addEventListener("abort", () => {
    tool?.dispose();
    mounted?.remove();
  });
  return element;
}
