// What a RasterLayer syncs, answers and announces. Python's side: src/insar_widgets/widgets/raster_layer.py.
//
// A layer is not displayed: its module's `initialize` puts it on every display of its map. Whoever else lives in the
// page (the panel of DisplacementMap) reaches it in two ways:
//   1. traits, on the layer's own model: `model.set("vmin", -0.1)` recolours at once, in every display, without
//      the kernel; a later `model.save_changes()` tells Python;
//   2. `layerHandle(manager, ref)`: what belongs to the browser alone: the histogram of what is in view, the value
//      under the pointer, what is loading, whether a date is ready.

import type { AnyModel } from "@anywidget/types";
import type * as Leaflet from "leaflet";
import type { MaskMode } from "../lib/colour";
import type { TileKey } from "../lib/tile-store";

export type { MaskMode, TileKey };

/** Where values come from: the data, or the mask. */
export interface SourceInfo {
  /** Names the source in requests; another key means other values, and tiles of the old one stay in memory. */
  key: string;
  /** `[south, west, north, east]` in degrees WGS84; east may be above 180 where the data cross the antimeridian. */
  bounds: [number, number, number, number];
  min_zoom: number;
  /** Zoom at which a tile's pixel is no larger than the data's. Closer views enlarge these tiles. */
  max_zoom: number;
  /** 1 for two-dimensional data. */
  slices: number;
  /** YYYYMMDD of each slice, or empty. */
  dates: string[];
  /** Counts up when the same values can be had faster or finer, as when a pyramid is ready. */
  revision: number;
}

/** Synced traits. All of them may be set from the page; those with `_` belong to the kernel. */
export interface RasterState {
  name: string;
  /** Unit of values as the data have them, e.g. "m/year". */
  units: string;
  /** Unit in which legend and read-out show values, e.g. "mm/year", and the factor to it. */
  display_units: string;
  display_factor: number;
  colormap: string;
  reverse: boolean;
  /** Colormap while `wrap` is on. */
  wrap_colormap: string;
  /** In the data's unit; null until the kernel has looked at the data (2nd to 98th percentile). */
  vmin: number | null;
  vmax: number | null;
  /** 0 to 1. */
  opacity: number;
  /** Displacement per colour cycle in the data's unit; null: no wrapping. Zero has the middle colour. */
  wrap: number | null;
  /** Shown is where mask >= threshold (minimum), <= (maximum), != 0 (nonzero), == (equal). */
  mask_mode: MaskMode;
  mask_threshold: number;
  /** Slice shown. */
  index: number;
  /** Slice subtracted pixel by pixel (the reference date); -1: none. */
  base_index: number;
  /** Subtracted from each slice (the reference point's series); empty: nothing. */
  offsets: number[];
  visible: boolean;
  z_index: number;
  /** The layer's own small colour bar in the map's corner, and the value under the pointer in it. */
  legend: boolean;
  readout: boolean;
  /** Under the pointer; synced only while someone in Python observes it. */
  hover: { lon: number; lat: number; value: number | null; unit: string } | null;
  /** Of large rasters: "building", "ready", ...; `message` says it in words. Empty before anything is known. */
  overviews: { state?: string; fraction?: number; message?: string };
  /** "anywidget:<id>" of the ipyleaflet.Map. */
  map: string | null;
  _source: SourceInfo | null;
  _mask: SourceInfo | null;
  _report_hover: boolean;
  /** Counts how often Python wanted all of the data in view. */
  _fit: number;
  /** The model's own id. */
  _id: string;
  [trait: string]: unknown;
}

export interface RasterApi {
  /** One buffer: the tiles as Python's `tiles` encodes them, one after the other, of these sizes; 0: there is nothing. */
  tiles: { payload: { source: string; tiles: TileKey[] }; answer: { sizes: number[] } };
}

export interface ViewHistogram {
  /** Counts in `counts.length` equal bins from `lo` to `hi`, in the data's unit; after mask and re-reference. */
  counts: Uint32Array;
  lo: number;
  hi: number;
  /** Pixels of the screen with a value in view. */
  count: number;
  /** Values of a regular sample of those pixels, smallest first. */
  samples: Float32Array;
  /** Value below which a share (0 to 1) of them lies; NaN when there are none. */
  quantile(share: number): number;
}

/** What is at a place. `value` is re-referenced, and rounded no finer than the tile's own steps justify. */
export type PointValue =
  | { state: "value"; value: number; step: number }
  | { state: "masked" | "no data" | "outside" | "loading"; value: null; step: 0 };

export interface Loading {
  /** Tiles of the slice shown (with its base slice and mask) that the view still waits for. */
  waiting: number;
  /** Tiles the view consists of. */
  total: number;
}

/** One Leaflet map that shows the layer: two displays of one map are two of these. */
export interface LayerMount {
  readonly map: Leaflet.Map;
  /** Aborted when this display is gone (closed, `panes` changed, layer removed). */
  readonly signal: AbortSignal;
  /** Element holding the layer's canvases: clip it for a swipe (`style.clipPath`), in layer-point coordinates. */
  readonly container: HTMLElement;
  /** Lets histogram and values end where the picture was cut; pixels of the map's container, null for everywhere. */
  clip(inside: ((x: number, y: number) => boolean) | null): void;
  /** Computed now, from the tiles in memory. */
  histogram(bins?: number): ViewHistogram;
  valueAt(latlng: Leaflet.LatLng): PointValue;
  loading(): Loading;
  /** Whether the whole view of a slice is in memory, so that showing it costs one repaint. */
  ready(index: number): boolean;
  /** Fetches the view of these slices, in this order, when nothing else is waited for; replaces what was asked before. */
  prefetch(indices: readonly number[]): void;
  /** Draws what is seen at the map's container coordinates, as for a picture of the map. */
  drawTo(context: CanvasRenderingContext2D): void;
}

export interface LayerEvents {
  /** A display of the map has the layer now; ends with `mount.signal`. Replayed to late listeners. */
  mount: LayerMount;
  /** At most about five a second, when what is in view changed. */
  histogram: { mount: LayerMount; histogram: ViewHistogram };
  /** The pointer moved; null when it left the map. Once a frame at most. */
  hover: { mount: LayerMount; latlng: Leaflet.LatLng; at: PointValue } | { mount: LayerMount; latlng: null };
  loading: { mount: LayerMount; loading: Loading };
  /** A slice is on the screen as a whole. */
  painted: { mount: LayerMount; index: number };
  /** What went wrong, in words; null when it works again. Shown in the layer's legend as well. */
  error: { message: string; remedy: string } | null;
}

export interface LayerHandle {
  readonly model: AnyModel<RasterState>;
  mounts(): readonly LayerMount[];
  /**
   * Shows other `offsets` without telling the kernel, until those of the model change or null ends it. What is told of a
   * place that is only passed over could reach the kernel after the place that was meant.
   */
  preview(offsets: readonly number[] | null): void;
  /** Returns the function that stops listening. */
  on<K extends keyof LayerEvents>(event: K, listener: (detail: LayerEvents[K]) => void): () => void;
}

/** Property of the layer's model (as the widget manager hands it out) that holds its handle. */
export const HANDLE = Symbol.for("insar_widgets.raster-layer");

interface Managed {
  [HANDLE]?: LayerHandle;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/**
 * The handle of a layer.
 *
 * @param ref "anywidget:<model id>", as an `anywidget.WidgetTrait` has it
 */
export async function layerHandle(
  manager: { get_model(id: string): Promise<unknown> },
  ref: string,
): Promise<LayerHandle> {
  const model = (await manager.get_model(ref.replace(/^anywidget:/, ""))) as Managed;
  const ready = model[HANDLE];
  if (ready) return ready;
  return new Promise((resolve) => {
    const listen = (): void => {
      const handle = model[HANDLE];
      if (!handle) return;
      model.off("insar:handle", listen);
      resolve(handle);
    };
    model.on("insar:handle", listen);
    listen();
  });
}
