import type { InitializeProps } from "@anywidget/types";
import { watchMaps } from "../lib/leaflet-map";
import "../lib/theme.css";
import type { LayerState } from "./api";
import { Looks } from "./look";
import { Mount } from "./mount";
import "./style.css";

const PLACED: readonly (keyof LayerState)[] = ["_stations", "filter", "cluster", "visible"];
const PAINTED: readonly (keyof LayerState)[] = [
  "selected",
  "station",
  "reference",
  "mode",
  "legend",
  "colormap",
  "reverse",
  "vmin",
  "vmax",
  "_motion",
  "_arrows",
];

export default {
  initialize({ model, signal }: InitializeProps<LayerState>): void {
    const mounts = new Set<Mount>();
    const place = (): void => {
      for (const mount of mounts) mount.refresh(true);
    };
    const paint = (): void => {
      for (const mount of mounts) mount.refresh(false);
    };
    const looks = new Looks(model, paint, signal);
    let watching: AbortController | undefined;
    const follow = (): void => {
      watching?.abort();
      const ref = model.get("map");
      if (ref === null || signal.aborted) return;
      watching = new AbortController();
      watchMaps(model.widget_manager, ref, watching.signal, (shown) => {
        const mount = new Mount(model, shown, looks);
        mounts.add(mount);
        shown.signal.addEventListener("abort", () => {
          mounts.delete(mount);
        });
      });
    };
    for (const trait of PLACED) model.on(`change:${trait}`, place);
    for (const trait of PAINTED) model.on(`change:${trait}`, paint);
    model.on("change:map", follow);
    signal.addEventListener("abort", () => {
      for (const trait of PLACED) model.off(`change:${trait}`, place);
      for (const trait of PAINTED) model.off(`change:${trait}`, paint);
      model.off("change:map", follow);
      watching?.abort();
    });
    follow();
  },
};
