// Coherence as colour: the scale of all parts of the widget.

import { colormapRgb } from "../lib/colormaps";
import { h } from "../lib/dom";
import type { NetPair } from "./api";

const NAME = "viridis";
/** The part of the map that is seen as a thin line on either ground. */
const ON_LIGHT = [0, 0.9] as const;
const ON_DARK = [0.24, 1] as const;
const STOPS = 8;
const UNKNOWN = "var(--iw-ink2)";

export interface Scale {
  low: number;
  high: number;
}

/** The range that the coherence of the pairs covers, in twentieths; null where none is known. */
export function scaleOf(pairs: readonly NetPair[]): Scale | null {
  const values = pairs.flatMap(({ coherence }) => (coherence === null ? [] : [coherence]));
  if (values.length === 0) return null;
  const low = Math.floor(Math.min(...values) * 20) / 20;
  const high = Math.ceil(Math.max(...values) * 20) / 20;
  return { low, high: high > low ? high : low + 0.05 };
}

export function colourOf(coherence: number | null, scale: Scale | null): string {
  if (coherence === null || scale === null) return UNKNOWN;
  const along = Math.min(1, Math.max(0, (coherence - scale.low) / (scale.high - scale.low)));
  const [from, to] = document.body.dataset.jpThemeLight === "false" ? ON_DARK : ON_LIGHT;
  const share = from + along * (to - from);
  const rgb = colormapRgb(NAME);
  const at = 3 * Math.round(share * 255);
  return `rgb(${rgb[at] ?? 0} ${rgb[at + 1] ?? 0} ${rgb[at + 2] ?? 0})`;
}

/** A colour bar with its two ends. */
export function colourBar(scale: Scale | null): HTMLElement | null {
  if (!scale) return null;
  const bar = h("i", { class: "ni-bar", "aria-hidden": "true" });
  const stops = Array.from({ length: STOPS + 1 }, (_, i) =>
    colourOf(scale.low + (i / STOPS) * (scale.high - scale.low), scale),
  );
  bar.style.backgroundImage = `linear-gradient(90deg, ${stops.join(", ")})`;
  return h(
    "span",
    { class: "ni-scale" },
    "Mean coherence ",
    scale.low.toFixed(2),
    bar,
    scale.high.toFixed(2),
  );
}
