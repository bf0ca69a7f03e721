// Dresses every display of a DisplacementMap. Python's side: widgets/displacement_map.py and _map_*.py.

import type { InitializeProps } from "@anywidget/types";
import { watchMaps } from "../lib/leaflet-map";
import { Requests } from "../lib/messages";
import "../lib/theme.css";
import type { MapApi, State } from "./api";
import { Dress } from "./dress";
import "./on-map.css";
import "./panel.css";
import "./style.css";

export default {
  // Nothing is awaited here: the model hears no message of the kernel before this has returned.
  initialize({ model, signal }: InitializeProps<State>): void {
    const requests = new Requests<MapApi>(model);
    signal.addEventListener("abort", () => {
      requests.dispose();
    });
    watchMaps(model.widget_manager, model.get("map"), signal, (shown) => {
      shown.hush(() => model.get("_listened"));
      new Dress(model, requests, shown);
    });
  },
};
