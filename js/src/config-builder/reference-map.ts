// A map of the stack on which a click sets the reference point.

import type * as Leaflet from "leaflet";
import { h } from "../lib/dom";
import { mountMap, type MountedMap } from "../lib/leaflet-map";
import { reliefLayer, zoomButtons } from "../lib/stack-map";
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
  const host = h("div", { class: "iw-map-host" });
  const quiet = h("p", { class: "iw-map-quiet" }, "Drawing the map…");
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
  const element = h(
    "div",
    {
      class: "iw-map cb-map",
      role: "group",
      "aria-label": "Map of the stack; click sets the reference point",
    },
    host,
    quiet,
    zoomButtons("cb-zoom", zoom, () => {
      fit(true);
    }),
    h("div", { class: "iw-map-box cb-map-hint" }, "Click sets the reference point."),
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
    relief = reliefLayer(L, payload.bounds, buffers[0])?.addTo(map);
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
