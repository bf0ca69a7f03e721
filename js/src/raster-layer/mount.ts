// The layer on one Leaflet map: keeps what is seen equal to what is set, with as little work a frame as that takes.

import type { AnyModel } from "@anywidget/types";
import type * as Leaflet from "leaflet";
import { colormapKind, colormapPixels } from "../lib/colormaps";
import type { Look } from "../lib/colour";
import type { ShownMap } from "../lib/leaflet-map";
import { type TileStore, type Wanted } from "../lib/tile-store";
import { EMPTY, TILE, TILE_PIXELS, type ValueTile } from "../lib/value-tile";
import type {
  LayerEvents,
  LayerMount,
  Loading,
  PointValue,
  RasterState,
  SourceInfo,
  ViewHistogram,
} from "./api";
import { makeGrid, tileId, type Grid, type Tile } from "./grid";
import { histogramOf } from "./histogram";
import { Painter, pixelOf, readingOf, type Shown, type State } from "./tiles";

const SAMPLES = 40_000;
const HISTOGRAM_EVERY = 200;
const RANGE_PATIENCE = 1500;
/** So long a view keeps what it shows until all tiles of the next are there: it changes as a whole, in one frame. */
const WHOLE_PATIENCE = 250;
/** Slices beside the one shown that are fetched ahead: the way the user goes, and one back. */
const AHEAD = [1, -1, 2, 3];

export interface Host {
  readonly model: AnyModel<RasterState>;
  readonly store: TileStore;
  /** Offsets that are shown in place of the model's. */
  preview(): readonly number[] | null;
  emit<K extends keyof LayerEvents>(event: K, detail: LayerEvents[K]): void;
  heard(event: keyof LayerEvents): boolean;
}

interface Target {
  source: SourceInfo;
  index: number;
  base: number;
  mask: SourceInfo | null;
}

function nameOf({ source, index, base, mask }: Target): string {
  return [source.key, source.revision, index, base, mask?.key, mask?.revision].join(" ");
}

type Place = Pick<Tile, "x" | "y" | "z">;

/** Latitude of the northern edge of row y. */
function edge(y: number, z: number): number {
  return (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** z))) * 180) / Math.PI;
}

/** Whether a tile can hold anything of a source; the world repeats every 360 degrees. */
export function touches({ x, y, z }: Place, [south, west, north, east]: SourceInfo["bounds"]): boolean {
  if (y < 0 || y >= 2 ** z || edge(y, z) < south || edge(y + 1, z) > north) return false;
  const width = 360 / 2 ** z;
  const left = x * width - 180;
  const turns = Math.ceil((west - left - width) / 360);
  return left + 360 * turns <= east;
}

export class Mount implements LayerMount {
  readonly map: Leaflet.Map;
  readonly signal: AbortSignal;
  readonly #grid: Grid;
  readonly #painter = new Painter();
  #frame = 0;
  #recolour = true;
  #inside: ((x: number, y: number) => boolean) | null = null;
  #asked: readonly number[] = [];
  #direction = 1;
  #lastIndex: number;
  #histogramTimer: ReturnType<typeof setTimeout> | undefined;
  #hoverFrame = 0;
  #announced = "";
  #firstTile = 0;
  #aim = "";
  /** Whether other tiles may be wanted than were said to be. */
  #moved = true;
  #since = 0;
  #wholeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: Host,
    shown: ShownMap,
  ) {
    this.map = shown.map;
    this.signal = shown.signal;
    const { model } = host;
    this.#lastIndex = model.get("index");
    const source = model.get("_source");
    this.#grid = makeGrid(
      shown.L,
      shown.map,
      { min: source?.min_zoom ?? 0, max: source?.max_zoom ?? 18 },
      () => {
        this.#moved = true;
        this.refresh();
      },
    );
    this.#grid.layer.setOpacity(model.get("opacity"));
    this.#grid.layer.setZIndex(model.get("z_index"));
    this.#grid.layer.addTo(this.map);
    this.#showOrHide();
    this.#listen();
  }

  get container(): HTMLElement {
    const found = this.#grid.layer.getContainer();
    if (!found) throw new Error("The layer is not on its map any more.");
    return found;
  }

  #listen(): void {
    const { model } = this.host;
    const on = (traits: readonly (keyof RasterState & string)[], act: () => void): void => {
      for (const trait of traits) {
        model.on(`change:${trait}`, act);
        this.signal.addEventListener("abort", () => {
          model.off(`change:${trait}`, act);
        });
      }
    };
    const colours = ["colormap", "reverse", "wrap_colormap", "vmin", "vmax", "wrap"] as const;
    on([...colours, "mask_mode", "mask_threshold", "offsets"], () => {
      this.recolour();
    });
    on(["index", "base_index", "_source", "_mask"], () => {
      const source = model.get("_source");
      if (source) this.#grid.setZooms(source.min_zoom, source.max_zoom);
      this.refresh();
    });
    on(["opacity"], () => this.#grid.layer.setOpacity(model.get("opacity")));
    on(["z_index"], () => this.#grid.layer.setZIndex(model.get("z_index")));
    on(["visible"], () => {
      this.#showOrHide();
      this.refresh();
    });
    on(["_fit"], () => {
      const source = model.get("_source");
      if (!source || this.map.getSize().x === 0) return;
      const [south, west, north, east] = source.bounds;
      const corners: [number, number][] = [
        [south, west],
        [north, east],
      ];
      this.map.fitBounds(corners, { animate: false });
    });
    const moved = (): void => {
      this.#since = performance.now();
      this.#moved = true;
      this.refresh();
      this.#announceHistogram();
    };
    const pointed = (event: Leaflet.LeafletMouseEvent): void => {
      this.#hover(event.latlng);
    };
    const left = (): void => {
      this.#hover(null);
    };
    this.map.on("moveend zoomend resize", moved);
    this.map.on("mousemove", pointed);
    this.map.on("mouseout", left);
    this.signal.addEventListener("abort", () => {
      this.map.off("moveend zoomend resize", moved);
      this.map.off("mousemove", pointed);
      this.map.off("mouseout", left);
      cancelAnimationFrame(this.#frame);
      cancelAnimationFrame(this.#hoverFrame);
      clearTimeout(this.#histogramTimer);
      clearTimeout(this.#wholeTimer);
      this.host.store.want(this, []);
      this.#grid.layer.remove();
    });
  }

  recolour(): void {
    this.#recolour = true;
    this.refresh();
  }

  /** Looks again at what is to be seen, in the next frame. */
  refresh(): void {
    if (this.#frame || this.signal.aborted) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #showOrHide(): void {
    this.container.style.display = this.host.model.get("visible") ? "" : "none";
  }

  #target(): Target | null {
    const { model } = this.host;
    const source = model.get("_source");
    if (!source) return null;
    const mask = model.get("mask_mode") === "none" ? null : model.get("_mask");
    return { source, index: model.get("index"), base: model.get("base_index"), mask };
  }

  /** What a tile of a target consists of. */
  #parts(tile: Place, { source, index, base, mask }: Target): (Omit<Wanted, "priority"> | null)[] {
    const world = 2 ** tile.z;
    const x = ((tile.x % world) + world) % world;
    const part = ({ key, revision, bounds }: SourceInfo, slice: number): Omit<Wanted, "priority"> | null =>
      touches(tile, bounds) ? { source: key, revision, tile: [slice, tile.z, x, tile.y] } : null;
    const parts = [part(source, index)];
    if (base >= 0) parts.push(part(source, base));
    if (mask) parts.push(part(mask, 0));
    return parts;
  }

  /** The values of a tile, if all of them are in memory. */
  #resolve(tile: Place, target: Target, name: string): Shown | null {
    const parts: ValueTile[] = [];
    for (const part of this.#parts(tile, target)) {
      const found = part ? this.host.store.get(part) : EMPTY;
      if (!found) return null;
      parts.push(found);
    }
    const [value = EMPTY, second = null, third = null] = parts;
    const { index, base } = target;
    return {
      name,
      index,
      baseIndex: base,
      value,
      base: base >= 0 ? second : null,
      mask: base >= 0 ? third : second,
    };
  }

  #look(): Look | null {
    const { model } = this.host;
    const wrap = model.get("wrap");
    const name = wrap === null ? model.get("colormap") : model.get("wrap_colormap");
    const classes = colormapKind(name) === "classes";
    const pixels = colormapPixels(name, model.get("reverse"));
    let lo = model.get("vmin");
    let hi = model.get("vmax");
    if ((lo === null || hi === null) && wrap === null && !classes) {
      // The kernel finds the range; until it has, what is in view must do, but not at once: colours that jump mislead.
      if (!this.#firstTile || performance.now() - this.#firstTile < RANGE_PATIENCE) return null;
      const seen = this.histogram();
      lo ??= seen.quantile(0.02);
      hi ??= seen.quantile(0.98);
      if (Number.isNaN(lo) || Number.isNaN(hi)) return null;
    }
    return { pixels, lo: lo ?? 0, hi: hi ?? 1, wrap, classes };
  }

  #paint(): void {
    const target = this.#target();
    if (!target || this.signal.aborted) return;
    const { model, store } = this.host;
    if (!model.get("visible")) {
      store.want(this, []);
      return;
    }
    if (target.index !== this.#lastIndex) this.#direction = target.index < this.#lastIndex ? -1 : 1;
    this.#lastIndex = target.index;
    let arrived = false;
    let replaced = false;
    const changed: Tile[] = [];
    const name = nameOf(target);
    const waits = this.#waitsForAll(name);
    for (const tile of waits ? [] : this.#grid.tiles.values()) {
      if (tile.shown?.name === name) continue;
      const shown = this.#resolve(tile, target, name);
      if (!shown) continue;
      // What was empty and still is needs no drawing
      if (!(shown.value.empty && (tile.shown?.value.empty ?? true)) || tile.ready) changed.push(tile);
      tile.shown = shown;
      replaced = true;
      arrived ||= !shown.value.empty;
    }
    if (arrived && !this.#firstTile) this.#firstTile = performance.now();
    const look = this.#look();
    if (look) {
      for (const tile of this.#recolour ? this.#grid.tiles.values() : changed) {
        if (!tile.shown) continue;
        this.#painter.paint(tile.context, tile.shown, readingOf(tile.shown, this.#state()), look);
        tile.ready?.();
        tile.ready = null;
      }
    } else if (this.#firstTile) {
      setTimeout(() => {
        this.refresh();
      }, RANGE_PATIENCE / 4);
    }
    const painted = replaced || this.#recolour;
    this.#recolour = !look;
    // While only more of the same arrives, nothing else is wanted than before.
    if (!waits || this.#moved) this.#want(target);
    this.#moved = false;
    if (look) this.#announce(target, painted);
  }

  /** Whether the tiles that are here should wait a little for the others. */
  #waitsForAll(name: string): boolean {
    const now = performance.now();
    if (name !== this.#aim) {
      this.#since = now;
      this.#moved = true;
    }
    this.#aim = name;
    clearTimeout(this.#wholeTimer);
    const left = this.#since + WHOLE_PATIENCE - now;
    if (left <= 0 || this.loading().waiting === 0) return false;
    this.#wholeTimer = setTimeout(() => {
      this.refresh();
    }, left + 1);
    return true;
  }

  #state(): State {
    const { model } = this.host;
    return {
      offsets: this.host.preview() ?? model.get("offsets"),
      mask_mode: model.get("mask_mode"),
      mask_threshold: model.get("mask_threshold"),
    };
  }

  /** Tiles that cover the map, and those around them. */
  #addresses(): { view: Place[]; around: Place[] } {
    const z = this.#grid.tileZoom();
    const { left, top, size } = this.#grid.place({ x: 0, y: 0, z });
    const { x: width, y: height } = this.map.getSize();
    const view: Place[] = [];
    const around: Place[] = [];
    if (width === 0 || height === 0) return { view, around };
    const [first, last] = [Math.floor(-left / size), Math.ceil((width - left) / size) - 1];
    const [upper, lower] = [Math.floor(-top / size), Math.ceil((height - top) / size) - 1];
    for (let y = upper - 1; y <= lower + 1; y++) {
      for (let x = first - 1; x <= last + 1; x++) {
        const inside = x >= first && x <= last && y >= upper && y <= lower;
        (inside ? view : around).push({ x, y, z });
      }
    }
    const centre = { x: (first + last) / 2, y: (upper + lower) / 2 };
    const away = (place: Place): number => Math.hypot(place.x - centre.x, place.y - centre.y);
    view.sort((a, b) => away(a) - away(b));
    return { view, around };
  }

  #want(target: Target): void {
    const { store, model } = this.host;
    const { view, around } = this.#addresses();
    const wanted: Wanted[] = [];
    // Beyond half of the memory, what is foreseen would push out what is seen.
    let room = store.budget / 2;
    const add = (places: readonly Place[], target: Target, priority: number): void => {
      for (const place of places) {
        for (const part of this.#parts(place, target)) {
          if (!part) continue;
          room -= 2 * TILE_PIXELS;
          if (room < 0 && priority > 0) return;
          wanted.push({ ...part, priority });
        }
      }
    };
    add(view, target, 0);
    for (const index of this.#asked) add(view, { ...target, index }, 1);
    const slices = target.source.slices;
    const step = this.#direction;
    for (const ahead of AHEAD) {
      const index = target.index + ahead * step;
      if (index >= 0 && index < slices) add(view, { ...target, index }, 2);
    }
    add(around, target, 3);
    store.want(this, model.get("visible") ? wanted : []);
  }

  /** Tiles of the slice shown that are waited for. */
  loading(): Loading {
    const target = this.#target();
    const { view } = this.#addresses();
    if (!target || !this.host.model.get("visible")) return { waiting: 0, total: 0 };
    return { waiting: view.filter((place) => !this.#has(place, target)).length, total: view.length };
  }

  #has(place: Place, target: Target): boolean {
    return this.#parts(place, target).every((part) => !part || this.host.store.has(part));
  }

  ready(index: number): boolean {
    const target = this.#target();
    return target !== null && this.#addresses().view.every((place) => this.#has(place, { ...target, index }));
  }

  prefetch(indices: readonly number[]): void {
    this.#asked = indices;
    this.#moved = true;
    this.refresh();
  }

  #announce(target: Target, painted: boolean): void {
    const loading = this.loading();
    const words = `${loading.waiting}/${loading.total}`;
    if (words !== this.#announced) this.host.emit("loading", { mount: this, loading });
    this.#announced = words;
    if (!painted) return;
    this.#announceHistogram();
    if (loading.waiting === 0) this.host.emit("painted", { mount: this, index: target.index });
  }

  #announceHistogram(): void {
    if (this.#histogramTimer !== undefined) return;
    this.#histogramTimer = setTimeout(() => {
      this.#histogramTimer = undefined;
      if (this.host.heard("histogram"))
        this.host.emit("histogram", { mount: this, histogram: this.histogram() });
    }, HISTOGRAM_EVERY);
  }

  clip(inside: ((x: number, y: number) => boolean) | null): void {
    if (!inside && !this.#inside) return;
    this.#inside = inside;
    this.#announceHistogram();
  }

  histogram(bins = 128): ViewHistogram {
    const z = this.#grid.tileZoom();
    const { x: width, y: height } = this.map.getSize();
    const stride = Math.max(1, Math.sqrt((width * height) / SAMPLES));
    const samples = new Float32Array(Math.ceil(width / stride + 1) * Math.ceil(height / stride + 1));
    let count = 0;
    const { left, top, size } = this.#grid.place({ x: 0, y: 0, z });
    const factor = TILE / size;
    const state = this.#state();
    let tile: Tile | undefined;
    for (let v = stride / 2; v < height; v += stride) {
      const row = Math.floor((v - top) * factor);
      for (let u = stride / 2; u < width; u += stride) {
        const column = Math.floor((u - left) * factor);
        const [x, y] = [Math.floor(column / TILE), Math.floor(row / TILE)];
        if (tile?.x !== x || tile.y !== y) tile = this.#grid.tiles.get(tileId({ x, y, z }));
        if (!tile?.shown || this.#inside?.(u, v) === false) continue;
        const pixel = (row - y * TILE) * TILE + (column - x * TILE);
        const { state: kind, value } = pixelOf(tile.shown, pixel, readingOf(tile.shown, state));
        if (kind === "value") samples[count++] = value;
      }
    }
    return histogramOf(samples.slice(0, count).sort(), stride * stride, bins);
  }

  valueAt(latlng: Leaflet.LatLng): PointValue {
    const nothing = (state: "masked" | "no data" | "outside" | "loading"): PointValue => ({
      state,
      value: null,
      step: 0,
    });
    const target = this.#target();
    const z = this.#grid.tileZoom();
    const world = this.map.project(latlng, z);
    const [x, y] = [Math.floor(world.x / TILE), Math.floor(world.y / TILE)];
    if (!target || !touches({ x, y, z }, target.source.bounds)) return nothing("outside");
    if (this.#inside) {
      const at = this.map.latLngToContainerPoint(latlng);
      if (!this.#inside(at.x, at.y)) return nothing("outside");
    }
    const shown = this.#grid.tiles.get(tileId({ x, y, z }))?.shown;
    if (!shown) return nothing("loading");
    const pixel = Math.floor(world.y - y * TILE) * TILE + Math.floor(world.x - x * TILE);
    const { state, value } = pixelOf(shown, pixel, readingOf(shown, this.#state()));
    if (state !== "value") return nothing(state);
    return { state, value, step: Math.max(shown.value.step, shown.base?.step ?? 0) };
  }

  #hover(latlng: Leaflet.LatLng | null): void {
    cancelAnimationFrame(this.#hoverFrame);
    this.#hoverFrame = requestAnimationFrame(() => {
      const { host } = this;
      if (latlng) host.emit("hover", { mount: this, latlng, at: this.valueAt(latlng) });
      else host.emit("hover", { mount: this, latlng: null });
    });
  }

  drawTo(context: CanvasRenderingContext2D): void {
    if (!this.host.model.get("visible")) return;
    const z = this.#grid.tileZoom();
    context.save();
    context.imageSmoothingEnabled = false;
    context.globalAlpha = this.host.model.get("opacity");
    for (const tile of this.#grid.tiles.values()) {
      if (tile.z !== z || !tile.shown || !this.#grid.inView(tile)) continue;
      const { left, top, size } = this.#grid.place(tile);
      context.drawImage(tile.canvas, left, top, size, size);
    }
    context.restore();
  }
}
