// The colour tables, read from the one file that Python reads as well; js/make_colormaps.py says where they come from.

import tables from "../../../src/insar_widgets/widgets/colormaps.json";

export type ColormapKind = "diverging" | "cyclic" | "sequential" | "classes";

const TABLES = tables as Record<string, { kind: string; rgb: string }>;
const SIZE = 256;
const known = new Map<string, Uint8Array>();

export function colormapNames(kind?: ColormapKind): string[] {
  return Object.keys(TABLES).filter((name) => kind === undefined || TABLES[name]?.kind === kind);
}

export function colormapKind(name: string): ColormapKind {
  return (TABLES[name]?.kind ?? "sequential") as ColormapKind;
}

/** 256 colours as r, g, b, r, g, b, ...; an unknown name is grey. */
export function colormapRgb(name: string, reverse = false): Uint8Array {
  const key = `${name}${reverse ? "-" : "+"}`;
  const found = known.get(key);
  if (found) return found;
  const text = atob((TABLES[name] ?? TABLES.gray)?.rgb ?? "");
  const rgb = new Uint8Array(SIZE * 3);
  for (let i = 0; i < SIZE; i++) {
    const from = reverse ? SIZE - 1 - i : i;
    for (let band = 0; band < 3; band++) rgb[3 * i + band] = text.charCodeAt(3 * from + band);
  }
  known.set(key, rgb);
  return rgb;
}

/** The colours as a canvas holds them: one 32-bit number a pixel, opaque. */
export function colormapPixels(name: string, reverse = false): Uint32Array {
  const rgb = colormapRgb(name, reverse);
  const bytes = new Uint8ClampedArray(SIZE * 4);
  for (let i = 0; i < SIZE; i++) {
    bytes.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    bytes[4 * i + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

/** The colours from left to right as a CSS gradient. */
export function colormapGradient(name: string, reverse = false, stops = 33): string {
  const rgb = colormapRgb(name, reverse);
  const colours = Array.from({ length: stops }, (_, n) => {
    const i = 3 * Math.round((n / (stops - 1)) * (SIZE - 1));
    return `rgb(${rgb[i] ?? 0} ${rgb[i + 1] ?? 0} ${rgb[i + 2] ?? 0})`;
  });
  return `linear-gradient(to right, ${colours.join(", ")})`;
}
