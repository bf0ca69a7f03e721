// What the ConfigBuilder's kernel side syncs and answers: src/insar_widgets/widgets/config_builder.py.

import type { ViewContext } from "../lib/context";
import type { Engine } from "../lib/engine";
import type { Finding } from "../lib/findings";

export type Kind =
  | "choice"
  | "number"
  | "integer"
  | "numbers"
  | "date"
  | "dates"
  | "pairs"
  | "indices"
  | "onsets"
  | "file"
  | "pattern"
  | "folder"
  | "coordinate"
  | "box"
  | "free";

export interface Option {
  key: string;
  label: string;
  group: string;
  step: string;
  kind: Kind;
  choices: string[];
  auto: string;
  auto_help: string;
  help: string;
  notes: string;
  accepts: string;
  minimum: number | null;
  maximum: number | null;
  unit: string;
}

export interface Schema {
  options: Option[];
  sections: { name: string; number: number | null }[];
  essentials: { title: string; keys: string[] }[];
  presets: { name: string; title: string; description: string }[];
  mintpy: string;
  cores: number;
}

/** Options to set; null resets one. */
export type Values = Record<string, string | null>;

export interface Fix {
  label: string;
  values?: Values;
  use_stack?: boolean;
}

export interface Row extends Finding {
  /** The option concerned, empty when it is about the whole. */
  key: string;
  fixes: Fix[];
}

export interface Preview {
  path: string;
  name: string;
  opened: boolean;
  dirty: boolean;
  /** Mark ("", "+", "-"), text, and the option of the line. */
  lines: [string, string, string][];
}

export interface State {
  valid: boolean;
  engine: Engine;
  map: string;
  _values: Record<string, string>;
  _hints: Record<string, string>;
  _rows: Row[];
  _stack_view: {
    dates?: string[];
    pairs?: string[];
    ring?: [number, number][] | null;
    relief?: string;
  };
  _preview: Partial<Preview>;
  _stale: { stale?: string[]; kept?: string[]; new?: string[]; running?: boolean; problem?: string };
  _place: string;
  _checking: boolean;
  _error: { message: string; remedy: string } | null;
}

export interface Entry {
  name: string;
  path: string;
  kind: "folder" | "file";
}

export interface Listing {
  path: string;
  parent: string | null;
  entries: Entry[];
}

interface Call<P, A> {
  payload: P;
  answer: A;
}

export interface BuilderApi {
  schema: Call<null, Schema>;
  search: Call<{ query: string }, string[]>;
  change: Call<{ values: Values }, null>;
  preset: Call<{ name: string }, null>;
  use_stack: Call<null, null>;
  list: Call<{ path: string }, Listing>;
  open: Call<{ path: string }, null>;
  save: Call<{ path?: string; replace?: boolean }, { saved: boolean; conflict: string; path: string }>;
  hillshade: Call<null, { bounds: [number, number, number, number] | null }>;
  recheck: Call<null, null>;
}

export type Context = ViewContext<State, BuilderApi>;

/** Whether an option has a value of its own. */
export function isSet(values: Record<string, string>, key: string): boolean {
  return values[key] !== undefined && values[key] !== "auto";
}

export function isoDate(text: string): string {
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text;
}

/** Items of a list as a template writes it. */
export function items(text: string | undefined): string[] {
  if (text === undefined || ["auto", "no", "none"].includes(text)) return [];
  return text
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}
