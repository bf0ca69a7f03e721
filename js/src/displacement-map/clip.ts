// Which part of the map each layer covers: the area of interest, and the two halves of a comparison.

import type * as Leaflet from "leaflet";
import { h } from "../lib/dom";
import { layerHandle, type LayerHandle } from "../raster-layer/api";
import type { Context, LonLat } from "./api";

type XY = [number, number];

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

export interface Clip {
  second(): LayerHandle | undefined;
  /** Corners, in pixels of the map's container, that a layer is cut to; null: not at all. */
  shapeOf(second: boolean): XY[] | null;
  divider(): number | null;
}

export function clip(context: Context): Clip {
  const { model, shown } = context;
  const { map, signal } = shown;
  const container = map.getContainer();
  let second: LayerHandle | undefined;
  let share = 0.5;
  const left = h("span", { class: "dm-swipe-name left" });
  const right = h("span", { class: "dm-swipe-name right" });
  const divider = h(
    "div",
    {
      class: "dm-swipe sp-on-map",
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
    return cutAt(
      around ?? [
        [-x, -y],
        [2 * x, -y],
        [2 * x, 2 * y],
        [-x, 2 * y],
      ],
      share * x,
      !isSecond,
    );
  }

  function apply(element: HTMLElement | undefined, shape: XY[] | null): void {
    if (!element) return;
    element.style.clipPath =
      shape === null
        ? ""
        : shape.length < 3
          ? "inset(100%)"
          : `polygon(${shape
              .map(([x, y]) => {
                const p: Leaflet.Point = map.containerPointToLayerPoint([x, y]);
                return `${p.x}px ${p.y}px`;
              })
              .join(",")})`;
  }

  function update(): void {
    apply(context.mount()?.container, shapeOf(false));
    apply(second?.mounts().find((mount) => mount.map === map)?.container, shapeOf(true));
    divider.hidden = !second;
    divider.style.left = `${share * 100}%`;
    divider.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    left.textContent = name(false);
    right.textContent = name(true);
  }

  function name(isSecond: boolean): string {
    if (isSecond) return second?.model.get("name") ?? "";
    const date = model.get("_about").dates?.[context.raster.get("index")];
    return `${context.raster.get("name")}${date ? `, ${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}` : ""}`;
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
    share = Math.max(0.02, Math.min(0.98, (event.clientX - box.left) / box.width));
    update();
  });
  divider.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (by === undefined) return;
    share = Math.max(0.02, Math.min(0.98, share + by));
    update();
    event.preventDefault();
    event.stopPropagation();
  });

  // Both halves are read on one scale when they show the same quantity.
  function follow(): void {
    if (second?.model.get("units") !== context.raster.get("units")) return;
    for (const trait of [
      "vmin",
      "vmax",
      "colormap",
      "reverse",
      "wrap",
      "wrap_colormap",
      "opacity",
      "mask_threshold",
    ] as const) {
      second.model.set(trait, context.raster.get(trait));
    }
  }

  context.watch(["second"], () => {
    const ref = model.get("second");
    second = undefined;
    if (!ref) {
      update();
      return;
    }
    layerHandle(model.widget_manager, ref).then((handle) => {
      if (model.get("second") !== ref || signal.aborted) return;
      second = handle;
      follow();
      handle.on("mount", update);
      update();
    }, context.fail);
  });
  context.watch(["aoi", "_about"], update);
  context.watchRaster(
    ["vmin", "vmax", "colormap", "reverse", "wrap", "wrap_colormap", "opacity", "mask_threshold"],
    follow,
  );
  context.watchRaster(["index", "name"], update);
  map.on("move zoomend viewreset resize moveend", update);
  context.handle.on("mount", update);
  signal.addEventListener("abort", () => {
    divider.remove();
  });
  return { second: () => second, shapeOf, divider: () => (second ? share * map.getSize().x : null) };
}
