// Draws and edits one polygon on a Leaflet map: drag for a rectangle, click corner by corner for a polygon.

import type * as Leaflet from "leaflet";
import type { LeafletModule } from "./leaflet-map";

/** Corners [lon, lat], not closed. */
export type Ring = [number, number][];

const DRAG = 5; // pixels before a press is a drag
const CLOSE = 10; // pixels around the first corner that close a polygon

export function toLatLngs(ring: Ring): [number, number][] {
  return ring.map(([lon, lat]) => [lat, lon]);
}

/** Whether corners are those of a box along meridians and parallels, which then stays one when edited. */
export function isBox(ring: Ring): boolean {
  if (ring.length !== 4) return false;
  const lons = new Set(ring.map(([lon]) => lon.toFixed(9)));
  const lats = new Set(ring.map(([, lat]) => lat.toFixed(9)));
  return (
    lons.size === 2 &&
    lats.size === 2 &&
    ring.every(([lon, lat], i) => {
      const [lon2, lat2] = ring[(i + 1) % 4] ?? [NaN, NaN];
      return Math.abs(lon - lon2) < 1e-9 !== Math.abs(lat - lat2) < 1e-9;
    })
  );
}

/** Moves a corner; the neighbours of a box follow. */
export function moveCorner(ring: Ring, index: number, to: [number, number]): Ring {
  const from = ring[index];
  if (!from) return ring;
  if (!isBox(ring)) return ring.map((corner, i) => (i === index ? to : corner));
  return ring.map(([lon, lat]) => [
    Math.abs(lon - from[0]) < 1e-9 ? to[0] : lon,
    Math.abs(lat - from[1]) < 1e-9 ? to[1] : lat,
  ]);
}

function round([lon, lat]: [number, number]): [number, number] {
  return [Number(lon.toFixed(6)), Number(lat.toFixed(6))];
}

export interface AreaTool {
  /** Shows a polygon with its handles; null shows none. */
  show(ring: Ring | null, editable: boolean): void;
  start(): void;
  stop(): void;
  readonly drawing: boolean;
  dispose(): void;
}

export function areaTool(
  L: LeafletModule,
  map: Leaflet.Map,
  on: { draw(ring: Ring): void; state(drawing: boolean, corners: number): void },
): AreaTool {
  const container = map.getContainer();
  const group = L.layerGroup().addTo(map);
  const sketch = L.layerGroup().addTo(map);
  let drawing = false;
  let corners: Leaflet.LatLng[] = [];
  let press: { at: Leaflet.Point; latlng: Leaflet.LatLng } | null = null;
  let dragged = false;

  const pair = (latlng: Leaflet.LatLng): [number, number] => round([latlng.lng, latlng.lat]);

  function show(ring: Ring | null, editable: boolean): void {
    group.clearLayers();
    if (!ring) return;
    const shape = L.polygon(toLatLngs(ring), { className: "iw-area", interactive: false }).addTo(group);
    if (!editable) return;
    ring.forEach((corner, index) => {
      const handle = L.marker([corner[1], corner[0]], {
        icon: L.divIcon({ className: "iw-area-handle", iconSize: [24, 24] }),
        draggable: true,
        keyboard: false,
        zIndexOffset: 1000,
      }).addTo(group);
      handle.on("drag", () => {
        shape.setLatLngs(toLatLngs(moveCorner(ring, index, pair(handle.getLatLng()))));
      });
      handle.on("dragend", () => {
        on.draw(moveCorner(ring, index, pair(handle.getLatLng())));
      });
    });
  }

  function draw(to?: Leaflet.LatLng): void {
    sketch.clearLayers();
    const path = to ? [...corners, to] : corners;
    if (path.length > 1) L.polyline(path, { className: "iw-sketch", interactive: false }).addTo(sketch);
    corners.forEach((corner, index) => {
      L.circleMarker(corner, {
        radius: index === 0 ? 6 : 4,
        className: "iw-sketch-corner",
        interactive: false,
      }).addTo(sketch);
    });
  }

  function start(): void {
    drawing = true;
    corners = [];
    map.dragging.disable();
    map.doubleClickZoom.disable();
    map.boxZoom.disable();
    container.classList.add("iw-drawing");
    on.state(true, 0);
  }

  function stop(): void {
    if (!drawing) return;
    drawing = false;
    corners = [];
    press = null;
    sketch.clearLayers();
    map.dragging.enable();
    map.doubleClickZoom.enable();
    map.boxZoom.enable();
    container.classList.remove("iw-drawing");
    on.state(false, 0);
  }

  function finish(): void {
    const ring = corners.map(pair);
    if (new Set(ring.map(String)).size < 3) return;
    stop();
    on.draw(ring);
  }

  function pressed(event: PointerEvent): void {
    if (!drawing || event.button !== 0 || (event.target as Element).closest(".iw-on-map")) return;
    event.preventDefault();
    container.focus({ preventScroll: true });
    press = { at: map.mouseEventToContainerPoint(event), latlng: map.mouseEventToLatLng(event) };
    dragged = false;
    container.setPointerCapture(event.pointerId);
  }

  function moved(event: PointerEvent): void {
    if (!drawing) return;
    const here = map.mouseEventToLatLng(event);
    if (press && corners.length === 0) {
      dragged ||= map.mouseEventToContainerPoint(event).distanceTo(press.at) > DRAG;
      if (!dragged) return;
      sketch.clearLayers();
      L.rectangle(L.latLngBounds(press.latlng, here), { className: "iw-sketch", interactive: false }).addTo(
        sketch,
      );
    } else if (corners.length > 0) {
      draw(here);
    }
  }

  function released(event: PointerEvent): void {
    if (!drawing || !press) return;
    const { latlng } = press;
    press = null;
    if (container.hasPointerCapture(event.pointerId)) container.releasePointerCapture(event.pointerId);
    if (dragged) {
      const box = L.latLngBounds(latlng, map.mouseEventToLatLng(event));
      stop();
      on.draw([box.getNorthWest(), box.getNorthEast(), box.getSouthEast(), box.getSouthWest()].map(pair));
      return;
    }
    const [first] = corners;
    const point = map.mouseEventToContainerPoint(event);
    if (first && corners.length > 2 && map.latLngToContainerPoint(first).distanceTo(point) < CLOSE) {
      finish();
      return;
    }
    const last = corners.at(-1);
    if (last && map.latLngToContainerPoint(last).distanceTo(point) < 2) return; // second half of a double click
    corners.push(latlng);
    draw();
    on.state(true, corners.length);
  }

  function doubleClicked(event: MouseEvent): void {
    if (!drawing) return;
    event.preventDefault();
    event.stopPropagation();
    finish();
  }

  function key(event: KeyboardEvent): void {
    if (!drawing) return;
    if (event.key === "Escape") stop();
    else if (event.key === "Enter") finish();
    else if (event.key === "Backspace" || event.key === "Delete") {
      corners.pop();
      draw();
      on.state(true, corners.length);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  container.addEventListener("pointerdown", pressed);
  container.addEventListener("pointermove", moved);
  container.addEventListener("pointerup", released);
  container.addEventListener("dblclick", doubleClicked, true);
  container.addEventListener("keydown", key);

  return {
    show,
    start,
    stop,
    get drawing() {
      return drawing;
    },
    dispose() {
      stop();
      group.remove();
      sketch.remove();
      container.removeEventListener("pointerdown", pressed);
      container.removeEventListener("pointermove", moved);
      container.removeEventListener("pointerup", released);
      container.removeEventListener("dblclick", doubleClicked, true);
      container.removeEventListener("keydown", key);
    },
  };
}
