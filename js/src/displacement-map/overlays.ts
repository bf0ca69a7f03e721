// Small things over the map: zoom, line of sight, scale in true metres, the value under the pointer.

import type { LatLng } from "leaflet";
import { button, h, replace, svg } from "../lib/dom";
import { icon } from "../lib/icons";
import { formatLength, scaleLength } from "../lib/scale";
import type { Context } from "./api";
import type { Clip } from "./clip";
import { overlap } from "./covers";
import { mapIcon } from "./icons";
import type { Tool } from "./shapes";
import { degrees, finenessOf, shownValue } from "./words";

const PATIENCE = 200; // ms until a value that was not there is looked up again
const SAID = { masked: "masked", "no data": "no data", outside: "outside the data", loading: "loading…" };

export function fit(context: Context): void {
  const bounds = context.model.get("_about").bounds;
  if (!bounds) return;
  const [south, west, north, east] = bounds;
  const animate = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  context.shown.map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { padding: [10, 10], animate },
  );
}

export function zoomBox(context: Context): HTMLElement {
  const { map } = context.shown;
  const item = (label: string, name: "plus" | "minus" | "fit", act: () => void): HTMLElement =>
    button(label, act, { class: "ghost icon", icon: icon(name), hideLabel: true });
  return h(
    "div",
    { class: "dm-box dm-zoom iw-on-map" },
    item("Zoom in", "plus", () => map.zoomIn(1)),
    item("Zoom out", "minus", () => map.zoomOut(1)),
    item("Zoom to the data", "fit", () => {
      fit(context);
    }),
  );
}

/** Arrow of the flight and, across it, where the satellite looks. */
export function losBox(context: Context): HTMLElement {
  const text = h("div", { class: "dm-los-text" });
  const plot = h("div", { "aria-hidden": "true" });
  const element = h("div", { class: "dm-box dm-los iw-on-map", role: "img" }, plot, text);
  context.watch(["_about"], () => {
    const los = context.model.get("_about").los;
    element.hidden = !los;
    if (!los) return;
    const arrow = (angle: number, length: number, className: string, from: number): SVGElement => {
      const [dx, dy] = [Math.sin((angle * Math.PI) / 180), -Math.cos((angle * Math.PI) / 180)];
      const [x, y] = [26 + dx * length, 26 + dy * length];
      const wing = (turn: number): string => {
        const a = ((angle + 180 + turn) * Math.PI) / 180;
        return `M${x} ${y}l${Math.sin(a) * 6} ${-Math.cos(a) * 6}`;
      };
      return svg("path", {
        class: className,
        d: `M${26 + dx * from} ${26 + dy * from}L${x} ${y}${wing(28)}${wing(-28)}`,
      });
    };
    replace(
      plot,
      svg(
        "svg",
        { width: 52, height: 52, viewBox: "0 0 52 52" },
        arrow(los.heading, 21, "flight", -21),
        arrow(los.look, 17, "look", 0),
      ),
    );
    const incidence = los.incidence === undefined ? "" : `, inc. ${Math.round(los.incidence)}°`;
    const words = [`Heading ${los.heading.toFixed(1)}°`, `Look ${los.look.toFixed(1)}°${incidence}`];
    replace(text, h("b", {}, words[0]), h("span", {}, words[1]));
    element.setAttribute("aria-label", `${words.join(". ")}, clockwise from north`);
    element.title =
      "Flight direction (black) and direction in which the satellite looks, clockwise from north";
  });
  return element;
}

/** Lets boxes at the edge of the map step aside for a popup that would lie under them. */
export function giveWay({ shown }: Context, boxes: () => Iterable<Element>): void {
  const { map, signal } = shown;
  const look = (): void => {
    requestAnimationFrame(() => {
      const popups = [...map.getContainer().querySelectorAll(".leaflet-popup")].map((one) =>
        one.getBoundingClientRect(),
      );
      for (const box of boxes()) {
        const own = box.getBoundingClientRect();
        const under = popups.some((popup) => overlap(popup, own));
        box.classList.toggle("dm-aside", under);
      }
    });
  };
  map.on("popupopen popupclose moveend", look);
  signal.addEventListener("abort", () => {
    map.off("popupopen popupclose moveend", look);
  });
}

/** Where an inspector draws series: what to do first, until there is a point. */
export function inviteBox(context: Context): { element: HTMLElement; tool(now: Tool): void } {
  const element = h(
    "div",
    { class: "dm-box dm-hint dm-invite iw-on-map" },
    mapIcon("point"),
    "Click a place on the map to see its time series",
  );
  const { model } = context;
  let tool: Tool = "point";
  const draw = (): void => {
    element.hidden = !model.get("_invites") || tool !== "point" || model.get("points").length > 0;
  };
  context.watch(["_invites", "points"], draw);
  return {
    element,
    tool(now) {
      tool = now;
      draw();
    },
  };
}

export interface ScaleBar {
  readonly element: HTMLElement;
  /** Length in metres and in pixels of the screen. */
  now(): [number, number];
}

export function scaleBar(context: Context): ScaleBar {
  const { map } = context.shown;
  const element = h("div", { class: "dm-box dm-scale iw-on-map", role: "img" });
  let now: [number, number] = [0, 0];
  function draw(): void {
    const { x, y } = map.getSize();
    const a = map.containerPointToLatLng([x / 2 - 60, y / 2]);
    const b = map.containerPointToLatLng([x / 2 + 60, y / 2]);
    const metres = map.distance(a, b); // at the middle's latitude: true on the ground
    if (!(metres > 0)) return;
    const length = scaleLength(metres);
    const width = Math.round((length / metres) * 120);
    now = [length, width];
    const half = length / 2;
    const unit = length >= 1000 ? "km" : "m";
    const say = (m: number): string => String(length >= 1000 ? m / 1000 : m);
    replace(
      element,
      h(
        "div",
        { class: "dm-scale-text", style: `width:${width}px` },
        h("span", {}, "0"),
        width > 70 ? h("span", {}, say(half)) : null,
        h("span", {}, `${say(length)} ${unit}`),
      ),
      h("div", { class: "dm-scale-bar", style: `width:${width}px` }, h("i"), h("i"), h("i"), h("i")),
    );
    element.setAttribute("aria-label", `Scale: ${formatLength(length)}`);
  }
  map.on("zoomend moveend resize", draw);
  draw();
  return { element, now: () => now };
}

/** Place and value under the pointer, of the half it is in. */
export function readOut(context: Context, cut: Clip): HTMLElement {
  const where = h("span", { class: "iw-2" });
  const value = h("b");
  const element = h("div", { class: "dm-box dm-read iw-on-map", hidden: true }, where, value);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = context.handle.on("hover", ({ mount, latlng }) => {
    if (mount === context.mount()) say(latlng);
  });
  function say(latlng: LatLng | null): void {
    clearTimeout(timer);
    element.hidden = latlng === null;
    if (!latlng) return;
    where.textContent = `${degrees(latlng.lng)}  ${degrees(latlng.lat)}`;
    const edge = cut.divider();
    const right = edge !== null && context.shown.map.latLngToContainerPoint(latlng).x > edge;
    const of = right ? cut.secondMount() : context.mount();
    const raster = right ? cut.second()?.model : context.raster;
    const at = of?.valueAt(latlng) ?? { state: "loading" as const };
    value.textContent =
      at.state === "value" && raster
        ? shownValue(raster, at.value, Math.max(at.step, finenessOf(raster)))
        : SAID[at.state === "value" ? "loading" : at.state];
    // A pointer that rests hears of what has come meanwhile
    if (at.state === "loading")
      timer = setTimeout(() => {
        say(latlng);
      }, PATIENCE);
  }
  context.signal.addEventListener("abort", () => {
    clearTimeout(timer);
    stop();
  });
  return element;
}
