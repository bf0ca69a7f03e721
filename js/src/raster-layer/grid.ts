// The layer as Leaflet knows it: a grid of canvases. Which values are in them is the mount's business.

import type * as Leaflet from "leaflet";
import type { LeafletModule } from "../lib/leaflet-map";
import { TILE } from "../lib/value-tile";
import type { Shown } from "./tiles";

const PANE = "insar-raster";
const ABOVE_BASEMAPS = "350"; // tiles are at 200, vectors at 400

export interface Tile {
  /** Address on the map; x may lie outside of the world, which repeats. */
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  shown: Shown | null;
  /** Tells Leaflet, once, that there is something to see, so that it takes away tiles of another zoom. */
  ready: (() => void) | null;
}

export interface Grid {
  readonly layer: Leaflet.GridLayer;
  readonly tiles: ReadonlyMap<string, Tile>;
  /** Zoom of the tiles for the map's present zoom. */
  tileZoom(): number;
  /** Position and size of a tile on the screen, in the map's container. */
  place(tile: Pick<Tile, "x" | "y" | "z">): { left: number; top: number; size: number };
  inView(tile: Pick<Tile, "x" | "y" | "z">): boolean;
  setZooms(min: number, max: number): void;
}

interface InternalMap {
  getPixelBounds(): Leaflet.Bounds;
}

function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser draws no canvas.");
  return context;
}

export function tileId({ x, y, z }: Pick<Tile, "x" | "y" | "z">): string {
  return `${z}/${x}/${y}`;
}

export function makeGrid(
  L: LeafletModule,
  map: Leaflet.Map,
  zooms: { min: number; max: number },
  changed: () => void,
): Grid {
  if (!map.getPane(PANE)) {
    const pane = map.createPane(PANE);
    pane.style.zIndex = ABOVE_BASEMAPS;
    pane.style.pointerEvents = "none";
  }
  const tiles = new Map<string, Tile>();
  const made = new WeakMap<HTMLElement, (() => void) | null>();
  const Layer = L.GridLayer.extend({
    createTile(_coords: Leaflet.Coords, done: Leaflet.DoneCallback): HTMLElement {
      const canvas = document.createElement("canvas");
      canvas.width = TILE;
      canvas.height = TILE;
      made.set(canvas, () => {
        done(undefined, canvas);
      });
      return canvas;
    },
  }) as unknown as new (options: Leaflet.GridLayerOptions) => Leaflet.GridLayer;
  const options: Leaflet.GridLayerOptions = {
    pane: PANE,
    className: "iw-raster-tiles",
    tileSize: TILE,
    minNativeZoom: zooms.min,
    maxNativeZoom: zooms.max,
    keepBuffer: 1,
    updateWhenIdle: false,
    updateInterval: 60,
  };
  const layer = new Layer(options);
  // Between two zooms tiles are scaled and end amid pixels, which are then mixed with what lies below: a seam.
  const between = (): void => {
    layer.getContainer()?.classList.toggle("between", map.getZoom() % 1 !== 0);
  };
  layer.on("add", () => {
    between();
    map.on("zoomend", between);
  });
  layer.on("remove", () => {
    map.off("zoomend", between);
  });
  layer.on("tileloadstart", (event) => {
    const { tile, coords } = event;
    const canvas = tile as unknown as HTMLCanvasElement;
    const { x, y, z } = coords;
    const ready = made.get(canvas) ?? null;
    tiles.set(tileId(coords), { x, y, z, canvas, context: context2d(canvas), shown: null, ready });
    changed();
  });
  layer.on("tileunload", (event) => {
    tiles.delete(tileId(event.coords));
    changed();
  });
  const place: Grid["place"] = ({ x, y, z }) => {
    const size = TILE * 2 ** (map.getZoom() - z);
    const corner = (map as unknown as InternalMap).getPixelBounds().min ?? L.point(0, 0);
    return { left: x * size - corner.x, top: y * size - corner.y, size };
  };
  return {
    layer,
    tiles,
    place,
    tileZoom() {
      const { minNativeZoom = 0, maxNativeZoom = Infinity } = options;
      return Math.max(minNativeZoom, Math.min(maxNativeZoom, Math.round(map.getZoom())));
    },
    inView(tile) {
      const { left, top, size } = place(tile);
      const { x: width, y: height } = map.getSize();
      return left < width && top < height && left + size > 0 && top + size > 0;
    },
    setZooms(min, max) {
      if (options.minNativeZoom === min && options.maxNativeZoom === max) return;
      options.minNativeZoom = min;
      options.maxNativeZoom = max;
      Object.assign(layer.options, options);
      layer.redraw();
    },
  };
}
