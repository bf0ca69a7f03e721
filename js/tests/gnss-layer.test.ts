import { describe, expect, it } from "vitest";
import { passesFilter, reasonOf, type StationInfo } from "../src/gnss-layer/api";
import { clustered } from "../src/gnss-layer/cluster";
import { roundRate } from "../src/gnss-layer/legend";
import { ellipseOf, placeLabels, type Box, type StationLook } from "../src/gnss-layer/marks";

const station: StationInfo = {
  name: "AB12",
  lon: 0,
  lat: 0,
  height: 0,
  xyz: null,
  begin: "2010-01-02",
  end: "2024-03-04",
  modified: "",
  solutions: 120,
  original: "Suva",
  usable: true,
  reason: "",
  own: false,
};
const all = { name: "", begin: "", end: "", solutions: 0, usable: false };

describe("stations", () => {
  it("pass a filter by name, span, positions and use", () => {
    expect(passesFilter(station, all)).toBe(true);
    expect(passesFilter(station, { ...all, name: " suv" })).toBe(true);
    expect(passesFilter(station, { ...all, name: "xy" })).toBe(false);
    expect(passesFilter(station, { ...all, begin: "20100102", end: "2024-03-04" })).toBe(true);
    expect(passesFilter(station, { ...all, begin: "20100101" })).toBe(false);
    expect(passesFilter(station, { ...all, end: "20240305" })).toBe(false);
    expect(passesFilter(station, { ...all, solutions: 121 })).toBe(false);
    expect(passesFilter({ ...station, usable: false }, { ...all, usable: true })).toBe(false);
  });

  it("say why they are not compared", () => {
    const motion = { dates: [], stations: {}, reference: "", rejected: { AB12: "no series" } };
    expect(reasonOf(station, motion)).toBe("no series");
    expect(reasonOf({ ...station, usable: false, reason: "outside the frame" }, motion)).toBe(
      "outside the frame",
    );
  });

  it("have labels beside them, over no mark and no other label", () => {
    const look = (x: number, y: number, label: string, current = false): StationLook => ({
      x,
      y,
      label,
      current,
      color: "",
      state: "usable",
      reference: false,
      arrow: null,
    });
    const width = (text: string): number => 10 * text.length;
    const places = (looks: StationLook[]): Record<string, [number, number]> =>
      Object.fromEntries(placeLabels(looks, width).map(({ x, y, label }) => [label, [x, y]]));
    expect(places([look(100, 50, "AAAA")])).toEqual({ AAAA: [112, 50] });
    // A mark on the right sends the label to the left
    expect(places([look(100, 50, "AAAA"), look(130, 50, "")])).toEqual({ AAAA: [48, 50] });
    // Of two marks in one place the current one is named first, the other beside it
    expect(places([look(100, 50, "AAAA"), look(101, 50, "BBBB", true)])).toEqual({
      BBBB: [119, 50],
      AAAA: [48, 50],
    });
    // Where nothing is free there is none
    const wall = [-40, -13, 13, 40].flatMap((x) => [-17, 0, 17].map((y) => look(100 + x, 50 + y, "")));
    const row = [-17, 17].map((y) => look(100, 50 + y, ""));
    expect(places([look(100, 50, "AAAA"), ...wall, ...row])).toEqual({});
    // Nor over what else is on the map, or out of the view in which its mark is
    const view = { left: 0, right: 140, top: 0, bottom: 100 };
    const point = { left: 60, right: 84, top: 42, bottom: 58 };
    const inRoom = (others: Box[], view: Box | null): [number, number] | undefined => {
      const [only] = placeLabels([look(100, 50, "AAAA")], width, { others, view });
      return only && [only.x, only.y];
    };
    expect(inRoom([], view)).toEqual([48, 50]);
    expect(inRoom([point], null)).toEqual([112, 50]);
    expect(inRoom([point], view)).toEqual([80, 33]);
    expect(inRoom([point], { left: 0, right: 90, top: 0, bottom: 100 })).toEqual([112, 50]);
  });

  it("are clustered by cells that stay where they are, none is lost", () => {
    const placed = Array.from({ length: 50 }, (_, i) => ({ item: i, x: i * 10, y: 5 }));
    const groups = clustered(placed, 44);
    expect(groups.flatMap((g) => g.items).sort((a, b) => a - b)).toEqual(placed.map((p) => p.item));
    const moved = clustered(
      placed.filter((p) => p.x >= 44),
      44,
    );
    expect(moved).toEqual(groups.slice(1));
  });

  it("have ellipses that hold 95 % of a two-dimensional error", () => {
    const round = ellipseOf({ e: 0, n: 0, u: 0, se: 0.001, sn: 0.001, su: 0, c: 0 });
    // chi-squared of two: 95 % lie within sqrt(-2 ln 0.05)
    expect(round.a).toBeCloseTo(0.001 * Math.sqrt(-2 * Math.log(0.05)), 6);
    expect(round.b).toBeCloseTo(round.a, 9);
    const tilted = ellipseOf({ e: 0, n: 0, u: 0, se: 0.002, sn: 0.002, su: 0, c: 0.5 });
    expect(tilted.angle).toBeCloseTo(45, 6);
    expect((tilted.a / tilted.b) ** 2).toBeCloseTo(3, 6); // (1 + c) / (1 - c)
    expect(ellipseOf({ e: 0, n: 0, u: 0, se: 0.001, sn: 0.003, su: 0, c: 0 }).angle).toBeCloseTo(90, 6);
  });

  it("have a scale of arrows in a round number", () => {
    expect(roundRate(1000)).toBe(0.05);
    expect(roundRate(56 / 0.02)).toBe(0.02);
  });
});
