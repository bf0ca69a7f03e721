// Which value a station shows and in which colour: those of the raster under it, as they are just now.

import type { AnyModel } from "@anywidget/types";
import { colourOf } from "../lib/colour";
import { colormapRgb } from "../lib/colormaps";
import { shownUnit } from "../lib/number";
import type { LayerState, Motion } from "./api";

interface RasterLook {
  colormap: string;
  wrap_colormap: string;
  reverse: boolean;
  vmin: number | null;
  vmax: number | null;
  wrap: number | null;
  index: number;
  base_index: number;
  units: string;
  display_units: string;
  display_factor: number;
  _source: { dates: string[] } | null;
}

const TRAITS: readonly (keyof RasterLook)[] = [
  "colormap",
  "wrap_colormap",
  "reverse",
  "vmin",
  "vmax",
  "wrap",
  "index",
  "base_index",
  "units",
  "display_units",
  "display_factor",
  "_source",
];

export interface Shown {
  quantity: "velocity" | "displacement" | "none";
  /** In words, for the legend: "LOS velocity". */
  words: string;
  units: string;
  factor: number;
  /** Value of a station in m or m/yr; NaN where there is none. */
  value(name: string): number;
  /** CSS colour of a value, "" for none. */
  color(value: number): string;
}

export class Looks {
  #raster: AnyModel<RasterLook> | null = null;
  #wanted = "";

  constructor(
    private readonly model: AnyModel<LayerState>,
    private readonly changed: () => void,
    signal: AbortSignal,
  ) {
    const follow = (): void => {
      this.#follow();
    };
    model.on("change:_raster", follow);
    signal.addEventListener("abort", () => {
      model.off("change:_raster", follow);
      this.#leave();
    });
    follow();
  }

  #leave(): void {
    for (const trait of TRAITS) this.#raster?.off(`change:${trait}`, this.changed);
    this.#raster = null;
  }

  #follow(): void {
    const ref = this.model.get("_raster");
    this.#wanted = ref;
    this.#leave();
    if (!ref) {
      this.changed();
      return;
    }
    this.model.widget_manager.get_model(ref.replace("anywidget:", "")).then(
      (found) => {
        if (this.#wanted !== ref) return;
        this.#raster = found as unknown as AnyModel<RasterLook>;
        for (const trait of TRAITS) this.#raster.on(`change:${trait}`, this.changed);
        this.changed();
      },
      () => undefined, // closed in the meantime
    );
  }

  now(): Shown {
    const motion = this.model.get("_motion");
    const raster = this.#raster;
    if (!raster) {
      const velocity = valueOf(motion, "velocity", "", "");
      const { model } = this;
      const rgb = colormapRgb(model.get("colormap"), model.get("reverse"));
      const range = { lo: model.get("vmin"), hi: model.get("vmax"), wrap: null, pixels: NO_PIXELS };
      const color = (value: number): string => css(rgb, colourOf(value, range));
      return {
        quantity: "velocity",
        words: "LOS velocity",
        units: "mm/yr",
        factor: 1000,
        value: velocity,
        color,
      };
    }
    const units = raster.get("units");
    const dates = raster.get("_source")?.dates ?? [];
    const quantity =
      units === "m/year" ? "velocity" : units === "m" && dates.length > 0 ? "displacement" : "none";
    const date = dates[raster.get("index")] ?? "";
    const base = dates[raster.get("base_index")] ?? "";
    const value = valueOf(motion, quantity, date, base);
    const [lo, hi, wrap] = [raster.get("vmin"), raster.get("vmax"), raster.get("wrap")];
    const rgb = colormapRgb(raster.get(wrap === null ? "colormap" : "wrap_colormap"), raster.get("reverse"));
    const known = wrap !== null || (lo !== null && hi !== null);
    return {
      quantity,
      words: quantity === "displacement" ? "LOS displacement" : quantity === "velocity" ? "LOS velocity" : "",
      units: shownUnit(raster.get("display_units")),
      factor: raster.get("display_factor"),
      value,
      color: (v) =>
        known ? css(rgb, colourOf(v, { lo: lo ?? 0, hi: hi ?? 0, wrap, pixels: NO_PIXELS })) : "",
    };
  }
}

const NO_PIXELS = new Uint32Array(0);

function css(rgb: Uint8Array, index: number): string {
  if (index < 0) return "";
  return `rgb(${rgb[3 * index] ?? 0}, ${rgb[3 * index + 1] ?? 0}, ${rgb[3 * index + 2] ?? 0})`;
}

/** Displacement at a date less that at the base, or velocity. */
function valueOf(
  motion: Motion,
  quantity: Shown["quantity"],
  date: string,
  base: string,
): (name: string) => number {
  const dates = motion.dates;
  const [at, zero] = [dates.indexOf(date), dates.indexOf(base)];
  return (name) => {
    const own = motion.stations[name];
    if (!own || quantity === "none") return NaN;
    if (quantity === "velocity") return own.velocity ?? NaN;
    const value = own.displacement[at] ?? NaN;
    return base ? value - (own.displacement[zero] ?? NaN) : value;
  };
}
