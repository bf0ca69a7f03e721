// From values to pixels. Everything here runs for each pixel of the screen at each step of a dragged handle, so the loops
// are plain, and no allocation happens in them.

/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is within the arrays, by the loops' limits */

export interface Look {
  /** 256 colours, one 32-bit number each. */
  pixels: Uint32Array;
  /** Values of the first and the last colour. */
  lo: number;
  hi: number;
  /** Value per colour cycle, zero in the middle; null: not wrapped. */
  wrap: number | null;
  /** Whole numbers, each with a colour of its own, whatever the range. */
  classes?: boolean;
}

const COLOURS = 256;

/** Which of the 256 colours a value gets; -1 for none. The closed form of what `paint` does. */
export function colourOf(value: number, { lo, hi, wrap, classes }: Look): number {
  if (Number.isNaN(value)) return -1;
  if (classes) return ((Math.round(value) % COLOURS) + COLOURS) % COLOURS;
  const share = wrap === null ? (value - lo) / (hi - lo) : value / wrap + 0.5;
  const inside = wrap === null ? share : share - Math.floor(share);
  return Math.max(0, Math.min(COLOURS - 1, Math.floor(inside * COLOURS)));
}

/** Colours `values` into `out`; NaN becomes transparent. */
export function paint(values: Float32Array, look: Look, out: Uint32Array): void {
  if (look.classes) paintClasses(values, look.pixels, out);
  else if (look.wrap === null) paintRange(values, look.pixels, look.lo, look.hi, out);
  else paintWrapped(values, look.pixels, look.wrap, out);
}

function paintRange(
  values: Float32Array,
  pixels: Uint32Array,
  lo: number,
  hi: number,
  out: Uint32Array,
): void {
  const factor = hi === lo ? 0 : COLOURS / (hi - lo);
  const shift = hi === lo ? COLOURS / 2 : -lo * factor;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // NaN fails every comparison, so it must be asked for by itself.
    if (value !== value) {
      out[i] = 0;
      continue;
    }
    const place = value * factor + shift;
    out[i] = pixels[place <= 0 ? 0 : place >= COLOURS - 1 ? COLOURS - 1 : place | 0]!;
  }
}

function paintWrapped(values: Float32Array, pixels: Uint32Array, wrap: number, out: Uint32Array): void {
  const factor = 1 / wrap;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== value) {
      out[i] = 0;
      continue;
    }
    const turns = value * factor + 0.5;
    out[i] = pixels[((turns - Math.floor(turns)) * COLOURS) & 255]!;
  }
}

function paintClasses(values: Float32Array, pixels: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    out[i] = value !== value ? 0 : pixels[Math.round(value) & 255]!;
  }
}

export type MaskMode = "none" | "minimum" | "maximum" | "nonzero" | "equal";

/** Whether the mask's value lets the data be seen. */
export function passes(value: number, mode: MaskMode, threshold: number): boolean {
  switch (mode) {
    case "none":
      return true;
    case "minimum":
      return value >= threshold;
    case "maximum":
      return value <= threshold;
    case "nonzero":
      return value !== 0 && !Number.isNaN(value);
    case "equal":
      return value === threshold;
  }
}

/** Makes NaN of what the mask hides. */
export function applyMask(values: Float32Array, mask: Float32Array, mode: MaskMode, threshold: number): void {
  // The comparisons are true for what is hidden, NaN included.
  if (mode === "minimum") {
    for (let i = 0; i < values.length; i++) if (!(mask[i]! >= threshold)) values[i] = NaN;
  } else if (mode === "maximum") {
    for (let i = 0; i < values.length; i++) if (!(mask[i]! <= threshold)) values[i] = NaN;
  } else if (mode !== "none") {
    for (let i = 0; i < values.length; i++) {
      if (!passes(mask[i]!, mode, threshold)) values[i] = NaN;
    }
  }
}

/** Subtracts a number, and another raster if there is one. */
export function subtract(values: Float32Array, shift: number, base: Float32Array | null): void {
  if (base) {
    for (let i = 0; i < values.length; i++) values[i] = values[i]! - base[i]! - shift;
  } else if (shift !== 0) {
    for (let i = 0; i < values.length; i++) values[i] = values[i]! - shift;
  }
}

/** Colours codes by a table that has one colour for each of them. */
export function paintCodes(codes: Uint8Array | Uint16Array, table: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]!]!;
}

/** Colours the differences of two tiles' codes by a table that begins at the difference `-zero`. */
export function paintDifferences(
  codes: Uint8Array | Uint16Array,
  base: Uint8Array | Uint16Array,
  nodata: number,
  table: Uint32Array,
  zero: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < codes.length; i++) {
    const [a, b] = [codes[i]!, base[i]!];
    out[i] = a === nodata || b === nodata ? 0 : table[a - b + zero]!;
  }
}

/** Makes transparent what a mask hides; `shown` has 1 for each of the mask's codes that shows, 0 for the others. */
export function hide(mask: Uint8Array | Uint16Array, shown: Uint8Array, out: Uint32Array): void {
  for (let i = 0; i < mask.length; i++) if (shown[mask[i]!] === 0) out[i] = 0;
}
