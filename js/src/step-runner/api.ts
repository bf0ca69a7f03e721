// What the StepRunner's kernel side syncs and answers: src/insar_widgets/widgets/step_runner.py.

import type { ViewContext } from "../lib/context";
import type { Engine } from "../lib/engine";
import type { PlotDate, PlotPair } from "../lib/network-plot";

export type StepState =
  "pending" | "running" | "completed" | "failed" | "cancelled" | "interrupted" | "stale" | "off";

export type RunState = "empty" | "ready" | "running" | "completed" | "failed" | "cancelled" | "interrupted";

export interface Chip {
  file: string;
  name: string;
  kind: "figure" | "table" | "layer" | "network" | "file";
}

export interface Row {
  name: string;
  number: number;
  summary: string;
  state: StepState;
  /** The run under way will come to it. */
  waits: boolean;
  reason: string;
  remedy: string;
  note: string;
  /** Which engine made it, and what the proof has shown; null where there is only MintPy. */
  engine: { name: Engine; proved: string; words: string } | null;
  chips: Chip[];
  seconds: number | null;
  /** Seconds that it is likely to take. */
  expected: number | null;
  expected_from: string;
  left: number | null;
  warnings: string[];
  locked: boolean;
  /** Whether it is switched on; null where there is no switch. */
  switch: boolean | null;
  fraction: number | null;
  label: string;
  /** When the running pass began, seconds since 1970. */
  began: number | null;
}

export interface Head {
  state: RunState;
  step: string;
  number: number | null;
  started: number | null;
  ended: number | null;
  to_do: string[];
  planned: string[];
  reason: string;
  remedy: string;
  pid: number | null;
  host: string;
  work_dir: string;
  writable?: boolean;
  logs?: string[];
  /** Seconds that are likely to be left, and what that is based on. */
  left?: number | null;
  basis?: string;
  /** What the proofs of the fast engine have shown; empty where there are none. */
  proof?: string;
}

export interface Machine {
  running: boolean;
  memory: number[];
  cpu: number[];
  memory_limit: number | null;
  cores: number | null;
  disk_free: number | null;
  disk_needed: number | null;
}

export interface Fix {
  label: string;
  href?: string;
  values?: Record<string, string>;
}

export interface State {
  _rows: Row[];
  _head: Partial<Head>;
  _resources: Partial<Machine>;
  _log: { step?: string; lines?: number; size?: number; epoch?: number };
  _fixes: Fix[];
  _figures: Chip[];
  engine: Engine;
  /** Of a page on which nothing may be run. */
  read_only: boolean;
  _file: { path?: string; name?: string };
  _error: { message: string; remedy: string } | null;
}

/** Text of a line and what it is: a warning, an error, or neither. */
export type Line = [string, "" | "w" | "e"];

export interface LogPart {
  start: number;
  total: number;
  size: number;
  epoch: number;
  lines: Line[];
}

interface Common {
  file: string;
  path: string;
  bytes: number;
}

export type Product =
  | (Common & { kind: "figure"; mime: string })
  | (Common & { kind: "table"; columns: string[]; rows: string[][]; total: number; notes: string[] })
  | (Common & { kind: "text"; text: string; total: number })
  | (Common & {
      kind: "network";
      network: { dates: PlotDate[]; pairs: PlotPair[] };
      words: string;
      mime: string;
    })
  | (Common & { kind: "file" })
  | { kind: "map"; file: string; layer: string; layers: string[] }
  | {
      kind: "layer";
      file: string;
      layer: string;
      layers: string[];
      long_name: string;
      units: string;
      low: number;
      high: number;
      mask: boolean;
      signed: boolean;
      date: string;
      reference_date: string;
      empty: number;
      step: number;
      shape: [number, number];
    };

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface RunnerApi {
  here: Call<{ view: string }, { now: number }>;
  leave: Call<{ view: string }, null>;
  start: Call<{ steps?: string[]; from?: string; to?: string }, null>;
  cancel: Call<null, string>;
  switch: Call<{ step: string; on: boolean }, { line: string; file: string; to_do: string[] }>;
  fix: Call<{ values: Record<string, string> }, null>;
  log: Call<{ step: string; start: number; count: number }, LogPart>;
  search: Call<{ step: string; query: string; start: number }, { lines: number[]; total: number }>;
  text: Call<{ step: string }, { text: string; first: number; total: number }>;
  open: Call<{ file: string; layer?: string | undefined }, Product>;
  refresh: Call<null, null>;
}

export type Context = ViewContext<State, RunnerApi>;
