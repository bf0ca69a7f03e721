// What a chart is told to draw, and what it tells back.

export type Shape = "circle" | "square" | "diamond" | "triangle" | "star" | "plus";
export type Numbers = ArrayLike<number>;

interface Mark {
  /** Names the mark in `Hit` and in exports. */
  readonly id: string;
  /** CSS colour; `var(--…)` is fine. */
  readonly color: string;
  readonly opacity?: number;
}

/** Symbols at x, y; NaN is skipped. */
export interface PointsMark extends Mark {
  readonly kind: "points";
  /** What the series is called by keyboard and screen reader. */
  readonly name: string;
  readonly x: Numbers;
  readonly y: Numbers;
  /** Half length of the error bar of each point; NaN: none. */
  readonly error?: Numbers;
  /** Ends of the error bars instead of `error`. */
  readonly low?: Numbers;
  readonly high?: Numbers;
  readonly shape?: Shape;
  readonly size?: number;
  /** Points drawn as outline only. */
  readonly open?: readonly boolean[];
  /** A colour for each point instead of one for all. */
  readonly colors?: readonly string[];
  /** Whether pointer and keyboard find them; true unless told. */
  readonly pick?: boolean;
  /** Found but not drawn: the places of a line that is drawn by another mark. */
  readonly hidden?: boolean;
}

/** A line through x, y; NaN is a gap. */
export interface LineMark extends Mark {
  readonly kind: "line";
  readonly x: Numbers;
  readonly y: Numbers;
  readonly width?: number;
  readonly dash?: string;
}

/** The area between low and high; NaN is a gap. */
export interface BandMark extends Mark {
  readonly kind: "band";
  readonly x: Numbers;
  readonly low: Numbers;
  readonly high: Numbers;
}

/** Single lines from x1, y1 to x2, y2, such as pairs of a network. */
export interface SegmentsMark extends Mark {
  readonly kind: "segments";
  readonly name: string;
  readonly x1: Numbers;
  readonly y1: Numbers;
  readonly x2: Numbers;
  readonly y2: Numbers;
  readonly colors?: readonly string[];
  /** One `stroke-dasharray` a segment; "" is solid. */
  readonly dashes?: readonly string[];
  readonly widths?: Numbers;
  readonly pick?: boolean;
}

/** Hatched stretches of the x axis: no data. */
export interface HatchMark extends Mark {
  readonly kind: "hatch";
  readonly ranges: readonly (readonly [number, number])[];
}

/** Vertical lines with a label, such as events. */
export interface RulesMark extends Mark {
  readonly kind: "rules";
  readonly rules: readonly { readonly x: number; readonly label: string }[];
  readonly dash?: string;
  /** Labels stand at the top of the panel, not at its bottom. */
  readonly top?: boolean;
}

export type AnyMark = PointsMark | LineMark | BandMark | SegmentsMark | HatchMark | RulesMark;

export interface Panel {
  /** With its unit, such as "LOS displacement (mm)". */
  readonly label: string;
  readonly marks: readonly AnyMark[];
  /** Pixels; the first panel may leave it out and takes what is left. */
  readonly height?: number;
  /** Range if nothing is zoomed; by default what the marks cover, in round numbers. */
  readonly domain?: readonly [number, number];
  /** Whether the range must show zero. */
  readonly zero?: boolean;
}

export interface Axis {
  /** "time" are milliseconds UTC, drawn true to scale. */
  readonly kind: "time" | "linear";
  readonly label?: string;
  readonly domain?: readonly [number, number];
}

export interface ChartSpec {
  /** What a screen reader says first: what is shown, in one sentence. */
  readonly title: string;
  readonly x: Axis;
  /** One above the other on the same x axis. */
  readonly panels: readonly Panel[];
  /** A lasting vertical line with its label on top, such as the date on the map. */
  readonly cursor?: { readonly x: number; readonly label: string } | null;
}

/** What is nearest to the pointer or the keyboard's place. */
export interface Hit {
  readonly panel: number;
  readonly mark: string;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly panel: number;
  /** The x of the nearest point, else x itself. */
  readonly snapped: number;
  /** The point or segment under the pointer, within some pixels. */
  readonly hit: Hit | null;
}

export interface ChartOptions {
  readonly height: number;
  /** Text beside the pointer; one line each, the first is bold. */
  readonly tooltip?: (place: Place) => readonly string[];
  readonly onHover?: (place: Place | null) => void;
  /** A click or Enter on a point or segment. */
  readonly onPick?: (hit: Hit) => void;
  /** A click beside all points and segments. */
  readonly onClick?: (place: Place) => void;
  /** Speaks to screen readers, such as `LiveRegion.say`. */
  readonly say?: (text: string) => void;
  /** After zoom and pan; null is everything. */
  readonly onView?: (domain: readonly [number, number] | null) => void;
  /** Whether the crosshair jumps to the nearest point's x; true unless told. */
  readonly snap?: boolean;
}
