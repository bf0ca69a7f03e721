import { expect, test, vi } from "vitest";
import { iso, modelWords, numberOf, scaleOf, unpack, type Payload } from "../src/time-series-inspector/api";
import { dateSender } from "../src/time-series-inspector/chart-part";
import { chartOf, tooltipOf, withStd, type Look } from "../src/time-series-inspector/plot";

const DAY = 86_400_000;
const first = Date.UTC(2020, 0, 1);
const line = { series: "timeseries", label: "Uncorrected", sampling: "1 pixel", pixels: 1, note: "" };
const payload: Payload = {
  dates: 3,
  curve: 2,
  has_rms: true,
  columns: [{ key: "velocity", title: "Velocity", units: "m/year" }],
  lines: [
    { ...line, point: "p7", problem: "", values: [[-0.0625, 0.0009]], rms: 0.004, sigma: 0.005 },
    { ...line, point: "p8", problem: "outside" },
  ],
  used: [1, 1, 0],
  fit_problem: "",
  units: "m",
  quantity: "LOS displacement",
  source: "work",
  notes: [],
  names: [{ name: "timeseries", label: "Uncorrected" }],
  reference_date: "20200101",
  reference_point: null,
  radius: 0,
};
const numbers = [
  ...[first, first + 12 * DAY, first + 24 * DAY],
  ...[0.001, 0.002, 0.003],
  ...[first, first + 24 * DAY],
  ...[0, -0.01, NaN],
  ...[0, -0.012, NaN],
  ...[0, -0.008, NaN],
  ...[0.001, -0.001, NaN],
  ...[0, -0.02],
  ...[0.001, 0.002],
];
const look: Look = {
  points: [
    { id: "p7", lon: 1, lat: 2, label: "Well", color: "#1c80c3" },
    { id: "p8", lon: 1, lat: 2, label: "Far", color: "#d55e00" },
  ],
  view: "displacement",
  unit: "mm",
  bars: "rms",
  date: "20200113",
  events: [],
  exclude: ["20200125"],
  model: { poly: 1, periodic: [1], steps: ["20200110"], exp: {}, log: {} },
  minus: "",
  series: ["timeseries"],
};

function bytes(): Uint8Array {
  // As it arrives: a window on a larger buffer, not aligned to 8
  const all = new Uint8Array(numbers.length * 8 + 5);
  all.set(new Uint8Array(new Float64Array(numbers).buffer), 5);
  return all.subarray(5);
}

function mark<T>(marks: readonly T[], kind: string): T {
  const found = marks.find((one) => (one as { kind: string }).kind === kind);
  if (!found) throw new Error(kind);
  return found;
}

test("a payload is joined with its buffer wherever that lies", () => {
  const data = unpack(payload, bytes());
  expect(data?.drawn).toHaveLength(1);
  expect(Array.from(data?.drawn[0]?.deviation ?? [])).toEqual([0.001, 0.002]);
  expect(unpack(null, undefined)).toBeNull();
});

test("the chart shows millimetres, bars of the date, the band of two deviations, and the step as an event", () => {
  const data = unpack(payload, bytes());
  if (!data) throw new Error("no data");
  const spec = chartOf(data, look);
  const marks = spec.panels[0]?.marks ?? [];
  expect(mark(marks, "points")).toMatchObject({
    error: new Float64Array([1, 2, 3]),
    open: [false, false, true],
  });
  expect(mark(marks, "band")).toMatchObject({ high: new Float64Array([2, -16]) });
  expect(mark(marks, "rules")).toMatchObject({ rules: [{ label: "step 2020-01-10" }] });
  expect(spec.cursor?.label).toBe("2020-01-13");
  expect(tooltipOf(data, look, "p7 timeseries", 1).slice(0, 3)).toEqual([
    "Well, 2020-01-13",
    "−10.0 mm",
    "RMS of the date 2.0 mm",
  ]);
  const residual = chartOf(data, { ...look, view: "residual" }).panels[0];
  expect(residual?.label).toBe("Residual (mm)");
  expect(residual?.marks.some((one) => one.kind === "line")).toBe(false);
  expect(chartOf(data, { ...look, points: [] }).panels[0]?.marks).toHaveLength(1);
});

test("values have no more digits than their deviation bears", () => {
  expect(withStd(-62.4876, 0.91)).toEqual({ value: "−62.5", std: "± 0.9" });
  expect(withStd(-12.13, 1.74)).toEqual({ value: "−12.1", std: "± 1.7" });
  expect(withStd(123.4, 40)).toEqual({ value: "120", std: "± 40" });
  expect(withStd(null, null).value).toBe("–");
});

test("words", () => {
  expect(modelWords(look.model)).toBe("linear, annual, step 2020-01-10");
  expect(numberOf(look.points, "p8")).toBe(2);
  expect(scaleOf("K", "mm")).toEqual({ unit: "K", factor: 1 });
  expect(iso("20200110")).toBe("2020-01-10");
});

test("the pointer's date follows at a pace, and a date chosen elsewhere since is left alone", () => {
  vi.useFakeTimers();
  let date = "";
  const told: string[] = [];
  const model = { get: () => date };
  const set = (_trait: string, value: string): void => {
    told.push(value);
    date = value;
  };
  const follow = dateSender({ model, set } as unknown as Parameters<typeof dateSender>[0]);
  for (const day of [0, 1, 2]) follow(first + day * DAY);
  expect(told).toEqual(["20200101"]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual(["20200101", "20200103"]); // where the pointer stopped is not lost
  date = "20190110"; // of another widget
  vi.advanceTimersByTime(100);
  expect(date).toBe("20190110");
  follow(first);
  follow(first + DAY);
  date = "20190110";
  vi.advanceTimersByTime(100);
  expect(date).toBe("20190110");
  vi.useRealTimers();
});
