// The stations on one Leaflet map. What is in view is drawn on one canvas, which panning moves and does not redraw; over
// each mark lies a button without a picture, which takes pointer, focus and the words for who can't see it.

import type { AnyModel } from "@anywidget/types";
import type * as Leaflet from "leaflet";
import { h, suppressShortcuts } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import { formatValue } from "../lib/number";
import { passesFilter, reasonOf, type Arrow, type LayerState, type StationInfo } from "./api";
import { MarkCanvas } from "./canvas";
import { clustered } from "./cluster";
import { makeLegend, type Legend } from "./legend";
import type { Looks, Shown } from "./look";
import {
  clusterSize,
  drawCluster,
  drawLabels,
  drawStation,
  type Box,
  type Room,
  type StationLook,
} from "./marks";
import { popupContent, rate } from "./popup";

const PANE = "iw-gnss";
const CELL = 44;
const MANY = 80;
const LABELS = 30;
const ARROW = 56;
/** What a DisplacementMap and others have over the map that a label would cover, or be covered by. */
const OVER =
  ".dm-point, .dm-vertex, .dm-ref i, .dm-ref span, .dm-box, .dm-graticule text, .iw-gnss-legend, .leaflet-bar, " +
  ".iw-raster-body";

interface Entry {
  key: string;
  stations: readonly StationInfo[];
  at: Leaflet.LatLng;
  button: HTMLButtonElement;
}

export class Mount {
  readonly #entries = new Map<string, Entry>();
  readonly #legend: Legend;
  readonly #pane: HTMLElement;
  readonly #canvas: MarkCanvas;
  #frame = 0;
  #whole = true;
  #current = "";
  #popup: Leaflet.Popup | null = null;
  #popupOf = "";

  constructor(
    private readonly model: AnyModel<LayerState>,
    private readonly shown: ShownMap,
    private readonly looks: Looks,
  ) {
    const { map, signal } = shown;
    this.#pane = map.getPane(PANE) ?? map.createPane(PANE);
    this.#pane.classList.add("iw", "iw-gnss-pane");
    this.#pane.setAttribute("role", "group");
    this.#pane.setAttribute("aria-label", "GNSS stations. Arrow keys go from station to station.");
    suppressShortcuts(this.#pane);
    this.#legend = makeLegend(model, shown);
    this.#canvas = new MarkCanvas(shown, PANE);
    const moved = (): void => {
      this.refresh(true);
    };
    const moving = (): void => {
      if (!this.#canvas.covers()) this.refresh(true);
    };
    map.on("moveend zoomend viewreset resize", moved);
    map.on("move", moving);
    const others = (): void => {
      this.refresh(false);
    };
    map.on("layeradd layerremove", others);
    const keys = (event: KeyboardEvent): void => {
      this.#key(event);
    };
    this.#pane.addEventListener("keydown", keys);
    // On the way down: a map may take Escape for itself
    const escape = (event: KeyboardEvent): void => {
      if (event.key === "Escape") this.#popup?.remove();
    };
    document.addEventListener("keydown", escape, { capture: true, signal });
    signal.addEventListener("abort", () => {
      map.off("moveend zoomend viewreset resize", moved);
      map.off("move", moving);
      map.off("layeradd layerremove", others);
      this.#pane.removeEventListener("keydown", keys);
      cancelAnimationFrame(this.#frame);
      for (const entry of this.#entries.values()) entry.button.remove();
      this.#popup?.remove();
    });
    this.refresh(true);
  }

  /** Draws before the next frame: all, or only what depends on values and colours. */
  refresh(whole: boolean): void {
    this.#whole ||= whole;
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.shown.signal.aborted) return;
      if (this.#whole) this.#place();
      this.#whole = false;
      this.#paint();
    });
  }

  /** Longitude nearest to the middle of the view: the world repeats. */
  #lon(station: StationInfo): number {
    return station.lon + 360 * Math.round((this.shown.map.getCenter().lng - station.lon) / 360);
  }

  #place(): void {
    const { map, L } = this.shown;
    const filter = this.model.get("filter");
    const view = this.#canvas.area();
    const zoom = map.getZoom();
    const seen = (this.model.get("visible") ? this.model.get("_stations") : [])
      .filter((station) => passesFilter(station, filter))
      .map((item) => ({ item, at: L.latLng(item.lat, this.#lon(item)) }))
      .filter(({ at }) => view.contains(at))
      .map(({ item, at }) => ({ item, ...pick(map.project(at, zoom)) }));
    const rule = this.model.get("cluster");
    const cluster = rule === "always" || (rule === "auto" && seen.length > MANY && zoom < map.getMaxZoom());
    const groups = cluster
      ? clustered(seen, CELL)
      : seen.map(({ item, x, y }) => ({ x, y, items: [item] as const }));
    const kept = new Set<string>();
    for (const { x, y, items } of groups) {
      const [first] = items;
      if (!first) continue;
      const key =
        items.length === 1
          ? `${first.name} ${first.lon} ${first.lat} ${first.usable}`
          : `${zoom} ${items.length} ${Math.round(x)} ${Math.round(y)}`;
      kept.add(key);
      const entry = this.#entries.get(key) ?? this.#add(key, items);
      entry.at = map.unproject(L.point(x, y), zoom);
      const { x: left, y: top } = map.latLngToLayerPoint(entry.at);
      Object.assign(entry.button.style, { left: `${left}px`, top: `${top}px` });
    }
    for (const [key, entry] of this.#entries) {
      if (kept.has(key)) continue;
      entry.button.remove();
      this.#entries.delete(key);
    }
    const stop = this.#entries.get(this.#current) ?? this.#entries.values().next().value;
    if (stop) this.#makeStop(stop);
  }

  #add(key: string, stations: readonly StationInfo[]): Entry {
    const [first] = stations;
    const many = stations.length > 1;
    const button = h("button", {
      type: "button",
      class: "iw-gnss-mark",
      tabindex: -1,
      "data-name": many ? null : first?.name,
      "data-count": many ? stations.length : null,
      style: many ? `--size:${clusterSize(stations.length)}px` : null,
    });
    const entry: Entry = { key, stations, at: this.shown.L.latLng(0, 0), button };
    // A click on a mark is none on the map; the end of a drag that began on one is no click
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      const { dragging } = this.shown.map as unknown as { dragging?: { moved?(): boolean } };
      if (event.detail > 0 && dragging?.moved?.() === true) return;
      this.#choose(entry);
    });
    button.addEventListener("dblclick", (event) => {
      event.stopPropagation();
    });
    button.addEventListener("focus", () => {
      this.#makeStop(entry);
      // The browser would scroll the map's box to it, which Leaflet takes back
      const { map } = this.shown;
      if (!map.getBounds().contains(entry.at)) map.panInside(entry.at, { padding: [48, 48] });
    });
    this.#pane.append(button);
    this.#entries.set(key, entry);
    return entry;
  }

  #paint(): void {
    const shown = this.looks.now();
    const { map } = this.shown;
    const { model } = this;
    const scale = this.#scale();
    const labels = this.#entries.size <= LABELS;
    const all = model.get("_stations");
    const drawn = all.filter((s) => passesFilter(s, model.get("filter"))).length;
    this.#legend.draw(shown, { drawn, all: all.length, usable: all.filter((s) => s.usable).length }, scale);
    this.#canvas.draw(this.#canvas.area(), (c) => {
      const looks: StationLook[] = [];
      for (const entry of this.#entries.values()) {
        const { x, y } = map.latLngToLayerPoint(entry.at);
        const look = this.#describe(entry, shown, labels);
        if (entry.stations.length > 1)
          drawCluster(c, { x, y, color: look.color, count: entry.stations.length });
        else looks.push({ ...look, x, y });
      }
      for (const look of looks) drawStation(c, look, scale);
      if (labels) drawLabels(c, looks, this.#room());
    });
    if (this.#popup?.isOpen()) this.#fillPopup();
  }

  /** Where labels can be, in pixels of the layer. */
  #room(): Room {
    const { map } = this.shown;
    const container = map.getContainer();
    const own = container.getBoundingClientRect();
    const { x, y } = map.containerPointToLayerPoint([0, 0]);
    const boxOf = ({ left, right, top, bottom }: DOMRect): Box => ({
      left: left - own.left + x,
      right: right - own.left + x,
      top: top - own.top + y,
      bottom: bottom - own.top + y,
    });
    const boxes = [...container.querySelectorAll(OVER)].map((one) => one.getBoundingClientRect());
    return { others: boxes.filter(({ width }) => width > 0).map(boxOf), view: boxOf(own) };
  }

  /** How a mark looks, and what its button says. */
  #describe({ stations, button }: Entry, shown: Shown, labels: boolean): Omit<StationLook, "x" | "y"> {
    const { model } = this;
    const value = median(stations.map((s) => shown.value(s.name)).filter((v) => Number.isFinite(v)));
    const words = Number.isFinite(value)
      ? `${formatValue(value * shown.factor, shown.units.startsWith("mm") ? 0.1 : 0.01, true)} ${shown.units}`
      : "";
    const color = shown.color(value);
    const [first] = stations;
    const plain = {
      color,
      state: "usable",
      current: false,
      reference: false,
      label: "",
      arrow: null,
    } as const;
    if (!first || stations.length > 1) {
      const median = words ? `, median ${words}` : "";
      tell(button, "iw-gnss-mark cluster", `${stations.length} stations${median}. Enter zooms in`);
      return plain;
    }
    const { name } = first;
    const motion = model.get("_motion");
    const why = reasonOf(first, motion);
    const [current, reference] = [name === model.get("station"), name === model.get("reference")];
    const state = !first.usable ? "unusable" : why && name in motion.rejected ? "rejected" : "usable";
    const arrow = model.get("mode") === "arrows" ? (model.get("_arrows")[name] ?? null) : null;
    const marked = Object.entries({ current, reference, [state]: state !== "usable" });
    tell(
      button,
      ["iw-gnss-mark", ...marked.filter(([, on]) => on).map(([one]) => one)].join(" "),
      [
        `Station ${name}${reference ? " (reference)" : ""}`,
        words ? `GNSS ${shown.words} ${words}` : "",
        arrow ? arrowWords(arrow) : "",
        why ? `not usable: ${why}` : "",
      ]
        .filter(Boolean)
        .join(", "),
    );
    const label = labels && first.usable ? `${name} ${words}`.trim() : "";
    return { color, state, current, reference, label, arrow };
  }

  /** Pixels of an arrow of 1 m/yr: the longest one has `ARROW`. */
  #scale(): number {
    const lengths = Object.values(this.model.get("_arrows")).map(({ e, n, u }) =>
      Math.max(Math.hypot(e, n), Math.abs(u)),
    );
    const longest = Math.max(1e-4, ...lengths);
    return ARROW / longest;
  }

  #choose(entry: Entry): void {
    const { map, L } = this.shown;
    if (entry.stations.length > 1) {
      const bounds = L.latLngBounds(entry.stations.map((s) => [s.lat, this.#lon(s)]));
      const animate = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (map.getBoundsZoom(bounds) > map.getZoom()) map.fitBounds(bounds, { padding: [40, 40], animate });
      else map.setView(bounds.getCenter(), map.getZoom() + 1, { animate });
      return;
    }
    const [station] = entry.stations;
    if (!station) return;
    this.#popupOf = station.name;
    this.#popup ??= L.popup({
      className: "iw-gnss-popup",
      maxWidth: 360,
      minWidth: 344,
      offset: [0, -4],
      autoPanPadding: [48, 28], // clear of zoom buttons and of the degrees along the edge
    });
    this.#fillPopup();
    this.#popup.setLatLng(entry.at).openOn(map);
    this.#popup.getElement()?.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.#popup?.remove();
        entry.button.focus();
      },
      { once: true },
    );
    if (station.name in this.model.get("_motion").stations && this.model.get("station") !== station.name) {
      this.model.set("station", station.name);
      this.model.save_changes();
    }
  }

  #fillPopup(): void {
    const station = this.model.get("_stations").find(({ name }) => name === this.#popupOf);
    if (!station || !this.#popup) return;
    const host = this.#popup.getContent();
    const content = popupContent(this.model, station, this.looks.now());
    // What is being used keeps its focus
    if (host instanceof HTMLElement && host.contains(document.activeElement)) {
      const key = document.activeElement?.getAttribute("data-key");
      this.#popup.setContent(content);
      if (key) content.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
    } else this.#popup.setContent(content);
  }

  #makeStop(entry: Entry): void {
    const before = this.#entries.get(this.#current);
    if (before) before.button.tabIndex = -1;
    entry.button.tabIndex = 0;
    this.#current = entry.key;
  }

  #key(event: KeyboardEvent): void {
    const ways: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const way = ways[event.key];
    const from = this.#entries.get(this.#current);
    if (!way || !from) return;
    event.preventDefault();
    event.stopPropagation();
    const { map } = this.shown;
    const here = map.latLngToLayerPoint(from.at);
    let best: Entry | null = null;
    let least = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry === from) continue;
      const there = map.latLngToLayerPoint(entry.at);
      const [dx, dy] = [there.x - here.x, there.y - here.y];
      const along = dx * way[0] + dy * way[1];
      const across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along <= 0 || along + 2 * across >= least) continue;
      [best, least] = [entry, along + 2 * across];
    }
    best?.button.focus({ preventScroll: true });
  }
}

/** What the button of a mark is and says; most of the time that is what it was. */
function tell(button: HTMLButtonElement, className: string, words: string): void {
  if (button.className !== className) button.className = className;
  if (button.title === words) return;
  button.title = words;
  button.setAttribute("aria-label", words);
}

function arrowWords({ e, n, u }: Arrow): string {
  const towards = Math.round((Math.atan2(e, n) * 180) / Math.PI + 360) % 360;
  return `moves ${rate(Math.hypot(e, n)).replace("+", "")} towards ${towards}°, up ${rate(u)}`;
}

function pick({ x, y }: Leaflet.Point): { x: number; y: number } {
  return { x, y };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? NaN) + (sorted[Math.ceil(at)] ?? NaN)) / 2;
}
