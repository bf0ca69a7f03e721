// Values as people write them.

/** Digits behind the point with which a step can be told. */
export function decimalsFor(step: number): number {
  if (!(step > 0) || !Number.isFinite(step)) return 0;
  return Math.max(0, Math.min(8, Math.ceil(-Math.log10(step) - 1e-9)));
}

/** A value with as many digits as a resolution is worth, and a real minus sign; never "−0". */
export function formatValue(value: number, resolution: number, signed = false): string {
  if (!Number.isFinite(value)) return "–";
  const decimals = decimalsFor(resolution);
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  if (value < 0) return `−${text}`;
  return signed ? `+${text}` : text;
}

/** A unit as people write it; "" for what has none. */
export function shownUnit(unit: string): string {
  return unit === "1" ? "" : unit.replace("/year", "/yr");
}
