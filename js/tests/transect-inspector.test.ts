import { describe, expect, it } from "vitest";
import {
  decode,
  nearestIndex,
  type Curve,
  type ProfileInfo,
  type Section,
} from "../src/transect-inspector/api";
import {
  axisOf,
  factsOf,
  gapsOf,
  groupsOf,
  lengthWords,
  provenance,
  specOf,
  tooltipOf,
  valueWords,
} from "../src/transect-inspector/plot";

const INFO: ProfileInfo = {
  id: "t1", label: "Velocity", color: "#1c80c3", unit: "mm/year", quantity: "LOS velocity", relative: "", date: "",
  signed: true, los: true, file: "/data/run/velocity.h5", notes: [], problem: "", samples: 2, pixels: 2, mask: false,
}; // prettier-ignore
const SECTION: Section = {
  length: 3000, azimuth: 90.4, step: 1000, width: 500, method: "nearest", count: 4, elevation: true,
  vertices: [
    { name: "A", distance: 0, lon: -99, lat: 19 },
    { name: "A′", distance: 3000, lon: -98.9, lat: 19 },
  ],
  profiles: [INFO, { ...INFO, id: "t2", problem: "outside the frame" }], notes: [], points: [],
}; // prettier-ignore

function bytes(values: Float32Array | Float64Array): Uint8Array {
  // at an odd place in a larger buffer, as messages have them
  const larger = new Uint8Array(values.byteLength + 3);
  larger.set(new Uint8Array(values.buffer), 3);
  return larger.subarray(3);
}

const BUFFERS = [
  bytes(Float64Array.of(0, 1000, 2000, 3000)),
  bytes(Float32Array.of(500, 510, NaN, 530)),
  bytes(Float32Array.of(-10, NaN, NaN, 40)),
  bytes(Float32Array.of(-12, NaN, NaN, 38)),
  bytes(Float32Array.of(-8, NaN, NaN, 42)),
  bytes(Float32Array.of(5, 0, 0, 1)),
  bytes(Float32Array.of(10, 2990)),
  bytes(Float32Array.of(-11, 41)),
];
const DATA = decode(SECTION, BUFFERS);

function firstCurve(): Curve {
  const [curve] = DATA.curves;
  if (!curve) throw new Error("no curve was read");
  return curve;
}

describe("a section", () => {
  it("is read from buffers wherever they begin, without profiles that have a problem", () => {
    expect([...DATA.distance]).toEqual([0, 1000, 2000, 3000]);
    expect(DATA.curves.map(({ info }) => info.id)).toEqual(["t1"]);
    expect([...(DATA.curves[0]?.sampleY ?? [])]).toEqual([-11, 41]);
  });

  it("has gaps from half way to half way, where no curve has a value", () => {
    expect(gapsOf([0, 10, 20, 30], [[NaN, 1, NaN, NaN]])).toEqual([
      [0, 5],
      [15, 30],
    ]);
    expect(
      gapsOf(
        [0, 10, 20],
        [
          [1, NaN, 1],
          [NaN, 2, NaN],
        ],
      ),
    ).toEqual([]);
  });

  it("is said in words: length, direction, values with sign, spread, elevation", () => {
    expect(factsOf(DATA)).toBe("3.0 km, azimuth 90°");
    expect(lengthWords(80.03)).toBe("80 m");
    expect(tooltipOf(DATA, 0)).toEqual([
      "0.0 m",
      "Velocity: −10.0 mm/yr (−12.0 … −8.0, 5 pixels)",
      "Elevation: 500 m",
    ]);
    expect(tooltipOf(DATA, 3)[1]).toContain("+40.0 mm/yr (38.0 … 42.0, 1 pixel)");
    expect(valueWords(firstCurve(), 1)).toBe("no data");
    expect(provenance(DATA, "")).toContain("Velocity: velocity.h5.");
  });

  it("is drawn on one axis of distance, true to scale, with its vertices", () => {
    const spec = specOf(DATA, true);
    expect(spec.x).toEqual({ kind: "linear", label: "Distance (km)", domain: [0, 3] });
    expect(spec.panels.map(({ label }) => label)).toEqual(["LOS velocity (mm/yr)", "Elev. (m)"]);
    const kinds = spec.panels[0]?.marks.map(({ kind }) => kind);
    expect(kinds).toEqual(["hatch", "points", "band", "line", "points", "rules"]);
    const rules = spec.panels[0]?.marks.find((mark) => mark.kind === "rules");
    expect(rules?.rules.map(({ x, label }) => [x, label])).toEqual([
      [0, "A"],
      [3, "A′"],
    ]);
    expect(axisOf(1500)).toEqual({ unit: "m", factor: 1 });
  });

  it("puts what has the same unit on one axis", () => {
    const curve = firstCurve();
    const other = (unit: string, quantity: string): Curve => ({
      ...curve,
      info: { ...INFO, unit, quantity },
    });
    const groups = groupsOf([
      curve,
      other("", "Coherence"),
      other("mm/year", "LOS velocity"),
      other("", "Mask"),
    ]);
    expect(groups.map(({ label, curves }) => [label, curves.length])).toEqual([
      ["LOS velocity", 2],
      ["Coherence", 1],
      ["Mask", 1],
    ]);
  });

  it("finds the nearest sample", () => {
    expect([-5, 499, 501, 9999].map((metres) => nearestIndex(DATA.distance, metres))).toEqual([0, 0, 1, 3]);
  });
});
