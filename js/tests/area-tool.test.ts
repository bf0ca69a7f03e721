import { expect, test } from "vitest";
import { isBox, moveCorner } from "../src/lib/area-tool";
import { ringAsText } from "../src/stack-picker/area-panel";
import type { Ring } from "../src/stack-picker/api";

const box: Ring = [
  [0, 2],
  [3, 2],
  [3, 0],
  [0, 0],
];

test("a box along meridians and parallels is told from other polygons", () => {
  expect(isBox(box)).toBe(true);
  expect(isBox([...box.slice(0, 3), [0, 0.5]] as Ring)).toBe(false);
  expect(isBox(box.slice(0, 3))).toBe(false);
  // Two longitudes and two latitudes, but the sides cross.
  expect(
    isBox([
      [0, 2],
      [3, 0],
      [3, 2],
      [0, 0],
    ]),
  ).toBe(false);
});

test("a box stays a box when a corner moves, and another polygon keeps its other corners", () => {
  expect(moveCorner(box, 1, [5, 4])).toEqual([
    [0, 4],
    [5, 4],
    [5, 0],
    [0, 0],
  ]);
  const triangle: Ring = [
    [0, 0],
    [2, 0],
    [1, 2],
  ];
  expect(moveCorner(triangle, 2, [1, 3])).toEqual([
    [0, 0],
    [2, 0],
    [1, 3],
  ]);
});

test("an area is written as WKT with its first corner repeated", () => {
  expect(ringAsText(null)).toBe("");
  expect(ringAsText(box)).toBe("POLYGON ((0 2, 3 2, 3 0, 0 0, 0 2))");
});
