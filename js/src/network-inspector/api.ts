// What the NetworkInspector's kernel side syncs and answers: src/insar_widgets/widgets/network_inspector.py.

import type { ViewContext } from "../lib/context";

export interface NetDate {
  date: string;
  bperp: number;
}

export interface NetPair {
  name: string;
  from: number;
  to: number;
  days: number;
  bperp: number;
  coherence: number | null;
  /** Whether the stack keeps it now; null before it is loaded. */
  in_file: boolean | null;
}

export interface Net {
  dates: NetDate[];
  pairs: NetPair[];
  /** Whether the triplets of a pair can be asked for. */
  closure: boolean;
  /** Whether a map could show a pair. */
  layers: boolean;
  /** Why there is no coherence. */
  missing: string;
  notes: string[];
}

export interface Rules {
  min_coherence: number | null;
  keep_tree: boolean;
  max_days: number | null;
  max_bperp: number | null;
  max_connections: number | null;
  months: number[];
  exclude_dates: string[];
  exclude_pairs: string[];
}

export interface Outcome {
  /** Why each pair is dropped, "" for those that stay. */
  reasons: string[];
  tree: number[];
  redundancy: number[];
  parts: string[][];
  kept: number;
  lost: string[];
}

export interface Triplet {
  dates: [string, string, string];
  wrapped: number | null;
  ambiguous: number | null;
  pixels: number;
}

/** What of the pair a linked map shows. */
export type Shown = "unwrapPhase" | "coherence" | "";

export interface State {
  pair: string;
  date: string;
  shown: Shown;
  _view: Partial<Net>;
  _rules: Partial<Rules>;
  _outcome: Partial<Outcome>;
  _file: { name?: string; changed?: boolean };
  /** Whether somebody shows the layer that is asked for. */
  _on_map: boolean;
  _progress: { fraction: number | null; text: string } | null;
  _error: { message: string; remedy: string } | null;
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface NetworkApi {
  rules: Call<Partial<Rules>, null>;
  date: Call<string, null>;
  pair: Call<string, null>;
  reset: Call<null, null>;
  closure: Call<string, Triplet[]>;
  write: Call<null, string>;
}

export type Context = ViewContext<State, NetworkApi>;

export const EMPTY_NET: Net = { dates: [], pairs: [], closure: false, layers: false, missing: "", notes: [] };
export const EMPTY_OUTCOME: Outcome = {
  reasons: [],
  tree: [],
  redundancy: [],
  parts: [],
  kept: 0,
  lost: [],
};

export function netOf(context: Context): Net {
  return { ...EMPTY_NET, ...context.model.get("_view") };
}

export function outcomeOf(context: Context): Outcome {
  return { ...EMPTY_OUTCOME, ...context.model.get("_outcome") };
}
