// A value tile as the kernel sends it; src/insar_widgets/tiles/codec.py describes the bytes.

export const TILE = 256;
export const TILE_PIXELS = TILE * TILE;

const HEADER = 32;
const MAGIC = 0x31545749; // "IWT1", little-endian
const FORMATS = { empty: 0, uint8: 1, uint16: 2, float32: 3 };

export interface Codes {
  readonly numbers: Uint8Array | Uint16Array;
  readonly scale: number;
  readonly offset: number;
  /** Code of no value. */
  readonly nodata: number;
}

export interface ValueTile {
  readonly bytes: number;
  /** Difference of two neighbouring codes; 0 where values are as they were. */
  readonly step: number;
  readonly empty: boolean;
  /** The numbers as they came, where each stands for `code * scale + offset`; null: values themselves came. */
  readonly codes: Codes | null;
  /** Value of a pixel, rows from the north; NaN where there is none. */
  at(pixel: number): number;
  /** Writes all values. */
  read(out: Float32Array): void;
}

/** A tile without any value. */
export const EMPTY: ValueTile = {
  bytes: 64,
  step: 0,
  empty: true,
  codes: null,
  at: () => NaN,
  read(out) {
    out.fill(NaN);
  },
};

function floats(values: Float32Array): ValueTile {
  return {
    bytes: values.byteLength,
    step: 0,
    empty: false,
    codes: null,
    at: (pixel) => values[pixel] ?? NaN,
    read(out) {
      out.set(values);
    },
  };
}

/** Codes stay codes in memory: half as many bytes, and quickly made values of. */
function codes(numbers: Uint8Array | Uint16Array, scale: number, offset: number, nodata: number): ValueTile {
  return {
    bytes: numbers.byteLength,
    step: scale,
    empty: false,
    codes: { numbers, scale, offset, nodata },
    at(pixel) {
      const code = numbers[pixel];
      return code === undefined || code === nodata ? NaN : Math.fround(code * scale + offset);
    },
    read(out) {
      for (let i = 0; i < numbers.length; i++) {
        const code = numbers[i] ?? nodata;
        out[i] = code === nodata ? NaN : code * scale + offset;
      }
    },
  };
}

/** @param bytes of one tile; may be a window on a message, at any offset */
export function decodeTile(bytes: Uint8Array): ValueTile {
  if (bytes.byteLength === 0) return EMPTY;
  const own = bytes.slice(); // numbers must lie at even addresses, and the message must not be kept for one tile
  const head = new DataView(own.buffer);
  if (own.byteLength >= HEADER && head.getUint32(0, true) === MAGIC && head.getUint16(6, true) === TILE) {
    const format = head.getUint8(4);
    const scale = head.getFloat64(8, true);
    const offset = head.getFloat64(16, true);
    const nodata = head.getUint32(24, true);
    const size = own.byteLength - HEADER;
    if (format === FORMATS.empty) return EMPTY;
    if (format === FORMATS.uint8 && size === TILE_PIXELS)
      return codes(own.subarray(HEADER), scale, offset, nodata);
    if (format === FORMATS.uint16 && size === 2 * TILE_PIXELS)
      return codes(new Uint16Array(own.buffer, HEADER), scale, offset, nodata);
    if (format === FORMATS.float32 && size === 4 * TILE_PIXELS)
      return floats(new Float32Array(own.buffer, HEADER));
  }
  throw new Error(
    "A tile came in a form that this page does not know: restart the kernel and reload the page.",
  );
}
