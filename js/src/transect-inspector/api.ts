// What the TransectInspector's kernel side syncs and answers: src/insar_widgets/widgets/transect_inspector.py.

import type { ViewContext } from "../lib/context";

export interface LayerInfo {
  key: string;
  label: string;
  group: string;
  dates: string[];
}

/** What is asked for; an empty layer or date follows the map. */
export interface Asked {
  id: string;
  layer: string;
  date: string;
  label: string;
  color: string;
}

export interface Status {
  state: "empty" | "working" | "ready" | "failed";
  message?: string;
  remedy?: string;
}

export interface State {
  layer: string;
  date: string;
  transect: [number, number][];
  profiles: Asked[];
  width: number;
  step: number;
  method: "nearest" | "bilinear";
  unit: "mm" | "cm" | "m";
  mask_layer: string;
  mask_threshold: number;
  cursor: number | null;
  _layers: LayerInfo[];
  _status: Status;
  _revision: number;
  _follows: boolean;
  _can_draw: boolean;
  _drawing: boolean;
}

export interface ProfileInfo {
  id: string;
  label: string;
  color: string;
  unit: string;
  quantity: string;
  relative: string;
  /** YYYY-MM-DD, or empty. */
  date: string;
  signed: boolean;
  /** Along the line of sight, positive towards the satellite. */
  los: boolean;
  file: string;
  notes: string[];
  problem: string;
  /** Pixels of the swath that were sent, and how many there are. */
  samples: number;
  pixels: number;
  mask: boolean;
}

export interface Section {
  length: number;
  azimuth: number;
  step: number;
  width: number;
  method: string;
  /** Samples along the line; 0 when there is no line. */
  count: number;
  elevation: boolean;
  vertices: { name: string; distance: number; lon: number; lat: number }[];
  profiles: ProfileInfo[];
  notes: string[];
  points: { distance: number; label: string; color: string }[];
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface TransectApi {
  data: Call<null, Section>;
  csv: Call<boolean, string>;
  code: Call<null, string>;
  line: Call<
    { text: string; name?: string; lat_first?: boolean } | { path: string },
    { notes: string[]; vertices: number }
  >;
  reverse: Call<null, null>;
  clear: Call<null, null>;
  add: Call<{ layer: string; date: string }, string>;
  change: Call<{ id: string; layer?: string; date?: string; color?: string }, null>;
  remove: Call<string, null>;
  file: Call<string, string[]>;
}

export type Base = ViewContext<State, TransectApi>;

export interface Context extends Base {
  /** The last result, null before the first and without a line. */
  readonly data: () => Data | null;
  /** Runs after each new result. */
  readonly onData: (update: () => void) => void;
}

export interface Curve {
  readonly info: ProfileInfo;
  /** The line drawn: the median of the swath, or the value on the line. */
  readonly y: Float32Array;
  readonly low: Float32Array | null;
  readonly high: Float32Array | null;
  readonly pixels: Float32Array | null;
  readonly sampleX: Float32Array | null;
  readonly sampleY: Float32Array | null;
}

export interface Data {
  readonly section: Section;
  /** Metres. */
  readonly distance: Float64Array;
  readonly elevation: Float32Array | null;
  readonly curves: readonly Curve[];
}

/** The buffers of an answer in the order in which the kernel wrote them. */
export function decode(section: Section, buffers: readonly Uint8Array[]): Data {
  let next = 0;
  // A copy: a buffer of a message may begin anywhere
  const bytes = (): ArrayBuffer => Uint8Array.from(buffers[next++] ?? []).buffer;
  const floats = (): Float32Array => new Float32Array(bytes());
  const distance = new Float64Array(bytes());
  const elevation = section.elevation ? floats() : null;
  const swath = section.width > 0;
  const curves = section.profiles
    .filter(({ problem }) => !problem)
    .map((info) => ({
      info,
      y: floats(),
      low: swath ? floats() : null,
      high: swath ? floats() : null,
      pixels: swath ? floats() : null,
      sampleX: swath ? floats() : null,
      sampleY: swath ? floats() : null,
    }));
  return { section, distance, elevation, curves };
}

export function nearestIndex(distance: Float64Array, metres: number): number {
  let [low, high] = [0, distance.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((distance[middle] ?? 0) <= metres) low = middle;
    else high = middle;
  }
  return Math.abs((distance[low] ?? 0) - metres) <= Math.abs((distance[high] ?? 0) - metres) ? low : high;
}
