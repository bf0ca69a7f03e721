// Lengths on the ground, and the bar that shows one.

/** Round length in metres for a scale bar of at most `most` metres. */
export function scaleLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((factor) => factor * power <= most) ?? 1) * power;
}

export function formatLength(metres: number): string {
  return metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
}
