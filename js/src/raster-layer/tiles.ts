// One tile on one map: which values it shows, and how they get their colours.

import {
  applyMask,
  hide,
  paint,
  paintCodes,
  paintDifferences,
  passes,
  subtract,
  type Look,
} from "../lib/colour";
import { TILE, TILE_PIXELS, type Codes, type ValueTile } from "../lib/value-tile";
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

export type State = Pick<RasterState, "mask_mode" | "mask_threshold"> & {
  readonly offsets: readonly number[];
};

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

/** Colours of all codes, for as long as nothing changes but the tile. */
interface Table {
  name: string;
  readonly values: Float32Array;
  readonly colours: Uint32Array;
}

const CODES = 2 ** 16;

/** Paints tiles, one after the other, with memory that is used again and again. */
export class Painter {
  readonly #values = new Float32Array(TILE_PIXELS);
  readonly #other = new Float32Array(TILE_PIXELS);
  readonly #image = new ImageData(TILE, TILE);
  readonly #pixels = new Uint32Array(this.#image.data.buffer);
  readonly #single: Table = { name: "", values: new Float32Array(CODES), colours: new Uint32Array(CODES) };
  #difference: Table | undefined;
  readonly #shown = { name: "", codes: new Uint8Array(CODES) };
  #look: Look | undefined;
  #looks = 0;

  paint(context: CanvasRenderingContext2D, shown: Shown, reading: Reading, look: Look): void {
    if (shown.value.empty || shown.base?.empty === true) {
      context.clearRect(0, 0, TILE, TILE);
      return;
    }
    if (this.#look !== look) this.#looks += 1;
    this.#look = look;
    if (!this.#fromCodes(shown, reading, look)) paint(this.#compose(shown, reading), look, this.#pixels);
    context.putImageData(this.#image, 0, 0);
  }

  /** The quick way: a colour for each code is found once, not for each pixel. */
  #fromCodes({ value, base, mask }: Shown, reading: Reading, look: Look): boolean {
    const [codes, zero, hidden] = [value.codes, base?.codes, mask?.codes];
    const masked = mask !== null && reading.maskMode !== "none";
    if (!codes || (base && !zero) || (masked && !hidden)) return false;
    if (zero && (zero.scale !== codes.scale || zero.offset !== codes.offset || zero.nodata !== codes.nodata))
      return false;
    const { scale, offset, nodata } = codes;
    const words = [this.#looks, scale, offset, nodata, reading.shift].join(" ");
    if (zero) {
      const table = (this.#difference ??= {
        name: "",
        values: new Float32Array(2 * CODES),
        colours: new Uint32Array(2 * CODES),
      });
      this.#fill(table, words, look, (code) => (code - CODES) * scale - reading.shift);
      paintDifferences(codes.numbers, zero.numbers, nodata, table.colours, CODES, this.#pixels);
    } else {
      const table = this.#single;
      this.#fill(table, words, look, (code) =>
        code === nodata ? NaN : Math.fround(code * scale + offset) - reading.shift,
      );
      paintCodes(codes.numbers, table.colours, this.#pixels);
    }
    if (masked && hidden) hide(hidden.numbers, this.#passing(hidden, reading), this.#pixels);
    return true;
  }

  #fill(table: Table, name: string, look: Look, valueOf: (code: number) => number): void {
    if (table.name === name) return;
    table.name = name;
    const { values, colours } = table;
    for (let code = 0; code < values.length; code++) values[code] = valueOf(code);
    paint(values, look, colours);
  }

  /** 1 for each code of a mask that lets the data be seen. */
  #passing({ scale, offset, nodata }: Codes, { maskMode, maskThreshold }: Reading): Uint8Array {
    const shown = this.#shown;
    const name = [scale, offset, nodata, maskMode, maskThreshold].join(" ");
    if (shown.name === name) return shown.codes;
    shown.name = name;
    for (let code = 0; code < CODES; code++) {
      const value = code === nodata ? NaN : Math.fround(code * scale + offset);
      shown.codes[code] = passes(value, maskMode, maskThreshold) ? 1 : 0;
    }
    return shown.codes;
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
