import { expect, test } from "vitest";
import { networkPlot, niceTicks, signed, timeOf, timeTicks } from "../src/lib/network-plot";
import { formatLength, scaleLength } from "../src/lib/scale";

test("ticks are round and cover the range", () => {
  expect(niceTicks(-110, 130, 4)).toEqual([-100, 0, 100]);
  expect(niceTicks(0, 1, 5)).toHaveLength(6);
});

test("time ticks stand at the true start of months and years", () => {
  const ticks = timeTicks(timeOf("20190105"), timeOf("20220419"), 5);
  expect(ticks.map((tick) => tick.label)).toEqual(["2020", "2021", "2022"]);
  expect(ticks[0]?.time).toBe(Date.UTC(2020, 0, 1));
  const months = timeTicks(timeOf("20181115"), timeOf("20190520"), 8);
  expect(months[0]?.label).toBe("Dec 2018");
  expect(months[1]?.label).toBe("Jan 2019");
  expect(months[2]?.label).toBe("Feb");
});

test("numbers have a real minus sign and no negative zero", () => {
  expect(signed(-12.4)).toBe("−12");
  expect(signed(-0.2)).toBe("0");
});

test("dates and pairs are drawn, those left out apart from the others", () => {
  const plot = networkPlot(
    [
      { date: "20190101", bperp: 0, left_out: false },
      { date: "20190113", bperp: 50, left_out: false },
      { date: "20190125", bperp: -20, left_out: true },
    ],
    [
      { from: 0, to: 1, left_out: false },
      { from: 1, to: 2, left_out: true },
    ],
    400,
    160,
  );
  expect(plot.querySelectorAll("line.pair")).toHaveLength(2);
  expect(plot.querySelectorAll("line.pair.out")).toHaveLength(1);
  expect(plot.querySelectorAll("circle.date.out")).toHaveLength(1);
  expect(plot.getAttribute("aria-label")).toContain("2 dates and 1 pairs");
  const x = [...plot.querySelectorAll("circle")].map((circle) => Number(circle.getAttribute("cx")));
  // The axis is true to scale: 12 days and 12 days.
  expect((x[1] ?? 0) - (x[0] ?? 0)).toBeCloseTo((x[2] ?? 0) - (x[1] ?? 0), 6);
});

test("the scale bar is a round length", () => {
  expect(scaleLength(7300)).toBe(5000);
  expect(scaleLength(1999)).toBe(1000);
  expect(formatLength(5000)).toBe("5 km");
  expect(formatLength(500)).toBe("500 m");
});
