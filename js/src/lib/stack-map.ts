// What the maps of a stack have in common: buttons to zoom, and the relief below everything else.

import type * as Leaflet from "leaflet";
import { button, h } from "./dom";
import { icon, type IconName } from "./icons";
import type { LeafletModule } from "./leaflet-map";

/** Zoom in, zoom out, show all; `className` says where on the map. */
export function zoomButtons(className: string, zoom: (by: number) => void, fit: () => void): HTMLElement {
  const tool = (label: string, name: IconName, act: () => void): HTMLButtonElement =>
    button(label, act, { class: "ghost icon", icon: icon(name), hideLabel: true });
  return h(
    "div",
    { class: `iw-on-map iw-map-box iw-map-zoom ${className}` },
    tool("Zoom in", "plus", () => {
      zoom(1);
    }),
    tool("Zoom out", "minus", () => {
      zoom(-1);
    }),
    tool("Show all", "fit", fit),
  );
}

/**
 * The relief as the kernel sent it, or null where it has none.
 *
 * @param bounds south, west, north, east in degrees
 */
export function reliefLayer(
  L: LeafletModule,
  bounds: readonly [number, number, number, number] | null | undefined,
  png: Uint8Array | undefined,
): Leaflet.ImageOverlay | null {
  if (!bounds || !png) return null;
  const [south, west, north, east] = bounds;
  const url = URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
  const layer = L.imageOverlay(
    url,
    [
      [south, west],
      [north, east],
    ],
    { className: "iw-relief", zIndex: 1 },
  );
  layer.on("load remove", () => {
    URL.revokeObjectURL(url);
  });
  return layer;
}
