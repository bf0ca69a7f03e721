// What the user puts on the map: points, the reference marker, a transect, an area, a difference.

import type * as Leaflet from "leaflet";
import { h, svg } from "../lib/dom";
import { areaTool, toLatLngs } from "../lib/area-tool";
import type { Context, LonLat, Place, Point } from "./api";
import { fineness, lengthText, metresBetween, shownValue } from "./words";

export const COLORS = ["#1c80c3", "#d55e00", "#009e73", "#885cf4", "#ec0450", "#189cac"];
const SHAPES = ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M4 4h16v16H4z", "M12 1.5 22.5 12 12 22.5 1.5 12z"];
const DOUBLE = 350;

export type Tool = "point" | "transect" | "area" | "none";

export interface Shapes {
  tool(): Tool;
  use(tool: Tool): void;
  /** Handles Del, Esc; tells whether it did. */
  key(event: KeyboardEvent): boolean;
}

export function pointShape(number: number): string {
  return SHAPES[(number - 1) % SHAPES.length] ?? "";
}

function pointIcon(L: typeof Leaflet, point: Point, number: number): Leaflet.DivIcon {
  const colour = CSS.supports("color", point.color) ? point.color : COLORS[0];
  const mark = svg(
    "svg",
    { viewBox: "0 0 24 24", width: 24, height: 24, "aria-hidden": "true" },
    svg("path", { d: pointShape(number), style: `fill:${colour ?? ""}`, class: "dm-point-ground" }),
    svg("text", { x: 12, y: 16, "text-anchor": "middle" }, String(number)),
  );
  return L.divIcon({ className: "dm-point", iconSize: [24, 24], html: h("div", {}, mark) });
}

function round(latlng: Leaflet.LatLng): LonLat {
  return [Number(latlng.lng.toFixed(6)), Number(latlng.lat.toFixed(6))];
}

export function shapes(context: Context, changed: (tool: Tool) => void): Shapes {
  const { model, shown } = context;
  const { L, map, signal } = shown;
  const container = map.getContainer();
  let tool: Tool = "point";
  let selected: string | null = null;
  let vertices: LonLat[] = [];
  let clicked = 0;
  let drawn = -DOUBLE; // when an area was ended, by a press whose click is still to come
  const points = L.layerGroup().addTo(map);
  const line = L.layerGroup().addTo(map);
  const sketch = L.layerGroup().addTo(map);
  const measure = L.layerGroup().addTo(map);
  const place = L.layerGroup().addTo(map);
  map.doubleClickZoom.disable();

  const area = areaTool(L, map, {
    draw(ring) {
      context.remember();
      context.set({ aoi: ring });
      drawn = performance.now();
      use("point");
    },
    state(drawing, corners) {
      context.say(
        drawing
          ? corners === 0
            ? "Drag a rectangle, or click corner by corner and end with a double click. Esc leaves."
            : `${corners} corners. Double click or Enter ends, Esc leaves.`
          : null,
      );
      if (!drawing && tool === "area") use("point");
    },
  });

  function use(now: Tool): void {
    if (tool === "area" && now !== "area" && area.drawing) {
      tool = now;
      area.stop();
    }
    tool = now;
    vertices = [];
    sketch.clearLayers();
    context.say(
      now === "transect" ? "Click along the transect; a double click or Enter ends it, Esc leaves." : null,
    );
    container.classList.toggle("dm-crosshair", now === "point" || now === "transect");
    if (now === "area") area.start();
    changed(now);
  }

  let moved: string | null = null; // the point that was dragged keeps the focus, so that Delete removes it
  let added: string | null = null; // the point that a click is adding
  let markers = new Map<string, { from: string; marker: Leaflet.Marker }>();
  function drawPoints(): void {
    const focused = document.activeElement?.closest(".dm-point") ? selected : moved;
    moved = null;
    const clicked = added;
    added = null;
    const before = markers;
    markers = new Map();
    model.get("points").forEach((point, index) => {
      // Who is as before stays: with many points a click would wait for all of them
      const from = JSON.stringify([point, index]);
      const old = before.get(point.id);
      before.delete(point.id);
      if (old?.from === from) {
        markers.set(point.id, old);
        return;
      }
      if (old) points.removeLayer(old.marker);
      const marker = L.marker([point.lat, point.lon], {
        icon: pointIcon(L, point, index + 1),
        draggable: true,
        keyboard: true,
        alt: point.label,
        zIndexOffset: 500,
      });
      const name = (): void => {
        marker.bindTooltip(() => h("span", {}, point.label), { direction: "top", offset: [0, -10] });
      };
      // Under the pointer that has just clicked it would open at once, and hold up the series
      if (point.id === clicked) setTimeout(name, 500);
      else name();
      marker.on("click", ({ originalEvent }: Leaflet.LeafletMouseEvent) => {
        selected = point.id;
        // A transect may begin at a point, and a difference be that to it
        if (tool === "transect" || originalEvent.shiftKey) clickedAt(marker.getLatLng(), originalEvent);
      });
      marker.on("dragend", () => {
        const [lon, lat] = round(marker.getLatLng());
        context.remember();
        selected = moved = point.id;
        context.set({ points: model.get("points").map((p) => (p.id === point.id ? { ...p, lon, lat } : p)) });
      });
      marker.addTo(points);
      markers.set(point.id, { from, marker });
      const element = marker.getElement();
      element?.setAttribute("aria-label", `${point.label}. Delete removes it.`);
      element?.addEventListener("focus", () => {
        selected = point.id;
      });
      if (focused === point.id) element?.focus({ preventScroll: true });
    });
    for (const { marker } of before.values()) points.removeLayer(marker);
  }

  function addPoint(latlng: Leaflet.LatLng): void {
    const all = model.get("points");
    const taken = new Set(all.map(({ id }) => id));
    let n = 1;
    while (taken.has(`p${n}`)) n++;
    const [lon, lat] = round(latlng);
    const used = new Set(all.slice(-5).map(({ color }) => color));
    const color = COLORS.find((c) => !used.has(c)) ?? COLORS[all.length % 6] ?? "";
    selected = added = `p${n}`;
    context.remember();
    context.set({ points: [...all, { id: selected, lon, lat, label: `Point ${n}`, color }] });
    context.live.say(`Point ${n} added`);
  }

  function difference(latlng: Leaflet.LatLng): void {
    const from = model.get("points").at(-1);
    measure.clearLayers();
    if (!from) return;
    const mount = context.mount();
    const [a, b] = [mount?.valueAt(L.latLng(from.lat, from.lon)), mount?.valueAt(latlng)];
    const far = lengthText(metresBetween([from.lon, from.lat], [latlng.lng, latlng.lat]));
    const text =
      a?.state === "value" && b?.state === "value"
        ? `${shownValue(context.raster, b.value - a.value, Math.max(a.step, b.step, fineness(context)), true)} to ${from.label}, ${far} away`
        : `no value at one end; ${far} to ${from.label}`;
    L.polyline([[from.lat, from.lon], latlng], { className: "dm-measure", interactive: false }).addTo(
      measure,
    );
    L.tooltip({ permanent: true, direction: "right", className: "dm-measure-text" })
      .setLatLng(latlng)
      .setContent(h("span", {}, text))
      .addTo(measure);
    context.live.say(text);
  }

  function finishLine(): void {
    const found = vertices.filter((v, i) => i === 0 || String(v) !== String(vertices[i - 1]));
    vertices = [];
    sketch.clearLayers();
    if (found.length > 1) {
      context.remember();
      context.set({ transect: found });
    }
    use("point");
  }

  /** The line as far as it is drawn, and on to the pointer. */
  function drawSketch(pointer: Leaflet.LatLngTuple): void {
    sketch.clearLayers();
    const along = [...toLatLngs(vertices), pointer];
    for (const className of ["dm-transect-halo", "dm-transect"])
      L.polyline(along, { className, interactive: false }).addTo(sketch);
    for (const at of toLatLngs(vertices))
      L.circleMarker(at, { radius: 4, className: "dm-sketch-vertex", interactive: false }).addTo(sketch);
  }

  function drawLine(): void {
    line.clearLayers();
    const all = model.get("transect");
    if (all.length < 2) return;
    L.polyline(toLatLngs(all), { className: "dm-transect-halo", interactive: false }).addTo(line);
    const path = L.polyline(toLatLngs(all), { className: "dm-transect", interactive: false }).addTo(line);
    all.forEach(([lon, lat], i) => {
      const name = i === 0 ? "A" : i === all.length - 1 ? "A′" : "";
      const handle = L.marker([lat, lon], {
        icon: L.divIcon({
          className: "dm-vertex",
          iconSize: [24, 24],
          html: h("div", {}, h("i"), h("b", {}, name)),
        }),
        draggable: true,
        alt: `Vertex ${i + 1} of the transect`,
      }).addTo(line);
      const moved = (): LonLat[] => all.map((v, n) => (n === i ? round(handle.getLatLng()) : v));
      handle.on("drag", () => path.setLatLngs(toLatLngs(moved())));
      handle.on("dragend", () => {
        context.remember();
        context.set({ transect: moved() });
      });
    });
  }

  const PREVIEW_ENDS = 3000;
  let asking = false;
  let wanted: Place | null = null;
  function follow(to: Place): void {
    wanted = to;
    if (asking || !model.get("_about").referenced) return;
    asking = true;
    const now = to;
    context.requests
      .request("reference", now)
      .then(
        ({ payload }) => {
          if (!wanted) return; // dropped in the meantime: the kernel has the last word
          if (payload.offsets.length) context.handle.preview(payload.offsets);
          context.say(null);
        },
        (error: unknown) => {
          if (wanted) context.say(error instanceof Error ? error.message : String(error));
        },
      )
      .finally(() => {
        asking = false;
        if (wanted && wanted !== now) follow(wanted);
      });
  }

  function drawReference(): void {
    place.clearLayers();
    const now = model.get("reference_point");
    if (!now || !model.get("_about").referenced) return;
    const ring = L.circle([now.lat, now.lon], {
      radius: now.radius,
      className: "dm-ref-radius",
      interactive: false,
    });
    if (now.radius > 0) ring.addTo(place);
    const without = Boolean(model.get("_reference").note);
    const marker = L.marker([now.lat, now.lon], {
      icon: L.divIcon({
        className: without ? "dm-ref without" : "dm-ref",
        iconSize: [24, 24],
        html: h("div", {}, h("i"), h("span", {}, without ? "Reference, no value here" : "Reference")),
      }),
      draggable: true,
      alt: "Reference point",
      zIndexOffset: 400,
    }).addTo(place);
    marker.getElement()?.setAttribute("aria-label", "Reference point; drag to move it");
    const at = (): Place => {
      const [lon, lat] = round(marker.getLatLng());
      return { lon, lat, radius: now.radius };
    };
    marker.on("drag", () => {
      ring.setLatLng(marker.getLatLng());
      follow(at());
    });
    marker.on("dragend", () => {
      wanted = null;
      context.say(null);
      context.remember();
      context.set({ reference_point: at() });
      // The kernel's offsets end the preview; they may be the ones from before, though, which tells nobody
      setTimeout(() => {
        if (!wanted) context.handle.preview(null);
      }, PREVIEW_ENDS);
    });
  }

  function clickedAt(latlng: Leaflet.LatLng, event: MouseEvent): void {
    const again = event.timeStamp - clicked < DOUBLE;
    clicked = event.timeStamp;
    if (tool === "transect") {
      if (again && vertices.length > 1) finishLine();
      else {
        vertices.push(round(latlng));
        drawSketch([latlng.lat, latlng.lng]);
      }
    } else if (event.shiftKey) difference(latlng);
    else if (tool === "point" && !again) {
      measure.clearLayers();
      addPoint(latlng);
    }
  }

  map.on("click", ({ latlng, originalEvent }: Leaflet.LeafletMouseEvent) => {
    const { target, timeStamp } = originalEvent;
    if (target instanceof Element && target.closest(".iw-on-map")) return;
    if (timeStamp - drawn >= DOUBLE) clickedAt(latlng, originalEvent);
  });
  map.on("mousemove", (event: Leaflet.LeafletMouseEvent) => {
    if (tool !== "transect" || vertices.length === 0) return;
    drawSketch([event.latlng.lat, event.latlng.lng]);
  });

  function key(event: KeyboardEvent): boolean {
    if (event.key === "Escape" && (tool !== "point" || measure.getLayers().length)) {
      measure.clearLayers();
      use("point");
    } else if (event.key === "Escape" && tool === "point") use("none");
    else if (event.key === "Enter" && tool === "transect") finishLine();
    else if (event.key === "Delete" || event.key === "Backspace") {
      const all = model.get("points");
      if (document.activeElement?.closest(".dm-point")) container.focus({ preventScroll: true });
      const gone = all.find(({ id }) => id === selected) ?? all.at(-1);
      if (!gone) return false;
      context.remember();
      context.set({ points: all.filter((p) => p !== gone) });
      context.live.say(`${gone.label} removed`);
    } else return false;
    return true;
  }

  context.watch(["points"], drawPoints);
  context.watch(["transect"], drawLine);
  context.watch(["reference_point", "_about", "_reference"], drawReference);
  context.watch(["aoi"], () => {
    area.show(model.get("aoi"), true);
  });
  context.watchRaster(["index", "name"], () => {
    measure.clearLayers();
  });
  signal.addEventListener("abort", () => {
    area.dispose();
  });
  use("point");
  return { tool: () => tool, use, key };
}
