import { expect, test, vi } from "vitest";
import { contains, cutAt, type XY } from "../src/displacement-map/clip";
import { degreeSteps } from "../src/displacement-map/graticule";
import { Later } from "../src/displacement-map/later";
import { histogramOf } from "../src/displacement-map/mask-panel";
import { lengthText, metresBetween, ticks } from "../src/displacement-map/words";
import { MockModel } from "./mock-model";

const square: XY[] = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];

test("a polygon is cut at the divider, each half on its side", () => {
  const area = (p: XY[]): number =>
    Math.abs(
      p.reduce((sum, [x, y], i) => {
        const [px, py] = p.at(i - 1) ?? [x, y];
        return sum + (px * y - x * py) / 2;
      }, 0),
    );
  expect(area(cutAt(square, 3, true))).toBeCloseTo(30);
  expect(area(cutAt(square, 3, false))).toBeCloseTo(70);
  expect(cutAt(square, -1, true)).toEqual([]);
});

test("a place is told to be inside or outside of a polygon, a concave one too", () => {
  expect(contains(square, 5, 5)).toBe(true);
  expect(contains(square, 11, 5)).toBe(false);
  const notch: XY[] = [...square.slice(0, 3), [5, 5], [0, 10]];
  expect(contains(notch, 5, 9)).toBe(false);
  expect(contains(notch, 5, 4)).toBe(true);
});

test("the graticule has round degrees with room between them", () => {
  const [step, lons] = degreeSteps(-119.05, -118.79, 900, 120);
  expect(step).toBe(0.05);
  expect(lons.map((v) => v.toFixed(2))).toEqual([
    "-119.05",
    "-119.00",
    "-118.95",
    "-118.90",
    "-118.85",
    "-118.80",
  ]);
  expect(degreeSteps(-180, 180, 300, 120)[0]).toBe(30);
});

test("ticks, lengths and distances are what a ruler says", () => {
  expect(ticks(-0.052, 0.052, 5).map((t) => t.toFixed(2))).toEqual(["-0.05", "0.00", "0.05"]);
  expect(metresBetween([0, 0], [0, 1])).toBeCloseTo(111_195, -1);
  expect(lengthText(950)).toBe("950 m");
  expect(lengthText(12_345)).toBe("12.3 km");
});

test("quantiles of a mask become counts; what lies beyond its ends counts at them", () => {
  expect(histogramOf([-0.1, 0.1, 0.5, 0.99, 1], 2)).toEqual([2, 3]);
});

test("an echo of an earlier date does not undo a later one that Python has not heard of", () => {
  vi.useFakeTimers();
  const raster = new MockModel({ index: 2, vmin: 0 });
  const later = Later.of(raster);
  later.set({ index: 0 });
  vi.advanceTimersByTime(200);
  expect(raster.saved).toBe(1);
  later.set({ index: 1 });
  raster.set("index", 0); // what the kernel echoes
  expect(raster.get("index")).toBe(1);
  expect(Later.of(raster).waits).toBe(true);
  vi.advanceTimersByTime(200);
  expect([raster.saved, raster.get("index")]).toEqual([2, 1]);
  raster.set("index", 5); // Python's own wish
  expect(raster.get("index")).toBe(5);
  vi.useRealTimers();
});
