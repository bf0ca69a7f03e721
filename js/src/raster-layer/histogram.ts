// What is in view, as a distribution.

import type { ViewHistogram } from "./api";

/** @param sorted values, smallest first. @param weight pixels of the screen that each stands for */
export function histogramOf(sorted: Float32Array, weight: number, bins: number): ViewHistogram {
  const quantile = (share: number): number => {
    if (sorted.length === 0) return NaN;
    const place = Math.max(0, Math.min(1, share)) * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] ?? NaN;
    return low + ((sorted[below + 1] ?? low) - low) * (place - below);
  };
  const counts = new Uint32Array(bins);
  // A few strays must not squeeze all others into one bin.
  const lo = quantile(0.001);
  const hi = quantile(0.999);
  const factor = hi > lo ? bins / (hi - lo) : 0;
  for (const value of sorted) {
    if (value < lo || value > hi) continue;
    const bin = Math.min(bins - 1, Math.floor((value - lo) * factor));
    counts[bin] = (counts[bin] ?? 0) + weight;
  }
  return { counts, lo, hi, count: Math.round(sorted.length * weight), samples: sorted, quantile };
}
