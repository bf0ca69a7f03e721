// Dates, places and values as the map says them.

import { formatValue, shownUnit } from "../lib/number";
import type { Context } from "./api";

type Raster = Context["raster"];

export function isoDate(date: string): string {
  return date.length >= 8 ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)}` : date;
}

/** Days since 1970. */
export function dayOf(date: string): number {
  return Date.parse(`${isoDate(date)}T00:00:00Z`) / 86_400_000;
}

export function degrees(value: number, digits = 4): string {
  return `${formatValue(value, 10 ** -digits)}°`;
}

/** Value in the unit in which values are shown. */
export function shownValue(raster: Raster, value: number, step: number, signed = false): string {
  const factor = raster.get("display_factor");
  const unit = shownUnit(raster.get("display_units"));
  const text = formatValue(value * factor, step * factor || 0.001, signed);
  return unit ? `${text} ${unit}` : text;
}

/** How fine values are told: a thousandth of the range of colours, on a round step. */
export function finenessOf(raster: Raster): number {
  const wrap = raster.get("wrap");
  const range = wrap ?? Math.abs((raster.get("vmax") ?? 1) - (raster.get("vmin") ?? 0));
  return range > 0 ? range / 1000 : 0.001;
}

export function fineness(context: Context): number {
  return finenessOf(context.raster);
}

export function rangeOf(context: Context): [number, number] {
  const { raster } = context;
  const wrap = raster.get("wrap");
  if (wrap !== null) return [-wrap / 2, wrap / 2];
  return [raster.get("vmin") ?? 0, raster.get("vmax") ?? 1];
}

/** Round numbers between two ends, about `count` of them. */
export function ticks(lo: number, hi: number, count: number): number[] {
  const span = hi - lo;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = ([1, 2, 5, 10].find((factor) => span / (factor * power) <= count) ?? 10) * power;
  const found: number[] = [];
  for (let n = Math.ceil(lo / step - 1e-9); n * step <= hi + step * 1e-9; n++) found.push(n * step);
  return found;
}

/** Metres on the ground between two places, on a sphere. */
export function metresBetween(a: readonly [number, number], b: readonly [number, number]): number {
  const rad = Math.PI / 180;
  const [dLat, dLon] = [(b[1] - a[1]) * rad, (b[0] - a[0]) * rad];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a[1] * rad) * Math.cos(b[1] * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}

export function lengthText(metres: number): string {
  if (metres < 1000) return `${Math.round(metres)} m`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 2 : 1)} km`;
}

/** What values are relative to, in words; empty for a quantity that is relative to nothing by its nature. */
export function reference(context: Context): string {
  const about = context.model.get("_about");
  const place = context.model.get("reference_point");
  const { used, note } = context.model.get("_reference");
  if (!about.referenced) return "";
  if (used === "point" && place) {
    const median = place.radius > 0 ? ` (median within ${place.radius} m)` : "";
    return `reference ${degrees(place.lon)}, ${degrees(place.lat)}${median}`;
  }
  const { origin } = about;
  const why = note ? " (the point on the map has no value here)" : "";
  if (used === "file") return origin ? `reference ${degrees(origin.lon)}, ${degrees(origin.lat)}${why}` : "";
  return `not relative to a reference point${why}`;
}

/** What is displayed: first the file, then how. */
export function provenance(context: Context): [string, string] {
  const { model, raster } = context;
  const about = model.get("_about");
  const parts: string[] = [];
  const date = about.dates?.[raster.get("index")];
  const base = raster.get("base_index");
  const zero = base >= 0 ? about.dates?.[base] : about.file_reference_date;
  if (date) parts.push(zero ? `${isoDate(date)} relative to ${isoDate(zero)}` : isoDate(date));
  const relative = reference(context);
  if (relative) parts.push(relative);
  if (raster.get("mask_mode") !== "none") {
    const mask = about.masks?.find(({ name }) => name === model.get("mask_layer"));
    const least = mask?.flag ? "" : `\u00a0≥\u00a0${raster.get("mask_threshold").toFixed(2)}`;
    parts.push(`mask: ${(mask?.label ?? model.get("mask_layer")).toLowerCase()}${least}`);
  } else {
    parts.push("no mask");
  }
  if (model.get("aoi")) parts.push("cut to the area of interest");
  if (about.sign) parts.push(about.sign);
  parts.push(`${Math.round(about.pixel ?? 0)} m pixels, ${about.crs ?? ""}, drawn in Web Mercator`);
  return [
    about.file ?? "",
    parts.join(". ").replace(/\. ([a-z])/g, (_, c: string) => `. ${c.toUpperCase()}`),
  ];
}
