import type { AnyModel, InitializeProps } from "@anywidget/types";
import { wordsOf } from "../lib/context";
import { watchMaps, type ShownMap } from "../lib/leaflet-map";
import { Requests } from "../lib/messages";
import "../lib/theme.css";
import { TileStore } from "../lib/tile-store";
import {
  HANDLE,
  type LayerEvents,
  type LayerHandle,
  type LayerMount,
  type RasterApi,
  type RasterState,
} from "./api";
import { makeLegend, type Legend } from "./legend";
import { Mount } from "./mount";
import "./style.css";

const BUDGET = 192 * 2 ** 20;
const REPORT_EVERY = 150;

type Listener = (detail: never) => void;

/** Only maps in Web Mercator can show tiles that were made for it. */
const CRS = "EPSG:3857";

class Layer {
  readonly #mounts = new Map<LayerMount, Legend>();
  readonly #listeners = new Map<keyof LayerEvents, Set<Listener>>();
  readonly #requests: Requests<RasterApi>;
  readonly #store: TileStore;
  #watching: AbortController | undefined;
  #error: LayerEvents["error"] = null;
  #preview: readonly number[] | null = null;
  #reported = 0;
  #reportTimer: ReturnType<typeof setTimeout> | undefined;
  readonly handle: LayerHandle;

  constructor(
    private readonly model: AnyModel<RasterState>,
    private readonly signal: AbortSignal,
  ) {
    this.#requests = new Requests<RasterApi>(model);
    this.#store = new TileStore(
      async (source, tiles, signal) => {
        const { payload, buffers } = await this.#requests.request("tiles", { source, tiles }, { signal });
        const whole = buffers[0] ?? new Uint8Array();
        let end = 0;
        return payload.sizes.map((size) => whole.subarray(end, (end += size)));
      },
      BUDGET,
      () => {
        this.#refresh();
      },
      (error) => {
        this.#fail(error === null ? null : wordsOf(error));
      },
    );
    this.handle = {
      model,
      mounts: () => [...this.#mounts.keys()],
      preview: (offsets) => {
        if (offsets === this.#preview) return;
        this.#preview = offsets;
        for (const mount of this.#mounts.keys()) if (mount instanceof Mount) mount.recolour();
      },
      on: (event, listener) => {
        const all = this.#listeners.get(event) ?? new Set();
        this.#listeners.set(event, all.add(listener));
        if (event === "mount") {
          for (const mount of this.#mounts.keys()) (listener as (mount: LayerMount) => void)(mount);
        }
        return () => {
          all.delete(listener);
        };
      },
    };
    const follow = (): void => {
      this.#follow();
    };
    const told = (): void => {
      this.#preview = null;
    };
    model.on("change:map", follow);
    model.on("change:offsets", told);
    signal.addEventListener("abort", () => {
      model.off("change:map", follow);
      model.off("change:offsets", told);
      clearTimeout(this.#reportTimer);
      this.#watching?.abort();
      this.#store.dispose();
      this.#requests.dispose();
    });
    follow();
  }

  #follow(): void {
    this.#watching?.abort();
    const ref = this.model.get("map");
    if (ref === null || this.signal.aborted) return;
    this.#watching = new AbortController();
    watchMaps(this.model.widget_manager, ref, this.#watching.signal, (shown) => {
      this.#mount(shown);
    });
  }

  #mount(shown: ShownMap): void {
    const legend = makeLegend(this.model, shown, () => {
      this.#store.retry();
      this.#fail(null);
      this.#refresh();
    });
    if (shown.map.options.crs?.code !== CRS) {
      legend.error({
        message: "This map is not in Web Mercator, so this layer cannot be drawn on it.",
        remedy: "Make the ipyleaflet.Map with its default `crs`.",
      });
      return;
    }
    const mount = new Mount(
      {
        model: this.model,
        store: this.#store,
        preview: () => this.#preview,
        emit: (event, detail) => {
          this.#emit(event, detail);
        },
        heard: (event) => (this.#listeners.get(event)?.size ?? 0) > 0,
      },
      shown,
    );
    this.#mounts.set(mount, legend);
    legend.error(this.#error);
    shown.signal.addEventListener("abort", () => {
      this.#mounts.delete(mount);
    });
    this.#emit("mount", mount);
    mount.refresh();
  }

  #refresh(): void {
    for (const mount of this.#mounts.keys()) if (mount instanceof Mount) mount.refresh();
  }

  #emit<K extends keyof LayerEvents>(event: K, detail: LayerEvents[K]): void {
    if (event === "hover") this.#hovered(detail as LayerEvents["hover"]);
    if (event === "loading") {
      const { mount, loading } = detail as LayerEvents["loading"];
      this.#mounts.get(mount)?.loading(loading.waiting);
    }
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(detail as never);
  }

  #hovered(detail: LayerEvents["hover"]): void {
    this.#mounts.get(detail.mount)?.hover(detail);
    if (!this.model.get("_report_hover")) return;
    clearTimeout(this.#reportTimer);
    const wait = Math.max(0, this.#reported + REPORT_EVERY - performance.now());
    this.#reportTimer = setTimeout(() => {
      this.#reported = performance.now();
      const unit = this.model.get("units");
      this.model.set(
        "hover",
        detail.latlng && {
          lon: detail.latlng.lng,
          lat: detail.latlng.lat,
          value: detail.at.value,
          unit,
        },
      );
      this.model.save_changes();
    }, wait);
  }

  #fail(words: LayerEvents["error"]): void {
    if (words?.message === this.#error?.message) return;
    this.#error = words;
    for (const legend of this.#mounts.values()) legend.error(words);
    this.#emit("error", words);
  }
}

interface WithHandle {
  [HANDLE]?: LayerHandle;
  trigger(event: string): void;
}

/** Puts the handle where others in the page find it: on the model as the widget manager hands it out. */
async function publish(
  model: AnyModel<RasterState>,
  handle: LayerHandle,
  signal: AbortSignal,
): Promise<void> {
  if (model.get("_id") === "") {
    await new Promise<void>((resolve) => {
      model.on("change:_id", resolve);
    });
  }
  const own = (await model.widget_manager.get_model(model.get("_id"))) as unknown as WithHandle;
  if (signal.aborted) return;
  own[HANDLE] = handle;
  own.trigger("insar:handle");
}

export default {
  // Nothing is awaited here: the model hears no message of the kernel before this has returned.
  initialize({ model, signal }: InitializeProps<RasterState>): void {
    const layer = new Layer(model, signal);
    publish(model, layer.handle, signal).catch(() => undefined); // closed in the meantime
  },
};
