// Which part of the map each layer covers: the area of interest, and the two halves of a comparison.

import type * as Leaflet from "leaflet";
import { colormapGradient } from "../lib/colormaps";
import { h, replace } from "../lib/dom";
import { formatValue, shownUnit } from "../lib/number";
import { layerHandle, type LayerHandle, type LayerMount, type RasterState } from "../raster-layer/api";
import type { Context, LonLat } from "./api";
import { covers } from "./covers";
import { isoDate } from "./words";

export type XY = [number, number];

const EDGE = 0.02; // share of the width that the divider stays away from the edges
const SHARED = [
  "vmin",
  "vmax",
  "colormap",
  "reverse",
  "wrap",
  "wrap_colormap",
] as const satisfies (keyof RasterState)[];
/** Where the names of the halves may stand, and what they should not cover besides the reference point. */
const PLACES = ["low", "high", "lower", "upper"] as const;
const OVER = ".dm-area, .dm-top-right > *, .iw-gnss-legend";
const ALWAYS = ["opacity", "mask_threshold"] as const;

/** Cuts a polygon at a vertical line. */
export function cutAt(polygon: readonly XY[], x: number, left: boolean): XY[] {
  const inside = ([px]: XY): boolean => (left ? px <= x : px >= x);
  const cut: XY[] = [];
  polygon.forEach((b, i) => {
    const a = polygon.at(i - 1) ?? b;
    if (inside(a) !== inside(b)) cut.push([x, a[1] + ((b[1] - a[1]) * (x - a[0])) / (b[0] - a[0])]);
    if (inside(b)) cut.push(b);
  });
  return cut;
}

/** Whether a place lies in a polygon. */
export function contains(polygon: readonly XY[], x: number, y: number): boolean {
  let inside = false;
  polygon.forEach(([bx, by], i) => {
    const [ax, ay] = polygon.at(i - 1) ?? [bx, by];
    if (ay > y !== by > y && x < ax + ((bx - ax) * (y - ay)) / (by - ay)) inside = !inside;
  });
  return inside;
}

export interface Clip {
  second(): LayerHandle | undefined;
  /** What shows the right half of this map. */
  secondMount(): LayerMount | undefined;
  /** Corners, in pixels of the map's container, that a layer is cut to; null: not at all. */
  shapeOf(second: boolean): XY[] | null;
  /** Pixels from the left; null when nothing is compared. */
  divider(): number | null;
}

export function clip(context: Context): Clip {
  const { model, shown, raster } = context;
  const { map, signal } = shown;
  const container = map.getContainer();
  let second: LayerHandle | undefined;
  let stopSecond: (() => void) | undefined;
  let share = 0.5;
  const left = h("span", { class: "dm-swipe-name left" });
  const right = h("span", { class: "dm-swipe-name right" });
  const divider = h(
    "div",
    {
      class: "dm-swipe iw-on-map",
      role: "slider",
      tabindex: 0,
      "aria-label": "Position of the swipe",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      hidden: true,
    },
    h("i", { "aria-hidden": "true" }),
    left,
    right,
  );
  container.append(divider);
  shown.L.DomEvent.disableClickPropagation(divider);

  const secondMount = (): LayerMount | undefined => second?.mounts().find((mount) => mount.map === map);

  function ring(): XY[] | null {
    const aoi: LonLat[] | null = model.get("aoi");
    if (!aoi) return null;
    return aoi.map(([lon, lat]) => {
      const p = map.latLngToContainerPoint([lat, lon]);
      return [p.x, p.y];
    });
  }

  function shapeOf(isSecond: boolean): XY[] | null {
    const { x, y } = map.getSize();
    const around = ring();
    if (!second) return around;
    const all: XY[] = [
      [-x, -y],
      [2 * x, -y],
      [2 * x, 2 * y],
      [-x, 2 * y],
    ];
    return cutAt(around ?? all, share * x, !isSecond);
  }

  function apply(mount: LayerMount | undefined, shape: XY[] | null): void {
    if (!mount) return;
    mount.clip(shape && ((x, y) => contains(shape, x, y)));
    const corners = shape?.map(([x, y]) => {
      const p: Leaflet.Point = map.containerPointToLayerPoint([x, y]);
      return `${p.x}px ${p.y}px`;
    });
    const path = corners && (corners.length < 3 ? "inset(100%)" : `polygon(${corners.join(",")})`);
    mount.container.style.clipPath = path ?? "";
  }

  function update(): void {
    apply(context.mount(), shapeOf(false));
    apply(secondMount(), shapeOf(true));
    divider.hidden = !second;
    divider.style.left = `${share * 100}%`;
    divider.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    if (!second) return;
    const date = model.get("_about").dates?.[raster.get("index")];
    const other = model.get("compare");
    const day = date && other?.layer === model.get("layer") ? other.date : "";
    replace(
      left,
      h(
        "b",
        {},
        day ? isoDate(date ?? "") : [raster.get("name"), date && isoDate(date)].filter(Boolean).join(", "),
      ),
    );
    replace(
      right,
      h("b", {}, day ? isoDate(day) : second.model.get("name")),
      alike() ? null : scaleOf(second.model.get.bind(second.model)),
    );
    stepAside();
  }

  /** The names stand where they cover the least of the reference point and of what lies over the map, best below. */
  function stepAside(): void {
    const costs = PLACES.map((place) => {
      divider.dataset.names = place;
      return [left, right].filter((name) => covers(container, name, OVER)).length;
    });
    divider.dataset.names = PLACES[costs.indexOf(Math.min(...costs))] ?? "low";
  }

  /** The right half's own scale, where it is not that of the left. */
  function scaleOf(get: <K extends keyof RasterState & string>(name: K) => RasterState[K]): HTMLElement {
    const wrap = get("wrap");
    const [lo, hi] = wrap === null ? [get("vmin") ?? 0, get("vmax") ?? 1] : [-wrap / 2, wrap / 2];
    const factor = get("display_factor");
    const say = (value: number): string => formatValue(value * factor, Math.abs(hi - lo) * factor * 0.01);
    const map = wrap === null ? get("colormap") : get("wrap_colormap");
    const unit = shownUnit(get("display_units"));
    return h(
      "span",
      { class: "dm-swipe-scale" },
      say(lo),
      h("i", { style: `background-image:${colormapGradient(map, get("reverse"))}` }),
      `${say(hi)} ${unit}`.trim(),
    );
  }

  function to(now: number): void {
    share = Math.max(EDGE, Math.min(1 - EDGE, now));
    update();
  }

  divider.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    divider.focus({ preventScroll: true });
    divider.setPointerCapture(event.pointerId);
  });
  divider.addEventListener("pointermove", (event) => {
    if (!divider.hasPointerCapture(event.pointerId)) return;
    event.stopPropagation();
    const box = container.getBoundingClientRect();
    to((event.clientX - box.left) / box.width);
  });
  divider.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (by === undefined) return;
    to(share + by);
    event.preventDefault();
    event.stopPropagation();
  });

  const alike = (): boolean => model.get("_second_about").alike === true;

  // Both halves are read on one scale when they show the same quantity.
  function follow(): void {
    if (!second) return;
    for (const trait of alike() ? [...SHARED, ...ALWAYS] : ALWAYS) second.model.set(trait, raster.get(trait));
  }

  context.watch(["second"], () => {
    const ref = model.get("second");
    stopSecond?.();
    stopSecond = second = undefined;
    update();
    if (!ref) return;
    layerHandle(model.widget_manager, ref).then((handle) => {
      if (model.get("second") !== ref || signal.aborted) return;
      second = handle;
      const stopMount = handle.on("mount", update);
      const traits = ["name", "vmin", "vmax", "display_units", "colormap", "reverse"].map(
        (t) => `change:${t}`,
      );
      for (const trait of traits) handle.model.on(trait, update);
      stopSecond = () => {
        stopMount();
        for (const trait of traits) handle.model.off(trait, update);
      };
      follow();
      update();
    }, context.fail);
  });
  context.watch(["aoi", "_about", "_second_about"], () => {
    follow();
    update();
  });
  context.watchRaster([...SHARED, ...ALWAYS], follow);
  context.watchRaster(["index", "name"], update);
  context.watch(["compare", "reference_point"], update);
  map.on("move zoomend viewreset resize moveend", update);
  const stop = context.handle.on("mount", update);
  signal.addEventListener("abort", () => {
    stop();
    stopSecond?.();
    map.off("move zoomend viewreset resize moveend", update);
    divider.remove();
  });
  return {
    second: () => second,
    secondMount,
    shapeOf,
    divider: () => (second ? share * map.getSize().x : null),
  };
}
