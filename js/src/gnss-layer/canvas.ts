// One canvas for all marks of a display: it moves and zooms with the map, and is drawn anew when the view has left it.

import type * as Leaflet from "leaflet";
import type { ShownMap } from "../lib/leaflet-map";

/** Share of the view, on each side, that is drawn beyond it. */
const BEYOND = 0.25;
const MOST_PIXELS = 2; // of the canvas for one of the page

export class MarkCanvas {
  readonly element = document.createElement("canvas");
  #overlay: Leaflet.SVGOverlay | null = null;
  #drawn: Leaflet.LatLngBounds | null = null;
  #zoom = NaN;

  constructor(
    private readonly shown: ShownMap,
    private readonly pane: string,
  ) {
    this.element.className = "iw-gnss-canvas";
    this.element.setAttribute("aria-hidden", "true");
    shown.signal.addEventListener("abort", () => {
      this.#overlay?.remove();
    });
  }

  /** What is drawn: the view and a margin. */
  area(): Leaflet.LatLngBounds {
    return this.shown.map.getBounds().pad(BEYOND);
  }

  /** Whether the view, as it is now, lies in what is drawn. */
  covers(): boolean {
    const { map } = this.shown;
    return this.#zoom === map.getZoom() && this.#drawn?.contains(map.getBounds()) === true;
  }

  /** Clears the canvas, puts it over `area`, and draws in pixels of the layer. */
  draw(area: Leaflet.LatLngBounds, paint: (c: CanvasRenderingContext2D) => void): void {
    const { L, map } = this.shown;
    const topLeft = map.latLngToLayerPoint(area.getNorthWest());
    const size = map.latLngToLayerPoint(area.getSouthEast()).subtract(topLeft);
    const ratio = Math.min(MOST_PIXELS, window.devicePixelRatio || 1);
    const [width, height] = [Math.ceil(size.x * ratio), Math.ceil(size.y * ratio)];
    if (this.element.width !== width) this.element.width = width;
    if (this.element.height !== height) this.element.height = height;
    // Leaflet's overlay of an element of one's own does the rest: place, size, zoom
    if (this.#overlay) this.#overlay.setBounds(area);
    else
      this.#overlay = L.svgOverlay(this.element as unknown as SVGElement, area, {
        pane: this.pane,
        interactive: false,
      }).addTo(map);
    this.#drawn = area;
    this.#zoom = map.getZoom();
    const c = this.element.getContext("2d");
    if (!c) return;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, width, height);
    c.setTransform(ratio, 0, 0, ratio, -topLeft.x * ratio, -topLeft.y * ratio);
    paint(c);
  }
}
