import { expect, test } from "vitest";
import { equal } from "../src/lib/equal";

test("values that say the same are equal, whatever they are", () => {
  expect(equal({ a: [1, NaN], b: { c: "x" } }, { b: { c: "x" }, a: [1, NaN] })).toBe(true);
  expect(equal(new Float64Array([1, NaN]), new Float64Array([1, NaN]))).toBe(true);
  for (const [a, b] of [
    [[1], [1, 2]],
    [new Float64Array([1]), new Float64Array([2])],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [[], {}],
    [null, {}],
    ["1", 1],
  ])
    expect(equal(a, b)).toBe(false);
});
