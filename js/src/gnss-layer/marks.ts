// The pictures of a station: triangle, cluster, arrow with error ellipse, bar of the vertical.

import { h, svg } from "../lib/dom";
import type { Arrow, StationInfo } from "./api";

/** Of a two-dimensional error, the ellipse that holds 95 %. */
const ELLIPSE_95 = 2.4477;
const NORMAL_95 = 1.96;

const TRIANGLE = "M9 2.2 16.2 15H1.8z";

export interface Mark {
  readonly element: HTMLButtonElement;
  readonly shape: SVGElement;
  readonly label: HTMLElement;
}

export function stationMark(station: StationInfo): Mark {
  const shape = svg("path", { class: "shape", d: TRIANGLE });
  const picture = svg(
    "svg",
    { class: "picture", width: 18, height: 18, viewBox: "0 0 18 18", "aria-hidden": "true" },
    svg("path", { class: "halo", d: TRIANGLE }),
    shape,
    station.usable ? null : svg("path", { class: "cross", d: "M4.6 13 9 5.4M7.6 15 12 7.4M11.2 15l2.6-4.4" }),
  );
  const label = h("span", { class: "label" });
  const element = h(
    "button",
    { type: "button", class: "iw-gnss-mark", tabindex: -1, "data-name": station.name },
    picture,
    label,
  );
  element.classList.toggle("unusable", !station.usable);
  return { element, shape, label };
}

export function clusterMark(count: number): Mark {
  const size = count < 10 ? 26 : count < 100 ? 30 : 36;
  const shape = svg("circle", { class: "shape", cx: size / 2, cy: size / 2, r: size / 2 - 2 });
  const label = h("span", { class: "count" }, count);
  const element = h(
    "button",
    { type: "button", class: "iw-gnss-mark cluster", tabindex: -1, style: `--size:${size}px` },
    svg("svg", { width: size, height: size, viewBox: `0 0 ${size} ${size}`, "aria-hidden": "true" }, shape),
    label,
  );
  return { element, shape, label };
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

/** The arrow from the middle of a station's mark, `scale` pixels for 1 m/yr. */
export function arrowPicture(arrow: Arrow, scale: number): SVGElement {
  const [x, y] = [arrow.e * scale, -arrow.n * scale];
  const length = Math.hypot(x, y);
  const angle = Math.atan2(y, x);
  const wing = (turn: number): string => {
    const a = angle + Math.PI + turn;
    const size = Math.min(7, Math.max(3, length / 3));
    return `M${x} ${y}l${size * Math.cos(a)} ${size * Math.sin(a)}`;
  };
  const { a, b, angle: turn } = ellipseOf(arrow);
  const up = -arrow.u * scale;
  const whisker = NORMAL_95 * arrow.su * scale;
  const line = `M0 0L${x} ${y}${wing(0.45)}${wing(-0.45)}`;
  return svg(
    "svg",
    { class: "arrow", width: 1, height: 1, "aria-hidden": "true" },
    svg("ellipse", {
      class: "ellipse",
      cx: x,
      cy: y,
      rx: Math.max(0.5, a * scale),
      ry: Math.max(0.5, b * scale),
      transform: `rotate(${-turn} ${x} ${y})`,
    }),
    svg("path", { class: "under", d: line }),
    svg("path", { class: "over", d: line }),
    svg("path", { class: "up", d: `M14 0V${up}` }),
    svg("path", { class: "whisker", d: `M14 ${up - whisker}V${up + whisker}` }),
  );
}
