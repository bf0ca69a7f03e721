// A map of the stack on which a click sets the reference point.

import type * as Leaflet from "leaflet";
import { button, h } from "../lib/dom";
import { icon } from "../lib/icons";
import { mountMap, type MountedMap } from "../lib/leaflet-map";
import type { Context } from "./api";

export interface ReferenceMap {
  readonly element: HTMLElement;
  /** Draws the map when it is first seen. */
  show(): void;
  /** @param point "lat,lon", or empty */
  update(point: string): void;
}

function parse(point: string): [number, number] | null {
  const [lat, lon] = point.split(",").map(Number);
  return lat !== undefined && lon !== undefined && Number.isFinite(lat) && Number.isFinite(lon)
    ? [lat, lon]
    : null;
}

export function referenceMap(context: Context, pick: (lat: number, lon: number) => void): ReferenceMap {
  const { model, requests, signal } = context;
  const host = h("div", { class: "cb-map-host" });
  const quiet = h("p", { class: "cb-map-quiet" }, "Drawing the map…");
  let started = false;
  let mounted: MountedMap | undefined;
  let marker: Leaflet.Marker | undefined;
  let at: [number, number] | null = null;
  let fitted = "";
  let relief: Leaflet.Layer | undefined;
  let outline: Leaflet.Polygon | undefined;

  const zoom = (by: number): void => {
    mounted?.map.setZoom(mounted.map.getZoom() + by);
  };
  const tool = (label: string, name: "plus" | "minus" | "fit", act: () => void): HTMLButtonElement =>
    button(label, act, { class: "ghost icon", icon: icon(name), hideLabel: true });
  const element = h(
    "div",
    { class: "cb-map", role: "group", "aria-label": "Map of the stack; click sets the reference point" },
    host,
    quiet,
    h(
      "div",
      { class: "cb-on-map cb-zoom" },
      tool("Zoom in", "plus", () => {
        zoom(1);
      }),
      tool("Zoom out", "minus", () => {
        zoom(-1);
      }),
      tool("Show all", "fit", () => {
        fit(true);
      }),
    ),
    h("div", { class: "cb-on-map cb-map-hint" }, "Click sets the reference point."),
  );

  function ring(): [number, number][] {
    return (model.get("_stack_view").ring ?? []).map(([lon, lat]) => [lat, lon]);
  }

  function fit(always: boolean): void {
    const corners = ring();
    const key = JSON.stringify(corners);
    if (!mounted || corners.length === 0 || (!always && key === fitted)) return;
    fitted = key;
    mounted.map.fitBounds(mounted.L.latLngBounds(corners), { padding: [12, 12], animate: false });
  }

  function drawPoint(): void {
    if (!mounted) return;
    if (!at) {
      marker?.remove();
      marker = undefined;
    } else if (marker) {
      marker.setLatLng(at);
    } else {
      const dot = mounted.L.divIcon({ className: "cb-marker", iconSize: [24, 24] });
      marker = mounted.L.marker(at, { icon: dot, draggable: true, keyboard: false }).addTo(mounted.map);
      marker.on("dragend", () => {
        const place = marker?.getLatLng();
        if (place) pick(place.lat, place.lng);
      });
    }
  }

  async function drawStack(): Promise<void> {
    if (!mounted) return;
    const { L, map } = mounted;
    const corners = ring();
    outline?.remove();
    if (corners.length > 0)
      outline = L.polygon(corners, { className: "cb-outline", fill: false, interactive: false }).addTo(map);
    fit(false);
    quiet.hidden = corners.length > 0;
    quiet.textContent = "No stack is open, so there is nothing to show. Type the coordinates instead.";
    const { payload, buffers } = await requests.request("hillshade", null, { signal });
    relief?.remove();
    const [png] = buffers;
    if (!payload.bounds || !png) return;
    const [south, west, north, east] = payload.bounds;
    const url = URL.createObjectURL(new Blob([new Uint8Array(png)], { type: "image/png" }));
    const box: [number, number][] = [
      [south, west],
      [north, east],
    ];
    relief = L.imageOverlay(url, box, { className: "cb-relief", zIndex: 1 });
    relief.on("load remove", () => {
      URL.revokeObjectURL(url);
    });
    relief.addTo(map);
  }

  function start(mount: MountedMap): void {
    mounted = mount;
    quiet.hidden = true;
    mount.map.on("click", (event: Leaflet.LeafletMouseEvent) => {
      pick(event.latlng.lat, event.latlng.lng);
    });
    let shown: unknown = null;
    context.watch(["_stack_view"], () => {
      if (shown === model.get("_stack_view")) return;
      shown = model.get("_stack_view");
      drawStack().catch(() => undefined); // a map without relief is one
    });
    drawPoint();
  }

  signal.addEventListener("abort", () => {
    mounted?.remove();
  });
  return {
    element,
    show() {
      if (started) return;
      started = true;
      mountMap(model as never, model.get("map"), host, signal).then(start, (error: unknown) => {
        if (signal.aborted) return;
        quiet.textContent = `The map cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
      });
    },
    update(point) {
      at = parse(point);
      drawPoint();
    },
  };
}
