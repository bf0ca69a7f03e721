import { describe, expect, it, vi } from "vitest";
import { applyMask, colourOf, paint, subtract, type Look } from "../src/lib/colour";
import { colormapGradient, colormapNames, colormapPixels, colormapRgb } from "../src/lib/colormaps";
import { formatValue } from "../src/lib/number";
import { ByteCache } from "../src/lib/tile-cache";
import { TileStore, type TileKey, type Wanted } from "../src/lib/tile-store";
import { decodeTile, EMPTY, TILE_PIXELS, type ValueTile } from "../src/lib/value-tile";
import { histogramOf } from "../src/raster-layer/histogram";
import { sliceWords } from "../src/raster-layer/legend";
import { touches } from "../src/raster-layer/mount";
import { Painter, pixelOf, readingOf, type Reading, type Shown } from "../src/raster-layer/tiles";

/** 256 pixels that are their own number. */
const NUMBERED = Uint32Array.from({ length: 256 }, (_, n) => n + 1);
const range = (lo: number, hi: number): Look => ({ pixels: NUMBERED, lo, hi, wrap: null });

function painted(values: readonly number[], look: Look): number[] {
  const out = new Uint32Array(values.length);
  paint(Float32Array.from(values), look, out);
  return [...out].map((pixel) => pixel - 1);
}

describe("colours", () => {
  it("divide the range into 256 equal steps and hold at its ends", () => {
    expect(painted([-2, -1, -0.999, -0.0001, 0.0001, 0.999, 1, 7], range(-1, 1))).toEqual([
      0, 0, 0, 127, 128, 255, 255, 255,
    ]);
  });

  it("are the closed form for any value, range, cycle and class", () => {
    const values = Array.from({ length: 4000 }, (_, n) => Math.fround(Math.sin(n) * 3));
    for (const look of [
      range(-1.3, 0.4),
      range(0.4, -1.3),
      { ...range(0, 1), wrap: 0.028 },
      { ...range(0, 1), wrap: 2 * Math.PI },
    ]) {
      const close = painted(values, look).filter((c, n) => Math.abs(c - colourOf(values[n] ?? 0, look)) > 0);
      expect(close.length).toBeLessThan(3); // a rounding in the last bit at the edge of a step
    }
  });

  it("leave out what has no value", () => {
    const out = new Uint32Array([7, 7, 7]);
    for (const look of [range(0, 1), { ...range(0, 1), wrap: 1 }, { ...range(0, 1), classes: true }]) {
      paint(Float32Array.of(NaN, 0.5, NaN), look, out);
      expect(out[0]).toBe(0);
      expect(out[1]).not.toBe(0);
      expect(out[2]).toBe(0);
    }
  });

  it("repeat with the wrapping, zero in the middle", () => {
    const look = { ...range(0, 1), wrap: 0.5 };
    expect(painted([0, 0.5, 1, -0.5], look)).toEqual([128, 128, 128, 128]);
    expect(painted([-0.25, 0.2499, 0.2501], look)).toEqual([0, 255, 0]);
  });

  it("give each class its own, whatever the range", () => {
    expect(painted([0, 1, 255, 256], { ...range(5, 6), classes: true })).toEqual([0, 1, 255, 0]);
  });

  it("are those of the tables, opaque, and reversible", () => {
    const rgb = colormapRgb("viridis");
    expect([...rgb.slice(0, 3)]).toEqual([68, 1, 84]); // as published
    expect([...rgb.slice(-3)]).toEqual([253, 231, 37]);
    expect([...colormapRgb("viridis", true).slice(0, 3)]).toEqual([253, 231, 37]);
    const bytes = new Uint8Array(colormapPixels("viridis").buffer);
    expect([...bytes.slice(0, 4)]).toEqual([68, 1, 84, 255]);
    expect(colormapGradient("gray", false, 3)).toMatch(/rgb\(0 0 0\).*rgb\(255 255 255\)/);
    expect(colormapNames("cyclic")).toEqual(expect.arrayContaining(["cmy", "romaO"]));
  });
});

describe("masks and references", () => {
  const masked = (mode: Parameters<typeof applyMask>[2], threshold = 0.5): number[] => {
    const values = Float32Array.of(1, 1, 1, 1, 1);
    applyMask(values, Float32Array.of(0, 0.5, 0.7, 2, NaN), mode, threshold);
    return [...values].map((v) => (Number.isNaN(v) ? 0 : 1));
  };

  it("show what passes, and never what the mask does not know", () => {
    expect(masked("minimum")).toEqual([0, 1, 1, 1, 0]);
    expect(masked("maximum")).toEqual([1, 1, 0, 0, 0]);
    expect(masked("nonzero")).toEqual([0, 1, 1, 1, 0]);
    expect(masked("equal", 2)).toEqual([0, 0, 0, 1, 0]);
    expect(masked("none")).toEqual([1, 1, 1, 1, 1]);
  });

  it("subtract an offset and another slice", () => {
    const values = Float32Array.of(5, NaN, 1);
    subtract(values, 2, Float32Array.of(1, 1, NaN));
    expect([...values]).toEqual([2, NaN, NaN]);
  });

  it("read one pixel as they paint it", () => {
    const tile = (value: number): typeof EMPTY => ({ ...EMPTY, empty: false, at: () => value });
    const shown = { name: "", index: 2, baseIndex: 0, value: tile(5), base: tile(1), mask: tile(0.4) };
    const state = { offsets: [0.25, 0, 1], mask_mode: "minimum" as const, mask_threshold: 0.3 };
    expect(pixelOf(shown, 0, readingOf(shown, state))).toEqual({ state: "value", value: 5 - 1 - (1 - 0.25) });
    expect(pixelOf(shown, 0, readingOf(shown, { ...state, mask_threshold: 0.5 })).state).toBe("masked");
    expect(pixelOf({ ...shown, base: tile(NaN) }, 0, readingOf(shown, state)).state).toBe("no data");
  });
});

function encoded(format: number, numbers: Uint8Array): Uint8Array {
  // At an odd place of a larger message, as buffers come
  const message = new Uint8Array(1 + 32 + numbers.byteLength);
  const head = new DataView(message.buffer, 1);
  head.setUint32(0, 0x31545749, true);
  head.setUint8(4, format);
  head.setUint16(6, 256, true);
  head.setFloat64(8, 0.5, true);
  head.setFloat64(16, -10, true);
  head.setUint32(24, format === 1 ? 255 : 65535, true);
  message.set(numbers, 33);
  return message.subarray(1);
}

describe("tiles", () => {
  it("are read from 8 and 16 bits and floats, with no data", () => {
    const codes = new Uint16Array(TILE_PIXELS).fill(65535);
    codes.set([0, 30], 0);
    const tile = decodeTile(encoded(2, new Uint8Array(codes.buffer)));
    expect([tile.at(0), tile.at(1), tile.at(2), tile.step]).toEqual([-10, 5, NaN, 0.5]);
    const all = new Float32Array(TILE_PIXELS);
    tile.read(all);
    expect([...all.slice(0, 3)]).toEqual([-10, 5, NaN]);
    expect(tile.bytes).toBe(2 * TILE_PIXELS);
    expect(decodeTile(encoded(1, new Uint8Array(TILE_PIXELS).fill(4))).at(9)).toBe(-8);
    const floats = new Float32Array(TILE_PIXELS).fill(0.125);
    expect(decodeTile(encoded(3, new Uint8Array(floats.buffer))).at(TILE_PIXELS - 1)).toBe(0.125);
    expect(decodeTile(encoded(0, new Uint8Array(0))).empty).toBe(true);
    expect(decodeTile(new Uint8Array(0)).empty).toBe(true);
  });

  it("of another form are refused in words", () => {
    expect(() => decodeTile(new Uint8Array(40))).toThrow(/restart the kernel/);
    expect(() => decodeTile(encoded(2, new Uint8Array(8)))).toThrow(/restart the kernel/);
  });

  it("touch the data where they overlap it, in every turn of the world", () => {
    const fiji: [number, number, number, number] = [-19, 177, -15, 183];
    expect(touches({ z: 3, x: 7, y: 4 }, fiji)).toBe(true); // 135 to 180 degrees
    expect(touches({ z: 3, x: 0, y: 4 }, fiji)).toBe(true); // -180 to -135
    expect(touches({ z: 3, x: 8, y: 4 }, fiji)).toBe(true); // the same, one turn on
    expect(touches({ z: 3, x: 1, y: 4 }, fiji)).toBe(false);
    expect(touches({ z: 3, x: 7, y: 3 }, fiji)).toBe(false);
    expect(touches({ z: 3, x: 7, y: 8 }, [-90, -180, 90, 180])).toBe(false);
  });
});

describe("the cache", () => {
  it("forgets first what was used longest ago, and stays within its bytes", () => {
    const cache = new ByteCache<{ bytes: number }>(10);
    for (const key of ["a", "b", "c"]) cache.set(key, { bytes: 3 });
    cache.get("a");
    cache.set("d", { bytes: 3 });
    expect(["a", "b", "c", "d"].filter((key) => cache.has(key))).toEqual(["a", "c", "d"]);
    expect(cache.bytes).toBe(9);
    cache.set("a", { bytes: 9 });
    expect(cache.bytes).toBeLessThanOrEqual(10);
    expect(cache.has("a")).toBe(true);
  });
});

interface Asked {
  source: string;
  tiles: TileKey[];
  signal: AbortSignal;
  answer: () => void;
  fail: (error: Error) => void;
}

function makeStore(): { store: TileStore; asked: Asked[]; failures: unknown[] } {
  const asked: Asked[] = [];
  const failures: unknown[] = [];
  const store = new TileStore(
    (source, tiles, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("Cancelled."));
        });
        const answer = (): void => {
          resolve(tiles.map(() => new Uint8Array(0)));
        };
        asked.push({ source, tiles, signal, answer, fail: reject });
      }),
    1e6,
    () => undefined,
    (error) => failures.push(error),
  );
  return { store, asked, failures };
}

const want = (x: number, priority = 0, source = "r1"): Wanted => ({
  source,
  revision: 0,
  tile: [0, 5, x, 0],
  priority,
});
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("the store", () => {
  it("asks for what is waited for at once and for what is foreseen afterwards, one request at a time", async () => {
    const { store, asked } = makeStore();
    const foreseen = Array.from({ length: 20 }, (_, n) => want(100 + n, 2));
    store.want({}, [...foreseen, want(1), want(2), want(3)]);
    expect(asked.flatMap(({ tiles }) => tiles.map(([, , x]) => x)).sort()).toEqual([1, 2, 3]);
    for (const one of [...asked]) one.answer();
    await soon();
    expect(asked.length).toBe(3); // the page draws first
    await vi.waitFor(() => {
      expect(asked.length).toBe(4);
    });
    expect(asked[3]?.tiles.every(([, , x]) => x >= 100)).toBe(true);
    expect(store.has(want(2))).toBe(true);
    store.dispose();
    await soon();
  });

  it("cancels what nobody wants any more, and only that", async () => {
    const { store, asked } = makeStore();
    const [one, two] = [{}, {}];
    store.want(one, [want(1), want(2), want(3)]);
    store.want(two, [want(3)]);
    store.want(one, []);
    const aborted = asked
      .filter(({ signal }) => signal.aborted)
      .flatMap(({ tiles }) => tiles.map((t) => t[2]));
    expect(aborted.sort()).toEqual([1, 2]);
    await soon();
    store.dispose();
    await soon();
  });

  it("says what failed, does not ask again by itself at once, and asks again when told", async () => {
    const { store, asked, failures } = makeStore();
    store.want({}, [want(1)]);
    asked[0]?.fail(new Error("the disk is gone"));
    await soon();
    expect(failures).toHaveLength(1);
    const owner = {};
    store.want(owner, [want(1)]);
    expect(asked).toHaveLength(1);
    store.retry();
    store.want(owner, [want(1)]);
    expect(asked).toHaveLength(2);
    asked[1]?.answer();
    await soon();
    expect(failures.at(-1)).toBeNull();
    store.dispose();
    await soon();
  });

  it("shares the way to the kernel between layers", async () => {
    const [first, second] = [makeStore(), makeStore()];
    first.store.want(
      {},
      Array.from({ length: 18 }, (_, n) => want(n)),
    );
    expect(first.asked).toHaveLength(3);
    second.store.want({}, [want(1, 0, "r9")]);
    expect(second.asked).toHaveLength(0);
    first.asked[0]?.answer();
    await soon();
    expect(second.asked).toHaveLength(1);
    first.store.dispose();
    second.store.dispose();
    await soon();
  });
});

describe("histogram and numbers", () => {
  it("count what is in view and tell its quantiles", () => {
    const sorted = Float32Array.from({ length: 1001 }, (_, n) => n / 1000);
    const histogram = histogramOf(sorted, 4, 10);
    expect(histogram.quantile(0.5)).toBeCloseTo(0.5);
    expect(histogram.quantile(0.02)).toBeCloseTo(0.02);
    expect(histogram.count).toBe(4004);
    expect([...histogram.counts].every((count) => Math.abs(count - 400) < 12)).toBe(true);
    expect(histogramOf(new Float32Array(0), 1, 4).quantile(0.5)).toBeNaN();
  });

  it("say which slice is shown, and since when", () => {
    const source = { slices: 2, dates: ["20200101", "20200301"] };
    expect(sliceWords(source, 1, -1)).toBe("2020-03-01");
    expect(sliceWords(source, 1, 0)).toBe("2020-03-01, since 2020-01-01");
    expect(sliceWords({ slices: 2, dates: [] }, 1, -1)).toBe("slice 2 of 2");
    expect(sliceWords({ slices: 1, dates: [] }, 0, -1)).toBe("");
  });

  it("are written with a real minus sign and no more digits than they are worth", () => {
    expect(formatValue(-62.46, 0.5)).toBe("−62.5");
    expect(formatValue(-0.001, 1)).toBe("0");
    expect(formatValue(12.3, 10)).toBe("12");
    expect(formatValue(3, 1, true)).toBe("+3");
    expect(formatValue(NaN, 1)).toBe("–");
  });
});

describe("the painter", () => {
  const pixels = Uint32Array.from({ length: 256 }, (_, n) => (0xff000000 | n) >>> 0);
  const numbers = (seed: number): Uint16Array =>
    Uint16Array.from({ length: TILE_PIXELS }, (_, n) => ((n * 7919 + seed * 104729) % 9973) * 6);
  const ofCodes = (values: Uint16Array): ValueTile => decodeTile(encoded(2, new Uint8Array(values.buffer)));
  /** The same values as floats, which go the slow way. */
  const ofFloats = (tile: ValueTile): ValueTile => {
    const all = new Float32Array(TILE_PIXELS);
    tile.read(all);
    return decodeTile(encoded(3, new Uint8Array(all.buffer)));
  };

  it("gives codes by its table the colours that their values have", () => {
    vi.stubGlobal(
      "ImageData",
      class {
        readonly data = new Uint8ClampedArray(4 * TILE_PIXELS);
      },
    );
    const painter = new Painter();
    const painted = (shown: Shown, reading: Reading, look: Look): Uint32Array => {
      let found = new Uint32Array();
      const putImageData = (image: ImageData): void => {
        found = new Uint32Array(image.data.buffer.slice(0));
      };
      painter.paint({ putImageData } as unknown as CanvasRenderingContext2D, shown, reading, look);
      return found;
    };
    const [first, second] = [numbers(1), numbers(2)];
    first[5] = 65535;
    second[6] = 65535;
    const [value, base, mask] = [ofCodes(first), ofCodes(second), ofCodes(numbers(3))];
    const looks: Look[] = [
      { pixels, lo: -10, hi: 20_000, wrap: null },
      { pixels, lo: 0, hi: 1, wrap: 300.25 },
    ];
    for (const look of looks)
      for (const under of [null, base])
        for (const maskMode of ["none", "minimum", "equal"] as const) {
          const reading: Reading = { shift: 12.25, maskMode, maskThreshold: 8000 };
          const shown: Shown = { name: "", index: 0, baseIndex: -1, value, base: under, mask };
          const slow = {
            ...shown,
            value: ofFloats(value),
            base: under && ofFloats(under),
            mask: ofFloats(mask),
          };
          const [quick, exact] = [painted(shown, reading, look), painted(slow, reading, look)];
          let differ = 0;
          for (let i = 0; i < TILE_PIXELS; i++) if (quick[i] !== exact[i]) differ += 1;
          expect(differ).toBe(0);
          expect(quick[5]).toBe(0);
          if (under) expect(quick[6]).toBe(0);
        }
    vi.unstubAllGlobals();
  });
});
