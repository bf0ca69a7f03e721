import { expect, test, vi } from "vitest";
import { Chart, shapePath, SHAPES, timeTicks, valueTicks, type ChartSpec } from "../src/lib/chart";
import { layOut } from "../src/lib/chart/draw";
import { hitAt, nearest, stops } from "../src/lib/chart/find";
import { xExtent, yExtent } from "../src/lib/chart/scales";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const spec: ChartSpec = {
  title: "Two series",
  x: { kind: "time", domain: [day("2020-01-01"), day("2021-01-01")] },
  panels: [
    {
      label: "LOS displacement (mm)",
      zero: true,
      marks: [
        {
          kind: "points",
          id: "a",
          name: "Point 1",
          color: "#1c80c3",
          x: [day("2020-02-01"), day("2020-03-01"), day("2020-04-01")],
          y: [-10, NaN, -42],
          error: [1, 1, 3],
          open: [false, false, true],
        },
        {
          kind: "segments",
          id: "s",
          name: "Pairs",
          color: "#000",
          x1: [day("2020-06-01")],
          y1: [-10],
          x2: [day("2020-09-01")],
          y2: [-10],
        },
      ],
    },
  ],
};

function shown(options: Partial<ConstructorParameters<typeof Chart>[0]> = {}): Chart {
  let resized: ResizeObserverCallback = () => undefined;
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(callback: ResizeObserverCallback) {
        resized = callback;
      }
      observe(): void {
        resized([{ contentRect: { width: 600 } } as ResizeObserverEntry], this as unknown as ResizeObserver);
      }
      disconnect(): void {
        resized = () => undefined;
      }
    },
  );
  const chart = new Chart({ height: 300, ...options });
  chart.set(spec);
  vi.unstubAllGlobals();
  return chart;
}

function press(chart: Chart, ...keys: string[]): void {
  for (const key of keys)
    chart.element.querySelector("svg")?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

test("time ticks stand at true dates and say a year where it begins", () => {
  const ticks = timeTicks([day("2019-11-10"), day("2020-06-10")], 600);
  expect(ticks.map((tick) => new Date(tick.value).getUTCDate())).toEqual(ticks.map(() => 1));
  expect(ticks.find((tick) => tick.value === day("2020-01-01"))).toMatchObject({
    label: "2020",
    major: true,
  });
  expect(ticks[0]?.label).toBe("Dec 2019");
  const days = timeTicks([day("2020-02-26"), day("2020-03-04")], 600);
  expect(days.map((tick) => tick.label)).toContain("29");
});

test("value ticks are round and have a real minus sign", () => {
  expect(valueTicks([-60, 60], 240, 60).map((tick) => tick.label)).toEqual([
    "−60",
    "−40",
    "−20",
    "0",
    "20",
    "40",
    "60",
  ]);
});

test("ranges hold points, their bars and zero; gaps do not count", () => {
  const [panel] = spec.panels;
  if (!panel) throw new Error("no panel");
  const [low, high] = yExtent(panel);
  expect(low).toBeLessThanOrEqual(-45);
  expect(high).toBeGreaterThanOrEqual(0);
  expect(
    xExtent({ kind: "linear" }, [
      { label: "", marks: [{ kind: "line", id: "l", color: "", x: [3, 9], y: [0, 1] }] },
    ]),
  ).toEqual([3, 9]);
});

test("the nearest point wins, and a segment where no point is near", () => {
  const layout = layOut(spec, { x: null, y: [null] }, 600, 300);
  const at = (x: number, y: number): [number, number] => [layout.x(x), layout.panels[0]?.y(y) ?? 0];
  const [px, py] = at(day("2020-04-01"), -42);
  expect(hitAt(spec, layout, 0, px + 4, py - 4)).toMatchObject({ mark: "a", index: 2, y: -42 });
  const [sx, sy] = at(day("2020-07-15"), -10);
  expect(hitAt(spec, layout, 0, sx, sy + 3)).toMatchObject({ mark: "s", index: 0 });
  expect(hitAt(spec, layout, 0, sx, sy + 30)).toBeNull();
  expect(nearest(stops(spec), day("2020-02-10"))).toBe(day("2020-02-01"));
});

test("points, bars and outlines are drawn; a gap is not", () => {
  const { element } = shown();
  expect(element.querySelectorAll(".iw-c-symbol")).toHaveLength(2);
  expect(element.querySelectorAll(".iw-c-symbol.open")).toHaveLength(1);
  expect(element.querySelector(".iw-c-bars")?.getAttribute("d")?.match(/M/g)).toHaveLength(2);
  expect(element.querySelector("svg")?.getAttribute("aria-label")).toMatch(/^Two series\./);
});

test("what is the same stays in the page, and what is drawn is what would be drawn anew", () => {
  const chart = shown();
  const [panel] = spec.panels;
  const [points, segments] = panel?.marks ?? [];
  if (!panel || points?.kind !== "points" || !segments) throw new Error("no marks");
  const has = (): (Element | null)[] =>
    [".iw-c-axes", ".iw-c-points", ".iw-c-segments"].map((name) => chart.element.querySelector(name));
  const bare = (of: Chart): string =>
    [...of.element.querySelectorAll("svg")]
      .map((svg) => new XMLSerializer().serializeToString(svg).replace(/iw-c\d+/g, "iw-c0"))
      .join("");
  const now = (marks: ChartSpec["panels"][number]["marks"], cursor: ChartSpec["cursor"] = null): void => {
    const next = { ...spec, cursor, panels: [{ ...panel, marks }] };
    chart.set(structuredClone(next));
    const fresh = shown();
    fresh.setHeight(310); // nothing of what it drew can stay
    fresh.set(next);
    fresh.setHeight(300);
    expect(bare(chart)).toBe(bare(fresh));
  };
  const first = has();
  now([points, segments], { x: day("2020-03-01"), label: "2020-03-01" });
  expect(has().map((element, i) => element === first[i])).toEqual([true, true, true]);
  now([points, { ...segments, color: "#123456" }]);
  expect(has().map((element, i) => element === first[i])).toEqual([true, true, false]);
  now([segments, points]);
  now([{ ...points, y: [-10, NaN, -41] }]);
  expect(has()[1]).not.toBe(first[1]);
  now([{ ...points, y: [-10, NaN, -420] }, segments]); // another range: all of it
  expect(has()[0]).not.toBe(first[0]);
});

test("keys go from point to point past gaps, choose, zoom and show everything", () => {
  const [onPick, onClick, say] = [vi.fn(), vi.fn(), vi.fn()];
  const chart = shown({ onPick, onClick, say });
  press(chart, "ArrowRight", "ArrowRight", "Enter", " ");
  expect(onPick).toHaveBeenCalledWith(expect.objectContaining({ mark: "a", index: 2 }));
  expect(onClick).toHaveBeenCalledWith(expect.objectContaining({ snapped: day("2020-04-01") }));
  expect(say.mock.lastCall?.[0]).toContain("2020-04-01");
  press(chart, "+");
  expect(chart.view.x).not.toBeNull();
  press(chart, "0");
  expect(chart.view.x).toBeNull();
  chart.destroy();
});

test("zooming stays within what there is", () => {
  const chart = shown();
  chart.zoomBy(0.5, day("2020-01-01"));
  expect(chart.view.x?.[0]).toBe(day("2020-01-01"));
  chart.zoomBy(10);
  expect(chart.view.x).toBeNull();
});

test("every shape is a closed outline of its own", () => {
  const paths = SHAPES.map((shape) => shapePath(shape, 3));
  expect(new Set(paths).size).toBe(SHAPES.length);
  for (const path of paths) expect(path).toMatch(/^m.*z$/);
});
