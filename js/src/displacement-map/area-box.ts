// What lies in the area of interest: a box over the map.

import { button, h, replace } from "../lib/dom";
import type { AreaStatistics, Context } from "./api";
import { covers } from "./covers";
import { fineness, shownValue } from "./words";

const PATIENCE = 250; // ms without a change before the kernel is asked

export function areaBox(context: Context): HTMLElement {
  const { model } = context;
  const { map } = context.shown;
  const element = h("div", { class: "dm-box dm-area iw-on-map", hidden: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;

  function show(found: AreaStatistics): void {
    const step = fineness(context) * 5;
    const say = (value: number | null): string =>
      value === null ? "–" : shownValue(context.raster, value, step);
    const remove = button(
      "Remove",
      () => {
        context.remember();
        context.set({ aoi: null });
      },
      { class: "small", key: "area-remove", title: "Remove the area of interest" },
    );
    const { count, kept } = found;
    replace(
      element,
      h("div", { class: "dm-area-head" }, h("b", { class: "iw-grow" }, "Area of interest"), remove),
      h("span", {}, kept ? `median ${say(found.median)}` : "no value in it"),
      kept ? h("span", { class: "iw-2" }, `16–84 %: ${say(found.p16)} to ${say(found.p84)}`) : null,
      h(
        "span",
        { class: "iw-2" },
        kept === count ? `${count} pixels` : `${kept} of ${count} pixels, the others are masked`,
      ),
    );
    stepAside();
  }

  function stepAside(): void {
    element.classList.remove("low");
    element.classList.toggle("low", !element.hidden && covers(map.getContainer(), element));
  }

  function update(): void {
    clearTimeout(timer);
    const ring = model.get("aoi");
    element.hidden = ring === null;
    if (!ring) return;
    const now = ++asked;
    timer = setTimeout(() => {
      context.requests.request("area", { ring }, { signal: context.signal }).then(({ payload }) => {
        if (now === asked) show(payload);
      }, context.fail);
    }, PATIENCE);
  }

  context.watch(["aoi", "_about"], update);
  context.watchRaster(
    ["index", "mask_threshold", "offsets", "base_index", "mask_mode", "display_units"],
    update,
  );
  context.watch(["reference_point"], stepAside);
  map.on("moveend", stepAside);
  context.signal.addEventListener("abort", () => {
    map.off("moveend", stepAside);
    clearTimeout(timer);
  });
  return element;
}
