// What the kernel tells and what it is asked; the other side is src/insar_widgets/widgets/exporter.py.

import type { ViewContext } from "../lib/context";

export type FileState = "new" | "exists" | "writing" | "written" | "kept" | "failed" | "left out";

export interface FileLine {
  name: string;
  product: string;
  bytes: number;
  state: FileState;
}

export interface Group {
  title: string;
  products: { name: string; label: string }[];
}

export interface About {
  work_dir?: string;
  dates?: string[];
  crs?: string;
  map?: boolean;
  shown?: string;
  points?: number;
  free?: number | null;
  folder?: string;
  home?: string;
}

export interface Said {
  severity: "error" | "info";
  product: string;
  text: string;
}

export interface State {
  out: string;
  products: string[];
  dates: string[];
  units: string;
  mask: string;
  crs: string;
  cog: boolean;
  points_format: string;
  figure_formats: string[];
  dpi: number;
  as_shown: boolean;
  only_points: boolean;
  busy: boolean;
  _about: About;
  _menu: Group[];
  _files: FileLine[];
  _running: { product?: string; share?: number; words?: string };
  _said: Said[];
  _error: { message: string; remedy: string } | null;
}

interface Call<P, T> {
  payload: P;
  answer: T;
}

export interface ExporterApi {
  export: Call<null, null>;
  cancel: Call<null, null>;
  code: Call<null, string>;
  download: Call<null, { token: string; name: string; files: number; bytes: number }>;
  part: Call<{ token: string }, { done: boolean }>;
  [kind: string]: Call<unknown, unknown>;
}

export type Context = ViewContext<State, ExporterApi>;

/** Bytes as people write them. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`;
}
