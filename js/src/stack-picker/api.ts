// What the StackPicker's kernel side syncs and answers: src/insar_widgets/widgets/stack_picker.py.

import type { Ring } from "../lib/area-tool";
import type { AnyModel } from "@anywidget/types";
import type { ViewContext } from "../lib/context";
import type { Finding } from "../lib/findings";

/** `[lon, lat]` corners in degrees, the first one not repeated. */
export type { Ring };

export interface Fact {
  value: string;
  note: string;
}

export interface FindingRow extends Finding {
  /** What one click does about it, if anything. */
  action: { kind: "leave_out" | "bring_back"; label: string } | null;
}

export interface Footprint {
  ring: Ring;
  names: string[];
  left_out: boolean;
}

export interface NetworkView {
  dates: { date: string; bperp: number; left_out: boolean }[];
  /** Indices into `dates`. */
  pairs: { from: number; to: number; left_out: boolean }[];
}

export interface WorkFileRow {
  name: string;
  what: string;
  detail: string;
  problem: string;
}

/** Everything there is to show of what is open; replaced as a whole. */
export interface View {
  revision: number;
  facts: Fact[];
  findings: FindingRow[];
  footprints: Footprint[];
  overlap: Ring | null;
  overlap_label: string;
  network: NetworkView | null;
  read_note: string;
  check_label: string;
  filter_note: string;
  files: WorkFileRow[];
  files_note: string;
}

export interface Estimate {
  fact: Fact;
  lines: string[];
  /** Why it cannot be prepared, if so. */
  problem: string;
}

export interface Selection {
  start: string;
  end: string;
  months: number[];
  max_days: number | null;
  max_bperp: number | null;
  /** Dates and pairs, as typed. */
  leave_out: string;
}

export interface Progress {
  fraction: number | null;
  text: string;
}

export interface PickerError {
  message: string;
  remedy: string;
  /** What the button of the error does. */
  retry: boolean;
}

export interface State {
  path: string;
  opens: "" | "products" | "work_dir";
  project: string;
  work_dir: string;
  aoi: Ring | null;
  busy: "" | "open" | "check" | "prepare";
  map: string;
  _view: Partial<View>;
  _estimate: Partial<Estimate>;
  _selection: Selection;
  _progress: Partial<Progress>;
  _error: PickerError | null;
  _notice: { kind?: "done" | "info"; text?: string };
}

export type EntryKind = "folder" | "products" | "work_dir" | "zip";

export interface Entry {
  name: string;
  path: string;
  kind: EntryKind;
  products: number;
}

export interface Listing {
  path: string;
  parent: string | null;
  entries: Entry[];
  work_dir: boolean;
}

export interface FilterPreview {
  text: string;
  ok: boolean;
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface PickerApi {
  complete: Call<{ text: string }, { entries: Entry[] }>;
  list: Call<{ path: string }, Listing>;
  recent: Call<null, { paths: string[] }>;
  hillshade: Call<null, { bounds: [number, number, number, number] | null }>;
  set_area: Call<{ ring: Ring | null }, null>;
  read_area: Call<{ text: string } | { name: string }, { note: string }>;
  preview_filter: Call<Selection, FilterPreview>;
  apply_filter: Call<Selection, null>;
  leave_out: Call<{ names: string[] }, null>;
  bring_back: Call<{ names: string[] }, null>;
  check: Call<null, null>;
  prepare: Call<null, null>;
  cancel: Call<null, null>;
  reopen: Call<null, null>;
}

/** What every part of one displayed picker shares. */
export type Context = ViewContext<State, PickerApi>;

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function isRunning(model: Pick<AnyModel<State>, "get">): boolean {
  return model.get("busy") === "check" || model.get("busy") === "prepare";
}
