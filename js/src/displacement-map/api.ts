// What the panel of a DisplacementMap syncs and asks. Python's side: widgets/displacement_map.py and _map_panel.py.

import type { AnyModel } from "@anywidget/types";
import type { Requests } from "../lib/messages";
import type { LiveRegion } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import type { LayerHandle, LayerMount, RasterState } from "../raster-layer/api";

export interface Entry {
  name: string;
  label: string;
  group: string;
  kind: string;
  dates: number;
  note: string;
  reason: string;
  stale: boolean;
}

export interface Place {
  lon: number;
  lat: number;
  radius: number;
}

export interface Point {
  id: string;
  lon: number;
  lat: number;
  label: string;
  color: string;
}

export interface About {
  name: string;
  title: string;
  kind: string;
  units: string;
  file: string;
  folder: string;
  dates: string[];
  dropped: string[];
  file_reference_date: string;
  crs: string;
  pixel: number;
  bounds: [number, number, number, number];
  masks: { name: string; label: string; flag: boolean }[];
  masked: boolean;
  referenced: boolean;
  sign: string;
  zero_date: boolean;
  wavelength: number | null;
  notes: string[];
  origin: { lon: number; lat: number } | null;
  los?: { look: number; heading: number; incidence?: number } | null;
  long_name: string;
}

export type LonLat = [number, number];
export type Basemap = "hillshade" | "satellite" | "topographic" | "plain";

export interface State {
  map: string;
  raster: string;
  second: string;
  layer: string;
  reference_date: string;
  points: Point[];
  transect: LonLat[];
  aoi: LonLat[] | null;
  reference_point: Place | null;
  mask_layer: string;
  unit: "mm" | "cm" | "m";
  basemap: Basemap;
  compare: { layer: string; date: string } | null;
  _reference: { used?: "file" | "point" | ""; note?: string; pixels?: number };
  _second_about: { kind?: string; alike?: boolean };
  _menu: Entry[];
  _about: Partial<About>;
  _error: { message: string; remedy: string } | null;
  _revision: number;
  _invites: boolean;
  _listened: boolean;
  [trait: string]: unknown;
}

export interface AreaStatistics {
  count: number;
  kept: number;
  median: number | null;
  p16: number | null;
  p84: number | null;
  minimum: number | null;
  maximum: number | null;
}

export interface MapApi {
  choose: {
    payload: { layer?: string; mask_layer?: string; compare?: { layer: string; date: string } | null };
    answer: null;
  };
  reference: { payload: Place; answer: { offsets: number[]; pixels: number } };
  relief: { payload: null; answer: { bounds: [number, number, number, number] | null } };
  mask: { payload: null; answer: { quantiles: number[] } };
  area: { payload: { ring: LonLat[] }; answer: AreaStatistics };
  template: {
    payload: { write: boolean };
    answer: { file: string; before: string; after: string; stale: string[] };
  };
  reload: { payload: null; answer: null };
  changed: { payload: null; answer: boolean };
}

/** What every part of one display of the map shares. */
export interface Context {
  readonly model: AnyModel<State>;
  readonly requests: Requests<MapApi>;
  readonly shown: ShownMap;
  readonly signal: AbortSignal;
  readonly live: LiveRegion;
  readonly handle: LayerHandle;
  readonly raster: AnyModel<RasterState>;
  mount(): LayerMount | undefined;
  /** Changes traits of the panel; Python hears of it at once. */
  set(changes: Partial<State>): void;
  /** Changes traits of the layer: drawn at once, told to Python a little later. */
  draw(changes: Partial<RasterState>): void;
  /** Runs now and at each change of one of the panel's traits. */
  watch(traits: readonly string[], update: () => void): void;
  /** The same of the layer's traits. */
  watchRaster(traits: readonly string[], update: () => void): void;
  readonly fail: (error: unknown) => void;
  /** A short remark over the map; null takes it away. */
  say(text: string | null): void;
  /** Remembers points, transect, area and reference, for undo. */
  remember(): void;
}
