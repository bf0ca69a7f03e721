// One tile on one map: which values it shows, and how they get their colours.

import { applyMask, paint, passes, subtract, type Look } from "../lib/colour";
import { TILE, TILE_PIXELS, type ValueTile } from "../lib/value-tile";
import type { MaskMode, RasterState } from "./api";

/** What a tile shows. It holds on to its values, whatever the cache forgets. */
export interface Shown {
  /** Source, slice, base slice and mask, as one text to compare. */
  readonly name: string;
  readonly index: number;
  readonly baseIndex: number;
  readonly value: ValueTile;
  readonly base: ValueTile | null;
  readonly mask: ValueTile | null;
}

export interface Reading {
  /** Subtracted from every value. */
  shift: number;
  maskMode: MaskMode;
  maskThreshold: number;
}

export type State = Pick<RasterState, "offsets" | "mask_mode" | "mask_threshold">;

export function readingOf(shown: Shown, state: State): Reading {
  const offset = (index: number): number => (index < 0 ? 0 : (state.offsets[index] ?? 0));
  return {
    shift: offset(shown.index) - offset(shown.baseIndex),
    maskMode: shown.mask ? state.mask_mode : "none",
    maskThreshold: state.mask_threshold,
  };
}

export type PixelState = "value" | "masked" | "no data";

/** Value of one pixel, re-referenced, and whether the mask hides it. */
export function pixelOf(shown: Shown, pixel: number, reading: Reading): { state: PixelState; value: number } {
  const value = shown.value.at(pixel) - reading.shift - (shown.base?.at(pixel) ?? 0);
  if (Number.isNaN(value)) return { state: "no data", value };
  if (shown.mask && !passes(shown.mask.at(pixel), reading.maskMode, reading.maskThreshold))
    return { state: "masked", value };
  return { state: "value", value };
}

/** Paints tiles, one after the other, with memory that is used again and again. */
export class Painter {
  readonly #values = new Float32Array(TILE_PIXELS);
  readonly #other = new Float32Array(TILE_PIXELS);
  readonly #image = new ImageData(TILE, TILE);
  readonly #pixels = new Uint32Array(this.#image.data.buffer);

  paint(context: CanvasRenderingContext2D, shown: Shown, reading: Reading, look: Look): void {
    if (shown.value.empty || shown.base?.empty === true) {
      context.clearRect(0, 0, TILE, TILE);
      return;
    }
    paint(this.#compose(shown, reading), look, this.#pixels);
    context.putImageData(this.#image, 0, 0);
  }

  #compose(shown: Shown, { shift, maskMode, maskThreshold }: Reading): Float32Array {
    shown.value.read(this.#values);
    shown.base?.read(this.#other);
    subtract(this.#values, shift, shown.base ? this.#other : null);
    if (shown.mask && maskMode !== "none") {
      shown.mask.read(this.#other);
      applyMask(this.#values, this.#other, maskMode, maskThreshold);
    }
    return this.#values;
  }
}
