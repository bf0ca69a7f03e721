// Near stations as one, on a grid that stays where it is while the map is panned.

export interface Placed<T> {
  readonly item: T;
  /** Pixels of the world at this zoom. */
  readonly x: number;
  readonly y: number;
}

export interface Group<T> {
  readonly x: number;
  readonly y: number;
  readonly items: readonly T[];
}

/** Groups what lies in the same cell of `size` pixels; the group's place is the mean of its members. */
export function clustered<T>(placed: readonly Placed<T>[], size: number): Group<T>[] {
  const cells = new Map<string, Placed<T>[]>();
  for (const one of placed) {
    const key = `${Math.floor(one.x / size)} ${Math.floor(one.y / size)}`;
    const cell = cells.get(key);
    if (cell) cell.push(one);
    else cells.set(key, [one]);
  }
  return [...cells.values()].map((members) => ({
    x: members.reduce((sum, m) => sum + m.x, 0) / members.length,
    y: members.reduce((sum, m) => sum + m.y, 0) / members.length,
    items: members.map((m) => m.item),
  }));
}
