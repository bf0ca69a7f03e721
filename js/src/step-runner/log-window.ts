// The part of a log that is in the page: a window of lines that slides over a file of any length.

import type { Line, LogPart } from "./api";

export const PART = 300;
export const MOST = 1500;

/** Lines `first` to `first + lines.length - 1` of `total`. */
export class LogWindow {
  step = "";
  epoch = -1;
  first = 0;
  total = 0;
  lines: Line[] = [];

  get end(): number {
    return this.first + this.lines.length;
  }

  /** Begins anew with a part of a log. */
  reset(step: string, part: LogPart): void {
    this.step = step;
    this.epoch = part.epoch;
    this.first = part.start;
    this.total = part.total;
    this.lines = [...part.lines];
  }

  /** Whether a part can be joined to what is there. */
  touches(part: LogPart): boolean {
    const end = part.start + part.lines.length;
    return part.epoch === this.epoch && part.start <= this.end && end >= this.first;
  }

  /**
   * Joins a part at the end or at the beginning, and lets go of lines at the other side when they are too many.
   * The last line may have changed: it is replaced.
   */
  join(part: LogPart): { dropped: number; added: number; side: "end" | "start"; replaced: number } {
    this.total = part.total;
    if (part.start < this.first) {
      const fresh = part.lines.slice(0, this.first - part.start);
      this.lines = [...fresh, ...this.lines];
      this.first = part.start;
      const dropped = Math.max(0, this.lines.length - MOST);
      if (dropped > 0) this.lines.length -= dropped;
      return { dropped, added: fresh.length, side: "start", replaced: 0 };
    }
    const replaced = this.end - part.start;
    this.lines.splice(this.lines.length - replaced, replaced, ...part.lines);
    const dropped = Math.max(0, this.lines.length - MOST);
    this.lines.splice(0, dropped);
    this.first += dropped;
    return { dropped, added: part.lines.length, side: "end", replaced };
  }
}

/** Places of a text in a line, whatever the case. */
export function occurrences(text: string, query: string): [number, number][] {
  if (query === "") return [];
  const folded = text.toLowerCase();
  const needle = query.toLowerCase();
  // a few letters change their length when folded: then nothing is marked rather than the wrong place
  if (folded.length !== text.length) return [];
  const found: [number, number][] = [];
  for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + needle.length))
    found.push([at, at + needle.length]);
  return found;
}
