// A value tile as the kernel sends it; src/insar_widgets/tiles describes the bytes.

export const TILE = 256;
export const TILE_PIXELS = TILE * TILE;

export interface ValueTile {
  readonly bytes: number;
  /** Difference of two neighbouring codes; 0 where values are as they were. */
  readonly step: number;
  /** Value of a pixel, rows from the north; NaN where there is none. */
  at(pixel: number): number;
  /** Writes all values. */
  read(out: Float32Array): void;
}

/** A tile without any value; costs nothing. */
export const EMPTY: ValueTile = {
  bytes: 64,
  step: 0,
  at: () => NaN,
  read(out) {
    out.fill(NaN);
  },
};

function floatTile(values: Float32Array): ValueTile {
  return {
    bytes: values.byteLength,
    step: 0,
    at: (pixel) => values[pixel] ?? NaN,
    read(out) {
      out.set(values);
    },
  };
}

/** @param bytes of one tile; may be a window on a message at any offset */
export function decodeTile(bytes: Uint8Array): ValueTile {
  if (bytes.byteLength === 0) return EMPTY;
  const own = bytes.slice();
  if (own.byteLength === 4 * TILE_PIXELS) return floatTile(new Float32Array(own.buffer));
  throw new Error(
    "A tile came in a form that this page does not know. Restart the kernel and reload the page.",
  );
}
