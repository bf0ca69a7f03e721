// The stations on one Leaflet map. Only what is in view is on the page, and panning draws nothing anew.

import type { AnyModel } from "@anywidget/types";
import type * as Leaflet from "leaflet";
import { suppressShortcuts } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import { formatValue } from "../lib/number";
import { passesFilter, reasonOf, type LayerState, type StationInfo } from "./api";
import { clustered } from "./cluster";
import { makeLegend, type Legend } from "./legend";
import type { Looks } from "./look";
import { arrowPicture, clusterMark, stationMark, type Mark } from "./marks";
import { popupContent } from "./popup";

const PANE = "iw-gnss";
const CELL = 44;
const MANY = 80;
const LABELS = 30;
const ARROW = 56;

interface Entry {
  key: string;
  stations: readonly StationInfo[];
  marker: Leaflet.Marker;
  mark: Mark;
  arrow: SVGElement | null;
}

export class Mount {
  readonly #entries = new Map<string, Entry>();
  readonly #legend: Legend;
  readonly #pane: HTMLElement;
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
    const moved = (): void => {
      this.refresh(true);
    };
    map.on("moveend zoomend viewreset resize", moved);
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
      this.#pane.removeEventListener("keydown", keys);
      cancelAnimationFrame(this.#frame);
      for (const entry of this.#entries.values()) entry.marker.remove();
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
    const view = map.getBounds().pad(0.15);
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
      if (!this.#entries.has(key)) this.#add(key, items, map.unproject(L.point(x, y), zoom));
    }
    for (const [key, entry] of this.#entries) {
      if (kept.has(key)) continue;
      entry.marker.remove();
      this.#entries.delete(key);
    }
    const stop = this.#entries.get(this.#current) ?? this.#entries.values().next().value;
    if (stop) this.#makeStop(stop);
  }

  #add(key: string, stations: readonly StationInfo[], at: Leaflet.LatLng): void {
    const { map, L } = this.shown;
    const [first] = stations;
    if (!first) return;
    const mark = stations.length === 1 ? stationMark(first) : clusterMark(stations.length);
    const icon = L.divIcon({ html: mark.element, className: "iw-gnss-icon", iconSize: [0, 0] });
    const marker = L.marker(at, { icon, pane: PANE, keyboard: false });
    const entry: Entry = { key, stations, marker, mark, arrow: null };
    mark.element.addEventListener("click", (event) => {
      event.stopPropagation();
      this.#choose(entry);
    });
    mark.element.addEventListener("focus", () => {
      this.#makeStop(entry);
    });
    marker.addTo(map);
    this.#entries.set(key, entry);
  }

  #paint(): void {
    const shown = this.looks.now();
    const { model } = this;
    const [selected, station, reference] = [
      new Set(model.get("selected")),
      model.get("station"),
      model.get("reference"),
    ];
    const motion = model.get("_motion");
    const labels = this.#entries.size <= LABELS;
    const scale = this.#scale();
    for (const { stations, mark, arrow, ...entry } of this.#entries.values()) {
      const [first] = stations;
      if (!first) continue;
      const values = stations.map((s) => shown.value(s.name)).filter((v) => Number.isFinite(v));
      const value = median(values);
      const color = shown.color(value);
      (mark.shape as SVGElement & ElementCSSInlineStyle).style.fill = color;
      mark.element.classList.toggle("coloured", color !== "");
      const words = Number.isFinite(value)
        ? `${formatValue(value * shown.factor, shown.units.startsWith("mm") ? 0.1 : 0.01, true)} ${shown.units}`
        : "";
      if (stations.length > 1) {
        const said = `${stations.length} stations${words ? `, median ${words}` : ""}. Enter zooms in`;
        mark.element.setAttribute("aria-label", said);
        mark.element.title = said;
        continue;
      }
      const { name } = first;
      const why = reasonOf(first, motion);
      mark.element.classList.toggle("selected", selected.has(name));
      mark.element.classList.toggle("current", name === station);
      mark.element.classList.toggle("reference", name === reference);
      mark.element.classList.toggle("rejected", first.usable && why !== "" && name in motion.rejected);
      mark.label.textContent = labels && first.usable ? `${name} ${words}`.trim() : "";
      const said = [
        `${name}${name === reference ? " (reference)" : ""}`,
        words ? `GNSS ${shown.words} ${words}` : "",
        why ? `not usable: ${why}` : "",
      ];
      mark.element.title = said.filter(Boolean).join(", ");
      mark.element.setAttribute("aria-label", `Station ${mark.element.title}`);
      const own = model.get("mode") === "arrows" ? model.get("_arrows")[name] : undefined;
      const real = this.#entries.get(entry.key);
      if (arrow || own) {
        arrow?.remove();
        const next = own ? arrowPicture(own, scale) : null;
        if (next) mark.element.append(next);
        if (real) real.arrow = next;
      }
    }
    const all = model.get("_stations");
    const drawn = all.filter((s) => passesFilter(s, model.get("filter"))).length;
    this.#legend.draw(shown, { drawn, all: all.length, usable: all.filter((s) => s.usable).length }, scale);
    if (this.#popup?.isOpen()) this.#fillPopup();
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
    this.#popup ??= L.popup({ className: "iw-gnss-popup", maxWidth: 360, minWidth: 320, offset: [0, -4] });
    this.#fillPopup();
    this.#popup.setLatLng(entry.marker.getLatLng()).openOn(map);
    this.#popup.getElement()?.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.#popup?.remove();
        entry.mark.element.focus();
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
    for (const other of this.#entries.values()) other.mark.element.tabIndex = -1;
    entry.mark.element.tabIndex = 0;
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
    const here = map.latLngToLayerPoint(from.marker.getLatLng());
    let best: Entry | null = null;
    let least = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry === from) continue;
      const there = map.latLngToLayerPoint(entry.marker.getLatLng());
      const [dx, dy] = [there.x - here.x, there.y - here.y];
      const along = dx * way[0] + dy * way[1];
      const across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along <= 0 || along + 2 * across >= least) continue;
      [best, least] = [entry, along + 2 * across];
    }
    best?.mark.element.focus();
  }
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
