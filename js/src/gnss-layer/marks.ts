// The pictures of a station on a canvas: triangle, cluster, arrow with error ellipse, bar of the vertical, label.

import type { Arrow } from "./api";

/** Of a two-dimensional error, the ellipse that holds 95 %. */
const ELLIPSE_95 = 2.4477;
const NORMAL_95 = 1.96;
const INK = "#111";
const FAINT = "#5a6066";
const FONT = "system-ui, sans-serif";

type Canvas = CanvasRenderingContext2D;

export interface StationLook {
  readonly x: number;
  readonly y: number;
  /** CSS colour of its value; "" for none. */
  readonly color: string;
  readonly state: "usable" | "unusable" | "rejected";
  readonly current: boolean;
  readonly reference: boolean;
  /** Beside it; "" for none. */
  readonly label: string;
  readonly arrow: Arrow | null;
}

export interface ClusterLook {
  readonly x: number;
  readonly y: number;
  readonly color: string;
  readonly count: number;
}

/** Diameter of a cluster's circle in pixels. */
export function clusterSize(count: number): number {
  return count < 10 ? 26 : count < 100 ? 30 : 36;
}

function triangle(c: Canvas, x: number, y: number): void {
  c.beginPath();
  c.moveTo(x, y - 6.8);
  c.lineTo(x + 7.2, y + 6);
  c.lineTo(x - 7.2, y + 6);
  c.closePath();
}

function stroke(c: Canvas, color: string, width: number, dash: readonly number[] = []): void {
  c.strokeStyle = color;
  c.lineWidth = width;
  c.setLineDash([...dash]);
  c.stroke();
}

function ring(c: Canvas, { x, y, reference }: StationLook): void {
  c.beginPath();
  c.arc(x, y, 13, 0, 2 * Math.PI);
  if (reference) {
    c.fillStyle = "rgb(255 255 255 / 35%)";
    c.fill();
  }
  stroke(c, INK, 4.5);
  stroke(c, "#fff", 2, reference ? [4, 3] : []);
}

export function drawStation(c: Canvas, look: StationLook, scale: number): void {
  const { x, y, color, state, current } = look;
  c.lineJoin = "round";
  c.lineCap = "butt";
  if (current || look.reference) ring(c, look);
  triangle(c, x, y);
  const out = state !== "usable";
  stroke(c, "#fff", out ? 3.4 : 4.6);
  c.fillStyle = out ? "#e4e6e8" : color || "#fff";
  c.fill();
  if (out) stroke(c, FAINT, 1.2, [2.4, 1.6]);
  else stroke(c, INK, current ? 2.4 : 1.5);
  if (state === "unusable") {
    c.beginPath();
    for (const [ax, ay, bx, by] of [
      [-4.4, 4, 0, -3.6],
      [-1.4, 6, 3, -1.6],
      [2.2, 6, 4.8, 1.6],
    ] as const) {
      c.moveTo(x + ax, y + ay);
      c.lineTo(x + bx, y + by);
    }
    stroke(c, FAINT, 1);
  }
  if (look.arrow) drawArrow(c, x, y, look.arrow, scale);
}

export function drawCluster(c: Canvas, { x, y, color, count }: ClusterLook): void {
  c.beginPath();
  c.arc(x, y, clusterSize(count) / 2 - 2, 0, 2 * Math.PI);
  stroke(c, "rgb(0 0 0 / 55%)", 4);
  c.fillStyle = color || "#3b4650";
  c.fill();
  stroke(c, "#fff", 2);
  const text = String(count);
  c.font = `600 11px ${FONT}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  const half = c.measureText(text).width / 2 + 3;
  c.beginPath();
  c.roundRect(x - half, y - 6.5, 2 * half, 13, 6);
  c.fillStyle = "rgb(255 255 255 / 82%)";
  c.fill();
  c.fillStyle = INK;
  c.fillText(text, x, y + 0.5);
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function around(x: number, y: number, half: number): Box {
  return { left: x - half, right: x + half, top: y - half, bottom: y + half };
}

/** What labels keep clear of: `others` that lie over the map, and the edges of the `view`. */
export interface Room {
  readonly others: readonly Box[];
  readonly view: Box | null;
}

/** Whether a label reaches out of the view in which its mark is. */
function cut(box: Box, { x, y }: StationLook, view: Box | null): boolean {
  const seen = view && x > view.left && x < view.right && y > view.top && y < view.bottom;
  return Boolean(seen && (box.left < view.left || box.right > view.right));
}

/** Where labels of these widths go, beside their marks and over no other: right, left, above, below, or nowhere. */
export function placeLabels(
  looks: readonly StationLook[],
  width: (text: string) => number,
  { others, view }: Room = { others: [], view: null },
): { x: number; y: number; label: string }[] {
  const taken = [...looks.map(({ x, y }) => around(x, y, 8)), ...others];
  const placed: { x: number; y: number; label: string }[] = [];
  // What is looked at comes first
  const order = [...looks.entries()].sort(([, a], [, b]) => Number(b.current) - Number(a.current));
  for (const [index, look] of order) {
    const { x, y, label, arrow, current, reference } = look;
    if (!label) continue;
    const gap = arrow ? 20 : current || reference ? 18 : 12;
    const wide = width(label);
    const places: readonly [number, number][] = [
      [x + gap, y],
      [x - gap - wide, y],
      [x - wide / 2, y - gap - 5],
      [x - wide / 2, y + gap + 5],
    ];
    for (const [left, middle] of places) {
      const box = { left: left - 2, right: left + wide + 2, top: middle - 7, bottom: middle + 7 };
      if (cut(box, look, view) || taken.some((other, at) => at !== index && meet(box, other))) continue;
      taken.push(box);
      placed.push({ x: left, y: middle, label });
      break;
    }
  }
  return placed;
}

/** Beside the marks, over everything else; where there is no room, the mark's tooltip has to do. */
export function drawLabels(c: Canvas, looks: readonly StationLook[], room: Room): void {
  c.font = `600 11px ${FONT}`;
  c.textAlign = "left";
  c.textBaseline = "middle";
  c.lineJoin = "round";
  c.setLineDash([]);
  c.strokeStyle = "rgb(255 255 255 / 92%)";
  c.lineWidth = 3.5;
  c.fillStyle = INK;
  for (const { x, y, label } of placeLabels(looks, (text) => c.measureText(text).width, room)) {
    c.strokeText(label, x, y + 0.5);
    c.fillText(label, x, y + 0.5);
  }
}

/** Half axes of the 95 % ellipse in m/yr, and the angle of the longer one from east, anticlockwise, in degrees. */
export function ellipseOf({ se, sn, c }: Arrow): { a: number; b: number; angle: number } {
  const [xx, yy, xy] = [se * se, sn * sn, c * se * sn];
  const mean = (xx + yy) / 2;
  const apart = Math.hypot((xx - yy) / 2, xy);
  return {
    a: ELLIPSE_95 * Math.sqrt(mean + apart),
    b: ELLIPSE_95 * Math.sqrt(Math.max(0, mean - apart)),
    angle: (Math.atan2(2 * xy, xx - yy) / 2) * (180 / Math.PI),
  };
}

/** From the middle of a station's mark, `scale` pixels for 1 m/yr. */
function drawArrow(c: Canvas, x: number, y: number, arrow: Arrow, scale: number): void {
  const [tipX, tipY] = [x + arrow.e * scale, y - arrow.n * scale];
  const { a, b, angle } = ellipseOf(arrow);
  c.setLineDash([]);
  c.beginPath();
  c.ellipse(
    tipX,
    tipY,
    Math.max(0.5, a * scale),
    Math.max(0.5, b * scale),
    (-angle * Math.PI) / 180,
    0,
    2 * Math.PI,
  );
  c.fillStyle = "rgb(255 255 255 / 30%)";
  c.fill();
  stroke(c, INK, 1);
  const length = Math.hypot(tipX - x, tipY - y);
  const back = Math.atan2(tipY - y, tipX - x) + Math.PI;
  const size = Math.min(7, Math.max(3, length / 3));
  c.beginPath();
  c.moveTo(x, y);
  c.lineTo(tipX, tipY);
  for (const turn of [0.45, -0.45]) {
    c.moveTo(tipX, tipY);
    c.lineTo(tipX + size * Math.cos(back + turn), tipY + size * Math.sin(back + turn));
  }
  c.lineCap = "round";
  stroke(c, "#fff", 4.5);
  stroke(c, INK, 2);
  c.lineCap = "butt";
  const up = -arrow.u * scale;
  const whisker = NORMAL_95 * arrow.su * scale;
  c.beginPath();
  c.moveTo(x + 14, y);
  c.lineTo(x + 14, y + up);
  stroke(c, "#6b4fa3", 5);
  c.beginPath();
  c.moveTo(x + 14, y + up - whisker);
  c.lineTo(x + 14, y + up + whisker);
  stroke(c, INK, 1.2);
}
