// The only file that reaches through an ipyleaflet.Map to Leaflet's own map object.
//
// A map is a widget of another package: its front end is found through the widget manager, and the Leaflet it was
// made with is the page's `L`. A second Leaflet must not be bundled: its layers would not fit.

import type { AnyModel } from "@anywidget/types";
import type * as Leaflet from "leaflet";

export type LeafletModule = typeof Leaflet;

export interface MountedMap {
  readonly L: LeafletModule;
  readonly map: Leaflet.Map;
  /** Takes the view off the page again. */
  remove(): void;
}

interface LuminoWidget {
  constructor: { attach(widget: LuminoWidget, host: HTMLElement): void };
}

interface MapView {
  el: HTMLElement;
  obj?: Leaflet.Map;
  luminoWidget?: LuminoWidget;
  pWidget?: LuminoWidget;
  displayed: Promise<unknown>;
  send(content: { event?: string }, ...more: unknown[]): void;
  remove(): void;
}

/** What anywidget hands on of the host's widget manager; its published type tells only of get_model. */
interface FullManager {
  get_model(id: string): Promise<unknown>;
  create_view(model: unknown): Promise<MapView>;
}

const PREFIX = "anywidget:";

/** Resolves as soon as `host` is on the page with a size; a Leaflet map made before that stays grey. */
function shown(host: HTMLElement, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const observer = new ResizeObserver(() => {
      if (host.isConnected && host.clientWidth > 0 && host.clientHeight > 0) {
        observer.disconnect();
        resolve();
      }
    });
    signal.addEventListener("abort", () => {
      observer.disconnect();
      reject(new Error("The view was closed."));
    });
    observer.observe(host);
  });
}

/** ipyleaflet makes the Leaflet map some ticks after its view was attached and tells nobody. */
async function leafletOf(view: MapView, signal: AbortSignal): Promise<Leaflet.Map> {
  await view.displayed;
  const deadline = performance.now() + 20_000;
  while (!view.obj) {
    if (signal.aborted) throw new Error("The view was closed.");
    if (performance.now() > deadline) throw new Error("ipyleaflet did not draw its map. Reload the page.");
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return view.obj;
}

/**
 * Displays an ipyleaflet.Map inside `host`.
 *
 * @param ref value of an `anywidget.WidgetTrait`: "anywidget:<model id>"
 * @param signal ends with the view that `host` belongs to
 */
export async function mountMap(
  model: AnyModel,
  ref: string,
  host: HTMLElement,
  signal: AbortSignal,
): Promise<MountedMap> {
  const manager = model.widget_manager as unknown as FullManager;
  const id = ref.startsWith(PREFIX) ? ref.slice(PREFIX.length) : ref;
  const [mapModel] = await Promise.all([manager.get_model(id), shown(host, signal)]);
  const view = await manager.create_view(mapModel);
  const widget = view.luminoWidget ?? view.pWidget;
  if (widget) widget.constructor.attach(widget, host);
  else host.append(view.el);
  const map = await leafletOf(view, signal);
  const L = (window as unknown as { L: LeafletModule }).L;
  const resized = new ResizeObserver(() => {
    if (host.clientWidth > 0) map.invalidateSize({ animate: false });
  });
  resized.observe(host);
  map.invalidateSize({ animate: false });
  return {
    L,
    map,
    remove() {
      resized.disconnect();
      view.remove();
    },
  };
}

/** One Leaflet map that displays an ipyleaflet.Map, made by whoever displayed it. */
export interface ShownMap {
  readonly L: LeafletModule;
  readonly map: Leaflet.Map;
  /** The element of the map's view; the map's own container lies in it. */
  readonly el: HTMLElement;
  /** Aborted when the display is closed, or made again because `panes` changed. */
  readonly signal: AbortSignal;
  /**
   * Keeps ipyleaflet from sending every movement and press of the pointer to the kernel, unless `wanted` says so:
   * there they would stand before what it is asked for.
   */
  hush(wanted: () => boolean): void;
}

interface MapModel {
  views?: Record<string, Promise<MapView>>;
}

const LOOK_EVERY = 50;
const RESIZES = Symbol.for("insar_widgets.resizes");

/** A map in a tab that was hidden stays grey until it is told that its size is another now; once for each map. */
function keepSize(map: Leaflet.Map, signal: AbortSignal): void {
  const marked = map as unknown as { [RESIZES]?: boolean };
  if (marked[RESIZES]) return;
  marked[RESIZES] = true;
  const observer = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = map.getContainer();
    if (clientWidth > 0 && clientHeight > 0) map.invalidateSize({ animate: false });
  });
  observer.observe(map.getContainer());
  signal.addEventListener("abort", () => {
    observer.disconnect();
    marked[RESIZES] = false;
  });
}

/**
 * Calls `onMap` for each display that an ipyleaflet.Map has or will have.
 *
 * A model tells nobody of its views, and a view nobody of the Leaflet map it makes, or makes again when `panes` change:
 * so they are looked at now and then, which costs a comparison.
 *
 * @param ref value of an `anywidget.WidgetTrait`: "anywidget:<model id>"
 * @param signal ends the watching, and the signal of every display
 */
export function watchMaps(
  manager: { get_model(id: string): Promise<unknown> },
  ref: string,
  signal: AbortSignal,
  onMap: (shown: ShownMap) => void,
): void {
  const id = ref.startsWith(PREFIX) ? ref.slice(PREFIX.length) : ref;
  const views = new Map<string, MapView | null>();
  const shown = new Map<string, { map: Leaflet.Map; controller: AbortController }>();
  const end = (key: string): void => {
    shown.get(key)?.controller.abort();
    shown.delete(key);
  };

  function look(model: MapModel): void {
    const promises = model.views ?? {};
    for (const key of views.keys()) {
      if (key in promises) continue;
      views.delete(key);
      end(key);
    }
    for (const [key, promise] of Object.entries(promises)) {
      if (!views.has(key)) {
        views.set(key, null);
        promise.then(
          (view) => views.has(key) && views.set(key, view),
          () => undefined, // a view that failed shows so by itself
        );
      }
      const view = views.get(key);
      const map = view?.obj;
      if (shown.get(key)?.map === map) continue;
      end(key);
      // Made, but without a place on the earth yet
      if (!view || !map || !(map as unknown as { _loaded?: boolean })._loaded) continue;
      const controller = new AbortController();
      shown.set(key, { map, controller });
      map.once("unload", () => {
        controller.abort();
      });
      keepSize(map, controller.signal);
      const L = (window as unknown as { L: LeafletModule }).L;
      onMap({
        L,
        map,
        el: view.el,
        signal: controller.signal,
        hush(wanted) {
          const send = view.send.bind(view);
          view.send = (content, ...more) => {
            if (content.event !== "interaction" || controller.signal.aborted || wanted())
              send(content, ...more);
          };
        },
      });
    }
  }

  manager.get_model(id).then(
    (model) => {
      if (signal.aborted) return;
      look(model as MapModel);
      const timer = setInterval(() => {
        look(model as MapModel);
      }, LOOK_EVERY);
      signal.addEventListener("abort", () => {
        clearInterval(timer);
        for (const key of [...shown.keys()]) end(key);
      });
    },
    () => undefined, // closed in the meantime
  );
}
