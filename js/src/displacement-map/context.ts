// What the parts of one display of the map share: traits, requests, undo, and where remarks are shown.

import type { AnyModel } from "@anywidget/types";
import { showFailure } from "../lib/context";
import type { LiveRegion } from "../lib/dom";
import type { ShownMap } from "../lib/leaflet-map";
import type { Requests } from "../lib/messages";
import type { LayerHandle } from "../raster-layer/api";
import type { Context, MapApi, State } from "./api";
import { Later } from "./later";

const UNDO = 50;

export type Undo = Pick<State, "points" | "transect" | "aoi" | "reference_point">;

export interface Shared {
  readonly model: AnyModel<State>;
  readonly requests: Requests<MapApi>;
  readonly shown: ShownMap;
  readonly handle: LayerHandle;
  readonly signal: AbortSignal;
  readonly live: LiveRegion;
  readonly alerts: HTMLElement;
  readonly hint: HTMLElement;
  readonly undo: Undo[];
}

export function makeContext(shared: Shared): Context {
  const { model, requests, shown, handle, signal, live, alerts, hint, undo } = shared;
  const raster = handle.model;
  const later = Later.of(raster);
  signal.addEventListener("abort", () => {
    if (later.waits) later.flush();
  });
  const watch = (
    of: { on: AnyModel["on"]; off: AnyModel["off"] },
    traits: readonly string[],
    update: () => void,
  ): void => {
    for (const trait of traits) {
      of.on(`change:${trait}`, update);
      signal.addEventListener("abort", () => {
        of.off(`change:${trait}`, update);
      });
    }
    update();
  };
  return {
    model,
    requests,
    shown,
    signal,
    live,
    handle,
    raster,
    mount: () => handle.mounts().find(({ map }) => map === shown.map),
    set(changes) {
      for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
      model.save_changes();
    },
    draw(changes) {
      later.set(changes);
    },
    watch: (traits, update) => {
      watch(model, traits, update);
    },
    watchRaster: (traits, update) => {
      watch(raster, traits, update);
    },
    fail(error) {
      showFailure(alerts, error);
    },
    say(text) {
      hint.textContent = text ?? "";
      hint.hidden = !text;
    },
    remember() {
      undo.push({
        points: model.get("points"),
        transect: model.get("transect"),
        aoi: model.get("aoi"),
        reference_point: model.get("reference_point"),
      });
      if (undo.length > UNDO) undo.shift();
    },
  };
}
